//go:build linux && (mips || mipsle || mips64 || mips64le)

// poll(2) on Linux, MIPS of 32 and 64 bits and both byte orders.

package poll

import (
	"syscall"
	"unsafe"
)

const (
	sysPoll = syscall.SYS_POLL // arch/mips/kernel/syscalls

	// arch/mips/include/uapi/asm/poll.h
	pollWRNORM = POLLOUT
	pollWRBAND = 0x0100

	// struct pollfd: a wrong size or offset overflows and does not compile.
	_ = -(unsafe.Sizeof(PollFd{}) - 8)
	_ = -(unsafe.Offsetof(PollFd{}.Events) - 4)
	_ = -(unsafe.Offsetof(PollFd{}.Revents) - 6)
)
