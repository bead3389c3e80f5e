//go:build linux || darwin

// The tests of layer 1 and of the names, and what all test files share.

package poll

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// owned says which test has to close a descriptor. A descriptor that a test
// closed itself is no longer in it, so that its number, which the kernel gives
// out again at once, is not closed under the feet of the next owner.
var owned = struct {
	sync.Mutex
	by map[int]*int
}{by: make(map[int]*int)}

// own has fd closed when the test is over, unless closeFd comes first.
func own(tb testing.TB, fd int) int {
	tb.Helper()
	me := new(int)
	owned.Lock()
	owned.by[fd] = me
	owned.Unlock()
	tb.Cleanup(func() {
		owned.Lock()
		mine := owned.by[fd] == me
		if mine {
			delete(owned.by, fd)
		}
		owned.Unlock()
		if mine {
			syscall.Close(fd)
		}
	})
	return fd
}

// closeFd closes a descriptor that own, newPipe or the like would close.
func closeFd(tb testing.TB, fd int) {
	tb.Helper()
	owned.Lock()
	delete(owned.by, fd)
	owned.Unlock()
	if err := syscall.Close(fd); err != nil {
		tb.Fatalf("close(%d): %v", fd, err)
	}
}

// newPipe returns both ends of a pipe(2), non-blocking and close-on-exec,
// closed when the test is over. A test that closes one itself does it with
// closeFd.
func newPipe(tb testing.TB) (r, w int) {
	tb.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		tb.Fatalf("pipe: %v", err)
	}
	for _, fd := range p {
		own(tb, fd)
		syscall.CloseOnExec(fd)
		if err := syscall.SetNonblock(fd, true); err != nil {
			tb.Fatalf("fcntl: %v", err)
		}
	}
	return p[0], p[1]
}

// mustWrite writes all of s, which must not block.
func mustWrite(tb testing.TB, fd int, s string) {
	tb.Helper()
	for {
		n, err := syscall.Write(fd, []byte(s))
		if err == syscall.EINTR {
			continue
		}
		if n != len(s) || err != nil {
			tb.Fatalf("write(%d, %q) = %d, %v", fd, s, n, err)
		}
		return
	}
}

// watchdog ends the whole run, with the stacks of all goroutines, if the test
// is still running after d: a test that hangs is named long before go test
// loses patience.
func watchdog(tb testing.TB, d time.Duration) {
	name := tb.Name()
	t := time.AfterFunc(d, func() {
		debug.SetTraceback("all")
		panic(fmt.Sprintf("%s still runs after %v", name, d))
	})
	tb.Cleanup(func() { t.Stop() })
}

// underQemu says whether an emulator of user programs stands between this
// process and the kernel. It answers for /proc/self and for /proc/<pid> as if
// it were not there, but not for /proc/thread-self.
var underQemu = sync.OnceValue(func() bool {
	exe, err := os.Readlink("/proc/thread-self/exe")
	return err == nil && strings.Contains(filepath.Base(exe), "qemu")
})

// closedFd returns a number that was open a moment ago. It is a high one: the
// kernel gives out the lowest that is free, so that this one stays closed.
func closedFd(tb testing.TB) int {
	tb.Helper()
	r, _ := newPipe(tb)
	fd, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(r), syscall.F_DUPFD_CLOEXEC, 200)
	if errno != 0 {
		tb.Fatalf("fcntl(F_DUPFD_CLOEXEC): %v", errno)
	}
	if err := syscall.Close(int(fd)); err != nil {
		tb.Fatalf("close: %v", err)
	}
	return int(fd)
}

