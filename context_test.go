//go:build linux || darwin || freebsd || netbsd

// Tests of contexts: WaitContext and PollContext.

package poll

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// contextCalls are the calls that wait for POLLIN on one descriptor until a context is
// done.
var contextCalls = []struct {
	name string
	call func(ctx context.Context, fd int) (Events, error)
}{
	{"WaitContext", func(ctx context.Context, fd int) (Events, error) { return WaitContext(ctx, fd, POLLIN) }},
	{"PollContext", func(ctx context.Context, fd int) (Events, error) {
		var p Poller
		defer p.Close()
		if err := p.Register(fd, POLLIN); err != nil {
			return 0, err
		}
		ready, err := p.PollContext(ctx)
		if len(ready) == 0 {
			return 0, err
		}
		return ready[0].Events, err
	}},
}

// An ownContext has a type that package context does not know, and its own error.
type ownContext struct {
	context.Context
	done chan struct{}
	err  atomic.Value
}

func newOwnContext() *ownContext {
	return &ownContext{Context: context.Background(), done: make(chan struct{})}
}

func (c *ownContext) end(err error) {
	c.err.Store(err)
	close(c.done)
}
func (c *ownContext) Done() <-chan struct{} { return c.done }
func (c *ownContext) Err() error {
	err, _ := c.err.Load().(error)
	return err
}

// signalWaits returns a channel that receives a value when a call waits.
func signalWaits(t *testing.T) <-chan struct{} {
	waiting := make(chan struct{}, 1)
	onWait(t, func() {
		select {
		case waiting <- struct{}{}:
		default:
		}
	})
	return waiting
}

// TestContextReady checks that a call returns descriptors that are ready before the wait or
// become ready during it, with any context that is not done.
func TestContextReady(t *testing.T) {
	background := context.Background()
	cancelable, cancel := context.WithCancel(background)
	defer cancel()
	deadline, cancel := context.WithTimeout(background, time.Hour)
	defer cancel()
	for _, v := range []struct {
		name string
		ctx  context.Context
	}{
		{"background", background},
		{"value", context.WithValue(background, new(int), 1)},
		{"cancelable", cancelable},
		{"deadline", deadline},
		{"own type", newOwnContext()},
	} {
		for _, c := range contextCalls {
			t.Run("call="+c.name+"/ctx="+v.name, func(t *testing.T) {
				watchdog(t, soon)
				r, w := newPipe(t)
				waiting := signalWaits(t)
				go func() {
					<-waiting
					mustWrite(t, w, "x")
				}()
				for i := 0; i < 2; i++ { // the second call finds r ready
					if got, err := c.call(v.ctx, r); got != POLLIN || err != nil {
						t.Errorf("%v, %v, want POLLIN", got, err)
					}
				}
				closeFd(t, w)
				readAll(r)
				// It is not asked for.
				if got, err := c.call(v.ctx, r); got&POLLHUP == 0 || err != nil {
					t.Errorf("%v, %v, want POLLHUP", got, err)
				}
			})
		}
	}
}

