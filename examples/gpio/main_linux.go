// Gpio prints the edges of a GPIO line, for example from a button or a sensor:
//
//	go run ./examples/gpio [-edge rising | falling | both] [-n edges] [-timeout d] chip line
//	go run ./examples/gpio [-n edges] [-timeout d] value-file
//
// The chip is a number or a path: 0 is /dev/gpiochip0. The line is an offset or a name: 17
// or GPIO17. The kernel queues the edges, each with its time and its number. If some were
// lost because the queue was full, Gpio prints how many.
//
// The second form is for the deprecated sysfs interface. Gpio writes to no file, so choose
// the edges first:
//
//	echo 17 > /sys/class/gpio/export
//	echo both > /sys/class/gpio/gpio17/edge
//	go run ./examples/gpio /sys/class/gpio/gpio17/value
//
// Ctrl-C or SIGTERM ends it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/poll"
	"example.com/poll/examples/internal/cli"
)

func main() {
	edge := flag.String("edge", "", "the `edges` to wait for: rising, falling or both (default both)")
	count := flag.Int("n", 0, "the number of `edges` to wait for; 0 means no limit")
	timeout := flag.Duration("timeout", 0, "the longest time to wait for an edge, such as 1.5s; 0 means no limit")
	cli.Parse("gpio [-edge rising | falling | both] [-n edges] [-timeout d] chip line\n" +
		"       gpio [-n edges] [-timeout d] value-file")

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *timeout == 0 {
		*timeout = poll.Forever
	}
	var err error
	switch {
	case *count < 0:
		err = cli.Mistake("-n is negative")
	case *timeout < 0:
		err = cli.Mistake("-timeout is negative")
	case *edge != "" && edgeFlags[*edge] == 0:
		err = cli.Mistake(*edge + " is not an edge")
	case flag.NArg() == 2:
		if *edge == "" {
			*edge = "both"
		}
		err = runLine(ctx, flag.Arg(0), flag.Arg(1), *edge, *count, *timeout)
	case flag.NArg() != 1 || isNumber(flag.Arg(0)):
		err = cli.Mistake("name a chip and a line, or a value file")
	case *edge != "":
		err = cli.Mistake("-edge is for the line of a chip; for a value file, write to the file edge beside it")
	default:
		err = runValue(ctx, flag.Arg(0), *count, *timeout)
	}
	cli.Exit("gpio", err)
}

// wait waits until fd reports one of events or ctx is done, but at most for the timeout.
func wait(ctx context.Context, fd int, events poll.Events, timeout time.Duration) (poll.Events, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	revents, err := poll.WaitContext(ctx, fd, events)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no edge for %v", timeout)
	}
	return revents, err
}
