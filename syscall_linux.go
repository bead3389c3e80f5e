// The system calls on Linux: poll(2) or ppoll(2), and the eventfd(2) that ends
// a wait.

package poll

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// hasPoll says whether poll(2) can be called. The seccomp filter of Android
// kills the process for it, on every architecture.
const hasPoll = sysPoll != 0 && runtime.GOOS != "android"

// rawMax is the greatest number of descriptors that are looked at without
// telling the scheduler. A raw look keeps its processor (P) to itself, so that
// a garbage collection that wants to stop the world waits for it. 128 take some
// 6 microseconds; the median pause of BenchmarkStopTheWorld is then that of a
// goroutine which only counts. Telling the scheduler costs as much as one or two
// more descriptors (BenchmarkLook, impl=syscall).
const rawMax = 128

// look1 is one raw system call that doesn't wait, or -1 if it can't be used or
// has nothing to tell but an errno.
func look1(fds []PollFd) (n int) {
	if len(fds) > rawMax || testPoll1 != nil {
		return -1
	}
	if hasPoll {
		return rawPoll(sysPoll, fds, nil)
	}
	var zero syscall.Timespec
	return rawPoll(syscall.SYS_PPOLL, fds, unsafe.Pointer(&zero))
}

// poll1 is one system call: ppoll(2) where a part of a millisecond counts or
// where there is nothing else, and poll(2) otherwise. The timeout is that of
// Poll, and at most maxWait; how long is waited at the most is up to the
// kernel's clock, and a signal ends it with EINTR.
func poll1(fds []PollFd, timeout time.Duration) (n int, errno syscall.Errno) {
	// fds is the caller's parameter, which lives until the call returns. Where
	// a pointer becomes a uintptr, it does so in the call itself, which keeps
	// what it points at alive and in place (package unsafe, pattern 4).
	p, nfds := unsafe.SliceData(fds), uintptr(len(fds))
	var r uintptr
	switch {
	case hasPoll && (timeout < 0 || timeout%time.Millisecond == 0):
		ms := -1
		if timeout >= 0 {
			ms = int(timeout / time.Millisecond)
		}
		r, _, errno = syscall.Syscall(sysPoll, uintptr(unsafe.Pointer(p)), nfds, uintptr(ms))
	default:
		var tsp *syscall.Timespec
		if timeout >= 0 {
			// Made anew for each call, since the kernel writes the time that
			// is left into it: ppoll(2), "C library/kernel differences".
			ts := syscall.NsecToTimespec(int64(timeout))
			tsp = &ts
		}
		r, _, errno = syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(p)), nfds, uintptr(unsafe.Pointer(tsp)), 0, 0, 0)
	}
	return int(r), errno
}

// open makes w an eventfd(2), whose flags are those of open(2) on every
// architecture (include/linux/eventfd.h).
func (w *wakeup) open() syscall.Errno {
	fd, _, errno := syscall.RawSyscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	w.r, w.w = int(fd), int(fd)
	return errno
}

func (w *wakeup) signal() {
	one := uint64(1)
	syscall.RawSyscall(syscall.SYS_WRITE, uintptr(w.w), uintptr(unsafe.Pointer(&one)), 8)
}

func (w *wakeup) drain() {
	var count uint64
	syscall.RawSyscall(syscall.SYS_READ, uintptr(w.r), uintptr(unsafe.Pointer(&count)), 8)
}
