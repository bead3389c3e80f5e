//go:build linux || darwin || freebsd || netbsd

// Tests of Waker.

package poll

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// newWaker returns a Waker that is closed at the end of the test.
func newWaker(tb testing.TB) *Waker {
	tb.Helper()
	w, err := NewWaker()
	must(tb, err)
	tb.Cleanup(func() { w.Close() })
	return w
}

// wantFlags checks that w is close-on-exec and non-blocking.
func wantFlags(t *testing.T, w *Waker) {
	t.Helper()
	for _, fd := range []int{w.r, w.w} {
		if flags := fcntl(t, fd, syscall.F_GETFD); flags&syscall.FD_CLOEXEC == 0 {
			t.Errorf("fd %d is not close-on-exec", fd)
		}
		if flags := fcntl(t, fd, syscall.F_GETFL); flags&syscall.O_NONBLOCK == 0 {
			t.Errorf("fd %d is blocking", fd)
		}
	}
}

// wantReadable checks whether fd reports POLLIN, with one call that does not wait.
func wantReadable(tb testing.TB, fd int, readable bool) {
	tb.Helper()
	want := Events(0)
	if readable {
		want = POLLIN
	}
	if got, err := Wait(fd, POLLIN, 0); got != want || err != nil {
		tb.Fatalf("fd %d: %v, %v, want %v", fd, got, err, want)
	}
}

// TestWakerLevel checks that a Waker reports POLLIN from Wake until Reset, to any number of
// waiters and calls, and that many Wakes count as one.
func TestWakerLevel(t *testing.T) {
	watchdog(t, soon)
	w := newWaker(t)
	wantReadable(t, w.Fd(), false)
	must(t, w.Reset()) // does not wait, although there was no Wake
	wantReadable(t, w.Fd(), false)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for round := 0; round < 20; round++ {
		calls := []func() (Events, error){func() (Events, error) { return WaitContext(ctx, w.Fd(), POLLIN) }}
		for i := 0; i < 10; i++ {
			s := entryPoints[i%len(entryPoints)].make(t, w.Fd(), POLLIN)
			calls = append(calls, func() (Events, error) { return s.poll(time.Hour) })
		}
		errs := make(chan error)
		for _, call := range calls {
			call := call
			go func() {
				var err error
				for i := 0; i < 3 && err == nil; i++ {
					var got Events
					if got, err = call(); got != POLLIN {
						err = fmt.Errorf("%v, %v, want POLLIN", got, err)
					}
				}
				errs <- err
			}()
		}
		if round%2 == 0 {
			// After this, most goroutines are waiting. The test passes even if none is.
			time.Sleep(time.Millisecond)
		}
		for i := 0; i < 1+100*(round%3); i++ {
			must(t, w.Wake())
		}
		for range calls {
			must(t, <-errs)
		}
		wantReadable(t, w.Fd(), true)
		must(t, w.Reset())
		wantReadable(t, w.Fd(), false)
	}
}

// TestWakerDescriptor checks that a Waker's descriptors are close-on-exec and non-blocking,
// and that Fd returns the same number until Close and then -1.
func TestWakerDescriptor(t *testing.T) {
	w := newWaker(t)
	if w.Fd() != w.r || w.Fd() < 0 {
		t.Fatalf("Fd() = %d, want %d", w.Fd(), w.r)
	}
	wantFlags(t, w)
	fd := w.Fd()
	must(t, w.Wake())
	must(t, w.Reset())
	if w.Fd() != fd {
		t.Errorf("Fd() = %d, and %d before", w.Fd(), fd)
	}
	fds := []int{w.r, w.w}
	must(t, w.Close())
	for _, fd := range fds {
		if isOpen(fd) {
			t.Errorf("fd %d is open after Close", fd)
		}
	}
}

// TestWakerClosed checks that every method of a closed Waker and of a zero Waker returns
// ErrClosed, except Fd, which returns -1.
func TestWakerClosed(t *testing.T) {
	closed := newWaker(t)
	must(t, closed.Close())
	woken := newWaker(t)
	must(t, woken.Wake())
	must(t, woken.Close())
	for _, v := range []struct {
		name string
		w    *Waker
	}{
		{"closed", closed},
		{"woken and closed", woken},
		{"zero", new(Waker)},
	} {
		t.Run("waker="+v.name, func(t *testing.T) {
			for i := 0; i < 2; i++ {
				for _, m := range []struct {
					op   string
					call func() error
				}{{"wake", v.w.Wake}, {"reset", v.w.Reset}, {"close", v.w.Close}} {
					err := m.call()
					wantError(t, err, m.op, -1, ErrClosed)
					if want := "poll: " + m.op + ": closed"; err == nil || err.Error() != want {
						t.Errorf("%v, want the text %q", err, want)
					}
				}
				if fd := v.w.Fd(); fd != -1 {
					t.Errorf("Fd() = %d, want -1", fd)
				}
			}
		})
	}
}

