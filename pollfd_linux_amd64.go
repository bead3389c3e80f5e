// Linux on amd64 (x86-64).

package poll

import "syscall"

// sysPoll is the number of poll(2), arch/x86/entry/syscalls/syscall_64.tbl.
const sysPoll = syscall.SYS_POLL
