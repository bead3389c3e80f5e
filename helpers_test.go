//go:build linux || darwin || freebsd || netbsd

// Helpers of all tests and benchmarks. Values that differ between systems are in
// helpers_GOOS_test.go, and helpers that need Linux are in helpers_linux_test.go.

package poll

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
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

// random returns a source of random numbers whose seed is logged if the test
// fails.
func random(tb testing.TB) *rand.Rand {
	seed := time.Now().UnixNano()
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("seed=%d", seed)
		}
	})
	return rand.New(rand.NewSource(seed))
}

// logUniform returns a random duration. Each order of magnitude is equally likely.
func logUniform(rng *rand.Rand, min, max time.Duration) time.Duration {
	return time.Duration(math.Exp(math.Log(float64(min)) + rng.Float64()*math.Log(float64(max)/float64(min))))
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
	for i := 0; i < 2; i++ { // objects with finalizers keep others alive in the first collection
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

// heap returns the number of bytes that the result of build takes on the heap.
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

// eventValues are the event bits that differ between systems, as in their headers, and
// the text of some masks.
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
//	brokenPipe      the events of the write end of a pipe without a reader, for the mask 0
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

// openFds counts the open descriptors of the process after a garbage collection. A leak takes
// the lowest free number, so it is enough to look up to 4096. (On FreeBSD, /dev/fd lists only 0
// to 2 unless fdescfs is mounted.)
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
// numbers, except for descriptors that were open before. The write ends have higher numbers.
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

// Polling.

// paths are timeouts that a platform may pass to the kernel in different ways.
var paths = []time.Duration{0, Forever, time.Hour, time.Hour + 1}

// brief are timeouts for calls that find nothing.
var brief = []time.Duration{0, 1, 50 * time.Microsecond, time.Millisecond}

// An entryPoint is a way to poll one descriptor.
type entryPoint struct {
	name string
	make func(tb testing.TB, fd int, ask Events) *polledFd
}

// entryPoints are the functions Poll and Wait, and the Poller. A negative fd means that there
// is nothing to poll; Wait does not support that.
var entryPoints = []entryPoint{
	{"Poll", func(tb testing.TB, fd int, ask Events) *polledFd {
		s := &polledFd{TB: tb, name: "Poll", fd: fd, ask: ask}
		if fd >= 0 {
			s.fds = []PollFd{{Fd: int32(fd), Events: ask}}
		}
		return s
	}},
	{"Poller", func(tb testing.TB, fd int, ask Events) *polledFd {
		s := &polledFd{TB: tb, name: "Poller", fd: fd, ask: ask, p: new(Poller)}
		tb.Cleanup(func() { s.p.Close() })
		if fd >= 0 {
			must(tb, s.p.Register(fd, ask))
		}
		return s
	}},
	{"Wait", func(tb testing.TB, fd int, ask Events) *polledFd {
		return &polledFd{TB: tb, name: "Wait", fd: fd, ask: ask, wait: true}
	}},
}

// A polledFd is a descriptor polled through an entryPoint.
type polledFd struct {
	testing.TB
	name string
	fd   int
	ask  Events
	fds  []PollFd // the argument of Poll
	p    *Poller  // or nil
	wait bool     // whether it is polled by Wait
}

// poll polls once and returns the events of fd.
func (s *polledFd) poll(timeout time.Duration) (Events, error) {
	s.Helper()
	if s.wait {
		return Wait(s.fd, s.ask, timeout)
	}
	if s.p != nil {
		ready, err := s.p.Poll(timeout)
		switch {
		case len(ready) == 0:
			return 0, err
		case len(ready) > 1 || ready[0].Fd != s.fd || ready[0].Events == 0 || err != nil:
			s.Errorf("Poll of fd %d: %v, %v", s.fd, ready, err)
		}
		return ready[0].Events, err
	}
	for i := range s.fds {
		s.fds[i].Revents = 0xffff // to be overwritten
	}
	n, err := Poll(s.fds, timeout)
	if err != nil || len(s.fds) == 0 {
		if n != 0 {
			s.Errorf("n = %d with %s, %v", n, show(s.fds), err)
		}
		return 0, err
	}
	f := s.fds[0]
	if n != 0 != (f.Revents != 0) || n < 0 || n > 1 {
		s.Errorf("n = %d with %s", n, show(s.fds))
	}
	if f.Fd != int32(s.fd) || f.Events != s.ask {
		s.Errorf("Poll of fd %d: %v left %s", s.fd, s.ask, show(s.fds))
	}
	return f.Revents, nil
}

// answer stores revents during a call, as the kernel would.
func (s *polledFd) answer(revents Events) {
	fds := s.fds
	if s.p != nil {
		fds = s.p.asked[1:]
	}
	for i := range fds {
		fds[i].Revents = revents
	}
}

// waitsAtOnce makes the next call wait without probing first, if it may wait.
func (s *polledFd) waitsAtOnce() {
	if s.p != nil {
		waitsAtOnce(s.p)
	}
}

// want checks the result of one call.
func (s *polledFd) want(timeout time.Duration, want Events) {
	s.Helper()
	if got, err := s.poll(timeout); got != want || err != nil {
		s.Errorf("%s of %v, timeout %v: %v, %v, want %v", s.name, s.ask, timeout, got, err, want)
	}
}

// never checks that a call reports nothing, and does not return early.
func (s *polledFd) never(timeout time.Duration) (took time.Duration) {
	s.Helper()
	start := time.Now()
	got, err := s.poll(timeout)
	took = time.Since(start)
	if got != 0 || err != nil || took < timeout {
		s.Errorf("%s of fd %d, timeout %v: %v, %v after %v", s.name, s.fd, timeout, got, err, took)
	}
	return took
}

// idleFds returns, for each entryPoint, a polledFd that is never ready and one that has
// nothing to poll.
func idleFds(tb testing.TB) (all []*polledFd) {
	r, _ := newPipe(tb)
	for _, e := range entryPoints {
		all = append(all, e.make(tb, r, POLLIN))
		if e.name != "Wait" {
			all = append(all, e.make(tb, -1, 0))
		}
	}
	return all
}

// show returns fds as text.
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

// wantError checks that err is an *Error with op and fd, and that it wraps target.
func wantError(tb testing.TB, err error, op string, fd int, target error) {
	tb.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Op != op || e.Fd != fd || !errors.Is(err, target) {
		tb.Errorf("error %v, want one of op %q, fd %d that is %v", err, op, fd, target)
	}
}

// onCall makes every system call but a pause run f first, until the test is over. If f returns
// done, f's results replace the system call.
func onCall(tb testing.TB, f func(isPoll bool, timeout time.Duration) (n int, errno syscall.Errno, done bool)) {
	tb.Helper()
	old, oldEpoch := testCall, epoch
	testCall = func(isPoll bool, nfds int, timeout time.Duration) (int, syscall.Errno, bool) {
		if nfds == 0 && timeout > 0 {
			return 0, 0, false
		}
		return f(isPoll, timeout)
	}
	tb.Cleanup(func() { testCall, epoch = old, oldEpoch })
}

// onWait makes every system call that may wait run f first, until the test is over.
func onWait(tb testing.TB, f func()) {
	tb.Helper()
	onCall(tb, func(_ bool, timeout time.Duration) (int, syscall.Errno, bool) {
		if timeout != 0 {
			f()
		}
		return 0, 0, false
	})
}

// fakeCall replaces the system call with f until the test is over.
func fakeCall(tb testing.TB, f func(timeout time.Duration) (n int, errno syscall.Errno)) {
	tb.Helper()
	onCall(tb, func(_ bool, timeout time.Duration) (int, syscall.Errno, bool) {
		n, errno := f(timeout)
		return n, errno, true
	})
}

// wantNear checks the timeout of a system call. It may be up to a minute less than want,
// because the test itself takes time.
func wantNear(tb testing.TB, call int, timeout, want time.Duration) {
	tb.Helper()
	switch {
	case want < 0 && timeout < 0, want == 0 && timeout == 0:
	case want > 0 && timeout > want-time.Minute && timeout <= want:
	default:
		tb.Errorf("call %d is for %v, want %v", call, timeout, want)
	}
}

// pass advances the clock of the package by d. The cleanup of onCall sets it back.
func pass(d time.Duration) { epoch = epoch.Add(-d) }

// Pollers.

// newPoller returns a Poller of fds, which is closed at the end of the test.
func newPoller(tb testing.TB, fds []int, events Events) *Poller {
	tb.Helper()
	p := new(Poller)
	tb.Cleanup(func() { p.Close() })
	for _, fd := range fds {
		must(tb, p.Register(fd, events))
	}
	return p
}

// newArray returns an array of fds.
func newArray(fds []int, events Events) []PollFd {
	var array []PollFd
	for _, fd := range fds {
		array = append(array, PollFd{Fd: int32(fd), Events: events})
	}
	return array
}

// newWaker returns a Waker that is closed at the end of the test.
func newWaker(tb testing.TB) *Waker {
	tb.Helper()
	w, err := NewWaker()
	must(tb, err)
	tb.Cleanup(func() { w.Close() })
	return w
}

// wantFlags checks that w is close-on-exec and non-blocking.
func wantFlags(t *testing.T, w *Waker) {
	t.Helper()
	for _, fd := range []int{w.r, w.w} {
		if flags := fcntl(t, fd, syscall.F_GETFD); flags&syscall.FD_CLOEXEC == 0 {
			t.Errorf("fd %d is not close-on-exec", fd)
		}
		if flags := fcntl(t, fd, syscall.F_GETFL); flags&syscall.O_NONBLOCK == 0 {
			t.Errorf("fd %d is blocking", fd)
		}
	}
}

// sortReady sorts a result of Poll by descriptor.
func sortReady(ready []Ready) []Ready {
	sort.Slice(ready, func(i, j int) bool { return ready[i].Fd < ready[j].Fd })
	return ready
}

// A pollResult is a copy of the result of Poll or PollContext.
type pollResult struct {
	ready []Ready
	err   error
}

// want checks the result, in any order. If err is not nil, the result must be empty.
func (r pollResult) want(tb testing.TB, err error, ready ...Ready) {
	tb.Helper()
	if !errors.Is(r.err, err) {
		tb.Errorf("Poll: error %v, want %v", r.err, err)
	}
	if !slices.Equal(sortReady(r.ready), sortReady(slices.Clone(ready))) {
		tb.Fatalf("Poll = %v, want %v", r.ready, ready)
	}
}

// wantPoll checks the result of one call of Poll, in any order.
func wantPoll(tb testing.TB, p *Poller, timeout time.Duration, want ...Ready) {
	tb.Helper()
	ready, err := p.Poll(timeout)
	pollResult{slices.Clone(ready), err}.want(tb, nil, want...)
}

// goPoll starts a Poll in another goroutine. It returns when that Poll is about to wait in
// the kernel, or has returned.
func goPoll(p *Poller, timeout time.Duration) <-chan pollResult {
	return goCall(p, func() ([]Ready, error) { return p.Poll(timeout) })
}

// goCall is goPoll with any call of p.
func goCall(p *Poller, f func() ([]Ready, error)) <-chan pollResult {
	waitsAtOnce(p)
	c := make(chan pollResult, 1)
	go func() {
		ready, err := f()
		c <- pollResult{slices.Clone(ready), err}
	}()
	for !isWaiting(p) && len(c) == 0 {
		runtime.Gosched()
	}
	return c
}

// waitsAtOnce makes the next call of Poll that may wait do so without probing first.
func waitsAtOnce(p *Poller) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.backoff.skip = 1
}

// makeWaker makes p's Waker, as a call that waits does.
func makeWaker(tb testing.TB, p *Poller) {
	tb.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	must(tb, p.prepare(true))
}

// isWaiting reports whether a call of Poll may be waiting, and has not been woken.
func isWaiting(p *Poller) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.waiting
}

