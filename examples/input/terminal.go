//go:build linux || darwin || freebsd

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
	size   string           // the last one reported
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

// readKeys is the loop of read. A signal is reported by resized or ended, and then
// by w.
func (t *terminal) readKeys(handle func(event string) error, w *poll.Waker, resized *atomic.Bool, ended <-chan os.Signal) error {
	fds := []poll.PollFd{
		{Fd: int32(t.fd), Events: poll.POLLIN},
		{Fd: int32(w.Fd()), Events: poll.POLLIN},
	}
	var pending []byte     // read, but perhaps only the beginning of a key
	var deadline time.Time // when an escape sequence in pending ends; zero without one
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
			w.Reset() // before the reasons are read, or a wake-up could be lost
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
			return errors.New("the terminal can't be polled") // some of Darwin's
		}
		if fds[0].Revents == 0 {
			continue
		}
		// Read once: the terminal is in blocking mode, and a second read might
		// wait. POLLHUP, too, means that read does not block: it returns what is
		// left, and then the end.
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

// watchSignals wakes w for each signal, because a signal does not end Poll. It
// returns when stop is closed.
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
			default: // one is enough
			}
		}
		w.Wake() // fails once w is closed, when nobody waits
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
