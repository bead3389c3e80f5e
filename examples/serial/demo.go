//go:build linux || darwin || freebsd || netbsd

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"example.com/poll"
	"example.com/poll/internal/tty"
)

// pause is how long the asking device stays silent after each answer.
const pause = 300 * time.Millisecond

// demo joins two pseudo-terminals. The masters stand for the devices, and the slaves for
// the serial ports that they are plugged into. If idle is 0, demo chooses one.
func demo(ctx context.Context, baud int, idle time.Duration) error {
	if idle == 0 {
		idle = pause * 2 / 3
	}
	asker, nameA, err := tty.OpenPty()
	if err != nil {
		return fmt.Errorf("make a pseudo-terminal: %w", err)
	}
	answerer, nameB, err := tty.OpenPty()
	if err != nil {
		syscall.Close(asker)
		return fmt.Errorf("make a pseudo-terminal: %w", err)
	}
	var played chan error
	err = join(ctx, nameA, nameB, baud, idle, func() {
		played = make(chan error, 1)
		go func() { played <- play(&device{fd: asker}, &device{fd: answerer}) }()
	})
	if played != nil {
		// play ends because the ports are closed now.
		if playErr := <-played; err == nil {
			err = playErr
		}
	}
	return err
}

// A device is the far end of a line.
type device struct {
	fd   int
	line []byte // the beginning of a line
}

// read reads once. It returns "" until it has a whole line, since a terminal may deliver a
// line in pieces.
func (d *device) read() (line string, err error) {
	var buf [100]byte
	n, err := syscall.Read(d.fd, buf[:])
	if err == syscall.EAGAIN || err == syscall.EINTR {
		return "", nil
	} else if err != nil {
		return "", err
	}
	d.line = append(d.line, buf[:n]...)
	i := bytes.IndexByte(d.line, '\n') + 1
	line, d.line = string(d.line[:i]), d.line[i:]
	return line, nil
}

// write writes a line, which must fit the terminal's buffer. The write fails only after a
// hang-up, and the next Poll reports that.
func (d *device) write(line string) { syscall.Write(d.fd, []byte(line)) }

// play simulates both devices: one asks three questions and is unplugged, and the other
// answers until its line hangs up. For two descriptors that do not change, an array and the
// function Poll are enough.
func play(asker, answerer *device) error {
	fds := []poll.PollFd{
		{Fd: int32(asker.fd), Events: poll.POLLIN},
		{Fd: int32(answerer.fd), Events: poll.POLLIN},
	}
	unplug := func(i int) {
		syscall.Close(int(fds[i].Fd))
		fds[i].Fd = -1 // poll(2) skips it
	}
	defer func() {
		for i := range fds {
			if fds[i].Fd >= 0 {
				unplug(i)
			}
		}
	}()
	asked := 0
	next := time.Now().Add(pause) // when to ask; zero while waiting for an answer
	for {
		if _, err := poll.Poll(fds, poll.Until(next)); err != nil {
			return err
		}
		if (fds[0].Revents|fds[1].Revents)&poll.POLLNVAL != 0 {
			return errors.New("this system can't poll a pseudo-terminal")
		}
		// Check POLLHUP first: FreeBSD reports POLLIN with it on every call.
		if fds[1].Revents&poll.POLLHUP != 0 {
			// A master reports POLLHUP while the slave is not open.
			fmt.Println("the device that answers has", fds[1].Revents)
			return nil
		}
		if fds[1].Revents != 0 {
			if question, err := answerer.read(); err != nil {
				return err
			} else if question != "" {
				answerer.write("answer to " + question)
			}
		}
		switch {
		case fds[0].Fd < 0: // the asker is unplugged
		case fds[0].Revents&poll.POLLHUP != 0:
			unplug(0)
			next = time.Time{}
		case fds[0].Revents != 0:
			if answer, err := asker.read(); err != nil {
				return err
			} else if answer != "" {
				next = time.Now().Add(pause)
			}
		case poll.Until(next) != 0:
		case asked == 3:
			unplug(0)
			next = time.Time{}
		default:
			asked++
			asker.write(fmt.Sprintf("question %d\n", asked))
			next = time.Time{}
		}
	}
}