// TestWakerCloseRace checks that methods that race with Close do not use the descriptor
// after it is closed, when its number may belong to another file.
func TestWakerCloseRace(t *testing.T) {
	watchdog(t, 4*soon)
	rounds := scaled(1000, 10)
	reused := 0
	for i := 0; i < rounds; i++ {
		w, err := NewWaker()
		must(t, err)
		fd := w.Fd()
		var racing, over sync.WaitGroup
		var opened atomic.Bool // the number may belong to another file
		for _, call := range []func() error{w.Wake, w.Reset} {
			call := call
			racing.Add(1)
			over.Add(1)
			go func() {
				defer over.Done()
				racing.Done()
				for after := 0; after < 3; {
					if opened.Load() {
						after++
					}
					before := w.Fd()
					err := call()
					if before == -1 && err == nil {
						t.Error("closed, but no ErrClosed")
					}
					if e, ok := err.(*Error); err != nil && (!ok || e.Err != ErrClosed) {
						t.Errorf("%v, want ErrClosed", err)
					}
					if after > 0 || i%4 == 0 {
						runtime.Gosched()
					}
				}
			}()
		}
		racing.Wait()
		must(t, w.Close())
		// Each end of a socket pair can be read and written, so any use would be visible.
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		must(t, err)
		for _, s := range pair {
			if s == fd {
				reused++
			}
			must(t, syscall.SetNonblock(s, true))
			mustWrite(t, s, "x")
		}
		opened.Store(true)
		over.Wait()
		if fd := w.Fd(); fd != -1 {
			t.Errorf("Fd() = %d after Close", fd)
		}
		for _, s := range pair {
			var b [64]byte
			if n, err := syscall.Read(s, b[:]); n != 1 || b[0] != 'x' {
				t.Fatalf("another file's fd %d, once the Waker's fd %d, was read or written: %q, %v", s, fd, b[:max(n, 0)], err)
			}
		}
		for _, s := range pair {
			syscall.Close(s)
		}
	}
	t.Logf("the number was reused in %d of %d rounds", reused, rounds)
	if reused == 0 {
		t.Error("the number was never reused")
	}
}

// TestWakerNeverWaits checks that Wake never waits, not even after enough Wakes to fill a
// pipe, and that one Reset clears all of them.
func TestWakerNeverWaits(t *testing.T) {
	watchdog(t, 2*soon)
	const wakes = 100000 // a pipe holds 65,536 bytes
	w := newWaker(t)
	for _, n := range []int{wakes, 1, wakes} {
		for i := 0; i < n; i++ {
			if err := w.Wake(); err != nil {
				t.Fatalf("Wake %d: %v", i, err)
			}
		}
		wantReadable(t, w.Fd(), true)
		must(t, w.Reset())
		wantReadable(t, w.Fd(), false)
		must(t, w.Reset())
	}
}

// TestWakerGarbage checks that the garbage collector closes a Waker that was dropped, even
// if small objects next to it are in use, and closes no Waker that is in use.
func TestWakerGarbage(t *testing.T) {
	needFds(t, 130)
	watchdog(t, 2*soon)
	w := newWaker(t)
	fd := w.Fd()
	var neighbors []*int32
	before := openFds(t)
	made := make(chan error)
	go func() { // in a goroutine, so that no reference stays on this stack
		var err error
		for i := 0; i < 100 && err == nil; i++ {
			neighbors = append(neighbors, new(int32))
			_, err = NewWaker()
			neighbors = append(neighbors, new(int32))
		}
		made <- err
	}()
	must(t, <-made)
	for after := openFds(t); after > before; after = openFds(t) {
		runtime.Gosched() // until the Wakers are closed, or the watchdog ends the run
	}
	runtime.KeepAlive(neighbors)
	must(t, w.Wake())
	wantReadable(t, fd, true)
	runtime.KeepAlive(w)
}