// layers are both layers in one form: one look at, or wait for, one
// descriptor.
var layers = []struct {
	name string
	poll func(tb testing.TB, fd int, ask Events, timeout time.Duration) (Events, error)
}{
	{"Poll", func(tb testing.TB, fd int, ask Events, timeout time.Duration) (Events, error) {
		tb.Helper()
		fds := []PollFd{{Fd: int32(fd), Events: ask, Revents: 0xffff}}
		n, err := Poll(fds, timeout)
		if err != nil {
			return 0, err
		}
		if n != 0 != (fds[0].Revents != 0) || n < 0 || n > 1 {
			tb.Errorf("n = %d with %s", n, show(fds))
		}
		if fds[0].Fd != int32(fd) || fds[0].Events != ask {
			tb.Errorf("Poll of fd %d: %v left %s", fd, ask, show(fds))
		}
		return fds[0].Revents, nil
	}},
	{"Poller", func(tb testing.TB, fd int, ask Events, timeout time.Duration) (Events, error) {
		tb.Helper()
		var p Poller
		defer p.Close()
		if err := p.Register(fd, ask); err != nil {
			tb.Fatal(err)
		}
		ready, err := p.Poll(timeout)
		if err != nil {
			return 0, err
		}
		switch {
		case len(ready) == 0:
			return 0, nil
		case len(ready) > 1 || ready[0].Fd != fd || ready[0].Events == 0:
			tb.Errorf("Poll of fd %d: %v", fd, ready)
		}
		return ready[0].Events, nil
	}},
}

// show is fds in words.
func show(fds []PollFd) string {
	var b strings.Builder
	for i, f := range fds {
		if i == 20 {
			fmt.Fprintf(&b, " and %d more", len(fds)-i)
			break
		}
		fmt.Fprintf(&b, "[fd %d: %v -> %v]", f.Fd, f.Events, f.Revents)
	}
	return b.String()
}

func TestPollFdLayout(t *testing.T) {
	// poll(2): struct pollfd { int fd; short events; short revents; }
	var f PollFd
	for _, v := range []struct {
		what      string
		got, want uintptr
	}{
		{"sizeof", unsafe.Sizeof(f), 8},
		{"alignof", unsafe.Alignof(f), 4},
		{"offsetof fd", unsafe.Offsetof(f.Fd), 0},
		{"sizeof fd", unsafe.Sizeof(f.Fd), 4},
		{"offsetof events", unsafe.Offsetof(f.Events), 4},
		{"sizeof events", unsafe.Sizeof(f.Events), 2},
		{"offsetof revents", unsafe.Offsetof(f.Revents), 6},
		{"sizeof revents", unsafe.Sizeof(f.Revents), 2},
		{"sizeof an array of 3", unsafe.Sizeof([3]PollFd{}), 24},
	} {
		if v.got != v.want {
			t.Errorf("%s: %d, want %d", v.what, v.got, v.want)
		}
	}
}

// onMIPS: the kernel's MIPS ports have values of their own for two bits.
var onMIPS = strings.HasPrefix(runtime.GOARCH, "mips")

func TestConstants(t *testing.T) {
	var wrnorm, wrband, rdhup Events = 0x100, 0x200, 0x2000
	if onMIPS {
		wrnorm, wrband = 0x4, 0x100
	}
	if runtime.GOOS == "darwin" {
		wrnorm, wrband, rdhup = 0x4, 0x100, 0
	}
	for _, c := range []struct {
		name      string
		got, want Events
	}{
		{"POLLIN", POLLIN, 0x1},
		{"POLLPRI", POLLPRI, 0x2},
		{"POLLOUT", POLLOUT, 0x4},
		{"POLLERR", POLLERR, 0x8},
		{"POLLHUP", POLLHUP, 0x10},
		{"POLLNVAL", POLLNVAL, 0x20},
		{"POLLRDNORM", POLLRDNORM, 0x40},
		{"POLLRDBAND", POLLRDBAND, 0x80},
		{"POLLWRNORM", POLLWRNORM, wrnorm},
		{"POLLWRBAND", POLLWRBAND, wrband},
		{"POLLRDHUP", pollRDHUP, rdhup},
	} {
		if c.got != c.want {
			t.Errorf("%s = %#x, want %#x", c.name, uint16(c.got), uint16(c.want))
		}
	}
	if Forever != -1 {
		t.Errorf("Forever = %d, want -1", Forever)
	}
	if maxWait != 2147483647*time.Millisecond {
		t.Errorf("maxWait = %v, want the largest C int of milliseconds", maxWait)
	}
}

