//go:build linux || darwin || freebsd

// The tests of a Poll that may wait and polls without waiting first: nothing is lost
// by that.

package poll

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"
)

// makeWaker makes p as it is after a call that has waited.
func makeWaker(tb testing.TB, p *Poller) {
	tb.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	must(tb, p.prepare(true))
}

// looking returns a Poller of a pipe whose next Poll polls without waiting first, and
// calls f meanwhile: before the system call or, if after, behind it.
func looking(tb testing.TB, after bool, f func(p *Poller, w int)) (p *Poller, r, w int) {
	tb.Helper()
	r, w = newPipe(tb)
	p = new(Poller)
	tb.Cleanup(func() { p.Close() })
	must(tb, p.Register(r, POLLIN))
	makeWaker(tb, p)
	first := true
	onCall(tb, func(_ bool, timeout time.Duration) (int, syscall.Errno, bool) {
		if !first {
			return 0, 0, false
		}
		first = false
		if timeout != 0 {
			tb.Errorf("the first call waits for %v", timeout)
		}
		var found int
		if after { // the system call, which f must not disturb
			fds := append([]PollFd(nil), p.asked[1:]...)
			found, _ = RawPoll(fds)
			copy(p.asked[1:], fds)
		}
		f(p, w)
		return found, 0, after
	})
	return p, r, w
}

// needProbes skips a test of what happens during a poll without waiting where no Poll
// that may wait begins with one.
func needProbes(t *testing.T) {
	if !probeFirst {
		t.Skip("Poll does not poll without waiting first")
	}
}

// A counter counts the system calls of Poll.
type counter struct {
	looks, waits int
	before       func(waits bool) // the next call, if not nil
}

// newCounter counts the calls of p. It repeats one that has failed for now, or returned
// for nothing, and counts it once: the runtime sends signals at any time.
func newCounter(tb testing.TB, p *Poller) *counter {
	c := new(counter)
	onCall(tb, func(_ bool, timeout time.Duration) (n int, errno syscall.Errno, done bool) {
		fds := p.asked
		if timeout == 0 {
			c.looks++
			fds = fds[1:]
		} else {
			c.waits++
		}
		if c.before != nil {
			c.before(timeout != 0)
		}
		for {
			n, errno = pollExact(fds, timeout)
			again := errno == syscall.EINTR || errno == syscall.EAGAIN || errno == 0 && n == 0 && timeout < 0
			if !again {
				return n, errno, true
			}
		}
	})
	return c
}

// A pingPong is a Poller whose descriptor gets ready only when it is waited for.
type pingPong struct {
	testing.TB
	p    *Poller
	r, w int
	*counter
}

func newPingPong(tb testing.TB) *pingPong {
	r, w := newPipe(tb)
	p := new(Poller)
	tb.Cleanup(func() { p.Close() })
	must(tb, p.Register(r, POLLIN))
	makeWaker(tb, p)
	return &pingPong{tb, p, r, w, newCounter(tb, p)}
}

// once is one exchange. It returns whether Poll looked before it waited.
func (pp *pingPong) once() (looked bool) {
	pp.Helper()
	pp.looks, pp.waits = 0, 0
	written := false
	pp.before = func(waits bool) {
		if waits && !written {
			written = true
			mustWrite(pp, pp.w, "x")
		}
	}
	wantPoll(pp, pp.p, Forever, Ready{Fd: pp.r, Events: POLLIN})
	pp.before = nil
	readAll(pp.r)
	if pp.waits == 0 || pp.looks > 1 {
		pp.Fatalf("%d calls that wait and %d that do not, want 1, and at most 1", pp.waits, pp.looks)
	}
	return pp.looks == 1
}

// busy is one call that finds something at once. It returns whether Poll looked
// only.
func (pp *pingPong) busy(timeout time.Duration) (looked bool) {
	pp.Helper()
	pp.looks, pp.waits = 0, 0
	mustWrite(pp, pp.w, "x")
	wantPoll(pp, pp.p, timeout, Ready{Fd: pp.r, Events: POLLIN})
	readAll(pp.r)
	if pp.looks+pp.waits != 1 {
		pp.Fatalf("%d calls that wait and %d that do not, want 1 together", pp.waits, pp.looks)
	}
	return pp.looks == 1
}

