//go:build linux

package main

import (
	"fmt"
	"math"
)

// ratios prints the ratios that a release must keep, each with its limit: of the
// least costs, and of the medians.
func (b *bench) ratios(highest []int) {
	fmt.Fprint(b.w, "\n| ratio | least | median | at most |\n| --- | --: | --: | --: |\n")
	line := func(limit float64, what string, ratio func(cost map[string]map[string]float64) float64) {
		fmt.Fprintf(b.w, "| %s | %.2f | %.2f | %.2f |\n", what, ratio(b.cost), ratio(b.median), limit)
	}
	of := func(limit float64, row string, a, c rival) {
		line(limit, fmt.Sprintf("%s: %s / %s", row, a.name, c.name), func(cost map[string]map[string]float64) float64 {
			return cost[row][a.name] / cost[row][c.name]
		})
	}
	for n, limit := range map[int]float64{1: 1.05, 10: 1, 100: 0.8, 1000: 0.6, 9000: 0.75} {
		of(limit, busy(n), poller, libc)
	}
	of(1.06, oneCPU, poller, libc)
	for _, n := range []int{1, 10, 100} {
		for rv, limit := range map[*rival]float64{&array: 1, &poller: 1.35, &rawPoll: 0.25} {
			line(limit, fmt.Sprintf("%s: %s / unix.Poll, on top of a bare SYSCALL", idle(n), rv.name), func(cost map[string]map[string]float64) float64 {
				row := cost[idle(n)]
				return (row[rv.name] - row[bare.name]) / (row[unixPoll.name] - row[bare.name])
			})
		}
	}
	of(1.02, idle(1000), poller, bare)
	of(1.02, idle(9000), poller, bare)
	line(1.05, "10 idle, the highest number up to 19990: dearest / cheapest", func(cost map[string]map[string]float64) float64 {
		least, most := math.Inf(1), 0.0
		for _, n := range highest {
			if ns := cost[numbered(n)][poller.name]; n <= 19990 {
				least, most = min(least, ns), max(most, ns)
			}
		}
		return most / least
	})
}
