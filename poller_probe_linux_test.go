// The tests of which calls poll without waiting first, where probeFirst is true.

package poll

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

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