// TestContextDone checks that a call returns ctx.Err() unchanged if ctx is done before the
// wait or during it.
func TestContextDone(t *testing.T) {
	background := context.Background()
	mine, cause := errors.New("mine"), errors.New("the cause")
	const timeout = 5 * time.Millisecond
	for _, v := range []struct {
		name string
		make func() (ctx context.Context, end func())
		want error
	}{
		{"cancel", func() (context.Context, func()) {
			ctx, cancel := context.WithCancel(background)
			return ctx, cancel
		}, context.Canceled},
		{"cancel of the parent", func() (context.Context, func()) {
			parent, cancel := context.WithCancel(background)
			ctx, stop := context.WithTimeout(parent, time.Hour)
			return ctx, func() { cancel(); stop() }
		}, context.Canceled},
		{"cause", func() (context.Context, func()) {
			ctx, cancel := context.WithCancelCause(background)
			return ctx, func() { cancel(cause) }
		}, context.Canceled},
		{"deadline", func() (context.Context, func()) {
			ctx, cancel := context.WithTimeout(background, timeout)
			t.Cleanup(cancel)
			return ctx, func() {}
		}, context.DeadlineExceeded},
		{"own type", func() (context.Context, func()) {
			ctx := newOwnContext()
			return ctx, func() { ctx.end(mine) }
		}, mine},
	} {
		for _, c := range contextCalls {
			t.Run("call="+c.name+"/ctx="+v.name, func(t *testing.T) {
				watchdog(t, soon)
				r, w := newPipe(t)
				waiting := signalWaits(t)
				start := time.Now()
				ctx, end := v.make()
				go func() {
					select {
					case <-waiting:
					case <-ctx.Done(): // the deadline has passed before the wait
					}
					end()
				}()
				got, err := c.call(ctx, r)
				if got != 0 || err != v.want {
					t.Errorf("during the wait: %v, %v, want 0, %v", got, err, v.want)
				}
				if took := time.Since(start); v.want == context.DeadlineExceeded && took < timeout {
					t.Errorf("the deadline has passed after %v", took)
				}
				<-ctx.Done()
				mustWrite(t, w, "x")
				if got, err := c.call(ctx, r); got != 0 || err != v.want {
					t.Errorf("before the wait: %v, %v, want 0, %v", got, err, v.want)
				}
			})
		}
	}
}

// A countingContext counts the functions that wait for it (context.AfterFunc).
type countingContext struct {
	*ownContext
	functions atomic.Int32
}

func (c *countingContext) AfterFunc(func()) (stop func() bool) {
	c.functions.Add(1)
	return func() bool { c.functions.Add(-1); return true }
}

// TestContextLeavesNothing checks that no call, however it ends, leaves a descriptor or a
// goroutine behind, or a function in a context that is not done.
func TestContextLeavesNothing(t *testing.T) {
	watchdog(t, 2*soon)
	r, w := newPipe(t)
	descriptors, goroutines := openFds(t), runtime.NumGoroutine()
	// All calls share it, as in a server.
	long, end := context.WithCancel(context.Background())
	defer end()
	own := newOwnContext()
	counting := &countingContext{ownContext: own}
	waiting := signalWaits(t)
	for i := scaled(2000, 5); i > 0; i-- {
		ctx, cancel := context.WithCancel(long)
		used := []context.Context{ctx, long, ctx, own, counting, ctx}[i%6]
		write, done := i%6 != 2, i%6 == 2 || i%6 == 5
		before := i%6 == 0 // the descriptor is ready before the call
		select {
		case <-waiting:
		default:
		}
		ends := make(chan struct{})
		go func() {
			defer close(ends)
			if before {
				return
			}
			<-waiting
			if write {
				mustWrite(t, w, "x")
			}
			if done {
				cancel()
			}
		}()
		if before {
			mustWrite(t, w, "x")
		}
		got, err := contextCalls[i/6%2].call(used, r)
		switch {
		case write && got == POLLIN && err == nil:
		case done && got == 0 && err == context.Canceled:
		default:
			t.Fatalf("call %d, written %v, done %v: %v, %v", i, write, done, got, err)
		}
		<-ends
		readAll(r)
		cancel()
	}
	if now := openFds(t); now != descriptors {
		t.Errorf("%d descriptors, and %d before", now, descriptors)
	}
	if n := counting.functions.Load(); n != 0 {
		t.Errorf("%d functions still wait for the context", n)
	}
	for runtime.NumGoroutine() > goroutines {
		// Wait until the last goroutines have ended, or the watchdog ends the run.
		runtime.Gosched()
	}
}

