//go:build go1.25 && (linux || darwin || freebsd)

// The tests of timeouts in a testing/synctest bubble, whose clock stands still during a
// system call.

package poll

import (
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestSynctest checks that a timeout in a bubble goes by the kernel's clock, also the
// second one of a bubble, that of a wait in pieces, and one that a change begins anew.
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

// TestSynctestPieces checks that a timeout of several pieces ends in a bubble: the kernel's
// word for the end of each is taken.
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
		// The clock stands still except for the pauses between the pieces.
		if n, err := Poll(nil, timeout); n != 0 || err != nil || calls != 4 || left < 0 || left > time.Second {
			t.Errorf("Poll = %d, %v after %d calls, with %v left", n, err, calls, left)
		}
	})
}

// TestSynctestChanges checks that a change in a bubble ends no Poll, and is seen by it.
func TestSynctestChanges(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	inBubble(t, func() {
		var p Poller
		defer p.Close()
		c := goPoll(&p, time.Hour)
		must(t, p.Register(r, POLLIN))
		must(t, p.Register(w, POLLOUT))
		(<-c).want(t, nil, Ready{Fd: w, Events: POLLOUT})
	})
}

// inBubble runs f in a bubble. It needs the timers of Go 1.23, which go.mod does not ask
// for.
func inBubble(t *testing.T, f func()) {
	t.Setenv("GODEBUG", "asynctimerchan=0")
	synctest.Test(t, func(t *testing.T) { f() })
}
