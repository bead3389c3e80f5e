// poll(2) on Linux, s390x.

package poll

import (
	"syscall"
	"unsafe"
)

const (
	sysPoll = syscall.SYS_POLL // arch/s390/kernel/syscalls/syscall.tbl

	pollWRNORM = genericWRNORM // include/uapi/asm-generic/poll.h
	pollWRBAND = genericWRBAND

	_ = -(unsafe.Sizeof(PollFd{}) - 8) // struct pollfd; a mismatch does not compile
	_ = -(unsafe.Offsetof(PollFd{}.Events) - 4)
	_ = -(unsafe.Offsetof(PollFd{}.Revents) - 6)
)
