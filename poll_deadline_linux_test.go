// Tests of timeouts that need Linux: signals to one thread, and waits of less than a
// millisecond.

package poll

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestSignals checks that signals neither end a call nor change its timeout, although they
// interrupt poll(2) even with SA_RESTART.
func TestSignals(t *testing.T) {
	watchdog(t, 4*soon)
	for _, e := range entryPoints {
		t.Run("entryPoint="+e.name, func(t *testing.T) {
			r, w := newPipe(t)
			idle, ready := e.make(t, r, POLLIN), e.make(t, w, POLLOUT)
			var calls atomic.Int64 // system calls: one more for each signal that interrupts
			onCall(t, func(bool, time.Duration) (int, syscall.Errno, bool) {
				calls.Add(1)
				return 0, 0, false
			})
			alarm(t, 200*time.Microsecond)
			for _, timeout := range []time.Duration{
				10 * time.Microsecond, 150 * time.Microsecond, 250 * time.Microsecond, time.Millisecond,
				1234567, 5 * time.Millisecond, 20*time.Millisecond + 1, time.Duration(scaled(80, 4)) * time.Millisecond,
			} {
				idle.never(timeout)
			}
			for i := scaled(3000, 10); i > 0; i-- {
				idle.want(0, 0)
				ready.want(0, POLLOUT)
			}
			for _, timeout := range paths[1:] {
				enough := calls.Load() + 30
				go func() {
					for calls.Load() < enough {
						runtime.Gosched()
					}
					mustWrite(t, w, "x")
				}()
				idle.want(timeout, POLLIN)
				if calls.Load() < enough {
					t.Errorf("timeout %v: the wait is over before there is something to report", timeout)
				}
				readAll(r)
			}
		})
	}

	t.Run("entryPoint=RawPoll", func(t *testing.T) {
		r, _ := newPipe(t)
		// There are many entries, so that a call takes long.
		fds := make([]PollFd, min(1000, raiseLimit(t)))
		for i := range fds {
			fds[i] = PollFd{Fd: int32(r), Events: POLLIN}
		}
		alarm(t, 100*time.Microsecond)
		untilInterrupted(t, fds, 20, func() {
			for i := 0; i < 10; i++ {
				if n, err := RawPoll(fds); n != 0 || err != nil {
					t.Fatalf("RawPoll = %d, %v", n, err)
				}
			}
		})
	})
}

// TestSignalsFasterThanAProbe checks that every way to poll ends at its timeout and sets
// every Revents to 0, even if signals come faster than the kernel can check all entries.
func TestSignalsFasterThanAProbe(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	fds := make([]PollFd, min(9000, raiseLimit(t)-100))
	p := newPoller(t, nil, 0)
	for i := range fds {
		fds[i] = PollFd{Fd: int32(dupFd(t, r, r+1)), Events: POLLIN}
		must(t, p.Register(int(fds[i].Fd), POLLIN))
	}
	probe := time.Hour // the time that a probe takes
	for i := 0; i < 10; i++ {
		start := time.Now()
		if n, err := Poll(fds, 0); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		probe = min(probe, time.Since(start))
	}
	alarm(t, probe/2)
	untilInterrupted(t, fds, 10, func() {
		for _, timeout := range []time.Duration{0, 1, 5 * time.Millisecond} {
			wantAllZero(t, fds, func() (int, error) { return Poll(fds, timeout) })
			wantPoll(t, p, timeout)
			// This makes the next Poll copy the set.
			must(t, p.Modify(int(fds[0].Fd), POLLIN))
			wantPoll(t, p, timeout)
		}
		wantAllZero(t, fds, func() (int, error) { return RawPoll(fds) })
	})
}

// untilInterrupted calls f until signals have interrupted n polls of fds, or for five
// seconds. A signal interrupts poll(2) only before the kernel writes the Revents. On an
// emulated armhf board that takes nine tenths of the call.
func untilInterrupted(t *testing.T, fds []PollFd, n int, f func()) {
	t.Helper()
	seen := 0
	for start := time.Now(); seen < n && time.Since(start) < 5*time.Second; f() {
		// This call is not retried.
		if _, errno := pollExact(fds, 0); errno == syscall.EINTR {
			seen++
		}
	}
	t.Logf("%d of %d polls interrupted", seen, n)
}

// wantAllZero checks that poll finds nothing and sets every Revents in fds to 0.
func wantAllZero(t *testing.T, fds []PollFd, poll func() (int, error)) {
	t.Helper()
	for i := range fds {
		fds[i].Revents = 0xffff
	}
	n, err := poll()
	for _, f := range fds {
		if n != 0 || err != nil || f.Revents != 0 {
			t.Fatalf("%d, %v, %v of fd %d", n, err, f.Revents, f.Fd)
		}
	}
}

// TestBelowMillisecond checks, with the fastest of many tries, that a fraction of a
// millisecond is not rounded up, and that RawPoll does not wait.
func TestBelowMillisecond(t *testing.T) {
	watchdog(t, 2*soon)
	const timeout, limit = 100 * time.Microsecond, time.Millisecond
	for _, s := range idleFds(t) {
		best := time.Hour
		for i := 0; i < 2000 && best >= limit; i++ {
			best = min(best, s.never(timeout))
		}
		t.Logf("%s: %v", s.name, best)
		if best >= limit {
			t.Errorf("%s: %v takes %v at best, want less than %v", s.name, timeout, best, limit)
		}
	}
	r, _ := newPipe(t)
	fds, best := newArray([]int{r}, POLLIN), time.Hour
	for i := 0; i < 100 && best >= limit; i++ {
		start := time.Now()
		RawPoll(fds)
		best = min(best, time.Since(start))
	}
	if best >= limit {
		t.Errorf("RawPoll takes %v at best, want less than %v", best, limit)
	}
}

// TestOneCall checks that one system call waits for the whole timeout: a busy loop would
// return in time as well.
func TestOneCall(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	fds := newArray([]int{r}, POLLIN)
	for _, timeout := range []time.Duration{
		1, 999, 10 * time.Microsecond, 999999, time.Millisecond, 1000001, 1999999, 2 * time.Millisecond, 2500001,
	} {
		for i := 0; i < 10; {
			start := time.Now()
			n, errno := 0, syscall.Errno(0)
			if hasPoll && i%2 == 0 {
				n, errno = pollMillis(fds, millis(timeout))
			} else {
				n, errno = pollExact(fds, timeout)
			}
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