// TestProbeFirst checks that a Poll of what is ready makes one system call, which does not
// wait if probeFirst is true and may wait otherwise, and that a Poll that has to wait makes
// one that waits, and another before it only if probeFirst is true.
func TestProbeFirst(t *testing.T) {
	watchdog(t, soon)
	pp := newPingPong(t)
	for i := 0; i < 100; i++ {
		if looked := pp.busy(Forever); looked != probeFirst {
			t.Fatalf("busy, call %d: %d calls that wait and %d that do not; probeFirst is %v", i, pp.waits, pp.looks, probeFirst)
		}
	}
	looks := 0
	for i := 0; i < 100; i++ {
		pp.once()
		looks += pp.looks
		if pp.waits != 1 {
			t.Fatalf("idle, call %d: %d calls that wait, want 1", i, pp.waits)
		}
	}
	if looks > 0 != probeFirst {
		t.Errorf("idle: %d calls that do not wait; probeFirst is %v", looks, probeFirst)
	}
}

// TestNothingLostWhileLooking checks that what happens during a poll without waiting
// counts as if it had happened during the wait.
func TestNothingLostWhileLooking(t *testing.T) {
	needProbes(t)
	type poll func(p *Poller) ([]Ready, error)
	forever := func(p *Poller) ([]Ready, error) { return p.Poll(Forever) }
	hour := func(p *Poller) ([]Ready, error) { return p.Poll(time.Hour) }
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	within := func(p *Poller) ([]Ready, error) { return p.PollContext(ctx) }
	for _, call := range []struct {
		name string
		poll poll
	}{{"Poll(Forever)", forever}, {"Poll(1h)", hour}, {"PollContext", within}} {
		for _, after := range []bool{false, true} {
			name := fmt.Sprintf("call=%s/after=%v/", call.name, after)

			t.Run(name+"during=Wake", func(t *testing.T) {
				watchdog(t, soon)
				p, r, w := looking(t, after, func(p *Poller, w int) { must(t, p.Wake()) })
				ready, err := call.poll(p)
				pollResult{ready, err}.want(t, nil)
				c := goPoll(p, time.Hour) // the Wake is used up
				mustWrite(t, w, "x")
				(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
			})

			t.Run(name+"during=Wake and ready", func(t *testing.T) {
				watchdog(t, soon)
				p, r, w := looking(t, after, func(p *Poller, w int) { must(t, p.Wake()) })
				mustWrite(t, w, "x")
				ready, err := call.poll(p)
				pollResult{ready, err}.want(t, nil, Ready{Fd: r, Events: POLLIN})
				readAll(r)
				ready, err = call.poll(p) // the Wake is not used up
				pollResult{ready, err}.want(t, nil)
			})

			t.Run(name+"during=readiness", func(t *testing.T) {
				watchdog(t, soon)
				p, r, _ := looking(t, after, func(p *Poller, w int) { mustWrite(t, w, "x") })
				ready, err := call.poll(p)
				pollResult{ready, err}.want(t, nil, Ready{Fd: r, Events: POLLIN})
			})

			t.Run(name+"during=Register", func(t *testing.T) {
				watchdog(t, soon)
				p, _, w := looking(t, after, func(p *Poller, w int) { must(t, p.Register(w, POLLOUT)) })
				ready, err := call.poll(p)
				pollResult{ready, err}.want(t, nil, Ready{Fd: w, Events: POLLOUT})
			})

			t.Run(name+"during=Modify", func(t *testing.T) {
				watchdog(t, soon)
				var r int
				p, r, w := looking(t, after, func(p *Poller, w int) {
					must(t, p.Modify(r, 0))
					must(t, p.Register(w, POLLOUT))
				})
				mustWrite(t, w, "x")
				ready, err := call.poll(p)
				if len(ready) == 2 { // the mask was not in effect yet
					t.Errorf("Poll = %v, %v, although nothing is asked for", ready, err)
				}
				pollResult{ready, err}.want(t, nil, Ready{Fd: w, Events: POLLOUT})
			})

			t.Run(name+"during=Unregister", func(t *testing.T) {
				watchdog(t, soon)
				var r int
				p, r, w := looking(t, after, func(p *Poller, w int) {
					must(t, p.Unregister(r))
					must(t, p.Register(w, POLLOUT))
				})
				mustWrite(t, w, "x")
				ready, err := call.poll(p)
				pollResult{ready, err}.want(t, nil, Ready{Fd: w, Events: POLLOUT})
			})

			t.Run(name+"during=reuse", func(t *testing.T) {
				watchdog(t, soon)
				var r int
				p, r, w := looking(t, after, func(p *Poller, w int) {
					must(t, p.Unregister(r))
					must(t, p.Register(r, POLLPRI)) // by another owner, who has nothing to report
					must(t, p.Register(w, POLLOUT))
				})
				mustWrite(t, w, "x")
				ready, err := call.poll(p)
				pollResult{ready, err}.want(t, nil, Ready{Fd: w, Events: POLLOUT})
			})

			t.Run(name+"during=Close", func(t *testing.T) {
				watchdog(t, soon)
				p, _, w := looking(t, after, func(p *Poller, w int) { must(t, p.Close()) })
				mustWrite(t, w, "x")
				ready, err := call.poll(p)
				pollResult{ready, err}.want(t, ErrClosed)
			})

			t.Run(name+"during=another call", func(t *testing.T) {
				watchdog(t, soon)
				p, r, _ := looking(t, after, func(p *Poller, w int) {
					for _, timeout := range []time.Duration{0, Forever, time.Millisecond} {
						_, err := p.Poll(timeout)
						wantError(t, err, "poll", -1, ErrConcurrentPoll)
					}
					done, cancel := context.WithCancel(context.Background())
					cancel()
					_, err := p.PollContext(done)
					wantError(t, err, "poll", -1, ErrConcurrentPoll)
					mustWrite(t, w, "x")
				})
				ready, err := call.poll(p)
				pollResult{ready, err}.want(t, nil, Ready{Fd: r, Events: POLLIN})
			})
		}
	}

	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("call=PollContext/after=%v/during=cancel", after), func(t *testing.T) {
			watchdog(t, soon)
			ctx, cancel := context.WithCancel(context.Background())
			p, r, w := looking(t, after, func(p *Poller, w int) { cancel() })
			if ready, err := p.PollContext(ctx); len(ready) != 0 || err != context.Canceled {
				t.Errorf("%v, %v, want %v", ready, err, context.Canceled)
			}
			c := goPoll(p, time.Hour)
			mustWrite(t, w, "x")
			(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
		})
		t.Run(fmt.Sprintf("call=PollContext/after=%v/during=cancel and Wake", after), func(t *testing.T) {
			watchdog(t, soon)
			ctx, cancel := context.WithCancel(context.Background())
			p, _, _ := looking(t, after, func(p *Poller, w int) { must(t, p.Wake()); cancel() })
			if ready, err := p.PollContext(ctx); len(ready) != 0 || err != context.Canceled {
				t.Errorf("%v, %v, want %v", ready, err, context.Canceled)
			}
			wantPoll(t, p, Forever) // the Wake is not used up
		})
		t.Run(fmt.Sprintf("call=PollContext/after=%v/during=cancel and ready", after), func(t *testing.T) {
			watchdog(t, soon)
			ctx, cancel := context.WithCancel(context.Background())
			p, r, w := looking(t, after, func(p *Poller, w int) { cancel() })
			mustWrite(t, w, "x")
			ready, err := p.PollContext(ctx)
			pollResult{ready, err}.want(t, nil, Ready{Fd: r, Events: POLLIN})
		})
	}
}

