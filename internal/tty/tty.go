//go:build linux || darwin || freebsd || netbsd

// Package tty reads and changes the settings and the size of a terminal, and lists the
// signals after which a program must restore the settings.
package tty

import (
	"os"
	"os/signal"
	"syscall"
	"unsafe"
)

// Settings are the kernel's struct termios (termios(3)).
type Settings termios

// Get returns the settings of fd. The error is ENOTTY if fd is not a terminal.
func Get(fd int) (s Settings, err error) {
	err = ioctl(fd, getAttr, unsafe.Pointer(&s))
	return s, err
}

// Set changes the settings of fd to s immediately, without waiting for pending output.
func (s Settings) Set(fd int) error {
	return ioctl(fd, setAttr, unsafe.Pointer(&s))
}

// MakeRaw changes s like cfmakeraw(3): each byte is passed on unchanged as soon as it
// arrives. It also clears IMAXBEL, with which FreeBSD sends a bell for each byte that does
// not fit the input queue.
func (s *Settings) MakeRaw() {
	s.Iflag &^= syscall.IGNBRK | syscall.BRKINT | syscall.PARMRK | syscall.ISTRIP |
		syscall.INLCR | syscall.IGNCR | syscall.ICRNL | syscall.IXON | syscall.IMAXBEL
	s.Oflag &^= syscall.OPOST
	s.Lflag &^= syscall.ECHO | syscall.ECHONL | syscall.ICANON | syscall.ISIG | syscall.IEXTEN
	s.Cflag &^= syscall.CSIZE | syscall.PARENB
	s.Cflag |= syscall.CS8
	s.Cc[syscall.VMIN] = 1
	s.Cc[syscall.VTIME] = 0
}

// A winsize is the kernel's struct winsize (ioctl_tty(2)).
type winsize struct{ rows, columns, xpixel, ypixel uint16 }

// Size returns the size of the terminal fd.
func Size(fd int) (columns, rows int, err error) {
	var w winsize
	err = ioctl(fd, syscall.TIOCGWINSZ, unsafe.Pointer(&w))
	return int(w.columns), int(w.rows), err
}

// SetSize sets the size of the terminal fd. If the size changes, the kernel sends SIGWINCH
// to the programs in the foreground.
func SetSize(fd, columns, rows int) error {
	w := winsize{rows: uint16(rows), columns: uint16(columns)}
	return ioctl(fd, syscall.TIOCSWINSZ, unsafe.Pointer(&w))
}

// Signals returns the signals that a program must catch to restore a terminal before it
// ends. It leaves out signals that are ignored, for example because of nohup(1).
//
// The program must also catch or ignore SIGPIPE, which package os raises twice for a write
// to a standard output that is closed at the other end.
func Signals() (signals []os.Signal) {
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		if !signal.Ignored(s) {
			signals = append(signals, s)
		}
	}
	return signals
}

func ioctl(fd int, request uintptr, arg unsafe.Pointer) error {
	// The conversion in the call itself keeps the target of arg alive.
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}
