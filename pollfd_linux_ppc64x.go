//go:build linux && (ppc64 || ppc64le)

// Linux on 64-bit PowerPC, both byte orders.

package poll

import "syscall"

// sysPoll is the number of poll(2), arch/powerpc/kernel/syscalls/syscall.tbl.
const sysPoll = syscall.SYS_POLL