// TestLookTakesTime checks that the time of a poll without waiting is part of the
// timeout.
func TestLookTakesTime(t *testing.T) {
	needProbes(t)
	watchdog(t, soon)
	const h = time.Hour
	for _, v := range []struct {
		name    string
		timeout time.Duration
		takes   []time.Duration // by each call
		asked   []time.Duration // by each call
	}{
		{"a part", 3 * h, []time.Duration{h, 2 * h}, []time.Duration{0, 2 * h}},
		{"nearly all", 3 * h, []time.Duration{3*h - time.Minute, time.Minute}, []time.Duration{0, time.Minute}},
		{"all", h, []time.Duration{h, 0}, []time.Duration{0, 0}},
		{"more", h, []time.Duration{2 * h, 0}, []time.Duration{0, 0}},
		{"a part, and then it is early", 3 * h, []time.Duration{h, h, h}, []time.Duration{0, 2 * h, h}},
	} {
		t.Run("takes="+v.name, func(t *testing.T) {
			oldEpoch := epoch
			defer func() { epoch = oldEpoch }()
			var p Poller
			defer p.Close()
			must(t, p.Register(1000, POLLIN))
			makeWaker(t, &p)
			call := 0
			onCall(t, func(_ bool, timeout time.Duration) (int, syscall.Errno, bool) {
				if call == len(v.takes) {
					t.Fatalf("call %d, for %v, is one too many", call, timeout)
				}
				asked := v.asked[call]
				if asked == 0 && timeout != 0 || timeout > asked || timeout < asked-30*time.Second {
					t.Errorf("call %d is for %v, want %v", call, timeout, asked)
				}
				pass(v.takes[call])
				call++
				return 0, 0, true
			})
			start := clock()
			ready, err := p.Poll(v.timeout)
			took := clock() - start
			if len(ready) != 0 || err != nil || took < v.timeout {
				t.Errorf("Poll = %v, %v after %v, want nothing after %v", ready, err, took, v.timeout)
			}
			if call != len(v.takes) {
				t.Errorf("%d calls, want %d", call, len(v.takes))
			}
		})
	}
	// The same by the real clock.
	for _, timeout := range []time.Duration{1, time.Microsecond, 10 * time.Microsecond, time.Millisecond, 10 * time.Millisecond} {
		r, _ := newPipe(t)
		var p Poller
		must(t, p.Register(r, POLLIN))
		makeWaker(t, &p)
		for i := 0; i < 5; i++ {
			p.backoff.skip = uint8(i % 2)
			start := time.Now()
			wantPoll(t, &p, timeout)
			if took := time.Since(start); took < timeout {
				t.Errorf("nothing after %v, want %v", took, timeout)
			}
		}
		must(t, p.Close())
	}
}

