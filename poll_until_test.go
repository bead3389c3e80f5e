//go:build linux || darwin || freebsd || netbsd

// Tests of Until.

package poll

import (
	"math"
	"testing"
	"time"
)

// TestUntil checks the result of Until for times before, after and far from now, with and
// without a monotonic clock reading, and that a time in the past never makes Poll wait.
func TestUntil(t *testing.T) {
	watchdog(t, soon)
	now := time.Now()
	for _, v := range []struct {
		name     string
		t        time.Time
		min, max time.Duration
	}{
		{"zero", time.Time{}, Forever, Forever},
		{"zero, local", time.Time{}.Local(), Forever, Forever},
		{"now", now, 0, 0},
		{"passed", now.Add(-1), 0, 0},
		{"passed long ago", now.Add(-time.Hour), 0, 0},
		{"year 1", time.Time{}.Add(1), 0, 0},
		{"1970", time.Unix(0, 0), 0, 0},
		{"an hour", now.Add(time.Hour), time.Hour - soon, time.Hour},
		{"an hour, wall clock", now.Add(time.Hour).Round(0), time.Hour - soon, time.Hour + soon},
		{"passed, wall clock", now.Add(-time.Minute).Round(0), 0, 0},
		{"year 9999", time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), math.MaxInt64, math.MaxInt64},
		{"the last", time.Unix(1<<62, 0), math.MaxInt64, math.MaxInt64},
	} {
		if got := Until(v.t); got < v.min || got > v.max {
			t.Errorf("%s: Until = %v, want %v to %v", v.name, got, v.min, v.max)
		}
	}
	// The smaller of two timeouts ends first, even if one is no deadline.
	if got := min(Until(time.Time{}), Until(now.Add(time.Hour)), time.Minute); got != time.Minute {
		t.Errorf("the smallest timeout is %v, want %v", got, time.Minute)
	}
	r, w := newPipe(t)
	for _, s := range []struct {
		fd        int
		ask, want Events
	}{{r, POLLIN, 0}, {w, POLLOUT, POLLOUT}} {
		if got, err := Wait(s.fd, s.ask, Until(now)); got != s.want || err != nil {
			t.Errorf("Wait = %v, %v, want %v", got, err, s.want)
		}
	}
	start := time.Now()
	end := start.Add(20 * time.Millisecond)
	if got, err := Wait(r, POLLIN, Until(end)); got != 0 || err != nil || time.Now().Before(end) {
		t.Errorf("Wait = %v, %v after %v", got, err, time.Since(start))
	}
}
