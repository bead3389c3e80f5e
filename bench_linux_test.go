// poll(2) against select(2), and the ways into the kernel against each other.

package poll

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sort"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

func newSelector(fds []int) *selector {
	s := new(selector)
	for _, fd := range fds {
		s.set(fd, selRead)
	}
	return s
}

// benchLooks times looks at fds that find ready of them.
func benchLooks(b *testing.B, impl string, fds []int, ready int) {
	b.Helper()
	b.ReportAllocs()
	switch impl {
	case "poll":
		p := newPoller(b, fds, POLLIN)
		p.Poll(0) // what is made once is made here
		b.ResetTimer()
		for i := 0; i < b.N; i++ {
			if l, err := p.Poll(0); len(l) != ready || err != nil {
				b.Fatal(len(l), err)
			}
		}
	case "select":
		s := newSelector(fds)
		s.poll(0)
		b.ResetTimer()
		for i := 0; i < b.N; i++ {
			if l, err := s.poll(0); len(l) != ready || err != nil {
				b.Fatal(len(l), err)
			}
		}
	}
}

var impls = []string{"poll", "select"}

// lowest is a number over those that the process itself has open.
const lowest = 48

// spread returns n numbers from lowest to highest, evenly.
func spread(n, highest int) []int {
	fds := make([]int, n)
	for i := range fds {
		fds[i] = lowest + i*(highest-lowest)/(n-1)
	}
	return fds
}

// BenchmarkSparse isolates the highest number: a look at ten idle descriptors
// spread evenly up to it, which grows to the end of RLIMIT_NOFILE.
func BenchmarkSparse(b *testing.B) {
	sizes := []int{64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536}
	limit := raiseLimit(b)
	for i, n := range sizes {
		if n >= limit {
			sizes[i] = limit - 1
			sizes = sizes[:i+1]
			break
		}
	}
	for _, impl := range impls {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("impl=%s/maxfd=%d", impl, n), func(b *testing.B) {
				fds := spread(10, n)
				for _, fd := range fds {
					in, _ := newPipe(b)
					if got := dupFd(b, in, fd); got != fd {
						b.Skipf("descriptor %d is taken", fd)
					}
				}
				benchLooks(b, impl, fds, 0)
			})
		}
	}
}

// BenchmarkDense isolates how many are watched: idle descriptors with numbers
// in a row from the lowest that are free.
func BenchmarkDense(b *testing.B) {
	for _, impl := range impls {
		for _, n := range []int{1, 3, 10, 30, 100, 300, 1000, 3000, 9000} {
			b.Run(fmt.Sprintf("impl=%s/nfds=%d", impl, n), func(b *testing.B) {
				r, _ := idlePipes(b, n)
				benchLooks(b, impl, r, 0)
			})
		}
	}
}

// BenchmarkReady isolates what is reported: of a thousand descriptors, so many
// are readable, spread evenly.
func BenchmarkReady(b *testing.B) {
	const n = 1000
	for _, impl := range impls {
		for _, ready := range []int{0, 1, 10, 100, 1000} {
			b.Run(fmt.Sprintf("impl=%s/nfds=%d/ready=%d", impl, n, ready), func(b *testing.B) {
				r, w := idlePipes(b, n)
				for i := 0; i < ready; i++ {
					if _, err := syscall.Write(w[i*n/ready], []byte("x")); err != nil {
						b.Fatal(err)
					}
				}
				benchLooks(b, impl, r, ready)
			})
		}
	}
}

// BenchmarkUserSide isolates everything but the kernel: to build what it is
// asked, and to read the answer. The answers are made up, the descriptors not
// even open.
func BenchmarkUserSide(b *testing.B) {
	shapes := []struct{ nfds, maxfd int }{{10, 64}, {10, 1024}, {10, 16384}, {1000, 1047}, {1000, 16384}}
	for _, impl := range impls {
		for _, x := range shapes {
			for _, ready := range []int{0, 1, x.nfds / 10} {
				if x.nfds == 10 && ready == 1 {
					continue // is a tenth
				}
				b.Run(fmt.Sprintf("impl=%s/nfds=%d/maxfd=%d/ready=%d", impl, x.nfds, x.maxfd, ready), func(b *testing.B) {
					fds := spread(x.nfds, x.maxfd)
					var active []int
					for i := 0; i < ready; i++ {
						active = append(active, fds[(i*2+1)*x.nfds/ready/2])
					}
					b.ReportAllocs()
					switch impl {
					case "poll":
						benchUserPoll(b, fds, active)
					case "select":
						benchUserSelect(b, fds, active)
					}
				})
			}
		}
	}
}

func benchUserPoll(b *testing.B, fds, active []int) {
	p := newPoller(b, fds, POLLIN)
	p.Poll(0) // makes asked
	for i := range p.asked {
		f := &p.asked[i]
		f.Revents = 0
		for _, fd := range active {
			if int(f.Fd) == fd {
				f.Revents = POLLIN
			}
		}
	}
	n := len(active)
	testCall = func(bool, time.Duration) (int, syscall.Errno, bool) { return n, 0, true }
	defer func() { testCall = nil }()
	p.Poll(0)
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if l, err := p.Poll(0); len(l) != n || err != nil {
			b.Fatal(l, err)
		}
	}
}

