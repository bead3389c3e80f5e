// Benchmarks of a Poller beside select(2): its cost grows with the number of descriptors,
// that of select also with the highest descriptor number. The module bench has more.

package poll

import (
	"fmt"
	"math/bits"
	"syscall"
	"testing"
	"unsafe"
)

// A selector waits with select(2) as a program would that keeps a set: it hands the kernel
// a copy of its bitmap, which the kernel overwrites, and scans the result. The bitmap may
// be larger than the C library's fd_set, which ends at 1024.
type selector struct {
	set, result []uintptr
	ready       []int
}

func newSelector(fds []int) *selector {
	s := new(selector)
	for _, fd := range fds {
		for fd/bits.UintSize >= len(s.set) {
			s.set = append(s.set, 0)
		}
		s.set[fd/bits.UintSize] |= 1 << (fd % bits.UintSize)
	}
	s.result = make([]uintptr, len(s.set))
	return s
}

// probe returns the readable descriptors.
func (s *selector) probe() ([]int, error) {
	copy(s.result, s.set)
	var zero syscall.Timespec
	n, _, errno := syscall.Syscall6(syscall.SYS_PSELECT6, uintptr(len(s.set)*bits.UintSize),
		uintptr(unsafe.Pointer(unsafe.SliceData(s.result))), 0, 0, uintptr(unsafe.Pointer(&zero)), 0)
	if errno != 0 {
		return nil, errno
	}
	s.ready = s.ready[:0]
	for i, word := range s.result {
		for ; word != 0 && len(s.ready) < int(n); word &= word - 1 {
			s.ready = append(s.ready, i*bits.UintSize+bits.TrailingZeros(uint(word)))
		}
	}
	return s.ready, nil
}

// benchSelect polls fds without waiting, by both, and checks that only ready is readable.
func benchSelect(b *testing.B, name string, fds []int, ready int) {
	p, s := newPoller(b, fds, POLLIN), newSelector(fds)
	b.Run("impl=poll/"+name, func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			if got, err := p.Poll(0); err != nil || len(got) != 1 || got[0].Fd != ready {
				b.Fatal(got, err)
			}
		}
	})
	b.Run("impl=select/"+name, func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			if got, err := s.probe(); err != nil || len(got) != 1 || got[0] != ready {
				b.Fatal(got, err)
			}
		}
	})
}

// BenchmarkSparse isolates the highest number: ten descriptors, the highest of them up to
// RLIMIT_NOFILE, and readable.
func BenchmarkSparse(b *testing.B) {
	limit := raiseLimit(b)
	r, _ := idlePipes(b, 9)
	readable, w := newPipe(b)
	mustWrite(b, w, "x")
	for max := 1024; ; max *= 4 {
		high := dupFd(b, readable, min(max, limit)-10)
		benchSelect(b, fmt.Sprintf("nfds=10/maxfd=%d", high), append(r[:9:9], high), high)
		if max >= limit {
			return
		}
	}
}

// BenchmarkDense isolates the number of descriptors, of which the last is readable.
func BenchmarkDense(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		r, w := idlePipes(b, n)
		mustWrite(b, w[n-1], "x")
		benchSelect(b, fmt.Sprintf("nfds=%d", n), r, r[n-1])
	}
}
