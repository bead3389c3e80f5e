//go:build linux || darwin

// The tests of time: never early, whatever comes between.

package poll

import (
	"math"
	"math/rand"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestClock: the time that is left is measured on the monotonic clock, which
// nobody sets. A time.Time without its reading differs from one with it.
func TestClock(t *testing.T) {
	if epoch == epoch.Round(0) {
		t.Error("epoch has no monotonic reading")
	}
	for last, i := clock(), 0; i < 100000; i++ {
		now := clock()
		if now < last {
			t.Fatalf("%v after %v", now, last)
		}
		last = now
	}
	start, clockStart := time.Now(), clock()
	Poll(nil, 5*time.Millisecond)
	ours := clock() - clockStart
	if theirs := time.Since(start); ours < 5*time.Millisecond || ours > theirs {
		t.Errorf("%v went by, of %v on package time's clock", ours, theirs)
	}
}

// logUniform returns a random duration whose order of magnitude is as likely
// as any other.
func logUniform(rng *rand.Rand, min, max time.Duration) time.Duration {
	return time.Duration(math.Exp(math.Log(float64(min)) + rng.Float64()*math.Log(float64(max)/float64(min))))
}

// sleepers are the ways to wait for something that does not come.
type sleeper struct {
	name string
	poll func(timeout time.Duration) (n int, err error)
}

func sleepers(tb testing.TB) []sleeper {
	r, _ := newPipe(tb)
	fds := []PollFd{{Fd: int32(r), Events: POLLIN}}
	var p, empty Poller
	tb.Cleanup(func() { p.Close(); empty.Close() })
	p.Register(r, POLLIN)
	return []sleeper{
		{"Poll", func(d time.Duration) (int, error) { return Poll(fds, d) }},
		{"Poll without entries", func(d time.Duration) (int, error) { return Poll(nil, d) }},
		{"Poller", func(d time.Duration) (int, error) { ready, err := p.Poll(d); return len(ready), err }},
		{"empty Poller", func(d time.Duration) (int, error) { ready, err := empty.Poll(d); return len(ready), err }},
	}
}

// never checks that nothing is reported, and not before the time is up.
func (s sleeper) never(tb testing.TB, timeout time.Duration) (took time.Duration) {
	tb.Helper()
	start := time.Now()
	n, err := s.poll(timeout)
	took = time.Since(start)
	if n != 0 || err != nil || took < timeout {
		tb.Errorf("%s with timeout %v: %d, %v after %v", s.name, timeout, n, err, took)
	}
	return took
}

// TestNeverEarly: poll(2): "the timeout interval will be rounded up to the
// system clock granularity, and kernel scheduling delays mean that the blocking
// interval may overrun by a small amount", never the other way.
func TestNeverEarly(t *testing.T) {
	watchdog(t, 2*time.Minute)
	budget := 600 * time.Millisecond // of time asked for
	if testing.Short() {
		budget /= 4
	}
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewSource(seed))
	all := sleepers(t)
	count := 0
	for total := time.Duration(0); total < budget; count++ {
		timeout := logUniform(rng, 10*time.Microsecond, 20*time.Millisecond)
		total += timeout
		all[count%len(all)].never(t, timeout)
	}
	t.Logf("%d timeouts", count)
	// The edges of the unit that poll(2) has.
	for _, s := range all {
		for _, timeout := range []time.Duration{
			1, 999, time.Microsecond, 999999, time.Millisecond, time.Millisecond + 1, 1999999, 2 * time.Millisecond, 2*time.Millisecond + 1,
		} {
			s.never(t, timeout)
		}
	}
}

// TestReadyEndsWait: a timeout that is far off does not hold up what is there.
func TestReadyEndsWait(t *testing.T) {
	watchdog(t, time.Minute)
	for _, l := range layers {
		for _, timeout := range paths[1:] {
			r, w := newPipe(t)
			var written atomic.Bool
			timer := time.AfterFunc(2*time.Millisecond, func() {
				written.Store(true)
				mustWrite(t, w, "x")
			})
			got, err := l.poll(t, r, POLLIN, timeout)
			if got != POLLIN || err != nil || !written.Load() {
				t.Errorf("%s(%v): %v, %v, written: %v", l.name, timeout, got, err, written.Load())
			}
			timer.Stop()
		}
	}
}

// TestInterruptedNeverEarly: a random mix of interruptions, early zeros and
// real waits makes a wait neither shorter nor empty-handed.
func TestInterruptedNeverEarly(t *testing.T) {
	watchdog(t, 2*time.Minute)
	rounds := 100
	if testing.Short() {
		rounds = 30
	}
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewSource(seed))
	all := sleepers(t)
	for i := 0; i < rounds; i++ {
		fakeCall(t, func(timeout time.Duration) (int, syscall.Errno) {
			d := time.Duration(rng.Int63n(int64(300 * time.Microsecond)))
			if timeout >= 0 && d > timeout {
				d = timeout
			}
			if d > 0 {
				time.Sleep(d)
			}
			return [...]int{-1, -1, 0}[i%3], [...]syscall.Errno{syscall.EINTR, syscall.EAGAIN, 0}[i%3]
		})
		if i%3 != 2 {
			// Whoever is always interrupted has to be let look at last.
			fake := testCall
			testCall = func(isPoll bool, timeout time.Duration) (int, syscall.Errno, bool) {
				if timeout == 0 {
					return 0, 0, true
				}
				return fake(isPoll, timeout)
			}
		}
		all[i%len(all)].never(t, logUniform(rng, 10*time.Microsecond, 3*time.Millisecond))
	}
	testCall = nil
}
