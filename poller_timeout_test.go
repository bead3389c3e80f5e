//go:build linux || darwin || freebsd || netbsd

// Tests that a Poll that ends without a result does not miss a ready descriptor that was
// registered in time.

package poll

import (
	"context"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// TestRegisteredInTime checks that a Poll whose wait times out reports everything
// registered before, even if an earlier change has not signaled yet, and so keeps others
// from signaling.
func TestRegisteredInTime(t *testing.T) {
	watchdog(t, soon)
	for _, v := range []struct {
		name   string
		change func(p *Poller, ready int) error
	}{
		{"Register", func(p *Poller, ready int) error { return p.Register(ready, POLLOUT) }},
		{"RegisterConn", func(p *Poller, ready int) error { _, err := p.RegisterConn(fdConn(ready), POLLOUT); return err }},
		{"Modify", func(p *Poller, ready int) error { return p.Modify(ready, POLLOUT) }},
	} {
		t.Run("change="+v.name, func(t *testing.T) {
			r, ready := newPipe(t)
			p := newPoller(t, nil, 0)
			makeWaker(t, p)
			waitsAtOnce(p)
			if v.name == "Modify" {
				must(t, p.Register(ready, 0))
			}
			p.wake.mu.Lock() // as if the first goroutine were preempted before it signals
			first := make(chan error, 1)
			waits := 0
			onCall(t, func(_ bool, timeout time.Duration) (int, syscall.Errno, bool) {
				if timeout == 0 || waits > 0 {
					return 0, 0, false
				}
				waits++
				go func() { first <- p.Register(r, POLLIN) }()
				for isWaiting(p) {
					runtime.Gosched()
				}
				must(t, v.change(p, ready))
				pass(timeout)
				return 0, 0, true // the wait has timed out
			})
			got, err := p.Poll(time.Hour)
			p.wake.mu.Unlock()
			must(t, <-first)
			value, _ := held(p, ready)
			pollResult{got, err}.want(t, nil, Ready{Fd: ready, Events: POLLOUT, Value: value})
		})
	}
}

// TestRegisteredBeforeDone checks that a waiting PollContext reports a ready descriptor
// that was registered before its context was done.
func TestRegisteredBeforeDone(t *testing.T) {
	watchdog(t, soon)
	_, ready := newPipe(t)
	for i := scaled(300, 10); i > 0; i-- {
		var p Poller
		ctx, cancel := context.WithCancel(context.Background())
		c := goCall(&p, func() ([]Ready, error) { return p.PollContext(ctx) })
		must(t, p.Register(ready, POLLOUT))
		cancel()
		(<-c).want(t, nil, Ready{Fd: ready, Events: POLLOUT})
		must(t, p.Close())
	}
}

// TestReadyWithoutWaker checks that PollContext reports ready descriptors if it cannot
// create a Waker, even if its context is done during the call.
func TestReadyWithoutWaker(t *testing.T) {
	watchdog(t, soon)
	_, ready := newPipe(t)
	limitFds(t)
	for i := scaled(1000, 10); i > 0; i-- {
		p := newPoller(t, []int{ready}, POLLOUT)
		ctx, cancel := context.WithCancel(context.Background())
		go cancel()
		got, err := p.PollContext(ctx)
		if err != context.Canceled { // ctx may have been done before the call
			pollResult{got, err}.want(t, nil, Ready{Fd: ready, Events: POLLOUT})
		}
		must(t, p.Close())
	}
}

// TestRegisteredInTimeRace checks, while other goroutines change the set, that Poll never
// returns empty if a ready descriptor was registered long before the timeout.
func TestRegisteredInTimeRace(t *testing.T) {
	watchdog(t, 4*soon)
	const timeout, margin = 20 * time.Millisecond, time.Millisecond
	p := newPoller(t, nil, 0)
	for i := 0; i < 4; i++ {
		r, _ := newPipe(t)
		defer churn(p, r)()
	}
	_, ready := newPipe(t)
	for i := scaled(200, 10); i > 0; i-- {
		registered := make(chan time.Duration)
		go func(wait time.Duration) {
			Poll(nil, wait)
			p.Register(ready, POLLOUT)
			registered <- clock()
		}(time.Duration(i%20) * time.Millisecond)
		end := clock() + timeout
		got, err := p.Poll(timeout)
		if at := <-registered; len(got) == 0 && at < end-margin {
			t.Errorf("Poll = %v, %v although fd %d was registered %v before its time was up", got, err, ready, end-at)
		}
		must(t, p.Unregister(ready))
	}
}
