//go:build linux || darwin

// Random sequences of every call against a plain model, and many goroutines
// against an oracle.

package poll

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A world is what a script acts on: a few numbers behind which there is now
// one thing, now another, now nothing; and the Poller with its model.
type world struct {
	testing.TB
	numbers []int // what the Poller is given
	things  []int // what the numbers are made to stand for
	writes  []int // the write ends of those that can be written to

	p     *Poller
	set   map[int]Events
	woken bool
}

func newWorld(tb testing.TB) *world {
	w := &world{TB: tb}
	for i := 0; i < 3; i++ {
		r, wr := newPipe(tb)
		w.things = append(w.things, r, wr)
		w.writes = append(w.writes, wr)
	}
	hungUp, wr := newPipe(tb)
	closeFd(tb, wr)
	broken, wr2 := newPipe(tb)
	closeFd(tb, broken)
	null, err := syscall.Open("/dev/null", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	must(tb, err)
	own(tb, null)
	w.things = append(w.things, hungUp, wr2, null)
	for i := 0; i < 12; i++ {
		fd, err := syscall.Dup(null)
		must(tb, err)
		w.numbers = append(w.numbers, fd)
	}
	for _, fd := range w.numbers {
		syscall.Close(fd) // the lowest free ones, which the Poller would get
	}
	w.reset()
	return w
}

func (w *world) reset() {
	w.p, w.set, w.woken = new(Poller), make(map[int]Events), false
}

func (w *world) taken(fd int) bool {
	for _, have := range append(append([]int(nil), w.things...), w.writes...) {
		if fd == have {
			return true
		}
	}
	return w.p.wake != nil && (fd == w.p.wake.r || fd == w.p.wake.w)
}

// expect asks the kernel about each registered descriptor by itself.
func (w *world) expect() map[int]Events {
	m := make(map[int]Events)
	for fd, events := range w.set {
		one := []PollFd{{Fd: int32(fd), Events: events}}
		if n, err := Poll(one, 0); err != nil {
			w.Fatal(err)
		} else if n > 0 {
			m[fd] = one[0].Revents
		}
		if wake := w.p.wake; wake != nil && (fd == wake.r || fd == wake.w) {
			m[fd] = POLLNVAL // the Poller will make way
		}
	}
	return m
}

func (w *world) check(what string, ready []Ready, err error, want map[int]Events) {
	if err != nil {
		w.Fatalf("%s: %v", what, err)
	}
	got := make(map[int]Events)
	for _, r := range ready {
		got[r.Fd] = r.Events
	}
	if len(ready) != len(want) || fmt.Sprint(got) != fmt.Sprint(want) {
		w.Fatalf("%s = %v, want %v; registered: %v", what, ready, want, w.set)
	}
}

// A testConn is a descriptor as a syscall.Conn.
type testConn int

func (c testConn) SyscallConn() (syscall.RawConn, error)    { return c, nil }
func (c testConn) Control(f func(fd uintptr)) error         { f(uintptr(c)); return nil }
func (c testConn) Read(func(fd uintptr) (done bool)) error  { return syscall.ENOSYS }
func (c testConn) Write(func(fd uintptr) (done bool)) error { return syscall.ENOSYS }

var scriptMasks = [...]Events{POLLIN, POLLOUT, POLLIN | POLLOUT, POLLPRI, 0, POLLRDNORM | POLLWRNORM, 0x8000 | POLLIN, 0xffff}

// run carries out a script, two bytes a step: what, and with what.
func (w *world) run(script []byte) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for ; len(script) >= 2; script = script[2:] {
		arg := int(script[1])
		fd := w.numbers[arg%len(w.numbers)]
		events := scriptMasks[arg/16%len(scriptMasks)]
		_, known := w.set[fd]

		switch op := script[0] % 20; op {
		case 0: // the number becomes something
			if !w.taken(fd) {
				must(w, dup2(w.things[arg/16%len(w.things)], fd))
			}
		case 1: // or nothing
			if !w.taken(fd) {
				syscall.Close(fd)
			}
		case 2:
			syscall.Write(w.writes[arg%len(w.writes)], []byte("x"))
		case 3:
			readAll(w.things[2*(arg%len(w.writes))])
		case 4:
			must(w, w.p.Register(fd))
			w.set[fd] = POLLIN | POLLPRI | POLLOUT
		case 5:
			must(w, w.p.Register(fd, events))
			w.set[fd] = events
		case 6:
			must(w, w.p.Register(fd, events, POLLPRI, 0))
			w.set[fd] = events | POLLPRI
		case 7:
			got, err := w.p.RegisterConn(testConn(fd), events)
			must(w, err)
			if got != fd {
				w.Fatalf("RegisterConn = %d, want %d", got, fd)
			}
			w.set[fd] = events
		case 8, 9:
			err := w.p.Modify(fd, events)
			if !known && !errors.Is(err, ErrNotRegistered) || known && err != nil {
				w.Fatalf("Modify: %v; registered: %v", err, known)
			}
			if known {
				w.set[fd] = events
			}
		case 10, 11:
			err := w.p.Unregister(fd)
			if !known && !errors.Is(err, ErrNotRegistered) || known && err != nil {
				w.Fatalf("Unregister: %v; registered: %v", err, known)
			}
			delete(w.set, fd)
		case 12, 13:
			want := w.expect()
			ready, err := w.p.Poll(0)
			w.check("Poll(0)", ready, err, want)
		case 14: // waits a little
			want := w.expect()
			start := time.Now()
			timeout := time.Duration(arg) * time.Microsecond
			ready, err := w.p.Poll(timeout)
			w.check("Poll", ready, err, want)
			if d := time.Since(start); len(want) == 0 && !w.woken && d < timeout {
				w.Fatalf("timeout=%v over after %v", timeout, d)
			}
			if len(want) == 0 && timeout > 0 {
				w.woken = false
			}
		case 15: // waits forever, if it won't
			if want := w.expect(); len(want) > 0 || w.woken {
				ready, err := w.p.Poll(Forever)
				w.check("Poll(Forever)", ready, err, want)
				w.woken = w.woken && len(want) > 0
			}
		case 16:
			must(w, w.p.Wake())
			w.woken = true
		case 17: // with something to report, or woken, or in time
			want := w.expect()
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(arg)*time.Microsecond)
			ready, err := w.p.PollContext(ctx)
			if err == context.DeadlineExceeded && len(ready) == 0 {
				// Time can run out before anything else.
			} else {
				w.check("PollContext", ready, err, want)
				if len(want) == 0 && !w.woken {
					w.Fatal("PollContext returned empty")
				}
				w.woken = w.woken && len(want) > 0
			}
			cancel()
		case 18:
			if ready, err := w.p.PollContext(cancelled); len(ready) > 0 || err != context.Canceled {
				w.Fatalf("PollContext with a ctx that is done = %v, %v", ready, err)
			}
			for _, bad := range []int{-1, -fd, -1 << 31} {
				if err := w.p.Register(bad); !errors.Is(err, syscall.EBADF) {
					w.Fatalf("Register(%d): %v", bad, err)
				}
				if err := w.p.Unregister(bad); !errors.Is(err, ErrNotRegistered) {
					w.Fatalf("Unregister(%d): %v", bad, err)
				}
			}
		case 19:
			if arg%4 == 0 {
				must(w, w.p.Close())
				if _, err := w.p.Poll(0); !errors.Is(err, ErrClosed) {
					w.Fatalf("Poll after Close: %v", err)
				}
				w.reset()
			}
		}
		w.invariants()
	}
	for _, fd := range w.numbers {
		if !w.taken(fd) {
			syscall.Close(fd)
		}
	}
	w.p.Close()
	w.reset()
}

