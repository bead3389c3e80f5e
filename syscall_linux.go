// The system calls of Linux: poll(2) and ppoll(2).

package poll

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

const (
	// Android kills a process that calls poll(2) (its seccomp filter for apps).
	hasPoll = sysPoll != 0 && runtime.GOOS != "android"

	sysPpoll = syscall.SYS_PPOLL

	rechecks   = true // do_poll in fs/select.c checks all of fds again once the time is up
	probeFirst = true // with a timeout of 0, do_poll in fs/select.c enters no wait queue
)

// Each pointer becomes a uintptr in the call itself, which keeps its target alive and in
// place (package unsafe, pattern 4).

func pollMillis(fds []PollFd, ms int) (n int, errno syscall.Errno) {
	r, _, errno := syscall.Syscall(sysPoll, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(ms))
	return int(r), errno
}

func pollExact(fds []PollFd, timeout time.Duration) (n int, errno syscall.Errno) {
	var tsp *syscall.Timespec // the kernel writes to it (ppoll(2))
	if timeout >= 0 {
		ts := syscall.NsecToTimespec(int64(timeout))
		tsp = &ts
	}
	r, _, errno := syscall.Syscall6(sysPpoll, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(unsafe.Pointer(tsp)), 0, 0, 0)
	return int(r), errno
}

// rawPollGo is rawPoll without assembly. The assembly jumps to it if its system call fails,
// or fds is too long.
//
//lint:ignore U1000 syscall_linux.s uses it
func rawPollGo(fds []PollFd) (n int, err error) {
	if len(fds) > maxNfds {
		return 0, pollError(syscall.EINVAL)
	}
	r, errno := uintptr(0), syscall.ENOSYS
	if hasPoll {
		r, _, errno = syscall.RawSyscall6(sysPoll, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), 0, 0, 0, 0)
	}
	if errno == syscall.ENOSYS || errno == syscall.EPERM {
		var zero syscall.Timespec
		r, _, errno = syscall.RawSyscall6(sysPpoll, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(unsafe.Pointer(&zero)), 0, 0, 0)
	}
	switch errno {
	case 0:
		return int(r), nil
	case syscall.EINTR:
		clearRevents(fds) // the kernel found nothing: see deadline.poll
		return 0, nil
	}
	return 0, pollError(errno)
}