// TestLookFails checks that an error of the kernel in a poll without waiting is
// reported, once and without a wait, and changes nothing.
func TestLookFails(t *testing.T) {
	needProbes(t)
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	var p Poller
	defer p.Close()
	must(t, p.Register(r, POLLIN))
	must(t, p.Attach(r, "value"))
	makeWaker(t, &p)
	onCall(t, func(_ bool, timeout time.Duration) (int, syscall.Errno, bool) {
		if timeout != 0 {
			t.Errorf("a call waits for %v", timeout)
		}
		return -1, syscall.ENOMEM, true
	})
	ready, err := p.Poll(Forever)
	wantError(t, err, "poll", -1, syscall.ENOMEM)
	if len(ready) != 0 || errors.Is(err, ErrTooManyFds) {
		t.Errorf("Poll = %v, %v", ready, err)
	}
	testCall = nil
	wantPoll(t, &p, Forever, Ready{Fd: r, Events: POLLIN, Value: "value"})
}

// TestBusyLoopCanWait checks that a loop which has always found something can wait when
// no descriptor is left, since its first call has made the Waker.
func TestBusyLoopCanWait(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	var p Poller
	defer p.Close()
	must(t, p.Register(r, POLLIN))
	for i := 0; i < 3; i++ {
		wantPoll(t, &p, Forever, Ready{Fd: r, Events: POLLIN})
	}
	readAll(r)
	openFds(t) // has collected the garbage that might free a descriptor meanwhile
	defer limitFds(t)()
	c := goPoll(&p, Forever)
	must(t, p.Wake())
	(<-c).want(t, nil)
}

// TestBusyLoopAllocates checks that a steady loop allocates nothing, busy or not.
func TestBusyLoopAllocates(t *testing.T) {
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	idle, _ := newPipe(t)
	var p Poller
	defer p.Close()
	must(t, p.Register(idle, POLLIN))
	for _, timeout := range []time.Duration{0, 1, 10 * time.Microsecond} {
		if n := testing.AllocsPerRun(100, func() { p.Poll(timeout) }); n != 0 && !instrumented() {
			t.Errorf("idle, Poll(%v): %v allocations, want 0", timeout, n)
		}
	}
	must(t, p.Register(r, POLLIN))
	for _, timeout := range []time.Duration{0, 1, Forever, time.Hour} {
		for _, skip := range []uint8{0, maxSkip} {
			p.backoff.skip = skip
			if n := testing.AllocsPerRun(100, func() { p.Poll(timeout) }); n != 0 && !instrumented() {
				t.Errorf("busy, Poll(%v), skip=%d: %v allocations, want 0", timeout, skip, n)
			}
		}
	}
}
