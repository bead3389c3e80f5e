//go:build darwin || freebsd || netbsd

package tty

import "syscall"

const (
	getAttr = syscall.TIOCGETA
	setAttr = syscall.TIOCSETA
)

type termios syscall.Termios

// SetSpeed sets the speed in both directions, in bits per second. It accepts any speed. If
// the driver does not support the speed, Set fails.
func (s *Settings) SetSpeed(baud int) error {
	s.Ispeed, s.Ospeed = speed(baud), speed(baud)
	return nil
}
