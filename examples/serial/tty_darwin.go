package main

import (
	"strings"
	"syscall"
	"unsafe"
)

const (
	getAttr = syscall.TIOCGETA
	setAttr = syscall.TIOCSETA
)

func setChar(t *syscall.Termios, i int, c uint8) { t.Cc[i] = c }

// setSpeed takes any speed. Whether the line can do it is for the driver to
// say.
func setSpeed(t *syscall.Termios, baud int) error {
	t.Ispeed, t.Ospeed = uint64(baud), uint64(baud)
	return nil
}

// openPty makes a pseudo-terminal. It returns its master, which does not
// block, and the name of its slave (posix_openpt(3)).
func openPty() (master int, slave string, err error) {
	master, err = syscall.Open("/dev/ptmx", syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1, "", err
	}
	var name [128]byte
	err = ioctl(master, syscall.TIOCPTYGRANT, nil)
	if err == nil {
		err = ioctl(master, syscall.TIOCPTYUNLK, nil)
	}
	if err == nil {
		err = ioctl(master, syscall.TIOCPTYGNAME, unsafe.Pointer(&name))
	}
	if err != nil {
		syscall.Close(master)
		return -1, "", err
	}
	slave, _, _ = strings.Cut(string(name[:]), "\x00")
	return master, slave, nil
}
