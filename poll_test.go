//go:build linux || darwin || freebsd

// The tests of Poll, apart from its timeouts.

package poll

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// TestEntries checks that Poll sets the revents of every entry, skips negative
// descriptors, and returns the number of entries whose revents are not zero.
func TestEntries(t *testing.T) {
	watchdog(t, 2*soon)
	full, fullW := newPipe(t)
	mustWrite(t, fullW, "x")
	empty, emptyW := newPipe(t)
	closed := closedFd(t)
	const in = POLLIN

	for _, v := range []struct {
		name string
		fds  []PollFd // Revents: what is wanted
	}{
		{"one ready", []PollFd{{int32(full), in, POLLIN}}},
		{"ready and not", []PollFd{{int32(empty), in, 0}, {int32(full), in, POLLIN}, {int32(emptyW), POLLOUT, POLLOUT}}},
		{"negative", []PollFd{{-1, 0x7fff, 0}, {int32(full), in, POLLIN}, {-int32(full), in, 0}, {math.MinInt32, in, 0}}},
		{"negative last", []PollFd{{int32(full), in, POLLIN}, {-1, in, 0}}},
		{"duplicates", []PollFd{{int32(full), in, earlierTwin}, {int32(full), in, POLLIN}, {int32(full), 0, 0}}},
		{"closed", []PollFd{{int32(closed), in, POLLNVAL}, {int32(closed), 0, closedUnasked}, {math.MaxInt32, POLLOUT, POLLNVAL}}},
		{"only what is asked for", []PollFd{{int32(full), POLLRDNORM, POLLRDNORM}, {int32(full), POLLOUT, readEndOut}}},
		{"mask 0", []PollFd{{int32(full), 0, 0}, {int32(full), in, POLLIN}}},
	} {
		for _, skipped := range []int{0, 200} {
			for _, timeout := range paths {
				name := fmt.Sprintf("case=%s/skipped=%d/timeout=%v", v.name, skipped, timeout)
				t.Run(name, func(t *testing.T) {
					if skipped > 0 {
						needFds(t, skipped)
					}
					want := make([]PollFd, 0, skipped+len(v.fds))
					for i := 0; i < skipped; i++ {
						want = append(want, PollFd{Fd: int32(-1 - i), Events: in})
					}
					want = append(want, v.fds...)
					fds := append([]PollFd(nil), want...)
					wantN := 0
					for i := range fds {
						fds[i].Revents = 0xa5a5
						if want[i].Revents != 0 {
							wantN++
						}
					}
					n, err := Poll(fds, timeout)
					if n != wantN || err != nil {
						t.Errorf("n = %d, %v, want %d, nil", n, err, wantN)
					}
					for i := range fds {
						if fds[i] != want[i] {
							t.Fatalf("entry %d: %s, want %s", i, show(fds[i:i+1]), show(want[i:i+1]))
						}
					}
				})
			}
		}
	}
}

// TestEntriesNotReady checks that a call that finds nothing clears all revents.
func TestEntriesNotReady(t *testing.T) {
	watchdog(t, soon)
	r, _ := newPipe(t)
	for _, timeout := range brief {
		fds := []PollFd{{int32(r), POLLIN, 0xffff}, {-1, POLLIN, 0xffff}}
		if n, err := Poll(fds, timeout); n != 0 || err != nil || fds[0].Revents|fds[1].Revents != 0 {
			t.Errorf("timeout %v: n = %d, %v, %s", timeout, n, err, show(fds))
		}
	}
}

// TestEmpty checks that a call with nothing to poll waits for the timeout, whatever
// the array's pointer.
func TestEmpty(t *testing.T) {
	watchdog(t, soon)
	var backing [4]PollFd
	timeouts := append([]time.Duration{300 * time.Microsecond, 2 * time.Millisecond, 2*time.Millisecond + 1}, brief...)
	for _, v := range []struct {
		name string
		fds  []PollFd
	}{
		{"nil", nil},
		{"empty", []PollFd{}},
		{"sliced", backing[2:2]},
		{"end", backing[4:]},
	} {
		for _, timeout := range timeouts {
			start := time.Now()
			n, err := Poll(v.fds, timeout)
			if took := time.Since(start); n != 0 || err != nil || took < timeout {
				t.Errorf("array %s, timeout %v: n = %d, %v after %v", v.name, timeout, n, err, took)
			}
		}
	}
	if backing != [4]PollFd{} {
		t.Errorf("written: %s", show(backing[:]))
	}
	for _, timeout := range timeouts {
		entryPoints[1].make(t, -1, 0).never(timeout)
	}
}

