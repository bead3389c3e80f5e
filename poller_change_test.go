//go:build linux || darwin || freebsd || netbsd

// Tests of changes to the set during a Poll.

package poll

import (
	"errors"
	"io"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// churn registers, modifies and unregisters fds in a loop until it is stopped.
func churn(p *Poller, fds ...int) (stop func() (changes int)) {
	var over atomic.Bool
	n := make(chan int)
	go func() {
		changes := 0
		for ; !over.Load(); changes++ {
			fd := fds[changes/3%len(fds)]
			switch changes % 3 {
			case 0:
				p.Register(fd, POLLPRI)
			case 1:
				p.Modify(fd, 0)
			case 2:
				p.Unregister(fd)
			}
			for start := time.Now(); time.Since(start) < 2*time.Microsecond; {
				// Otherwise Poll would run only every 10 ms on one processor.
				runtime.Gosched()
			}
		}
		n <- changes
	}()
	return func() int { over.Store(true); return <-n }
}

// TestTimeLeftAfterChanges checks that each iteration of a wait uses the remaining time as
// its timeout.
func TestTimeLeftAfterChanges(t *testing.T) {
	watchdog(t, soon)
	const timeout = 20 * time.Millisecond
	var p Poller
	start, last := clock(), timeout
	waitsAtOnce(&p)
	fakeCall(t, func(left time.Duration) (int, syscall.Errno) {
		if gone := clock() - start; left < timeout-gone || left > last || left == last && left > 0 && last < timeout {
			t.Errorf("%v are left after %v; before, %v were", left, gone, last)
		}
		if last = left; left == 0 {
			return 0, 0
		}
		pass(time.Millisecond)
		return 1, 0 // as if by a change
	})
	wantPoll(t, &p, timeout)
	if last != 0 {
		t.Errorf("the last call had %v left", last)
	}
}

// TestDisturbedWait checks that a wait is neither ended nor prolonged by changes, garbage
// collections and the signals of a CPU profile.
func TestDisturbedWait(t *testing.T) {
	watchdog(t, 4*soon)
	if err := pprof.StartCPUProfile(io.Discard); err == nil {
		defer pprof.StopCPUProfile()
	}
	var over atomic.Bool
	collected := make(chan struct{})
	go func() {
		defer close(collected)
		for !over.Load() {
			runtime.GC()
		}
	}()
	defer func() { over.Store(true); <-collected }()

	r, w := newPipe(t)
	a, _ := newPipe(t)
	b, _ := newPipe(t)
	p := newPoller(t, []int{r}, POLLIN)
	stop := churn(p, a, b)
	rng := random(t)
	for i := 0; i < 20; i++ {
		timeout := time.Duration(rng.Int63n(int64(20 * time.Millisecond)))
		start := time.Now()
		(<-goPoll(p, timeout)).want(t, nil) // a change does not restart the timeout
		if took := time.Since(start); took < timeout {
			t.Errorf("timeout=%v over after %v", timeout, took)
		}
		c := goPoll(p, Forever)
		mustWrite(t, w, "x")
		(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
		readAll(r)
	}
	t.Logf("%d changes", stop())
}

// TestChangeEndsOneIteration checks that one signal ends only one iteration of a wait.
func TestChangeEndsOneIteration(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	p := newPoller(t, []int{r}, POLLIN)
	c := goPoll(p, Forever)
	for i := 0; i < 10; i++ {
		must(t, p.Modify(r, POLLIN))
		for !isWaiting(p) {
			runtime.Gosched()
		}
		wantReadable(t, p.wake.r, false)
	}
	must(t, p.Wake())
	(<-c).want(t, nil)
}

// TestChangeIsSeenByWaitingPoll checks that a waiting Poll reports descriptors and events
// that are added during the wait, and no descriptors that are unregistered.
func TestChangeIsSeenByWaitingPoll(t *testing.T) {
	for _, v := range []struct {
		name   string
		before []Events // the mask of r; none if it is not registered
		change func(p *Poller, r, other int) error
	}{
		{"Register", nil, func(p *Poller, r, other int) error { return p.Register(r, POLLIN) }},
		{"RegisterConn", nil, func(p *Poller, r, other int) error { _, err := p.RegisterConn(fdConn(r), POLLIN); return err }},
		{"Modify", []Events{0}, func(p *Poller, r, other int) error { return p.Modify(r, POLLIN) }},
		{"Register again", []Events{0}, func(p *Poller, r, other int) error { return p.Register(r, POLLIN) }},
		{"Register again, reopened", []Events{POLLIN}, func(p *Poller, r, other int) error {
			return errors.Join(dup2(other, r), p.Register(r, POLLIN))
		}},
		{"Unregister, reopened", []Events{POLLIN}, func(p *Poller, r, other int) error {
			return errors.Join(p.Unregister(r), dup2(other, r))
		}},
	} {
		t.Run("change="+v.name, func(t *testing.T) {
			watchdog(t, soon)
			r, w := newPipe(t)
			other, otherW := newPipe(t)
			mustWrite(t, otherW, "x")
			idle, idleW := newPipe(t)
			p := newPoller(t, []int{idle}, POLLIN)
			if v.before != nil {
				must(t, p.Register(r, v.before...))
			}
			if !slices.Equal(v.before, []Events{POLLIN}) {
				mustWrite(t, w, "x")
			}
			c := goPoll(p, Forever)
			must(t, v.change(p, r, other))
			want := Ready{Fd: r, Events: POLLIN}
			want.Value, _ = held(p, r)
			if _, ok := p.Registered(r); !ok {
				want.Fd = idle
				mustWrite(t, idleW, "x")
			}
			(<-c).want(t, nil, want)
		})
	}
}

// growAndShrink makes the set so large that its list is reallocated, and small again.
func growAndShrink(p *Poller) (err error) {
	for fd := 1 << 20; fd < 1<<20+1000; fd++ {
		err = errors.Join(err, p.Register(fd, POLLIN))
	}
	for fd := 1 << 20; fd < 1<<20+1000; fd++ {
		err = errors.Join(err, p.Unregister(fd))
	}
	return err
}

// TestChangesAfterKernelAnswered checks that changes take effect even if they come after
// the system call has returned and before Poll has read its result.
func TestChangesAfterKernelAnswered(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(p *Poller, r, other int) error
		want   Events
	}{
		{"change=none", func(p *Poller, r, other int) error { return nil }, POLLIN},
		{"change=unregister", func(p *Poller, r, other int) error { return p.Unregister(r) }, 0},
		{"change=unregister,register", func(p *Poller, r, other int) error {
			return errors.Join(p.Unregister(r), dup2(other, r), p.Register(r, POLLIN))
		}, 0},
		{"change=unregister,register-many", func(p *Poller, r, other int) error {
			return errors.Join(p.Unregister(r), dup2(other, r), p.Register(r, POLLIN), growAndShrink(p))
		}, 0},
		{"change=register-many,unregister", func(p *Poller, r, other int) error {
			return errors.Join(growAndShrink(p), p.Unregister(r))
		}, 0},
		{"change=modify", func(p *Poller, r, other int) error { return p.Modify(r, POLLPRI) }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, w := newPipe(t)
			other, _ := newPipe(t)
			var p Poller
			for fd := 1 << 21; fd < 1<<21+3; fd++ { // r is neither first nor last
				must(t, p.Register(fd, 0))
			}
			must(t, p.Register(r, POLLIN))
			for fd := 1 << 21; fd < 1<<21+3; fd++ {
				must(t, p.Unregister(fd))
			}
			must(t, p.Register(other, POLLIN))
			mustWrite(t, w, "x")

			// A Poll step by step.
			p.mu.Lock()
			p.polling = true
			must(t, p.prepare(false))
			p.mu.Unlock()
			if n, err := Poll(p.asked[1:], 0); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			must(t, tt.change(&p, r, other))
			p.mu.Lock()
			p.report(1)
			p.polling = false
			p.mu.Unlock()

			got := pollResult{p.ready, nil}
			if tt.want == 0 {
				got.want(t, nil)
			} else {
				got.want(t, nil, Ready{Fd: r, Events: tt.want})
			}
		})
	}
}

