//go:build linux

// How everything is measured and printed.

package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
	"unicode/utf8"
)

// A loop does what is measured so many times.
type loop func(times int) error

var errWrong = errors.New("wrong answer")

type bench struct {
	w       io.Writer
	repeats int
	block   time.Duration                 // how long a loop is measured at a time
	cost    map[string]map[string]float64 // nanoseconds, by row and rival
	median  map[string]map[string]float64
}

// row measures what the rivals do with fds, in turns, so that whatever slows the
// machine down meets them all; each turn begins with another one. A rival that
// can't do it has no loop. The result is the least of all turns, since a disturbance
// only adds. times is a multiple of unit.
func (b *bench) row(what string, rivals []rival, fds []int32, unit int, choose func(*watcher) loop) error {
	units := make([]int, len(rivals))
	all := make([][]float64, len(rivals))
	for i := range b.repeats {
		for j := range rivals {
			k := (i + j) % len(rivals)
			ns, err := b.turn(rivals[k], fds, unit, &units[k], choose)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", what, rivals[k].name, err)
			}
			all[k] = append(all[k], ns)
		}
	}
	if b.cost == nil {
		b.cost = map[string]map[string]float64{}
		b.median = map[string]map[string]float64{}
	}
	b.cost[what] = map[string]float64{}
	b.median[what] = map[string]float64{}
	cells := []string{what}
	for k, rv := range rivals {
		ns := slices.Min(all[k])
		slices.Sort(all[k])
		b.cost[what][rv.name] = ns
		b.median[what][rv.name] = all[k][len(all[k])/2]
		cells = append(cells, formatNs(ns))
	}
	b.line(rivals, cells...)
	return nil
}

// turn lets a rival watch fds anew and alone, since a waiting epoll or goroutine
// makes a descriptor slower for the others. It returns NaN if there is no loop.
func (b *bench) turn(rv rival, fds []int32, unit int, units *int, choose func(*watcher) loop) (ns float64, err error) {
	w, err := rv.watch(fds)
	if err != nil {
		return 0, err
	}
	if w.close != nil {
		defer w.close()
	}
	run := choose(w)
	if run == nil {
		return math.NaN(), nil
	}
	timed := func(times int) time.Duration {
		start := time.Now()
		err = errors.Join(err, run(times))
		return time.Since(start)
	}
	if *units == 0 {
		for *units = 1; err == nil && timed(*units*unit) < b.block; *units *= 2 {
		}
	} else {
		timed(unit * (1 + *units/10)) // warm
	}
	took := timed(*units * unit)
	return float64(took) / float64(*units*unit), err
}

// head prints the head of a table with a column for each rival.
func (b *bench) head(rivals []rival) {
	names, rules := []string{""}, []string{"---"}
	for _, rv := range rivals {
		names, rules = append(names, rv.name), append(rules, "--:")
	}
	b.line(rivals, names...)
	b.line(rivals, rules...)
}

// line prints a line of a Markdown table whose columns stand under each other.
func (b *bench) line(rivals []rival, cells ...string) {
	for i, cell := range cells {
		if i == 0 {
			fmt.Fprintf(b.w, "| %-38s |", cell)
			continue
		}
		width := max(7, utf8.RuneCountInString(rivals[i-1].name))
		fmt.Fprintf(b.w, " %*s |", width, cell)
	}
	fmt.Fprintln(b.w)
}

// formatNs gives three figures, or - for NaN.
func formatNs(ns float64) string {
	if math.IsNaN(ns) {
		return "-"
	}
	unit := "ns"
	for _, larger := range []string{"µs", "ms", "s"} {
		if ns < 999.5 {
			break
		}
		ns, unit = ns/1000, larger
	}
	return fmt.Sprintf("%.*f %s", max(0, 2-int(math.Log10(max(1, ns*1.0005)))), ns, unit)
}