func TestEventsString(t *testing.T) {
	all := "POLLIN|POLLPRI|POLLOUT|POLLERR|POLLHUP|POLLNVAL|POLLRDNORM|POLLRDBAND|"
	wrnorm, bit9 := "POLLWRNORM", "POLLWRBAND"
	switch {
	case onMIPS:
		all += "POLLWRBAND|POLLRDHUP|0xde00"
		wrnorm, bit9 = "POLLOUT", "0x200"
	case runtime.GOOS == "darwin":
		all += "POLLWRBAND|0xfe00"
		wrnorm, bit9 = "POLLOUT", "0x200"
	default:
		all += "POLLWRNORM|POLLWRBAND|POLLRDHUP|0xdc00"
	}
	bit13 := "POLLRDHUP"
	if runtime.GOOS == "darwin" {
		bit13 = "0x2000"
	}
	for _, v := range []struct {
		e    Events
		want string
	}{
		{0, "0"},
		{POLLIN, "POLLIN"},
		{POLLPRI, "POLLPRI"},
		{POLLOUT, "POLLOUT"},
		{POLLERR, "POLLERR"},
		{POLLHUP, "POLLHUP"},
		{POLLNVAL, "POLLNVAL"},
		{POLLRDNORM, "POLLRDNORM"},
		{POLLRDBAND, "POLLRDBAND"},
		{POLLWRNORM, wrnorm},
		{POLLWRBAND, "POLLWRBAND"},
		{0x200, bit9},
		{0x2000, bit13},
		{POLLIN | POLLHUP, "POLLIN|POLLHUP"},
		{POLLHUP | POLLERR | POLLOUT, "POLLOUT|POLLERR|POLLHUP"},
		{0x400, "0x400"},
		{0x8000, "0x8000"},
		{POLLIN | 0x8000, "POLLIN|0x8000"},
		{POLLIN | 0xc400, "POLLIN|0xc400"},
		{0xffff, all},
	} {
		if got := v.e.String(); got != v.want {
			t.Errorf("Events(%#x).String() = %q, want %q", uint16(v.e), got, v.want)
		}
	}
}

func TestReadyString(t *testing.T) {
	for _, v := range []struct {
		r    Ready
		want string
	}{
		{Ready{Fd: 3, Events: POLLIN | POLLHUP}, "fd 3: POLLIN|POLLHUP"},
		{Ready{Fd: math.MaxInt32, Events: POLLNVAL}, "fd 2147483647: POLLNVAL"},
		{Ready{}, "fd 0: 0"},
	} {
		if got := v.r.String(); got != v.want {
			t.Errorf("%#v.String() = %q, want %q", v.r, got, v.want)
		}
		if got := fmt.Sprint(v.r); got != v.want {
			t.Errorf("fmt.Sprint(%#v) = %q, want %q", v.r, got, v.want)
		}
	}
}

func TestErrorValues(t *testing.T) {
	for _, v := range []struct {
		err  *Error
		text string
		is   []error
		not  []error
	}{
		{
			&Error{"unregister", 7, ErrNotRegistered}, "poll: unregister fd 7: not registered",
			[]error{ErrNotRegistered}, []error{ErrClosed, ErrTooManyFds, ErrConcurrentPoll, syscall.EINVAL, syscall.EBADF},
		},
		{
			&Error{"register", -2, syscall.EBADF}, "poll: register fd -2: " + syscall.EBADF.Error(),
			[]error{syscall.EBADF}, []error{ErrNotRegistered, syscall.EINVAL},
		},
		{
			&Error{"poll", -1, ErrTooManyFds}, "poll: " + ErrTooManyFds.Error(),
			[]error{ErrTooManyFds, syscall.EINVAL}, []error{ErrClosed, syscall.ENOMEM},
		},
		{
			&Error{"poll", -1, ErrConcurrentPoll}, "poll: " + ErrConcurrentPoll.Error(),
			[]error{ErrConcurrentPoll}, []error{ErrClosed, syscall.EINVAL},
		},
		{
			&Error{"wake", -1, ErrClosed}, "poll: wake: " + ErrClosed.Error(),
			[]error{ErrClosed}, []error{ErrConcurrentPoll, syscall.EINVAL},
		},
	} {
		if got := v.err.Error(); got != v.text {
			t.Errorf("Error() = %q, want %q", got, v.text)
		}
		if got := v.err.Unwrap(); got != v.err.Err {
			t.Errorf("%v: Unwrap() = %v, want %v", v.err, got, v.err.Err)
		}
		wrapped := fmt.Errorf("elsewhere: %w", v.err)
		var e *Error
		if !errors.As(wrapped, &e) || e != v.err {
			t.Errorf("%v: not found with errors.As", v.err)
		}
		for _, target := range v.is {
			if !errors.Is(wrapped, target) {
				t.Errorf("%v: not %v to errors.Is", v.err, target)
			}
		}
		for _, target := range v.not {
			if errors.Is(wrapped, target) {
				t.Errorf("%v: is %v to errors.Is", v.err, target)
			}
		}
	}
	if !errors.Is(ErrTooManyFds, syscall.EINVAL) {
		t.Errorf("ErrTooManyFds is not EINVAL to errors.Is")
	}
	for _, errno := range []syscall.Errno{syscall.ENOMEM, syscall.EFAULT, syscall.EPERM} {
		if err := pollError(errno); !errors.Is(err, errno) || errors.Is(err, syscall.EINVAL) {
			t.Errorf("pollError(%v) = %v", errno, err)
		}
	}
}

