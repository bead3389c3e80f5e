//go:build linux || darwin || freebsd || netbsd

// Helpers of tests that poll: ways to poll, results, and watched or simulated system calls.

package poll

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// paths are timeouts that a platform may pass to the kernel in different ways.
var paths = []time.Duration{0, Forever, time.Hour, time.Hour + 1}

// brief are timeouts for calls that find nothing.
var brief = []time.Duration{0, 1, 50 * time.Microsecond, time.Millisecond}

// An entryPoint is a way to poll one descriptor.
type entryPoint struct {
	name string
	make func(tb testing.TB, fd int, ask Events) *polledFd
}

// entryPoints are the functions Poll and Wait, and the Poller. A negative fd means that
// there is nothing to poll; Wait does not support that.
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

// newArray returns an array of fds.
func newArray(fds []int, events Events) []PollFd {
	var array []PollFd
	for _, fd := range fds {
		array = append(array, PollFd{Fd: int32(fd), Events: events})
	}
	return array
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

// onCall makes every system call but a pause run f first, until the test is over. If f
// returns done, f's results replace the system call.
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
