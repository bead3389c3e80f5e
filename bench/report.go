//go:build linux

package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// machine says what all this was measured on.
func machine(cpu string) string {
	var u unix.Utsname
	var l unix.Rlimit
	unix.Uname(&u)
	unix.Getrlimit(unix.RLIMIT_NOFILE, &l)
	if cpu == "" {
		cpu = unix.ByteSliceToString(u.Machine[:])
	}
	s := fmt.Sprintf("%s (%d CPUs, %s), %s %s, %s", cpu, runtime.NumCPU(), runtime.GOARCH,
		unix.ByteSliceToString(u.Sysname[:]), unix.ByteSliceToString(u.Release[:]), runtime.Version())
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == "golang.org/x/sys" {
				s += ", x/sys " + m.Version
			}
		}
	}
	return s + fmt.Sprintf(", RLIMIT_NOFILE %d", l.Max)
}

// printCurve prints a Markdown table, and what was fitted.
func printCurve(w io.Writer, c *curve) {
	t := [][]string{{c.key}}
	for _, impl := range impls {
		t[0] = append(t[0], impl)
	}
	t[0] = append(t[0], impls[1]+" / "+impls[0])
	for i, n := range c.sizes {
		line := []string{fmt.Sprint(n)}
		for _, impl := range impls {
			line = append(line, formatNs(c.cost[impl][i]))
		}
		t = append(t, append(line, fmt.Sprintf("%.2f", c.cost[impls[1]][i]/c.cost[impls[0]][i])))
	}
	printTable(w, t)
	fmt.Fprintln(w)
	for _, impl := range impls {
		y := c.cost[impl]
		fmt.Fprintf(w, "%s: %s.\n", impl, fitExponent(c.sizes, y).text(c.key))
	}
}

func printRows(w io.Writer, rows []row) {
	t := [][]string{{""}}
	for _, rv := range rivals {
		t[0] = append(t[0], rv.name)
	}
	for _, r := range rows {
		line := []string{r.what}
		for _, rv := range rivals {
			cell := "-"
			if ns, ok := r.cost[rv.name]; ok {
				cell = formatNs(ns)
			}
			line = append(line, cell)
		}
		t = append(t, line)
	}
	printTable(w, t)
}

// printTable prints Markdown whose columns stand under each other. The first
// line is the head, the first column to the left.
func printTable(w io.Writer, t [][]string) {
	width := make([]int, len(t[0]))
	for _, line := range t {
		for i, cell := range line {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for i, line := range t {
		for j, cell := range line {
			pad := strings.Repeat(" ", width[j]-utf8.RuneCountInString(cell))
			if j == 0 {
				fmt.Fprintf(w, "| %s%s |", cell, pad)
			} else {
				fmt.Fprintf(w, " %s%s |", pad, cell)
			}
		}
		fmt.Fprintln(w)
		if i == 0 {
			for j, n := range width {
				if j == 0 {
					fmt.Fprintf(w, "| %s |", strings.Repeat("-", max(n, 3)))
				} else {
					fmt.Fprintf(w, " %s: |", strings.Repeat("-", n-1))
				}
			}
			fmt.Fprintln(w)
		}
	}
}

// formatNs gives three figures.
func formatNs(ns float64) string {
	unit := "ns"
	for _, u := range []string{"µs", "ms", "s"} {
		if ns < 999.5 {
			break
		}
		ns /= 1000
		unit = u
	}
	switch {
	case ns < 9.995:
		return fmt.Sprintf("%.2f %s", ns, unit)
	case ns < 99.95:
		return fmt.Sprintf("%.1f %s", ns, unit)
	}
	return fmt.Sprintf("%.0f %s", ns, unit)
}
