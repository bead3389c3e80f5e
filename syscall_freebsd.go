// The system calls of FreeBSD: poll(2) and ppoll(2).

package poll

import (
	"syscall"
	"time"
	"unsafe"
)

const (
	hasPoll    = true
	rechecks   = false // kern_poll_kfds in sys/kern/sys_generic.c does not
	probeFirst = false // with timeout 0 too, an idle entry costs a record

	// sys/kern/syscalls.master; package syscall has it on arm64 and riscv64 only.
	sysPpoll = 545
)

// Each pointer becomes a uintptr in the call itself, which keeps its target alive and in
// place (package unsafe, pattern 4).

// Only an ms of -1 means forever. Any other negative one is EINVAL.
func pollMillis(fds []PollFd, ms int) (n int, errno syscall.Errno) {
	r, _, errno := syscall.Syscall(syscall.SYS_POLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(ms))
	return int(r), errno
}

func pollExact(fds []PollFd, timeout time.Duration) (n int, errno syscall.Errno) {
	var tsp *syscall.Timespec // forever; the kernel does not write to it
	if timeout >= 0 {
		ts := syscall.NsecToTimespec(int64(timeout))
		tsp = &ts
	}
	r, _, errno := syscall.Syscall6(sysPpoll, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(unsafe.Pointer(tsp)), 0, 0, 0)
	return int(r), errno
}

// rawPoll calls Poll, since it is not known which poll functions of FreeBSD never block,
// and a raw call would save little beside what the kernel does for each idle entry.
func rawPoll(fds []PollFd) (n int, err error) { return Poll(fds, 0) }
