//go:build linux || darwin || freebsd || netbsd

package main

import (
	"fmt"
	"os"
	"sync"
	"syscall"

	"example.com/poll/examples/internal/cli"
	"example.com/poll/internal/tty"
)

// A port is an open serial line.
type port struct {
	name    string
	fd      int
	before  tty.Settings
	closing sync.Once
	buf     [4096]byte
	pending []byte // part of buf: bytes read here and not yet written to the other port
}

// openPort opens a tty and makes it a plain line of bytes, without modem control. A baud of
// 0 leaves the speed as it is.
func openPort(name string, baud int) (*port, error) {
	// O_NONBLOCK, because the bridge must wait only in Poll, and because open would
	// otherwise wait for the carrier of a modem.
	fd, err := syscall.Open(name, syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	p := &port{name: name, fd: fd}
	if p.before, err = tty.Get(fd); err != nil {
		syscall.Close(fd)
		return nil, cli.Mistakef("%s is not a tty", name)
	}
	s := p.before
	s.MakeRaw()
	s.Cflag |= syscall.CREAD | syscall.CLOCAL
	if baud != 0 {
		err = s.SetSpeed(baud)
	}
	if err == nil {
		err = s.Set(fd)
	}
	if err != nil {
		p.close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// close restores the settings and closes the port, once. Restoring fails after a hang-up.
func (p *port) close() {
	p.closing.Do(func() {
		p.before.Set(p.fd)
		syscall.Close(p.fd)
	})
}
