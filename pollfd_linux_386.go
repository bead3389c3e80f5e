// Linux on 386 (x86, 32 bits).

package poll

import "syscall"

// sysPoll is the number of poll(2), arch/x86/entry/syscalls/syscall_32.tbl.
const sysPoll = syscall.SYS_POLL
