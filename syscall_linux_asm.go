//go:build linux && (amd64 || arm64)

package poll

import "unsafe"

// rawPoll is in syscall_linux.s. The pointers stay valid because it can't be
// preempted: nothing moves while it runs.
//
//go:noescape
func rawPoll(trap uintptr, fds []PollFd, timeout unsafe.Pointer) (n int)
