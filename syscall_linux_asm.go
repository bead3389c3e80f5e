//go:build linux && (amd64 || arm64)

package poll

import (
	"syscall"
	"unsafe"
)

// rawPoll is in syscall_linux.s. The pointers stay valid because it never
// waits and cannot be preempted: nothing moves while it runs.
//
//go:noescape
func rawPoll(trap uintptr, fds *PollFd, nfds uintptr, timeout unsafe.Pointer) (r uintptr)

func rawLook(trap uintptr, fds *PollFd, nfds uintptr, timeout unsafe.Pointer) (uintptr, syscall.Errno) {
	r := rawPoll(trap, fds, nfds, timeout)
	if int(r) < 0 {
		return 0, syscall.Errno(-r)
	}
	return r, 0
}
