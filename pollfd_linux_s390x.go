// Linux on s390x.

package poll

import "syscall"

// sysPoll is the number of poll(2), arch/s390/kernel/syscalls.
const sysPoll = syscall.SYS_POLL
