//go:build linux || darwin || freebsd

// The tests of registering: Register, RegisterConn, Modify and Unregister.

package poll

import (
	"errors"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// TestRegisterMasks checks which mask Register sets, for a new descriptor and for one
// that is registered already.
func TestRegisterMasks(t *testing.T) {
	const dflt = POLLIN | POLLPRI | POLLOUT
	for _, v := range []struct {
		name  string
		masks []Events
		want  Events
	}{
		{"none", nil, dflt},
		{"empty", []Events{}, dflt},
		{"zero", []Events{0}, 0},
		{"zeros", []Events{0, 0}, 0},
		{"one", []Events{POLLIN}, POLLIN},
		{"two", []Events{POLLIN, POLLOUT}, POLLIN | POLLOUT},
		{"zero and one", []Events{0, POLLPRI}, POLLPRI},
		{"overlapping", []Events{POLLIN | POLLOUT, POLLOUT | POLLRDBAND, POLLIN}, POLLIN | POLLOUT | POLLRDBAND},
		{"not for asking", []Events{POLLERR, POLLHUP, POLLNVAL}, POLLERR | POLLHUP | POLLNVAL},
		{"unknown", []Events{0x8000, 0x400}, 0x8400},
		{"all", []Events{0xffff}, 0xffff},
	} {
		t.Run("masks="+v.name, func(t *testing.T) {
			var p Poller
			defer p.Close()
			must(t, p.Register(7, v.masks...))
			wantSet(t, &p, map[int]Events{7: v.want})

			// Again: it replaces the mask, and counts once.
			must(t, p.Modify(7, ^v.want))
			wantSet(t, &p, map[int]Events{7: ^v.want})
			must(t, p.Register(7, v.masks...))
			wantSet(t, &p, map[int]Events{7: v.want})

			must(t, p.Unregister(7))
			wantSet(t, &p, nil)
		})
	}
}

// TestMaskCounts checks that Poll reports what the mask asks for now.
func TestMaskCounts(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	var p Poller
	defer p.Close()
	p.Register(r, POLLIN)
	p.Register(w, POLLOUT)
	for _, timeout := range []time.Duration{0, Forever} {
		p.Modify(w, POLLOUT)
		wantPoll(t, &p, timeout, Ready{Fd: r, Events: POLLIN}, Ready{Fd: w, Events: POLLOUT})
		p.Modify(w, 0)
		wantPoll(t, &p, timeout, Ready{Fd: r, Events: POLLIN})
		p.Modify(r, POLLIN|POLLRDNORM)
		wantPoll(t, &p, timeout, Ready{Fd: r, Events: POLLIN | POLLRDNORM})
		p.Modify(r, POLLRDNORM)
		wantPoll(t, &p, timeout, Ready{Fd: r, Events: POLLRDNORM})
		p.Register(r, POLLIN)
		wantPoll(t, &p, timeout, Ready{Fd: r, Events: POLLIN})
	}
	p.Modify(r, 0)
	for _, timeout := range brief {
		wantPoll(t, &p, timeout)
	}
}

// TestBadDescriptors checks that a number that is no descriptor is EBADF or
// ErrNotRegistered, and changes nothing.
func TestBadDescriptors(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	var p Poller
	defer p.Close()
	p.Register(r, POLLIN)
	p.Register(math.MaxInt32, POLLPRI)
	want := map[int]Events{r: POLLIN, math.MaxInt32: POLLPRI}

	for _, v := range []int64{
		-1, -2, math.MinInt32, math.MinInt32 + 1, -int64(r),
		math.MaxInt32 + 1, math.MaxUint32, math.MinInt64, math.MaxInt64,
		// These are r when cut to 32 bits.
		1<<32 + int64(r), 1<<33 + int64(r), 1<<62 + int64(r), -1<<32 + int64(r), math.MinInt64 + int64(r),
	} {
		fd := int(v)
		if int64(fd) != v || fd == 0 {
			continue // int has 32 bits
		}
		wantError(t, p.Register(fd), "register", fd, syscall.EBADF)
		wantError(t, p.Register(fd, POLLOUT), "register", fd, syscall.EBADF)
		wantError(t, p.Modify(fd, POLLOUT), "modify", fd, ErrNotRegistered)
		wantError(t, p.Unregister(fd), "unregister", fd, ErrNotRegistered)
		if e, ok := p.Registered(fd); e != 0 || ok {
			t.Errorf("Registered(%d) = %v, %v", fd, e, ok)
		}
		wantSet(t, &p, want)
	}
	wantPoll(t, &p, Forever, Ready{Fd: r, Events: POLLIN}, Ready{Fd: math.MaxInt32, Events: POLLNVAL})

	var empty Poller
	defer empty.Close()
	for _, fd := range []int{-1, 0, r, math.MaxInt32} {
		wantError(t, empty.Modify(fd, POLLOUT), "modify", fd, ErrNotRegistered)
		wantError(t, empty.Unregister(fd), "unregister", fd, ErrNotRegistered)
		if e, ok := empty.Registered(fd); e != 0 || ok {
			t.Errorf("Registered(%d) of an empty Poller = %v, %v", fd, e, ok)
		}
	}
	wantError(t, empty.Register(-1), "register", -1, syscall.EBADF)
	wantSet(t, &empty, nil)
}

// TestClosedDescriptor checks that a descriptor that is not open is POLLNVAL on every
// call, until it is unregistered or open.
func TestClosedDescriptor(t *testing.T) {
	watchdog(t, soon)
	fd := closedFd(t)
	var p Poller
	defer p.Close()
	p.Register(fd, POLLIN)
	p.Register(math.MaxInt32)
	timeouts := []time.Duration{0, Forever, time.Hour, time.Hour + 1, 0, Forever}
	for _, timeout := range timeouts {
		wantPoll(t, &p, timeout, Ready{Fd: fd, Events: POLLNVAL}, Ready{Fd: math.MaxInt32, Events: POLLNVAL})
	}
	p.Unregister(math.MaxInt32)
	p.Modify(fd, POLLOUT)
	for _, timeout := range timeouts {
		wantPoll(t, &p, timeout, Ready{Fd: fd, Events: POLLNVAL})
	}
	p.Modify(fd, POLLIN)

	// Open again, on the same number.
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	if got := dupFd(t, r, fd); got != fd {
		t.Fatalf("fd %d is taken", fd)
	}
	for _, timeout := range timeouts {
		wantPoll(t, &p, timeout, Ready{Fd: fd, Events: POLLIN})
	}
	closeFd(t, fd)
	for _, timeout := range timeouts {
		wantPoll(t, &p, timeout, Ready{Fd: fd, Events: POLLNVAL})
	}
	must(t, p.Unregister(fd))
	for _, timeout := range brief {
		wantPoll(t, &p, timeout)
	}
}

// TestRegisterConn checks that a conn is watched by its descriptor, keeps its mode,
// and is not closed by the Poller.
func TestRegisterConn(t *testing.T) {
	watchdog(t, soon)
	listen := func(network, address string) net.Listener {
		t.Helper()
		l, err := net.Listen(network, address)
		must(t, err)
		t.Cleanup(func() { l.Close() })
		return l
	}
	dial := func(l net.Listener) (client, server net.Conn) {
		t.Helper()
		client, err := net.Dial(l.Addr().Network(), l.Addr().String())
		must(t, err)
		t.Cleanup(func() { client.Close() })
		server, err = l.Accept()
		must(t, err)
		t.Cleanup(func() { server.Close() })
		return client, server
	}
	tcp := listen("tcp", "127.0.0.1:0")
	unix := listen("unix", filepath.Join(t.TempDir(), "s"))
	tcpConn, _ := dial(tcp)
	unixConn, _ := dial(unix)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { udp.Close() })
	pr, pw, err := os.Pipe()
	must(t, err)
	t.Cleanup(func() { pr.Close(); pw.Close() })
	_, err = pw.WriteString("x")
	must(t, err)
	regular, err := os.CreateTemp(t.TempDir(), "")
	must(t, err)
	t.Cleanup(func() { regular.Close() })
	dup, err := syscall.Dup(mustFd(t, regular))
	must(t, err)
	blocking := os.NewFile(uintptr(dup), "blocking")
	t.Cleanup(func() { blocking.Close() })

	for _, v := range []struct {
		name string
		c    interface {
			syscall.Conn
			io.Closer
		}
		nonbl bool
		want  Events // of POLLIN|POLLPRI|POLLOUT
	}{
		{"File of a pipe, write end", pw, true, POLLOUT},
		{"File of a pipe, read end", pr, true, POLLIN | endOfPipe(POLLIN|POLLPRI|POLLOUT)},
		{"File, regular", regular, false, POLLIN | POLLOUT},
		{"File, blocking", blocking, false, POLLIN | POLLOUT},
		{"TCPListener", tcp.(*net.TCPListener), true, 0},
		{"TCPConn", tcpConn.(*net.TCPConn), true, POLLOUT},
		{"UnixListener", unix.(*net.UnixListener), true, 0},
		{"UnixConn", unixConn.(*net.UnixConn), true, POLLOUT},
		{"UDPConn", udp.(*net.UDPConn), true, POLLOUT},
	} {
		t.Run("conn="+v.name, func(t *testing.T) {
			real := mustFd(t, v.c)
			before := fcntl(t, real, syscall.F_GETFL)
			var p Poller
			defer p.Close()
			fd, err := p.RegisterConn(v.c)
			if fd != real || err != nil {
				t.Fatalf("RegisterConn = %d, %v, want %d", fd, err, real)
			}
			wantSet(t, &p, map[int]Events{fd: POLLIN | POLLPRI | POLLOUT})
			var want []Ready
			if v.want != 0 {
				want = []Ready{{Fd: fd, Events: v.want, Value: v.c}}
			}
			wantPoll(t, &p, 0, want...)
			wantPoll(t, &p, time.Millisecond, want...)
			if after := fcntl(t, fd, syscall.F_GETFL); after != before || after&syscall.O_NONBLOCK != 0 != v.nonbl {
				t.Errorf("flags %#x before, %#x after; non-blocking: want %v", before, after, v.nonbl)
			}

			// Again, with masks: they replace the first, and it counts once.
			again, err := p.RegisterConn(v.c, POLLIN, POLLRDNORM)
			if again != fd || err != nil {
				t.Errorf("RegisterConn again = %d, %v", again, err)
			}
			wantSet(t, &p, map[int]Events{fd: POLLIN | POLLRDNORM})
			p.RegisterConn(v.c, 0)
			wantSet(t, &p, map[int]Events{fd: 0})

			// Neither Unregister nor Close closes it.
			must(t, p.Unregister(fd))
			wantSet(t, &p, nil)
			wantError(t, p.Unregister(fd), "unregister", fd, ErrNotRegistered)
			p.RegisterConn(v.c)
			p.Close()
			if !isOpen(fd) {
				t.Error("closed by Close")
			}

			var q Poller
			defer q.Close()
			q.Register(math.MaxInt32, 0)
			v.c.Close()
			got, err := q.RegisterConn(v.c, POLLIN)
			if got != -1 || err == nil {
				t.Errorf("RegisterConn of a closed one = %d, %v", got, err)
			}
			if _, ok := v.c.(*os.File); !ok {
				// The error of package os is not its ErrClosed.
				wantError(t, err, "register", -1, net.ErrClosed)
			}
			wantSet(t, &q, map[int]Events{math.MaxInt32: 0})
		})
	}
}

