//go:build linux || darwin || freebsd || netbsd

package main

import (
	"io"
	"os"
	"syscall"
	"testing"
	"time"

	"example.com/poll"
)

// readFrame reads a frame from a serial line. It waits up to first for the first byte. The
// frame ends when no byte has arrived for gap, or when buf is full. It returns
// os.ErrDeadlineExceeded if no byte arrived, and io.EOF after a hang-up.
//
// It is a port of the usual loop around select(2). In place of Wait, that loop had
//
//	FD_ZERO(&set); FD_SET(fd, &set);
//	select(fd+1, &set, NULL, NULL, &timeout)
//
// It failed for descriptors above 1023, and ended early after a signal. A gap that began
// again after EAGAIN would be too long, so it has a deadline.
func readFrame(fd int, buf []byte, first, gap time.Duration) (n int, err error) {
	for end := time.Now().Add(first); n < len(buf); {
		events, err := poll.Wait(fd, poll.POLLIN, poll.Until(end))
		if err != nil {
			return n, err
		}
		if events == 0 && n == 0 {
			return 0, os.ErrDeadlineExceeded
		}
		if events == 0 {
			break
		}
		n1, err := syscall.Read(fd, buf[n:])
		switch {
		case err == syscall.EAGAIN || err == syscall.EINTR:
		case n1 == 0 || err == syscall.EIO:
			return n, io.EOF
		case err != nil:
			return n, err
		default:
			n += n1
			end = time.Now().Add(gap)
		}
	}
	return n, nil
}

// TestReadFrame checks readFrame on a pseudo-terminal.
func TestReadFrame(t *testing.T) {
	device, name := pty(t)
	p, err := openPort(name, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	write := func(s string) {
		t.Helper()
		if _, err := syscall.Write(device, []byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	buf := make([]byte, 8)
	check := func(first, gap, atLeast time.Duration, want string, wantErr error) {
		t.Helper()
		start := time.Now()
		n, err := readFrame(p.fd, buf, first, gap)
		if string(buf[:n]) != want || err != wantErr {
			t.Errorf("%q, %v; want %q, %v", buf[:n], err, want, wantErr)
		}
		if d := time.Since(start); d < atLeast {
			t.Errorf("returned after %v, want at least %v", d, atLeast)
		}
	}
	const short = 20 * time.Millisecond

	check(short, hang, short, "", os.ErrDeadlineExceeded)
	write("frame")
	check(hang, short, short, "frame", nil)

	// A full buffer ends the frame immediately. The rest is the next frame.
	write("two")
	go func() {
		poll.Poll(nil, short)
		syscall.Write(device, []byte(" pieces"))
	}()
	check(hang, hang, 0, "two piec", nil)
	check(hang, short, short, "es", nil)

	syscall.Close(device)
	check(hang, hang, 0, "", io.EOF)
}
