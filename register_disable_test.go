//go:build linux || darwin || freebsd || netbsd

// Tests of Disable.

package poll

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// enables are the calls that enable a descriptor, with a mask.
var enables = []struct {
	name string
	call func(p *Poller, fd int, mask Events) error
}{
	{"Modify", (*Poller).Modify},
	{"Register", func(p *Poller, fd int, mask Events) error { return p.Register(fd, mask) }},
	{"RegisterConn", func(p *Poller, fd int, mask Events) error {
		_, err := p.RegisterConn(fdConn(fd), mask)
		return err
	}},
}

// TestDisable checks that a disabled descriptor reports nothing, whatever its state and mask, that
// it keeps its mask and value, and which calls enable it.
func TestDisable(t *testing.T) {
	watchdog(t, soon)
	hungUp, w := newPipe(t)
	closeFd(t, w)
	_, writable := newPipe(t)
	for _, v := range []struct {
		name string
		fd   int
		mask Events
	}{
		{"hung up", hungUp, 0},
		{"hung up, asked", hungUp, POLLIN},
		{"writable", writable, POLLOUT},
		{"not open", closedFd(t), POLLIN | POLLPRI},
	} {
		for _, enable := range enables {
			t.Run(fmt.Sprintf("fd=%s/enable=%s", v.name, enable.name), func(t *testing.T) {
				others, _ := newPipe(t)
				p := newPoller(t, []int{others, v.fd}, POLLIN)
				must(t, p.Modify(v.fd, v.mask))
				want, err := Wait(v.fd, v.mask, 0)
				must(t, err)
				if want == 0 {
					t.Skipf("a mask of %v reports nothing here", v.mask)
				}
				must(t, p.Attach(v.fd, "value"))
				for i := 0; i < 2; i++ { // disabling twice is not an error
					must(t, p.Disable(v.fd))
					for _, timeout := range brief {
						wantPoll(t, p, timeout)
					}
				}
				must(t, p.Attach(v.fd, "another")) // does not enable it
				wantPoll(t, p, 0)
				if mask, ok := p.Registered(v.fd); mask != v.mask || !ok || p.Len() != 2 {
					t.Errorf("disabled: Registered = %v, %v, Len = %d", mask, ok, p.Len())
				}
				must(t, enable.call(p, v.fd, v.mask))
				for _, timeout := range paths {
					ready, err := p.Poll(timeout)
					if len(ready) != 1 || ready[0].Fd != v.fd || ready[0].Events != want || err != nil {
						t.Fatalf("enabled: Poll(%v) = %v, %v, want %v of fd %d", timeout, ready, err, want, v.fd)
					}
					if enable.name != "RegisterConn" && ready[0].Value != "another" {
						t.Errorf("enabled: value %v", ready[0].Value)
					}
				}
				must(t, p.Disable(v.fd))
				must(t, p.Unregister(v.fd))
				wantSet(t, p, map[int]Events{others: POLLIN})
				must(t, p.Register(v.fd, v.mask)) // a new registration is enabled
				wantPoll(t, p, 0, Ready{Fd: v.fd, Events: want})
			})
		}
	}
}

// TestDisableErrors checks the errors of Disable, and that the other methods treat a disabled
// descriptor like any other.
func TestDisableErrors(t *testing.T) {
	r, _ := newPipe(t)
	var p Poller
	for _, fd := range []int{r, -1, math.MaxInt32} {
		wantError(t, p.Disable(fd), "disable", fd, ErrNotRegistered)
	}
	must(t, p.Register(r))
	must(t, p.Disable(r))
	wantPoll(t, &p, 0)
	must(t, p.Unregister(r))
	wantError(t, p.Disable(r), "disable", r, ErrNotRegistered)
	wantError(t, p.Unregister(r), "unregister", r, ErrNotRegistered)
	must(t, p.Register(r))
	must(t, p.Disable(r))
	must(t, p.Close())
	if _, ok := p.Registered(r); ok || p.Len() != 0 {
		t.Errorf("closed: Registered, Len = %d", p.Len())
	}
	wantError(t, p.Disable(r), "disable", r, ErrClosed)
	if want := fmt.Sprintf("poll: disable fd %d: closed", r); p.Disable(r).Error() != want {
		t.Errorf("%v, want %s", p.Disable(r), want)
	}
}

// TestDisableDuringWait checks that a waiting Poll stops watching a descriptor that is disabled,
// goes on waiting, and returns if a ready descriptor is enabled.
func TestDisableDuringWait(t *testing.T) {
	watchdog(t, soon)
	for _, enable := range enables {
		t.Run("enable="+enable.name, func(t *testing.T) {
			a, wa := newPipe(t)
			b, wb := newPipe(t)
			p := newPoller(t, []int{a, b}, POLLIN)
			c := goPoll(p, Forever)
			must(t, p.Disable(a))
			mustWrite(t, wa, "x")
			for len(c) == 0 && !isWaiting(p) { // until Poll waits for b alone
				runtime.Gosched()
			}
			must(t, enable.call(p, a, 0)) // enabled, but not for the event that a has
			mustWrite(t, wb, "x")
			(<-c).want(t, nil, Ready{Fd: b, Events: POLLIN})
			readAll(b)

			must(t, p.Disable(a))
			c = goPoll(p, Forever)
			must(t, enable.call(p, a, POLLIN))
			got := <-c
			if len(got.ready) != 1 || got.ready[0].Fd != a || got.ready[0].Events != POLLIN || got.err != nil {
				t.Errorf("Poll = %v, %v, want fd %d", got.ready, got.err, a)
			}
		})
	}
}

