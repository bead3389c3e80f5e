// The helpers that differ on Darwin.

package poll

import "syscall"

// isDarwin is whether the names of the event bits have Darwin's values.
const isDarwin = true

// returnsEarly is whether poll(2) may return 0 before its time.
const returnsEarly = true

func dup2(from, to int) error { return syscall.Dup2(from, to) }
