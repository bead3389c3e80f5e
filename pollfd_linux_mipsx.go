//go:build linux && (mips || mipsle || mips64 || mips64le)

// Linux on MIPS, 32 and 64 bits, both byte orders.

package poll

import "syscall"

// arch/mips/include/uapi/asm/poll.h
const (
	POLLWRNORM Events = POLLOUT // normal data can be written
	POLLWRBAND Events = 0x0100  // priority band data can be written
)

// sysPoll is the number of poll(2), arch/mips/kernel/syscalls.
const sysPoll = syscall.SYS_POLL
