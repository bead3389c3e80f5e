//go:build linux && (arm64 || riscv64 || loong64)

package main

import "syscall"

// trap is the system call behind RawPoll, and noWait its timeout.
const trap = syscall.SYS_PPOLL

var noWait = new(syscall.Timespec)
