package tty

import (
	"strings"
	"syscall"
	"unsafe"
)

// speed is FreeBSD's speed_t.
type speed = uint32

// deviceName is struct fiodgname_arg of sys/filio.h, the argument of FIODGNAME.
type deviceName struct {
	length int32
	buf    *byte
}

// getDeviceName is FIODGNAME, _IOW('f', 120, struct fiodgname_arg). The size of the struct,
// and so the number, depends on the size of a pointer.
const getDeviceName = 1<<31 | unsafe.Sizeof(deviceName{})<<16 | 'f'<<8 | 120

// OpenPty makes a pseudo-terminal. It returns its master, which is non-blocking, and the
// name of its slave (posix_openpt(2), ptsname(3)).
func OpenPty() (master int, slave string, err error) {
	// posix_openpt refuses O_NONBLOCK (sys_posix_openpt in sys/kern/tty_pts.c).
	fd, _, errno := syscall.Syscall(syscall.SYS_POSIX_OPENPT, syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, "", errno
	}
	master = int(fd)
	var name [256]byte // SPECNAMELEN is 255
	err = syscall.SetNonblock(master, true)
	if err == nil {
		arg := deviceName{int32(len(name)), &name[0]}
		err = ioctl(master, getDeviceName, unsafe.Pointer(&arg))
	}
	if err != nil {
		syscall.Close(master)
		return -1, "", err
	}
	slave, _, _ = strings.Cut(string(name[:]), "\x00")
	return master, "/dev/" + slave, nil
}
