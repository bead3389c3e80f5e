//go:build linux || darwin || freebsd

// The tests of RegisterConn against conns that are closed, that fail and that lock.

package poll

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestRegisterConnWhileHeld checks that the registration is made while the conn holds
// its descriptor: it is there before Control's function returns, and nothing is
// registered after that.
func TestRegisterConnWhileHeld(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	var p Poller
	defer p.Close()
	for i := 0; i < 2; i++ { // with nothing there before, and over a registration
		c := &fakeConn{}
		c.control = func(f func(fd uintptr)) error {
			f(uintptr(r))
			if events, ok := p.Registered(r); events != POLLIN || !ok {
				t.Errorf("while the conn holds it: %v, %v, want POLLIN", events, ok)
			}
			if value, conn := held(&p, r); conn != syscall.Conn(c) || value != any(c) {
				t.Errorf("while the conn holds it: %v and %v, want the conn", value, conn)
			}
			// It lets go of it, its owner closes it, and the number is another's.
			return p.Unregister(r)
		}
		fd, err := p.RegisterConn(c, POLLIN)
		if fd != r || err != nil {
			t.Fatalf("RegisterConn = %d, %v, want %d", fd, err, r)
		}
		if events, ok := p.Registered(r); ok {
			t.Errorf("a stranger is registered, with %v", events)
		}
		must(t, p.Register(r, POLLPRI))
		must(t, p.Attach(r, "value"))
	}
}

// TestRegisterConnRace checks that a registration never falls on a stranger while
// conns are closed elsewhere and their numbers are opened anew.
func TestRegisterConnRace(t *testing.T) {
	watchdog(t, 8*soon)
	rounds := 100000
	if testing.Short() {
		rounds = 5000
	}
	_, w := newPipe(t)
	// Close waits until Control has returned, but only of a file that does not block
	// (FD.Close in internal/poll).
	dup := func() *os.File {
		fd, err := syscall.Dup(w)
		must(t, err)
		return os.NewFile(uintptr(fd), "dup")
	}
	var p Poller
	defer p.Close()

	type round struct {
		c        *os.File
		fd       int
		stranger bool // registers the next owner of the number
	}
	begin, end := make(chan round), make(chan *os.File)
	var ready, started atomic.Bool
	go func() { // the owner of the conns
		for r := range begin {
			ready.Store(true)
			for !started.Load() {
				runtime.Gosched()
			}
			r.c.Close()
			p.Unregister(r.fd)
			// Nothing but the stranger may be registered by the number from now on.
			stranger := dup()
			if r.stranger {
				if _, err := p.RegisterConn(stranger, POLLOUT); err != nil {
					t.Error(err)
				}
			}
			end <- stranger
		}
		close(end)
	}()
	var first, reused int
	for i := 0; i < rounds; i++ {
		r := round{c: dup(), stranger: i%2 == 0}
		r.fd = mustFd(t, r.c)
		ready.Store(false)
		started.Store(false)
		begin <- r
		for !ready.Load() {
			runtime.Gosched()
		}
		started.Store(true)
		for j := 0; j < i/2%64*8; j++ {
			p.Len() // a while, from none to some microseconds
		}
		fd, err := p.RegisterConn(r.c, POLLIN)
		if err == nil && fd != r.fd {
			t.Fatalf("RegisterConn = %d, want %d", fd, r.fd)
		}
		if err == nil {
			first++
		}
		stranger := <-end
		number := mustFd(t, stranger)
		if number == r.fd {
			reused++
		}
		events, ok := p.Registered(r.fd)
		switch {
		case !r.stranger && ok:
			t.Fatalf("round %d: a stranger is registered as fd %d with %v", i, r.fd, events)
		case r.stranger && number == r.fd && (!ok || events != POLLOUT):
			t.Fatalf("round %d: fd %d is registered with %v, %v, want the stranger's POLLOUT", i, r.fd, events, ok)
		case r.stranger:
			ready, err := p.Poll(0)
			if len(ready) != 1 || err != nil || ready[0].Fd != number || ready[0].Value != any(stranger) {
				t.Fatalf("round %d: Poll = %v, %v with %v, want fd %d with the stranger", i, ready, err, values(ready), number)
			}
			must(t, p.Unregister(number))
		}
		if n := p.Len(); n != 0 {
			t.Fatalf("round %d: %d are registered, want none", i, n)
		}
		stranger.Close()
	}
	close(begin)
	<-end
	t.Logf("of %d rounds RegisterConn was first in %d, and the number was reused in %d", rounds, first, reused)
}

