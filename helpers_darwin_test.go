// The helpers that differ on Darwin.

package poll

import "syscall"

// isDarwin is whether the names of the event bits have Darwin's values.
const isDarwin = true

func dup2(from, to int) error { return syscall.Dup2(from, to) }
