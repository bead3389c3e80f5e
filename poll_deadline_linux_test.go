// The tests of timeouts that need Linux: signals to one thread, and waits of less
// than a millisecond.

package poll

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// TestSignals checks that signals, which interrupt poll(2) whatever SA_RESTART says,
// neither end a call nor change its timeout.
func TestSignals(t *testing.T) {
	watchdog(t, 4*soon)

	t.Run("case=interrupts", func(t *testing.T) {
		storm(t)
		// Without the loop, they are seen.
		for {
			if _, errno := pollExact(nil, 10*time.Second); errno == syscall.EINTR {
				break
			} else if errno != 0 {
				t.Fatal(errno)
			}
		}
	})

	t.Run("case=RawPoll", func(t *testing.T) {
		r, _ := newPipe(t)
		fds := make([]PollFd, min(1000, raiseLimit(t))) // many, so that it takes long
		for i := range fds {
			fds[i] = PollFd{Fd: int32(r), Events: POLLIN}
		}
		alarm(t, 100*time.Microsecond)
		for seen := 0; seen < 20; { // by a call without the loop
			if _, errno := pollExact(fds, 0); errno == syscall.EINTR {
				seen++
			}
			for i := 0; i < 10; i++ {
				if n, err := RawPoll(fds); n != 0 || err != nil {
					t.Fatalf("RawPoll = %d, %v", n, err)
				}
			}
		}
	})

	t.Run("case=never early", func(t *testing.T) {
		sent := storm(t)
		before := sent.Load()
		for _, s := range idleFds(t) {
			for _, timeout := range []time.Duration{
				10 * time.Microsecond, 150 * time.Microsecond, 250 * time.Microsecond, time.Millisecond,
				1234567, 5 * time.Millisecond, 20*time.Millisecond + 1, time.Duration(scaled(80, 4)) * time.Millisecond,
			} {
				s.never(timeout)
			}
		}
		if n := sent.Load() - before; n < 10 {
			t.Errorf("only %d signals", n)
		}
	})

	t.Run("case=zero", func(t *testing.T) {
		storm(t)
		r, w := newPipe(t)
		for _, l := range entryPoints {
			idle, ready := l.make(t, r, POLLIN), l.make(t, w, POLLOUT)
			for i := scaled(3000, 10); i > 0; i-- {
				idle.want(0, 0)
				ready.want(0, POLLOUT)
			}
		}
	})

	t.Run("case=readiness", func(t *testing.T) {
		sent := storm(t)
		for _, l := range entryPoints {
			for _, timeout := range paths[1:] {
				r, w := newPipe(t)
				from := sent.Load()
				go func() {
					for sent.Load() < from+30 {
						runtime.Gosched()
					}
					mustWrite(t, w, "x")
				}()
				l.make(t, r, POLLIN).want(timeout, POLLIN)
				if n := sent.Load() - from; n < 30 {
					t.Errorf("%s(%v): %d signals", l.name, timeout, n)
				}
			}
		}
	})
}

// TestSignalsFasterThanAProbe checks that every way to poll keeps its timeout though
// signals come faster than the kernel can look at all entries, and then leaves every
// Revents 0.
func TestSignalsFasterThanAProbe(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	fds := make([]PollFd, min(9000, raiseLimit(t)-100))
	var p Poller
	defer p.Close()
	for i := range fds {
		fds[i] = PollFd{Fd: int32(dupFd(t, r, r+1)), Events: POLLIN}
		must(t, p.Register(int(fds[i].Fd), POLLIN))
	}
	probe := time.Hour // how long a probe takes
	for i := 0; i < 10; i++ {
		start := time.Now()
		if n, err := Poll(fds, 0); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		probe = min(probe, time.Since(start))
	}
	alarm(t, probe/2)
	for seen := 0; seen < 10; { // by a call without the loop
		if _, errno := pollExact(fds, 0); errno == syscall.EINTR {
			seen++
		}
		for _, timeout := range []time.Duration{0, 1, 5 * time.Millisecond} {
			for i := range fds {
				fds[i].Revents = 0xffff
			}
			n, err := Poll(fds, timeout)
			for _, f := range fds {
				if n != 0 || err != nil || f.Revents != 0 {
					t.Fatalf("Poll(%v) = %d, %v, %v of fd %d", timeout, n, err, f.Revents, f.Fd)
				}
			}
			wantPoll(t, &p, timeout)
			must(t, p.Modify(int(fds[0].Fd), POLLIN)) // and with a copy of the set
			wantPoll(t, &p, timeout)
		}
		for i := range fds {
			fds[i].Revents = 0xffff
		}
		n, err := RawPoll(fds)
		for _, f := range fds {
			if n != 0 || err != nil || f.Revents != 0 {
				t.Fatalf("RawPoll = %d, %v, %v of fd %d", n, err, f.Revents, f.Fd)
			}
		}
	}
}

// TestBelowMillisecond checks, on the best of many tries, that a part of a
// millisecond is not rounded up to a whole one.
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
}

// TestOneCall checks that one system call waits all of the time: otherwise the loop
// would still be in time, but busy.
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
