//go:build linux || darwin

package main

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// A port is an open serial line.
type port struct {
	name    string
	fd      int
	before  syscall.Termios
	buf     [4096]byte
	pending []byte // in buf: came from here, and the other port has yet to take it
}

// openPort opens a tty and makes it a plain line of bytes. A baud of 0 leaves
// the speed as it is.
func openPort(name string, baud int) (*port, error) {
	// O_NONBLOCK, for the bridge never waits but in poll, and open would wait
	// for the carrier of a modem.
	fd, err := syscall.Open(name, syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	p := &port{name: name, fd: fd}
	if err := ioctl(fd, getAttr, unsafe.Pointer(&p.before)); err != nil {
		syscall.Close(fd)
		return nil, fmt.Errorf("%s is not a tty: %w", name, err)
	}
	t := p.before
	makeRaw(&t)
	if baud != 0 {
		err = setSpeed(&t, baud)
	}
	if err == nil {
		err = ioctl(fd, setAttr, unsafe.Pointer(&t))
	}
	if err != nil {
		syscall.Close(fd)
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// close puts the settings back, which fails if the line has hung up.
func (p *port) close() {
	ioctl(p.fd, setAttr, unsafe.Pointer(&p.before))
	syscall.Close(p.fd)
}

// makeRaw is cfmakeraw(3), for a line without modem control.
func makeRaw(t *syscall.Termios) {
	t.Iflag &^= syscall.IGNBRK | syscall.BRKINT | syscall.PARMRK | syscall.ISTRIP |
		syscall.INLCR | syscall.IGNCR | syscall.ICRNL | syscall.IXON
	t.Oflag &^= syscall.OPOST
	t.Lflag &^= syscall.ECHO | syscall.ECHONL | syscall.ICANON | syscall.ISIG | syscall.IEXTEN
	t.Cflag &^= syscall.CSIZE | syscall.PARENB
	t.Cflag |= syscall.CS8 | syscall.CREAD | syscall.CLOCAL
	setChar(t, syscall.VMIN, 1)
	setChar(t, syscall.VTIME, 0)
}

func ioctl(fd int, request uintptr, arg unsafe.Pointer) error {
	// The conversion in the call itself keeps what arg points to alive.
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}
