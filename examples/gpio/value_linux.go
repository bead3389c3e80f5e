package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"example.com/poll"
	"example.com/poll/examples/internal/cli"
)

// runValue prints the values of a line, read from its file in sysfs.
func runValue(ctx context.Context, path string, count int, timeout time.Duration) error {
	fd, err := openValue(path)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	return watchValue(ctx, os.Stdout, fd, count, timeout)
}

// openValue opens the file, and checks that it can report edges.
func openValue(path string) (fd int, err error) {
	fd, err = openFile(path)
	if err != nil {
		return -1, err
	}
	if value, err := readValue(fd); err != nil || value != "0" && value != "1" {
		syscall.Close(fd)
		return -1, cli.Mistakef("%s is not the value file of a GPIO line", path)
	}
	edgePath := filepath.Join(filepath.Dir(path), "edge")
	if err := checkEdge(edgePath); err != nil {
		syscall.Close(fd)
		return -1, err
	}
	return fd, nil
}

func checkEdge(path string) error {
	fd, err := openFile(path)
	if err != nil {
		return fmt.Errorf("the line reports no edges: %w", err)
	}
	defer syscall.Close(fd)
	edge, err := readValue(fd)
	switch {
	case err != nil:
		return &os.PathError{Op: "read", Path: path, Err: err}
	case edgeFlags[edge] == 0:
		return cli.Mistakef("no edges are chosen: write rising, falling or both to %s", path)
	}
	return nil
}

// openFile does not use os.Open because the Go runtime would poll the file too.
func openFile(path string) (fd int, err error) {
	fd, err = syscall.Open(path, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return fd, nil
}

// watchValue prints the value of fd now, and after each edge.
func watchValue(ctx context.Context, out io.Writer, fd int, count int, timeout time.Duration) error {
	// An edge is reported until the value is read. The first poll after open reports one
	// too.
	value, err := readValue(fd)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	fmt.Fprintln(out, "the value is", value)
	start := time.Now()
	for n := 0; count == 0 || n < count; n++ {
		// POLLERR comes with POLLPRI, and is not an error (fs/kernfs/file.c). Do not ask
		// for POLLIN, which is always reported.
		events, err := wait(ctx, fd, poll.POLLPRI, timeout)
		if err != nil {
			return err
		}
		// This is the current value: one event may stand for several edges.
		value, err := readValue(fd)
		if err != nil {
			return fmt.Errorf("read: %w", err) // ENODEV if the line was unexported
		}
		fmt.Fprintf(out, "%8.3fs  %v  value %s\n", time.Since(start).Seconds(), events, value)
	}
	return nil
}

// readValue reads the file from the beginning.
func readValue(fd int) (value string, err error) {
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
