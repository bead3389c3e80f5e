//go:build linux || darwin || freebsd || netbsd

// Tests of RegisterConn with real conns, and with conns that are closed, that fail, or that
// hold a lock.

package poll

import (
	"errors"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
)

// A realConn is a conn of package os or net, with its mode and the events it reports for
// the mask POLLIN, POLLPRI and POLLOUT.
type realConn struct {
	name string
	c    interface {
		syscall.Conn
		io.Closer
	}
	nonblocking bool
	want        Events
}

// realConns returns conns of all kinds. Closing one does not affect the ones after it.
func realConns(t *testing.T) (all []realConn) {
	add := func(name string, nonblocking bool, want Events, c any, err error) {
		t.Helper()
		must(t, err)
		conn := c.(interface {
			syscall.Conn
			io.Closer
		})
		t.Cleanup(func() { conn.Close() })
		all = append(all, realConn{name, conn, nonblocking, want})
	}
	for _, network := range []string{"tcp", "unix"} {
		address := map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "s")}[network]
		l, err := net.Listen(network, address)
		must(t, err)
		c, err := net.Dial(network, l.Addr().String())
		add(network+" conn", true, POLLOUT, c, err)
		add(network+" listener", true, POLLIN, l, nil) // the connection is not accepted
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	add("udp", true, POLLOUT, udp, err)
	pr, pw, err := os.Pipe()
	add("File, pipe", true, POLLOUT, pw, err)
	t.Cleanup(func() { pr.Close() })
	regular, err := os.CreateTemp(t.TempDir(), "")
	add("File, regular", false, POLLIN|POLLOUT, regular, err)
	dup, err := syscall.Dup(mustFd(t, regular))
	add("File, blocking", false, POLLIN|POLLOUT, os.NewFile(uintptr(dup), "blocking"), err)
	return all
}

// TestRegisterConn checks that the conn's descriptor is watched, that the Poller does not
// change the conn's mode or close it, and that a closed conn is an error.
func TestRegisterConn(t *testing.T) {
	watchdog(t, soon)
	for _, v := range realConns(t) {
		t.Run("conn="+v.name, func(t *testing.T) {
			real := mustFd(t, v.c)
			before := fcntl(t, real, syscall.F_GETFL)
			p := newPoller(t, nil, 0)
			fd, err := p.RegisterConn(v.c)
			if fd != real || err != nil {
				t.Fatalf("RegisterConn = %d, %v, want %d", fd, err, real)
			}
			wantSet(t, p, map[int]Events{fd: POLLIN | POLLPRI | POLLOUT})
			want := Ready{Fd: fd, Events: v.want, Value: v.c}
			wantPoll(t, p, Forever, want)
			wantPoll(t, p, 0, want)
			if after := fcntl(t, fd, syscall.F_GETFL); after != before || after&syscall.O_NONBLOCK != 0 != v.nonblocking {
				t.Errorf("flags %#x before, %#x after; non-blocking: want %v", before, after, v.nonblocking)
			}

			// The masks of a second call replace those of the first, and the conn counts
			// once.
			again, err := p.RegisterConn(v.c, POLLIN, POLLRDNORM)
			if again != fd || err != nil {
				t.Errorf("RegisterConn again = %d, %v", again, err)
			}
			wantSet(t, p, map[int]Events{fd: POLLIN | POLLRDNORM})

			must(t, p.Unregister(fd))
			wantError(t, p.Unregister(fd), "unregister", fd, ErrNotRegistered)
			p.RegisterConn(v.c, 0)
			wantSet(t, p, map[int]Events{fd: 0})
			must(t, p.Close())
			if !isOpen(fd) {
				t.Error("closed by Unregister or Close")
			}

			q := newPoller(t, []int{1000}, 0)
			must(t, v.c.Close())
			got, err := q.RegisterConn(v.c, POLLIN)
			if got != -1 || err == nil {
				t.Errorf("RegisterConn of a closed one = %d, %v", got, err)
			}
			if _, ok := v.c.(*os.File); !ok { // a closed os.File gives another error
				wantError(t, err, "register", -1, net.ErrClosed)
			}
			wantSet(t, q, map[int]Events{1000: 0})
		})
	}
}

