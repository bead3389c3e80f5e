// poll(2) on Linux, loong64 (LoongArch).

package poll

import "unsafe"

const (
	sysPoll = 0 // none: the kernel has only ppoll(2) (include/uapi/asm-generic/unistd.h)

	// No event bit differs from include/uapi/asm-generic/poll.h.
	pollWRNORM = genericWRNORM
	pollWRBAND = genericWRBAND

	// struct pollfd: a wrong size or offset overflows and does not compile.
	_ = -(unsafe.Sizeof(PollFd{}) - 8)
	_ = -(unsafe.Offsetof(PollFd{}.Events) - 4)
	_ = -(unsafe.Offsetof(PollFd{}.Revents) - 6)
)
