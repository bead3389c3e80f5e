//go:build linux || darwin

// Waiting for one descriptor, once.

package poll

import (
	"context"
	"math"
	"syscall"
	"time"
)

// Wait waits until fd is ready for one of events, and returns what is reported of
// it, or 0 when the time is up. The timeout is that of Poll. A descriptor that is
// not open is POLLNVAL.
//
// The errors are EBADF, if fd is negative or over math.MaxInt32, and those of
// Poll. Wait allocates nothing and costs one system call. Any number of
// goroutines may call it, for the same descriptor too.
func Wait(fd int, events Events, timeout time.Duration) (Events, error) {
	if !validFd(fd) {
		return 0, &Error{"poll", fd, syscall.EBADF}
	}
	fds := [1]PollFd{{Fd: int32(fd), Events: events}}
	if _, err := Poll(fds[:], timeout); err != nil {
		return 0, err
	}
	return fds[0].Revents, nil
}

func validFd(fd int) bool { return fd >= 0 && fd <= math.MaxInt32 }

// WaitContext waits until fd is ready for one of events, and returns what is
// reported of it, or until ctx is done, and returns 0 and ctx.Err(). If ctx is
// done already it polls nothing. A descriptor that is not open is POLLNVAL.
//
// The errors are EBADF as for Wait, EINVAL if ctx is nil, those of Poll, and those
// of NewWaker: a call that has to wait and whose ctx can be done uses a Waker
// until it returns. No descriptor and no goroutine stays behind. Any number of
// goroutines may call WaitContext, for the same descriptor too.
func WaitContext(ctx context.Context, fd int, events Events) (Events, error) {
	switch {
	case !validFd(fd):
		return 0, &Error{"poll", fd, syscall.EBADF}
	case ctx == nil:
		return 0, &Error{"poll", fd, syscall.EINVAL}
	case ctx.Done() == nil:
		return Wait(fd, events, Forever)
	case ctx.Err() != nil:
		return 0, ctx.Err()
	}
	if revents, err := Wait(fd, events, 0); revents != 0 || err != nil {
		return revents, err
	}
	w, err := NewWaker()
	if err != nil {
		return 0, &Error{"poll", fd, err}
	}
	defer w.Close()
	if fd == w.r || fd == w.w {
		return POLLNVAL, nil // it was closed, and w has got its number
	}
	defer wakeOnDone(ctx, w)()
	fds := [2]PollFd{{Fd: int32(fd), Events: events}, {Fd: int32(w.r), Events: POLLIN}}
	if _, err := Poll(fds[:], Forever); err != nil {
		return 0, err
	}
	if fds[0].Revents == 0 {
		return 0, ctx.Err()
	}
	return fds[0].Revents, nil
}
