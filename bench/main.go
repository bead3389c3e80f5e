//go:build linux

// Bench measures this package against the other ways to wait for descriptors on
// Linux, all in one process and interleaved. It prints tables in Markdown and draws a
// chart of poll(2) against select(2).
//
//	go run .                          # a minute; writes cost.svg
//	go run . -ratios                  # also prints the ratios that a release must keep
//	go run . -quick -o /tmp/x.svg     # takes seconds; the numbers mean little
//
// It needs a C compiler. Sizes over RLIMIT_NOFILE are left out; root may raise it.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"time"
)

func main() {
	quick := flag.Bool("quick", false, "take seconds, for numbers that mean little")
	ratios := flag.Bool("ratios", false, "also print the ratios that a release must keep")
	out := flag.String("o", "cost.svg", "the `file` of the chart")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	// Find out now whether the chart can be written. What is there stays until then.
	file, err := os.OpenFile(*out, os.O_WRONLY|os.O_CREATE, 0o666)
	must(err)
	file.Close()
	b := bench{w: os.Stdout, repeats: 51, block: 2 * time.Millisecond}
	if *quick {
		b.repeats, b.block = 3, 100*time.Microsecond
	}
	svg := b.all()
	if *ratios {
		b.ratios()
	}
	must(os.WriteFile(*out, svg, 0o666))
}

var (
	watched = []int{1, 3, 10, 30, 100, 300, 1000, 3000, 9000}
	highest = []int{128, 200, 1000, 2500, 5000, 7500, 10000, 12500, 15000, 17500, 19990, 50000, 1e5, 2e5, 4e5, 6e5, 8e5, 1e6}
)

// all measures everything, prints each row as soon as it is measured, and draws the
// chart.
func (b *bench) all() (svg []byte) {
	b.cost = map[string]map[string]float64{}
	limit := raiseLimit()
	fds := openEventfds(min(9000, limit-64))
	defer closeAll(fds)
	where := machine()
	fmt.Fprintf(b.w, "%s. The least of %d blocks each; of ping-pong, the median.\n", where, b.repeats)

	entries := []rival{bare, rawPoll, rawSyscall, syscall6, array, poller, unixPoll, libc, epoll, selecting}
	b.head("A non-blocking poll of idle descriptors", entries)
	for _, n := range fit(watched, len(fds)) {
		b.row(idle(n), entries, b.measure(entries, fds[:n], 1, least, idleLoop))
	}

	waiters := []rival{poller, array, unixPoll, libc, epoll, netpoller}
	b.head("A loop that waits, and changes of the set", waiters)
	for _, n := range fit([]int{1, 10, 100, 1000, 9000}, len(fds)) {
		order := someOf(fds[:n])
		b.row(busy(n), waiters, b.measure(waiters, fds[:n], len(order), least, serve(order, order)))
	}
	kept := fds[:min(1000, len(fds))]
	b.row(fmt.Sprintf("unregister and register, %d in the set", len(kept)), waiters, b.measure(waiters, kept, 1, least, func(w *watcher) loop { return w.change }))
	b.row(fmt.Sprintf("modify, %d in the set", len(kept)), waiters, b.measure(waiters, kept, 1, least, func(w *watcher) loop { return w.modify }))
	onOneCPU(func() {
		in, out, end := startCat()
		defer end()
		b.row(oneCPU, waiters, b.measure(waiters, []int32{in}, 1, median, serve([]int32{out}, []int32{in})))
	})

	sparse := []rival{poller, selecting}
	b.head("A non-blocking poll of ten idle descriptors, by the highest number", sparse)
	numbers := fit(highest, limit-1)
	var all []rival
	for _, n := range numbers {
		spread := spreadEventfds(n)
		defer closeAll(spread)
		for _, rv := range sparse {
			all = append(all, rival{rv.name, func([]int32) *watcher { return rv.watch(spread) }})
		}
	}
	costs := b.measure(all, nil, 1, least, idleLoop)
	for i, n := range numbers {
		b.row(numbered(n), sparse, costs[i*len(sparse):])
	}
	return chart(
		b.curves(numbered, numbers, poller, selecting),
		b.curves(idle, fit(watched, len(fds)), poller, selecting, epoll),
		fmt.Sprintf("%s\n%s, least of %d blocks: cd bench && go run .", where, time.Now().Format("2006-01-02"), b.repeats),
	)
}

// fit returns those sizes that are not over limit.
func fit(sizes []int, limit int) []int {
	n, _ := slices.BinarySearch(sizes, limit+1)
	return sizes[:n]
}

func idleLoop(w *watcher) loop { return w.idle }

func serve(out, in []int32) func(w *watcher) loop {
	return func(w *watcher) loop {
		if w.serve == nil {
			return nil
		}
		return w.serve(out, in)
	}
}

// The names of rows that the chart and the ratios look up.
func idle(n int) string     { return fmt.Sprintf("%d idle", n) }
func busy(n int) string     { return fmt.Sprintf("busy, 1 of %d ready", n) }
func numbered(n int) string { return fmt.Sprintf("10 idle, up to %d", n) }

const oneCPU = "ping-pong with cat(1), one CPU"

// ratios prints the ratios that a release must keep, each with its limit.
func (b *bench) ratios() {
	fmt.Fprint(b.w, "\n| ratio | | at most |\n| --- | --: | --: |\n")
	line := func(what string, ratio, limit float64) {
		fmt.Fprintf(b.w, "| %s | %.2f | %.2f |\n", what, ratio, limit)
	}
	over := func(row string, limit float64, a, c rival) {
		line(fmt.Sprintf("%s: %s / %s", row, a.name, c.name), b.cost[row][a.name]/b.cost[row][c.name], limit)
	}
	for i, n := range []int{1, 10, 100, 1000, 9000} {
		over(busy(n), []float64{1.05, 1, 0.8, 0.6, 0.75}[i], poller, libc)
	}
	over(oneCPU, 1.06, poller, libc)
	for _, n := range []int{1, 10, 100} {
		row := b.cost[idle(n)]
		for i, rv := range []rival{array, poller, rawPoll} {
			line(fmt.Sprintf("%s: %s / unix.Poll, on top of a bare SYSCALL", idle(n), rv.name),
				(row[rv.name]-row[bare.name])/(row[unixPoll.name]-row[bare.name]), []float64{1, 1.35, 0.25}[i])
		}
	}
	over(idle(1000), 1.02, poller, bare)
	over(idle(9000), 1.02, poller, bare)
	low, high := math.Inf(1), 0.0
	for _, n := range fit(highest, 19990) {
		if row, ok := b.cost[numbered(n)]; ok {
			low, high = min(low, row[poller.name]), max(high, row[poller.name])
		}
	}
	line("10 idle, up to 128 to 19990: dearest / cheapest", high/low, 1.05)
}
