package poll

import (
	"sync"
	"syscall"
	"unsafe"
)

// playedArrays holds copies of the callers' arrays, which are passed to Linux's kernel.
var playedArrays = sync.Pool{New: func() any { return new([]PollFd) }}

// linuxPoll calls ppoll(2). A nil ts means forever.
func linuxPoll(fds []PollFd, ts *syscall.Timespec) (n uintptr, errno syscall.Errno) {
	var left *syscall.Timespec // the kernel writes to it
	if ts != nil {
		own := *ts
		left = &own
	}
	n, _, errno = syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(unsafe.Pointer(left)), 0, 0, 0)
	return n, errno
}

// swap exchanges two bits of e. Calling it twice gives e again.
func swap(e, a, b Events) Events {
	if (e&a != 0) != (e&b != 0) {
		e ^= a | b
	}
	return e
}

func isPipe(fd int) bool {
	var stat syscall.Stat_t
	return syscall.Fstat(fd, &stat) == nil && stat.Mode&syscall.S_IFMT == syscall.S_IFIFO
}
