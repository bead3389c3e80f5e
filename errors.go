//go:build linux || darwin || freebsd || netbsd

// The errors of the package. Every error is an *Error, except those of a context, which are
// returned unchanged.

package poll

import (
	"errors"
	"io/fs"
	"strconv"
	"syscall"
)

// The sentinel errors. Test for them with errors.Is.
var (
	// ErrNotRegistered is returned by Modify, Disable, Attach and Unregister for a
	// descriptor that is not registered.
	ErrNotRegistered = errors.New("not registered")

	// ErrConcurrentPoll is returned by Poll and PollContext while another call of either is
	// under way on the same Poller.
	ErrConcurrentPoll = errors.New("another call is under way")

	// ErrTooManyFds is returned if a call has more entries than the kernel's limit: the
	// soft RLIMIT_NOFILE on Linux, kern.maxfilesperproc (at least 1024) on FreeBSD, the
	// hard RLIMIT_NOFILE plus 1000 on NetBSD, 10240 on Darwin. errors.Is(err,
	// syscall.EINVAL) holds as well.
	ErrTooManyFds error = tooManyFds{}

	// ErrClosed is returned by methods of a closed Poller or Waker. errors.Is(err,
	// os.ErrClosed) holds as well.
	ErrClosed error = closed{}
)

type closed struct{}

func (closed) Error() string { return "closed" }
func (closed) Unwrap() error { return fs.ErrClosed } // which is os.ErrClosed

type tooManyFds struct{}

func (tooManyFds) Error() string { return "more descriptors than the kernel allows" }
func (tooManyFds) Unwrap() error { return syscall.EINVAL }

// Error describes an operation that failed.
type Error struct {
	// Op is "poll", "register", "modify", "disable", "attach", "unregister", "wake",
	// "reset", "close" or "open".
	Op  string
	Fd  int   // the descriptor, or -1 if the error is not about one
	Err error // a sentinel error, a syscall.Errno, or an error of a conn
}

// Error returns a text such as "poll: unregister fd 7: not registered". It begins with the
// package's name, so an Op of "poll" is not repeated: "poll: closed".
func (e *Error) Error() string {
	s := "poll: "
	if e.Op != "poll" {
		s += e.Op
		if e.Fd == -1 {
			s += ": "
		} else {
			s += " "
		}
	}
	if e.Fd != -1 {
		s += "fd " + strconv.Itoa(e.Fd) + ": "
	}
	return s + e.Err.Error()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }
