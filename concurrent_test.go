//go:build linux || darwin

// What several goroutines see of a Poller.

package poll

import (
	"bytes"
	"context"
	"errors"
	"math/rand"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// soon is how long a test waits for what should come at once before it says
// that it never will.
const soon = 30 * time.Second

type pollResult struct {
	ready []Ready
	err   error
}

// goPoll starts a Poll in a goroutine of its own and returns when it is about
// to enter the kernel, or has its result already.
func goPoll(p *Poller, timeout time.Duration) <-chan pollResult {
	return goCall(p, func() ([]Ready, error) { return p.Poll(timeout) })
}

func goCall(p *Poller, f func() ([]Ready, error)) <-chan pollResult {
	waitsAtOnce(p)
	c := make(chan pollResult, 1)
	go func() {
		ready, err := f()
		c <- pollResult{append([]Ready(nil), ready...), err}
	}()
	for !isWaiting(p) && len(c) == 0 {
		runtime.Gosched()
	}
	return c
}

// waitsAtOnce keeps the next call of Poll that may wait from polling without
// waiting first.
func waitsAtOnce(p *Poller) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.guess.skip = 1
}

func isWaiting(p *Poller) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting
}

// result is what a started Poll returns; that it returns at all is up to the
// watchdog.
func (r pollResult) want(tb testing.TB, err error, ready ...Ready) {
	tb.Helper()
	if !errors.Is(r.err, err) {
		tb.Errorf("Poll: error %v, want %v", r.err, err)
	}
	if len(r.ready) != len(ready) {
		tb.Fatalf("Poll = %v, want %v", r.ready, ready)
	}
	for _, want := range ready {
		found := false
		for _, got := range r.ready {
			found = found || got == want
		}
		if !found {
			tb.Fatalf("Poll = %v, want %v", r.ready, ready)
		}
	}
}

func look(tb testing.TB, p *Poller) pollResult {
	ready, err := p.Poll(0)
	return pollResult{append([]Ready(nil), ready...), err}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// readAll empties a non-blocking descriptor.
func readAll(fd int) (n int) {
	var b [256]byte
	for {
		m, err := syscall.Read(fd, b[:])
		if err == syscall.EINTR {
			continue
		}
		if m <= 0 {
			return n
		}
		n += m
	}
}

// openFds counts the descriptors of the process, less those that garbage still
// holds: those of Pollers that earlier tests have dropped, among others.
func openFds(tb testing.TB) int {
	tb.Helper()
	for i := 0; i < 2; i++ {
		finalized := make(chan struct{})
		runtime.SetFinalizer(new([64]byte), func(*[64]byte) { close(finalized) })
		runtime.GC()
		<-finalized // and so is what was found before it, or will be next time
	}
	d, err := os.Open("/dev/fd")
	must(tb, err)
	defer d.Close()
	names, err := d.Readdirnames(-1)
	must(tb, err)
	return len(names)
}

func TestWakeBeforePoll(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	var p Poller
	must(t, p.Register(r, POLLIN))

	for i := 0; i < 3; i++ { // any number counts as one
		must(t, p.Wake())
	}
	look(t, &p).want(t, nil) // would not wait: not woken
	mustWrite(t, w, "x")
	(<-goPoll(&p, Forever)).want(t, nil, Ready{Fd: r, Events: POLLIN}) // neither would this
	readAll(r)
	must(t, p.Register(w, POLLIN)) // a change in between
	must(t, p.Unregister(w))
	(<-goPoll(&p, Forever)).want(t, nil) // this is

	start := time.Now()
	(<-goPoll(&p, 20*time.Millisecond)).want(t, nil)
	if d := time.Since(start); d < 20*time.Millisecond {
		t.Errorf("woken a second time, after %v", d)
	}
}

func TestWakeWhileWaiting(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	var p Poller
	must(t, p.Register(r, POLLIN))
	for i := 0; i < 100; i++ {
		c := goPoll(&p, Forever)
		must(t, p.Wake())
		(<-c).want(t, nil)
	}
	start := time.Now()
	(<-goPoll(&p, 20*time.Millisecond)).want(t, nil)
	if d := time.Since(start); d < 20*time.Millisecond {
		t.Errorf("woken once more, after %v", d)
	}
}

// Every Wake is followed by an empty return, whatever else goes on: if one got
// lost, the Poll that waits forever would.
func TestWakeNeverLost(t *testing.T) {
	watchdog(t, 4*soon)
	wakes := 5000
	if testing.Short() {
		wakes = 1000
	}
	r, w := newPipe(t)
	idle, _ := newPipe(t)
	var p Poller
	must(t, p.Register(r, POLLIN))

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
	go func() { // changes and traffic
		defer others.Done()
		for !over.Load() {
			p.Register(idle, POLLIN)
			p.Modify(idle, POLLPRI)
			syscall.Write(w, []byte("x"))
			p.Unregister(idle)
			runtime.Gosched() // or, on one processor, Poll gets its turn every 10 ms
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

// churn changes a set without pause until stopped: it registers, modifies and
// unregisters descriptors, among them those in fds.
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
				runtime.Gosched() // or Poll gets a processor only every 10 ms if there is but one
			}
		}
		n <- changes
	}()
	return func() int { over.Store(true); return <-n }
}

