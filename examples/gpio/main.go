//go:build linux

// Gpio waits for edges on a GPIO line, as a button or a sensor makes them, by
// way of its value file in sysfs.
//
//	go run ./examples/gpio [-edge rising | falling | both] [-n events] [-timeout d] [-dir /sys/class/gpio] line
//
// The line is its number in /sys/class/gpio and has to be exported before:
//
//	echo 17 > /sys/class/gpio/export
//
// Ctrl-C ends it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.com/poll"
)

func main() {
	dir := flag.String("dir", "/sys/class/gpio", "where the lines are")
	edge := flag.String("edge", "both", "which `edges` to wait for: rising, falling or both")
	count := flag.Int("n", 0, "how many `events` to wait for; 0 is no limit")
	timeout := flag.Duration("timeout", 0, "the longest time to wait for an edge; 0 is no limit")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: gpio [-edge rising | falling | both] [-n events] [-timeout d] [-dir directory] line")
		flag.PrintDefaults()
	}
	flag.Parse()
	line, err := strconv.ParseUint(flag.Arg(0), 10, 32)
	wrong := ""
	switch {
	case flag.NArg() != 1:
		wrong = "one line is to be named"
	case err != nil:
		wrong = flag.Arg(0) + " is not the number of a line"
	case *edge != "rising" && *edge != "falling" && *edge != "both":
		wrong = *edge + " is not an edge"
	}
	if wrong != "" {
		fmt.Fprintln(os.Stderr, "gpio:", wrong)
		flag.Usage()
		os.Exit(2)
	}
	if *timeout <= 0 {
		*timeout = poll.Forever
	}
	if err := watch(fmt.Sprintf("%s/gpio%d", *dir, line), *edge, *count, *timeout); err != nil {
		fmt.Fprintln(os.Stderr, "gpio:", err)
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(os.Stderr, "This takes a GPIO controller, a kernel with CONFIG_GPIO_SYSFS, and the line\n"+
				"exported (echo %d > %s/export) and able to interrupt (it has a file edge).\n", line, *dir)
		}
		os.Exit(1)
	}
}

func watch(line, edge string, count int, timeout time.Duration) error {
	// Opened without O_CREATE, so that what is missing is not made.
	f, err := os.OpenFile(line+"/edge", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(edge)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	name := line + "/value"
	fd, err := syscall.Open(name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: name, Err: err}
	}
	defer syscall.Close(fd)

	var p poll.Poller
	defer p.Close()
	// POLLPRI is the edge; POLLERR comes with it, asked for or not, and is no
	// error (fs/kernfs/file.c). POLLIN would always be there.
	if err := p.Register(fd, poll.POLLPRI|poll.POLLERR); err != nil {
		return err
	}
	defer p.Unregister(fd) // before it is closed
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, func() { p.Wake() })

	// Both events stand until the value is read, also at the start.
	value, err := read(fd)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	fmt.Println("the value is", value)
	start := time.Now()
	for n := 0; count <= 0 || n < count; n++ {
		ready, err := p.Poll(timeout)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		if len(ready) == 0 {
			return fmt.Errorf("no edge for %v", timeout)
		}
		// What is read is the value now. Edges in quick succession are one
		// event.
		value, err := read(fd)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err) // ENODEV: unexported
		}
		fmt.Printf("%8.3fs  %v  value %s\n", time.Since(start).Seconds(), ready[0].Events, value)
	}
	return nil
}

// read reads the value, from the beginning of the file each time.
func read(fd int) (value string, err error) {
	if _, err := syscall.Seek(fd, 0, 0); err != nil {
		return "", err
	}
	buf := make([]byte, 16)
	n, err := syscall.Read(fd, buf)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(buf[:n])), nil
}
