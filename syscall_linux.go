// The system calls of Linux: poll(2) and ppoll(2).

package poll

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// hasPoll is whether poll(2) may be called. Android's seccomp filter kills a
// process that does on every 64-bit architecture.
const hasPoll = sysPoll != 0 && runtime.GOOS != "android"

// pollOnce calls poll(2) for a timeout of whole milliseconds, which forever and 0
// are, and ppoll(2) otherwise. If that is missing (ENOSYS) or forbidden by a
// seccomp filter (EPERM), it calls the other; neither fails so by itself.
// Nothing is remembered, since a filter can be installed at any time.
//
// This is one function because a return that follows a system call costs up to
// 20 ns.
func pollOnce(fds []PollFd, timeout time.Duration) (n int, errno syscall.Errno) {
	// fds is a parameter and lives until the call returns. Each pointer becomes
	// a uintptr in the call itself, which keeps its target alive and in place
	// (package unsafe, pattern 4).
	p, nfds := unsafe.SliceData(fds), uintptr(len(fds))
	usePoll := hasPoll && (timeout < 0 || timeout%time.Millisecond == 0)
	for other := false; ; other = true {
		var r uintptr
		replaced := false
		if testCall != nil {
			n, errno, replaced = testCall(usePoll, timeout)
			r = uintptr(n)
		}
		switch {
		case replaced:
		case usePoll:
			ms := -1
			if timeout >= 0 {
				ms = int((timeout + time.Millisecond - 1) / time.Millisecond)
			}
			r, _, errno = syscall.Syscall(sysPoll, uintptr(unsafe.Pointer(p)), nfds, uintptr(ms))
		default:
			var tsp *syscall.Timespec
			if timeout >= 0 {
				// Made anew for each call: the kernel writes the time that is
				// left into it (ppoll(2), "C library/kernel differences").
				ts := syscall.NsecToTimespec(int64(timeout))
				tsp = &ts
			}
			r, _, errno = syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(p)), nfds, uintptr(unsafe.Pointer(tsp)), 0, 0, 0)
		}
		if !missing(errno) || !hasPoll || other {
			return int(r), errno
		}
		usePoll = !usePoll
	}
}

func missing(errno syscall.Errno) bool {
	return errno == syscall.ENOSYS || errno == syscall.EPERM
}

// rawPoll calls poll(2) or ppoll(2), as pollOnce does, with a timeout of 0.
func rawPoll(fds []PollFd) (n int, err error) {
	for len(fds) <= maxNfds {
		if hasPoll {
			n = rawCall(sysPoll, fds, nil)
		}
		if !hasPoll || n < 0 && missing(syscall.Errno(-n)) {
			var zero syscall.Timespec
			n = rawCall(syscall.SYS_PPOLL, fds, unsafe.Pointer(&zero))
		}
		if n >= 0 {
			return n, nil
		}
		if errno := syscall.Errno(-n); errno != syscall.EINTR {
			return 0, pollError(errno)
		}
	}
	return 0, pollError(syscall.EINVAL)
}