// padding makes an array too long for a raw look (rawMax on Linux).
const padding = 200

// paths are timeouts that reach every system call that poll1 chooses from; a
// look has two paths, by the length of the array.
var paths = []time.Duration{0, Forever, time.Hour, time.Hour + 1}

// TestEntries: poll(2) sets the revents of every entry, and the number that it
// returns counts those "whose revents fields have been set to a nonzero value";
// "if this field is negative, then the corresponding events field is ignored
// and the revents field returns zero".
func TestEntries(t *testing.T) {
	watchdog(t, time.Minute)
	full, fullW := newPipe(t)
	mustWrite(t, fullW, "x")
	empty, emptyW := newPipe(t)
	closed := closedFd(t)
	const in = POLLIN | POLLPRI

	for _, v := range []struct {
		name string
		fds  []PollFd // Revents: what is wanted
	}{
		{"one ready", []PollFd{{int32(full), in, POLLIN}}},
		{"ready and not", []PollFd{{int32(empty), in, 0}, {int32(full), in, POLLIN}, {int32(emptyW), POLLOUT, POLLOUT}}},
		{"negative", []PollFd{{-1, 0x7fff, 0}, {int32(full), in, POLLIN}, {-int32(full), in, 0}, {math.MinInt32, in, 0}}},
		{"negative last", []PollFd{{int32(full), in, POLLIN}, {-1, in, 0}}},
		{"duplicates", []PollFd{{int32(full), in, POLLIN}, {int32(full), POLLPRI, 0}, {int32(full), in, POLLIN}, {int32(full), 0, 0}}},
		{"closed", []PollFd{{int32(closed), in, POLLNVAL}, {int32(closed), 0, POLLNVAL}, {math.MaxInt32, POLLOUT, POLLNVAL}}},
		{"only what is asked for", []PollFd{{int32(full), POLLRDNORM, POLLRDNORM}, {int32(full), POLLOUT, 0}}},
		{"mask 0", []PollFd{{int32(full), 0, 0}, {int32(full), in, POLLIN}}},
	} {
		for _, pad := range []int{0, padding} {
			for _, timeout := range paths {
				name := fmt.Sprintf("case=%s/pad=%d/timeout=%v", v.name, pad, timeout)
				t.Run(name, func(t *testing.T) {
					want := make([]PollFd, 0, pad+len(v.fds))
					for i := 0; i < pad; i++ {
						want = append(want, PollFd{Fd: int32(-1 - i), Events: in})
					}
					want = append(want, v.fds...)
					fds := append([]PollFd(nil), want...)
					wantN := 0
					for i := range fds {
						fds[i].Revents = 0xa5a5
						if want[i].Revents != 0 {
							wantN++
						}
					}
					n, err := Poll(fds, timeout)
					if n != wantN || err != nil {
						t.Errorf("n = %d, %v, want %d, nil", n, err, wantN)
					}
					for i := range fds {
						if fds[i] != want[i] {
							t.Fatalf("entry %d: %s, want %s", i, show(fds[i:i+1]), show(want[i:i+1]))
						}
					}
				})
			}
		}
	}
}

// TestEntriesNotReady: what was there before a call that finds nothing is
// gone after it.
func TestEntriesNotReady(t *testing.T) {
	watchdog(t, time.Minute)
	r, _ := newPipe(t)
	for _, timeout := range []time.Duration{0, 1, 100 * time.Microsecond, time.Millisecond} {
		fds := []PollFd{{int32(r), POLLIN, 0xffff}, {-1, POLLIN, 0xffff}}
		if n, err := Poll(fds, timeout); n != 0 || err != nil || fds[0].Revents|fds[1].Revents != 0 {
			t.Errorf("timeout %v: n = %d, %v, %s", timeout, n, err, show(fds))
		}
	}
}

// TestEmpty: an array without entries is a sleep, whatever its pointer.
func TestEmpty(t *testing.T) {
	watchdog(t, time.Minute)
	var backing [4]PollFd
	for _, v := range []struct {
		name string
		fds  []PollFd
	}{
		{"nil", nil},
		{"empty", []PollFd{}},
		{"sliced", backing[2:2]},
		{"end", backing[4:]},
	} {
		for _, timeout := range []time.Duration{0, 1, 300 * time.Microsecond, 2 * time.Millisecond, 2*time.Millisecond + 1} {
			start := time.Now()
			n, err := Poll(v.fds, timeout)
			if took := time.Since(start); n != 0 || err != nil || took < timeout {
				t.Errorf("array %s, timeout %v: n = %d, %v after %v", v.name, timeout, n, err, took)
			}
		}
	}
	if backing != [4]PollFd{} {
		t.Errorf("written: %s", show(backing[:]))
	}
	for _, timeout := range []time.Duration{0, 1, 300 * time.Microsecond, 2 * time.Millisecond, 2*time.Millisecond + 1} {
		var p Poller
		start := time.Now()
		ready, err := p.Poll(timeout)
		if took := time.Since(start); len(ready) != 0 || err != nil || took < timeout {
			t.Errorf("Poller, timeout %v: %v, %v after %v", timeout, ready, err, took)
		}
		p.Close()
	}
}

// TestUnknownBits: a bit without a name goes to the kernel, and comes back
// when the kernel says it.
func TestUnknownBits(t *testing.T) {
	watchdog(t, time.Minute)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	const unknown Events = 0xdc00 // Linux has no meaning for them in a pipe
	for _, l := range layers {
		for _, timeout := range []time.Duration{0, Forever} {
			got, err := l.poll(t, r, POLLIN|unknown, timeout)
			if got != POLLIN || err != nil {
				t.Errorf("%s(%v): %v, %v, want POLLIN", l.name, timeout, got, err)
			}
		}
	}

	var p Poller
	defer p.Close()
	p.Register(r, POLLIN|unknown)
	if got, ok := p.Registered(r); got != POLLIN|unknown || !ok {
		t.Errorf("Registered: %v, %v, want %v", got, ok, POLLIN|unknown)
	}
	fakeCall(t, func(time.Duration) (int, syscall.Errno) {
		if p.asked[1].Events != POLLIN|unknown {
			t.Errorf("the kernel is asked for %v, want %v", p.asked[1].Events, POLLIN|unknown)
		}
		p.asked[1].Revents = POLLIN | unknown
		return 1, 0
	})
	for _, timeout := range []time.Duration{0, Forever} {
		waitsAtOnce(&p)
		ready, err := p.Poll(timeout)
		if len(ready) != 1 || ready[0] != (Ready{Fd: r, Events: POLLIN | unknown}) || err != nil {
			t.Errorf("Poll(%v) = %v, %v, want %v", timeout, ready, err, POLLIN|unknown)
		}
	}
}

// fakeCall puts f in the kernel's place until the test is over.
func fakeCall(tb testing.TB, f func(timeout time.Duration) (n int, errno syscall.Errno)) {
	tb.Helper()
	old, oldEpoch := testCall, epoch
	testCall = func(_ bool, timeout time.Duration) (n int, errno syscall.Errno, done bool) {
		n, errno = f(timeout)
		return n, errno, true
	}
	tb.Cleanup(func() { testCall, epoch = old, oldEpoch })
}

