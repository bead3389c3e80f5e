//go:build linux || darwin || freebsd || netbsd

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

type server struct {
	p        poll.Poller
	listener int
	buf      [64 << 10]byte

	accepted int
	echoed   int64
}

// A conn is the value of a registered connection. While it has unsent bytes it waits only
// for POLLOUT: the server stops reading from a peer that does not read, so memory is
// bounded.
type conn struct {
	fd     int
	unsent []byte // mostly empty
}

// retry is how long the server waits after a failed accept.
const retry = 100 * time.Millisecond

// serve runs until ctx is done. It does not close the connections that are open then, since
// the process ends afterwards.
func serve(ctx context.Context, addr netip.AddrPort) error {
	s := new(server)
	defer s.p.Close()
	stop := context.AfterFunc(ctx, func() { s.p.Wake() })
	defer stop()
	var err error
	if s.listener, err = listen(addr); err != nil {
		return fmt.Errorf("listen on %v: %w", addr, err)
	}
	defer syscall.Close(s.listener)
	if addr, err = localAddr(s.listener); err != nil {
		return err
	}
	if err := s.p.Register(s.listener, poll.POLLIN); err != nil {
		return err
	}
	fmt.Println("listening on", addr)

	var resume time.Time // when to accept again; zero if the listener is enabled
	for {
		ready, err := s.p.Poll(poll.Until(resume))
		if err != nil {
			return err
		}
		// Check after every return: on a busy server something is always ready.
		if ctx.Err() != nil {
			fmt.Printf("%d connections, %d bytes\n", s.accepted, s.echoed)
			return nil
		}
		if poll.Until(resume) == 0 {
			resume = time.Time{}
			if err := s.p.Modify(s.listener, poll.POLLIN); err != nil {
				return err
			}
		}
		// The loop closes only the current entry's descriptor, so if accept reuses a
		// number, no later entry in ready has it.
		for _, r := range ready {
			if c, ok := r.Value.(*conn); ok {
				if err := s.echo(c); err != nil {
					if err := s.close(c); err != nil {
						return err
					}
				}
				continue
			}
			if err := s.accept(); err != nil {
				// For example EMFILE. The listener stays ready, so every Poll would return
				// immediately.
				fmt.Fprintf(os.Stderr, "echo: accept: %v; again in %v\n", err, retry)
				if err := s.p.Disable(s.listener); err != nil {
					return err
				}
				resume = time.Now().Add(retry)
			}
		}
	}
}

// accept accepts connections until none is waiting.
func (s *server) accept() error {
	for {
		fd, err := accept(s.listener)
		switch err {
		case nil:
			s.accepted++
			if err := s.add(&conn{fd: fd}); err != nil {
				syscall.Close(fd)
				return err
			}
		case syscall.ECONNABORTED, syscall.EINTR: // the peer has gone, or a signal
		case syscall.EAGAIN:
			return nil
		default:
			return err
		}
	}
}

func (s *server) add(c *conn) error {
	if err := s.p.Register(c.fd, poll.POLLIN); err != nil {
		return err
	}
	return s.p.Attach(c.fd, c)
}

// echo reads or writes once. It does not check the events: read(2) and write(2) report
// errors and hang-ups.
func (s *server) echo(c *conn) error {
	out := c.unsent
	if len(out) == 0 {
		n, err := syscall.Read(c.fd, s.buf[:])
		if err == syscall.EAGAIN || err == syscall.EINTR {
			return nil
		} else if err != nil {
			return err
		} else if n == 0 {
			return io.EOF
		}
		out = s.buf[:n]
	}
	n, err := syscall.Write(c.fd, out)
	if err == syscall.EAGAIN || err == syscall.EINTR {
		n = 0
	} else if err != nil {
		return err
	}
	s.echoed += int64(n)
	c.unsent = append(c.unsent[:0], out[n:]...)
	if n < len(out) {
		return s.p.Modify(c.fd, poll.POLLOUT)
	}
	return s.p.Modify(c.fd, poll.POLLIN)
}

// close unregisters the descriptor first: once it is closed, another file may get its
// number.
func (s *server) close(c *conn) error {
	err := s.p.Unregister(c.fd)
	syscall.Close(c.fd)
	return err
}
