//go:build linux || darwin || freebsd || netbsd

// Tests that nothing is lost if a Poll that may wait probes first, which means that it
// polls without waiting.

package poll

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"
)

// probing returns a Poller of a pipe whose next Poll probes first. During the probe it
// calls f: before the system call or, if after is set, after it.
func probing(tb testing.TB, after bool, f func(p *Poller, r, w int)) (p *Poller, r, w int) {
	tb.Helper()
	r, w = newPipe(tb)
	p = newPoller(tb, []int{r}, POLLIN)
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
		if after { // make the system call here, on a copy that f does not affect
			fds := slices.Clone(p.asked[1:])
			found, _ = RawPoll(fds)
			copy(p.asked[1:], fds)
		}
		f(p, r, w)
		return found, 0, after
	})
	return p, r, w
}

// needProbes skips a test on systems where Poll does not probe.
func needProbes(t *testing.T) {
	if !probeFirst {
		t.Skip("a Poll that may wait does not probe")
	}
}

// A counter counts the system calls of Poll.
type counter struct {
	probes, waits int
	before        func(waits bool) // if not nil, runs before each call
}

// newCounter counts the system calls of p. A call that is interrupted, for example by a
// signal of the runtime, or returns early is repeated and counted once.
func newCounter(tb testing.TB, p *Poller) *counter {
	c := new(counter)
	onCall(tb, func(_ bool, timeout time.Duration) (n int, errno syscall.Errno, done bool) {
		fds := p.asked
		if timeout == 0 {
			c.probes++
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

// A pingPong is a Poller of a pipe that receives a byte before a Poll, or once that Poll
// waits.
type pingPong struct {
	testing.TB
	p    *Poller
	r, w int
	*counter
}

func newPingPong(tb testing.TB) *pingPong {
	r, w := newPipe(tb)
	p := newPoller(tb, []int{r}, POLLIN)
	makeWaker(tb, p)
	return &pingPong{tb, p, r, w, newCounter(tb, p)}
}

// once makes p wait for a byte. It reports whether Poll probed first.
func (pp *pingPong) once() (probed bool) {
	pp.Helper()
	pp.probes, pp.waits = 0, 0
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
	if pp.waits == 0 || pp.probes > 1 {
		pp.Fatalf("%d calls that wait and %d that do not, want 1, and at most 1", pp.waits, pp.probes)
	}
	return pp.probes == 1
}

// busy makes p find a byte. It reports whether Poll only probed.
func (pp *pingPong) busy(timeout time.Duration) (probed bool) {
	pp.Helper()
	pp.probes, pp.waits = 0, 0
	mustWrite(pp, pp.w, "x")
	wantPoll(pp, pp.p, timeout, Ready{Fd: pp.r, Events: POLLIN})
	readAll(pp.r)
	if pp.probes+pp.waits != 1 {
		pp.Fatalf("%d calls that wait and %d that do not, want 1 together", pp.waits, pp.probes)
	}
	return pp.probes == 1
}

// TestProbeFirst checks the system calls of Poll: if probeFirst is true, one that does not
// wait and, if nothing is ready, another that waits; otherwise only one that may wait.
func TestProbeFirst(t *testing.T) {
	watchdog(t, soon)
	pp := newPingPong(t)
	for i := 0; i < 1000; i++ {
		timeout := []time.Duration{Forever, time.Millisecond, time.Hour, time.Hour + 1}[i%4]
		if probed := pp.busy(timeout); probed != probeFirst {
			t.Fatalf("busy, call %d: %d calls that wait and %d that do not; probeFirst is %v", i, pp.waits, pp.probes, probeFirst)
		}
	}
	probes := 0
	for i := 0; i < 100; i++ {
		pp.once()
		probes += pp.probes
		if pp.waits != 1 {
			t.Fatalf("idle, call %d: %d calls that wait, want 1", i, pp.waits)
		}
	}
	if probes > 0 != probeFirst {
		t.Errorf("idle: %d calls that do not wait; probeFirst is %v", probes, probeFirst)
	}
}

// A probeTest has an action during a probe, and the wanted result of Poll.
type probeTest struct {
	name   string
	ready  bool // the pipe has a byte before the probe
	during func(p *Poller, r, w int) error
	err    error
	want   string // which of r and w is reported
	woken  bool   // a Wake is pending afterwards
}

var probeTests = []probeTest{
	{"Wake", false, func(p *Poller, r, w int) error { return p.Wake() }, nil, "", false},
	{"Wake and ready", true, func(p *Poller, r, w int) error { return p.Wake() }, nil, "r", true},
	{"readiness", false, func(p *Poller, r, w int) error { _, err := syscall.Write(w, []byte("x")); return err }, nil, "r", false},
	{"Register", false, func(p *Poller, r, w int) error { return p.Register(w, POLLOUT) }, nil, "w", false},
	{"Modify", true, func(p *Poller, r, w int) error { return errors.Join(p.Modify(r, 0), p.Register(w, POLLOUT)) }, nil, "w", false},
	{"Unregister", true, func(p *Poller, r, w int) error { return errors.Join(p.Unregister(r), p.Register(w, POLLOUT)) }, nil, "w", false},
	{"reuse", true, func(p *Poller, r, w int) error { // for a file that is not ready
		return errors.Join(p.Unregister(r), p.Register(r, POLLPRI), p.Register(w, POLLOUT))
	}, nil, "w", false},
	{"Close", true, func(p *Poller, r, w int) error { return p.Close() }, ErrClosed, "", false},
	{"another call", true, func(p *Poller, r, w int) error {
		done, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := p.PollContext(done)
		for _, timeout := range []time.Duration{0, Forever, time.Millisecond} {
			if _, pollErr := p.Poll(timeout); !errors.Is(pollErr, ErrConcurrentPoll) || !errors.Is(err, ErrConcurrentPoll) {
				return fmt.Errorf("Poll: %w; PollContext: %w", pollErr, err)
			}
		}
		return nil
	}, nil, "r", false},
}

// run checks v with one call, and that nothing left over from it ends a later wait.
func (v *probeTest) run(t *testing.T, after bool, call func(p *Poller) ([]Ready, error)) {
	watchdog(t, soon)
	p, r, w := probing(t, after, func(p *Poller, r, w int) { must(t, v.during(p, r, w)) })
	if v.ready {
		mustWrite(t, w, "x")
	}
	ready, err := call(p)
	result := pollResult{slices.Clone(ready), err}
	switch v.want {
	case "r":
		result.want(t, v.err, Ready{Fd: r, Events: POLLIN})
	case "w":
		result.want(t, v.err, Ready{Fd: w, Events: POLLOUT})
	default:
		result.want(t, v.err)
	}
	if v.err == ErrClosed {
		return
	}
	readAll(r)
	p.Unregister(w)
	must(t, p.Register(r, POLLIN))
	if v.woken {
		wantPoll(t, p, Forever)
	}
	c := goPoll(p, time.Hour)
	mustWrite(t, w, "x")
	(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
}

// TestNothingLostWhileProbing checks that events and changes during a probe have the same
// effect as during the wait.
func TestNothingLostWhileProbing(t *testing.T) {
	needProbes(t)
	for _, v := range probeTests {
		for _, after := range []bool{false, true} {
			for name, call := range map[string]func(ctx context.Context, p *Poller) ([]Ready, error){
				"Poll(Forever)": func(ctx context.Context, p *Poller) ([]Ready, error) { return p.Poll(Forever) },
				"Poll(1h)":      func(ctx context.Context, p *Poller) ([]Ready, error) { return p.Poll(time.Hour) },
				"PollContext":   func(ctx context.Context, p *Poller) ([]Ready, error) { return p.PollContext(ctx) },
			} {
				t.Run(fmt.Sprintf("during=%s/after=%v/call=%s", v.name, after, name), func(t *testing.T) {
					ctx, cancel := context.WithCancel(context.Background())
					defer cancel()
					v.run(t, after, func(p *Poller) ([]Ready, error) { return call(ctx, p) })
				})
			}
			if v.name != "Wake" && v.name != "Wake and ready" && v.name != "Register" {
				continue
			}
			t.Run(fmt.Sprintf("during=%s, cancel/after=%v/call=PollContext", v.name, after), func(t *testing.T) {
				ctx, cancel := context.WithCancel(context.Background())
				v := v
				during := v.during
				v.during = func(p *Poller, r, w int) error { cancel(); return during(p, r, w) }
				if v.name == "Wake" {
					v.err, v.woken = context.Canceled, true
				}
				v.run(t, after, func(p *Poller) ([]Ready, error) { return p.PollContext(ctx) })
			})
		}
	}
}

// TestProbeTakesTime checks that the time spent in a probe counts toward the timeout.
func TestProbeTakesTime(t *testing.T) {
	needProbes(t)
	watchdog(t, soon)
	const h = time.Hour
	for _, v := range []struct {
		name    string
		timeout time.Duration
		takes   []time.Duration // the time each call takes
		want    []time.Duration // the timeout of each call
	}{
		{"a part", 3 * h, []time.Duration{h, 2 * h}, []time.Duration{0, 2 * h}},
		{"nearly all", 3 * h, []time.Duration{3*h - time.Minute, time.Minute}, []time.Duration{0, time.Minute}},
		{"all", h, []time.Duration{h, 0}, []time.Duration{0, 0}},
		{"more", h, []time.Duration{2 * h, 0}, []time.Duration{0, 0}},
		{"a part, and then it is early", 3 * h, []time.Duration{h, h, h}, []time.Duration{0, 2 * h, h}},
	} {
		t.Run("takes="+v.name, func(t *testing.T) {
			p := newPoller(t, []int{1000}, POLLIN)
			makeWaker(t, p)
			call := 0
			onCall(t, func(_ bool, timeout time.Duration) (int, syscall.Errno, bool) {
				if call == len(v.takes) {
					t.Fatalf("call %d, for %v, is one too many", call, timeout)
				}
				wantNear(t, call, timeout, v.want[call])
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
}

// TestProbeFails checks that an error in a probe is returned once, without a wait, and
// changes nothing.
func TestProbeFails(t *testing.T) {
	needProbes(t)
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	p := newPoller(t, []int{r}, POLLIN)
	must(t, p.Attach(r, "value"))
	makeWaker(t, p)
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
	wantPoll(t, p, Forever, Ready{Fd: r, Events: POLLIN, Value: "value"})
}

// TestBusyLoopCanWait checks that a loop that has never waited can still wait when no
// descriptor is left, because its first call has made the Waker.
func TestBusyLoopCanWait(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	p := newPoller(t, []int{r}, POLLIN)
	for i := 0; i < 3; i++ {
		wantPoll(t, p, Forever, Ready{Fd: r, Events: POLLIN})
	}
	readAll(r)
	limitFds(t)
	c := goPoll(p, Forever)
	must(t, p.Wake())
	(<-c).want(t, nil)
}

// TestPingPongRarelyProbes checks that a loop that always has to wait probes in calls 1, 3,
// 7, 15 and so on, and in the end only in every 64th call.
func TestPingPongRarelyProbes(t *testing.T) {
	needProbes(t)
	watchdog(t, soon)
	pp := newPingPong(t)
	var at []int
	const calls = 64 * 20
	for i := 1; i <= calls; i++ {
		if i%5 == 0 { // calls with timeout 0 do not count
			pp.before = nil
			wantPoll(t, pp.p, 0)
		}
		if pp.once() {
			at = append(at, i)
		}
	}
	want := []int{1, 3, 7, 15, 31, 63}
	for n := 63 + 64; n <= calls; n += 64 {
		want = append(want, n)
	}
	if !slices.Equal(at, want) {
		t.Errorf("it probed in calls %v, want %v", at, want)
	}
}

// TestBecomesBusy checks that a loop that becomes busy probes after at most maxSkip calls,
// and that a loop that is no longer busy stops probing immediately.
func TestBecomesBusy(t *testing.T) {
	needProbes(t)
	needFds(t, 120)
	watchdog(t, soon)
	for idle := 0; idle <= 200; idle += 1 + idle/10 {
		pp := newPingPong(t)
		for i := 0; i < idle; i++ {
			pp.once()
		}
		calls := 0
		for !pp.busy(Forever) {
			calls++
		}
		if calls > maxSkip || calls > idle+1 {
			t.Errorf("busy after %d idle calls: %d calls wait, want at most %d", idle, calls, maxSkip)
		}
		for i := 0; i < 100; i++ {
			if !pp.busy(Forever) {
				t.Fatalf("busy after %d idle calls: a call waits", idle)
			}
		}
		var at []int
		for i := 1; i <= 20; i++ {
			if pp.once() {
				at = append(at, i)
			}
		}
		if want := []int{1, 3, 7, 15}; !slices.Equal(at, want) {
			t.Errorf("idle after busy: it probed in calls %v, want %v", at, want)
		}
	}
}