// TestRegisterConnErrors checks that a failing RegisterConn returns the reason and changes
// nothing.
func TestRegisterConnErrors(t *testing.T) {
	watchdog(t, soon)
	mine := errors.New("mine")
	const none = ^uintptr(0)
	big := uintptr(math.MaxInt32)
	big++ // negative as a 32-bit int
	gives := func(err error, fds ...uintptr) *fakeConn {
		return &fakeConn{control: func(f func(uintptr)) error {
			for _, fd := range fds {
				f(fd)
			}
			return err
		}}
	}
	for _, v := range []struct {
		name string
		c    syscall.Conn
		fd   int // in the error
		want error
	}{
		{"SyscallConn fails", &fakeConn{err: mine}, -1, mine},
		{"Control fails", gives(mine), -1, mine},
		{"Control fails afterwards", gives(mine, 7), -1, mine},
		{"Control does nothing", gives(nil), -1, syscall.EBADF},
		{"Control gives -1", gives(nil, none), -1, syscall.EBADF},
		{"Control gives -1 and fails", gives(mine, none), -1, mine},
		{"Control gives 1<<31", gives(nil, big), int(big), syscall.EBADF},
	} {
		t.Run("conn="+v.name, func(t *testing.T) {
			p := newPoller(t, []int{8}, POLLPRI)
			fd, err := p.RegisterConn(v.c, POLLIN)
			wantError(t, err, "register", v.fd, v.want)
			if fd != -1 {
				t.Errorf("RegisterConn = %d, want -1", fd)
			}
			wantSet(t, p, map[int]Events{8: POLLPRI})
		})
	}
	for _, closed := range []bool{false, true} {
		p := newPoller(t, nil, 0)
		if closed {
			must(t, p.Close())
		}
		_, err := p.RegisterConn(nil)
		wantError(t, err, "register", -1, syscall.EINVAL)
		_, err = p.RegisterConn(&fakeConn{err: mine})
		wantError(t, err, "register", -1, mine) // before ErrClosed
	}
}

// TestRegisterConnWhileHeld checks that RegisterConn registers while the conn holds its
// descriptor, and not after that, and that it holds no lock while it calls the conn.
func TestRegisterConnWhileHeld(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	p := newPoller(t, nil, 0)
	for i := 0; i < 2; i++ { // with nothing registered before, and with a registration
		c := &fakeConn{}
		c.control = func(f func(fd uintptr)) error {
			must(t, p.Register(w, POLLOUT))
			if _, err := p.Poll(Forever); err != nil {
				t.Error(err)
			}
			must(t, p.Unregister(w))
			f(uintptr(r))
			if events, ok := p.Registered(r); events != POLLIN || !ok {
				t.Errorf("while the conn holds it: %v, %v, want POLLIN", events, ok)
			}
			if value, conn := held(p, r); conn != syscall.Conn(c) || value != any(c) {
				t.Errorf("while the conn holds it: %v and %v, want the conn", value, conn)
			}
			// The conn releases its descriptor, the owner closes it, and another file gets
			// the number.
			return p.Unregister(r)
		}
		fd, err := p.RegisterConn(c, POLLIN)
		if fd != r || err != nil {
			t.Fatalf("RegisterConn = %d, %v, want %d", fd, err, r)
		}
		if events, ok := p.Registered(r); ok {
			t.Errorf("another file is registered, with %v", events)
		}
		must(t, p.Register(r, POLLPRI))
		must(t, p.Attach(r, "value"))
	}
}

