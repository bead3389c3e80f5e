//go:build linux || darwin || freebsd || netbsd

// Tests of Register, Modify and Unregister.

package poll

import (
	"math"
	"syscall"
	"testing"
)

// TestRegisterMasks checks the mask that Register sets, for a new descriptor and for one
// that is already registered.
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
			p := newPoller(t, nil, 0)
			must(t, p.Register(7, v.masks...))
			wantSet(t, p, map[int]Events{7: v.want})

			// A second call replaces the mask, and fd still counts once.
			must(t, p.Modify(7, ^v.want))
			wantSet(t, p, map[int]Events{7: ^v.want})
			must(t, p.Register(7, v.masks...))
			wantSet(t, p, map[int]Events{7: v.want})

			must(t, p.Unregister(7))
			wantSet(t, p, nil)
		})
	}
}

// TestBadDescriptors checks that a number that no descriptor can have gives EBADF or
// ErrNotRegistered, and changes nothing.
func TestBadDescriptors(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	p := newPoller(t, []int{r}, POLLIN)
	want := map[int]Events{r: POLLIN}
	wantAbsent := func(p *Poller, fd int) {
		t.Helper()
		wantError(t, p.Modify(fd, POLLOUT), "modify", fd, ErrNotRegistered)
		wantError(t, p.Disable(fd), "disable", fd, ErrNotRegistered)
		wantError(t, p.Unregister(fd), "unregister", fd, ErrNotRegistered)
		wantError(t, p.Attach(fd, 1), "attach", fd, ErrNotRegistered)
		if e, ok := p.Registered(fd); e != 0 || ok {
			t.Errorf("Registered(%d) = %v, %v", fd, e, ok)
		}
	}

	for _, v := range []int64{
		-1, -2, math.MinInt32, math.MinInt32 + 1, -int64(r),
		math.MaxInt32 + 1, math.MaxUint32, math.MinInt64, math.MaxInt64,
		// Truncated to 32 bits, these are r.
		1<<32 + int64(r), 1<<33 + int64(r), 1<<62 + int64(r), -1<<32 + int64(r), math.MinInt64 + int64(r),
	} {
		fd := int(v)
		if int64(fd) != v || fd == 0 {
			continue // int has only 32 bits
		}
		wantError(t, p.Register(fd), "register", fd, syscall.EBADF)
		wantError(t, p.Register(fd, POLLOUT), "register", fd, syscall.EBADF)
		wantAbsent(p, fd)
		wantSet(t, p, want)
	}
	wantPoll(t, p, Forever, Ready{Fd: r, Events: POLLIN})

	var empty Poller
	defer empty.Close()
	for _, fd := range []int{-1, 0, r, math.MaxInt32} {
		wantAbsent(&empty, fd)
	}
	wantError(t, empty.Register(-1), "register", -1, syscall.EBADF)
	wantSet(t, &empty, nil)
}

// TestClosedDescriptor checks that a descriptor that is not open reports POLLNVAL on every
// call until it is unregistered or opened.
func TestClosedDescriptor(t *testing.T) {
	watchdog(t, soon)
	fd := closedFd(t)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	p := newPoller(t, []int{fd}, POLLIN)
	want := func(events Events) {
		t.Helper()
		for _, timeout := range append(paths, paths...) {
			wantPoll(t, p, timeout, Ready{Fd: fd, Events: events})
		}
	}
	want(POLLNVAL)
	must(t, p.Modify(fd, POLLOUT))
	want(POLLNVAL)
	must(t, p.Modify(fd, POLLIN))
	if got := dupFd(t, r, fd); got != fd {
		t.Fatalf("fd %d is taken", fd)
	}
	want(POLLIN)
	closeFd(t, fd)
	want(POLLNVAL)
	must(t, p.Unregister(fd))
	for _, timeout := range brief {
		wantPoll(t, p, timeout)
	}
}
