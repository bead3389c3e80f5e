//go:build linux || darwin || freebsd || netbsd

// The descriptor that other goroutines make readable to end a wait.

package poll

import (
	"context"
	"runtime"
	"sync"
	"syscall"
)

// A Waker is a descriptor that any goroutine can make readable. Put its Fd next to other
// descriptors in an array, to end the wait from another goroutine. A Poller has its own
// Wake.
//
// A Waker is an eventfd(2) on Linux and a pipe(2) elsewhere, close-on-exec and
// non-blocking. Its Fd is reported as POLLIN from Wake until Reset, in every call of every
// waiter, and any number of Wakes count as one. Ask for POLLIN only, since an eventfd is
// always writable.
//
// NewWaker makes a Waker. The zero value is a closed one. A Waker must not be copied. Every
// method may be called from any goroutine at any time, and none of them waits.
//
// The garbage collector closes a Waker that is unreachable. Keep it reachable, with
// runtime.KeepAlive for example, while its descriptor is in use. Do not close, read or
// write that descriptor by other means.
type Waker struct {
	mu     sync.Mutex // held across the system calls, so Close cannot come between
	opened bool
	r, w   int // r is polled and read, w is written; an eventfd is both
}

// A Waker is larger than 16 bytes: the finalizer of a smaller value may never run, since
// the runtime may put several into one block (runtime.SetFinalizer).

// NewWaker returns a Waker that is not readable. The errors are those of eventfd(2) or
// pipe(2), such as EMFILE.
func NewWaker() (*Waker, error) {
	w := new(Waker)
	if errno := w.open(); errno != 0 {
		return nil, &Error{"open", -1, errno}
	}
	w.opened = true
	runtime.SetFinalizer(w, (*Waker).Close)
	return w, nil
}

// Fd returns the descriptor to wait on, or -1 if w is closed. Poll skips an entry of -1, so
// a closed Waker does not end a wait. If another goroutine may close w, call Fd before you
// start that goroutine. Fd makes no system call.
func (w *Waker) Fd() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.opened {
		return -1
	}
	return w.r
}

// Wake makes w readable. It costs one system call. It returns ErrClosed after Close.
func (w *Waker) Wake() error { return w.do("wake", (*Waker).signal) }

// Reset makes w unreadable until the next Wake. Call it before you check why you were
// woken. Otherwise a Wake between the check and Reset is lost. It costs one system call; if
// w is a pipe, one for every 512 Wakes since the last Reset. It returns ErrClosed after
// Close.
func (w *Waker) Reset() error { return w.do("reset", (*Waker).drain) }

func (w *Waker) do(op string, call func(*Waker) syscall.Errno) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.opened {
		return &Error{op, -1, ErrClosed}
	}
	// EAGAIN means that w is already in the desired state.
	if errno := call(w); errno != 0 && errno != syscall.EAGAIN {
		return &Error{op, -1, errno}
	}
	return nil
}

// Close closes the descriptor. To end a wait on it, call Wake first, and Close when no
// goroutine waits on Fd any more. A second Close returns ErrClosed.
func (w *Waker) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.opened {
		return &Error{"close", -1, ErrClosed}
	}
	w.opened = false
	runtime.SetFinalizer(w, nil)
	syscall.Close(w.r)
	if w.w != w.r {
		syscall.Close(w.w)
	}
	return nil
}

// abandon marks w as closed without closing its descriptors, whose numbers may belong to
// other files by now.
func (w *Waker) abandon() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opened = false
	runtime.SetFinalizer(w, nil)
}

// moveAbove moves w's descriptor fd to the next free number above it.
func (w *Waker) moveAbove(fd int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, uintptr(fd)+1)
	if errno == syscall.EINVAL {
		errno = syscall.EMFILE // fd+1 is RLIMIT_NOFILE (fcntl(2))
	}
	if errno != 0 {
		return &Error{"open", -1, errno}
	}
	if w.r == fd {
		w.r = int(n)
	}
	if w.w == fd {
		w.w = int(n)
	}
	syscall.Close(fd)
	return nil
}

// wakeOnDone wakes w when ctx is done. When stop has returned, no goroutine uses w or ctx.
func wakeOnDone(ctx context.Context, w *Waker) (stop func()) {
	ended := make(chan struct{})
	unregister := context.AfterFunc(ctx, func() {
		w.Wake()
		close(ended)
	})
	return func() {
		if !unregister() {
			<-ended
		}
	}
}
