//go:build linux

package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// progress says what is being measured on a line of its own, if standard error
// is a terminal.
type progress struct{ show bool }

func newProgress() *progress {
	_, err := unix.IoctlGetTermios(int(os.Stderr.Fd()), unix.TCGETS)
	return &progress{show: err == nil}
}

const eraseLine = "\r\x1b[K"

func (p *progress) step(format string, arg ...any) {
	if p.show {
		fmt.Fprintf(os.Stderr, eraseLine+format, arg...)
	}
}

func (p *progress) end() {
	if p.show {
		fmt.Fprint(os.Stderr, eraseLine)
	}
}
