//go:build linux || darwin || freebsd

// The tests of Wait and WaitContext.

package poll

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// onCall has f asked before every system call until the test is over. f returns
// true if it takes the place of the call.
func onCall(tb testing.TB, f func(isPoll bool, timeout time.Duration) (n int, errno syscall.Errno, done bool)) {
	tb.Helper()
	old := testCall
	testCall = f
	tb.Cleanup(func() { testCall = old })
}

// onWait has f called before every system call that waits, until the test is over.
func onWait(tb testing.TB, f func()) {
	tb.Helper()
	onCall(tb, func(_ bool, timeout time.Duration) (int, syscall.Errno, bool) {
		if timeout != 0 {
			f()
		}
		return 0, 0, false
	})
}

// TestWaitTimeout checks that Wait returns 0 when the time is up, and never earlier.
func TestWaitTimeout(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	for _, timeout := range []time.Duration{
		0, 1, 999, time.Microsecond, 100 * time.Microsecond, time.Millisecond, 1500 * time.Microsecond, 20*time.Millisecond + 1,
	} {
		t.Run(fmt.Sprintf("timeout=%v", timeout), func(t *testing.T) {
			for i := 0; i < 3; i++ {
				start := time.Now()
				got, err := Wait(r, POLLIN, timeout)
				if took := time.Since(start); got != 0 || err != nil || took < timeout {
					t.Errorf("%v, %v after %v, want 0", got, err, took)
				}
				if got, err := Wait(w, POLLOUT|POLLIN, timeout); got != POLLOUT || err != nil {
					t.Errorf("ready: %v, %v, want POLLOUT", got, err)
				}
			}
		})
	}
}

// TestWaitUntilReady checks that Wait and WaitContext wait until there is something
// to report, whatever the timeout or context that permits it.
func TestWaitUntilReady(t *testing.T) {
	background := context.Background()
	wait := func(timeout time.Duration) func(fd int) (Events, error) {
		return func(fd int) (Events, error) { return Wait(fd, POLLIN, timeout) }
	}
	within := func(ctx context.Context) func(fd int) (Events, error) {
		return func(fd int) (Events, error) { return WaitContext(ctx, fd, POLLIN) }
	}
	cancellable, cancel := context.WithCancel(background)
	defer cancel()
	deadline, cancel := context.WithTimeout(background, time.Hour)
	defer cancel()
	for _, v := range []struct {
		name string
		wait func(fd int) (Events, error)
	}{
		{"Forever", wait(Forever)},
		{"-1h", wait(-time.Hour)},
		{"MinInt64", wait(math.MinInt64)},
		{"1h", wait(time.Hour)},
		{"1h1ns", wait(time.Hour + 1)},
		{"MaxInt64", wait(math.MaxInt64)},
		{"background", within(background)},
		{"value", within(context.WithValue(background, new(int), 1))},
		{"cancellable", within(cancellable)},
		{"deadline", within(deadline)},
	} {
		t.Run("until="+v.name, func(t *testing.T) {
			watchdog(t, soon)
			r, w := newPipe(t)
			var written atomic.Bool
			var waited atomic.Int32
			onWait(t, func() {
				if waited.Add(1) == 1 {
					go func() {
						written.Store(true)
						mustWrite(t, w, "x")
					}()
				}
			})
			got, err := v.wait(r)
			if got != POLLIN || err != nil || !written.Load() {
				t.Errorf("%v, %v, want POLLIN; written: %v", got, err, written.Load())
			}
			if got, err := v.wait(r); got != POLLIN || err != nil { // ready already
				t.Errorf("%v, %v, want POLLIN", got, err)
			}
			closeFd(t, w)
			readAll(r)
			if got, err := v.wait(r); got&POLLHUP == 0 || err != nil { // not asked for
				t.Errorf("%v, %v, want POLLHUP", got, err)
			}
		})
	}
}

