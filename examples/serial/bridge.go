//go:build linux || darwin || freebsd || netbsd

package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"example.com/poll"
)

// bridge carries bytes between two ports until one hangs up or ctx is done.
func bridge(ctx context.Context, a, b *port, idle time.Duration) error {
	var p poll.Poller
	defer p.Close()
	stop := context.AfterFunc(ctx, func() { p.Wake() })
	defer stop()
	if idle == 0 {
		idle = poll.Forever
	}
	start := time.Now()
	report := func(format string, args ...any) {
		fmt.Printf("%8.3fs  %s\n", time.Since(start).Seconds(), fmt.Sprintf(format, args...))
	}

	for {
		if err := ask(&p, a, b); err != nil {
			return err
		}
		if err := ask(&p, b, a); err != nil {
			return err
		}
		ready, err := p.Poll(idle)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		if len(ready) == 0 {
			report("nothing for %v", idle)
		}
		for _, r := range ready {
			port, other := a, b
			if r.Fd == b.fd {
				port, other = b, a
			}
			if r.Events&poll.POLLNVAL != 0 {
				return fmt.Errorf("%s can't be polled", port.name) // on Darwin
			}

			// There is no need to check for POLLHUP: after a hang-up neither read(2) nor
			// write(2) blocks.
			if len(other.pending) > 0 {
				n, err := syscall.Write(port.fd, other.pending)
				switch err {
				case nil:
					other.pending = other.pending[n:] // often only a part of it was written
				case syscall.EAGAIN, syscall.EINTR:
				default:
					report("%s: %d bytes lost: %v", port.name, len(other.pending), err)
					other.pending = nil // the next read returns the reason
				}
			}
			if len(port.pending) == 0 {
				n, err := syscall.Read(port.fd, port.buf[:])
				switch {
				case err == syscall.EAGAIN || err == syscall.EINTR:
				case n == 0 || err == syscall.EIO:
					// Everything read before has been written: a port is read only when
					// nothing is pending.
					report("%s hung up", port.name)
					return nil
				case err != nil:
					return fmt.Errorf("read %s: %w", port.name, err)
				default:
					port.pending = port.buf[:n]
					report("%s > %s  %d bytes %.40q", port.name, other.name, n, port.pending)
				}
			}
		}
	}
}

// ask asks for POLLIN if port has no pending bytes, so never more than one buffer is
// pending, and for POLLOUT if the other port has pending bytes.
//
// If neither is needed, ask disables the port. With a mask of 0, every Poll after a hang-up
// would return POLLHUP immediately, until the other port has taken the pending bytes.
func ask(p *poll.Poller, port, other *port) error {
	var events poll.Events
	if len(port.pending) == 0 {
		events |= poll.POLLIN
	}
	if len(other.pending) > 0 {
		events |= poll.POLLOUT
	}
	if events != 0 {
		return p.Register(port.fd, events)
	}
	return p.Disable(port.fd)
}
