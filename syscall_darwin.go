// The system calls on Darwin: poll(2), and the pipe(2) that ends a wait.
// Written from the sources of xnu; it was never run.

package poll

import (
	"syscall"
	"time"
	"unsafe"
)

// look1 would be a raw look; there is none.
func look1(fds []PollFd) (n int) { return -1 }

// poll1 is one system call. The timeout is that of Poll, and at most maxWait;
// a part of a millisecond is waited as a whole one. Only -1 means forever to
// the kernel, which takes any other negative number for a finite time.
func poll1(fds []PollFd, timeout time.Duration) (n int, errno syscall.Errno) {
	ms := -1
	if timeout >= 0 {
		ms = int((timeout + time.Millisecond - 1) / time.Millisecond)
	}
	// fds is the caller's parameter, which lives until the call returns, and
	// becomes a uintptr in the call itself (package unsafe, pattern 4).
	r, _, errno := syscall.Syscall(syscall.SYS_POLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(ms))
	return int(r), errno
}

// open makes w a pipe(2).
func (w *wakeup) open() syscall.Errno {
	// Without pipe2(2), a fork between the calls would hand the pipe on.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		errno, _ := err.(syscall.Errno)
		return errno
	}
	for _, fd := range p {
		syscall.CloseOnExec(fd)
		syscall.SetNonblock(fd, true)
	}
	w.r, w.w = p[0], p[1]
	return 0
}

func (w *wakeup) signal() {
	syscall.Write(w.w, []byte{0})
}

func (w *wakeup) drain() {
	var b [16]byte
	syscall.Read(w.r, b[:])
}
