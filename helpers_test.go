//go:build linux || darwin || freebsd || netbsd

// Helpers of all tests and benchmarks. Those that poll are in helpers_poll_test.go and
// helpers_poller_test.go. Values that differ between systems are in helpers_GOOS_test.go,
// and helpers that need Linux are in helpers_linux_test.go.

package poll

import (
	"math/rand"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"example.com/poll/internal/fdtest"
)

// The functions of package fdtest, by shorter names.
var (
	watchdog, must         = fdtest.Watchdog, fdtest.Must
	own, closeFd, closedFd = fdtest.Own, fdtest.Close, fdtest.Closed
	newPipe, dupFd         = fdtest.Pipe, fdtest.Dup
	mustWrite, readAll     = fdtest.Write, fdtest.ReadAll
	raiseLimit             = fdtest.RaiseLimit
)

const soon = fdtest.Soon

// Tests in general.

// scaled returns n, or less in a short run.
func scaled(n, part int) int {
	if testing.Short() {
		return max(n/part, 1)
	}
	return n
}

// random returns a source of random numbers whose seed is logged if the test fails.
func random(tb testing.TB) *rand.Rand {
	seed := time.Now().UnixNano()
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("seed=%d", seed)
		}
	})
	return rand.New(rand.NewSource(seed))
}

// wantNoAllocs checks that f allocates nothing after its first run. It checks nothing in a
// build with a sanitizer or checkptr.
func wantNoAllocs(tb testing.TB, name string, f func()) {
	tb.Helper()
	f()
	if n := testing.AllocsPerRun(20, f); n != 0 && !instrumented() {
		tb.Errorf("%s: %v allocations a run, want 0", name, n)
	}
}

// instrumented reports whether the build checks the use of pointers (-race, -asan, -msan,
// -d=checkptr). In such a build a variable may be on the heap if its address becomes an
// unsafe.Pointer, and objects on the heap are larger.
var instrumented = sync.OnceValue(func() bool {
	n := testing.AllocsPerRun(10, func() {
		var x [5]uintptr
		sink = uintptr(unsafe.Pointer(&x))
	})
	return n != 0 || sanitized
})

var (
	sanitized bool // set in helpers_sanitized_test.go
	sink      uintptr
)

// collectGarbage collects all garbage, and returns when the finalizers have run.
func collectGarbage(tb testing.TB) {
	tb.Helper()
	// Objects with finalizers keep others alive in the first collection.
	for i := 0; i < 2; i++ {
		finalized := make(chan struct{})
		runtime.SetFinalizer(new([64]byte), func(*[64]byte) { close(finalized) })
		for open := true; open; {
			runtime.GC()
			select {
			case <-finalized:
				open = false
			case <-time.After(time.Millisecond):
			}
		}
	}
}

// eventValues are the event bits that differ between systems, as in their headers, and the
// text of some masks.
type eventValues struct {
	wrnorm, wrband, rdhup Events
	text                  map[Events]string
}

// helpers_GOOS_test.go defines systemEvents, dup2, and
//
//	endOfPipe(ask)  the events of the read end of an empty pipe without a writer, for the mask ask
//	readEndOut      the events of the read end of a pipe, for the mask POLLOUT
//	closedUnasked   the events of a descriptor that is not open, for the mask 0
//	earlierTwin     the events of an entry with POLLIN if a later entry for the same fd reports POLLIN
//	returnsEarly    whether poll(2) may return 0 before the timeout has passed
//	holdsFiles      whether the kernel is known to keep a file open while a call waits on it

// Descriptors.

// mustFd returns the descriptor of c, and does not change its mode.
func mustFd(tb testing.TB, c syscall.Conn) (fd int) {
	tb.Helper()
	rc, err := c.SyscallConn()
	must(tb, err)
	must(tb, rc.Control(func(s uintptr) { fd = int(s) }))
	return fd
}

func fcntl(tb testing.TB, fd, cmd int) int {
	tb.Helper()
	n, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), uintptr(cmd), 0)
	if errno != 0 {
		tb.Fatalf("fcntl(%d, %d): %v", fd, cmd, errno)
	}
	return int(n)
}

func isOpen(fd int) bool {
	_, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
	return errno == 0
}

// openFds counts the open descriptors of the process after a garbage collection. A leak
// takes the lowest free number, so it is enough to look up to 4096. (On FreeBSD, /dev/fd
// lists only 0 to 2 unless fdescfs is mounted.)
func openFds(tb testing.TB) (n int) {
	tb.Helper()
	collectGarbage(tb)
	for fd := 0; fd < 4096; fd++ {
		if isOpen(fd) {
			n++
		}
	}
	return n
}

// needFds skips the test if RLIMIT_NOFILE is too low for n more descriptors, or for a call
// of poll(2) with n entries.
func needFds(tb testing.TB, n int) {
	tb.Helper()
	const others = 20 // descriptors of the process itself
	if limit := raiseLimit(tb); n+others > limit {
		tb.Skipf("needs %d descriptors; RLIMIT_NOFILE is %d", n+others, limit)
	}
}

// setLimit sets the soft RLIMIT_NOFILE until restore is called or the test is over.
func setLimit(tb testing.TB, n int) (restore func()) {
	tb.Helper()
	var old syscall.Rlimit
	must(tb, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old))
	limit := old
	fdtest.SetField(&limit.Cur, n)
	must(tb, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	restore = func() { must(tb, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old)) }
	tb.Cleanup(restore)
	return restore
}

// limitFds makes every attempt to open a descriptor fail until restore is called or the
// test is over.
func limitFds(tb testing.TB) (restore func()) {
	tb.Helper()
	collectGarbage(tb) // so that no descriptors are freed later
	fd, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	must(tb, err)
	syscall.Close(fd)
	return setLimit(tb, fd) // the lowest free number is not allowed
}

// idlePipes opens n pipes until the end of the test. The read ends have consecutive
// numbers, except for descriptors that were open before. The write ends have higher
// numbers.
func idlePipes(tb testing.TB, n int) (r, w []int) {
	tb.Helper()
	const others = 64 // other open descriptors
	needFds(tb, 2*n+2*others)
	for len(r) < n {
		in, out := newPipe(tb)
		r = append(r, in)
		w = append(w, dupFd(tb, out, r[0]+n+others))
		closeFd(tb, out)
	}
	return r, w
}
