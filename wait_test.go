//go:build linux || darwin || freebsd || netbsd

// Tests of Wait, and of the arguments of WaitContext. Tests of entryPoints test Wait as
// well.

package poll

import (
	"context"
	"errors"
	"math"
	"syscall"
	"testing"
	"time"
)

// TestWaitArguments checks that invalid arguments give errors, even if the context is done,
// and that nothing is polled.
func TestWaitArguments(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	calls := 0
	onCall(t, func(bool, time.Duration) (int, syscall.Errno, bool) {
		calls++
		return 0, 0, false
	})
	background := context.Background()
	done, cancel := context.WithCancel(background)
	cancel()
	bad := []int{-1, -2, math.MinInt32}
	if big := int64(math.MaxInt32) + 1; int64(int(big)) == big {
		bad = append(bad, int(big), int(2*big), math.MaxInt, math.MinInt)
	}
	for _, fd := range bad {
		for _, timeout := range []time.Duration{0, time.Millisecond, Forever} {
			got, err := Wait(fd, POLLIN, timeout)
			wantError(t, err, "poll", fd, syscall.EBADF)
			if got != 0 {
				t.Errorf("Wait(%d) = %v", fd, got)
			}
		}
		for _, ctx := range []context.Context{background, done, nil} {
			got, err := WaitContext(ctx, fd, POLLIN)
			wantError(t, err, "poll", fd, syscall.EBADF)
			if got != 0 {
				t.Errorf("WaitContext(%d) = %v", fd, got)
			}
		}
	}
	var none context.Context
	got, err := WaitContext(none, r, POLLIN)
	wantError(t, err, "poll", r, syscall.EINVAL)
	if got != 0 || errors.Is(err, ErrTooManyFds) {
		t.Errorf("WaitContext(nil) = %v, %v", got, err)
	}
	if got, err := WaitContext(done, r, POLLIN); got != 0 || err != context.Canceled {
		t.Errorf("done, although fd is ready: %v, %v, want 0, %v", got, err, context.Canceled)
	}
	if calls != 0 {
		t.Errorf("%d system calls, want none", calls)
	}
}
