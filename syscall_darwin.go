// The system call of Darwin: poll(2). Written from the sources of xnu and never
// run on it.

package poll

import (
	"syscall"
	"time"
	"unsafe"
)

const hasPoll = true

// Only -1 means forever: xnu takes any other negative number for a finite time
// (poll_nocancel, bsd/kern/sys_generic.c).
//
// fds is a parameter and lives until the call returns. It becomes a uintptr in the
// call itself, which keeps it in place (package unsafe, pattern 4).
func pollMillis(fds []PollFd, ms int) (n int, errno syscall.Errno) {
	r, _, errno := syscall.Syscall(syscall.SYS_POLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(ms))
	return int(r), errno
}

// pollExact rounds up: there is no ppoll(2).
func pollExact(fds []PollFd, timeout time.Duration) (n int, errno syscall.Errno) {
	return pollMillis(fds, millis(timeout))
}

// rawPoll is not raw: Darwin is not known to have handlers that never sleep.
func rawPoll(fds []PollFd) (n int, err error) { return Poll(fds, 0) }
