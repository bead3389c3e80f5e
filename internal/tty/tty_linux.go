package tty

import (
	"fmt"
	"strconv"
	"syscall"
	"unsafe"
)

const (
	getAttr = syscall.TCGETS
	setAttr = syscall.TCSETS
)

// speeds has the code of each speed. Some codes depend on the architecture.
var speeds = map[int]uint32{
	300: syscall.B300, 600: syscall.B600, 1200: syscall.B1200, 2400: syscall.B2400,
	4800: syscall.B4800, 9600: syscall.B9600, 19200: syscall.B19200, 38400: syscall.B38400,
	57600: syscall.B57600, 115200: syscall.B115200, 230400: syscall.B230400,
	460800: syscall.B460800, 921600: syscall.B921600, 1000000: syscall.B1000000,
	2000000: syscall.B2000000, 4000000: syscall.B4000000,
}

// inputShift is the position of the input speed's code in c_cflag, IBSHIFT in
// asm/termbits.h. A code of 0 means the output speed.
const inputShift = 16

// SetSpeed sets the speed in both directions, in bits per second.
func (s *Settings) SetSpeed(baud int) error {
	code, ok := speeds[baud]
	if !ok {
		return fmt.Errorf("%d baud is not a speed of Linux", baud)
	}
	for _, c := range speeds {
		s.Cflag &^= c | c<<inputShift
	}
	s.Cflag |= code
	return nil
}

// OpenPty makes a pseudo-terminal. It returns its master, which is non-blocking, and the
// name of its slave (pts(4)).
func OpenPty() (master int, slave string, err error) {
	master, err = syscall.Open("/dev/ptmx", syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1, "", err
	}
	var n, locked int32
	err = ioctl(master, syscall.TIOCSPTLCK, unsafe.Pointer(&locked))
	if err == nil {
		err = ioctl(master, syscall.TIOCGPTN, unsafe.Pointer(&n))
	}
	if err != nil {
		syscall.Close(master)
		return -1, "", err
	}
	return master, "/dev/pts/" + strconv.Itoa(int(n)), nil
}
