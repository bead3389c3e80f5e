//go:build linux || darwin || freebsd || netbsd

// Benchmarks of polling, for every platform. Descriptors are the read ends of pipes, and
// idle unless a benchmark says otherwise. bench_select_linux_test.go compares with
// select(2), and the module bench with other alternatives.
//
//	go test -run '^$' -bench . -count 10 | tee new.txt
//	benchstat -col /impl new.txt

package poll

import (
	"fmt"
	"math/rand"
	"runtime"
	"runtime/debug"
	"sort"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkProbe isolates a non-blocking poll of idle descriptors with RawPoll, the cost
// that Poll adds to that, and the cost that a Poller adds to Poll.
func BenchmarkProbe(b *testing.B) {
	for _, impl := range []string{"rawpoll", "poll", "poller"} {
		for _, n := range []int{1, 10, 100, 1000} {
			b.Run(fmt.Sprintf("impl=%s/nfds=%d", impl, n), func(b *testing.B) {
				r, _ := idlePipes(b, n)
				fds, p := newArray(r, POLLIN), newPoller(b, r, POLLIN)
				p.Poll(0) // allocates the memory it needs
				b.ReportAllocs()
				b.ResetTimer()
				for i := 0; i < b.N; i++ {
					var ready []Ready
					var n int
					var err error
					switch impl {
					case "rawpoll":
						n, err = RawPoll(fds)
					case "poll":
						n, err = Poll(fds, 0)
					case "poller":
						ready, err = p.Poll(0)
					}
					if n != 0 || len(ready) != 0 || err != nil {
						b.Fatal(n, ready, err)
					}
				}
			})
		}
	}
}

// BenchmarkReady isolates the cost of a Poller's result, by the number of readable
// descriptors among a thousand. They are spread evenly.
func BenchmarkReady(b *testing.B) {
	const n = 1000
	for _, ready := range []int{0, 1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("nfds=%d/ready=%d", n, ready), func(b *testing.B) {
			r, w := idlePipes(b, n)
			for i := 0; i < ready; i++ {
				mustWrite(b, w[i*n/ready], "x")
			}
			p := newPoller(b, r, POLLIN)
			p.Poll(0)
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				if l, err := p.Poll(0); len(l) != ready || err != nil {
					b.Fatal(len(l), err)
				}
			}
		})
	}
}

// BenchmarkSet isolates changes of sets of different sizes: Unregister and Register of one
// descriptor, or Modify.
func BenchmarkSet(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10000} {
		fds := rand.New(rand.NewSource(1)).Perm(n) // they need not be open
		p := newPoller(b, fds, POLLIN)
		b.Run(fmt.Sprintf("change=register/registered=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				p.Unregister(fds[i%n])
				p.Register(fds[i%n], POLLIN)
			}
		})
		b.Run(fmt.Sprintf("change=modify/registered=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				p.Modify(fds[i%n], Events(i&7))
			}
		})
	}
}

// BenchmarkChange isolates the cost of a change to its caller: with no Poll waiting, and
// with one that has to be woken.
func BenchmarkChange(b *testing.B) {
	b.Run("poll=none", func(b *testing.B) {
		r, _ := idlePipes(b, 1)
		p := newPoller(b, r, POLLIN)
		b.ReportAllocs()
		b.ResetTimer()
		for i := 0; i < b.N; i++ {
			p.Modify(r[0], POLLIN)
		}
	})
	b.Run("poll=waiting", func(b *testing.B) {
		r, _ := idlePipes(b, 1)
		p := newPoller(b, r, POLLIN)
		done := make(chan error)
		go func() {
			_, err := p.Poll(Forever)
			done <- err
		}()
		var sum time.Duration
		for i := 0; i < b.N; i++ {
			untilAsleep(p)
			start := time.Now()
			p.Modify(r[0], POLLIN)
			sum += time.Since(start)
		}
		b.ReportMetric(float64(sum)/float64(b.N), "ns/op")
		p.Wake()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	})
}

// untilAsleep returns when p's Poll is waiting and has had time to fall asleep.
func untilAsleep(p *Poller) {
	for !isWaiting(p) {
		runtime.Gosched()
	}
	for start := time.Now(); time.Since(start) < 50*time.Microsecond; {
		runtime.Gosched()
	}
}

// BenchmarkWake isolates Wake: two Pollers wake each other, so an op is two Wakes and two
// returns of Poll.
func BenchmarkWake(b *testing.B) {
	var here, there Poller
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer here.Close() // otherwise the other side would wait forever after an error
		for {
			if _, err := there.Poll(Forever); err != nil {
				return
			}
			here.Wake()
		}
	}()
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		there.Wake()
		if l, err := here.Poll(Forever); len(l) != 0 || err != nil {
			b.Fatal(l, err)
		}
	}
	b.StopTimer()
	there.Close()
	<-done
}

// BenchmarkStopTheWorld isolates the effect of RawPoll on garbage collections. It reports
// their median and longest pauses while a goroutine calls RawPoll on many descriptors in a
// loop, or only loops (nfds=none). RawPoll holds its processor until the system call
// returns.
func BenchmarkStopTheWorld(b *testing.B) {
	raiseLimit(b)
	const most = 10000
	r, _ := idlePipes(b, 16)
	all := make([]PollFd, most) // each pipe appears many times
	for i := range all {
		all[i] = PollFd{Fd: int32(r[i%len(r)]), Events: POLLIN}
	}
	for _, nfds := range []int{-1, 1, 100, 1000, most} {
		name := fmt.Sprint("nfds=", nfds)
		if nfds < 0 {
			name = "nfds=none"
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