func benchUserSelect(b *testing.B, fds, active []int) {
	s, answer := newSelector(fds), newSelector(active)
	s.build()
	answer.build()
	s.scan(&answer.got, len(active))
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		s.build()
		if l := s.scan(&answer.got, len(active)); len(l) != len(active) {
			b.Fatal(l)
		}
	}
}

// BenchmarkLook isolates the way into the kernel: a non-blocking poll of one idle
// descriptor through RawPoll, both entries of the standard library, and both entry points.
// A call that a signal interrupts (EINTR) counts too, since there are few.
func BenchmarkLook(b *testing.B) {
	trap := uintptr(sysPoll)
	var timeout *syscall.Timespec // for poll(2), 0 milliseconds
	if !hasPoll {
		trap, timeout = syscall.SYS_PPOLL, new(syscall.Timespec)
	}
	b.Run("impl=rawpoll", func(b *testing.B) {
		r, _ := idlePipes(b, 1)
		fds := newArray(r, POLLIN)
		b.ResetTimer()
		for i := 0; i < b.N; i++ {
			if n, err := RawPoll(fds); n != 0 || err != nil {
				b.Fatal(n, err)
			}
		}
	})
	// The pointers are converted in the calls themselves, which keep what they
	// point at alive and in place (package unsafe, pattern 4).
	b.Run("impl=rawsyscall", func(b *testing.B) {
		r, _ := idlePipes(b, 1)
		fds := newArray(r, POLLIN)
		b.ResetTimer()
		for i := 0; i < b.N; i++ {
			n, _, errno := syscall.RawSyscall6(trap, uintptr(unsafe.Pointer(&fds[0])), 1, uintptr(unsafe.Pointer(timeout)), 0, 0, 0)
			if errno != 0 && errno != syscall.EINTR {
				b.Fatal(n, errno)
			}
		}
	})
	b.Run("impl=syscall", func(b *testing.B) {
		r, _ := idlePipes(b, 1)
		fds := newArray(r, POLLIN)
		b.ResetTimer()
		for i := 0; i < b.N; i++ {
			n, _, errno := syscall.Syscall6(trap, uintptr(unsafe.Pointer(&fds[0])), 1, uintptr(unsafe.Pointer(timeout)), 0, 0, 0)
			if errno != 0 && errno != syscall.EINTR {
				b.Fatal(n, errno)
			}
		}
	})
	b.Run("impl=array", func(b *testing.B) {
		r, _ := idlePipes(b, 1)
		fds := newArray(r, POLLIN)
		b.ResetTimer()
		for i := 0; i < b.N; i++ {
			if n, err := Poll(fds, 0); n != 0 || err != nil {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("impl=poller", func(b *testing.B) {
		r, _ := idlePipes(b, 1)
		p := newPoller(b, r, POLLIN)
		p.Poll(0)
		b.ResetTimer()
		for i := 0; i < b.N; i++ {
			if l, err := p.Poll(0); len(l) != 0 || err != nil {
				b.Fatal(l, err)
			}
		}
	})
}

// BenchmarkStopTheWorld isolates what looks do to a garbage collection: the
// median and the longest of its pauses, with a goroutine that looks at so many
// descriptors in a tight loop, and without (looks=none: it only counts). RawPoll
// keeps its processor until it is over.
func BenchmarkStopTheWorld(b *testing.B) {
	raiseLimit(b)
	const most = 10000
	r, _ := idlePipes(b, 16)
	all := make([]PollFd, most) // each pipe many times over
	for i := range all {
		all[i] = PollFd{Fd: int32(r[i%len(r)]), Events: POLLIN}
	}
	for _, nfds := range []int{-1, 1, 100, 1000, most} {
		name := fmt.Sprint("looks=", nfds)
		if nfds < 0 {
			name = "looks=none"
		}
		b.Run(name, func(b *testing.B) {
			var over atomic.Bool
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for !over.Load() {
					if nfds >= 0 {
						RawPoll(all[:nfds])
					}
				}
			}()
			var stats debug.GCStats
			var pauses []time.Duration
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				runtime.GC()
				debug.ReadGCStats(&stats)
				pauses = append(pauses, stats.Pause[0])
			}
			b.StopTimer()
			over.Store(true)
			<-ended
			sort.Slice(pauses, func(i, j int) bool { return pauses[i] < pauses[j] })
			b.ReportMetric(float64(pauses[len(pauses)/2]), "ns/pause")
			b.ReportMetric(float64(pauses[len(pauses)*99/100]), "ns/pause-p99")
			b.ReportMetric(float64(pauses[len(pauses)-1]), "ns/longest-pause")
		})
	}
}
