//go:build linux && !amd64 && !arm64

package poll

import (
	"syscall"
	"unsafe"
)

// rawPoll is the standard library's raw entry where syscall_linux.s has no
// stub: nobody has measured yet that one would pay there.
func rawPoll(trap uintptr, fds []PollFd, timeout unsafe.Pointer) (n int) {
	// Both pointers are converted in the call itself, which keeps what they
	// point at alive and in place (package unsafe, pattern 4).
	r, _, errno := syscall.RawSyscall6(trap, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(timeout), 0, 0, 0)
	if errno != 0 {
		return -int(errno)
	}
	return int(r)
}
