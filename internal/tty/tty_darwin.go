package tty

import (
	"strings"
	"syscall"
	"unsafe"
)

// speed is Darwin's speed_t.
type speed = uint64

// OpenPty makes a pseudo-terminal. It returns its master, which is non-blocking, and the
// name of its slave (posix_openpt(3)).
func OpenPty() (master int, slave string, err error) {
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
