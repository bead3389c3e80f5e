// The system call of NetBSD: poll(2).

package poll

import (
	"syscall"
	"time"
	"unsafe"
)

const (
	hasPoll    = true
	rechecks   = false // sys/kern/sys_select.c may return 0 as soon as the time is up
	probeFirst = false // a timeout of 0 saves only 15 %
)

// Only an ms of -1 means forever. Any other negative one is EINVAL. fds becomes a uintptr
// in the call, which keeps it in place (package unsafe, pattern 4).
func pollMillis(fds []PollFd, ms int) (n int, errno syscall.Errno) {
	r, _, errno := syscall.Syscall(syscall.SYS_POLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(ms))
	return int(r), errno
}

// The kernel counts ticks, usually of 10 ms, so pollts(2), which takes nanoseconds, is no
// finer.
func pollExact(fds []PollFd, timeout time.Duration) (n int, errno syscall.Errno) {
	return pollMillis(fds, millis(timeout))
}

// rawPoll calls Poll, since it is not known which poll functions of NetBSD never block.
func rawPoll(fds []PollFd) (n int, err error) { return Poll(fds, 0) }
