//go:build linux || darwin || freebsd || netbsd

// Tests of Disable.

package poll

import (
	"fmt"
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

// TestDisable checks that a disabled descriptor reports nothing, whatever its state and
// mask, that it keeps its mask and value, and which calls enable it.
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

// TestDisableDuringWait checks that a waiting Poll stops watching a descriptor that is
// disabled, goes on waiting, and returns if a ready descriptor is enabled.
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

// TestDisableForgetsCallUnderWay checks that an event that the kernel found before its
// descriptor was disabled is not reported after the descriptor is enabled again.
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

// TestDisableRace checks, with many workers, that no descriptor is handed out while a
// worker has it, and that no event is lost.
func TestDisableRace(t *testing.T) {
	watchdog(t, 4*soon)
	const fds, workers = 8, 4
	rounds := scaled(20000, 20)
	var p Poller
	defer p.Close()
	writers, busy := map[int]int{}, map[int]*sync.Mutex{}
	for i := 0; i < fds; i++ {
		r, w := newPipe(t)
		writers[r], busy[r] = w, new(sync.Mutex)
		must(t, p.Register(r, POLLIN))
		mustWrite(t, w, "x")
	}
	work := make(chan int, fds)
	var done sync.WaitGroup
	var handled atomic.Int64
	for i := 0; i < workers; i++ {
		done.Add(1)
		go func() {
			defer done.Done()
			for fd := range work {
				if !busy[fd].TryLock() {
					t.Errorf("fd %d is handed out twice", fd)
					continue
				}
				if n := readAll(fd); n != 1 {
					t.Errorf("fd %d has %d bytes, want 1: it was reported for what was read before", fd, n)
				}
				mustWrite(t, writers[fd], "x")
				handled.Add(1)
				busy[fd].Unlock()
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
