//go:build linux || darwin || freebsd || netbsd

package main

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"example.com/poll"
	"example.com/poll/internal/tty"
)

// A terminal is read in raw mode.
type terminal struct {
	fd     int
	escape time.Duration    // how long to wait for the rest of an escape sequence
	end    <-chan os.Signal // a signal here ends read, a second one the program
	resize <-chan os.Signal // the size may have changed after a signal here
	before tty.Settings     // restored in the end
	size   string           // the last size reported
}

// A signalError is the signal that ended read.
type signalError syscall.Signal

func (e signalError) Error() string { return syscall.Signal(e).String() }

var errHungUp = errors.New("the terminal has hung up")

// read calls handle with the name of each key, and with the size, such as "80x24", at the
// start and after each change. It returns the first error: an error from handle, a
// signalError or errHungUp. The terminal is in raw mode until read returns or panics.
func (t *terminal) read(handle func(event string) error) error {
	w, err := poll.NewWaker()
	if err != nil {
		return err
	}
	defer w.Close()

	if t.before, err = tty.Get(t.fd); err != nil {
		return err
	}
	raw := t.before
	raw.MakeRaw()
	defer t.before.Set(t.fd)
	if err := raw.Set(t.fd); err != nil {
		return err
	}

	var resized atomic.Bool
	ended := make(chan os.Signal, 1)
	stop := make(chan struct{})
	defer close(stop)
	go t.watchSignals(w, &resized, ended, stop)

	if err := t.reportSize(handle); err != nil {
		return err
	}
	return t.readKeys(handle, w, &resized, ended)
}

// readKeys is the loop of read. For each signal, watchSignals sets resized or sends to
// ended, and then wakes w.
func (t *terminal) readKeys(handle func(event string) error, w *poll.Waker, resized *atomic.Bool, ended <-chan os.Signal) error {
	fds := []poll.PollFd{
		{Fd: int32(t.fd), Events: poll.POLLIN},
		{Fd: int32(w.Fd()), Events: poll.POLLIN},
	}
	var pending []byte     // bytes read that may be the beginning of a key
	var deadline time.Time // when an escape sequence in pending ends; zero if there is none
	var buf [1024]byte
	for {
		_, err := poll.Poll(fds, poll.Until(deadline))
		if err != nil {
			return err
		}
		if fds[0].Revents == 0 && poll.Until(deadline) == 0 {
			if pending, err = keys(pending, true, handle); err != nil {
				return err
			}
			deadline = time.Time{}
		}
		if fds[1].Revents != 0 {
			w.Reset() // before checking the reasons, or a wake-up could be lost
			select {
			case s := <-ended:
				return signalError(s.(syscall.Signal))
			default:
			}
			if resized.Swap(false) {
				if err := t.reportSize(handle); err != nil {
					return err
				}
			}
		}
		if fds[0].Revents&poll.POLLNVAL != 0 {
			return errors.New("the terminal can't be polled") // some of Darwin's cannot
		}
		if fds[0].Revents == 0 {
			continue
		}
		// Read once: the terminal is in blocking mode, and a second read might block. After
		// POLLHUP a read does not block either: it returns the bytes that are left, and
		// then 0.
		n, err := syscall.Read(t.fd, buf[:])
		switch {
		case err == syscall.EINTR || err == syscall.EAGAIN:
			continue
		case n == 0 || err == syscall.EIO:
			if _, err := keys(pending, true, handle); err != nil {
				return err
			}
			return errHungUp
		case err != nil:
			return err
		}
		now := time.Now()
		if pending, err = keys(append(pending, buf[:n]...), false, handle); err != nil {
			return err
		}
		deadline = time.Time{}
		if len(pending) > 0 && pending[0] == esc {
			deadline = now.Add(t.escape)
		}
	}
}

// watchSignals wakes w for each signal, because a signal does not end Poll. It returns when
// stop is closed.
func (t *terminal) watchSignals(w *poll.Waker, resized *atomic.Bool, ended chan<- os.Signal, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-t.resize:
			resized.Store(true)
		case s := <-t.end:
			select {
			case ended <- s:
			default: // read has not taken the one before: handle blocks
				t.before.Set(t.fd)
				os.Exit(128 + int(s.(syscall.Signal)))
			}
		}
		w.Wake() // fails if w is closed, but then nobody waits
	}
}

// reportSize calls handle with the size if it has changed.
func (t *terminal) reportSize(handle func(event string) error) error {
	columns, rows, err := tty.Size(t.fd)
	if err != nil {
		return err
	}
	if size := fmt.Sprintf("%dx%d", columns, rows); size != t.size {
		t.size = size
		return handle(size)
	}
	return nil
}

// keys calls handle with each key in b, and returns the rest, which is the beginning of
// another key. If final is set, an escape sequence at the end of b is complete.
func keys(b []byte, final bool, handle func(event string) error) (rest []byte, err error) {
	for len(b) > 0 {
		key, n := next(b, final)
		if n == 0 {
			break
		}
		b = b[n:]
		if err := handle(key); err != nil {
			return nil, err
		}
	}
	return b, nil
}
