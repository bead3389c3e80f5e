//go:build linux && (!gc || purego || !(amd64 || arm64))

package poll

import (
	"syscall"
	"unsafe"
)

// rawCall is the standard library's raw entry where syscall_linux.s has no stub.
func rawCall(trap uintptr, fds []PollFd, timeout unsafe.Pointer) (n int) {
	// Both pointers become a uintptr in the call itself, which keeps their
	// targets alive and in place (package unsafe, pattern 4).
	r, _, errno := syscall.RawSyscall6(trap, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(timeout), 0, 0, 0)
	if errno != 0 {
		return -int(errno)
	}
	return int(r)
}