// TestUnknownBits checks that bits without a name are passed to and from the kernel.
func TestUnknownBits(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	const unknown Events = 0xdc00 // with no meaning for a pipe
	for _, l := range entryPoints {
		s := l.make(t, r, POLLIN|unknown)
		for _, timeout := range []time.Duration{0, Forever} {
			s.want(timeout, POLLIN)
		}
	}

	var p Poller
	defer p.Close()
	must(t, p.Register(r, POLLIN|unknown))
	wantSet(t, &p, map[int]Events{r: POLLIN | unknown})
	fakeCall(t, func(time.Duration) (int, syscall.Errno) {
		if got := p.asked[1].Events; got != POLLIN|unknown {
			t.Errorf("the kernel is asked for %v, want %v", got, POLLIN|unknown)
		}
		p.asked[1].Revents = POLLIN | unknown
		return 1, 0
	})
	for _, timeout := range []time.Duration{0, Forever} {
		waitsAtOnce(&p)
		wantPoll(t, &p, timeout, Ready{Fd: r, Events: POLLIN | unknown})
	}
}

// TestHuge checks that an array whose length does not fit the kernel's nfds, a C
// unsigned int, is an error and not cut off.
func TestHuge(t *testing.T) {
	if math.MaxInt == math.MaxInt32 {
		t.Skip("int has 32 bits: there is no such array")
	}
	for _, bits := range []uint{31, 32} {
		n := uint64(1) << bits
		// Never touched, so that it costs addresses only.
		b, err := syscall.Mmap(-1, 0, int(n*8), syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
		if err != nil {
			t.Skipf("mmap of %d bytes: %v", n*8, err)
		}
		fds := unsafe.Slice((*PollFd)(unsafe.Pointer(&b[0])), int(n))
		for _, timeout := range paths {
			if got, err := Poll(fds, timeout); got != 0 || !errors.Is(err, ErrTooManyFds) || !errors.Is(err, syscall.EINVAL) {
				t.Errorf("1<<%d entries, timeout %v: %d, %v, want ErrTooManyFds", bits, timeout, got, err)
			}
		}
		syscall.Munmap(b)
	}
}

// TestPollAllocs checks that Poll allocates nothing, and leaves an array of the
// caller on the stack.
func TestPollAllocs(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	quiet, _ := newPipe(t)
	array := newArray([]int{quiet}, POLLIN)
	for _, timeout := range []time.Duration{0, 1, 20 * time.Microsecond, time.Millisecond} {
		wantNoAllocs(t, fmt.Sprintf("timeout=%v", timeout), func() { Poll(array, timeout) })
		wantNoAllocs(t, fmt.Sprintf("timeout=%v/array=stack", timeout), func() {
			fds := [2]PollFd{{Fd: int32(quiet), Events: POLLIN}, {Fd: -1}}
			Poll(fds[:], timeout)
		})
	}
	for _, timeout := range paths {
		wantNoAllocs(t, fmt.Sprintf("timeout=%v/array=stack, ready", timeout), func() {
			fds := [2]PollFd{{Fd: int32(r), Events: POLLIN}, {Fd: -1}}
			Poll(fds[:], timeout)
		})
	}
}

// TestRawPoll checks that RawPoll returns and writes what Poll does with a timeout of 0.
func TestRawPoll(t *testing.T) {
	watchdog(t, soon)
	r, w := newPipe(t)
	closed := closedFd(t)
	for _, fds := range [][]int{
		nil, {-1}, {r}, {w}, {closed}, {r, w}, {w, r, w}, {w, w, w}, {r, -7, closed, w, closed},
	} {
		got, want := newArray(fds, POLLIN|POLLOUT), newArray(fds, POLLIN|POLLOUT)
		for i := range got {
			got[i].Revents = 0x5555 // of an earlier call
		}
		wantN, err := Poll(want, 0)
		must(t, err)
		if n, err := RawPoll(got); n != wantN || err != nil || !slices.Equal(got, want) {
			t.Errorf("fds=%v: %d, %v, %v, want %d, %v", fds, n, err, got, wantN, want)
		}
	}
}
