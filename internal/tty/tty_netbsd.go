package tty

import (
	"strings"
	"syscall"
	"unsafe"
)

// speed is the type of the speeds in syscall.Termios.
type speed = int32

// ptmGet is struct ptmget of sys/ttycom.h, the argument of TIOCPTSNAME.
type ptmGet struct {
	masterFd, slaveFd int32
	master, slave     [1024]byte
}

const (
	grantPty = 1<<29 | 't'<<8 | 71 // TIOCGRANTPT, _IO('t', 71)
	// TIOCPTSNAME, _IOR('t', 72, struct ptmget). Package syscall has the number of an older
	// struct.
	getNames = 1<<30 | unsafe.Sizeof(ptmGet{})<<16 | 't'<<8 | 72
)

// OpenPty makes a pseudo-terminal. It returns its master, which is non-blocking, and the
// name of its slave (ptm(4)).
func OpenPty() (master int, slave string, err error) {
	syscall.ForkLock.RLock()
	master, err = syscall.Open("/dev/ptmx", syscall.O_RDWR|syscall.O_NOCTTY, 0)
	if err == nil {
		syscall.CloseOnExec(master) // open drops O_CLOEXEC (sys/kern/tty_ptm.c)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, "", err
	}
	var names ptmGet
	err = syscall.SetNonblock(master, true)
	if err == nil {
		err = ioctl(master, grantPty, nil)
	}
	if err == nil {
		err = ioctl(master, getNames, unsafe.Pointer(&names))
	}
	if err != nil {
		syscall.Close(master)
		return -1, "", err
	}
	slave, _, _ = strings.Cut(string(names.slave[:]), "\x00")
	return master, slave, nil
}
