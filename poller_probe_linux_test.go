// Tests of the rules for probing, for systems where probeFirst is true.

package poll

import (
	"slices"
	"testing"
)

// TestPingPongRarelyProbes checks that a loop that always has to wait probes in calls 1, 3, 7,
// 15 and so on, and in the end only in every 64th call.
func TestPingPongRarelyProbes(t *testing.T) {
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

// TestBecomesBusy checks that a loop that becomes busy probes after at most maxSkip calls, and
// that a loop that is no longer busy stops probing immediately.
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
		if want := []int{1, 3, 7, 15}; !slices.Equal(at, want) {
			t.Errorf("idle after busy: it probed in calls %v, want %v", at, want)
		}
	}
}

// TestProbeIsEnough checks that a call makes no system call that waits if it has been woken or
// has a timeout of 0.
func TestProbeIsEnough(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	p := newPoller(t, []int{r}, POLLIN)
	c := newCounter(t, p)
	must(t, p.Wake())
	wantPoll(t, p, Forever)
	wantPoll(t, p, 0)
	wantPoll(t, p, 0)
	mustWrite(t, w, "x")
	wantPoll(t, p, 0, Ready{Fd: r, Events: POLLIN})
	if c.waits != 0 || c.probes > 5 {
		t.Errorf("%d calls that wait and %d that do not, want none, and at most 5", c.waits, c.probes)
	}
}
