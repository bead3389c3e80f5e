//go:build linux || darwin || freebsd || netbsd

// Test that calls do not allocate.

package poll

import (
	"context"
	"testing"
	"time"
)

// TestAllocations checks that none of these calls allocates, that Poll and RawPoll leave
// the caller's array on the stack, and that a set without values has no memory for them.
func TestAllocations(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	quiet, _ := newPipe(t)
	size := min(1000, raiseLimit(t)-1)
	busy, idle, large := newPoller(t, []int{r}, POLLIN), newPoller(t, []int{quiet}, POLLIN), newPoller(t, nil, 0)
	must(t, busy.Register(w, POLLOUT))
	must(t, busy.Attach(w, nil))
	for fd := 1000; fd < 1000+size; fd++ {
		// Most of them are not open, so they are ready with POLLNVAL.
		must(t, large.Register(fd))
	}
	valued := newPoller(t, []int{r}, POLLIN)
	must(t, valued.Attach(r, t))
	waker := newWaker(t)
	ctx := context.Background()
	cancelable, cancel := context.WithCancel(ctx)
	defer cancel()
	steady := func(p *Poller, timeout time.Duration) func() { return func() { p.Poll(timeout) } }
	array := func(fd int, timeout time.Duration) func() {
		return func() {
			fds := [2]PollFd{{Fd: int32(fd), Events: POLLIN}, {Fd: -1}}
			Poll(fds[:], timeout)
		}
	}
	wait := func(fd int, timeout time.Duration) func() { return func() { Wait(fd, POLLIN, timeout) } }
	change := func(p *Poller, fd int) func() {
		return func() {
			p.Modify(fd, POLLIN)
			p.Unregister(fd)
			p.Register(fd, POLLIN, POLLPRI)
			p.Registered(fd)
			p.Len()
		}
	}
	changeBusy, changeValued := change(busy, r), change(valued, r)
	for _, v := range []struct {
		name string
		f    func()
	}{
		{"Poll(0)", array(r, 0)},
		{"Poll(Forever)", array(r, Forever)},
		{"Poll(1h1ns)", array(r, time.Hour+1)},
		{"Poll(0), idle", array(quiet, 0)},
		{"Poll(1ns), idle", array(quiet, 1)},
		{"Poll(1ms), idle", array(quiet, time.Millisecond)},
		{"RawPoll", func() { fds := [1]PollFd{{Fd: int32(r), Events: POLLIN}}; RawPoll(fds[:]) }},
		{"Wait(0)", wait(r, 0)},
		{"Wait(Forever)", wait(r, Forever)},
		{"Wait(1h1ns)", wait(r, time.Hour+1)},
		{"Wait(1ns), idle", wait(quiet, 1)},
		{"Waker", func() { waker.Wake(); waker.Fd(); waker.Wake(); waker.Reset(); waker.Reset() }},
		{"Poller.Poll(0)", steady(busy, 0)},
		{"Poller.Poll(Forever)", steady(busy, Forever)},
		{"Poller.Poll(Forever) that waits", func() { waitsAtOnce(busy); busy.Poll(Forever) }},
		{"Poller.Poll(1h1ns)", steady(busy, time.Hour+1)},
		{"Poller.Poll(0), large", steady(large, 0)},
		{"Poller.Poll(Forever), large", steady(large, Forever)},
		{"Poller.Poll(0), idle", steady(idle, 0)},
		{"Poller.Poll(20us), idle", steady(idle, 20*time.Microsecond)},
		{"Poller.Poll(1ms), idle", steady(idle, time.Millisecond)},
		{"Poller.Poll(Forever), with values", steady(valued, Forever)},
		{"Poller.PollContext that waits", func() { waitsAtOnce(busy); busy.PollContext(ctx) }},
		{"Poller.PollContext that probes", func() {
			if probeFirst {
				busy.PollContext(cancelable)
			}
		}},
		{"Poller.Wake", func() { idle.Wake(); idle.Poll(Forever) }},
		{"Poller.Attach", func() { valued.Attach(r, t); valued.Poll(Forever) }},
		{"changes", change(large, 1001)},
		{"Disable, Modify, Poll", func() { busy.Disable(r); busy.Poll(0); busy.Modify(r, POLLIN); busy.Poll(0) }},
		{"changes, Poll", func() { changeBusy(); busy.Poll(Forever) }},
		{"changes, with values", func() { changeValued(); valued.Poll(Forever) }},
	} {
		wantNoAllocs(t, v.name, v.f)
	}
	if busy.set.attached != nil {
		t.Error("a set without values has memory for them")
	}
}
