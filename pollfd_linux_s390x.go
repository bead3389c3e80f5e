// poll(2) on Linux, s390x.

package poll

import (
	"syscall"
	"unsafe"
)

const (
	sysPoll = syscall.SYS_POLL // arch/s390/kernel/syscalls/syscall.tbl

	// No event bit differs from include/uapi/asm-generic/poll.h.
	pollWRNORM = genericWRNORM
	pollWRBAND = genericWRBAND

	// struct pollfd: a wrong size or offset overflows and does not compile.
	_ = -(unsafe.Sizeof(PollFd{}) - 8)
	_ = -(unsafe.Offsetof(PollFd{}.Events) - 4)
	_ = -(unsafe.Offsetof(PollFd{}.Revents) - 6)
)
