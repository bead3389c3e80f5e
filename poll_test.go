//go:build linux || darwin || freebsd || netbsd

// Tests of Poll, except for its timeouts.

package poll

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// TestEntries checks that Poll sets Revents in every entry, skips negative descriptors, and
// returns the number of entries whose Revents is not 0.
func TestEntries(t *testing.T) {
	watchdog(t, 2*soon)
	full, fullW := newPipe(t)
	mustWrite(t, fullW, "x")
	empty, emptyW := newPipe(t)
	closed := closedFd(t)
	const in = POLLIN

	for _, v := range []struct {
		name string
		fds  []PollFd // Revents is the wanted result
	}{
		{"one ready", []PollFd{{int32(full), in, POLLIN}}},
		{"ready and not", []PollFd{{int32(empty), in, 0}, {int32(full), in, POLLIN}, {int32(emptyW), POLLOUT, POLLOUT}}},
		{"negative", []PollFd{{-1, 0x7fff, 0}, {int32(full), in, POLLIN}, {-int32(full), in, 0}, {math.MinInt32, in, 0}}},
		{"negative last", []PollFd{{int32(full), in, POLLIN}, {-1, in, 0}}},
		{"duplicates", []PollFd{{int32(full), in, earlierTwin}, {int32(full), in, POLLIN}, {int32(full), 0, 0}}},
		{"closed", []PollFd{{int32(closed), in, POLLNVAL}, {int32(closed), 0, closedUnasked}, {math.MaxInt32, POLLOUT, POLLNVAL}}},
		{"only what is asked for", []PollFd{{int32(full), POLLRDNORM, POLLRDNORM}, {int32(full), POLLOUT, readEndOut}}},
		// Bits without a meaning do no harm. (TestModel checks that a Poller passes them.)
		{"unknown bits", []PollFd{{int32(full), in | 0xdc00, POLLIN}, {int32(empty), in | 0xdc00, 0}}},
		{"mask 0", []PollFd{{int32(full), 0, 0}, {int32(full), in, POLLIN}}},
	} {
		for _, timeout := range paths {
			t.Run(fmt.Sprintf("case=%s/timeout=%v", v.name, timeout), func(t *testing.T) {
				fds := slices.Clone(v.fds)
				want := 0
				for i := range fds {
					if fds[i].Revents != 0 {
						want++
					}
					fds[i].Revents = 0xa5a5
				}
				n, err := Poll(fds, timeout)
				if n != want || err != nil {
					t.Errorf("n = %d, %v, want %d", n, err, want)
				}
				if !slices.Equal(fds, v.fds) {
					t.Errorf("%s, want %s", show(fds), show(v.fds))
				}
			})
		}
	}
}

// TestNothingReady checks that a call that finds nothing clears every Revents, and that a
// call with nothing to poll waits for the timeout and writes nothing, whatever the array's
// pointer.
func TestNothingReady(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	var backing [4]PollFd
	for _, timeout := range append(brief, 2*time.Millisecond+1) {
		fds := []PollFd{{int32(r), POLLIN, 0xffff}, {-1, POLLIN, 0xffff}}
		if n, err := Poll(fds, timeout); n != 0 || err != nil || fds[0].Revents|fds[1].Revents != 0 {
			t.Errorf("timeout %v: n = %d, %v, %s", timeout, n, err, show(fds))
		}
		for name, fds := range map[string][]PollFd{"nil": nil, "empty": {}, "sliced": backing[2:2], "end": backing[4:]} {
			start := time.Now()
			n, err := Poll(fds, timeout)
			if took := time.Since(start); n != 0 || err != nil || took < timeout {
				t.Errorf("array %s, timeout %v: n = %d, %v after %v", name, timeout, n, err, took)
			}
		}
	}
	if backing != [4]PollFd{} {
		t.Errorf("written: %s", show(backing[:]))
	}
}

// TestRawPoll checks that RawPoll returns and writes the same as Poll with a timeout of 0.
func TestRawPoll(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	closed := closedFd(t)
	for _, fds := range [][]int{
		nil, {-1}, {r}, {w}, {closed}, {r, w}, {w, r, w}, {w, w, w}, {r, -7, closed, w, closed},
	} {
		got, want := newArray(fds, POLLIN|POLLOUT), newArray(fds, POLLIN|POLLOUT)
		for i := range got {
			got[i].Revents = 0x5555 // left by an earlier call
		}
		wantN, err := Poll(want, 0)
		must(t, err)
		if n, err := RawPoll(got); n != wantN || err != nil || !slices.Equal(got, want) {
			t.Errorf("fds=%v: %d, %v, %v, want %d, %v", fds, n, err, got, wantN, want)
		}
	}
}
