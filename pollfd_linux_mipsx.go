//go:build linux && (mips || mipsle || mips64 || mips64le)

// poll(2) on Linux, MIPS of 32 and 64 bits and both byte orders.

package poll

import (
	"syscall"
	"unsafe"
)

const (
	sysPoll = syscall.SYS_POLL // arch/mips/kernel/syscalls

	pollWRNORM = POLLOUT // arch/mips/include/uapi/asm/poll.h
	pollWRBAND = 0x0100

	_ = -(unsafe.Sizeof(PollFd{}) - 8) // struct pollfd; a mismatch does not compile
	_ = -(unsafe.Offsetof(PollFd{}.Events) - 4)
	_ = -(unsafe.Offsetof(PollFd{}.Revents) - 6)
)
