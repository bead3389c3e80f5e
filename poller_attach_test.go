//go:build linux || darwin || freebsd

// The tests of Attach and Ready.Value.

package poll

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// wantValue checks that p reports fd, and nothing else, with value, in every kind of
// call.
func wantValue(tb testing.TB, p *Poller, fd int, value any) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, v := range []struct {
		name string
		poll func() ([]Ready, error)
	}{
		{"Poll(0)", func() ([]Ready, error) { return p.Poll(0) }},
		{"Poll(Forever)", func() ([]Ready, error) { return p.Poll(Forever) }},
		{"Poll(Forever) that waits", func() ([]Ready, error) {
			p.backoff = backoff{skip: 1}
			return p.Poll(Forever)
		}},
		{"Poll(1h)", func() ([]Ready, error) { return p.Poll(time.Hour) }},
		{"PollContext", func() ([]Ready, error) { return p.PollContext(ctx) }},
	} {
		ready, err := v.poll()
		if len(ready) != 1 || err != nil || ready[0].Fd != fd || ready[0].Value != value {
			tb.Fatalf("%s = %v, %v with %v, want fd %d with %v", v.name, ready, err, values(ready), fd, value)
		}
	}
}

func values(ready []Ready) (values []any) {
	for _, r := range ready {
		values = append(values, r.Value)
	}
	return values
}

// TestAttach checks what Ready.Value is after each way to set it or to end it.
func TestAttach(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	conn, other := testConn(r), fdConn(r)
	a, b := new(int), new(int)
	var p Poller
	defer p.Close()
	registerConn := func(c syscall.Conn) func() error {
		return func() error {
			fd, err := p.RegisterConn(c, POLLIN)
			if err == nil && fd != r {
				err = fmt.Errorf("RegisterConn = %d, want %d", fd, r)
			}
			return err
		}
	}
	register := func() error { return p.Register(r, POLLIN) }
	modify := func() error { return p.Modify(r, POLLIN|POLLPRI) }
	unregister := func() error { return p.Unregister(r) }
	attach := func(v any) func() error { return func() error { return p.Attach(r, v) } }
	nothing := new(any)
	for i, step := range []struct {
		what string
		do   func() error
		want any
	}{
		{"Register", register, nil},
		{"Attach", attach(a), a},
		{"Attach of another", attach(b), b},
		{"Attach of the same", attach(b), b},
		{"Attach of a string", attach("s"), "s"},
		{"Register twice", register, "s"},
		{"Modify", modify, "s"},
		{"Attach of nil", attach(nil), nil},
		{"Attach", attach(a), a},
		{"Unregister", unregister, nothing},
		{"Register anew", register, nil},
		{"Attach", attach(a), a},
		{"RegisterConn over a value", registerConn(conn), conn},
		{"Register over a conn", register, conn},
		{"Modify of a conn", modify, conn},
		{"RegisterConn of another over a conn", registerConn(other), other},
		{"Attach over a conn", attach(a), a},
		{"Modify", modify, a},
		{"Register twice", register, a},
		{"RegisterConn again", registerConn(other), other},
		{"Attach of nil over a conn", attach(nil), nil},
		{"Attach of another over a conn", attach(b), b},
		{"Unregister of a conn", unregister, nothing},
		{"Register anew after a conn", register, nil},
		{"RegisterConn over a registration without a value", registerConn(conn), conn},
		{"Unregister", unregister, nothing},
		{"RegisterConn anew", registerConn(other), other},
		{"Unregister", unregister, nothing},
		{"Register", register, nil},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("step %d, %s: %v", i, step.what, err)
		}
		if step.want == nothing {
			wantPoll(t, &p, 0)
			continue
		}
		t.Logf("step %d, %s", i, step.what)
		wantValue(t, &p, r, step.want)
	}
}

// fdConn returns fd as a syscall.Conn.
func fdConn(fd int) *fakeConn {
	return &fakeConn{control: func(f func(fd uintptr)) error { f(uintptr(fd)); return nil }}
}

// TestAttachErrors checks the errors of Attach, after which nothing is attached.
func TestAttachErrors(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	var p Poller
	absent := []int{r, 0, -1, math.MinInt32, math.MaxInt32}
	if big := int64(math.MaxInt32) + 1 + int64(r); int64(int(big)) == big {
		absent = append(absent, int(big), int(2*big), math.MinInt)
	}
	for _, fd := range absent {
		wantError(t, p.Attach(fd, "s"), "attach", fd, ErrNotRegistered)
	}
	must(t, p.Register(r, POLLIN))
	for _, fd := range absent[1:] {
		wantError(t, p.Attach(fd, "s"), "attach", fd, ErrNotRegistered)
	}
	wantValue(t, &p, r, nil)
	if p.Len() != 1 {
		t.Errorf("Len() = %d, want 1", p.Len())
	}
	must(t, p.Attach(r, "s"))
	must(t, p.Unregister(r))
	wantError(t, p.Attach(r, "t"), "attach", r, ErrNotRegistered)
	must(t, p.Register(r, POLLIN))
	wantValue(t, &p, r, nil)
	must(t, p.Close())
	for _, fd := range absent {
		wantError(t, p.Attach(fd, "s"), "attach", fd, ErrClosed)
	}
}

// TestAttachMany checks that each descriptor of many has its own value, while others
// come and go.
func TestAttachMany(t *testing.T) {
	needFds(t, 110)
	watchdog(t, soon)
	var p Poller
	defer p.Close()
	want := make(map[int]any)
	check := func() {
		t.Helper()
		ready, err := p.Poll(Forever)
		if len(ready) != len(want) || err != nil {
			t.Fatalf("Poll = %v, %v, want %d", ready, err, len(want))
		}
		for _, r := range ready {
			if v, ok := want[r.Fd]; !ok || r.Value != v {
				t.Fatalf("%v with value %v, want %v, %v", r, r.Value, v, ok)
			}
		}
	}
	var fds []int
	for i := 0; i < 50; i++ {
		_, w := newPipe(t)
		fds = append(fds, w)
		must(t, p.Register(w, POLLOUT))
		want[w] = nil
		if i%3 > 0 {
			must(t, p.Attach(w, i))
			want[w] = i
		}
	}
	check()
	for i, fd := range fds { // the last registration takes the place of each
		if i%2 == 0 {
			must(t, p.Unregister(fd))
			delete(want, fd)
		}
		check()
	}
	for i, fd := range fds {
		if i%4 == 0 {
			must(t, p.Register(fd, POLLOUT))
			want[fd] = nil
		}
	}
	check()
}

// TestAttachDuringWait checks that Attach does not end a wait, and that the value
// is that of the moment when Poll returns.
func TestAttachDuringWait(t *testing.T) {
	watchdog(t, soon)
	for _, v := range []struct {
		name   string
		before any
		during []any
		want   any
	}{
		{"first", nil, []any{"a"}, "a"},
		{"another", "a", []any{"b", "c"}, "c"},
		{"nil", "a", []any{"b", nil}, nil},
	} {
		t.Run("attached="+v.name, func(t *testing.T) {
			r, w := newPipe(t)
			var p Poller
			defer p.Close()
			must(t, p.Register(r, POLLIN))
			must(t, p.Attach(r, v.before))
			c := goPoll(&p, Forever)
			for _, value := range v.during {
				must(t, p.Attach(r, value))
			}
			if !isWaiting(&p) {
				t.Error("Attach has ended the wait")
			}
			mustWrite(t, w, "x")
			(<-c).want(t, nil, Ready{Fd: r, Events: POLLIN, Value: v.want})
		})
	}

	t.Run("attached=in the kernel", func(t *testing.T) {
		r, w := newPipe(t)
		mustWrite(t, w, "x")
		var p Poller
		defer p.Close()
		must(t, p.Register(r, POLLIN))
		must(t, p.Attach(r, "before"))
		n := 0
		onCall(t, func(bool, time.Duration) (int, syscall.Errno, bool) {
			n++
			must(t, p.Attach(r, n))
			return 0, 0, false
		})
		for _, timeout := range []time.Duration{0, Forever, time.Hour} {
			ready, err := p.Poll(timeout)
			if len(ready) != 1 || err != nil || ready[0].Value != n {
				t.Errorf("Poll(%v) = %v, %v with %v, want %d", timeout, ready, err, values(ready), n)
			}
		}
	})

	t.Run("attached=to a successor", func(t *testing.T) {
		r, w := newPipe(t)
		mustWrite(t, w, "x")
		var p Poller
		defer p.Close()
		must(t, p.Register(r, POLLIN))
		must(t, p.Attach(r, "predecessor"))
		over := false
		onCall(t, func(bool, time.Duration) (int, syscall.Errno, bool) {
			if !over {
				over = true
				must(t, p.Unregister(r))
				must(t, p.Register(r, POLLIN))
			}
			return 0, 0, false
		})
		ready, err := p.Poll(0)
		if len(ready) != 0 || err != nil {
			t.Errorf("Poll = %v, %v: the report is about the predecessor", ready, err)
		}
		wantValue(t, &p, r, nil)
	})
}

// garbage counts what is finalized.
type garbage struct{ finalized atomic.Int32 }

