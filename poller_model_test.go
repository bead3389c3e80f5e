//go:build linux || darwin || freebsd || netbsd

// Random calls compared with a model, and many goroutines at once.

package poll

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A modelTest runs scripts, which are random sequences of calls, on a Poller and on a model
// of it. The scripts also open, replace and close descriptors.
type modelTest struct {
	testing.TB
	numbers []int // descriptors for the Poller; scripts open and close the first few
	files   []int // the files that those duplicate
	writes  []int // the write ends among files
	script  []byte

	p      *Poller
	set    map[int]modeled
	births int
	woken  bool
}

// modeled is the model's state of a registration.
type modeled struct {
	events   Events
	value    any
	disabled bool
	born     int // differs between registrations of the same number, and after Disable
}

const reopened = 12 // how many numbers scripts open and close

func newModelTest(tb testing.TB, never []int) *modelTest {
	tb.Cleanup(func() { testCall = nil })
	w := &modelTest{TB: tb}
	for i := 0; i < 3; i++ {
		r, wr := newPipe(tb)
		w.files = append(w.files, r, wr)
		w.writes = append(w.writes, wr)
	}
	hungUp, wr := newPipe(tb)
	closeFd(tb, wr)
	broken, wr2 := newPipe(tb)
	closeFd(tb, broken)
	null, err := syscall.Open("/dev/null", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	must(tb, err)
	w.files = append(w.files, hungUp, wr2, own(tb, null))
	for i := 0; i < reopened; i++ {
		w.numbers = append(w.numbers, dupFd(tb, null, 0))
	}
	for _, fd := range w.numbers {
		closeFd(tb, fd) // so a Poller's Waker gets these numbers first
	}
	w.numbers = append(w.numbers, never...)
	w.reset()
	return w
}

func (w *modelTest) reset() {
	w.p, w.set, w.woken = new(Poller), make(map[int]modeled), false
}

// run executes a script, two bytes for each step, and closes the Poller.
func (w *modelTest) run(script []byte) {
	for w.script = script; len(w.script) >= 2; {
		b, arg := int(w.script[0]), int(w.script[1])
		w.script = w.script[2:]
		w.step(b%22, b/22, arg)
		w.invariants()
	}
	for _, fd := range w.numbers[:reopened] {
		if !w.taken(fd) {
			syscall.Close(fd)
		}
	}
	w.p.Close()
	w.reset()
}

var scriptMasks = [...]Events{POLLIN, POLLOUT, POLLIN | POLLOUT, POLLPRI, 0, POLLRDNORM | POLLWRNORM, 0x8000 | POLLIN, 0xffff}

// step executes op, with the arguments more and arg.
func (w *modelTest) step(op, more, arg int) {
	if op < changeOps {
		w.change(op, more, arg)
		return
	}
	switch op {
	case 15, 16:
		w.poll(0, more)
	case 17:
		w.poll(time.Duration(arg)*time.Microsecond, more)
	case 18:
		w.poll(Forever, more)
	case 19: // ends with a result, with the Wake, or at the timeout
		want := w.expect()
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(arg)*time.Microsecond)
		ready, err := w.p.PollContext(ctx)
		cancel()
		if err == context.DeadlineExceeded && len(ready) == 0 {
			break // ctx may be done before anything is ready
		}
		w.check("PollContext", ready, err, want)
		if len(want) == 0 && !w.woken {
			w.Fatalf("PollContext returned empty")
		}
		w.woken = w.woken && len(want) > 0
	case 20:
		cancelled, cancel := context.WithCancel(context.Background())
		cancel()
		if ready, err := w.p.PollContext(cancelled); len(ready) > 0 || err != context.Canceled {
			w.Fatalf("PollContext with a ctx that is done = %v, %v", ready, err)
		}
		for _, bad := range []int{-1, -arg - 1, -1 << 31} {
			wantError(w, w.p.Register(bad), "register", bad, syscall.EBADF)
			wantError(w, w.p.Unregister(bad), "unregister", bad, ErrNotRegistered)
		}
	case 21:
		if arg%4 == 0 {
			must(w, w.p.Close())
			if _, err := w.p.Poll(0); !errors.Is(err, ErrClosed) {
				w.Fatalf("Poll after Close: %v", err)
			}
			w.reset()
		}
	}
}

const changeOps = 15 // the number of ops of change

