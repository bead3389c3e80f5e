//go:build linux && !amd64 && !arm64

package poll

import (
	"syscall"
	"unsafe"
)

// rawLook is the standard library's raw entry where syscall_linux.s has no
// stub: nobody has measured yet that one would pay there.
func rawLook(trap uintptr, fds *PollFd, nfds uintptr, timeout unsafe.Pointer) (uintptr, syscall.Errno) {
	// Both pointers are converted in the call itself, which keeps what they
	// point at alive and in place (package unsafe, pattern 4).
	r, _, errno := syscall.RawSyscall6(trap, uintptr(unsafe.Pointer(fds)), nfds, uintptr(timeout), 0, 0, 0)
	return r, errno
}
