// poll(2) on Linux, amd64 (x86-64).

package poll

import (
	"syscall"
	"unsafe"
)

const (
	sysPoll = syscall.SYS_POLL // arch/x86/entry/syscalls/syscall_64.tbl

	// No event bit differs from include/uapi/asm-generic/poll.h.
	pollWRNORM = genericWRNORM
	pollWRBAND = genericWRBAND

	// struct pollfd: a wrong size or offset overflows and does not compile.
	_ = -(unsafe.Sizeof(PollFd{}) - 8)
	_ = -(unsafe.Offsetof(PollFd{}.Events) - 4)
	_ = -(unsafe.Offsetof(PollFd{}.Revents) - 6)
)
