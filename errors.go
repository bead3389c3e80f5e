//go:build linux || darwin

// The errors of the package. Only those of a context are not an *Error.

package poll

import (
	"errors"
	"strconv"
	"syscall"
)

// The errors that are not the kernel's. Test for them with errors.Is.
var (
	// ErrNotRegistered is returned by Modify, Attach and Unregister for a
	// descriptor that is not registered.
	ErrNotRegistered = errors.New("not registered")

	// ErrConcurrentPoll is returned by Poll and PollContext while another
	// call of either is under way on the same Poller.
	ErrConcurrentPoll = errors.New("another call is under way")

	// ErrTooManyFds is returned if a call has more entries than the kernel
	// accepts, which on Linux is the soft RLIMIT_NOFILE. It is a
	// syscall.EINVAL as well.
	ErrTooManyFds error = tooManyFds{}

	// ErrClosed is returned by calls on a closed Poller or Waker.
	ErrClosed = errors.New("closed")
)

type tooManyFds struct{}

func (tooManyFds) Error() string { return "more descriptors than RLIMIT_NOFILE" }
func (tooManyFds) Unwrap() error { return syscall.EINVAL }

// Error is an operation that failed, the descriptor, and the reason.
type Error struct {
	Op  string // "poll", "register", "modify", "attach", "unregister", "wake", "reset", "close" or "open"
	Fd  int    // the descriptor; -1 if the error is not about one
	Err error  // a value from above, a syscall.Errno, or the error of a syscall.Conn
}

// Error returns a text such as "poll: unregister fd 7: not registered". An Op of
// "poll" is left out, since the text begins with it already: "poll: closed".
func (e *Error) Error() string { return "poll: " + e.text() }

func (e *Error) text() string {
	s := ""
	if e.Op != "poll" {
		s = e.Op
	}
	if e.Fd != -1 {
		if s != "" {
			s += " "
		}
		s += "fd " + strconv.Itoa(e.Fd)
	}
	if s != "" {
		s += ": "
	}
	if inner, ok := e.Err.(*Error); ok {
		return s + inner.text()
	}
	return s + e.Err.Error()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }
