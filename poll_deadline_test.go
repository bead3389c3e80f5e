//go:build linux || darwin || freebsd || netbsd

// Tests of timeouts and of Until: no call returns early, whatever interrupts the wait.

package poll

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
)

// TestClock checks that the clock is monotonic, and as fast as the clock of package time.
func TestClock(t *testing.T) {
	if epoch == epoch.Round(0) {
		t.Error("epoch has no monotonic reading")
	}
	start, clockStart := time.Now(), clock()
	Poll(nil, 5*time.Millisecond)
	ours := clock() - clockStart
	if theirs := time.Since(start); ours < 5*time.Millisecond || ours > theirs {
		t.Errorf("%v went by, of %v on package time's clock", ours, theirs)
	}
}

// lastPolls is the number of calls after one that has waited until the time was up.
var lastPolls = map[bool]int{false: 1}[rechecks]

// A loopTest has a timeout, the steps of a fake kernel, and the system calls that are
// wanted.
type loopTest struct {
	name     string
	timeout  time.Duration
	steps    []loopStep
	timeouts []time.Duration // of the system calls
	n        int             // the result
	errno    syscall.Errno
}

// A loopStep is the fake kernel's answer to one call.
type loopStep struct {
	takes time.Duration
	n     int
	errno syscall.Errno
}

// TestLoop checks the timeout of each system call, after each kind of answer to the
// previous one.
func TestLoop(t *testing.T) {
	watchdog(t, soon)
	const h = time.Hour // on a fake clock, so the test's own time does not matter
	type step = loopStep
	ready, none := step{n: 1}, step{}
	eintr, eagain := step{errno: syscall.EINTR}, step{errno: syscall.EAGAIN}
	after := func(d time.Duration, s step) step { s.takes = d; return s }
	var storm []step
	var stormTimeouts []time.Duration
	for i := time.Duration(0); i < 16; i++ {
		storm = append(storm, after(h, [...]step{eintr, eagain, none}[i%3]))
		stormTimeouts = append(stormTimeouts, (16-i)*h)
	}

	for _, v := range []loopTest{
		{"ready", h, []step{ready}, []time.Duration{h}, 1, 0},
		{"time is up", h, []step{after(h, none)}, []time.Duration{h}, 0, 0},
		{"late", h, []step{after(2*h, none)}, []time.Duration{h}, 0, 0},
		{"EINTR", 3 * h, []step{after(h, eintr), after(h, eintr), ready}, []time.Duration{3 * h, 2 * h, h}, 1, 0},
		{"EINTR, then time is up", 3 * h, []step{after(h, eintr), after(2*h, none)}, []time.Duration{3 * h, 2 * h}, 0, 0},
		{"ready at the last moment", h, []step{after(h, eintr), ready}, []time.Duration{h, 0}, 1, 0},
		{"ready, late", h, []step{after(5*h, eintr), ready}, []time.Duration{h, 0}, 1, 0},
		{"not ready at the last moment", h, []step{after(h, eintr), none}, []time.Duration{h, 0}, 0, 0},
		{"EINTR at the last moment", h, []step{after(h, eintr), eintr}, []time.Duration{h, 0}, 0, 0},
		{"EAGAIN", 3 * h, []step{after(h, eagain), after(h, eagain), ready}, []time.Duration{3 * h, 2 * h, h}, 1, 0},
		{"EAGAIN, ready at the last moment", h, []step{after(h, eagain), ready}, []time.Duration{h, 0}, 1, 0},
		{"early 0", 3 * h, []step{after(h, none), after(h, none), ready}, []time.Duration{3 * h, 2 * h, h}, 1, 0},
		{"early 0, then time is up", 3 * h, []step{none, after(h, none), after(2*h, none)}, []time.Duration{3 * h, 3 * h, 2 * h}, 0, 0},
		{"storm", 16 * h, append(storm[:16:16], ready), append(stormTimeouts[:16:16], 0), 1, 0},
		{"storm, ready within", 16 * h, append(storm[:9:9], ready), stormTimeouts[:10], 1, 0},
		{"zero", 0, []step{none}, []time.Duration{0}, 0, 0},
		{"zero, ready", 0, []step{ready}, []time.Duration{0}, 1, 0},
		{"zero, EINTR", 0, []step{eintr}, []time.Duration{0}, 0, 0},
		{"zero, EAGAIN", 0, []step{eagain, eagain, none}, []time.Duration{0, 0, 0}, 0, 0},
		{"forever", Forever, []step{ready}, []time.Duration{-1}, 1, 0},
		{"forever, early 0", Forever, []step{none, after(1000*h, none), ready}, []time.Duration{-1, -1, -1}, 1, 0},
		{"forever, EINTR", -h, []step{eintr, after(1000*h, eagain), eintr, ready}, []time.Duration{-1, -1, -1, -1}, 1, 0},
		{"forever, MinInt64", math.MinInt64, []step{none, eintr, ready}, []time.Duration{-1, -1, -1}, 1, 0},
		{"ENOMEM", h, []step{{errno: syscall.ENOMEM}}, []time.Duration{h}, 0, syscall.ENOMEM},
		{"zero, ENOMEM", 0, []step{{errno: syscall.ENOMEM}}, []time.Duration{0}, 0, syscall.ENOMEM},
		{"forever, ENOMEM", Forever, []step{none, {errno: syscall.ENOMEM}}, []time.Duration{-1, -1}, 0, syscall.ENOMEM},
		{"EINTR, EINVAL", 2 * h, []step{after(h, eintr), {errno: syscall.EINVAL}}, []time.Duration{2 * h, h}, 0, syscall.EINVAL},
		{"EFAULT at the last moment", h, []step{after(h, eintr), {errno: syscall.EFAULT}}, []time.Duration{h, 0}, 0, syscall.EFAULT},
	} {
		tests := []loopTest{v}
		if last := len(v.steps) - 1; !rechecks && v.n == 0 && v.errno == 0 && v.timeouts[last] > 0 {
			v.steps, v.timeouts = append(v.steps, none), append(v.timeouts, 0)
			then := v
			then.name, then.steps, then.n = v.name+", then ready", append(v.steps[:last+1:last+1], ready), 1
			tests = []loopTest{v, then}
		}
		for _, v := range tests {
			for _, e := range entryPoints[:2] {
				t.Run("case="+v.name+"/entryPoint="+e.name, func(t *testing.T) { v.run(t, e.make(t, 100, POLLIN)) })
			}
		}
	}
}

func (v *loopTest) run(t *testing.T, s *polledFd) {
	s.waitsAtOnce()
	call := 0
	start := clock()
	fakeCall(t, func(timeout time.Duration) (int, syscall.Errno) {
		if call == len(v.steps) && v.errno != 0 && timeout == 0 && s.p != nil {
			return 0, 0 // after an error, a Poller polls once more without waiting
		}
		if call >= len(v.steps) {
			t.Fatalf("call %d, of %v, is one too many", call, timeout)
		}
		step := v.steps[call]
		wantNear(t, call, timeout, v.timeouts[call])
		call++
		pass(step.takes)
		if step.errno != 0 {
			return -1, step.errno // as syscall.Syscall does
		}
		s.answer(POLLIN * Events(step.n))
		return step.n, 0
	})
	got, err := s.poll(v.timeout)
	if call != len(v.steps) {
		t.Errorf("%d calls, want %d", call, len(v.steps))
	}
	if got != POLLIN*Events(v.n) || (err != nil) != (v.errno != 0) || v.errno != 0 && !errors.Is(err, v.errno) {
		t.Errorf("%v, %v, want %v, %v", got, err, POLLIN*Events(v.n), v.errno)
	}
	if took := clock() - start; got == 0 && err == nil && took < v.timeout {
		t.Errorf("nothing after %v, earlier than %v", took, v.timeout)
	}
	if s.p != nil && s.p.Len() != 1 {
		t.Errorf("Len() = %d afterwards, want 1", s.p.Len())
	}
}

// A pauseTest has a timeout, the steps of a fake kernel, and the calls that poll nothing.
type pauseTest struct {
	name    string
	timeout time.Duration
	steps   []loopStep
	pauses  []time.Duration
}

// run returns the timeouts of the calls that poll nothing. If missing is not 0, poll(2)
// fails with it, and only ppoll(2) can be used. If interrupted, a signal ends the first
// pause.
func (v *pauseTest) run(t *testing.T, missing syscall.Errno, interrupted bool) (pauses []time.Duration) {
	call := 0
	testCall = func(isPoll bool, nfds int, timeout time.Duration) (int, syscall.Errno, bool) {
		switch {
		case isPoll && missing != 0:
			return -1, missing, true
		case nfds == 0:
			pauses = append(pauses, timeout.Round(100*time.Microsecond))
			if interrupted && len(pauses) == 1 {
				return -1, syscall.EINTR, true
			}
			pass(timeout)
			return 0, 0, true
		case call == len(v.steps):
			t.Fatal("one call too many")
		}
		step := v.steps[call]
		call++
		pass(step.takes)
		return step.n, step.errno, true
	}
	n, err := Poll([]PollFd{{Fd: -1}}, v.timeout)
	if n != v.steps[len(v.steps)-1].n || err != nil || call != len(v.steps) {
		t.Errorf("Poll = %d, %v after %d calls", n, err, call)
	}
	return pauses
}

// TestPauses checks that a call that polls nothing comes only where calls return
// immediately again and again, never after one that has waited, and never between the
// timeout and the last poll.
func TestPauses(t *testing.T) {
	watchdog(t, soon)
	const us, ms, h = time.Microsecond, time.Millisecond, time.Hour
	type step = loopStep
	ready, none := step{n: 1}, step{}
	eintr, eagain := step{errno: syscall.EINTR}, step{errno: syscall.EAGAIN}
	after := func(d time.Duration, s step) step { s.takes = d; return s }
	for _, v := range []pauseTest{
		{"early 0 after a wait", h, []step{after(ms, none), after(ms, none), after(ms, none), ready}, nil},
		{"early 0 after a wait, forever", Forever, []step{after(ms, none), after(ms, none), after(ms, none), ready}, nil},
		{"pieces", 3 * maxWait, []step{after(maxWait, none), after(maxWait, none), ready}, nil},
		{"EINTR", h, []step{eintr, eintr, eintr, ready}, nil},
		{"one EAGAIN", h, []step{eagain, ready}, nil},
		{"one early 0", Forever, []step{none, ready}, nil},
		{"EAGAIN", h, []step{eagain, eagain, eagain, eagain, ready}, []time.Duration{ms, ms, ms}},
		{"EAGAIN, timeout 0", 0, []step{eagain, eagain, eagain, ready}, []time.Duration{ms, ms}},
		{"early 0", h, []step{none, none, none, ready}, []time.Duration{ms, ms}},
		{"early 0, forever", Forever, []step{none, none, none, ready}, []time.Duration{ms, ms}},
		{"early 0, then a wait", h, []step{none, none, after(ms, none), none, ready}, []time.Duration{ms, ms}},
		{"signal in between", h, []step{none, none, eintr, none, ready}, []time.Duration{ms, ms}},
		{"before the last poll", h, []step{none, none, after(h, eintr), eagain, ready}, []time.Duration{ms}},
		{"a short wait before the last poll", 50 * us, []step{eagain, after(50*us, eagain), ready}, nil},
		{"little is left", 300 * us, []step{none, none, ready}, []time.Duration{300 * us}},
	} {
		for i := 0; i < 4; i++ {
			missing, interrupted := []syscall.Errno{0, syscall.ENOSYS}[i%2], i >= 2
			t.Run(fmt.Sprintf("case=%s/poll=%d/interrupted=%v", v.name, missing, interrupted), func(t *testing.T) {
				onCall(t, nil) // restores testCall and epoch
				var pauses []time.Duration
				// On a busy machine a call may take long without waiting.
				for tries := 0; tries < 100; tries++ {
					if pauses = v.run(t, missing, interrupted); slices.Equal(pauses, v.pauses) {
						return
					}
				}
				t.Errorf("pauses %v, want %v", pauses, v.pauses)
			})
		}
	}
}

// TestPieces checks that a timeout of more milliseconds than fit a C int, 24.8 days, is
// split into pieces that fit.
func TestPieces(t *testing.T) {
	watchdog(t, soon)
	const limit = 2147483647 * time.Millisecond
	const day = 24 * time.Hour
	for _, timeout := range []time.Duration{
		24 * day, limit - 1, limit, limit + 1, limit + time.Millisecond, 1 << 31 * time.Millisecond,
		25 * day, 2 * limit, 2*limit + 1, 1<<32*time.Millisecond - 1, 1 << 32 * time.Millisecond, 1<<32*time.Millisecond + 1,
		50 * day, 1000 * day, 100 * 365 * day, math.MaxInt64 - 1,
	} {
		for _, e := range entryPoints {
			t.Run(fmt.Sprintf("timeout=%v/entryPoint=%s", timeout, e.name), func(t *testing.T) {
				s := e.make(t, 100, POLLIN)
				s.waitsAtOnce()
				held := min(timeout, math.MaxInt64-clock()) // the clock saturates
				var total time.Duration
				calls := 0
				fakeCall(t, func(d time.Duration) (int, syscall.Errno) {
					if d < 0 || d > limit || d == 0 && calls == 0 {
						t.Fatalf("call %d asks for %v", calls, d)
					}
					calls++
					total += d
					pass(d)
					if rest := timeout - total - 2*limit; calls == 5 && rest > 0 {
						// Poll pauses after each piece, so skip most pieces.
						total += rest
						pass(rest)
					}
					s.answer(0)
					return 0, 0
				})
				if got, err := s.poll(timeout); got != 0 || err != nil {
					t.Errorf("%v, %v, want 0, nil", got, err)
				}
				// Some of the time passes outside the fake kernel.
				if total > timeout || total < held-10*time.Minute {
					t.Errorf("%d pieces are %v together", calls, total)
				}
				if most := int(timeout/limit) + 1 + lastPolls; calls > most {
					t.Errorf("%d pieces, want at most %d", calls, most)
				}
			})
		}
	}
}

// TestAnyTimeout checks that no timeout is truncated on the way to the kernel, like 1<<32
// milliseconds, which is 0 in a C int.
func TestAnyTimeout(t *testing.T) {
	watchdog(t, soon)
	const ms = time.Millisecond
	for _, timeout := range []time.Duration{
		math.MinInt64, math.MinInt64 + 1, -1 << 32 * ms, -1 << 31 * ms, -1<<31*ms - 1, -time.Hour, -ms - 1, -ms, -ms + 1, -1,
		0, 1, 999, ms - 1, ms, ms + 1,
		time.Hour, time.Hour + 1, 1<<31*ms - 1, 1 << 31 * ms, 1<<31*ms + 1, 1<<32*ms - 1, 1 << 32 * ms, 1<<32*ms + 1,
		1 << 31 * time.Second, 1<<31*time.Second + 1, 1 << 32 * time.Second, 1<<32*time.Second + 1,
		1 << 62, math.MaxInt64 - 1, math.MaxInt64,
	} {
		for _, e := range entryPoints {
			t.Run(fmt.Sprintf("timeout=%d/entryPoint=%s", timeout, e.name), func(t *testing.T) {
				r, w := newPipe(t)
				s := e.make(t, r, POLLIN)
				if timeout < 0 || timeout >= time.Hour {
					// A call that does not wait long enough finds nothing.
					timer := time.AfterFunc(3*ms, func() { mustWrite(t, w, "x") })
					defer timer.Stop()
					s.want(timeout, POLLIN)
				} else {
					mustWrite(t, w, "x")
				}
				s.want(timeout, POLLIN)
			})
		}
	}
}

// TestNeverEarly checks that a call that finds nothing does not return before its timeout.
func TestNeverEarly(t *testing.T) {
	watchdog(t, 2*soon)
	budget := time.Duration(scaled(600, 4)) * time.Millisecond // sum of the timeouts
	rng := random(t)
	all := idleFds(t)
	count := 0
	for total := time.Duration(0); total < budget; count++ {
		// Up to 20 ms, but mostly less.
		timeout := time.Duration(1 + rng.Int63n(10000<<rng.Intn(12)))
		total += timeout
		all[count%len(all)].never(timeout)
	}
	t.Logf("%d timeouts", count)
	// Timeouts next to a whole millisecond, the unit of poll(2).
	for _, s := range all {
		for _, timeout := range []time.Duration{
			1, 999, time.Microsecond, 999999, time.Millisecond, time.Millisecond + 1, 1999999, 2 * time.Millisecond, 2*time.Millisecond + 1,
		} {
			s.never(timeout)
		}
	}
}

// TestReadyInTime checks that what becomes ready before the time is up is reported, even if
// the kernel does not check again when it is.
func TestReadyInTime(t *testing.T) {
	watchdog(t, soon)
	const timeout, rounds = time.Millisecond, 50
	r, w := newPipe(t)
	for _, e := range entryPoints {
		t.Run("entryPoint="+e.name, func(t *testing.T) {
			s := e.make(t, r, POLLIN)
			writes := 0
			for i := 0; i < rounds; i++ {
				s.waitsAtOnce()
				inTime := make(chan bool)
				end := clock() + timeout
				go func() {
					for clock() < end-timeout/2 {
						runtime.Gosched() // a timer could be late
					}
					mustWrite(t, w, "x")
					inTime <- clock() < end
				}()
				got, err := s.poll(timeout)
				if <-inTime {
					writes++
					if got != POLLIN || err != nil {
						t.Fatalf("write %d in time: %v, %v, want POLLIN", writes, got, err)
					}
				}
				readAll(r)
			}
			t.Logf("%d of %d writes were in time", writes, rounds)
		})
	}
}

// TestUntil checks the result of Until for times before, after and far from now, with and
// without a monotonic clock reading, and that a time in the past never makes Poll wait.
func TestUntil(t *testing.T) {
	watchdog(t, soon)
	now := time.Now()
	for _, v := range []struct {
		name     string
		t        time.Time
		min, max time.Duration
	}{
		{"zero", time.Time{}, Forever, Forever},
		{"zero, local", time.Time{}.Local(), Forever, Forever},
		{"now", now, 0, 0},
		{"passed", now.Add(-1), 0, 0},
		{"passed long ago", now.Add(-time.Hour), 0, 0},
		{"year 1", time.Time{}.Add(1), 0, 0},
		{"1970", time.Unix(0, 0), 0, 0},
		{"an hour", now.Add(time.Hour), time.Hour - soon, time.Hour},
		{"an hour, wall clock", now.Add(time.Hour).Round(0), time.Hour - soon, time.Hour + soon},
		{"passed, wall clock", now.Add(-time.Minute).Round(0), 0, 0},
		{"year 9999", time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), math.MaxInt64, math.MaxInt64},
		{"the last", time.Unix(1<<62, 0), math.MaxInt64, math.MaxInt64},
	} {
		if got := Until(v.t); got < v.min || got > v.max {
			t.Errorf("%s: Until = %v, want %v to %v", v.name, got, v.min, v.max)
		}
	}
	// The smaller of two timeouts ends first, even if one is no deadline.
	if got := min(Until(time.Time{}), Until(now.Add(time.Hour)), time.Minute); got != time.Minute {
		t.Errorf("the smallest timeout is %v, want %v", got, time.Minute)
	}
	r, w := newPipe(t)
	for _, s := range []struct {
		fd        int
		ask, want Events
	}{{r, POLLIN, 0}, {w, POLLOUT, POLLOUT}} {
		if got, err := Wait(s.fd, s.ask, Until(now)); got != s.want || err != nil {
			t.Errorf("Wait = %v, %v, want %v", got, err, s.want)
		}
	}
	start := time.Now()
	end := start.Add(20 * time.Millisecond)
	if got, err := Wait(r, POLLIN, Until(end)); got != 0 || err != nil || time.Now().Before(end) {
		t.Errorf("Wait = %v, %v after %v", got, err, time.Since(start))
	}
}
