//go:build linux || darwin

package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"syscall"
	"time"

	"example.com/poll"
)

// A server has no state for a connection but the bytes that its socket has not
// taken. While there are any the connection waits for POLLOUT only: a peer
// that sends and does not read is not read from either, and memory is bounded.
type server struct {
	p        poll.Poller
	listener int
	unsent   map[int][]byte // of every connection; mostly empty
	buf      [64 << 10]byte

	accepted int
	echoed   int64
}

// retry is how long the server waits when it can't accept.
const retry = 100 * time.Millisecond

func serve(ctx context.Context, addr netip.AddrPort) error {
	s := &server{unsent: make(map[int][]byte)}
	defer s.p.Close()
	context.AfterFunc(ctx, func() { s.p.Wake() })
	var err error
	if s.listener, err = listen(addr); err != nil {
		return fmt.Errorf("listen on %v: %w", addr, err)
	}
	defer syscall.Close(s.listener)
	defer func() {
		for fd := range s.unsent {
			s.close(fd)
		}
	}()
	if addr, err = localAddr(s.listener); err != nil {
		return err
	}
	fmt.Println("listening on", addr)

	var resume time.Time // not zero: when to accept again
	s.p.Register(s.listener, poll.POLLIN)
	for {
		timeout := poll.Forever
		if !resume.IsZero() {
			timeout = max(0, time.Until(resume))
		}
		ready, err := s.p.Poll(timeout)
		if err != nil {
			return err
		}
		// Not only when nothing is ready: on a busy server something always is.
		if ctx.Err() != nil {
			fmt.Printf("%d connections, %d bytes\n", s.accepted, s.echoed)
			return nil
		}
		if !resume.IsZero() && time.Until(resume) <= 0 {
			resume = time.Time{}
			s.p.Register(s.listener, poll.POLLIN)
		}
		// The loop closes no descriptor but the one it is at. One that is
		// closed and accepted anew has no entry further on to be taken for.
		for _, r := range ready {
			if r.Fd != s.listener {
				if err := s.echo(r.Fd); err != nil {
					s.close(r.Fd)
				}
			} else if err := s.accept(); err != nil {
				// EMFILE for example: out of descriptors. The listener stays
				// ready, and Poll would return at once, again and again.
				fmt.Fprintf(os.Stderr, "echo: accept: %v; again in %v\n", err, retry)
				s.p.Unregister(s.listener)
				resume = time.Now().Add(retry)
			}
		}
	}
}

// accept takes all connections that wait.
func (s *server) accept() error {
	for {
		fd, err := accept(s.listener)
		switch err {
		case nil:
			s.accepted++
			s.unsent[fd] = nil
			s.p.Register(fd, poll.POLLIN)
		case syscall.ECONNABORTED: // this one has gone
		case syscall.EAGAIN:
			return nil
		default:
			return err
		}
	}
}

// echo does what there is to do for a connection, without looking at the
// events: an error or a hang-up shows when it is read or written.
func (s *server) echo(fd int) error {
	unsent := s.unsent[fd]
	out := unsent
	if len(out) == 0 {
		n, err := syscall.Read(fd, s.buf[:])
		if err == syscall.EAGAIN {
			return nil
		} else if err != nil {
			return err
		} else if n == 0 {
			return io.EOF
		}
		out = s.buf[:n]
	}
	n, err := syscall.Write(fd, out)
	if err == syscall.EAGAIN {
		n = 0
	} else if err != nil {
		return err
	}
	s.echoed += int64(n)
	s.unsent[fd] = append(unsent[:0], out[n:]...)
	if n < len(out) {
		return s.p.Modify(fd, poll.POLLOUT)
	}
	return s.p.Modify(fd, poll.POLLIN)
}

func (s *server) close(fd int) {
	s.p.Unregister(fd) // first, as long as the number is still its own
	syscall.Close(fd)
	delete(s.unsent, fd)
}