// pass makes the library's clock see d go by.
func pass(d time.Duration) { epoch = epoch.Add(-d) }

// TestLoop puts in the kernel's place one that answers by a script. Its time
// is in hours, so that the time that the test takes doesn't count.
func TestLoop(t *testing.T) {
	watchdog(t, time.Minute)
	const h = time.Hour
	type step struct {
		takes time.Duration
		n     int
		errno syscall.Errno
	}
	ready, none := step{n: 1}, step{}
	eintr, eagain := step{errno: syscall.EINTR}, step{errno: syscall.EAGAIN}
	after := func(d time.Duration, s step) step { s.takes = d; return s }
	var storm []step
	var stormAsked []time.Duration
	for i := time.Duration(0); i < 31; i++ {
		storm = append(storm, after(h, [...]step{eintr, eagain, none}[i%3]))
		stormAsked = append(stormAsked, (31-i)*h)
	}

	for _, v := range []struct {
		name    string
		timeout time.Duration
		steps   []step          // what the kernel does
		asked   []time.Duration // what it is asked for
		n       int
		errno   syscall.Errno
	}{
		{"ready", h, []step{ready}, []time.Duration{h}, 1, 0},
		{"time is up", h, []step{after(h, none)}, []time.Duration{h}, 0, 0},
		{"late", h, []step{after(2*h, none)}, []time.Duration{h}, 0, 0},
		{"EINTR", 3 * h, []step{after(h, eintr), after(h, eintr), ready}, []time.Duration{3 * h, 2 * h, h}, 1, 0},
		{"EINTR then time is up", 3 * h, []step{after(h, eintr), after(2*h, none)}, []time.Duration{3 * h, 2 * h}, 0, 0},
		{"last look finds", h, []step{after(h, eintr), ready}, []time.Duration{h, 0}, 1, 0},
		{"last look, late", h, []step{after(5*h, eintr), ready}, []time.Duration{h, 0}, 1, 0},
		{"last look is empty", h, []step{after(h, eintr), none}, []time.Duration{h, 0}, 0, 0},
		{"last look is interrupted", h, []step{after(h, eintr), eintr, eintr, ready}, []time.Duration{h, 0, 0, 0}, 1, 0},
		{"EAGAIN", 3 * h, []step{after(h, eagain), after(h, eagain), ready}, []time.Duration{3 * h, 2 * h, h}, 1, 0},
		{"EAGAIN then last look", h, []step{after(h, eagain), ready}, []time.Duration{h, 0}, 1, 0},
		{"early 0", 3 * h, []step{after(h, none), after(h, none), ready}, []time.Duration{3 * h, 2 * h, h}, 1, 0},
		{"early 0, then time is up", 3 * h, []step{none, after(h, none), after(2*h, none)}, []time.Duration{3 * h, 3 * h, 2 * h}, 0, 0},
		{"storm", 31 * h, append(storm[:31:31], ready), append(stormAsked[:31:31], 0), 1, 0},
		{"storm, ready within", 31 * h, append(storm[:15:15], ready), stormAsked[:16], 1, 0},
		{"look", 0, []step{none}, []time.Duration{0}, 0, 0},
		{"look, ready", 0, []step{ready}, []time.Duration{0}, 1, 0},
		{"look, EINTR", 0, []step{eintr, eintr, ready}, []time.Duration{0, 0, 0}, 1, 0},
		{"look, EAGAIN", 0, []step{eagain, eintr, none}, []time.Duration{0, 0, 0}, 0, 0},
		{"forever", Forever, []step{ready}, []time.Duration{-1}, 1, 0},
		{"forever, early 0", Forever, []step{none, after(1000*h, none), ready}, []time.Duration{-1, -1, -1}, 1, 0},
		{"forever, EINTR", -h, []step{eintr, after(1000*h, eagain), eintr, ready}, []time.Duration{-1, -1, -1, -1}, 1, 0},
		{"forever, MinInt64", math.MinInt64, []step{none, eintr, ready}, []time.Duration{-1, -1, -1}, 1, 0},
		{"ENOMEM", h, []step{{errno: syscall.ENOMEM}}, []time.Duration{h}, 0, syscall.ENOMEM},
		{"ENOMEM, look", 0, []step{{errno: syscall.ENOMEM}}, []time.Duration{0}, 0, syscall.ENOMEM},
		{"ENOMEM, forever", Forever, []step{none, {errno: syscall.ENOMEM}}, []time.Duration{-1, -1}, 0, syscall.ENOMEM},
		{"EINVAL after EINTR", 2 * h, []step{after(h, eintr), {errno: syscall.EINVAL}}, []time.Duration{2 * h, h}, 0, syscall.EINVAL},
		{"EFAULT in the last look", h, []step{after(h, eintr), {errno: syscall.EFAULT}}, []time.Duration{h, 0}, 0, syscall.EFAULT},
	} {
		for _, layer := range []string{"Poll", "Poller"} {
			t.Run("case="+v.name+"/layer="+layer, func(t *testing.T) {
				var p Poller
				defer p.Close()
				if err := p.Register(100); err != nil {
					t.Fatal(err)
				}
				call := 0
				start := clock()
				fakeCall(t, func(timeout time.Duration) (int, syscall.Errno) {
					if call == len(v.steps) && v.errno != 0 && timeout == 0 && layer == "Poller" {
						return 0, 0 // a Poller that can't wait may look
					}
					if call >= len(v.steps) {
						t.Fatalf("call %d, of %v, is one too many", call, timeout)
					}
					s := v.steps[call]
					asked := v.asked[call]
					switch {
					case asked < 0 && timeout < 0, asked == 0 && timeout == 0:
					case asked > 0 && timeout > asked-h/2 && timeout <= asked:
					default:
						t.Errorf("call %d asks for %v, want %v", call, timeout, asked)
					}
					call++
					pass(s.takes)
					if layer == "Poller" {
						p.asked[1].Revents = 0
						if s.n > 0 {
							p.asked[1].Revents = POLLIN
						}
					}
					if s.errno != 0 {
						return -1, s.errno // as syscall.Syscall does
					}
					return s.n, 0
				})
				var n int
				var err error
				if layer == "Poll" {
					n, err = Poll(nil, v.timeout)
				} else {
					var ready []Ready
					waitsAtOnce(&p)
					ready, err = p.Poll(v.timeout)
					n = len(ready)
				}
				if call != len(v.steps) {
					t.Errorf("%d calls, want %d", call, len(v.steps))
				}
				if n != v.n || (err != nil) != (v.errno != 0) || v.errno != 0 && !errors.Is(err, v.errno) {
					t.Errorf("%d, %v, want %d, %v", n, err, v.n, v.errno)
				}
				if took := clock() - start; n == 0 && err == nil && took < v.timeout {
					t.Errorf("nothing after %v, earlier than %v", took, v.timeout)
				}
				if got := p.Len(); got != 1 {
					t.Errorf("Len() = %d after it, want 1", got)
				}
			})
		}
	}
}

