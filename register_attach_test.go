//go:build linux || darwin || freebsd || netbsd

// Tests of Attach and Ready.Value.

package poll

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestAttach checks Ready.Value after each way to set or drop it.
func TestAttach(t *testing.T) {
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	conn, other := fdConn(r), fdConn(r)
	p := newPoller(t, nil, 0)
	register := func() error { return p.Register(r, POLLIN) }
	registerConn := func(c syscall.Conn) func() error {
		return func() error { _, err := p.RegisterConn(c, POLLIN); return err }
	}
	modify := func() error { return p.Modify(r, POLLIN|POLLPRI) }
	attach := func(v any) func() error { return func() error { return p.Attach(r, v) } }
	unregister := func() error { return p.Unregister(r) }
	nothing := new(any)
	for i, step := range []struct {
		do   func() error
		want any
	}{
		{register, nil},
		{attach(1), 1},
		{attach("s"), "s"},
		{register, "s"},
		{modify, "s"},
		{attach(nil), nil},
		{attach(1), 1},
		{unregister, nothing},
		{register, nil},
		{registerConn(conn), conn},
		{register, conn},
		{modify, conn},
		{registerConn(other), other},
		{attach(1), 1},
		{registerConn(other), other},
		{attach(nil), nil},
		{unregister, nothing},
		{register, nil},
	} {
		must(t, step.do())
		ready, err := p.Poll(0)
		switch {
		case step.want == nothing && len(ready) == 0 && err == nil:
		case len(ready) != 1 || err != nil || ready[0].Value != step.want:
			t.Fatalf("step %d: %v, %v, want the value %v", i, ready, err, step.want)
		}
	}
}

// TestAttachInTheKernel checks that Attach does not end a wait, and that Poll returns the
// value that is current when it returns, never one of an earlier registration.
func TestAttachInTheKernel(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	p := newPoller(t, []int{r}, POLLIN)
	must(t, p.Attach(r, "before"))
	c := goPoll(p, Forever)
	must(t, p.Attach(r, "later"))
	if !isWaiting(p) {
		t.Error("Attach has ended the wait")
	}
	mustWrite(t, w, "x")
	(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN, Value: "later"})
	var during func()
	onCall(t, func(bool, time.Duration) (int, syscall.Errno, bool) {
		during()
		return 0, 0, false
	})
	n := 0
	during = func() { n++; must(t, p.Attach(r, n)) }
	for _, timeout := range paths {
		ready, err := p.Poll(timeout)
		pollResult{ready, err}.want(t, nil, Ready{Fd: r, Events: POLLIN, Value: n})
	}
	during = func() {
		must(t, p.Unregister(r))
		must(t, p.Register(r, POLLIN))
	}
	wantPoll(t, p, 0) // the kernel's answer was for the earlier registration
	during = func() {}
	wantPoll(t, p, Forever, Ready{Fd: r, Events: POLLIN})
}

// garbage counts finalized objects.
type garbage struct{ finalized atomic.Int32 }

// value returns a value that is counted once it is unreachable.
func (g *garbage) value() any {
	x := new([64]byte)
	runtime.SetFinalizer(x, func(*[64]byte) { g.finalized.Add(1) })
	return x
}

// conn returns a conn for fd that is counted once it is unreachable.
func (g *garbage) conn(fd int) syscall.Conn {
	c := fdConn(fd)
	runtime.SetFinalizer(c, func(*fakeConn) { g.finalized.Add(1) })
	return c
}

// await waits until n are finalized, or the watchdog ends the run.
func (g *garbage) await(tb testing.TB, n int32) {
	tb.Helper()
	for g.finalized.Load() < n {
		collectGarbage(tb)
	}
	g.want(tb, n)
}

// want checks that exactly n are finalized.
func (g *garbage) want(tb testing.TB, n int32) {
	tb.Helper()
	collectGarbage(tb)
	if got := g.finalized.Load(); got != n {
		tb.Fatalf("%d values are garbage, want %d", got, n)
	}
}

// inGoroutine runs f in a new goroutine, so that nothing stays reachable from a stack.
func inGoroutine(tb testing.TB, f func() error) {
	tb.Helper()
	done := make(chan error)
	go func() { done <- f() }()
	must(tb, <-done)
}

