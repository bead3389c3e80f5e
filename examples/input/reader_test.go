//go:build linux || darwin || freebsd || netbsd

package main

import (
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"example.com/poll"
	"example.com/poll/internal/tty"
)

// A reader reads a descriptor, and another goroutine can cancel the read. It is a port of
// the cancelable readers in terminal programs, which use select(2) and a pipe.
type reader struct {
	fd     int
	cancel *poll.Waker
}

var errCanceled = errors.New("read canceled")

func newReader(t *testing.T, fd int) *reader {
	t.Helper()
	w, err := poll.NewWaker()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return &reader{fd, w}
}

// Read reads like read(2). After Cancel it returns errCanceled.
func (r *reader) Read(b []byte) (n int, err error) {
	fds := [...]poll.PollFd{
		{Fd: int32(r.fd), Events: poll.POLLIN},
		{Fd: int32(r.cancel.Fd()), Events: poll.POLLIN},
	}
	if _, err := poll.Poll(fds[:], poll.Forever); err != nil {
		return 0, err
	}
	if fds[1].Revents != 0 {
		return 0, errCanceled
	}
	n, err = syscall.Read(r.fd, b)
	if err == nil && n == 0 || err == syscall.EIO { // EIO: the terminal has hung up
		return 0, io.EOF
	}
	return max(n, 0), err
}

// Cancel ends the waiting Read and every later one.
func (r *reader) Cancel() error { return r.cancel.Wake() }

// TestReader checks that Read returns typed bytes, that Cancel ends a waiting Read and
// leaves later bytes unread, and that Read reports a hang-up.
func TestReader(t *testing.T) {
	master, slave := openRaw(t)
	r := newReader(t, slave)
	buf := make([]byte, 100)
	write(t, master, "é")
	if n, err := r.Read(buf); string(buf[:n]) != "é" || err != nil {
		t.Errorf("%q, %v", buf[:n], err)
	}

	result := make(chan error)
	go func() {
		_, err := r.Read(make([]byte, 100))
		result <- err
	}()
	select {
	case err := <-result:
		t.Fatalf("Read returned %v before anything was typed", err)
	case <-time.After(20 * time.Millisecond):
	}
	if err := r.Cancel(); err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != errCanceled {
		t.Errorf("the Read that waited: %v", err)
	}
	write(t, master, "later")
	if _, err := r.Read(buf); err != errCanceled {
		t.Errorf("a Read after Cancel: %v", err)
	}

	r = newReader(t, slave)
	if n, err := r.Read(buf); string(buf[:n]) != "later" || err != nil {
		t.Errorf("a new reader: %q, %v", buf[:n], err)
	}
	syscall.Close(master)
	if _, err := r.Read(buf); err != io.EOF {
		t.Errorf("after the hang-up: %v", err)
	}
}

// openRaw returns both ends of a pseudo-terminal in raw mode.
func openRaw(t *testing.T) (master, slave int) {
	t.Helper()
	master, slave, _ = open(t)
	s, err := tty.Get(slave)
	if err == nil {
		s.MakeRaw()
		err = s.Set(slave)
	}
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}