// A change never makes a waiting Poll return empty, early or late.
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
	if n := stop(); n < 1000 {
		t.Logf("only %d changes", n)
	}
}

// Each round of a wait gets the time that is left, whatever ended the one
// before.
func TestTimeLeftAfterChanges(t *testing.T) {
	watchdog(t, soon)
	const timeout = 20 * time.Millisecond
	var p Poller
	start, last := time.Now(), timeout
	waitsAtOnce(&p)
	fakeCall(t, func(left time.Duration) (int, syscall.Errno) {
		if gone := time.Since(start); left < timeout-gone || left > last || left == last && left > 0 && last < timeout {
			t.Errorf("%v are left after %v; before, %v were", left, gone, last)
		}
		if last = left; left == 0 {
			return 0, 0
		}
		time.Sleep(time.Millisecond)
		return 1, 0 // as if by a change
	})
	ready, err := p.Poll(timeout)
	pollResult{ready, err}.want(t, nil)
	if last != 0 {
		t.Errorf("the last call had %v left", last)
	}
}

// What ended a wait does not end the next one, too.
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
		fds := []PollFd{{Fd: int32(p.wake.r), Events: POLLIN}}
		if n, err := Poll(fds, 0); n != 0 || err != nil {
			t.Fatalf("Poll waits again with %v, %v", fds, err)
		}
	}
	must(t, p.Wake())
	(<-c).want(t, nil)
}

