//go:build linux && gc && !purego && (amd64 || arm64)

package poll

import "unsafe"

// rawCall is in syscall_linux.s. The pointers stay valid because nothing can
// preempt it, so nothing is moved or freed while it runs.
//
//go:noescape
func rawCall(trap uintptr, fds []PollFd, timeout unsafe.Pointer) (n int)