// wantSet checks the set of p, and that its list and its index agree.
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
	positions := 0
	for n, page := range s.pages {
		if page == nil {
			continue
		}
		for i, at := range page {
			if at == 0 {
				continue
			}
			positions++
			if fd := n*pageLen + i; int(at) > len(s.list) || int(s.list[at-1].fd) != fd {
				tb.Fatalf("fd %d is not at position %d", fd, at)
			}
		}
	}
	if positions != len(want) || s.enabled > len(s.list) {
		tb.Fatalf("%d in the index, %d in the list, %d enabled, want %d", positions, len(s.list), s.enabled, len(want))
	}
	if s.attached != nil && len(s.attached) != len(s.list) {
		tb.Fatalf("values for %d registrations, want %d", len(s.attached), len(s.list))
	}
	for _, a := range s.attached[len(s.attached):cap(s.attached)] {
		if a.value != nil || a.conn != nil {
			tb.Fatalf("%v is kept, but not registered", a)
		}
	}
}

// held returns the value and the conn that p keeps reachable for fd.
func held(p *Poller, fd int) (value any, conn syscall.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := p.set.find(fd); i >= 0 {
		x := p.set.attachment(i)
		if x.conn != nil {
			conn = *x.conn
		}
		return x.value, conn
	}
	return nil, nil
}

