//go:build linux && (ppc64 || ppc64le)

// poll(2) on Linux, 64-bit PowerPC of both byte orders.

package poll

import (
	"syscall"
	"unsafe"
)

const (
	sysPoll = syscall.SYS_POLL // arch/powerpc/kernel/syscalls/syscall.tbl

	// No event bit differs from include/uapi/asm-generic/poll.h.
	pollWRNORM = genericWRNORM
	pollWRBAND = genericWRBAND

	// struct pollfd: a wrong size or offset overflows and does not compile.
	_ = -(unsafe.Sizeof(PollFd{}) - 8)
	_ = -(unsafe.Offsetof(PollFd{}.Events) - 4)
	_ = -(unsafe.Offsetof(PollFd{}.Revents) - 6)
)
