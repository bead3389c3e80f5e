//go:build linux || darwin

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

// A client is one connection of the load.
type client struct {
	connected      bool
	start          time.Time // of the message under way
	sent, received int       // of it
}

// load keeps n connections busy until ctx is done.
func load(ctx context.Context, addr netip.AddrPort, n, size int) error {
	var p poll.Poller
	defer p.Close()
	context.AfterFunc(ctx, func() { p.Wake() })

	begin := time.Now()
	clients := make(map[int]*client)
	defer func() {
		for fd := range clients {
			p.Unregister(fd)
			syscall.Close(fd)
		}
	}()
	for i := 0; i < n; i++ {
		fd, err := dial(addr)
		if err != nil {
			return fmt.Errorf("connection %d to %v: %w", i+1, addr, err)
		}
		clients[fd] = new(client)
		p.Register(fd, poll.POLLOUT) // when it is connected
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
			c := clients[r.Fd]
			if !c.connected {
				// POLLOUT comes for a connect that failed, too.
				if err := socketError(r.Fd); err != nil {
					return fmt.Errorf("connect to %v: %w", addr, err)
				}
				c.connected, c.start = true, time.Now()
			}
			if r.Events&^poll.POLLOUT != 0 {
				if err := c.receive(r.Fd, buf, message); err != nil {
					return err
				}
				if c.received == size {
					now := time.Now()
					trips.add(now.Sub(c.start))
					*c = client{connected: true, start: now}
				}
			}
			// While a long message is being sent its beginning comes back, and
			// has to be read: the server waits for that before it reads on.
			events := poll.POLLIN
			if c.sent < size {
				if err := c.send(r.Fd, message); err != nil {
					return err
				}
				if c.sent < size {
					events |= poll.POLLOUT
				}
			}
			p.Modify(r.Fd, events)
		}
	}

	seconds := time.Since(begin).Seconds()
	fmt.Printf("%d connections, messages of %d bytes, %.2f s\n", n, size, seconds)
	fmt.Printf("%d round trips, %.0f a second, %.1f MB/s each way\n", trips.n,
		float64(trips.n)/seconds, float64(trips.n)*float64(size)/seconds/1e6)
	if trips.n > 0 {
		fmt.Printf("round trip: 50%% %v, 90%% %v, 99%% %v, longest %v\n",
			trips.quantile(0.5), trips.quantile(0.9), trips.quantile(0.99), trips.max.Round(time.Microsecond))
	}
	return nil
}

func (c *client) send(fd int, message []byte) error {
	n, err := syscall.Write(fd, message[c.sent:])
	if err == nil {
		c.sent += n
	} else if err != syscall.EAGAIN {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func (c *client) receive(fd int, buf, message []byte) error {
	n, err := syscall.Read(fd, buf)
	switch {
	case err == syscall.EAGAIN:
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

// A histogram counts durations in classes 1.1 percent apart, so that a long
// run takes no more memory than a short one.
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

// quantile returns what the part q of all durations does not exceed.
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
