//go:build linux || darwin || freebsd || netbsd

// Tests of the Poller: polling, waking, closing, and its own Waker.

package poll

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestReadyString checks the text of a Ready.
func TestReadyString(t *testing.T) {
	for _, v := range []struct {
		r    Ready
		want string
	}{
		{Ready{Fd: 3, Events: POLLIN | POLLHUP}, "fd 3: POLLIN|POLLHUP"},
		{Ready{Fd: math.MaxInt32, Events: POLLNVAL}, "fd 2147483647: POLLNVAL"},
		{Ready{}, "fd 0: 0"},
	} {
		if got := v.r.String(); got != v.want {
			t.Errorf("%#v.String() = %q, want %q", v.r, got, v.want)
		}
		if got := fmt.Sprint(v.r); got != v.want {
			t.Errorf("fmt.Sprint(%#v) = %q, want %q", v.r, got, v.want)
		}
	}
}

// TestReadySlice checks that a result does not change until the next Poll, which reuses its
// memory.
func TestReadySlice(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	p := newPoller(t, []int{r}, POLLIN)
	must(t, p.Register(w, POLLOUT))
	first, err := p.Poll(0)
	if len(first) != 2 || err != nil {
		t.Fatalf("%v, %v", first, err)
	}
	was := slices.Clone(first)
	must(t, p.Modify(r, POLLPRI))
	must(t, p.Unregister(w))
	must(t, growAndShrink(p))
	must(t, p.Wake())
	if !slices.Equal(first, was) {
		t.Errorf("%v became %v", was, first)
	}
	must(t, p.Modify(r, POLLIN))
	must(t, p.Register(w, POLLOUT))
	for _, timeout := range paths {
		next, err := p.Poll(timeout)
		if len(next) != 2 || err != nil || &next[0] != &first[0] {
			t.Errorf("Poll(%v) = %v, %v, at %p, want two at %p", timeout, next, err, next, first)
		}
	}
	must(t, p.Unregister(r))
	must(t, p.Unregister(w))
	wantPoll(t, p, 0)
}

// TestStopsAtTheLast checks that Poll stops searching the array when it has found as many
// results as poll(2) has counted.
func TestStopsAtTheLast(t *testing.T) {
	watchdog(t, soon)
	p := newPoller(t, nil, 0)
	for fd := 1000; fd < 1010; fd++ {
		p.Register(fd, POLLIN)
	}
	for _, timeout := range []time.Duration{0, Forever} {
		for want := 1; want <= 10; want++ {
			fakeCall(t, func(time.Duration) (int, syscall.Errno) {
				for i := range p.asked[1:] {
					p.asked[i+1].Revents = POLLIN
				}
				return want, 0
			})
			waitsAtOnce(p)
			if ready, err := p.Poll(timeout); len(ready) != want || err != nil {
				t.Errorf("Poll(%v) = %v, %v, want the first %d", timeout, ready, err, want)
			}
		}
	}
}

// TestArrayIsKept checks that the array for the kernel is rebuilt only after a change of
// the set.
func TestArrayIsKept(t *testing.T) {
	watchdog(t, soon)
	const mark Events = 0x4000 // has no meaning for a pipe
	idle, _ := newPipe(t)
	other, _ := newPipe(t)
	p := newPoller(t, []int{idle}, POLLIN)
	for _, v := range []struct {
		name    string
		rebuilt bool
		change  func() error
	}{
		{"none", false, func() error { return nil }},
		{"Wake", false, p.Wake},
		{"Attach", false, func() error { return p.Attach(idle, 1) }},
		{"Registered, Len", false, func() error { p.Registered(idle); p.Len(); return nil }},
		{"failed Modify", false, func() error { p.Modify(other, 0); return nil }},
		{"failed Unregister", false, func() error { p.Unregister(other); return nil }},
		{"failed Register", false, func() error { p.Register(-1); return nil }},
		{"Modify", true, func() error { return p.Modify(idle, POLLIN) }},
		{"Register", true, func() error { return p.Register(other, POLLIN) }},
		{"Unregister", true, func() error { return errors.Join(p.Register(other), p.Unregister(other)) }},
		{"Register again", true, func() error { return p.Register(idle, POLLIN) }},
		{"RegisterConn", true, func() error { _, err := p.RegisterConn(fdConn(idle), POLLIN); return err }},
	} {
		for _, timeout := range []time.Duration{0, 100 * time.Microsecond} {
			t.Run(fmt.Sprintf("change=%s/timeout=%v", v.name, timeout), func(t *testing.T) {
				waitsAtOnce(p)
				wantPoll(t, p, timeout) // from now on p has all it needs
				p.asked[1].Events |= mark
				must(t, v.change())
				waitsAtOnce(p)
				wantPoll(t, p, timeout)
				if rebuilt := p.asked[1].Events&mark == 0; rebuilt != v.rebuilt {
					t.Errorf("rebuilt: %v, want %v", rebuilt, v.rebuilt)
				}
				p.asked[1].Events &^= mark
				p.Unregister(other)
				must(t, p.Register(idle, POLLIN))
			})
		}
	}
}

