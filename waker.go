//go:build linux || darwin || freebsd

// The descriptor that other goroutines make readable, to end a wait.

package poll

import (
	"context"
	"runtime"
	"sync"
	"syscall"
)

// A Waker is a descriptor that any goroutine can make readable. Wait for its Fd next
// to other descriptors, in an array or a Poller, to be woken from another goroutine.
// To wake a Poller you need not make a Waker: call Poller.Wake.
//
// A Waker is an eventfd(2) on Linux and a pipe(2) on Darwin, close-on-exec and
// non-blocking. Its Fd is reported as POLLIN from Wake until Reset. This is a state:
// any number of waiters see it, in any number of calls, and any number of Wakes
// count as one. Ask for POLLIN only, since an eventfd is always writable.
//
// NewWaker makes a Waker; the zero value is a closed one. It must not be copied.
// Every method may be called from any goroutine at any time, and none of them waits.
//
// A Waker that is not reachable any more is closed by the garbage collector. Keep it
// reachable, with runtime.KeepAlive for example, while a wait uses its descriptor.
// Do not close, read or write that descriptor by other means.
type Waker struct {
	mu     sync.Mutex // held across the system calls, so that Close cannot come between
	opened bool
	r, w   int // polled and read; written. An eventfd is both.
}

// A finalizer may never run for a value of less than 16 bytes, which the runtime may put
// into one block with others (runtime.SetFinalizer). A Waker has more.

// NewWaker returns a Waker that is not readable. The errors are those of eventfd(2)
// or pipe(2), such as EMFILE.
func NewWaker() (*Waker, error) {
	w := new(Waker)
	if errno := w.open(); errno != 0 {
		return nil, &Error{"open", -1, errno}
	}
	w.opened = true
	runtime.SetFinalizer(w, (*Waker).Close)
	return w, nil
}

// Fd returns the descriptor to wait for, or -1 if w is closed.
func (w *Waker) Fd() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.opened {
		return -1
	}
	return w.r
}

// Wake makes w readable. It costs one system call. It returns ErrClosed after
// Close.
func (w *Waker) Wake() error { return w.do("wake", (*Waker).signal) }

// Reset makes w not readable, until the next Wake. Call it before you look for the
// reason of the Wake: otherwise a Wake between the two is lost. It costs one system
// call, or on Darwin one for every 512 Wakes. It returns ErrClosed after Close.
func (w *Waker) Reset() error { return w.do("reset", (*Waker).drain) }

func (w *Waker) do(op string, call func(*Waker) syscall.Errno) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.opened {
		return &Error{op, -1, ErrClosed}
	}
	if errno := call(w); errno != 0 && errno != syscall.EAGAIN { // EAGAIN: it is so already
		return &Error{op, -1, errno}
	}
	return nil
}

// Close closes the descriptor. That does not end a wait for it; call Wake before. A
// second Close returns ErrClosed.
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

// abandon makes w closed without closing its numbers.
func (w *Waker) abandon() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opened = false
	runtime.SetFinalizer(w, nil)
}

// moveAbove gives w's descriptor fd the next free number above it.
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

// wakeOnDone wakes w when ctx is done. After stop no goroutine uses w or ctx.
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
