package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"example.com/poll"
	"example.com/poll/examples/internal/cli"
)

// runLine prints the edges of a line of a chip.
func runLine(ctx context.Context, chip, line, edge string, count int, timeout time.Duration) error {
	path, err := chipPath(chip)
	if err != nil {
		return err
	}
	fd, info, err := openLine(path, line, edge)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	fmt.Printf("waiting for edges of line %d %q of %s\n", info.offset, text(info.name), path)
	return watchLine(ctx, os.Stdout, fd, count, timeout)
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}

func chipPath(chip string) (string, error) {
	switch {
	case isNumber(chip):
		return "/dev/gpiochip" + chip, nil
	case strings.HasPrefix(chip, "gpiochip"):
		return "/dev/" + chip, nil
	case strings.Contains(chip, "/"):
		return chip, nil
	}
	return "", cli.Mistakef("%q is neither the number nor the path of a chip", chip)
}

// openLine requests the line from the chip, and returns a descriptor that is readable when
// there are edges to read.
func openLine(path, line, edge string) (fd int, info lineInfo, err error) {
	stat, err := os.Stat(path)
	if err != nil {
		return -1, info, err
	}
	if stat.Mode()&os.ModeCharDevice == 0 {
		return -1, info, cli.Mistakef("%s is not a GPIO chip", path)
	}
	chip, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1, info, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer syscall.Close(chip) // the line does not need the chip to stay open
	var about chipInfo
	if err := ioctl(chip, getChipInfo, unsafe.Pointer(&about)); err != nil {
		return -1, info, cli.Mistakef("%s is not a GPIO chip: %v", path, err)
	}
	info, err = findLine(path, line, about.lines, func(offset uint32) (info lineInfo, err error) {
		info.offset = offset
		if err := ioctl(chip, getLineInfo, unsafe.Pointer(&info)); err != nil {
			return info, fmt.Errorf("line %d of %s: %w (Linux before 5.10 does not have what this takes)", offset, path, err)
		}
		return info, nil
	})
	if err != nil {
		return -1, info, err
	}
	request := newRequest(info.offset, edge)
	err = ioctl(chip, getLine, unsafe.Pointer(&request))
	if err == syscall.EBUSY {
		return -1, info, fmt.Errorf("line %d of %s is in use by %q", info.offset, path, text(info.consumer))
	} else if err != nil {
		return -1, info, fmt.Errorf("request line %d of %s: %w", info.offset, path, err)
	}
	fd = int(request.fd)
	if err := syscall.SetNonblock(fd, true); err != nil {
		syscall.Close(fd)
		return -1, info, err
	}
	return fd, info, nil
}

// findLine finds a line by its offset or its name, using get.
func findLine(path, line string, lines uint32, get func(offset uint32) (lineInfo, error)) (lineInfo, error) {
	if offset, err := strconv.ParseUint(line, 10, 32); err == nil {
		if offset >= uint64(lines) {
			return lineInfo{}, cli.Mistakef("%s has no line %d: it has %d lines", path, offset, lines)
		}
		return get(uint32(offset))
	}
	for offset := uint32(0); offset < lines && line != ""; offset++ {
		info, err := get(offset)
		if err != nil || text(info.name) == line {
			return info, err
		}
	}
	return lineInfo{}, cli.Mistakef("%s has no line named %q", path, line)
}

// newRequest returns a request for one line as an input with edges. The kernel uses
// CLOCK_MONOTONIC, since no flag selects another clock.
func newRequest(offset uint32, edge string) lineRequest {
	r := lineRequest{numLines: 1}
	r.offsets[0] = offset
	copy(r.consumer[:], "poll gpio example")
	r.config.flags = flagInput | edgeFlags[edge]
	return r
}

// watchLine prints the edges that are read from fd.
func watchLine(ctx context.Context, out io.Writer, fd int, count int, timeout time.Duration) error {
	var events [16]lineEvent // as many as the kernel queues for a line
	const eventSize = int(unsafe.Sizeof(events[0]))
	buf := unsafe.Slice((*byte)(unsafe.Pointer(&events)), len(events)*eventSize)
	last := uint32(0)
	for n := 0; ; {
		if _, err := wait(ctx, fd, poll.POLLIN, timeout); err != nil {
			return err
		}
		// Read whatever the event: after POLLERR|POLLHUP the chip is gone, and the read
		// fails with ENODEV.
		size, err := syscall.Read(fd, buf)
		switch {
		case err == syscall.EAGAIN || err == syscall.EINTR:
			continue
		case err != nil:
			return fmt.Errorf("read: %w", err)
		case size == 0:
			return io.ErrUnexpectedEOF
		case size%eventSize != 0: // the kernel returns whole events only
			return fmt.Errorf("read %d bytes, but an event has %d", size, eventSize)
		}
		for _, e := range events[:size/eventSize] {
			if missed := e.lineSeqno - last - 1; missed != 0 { // also after an overflow
				fmt.Fprintf(out, "missed %d\n", missed)
			}
			last = e.lineSeqno
			fmt.Fprintf(out, "%6d.%09ds  edge %d  %s\n", e.timestamp/1e9, e.timestamp%1e9, e.lineSeqno, edgeName(e.id))
			if n++; n == count {
				return nil
			}
		}
	}
}

func edgeName(id uint32) string {
	switch id {
	case eventRising:
		return "rising"
	case eventFalling:
		return "falling"
	}
	return fmt.Sprint("unknown id ", id)
}

// text returns a C string.
func text(s [32]byte) string {
	b, _, _ := bytes.Cut(s[:], []byte{0})
	return string(b)
}

func ioctl(fd int, request uintptr, arg unsafe.Pointer) error {
	// The conversion in the call itself keeps the target of arg alive.
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}