// TestRegisterConnFails checks that everything is as it was if Control fails after
// it has called back.
func TestRegisterConnFails(t *testing.T) {
	watchdog(t, soon)
	mine := errors.New("mine")
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	old := fdConn(r)
	for _, before := range []struct {
		name  string
		set   func(p *Poller)
		mask  Events
		ok    bool
		value any
		conn  syscall.Conn
	}{
		{"nothing", func(p *Poller) {}, 0, false, nil, nil},
		{"others", func(p *Poller) { p.Register(1000); p.Register(1001) }, 0, false, nil, nil},
		{"a mask", func(p *Poller) { p.Register(r, POLLIN|POLLPRI) }, POLLIN | POLLPRI, true, nil, nil},
		{"a value", func(p *Poller) { p.Register(r, POLLIN); p.Attach(r, "value") }, POLLIN, true, "value", nil},
		{"a conn", func(p *Poller) { p.RegisterConn(old, POLLIN) }, POLLIN, true, old, old},
		{"a conn and a value", func(p *Poller) { p.RegisterConn(old, POLLIN); p.Attach(r, "value") }, POLLIN, true, "value", old},
		{"a conn and nil", func(p *Poller) { p.RegisterConn(old, POLLIN); p.Attach(r, nil) }, POLLIN, true, nil, old},
	} {
		for _, fails := range []struct {
			name    string
			want    error
			control func(f func(fd uintptr)) error
		}{
			{"error", mine, func(f func(fd uintptr)) error { f(uintptr(r)); return mine }},
			{"EINVAL", syscall.EINVAL, func(f func(fd uintptr)) error { f(uintptr(r)); return syscall.EINVAL }},
			{"nil pointer", syscall.EINVAL, func(f func(fd uintptr)) error {
				f(uintptr(r))
				var nothing *fakeConn
				return nothing.err
			}},
		} {
			t.Run("before="+before.name+"/fails="+fails.name, func(t *testing.T) {
				if fails.name == "nil pointer" {
					needNilPanics(t)
				}
				var p Poller
				defer p.Close()
				before.set(&p)
				n := p.Len()
				for i := 0; i < 2; i++ {
					fd, err := p.RegisterConn(&fakeConn{control: fails.control}, POLLOUT)
					wantError(t, err, "register", -1, fails.want)
					if fd != -1 {
						t.Errorf("RegisterConn = %d, want -1", fd)
					}
					if mask, ok := p.Registered(r); mask != before.mask || ok != before.ok || p.Len() != n {
						t.Errorf("Registered = %v, %v, Len = %d, want %v, %v, %d", mask, ok, p.Len(), before.mask, before.ok, n)
					}
					if value, conn := held(&p, r); value != before.value || conn != before.conn {
						t.Errorf("it holds %v and %v, want %v and %v", value, conn, before.value, before.conn)
					}
					if before.ok {
						wantValue(t, &p, r, before.value)
					}
				}
			})
		}
	}

	// A registration that others have made since is not undone.
	for _, v := range []struct {
		name string
		do   func(p *Poller)
		mask Events
		ok   bool
	}{
		{"Unregister", func(p *Poller) { p.Unregister(r) }, 0, false},
		{"Unregister and Register", func(p *Poller) { p.Unregister(r); p.Register(r, POLLPRI) }, POLLPRI, true},
		{"RegisterConn", func(p *Poller) { p.RegisterConn(old, POLLRDBAND) }, POLLRDBAND, true},
	} {
		for _, registered := range []bool{false, true} {
			var p Poller
			if registered {
				p.Register(r, POLLIN)
			}
			_, err := p.RegisterConn(&fakeConn{control: func(f func(fd uintptr)) error {
				f(uintptr(r))
				v.do(&p)
				return mine
			}})
			wantError(t, err, "register", -1, mine)
			if mask, ok := p.Registered(r); mask != v.mask || ok != v.ok {
				t.Errorf("after another's %s, registered=%v: %v, %v, want %v, %v", v.name, registered, mask, ok, v.mask, v.ok)
			}
			p.Close()
		}
	}

	// Nor does one whose Poller is closed meanwhile, which is ErrClosed.
	var p Poller
	fd, err := p.RegisterConn(&fakeConn{control: func(f func(fd uintptr)) error {
		f(uintptr(r))
		must(t, p.Close())
		return mine
	}})
	wantError(t, err, "register", -1, ErrClosed)
	if fd != -1 || p.Len() != 0 {
		t.Errorf("closed meanwhile: %d, %v, Len = %d", fd, err, p.Len())
	}
}