// TestWake checks that any number of Wakes end one Poll: the waiting one, or otherwise the
// next one that would wait.
func TestWake(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	p := newPoller(t, []int{r}, POLLIN)
	wantNotWoken := func() {
		t.Helper()
		const timeout = 10 * time.Millisecond
		start := time.Now()
		(<-goPoll(p, timeout)).want(t, nil)
		if took := time.Since(start); took < timeout {
			t.Errorf("woken once more, after %v", took)
		}
	}
	for i := 0; i < 3; i++ { // these count as one
		must(t, p.Wake())
	}
	wantPoll(t, p, 0) // does not wait, so the Wake stays pending
	mustWrite(t, w, "x")
	// This call does not wait either.
	(<-goPoll(p, Forever)).want(t, nil, Ready{Fd: r, Events: POLLIN})
	readAll(r)
	must(t, p.Register(w, POLLIN)) // a change in between
	must(t, p.Unregister(w))
	(<-goPoll(p, Forever)).want(t, nil)
	wantNotWoken()

	for i := 0; i < 100; i++ {
		c := goPoll(p, Forever)
		must(t, p.Wake())
		(<-c).want(t, nil)
		mustWrite(t, w, "x")
		wantPoll(t, p, 0, Ready{Fd: r, Events: POLLIN}) // nothing of the Wake is left
		readAll(r)
	}
	wantNotWoken()
}

// TestWakeNeverLost checks that every Wake is followed by an empty return, whatever else
// happens.
func TestWakeNeverLost(t *testing.T) {
	watchdog(t, 4*soon)
	wakes := scaled(5000, 5)
	r, w := newPipe(t)
	idle, _ := newPipe(t)
	p := newPoller(t, []int{r}, POLLIN)

	var answered atomic.Int64
	var over atomic.Bool
	polled := make(chan error, 1)
	go func() {
		for !over.Load() {
			ready, err := p.Poll(Forever)
			if err != nil {
				polled <- err
				return
			}
			if len(ready) == 0 {
				answered.Add(1)
			}
			readAll(r)
		}
		polled <- nil
	}()
	var others sync.WaitGroup
	others.Add(1)
	go func() { // changes the set and writes
		defer others.Done()
		for !over.Load() {
			p.Register(idle, POLLIN)
			p.Modify(idle, POLLPRI)
			syscall.Write(w, []byte("x"))
			p.Unregister(idle)
			runtime.Gosched() // otherwise Poll would run only every 10 ms on one processor
		}
	}()
	for i := 0; i < wakes; i++ {
		before := answered.Load()
		must(t, p.Wake())
		for answered.Load() == before {
			runtime.Gosched()
		}
	}
	over.Store(true)
	others.Wait()
	must(t, p.Wake())
	must(t, <-polled)
	if got := answered.Load(); got > int64(wakes)+1 {
		t.Errorf("%d empty returns for %d wakes", got, wakes)
	}
}

