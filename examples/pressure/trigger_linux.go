package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"example.com/poll/examples/internal/cli"
)

// checkTimes checks that the times are whole microseconds, and in the kernel's limits.
func checkTimes(stall, window time.Duration) error {
	switch {
	case stall%time.Microsecond != 0:
		return cli.Mistake("-stall is not a whole number of microseconds")
	case window%time.Microsecond != 0:
		return cli.Mistake("-window is not a whole number of microseconds")
	case window < 500*time.Millisecond || window > 10*time.Second:
		return cli.Mistake("-window is not from 500ms to 10s")
	case stall <= 0:
		return cli.Mistake("-stall is not more than 0")
	case stall > window:
		return cli.Mistake("-stall is longer than -window")
	}
	return nil
}

// openTrigger returns a descriptor that reports POLLPRI, at most once in each window, if
// some tasks were delayed for longer than stall. It writes only to a pressure file.
//
// It does not use os.Open because the kernel reports an event only to the first poll. The
// Go runtime polls an os.File with epoll(7), and would be first.
func openTrigger(name string, stall, window time.Duration) (fd int, err error) {
	// Do not open a device: opening it may have an effect.
	if info, err := os.Stat(name); err != nil {
		return -1, err
	} else if !info.Mode().IsRegular() {
		return -1, notPressure(name)
	}
	fd, err = syscall.Open(name, syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: name, Err: err}
	}
	err = checkPressure(fd, name)
	if err == nil {
		err = setTrigger(fd, name, stall, window)
	}
	if err != nil {
		syscall.Close(fd)
		return -1, err
	}
	return fd, nil
}

func notPressure(name string) error { return cli.Mistake(name + " is not a pressure file") }

// The types of the file systems that have pressure files (linux/magic.h).
const (
	procMagic    = 0x9fa0
	cgroup2Magic = 0x63677270
)

// checkPressure checks that fd is a pressure file. Checking the text is not enough, because
// an ordinary file may be a copy.
func checkPressure(fd int, name string) error {
	var fs syscall.Statfs_t
	if err := syscall.Fstatfs(fd, &fs); err != nil {
		return &os.PathError{Op: "statfs", Path: name, Err: err}
	}
	if fs.Type != procMagic && fs.Type != cgroup2Magic {
		return notPressure(name)
	}
	text, err := readPressure(fd)
	if err != nil {
		return &os.PathError{Op: "read", Path: name, Err: err}
	}
	if !strings.HasPrefix(text, "some avg10=") {
		return notPressure(name)
	}
	return nil
}

func setTrigger(fd int, name string, stall, window time.Duration) error {
	// The kernel overwrites the last byte, so end with one that is not needed.
	trigger := fmt.Sprintf("some %d %d\n", stall.Microseconds(), window.Microseconds())
	_, err := syscall.Write(fd, []byte(trigger))
	switch {
	case err == syscall.EINVAL && window%(2*time.Second) != 0:
		return cli.Mistake("the kernel refuses -window: without CAP_SYS_RESOURCE it must be a multiple of 2s")
	case err != nil:
		return &os.PathError{Op: "set a trigger on", Path: name, Err: err}
	}
	return nil
}

// printPressure prints the line about some tasks, the first of two.
func printPressure(fd int) error {
	text, err := readPressure(fd)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	line, _, _ := strings.Cut(text, "\n")
	fmt.Println("           ", line)
	return nil
}

// readPressure reads the beginning of the file.
func readPressure(fd int) (text string, err error) {
	buf := make([]byte, 512)
	n, err := syscall.Pread(fd, buf, 0)
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}