// TestRegisterConnErrors checks that a RegisterConn that fails returns the reason and
// changes nothing.
func TestRegisterConnErrors(t *testing.T) {
	watchdog(t, soon)
	mine := errors.New("mine")
	big := uintptr(math.MaxInt32)
	big++
	for _, v := range []struct {
		name string
		c    syscall.Conn
		want error
	}{
		{"SyscallConn fails", &fakeConn{err: mine}, mine},
		{"Control fails", &fakeConn{control: func(func(uintptr)) error { return mine }}, mine},
		{"Control fails afterwards", &fakeConn{control: func(f func(uintptr)) error { f(7); return mine }}, mine},
		{"Control fails afterwards, registered", &fakeConn{control: func(f func(uintptr)) error { f(8); return mine }}, mine},
		{"Control does nothing", &fakeConn{control: func(func(uintptr)) error { return nil }}, syscall.EBADF},
		{"Control gives -1", &fakeConn{control: func(f func(uintptr)) error { f(^uintptr(0)); return nil }}, syscall.EBADF},
		{"Control gives 1<<31", &fakeConn{control: func(f func(uintptr)) error { f(big); return nil }}, syscall.EBADF},
	} {
		t.Run("conn="+v.name, func(t *testing.T) {
			var p Poller
			defer p.Close()
			p.Register(8, POLLPRI)
			fd, err := p.RegisterConn(v.c, POLLIN)
			if fd != -1 {
				t.Errorf("RegisterConn = %d, %v, want -1 and an error", fd, err)
			}
			var e *Error
			if !errors.As(err, &e) || e.Op != "register" || !errors.Is(err, v.want) {
				t.Errorf("error %v, want an *Error of register that is %v", err, v.want)
			}
			wantSet(t, &p, map[int]Events{8: POLLPRI})
		})
	}

	var p Poller
	p.Close()
	fd, err := p.RegisterConn(testConn(7))
	if fd != -1 || !errors.Is(err, ErrClosed) {
		t.Errorf("RegisterConn of a closed Poller = %d, %v", fd, err)
	}
}