// TestRegisterConnLocks checks that the Poller holds no lock while Control waits for
// one, which another goroutine holds that calls the Poller.
func TestRegisterConnLocks(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	var p Poller
	defer p.Close()
	var mu sync.Mutex // the conn's
	entered := make(chan struct{})
	mu.Lock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer mu.Unlock()
		<-entered
		if err := p.Register(w, POLLOUT); err != nil {
			t.Error(err)
		}
		p.Modify(w, POLLOUT)
		p.Attach(w, "value")
		p.Registered(r)
		p.Len()
		p.Wake()
		for i := 0; i < 2; i++ {
			if ready, err := p.Poll(Forever); len(ready) != 1 || err != nil {
				t.Errorf("Poll = %v, %v", ready, err)
			}
		}
		p.Unregister(w)
	}()
	conn := &fakeConn{control: func(f func(fd uintptr)) error {
		close(entered)
		mu.Lock()
		defer mu.Unlock()
		f(uintptr(r))
		return nil
	}}
	fd, err := p.RegisterConn(conn, POLLIN)
	if fd != r || err != nil {
		t.Errorf("RegisterConn = %d, %v, want %d", fd, err, r)
	}
	<-done
	wantPoll(t, &p, 0, Ready{Fd: r, Events: POLLIN, Value: conn})
}

// A valueConn has its methods on the value: a nil *valueConn panics when they are
// called.
type valueConn struct{ testConn }

// A panicConn panics.
type panicConn struct{ with any }

func (c panicConn) SyscallConn() (syscall.RawConn, error) { panic(c.with) }

// TestRegisterConnNil checks that a conn that is nil in any form is EINVAL, and that
// a panic about anything else passes through.
func TestRegisterConnNil(t *testing.T) {
	watchdog(t, soon)
	var (
		nilFile  *os.File
		nilTCP   *net.TCPConn
		nilUnix  *net.UnixListener
		nilConn  *fakeConn
		nilValue *valueConn
		none     []int
	)
	r, _ := newPipe(t)
	for _, v := range []struct {
		name string
		c    syscall.Conn
	}{
		{"nil", nil},
		{"nil *os.File", nilFile},
		{"new(os.File)", new(os.File)},
		{"nil *net.TCPConn", nilTCP},
		{"new(net.TCPConn)", new(net.TCPConn)},
		{"nil *net.UnixListener", nilUnix},
		{"nil *fakeConn", nilConn},
		{"nil *valueConn", nilValue},
		{"nil RawConn", &fakeConn{nilRaw: true}},
	} {
		t.Run("conn="+v.name, func(t *testing.T) {
			if v.c != syscall.Conn(nilFile) { // which package os knows
				needNilPanics(t)
			}
			var p Poller
			defer p.Close()
			must(t, p.Register(r, POLLIN))
			fd, err := p.RegisterConn(v.c, POLLOUT)
			wantError(t, err, "register", -1, syscall.EINVAL)
			if fd != -1 || errors.Is(err, ErrTooManyFds) {
				t.Errorf("RegisterConn = %d, %v, want -1", fd, err)
			}
			if events, ok := p.Registered(r); events != POLLIN || !ok || p.Len() != 1 {
				t.Errorf("Registered = %v, %v, Len = %d", events, ok, p.Len())
			}
		})
	}
	for _, v := range []struct {
		name string
		do   func() any
	}{
		{"string", func() any { return "nil pointer" }},
		{"error", func() any { return errors.New("a nil pointer") }},
		{"index", func() (r any) {
			defer func() { r = recover() }()
			return none[len(none)]
		}},
		{"nil map", func() (r any) {
			defer func() { r = recover() }()
			var none map[int]int
			none[0] = 0
			return nil
		}},
	} {
		t.Run("panic="+v.name, func(t *testing.T) {
			var p Poller
			defer p.Close()
			with := v.do()
			defer func() {
				if got := recover(); got != with {
					t.Errorf("panic %v, want %v", got, with)
				}
				must(t, p.Register(r, POLLIN)) // p is not locked
			}()
			fd, err := p.RegisterConn(panicConn{with})
			t.Errorf("RegisterConn = %d, %v, want a panic", fd, err)
		})
	}
}

