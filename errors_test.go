//go:build linux || darwin || freebsd || netbsd

// Tests of the errors.

package poll

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"
)

// TestErrorValues checks the text of an Error, and the errors that errors.Is and errors.As
// find in it.
func TestErrorValues(t *testing.T) {
	for _, v := range []struct {
		err  *Error
		text string
		is   []error
		not  []error
	}{
		{
			&Error{"unregister", 7, ErrNotRegistered}, "poll: unregister fd 7: not registered",
			[]error{ErrNotRegistered}, []error{ErrClosed, ErrTooManyFds, ErrConcurrentPoll, syscall.EINVAL, syscall.EBADF},
		},
		{
			&Error{"register", -2, syscall.EBADF}, "poll: register fd -2: " + syscall.EBADF.Error(),
			[]error{syscall.EBADF}, []error{ErrNotRegistered, syscall.EINVAL},
		},
		{
			&Error{"poll", -1, ErrTooManyFds}, "poll: " + ErrTooManyFds.Error(),
			[]error{ErrTooManyFds, syscall.EINVAL}, []error{ErrClosed, syscall.ENOMEM},
		},
		{
			&Error{"poll", -1, ErrConcurrentPoll}, "poll: " + ErrConcurrentPoll.Error(),
			[]error{ErrConcurrentPoll}, []error{ErrClosed, syscall.EINVAL},
		},
		{
			&Error{"poll", -1, ErrClosed}, "poll: closed",
			[]error{ErrClosed, os.ErrClosed, fs.ErrClosed}, []error{ErrConcurrentPoll, syscall.EINVAL},
		},
		{ // from RegisterConn with a closed conn
			&Error{"register", -1, os.ErrClosed}, "poll: register: " + os.ErrClosed.Error(),
			[]error{os.ErrClosed}, []error{ErrClosed},
		},
		{
			&Error{"poll", 7, syscall.EBADF}, "poll: fd 7: " + syscall.EBADF.Error(),
			[]error{syscall.EBADF}, []error{syscall.EINVAL},
		},
		{
			&Error{"open", -1, syscall.EMFILE}, "poll: open: " + syscall.EMFILE.Error(),
			[]error{syscall.EMFILE}, []error{syscall.EINVAL},
		},
		{
			&Error{"wake", -1, ErrClosed}, "poll: wake: closed",
			[]error{ErrClosed, os.ErrClosed}, []error{ErrConcurrentPoll, syscall.EINVAL},
		},
	} {
		if got := v.err.Error(); got != v.text {
			t.Errorf("Error() = %q, want %q", got, v.text)
		}
		if got := v.err.Unwrap(); got != v.err.Err {
			t.Errorf("%v: Unwrap() = %v, want %v", v.err, got, v.err.Err)
		}
		wrapped := fmt.Errorf("elsewhere: %w", v.err)
		var e *Error
		if !errors.As(wrapped, &e) || e != v.err {
			t.Errorf("%v: not found with errors.As", v.err)
		}
		for _, target := range v.is {
			if !errors.Is(wrapped, target) {
				t.Errorf("%v: not %v to errors.Is", v.err, target)
			}
		}
		for _, target := range v.not {
			if errors.Is(wrapped, target) {
				t.Errorf("%v: is %v to errors.Is", v.err, target)
			}
		}
	}
	if !errors.Is(ErrTooManyFds, syscall.EINVAL) {
		t.Errorf("ErrTooManyFds is not EINVAL to errors.Is")
	}
	for _, errno := range []syscall.Errno{syscall.ENOMEM, syscall.EFAULT, syscall.EPERM} {
		if err := pollError(errno); !errors.Is(err, errno) || errors.Is(err, syscall.EINVAL) {
			t.Errorf("pollError(%v) = %v", errno, err)
		}
	}
}
