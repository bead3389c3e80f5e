//go:build linux && (ppc64 || ppc64le)

// poll(2) on Linux, 64-bit PowerPC of both byte orders.

package poll

import (
	"syscall"
	"unsafe"
)

const (
	sysPoll = syscall.SYS_POLL // arch/powerpc/kernel/syscalls/syscall.tbl

	pollWRNORM = genericWRNORM // include/uapi/asm-generic/poll.h
	pollWRBAND = genericWRBAND

	_ = -(unsafe.Sizeof(PollFd{}) - 8) // struct pollfd; a mismatch does not compile
	_ = -(unsafe.Offsetof(PollFd{}.Events) - 4)
	_ = -(unsafe.Offsetof(PollFd{}.Revents) - 6)
)