// invariants compares the set with the model, and looks whether all is well
// inside.
func (w *world) invariants() {
	p := w.p
	if p.Len() != len(w.set) {
		w.Fatalf("Len() = %d, want %d", p.Len(), len(w.set))
	}
	for _, fd := range w.numbers {
		events, ok := p.Registered(fd)
		if want, known := w.set[fd]; events != want || ok != known {
			w.Fatalf("Registered(%d) = %v, %v; want %v, %v", fd, events, ok, want, known)
		}
	}
	if p.polling || p.waiting || p.woken != w.woken {
		w.Fatalf("polling %v, waiting %v, woken %v, want %v", p.polling, p.waiting, p.woken, w.woken)
	}
	wantSet(w, p, w.set)
}

func TestModel(t *testing.T) {
	watchdog(t, 4*soon)
	seeds := 3000
	if testing.Short() {
		seeds = 100
	}
	w := newWorld(t)
	for seed := 0; seed < seeds; seed++ {
		script := make([]byte, 400)
		rand.New(rand.NewSource(int64(seed))).Read(script)
		w.TB = seeded{t, seed}
		w.run(script)
	}
}

// seeded says which seed a test failed with.
type seeded struct {
	testing.TB
	seed int
}

func (s seeded) Fatalf(format string, args ...any) {
	s.TB.Helper()
	s.TB.Fatalf("seed=%d: "+format, append([]any{s.seed}, args...)...)
}

