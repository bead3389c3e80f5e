// The system call of Darwin: poll(2). Written from the sources of xnu and never
// run on it.

package poll

import (
	"syscall"
	"time"
	"unsafe"
)

// pollOnce calls poll(2). Only -1 means forever: xnu takes any other negative
// number for a finite time (poll_nocancel, bsd/kern/sys_generic.c).
func pollOnce(fds []PollFd, timeout time.Duration) (n int, errno syscall.Errno) {
	if testCall != nil {
		if n, errno, done := testCall(true, timeout); done {
			return n, errno
		}
	}
	ms := -1
	if timeout >= 0 {
		ms = int((timeout + time.Millisecond - 1) / time.Millisecond)
	}
	// fds is a parameter and lives until the call returns. It becomes a uintptr
	// in the call itself, which keeps it in place (package unsafe, pattern 4).
	r, _, errno := syscall.Syscall(syscall.SYS_POLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(ms))
	return int(r), errno
}

// rawPoll is not raw: Darwin is not known to have handlers that never sleep.
func rawPoll(fds []PollFd) (n int, err error) { return Poll(fds, 0) }