// Signals, a CPU profile and garbage collections meanwhile change nothing.
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
	for i := 0; i < 20; i++ {
		timeout := time.Duration(rand.Int63n(int64(20 * time.Millisecond)))
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
			func(p *Poller, ready int) error { return p.Register(ready, POLLPRI) },
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

// Register of a number that is registered, closed and opened anew makes a
// waiting Poll watch what the number stands for now.
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

// Once Unregister has returned, no Poll that returns later names the
// registration, although the kernel's call is still under way with it, and
// although the number is that of another registration meanwhile.
func TestUnregisterDuringWait(t *testing.T) {
	watchdog(t, 4*soon)
	rounds := 3000
	if testing.Short() {
		rounds = 100
	}
	for _, again := range []bool{false, true} {
		r, w := newPipe(t)
		idle, _ := newPipe(t)
		keep, wake := newPipe(t)
		saved, err := syscall.Dup(r)
		must(t, err)
		own(t, saved)
		var p Poller
		must(t, p.Register(keep, POLLIN))
		for i := 0; i < rounds; i++ {
			must(t, p.Register(r, POLLIN))
			c := goPoll(&p, Forever)
			if i%2 == 0 {
				runtime.Gosched() // now and then after it has entered the kernel, now and then before
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

// The same at the narrowest place: the kernel has answered already, and the
// answer has not been looked at yet.
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
				err = errors.Join(err, p.Register(fd, POLLIN)) // the array is replaced
			}
			for fd := 1 << 20; fd < 1<<20+1000; fd++ {
				err = errors.Join(err, p.Unregister(fd))
			}
			return err
		}, 0},
		{"change=register-many,unregister", func(p *Poller, r, other int) error {
			err := error(nil)
			for fd := 1 << 20; fd < 1<<20+1000; fd++ {
				err = errors.Join(err, p.Register(fd, POLLIN)) // the array is replaced
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
			p.collect(1)
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

// A waiting Poll lets go of what is unregistered: the kernel holds on to the
// files it waits for (__pollwait in fs/select.c), so that without it nobody
// would see this pipe closed.
func TestUnregisteredIsReleased(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	idle, _ := newPipe(t)
	var p Poller
	must(t, p.Register(idle, POLLIN))
	must(t, p.Register(w, 0))
	c := goPoll(&p, Forever)
	time.Sleep(10 * time.Millisecond) // let it enter the kernel, or else the test shows nothing
	must(t, p.Unregister(w))
	closeFd(t, w)
	fds := []PollFd{{Fd: int32(r), Events: POLLIN}}
	if n, err := Poll(fds, Forever); n != 1 || err != nil || fds[0].Revents != POLLHUP {
		t.Errorf("the other end: %d, %v, %v", n, err, fds[0].Revents)
	}
	must(t, p.Wake())
	(<-c).want(t, nil)
}

// While a Poll waits the set may change for hours: its memory must not grow
// with the number of changes.
func TestChangesDuringWaitTakeNoMemory(t *testing.T) {
	watchdog(t, soon)
	var p Poller
	idle, _ := newPipe(t)
	must(t, p.Register(idle, POLLIN))
	for fd := 1 << 20; fd < 1<<20+10; fd++ {
		must(t, p.Register(fd, 0))
		must(t, p.Unregister(fd))
	}
	p.polling = true // as if Poll waited and never came out of the kernel
	for i := 0; i < 100000; i++ {
		must(t, p.Unregister(idle))
		must(t, p.Register(idle, POLLIN))
	}
	if cap(p.set.list) > 16 || len(p.set.heads) > 16 || p.Len() != 1 {
		t.Errorf("room for %d, %d chains, Len %d", cap(p.set.list), len(p.set.heads), p.Len())
	}
}

func TestConcurrentPoll(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	var p Poller
	must(t, p.Register(r, POLLIN))
	c := goPoll(&p, Forever)
	for _, timeout := range []time.Duration{0, time.Hour, Forever} {
		if ready, err := p.Poll(timeout); !errors.Is(err, ErrConcurrentPoll) || len(ready) > 0 {
			t.Errorf("second Poll(%v) = %v, %v", timeout, ready, err)
		}
		if ready, err := p.PollContext(context.Background()); !errors.Is(err, ErrConcurrentPoll) || len(ready) > 0 {
			t.Errorf("second PollContext = %v, %v", ready, err)
		}
	}
	if !isWaiting(&p) {
		t.Error("the first was disturbed")
	}
	mustWrite(t, w, "x")
	(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
	look(t, &p).want(t, nil, Ready{Fd: r, Events: POLLIN})
}

// Of many that poll at once each gets the result or ErrConcurrentPoll.
func TestConcurrentPollMany(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	var p Poller
	must(t, p.Register(r, POLLIN))
	var all sync.WaitGroup
	var won atomic.Int64
	for g := 0; g < 8; g++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := 0; i < 500; i++ {
				_, err := p.Poll(Forever)
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, ErrConcurrentPoll) {
					t.Error(err)
				}
			}
		}()
	}
	all.Wait()
	if won.Load() == 0 {
		t.Error("none got through")
	}
}

func TestCloseWhileWaiting(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	var p Poller
	must(t, p.Register(r, POLLIN))
	c := goPoll(&p, Forever)
	must(t, p.Close())
	(<-c).want(t, ErrClosed)
	closedSaysSo(t, &p, r)

	var untouched Poller
	must(t, untouched.Close())
	closedSaysSo(t, &untouched, r)

	fds := []PollFd{{Fd: int32(r), Events: POLLIN}}
	if n, err := Poll(fds, 0); n != 0 || err != nil {
		t.Errorf("the registered descriptor afterwards: %d, %v, %v", n, err, fds[0].Revents)
	}
}

func closedSaysSo(t *testing.T, p *Poller, fd int) {
	t.Helper()
	f, err := os.Open("/dev/null")
	must(t, err)
	defer f.Close()
	_, connErr := p.RegisterConn(f)
	_, pollErr := p.Poll(0)
	_, waitErr := p.Poll(Forever)
	_, ctxErr := p.PollContext(context.Background())
	done, cancel := context.WithCancel(context.Background())
	cancel()
	_, doneErr := p.PollContext(done)
	for name, err := range map[string]error{
		"Register": p.Register(fd), "RegisterConn": connErr, "Modify": p.Modify(fd, 0), "Unregister": p.Unregister(fd),
		"Poll(0)": pollErr, "Poll(Forever)": waitErr, "PollContext": ctxErr, "PollContext, done": doneErr,
		"Wake": p.Wake(), "Close": p.Close(),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
	if events, ok := p.Registered(fd); events != 0 || ok || p.Len() != 0 {
		t.Errorf("after Close: Registered = %v, %v; Len = %d", events, ok, p.Len())
	}
}

// Close from anywhere, in the middle of everything.
func TestCloseRaces(t *testing.T) {
	watchdog(t, 4*soon)
	rounds := 500
	if testing.Short() {
		rounds = 50
	}
	r, _ := newPipe(t)
	before := openFds(t)
	for i := 0; i < rounds; i++ {
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

func TestPollContextWhileWaiting(t *testing.T) {
	r, w := newPipe(t)
	background := context.Background()
	cancelled, cancel := context.WithCancel(background)
	cancel()

	t.Run("ctx=background", func(t *testing.T) {
		watchdog(t, soon)
		var p Poller
		must(t, p.Register(r, POLLIN))
		c := goCall(&p, func() ([]Ready, error) { return p.PollContext(background) })
		must(t, p.Wake())
		(<-c).want(t, nil)
	})
	t.Run("ctx=nil", func(t *testing.T) {
		var p Poller
		var none context.Context
		if _, err := p.PollContext(none); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("ctx=done", func(t *testing.T) {
		var p Poller
		must(t, p.Register(w, POLLOUT)) // ready
		must(t, p.Wake())
		ready, err := p.PollContext(cancelled)
		if len(ready) != 0 || err != context.Canceled {
			t.Errorf("%v, %v", ready, err)
		}
		must(t, p.Unregister(w))
		(<-goPoll(&p, Forever)).want(t, nil) // the wake-up is still there
	})
	t.Run("ctx=cancelled-meanwhile", func(t *testing.T) {
		watchdog(t, soon)
		var p Poller
		must(t, p.Register(r, POLLIN))
		for i := 0; i < 100; i++ {
			ctx, cancel := context.WithCancel(background)
			c := goCall(&p, func() ([]Ready, error) { return p.PollContext(ctx) })
			cancel()
			if got := <-c; got.err != context.Canceled || len(got.ready) != 0 {
				t.Fatalf("%v, %v", got.ready, got.err)
			}
		}
	})
	t.Run("ctx=deadline", func(t *testing.T) {
		watchdog(t, soon)
		var p Poller
		must(t, p.Register(r, POLLIN))
		start := time.Now()
		ctx, cancel := context.WithTimeout(background, 10*time.Millisecond)
		defer cancel()
		_, err := p.PollContext(ctx)
		if d := time.Since(start); err != context.DeadlineExceeded || d < 10*time.Millisecond {
			t.Errorf("%v after %v", err, d)
		}
	})
	t.Run("ctx=own-type", func(t *testing.T) {
		watchdog(t, soon)
		var p Poller
		must(t, p.Register(r, POLLIN))
		ctx, cancel := context.WithCancel(background)
		c := goCall(&p, func() ([]Ready, error) { return p.PollContext(ownContext{ctx}) })
		cancel()
		if got := <-c; got.err != context.Canceled {
			t.Error(got.err)
		}
	})
	t.Run("ready-and-cancelled", func(t *testing.T) {
		watchdog(t, soon)
		var p Poller
		must(t, p.Register(r, POLLIN))
		ctx, cancel := context.WithCancel(background)
		c := goCall(&p, func() ([]Ready, error) { return p.PollContext(ctx) })
		p.mu.Lock() // so that it finds out about both at once
		mustWrite(t, w, "x")
		cancel()
		p.mu.Unlock()
		(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
		readAll(r)
	})
	t.Run("ready", func(t *testing.T) {
		watchdog(t, soon)
		var p Poller
		must(t, p.Register(r, POLLIN))
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		c := goCall(&p, func() ([]Ready, error) { return p.PollContext(ctx) })
		mustWrite(t, w, "x")
		(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
		readAll(r)
	})
}

// ownContext is one that the context package knows nothing about.
type ownContext struct{ context.Context }

func (c ownContext) Value(any) any { return nil }

// Cancelling races with readiness, and neither is lost: what is not reported
// now is by the next call.
func TestPollContextRace(t *testing.T) {
	watchdog(t, 4*soon)
	rounds := 3000
	if testing.Short() {
		rounds = 200
	}
	r, w := newPipe(t)
	var p Poller
	must(t, p.Register(r, POLLIN))
	goroutines := runtime.NumGoroutine()
	var ready, cancelled int
	for i := 0; i < rounds; i++ {
		ctx, cancel := context.WithCancel(context.Background())
		c := goCall(&p, func() ([]Ready, error) { return p.PollContext(ctx) })
		go cancel()
		mustWrite(t, w, "x")
		switch got := <-c; {
		case got.err == nil:
			got.want(t, nil, Ready{Fd: r, Events: POLLIN})
			ready++
			<-ctx.Done()
			if _, err := p.PollContext(ctx); err != context.Canceled {
				t.Fatal(err)
			}
		case got.err == context.Canceled:
			cancelled++
			look(t, &p).want(t, nil, Ready{Fd: r, Events: POLLIN})
		default:
			t.Fatal(got.err)
		}
		readAll(r)
		cancel()
	}
	t.Logf("ready %d times, cancelled %d times", ready, cancelled)
	for runtime.NumGoroutine() > goroutines {
		runtime.Gosched() // the last ones are on their way out, or the watchdog barks
	}
}

// The descriptor that Poll opens for itself gets the lowest free number, which
// is that of a registered descriptor if that has been closed.
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
		for i := 0; i < 3; i++ {
			(<-goPoll(&p, time.Hour)).want(t, nil, want...)
			look(t, &p).want(t, nil, want...)
		}
		for _, ready := range want {
			must(t, p.Unregister(ready.Fd))
		}
		// And the other way round: the number is taken when it is registered.
		for i := 0; i < 3; i++ {
			fd := p.wake.r
			must(t, p.Register(fd))
			if i == 1 {
				look(t, &p).want(t, nil, Ready{Fd: fd, Events: POLLNVAL})
			}
			(<-goPoll(&p, Forever)).want(t, nil, Ready{Fd: fd, Events: POLLNVAL})
			must(t, p.Unregister(fd))
		}
		// While a Poll waits.
		must(t, p.Register(r, POLLIN))
		c := goPoll(&p, Forever)
		fd := p.wake.r
		must(t, p.Register(fd))
		(<-c).want(t, nil, Ready{Fd: fd, Events: POLLNVAL})
		must(t, p.Unregister(fd))
		// It still works.
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

// The lowest number of all is not special.
func TestWakeNumberZero(t *testing.T) {
	watchdog(t, soon)
	if saved, err := syscall.Dup(0); err == nil {
		defer func() {
			dup2(saved, 0)
			syscall.Close(saved)
		}()
		syscall.Close(0)
	}
	r, _ := newPipe(t)
	if r == 0 { // there was no standard input, and the pipe is
		saved, err := syscall.Dup(r)
		must(t, err)
		closeFd(t, r)
		r = own(t, saved)
	}
	var p Poller
	defer p.Close()
	must(t, p.Register(r, POLLIN))
	(<-goPoll(&p, time.Microsecond)).want(t, nil)
	t.Log("woken by", p.wake.r)
	must(t, p.Register(0))
	(<-goPoll(&p, Forever)).want(t, nil, Ready{Fd: 0, Events: POLLNVAL})
	look(t, &p).want(t, nil, Ready{Fd: 0, Events: POLLNVAL})
	must(t, p.Unregister(0))
	c := goPoll(&p, Forever)
	must(t, p.Wake())
	(<-c).want(t, nil)
}

// limitFds leaves the process no free descriptor.
func limitFds(tb testing.TB) (restore func()) {
	var old syscall.Rlimit
	must(tb, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old))
	fd, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	must(tb, err)
	syscall.Close(fd)
	limit := old
	limit.Cur = uint64(fd) // the lowest free number is out of bounds
	must(tb, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	return func() { must(tb, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old)) }
}

func TestNoDescriptorLeft(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	var p Poller
	must(t, p.Register(r, POLLIN))
	must(t, p.Wake())

	openFds(t) // has collected the garbage that might free a descriptor meanwhile
	restore := limitFds(t)
	look(t, &p).want(t, nil)
	(<-goPoll(&p, Forever)).want(t, nil) // has been woken: needs nothing
	(<-goPoll(&p, Forever)).want(t, syscall.EMFILE)
	_, err := p.PollContext(context.Background())
	pollResult{nil, err}.want(t, syscall.EMFILE)
	mustWrite(t, w, "x")
	(<-goPoll(&p, Forever)).want(t, nil, Ready{Fd: r, Events: POLLIN}) // nothing to wait for
	readAll(r)
	if events, ok := p.Registered(r); events != POLLIN || !ok {
		t.Error("the registration is lost")
	}
	closeFd(t, w) // makes room for one, but a registered number is not for it
	must(t, p.Register(w))
	(<-goPoll(&p, Forever)).want(t, nil, Ready{Fd: r, Events: POLLHUP}, Ready{Fd: w, Events: POLLNVAL})
	must(t, p.Unregister(w))
	restore()

	must(t, p.Unregister(r))
	c := goPoll(&p, Forever)
	must(t, p.Wake())
	(<-c).want(t, nil)
}

func TestDescriptorsAreFreed(t *testing.T) {
	watchdog(t, 4*soon)
	pollers := 2000
	if testing.Short() {
		pollers = 200
	}
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
		// In the middle of something larger, where a finalizer on the Poller
		// itself would end the program.
		type larger struct {
			_ int
			p Poller
		}
		use(&new(larger).p)
		if i%100 == 0 {
			runtime.GC()
		}
	}
	for after := openFds(t); after > before; after = openFds(t) {
		runtime.GC() // until it is so, or the watchdog barks
		runtime.Gosched()
	}
}

// What a Poll doesn't use, it doesn't pay for.
func TestWakeIsMadeWhenNeeded(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	before := openFds(t)
	var p Poller
	must(t, p.Register(r, POLLIN))
	must(t, p.Wake())
	look(t, &p).want(t, nil)
	(<-goPoll(&p, Forever)).want(t, nil) // woken already: looks
	must(t, p.Modify(r, POLLIN))
	must(t, p.Wake())
	if after := openFds(t); p.wake != nil || after != before {
		t.Errorf("a descriptor is made that nobody waits for: %d before, %d after", before, after)
	}
	(<-goPoll(&p, Forever)).want(t, nil)
	(<-goPoll(&p, time.Microsecond)).want(t, nil)
	if p.wake == nil {
		t.Fatal("no descriptor to be woken by")
	}
	for _, fd := range []int{p.wake.r, p.wake.w} {
		if flags := fcntl(t, fd, syscall.F_GETFD); flags&syscall.FD_CLOEXEC == 0 {
			t.Errorf("fd %d is not close-on-exec", fd)
		}
		if flags := fcntl(t, fd, syscall.F_GETFL); flags&syscall.O_NONBLOCK == 0 {
			t.Errorf("fd %d is blocking", fd)
		}
	}

	// With no Poll waiting nothing is signalled.
	must(t, p.Modify(r, POLLIN))
	must(t, p.Register(r, POLLIN))
	must(t, p.Wake())
	(<-goPoll(&p, Forever)).want(t, nil)
	fds := []PollFd{{Fd: int32(p.wake.r), Events: POLLIN}}
	if n, err := Poll(fds, 0); n != 0 || err != nil {
		t.Errorf("signalled although no Poll waited: %v, %v", fds, err)
	}
	// And a look polls nothing but the set.
	p.wake.signal()
	look(t, &p).want(t, nil)
	if n, err := Poll(fds, 0); n != 1 || err != nil {
		t.Errorf("a look has drained the wake-up: %d, %v", n, err)
	}
	must(t, p.Close())
}

// One signal is enough for any number of changes.
func TestOneSignalAWait(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	var p Poller
	must(t, p.Register(r, POLLIN))
	waitsAtOnce(&p)
	if _, err := p.Poll(time.Microsecond); err != nil {
		t.Fatal(err)
	}
	p.waiting, p.polling = true, true // as if Poll waited and never came out of the kernel
	for i := 0; i < 100; i++ {
		must(t, p.Modify(r, POLLIN))
		must(t, p.Wake())
	}
	var b [256]byte
	n, err := syscall.Read(p.wake.r, b[:])
	if runtime.GOOS == "linux" {
		n = int(b[0]) + int(b[7]) // an eventfd counts, in either byte order
	}
	if n != 1 || err != nil {
		t.Errorf("signalled %d times, %v", n, err)
	}
	p.waiting, p.polling = false, false
}

// A descriptor closed by mistake is not the end of the Poller.
func TestWakeClosedByOthers(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	var p Poller
	must(t, p.Register(r, POLLIN))
	(<-goPoll(&p, time.Microsecond)).want(t, nil)
	syscall.Close(p.wake.r)
	c := goPoll(&p, Forever)
	for isOpen := false; !isOpen; { // or Poll goes round and round
		p.mu.Lock()
		if p.wake != nil {
			_, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(p.wake.r), syscall.F_GETFD, 0)
			isOpen = errno == 0
		}
		p.mu.Unlock()
		runtime.Gosched()
	}
	mustWrite(t, w, "x")
	(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN})
	readAll(r)
	c = goPoll(&p, Forever)
	must(t, p.Wake())
	(<-c).want(t, nil)
	must(t, p.Close())
}

func fcntl(tb testing.TB, fd, cmd int) int {
	r, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), uintptr(cmd), 0)
	if errno != 0 {
		tb.Fatalf("fcntl(%d, %d): %v", fd, cmd, errno)
	}
	return int(r)
}
