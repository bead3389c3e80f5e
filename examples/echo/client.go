//go:build linux || darwin || freebsd || netbsd

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"syscall"
	"time"

	"example.com/poll"
)

// A client is the value of a registered connection.
type client struct {
	fd             int
	connected      bool
	start          time.Time // when the current message was begun
	sent, received int       // bytes of the current message
}

// load makes n connections and keeps them busy until ctx is done, which may be before all
// are made. It does not close them, since the process ends afterwards.
func load(ctx context.Context, addr netip.AddrPort, n, size int) error {
	var p poll.Poller
	defer p.Close()
	stop := context.AfterFunc(ctx, func() { p.Wake() })
	defer stop()

	begin := time.Now()
	for i := 0; i < n && ctx.Err() == nil; i++ {
		fd, err := dial(addr)
		if err != nil {
			return fmt.Errorf("connection %d to %v: %w", i+1, addr, err)
		}
		if err := p.Register(fd, poll.POLLOUT); err != nil { // ready once connected
			return err
		}
		if err := p.Attach(fd, &client{fd: fd}); err != nil {
			return err
		}
	}

	message := make([]byte, size)
	for i := range message {
		message[i] = byte(i % 251)
	}
	buf := make([]byte, 64<<10)
	var trips histogram
	for {
		ready, err := p.Poll(poll.Forever)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			break
		}
		for _, r := range ready {
			c := r.Value.(*client)
			if !c.connected {
				// POLLOUT is also reported for a failed connect.
				if err := socketError(c.fd); err != nil {
					return fmt.Errorf("connect to %v: %w", addr, err)
				}
				c.connected, c.start = true, time.Now()
			}
			if r.Events&^poll.POLLOUT != 0 {
				if err := c.receive(buf, message); err != nil {
					return err
				}
				if c.received == size {
					now := time.Now()
					trips.add(now.Sub(c.start))
					*c = client{fd: c.fd, connected: true, start: now}
				}
			}
			// The beginning of a long message comes back while the rest is being sent. Read
			// it, because the server stops reading until it has sent what it holds.
			events := poll.POLLIN
			if c.sent < size {
				if err := c.send(message); err != nil {
					return err
				}
				if c.sent < size {
					events |= poll.POLLOUT
				}
			}
			if err := p.Modify(c.fd, events); err != nil {
				return err
			}
		}
	}

	seconds := time.Since(begin).Seconds()
	fmt.Printf("%d connections, messages of %d bytes, %.2f s\n", p.Len(), size, seconds)
	fmt.Printf("%d round trips, %.0f a second, %.1f MB/s each way\n", trips.n,
		float64(trips.n)/seconds, float64(trips.n)*float64(size)/seconds/1e6)
	if trips.n > 0 {
		fmt.Printf("round trip: 50%% %v, 90%% %v, 99%% %v, longest %v\n",
			trips.quantile(0.5), trips.quantile(0.9), trips.quantile(0.99), trips.max.Round(time.Microsecond))
	}
	return nil
}

func (c *client) send(message []byte) error {
	n, err := syscall.Write(c.fd, message[c.sent:])
	if err == nil {
		c.sent += n
	} else if err != syscall.EAGAIN && err != syscall.EINTR {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func (c *client) receive(buf, message []byte) error {
	n, err := syscall.Read(c.fd, buf)
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return nil
	case err != nil:
		return fmt.Errorf("read: %w", err)
	case n == 0:
		return errors.New("the server closed a connection")
	case n > c.sent-c.received || !bytes.Equal(buf[:n], message[c.received:c.received+n]):
		return errors.New("what came back is not what was sent")
	}
	c.received += n
	return nil
}

// A histogram counts durations in classes that are 1.1 percent apart, so its size does not
// depend on the number of durations.
type histogram struct {
	n       int
	max     time.Duration
	classes [64 * 64]int
}

func (h *histogram) add(d time.Duration) {
	h.n++
	h.max = max(h.max, d)
	h.classes[int(64*math.Log2(float64(max(d, 1))))]++
}

// quantile returns the q-quantile of the durations: a fraction q of them is not longer.
func (h *histogram) quantile(q float64) time.Duration {
	left := int(math.Ceil(q * float64(h.n)))
	for i, n := range h.classes {
		if left -= n; left <= 0 {
			d := time.Duration(math.Exp2(float64(i+1) / 64))
			return min(d, h.max).Round(time.Microsecond)
		}
	}
	return h.max
}