// value returns a value that is counted when nobody holds it any more.
func (g *garbage) value() any {
	x := new([64]byte)
	runtime.SetFinalizer(x, func(*[64]byte) { g.finalized.Add(1) })
	return x
}

// conn returns a conn for fd that is counted when nobody holds it any more.
func (g *garbage) conn(fd int) syscall.Conn {
	c := fdConn(fd)
	runtime.SetFinalizer(c, func(*fakeConn) { g.finalized.Add(1) })
	return c
}

// await waits until n are finalized, or the watchdog barks.
func (g *garbage) await(tb testing.TB, n int32) {
	tb.Helper()
	for g.finalized.Load() < n {
		collectGarbage(tb)
	}
	g.want(tb, n)
}

// want checks that n are finalized, and no more.
func (g *garbage) want(tb testing.TB, n int32) {
	tb.Helper()
	collectGarbage(tb)
	if got := g.finalized.Load(); got != n {
		tb.Fatalf("%d values are garbage, want %d", got, n)
	}
}

// TestAttachedIsLetGo checks that the Poller keeps a value and a conn as long as the
// registration, and no longer than the next Poll after it.
func TestAttachedIsLetGo(t *testing.T) {
	watchdog(t, 2*soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	attach := func(p *Poller, g *garbage) error {
		if err := p.Register(r, POLLIN); err != nil {
			return err
		}
		return p.Attach(r, g.value())
	}
	registerConn := func(p *Poller, g *garbage) error {
		_, err := p.RegisterConn(g.conn(r), POLLIN)
		return err
	}
	for _, kind := range []struct {
		name string
		set  func(p *Poller, g *garbage) error
	}{
		{"Attach", attach},
		{"RegisterConn", registerConn},
		{"Attach over a conn", func(p *Poller, g *garbage) error { // either alone is not garbage
			if err := registerConn(p, g); err != nil {
				return err
			}
			return p.Attach(r, "not counted")
		}},
		{"nil over a conn", func(p *Poller, g *garbage) error {
			if err := registerConn(p, g); err != nil {
				return err
			}
			return p.Attach(r, nil)
		}},
	} {
		for _, end := range []struct {
			name string
			do   func(p *Poller) error
			poll bool // it takes a Poll as well
		}{
			{"Unregister, Poll", func(p *Poller) error { return p.Unregister(r) }, true},
			{"Unregister, Poll that waits", func(p *Poller) error {
				p.backoff = backoff{skip: 1}
				if err := p.Wake(); err != nil {
					return err
				}
				return p.Unregister(r)
			}, true},
			{"Unregister, Register, Poll", func(p *Poller) error {
				if err := p.Unregister(r); err != nil {
					return err
				}
				return p.Register(r, 0)
			}, true},
			{"Close", func(p *Poller) error { return p.Close() }, false},
			{"another RegisterConn", func(p *Poller) error {
				_, err := p.RegisterConn(testConn(r), 0)
				return err
			}, true},
		} {
			t.Run("kind="+kind.name+"/end="+end.name, func(t *testing.T) {
				var g garbage
				var p Poller
				defer p.Close()
				errs := make(chan error)
				go func() { // whose stack is garbage afterwards
					err := kind.set(&p, &g)
					var ready []Ready
					if err == nil {
						ready, err = p.Poll(Forever)
					}
					if err == nil && len(ready) != 1 {
						err = fmt.Errorf("Poll = %v", ready)
					}
					errs <- err
				}()
				must(t, <-errs)
				g.want(t, 0)
				must(t, end.do(&p))
				if end.poll {
					timeout := time.Duration(0)
					if p.woken {
						timeout = Forever
					}
					wantPoll(t, &p, timeout)
				}
				g.await(t, 1)
				runtime.KeepAlive(&p)
			})
		}
	}

	t.Run("kind=Attach/end=another Attach, Poll", func(t *testing.T) {
		var g garbage
		var p Poller
		defer p.Close()
		done := make(chan error)
		go func() {
			var err error
			for i := 0; i < 5 && err == nil; i++ {
				if err = attach(&p, &g); err == nil {
					_, err = p.Poll(Forever)
				}
			}
			done <- err
		}()
		must(t, <-done)
		g.await(t, 4)
		must(t, p.Attach(r, nil))
		if _, err := p.Poll(0); err != nil {
			t.Fatal(err)
		}
		g.await(t, 5)
		runtime.KeepAlive(&p)
	})

	t.Run("kind=many/end=Unregister, smaller result", func(t *testing.T) {
		var g garbage
		var p Poller
		defer p.Close()
		const n = 20
		var fds []int
		done := make(chan error)
		for i := 0; i < n; i++ {
			_, w := newPipe(t)
			fds = append(fds, w)
		}
		go func() {
			for _, fd := range fds {
				p.Register(fd, POLLOUT)
				p.Attach(fd, g.value())
			}
			ready, err := p.Poll(Forever)
			if err == nil && len(ready) != n {
				err = fmt.Errorf("%d ready", len(ready))
			}
			done <- err
		}()
		must(t, <-done)
		for _, fd := range fds[1:] {
			must(t, p.Unregister(fd))
		}
		if ready, err := p.Poll(Forever); len(ready) != 1 || err != nil {
			t.Fatal(ready, err)
		}
		g.await(t, n-1)
		runtime.KeepAlive(&p)
	})
}

// A mark is a value that says to which registrations it may belong: to those
// numbered first to last.
type mark struct {
	fd    int
	first int64
	last  atomic.Int64
}

// TestAttachRace checks that a value is reported only with events of the registration
// that it was attached to, while descriptors are unregistered and closed and their
// numbers registered anew.
func TestAttachRace(t *testing.T) {
	watchdog(t, 4*soon)
	rounds := int64(20000)
	if testing.Short() {
		rounds = 2000
	}
	var p Poller
	defer p.Close()
	var begun, ended atomic.Int64 // the last registration that may be there, and that cannot be
	var number atomic.Int64       // of its descriptor
	var over atomic.Bool
	var others sync.WaitGroup
	var seen, empty int

	others.Add(2)
	go func() { // attaches to whatever is registered
		defer others.Done()
		for !over.Load() {
			m := &mark{fd: int(number.Load()), first: ended.Load() + 1}
			m.last.Store(math.MaxInt64)
			p.Attach(m.fd, m)
			m.last.Store(begun.Load())
			runtime.Gosched()
		}
	}()
	go func() {
		defer others.Done()
		for i := 0; !over.Load(); i++ {
			gone := ended.Load()
			timeout := Forever
			if i%4 == 0 {
				timeout = 0
			}
			ready, err := p.Poll(timeout)
			if err != nil {
				t.Error(err)
				return
			}
			now := begun.Load()
			for _, r := range ready {
				m, ok := r.Value.(*mark)
				switch {
				case !ok:
					empty++
					continue
				case m.fd != r.Fd:
					t.Errorf("%v with the value of fd %d", r, m.fd)
				case m.last.Load() <= gone:
					t.Errorf("%v with the value of registration %d, which ended before Poll; so did %d", r, m.last.Load(), gone)
				case m.first > now:
					t.Errorf("%v with the value of registration %d, but there are %d", r, m.first, now)
				}
				seen++
			}
			if t.Failed() {
				return
			}
		}
	}()
	for i := int64(1); i <= rounds && !t.Failed(); i++ {
		var pair [2]int
		must(t, syscall.Pipe(pair[:]))
		fd := pair[1]
		begun.Store(i)
		number.Store(int64(fd))
		must(t, p.Register(fd, POLLOUT))
		if i%2 == 0 {
			m := &mark{fd: fd, first: i}
			m.last.Store(i)
			must(t, p.Attach(fd, m))
		}
		if i%3 == 0 {
			runtime.Gosched()
		}
		must(t, p.Unregister(fd))
		ended.Store(i)
		syscall.Close(pair[0])
		syscall.Close(pair[1])
	}
	over.Store(true)
	must(t, p.Wake())
	others.Wait()
	t.Logf("%d events with a value, %d without", seen, empty)
}

// TestAttachAllocates checks that a steady loop allocates nothing, with values or
// without, and that a set without values holds none.
func TestAttachAllocates(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	var p Poller
	defer p.Close()
	must(t, p.Register(r, POLLIN))
	must(t, p.Attach(r, nil))
	check := func(what string) {
		t.Helper()
		for _, timeout := range []time.Duration{0, Forever} {
			if n := testing.AllocsPerRun(200, func() { p.Poll(timeout) }); n != 0 && !instrumented() {
				t.Errorf("%s, Poll(%v): %v allocations, want 0", what, timeout, n)
			}
		}
		if n := testing.AllocsPerRun(200, func() {
			p.Modify(r, POLLIN)
			p.Unregister(r)
			p.Register(r, POLLIN)
			p.Poll(Forever)
		}); n != 0 && !instrumented() {
			t.Errorf("%s, with changes: %v allocations, want 0", what, n)
		}
	}
	check("without values")
	if p.set.extras != nil {
		t.Error("a set without values has a map for them")
	}
	must(t, p.Attach(r, t))
	if n := testing.AllocsPerRun(200, func() { p.Attach(r, t); p.Poll(Forever) }); n != 0 && !instrumented() {
		t.Errorf("with a value: %v allocations, want 0", n)
	}
	check("with values before")
}