// TestContextFunctionEnds checks that PollContext waits for the function that it passed to
// context.AfterFunc if that has started: otherwise the function could use the Waker later.
func TestContextFunctionEnds(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	p := newPoller(t, []int{r}, POLLIN)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := goCall(p, func() ([]Ready, error) { return p.PollContext(ctx) })

	p.wake.mu.Lock() // the function needs it
	cancel()
	mustWrite(t, w, "x") // ends the wait in the kernel
	for start := time.Now(); time.Since(start) < 5*time.Millisecond; {
		runtime.Gosched()
	}
	early := len(c) != 0
	p.wake.mu.Unlock()
	(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
	if early {
		t.Error("PollContext has returned before the function of its context")
	}
}

// TestPollContext checks PollContext with a nil ctx, with one that is done, which must not
// use up a Wake, and with one that is done at the same time as something is ready.
func TestPollContext(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	ctx, cancel := context.WithCancel(context.Background())
	var none context.Context
	p := newPoller(t, nil, 0)
	_, err := p.PollContext(none)
	wantError(t, err, "poll", -1, syscall.EINVAL)
	must(t, p.Register(r, POLLIN))
	c := goCall(p, func() ([]Ready, error) { return p.PollContext(ctx) })
	_, err = p.PollContext(ctx)
	wantError(t, err, "poll", -1, ErrConcurrentPoll)

	p.mu.Lock() // so that Poll sees both at the same time
	mustWrite(t, w, "x")
	cancel()
	p.mu.Unlock()
	(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})

	must(t, p.Wake())
	if ready, err := p.PollContext(ctx); len(ready) != 0 || err != context.Canceled {
		t.Errorf("%v, %v, want %v although fd %d is ready", ready, err, context.Canceled, r)
	}
	readAll(r)
	(<-goPoll(p, Forever)).want(t, nil) // the Wake
}

// TestWaitContextPollsFirst checks that WaitContext makes no Waker if something is ready,
// so it works even if no descriptor is left.
func TestWaitContextPollsFirst(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	limitFds(t)
	if got, err := WaitContext(ctx, r, POLLIN); got != POLLIN || err != nil {
		t.Errorf("ready: %v, %v, want POLLIN", got, err)
	}
	readAll(r)
	got, err := WaitContext(ctx, r, POLLIN)
	wantError(t, err, "open", -1, syscall.EMFILE)
	if got != 0 {
		t.Errorf("%v, %v, want 0", got, err)
	}
}

// TestWaitContextNumberReused checks that POLLNVAL is reported if the descriptor is closed
// before the call makes its Waker, even if the Waker gets the same number.
func TestWaitContextNumberReused(t *testing.T) {
	for holes := 0; holes <= 2; holes++ {
		t.Run(fmt.Sprintf("lower=%d", holes), func(t *testing.T) {
			watchdog(t, soon)
			collectGarbage(t) // so that no descriptor is freed later
			var lower []int
			for i := 0; i < holes; i++ {
				r, _ := newPipe(t)
				lower = append(lower, r)
			}
			fd, _ := newPipe(t)
			for filled := false; !filled; { // use up all numbers below fd
				n, _ := newPipe(t)
				filled = n > fd
			}
			for _, n := range lower {
				closeFd(t, n)
			}
			calls := 0
			onCall(t, func(bool, time.Duration) (n int, errno syscall.Errno, done bool) {
				calls++
				if calls == 1 { // nothing was ready; now fd is closed
					closeFd(t, fd)
				}
				return 0, 0, calls == 1
			})
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if got, err := WaitContext(ctx, fd, POLLIN); got != POLLNVAL || err != nil {
				t.Errorf("%v, %v, want POLLNVAL", got, err)
			}
			if isOpen(fd) {
				t.Errorf("fd %d is open afterwards", fd)
			}
		})
	}
}

