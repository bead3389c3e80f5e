//go:build linux || darwin || freebsd || netbsd

// Waiting on one descriptor, once.

package poll

import (
	"context"
	"math"
	"syscall"
	"time"
)

// Wait waits until fd is ready for one of events, and returns the events reported for it,
// or 0 when the time is up. The timeout works as in Poll, and so does what is reported of a
// descriptor that is not open.
//
// In non-blocking mode, read first and call Wait only after EAGAIN: that saves a system
// call if there is data.
//
// The errors are EBADF, if fd is negative or over math.MaxInt32, and those of Poll. Wait
// allocates nothing and costs as much as Poll of one entry. Any number of goroutines may
// call it, for the same descriptor too.
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

// WaitContext waits until fd is ready for one of events or ctx is done. It returns the
// events reported for fd, or 0 and ctx.Err(). If ctx is already done, it does not poll. A
// descriptor that is not open is reported as in Poll.
//
// If it has to wait and ctx can be canceled, it makes a Waker and calls context.AfterFunc.
// On Linux that costs three more system calls than Wait, a few allocations, and one
// descriptor while it waits. In a busy loop use a Poller, or Poll with a Waker that you
// keep.
//
// The errors are EBADF as for Wait, EINVAL if ctx is nil, those of Poll, and those of
// NewWaker. WaitContext leaves no descriptor and no goroutine behind. Any number of
// goroutines may call it, for the same descriptor too. If it runs in Control of a
// syscall.RawConn, Close of that conn may block until it returns.
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
	revents, err := Wait(fd, events, 0)
	for revents == 0 && err == nil && ctx.Err() == nil {
		revents, err = waitWoken(ctx, fd, events)
	}
	if revents == 0 && err == nil {
		err = ctx.Err()
	}
	return revents, err
}

// waitWoken returns when fd is ready, ctx is done, or somebody has closed its Waker.
func waitWoken(ctx context.Context, fd int, events Events) (Events, error) {
	w, err := NewWaker()
	if err != nil {
		return 0, err
	}
	defer w.Close()
	if fd == w.r || fd == w.w {
		return POLLNVAL, nil // fd was closed, and w was given its number
	}
	defer wakeOnDone(ctx, w)()
	fds := [2]PollFd{{Fd: int32(fd), Events: events}, {Fd: int32(w.r), Events: POLLIN}}
	_, err = Poll(fds[:], Forever)
	if err != nil {
		return 0, err
	}
	if fds[1].Revents&^POLLIN != 0 {
		w.abandon() // its number may be another file's by now
	}
	return fds[0].Revents, nil
}
