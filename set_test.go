//go:build linux || darwin

// The tests of the set that a Poller keeps, and of what else one goroutine can
// see of a Poller.

package poll

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"syscall"
	"testing"
	"time"
)

// wantSet checks what p says about itself against want, and that the table
// and the slots say the same.
func wantSet(tb testing.TB, p *Poller, want map[int]Events) {
	tb.Helper()
	if got := p.Len(); got != len(want) {
		tb.Fatalf("Len() = %d, want %d", got, len(want))
	}
	for fd, events := range want {
		if got, ok := p.Registered(fd); got != events || !ok {
			tb.Fatalf("Registered(%d) = %v, %v, want %v, true", fd, got, ok, events)
		}
	}
	s := &p.set
	if len(s.list) != len(want) || len(s.list) > len(s.heads) {
		tb.Fatalf("%d listed, %d chains, want %d registered", len(s.list), len(s.heads), len(want))
	}
	chained := 0
	for head, at := range s.heads {
		for ; at != 0; at = s.next[at-1] {
			r := &s.list[at-1]
			if chained++; chained > len(s.list) {
				tb.Fatalf("a chain has no end")
			}
			if got := int(uint32(r.Fd) * s.multiplier >> s.shift); got != head {
				tb.Fatalf("fd %d is in chain %d, want %d", r.Fd, head, got)
			}
			if events, ok := want[int(r.Fd)]; !ok || r.Events != events {
				tb.Fatalf("fd %d is listed with %v, want %v, %v", r.Fd, r.Events, events, ok)
			}
			if s.find(int(r.Fd)) != r {
				tb.Fatalf("fd %d is listed, but not found", r.Fd)
			}
		}
	}
	if chained != len(s.list) {
		tb.Fatalf("%d in chains, %d listed", chained, len(s.list))
	}
	for fd := range s.extras {
		if _, ok := want[int(fd)]; !ok {
			tb.Fatalf("fd %d has a value and is not registered", fd)
		}
	}
}

// wantError checks that err is an *Error about op and fd which errors.Is
// target.
func wantError(tb testing.TB, err error, op string, fd int, target error) {
	tb.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Op != op || e.Fd != fd || !errors.Is(err, target) {
		tb.Errorf("error %v, want one of op %q, fd %d that is %v", err, op, fd, target)
	}
}

// wantPoll checks what one call of Poll reports, in any order.
func wantPoll(tb testing.TB, p *Poller, timeout time.Duration, want ...Ready) {
	tb.Helper()
	ready, err := p.Poll(timeout)
	if err != nil {
		tb.Fatalf("Poll(%v): %v", timeout, err)
	}
	got := append([]Ready(nil), ready...)
	sort.Slice(got, func(i, j int) bool { return got[i].Fd < got[j].Fd })
	sort.Slice(want, func(i, j int) bool { return want[i].Fd < want[j].Fd })
	if !slices.Equal(got, want) {
		tb.Fatalf("Poll(%v) = %v, want %v", timeout, got, want)
	}
}

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
			if err := p.Register(7, v.masks...); err != nil {
				t.Fatal(err)
			}
			wantSet(t, &p, map[int]Events{7: v.want})

			// Again, over another mask: it is replaced, and counts once.
			p.Modify(7, ^v.want)
			wantSet(t, &p, map[int]Events{7: ^v.want})
			if err := p.Register(7, v.masks...); err != nil {
				t.Fatal(err)
			}
			wantSet(t, &p, map[int]Events{7: v.want})

			if err := p.Unregister(7); err != nil {
				t.Fatal(err)
			}
			wantSet(t, &p, nil)
		})
	}
}

// TestMaskCounts: what is reported is what the mask says now.
func TestMaskCounts(t *testing.T) {
	watchdog(t, time.Minute)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	var p Poller
	defer p.Close()
	p.Register(r)
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
	p.Modify(r, POLLPRI)
	wantPoll(t, &p, 0)
	wantPoll(t, &p, time.Millisecond)
	wantPoll(t, &p, 100*time.Microsecond)
}

