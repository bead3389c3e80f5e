//go:build linux

// Pressure waits until tasks are held up for want of CPU, memory or I/O: it sets a
// trigger on a pressure-stall file of the kernel.
//
//	go run ./examples/pressure [-stall d] [-window d] [-n events] [-timeout d] [cpu | memory | io | file]
//
// Each event is a window in which tasks were held up for longer than -stall. The
// file may be that of a cgroup, such as /sys/fs/cgroup/user.slice/cpu.pressure.
// Pressure writes to no file but a pressure file.
//
// If the file does not exist, or the kernel does not allow a trigger on it,
// Pressure prints what is mounted and unmounted instead, which the kernel reports
// in the same way. Ctrl-C ends it.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"example.com/poll"
)

func main() {
	stall := flag.Duration("stall", 150*time.Millisecond, "how long tasks are held up in a window, in whole microseconds")
	window := flag.Duration("window", 2*time.Second, "0.5s to 10s; without CAP_SYS_RESOURCE a multiple of 2s")
	count := flag.Int("n", 0, "how many `events` to wait for; 0 is no limit")
	timeout := flag.Duration("timeout", 0, "the longest time to wait for an event; 0 is no limit")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: pressure [-stall d] [-window d] [-n events] [-timeout d] [cpu | memory | io | file]")
		flag.PrintDefaults()
	}
	flag.Parse()
	name := "cpu"
	if flag.NArg() > 0 {
		name = flag.Arg(0)
	}
	switch {
	case flag.NArg() > 1:
		usage("name one file")
	case *window < 500*time.Millisecond || *window > 10*time.Second:
		usage("-window is not from 0.5s to 10s")
	case *stall <= 0 || *stall > *window:
		usage("-stall is not above zero and at most -window")
	case *stall%time.Microsecond != 0 || *window%time.Microsecond != 0:
		usage("-stall and -window must be whole microseconds")
	case *count < 0:
		usage("-n is negative")
	case *timeout < 0:
		usage("-timeout is negative")
	case name == "cpu" || name == "memory" || name == "io":
		name = "/proc/pressure/" + name
	case !strings.Contains(name, "/"):
		usage(name + " is neither cpu, memory, io nor the path of a file")
	}
	if *timeout == 0 {
		*timeout = poll.Forever
	}
	err := run(name, *stall, *window, *count, *timeout)
	switch {
	case errors.Is(err, errNotPressure):
		usage(err)
	case err != nil:
		fmt.Fprintln(os.Stderr, "pressure:", err)
		os.Exit(1)
	}
}

// usage reports a mistake in the command line, and exits.
func usage(mistake any) {
	fmt.Fprintln(os.Stderr, "pressure:", mistake)
	flag.Usage()
	os.Exit(2)
}

func run(name string, stall, window time.Duration, count int, timeout time.Duration) error {
	report := func() error { return showPressure(name) }
	fd, err := openTrigger(name, stall, window)
	isTrigger := err == nil
	if errors.Is(err, errNotPressure) {
		return err
	}
	if errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("the kernel refuses -stall %v -window %v: %w", stall, window, err)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "pressure: no trigger on %s: %v; watching %s instead\n", name, err, mountsFile)
		// Not os.Open: the kernel reports an event once, to the first that polls,
		// and the Go runtime polls the files that package os has opened.
		fd, err = syscall.Open(mountsFile, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			return &os.PathError{Op: "open", Path: mountsFile, Err: err}
		}
		before, err := readMounts(fd)
		if err != nil {
			return err
		}
		report = func() (err error) {
			before, err = showMounts(fd, before)
			return err
		}
	}
	defer syscall.Close(fd)

	var p poll.Poller
	defer p.Close()
	if err := p.Register(fd, poll.POLLPRI); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	defer context.AfterFunc(ctx, func() { p.Wake() })()
	fmt.Println("waiting")

	start := time.Now()
	for n := 0; count == 0 || n < count; n++ {
		ready, err := p.Poll(timeout)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		if len(ready) == 0 {
			return fmt.Errorf("no event for %v", timeout)
		}
		// POLLERR means that the trigger is gone with its cgroup. For mounts it
		// is part of every event.
		events := ready[0].Events
		if isTrigger && events&poll.POLLERR != 0 {
			return errors.New(name + " is gone")
		}
		fmt.Printf("%8.3fs  %v\n", time.Since(start).Seconds(), events)
		if err := report(); err != nil {
			return err
		}
	}
	return nil
}

var errNotPressure = errors.New("not a pressure file")

// openTrigger returns a descriptor that is POLLPRI when some tasks were held up
// for longer than stall within a window, at most once in a window.
//
// It checks the file that it has opened before it writes: it must be a regular
// file of size 0, as those of procfs and cgroupfs are, and yet have the text of a
// pressure file. A copy of one has a size.
func openTrigger(name string, stall, window time.Duration) (fd int, err error) {
	info, err := os.Stat(name) // first, because opening a device may have an effect
	if err != nil {
		return -1, errors.Unwrap(err)
	}
	if !info.Mode().IsRegular() || info.Size() != 0 {
		return -1, fmt.Errorf("%s is %w", name, errNotPressure)
	}
	fd, err = syscall.Open(name, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer func() {
		if err != nil {
			syscall.Close(fd)
			fd = -1
		}
	}()
	var stat syscall.Stat_t
	if err := syscall.Fstat(fd, &stat); err != nil {
		return fd, err
	}
	text := make([]byte, 100)
	n, err := syscall.Pread(fd, text, 0)
	if err != nil {
		return fd, err
	}
	if stat.Size != 0 || !bytes.HasPrefix(text[:n], []byte("some avg10=")) {
		return fd, fmt.Errorf("%s is %w", name, errNotPressure)
	}
	// The kernel ignores the last byte (psi_write in kernel/sched/psi.c).
	trigger := fmt.Sprintf("some %d %d\n", stall.Microseconds(), window.Microseconds())
	n, err = syscall.Write(fd, []byte(trigger))
	if err == nil && n != len(trigger) {
		err = io.ErrShortWrite
	}
	return fd, err
}

// showPressure prints the first line of the file, that of "some" tasks.
func showPressure(name string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	fmt.Println("           ", line)
	return nil
}

const mountsFile = "/proc/self/mounts"

// readMounts reads the file from its beginning.
func readMounts(fd int) (mounts map[string]bool, err error) {
	if _, err := syscall.Seek(fd, 0, 0); err != nil {
		return nil, err
	}
	var text []byte
	for buf := make([]byte, 4096); ; {
		n, err := syscall.Read(fd, buf)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		text = append(text, buf[:n]...)
	}
	mounts = make(map[string]bool)
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		mounts[line] = true
	}
	return mounts, nil
}

// showMounts prints the differences from the mounts before.
func showMounts(fd int, before map[string]bool) (now map[string]bool, err error) {
	now, err = readMounts(fd)
	for line := range now {
		if !before[line] {
			fmt.Println("             mounted", line)
		}
	}
	for line := range before {
		if !now[line] && err == nil {
			fmt.Println("             unmounted", line)
		}
	}
	return now, err
}
