//go:build linux || darwin

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
	context.AfterFunc(ctx, func() { p.Wake() })
	if idle <= 0 {
		idle = poll.Forever
	}
	start := time.Now()
	say := func(format string, args ...any) {
		fmt.Printf("%8.3fs  %s\n", time.Since(start).Seconds(), fmt.Sprintf(format, args...))
	}

	for {
		ask(&p, a, b)
		ask(&p, b, a)
		ready, err := p.Poll(idle)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		if len(ready) == 0 {
			say("nothing for %v", idle)
		}
		for _, r := range ready {
			port, other := a, b
			if r.Fd == b.fd {
				port, other = b, a
			}
			if r.Events&poll.POLLNVAL != 0 {
				return fmt.Errorf("%s can't be polled", port.name) // some of Darwin's devices
			}

			// A hang-up is not looked for among the events. It makes reading
			// and writing possible, in the sense that neither waits.
			if len(other.pending) > 0 {
				n, err := syscall.Write(port.fd, other.pending)
				switch err {
				case nil:
					other.pending = other.pending[n:] // often not all of it
				case syscall.EAGAIN:
				default:
					say("%s: %d bytes lost: %v", port.name, len(other.pending), err)
					other.pending = nil // why, the next read will tell
				}
			}
			if len(port.pending) == 0 {
				n, err := syscall.Read(port.fd, port.buf[:])
				switch {
				case err == syscall.EAGAIN:
				case n == 0 || err == syscall.EIO:
					// As it is read only when nothing is pending, everything
					// that came from it before has been passed on.
					say("%s hung up", port.name)
					return nil
				case err != nil:
					return fmt.Errorf("read %s: %w", port.name, err)
				default:
					port.pending = port.buf[:n]
					say("%s > %s  %d bytes %.40q", port.name, other.name, n, port.pending)
				}
			}
		}
	}
}

// ask registers a port with what there is to wait for now: bytes, if those
// that came before are gone, so that no more than a buffer ever piles up; and
// room, if there is something for it.
//
// A port with neither is taken out of the set. A mask of 0 would not do: if it
// hung up, POLLHUP would be reported without being asked for, by every call,
// as long as the other port does not take what is pending.
func ask(p *poll.Poller, port, other *port) {
	var events poll.Events
	if len(port.pending) == 0 {
		events |= poll.POLLIN
	}
	if len(other.pending) > 0 {
		events |= poll.POLLOUT
	}
	if events != 0 {
		p.Register(port.fd, events)
	} else if _, ok := p.Registered(port.fd); ok {
		p.Unregister(port.fd)
	}
}
