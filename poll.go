//go:build linux || darwin || freebsd

// Poll and RawPoll, down to the system call.

package poll

import (
	"math"
	"syscall"
	"time"
)

// Forever is the timeout of a call that waits until there is something to
// report. Any negative timeout means the same.
const Forever time.Duration = -1

// Poll waits until one of the descriptors in fds is ready, and returns the number
// of entries whose Revents is not zero. It wraps poll(2) and, on Linux, ppoll(2).
//
//	timeout < 0   wait until there is something to report (Forever)
//	timeout == 0  do not wait
//	timeout > 0   wait at most that long; 0 is never returned earlier
//
// Poll sets Revents in every entry; after an error Revents are undefined. It does
// not change Fd or Events, and neither does Linux. Some kernels, such as Darwin's,
// write back the whole entry as they have read it, so do not change the array
// during the call. An entry with a negative Fd is skipped and its Revents is 0. An
// entry whose Fd is not open gets POLLNVAL. An empty array waits for the timeout.
//
// Any duration is valid. A signal never ends the wait: Poll retries with the time
// remaining on the monotonic clock, which does not count the time that the machine
// is suspended. Linux waits to the nanosecond, but may return late by the timer
// slack (prctl(2), usually 50 µs) or by 0.1 % of the timeout, at most 100 ms (0.5 %
// in a process with a positive nice value), whichever is greater. Darwin, and a
// Linux without ppoll(2), wait whole milliseconds, rounded up.
//
// The errors are ErrTooManyFds if there are more entries than the soft
// RLIMIT_NOFILE (on Darwin also if there are more than 10240), and the kernel's
// own, such as ENOMEM. Poll allocates nothing. Its cost is that of the system call,
// which grows with the number of entries. A call that waits occupies an
// operating-system thread. Any number of goroutines may call Poll if each has its
// own array.
func Poll(fds []PollFd, timeout time.Duration) (n int, err error) {
	d := newDeadline(timeout)
	return d.poll(fds)
}

// RawPoll is Poll with a timeout of 0 and the least overhead. Prefer Poll unless a
// measurement shows that it matters: the Go scheduler does not know of the system
// call, so until it returns no other goroutine runs in its place, and a garbage
// collection makes the whole program wait for it.
//
// Use it only on descriptors whose poll function in the kernel never blocks:
// pipes, FIFOs, sockets, eventfds, timerfds, pidfds, signalfds and inotify. That of
// a FUSE file waits for the file's server, that of a terminal for its driver, and
// that of a device may wait for a lock. The program then stops for as long as that
// takes, and forever if it is the server itself.
//
// On Darwin RawPoll is Poll(fds, 0).
func RawPoll(fds []PollFd) (n int, err error) { return rawPoll(fds) }

// A platform's syscall file must define:
//
//	hasPoll     whether pollMillis may be called
//	pollMillis  poll(2), where -1 means forever
//	pollExact   the same with the finest timeout that the kernel has, or rounded up
//	rawPoll     RawPoll
//
// pollMillis and pollExact let the scheduler run other goroutines meanwhile. They may
// return 0 or EINTR early, and write to all of fds. waker_GOOS.go and pollfd_GOOS.go
// define the rest.

// testCall replaces a system call other than RawPoll's, if it returns true. With it,
// tests count calls, and inject results that the kernel cannot be made to return.
var testCall func(isPoll bool, timeout time.Duration) (n int, errno syscall.Errno, done bool)

// A deadline tracks how much of a timeout remains.
type deadline struct {
	left time.Duration // < 0: forever, == 0: do not wait, > 0: at most that long
	at   time.Duration // when it ends, by clock; used if left is positive
}

func clock() time.Duration { return time.Since(epoch) }

var epoch = time.Now()

func newDeadline(timeout time.Duration) deadline {
	if timeout <= 0 {
		return deadline{left: timeout}
	}
	now := clock()
	return deadline{left: timeout, at: now + min(timeout, math.MaxInt64-now)} // saturate rather than overflow
}

func (d *deadline) update() {
	if d.left > 0 {
		d.left = max(d.at-clock(), 0)
	}
}

const (
	maxWait = math.MaxInt32 * time.Millisecond // of one call: a C int; its seconds fit 32 bits too
	maxNfds = math.MaxInt32                    // the kernel takes a C unsigned int
)

// poll calls the kernel until there is something to report or the deadline has passed.
// It is whole, and pollMillis is inlined, because in two functions it took 20 to 50 ns
// more: after a system call the processor mispredicts the returns to its callers.
func (d *deadline) poll(fds []PollFd) (n int, err error) {
	if len(fds) > maxNfds {
		return 0, pollError(syscall.EINVAL)
	}
	var pause time.Duration
	for other := false; ; {
		timeout := min(d.left, maxWait)
		whole := timeout < 0 || timeout%time.Millisecond == 0
		usePoll := hasPoll && whole != other // ppoll(2) takes 60 ns more
		var errno syscall.Errno
		var replaced bool
		if testCall != nil {
			n, errno, replaced = testCall(usePoll, timeout)
		}
		if replaced {
		} else if usePoll {
			n, errno = pollMillis(fds, millis(timeout))
		} else {
			n, errno = pollExact(fds, timeout)
		}

		switch errno {
		case 0:
			if n > 0 || d.left == 0 {
				return n, nil
			}
		case syscall.EINTR, syscall.EAGAIN:
		case syscall.ENOSYS, syscall.EPERM:
			// Missing, or forbidden by a seccomp filter. Nothing is remembered, since
			// a filter can be installed at any time.
			if hasPoll && !other {
				other = true
				continue
			}
			fallthrough
		default:
			return 0, pollError(errno)
		}
		other = false
		d.update()
		switch {
		case errno == 0 && d.left == 0:
			return 0, nil
		case errno == syscall.EINTR:
			// A signal ends poll(2) whatever SA_RESTART says (signal(7)). Retry.
		default:
			// Darwin, short of memory (EAGAIN) or early again and again (openradar
			// 37550628). Do not spin.
			if d.left > 0 {
				pause = min(pause, d.left)
			}
			time.Sleep(pause)
			pause = min(pause+time.Millisecond, 10*time.Millisecond)
			d.update()
		}
	}
}

// millis rounds up.
func millis(timeout time.Duration) int {
	if timeout < 0 {
		return -1
	}
	return int((timeout + time.Millisecond - 1) / time.Millisecond)
}

func pollError(errno syscall.Errno) error {
	if errno == syscall.EINVAL { // never the timeout, which is always valid
		return &Error{"poll", -1, ErrTooManyFds}
	}
	return &Error{"poll", -1, errno}
}
