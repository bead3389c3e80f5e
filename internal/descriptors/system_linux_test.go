package descriptors

import (
	"runtime"
	"strings"
	"syscall"

	. "example.com/poll"
	"example.com/poll/internal/tty"
)

const (
	rdhup             = POLLRDHUP
	oPath             = 0x200000
	clockMonotonic    = 1
	sysTimerfdCreate  = syscall.SYS_TIMERFD_CREATE
	sysTimerfdSettime = syscall.SYS_TIMERFD_SETTIME
)

var kinds = concat(pipeKinds, fileKinds, socketKinds, terminalKinds, counterKinds, linuxSocketKinds, kernelKinds, deviceKinds)

var systemWaits = []waiting{
	{"pidfd or process descriptor, process ends", pidfd, nil, peer(closes)},
	{"io_uring, a request completes", uringPipe(0), nil, peer(sends("x"))},
	{"io_uring with IORING_SETUP_DEFER_TASKRUN, a request completes", uringPipe(deferTaskrun), nil, peer(sends("x"))},
}

// onMIPS is whether POLLWRNORM and POLLWRBAND have the values of the kernel's MIPS ports.
var onMIPS = strings.HasPrefix(runtime.GOARCH, "mips")

func newEventfd() (int, syscall.Errno) {
	fd, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	return int(fd), errno
}

// hangsUp hangs up a terminal.
func hangsUp(m maker, slave int) {
	const tiocVHangup = 0x5437
	m.possible("TIOCVHANGUP", tryIoctl(slave, tiocVHangup, nil))
}

// changesState does something with a slave that packet mode reports.
var changesState = changes(func(s *tty.Settings) { s.Iflag ^= syscall.IXON })
