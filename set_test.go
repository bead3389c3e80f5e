//go:build linux || darwin || freebsd || netbsd

// Tests of the set: its memory.

package poll

import (
	"fmt"
	"math"
	"runtime"
	"testing"
)

// TestMemory checks the memory of a Poller by the number of descriptors and by the highest.
func TestMemory(t *testing.T) {
	if instrumented() {
		t.Skip("objects on the heap are larger in this build")
	}
	many := make([]int, 10000)
	for i := range many {
		many[i] = 3 + i
	}
	for _, v := range []struct {
		fds  []int
		most int64
	}{
		{[]int{0}, 6 << 10},
		{[]int{3, 4, 5}, 6 << 10},
		{[]int{3, 1000, 20000}, 12 << 10},
		{[]int{1 << 20}, 64 << 10},
		{[]int{math.MaxInt32}, 40 << 20},
		{many, 36 * int64(len(many))},
	} {
		t.Run(fmt.Sprintf("fds=%d/highest=%d", len(v.fds), v.fds[len(v.fds)-1]), func(t *testing.T) {
			got := heap(func() any {
				p := new(Poller)
				for _, fd := range v.fds {
					must(t, p.Register(fd))
				}
				return p
			})
			t.Logf("%d bytes", got)
			if got > v.most {
				t.Errorf("%d bytes, want at most %d", got, v.most)
			}
		})
	}
}

// heap returns the number of bytes that the result of build takes on the heap.
func heap(build func() any) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&before)
	keep := build()
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(keep)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}