// TestPieces: poll(2) takes an int of milliseconds, 24.8 days; what is longer
// is waited in pieces, each of which the kernel takes.
func TestPieces(t *testing.T) {
	watchdog(t, time.Minute)
	const limit = 2147483647 * time.Millisecond
	const day = 24 * time.Hour
	for _, timeout := range []time.Duration{
		24 * day, limit - 1, limit, limit + 1, limit + time.Millisecond, 1 << 31 * time.Millisecond,
		25 * day, 2 * limit, 2*limit + 1, 1<<32*time.Millisecond - 1, 1 << 32 * time.Millisecond, 1<<32*time.Millisecond + 1,
		50 * day, 1000 * day, 100 * 365 * day, math.MaxInt64 - 1, math.MaxInt64,
	} {
		for _, layer := range []string{"Poll", "Poller"} {
			t.Run(fmt.Sprintf("timeout=%v/layer=%s", timeout, layer), func(t *testing.T) {
				var total time.Duration
				calls := 0
				fakeCall(t, func(d time.Duration) (int, syscall.Errno) {
					if d <= 0 || d > limit {
						t.Fatalf("call %d asks for %v", calls, d)
					}
					calls++
					total += d
					pass(d)
					if rest := timeout - total - 2*limit; calls == 5 && rest > 0 {
						// There is a pause after each piece: leave most of them out.
						total += rest
						pass(rest)
					}
					return 0, 0
				})
				var err error
				n := 0
				if layer == "Poll" {
					n, err = Poll(nil, timeout)
				} else {
					var p Poller
					defer p.Close()
					var ready []Ready
					waitsAtOnce(&p)
					ready, err = p.Poll(timeout)
					n = len(ready)
				}
				if n != 0 || err != nil {
					t.Errorf("%d, %v, want 0, nil", n, err)
				}
				// A part of the time goes by in this test instead of in the
				// kernel.
				if total > timeout || total < timeout-10*time.Minute {
					t.Errorf("%d pieces are %v together", calls, total)
				}
				if most := int(timeout/limit) + 1; calls > most {
					t.Errorf("%d pieces, want at most %d", calls, most)
				}
			})
		}
	}
}