func FuzzCalls(f *testing.F) {
	f.Add([]byte("\x00\x00\x04\x00\x0c\x00\x10\x00\x0f\x00\x0a\x00\x01\x00"))
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 1000 {
			return
		}
		newWorld(t).run(script)
	})
}

// Eight goroutines change the set and write, each to pipes of its own, while
// one polls and drains. Nothing is reported that was unregistered before the
// Poll began, and once all is quiet nothing is left that is ready.
func TestHammer(t *testing.T) {
	watchdog(t, 4*soon)
	const changers, each = 8, 4
	duration := 2 * time.Second
	if testing.Short() {
		duration = 200 * time.Millisecond
	}
	type pipe struct {
		r, w, saved int
		// gone is 0 from before Register on, and the number of the latest Poll
		// that had begun when Unregister returned.
		gone atomic.Int64
	}
	var p Poller
	byFd := make(map[int]*pipe)
	var mine [changers][each]*pipe
	for i := range mine {
		for j := range mine[i] {
			r, w := newPipe(t)
			saved, err := syscall.Dup(r)
			must(t, err)
			own(t, saved)
			mine[i][j] = &pipe{r: r, w: w, saved: saved}
			mine[i][j].gone.Store(1)
			byFd[r] = mine[i][j]
		}
	}

	var begun, reports atomic.Int64
	begun.Store(1)
	polled := make(chan error, 1)
	go func() {
		for {
			k := begun.Add(1)
			ready, err := p.Poll(Forever)
			if err != nil {
				polled <- err
				return
			}
			for _, r := range ready {
				if gone := byFd[r.Fd].gone.Load(); gone != 0 && gone < k {
					t.Errorf("Poll %d named %v, unregistered during Poll %d", k, r, gone)
				}
				readAll(r.Fd)
				reports.Add(1)
			}
		}
	}()

	idle, _ := newPipe(t)
	var all sync.WaitGroup
	end := time.Now().Add(duration)
	for g := range mine {
		pipes := mine[g]
		rnd := rand.New(rand.NewSource(int64(g)))
		all.Add(1)
		go func() {
			defer all.Done()
			for time.Now().Before(end) {
				c := pipes[rnd.Intn(each)]
				switch rnd.Intn(8) {
				case 0, 1:
					c.gone.Store(0)
					if err := p.Register(c.r, POLLIN); err != nil {
						t.Error(err)
					}
				case 2:
					if err := p.Modify(c.r, scriptMasks[rnd.Intn(4)]); err != nil && !errors.Is(err, ErrNotRegistered) {
						t.Error(err)
					}
				case 3:
					p.Unregister(c.r)
					c.gone.Store(begun.Load())
				case 4: // the number is closed, opened anew and registered again
					p.Unregister(c.r)
					if dup2(idle, c.r) != nil || p.Register(c.r, POLLIN) != nil || p.Unregister(c.r) != nil || dup2(c.saved, c.r) != nil {
						t.Error("the dance failed")
					}
					c.gone.Store(begun.Load())
				case 5:
					p.Wake()
				default:
					syscall.Write(c.w, []byte("x"))
				}
			}
		}()
	}
	all.Wait()

	// Quiet. What is registered and has bytes is reported, without a push.
	for g := range mine {
		for _, c := range mine[g] {
			c.gone.Store(0)
			must(t, p.Register(c.r, POLLIN))
			syscall.Write(c.w, []byte("x"))
		}
	}
	for fd := range byFd {
		fds := []PollFd{{Fd: int32(fd), Events: POLLIN}}
		for n := 1; n > 0; {
			runtime.Gosched() // until it is drained, or the watchdog barks
			var err error
			n, err = Poll(fds, 0)
			must(t, err)
		}
	}
	must(t, p.Close())
	if err := <-polled; !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	t.Logf("%d Polls, %d reports", begun.Load(), reports.Load())
}