// TestRegisterConnsFail checks that of two RegisterConns of one number at once that both
// fail, at most what the first has registered is left, and never more registrations than
// before.
func TestRegisterConnsFail(t *testing.T) {
	const fd = 1000
	for _, before := range []bool{false, true} {
		var p Poller
		if before {
			must(t, p.Register(fd, POLLPRI))
		}
		fail := func(mask Events, meanwhile func()) {
			_, err := p.RegisterConn(&fakeConn{control: func(f func(uintptr)) error {
				f(fd)
				meanwhile()
				return syscall.EIO
			}}, mask)
			wantError(t, err, "register", -1, syscall.EIO)
		}
		fail(POLLIN, func() {
			fail(POLLOUT, func() {})
			if events, ok := p.Registered(fd); events != POLLIN || !ok {
				t.Errorf("before=%v, after the inner one: %v, %v, want POLLIN", before, events, ok)
			}
		})
		if events, ok := p.Registered(fd); ok != before || ok && events != POLLPRI {
			t.Errorf("before=%v: %v, %v", before, events, ok)
		}
		must(t, p.Close())
	}
}

// TestRegisterConnCalledBackTwice checks that a Control that calls back again, with
// another number or none, registers only the first, and takes it back if it fails.
func TestRegisterConnCalledBackTwice(t *testing.T) {
	const none = ^uintptr(0)
	for _, v := range []struct {
		name string
		fds  []uintptr
		fail error
		want error
	}{
		{"two", []uintptr{7, 8}, nil, nil},
		{"the same", []uintptr{7, 7}, nil, nil},
		{"none, then one", []uintptr{none, 7}, nil, syscall.EBADF},
		{"two, fails", []uintptr{7, 8}, syscall.EIO, syscall.EIO},
		{"the same, fails", []uintptr{7, 7}, syscall.EIO, syscall.EIO},
		{"none, then one, fails", []uintptr{none, 7}, syscall.EIO, syscall.EIO},
	} {
		for _, before := range []bool{false, true} {
			t.Run(fmt.Sprintf("fds=%s/before=%v", v.name, before), func(t *testing.T) {
				var p Poller
				defer p.Close()
				want := map[int]Events{}
				if before {
					must(t, p.Register(7, POLLPRI))
					want[7] = POLLPRI
				}
				fd, err := p.RegisterConn(&fakeConn{control: func(f func(uintptr)) error {
					for _, fd := range v.fds {
						f(fd)
					}
					return v.fail
				}}, POLLIN)
				if v.want == nil {
					want[7] = POLLIN
					if fd != 7 || err != nil {
						t.Errorf("RegisterConn = %d, %v, want 7", fd, err)
					}
				} else {
					wantError(t, err, "register", -1, v.want)
				}
				wantSet(t, &p, want)
			})
		}
	}
}
