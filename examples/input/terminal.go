//go:build linux || darwin

package main

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"example.com/poll"
	"example.com/poll/examples/internal/tty"
)

// A terminal is read in raw mode.
type terminal struct {
	fd     int
	escape time.Duration    // how long to wait for the rest of an escape sequence
	end    <-chan os.Signal // a signal here ends read
	resize <-chan os.Signal // a signal here means that the size may have changed
}

// A signalError is the signal that ended read.
type signalError syscall.Signal

func (e signalError) Error() string { return syscall.Signal(e).String() }

var errHungUp = errors.New("the terminal has hung up")

// read calls handle with each key, by its name, and with the size, such as
// "80x24", at first and whenever it changes. It returns the first error, which may
// be that of handle, a signalError or errHungUp. The terminal is in raw mode until
// read returns or panics.
func (t *terminal) read(handle func(event string) error) error {
	w, err := poll.NewWaker()
	if err != nil {
		return err
	}
	defer w.Close()

	before, err := tty.Get(t.fd)
	if err != nil {
		return err
	}
	raw := before
	raw.MakeRaw()
	defer before.Set(t.fd)
	if err := raw.Set(t.fd); err != nil {
		return err
	}

	// A signal does not end Poll, so this goroutine wakes it.
	var resized atomic.Bool
	ended := make(chan os.Signal, 1)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-t.resize:
				resized.Store(true)
			case s := <-t.end:
				select {
				case ended <- s:
				default: // one is enough
				}
			}
			w.Wake() // fails once w is closed, when nobody waits
		}
	}()

	columns, rows := -1, -1
	size := func() error {
		c, r, err := tty.Size(t.fd)
		if err != nil || c == columns && r == rows {
			return err
		}
		columns, rows = c, r
		return handle(fmt.Sprintf("%dx%d", columns, rows))
	}
	if err := size(); err != nil {
		return err
	}

	fds := []poll.PollFd{
		{Fd: int32(t.fd), Events: poll.POLLIN},
		{Fd: int32(w.Fd()), Events: poll.POLLIN},
	}
	var pending []byte  // read, but perhaps only the beginning of a key
	var since time.Time // when the last of pending was read
	var buf [1024]byte
	for {
		timeout := poll.Forever
		if len(pending) > 0 && pending[0] == esc {
			timeout = max(0, t.escape-time.Since(since))
		}
		n, err := poll.Poll(fds, timeout)
		if err != nil {
			return err
		}
		if n == 0 {
			// The time is up: an escape sequence has ended.
			if pending, err = keys(pending, true, handle); err != nil {
				return err
			}
		}
		if fds[1].Revents != 0 {
			w.Reset() // before the reasons are read, or a wake-up could be lost
			select {
			case s := <-ended:
				return signalError(s.(syscall.Signal))
			default:
			}
			if resized.Swap(false) {
				if err := size(); err != nil {
					return err
				}
			}
		}
		if fds[0].Revents&poll.POLLNVAL != 0 {
			return errors.New("the terminal can't be polled") // some of Darwin's
		}
		if fds[0].Revents == 0 {
			continue
		}
		// POLLHUP, too, means that read does not block: it returns what is left,
		// and then the end.
		n, err = syscall.Read(t.fd, buf[:])
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
		since = time.Now()
		if pending, err = keys(append(pending, buf[:n]...), false, handle); err != nil {
			return err
		}
	}
}

// keys calls handle with each key in b, and returns the rest, which is the
// beginning of another. If final, no more bytes belong to an escape sequence.
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