// TestDisableForgetsCallUnderWay checks that an event that the kernel found before its descriptor
// was disabled is not reported after the descriptor is enabled again.
func TestDisableForgetsCallUnderWay(t *testing.T) {
	watchdog(t, soon)
	for _, enable := range enables {
		r, w := newPipe(t)
		p := newPoller(t, []int{r}, POLLIN)
		mustWrite(t, w, "x")
		calls := 0
		onCall(t, func(_ bool, timeout time.Duration) (int, syscall.Errno, bool) {
			if calls++; calls > 1 {
				return 0, 0, false
			}
			fds := p.asked[1:]
			for n := 0; n != 1; { // Darwin may fail, or return early
				n, _ = pollExact(fds, 0)
			}
			must(t, p.Disable(r))
			readAll(r) // as a worker would
			must(t, enable.call(p, r, POLLIN))
			return 1, 0, true
		})
		wantPoll(t, p, 0)
		if ready, err := p.Poll(time.Millisecond); len(ready) != 0 || err != nil {
			t.Errorf("%s: Poll = %v, %v", enable.name, ready, err)
		}
	}
}

// TestDisabledCostsNothing checks that only enabled descriptors are passed to the kernel, in any
// order of changes.
func TestDisabledCostsNothing(t *testing.T) {
	watchdog(t, soon)
	rng := random(t)
	const n = 40
	var p Poller
	defer p.Close()
	enabled, want := map[int]bool{}, map[int]Events{}
	for i := 0; i < scaled(20000, 10); i++ {
		fd := 1000 + rng.Intn(n)
		_, registered := want[fd]
		switch op := rng.Intn(5); {
		case op < 2:
			if err := p.Disable(fd); (err == nil) != registered {
				t.Fatal(err)
			}
			if registered {
				enabled[fd] = false
			}
		case op == 2 && registered:
			must(t, p.Unregister(fd))
			delete(want, fd)
			delete(enabled, fd)
		case op == 3 && registered:
			must(t, p.Attach(fd, fd))
		default:
			must(t, p.Register(fd, Events(i%7)))
			want[fd], enabled[fd] = Events(i%7), true
		}
		if i%16 != 0 {
			continue
		}
		wantSet(t, &p, want)
		p.mu.Lock()
		must(t, p.prepare(false))
		asked := map[int32]bool{}
		for _, f := range p.asked[1:] {
			if asked[f.Fd] = true; !enabled[int(f.Fd)] {
				t.Errorf("the kernel is asked for fd %d, which is not enabled", f.Fd)
			}
		}
		p.mu.Unlock()
		for fd, on := range enabled {
			if value, _ := held(&p, fd); on && !asked[int32(fd)] || value != nil && value != fd {
				t.Errorf("fd %d: asked for %v, value %v", fd, asked[int32(fd)], value)
			}
		}
	}
}

// TestDisableRace checks, with many workers, that no descriptor is handed out while a worker has
// it, and that no event is lost.
func TestDisableRace(t *testing.T) {
	watchdog(t, 4*soon)
	const fds, workers = 8, 4
	rounds := scaled(20000, 20)
	var p Poller
	defer p.Close()
	writers := map[int]int{}
	for i := 0; i < fds; i++ {
		r, w := newPipe(t)
		writers[r] = w
		must(t, p.Register(r, POLLIN))
		mustWrite(t, w, "x")
	}
	var busy [fds]sync.Mutex
	index := map[int]int{}
	for fd := range writers {
		index[fd] = len(index)
	}
	work := make(chan int, fds)
	var done sync.WaitGroup
	var handled atomic.Int64
	for i := 0; i < workers; i++ {
		done.Add(1)
		go func() {
			defer done.Done()
			for fd := range work {
				b := &busy[index[fd]]
				if !b.TryLock() {
					t.Errorf("fd %d is handed out twice", fd)
					continue
				}
				if n := readAll(fd); n != 1 {
					t.Errorf("fd %d has %d bytes, want 1: it was reported for what was read before", fd, n)
				}
				mustWrite(t, writers[fd], "x")
				handled.Add(1)
				b.Unlock()
				if err := p.Modify(fd, POLLIN); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	for handled.Load() < int64(rounds) {
		ready, err := p.Poll(time.Minute)
		if len(ready) == 0 || err != nil {
			t.Fatalf("Poll = %v, %v", ready, err)
		}
		for _, r := range ready {
			must(t, p.Disable(r.Fd))
			work <- r.Fd
		}
	}
	close(work)
	done.Wait()
}

// TestDisableAllocates checks that disabling and enabling allocate nothing.
func TestDisableAllocates(t *testing.T) {
	_, w := newPipe(t)
	p := newPoller(t, []int{w}, POLLOUT)
	wantNoAllocs(t, "Disable, Modify, Poll", func() {
		p.Disable(w)
		p.Poll(0)
		p.Modify(w, POLLOUT)
		p.Poll(0)
	})
}
