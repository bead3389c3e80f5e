//go:build linux || darwin

// The descriptor that ends a wait from outside.

package poll

import (
	"runtime"
	"syscall"
)

// A wakeup is a descriptor that other goroutines can make readable: an
// eventfd on Linux, a pipe on Darwin, close-on-exec and non-blocking. Each
// platform's file has its open, signal and drain; the last two never wait, and
// what could fail about them (EAGAIN) says that w is as it should be already.
type wakeup struct {
	r, w int // polled and read, written; one and the same for an eventfd
}

// newWakeup opens a wakeup that is closed when it is dropped.
func newWakeup() (*wakeup, syscall.Errno) {
	w := new(wakeup)
	if errno := w.open(); errno != 0 {
		return nil, errno
	}
	runtime.SetFinalizer(w, (*wakeup).close)
	return w, 0
}

func (w *wakeup) close() {
	runtime.SetFinalizer(w, nil)
	syscall.Close(w.r)
	if w.w != w.r {
		syscall.Close(w.w)
	}
}

// raise gives w's descriptor fd the next free number above it.
func (w *wakeup) raise(fd int) syscall.Errno {
	n, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, uintptr(fd)+1)
	if errno == syscall.EINVAL {
		errno = syscall.EMFILE // fd+1 is RLIMIT_NOFILE: fcntl(2)
	}
	if errno != 0 {
		return errno
	}
	if w.r == fd {
		w.r = int(n)
	}
	if w.w == fd {
		w.w = int(n)
	}
	syscall.Close(fd)
	return 0
}
