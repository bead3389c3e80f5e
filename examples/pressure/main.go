//go:build linux

// Pressure waits until tasks are held up for want of the processor, of memory
// or of the disk: for a trigger on a pressure stall file of the kernel.
//
//	go run ./examples/pressure [-stall d] [-window d] [-n events] [-timeout d] [cpu | memory | io | file]
//
// Each line is a window in which tasks stood still for longer than -stall. The
// file may also be a cgroup's, such as /sys/fs/cgroup/user.slice/cpu.pressure.
// Where there is no such file, or no trigger can be set on it, Pressure says so
// and shows what is mounted and unmounted instead, of which the kernel tells
// in the same way. Ctrl-C ends it.
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
)

func main() {
	stall := flag.Duration("stall", 150*time.Millisecond, "how long tasks have to be held up in a window")
	window := flag.Duration("window", 2*time.Second, "0.5s to 10s; without CAP_SYS_RESOURCE a multiple of 2s")
	count := flag.Int("n", 0, "how many `events` to wait for; 0 is no limit")
	timeout := flag.Duration("timeout", 0, "the longest time to wait for an event; 0 is no limit")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: pressure [-stall d] [-window d] [-n events] [-timeout d] [cpu | memory | io | file]")
		flag.PrintDefaults()
	}
	flag.Parse()
	name := "cpu"
	if flag.NArg() == 1 {
		name = flag.Arg(0)
	}
	wrong := ""
	switch {
	case flag.NArg() > 1:
		wrong = "more than one file"
	case *window < 500*time.Millisecond || *window > 10*time.Second:
		wrong = "-window is not from 0.5s to 10s"
	case *stall <= 0 || *stall > *window:
		wrong = "-stall is not over 0 and within -window"
	case name == "cpu" || name == "memory" || name == "io":
		name = "/proc/pressure/" + name
	case !strings.Contains(name, "/"):
		wrong = name + " is neither cpu, memory, io nor the path of a file"
	}
	if wrong != "" {
		fmt.Fprintln(os.Stderr, "pressure:", wrong)
		flag.Usage()
		os.Exit(2)
	}
	if *timeout <= 0 {
		*timeout = poll.Forever
	}
	if err := run(name, *stall, *window, *count, *timeout); err != nil {
		fmt.Fprintln(os.Stderr, "pressure:", err)
		os.Exit(1)
	}
}

// Files such as these are opened with syscall.Open, not with os.Open: the
// kernel reports their events once, to whoever polls first, and that would be
// the Go runtime, which watches the file in an os.File by epoll(7).

func run(name string, stall, window time.Duration, count int, timeout time.Duration) error {
	report := func() error { return showPressure(name) }
	fd, err := openTrigger(name, stall, window)
	isTrigger := err == nil
	if err != nil {
		fmt.Fprintf(os.Stderr, "pressure: no trigger on %s: %v; watching %s instead\n", name, err, mountsFile)
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
	defer p.Unregister(fd) // before it is closed
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, func() { p.Wake() })
	fmt.Println("waiting")

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
			return fmt.Errorf("no event for %v", timeout)
		}
		// With a trigger POLLERR means that there is none any more, because
		// its cgroup has gone. With mounts it belongs to each event.
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

// openTrigger returns a descriptor that has POLLPRI when some tasks were held
// up for longer than stall within a window, once a window at most.
func openTrigger(name string, stall, window time.Duration) (fd int, err error) {
	fd, err = syscall.Open(name, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	// The kernel overwrites the last byte, so there has to be one to spare.
	trigger := fmt.Sprintf("some %d %d\n", stall.Microseconds(), window.Microseconds())
	if _, err := syscall.Write(fd, []byte(trigger)); err != nil {
		syscall.Close(fd)
		return -1, err
	}
	return fd, nil
}

// showPressure prints the line about some tasks, the first of two.
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

// showMounts prints how the mounts differ from those before.
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