// An ownContext has a type that package context does not know, and its own error.
type ownContext struct {
	context.Context
	done chan struct{}
	err  atomic.Value
}

func newOwnContext() *ownContext {
	return &ownContext{Context: context.Background(), done: make(chan struct{})}
}

func (c *ownContext) end(err error) {
	c.err.Store(err)
	close(c.done)
}
func (c *ownContext) Done() <-chan struct{} { return c.done }
func (c *ownContext) Err() error {
	err, _ := c.err.Load().(error)
	return err
}

// A fakeConn is a syscall.Conn and its own RawConn.
type fakeConn struct {
	err     error // returned by SyscallConn
	control func(f func(fd uintptr)) error
}

func (c *fakeConn) SyscallConn() (syscall.RawConn, error) {
	return c, c.err
}
func (c *fakeConn) Control(f func(fd uintptr)) error         { return c.control(f) }
func (c *fakeConn) Read(func(fd uintptr) (done bool)) error  { return errors.ErrUnsupported }
func (c *fakeConn) Write(func(fd uintptr) (done bool)) error { return errors.ErrUnsupported }

// fdConn returns fd as a syscall.Conn.
func fdConn(fd int) *fakeConn {
	return &fakeConn{control: func(f func(fd uintptr)) error { f(uintptr(fd)); return nil }}
}

// A numberSet is a set of descriptor numbers with a pattern that a program may have, or that
// would defeat a bad hash function.
type numberSet struct {
	name string
	fds  []int
}

// numberSets returns sets of up to n numbers.
func numberSets(n int) (all []numberSet) {
	for _, stride := range []int{1, 2, 3, 7, 8, 64, 987, 1000, 1024, 1597, 17711, 4096, 65536, 1 << 20} {
		s := numberSet{name: fmt.Sprintf("stride=%d", stride)}
		for fd := 0; len(s.fds) < n && fd <= math.MaxInt32-stride; fd += stride {
			s.fds = append(s.fds, fd)
		}
		all = append(all, s)
	}
	top := numberSet{name: "top"}
	for i := 0; i < n; i++ {
		top.fds = append(top.fds, math.MaxInt32-i)
	}
	random := numberSet{name: "random"}
	rng := rand.New(rand.NewSource(1))
	for seen := make(map[int]bool); len(random.fds) < n; {
		if fd := int(rng.Int31()); !seen[fd] {
			seen[fd] = true
			random.fds = append(random.fds, fd)
		}
	}
	return append(all, top, random)
}
