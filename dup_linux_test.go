package poll

import "syscall"

// dup2(2), which the newer architectures do without.
func dup2(from, to int) error { return syscall.Dup3(from, to, syscall.O_CLOEXEC) }
