//go:build linux

// Bench measures this package against other ways to wait for descriptors on Linux,
// all in one process and in rotation. It prints tables in Markdown, which it also
// writes into README.md, and draws a chart of poll(2), select(2) and epoll.
//
//	go run .                          # two minutes; writes README.md and cost.svg
//	go run . -ratios                  # also prints the ratios that a release must keep
//	go run . -quick -o /tmp/x.svg     # finishes in seconds, with rough numbers; leaves README.md alone
//
// It needs a C compiler. Sizes over RLIMIT_NOFILE are left out; root may raise it.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	quick := flag.Bool("quick", false, "finish in seconds, with rough numbers, and leave README.md alone")
	ratios := flag.Bool("ratios", false, "also print the ratios that a release must keep")
	out := flag.String("o", "cost.svg", "the `file` of the chart")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	// Find out now whether the files can be written. The old ones stay until then.
	files := []string{*out}
	if !*quick {
		files = append(files, "README.md", "../README.md")
	}
	for _, name := range files {
		file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
		must(err)
		file.Close()
	}
	var tables bytes.Buffer
	b := bench{w: io.MultiWriter(os.Stdout, &tables), repeats: 51, block: 2 * time.Millisecond}
	if *quick {
		b.repeats, b.block = 3, 100*time.Microsecond
	}
	svg := b.all()
	fmt.Printf("\nIn short:\n\n%s", b.figures())
	if *ratios {
		b.ratios(os.Stdout)
	}
	must(os.WriteFile(*out, svg, 0o666))
	for _, name := range files[1:] {
		old, err := os.ReadFile(name)
		must(err)
		text := replace(replace(string(old), "tables", tables.String()), "figures", b.figures())
		must(os.WriteFile(name, []byte(text), 0o666))
	}
}

var (
	watched = []int{0, 1, 10, 100, 250, 500, 750, 1000, 9000}
	served  = []int{1, 10, 100, 1000, 9000}
	full    = []int{100, 1000, 5000}
	highest = []int{128, 1000, 2500, 5000, 7500, 10000, 12500, 15000, 17500, 19990, 50000, 1e5, 2e5, 4e5, 6e5, 8e5, 1e6}
)

// all measures everything, prints each row as soon as it is measured, and draws the
// chart.
func (b *bench) all() (svg []byte) {
	b.cost = map[string]map[string]float64{}
	limit := raiseLimit()
	where, day := machine(), time.Now().Format("2006-01-02")
	fmt.Fprintf(b.w, "Measured on %s, %s: the fastest of %d runs of about %v each, or their median in the table of waits that sleep.\n", where, day, b.repeats, b.block)
	numbers := fit(highest, limit-1)
	b.numbered(numbers) // first, since later the numbers are taken
	fds := openEventfds(min(9000, limit-64))
	defer closeAll(fds)
	b.idle(fds)
	b.busy(fds)
	b.ready(fds)
	b.changes(fds[:min(1000, len(fds))])
	b.sleeping(fds[:min(100, len(fds))])

	caption := []string{where, day + ", drawn by: cd bench && go run ."}
	if len(numbers) < len(highest) {
		why := fmt.Sprintf("RLIMIT_NOFILE is %s here, so the number ends at %s, not at %s.", commas(limit), commas(numbers[len(numbers)-1]), commas(highest[len(highest)-1]))
		caption = append([]string{why}, caption...)
	}
	counts := fit(watched, min(1000, len(fds)))
	return chart(b.curves(emptyCall, numbered, numbers, 1000, array, selecting), b.curves(idle(0), idle, counts, 1, array, selecting, epoll), caption)
}

func (b *bench) idle(fds []int32) {
	rivals := []rival{bare, rawPoll, rawSyscall, syscall6, array, poller, unixPoll, libc, epoll, selecting}
	b.head("A non-blocking poll of idle descriptors", rivals)
	for _, n := range fit(watched, len(fds)) {
		costs, _ := b.measure(rivals, fds[:n], 1, least, idleLoop)
		b.row(idle(n), rivals, costs)
	}
}

func (b *bench) busy(fds []int32) {
	rivals := []rival{poller, array, unixPoll, libc, epoll, wait, readFirst, netpoller}
	b.head("A loop that makes one descriptor ready, waits, and reads", rivals)
	for _, n := range fit(served, len(fds)) {
		order := someOf(fds[:n])
		costs, _ := b.measure(rivals, fds[:n], len(order), least, serve(order, order))
		b.row(busy(n), rivals, costs)
		if n <= 1000 {
			b.served = n
		}
	}
}

