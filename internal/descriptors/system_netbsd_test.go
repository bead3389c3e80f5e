package descriptors

import "syscall"

// The system calls are in sys/kern/syscalls.master.
const (
	rdhup, oPath      = 0, 0
	clockMonotonic    = 3
	sysTimerfdCreate  = 177
	sysTimerfdSettime = 178
)

var kinds = concat(pipeKinds, fileKinds, socketKinds, terminalKinds, counters(), kqueueKinds)

var systemWaits []waiting

// counters returns counterKinds, or skips them before NetBSD 10, where a missing system
// call ends the program by SIGSYS.
func counters() []kind {
	revision, err := syscall.SysctlUint32("kern.osrevision")
	for _, k := range counterKinds {
		for i := range k.states {
			if err != nil || revision < 10_00_000000 {
				k.states[i].make = func(m maker) int { m.Skip("needs NetBSD 10"); return -1 }
			}
		}
	}
	return counterKinds
}

func newEventfd() (int, syscall.Errno) {
	const eventfd = 267
	fd, _, errno := syscall.Syscall(eventfd, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	return int(fd), errno
}
