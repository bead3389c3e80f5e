// The system call of Darwin. Written from the sources of xnu and never run on it.

package poll

import (
	"syscall"
	"time"
	"unsafe"
)

const (
	hasPoll    = true
	rechecks   = false // not known
	probeFirst = false // poll_nocancel always registers a knote for each entry
)

// Only an ms of -1 means forever to xnu (poll_nocancel, bsd/kern/sys_generic.c). fds
// becomes a uintptr in the call, which keeps it in place (package unsafe, pattern 4).
func pollMillis(fds []PollFd, ms int) (n int, errno syscall.Errno) {
	r, _, errno := syscall.Syscall(syscall.SYS_POLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(ms))
	return int(r), errno
}

func pollExact(fds []PollFd, timeout time.Duration) (n int, errno syscall.Errno) {
	return pollMillis(fds, millis(timeout)) // there is no ppoll(2)
}

// rawPoll calls Poll, since it is not known which poll functions of Darwin never block.
func rawPoll(fds []PollFd) (n int, err error) { return Poll(fds, 0) }