func TestBadDescriptors(t *testing.T) {
	watchdog(t, time.Minute)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	var p Poller
	defer p.Close()
	p.Register(r, POLLIN)
	p.Register(math.MaxInt32, 0)
	want := map[int]Events{r: POLLIN, math.MaxInt32: 0}

	for _, v := range []int64{
		-1, -2, math.MinInt32, math.MinInt32 + 1, -int64(r),
		math.MaxInt32 + 1, math.MaxUint32, math.MinInt64, math.MaxInt64,
		// These are r once cut to 32 bits.
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

// TestClosedDescriptor: poll(2), POLLNVAL: "Invalid request: fd not open". It
// is said on every call until the descriptor is unregistered or open.
func TestClosedDescriptor(t *testing.T) {
	watchdog(t, time.Minute)
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
	p.Modify(fd, 0)
	for _, timeout := range timeouts {
		wantPoll(t, &p, timeout, Ready{Fd: fd, Events: POLLNVAL})
	}
	p.Modify(fd, POLLIN)

	// Open again, on the same number.
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	for {
		n, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(r), syscall.F_DUPFD_CLOEXEC, uintptr(fd))
		if errno != 0 {
			t.Fatal(errno)
		}
		own(t, int(n))
		if int(n) == fd {
			break
		}
		t.Fatalf("fd %d is taken", fd)
	}
	for _, timeout := range timeouts {
		wantPoll(t, &p, timeout, Ready{Fd: fd, Events: POLLIN})
	}
	closeFd(t, fd)
	for _, timeout := range timeouts {
		wantPoll(t, &p, timeout, Ready{Fd: fd, Events: POLLNVAL})
	}
	if err := p.Unregister(fd); err != nil {
		t.Fatal(err)
	}
	wantPoll(t, &p, 0)
	wantPoll(t, &p, time.Millisecond)
}

// TestOwnDescriptorsNumber: the number of a registered descriptor that was
// closed is free, and the kernel gives it to the next that asks: to the
// Poller itself, when it waits for the first time. It is POLLNVAL all the
// same.
func TestOwnDescriptorsNumber(t *testing.T) {
	watchdog(t, time.Minute)
	var p Poller
	defer p.Close()
	var want []Ready
	var fds []int
	for i := 0; i < 5; i++ {
		r, w := newPipe(t)
		fds = append(fds, r, w)
	}
	for _, fd := range fds {
		closeFd(t, fd)
		if err := p.Register(fd, POLLIN|POLLOUT); err != nil {
			t.Fatal(err)
		}
		want = append(want, Ready{Fd: fd, Events: POLLNVAL})
	}
	for _, timeout := range []time.Duration{0, Forever, time.Hour + 1, 0, time.Hour} {
		waitsAtOnce(&p)
		wantPoll(t, &p, timeout, want...)
	}
	// It has a number of its own now; which may be registered later.
	before := p.wake.r
	p.Register(before, POLLIN)
	want = append(want, Ready{Fd: before, Events: POLLNVAL})
	for _, timeout := range []time.Duration{Forever, 0, time.Hour + 1} {
		waitsAtOnce(&p)
		wantPoll(t, &p, timeout, want...)
	}
	p.Close()
	p = Poller{}
	p.Register(before, POLLIN)
	wantPoll(t, &p, 0, Ready{Fd: before, Events: POLLNVAL}) // nothing was left behind
}

// getfl returns the flags of open file description fd, and whether fd is open.
func getfl(fd int) (flags int, ok bool) {
	n, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
	return int(n), errno == 0
}

type closer interface {
	syscall.Conn
	io.Closer
}

// TestRegisterConn: what has a SyscallConn is watched by its descriptor, and
// otherwise stays as it was.
func TestRegisterConn(t *testing.T) {
	watchdog(t, time.Minute)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	listen := func(network, address string) net.Listener {
		t.Helper()
		l, err := net.Listen(network, address)
		must(err)
		t.Cleanup(func() { l.Close() })
		return l
	}
	dial := func(l net.Listener) (client, server net.Conn) {
		t.Helper()
		client, err := net.Dial(l.Addr().Network(), l.Addr().String())
		must(err)
		t.Cleanup(func() { client.Close() })
		server, err = l.Accept()
		must(err)
		t.Cleanup(func() { server.Close() })
		return client, server
	}
	tcp := listen("tcp", "127.0.0.1:0")
	unix := listen("unix", filepath.Join(t.TempDir(), "s"))
	tcpConn, _ := dial(tcp)
	unixConn, _ := dial(unix)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(err)
	t.Cleanup(func() { udp.Close() })
	pr, pw, err := os.Pipe()
	must(err)
	t.Cleanup(func() { pr.Close(); pw.Close() })
	_, err = pw.WriteString("x")
	must(err)
	regular, err := os.CreateTemp(t.TempDir(), "")
	must(err)
	t.Cleanup(func() { regular.Close() })
	dup, err := syscall.Dup(int(mustFd(t, regular)))
	must(err)
	blocking := os.NewFile(uintptr(dup), "blocking")
	t.Cleanup(func() { blocking.Close() })

	for _, v := range []struct {
		name  string
		c     closer
		nonbl bool
		want  Events // of POLLIN|POLLPRI|POLLOUT
	}{
		{"File of a pipe, write end", pw, true, POLLOUT},
		{"File of a pipe, read end", pr, true, POLLIN | POLLHUP},
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
			before, _ := getfl(real)
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
			if after, _ := getfl(fd); after != before || after&syscall.O_NONBLOCK != 0 != v.nonbl {
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

			// Neither end of its registration closes it.
			if err := p.Unregister(fd); err != nil {
				t.Error(err)
			}
			wantSet(t, &p, nil)
			wantError(t, p.Unregister(fd), "unregister", fd, ErrNotRegistered)
			p.RegisterConn(v.c)
			p.Close()
			if _, ok := getfl(fd); !ok {
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
				// What os says here is not its ErrClosed.
				wantError(t, err, "register", -1, net.ErrClosed)
			}
			wantSet(t, &q, map[int]Events{math.MaxInt32: 0})
		})
	}
}

