//go:build linux

// How everything is measured and printed.

package main

import (
	"fmt"
	"io"
	"math"
	"math/rand"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// A loop does what is measured, and panics if an answer is wrong.
type loop func(times int)

type bench struct {
	w       io.Writer
	repeats int
	block   time.Duration                 // how long a loop is measured at a time
	cost    map[string]map[string]float64 // ns, by row and rival; NaN without a loop
	numbers []int                         // the descriptors' numbers in the chart
	served  int                           // the descriptors of the busy loop in the figures
}

// measure lets the rivals do something with fds in turn, so whatever slows the machine down
// affects them all. The order changes, since the turn after the netpoller's takes up to 1
// µs more CPU time for each wait. For each rival, pick reduces the times of all turns to
// one result, and the CPU times to another. A loop is called for multiples of unit.
func (b *bench) measure(rivals []rival, fds []int32, unit int, pick func([]float64) float64, choose func(*watcher) loop) (wall, cpu []float64) {
	units := make([]int, len(rivals))
	walls, cpus := make([][]float64, len(rivals)), make([][]float64, len(rivals))
	for range b.repeats {
		for _, k := range rand.Perm(len(rivals)) {
			wall, cpu := b.turn(rivals[k], fds, unit, &units[k], choose)
			walls[k], cpus[k] = append(walls[k], wall), append(cpus[k], cpu)
		}
	}
	for k := range rivals {
		wall, cpu = append(wall, pick(walls[k])), append(cpu, pick(cpus[k]))
	}
	return wall, cpu
}

func median(ns []float64) float64 {
	slices.Sort(ns)
	return ns[len(ns)/2]
}

// turn lets a rival watch fds anew and alone, since a waiting epoll or goroutine makes a
// descriptor slower for the others. It returns nanoseconds.
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
		before, start := usedCPU(), time.Now()
		run(times)
		wall = time.Since(start)
		return wall, usedCPU() - before
	}
	timed(unit * (1 + *units/10)) // warm
	if *units == 0 {
		short := func() bool { wall, _ := timed(*units * unit); return wall < b.block }
		for *units = 1; short() || short(); *units *= 2 { // twice: one may be disturbed
		}
	}
	d, c := timed(*units * unit)
	return float64(d) / float64(*units*unit), float64(c) / float64(*units*unit)
}

// usedCPU is what all threads of this process have used, including the kernel's part.
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
	b.line(rivals, names)
	b.line(rivals, rules)
}

// row keeps what was measured and prints it.
func (b *bench) row(name string, rivals []rival, costs []float64) {
	b.cost[name] = map[string]float64{}
	cells := []string{name}
	for k, rv := range rivals {
		b.cost[name][rv.name] = costs[k]
		cells = append(cells, formatNs(costs[k]))
	}
	b.line(rivals, cells)
}

// line prints a line of a Markdown table with aligned columns.
func (b *bench) line(rivals []rival, cells []string) {
	fmt.Fprintf(b.w, "| %-32s |", cells[0])
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
		if ns >= 999.5 {
			ns, unit = ns/1000, larger
		}
	}
	return strings.TrimSuffix(fmt.Sprintf("%#.3g", ns), ".") + " " + unit
}

// fill breaks text into indented lines of at most 92 characters.
func fill(indent, text string) string {
	line := regexp.MustCompile(fmt.Sprintf(`(.{1,%d})( |$)`, 92-len(indent)))
	return line.ReplaceAllString(text, indent+"$1\n")
}

// commas separates thousands.
func commas[T int | float64](n T) string {
	return message.NewPrinter(language.English).Sprint(number.Decimal(n))
}
