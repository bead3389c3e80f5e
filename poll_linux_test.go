// What layer 1 owes to Linux alone.

package poll

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

// TestTooManyFds: poll(2), EINVAL: "The nfds value exceeds the RLIMIT_NOFILE
// value". Entries with a negative Fd count, too.
func TestTooManyFds(t *testing.T) {
	watchdog(t, time.Minute)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	setLimit := func(n uint64) {
		t.Helper()
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: old.Max}); err != nil {
			t.Fatal(err)
		}
	}
	defer setLimit(old.Cur)
	timeouts := []time.Duration{0, time.Millisecond, 100 * time.Microsecond}
	for _, limit := range []int{64, 128, 256} {
		for _, n := range []int{limit - 1, limit, limit + 1, 2 * limit} {
			t.Run(fmt.Sprintf("limit=%d/entries=%d", limit, n), func(t *testing.T) {
				fds := make([]PollFd, n)
				for i := range fds {
					fds[i] = PollFd{Fd: -1, Events: POLLIN}
				}
				var p Poller
				defer p.Close()
				p.Poll(1) // has all that it needs before the limit is low
				for i := 0; i < n; i++ {
					p.Register(100000+i, POLLIN) // not open
				}
				setLimit(uint64(limit))
				defer setLimit(old.Cur)
				for _, timeout := range append(timeouts, Forever) {
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
				}
				for _, timeout := range append(timeouts, Forever) {
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
				setLimit(old.Cur)
				if ready, err := p.Poll(Forever); len(ready) != n || err != nil {
					t.Errorf("with the old limit: %d ready, %v, want %d", len(ready), err, n)
				}
			})
		}
	}
}

// TestNotAsked: poll(2): POLLERR, POLLHUP and POLLNVAL are "ignored in events"
// and reported all the same, also if nothing is asked for; nothing else is.
func TestNotAsked(t *testing.T) {
	watchdog(t, time.Minute)
	full, w := newPipe(t)
	mustWrite(t, w, "x")
	hungUp, w2 := newPipe(t)
	closeFd(t, w2)
	r3, broken := newPipe(t)
	closeFd(t, r3)
	closed := closedFd(t)
	for _, v := range []struct {
		fd   int
		want Events
	}{
		{full, 0}, {w, 0}, {hungUp, POLLHUP}, {broken, POLLERR}, {closed, POLLNVAL},
	} {
		for _, ask := range []Events{0, POLLERR | POLLHUP | POLLNVAL} {
			timeouts := paths
			if v.want == 0 {
				timeouts = []time.Duration{0, 100 * time.Microsecond, time.Millisecond}
			}
			for _, timeout := range timeouts {
				for _, l := range layers {
					if got, err := l.poll(t, v.fd, ask, timeout); got != v.want || err != nil {
						t.Errorf("%s of %v, timeout %v: %v, %v, want %v", l.name, ask, timeout, got, err, v.want)
					}
				}
			}
		}
	}
}