// TestConcurrentPoll checks that a second Poll fails immediately while the first goes on.
func TestConcurrentPoll(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	p := newPoller(t, []int{r}, POLLIN)
	c := goPoll(p, Forever)
	for _, timeout := range []time.Duration{0, time.Hour, Forever} {
		if ready, err := p.Poll(timeout); !errors.Is(err, ErrConcurrentPoll) || len(ready) > 0 {
			t.Errorf("second Poll(%v) = %v, %v", timeout, ready, err)
		}
		if ready, err := p.PollContext(context.Background()); !errors.Is(err, ErrConcurrentPoll) || len(ready) > 0 {
			t.Errorf("second PollContext = %v, %v", ready, err)
		}
	}
	if !isWaiting(p) {
		t.Error("the first was disturbed")
	}
	mustWrite(t, w, "x")
	(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
	wantPoll(t, p, 0, Ready{Fd: r, Events: POLLIN})
}

// TestCloseWhileWaiting checks that Close ends a wait, and that every later call returns
// ErrClosed, even while the wait is ending.
func TestCloseWhileWaiting(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	before := openFds(t)
	var p Poller
	must(t, p.Register(r, POLLIN))
	c := goPoll(&p, Forever)
	must(t, p.Close())
	(<-c).want(t, ErrClosed)
	if after := openFds(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	wantClosed(t, &p, r) // also keeps p reachable until here

	var untouched Poller
	must(t, untouched.Close())
	wantClosed(t, &untouched, r)

	if !isOpen(r) {
		t.Errorf("fd %d was closed", r)
	}

	// ErrClosed takes precedence over ErrConcurrentPoll.
	during := newPoller(t, []int{r}, POLLIN)
	var once sync.Once // the kernel may be called again, after EAGAIN
	onWait(t, func() {
		once.Do(func() {
			must(t, during.Close())
			_, err := during.Poll(0)
			wantError(t, err, "poll", -1, ErrClosed)
		})
	})
	(<-goPoll(during, Forever)).want(t, ErrClosed)
}

// wantClosed checks that every method reports that p is closed.
func wantClosed(t *testing.T, p *Poller, fd int) {
	t.Helper()
	_, connErr := p.RegisterConn(fdConn(fd))
	_, pollErr := p.Poll(0)
	_, waitErr := p.Poll(Forever)
	done, cancel := context.WithCancel(context.Background())
	cancel()
	_, doneErr := p.PollContext(done)
	for _, v := range []struct {
		op  string
		fd  int
		err error
	}{
		{"register", fd, p.Register(fd)},
		{"register", -1, p.Register(-1)},
		{"register", fd, connErr},
		{"modify", fd, p.Modify(fd, 0)},
		{"disable", fd, p.Disable(fd)},
		{"attach", fd, p.Attach(fd, 0)},
		{"unregister", fd, p.Unregister(fd)},
		{"poll", -1, pollErr},
		{"poll", -1, waitErr},
		{"poll", -1, doneErr},
		{"wake", -1, p.Wake()},
		{"close", -1, p.Close()},
	} {
		wantError(t, v.err, v.op, v.fd, ErrClosed)
	}
	if events, ok := p.Registered(fd); events != 0 || ok || p.Len() != 0 {
		t.Errorf("after Close: Registered = %v, %v; Len = %d", events, ok, p.Len())
	}
}

// TestCloseRaces checks that Close ends all calls that race with it, and leaves no
// descriptor open.
func TestCloseRaces(t *testing.T) {
	watchdog(t, 4*soon)
	r, _ := newPipe(t)
	before := openFds(t)
	for i := scaled(500, 10); i > 0; i-- {
		p := new(Poller)
		var all sync.WaitGroup
		for _, f := range []func() error{
			func() error { _, err := p.Poll(Forever); return err },
			func() error { return p.Register(r, POLLIN) },
			func() error { return p.Wake() },
			func() error { return p.Unregister(r) },
			func() error { _, err := p.PollContext(context.Background()); return err },
		} {
			f := f
			all.Add(1)
			go func() {
				defer all.Done()
				for {
					if errors.Is(f(), ErrClosed) {
						return
					}
					runtime.Gosched()
				}
			}()
		}
		if i%2 == 0 {
			for !isWaiting(p) {
				runtime.Gosched()
			}
		}
		must(t, p.Close())
		all.Wait()
	}
	if after := openFds(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// TestWakeNumberIsNotTheUsers checks that a registered descriptor that is closed reports
// POLLNVAL even if the Poller's own Waker gets its number.
func TestWakeNumberIsNotTheUsers(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	for _, n := range []int{1, 2, 5} {
		var p Poller
		var want []Ready
		for i := 0; i < n; i++ {
			r, w := newPipe(t)
			for _, fd := range []int{r, w} {
				must(t, p.Register(fd))
				want = append(want, Ready{Fd: fd, Events: POLLNVAL})
			}
		}
		for _, ready := range want {
			closeFd(t, ready.Fd)
		}
		if n > 1 { // build the array for the kernel before the Waker
			wantPoll(t, &p, 0, want...)
		}
		for i := 0; i < 3; i++ {
			(<-goPoll(&p, time.Hour)).want(t, nil, want...)
			wantPoll(t, &p, 0, want...)
		}
		for _, ready := range want {
			must(t, p.Unregister(ready.Fd))
		}
		// The reverse: register a number that the Waker has.
		for i := 0; i < 3; i++ {
			fd := p.wake.r
			must(t, p.Register(fd))
			if i == 1 {
				wantPoll(t, &p, 0, Ready{Fd: fd, Events: POLLNVAL})
			}
			(<-goPoll(&p, Forever)).want(t, nil, Ready{Fd: fd, Events: POLLNVAL})
			must(t, p.Unregister(fd))
		}
		// The same while a Poll waits.
		must(t, p.Register(r, POLLIN))
		c := goPoll(&p, Forever)
		fd := p.wake.r
		must(t, p.Register(fd))
		(<-c).want(t, nil, Ready{Fd: fd, Events: POLLNVAL})
		must(t, p.Unregister(fd))
		// The Waker still works.
		wantFlags(t, p.wake)
		c = goPoll(&p, Forever)
		must(t, p.Wake())
		(<-c).want(t, nil)
		c = goPoll(&p, Forever)
		mustWrite(t, w, "x")
		(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
		readAll(r)
		must(t, p.Close())
	}
}

// TestNoDescriptorLeft checks that a Poller that cannot make a Waker returns ready
// descriptors, or the error if there are none.
func TestNoDescriptorLeft(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	p := newPoller(t, []int{r}, POLLIN)
	must(t, p.Wake())

	restore := limitFds(t)
	wantPoll(t, p, 0)
	(<-goPoll(p, Forever)).want(t, nil) // already woken: needs no Waker
	(<-goPoll(p, Forever)).want(t, syscall.EMFILE)
	_, err := p.PollContext(context.Background())
	wantError(t, err, "open", -1, syscall.EMFILE)
	mustWrite(t, w, "x")
	// Something is ready, so Poll needs no Waker.
	(<-goPoll(p, Forever)).want(t, nil, Ready{Fd: r, Events: POLLIN})
	readAll(r)
	if events, ok := p.Registered(r); events != POLLIN || !ok {
		t.Error("the registration is lost")
	}
	closeFd(t, w) // frees a number, but the Waker must not use a registered one
	must(t, p.Register(w))
	(<-goPoll(p, Forever)).want(t, nil, Ready{Fd: r, Events: endOfPipe(POLLIN)}, Ready{Fd: w, Events: POLLNVAL})
	must(t, p.Unregister(w))
	restore()

	must(t, p.Unregister(r))
	c := goPoll(p, Forever)
	must(t, p.Wake())
	(<-c).want(t, nil)
}

// TestWakerCannotMove checks that Poll fails with EMFILE, not with fcntl(2)'s EINVAL, if
// its Waker has a registered number and there is no other below RLIMIT_NOFILE.
func TestWakerCannotMove(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	collectGarbage(t) // so that no descriptors are freed later
	p := newPoller(t, []int{r}, POLLIN)
	waitsAtOnce(p)
	wantPoll(t, p, 1)
	highest := max(p.wake.r, p.wake.w)
	// This makes Poll ask fcntl(2) for a number that is too high.
	restore := setLimit(t, highest+1)

	wantError(t, p.wake.moveAbove(highest), "open", -1, syscall.EMFILE)
	must(t, p.Register(highest, POLLOUT))
	must(t, p.Disable(highest)) // so the Waker need not move
	waitsAtOnce(p)
	wantPoll(t, p, 1)
	if p.wake == nil {
		t.Error("the Waker has given up its number for a disabled fd")
	}
	must(t, p.Modify(highest, POLLOUT))
	waitsAtOnce(p)
	ready, err := p.Poll(Forever)
	if p.wake != nil {
		t.Errorf("the Waker has kept fd %d, which is registered", p.wake.r)
	}
	// The Waker was closed, so its number is free, and Poll reports POLLNVAL instead of an
	// error.
	pollResult{ready, err}.want(t, nil, Ready{Fd: highest, Events: POLLNVAL})
	must(t, p.Unregister(highest))

	restore()
	c := goPoll(p, Forever) // now Poll can wait again
	mustWrite(t, w, "x")
	(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
}

// TestDescriptorsAreFreed checks that the Waker is closed by Close, and by the garbage
// collector if the Poller is dropped.
func TestDescriptorsAreFreed(t *testing.T) {
	watchdog(t, 4*soon)
	pollers := scaled(2000, 10)
	r, _ := newPipe(t)
	use := func(p *Poller) {
		must(t, p.Register(r, POLLIN))
		waitsAtOnce(p)
		if ready, err := p.Poll(time.Microsecond); len(ready) > 0 || err != nil {
			t.Fatal(ready, err)
		}
		if p.wake == nil {
			t.Fatal("did not wait")
		}
	}
	before := openFds(t)
	for i := 0; i < pollers; i++ {
		var p Poller
		use(&p)
		must(t, p.Close())
	}
	if after := openFds(t); after != before {
		t.Errorf("closed: %d descriptors before, %d after", before, after)
	}
	for i := 0; i < pollers; i++ {
		// A finalizer on a Poller inside a larger object would crash the program.
		type larger struct {
			_ int
			p Poller
		}
		use(&new(larger).p)
		if i%20 == 0 {
			collectGarbage(t)
		}
	}
	for after := openFds(t); after > before; after = openFds(t) {
		runtime.GC()
		runtime.Gosched()
	}
}

// TestWakeIsMadeWhenNeeded checks that a Poller makes its Waker only when a Poll waits, and
// signals it only while a Poll waits.
func TestWakeIsMadeWhenNeeded(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	before := openFds(t)
	p := newPoller(t, []int{r}, POLLIN)
	must(t, p.Wake())
	wantPoll(t, p, 0)
	(<-goPoll(p, Forever)).want(t, nil) // already woken: does not wait
	must(t, p.Modify(r, POLLIN))
	must(t, p.Wake())
	if after := openFds(t); p.wake != nil || after != before {
		t.Errorf("a Waker is made that nobody waits for: %d before, %d after", before, after)
	}
	(<-goPoll(p, Forever)).want(t, nil)
	(<-goPoll(p, time.Microsecond)).want(t, nil)
	if p.wake == nil {
		t.Fatal("no Waker")
	}
	wantFlags(t, p.wake)

	// Nothing is signaled while no Poll waits.
	must(t, p.Modify(r, POLLIN))
	must(t, p.Register(r, POLLIN))
	must(t, p.Wake())
	(<-goPoll(p, Forever)).want(t, nil)
	wantReadable(t, p.wake.r, false)
	// A Poll that does not wait polls only the set, and does not reset the Waker.
	p.wake.signal()
	wantPoll(t, p, 0)
	wantReadable(t, p.wake.r, true)
	must(t, p.Close())
}

// TestOneSignalAWait checks that every kind of change signals a waiting Poll, and that any
// number of changes signal once.
func TestOneSignalAWait(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	p := newPoller(t, []int{r}, POLLIN)
	waitsAtOnce(p)
	wantPoll(t, p, time.Microsecond)
	p.polling = true
	for _, v := range []struct {
		name   string
		change func() error
	}{
		{"Register", func() error { return p.Register(w, 0) }},
		{"Modify", func() error { return p.Modify(w, POLLPRI) }},
		{"Disable", func() error { return p.Disable(w) }},
		{"Register again", func() error { return p.Register(w, 0) }},
		{"Unregister", func() error { return p.Unregister(w) }},
		{"RegisterConn", func() error { _, err := p.RegisterConn(fdConn(w), 0); return err }},
		{"Wake", p.Wake},
	} {
		p.waiting, p.set.changed, p.woken = true, false, false
		must(t, v.change())
		if p.waiting {
			t.Errorf("%s does not signal", v.name)
		}
		must(t, p.Modify(r, POLLIN))
		must(t, p.Wake())
		var b [256]byte
		n, err := syscall.Read(p.wake.r, b[:])
		if p.wake.r == p.wake.w {
			n = int(b[0]) + int(b[7]) // an eventfd's counter, in either byte order
		}
		if n != 1 || err != nil {
			t.Errorf("%s: signaled %d times, %v", v.name, n, err)
		}
	}
	p.polling = false
}

// TestWakeClosedByOthers checks that a Poller makes a new Waker if other code has closed
// its Waker by mistake, and does not close a file that has got the number.
func TestWakeClosedByOthers(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	hungUp, other := newPipe(t)
	closeFd(t, other)
	for _, reused := range []bool{false, true} {
		p := newPoller(t, []int{r}, POLLIN)
		(<-goPoll(p, time.Microsecond)).want(t, nil)
		old := p.wake
		syscall.Close(old.r)
		if reused {
			must(t, dup2(hungUp, old.r))
		}
		c := goPoll(p, Forever)
		for made := false; !made; { // Poll must make its own new Waker
			p.mu.Lock()
			made = p.wake != nil && p.wake != old
			p.mu.Unlock()
			runtime.Gosched()
		}
		if reused {
			if got, err := Wait(old.r, POLLIN, 0); got != endOfPipe(POLLIN) || err != nil {
				t.Errorf("the other file: %v, %v, want %v", got, err, endOfPipe(POLLIN))
			}
			syscall.Close(old.r)
		}
		mustWrite(t, w, "x")
		(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
		readAll(r)
		c = goPoll(p, Forever)
		must(t, p.Wake())
		(<-c).want(t, nil)
	}
}
