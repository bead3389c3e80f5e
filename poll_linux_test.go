// The tests of Poll and the Poller that hold on Linux only.

package poll

import (
	"fmt"
	"math"
	"syscall"
	"testing"
	"unsafe"
)

// TestTooManyFds checks that more entries than RLIMIT_NOFILE, those with a negative
// Fd included, are ErrTooManyFds and EINVAL, and cost no registration.
func TestTooManyFds(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	var old syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old))
	setLimit := func(n int) {
		t.Helper()
		must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: uint64(n), Max: old.Max}))
	}
	reset := func() { must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old)) }
	for _, limit := range []int{32, 64, 256} {
		for _, n := range []int{limit - 1, limit, limit + 1, 2 * limit} {
			t.Run(fmt.Sprintf("limit=%d/entries=%d", limit, n), func(t *testing.T) {
				if uint64(limit) > old.Cur {
					t.Skipf("RLIMIT_NOFILE is %d", old.Cur)
				}
				fds := make([]PollFd, n)
				for i := range fds {
					fds[i] = PollFd{Fd: -1, Events: POLLIN}
				}
				var p Poller
				defer p.Close()
				waitsAtOnce(&p)
				p.Poll(1) // needs no new descriptor while the limit is low
				for i := 0; i < n; i++ {
					must(t, p.Register(100000+i, POLLIN)) // not open
				}
				setLimit(limit)
				defer reset()
				for _, timeout := range append(brief[:len(brief):len(brief)], Forever) {
					if timeout < 0 {
						fds[n-1].Fd = int32(r) // something to report
					}
					got, err := Poll(fds, timeout)
					if n > limit {
						wantError(t, err, "poll", -1, ErrTooManyFds)
						wantError(t, err, "poll", -1, syscall.EINVAL)
						if got != 0 {
							t.Errorf("timeout %v: n = %d with an error", timeout, got)
						}
					} else if err != nil || timeout < 0 != (got == 1) {
						t.Errorf("timeout %v: %d, %v", timeout, got, err)
					}

					if n > limit {
						got, err := RawPoll(fds)
						wantError(t, err, "poll", -1, ErrTooManyFds)
						if got != 0 {
							t.Errorf("RawPoll: n = %d with an error", got)
						}
					}

					ready, err := p.Poll(timeout)
					if n > limit {
						wantError(t, err, "poll", -1, ErrTooManyFds)
						wantError(t, err, "poll", -1, syscall.EINVAL)
						if len(ready) != 0 {
							t.Errorf("Poller, timeout %v: %v with an error", timeout, ready)
						}
					} else if err != nil || len(ready) != n {
						t.Errorf("Poller, timeout %v: %d ready, %v, want %d", timeout, len(ready), err, n)
					}
				}
				if p.Len() != n {
					t.Errorf("Len() = %d, want %d", p.Len(), n)
				}
				reset()
				if uint64(n) >= old.Cur {
					t.Skipf("RLIMIT_NOFILE is %d", old.Cur)
				}
				if ready, err := p.Poll(Forever); len(ready) != n || err != nil {
					t.Errorf("with the old limit: %d ready, %v, want %d", len(ready), err, n)
				}
			})
		}
	}
}

// TestMoreThanAnInt checks that a length that the kernel would cut to 32 bits, and so
// take for 1, is ErrTooManyFds.
func TestMoreThanAnInt(t *testing.T) {
	watchdog(t, soon)
	const n = 1<<32 + 1
	if math.MaxInt < n {
		t.Skip("int has 32 bits")
	}
	const size = math.MaxInt & (n * 8) // n*8, but for compilers to which that is too much
	memory, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		t.Skip("no room for the array:", err)
	}
	defer syscall.Munmap(memory)
	fds := unsafe.Slice((*PollFd)(unsafe.Pointer(unsafe.SliceData(memory))), len(memory)/8)
	for _, call := range []func() (int, error){
		func() (int, error) { return Poll(fds, 0) },
		func() (int, error) { return Poll(fds, 1) },
		func() (int, error) { return Poll(fds, Forever) },
		func() (int, error) { return RawPoll(fds) },
	} {
		got, err := call()
		wantError(t, err, "poll", -1, ErrTooManyFds)
		if got != 0 {
			t.Errorf("n = %d with an error", got)
		}
	}
}

// TestNotAsked checks that POLLERR, POLLHUP and POLLNVAL are reported whether or not
// they are asked for, and that nothing else is unless it is.
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
				for _, l := range entryPoints {
					s := l.make(t, v.fd, ask)
					for _, timeout := range timeouts {
						s.want(timeout, v.want)
					}
				}
			})
		}
	}
}
