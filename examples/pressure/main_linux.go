// Pressure waits until tasks are delayed because the processor, memory or the disk is busy.
// It sets a trigger on one of the kernel's pressure-stall files:
//
//	go run ./examples/pressure [-stall d] [-window d] [-n events] [-timeout d] [cpu | memory | io | file]
//
// Each event is a window of time in which tasks were delayed for longer than -stall. The
// file may be in /proc/pressure or belong to a cgroup, for example
// /sys/fs/cgroup/user.slice/cpu.pressure. Pressure refuses any other file, and does not
// write to it.
//
// If no trigger can be set for cpu, memory or io, for example because the kernel lacks the
// file, Pressure prints the reason. Then it prints mounts and unmounts instead, which the
// kernel reports in the same way.
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
	"strings"
	"syscall"
	"time"

	"example.com/poll"
	"example.com/poll/examples/internal/cli"
)

func main() {
	stall := flag.Duration("stall", 150*time.Millisecond, "how long tasks must be delayed in a window")
	window := flag.Duration("window", 2*time.Second, "the window, from 500ms to 10s; a multiple of 2s without CAP_SYS_RESOURCE")
	count := flag.Int("n", 0, "the number of `events` to wait for; 0 means no limit")
	timeout := flag.Duration("timeout", 0, "the longest time to wait for an event, such as 1.5s; 0 means no limit")
	cli.Parse("pressure [-stall d] [-window d] [-n events] [-timeout d] [cpu | memory | io | file]")
	name := "cpu"
	if flag.NArg() > 0 {
		name = flag.Arg(0)
	}
	resource := name == "cpu" || name == "memory" || name == "io"
	if resource {
		name = "/proc/pressure/" + name
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *timeout == 0 {
		*timeout = poll.Forever
	}
	err := checkTimes(*stall, *window)
	switch {
	case err != nil:
	case flag.NArg() > 1:
		err = cli.Mistake("more than one file")
	case *count < 0:
		err = cli.Mistake("-n is negative")
	case *timeout < 0:
		err = cli.Mistake("-timeout is negative")
	case !strings.Contains(name, "/"):
		err = cli.Mistakef("%q is neither cpu, memory, io nor the path of a file", name)
	default:
		err = run(ctx, name, resource, *stall, *window, *count, *timeout)
	}
	cli.Exit("pressure", err)
}

// run watches the pressure, or the mounts if no trigger can be set on a resource.
func run(ctx context.Context, name string, resource bool, stall, window time.Duration, count int, timeout time.Duration) error {
	fd, err := openTrigger(name, stall, window)
	var m cli.Mistake
	if err != nil && (!resource || errors.As(err, &m)) {
		return err
	} else if err != nil {
		fmt.Fprintf(os.Stderr, "pressure: %v; watching %s instead\n", err, mountsFile)
		return watchMounts(ctx, count, timeout)
	}
	defer syscall.Close(fd)
	return watch(ctx, fd, count, timeout, func(events poll.Events) error {
		if events&poll.POLLERR != 0 {
			return errors.New(name + " is gone") // its cgroup was removed
		}
		return printPressure(fd)
	})
}

// watch prints each event of fd, and then calls report.
func watch(ctx context.Context, fd, count int, timeout time.Duration, report func(poll.Events) error) error {
	fmt.Println("waiting")
	start := time.Now()
	for n := 0; count == 0 || n < count; n++ {
		events, err := wait(ctx, fd, timeout)
		if err != nil {
			return err
		}
		fmt.Printf("%8.3fs  %v\n", time.Since(start).Seconds(), events)
		if err := report(events); err != nil {
			return err
		}
	}
	return nil
}

// wait waits for POLLPRI until ctx is done, but at most for the timeout.
func wait(ctx context.Context, fd int, timeout time.Duration) (poll.Events, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	events, err := poll.WaitContext(ctx, fd, poll.POLLPRI)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no event for %v", timeout)
	}
	return events, err
}