// TestWaitClosed checks that a descriptor that is not open is POLLNVAL, whatever is
// asked and however long.
func TestWaitClosed(t *testing.T) {
	watchdog(t, soon)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, fd := range []int{closedFd(t), math.MaxInt32} {
		for _, events := range []Events{POLLIN, POLLPRI, 0xffff} {
			for _, timeout := range []time.Duration{0, Forever, time.Hour, time.Hour + 1} {
				if got, err := Wait(fd, events, timeout); got != POLLNVAL || err != nil {
					t.Errorf("Wait(%d, %v, %v) = %v, %v, want POLLNVAL", fd, events, timeout, got, err)
				}
			}
			for _, ctx := range []context.Context{context.Background(), ctx} {
				if got, err := WaitContext(ctx, fd, events); got != POLLNVAL || err != nil {
					t.Errorf("WaitContext(%v, %d, %v) = %v, %v, want POLLNVAL", ctx, fd, events, got, err)
				}
			}
		}
	}
}

// TestWaitArguments checks the errors of arguments, which come before a done
// context, and that nothing is polled then.
func TestWaitArguments(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	calls := 0
	onCall(t, func(bool, time.Duration) (int, syscall.Errno, bool) {
		calls++
		return 0, 0, false
	})
	background := context.Background()
	done, cancel := context.WithCancel(background)
	cancel()
	bad := []int{-1, -2, math.MinInt32}
	if big := int64(math.MaxInt32) + 1; int64(int(big)) == big {
		bad = append(bad, int(big), int(2*big), math.MaxInt, math.MinInt)
	}
	for _, fd := range bad {
		for _, timeout := range []time.Duration{0, time.Millisecond, Forever} {
			got, err := Wait(fd, POLLIN, timeout)
			wantError(t, err, "poll", fd, syscall.EBADF)
			if got != 0 {
				t.Errorf("Wait(%d) = %v", fd, got)
			}
		}
		for _, ctx := range []context.Context{background, done, nil} {
			got, err := WaitContext(ctx, fd, POLLIN)
			wantError(t, err, "poll", fd, syscall.EBADF)
			if got != 0 {
				t.Errorf("WaitContext(%d) = %v", fd, got)
			}
		}
	}
	var none context.Context
	got, err := WaitContext(none, r, POLLIN)
	wantError(t, err, "poll", r, syscall.EINVAL)
	if got != 0 || errors.Is(err, ErrTooManyFds) {
		t.Errorf("WaitContext(nil) = %v, %v", got, err)
	}
	if got, err := WaitContext(done, r, POLLIN); got != 0 || err != context.Canceled {
		t.Errorf("done, although fd is ready: %v, %v, want 0, %v", got, err, context.Canceled)
	}
	if got, err := WaitContext(done, closedFd(t), POLLIN); got != 0 || err != context.Canceled {
		t.Errorf("done, and fd is closed: %v, %v, want 0, %v", got, err, context.Canceled)
	}
	if calls != 0 {
		t.Errorf("%d system calls, want none", calls)
	}
}

// A strangeContext is one that the context package knows nothing about, with an
// error of its own.
type strangeContext struct {
	context.Context
	done chan struct{}
	err  atomic.Value
}

func newStrangeContext() *strangeContext {
	return &strangeContext{Context: context.Background(), done: make(chan struct{})}
}

func (c *strangeContext) end(err error) {
	c.err.Store(err)
	close(c.done)
}
func (c *strangeContext) Done() <-chan struct{} { return c.done }
func (c *strangeContext) Err() error {
	err, _ := c.err.Load().(error)
	return err
}