// mustFd returns the number behind c, and leaves its mode alone.
func mustFd(tb testing.TB, c syscall.Conn) (fd int) {
	tb.Helper()
	rc, err := c.SyscallConn()
	if err != nil {
		tb.Fatal(err)
	}
	if err := rc.Control(func(s uintptr) { fd = int(s) }); err != nil {
		tb.Fatal(err)
	}
	return fd
}

// fakeConn is a syscall.Conn and its own RawConn.
type fakeConn struct {
	nilRaw  bool
	err     error // of SyscallConn
	control func(f func(uintptr)) error
}

func (c *fakeConn) SyscallConn() (syscall.RawConn, error) {
	if c.nilRaw {
		return nil, nil
	}
	return c, c.err
}
func (c *fakeConn) Control(f func(uintptr)) error         { return c.control(f) }
func (c *fakeConn) Read(func(uintptr) (done bool)) error  { return errors.ErrUnsupported }
func (c *fakeConn) Write(func(uintptr) (done bool)) error { return errors.ErrUnsupported }

func TestRegisterConnErrors(t *testing.T) {
	watchdog(t, time.Minute)
	mine := errors.New("mine")
	var nilFile *os.File
	var nilTCP *net.TCPConn
	big := uintptr(math.MaxInt32)
	big++
	for _, v := range []struct {
		name string
		c    syscall.Conn
		want error
	}{
		{"nil", nil, syscall.EINVAL},
		{"nil *os.File", nilFile, syscall.EINVAL},
		{"new(os.File)", new(os.File), syscall.EINVAL},
		{"nil *net.TCPConn", nilTCP, syscall.EINVAL}, // whose method panics
		{"nil RawConn", &fakeConn{nilRaw: true}, syscall.EINVAL},
		{"SyscallConn fails", &fakeConn{err: mine}, mine},
		{"Control fails", &fakeConn{control: func(func(uintptr)) error { return mine }}, mine},
		{"Control fails afterwards", &fakeConn{control: func(f func(uintptr)) error { f(7); return mine }}, mine},
		{"Control fails afterwards, known", &fakeConn{control: func(f func(uintptr)) error { f(8); return mine }}, mine},
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
	fd, err := p.RegisterConn(&fakeConn{control: func(f func(uintptr)) error { f(7); return nil }})
	if fd != -1 || !errors.Is(err, ErrClosed) {
		t.Errorf("RegisterConn of a closed Poller = %d, %v", fd, err)
	}
}

// TestConnReachable: nobody else holds what is registered, and it is not
// garbage before Unregister or Close.
func TestConnReachable(t *testing.T) {
	watchdog(t, time.Minute)
	for _, how := range []string{"Unregister", "Close", "another's RegisterConn"} {
		t.Run("end="+how, func(t *testing.T) {
			var p Poller
			defer p.Close()
			// The runtime closes a file that is garbage, which the other end
			// of the pipe sees.
			other, fd := registerGarbage(t, &p)
			// Whatever is garbage is collected together with this.
			collect(t)
			ask := []PollFd{{Fd: int32(other), Events: POLLOUT}}
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
				p.RegisterConn(&fakeConn{control: func(f func(uintptr)) error { f(uintptr(fd)); return nil }})
			}
			for ask[0].Revents&POLLERR == 0 {
				collect(t)
				if _, err := Poll(ask, 0); err != nil {
					t.Fatal(err)
				}
			}
			runtime.KeepAlive(&p)
		})
	}
}

