//go:build linux || darwin || freebsd

// The tests of changes of the set while a Poll is under way.

package poll

import (
	"bytes"
	"errors"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// churn registers, modifies and unregisters fds without pause until it is stopped.
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
				runtime.Gosched() // on one processor, Poll would run every 10 ms only
			}
		}
		n <- changes
	}()
	return func() int { over.Store(true); return <-n }
}

// TestChangesDuringWait checks that changes neither end a wait nor change its timeout.
func TestChangesDuringWait(t *testing.T) {
	watchdog(t, 4*soon)
	const timeout = 200 * time.Millisecond
	r, w := newPipe(t)
	a, _ := newPipe(t)
	b, _ := newPipe(t)
	var p Poller
	must(t, p.Register(r, POLLIN))
	stop := churn(&p, a, b)

	start := time.Now()
	got := <-goPoll(&p, timeout)
	if d := time.Since(start); d < timeout {
		t.Errorf("timeout=%v over after %v", timeout, d)
	} else if d > timeout+soon/3 {
		t.Errorf("timeout=%v over after %v: it starts again with every change", timeout, d)
	}
	got.want(t, nil)

	for i := 0; i < 50; i++ {
		c := goPoll(&p, Forever)
		mustWrite(t, w, "x")
		(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
		readAll(r)
	}
	t.Logf("%d changes", stop())
}

// TestTimeLeftAfterChanges checks that each round of a wait has the time that is left
// after those before.
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

// TestChangeEndsOneRound checks that what has ended one round of a wait does not end the
// next.
func TestChangeEndsOneRound(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	var p Poller
	must(t, p.Register(r, POLLIN))
	c := goPoll(&p, Forever)
	for i := 0; i < 10; i++ {
		must(t, p.Modify(r, POLLIN))
		for !isWaiting(&p) {
			runtime.Gosched()
		}
		fds := newArray([]int{p.wake.r}, POLLIN)
		if n, err := Poll(fds, 0); n != 0 || err != nil {
			t.Fatalf("Poll waits again with %v, %v", fds, err)
		}
	}
	must(t, p.Wake())
	(<-c).want(t, nil)
}

// TestDisturbedWait checks that a CPU profile's signals, garbage collections and changes
// do not disturb a wait.
func TestDisturbedWait(t *testing.T) {
	watchdog(t, 4*soon)
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err == nil {
		defer pprof.StopCPUProfile()
	}
	var over atomic.Bool
	var others sync.WaitGroup
	others.Add(1)
	go func() {
		defer others.Done()
		for !over.Load() {
			runtime.GC()
		}
	}()
	defer others.Wait()
	defer over.Store(true)

	r, w := newPipe(t)
	a, _ := newPipe(t)
	var p Poller
	must(t, p.Register(r, POLLIN))
	stop := churn(&p, a)
	defer stop()
	rng := random(t)
	for i := 0; i < 20; i++ {
		timeout := time.Duration(rng.Int63n(int64(20 * time.Millisecond)))
		start := time.Now()
		(<-goPoll(&p, timeout)).want(t, nil)
		if d := time.Since(start); d < timeout {
			t.Errorf("timeout=%v over after %v", timeout, d)
		}
		c := goPoll(&p, Forever)
		mustWrite(t, w, "x")
		(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
		readAll(r)
	}
}

// TestChangeIsSeenByWaitingPoll checks that a waiting Poll reports what is registered or
// asked for meanwhile.
func TestChangeIsSeenByWaitingPoll(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before func(p *Poller, ready int) error
		change func(p *Poller, ready int) error
	}{
		{"change=register",
			func(p *Poller, ready int) error { return nil },
			func(p *Poller, ready int) error { return p.Register(ready, POLLIN) }},
		{"change=modify",
			func(p *Poller, ready int) error { return p.Register(ready, 0) },
			func(p *Poller, ready int) error { return p.Modify(ready, POLLIN) }},
		{"change=register-again",
			func(p *Poller, ready int) error { return p.Register(ready, 0) },
			func(p *Poller, ready int) error { return p.Register(ready, POLLIN) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			watchdog(t, soon)
			idle, _ := newPipe(t)
			r, w := newPipe(t)
			mustWrite(t, w, "x")
			var p Poller
			must(t, p.Register(idle, POLLIN))
			must(t, tt.before(&p, r))
			c := goPoll(&p, Forever)
			must(t, tt.change(&p, r))
			(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
		})
	}
}

// TestRegisterReopenedDuringWait checks that registering a number that has been closed
// and opened anew makes a waiting Poll watch the new file.
func TestRegisterReopenedDuringWait(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	r2, w2 := newPipe(t)
	var p Poller
	must(t, p.Register(r, POLLIN))
	c := goPoll(&p, Forever)
	must(t, dup2(r2, r))
	must(t, p.Register(r, POLLIN))
	mustWrite(t, w2, "x")
	(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
}

// TestUnregisterDuringWait checks that no Poll that returns after Unregister names the
// registration, even though the kernel still polls it, and even if its number is
// registered anew.
func TestUnregisterDuringWait(t *testing.T) {
	watchdog(t, 4*soon)
	rounds := scaled(3000, 30)
	for _, again := range []bool{false, true} {
		r, w := newPipe(t)
		idle, _ := newPipe(t)
		keep, wake := newPipe(t)
		saved := dupFd(t, r, 0)
		var p Poller
		must(t, p.Register(keep, POLLIN))
		for i := 0; i < rounds; i++ {
			must(t, p.Register(r, POLLIN))
			c := goPoll(&p, Forever)
			if i%2 == 0 {
				runtime.Gosched() // sometimes it has entered the kernel, sometimes not
			}
			must(t, p.Unregister(r))
			if again {
				must(t, dup2(idle, r))
				must(t, p.Register(r, POLLIN))
			}
			mustWrite(t, w, "x") // the old registration becomes ready
			mustWrite(t, wake, "x")
			(<-c).want(t, nil, Ready{Fd: keep, Events: POLLIN})
			readAll(saved)
			readAll(keep)
			if again {
				must(t, p.Unregister(r))
				must(t, dup2(saved, r))
			}
		}
	}
}

// TestChangesAfterKernelAnswered checks that changes count even if they come after the
// kernel's answer and before Poll has read it.
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
			err := errors.Join(p.Unregister(r), dup2(other, r), p.Register(r, POLLIN))
			for fd := 1 << 20; fd < 1<<20+1000; fd++ {
				err = errors.Join(err, p.Register(fd, POLLIN)) // the list is replaced
			}
			for fd := 1 << 20; fd < 1<<20+1000; fd++ {
				err = errors.Join(err, p.Unregister(fd))
			}
			return err
		}, 0},
		{"change=register-many,unregister", func(p *Poller, r, other int) error {
			err := error(nil)
			for fd := 1 << 20; fd < 1<<20+1000; fd++ {
				err = errors.Join(err, p.Register(fd, POLLIN)) // the list is replaced
			}
			return errors.Join(err, p.Unregister(r))
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

			// A Poll, step by step.
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

// TestUnregisteredIsReleased checks that a waiting Poll lets go of a file that is
// unregistered and closed, which Linux keeps open while it waits for it.
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
		// Poll was not in the kernel when w was closed, or has reported POLLNVAL.
	}
	t.Log("Poll never held the file")
}

// TestChangesDuringWaitTakeNoMemory checks that changes during a wait, which may be a
// long one, take no memory that grows with their number.
func TestChangesDuringWaitTakeNoMemory(t *testing.T) {
	watchdog(t, soon)
	var p Poller
	idle, _ := newPipe(t)
	must(t, p.Register(idle, POLLIN))
	for fd := 1 << 20; fd < 1<<20+10; fd++ {
		must(t, p.Register(fd, 0))
		must(t, p.Unregister(fd))
	}
	p.polling = true // as if Poll waited for as long
	for i := 0; i < 100000; i++ {
		must(t, p.Unregister(idle))
		must(t, p.Register(idle, POLLIN))
	}
	if cap(p.set.list) > 16 || len(p.set.heads) > 16 || p.Len() != 1 {
		t.Errorf("room for %d, %d chains, Len %d", cap(p.set.list), len(p.set.heads), p.Len())
	}
}
