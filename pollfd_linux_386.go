// poll(2) on Linux, 386 (x86, 32 bits).

package poll

import (
	"syscall"
	"unsafe"
)

const (
	sysPoll = syscall.SYS_POLL // arch/x86/entry/syscalls/syscall_32.tbl

	pollWRNORM = genericWRNORM // include/uapi/asm-generic/poll.h
	pollWRBAND = genericWRBAND

	_ = -(unsafe.Sizeof(PollFd{}) - 8) // struct pollfd; a mismatch does not compile
	_ = -(unsafe.Offsetof(PollFd{}.Events) - 4)
	_ = -(unsafe.Offsetof(PollFd{}.Revents) - 6)
)
