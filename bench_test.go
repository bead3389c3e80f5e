//go:build linux || darwin || freebsd

// What polling costs, on every platform. bench_linux_test.go has the comparison
// with select(2) and with other ways into the kernel. Descriptors are the read
// ends of pipes, idle unless a benchmark says otherwise.
//
//	go test -run '^$' -bench . -count 10 | tee new.txt
//	benchstat -col /impl new.txt

package poll

import (
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// BenchmarkLayers isolates what the Poller adds to a look at an array: the
// lock, and reading the results.
func BenchmarkLayers(b *testing.B) {
	sizes := []int{1, 10, 100, 1000}
	for _, n := range sizes {
		b.Run(fmt.Sprintf("entryPoint=1/nfds=%d", n), func(b *testing.B) {
			r, _ := idlePipes(b, n)
			fds := newArray(r, POLLIN)
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				if n, err := Poll(fds, 0); n != 0 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
	for _, n := range sizes {
		b.Run(fmt.Sprintf("entryPoint=2/nfds=%d", n), func(b *testing.B) {
			r, _ := idlePipes(b, n)
			p := newPoller(b, r, POLLIN)
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				if l, err := p.Poll(0); len(l) != 0 || err != nil {
					b.Fatal(l, err)
				}
			}
		})
	}
}

// kept are the sizes of a set that changes.
var kept = []int{10, 100, 1000, 10000}

// crowd is Pollers for n descriptors each, enough of them that a thousand calls
// and more pass between two readings of the clock, and the descriptors in an
// arbitrary order. Nothing is polled: they need not be open.
func crowd(n int) (pollers []Poller, fds []int) {
	pollers = make([]Poller, max(1, 1000/n))
	fds = rand.New(rand.NewSource(1)).Perm(n)
	for i := range pollers { // memory is taken once, before the measurement
		register(&pollers[i], fds)
	}
	return pollers, fds
}

func register(p *Poller, fds []int) {
	for _, fd := range fds {
		p.Register(fd, POLLIN)
	}
}

func unregister(p *Poller, fds []int) {
	for _, fd := range fds {
		p.Unregister(fd)
	}
}

// BenchmarkRegister isolates a descriptor's way into the set, in the mean over its growth
// to the size that is named.
func BenchmarkRegister(b *testing.B) { benchChange(b, unregister, register) }

// BenchmarkUnregister isolates the way out, in the mean until the set is empty.
func BenchmarkUnregister(b *testing.B) { benchChange(b, register, unregister) }

// benchChange times change, which undo has prepared for.
func benchChange(b *testing.B, undo, change func(p *Poller, fds []int)) {
	for _, n := range kept {
		b.Run(fmt.Sprintf("kept=%d", n), func(b *testing.B) {
			pollers, fds := crowd(n)
			b.ReportAllocs()
			b.ResetTimer()
			for left := b.N; left > 0; {
				b.StopTimer()
				for i := range pollers {
					undo(&pollers[i], fds)
				}
				b.StartTimer()
				for i := 0; i < len(pollers) && left > 0; i++ {
					some := fds[:min(left, n)]
					change(&pollers[i], some)
					left -= len(some)
				}
			}
		})
	}
}

// BenchmarkModify isolates finding a descriptor in the set.
func BenchmarkModify(b *testing.B) {
	for _, n := range kept {
		b.Run(fmt.Sprintf("kept=%d", n), func(b *testing.B) {
			var p Poller
			fds := rand.New(rand.NewSource(1)).Perm(n)
			register(&p, fds)
			b.ReportAllocs()
			b.ResetTimer()
			for i, j := 0, 0; i < b.N; i++ {
				if err := p.Modify(fds[j], Events(i&7)); err != nil {
					b.Fatal(err)
				}
				if j++; j == n {
					j = 0
				}
			}
		})
	}
}

// BenchmarkChange isolates what a change costs the one who makes it: with no
// Poll waiting, and with one asleep in the kernel that has to be woken.
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

// untilAsleep returns when p's Poll waits, and has had the time to fall asleep.
func untilAsleep(p *Poller) {
	for !isWaiting(p) {
		runtime.Gosched()
	}
	for start := time.Now(); time.Since(start) < 50*time.Microsecond; {
		runtime.Gosched()
	}
}

// BenchmarkWake isolates Wake: two Pollers wake each other from a wait, so that
// an op is two ways from Wake to the return of Poll.
func BenchmarkWake(b *testing.B) {
	var here, there Poller
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer here.Close() // lest an error leave the other side waiting
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

// BenchmarkRoundTrip isolates waking from a wait: a byte goes to another
// process, which is cat(1), and back. With impl=netpoller it is the runtime that
// waits.
func BenchmarkRoundTrip(b *testing.B) {
	b.Run("impl=array", func(b *testing.B) {
		in, out := startCat(b)
		fds := newArray([]int{mustFd(b, in)}, POLLIN)
		roundTrips(b, in, out, func() error {
			_, err := Poll(fds, Forever)
			return err
		})
	})
	b.Run("impl=poller", func(b *testing.B) {
		in, out := startCat(b)
		p := newPoller(b, []int{mustFd(b, in)}, POLLIN)
		roundTrips(b, in, out, func() error {
			_, err := p.Poll(Forever)
			return err
		})
	})
	b.Run("impl=netpoller", func(b *testing.B) {
		in, out := startCat(b)
		roundTrips(b, in, out, func() error { return nil })
	})
}

// startCat starts a process that writes to in what it reads from out. It ends
// with the test.
func startCat(b *testing.B) (in, out *os.File) {
	b.Helper()
	cmd := exec.Command("cat")
	theirIn, out, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	in, theirOut, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout = theirIn, theirOut
	err = cmd.Start()
	theirIn.Close()
	theirOut.Close()
	if err != nil {
		b.Skip(err)
	}
	b.Cleanup(func() {
		out.Close()
		cmd.Wait()
		in.Close()
	})
	return in, out
}

// roundTrips calls wait through a variable, which is nothing beside a wake-up.
func roundTrips(b *testing.B, in, out *os.File, wait func() error) {
	buf := make([]byte, 1)
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if _, err := out.Write(buf); err != nil {
			b.Fatal(err)
		}
		if err := wait(); err != nil {
			b.Fatal(err)
		}
		if _, err := in.Read(buf); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
}