// TestWaitContextDone checks that WaitContext returns ctx.Err() as it is, if ctx is
// done before the wait or during it.
func TestWaitContextDone(t *testing.T) {
	background := context.Background()
	mine, cause := errors.New("mine"), errors.New("the cause")
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
			ctx, cancel := context.WithTimeout(background, 5*time.Millisecond)
			t.Cleanup(cancel)
			return ctx, func() {}
		}, context.DeadlineExceeded},
		{"own type", func() (context.Context, func()) {
			ctx := newStrangeContext()
			return ctx, func() { ctx.end(mine) }
		}, mine},
	} {
		t.Run("ctx="+v.name, func(t *testing.T) {
			watchdog(t, soon)
			r, w := newPipe(t)
			start := time.Now()
			ctx, end := v.make()
			waiting := make(chan struct{}, 1)
			onWait(t, func() {
				select {
				case waiting <- struct{}{}:
				default:
				}
			})
			ended := make(chan struct{})
			go func() {
				select {
				case <-waiting:
				case <-ctx.Done(): // the deadline has passed before the wait
				}
				end()
				close(ended)
			}()
			got, err := WaitContext(ctx, r, POLLIN)
			if got != 0 || err != v.want {
				t.Errorf("during the wait: %v, %v, want 0, %v", got, err, v.want)
			}
			if took := time.Since(start); v.want == context.DeadlineExceeded && took < 5*time.Millisecond {
				t.Errorf("the deadline has passed after %v", took)
			}
			<-ended
			<-ctx.Done()
			mustWrite(t, w, "x")
			if got, err := WaitContext(ctx, r, POLLIN); got != 0 || err != v.want {
				t.Errorf("before the wait: %v, %v, want 0, %v", got, err, v.want)
			}
		})
	}
}

// TestWaitContextPollsFirst checks that a call with something to report makes no
// Waker, which it could not when no descriptor is left.
func TestWaitContextPollsFirst(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	openFds(t) // has collected the garbage that might free a descriptor meanwhile
	defer limitFds(t)()
	if got, err := WaitContext(ctx, r, POLLIN); got != POLLIN || err != nil {
		t.Errorf("ready: %v, %v, want POLLIN", got, err)
	}
	readAll(r)
	got, err := WaitContext(ctx, r, POLLIN)
	wantError(t, err, "poll", r, syscall.EMFILE)
	if got != 0 {
		t.Errorf("%v, %v, want 0", got, err)
	}
}

// TestWaitMany checks that any number of goroutines may wait, for the same
// descriptor too.
func TestWaitMany(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	const each = 20
	errs := make(chan error, 3*each)
	for i := 0; i < each; i++ {
		for _, wait := range []func() (Events, error){
			func() (Events, error) { return Wait(r, POLLIN, Forever) },
			func() (Events, error) { return Wait(r, POLLIN, time.Hour) },
			func() (Events, error) { return WaitContext(ctx, r, POLLIN) },
		} {
			wait := wait
			go func() {
				got, err := wait()
				if got != POLLIN && err == nil {
					err = fmt.Errorf("%v, want POLLIN", got)
				}
				errs <- err
			}()
		}
	}
	runtime.Gosched()
	mustWrite(t, w, "x")
	for i := 0; i < cap(errs); i++ {
		must(t, <-errs)
	}
}

// TestWaitAllocates checks that Wait allocates nothing.
func TestWaitAllocates(t *testing.T) {
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	idle, _ := newPipe(t)
	for _, v := range []struct {
		fd      int
		timeout time.Duration
	}{{r, 0}, {r, Forever}, {r, time.Hour}, {r, time.Hour + 1}, {idle, 0}, {idle, 1}} {
		if n := testing.AllocsPerRun(200, func() { Wait(v.fd, POLLIN, v.timeout) }); n != 0 && !instrumented() {
			t.Errorf("fd %d, timeout %v: %v allocations, want 0", v.fd, v.timeout, n)
		}
	}
}

// A countingContext counts the functions that wait for it (context.AfterFunc).
type countingContext struct {
	*strangeContext
	functions atomic.Int32
}

func (c *countingContext) AfterFunc(func()) (stop func() bool) {
	c.functions.Add(1)
	return func() bool { c.functions.Add(-1); return true }
}