// TestAnyTimeout: there is none that a time.Duration can hold which is cut off
// on the way to the kernel: 1<<32 milliseconds are 0 in a C int, 1<<31 are
// below 0.
func TestAnyTimeout(t *testing.T) {
	watchdog(t, time.Minute)
	const ms = time.Millisecond
	for _, timeout := range []time.Duration{
		math.MinInt64, math.MinInt64 + 1, -1 << 32 * ms, -1 << 31 * ms, -1<<31*ms - 1, -time.Hour, -ms - 1, -ms, -ms + 1, -1,
		0, 1, 999, ms - 1, ms, ms + 1,
		time.Hour, time.Hour + 1, 1<<31*ms - 1, 1 << 31 * ms, 1<<31*ms + 1, 1<<32*ms - 1, 1 << 32 * ms, 1<<32*ms + 1,
		1 << 31 * time.Second, 1<<31*time.Second + 1, 1 << 32 * time.Second, 1<<32*time.Second + 1,
		1 << 62, math.MaxInt64 - 1, math.MaxInt64,
	} {
		for _, l := range layers {
			t.Run(fmt.Sprintf("timeout=%d/layer=%s", timeout, l.name), func(t *testing.T) {
				r, w := newPipe(t)
				if timeout < 0 || timeout >= time.Hour {
					// Nothing tells from outside that a call waits, and a call
					// that does not wait, or too short, finds nothing.
					waker := time.AfterFunc(3*ms, func() { mustWrite(t, w, "x") })
					defer waker.Stop()
					if got, err := l.poll(t, r, POLLIN, timeout); got != POLLIN || err != nil {
						t.Errorf("waiting: %v, %v, want POLLIN", got, err)
					}
				} else {
					mustWrite(t, w, "x")
				}
				if got, err := l.poll(t, r, POLLIN, timeout); got != POLLIN || err != nil {
					t.Errorf("ready: %v, %v, want POLLIN", got, err)
				}
			})
		}
	}
}

// TestHuge: the kernel takes 32 bits of the number of entries, and would see
// none at all in 1<<32.
func TestHuge(t *testing.T) {
	if math.MaxInt == math.MaxInt32 {
		t.Skip("int has 32 bits: there is no such array")
	}
	for _, bits := range []uint{31, 32} {
		n := uint64(1) << bits
		// Never touched, so that it costs addresses only.
		b, err := syscall.Mmap(-1, 0, int(n*8), syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
		if err != nil {
			t.Skipf("mmap of %d bytes: %v", n*8, err)
		}
		fds := unsafe.Slice((*PollFd)(unsafe.Pointer(&b[0])), int(n))
		for _, timeout := range paths {
			if got, err := Poll(fds, timeout); got != 0 || !errors.Is(err, ErrTooManyFds) || !errors.Is(err, syscall.EINVAL) {
				t.Errorf("1<<%d entries, timeout %v: %d, %v, want ErrTooManyFds", bits, timeout, got, err)
			}
		}
		syscall.Munmap(b)
	}
}