// TestWaitContextStolen checks that a wait goes on if another file has got the number of
// the descriptor that WaitContext has opened, and that WaitContext does not close that
// file.
func TestWaitContextStolen(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	hungUp, w := newPipe(t)
	closeFd(t, w)
	collectGarbage(t) // so that no descriptor is freed later
	n, err := syscall.Dup(r)
	must(t, err)
	must(t, syscall.Close(n)) // WaitContext will get it
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	waits := 0
	onWait(t, func() {
		waits++
		if waits > 1 {
			cancel()
		} else if open := isOpen(n); dup2(hungUp, n) != nil || !open {
			t.Errorf("it has not opened %d", n)
			cancel()
		}
	})
	if got, err := WaitContext(ctx, r, POLLIN); got != 0 || err != context.Canceled {
		t.Errorf("%v, %v, want 0, %v", got, err, context.Canceled)
	}
	if got, err := Wait(own(t, n), POLLIN, 0); got != endOfPipe(POLLIN) || err != nil {
		t.Errorf("the other file: %v, %v, want %v", got, err, endOfPipe(POLLIN))
	}
}

// TestContextDoneWhileLocked checks that PollContext reports what was registered after the
// call had begun and before its context was done, even if both happen while it waits for
// the lock.
func TestContextDoneWhileLocked(t *testing.T) {
	watchdog(t, soon)
	_, ready := newPipe(t)
	p := newPoller(t, nil, 0)
	ctx, cancel := context.WithCancel(context.Background())
	p.mu.Lock()
	c := make(chan pollResult)
	go func() {
		got, err := p.PollContext(ctx)
		c <- pollResult{got, err}
	}()
	stacks := make([]byte, 1<<20)
	for blocked := false; !blocked; runtime.Gosched() {
		for _, g := range strings.Split(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
			blocked = blocked || strings.Contains(g, ".(*Poller).poll(") && strings.Contains(g, ".(*Mutex).Lock")
		}
	}
	p.set.modify(p.set.add(ready), POLLOUT) // as Register does
	cancel()
	p.mu.Unlock()
	(<-c).want(t, nil, Ready{Fd: ready, Events: POLLOUT})
}

// A brokenContext calls fail in a method, from a call on.
type brokenContext struct {
	*ownContext
	dones, values, stops int // how many calls come before that; -1 for never
	fail                 func()
}

func (c *brokenContext) count(left *int) {
	if *left == 0 {
		c.fail()
	}
	*left--
}

func (c *brokenContext) Done() <-chan struct{} { c.count(&c.dones); return c.ownContext.Done() }
func (c *brokenContext) Value(key any) any     { c.count(&c.values); return nil }
func (c *brokenContext) AfterFunc(func()) (stop func() bool) {
	return func() bool { c.count(&c.stops); return true }
}

// TestContextBreaks checks that a Poller is as usable as before, and Close frees its Waker,
// after a context's method has panicked or has ended the goroutine that calls PollContext.
func TestContextBreaks(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	for _, v := range []struct {
		name                 string
		dones, values, stops int
	}{
		{"Done, the first", 0, -1, -1},
		{"Done, the second", 1, -1, -1},
		{"Done, the third", 2, -1, -1},
		{"Value", -1, 0, -1},
		{"stop", -1, -1, 0},
	} {
		for name, fail := range map[string]func(){"panic": func() { panic("broken") }, "Goexit": runtime.Goexit} {
			t.Run("method="+v.name+"/by="+name, func(t *testing.T) {
				before := openFds(t)
				p := newPoller(t, []int{r}, POLLIN)
				ctx := &brokenContext{newOwnContext(), v.dones, v.values, v.stops, fail}
				broken := make(chan bool)
				go func() {
					returned := false
					defer func() {
						recover()
						broken <- !returned
					}()
					waitsAtOnce(p)
					p.PollContext(ctx)
					returned = true
				}()
				if !<-broken {
					t.Fatal("PollContext has returned")
				}
				wantPoll(t, p, 0, Ready{Fd: r, Events: POLLIN})
				must(t, p.Disable(r))
				c := goPoll(p, Forever)
				must(t, p.Modify(r, POLLIN))
				(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
				must(t, p.Close())
				if after := openFds(t); after != before {
					t.Errorf("%d descriptors before, %d after", before, after)
				}
			})
		}
	}
}
