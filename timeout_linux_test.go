// The tests of time that need Linux: signals sent to one thread, and waits of
// less than a millisecond.

package poll

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// storm sends a signal to the calling thread every 200 microseconds until the
// test is over, and keeps the goroutine on the thread. It is SIGURG, with
// which the runtime preempts: it has a handler, so that it interrupts a system
// call, and one too many means nothing.
func storm(t *testing.T) (sent *atomic.Int64) {
	t.Helper()
	runtime.LockOSThread()
	sent = new(atomic.Int64)
	tid := syscall.Gettid()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for next := time.Now(); ; next = next.Add(200 * time.Microsecond) {
			select {
			case <-stop:
				return
			default:
			}
			if err := tgkill(tid, syscall.SIGURG); err != nil {
				t.Errorf("tgkill: %v", err)
				return
			}
			sent.Add(1)
			Poll(nil, max(time.Until(next), 0)) // the runtime's timers are not as fine
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-stopped
		runtime.UnlockOSThread()
	})
	return sent
}

// TestSignals: signal(7): poll(2) is among those "never restarted after being
// interrupted by a signal handler, regardless of the use of SA_RESTART; they
// always fail with the error EINTR". Nobody sees it.
func TestSignals(t *testing.T) {
	watchdog(t, 2*time.Minute)

	t.Run("case=interrupts", func(t *testing.T) {
		storm(t)
		// Without the loop, it is seen.
		for {
			if _, errno := pollOnce(nil, 10*time.Second); errno == syscall.EINTR {
				break
			} else if errno != 0 {
				t.Fatal(errno)
			}
		}
	})

	t.Run("case=never early", func(t *testing.T) {
		sent := storm(t)
		scale := time.Duration(1)
		if testing.Short() {
			scale = 4
		}
		before := sent.Load()
		for _, s := range sleepers(t) {
			for _, timeout := range []time.Duration{
				10 * time.Microsecond, 150 * time.Microsecond, 250 * time.Microsecond, time.Millisecond,
				1234567, 5 * time.Millisecond, 20*time.Millisecond + 1, 80 * time.Millisecond / scale,
			} {
				s.never(t, timeout)
			}
		}
		if n := sent.Load() - before; n < 10 {
			t.Errorf("only %d signals", n)
		}
	})

	t.Run("case=looks", func(t *testing.T) {
		storm(t)
		r, w := newPipe(t)
		looks := 3000
		if testing.Short() {
			looks = 300
		}
		for i := 0; i < looks; i++ {
			for _, l := range layers {
				if got, err := l.poll(t, r, POLLIN, 0); got != 0 || err != nil {
					t.Fatalf("%s: %v, %v", l.name, got, err)
				}
				if got, err := l.poll(t, w, POLLOUT, 0); got != POLLOUT || err != nil {
					t.Fatalf("%s: %v, %v", l.name, got, err)
				}
			}
		}
	})

	t.Run("case=readiness", func(t *testing.T) {
		sent := storm(t)
		for _, l := range layers {
			for _, timeout := range paths[1:] {
				r, w := newPipe(t)
				from := sent.Load()
				go func() {
					for sent.Load() < from+30 {
						time.Sleep(time.Millisecond)
					}
					mustWrite(t, w, "x")
				}()
				if got, err := l.poll(t, r, POLLIN, timeout); got != POLLIN || err != nil {
					t.Errorf("%s(%v): %v, %v, want POLLIN", l.name, timeout, got, err)
				}
				if n := sent.Load() - from; n < 30 {
					t.Errorf("%s(%v): %d signals", l.name, timeout, n)
				}
			}
		}
	})
}

// TestBelowMillisecond: a part of a millisecond is waited as such, and not
// rounded up to a whole one. How late the kernel is, is the machine's
// business: the best of many tries counts.
func TestBelowMillisecond(t *testing.T) {
	watchdog(t, time.Minute)
	const timeout, limit = 100 * time.Microsecond, time.Millisecond
	for _, s := range sleepers(t) {
		best := time.Hour
		for i := 0; i < 2000 && best >= limit; i++ {
			if took := s.never(t, timeout); took < best {
				best = took
			}
		}
		t.Logf("%s: %v", s.name, best)
		if best >= limit {
			t.Errorf("%s: %v takes %v at best, want less than %v", s.name, timeout, best, limit)
		}
	}
}

// TestOneCall: poll1 waits all of the time in one system call. Without that
// the loop would still be in time, but busy: a part of a millisecond that is
// cut off is asked for again and again.
func TestOneCall(t *testing.T) {
	watchdog(t, time.Minute)
	r, _ := newPipe(t)
	fds := []PollFd{{Fd: int32(r), Events: POLLIN}}
	for _, timeout := range []time.Duration{
		1, 999, 10 * time.Microsecond, 999999, time.Millisecond, 1000001, 1999999, 2 * time.Millisecond, 2500001,
	} {
		for i := 0; i < 5; {
			start := time.Now()
			n, errno := pollOnce(fds, timeout)
			took := time.Since(start)
			if errno == syscall.EINTR {
				continue
			}
			i++
			if n != 0 || errno != 0 || took < timeout {
				t.Errorf("timeout %v: %d, %v after %v", timeout, n, errno, took)
			}
		}
	}
}
