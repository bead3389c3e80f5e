//go:build linux || darwin

package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"example.com/poll"
	"example.com/poll/examples/internal/tty"
)

// pause is how long the asking device stays silent after each answer.
const pause = 300 * time.Millisecond

// demo joins two pseudo-terminals. The masters stand for the devices, the
// slaves for the serial ports that they are plugged into.
func demo(ctx context.Context, baud int, idle time.Duration) error {
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
		go func() { played <- play(asker, answerer) }()
	})
	if played != nil {
		// The ports are closed now, which ends play.
		if playErr := <-played; err == nil {
			err = playErr
		}
	}
	return err
}

// play plays both devices: one asks three questions and is unplugged, the other
// answers until its line hangs up. For two descriptors that do not change, an
// array and the function Poll are enough.
func play(asker, answerer int) error {
	defer syscall.Close(answerer)
	fds := []poll.PollFd{
		{Fd: int32(asker), Events: poll.POLLIN},
		{Fd: int32(answerer), Events: poll.POLLIN},
	}
	buf := make([]byte, 100)
	for asked := 0; ; {
		n, err := poll.Poll(fds, pause)
		if err != nil {
			return err
		}
		if (fds[0].Revents|fds[1].Revents)&poll.POLLNVAL != 0 {
			return errors.New("this system can't poll a pseudo-terminal")
		}
		switch {
		case fds[0].Fd < 0: // is unplugged
		case n == 0 && asked < 3:
			asked++
			syscall.Write(asker, fmt.Appendf(nil, "question %d\n", asked))
		case n == 0 || fds[0].Revents&poll.POLLHUP != 0:
			syscall.Close(asker)
			fds[0].Fd = -1 // poll(2) skips it
		case fds[0].Revents&poll.POLLIN != 0:
			syscall.Read(asker, buf)
		}
		if fds[1].Revents&poll.POLLIN != 0 {
			if n, err := syscall.Read(answerer, buf); err == nil {
				syscall.Write(answerer, fmt.Appendf(nil, "answer to %s", buf[:n]))
			}
		} else if fds[1].Revents&poll.POLLHUP != 0 {
			// A master reports this while nobody has the slave open.
			fmt.Println("the device that answers has", fds[1].Revents)
			return nil
		}
	}
}