// TestRegisterConnRace checks that RegisterConn registers nothing else if another goroutine
// closes the conn and opens a file that may get its number.
func TestRegisterConnRace(t *testing.T) {
	watchdog(t, 8*soon)
	rounds := scaled(20000, 10)
	_, w := newPipe(t)
	dup := func() *os.File {
		// Close waits until Control has returned, but only if the file is in non-blocking
		// mode (FD.Close in internal/poll).
		fd, err := syscall.Dup(w)
		must(t, err)
		return os.NewFile(uintptr(fd), "dup")
	}
	p := newPoller(t, nil, 0)
	first := 0
	for i := 0; i < rounds; i++ {
		c := dup()
		fd := mustFd(t, c)
		begin, end := make(chan bool), make(chan *os.File)
		var begun atomic.Bool
		go func() {
			begin <- true
			for !begun.Load() {
				runtime.Gosched()
			}
			c.Close()
			p.Unregister(fd)
			end <- dup()
		}()
		<-begin
		begun.Store(true)
		for j := 0; j < i%64*64; j++ {
			p.Len() // to vary the time before the next step
		}
		if got, err := p.RegisterConn(c, POLLIN); err == nil {
			first++
			if got != fd {
				t.Fatalf("RegisterConn = %d, want %d", got, fd)
			}
		}
		successor := <-end
		wantSet(t, p, nil)
		successor.Close()
	}
	t.Logf("of %d rounds RegisterConn was first in %d", rounds, first)
}

// TestRegisterConnFailsLate checks that a RegisterConn that fails after its callback
// removes the registration if it is still its own, and no other.
func TestRegisterConnFailsLate(t *testing.T) {
	watchdog(t, soon)
	const fd = 1000
	for _, v := range []struct {
		name string
		do   func(p *Poller) error // after the callback
		want map[int]Events
	}{
		{"nothing", func(p *Poller) error { return nil }, nil},
		{"changes", func(p *Poller) error { return errors.Join(p.Modify(fd, POLLPRI), p.Attach(fd, 1), p.Disable(fd)) }, nil},
		{"Unregister, Register", func(p *Poller) error {
			return errors.Join(p.Unregister(fd), p.Register(fd, POLLPRI))
		}, map[int]Events{fd: POLLPRI}},
		{"RegisterConn", func(p *Poller) error { _, err := p.RegisterConn(fdConn(fd), POLLPRI); return err }, map[int]Events{fd: POLLPRI}},
		{"Close", (*Poller).Close, nil},
	} {
		t.Run("meanwhile="+v.name, func(t *testing.T) {
			p := newPoller(t, []int{fd}, POLLOUT)
			got, err := p.RegisterConn(&fakeConn{control: func(f func(fd uintptr)) error {
				f(fd)
				must(t, v.do(p))
				return syscall.EIO
			}}, POLLIN)
			wantError(t, err, "register", -1, syscall.EIO)
			if got != -1 {
				t.Errorf("RegisterConn = %d, want -1", got)
			}
			wantSet(t, p, v.want)
		})
	}
}

// A panicConn panics.
type panicConn struct{ with any }

func (c panicConn) SyscallConn() (syscall.RawConn, error) { panic(c.with) }

// TestRegisterConnPanics checks that a panic of c's methods passes through, and leaves the
// Poller unlocked and unchanged.
func TestRegisterConnPanics(t *testing.T) {
	const with = "a panic"
	for name, c := range map[string]syscall.Conn{
		"SyscallConn": panicConn{with},
		"Control":     &fakeConn{control: func(func(uintptr)) error { panic(with) }},
	} {
		t.Run("method="+name, func(t *testing.T) {
			p := newPoller(t, nil, 0)
			func() {
				defer func() {
					if got := recover(); got != with {
						t.Errorf("panic %v, want %v", got, with)
					}
				}()
				p.RegisterConn(c)
			}()
			wantSet(t, p, map[int]Events{})
			must(t, p.Register(1000, POLLIN))
		})
	}
}
