package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"example.com/poll"
)

const mountsFile = "/proc/self/mounts"

// watchMounts prints changes of the mounts.
func watchMounts(ctx context.Context, count int, timeout time.Duration) error {
	fd, err := syscall.Open(mountsFile, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: mountsFile, Err: err}
	}
	defer syscall.Close(fd)
	before, err := readMounts(fd)
	if err != nil {
		return err
	}
	// POLLERR comes with each POLLPRI, and is not an error.
	return watch(ctx, fd, count, timeout, func(poll.Events) error {
		now, err := readMounts(fd)
		if err != nil {
			return err
		}
		printMissing("mounted", now, before)
		printMissing("unmounted", before, now)
		before = now
		return nil
	})
}

// readMounts reads the file from its beginning.
func readMounts(fd int) (mounts []string, err error) {
	if _, err := syscall.Seek(fd, 0, 0); err != nil {
		return nil, fmt.Errorf("seek %s: %w", mountsFile, err)
	}
	var text []byte
	for buf := make([]byte, 4096); ; {
		n, err := syscall.Read(fd, buf)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", mountsFile, err)
		}
		if n == 0 {
			return strings.Split(strings.TrimSpace(string(text)), "\n"), nil
		}
		text = append(text, buf[:n]...)
	}
}

// printMissing prints the lines that are not in the others.
func printMissing(what string, lines, others []string) {
	in := make(map[string]bool)
	for _, line := range others {
		in[line] = true
	}
	for _, line := range lines {
		if !in[line] {
			fmt.Println("            ", what, line)
		}
	}
}
