//go:build linux || darwin || freebsd || netbsd

// Tests of the set: its memory, and the time to find a descriptor.

package poll

import (
	"fmt"
	"math"
	"testing"
)

// TestMemory checks that the memory of a set depends on the number of descriptors in it, not on
// their values.
func TestMemory(t *testing.T) {
	if instrumented() {
		t.Skip("objects on the heap are larger in this build")
	}
	const copies = 8 // to reduce noise
	for _, s := range numberSets(10000) {
		got := heap(func() any {
			ps := new([copies]Poller)
			for i := range ps {
				for _, fd := range s.fds {
					ps[i].Register(fd)
				}
			}
			return ps
		}) / copies
		each := float64(got) / float64(len(s.fds))
		t.Logf("set %s: %d descriptors, %.1f bytes each", s.name, len(s.fds), each)
		if each > 36 {
			t.Errorf("set %s: %.1f bytes a descriptor, want at most 36", s.name, each)
		}
	}

	for _, fd := range []int{0, math.MaxInt32} {
		got := heap(func() any {
			ps := new([100]Poller)
			for i := range ps {
				ps[i].Register(fd)
			}
			return ps
		}) / 100
		t.Logf("fd %d alone: %d bytes", fd, got)
		if got > 1024 {
			t.Errorf("fd %d alone: %d bytes, want at most 1024", fd, got)
		}
	}
}

// TestChains checks that descriptors are found quickly whatever their numbers, even if the numbers
// collide under another multiplier, which a peer might guess.
func TestChains(t *testing.T) {
	const n = 1000
	sets := numberSets(n)
	// Numbers that collide for a fixed multiplier: the one of Fibonacci hashing, and the
	// one of another set.
	var other set
	other.add(0)
	for _, multiplier := range []uint32{0x9e3779b1, 0x9e3779b9, other.multiplier} {
		// All numbers with small products are in the first chain.
		inverse := multiplier // modulo 1<<32, by Newton's method
		for i := 0; i < 5; i++ {
			inverse *= 2 - multiplier*inverse
		}
		s := numberSet{name: fmt.Sprintf("collide for %#x", multiplier)}
		for product := uint32(0); len(s.fds) < n; product++ {
			if fd := product * inverse; fd <= math.MaxInt32 {
				s.fds = append(s.fds, int(fd))
			}
		}
		sets = append(sets, s)
	}
	// The multiplier is random, so check the mean over many sets.
	const many = 100
	for _, s := range sets {
		t.Run("set="+s.name, func(t *testing.T) {
			steps, longest := 0, 0
			for i := 0; i < many; i++ {
				var p Poller
				for i, fd := range s.fds {
					must(t, p.Register(fd))
					if i%3 == 0 {
						must(t, p.Unregister(s.fds[i/2])) // not the last one
						must(t, p.Register(s.fds[i/2]))
					}
				}
				lengths := make([]int, len(p.set.heads))
				for _, r := range p.set.list {
					chain := &lengths[uint32(r.Fd)*p.set.multiplier>>p.set.shift]
					*chain++
					steps += *chain // the steps to find all of them
					longest = max(longest, *chain)
				}
			}
			mean := float64(steps) / float64(many*len(s.fds))
			t.Logf("%d descriptors: %.2f steps on average, at most %d", len(s.fds), mean, longest)
			// Another number is in the same chain with a probability of at most
			// 2/len(heads), and half of the numbers in a chain are ahead of the one
			// sought. That gives 2 steps on
			// average; a single chain would give 500.
			if mean > 8 {
				t.Errorf("%d descriptors: %.2f steps on average, want at most 8; at most %d", len(s.fds), mean, longest)
			}
		})
	}
}