// registerGarbage registers the read end of a pipe with p and forgets it. It
// returns the write end.
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

// collect returns when garbage that existed before has been collected, and
// finalizers have run.
func collect(tb testing.TB) {
	tb.Helper()
	for i := 0; i < 2; i++ {
		done := make(chan struct{})
		func() {
			x := &[64]byte{1}
			runtime.SetFinalizer(x, func(*[64]byte) { close(done) })
		}()
		for open := true; open; {
			runtime.GC()
			select {
			case <-done:
				open = false
			case <-time.After(time.Millisecond):
			}
		}
	}
}

// TestReadySlice: the result is the Poller's own memory, and lasts until the
// next Poll, whatever else is called.
func TestReadySlice(t *testing.T) {
	watchdog(t, time.Minute)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	var p Poller
	defer p.Close()
	p.Register(r, POLLIN)
	p.Register(w, POLLOUT)
	first, err := p.Poll(0)
	if len(first) != 2 || err != nil {
		t.Fatalf("%v, %v", first, err)
	}
	was := append([]Ready(nil), first...)
	p.Modify(r, POLLPRI)
	p.Unregister(w)
	for fd := 1000; fd < 2000; fd++ {
		p.Register(fd)
	}
	for fd := 1000; fd < 2000; fd++ {
		p.Unregister(fd)
	}
	p.Wake()
	if first[0] != was[0] || first[1] != was[1] {
		t.Errorf("%v became %v", was, first)
	}
	p.Modify(r, POLLIN)
	p.Register(w, POLLOUT)
	for _, timeout := range paths {
		next, err := p.Poll(timeout)
		if len(next) != 2 || err != nil || &next[0] != &first[0] {
			t.Errorf("Poll(%v) = %v, %v, at %p, want two at %p", timeout, next, err, next, first)
		}
	}
	p.Unregister(r)
	p.Unregister(w)
	if none, err := p.Poll(0); len(none) != 0 || err != nil {
		t.Errorf("%v, %v", none, err)
	}
}

// TestStopsAtTheLast: what poll(2) returns says how many results there are, and
// no more are looked for.
func TestStopsAtTheLast(t *testing.T) {
	watchdog(t, time.Minute)
	var p Poller
	defer p.Close()
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
			waitsAtOnce(&p)
			if ready, err := p.Poll(timeout); len(ready) != want || err != nil {
				t.Errorf("Poll(%v) = %v, %v, want the first %d", timeout, ready, err, want)
			}
		}
	}
}

// sets are descriptors in the patterns that a program may have, or that a bad
// hash would not stand.
func sets(n int) []struct {
	name string
	fds  []int
} {
	type set = struct {
		name string
		fds  []int
	}
	var all []set
	for _, stride := range []int{1, 2, 3, 7, 8, 64, 987, 1000, 1024, 1597, 17711, 4096, 65536, 1 << 20} {
		s := set{name: fmt.Sprintf("stride=%d", stride)}
		for fd := 0; len(s.fds) < n && fd <= math.MaxInt32-stride; fd += stride {
			s.fds = append(s.fds, fd)
		}
		all = append(all, s)
	}
	top := set{name: "top"}
	for i := 0; i < n; i++ {
		top.fds = append(top.fds, math.MaxInt32-i)
	}
	random := set{name: "random"}
	rng := rand.New(rand.NewSource(1))
	for seen := make(map[int]bool); len(random.fds) < n; {
		if fd := int(rng.Int31()); !seen[fd] {
			seen[fd] = true
			random.fds = append(random.fds, fd)
		}
	}
	return append(all, top, random)
}