// TestConnReachable checks that a conn is not garbage while it is registered, and is
// afterwards.
func TestConnReachable(t *testing.T) {
	watchdog(t, soon)
	for _, how := range []string{"Unregister", "Close", "another's RegisterConn"} {
		t.Run("end="+how, func(t *testing.T) {
			var p Poller
			defer p.Close()
			// The runtime closes a file that is garbage: the other end of the pipe
			// reports it.
			other, fd := registerGarbage(t, &p)
			collectGarbage(t)
			ask := newArray([]int{other}, POLLOUT)
			if _, err := Poll(ask, 0); err != nil || ask[0].Revents != POLLOUT {
				t.Fatalf("while registered: %v, %s", err, show(ask))
			}
			if _, ok := p.Registered(fd); !ok {
				t.Fatal("not registered")
			}
			switch how {
			case "Unregister":
				p.Unregister(fd)
			case "Close":
				p.Close()
			default:
				p.RegisterConn(testConn(fd))
			}
			for ask[0].Revents&brokenPipe == 0 {
				collectGarbage(t)
				if _, err := Poll(ask, 0); err != nil {
					t.Fatal(err)
				}
			}
			runtime.KeepAlive(&p)
		})
	}
}

// registerGarbage registers an *os.File, the read end of a pipe, to which only p
// refers afterwards. It returns the write end.
//
//go:noinline
func registerGarbage(tb testing.TB, p *Poller) (other, fd int) {
	tb.Helper()
	r, w := newPipe(tb)
	dup, err := syscall.Dup(r)
	if err != nil {
		tb.Fatal(err)
	}
	closeFd(tb, r)
	f := os.NewFile(uintptr(dup), "garbage")
	fd, err = p.RegisterConn(f, POLLIN)
	if err != nil {
		tb.Fatal(err)
	}
	return w, fd
}
