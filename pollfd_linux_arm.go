// Linux on arm (32 bits, EABI).

package poll

import "syscall"

// sysPoll is the number of poll(2), arch/arm/tools/syscall.tbl.
const sysPoll = syscall.SYS_POLL