func (b *bench) ready(fds []int32) {
	rivals := []rival{array, poller, valued, epoll}
	b.head("A non-blocking poll of descriptors that are all ready, and a loop over them", rivals)
	for _, n := range fit(full, len(fds)) {
		writeAll(fds[:n])
		costs, _ := b.measure(rivals, fds[:n], 1, least, func(w *watcher) loop { return w.ready })
		readAll(fds[:n])
		b.row(allReady(n), rivals, costs)
	}
}

func (b *bench) changes(fds []int32) {
	rivals := []rival{poller, valued, epoll}
	b.head(fmt.Sprintf("A change of a set of %s", commas(len(fds))), rivals)
	costs, _ := b.measure(rivals, fds, 1, least, func(w *watcher) loop { return w.change })
	b.row("unregister and register", rivals, costs)
	costs, _ = b.measure(rivals, fds, 1, least, func(w *watcher) loop { return w.modify })
	b.row("modify", rivals, costs)
}

// numbered measures all numbers in rotation with an empty call, to be compared.
func (b *bench) numbered(numbers []int) {
	b.numbers = numbers
	rivals := []rival{array, selecting}
	b.head("A non-blocking poll of one idle descriptor, by its number", rivals)
	var all []rival
	rows := []string{emptyCall}
	sets := [][]int32{nil}
	for _, n := range numbers {
		fd := openAs(n)
		defer unix.Close(int(fd))
		rows, sets = append(rows, numbered(n)), append(sets, []int32{fd})
	}
	for _, set := range sets {
		for _, rv := range rivals {
			all = append(all, rival{rv.name, func([]int32) *watcher { return rv.watch(set) }})
		}
	}
	costs, _ := b.measure(all, nil, 1, least, idleLoop)
	for i, row := range rows {
		b.row(row, rivals, costs[i*len(rivals):])
	}
}

// sleeping measures what sleeps until something is ready, and its CPU time.
func (b *bench) sleeping(fds []int32) {
	rivals := []rival{poller, array, unixPoll, libc, epoll, wait, readFirst, netpoller}
	b.head("Waits that sleep", rivals)
	onOneCPU(func() {
		in, out, end := startCat()
		defer end()
		wall, cpu := b.measure(rivals, []int32{in}, 1, median, serve([]int32{out}, []int32{in}))
		b.row(oneCPU, rivals, wall)
		b.row(cpuTime(oneCPU), rivals, cpu)
	})
	wall, cpu := b.measure(rivals, fds, 1, median, func(w *watcher) loop {
		if w.goroutines == nil {
			return nil
		}
		return w.goroutines()
	})
	row := fmt.Sprintf("%d goroutines, each with one", len(fds))
	b.row(row, rivals, wall)
	b.row(cpuTime(row), rivals, cpu)
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

// The names of rows that the chart, the figures and the ratios look up.
func idle(n int) string         { return commas(n) + " idle" }
func busy(n int) string         { return "1 of " + commas(n) + " ready" }
func allReady(n int) string     { return "all of " + commas(n) + " ready" }
func numbered(n int) string     { return "number " + commas(n) }
func cpuTime(row string) string { return row + ": CPU" }

const (
	emptyCall = "no descriptor"
	oneCPU    = "ping-pong with cat(1), one CPU"
)

// ratios prints the ratios that a release must keep, each with its limit.
func (b *bench) ratios(w io.Writer) {
	fmt.Fprint(w, "\n| ratio | | at most |\n| --- | --: | --: |\n")
	line := func(what string, ratio, limit float64) {
		fmt.Fprintf(w, "| %s | %.2f | %.2f |\n", what, ratio, limit)
	}
	over := func(row string, limit float64, a, c rival) {
		line(fmt.Sprintf("%s: %s / %s", row, a.name, c.name), b.cost[row][a.name]/b.cost[row][c.name], limit)
	}
	for i, n := range served {
		over(busy(n), []float64{1.05, 1, 0.8, 0.6, 0.75}[i], poller, libc)
	}
	over(oneCPU, 1.06, poller, libc)
	for _, n := range full {
		over(allReady(n), 1.08, poller, array)
		over(allReady(n), 1.08, valued, array)
	}
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
	for _, n := range fit(b.numbers, 19990) {
		low, high = min(low, b.cost[numbered(n)][array.name]), max(high, b.cost[numbered(n)][array.name])
	}
	line("Poll of one idle descriptor, by its number: dearest / cheapest", high/low, 1.05)
}