// change executes an op that is also possible during a Poll.
func (w *modelTest) change(op, more, arg int) {
	fd := w.numbers[(arg+256*more)%len(w.numbers)]
	low := w.numbers[arg%reopened]
	events := scriptMasks[arg/16%len(scriptMasks)]
	now, known := w.set[fd]
	found := func(name string, err error) {
		if known && err != nil || !known && !errors.Is(err, ErrNotRegistered) {
			w.Fatalf("%s of fd %d: %v; registered: %v", name, fd, err, known)
		}
	}
	register := func(err error, events Events) {
		must(w, err)
		if !known {
			w.births++
			now.born = w.births
		}
		now.events, now.disabled = events, false
		w.set[fd] = now
	}
	switch op {
	case 0: // opens the number
		if !w.taken(low) {
			must(w, dup2(w.files[arg/16%len(w.files)], low))
		}
	case 1: // closes it
		if !w.taken(low) {
			syscall.Close(low)
		}
	case 2:
		syscall.Write(w.writes[arg%len(w.writes)], []byte("x"))
	case 3:
		readAll(w.files[2*(arg%len(w.writes))])
	case 4:
		register(w.p.Register(fd), POLLIN|POLLPRI|POLLOUT)
	case 5:
		register(w.p.Register(fd, events), events)
	case 6:
		register(w.p.Register(fd, events, POLLPRI, 0), events|POLLPRI)
	case 7:
		c := fdConn(fd)
		got, err := w.p.RegisterConn(c, events)
		if got != fd {
			w.Fatalf("RegisterConn = %d, want %d", got, fd)
		}
		now.value = c
		register(err, events)
	case 8:
		found("Modify", w.p.Modify(fd, events))
		if known {
			now.events, now.disabled = events, false
			w.set[fd] = now
		}
	case 9:
		found("Attach", w.p.Attach(fd, arg))
		if known {
			now.value = arg
			w.set[fd] = now
		}
	case 10, 11:
		found("Unregister", w.p.Unregister(fd))
		delete(w.set, fd)
	case 12:
		must(w, w.p.Wake())
		w.woken = true
	case 13:
		found("Disable", w.p.Disable(fd))
		if known && !now.disabled {
			w.births++
			now.born, now.disabled = w.births, true
			w.set[fd] = now
		}
	case 14: // fails after it has registered, and removes that
		_, err := w.p.RegisterConn(&fakeConn{control: func(f func(uintptr)) error {
			f(uintptr(fd))
			return syscall.EIO
		}}, events)
		wantError(w, err, "register", -1, syscall.EIO)
		delete(w.set, fd)
	}
}

// taken reports whether fd is in files or is a descriptor of the Waker.
func (w *modelTest) taken(fd int) bool {
	if slices.Contains(w.files, fd) {
		return true
	}
	return w.p.wake != nil && (fd == w.p.wake.r || fd == w.p.wake.w)
}

// answer sets Revents in fds to the events that the kernel reports now.
func (w *modelTest) answer(fds []PollFd) {
	if _, err := Poll(fds, 0); err != nil {
		w.Fatal(err)
	}
	for i, f := range fds {
		if wake := w.p.wake; wake != nil && (int(f.Fd) == wake.r || int(f.Fd) == wake.w) {
			fds[i].Revents = POLLNVAL // the Waker will move
			if f.Events == 0 {
				fds[i].Revents = closedUnasked
			}
		}
	}
}

// expect returns the result of a Poll that begins now.
func (w *modelTest) expect() map[int]Events {
	var fds []PollFd
	for fd, m := range w.set {
		if !m.disabled {
			fds = append(fds, PollFd{Fd: int32(fd), Events: m.events})
		}
	}
	w.answer(fds)
	return w.counting(fds, w.set)
}

// counting returns what a Poll must report if the set was before when it entered the
// kernel, and the kernel returned fds.
func (w *modelTest) counting(fds []PollFd, before map[int]modeled) map[int]Events {
	want := make(map[int]Events)
	for _, f := range fds {
		now, ok := w.set[int(f.Fd)]
		if ok && !now.disabled && now.born == before[int(f.Fd)].born {
			if events := f.Revents & (now.events | POLLERR | POLLHUP | POLLNVAL); events != 0 {
				want[int(f.Fd)] = events
			}
		}
	}
	return want
}

