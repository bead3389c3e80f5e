//go:build go1.25 && (linux || darwin || freebsd || netbsd)

// Tests of timeouts in a testing/synctest bubble, whose clock stands still during a system
// call: a second timeout in the same bubble, one in pieces, and a wait with changes.

package poll

import (
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestSynctest checks that every timeout in a bubble, not only the first, is measured by
// the kernel.
func TestSynctest(t *testing.T) {
	watchdog(t, 2*soon)
	r, w := newPipe(t)
	const timeout = 30 * time.Millisecond
	for _, e := range entryPoints {
		t.Run("entryPoint="+e.name, func(t *testing.T) {
			idle, ready := e.make(t, r, POLLIN), e.make(t, w, POLLOUT)
			for i := 0; i < 3; i++ {
				start := time.Now()
				inBubble(t, func() {
					idle.want(timeout, 0)
					ready.want(timeout, POLLOUT)
					ready.want(Forever, POLLOUT)
					idle.want(timeout+time.Microsecond, 0)
					idle.want(0, 0)
				})
				if took := time.Since(start); took < 2*timeout && !returnsEarly {
					t.Errorf("two waits of %v took %v", timeout, took)
				}
			}
		})
	}
}

// TestSynctestPieces checks that a timeout of several pieces ends in a bubble, where only
// the kernel can measure each piece.
func TestSynctestPieces(t *testing.T) {
	watchdog(t, soon)
	const timeout = 3*maxWait + time.Hour
	left := timeout
	calls := 0
	fakeCall(t, func(ask time.Duration) (int, syscall.Errno) {
		calls++
		left -= ask
		return 0, 0
	})
	inBubble(t, func() {
		// A pause between the pieces counts too.
		if n, err := Poll([]PollFd{{Fd: -1}}, timeout); n != 0 || err != nil || calls != 4+lastPolls || left < 0 || left > time.Second {
			t.Errorf("Poll = %d, %v after %d calls, with %v left", n, err, calls, left)
		}
	})
}

// TestSynctestChanges checks that a Poll in a bubble sees changes and goes on waiting after
// them.
func TestSynctestChanges(t *testing.T) {
	watchdog(t, soon)
	if returnsEarly {
		t.Skip("an early return of the kernel ends a wait here")
	}
	r, w := newPipe(t)
	inBubble(t, func() {
		p := newPoller(t, nil, 0)
		c := goPoll(p, time.Hour)
		must(t, p.Register(r, POLLIN))
		must(t, p.Register(w, POLLOUT))
		(<-c).want(t, nil, Ready{Fd: w, Events: POLLOUT})
	})
}

// inBubble runs f in a bubble. Bubbles need the timers of Go 1.23, and go.mod selects older
// ones.
func inBubble(t *testing.T, f func()) {
	t.Setenv("GODEBUG", "asynctimerchan=0")
	synctest.Test(t, func(t *testing.T) { f() })
}
