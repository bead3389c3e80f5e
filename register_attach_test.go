//go:build linux || darwin || freebsd || netbsd

// Tests of Attach and Ready.Value.

package poll

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// wantValue checks that every kind of call reports only fd, with value.
func wantValue(tb testing.TB, p *Poller, fd int, value any) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, v := range []struct {
		name string
		poll func() ([]Ready, error)
	}{
		{"Poll(0)", func() ([]Ready, error) { return p.Poll(0) }},
		{"Poll(Forever)", func() ([]Ready, error) { return p.Poll(Forever) }},
		{"Poll(Forever) that waits", func() ([]Ready, error) {
			waitsAtOnce(p)
			return p.Poll(Forever)
		}},
		{"Poll(1h)", func() ([]Ready, error) { return p.Poll(time.Hour) }},
		{"PollContext", func() ([]Ready, error) { return p.PollContext(ctx) }},
	} {
		ready, err := v.poll()
		if len(ready) != 1 || err != nil || ready[0].Fd != fd || ready[0].Value != value {
			tb.Fatalf("%s = %v, %v with %v, want fd %d with %v", v.name, ready, err, values(ready), fd, value)
		}
	}
}

func values(ready []Ready) (values []any) {
	for _, r := range ready {
		values = append(values, r.Value)
	}
	return values
}

// TestAttach checks Ready.Value after each way to set or drop it.
func TestAttach(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	conn, other := fdConn(r), fdConn(r)
	a, b := new(int), new(int)
	p := newPoller(t, nil, 0)
	registerConn := func(c syscall.Conn) func() error {
		return func() error {
			fd, err := p.RegisterConn(c, POLLIN)
			if err == nil && fd != r {
				err = fmt.Errorf("RegisterConn = %d, want %d", fd, r)
			}
			return err
		}
	}
	register := func() error { return p.Register(r, POLLIN) }
	modify := func() error { return p.Modify(r, POLLIN|POLLPRI) }
	unregister := func() error { return p.Unregister(r) }
	attach := func(v any) func() error { return func() error { return p.Attach(r, v) } }
	nothing := new(any)
	for i, step := range []struct {
		what string
		do   func() error
		want any
	}{
		{"Register", register, nil},
		{"Attach", attach(a), a},
		{"Attach of another", attach(b), b},
		{"Attach of the same", attach(b), b},
		{"Attach of a string", attach("s"), "s"},
		{"Register twice", register, "s"},
		{"Modify", modify, "s"},
		{"Attach of nil", attach(nil), nil},
		{"Attach", attach(a), a},
		{"Unregister", unregister, nothing},
		{"Register anew", register, nil},
		{"Attach", attach(a), a},
		{"RegisterConn over a value", registerConn(conn), conn},
		{"Register over a conn", register, conn},
		{"Modify of a conn", modify, conn},
		{"RegisterConn of another over a conn", registerConn(other), other},
		{"Attach over a conn", attach(a), a},
		{"Modify", modify, a},
		{"Register twice", register, a},
		{"RegisterConn again", registerConn(other), other},
		{"Attach of nil over a conn", attach(nil), nil},
		{"Attach of another over a conn", attach(b), b},
		{"Unregister of a conn", unregister, nothing},
		{"Register anew after a conn", register, nil},
		{"RegisterConn over a registration without a value", registerConn(conn), conn},
		{"Unregister", unregister, nothing},
		{"RegisterConn anew", registerConn(other), other},
		{"Unregister", unregister, nothing},
		{"Register", register, nil},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("step %d, %s: %v", i, step.what, err)
		}
		if step.want == nothing {
			wantPoll(t, p, 0)
			continue
		}
		t.Logf("step %d, %s", i, step.what)
		wantValue(t, p, r, step.want)
	}
}

// TestAttachInTheKernel checks that Attach does not end a wait, and that Poll returns the value
// that is current when it returns, never one of an earlier registration.
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
	wantValue(t, p, r, nil)
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

// TestAttachedIsLetGo checks that the Poller keeps a value and a conn reachable while they are
// registered, and drops them after that, in the next Poll at the latest.
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

// TestManyAttachedAreLetGo checks that the Poller drops values that were replaced, and values of
// an earlier, larger result.
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

// A mark is a value that may belong to the registrations numbered first to last.
type mark struct {
	fd    int
	first int64
	last  atomic.Int64
}

// check checks that a Poll may report m with r. The registration numbered ended was over before
// that Poll, and the one numbered begun was the last to exist after it.
func (m *mark) check(r Ready, ended, begun int64) error {
	switch {
	case m.fd != r.Fd:
		return fmt.Errorf("%v with the value of fd %d", r, m.fd)
	case m.last.Load() <= ended:
		return fmt.Errorf("%v with the value of registration %d, although %d ended before Poll", r, m.last.Load(), ended)
	case m.first > begun:
		return fmt.Errorf("%v with the value of registration %d, but there are %d", r, m.first, begun)
	}
	return nil
}

// TestAttachRace checks that a value is reported only with events of the registration that it
// was attached to, while descriptors are unregistered, closed, reused and registered again.
func TestAttachRace(t *testing.T) {
	watchdog(t, 4*soon)
	rounds := int64(scaled(20000, 10))
	var p Poller
	defer p.Close()
	var begun, ended atomic.Int64 // the last registration that may exist, and the last that is over
	var number atomic.Int64       // of the registered descriptor
	var over atomic.Bool
	var others sync.WaitGroup
	var seen, empty int

	others.Add(2)
	go func() { // attaches to the current registration
		defer others.Done()
		for !over.Load() {
			m := &mark{fd: int(number.Load()), first: ended.Load() + 1}
			m.last.Store(math.MaxInt64)
			p.Attach(m.fd, m)
			m.last.Store(begun.Load())
			runtime.Gosched()
		}
	}()
	go func() {
		defer others.Done()
		for i := 0; !over.Load() && !t.Failed(); i++ {
			gone := ended.Load()
			ready, err := p.Poll([]time.Duration{0, Forever, Forever, Forever}[i%4])
			if err != nil {
				t.Error(err)
			}
			now := begun.Load()
			for _, r := range ready {
				m, ok := r.Value.(*mark)
				if !ok {
					empty++
				} else if err := m.check(r, gone, now); err != nil {
					t.Error(err)
				}
				seen++
			}
		}
	}()
	for i := int64(1); i <= rounds && !t.Failed(); i++ {
		var pair [2]int
		must(t, syscall.Pipe(pair[:]))
		fd := pair[1]
		begun.Store(i)
		number.Store(int64(fd))
		must(t, p.Register(fd, POLLOUT))
		if i%2 == 0 {
			m := &mark{fd: fd, first: i}
			m.last.Store(i)
			must(t, p.Attach(fd, m))
		}
		if i%3 == 0 {
			runtime.Gosched()
		}
		must(t, p.Unregister(fd))
		ended.Store(i)
		syscall.Close(pair[0])
		syscall.Close(pair[1])
	}
	over.Store(true)
	must(t, p.Wake())
	others.Wait()
	t.Logf("%d events, %d without a value", seen, empty)
}