// poll calls Poll. When Poll is about to enter the kernel, poll executes the number of
// steps given by changes. Every third time, the result of the first system call is random.
func (w *modelTest) poll(timeout time.Duration, changes int) {
	before := make(map[int]modeled, len(w.set)) // the set that is passed to the kernel
	for fd, m := range w.set {
		if !m.disabled {
			before[fd] = m
		}
	}
	var first, now map[int]Events // the results of the first system call and of the next
	onlyOne := timeout == 0 || w.woken
	testCall = func(_ bool, _ int, left time.Duration) (n int, errno syscall.Errno, done bool) {
		testCall = nil
		for ; changes > 0 && len(w.script) >= 2; changes-- {
			b, arg := int(w.script[0]), int(w.script[1])
			w.script = w.script[2:]
			w.change(b%changeOps, b/changeOps, arg)
		}
		asked := w.p.asked[1:]
		if len(asked) != len(before) {
			w.Fatalf("the kernel is asked for %d, want %d", len(asked), len(before))
		}
		for _, f := range asked {
			if m, ok := before[int(f.Fd)]; !ok || m.events != f.Events {
				w.Fatalf("the kernel is asked for %v of fd %d, want %v, %v", f.Events, f.Fd, m.events, ok)
			}
		}
		now = w.expect()
		if changes = len(w.script) / 2; changes%3 == 0 {
			rng := rand.New(rand.NewSource(int64(changes)))
			for i := range asked {
				if asked[i].Revents = 0; rng.Intn(3) == 0 {
					asked[i].Revents = Events(1 + rng.Intn(1<<16-1))
					n++
				}
			}
			w.p.asked[0].Revents = 0
		}
		if done = n > 0; done {
			first = w.counting(asked, before)
		} else {
			answer := append([]PollFd(nil), asked...)
			w.answer(answer)
			first = w.counting(answer, before)
		}
		if timeout == Forever && len(first) == 0 && len(now) == 0 && !w.woken {
			must(w, w.p.Wake()) // otherwise Poll waits forever
			w.woken = true
		}
		return n, 0, done
	}
	start := time.Now()
	ready, err := w.p.Poll(timeout)
	took := time.Since(start)
	if testCall != nil {
		testCall = nil
		w.Fatalf("Poll(%v) did not call the kernel: %v, %v", timeout, ready, err)
	}
	want := first
	if len(first) == 0 && !onlyOne {
		want = now
	}
	w.check(fmt.Sprintf("Poll(%v)", timeout), ready, err, want)
	if len(want) == 0 && !w.woken && took < timeout {
		w.Fatalf("timeout=%v over after %v", timeout, took)
	}
	if len(want) == 0 && timeout != 0 {
		w.woken = false
	}
}

func (w *modelTest) check(what string, ready []Ready, err error, want map[int]Events) {
	w.Helper()
	if err != nil {
		w.Fatalf("%s: %v", what, err)
	}
	got := make(map[int]Events)
	for _, r := range ready {
		got[r.Fd] = r.Events
		if r.Value != w.set[r.Fd].value {
			w.Fatalf("%s: %v with value %v, want %v", what, r, r.Value, w.set[r.Fd].value)
		}
	}
	if len(ready) != len(want) || !reflect.DeepEqual(got, want) {
		w.Fatalf("%s = %v, want %v; registered: %v", what, ready, want, w.set)
	}
}

// invariants compares the Poller with the model while no Poll is running.
func (w *modelTest) invariants() {
	w.Helper()
	p := w.p
	if p.polling || p.waiting || p.woken != w.woken {
		w.Fatalf("polling %v, waiting %v, woken %v, want %v", p.polling, p.waiting, p.woken, w.woken)
	}
	want := make(map[int]Events, len(w.set))
	for fd, m := range w.set {
		want[fd] = m.events
	}
	wantSet(w, p, want)
	for _, fd := range w.numbers {
		events, ok := p.Registered(fd)
		if m, known := w.set[fd]; events != m.events || ok != known {
			w.Fatalf("Registered(%d) = %v, %v; want %v, %v", fd, events, ok, m.events, known)
		}
	}
}

