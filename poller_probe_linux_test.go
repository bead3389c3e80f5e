// The tests that count the system calls of a Poller. Other kernels may take more.

package poll

import (
	"fmt"
	"reflect"
	"syscall"
	"testing"
	"time"
)

// A counter counts the system calls of Poll.
type counter struct {
	looks, waits int
	before       func(waits bool) // the next call, if not nil
}

// newCounter counts the calls of p. It repeats one that a signal has interrupted, and
// counts it once: the runtime sends signals at any time.
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
			if n, errno = pollExact(fds, timeout); errno != syscall.EINTR {
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

// TestBusyLoopLooks checks that a busy loop polls without waiting, from the first
// call on that has a Waker.
func TestBusyLoopLooks(t *testing.T) {
	watchdog(t, soon)
	for _, timeout := range []time.Duration{Forever, time.Millisecond, time.Hour, time.Hour + 1} {
		t.Run(fmt.Sprintf("timeout=%v", timeout), func(t *testing.T) {
			pp := newPingPong(t)
			for i := 0; i < 1000; i++ {
				if !pp.busy(timeout) {
					t.Fatalf("call %d waits", i)
				}
			}
		})
	}
}

// TestPingPongRarelyLooks checks that a loop which always has to wait polls without
// waiting first in calls 1, 3, 7, 15 and so on, and in the long run in one of 64.
func TestPingPongRarelyLooks(t *testing.T) {
	watchdog(t, soon)
	pp := newPingPong(t)
	var at []int
	const calls = 64 * 20
	for i := 1; i <= calls; i++ {
		if i%5 == 0 { // these don't count
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
	if !reflect.DeepEqual(at, want) {
		t.Errorf("it looked in calls %v, want %v", at, want)
	}
}

// TestBecomesBusy checks that a loop which becomes busy polls without waiting after
// maxSkip calls at most, and one that ceases to be stops at once.
func TestBecomesBusy(t *testing.T) {
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
		if want := []int{1, 3, 7, 15}; !reflect.DeepEqual(at, want) {
			t.Errorf("idle after busy: it looked in calls %v, want %v", at, want)
		}
	}
}

// TestLookIsEnough checks that a call which has been woken, or is to poll without
// waiting, makes no system call that waits.
func TestLookIsEnough(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	var p Poller
	defer p.Close()
	must(t, p.Register(r, POLLIN))
	c := newCounter(t, &p)
	must(t, p.Wake())
	wantPoll(t, &p, Forever)
	wantPoll(t, &p, 0)
	wantPoll(t, &p, 0)
	mustWrite(t, w, "x")
	wantPoll(t, &p, 0, Ready{Fd: r, Events: POLLIN})
	if c.waits != 0 || c.looks > 5 {
		t.Errorf("%d calls that wait and %d that do not, want none, and at most 5", c.waits, c.looks)
	}
}