// heap returns how many bytes of the heap build adds for good.
func heap(build func() any) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&before)
	keep := build()
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(keep)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// TestMemory: a set costs by how many descriptors are in it, and not by how
// high they are.
func TestMemory(t *testing.T) {
	const copies = 8 // against the noise of everything else
	for _, s := range sets(10000) {
		got := heap(func() any {
			ps := new([copies]Poller)
			for i := range ps {
				for _, fd := range s.fds {
					ps[i].Register(fd)
				}
			}
			return ps
		}) / copies
		each := float64(got) / float64(len(s.fds))
		t.Logf("set %s: %d descriptors, %.1f bytes each", s.name, len(s.fds), each)
		if each > 36 {
			t.Errorf("set %s: %.1f bytes a descriptor, want at most 36", s.name, each)
		}
	}

	for _, fd := range []int{0, math.MaxInt32} {
		got := heap(func() any {
			ps := new([100]Poller)
			for i := range ps {
				ps[i].Register(fd)
			}
			return ps
		}) / 100
		t.Logf("fd %d alone: %d bytes", fd, got)
		if got > 1024 {
			t.Errorf("fd %d alone: %d bytes, want at most 1024", fd, got)
		}
	}
}

func TestAllocs(t *testing.T) {
	watchdog(t, time.Minute)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	quiet, _ := newPipe(t)
	var busy, idle, large Poller
	defer busy.Close()
	defer idle.Close()
	defer large.Close()
	busy.Register(r, POLLIN)
	busy.Register(w, POLLOUT)
	idle.Register(quiet, POLLIN)
	for fd := 1000; fd < 2000; fd++ {
		large.Register(fd) // most of them are not open, that is, ready
	}
	array := []PollFd{{Fd: int32(quiet), Events: POLLIN}}
	long := make([]PollFd, padding)
	for i := range long {
		long[i] = array[0]
	}
	ctx := context.Background()

	for _, v := range []struct {
		name string
		f    func()
	}{
		{"Poll look", func() { Poll(array, 0) }},
		{"Poll look, long array", func() { Poll(long, 0) }},
		{"Poll 1ns", func() { Poll(array, 1) }},
		{"Poll 20us", func() { Poll(array, 20*time.Microsecond) }},
		{"Poll 1ms", func() { Poll(array, time.Millisecond) }},
		{"Poll array on the stack, look", func() {
			fds := [2]PollFd{{Fd: int32(r), Events: POLLIN}, {Fd: -1}}
			Poll(fds[:], 0)
		}},
		{"Poll array on the stack, forever", func() {
			fds := [2]PollFd{{Fd: int32(r), Events: POLLIN}, {Fd: -1}}
			Poll(fds[:], Forever)
		}},
		{"Poll array on the stack, 20us", func() {
			fds := [2]PollFd{{Fd: int32(quiet), Events: POLLIN}, {Fd: -1}}
			Poll(fds[:], 20*time.Microsecond)
		}},
		{"Poller.Poll look", func() { busy.Poll(0) }},
		{"Poller.Poll forever", func() { busy.Poll(Forever) }},
		{"Poller.Poll look, large", func() { large.Poll(0) }},
		{"Poller.Poll forever, large", func() { large.Poll(Forever) }},
		{"Poller.Poll 20us", func() { idle.Poll(20 * time.Microsecond) }},
		{"Poller.Poll 1ms", func() { idle.Poll(time.Millisecond) }},
		{"Poller.PollContext", func() { busy.PollContext(ctx) }},
		{"Wake", func() { idle.Wake(); idle.Poll(Forever) }},
		{"Modify", func() { large.Modify(1500, POLLIN); large.Modify(1999, POLLOUT) }},
		{"Register again", func() { large.Register(1500, POLLIN, POLLOUT) }},
		{"Unregister, Register", func() {
			large.Unregister(1500)
			large.Register(1500)
			large.Unregister(1001)
			large.Register(1001, POLLIN)
		}},
		{"Registered, Len", func() { large.Registered(1500); large.Len() }},
	} {
		v.f() // reaches the size that is needed
		if n := testing.AllocsPerRun(20, v.f); n != 0 {
			t.Errorf("%s: %v allocations a run, want 0", v.name, n)
		}
	}
}