// TestModel checks random sequences of all calls, including changes during a Poll, against
// a model.
func TestModel(t *testing.T) {
	watchdog(t, 8*soon)
	start := time.Now()
	for _, stride := range []int{0, 1, pageLen - 1, pageLen, 1 << 14} {
		var never []int // numbers that no file gets
		seeds, steps := scaled(400, 10), 200
		if stride > 0 {
			seeds, steps = scaled(100, 10), 1000
			for i := min(600, raiseLimit(t)/2-reopened); i > 0; i-- {
				never = append(never, 1000+i*stride)
			}
		}
		for seed := 0; seed == 0 || seed < seeds && time.Since(start) < 4*soon; seed++ {
			t.Run(fmt.Sprintf("stride=%d/seed=%d", stride, seed), func(t *testing.T) {
				script := make([]byte, 2*steps)
				rand.New(rand.NewSource(int64(seed))).Read(script)
				newModelTest(t, never).run(script)
			})
		}
	}
}

// FuzzCalls checks sequences of calls in the same way as TestModel.
func FuzzCalls(f *testing.F) {
	f.Add([]byte("\x00\x00\x04\x00\x0d\x00\x0c\x00\x10\x00\x0a\x00\x01\x00"))
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 1000 {
			return
		}
		newModelTest(t, []int{1000, 1023, 1024, 2048, 4096, 1 << 20}).run(script)
	})
}

// A hammered is a pipe of TestHammer, whose read end is registered and unregistered.
type hammered struct {
	r, w, saved int // saved is a copy of r
	// gone is the number of the latest Poll that had begun when Unregister returned. It is
	// set to 0 before Register.
	gone atomic.Int64
}

// hammer makes a random change of p, or writes.
func (c *hammered) hammer(p *Poller, rng *rand.Rand, idle int, begun *atomic.Int64) (err error) {
	switch rng.Intn(8) {
	case 0, 1:
		c.gone.Store(0)
		err = errors.Join(p.Register(c.r, POLLIN), p.Attach(c.r, c))
	case 2:
		p.Disable(c.r)
		if err = p.Modify(c.r, scriptMasks[rng.Intn(4)]); errors.Is(err, ErrNotRegistered) {
			err = nil
		}
	case 3:
		p.Unregister(c.r)
		c.gone.Store(begun.Load())
	case 4: // the number is closed, reopened and registered again
		p.Unregister(c.r)
		err = errors.Join(dup2(idle, c.r), p.Register(c.r, POLLIN), p.Unregister(c.r), dup2(c.saved, c.r))
		c.gone.Store(begun.Load())
	case 5:
		p.Registered(c.r)
		p.Len()
		err = p.Wake()
	default:
		syscall.Write(c.w, []byte("x"))
	}
	return err
}

// TestHammer checks, with eight goroutines that change the set and write while one polls
// and reads, that no descriptor is reported with the value of another or if it was
// unregistered before the Poll began, and that every ready descriptor is reported.
func TestHammer(t *testing.T) {
	watchdog(t, 4*soon)
	const changers, each = 8, 4
	needFds(t, 3*changers*each)
	duration := time.Duration(scaled(2000, 10)) * time.Millisecond
	var p Poller
	byFd := make(map[int]*hammered)
	var pipes [changers * each]*hammered
	for i := range pipes {
		r, w := newPipe(t)
		pipes[i] = &hammered{r: r, w: w, saved: dupFd(t, r, 0)}
		pipes[i].gone.Store(1)
		byFd[r] = pipes[i]
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
				if r.Value != nil && r.Value != byFd[r.Fd] {
					t.Errorf("%v with a value of another", r)
				}
				readAll(r.Fd)
				reports.Add(1)
			}
		}
	}()

	idle, _ := newPipe(t)
	var all sync.WaitGroup
	end := time.Now().Add(duration)
	for g := 0; g < changers; g++ {
		mine := pipes[g*each : (g+1)*each]
		rng := rand.New(rand.NewSource(int64(g)))
		all.Add(1)
		go func() {
			defer all.Done()
			for time.Now().Before(end) {
				if err := mine[rng.Intn(each)].hammer(&p, rng, idle, &begun); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	all.Wait()

	// Every registered pipe with bytes is reported without another change.
	for _, c := range pipes {
		c.gone.Store(0)
		must(t, p.Register(c.r, POLLIN))
		syscall.Write(c.w, []byte("x"))
	}
	for fd := range byFd {
		for got := POLLIN; got != 0; { // until all is read
			runtime.Gosched()
			var err error
			got, err = Wait(fd, POLLIN, 0)
			must(t, err)
		}
	}
	must(t, p.Close())
	if err := <-polled; !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	t.Logf("%d Polls, %d reports", begun.Load(), reports.Load())
}
