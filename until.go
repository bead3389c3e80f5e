//go:build linux || darwin || freebsd

package poll

import "time"

// Until returns the timeout of a wait that ends at t: 0 once t has passed, and
// Forever if t is the zero time.
func Until(t time.Time) time.Duration {
	if t.IsZero() {
		return Forever
	}
	return max(0, time.Until(t))
}
