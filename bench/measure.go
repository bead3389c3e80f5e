//go:build linux

// How everything is measured and printed.

package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// A loop does what is measured so many times. It panics if an answer is wrong.
type loop func(times int)

type bench struct {
	w       io.Writer
	repeats int
	block   time.Duration                 // how long a loop is measured at a time
	cost    map[string]map[string]float64 // nanoseconds, by row and rival; NaN if it has no loop
	numbers []int                         // the descriptors' numbers in the chart
	served  int                           // the descriptors of the busy loop in the figures
}

// measure lets the rivals do something with fds in rotation, so whatever slows the
// machine down affects them all; each rotation begins with another one. The results
// are what pick takes from all turns, of time and of CPU time. A loop is called for
// multiples of unit.
func (b *bench) measure(rivals []rival, fds []int32, unit int, pick func([]float64) float64, choose func(*watcher) loop) (wall, cpu []float64) {
	units := make([]int, len(rivals))
	walls, cpus := make([][]float64, len(rivals)), make([][]float64, len(rivals))
	for i := range b.repeats {
		for j := range rivals {
			k := (i + j) % len(rivals)
			wall, cpu := b.turn(rivals[k], fds, unit, &units[k], choose)
			walls[k], cpus[k] = append(walls[k], wall), append(cpus[k], cpu)
		}
	}
	for k := range rivals {
		wall, cpu = append(wall, pick(walls[k])), append(cpu, pick(cpus[k]))
	}
	return wall, cpu
}

// row keeps what was measured and prints it.
func (b *bench) row(what string, rivals []rival, costs []float64) {
	b.cost[what] = map[string]float64{}
	cells := []string{what}
	for k, rv := range rivals {
		b.cost[what][rv.name] = costs[k]
		cells = append(cells, formatNs(costs[k]))
	}
	b.line(rivals, cells...)
}

// least is for a loop that does not wait: a disturbance only adds.
func least(ns []float64) float64 { return slices.Min(ns) }

func median(ns []float64) float64 {
	slices.Sort(ns)
	return ns[len(ns)/2]
}

// turn lets a rival watch fds anew and alone, since a waiting epoll or goroutine
// makes a descriptor slower for the others. It returns nanoseconds.
func (b *bench) turn(rv rival, fds []int32, unit int, units *int, choose func(*watcher) loop) (wall, cpu float64) {
	w := rv.watch(fds)
	if w.close != nil {
		defer w.close()
	}
	run := choose(w)
	if run == nil {
		return math.NaN(), math.NaN()
	}
	timed := func(times int) (wall, cpu time.Duration) {
		before := usedCPU()
		start := time.Now()
		run(times)
		wall = time.Since(start)
		return wall, usedCPU() - before
	}
	if *units == 0 {
		for *units = 1; ; *units *= 2 {
			if wall, _ := timed(*units * unit); wall >= b.block {
				break
			}
		}
	} else {
		timed(unit * (1 + *units/10)) // warm
	}
	d, c := timed(*units * unit)
	return float64(d) / float64(*units*unit), float64(c) / float64(*units*unit)
}

// usedCPU is what all threads of this process have used, also in the kernel.
func usedCPU() time.Duration {
	var u unix.Rusage
	must(unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// head prints the head of a table with a column for each rival.
func (b *bench) head(title string, rivals []rival) {
	fmt.Fprintf(b.w, "\n%s:\n\n", title)
	names, rules := []string{""}, []string{"---"}
	for _, rv := range rivals {
		names, rules = append(names, rv.name), append(rules, "--:")
	}
	b.line(rivals, names...)
	b.line(rivals, rules...)
}

// line prints a line of a Markdown table whose columns stand under each other.
func (b *bench) line(rivals []rival, cells ...string) {
	fmt.Fprintf(b.w, "| %-40s |", cells[0])
	for i, rv := range rivals {
		fmt.Fprintf(b.w, " %*s |", max(7, utf8.RuneCountInString(rv.name)), cells[i+1])
	}
	fmt.Fprintln(b.w)
}

// formatNs gives three figures, or - for NaN.
func formatNs(ns float64) string {
	if math.IsNaN(ns) {
		return "-"
	}
	unit := "ns"
	for _, larger := range []string{"µs", "ms"} {
		if ns < 999.5 {
			break
		}
		ns, unit = ns/1000, larger
	}
	return fmt.Sprintf("%.*f %s", max(0, 2-int(math.Log10(max(1, ns*1.0005)))), ns, unit)
}