// TestUnregisteredIsReleased checks that a waiting Poll releases a file that is
// unregistered and closed: Linux keeps a file open while a call waits on it.
func TestUnregisteredIsReleased(t *testing.T) {
	watchdog(t, soon)
	idle, _ := newPipe(t)
	for tries := 1; tries <= 20 || holdsFiles; tries++ {
		r, w := newPipe(t)
		p := newPoller(t, []int{idle}, POLLIN)
		must(t, p.Register(w, 0))
		c := goPoll(p, Forever)
		for i := 0; i < tries; i++ {
			runtime.Gosched()
		}
		closeFd(t, w)
		held, err := Wait(r, POLLIN, 0)
		must(t, err)
		must(t, p.Unregister(w))
		if got, err := Wait(r, POLLIN, Forever); got != endOfPipe(POLLIN) || err != nil {
			t.Fatalf("the other end: %v, %v, want %v", got, err, endOfPipe(POLLIN))
		}
		must(t, p.Wake())
		got := <-c
		must(t, got.err)
		if held == 0 && len(got.ready) == 0 {
			t.Logf("Poll held the file on try %d", tries)
			return
		}
		// Poll was outside the kernel when w was closed, or the kernel has reported
		// POLLNVAL.
	}
	t.Log("Poll never held the file")
}
