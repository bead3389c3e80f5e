//go:build freebsd || netbsd

// Tests of Poll's limits on FreeBSD and NetBSD.

package poll

import (
	"errors"
	"syscall"
	"testing"
	"time"
)

// TestTooManyFds checks that more entries than the kernel takes give ErrTooManyFds.
func TestTooManyFds(t *testing.T) {
	watchdog(t, soon)
	const always = 1000 // entries are allowed whatever the limit
	n := 0
	fds := newArray(make([]int, always), POLLIN)
	for err := error(nil); err == nil; fds = append(fds, fds...) {
		if n = len(fds); n > 1<<24 {
			t.Fatalf("%d entries are not too many", n)
		}
		for i := range fds {
			fds[i].Fd = -1
		}
		_, err = Poll(fds, 0)
	}
	fds = fds[:n]
	if n == always {
		t.Fatalf("%d entries are too many", n)
	}
	for _, timeout := range paths {
		if got, err := Poll(fds, timeout); got != 0 || !errors.Is(err, ErrTooManyFds) || !errors.Is(err, syscall.EINVAL) {
			t.Errorf("%d entries, timeout %v: %d, %v, want ErrTooManyFds", n, timeout, got, err)
		}
	}
}

// TestNegativeTimeout checks that any negative timeout makes the kernel wait forever: for a
// negative timeout other than -1 it returns EINVAL, which Poll takes for too many entries.
func TestNegativeTimeout(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	fds := newArray([]int{r}, POLLIN)
	for _, ms := range []int{-2, -1000} {
		if _, errno := pollMillis(fds, ms); errno != syscall.EINVAL {
			t.Errorf("poll(2) with %d: %v, want EINVAL", ms, errno)
		}
	}
	for _, timeout := range []time.Duration{-1, -2, -time.Hour, -1 << 63} {
		if n, err := Poll(fds, timeout); n != 1 || err != nil {
			t.Errorf("Poll(%v) = %d, %v", timeout, n, err)
		}
	}
}
