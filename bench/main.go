//go:build linux

// Bench measures this package against the other ways to wait for descriptors on
// Linux, all in one process and interleaved. It prints two tables in Markdown and
// draws a chart of poll(2) against select(2).
//
//	go run .                          # two minutes; writes cost.svg
//	go run . -ratios                  # also prints the ratios that matter
//	go run . -quick -o /tmp/x.svg     # takes seconds; the numbers mean little
//
// For the largest sizes it needs root, which may raise RLIMIT_NOFILE; sizes over
// the limit are left out, and so is C without a C compiler.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	quick := f.Bool("quick", false, "take seconds, for numbers that mean little")
	withRatios := f.Bool("ratios", false, "also print the ratios that a release must keep")
	out := f.String("o", "cost.svg", "the `file` of the chart")
	switch err := f.Parse(args); {
	case err == flag.ErrHelp:
		return 0
	case err != nil:
		return 2
	case f.NArg() > 0:
		fmt.Fprintf(stderr, "unexpected argument %q\n", f.Arg(0))
		f.Usage()
		return 2
	}
	b := bench{w: stdout, repeats: 51, block: 2 * time.Millisecond}
	if *quick {
		b.repeats, b.block = 3, 100*time.Microsecond
	}
	if err := b.all(*out, *withRatios); err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

// all measures everything. A row of a table is printed as soon as it is measured.
func (b *bench) all(out string, withRatios bool) error {
	// Find out now whether the chart can be written. What is there stays until
	// there is a new one.
	file, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	file.Close()

	limit := raiseLimit()
	fds, closeAll, err := openEventfds(min(9000, limit-reserved))
	if err != nil {
		return err
	}
	defer closeAll()
	where := machine()
	fmt.Fprintf(b.w, "%s. The least of %d blocks each.\n\nA non-blocking poll of idle descriptors:\n\n", where, b.repeats)
	if !haveC {
		fmt.Fprint(b.w, "C and the bare system call are left out: there is no C compiler.\n\n")
	}

	entries := []rival{bare, rawPoll, rawSyscall, syscall6, array, poller, unixPoll, libc, epoll, selecting}
	b.head(entries)
	var watched []int
	for _, n := range []int{0, 1, 3, 10, 30, 100, 300, 1000, 3000, 9000} {
		if n > len(fds) {
			break
		}
		watched = append(watched, n)
		if err := b.row(idle(n), entries, fds[:n], 1, func(w *watcher) loop { return w.idle }); err != nil {
			return err
		}
	}

	waiters := []rival{poller, array, unixPoll, libc, epoll, netpoller}
	fmt.Fprint(b.w, "\nA loop that waits, and changes of the set:\n\n")
	b.head(waiters)
	for _, n := range []int{1, 10, 100, 1000, 9000} {
		if n > len(fds) {
			break
		}
		order := someOf(fds[:n])
		err := b.row(busy(n), waiters, fds[:n], len(order), serveFrom(order, order))
		if err != nil {
			return err
		}
	}
	kept := fds[:min(1000, len(fds))]
	if err := b.row(fmt.Sprintf("unregister and register, %d in the set", len(kept)), waiters, kept, 1, func(w *watcher) loop { return w.change }); err != nil {
		return err
	}
	if err := b.row(fmt.Sprintf("modify, %d in the set", len(kept)), waiters, kept, 1, func(w *watcher) loop { return w.modify }); err != nil {
		return err
	}
	if err := onOneCPU(func() error { return b.pingPong(oneCPU, waiters) }); err != nil {
		return err
	}
	if err := b.pingPong("ping-pong with cat(1), all CPUs", waiters); err != nil {
		return err
	}

	fmt.Fprint(b.w, "\nA non-blocking poll of ten idle descriptors, by the highest number:\n\n")
	b.head([]rival{poller, selecting})
	var highest []int
	for _, n := range []int{128, 1000, 2500, 5000, 7500, 10000, 12500, 15000, 17500, 19990, 50000, 1e5, 2e5, 3e5, 4e5, 5e5, 6e5, 7e5, 8e5, 9e5, 1e6} {
		if n >= limit {
			break
		}
		highest = append(highest, n)
		spread, closeAll, err := spreadEventfds(n)
		if err == nil {
			err = b.row(numbered(n), []rival{poller, selecting}, spread, 1, func(w *watcher) loop { return w.idle })
			closeAll()
		}
		if err != nil {
			return err
		}
	}
	if withRatios {
		b.ratios(highest)
	}
	caption := where + "\n" + time.Now().Format("2006-01-02") + ", least of " + fmt.Sprint(b.repeats) + " blocks: cd bench && go run ."
	svg, err := chart(b.curves(numbered, highest, poller, selecting), b.curves(idle, watched, poller, selecting, epoll), caption)
	if err != nil {
		return err
	}
	return os.WriteFile(out, svg, 0o666)
}

func (b *bench) pingPong(what string, rivals []rival) error {
	in, out, end, err := startCat()
	if err != nil {
		return err
	}
	defer end()
	return b.row(what, rivals, []int32{in}, 1, serveFrom([]int32{out}, []int32{in}))
}

func serveFrom(out, in []int32) func(w *watcher) loop {
	return func(w *watcher) loop {
		if w.serve == nil {
			return nil
		}
		return w.serve(out, in)
	}
}

// The names of rows that others look up.
func idle(n int) string     { return fmt.Sprintf("%d idle", n) }
func busy(n int) string     { return fmt.Sprintf("busy, 1 of %d ready", n) }
func numbered(n int) string { return fmt.Sprintf("10 idle, up to %d", n) }

const oneCPU = "ping-pong with cat(1), one CPU"