// TestSetModel takes a Poller and a map through the same random changes, some
// of them in the middle of a look, when slots may not move, and compares.
func TestSetModel(t *testing.T) {
	watchdog(t, 2*time.Minute)
	rounds, ops := 60, 400
	if testing.Short() {
		rounds, ops = 15, 100
	}
	seed := time.Now().UnixNano()
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	rng := rand.New(rand.NewSource(seed))
	pools := sets(600)
	for round := 0; round < rounds; round++ {
		pool := pools[round%len(pools)].fds
		pool = pool[:1+rng.Intn(len(pool))]
		modelRound(t, rng, pool, ops)
	}
}

func modelRound(t *testing.T, rng *rand.Rand, pool []int, ops int) {
	type entry struct {
		events Events
		born   int // tells one registration of a number from the next
	}
	model := make(map[int]entry)
	masks := func() map[int]Events {
		m := make(map[int]Events, len(model))
		for fd, e := range model {
			m[fd] = e.events
		}
		return m
	}
	var p Poller
	defer p.Close()
	now := 0
	growing := 3 // of 4
	change := func() {
		now++
		fd := pool[rng.Intn(len(pool))]
		events := Events(rng.Intn(1 << 16))
		old, known := model[fd]
		switch {
		case rng.Intn(5) == 0:
			err := p.Modify(fd, events)
			if known != (err == nil) || !known && !errors.Is(err, ErrNotRegistered) {
				t.Fatalf("Modify(%d) of one that is registered (%v): %v", fd, known, err)
			}
			if known {
				model[fd] = entry{events, old.born}
			}
		case rng.Intn(4) < growing:
			if err := p.Register(fd, events); err != nil {
				t.Fatalf("Register(%d): %v", fd, err)
			}
			if !known {
				old.born = now
			}
			model[fd] = entry{events, old.born}
		default:
			err := p.Unregister(fd)
			if known != (err == nil) || !known && !errors.Is(err, ErrNotRegistered) {
				t.Fatalf("Unregister(%d) of one that is registered (%v): %v", fd, known, err)
			}
			delete(model, fd)
		}
		if got, ok := p.Registered(fd); ok != (model[fd] != entry{}) || got != model[fd].events {
			t.Fatalf("Registered(%d) = %v, %v, want %v", fd, got, ok, model[fd])
		}
		if p.Len() != len(model) {
			t.Fatalf("Len() = %d, want %d", p.Len(), len(model))
		}
	}

	for phase := 0; phase < 6; phase++ {
		growing = []int{3, 1}[phase%2]
		for i := rng.Intn(ops); i > 0; i-- {
			change()
		}
		wantSet(t, &p, masks())

		// In the middle of a call: what is found is found about what was
		// registered when it began, and what is reported is what of that
		// still is, and is still asked for.
		want := make(map[int]Events)
		fakeCall(t, func(timeout time.Duration) (n int, errno syscall.Errno) {
			array := p.asked
			began := append([]PollFd(nil), array...)
			born := make([]int, len(began))
			for s := 1; s < len(began); s++ {
				born[s] = model[int(began[s].Fd)].born
			}
			for i := rng.Intn(ops); i > 0; i-- {
				change()
			}
			wantSet(t, &p, masks())
			for s := 1; s < len(began); s++ {
				array[s].Revents = 0
				if rng.Intn(3) > 0 {
					continue
				}
				revents := Events(1 + rng.Intn(1<<16-1))
				array[s].Revents = revents
				n++
				fd := int(began[s].Fd)
				if e, ok := model[fd]; ok && e.born == born[s] {
					if revents &= e.events | POLLERR | POLLHUP | POLLNVAL; revents != 0 {
						want[fd] = revents
					}
				}
			}
			if timeout != 0 {
				if len(want) == 0 {
					p.Wake()
				}
				array[0].Revents = POLLIN
				n++
			}
			return n, 0
		})
		waitsAtOnce(&p)
		ready, err := p.Poll([]time.Duration{0, Forever}[rng.Intn(2)])
		testCall = nil
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[int]Events)
		for _, r := range ready {
			if _, twice := got[r.Fd]; twice {
				t.Fatalf("fd %d is reported twice", r.Fd)
			}
			got[r.Fd] = r.Events
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("Poll = %v, want %v", got, want)
		}
		wantSet(t, &p, masks())
	}
}
