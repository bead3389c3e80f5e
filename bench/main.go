//go:build linux

// Bench measures poll(2) against what else there is, on this machine: select(2)
// by the root's own benchmarks, and golang.org/x/sys/unix, epoll, the runtime's
// netpoller and C in this process. It prints tables and draws a chart.
//
//	go run .                            # two minutes, writes look.svg
//	go run . -o my.svg -nfds 1,10,100   # fewer sizes
//	go run . -quick -o /tmp/quick.svg   # does it work? within seconds
//
// Linux only. What runs beside it shows in the numbers: repeats are interleaved
// and medians taken, but a quiet machine is better.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// sizes is a flag of numbers with commas between them.
type sizes []int

func (s *sizes) String() string { return join(*s) }

func (s *sizes) Set(text string) error {
	*s = nil
	for _, f := range strings.Split(text, ",") {
		n, err := strconv.Atoi(f)
		if err != nil || n < 1 {
			return fmt.Errorf("%q is not a size", f)
		}
		if l := len(*s); l > 0 && (*s)[l-1] >= n {
			return fmt.Errorf("%d is not larger than the one before", n)
		}
		*s = append(*s, n)
	}
	return nil
}

type config struct {
	maxfd, nfds sizes // nil: all that there are
	repeats     int
	quick       bool
	out         string
}

func parse(args []string, stderr io.Writer) (config, error) {
	c := config{repeats: 51}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Var(&c.maxfd, "maxfd", "highest descriptors to measure, as in 64,1024 (default all)")
	f.Var(&c.nfds, "nfds", "numbers of descriptors to measure, as in 1,10,100 (default all)")
	f.IntVar(&c.repeats, "repeats", c.repeats, "how often each measurement is repeated (3 if -quick)")
	f.BoolVar(&c.quick, "quick", false, "end within seconds, with numbers that mean little")
	f.StringVar(&c.out, "o", "look.svg", "the `file` of the chart")
	if err := f.Parse(args); err != nil {
		return c, err
	}
	err := error(nil)
	switch ext := filepath.Ext(c.out); {
	case f.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", f.Arg(0))
	case c.repeats < 1:
		err = fmt.Errorf("-repeats %d: at least 1", c.repeats)
	case ext != ".svg" && ext != "":
		err = fmt.Errorf("-o %s: the chart is a .svg", c.out)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		f.Usage()
		return c, err
	}
	if c.quick {
		given := map[string]bool{}
		f.Visit(func(f *flag.Flag) { given[f.Name] = true })
		if !given["repeats"] {
			c.repeats = 3
		}
		if !given["maxfd"] {
			c.maxfd = sizes{64, 256, 512}
		}
		if !given["nfds"] {
			c.nfds = sizes{1, 10, 100}
		}
	}
	return c, nil
}

func main() {
	c, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = run(ctx, c, os.Stdout)
	stop()
	if err != nil {
		if errors.Is(err, context.Canceled) {
			err = errors.New("interrupted")
		}
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, c config, w io.Writer) (err error) {
	// Not after minutes of measuring.
	discard, err := checkWritable(c.out)
	if err != nil {
		return fmt.Errorf("the chart: %w", err)
	}
	defer func() {
		if err != nil {
			discard()
		}
	}()
	tmp, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	r, err := buildRoot(ctx, tmp)
	if err != nil {
		return err
	}

	benchtime, batch := 2*time.Millisecond, time.Millisecond
	if c.quick {
		benchtime, batch = time.Millisecond, 100*time.Microsecond
	}
	sparse, cpu, err := r.findSizes(ctx, "Sparse")
	if err == nil {
		err = sparse.choose(c.maxfd)
	}
	if err != nil {
		return err
	}
	dense, _, err := r.findSizes(ctx, "Dense")
	if err == nil {
		err = dense.choose(c.nfds)
	}
	if err != nil {
		return err
	}
	pr := newProgress()
	defer pr.end()
	if err := r.measure(ctx, []*curve{sparse, dense}, c.repeats, benchtime, pr); err != nil {
		return err
	}
	rows, epollWins, err := compare(ctx, c.repeats, batch, pr)
	if err != nil {
		return err
	}
	pr.end()

	fmt.Fprintf(w, "%s, medians of %d\n", machine(cpu), c.repeats)
	fmt.Fprintf(w, "\nOne look at ten idle descriptors, by the highest number\n\n")
	printCurve(w, sparse)
	fmt.Fprintf(w, "\nOne look at idle descriptors, by how many\n\n")
	printCurve(w, dense)
	fmt.Fprintf(w, "\nIn one process, on the same pipes\n\n")
	printRows(w, rows)
	fmt.Fprintf(w, "\n%s\n", epollWins)
	if rivalC.look == nil {
		fmt.Fprintln(w, "C poll(2) is left out: no C compiler.")
	}
	svg, err := chart(sparse, dense)
	if err != nil {
		return err
	}
	return os.WriteFile(c.out, svg, 0o666)
}

// checkWritable opens the file as it will be opened in the end, but keeps what
// is in it. If there was none, discard removes it.
func checkWritable(name string) (discard func(), err error) {
	_, err = os.Lstat(name)
	existed := !errors.Is(err, fs.ErrNotExist)
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	return func() {
		if !existed {
			os.Remove(name)
		}
	}, f.Close()
}