// TestAttachedIsLetGo checks that the Poller keeps a value and a conn reachable while they
// are registered, and drops them after that, in the next Poll at the latest.
func TestAttachedIsLetGo(t *testing.T) {
	watchdog(t, 2*soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	registerConn := func(p *Poller, g *garbage) error {
		_, err := p.RegisterConn(g.conn(r), POLLIN)
		return err
	}
	for _, kind := range []struct {
		name string
		set  func(p *Poller, g *garbage) error
	}{
		{"Attach", func(p *Poller, g *garbage) error { return errors.Join(p.Register(r, POLLIN), p.Attach(r, g.value())) }},
		{"RegisterConn", registerConn},
		{"Attach over a conn", func(p *Poller, g *garbage) error { return errors.Join(registerConn(p, g), p.Attach(r, "not counted")) }},
		{"nil over a conn", func(p *Poller, g *garbage) error { return errors.Join(registerConn(p, g), p.Attach(r, nil)) }},
	} {
		for _, end := range []struct {
			name string
			do   func(p *Poller) error
			poll bool // a Poll is needed as well
		}{
			{"Unregister, Poll", func(p *Poller) error { return p.Unregister(r) }, true},
			{"Unregister, Poll that waits", func(p *Poller) error {
				waitsAtOnce(p)
				return errors.Join(p.Wake(), p.Unregister(r))
			}, true},
			{"Unregister, Register, Poll", func(p *Poller) error { return errors.Join(p.Unregister(r), p.Register(r, 0)) }, true},
			{"Unregister, PollContext whose context is done", func(p *Poller) error {
				ctx, cancel := context.WithCancel(context.Background())
				cancel()
				err := p.Unregister(r)
				if _, pollErr := p.PollContext(ctx); pollErr != context.Canceled {
					err = errors.Join(err, fmt.Errorf("PollContext: %v", pollErr))
				}
				return err
			}, false},
			{"Close", func(p *Poller) error { return p.Close() }, false},
			{"another RegisterConn", func(p *Poller) error { _, err := p.RegisterConn(fdConn(r), 0); return err }, true},
		} {
			t.Run("kind="+kind.name+"/end="+end.name, func(t *testing.T) {
				var g garbage
				p := newPoller(t, nil, 0)
				inGoroutine(t, func() error {
					err := kind.set(p, &g)
					if ready, pollErr := p.Poll(Forever); len(ready) != 1 {
						err = fmt.Errorf("Poll = %v, %v, %v", ready, err, pollErr)
					}
					return err
				})
				g.want(t, 0)
				must(t, end.do(p))
				if end.poll {
					timeout := time.Duration(0)
					if p.woken {
						timeout = Forever
					}
					wantPoll(t, p, timeout)
				}
				g.await(t, 1)
				runtime.KeepAlive(p)
			})
		}
	}
}

// TestManyAttachedAreLetGo checks that the Poller drops values that were replaced, and
// values of an earlier, larger result.
func TestManyAttachedAreLetGo(t *testing.T) {
	needFds(t, 50)
	watchdog(t, soon)
	const n = 20
	var g garbage
	p := newPoller(t, nil, 0)
	var fds []int
	for i := 0; i < n; i++ {
		_, w := newPipe(t)
		fds = append(fds, w)
		must(t, p.Register(w, POLLOUT))
	}
	for i := 0; i < 2; i++ {
		inGoroutine(t, func() error {
			for _, fd := range fds {
				if err := p.Attach(fd, g.value()); err != nil {
					return err
				}
			}
			ready, err := p.Poll(Forever)
			if len(ready) != n {
				err = fmt.Errorf("%d ready, %v", len(ready), err)
			}
			return err
		})
	}
	g.await(t, n)
	for _, fd := range fds[1:] {
		must(t, p.Unregister(fd))
	}
	if ready, err := p.Poll(Forever); len(ready) != 1 || err != nil {
		t.Fatal(ready, err)
	}
	g.await(t, 2*n-1)
	runtime.KeepAlive(p)
}
