//go:build linux || darwin || freebsd || netbsd

// Helpers of tests of the Poller: calls of Poll and their results, its state, and conns.

package poll

import (
	"errors"
	"runtime"
	"slices"
	"sort"
	"syscall"
	"testing"
	"time"
)

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
	for i, r := range s.list {
		if at := s.find(int(r.fd)); at != i {
			tb.Fatalf("fd %d is at %d of the list, and the index has %d", r.fd, i, at)
		}
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
