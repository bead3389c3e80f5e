//go:build linux

package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// pipes are open pipes: read and write ends. The read ends do not block, since
// the runtime's netpoller takes no others.
type pipes struct{ r, w []int }

func openPipes(n int) (p pipes, err error) {
	for len(p.r) < n {
		var fd [2]int
		if err := unix.Pipe2(fd[:], unix.O_CLOEXEC); err != nil {
			p.close()
			return pipes{}, fmt.Errorf("opening %d pipes: %w", n, err)
		}
		p.r, p.w = append(p.r, fd[0]), append(p.w, fd[1])
		if err := unix.SetNonblock(fd[0], true); err != nil {
			p.close()
			return pipes{}, err
		}
	}
	return p, nil
}

func (p pipes) close() {
	for i := range p.r {
		unix.Close(p.r[i])
		unix.Close(p.w[i])
	}
}