// TestWaitContextLeavesNothing checks that no descriptor and no goroutine stays
// behind, however the calls end, nor anything in a context that goes on.
func TestWaitContextLeavesNothing(t *testing.T) {
	watchdog(t, 2*soon)
	r, w := newPipe(t)
	descriptors, goroutines := openFds(t), runtime.NumGoroutine()
	long, end := context.WithCancel(context.Background()) // of all calls, as that of a server
	defer end()
	strange := newStrangeContext()
	counting := &countingContext{strangeContext: strange}
	waiting := make(chan struct{}, 1)
	onWait(t, func() {
		select {
		case waiting <- struct{}{}:
		default:
		}
	})
	for i := 0; i < 1000; i++ {
		ctx, cancel := context.WithCancel(long)
		var used context.Context = ctx
		want, wantErr := POLLIN, error(nil)
		ends := make(chan struct{})
		select {
		case <-waiting:
		default:
		}
		switch i % 6 {
		case 0: // is ready
			mustWrite(t, w, "x")
			close(ends)
		case 1: // gets ready
			used = long
			go func() { <-waiting; mustWrite(t, w, "x"); close(ends) }()
		case 2: // is cancelled
			want, wantErr = 0, context.Canceled
			go func() { <-waiting; cancel(); close(ends) }()
		case 3: // gets ready, with a context of an own type
			used = strange
			go func() { <-waiting; mustWrite(t, w, "x"); close(ends) }()
		case 5:
			used = counting
			go func() { <-waiting; mustWrite(t, w, "x"); close(ends) }()
		case 4: // both
			want = 0xffff
			go func() { <-waiting; mustWrite(t, w, "x"); cancel(); close(ends) }()
		}
		got, err := WaitContext(used, r, POLLIN)
		if want == 0xffff {
			want, wantErr = POLLIN, nil
			if err != nil {
				want, wantErr = 0, context.Canceled
			}
		}
		if got != want || err != wantErr {
			t.Fatalf("call %d: %v, %v, want %v, %v", i, got, err, want, wantErr)
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
		runtime.Gosched() // the last ones are on their way out, or the watchdog barks
	}
}

// TestWaitContextNumberReused checks that a descriptor that is closed before the
// call makes its Waker is POLLNVAL, also if the Waker gets its number.
func TestWaitContextNumberReused(t *testing.T) {
	for holes := 0; holes <= 2; holes++ {
		t.Run(fmt.Sprintf("lower=%d", holes), func(t *testing.T) {
			watchdog(t, soon)
			openFds(t) // has collected the garbage that might free a descriptor meanwhile
			var lower []int
			for i := 0; i < holes; i++ {
				r, _ := newPipe(t)
				lower = append(lower, r)
			}
			fd, _ := newPipe(t)
			for filled := false; !filled; { // fd shall be the lowest free number
				n, _ := newPipe(t)
				filled = n > fd
			}
			for _, n := range lower {
				closeFd(t, n)
			}
			calls := 0
			onCall(t, func(bool, time.Duration) (n int, errno syscall.Errno, done bool) {
				calls++
				if calls == 1 { // nothing is ready, and then fd is closed
					closeFd(t, fd)
					return 0, 0, true
				}
				return 0, 0, false
			})
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if got, err := WaitContext(ctx, fd, POLLIN); got != POLLNVAL || err != nil {
				t.Errorf("%v, %v, want POLLNVAL", got, err)
			}
			if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0); errno != syscall.EBADF {
				t.Errorf("fd %d afterwards: %v, want EBADF", fd, errno)
			}
		})
	}
}

// TestWaitContextStolen checks that a wait goes on if somebody closes the descriptor that
// WaitContext has opened.
func TestWaitContextStolen(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	openFds(t) // collects the garbage that might free a descriptor meanwhile
	n, err := syscall.Dup(r)
	must(t, err)
	must(t, syscall.Close(n)) // WaitContext will get it
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	waits := 0
	onCall(t, func(_ bool, timeout time.Duration) (int, syscall.Errno, bool) {
		if timeout == 0 {
			return 0, 0, false
		}
		waits++
		if waits > 1 {
			cancel()
		} else if err := syscall.Close(n); err != nil {
			t.Errorf("it has not opened %d: %v", n, err)
			cancel()
		}
		return 0, 0, false
	})
	if got, err := WaitContext(ctx, r, POLLIN); got != 0 || err != context.Canceled {
		t.Errorf("%v, %v, want 0, %v", got, err, context.Canceled)
	}
}
