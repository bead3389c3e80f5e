//go:build linux

// Bench measures this package against other ways to wait for descriptors on Linux, all in
// one process and in turn. It prints tables in Markdown, which it also writes into
// README.md, three figures into ../README.md, and draws a chart of poll(2), select(2) and
// epoll.
//
//	go run .                          # a minute or two; writes README.md and cost.svg
//	go run . -ratios                  # also prints ratios, each with its limit
//	go run . -quick -o /tmp/x.svg     # finishes in seconds, with rough numbers; leaves README.md alone
//
// On a processor that QEMU emulates it measures only what cost-million.svg needs, since
// nothing else compares, and leaves README.md alone.
//
// It needs a C compiler. Sizes over RLIMIT_NOFILE are left out; root may raise it.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"syscall"
	"time"
)

func main() {
	quick := flag.Bool("quick", false, "finish in seconds, with rough numbers, and leave README.md alone")
	ratios := flag.Bool("ratios", false, "also print ratios, each with its limit")
	out := flag.String("o", "cost.svg", "the `file` of the chart")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	// Find out now whether the files can be written. The old ones stay until then.
	files := []string{*out}
	if !*quick && !emulated() {
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
	must(os.WriteFile(*out, b.all(), 0o666))
	if emulated() {
		return
	}
	fmt.Printf("\nIn short:\n\n%s", b.figures())
	if *ratios {
		b.ratios(os.Stdout)
	}
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
	changed = []int{1000, 9000}
	highest = []int{128, 1000, 2500, 5000, 7500, 10000, 12500, 15000, 17500, 19990, 50000, 1e5, 2e5, 4e5, 6e5, 8e5, 1e6}
)

// all measures everything, prints each row as soon as it is measured, and draws the chart.
func (b *bench) all() (svg []byte) {
	b.cost = map[string]map[string]float64{}
	limit := raiseLimit()
	where, day := machine(), time.Now().Format("2006-01-02")
	fmt.Fprint(b.w, fill("", fmt.Sprintf("Measured on %s, %s: the fastest of %d runs of about %v each, or their median in the table of waits that sleep.", where, day, b.repeats, b.block)))
	unit, caption := "µs beyond an empty call", []string{where, day + ", drawn by: cd bench && go run ."}
	b.numbers = fit(highest, limit-1)
	b.numbered() // first, since later the numbers are taken
	byNumber := panel{"One idle descriptor:", "its number, in thousands", "for each 1,000", b.curves(emptyCall, numbered, b.numbers, 1000, array, selecting)}
	if emulated() {
		byNumber.each = ""
		caption = append([]string{"Measured on an emulated processor: compare the shapes, not the heights."}, caption...)
		return chart([]string{"select pays for high numbers.", "poll does not."}, "emulated "+unit, []panel{byNumber}, caption)
	}
	fds := openEventfds(min(9000, limit-64))
	defer closeAll(fds)

	rivals := []rival{bare, rawPoll, rawSyscall, array, poller, unixPoll, epoll, selecting}
	b.head("A non-blocking poll of idle descriptors", rivals)
	for _, n := range fit(watched, len(fds)) {
		b.fastest(idle(n), rivals, fds[:n], 1, look(nil))
	}
	rivals = []rival{poller, array, unixPoll, libc, epoll, wait, readFirst, netpoller}
	b.head("A loop that makes one descriptor ready, waits, and reads", rivals)
	for _, n := range fit(served, len(fds)) {
		order := someOf(fds[:n])
		b.fastest(busy(n), rivals, fds[:n], len(order), serve(order, order))
		b.served = min(n, 1000)
	}
	rivals = []rival{array, poller, valued, epoll}
	b.head("A non-blocking poll of descriptors that are all ready, and a loop over them", rivals)
	for _, n := range fit(full, len(fds)) {
		transferAll(syscall.SYS_WRITE, fds[:n])
		b.fastest(allReady(n), rivals, fds[:n], 1, look(fds[:n]))
		transferAll(syscall.SYS_READ, fds[:n])
	}
	rivals = []rival{poller, valued, epoll}
	b.head("A change of one descriptor in the set", rivals)
	for _, n := range fit(changed, len(fds)) {
		for _, change := range []string{unregister, disable, modify} {
			b.fastest(oneOf(change, n), rivals, fds[:n], 1, func(w *watcher) loop { return w.changes[change] })
		}
	}
	rivals = []rival{poller, array, unixPoll, libc, epoll, wait, readFirst, netpoller}
	b.head("Waits that sleep", rivals)
	onOneCPU(func() {
		in, out, end := startCat()
		defer end()
		wall, cpu := b.measure(rivals, []int32{in}, 1, median, serve([]int32{out}, []int32{in}))
		b.row(oneCPU, rivals, wall)
		b.row("its CPU time", rivals, cpu)
	})

	counts := fit(watched, min(1000, len(fds)))
	byCount := panel{"Many idle descriptors:", "how many", "for each descriptor", b.curves(idle(0), idle, counts, 1, array, selecting, epoll)}
	return chart([]string{"poll pays for each descriptor.", "select pays for high numbers, too."}, unit, []panel{byNumber, byCount}, caption)
}

// fastest measures and prints a row of a loop that does not wait: a disturbance only adds.
func (b *bench) fastest(row string, rivals []rival, fds []int32, unit int, choose func(*watcher) loop) {
	costs, _ := b.measure(rivals, fds, unit, slices.Min[[]float64], choose)
	b.row(row, rivals, costs)
}

// numbered measures all numbers and an empty call in turn, since they are compared.
func (b *bench) numbered() {
	rivals := []rival{array, selecting}
	b.head("A non-blocking poll of one idle descriptor, by its number", rivals)
	rows, sets := []string{emptyCall}, [][]int32{nil}
	for _, n := range b.numbers {
		set := []int32{openAs(n)}
		defer closeAll(set)
		rows, sets = append(rows, numbered(n)), append(sets, set)
	}
	var all []rival
	for _, set := range sets {
		for _, rv := range rivals {
			all = append(all, rival{rv.name, func([]int32) *watcher { return rv.watch(set) }})
		}
	}
	costs, _ := b.measure(all, nil, 1, slices.Min[[]float64], look(nil))
	for i, row := range rows {
		b.row(row, rivals, costs[i*len(rivals):])
	}
}

// fit returns those sizes that are not over limit.
func fit(sizes []int, limit int) []int {
	n, _ := slices.BinarySearch(sizes, limit+1)
	return sizes[:n]
}

// look chooses a loop that finds the descriptors that are ready.
func look(ready []int32) func(*watcher) loop {
	want := 0
	for _, fd := range ready {
		want += int(fd)
	}
	return func(w *watcher) loop {
		return func(times int) {
			if found := w.look(times); found != times*want {
				panic(fmt.Sprint("found ", found))
			}
		}
	}
}

func serve(out, in []int32) func(*watcher) loop {
	return func(w *watcher) loop { return w.serve(out, in) }
}

// The names of rows. The chart, the figures and the ratios look them up.
func idle(n int) string     { return commas(n) + " idle" }
func busy(n int) string     { return "1 of " + commas(n) + " ready" }
func allReady(n int) string { return "all of " + commas(n) + " ready" }
func numbered(n int) string { return "number " + commas(n) }

func oneOf(change string, n int) string { return change + ": 1 of " + commas(n) }

const (
	emptyCall  = "no descriptor"
	unregister = "unregister, register"
	disable    = "disable, modify"
	modify     = "modify"
	oneCPU     = "ping-pong with cat(1), one CPU"
)

// replace changes the text between two comments in a Markdown file, if it has them.
func replace(in, name, text string) string {
	section := regexp.MustCompile(fmt.Sprintf("(?s)(<!-- %[1]s -->\n).*(<!-- /%[1]s -->\n)", name))
	return section.ReplaceAllString(in, "${1}"+text+"${2}")
}

// figures are the three that say most, each as an item of a list.
func (b *bench) figures() string {
	first, last := b.numbers[0], b.numbers[len(b.numbers)-1]
	number := func(rv rival, n int) string {
		return formatNs(b.cost[numbered(n)][rv.name] - b.cost[emptyCall][rv.name])
	}
	added := func(rv rival) string { return formatNs(b.cost[idle(1)][rv.name] - b.cost[idle(1)][bare.name]) }
	event := func(rv rival) string { return formatNs(b.cost[busy(b.served)][rv.name]) }
	item := func(format string, a ...any) string { return "- " + fill("  ", fmt.Sprintf(format, a...))[2:] }
	return item("Checking fd %s or %s costs `Poll` %s or %s, and select(2) %s or %s.",
		commas(first), commas(last), number(array, first), number(array, last), number(selecting, first), number(selecting, last)) +
		item("`Poll` adds %s to the bare system call. `unix.Poll` of golang.org/x/sys adds %s.",
			added(array), added(unixPoll)) +
		item("Serving one fd of %s takes a `Poller` %s, `unix.Poll` %s, and epoll %s.",
			commas(b.served), event(poller), event(unixPoll), event(epoll))
}

// ratios prints ratios, each with its limit.
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
	var costs []float64
	for _, n := range fit(b.numbers, 19990) {
		costs = append(costs, b.cost[numbered(n)][array.name])
	}
	line("Poll of one idle descriptor, by its number: dearest / cheapest", slices.Max(costs)/slices.Min(costs), 1.05)
}
