//go:build linux || darwin

// What can go wrong, and how it is said. Every error of this package is an
// *Error around one of the sentinels below or around the kernel's own errno;
// only PollContext also returns what its context says.

package poll

import (
	"errors"
	"strconv"
	"syscall"
)

// The conditions that are not the kernel's, to be looked for with errors.Is.
var (
	// ErrNotRegistered: Modify or Unregister of a descriptor that is not in
	// the set.
	ErrNotRegistered = errors.New("not registered")

	// ErrConcurrentPoll: a Poll of this Poller is under way already.
	ErrConcurrentPoll = errors.New("another call is under way")

	// ErrTooManyFds: more entries than the kernel takes in one call, which is
	// the soft RLIMIT_NOFILE on Linux. It is a syscall.EINVAL too.
	ErrTooManyFds error = tooManyFds{}

	// ErrClosed: the Poller was closed.
	ErrClosed = errors.New("poller is closed")
)

type tooManyFds struct{}

func (tooManyFds) Error() string { return "more descriptors than RLIMIT_NOFILE" }
func (tooManyFds) Unwrap() error { return syscall.EINVAL }

// Error says which operation failed, on which descriptor, and why. Every error
// of this package is one, but for that of a context.
type Error struct {
	Op  string // the method, in lower case: "poll", "register", "unregister", ...
	Fd  int    // the descriptor; -1 where none is meant
	Err error  // one of the sentinels, a syscall.Errno, or what a conn said
}

// Error returns a text such as "poll: unregister fd 7: not registered".
func (e *Error) Error() string {
	s := "poll: " + e.Op
	if e.Fd != -1 {
		s += " fd " + strconv.Itoa(e.Fd)
	}
	return s + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// pollError is the error of a poll(2) that failed with errno.
func pollError(errno syscall.Errno) error {
	if errno == syscall.EINVAL {
		// The time given to the kernel is always a valid one, so that the
		// number of entries is the only other thing EINVAL can be about.
		return &Error{"poll", -1, ErrTooManyFds}
	}
	return &Error{"poll", -1, errno}
}
