// Tests of Poll and the Poller that pass only on Linux.

package poll

import (
	"fmt"
	"math"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// TestTooManyFds checks that more entries than RLIMIT_NOFILE, including those with a
// negative Fd, give ErrTooManyFds and EINVAL, and that no registration is lost.
func TestTooManyFds(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	for _, limit := range []int{32, 64, 256} {
		for _, n := range []int{limit - 1, limit, limit + 1, 2 * limit} {
			t.Run(fmt.Sprintf("limit=%d/entries=%d", limit, n), func(t *testing.T) {
				needFds(t, n)
				fds := make([]PollFd, n)
				for i := range fds {
					fds[i] = PollFd{Fd: -1, Events: POLLIN}
				}
				fds[n-1].Fd = int32(r)
				p := newPoller(t, nil, 0)
				makeWaker(t, p) // before no descriptor is left
				for i := 0; i < n; i++ {
					must(t, p.Register(100000+i, POLLIN)) // not open
				}
				restore := setLimit(t, limit)
				for _, timeout := range append(paths[:len(paths):len(paths)], time.Millisecond) {
					got, err := Poll(fds, timeout)
					wantTooMany(t, n > limit, 1, got, err)
					got, err = RawPoll(fds)
					wantTooMany(t, n > limit, 1, got, err)
					ready, err := p.Poll(timeout)
					wantTooMany(t, n > limit, n, len(ready), err)
				}
				if p.Len() != n {
					t.Errorf("Len() = %d, want %d", p.Len(), n)
				}
				restore()
				if ready, err := p.Poll(Forever); len(ready) != n || err != nil {
					t.Errorf("with the old limit: %d ready, %v, want %d", len(ready), err, n)
				}
			})
		}
	}
}

// wantTooMany checks that the error is ErrTooManyFds and nothing is ready if tooMany is
// set, and otherwise that the result is want.
func wantTooMany(t *testing.T, tooMany bool, want, n int, err error) {
	t.Helper()
	if tooMany {
		wantError(t, err, "poll", -1, ErrTooManyFds)
		wantError(t, err, "poll", -1, syscall.EINVAL)
		want, err = 0, nil
	}
	if n != want || err != nil {
		t.Errorf("%d ready, %v, want %d", n, err, want)
	}
}

// TestMoreThanAnInt checks that a length that does not fit the kernel's nfds, a C int or
// unsigned int, gives ErrTooManyFds and is not truncated.
func TestMoreThanAnInt(t *testing.T) {
	watchdog(t, soon)
	if math.MaxInt == math.MaxInt32 {
		t.Skip("int has 32 bits: there is no such array")
	}
	// Truncated, the last would be 1.
	for _, n := range []uint64{1 << 31, 1 << 32, 1<<32 + 1} {
		// The memory is never touched, so it takes only address space.
		memory, err := syscall.Mmap(-1, 0, int(n*8), syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
		if err != nil {
			t.Skip("no room for the array:", err)
		}
		fds := unsafe.Slice((*PollFd)(unsafe.Pointer(unsafe.SliceData(memory))), len(memory)/8)
		for _, timeout := range paths {
			got, err := Poll(fds, timeout)
			wantTooMany(t, true, 0, got, err)
		}
		got, err := RawPoll(fds)
		wantTooMany(t, true, 0, got, err)
		must(t, syscall.Munmap(memory))
	}
}

// TestNotAsked checks that POLLERR, POLLHUP and POLLNVAL are reported even if they are not
// asked for, and that other events are not.
func TestNotAsked(t *testing.T) {
	watchdog(t, soon)
	full, w := newPipe(t)
	mustWrite(t, w, "x")
	hungUp, w2 := newPipe(t)
	closeFd(t, w2)
	r3, broken := newPipe(t)
	closeFd(t, r3)
	closed := closedFd(t)
	for _, v := range []struct {
		state string
		fd    int
		want  Events
	}{
		{"bytes", full, 0}, {"writable", w, 0}, {"hung up", hungUp, POLLHUP}, {"broken", broken, POLLERR}, {"closed", closed, POLLNVAL},
	} {
		for _, ask := range []Events{0, POLLERR | POLLHUP | POLLNVAL} {
			t.Run(fmt.Sprintf("state=%s/ask=%v", v.state, ask), func(t *testing.T) {
				timeouts := paths
				if v.want == 0 {
					timeouts = brief
				}
				for _, e := range entryPoints {
					s := e.make(t, v.fd, ask)
					for _, timeout := range timeouts {
						s.want(timeout, v.want)
					}
				}
			})
		}
	}
}
