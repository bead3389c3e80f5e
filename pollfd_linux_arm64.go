// poll(2) on Linux, arm64 (AArch64).

package poll

import "unsafe"

const (
	sysPoll = 0 // none: the kernel has only ppoll(2) (include/uapi/asm-generic/unistd.h)

	pollWRNORM = genericWRNORM // include/uapi/asm-generic/poll.h
	pollWRBAND = genericWRBAND

	_ = -(unsafe.Sizeof(PollFd{}) - 8) // struct pollfd; a mismatch does not compile
	_ = -(unsafe.Offsetof(PollFd{}.Events) - 4)
	_ = -(unsafe.Offsetof(PollFd{}.Revents) - 6)
)
