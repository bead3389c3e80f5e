//go:build linux || darwin

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
//	timeout > 0   wait at most that long; never return 0 earlier
//
// Poll sets Revents in every entry; after an error they are undefined. It never
// writes Fd and Events, and neither does Linux; some other kernels write back
// what they have read. An entry with a negative Fd is skipped and its Revents is
// 0. An entry whose Fd is not open has POLLNVAL. With no entries Poll waits for
// the timeout.
//
// Any duration is valid. A signal never ends the wait: Poll retries with the
// time remaining on the monotonic clock, which does not count the time that the
// machine is suspended. Linux waits to the nanosecond, but may return late by
// the greater of the timer slack (prctl(2), usually 50 µs) and 0.1 % of the
// timeout (0.5 % in a process with a positive nice value), at most 100 ms. Darwin,
// and a Linux without ppoll(2), wait whole milliseconds, rounded up.
//
// The errors are ErrTooManyFds if there are more entries than RLIMIT_NOFILE
// (on Darwin also if there are more than 10240), and the kernel's own, such as
// ENOMEM. Poll allocates nothing. It costs what the system call costs, which
// grows with the number of entries. A call that waits occupies an
// operating-system thread. Any number of goroutines may call Poll, each with an
// array of its own.
func Poll(fds []PollFd, timeout time.Duration) (n int, err error) {
	d := newDeadline(timeout)
	return d.poll(fds)
}

// RawPoll is Poll with a timeout of 0 for those who measure: the cheapest poll
// there is. The Go scheduler is not told of the system call, so until it returns
// no other goroutine runs on its processor, and a garbage collection makes the
// whole program wait for it.
//
// Use it only on descriptors whose poll handler in the kernel never sleeps:
// pipes, FIFOs, sockets, eventfds, timerfds, pidfds, signalfds and inotify. The
// handler of a FUSE file waits for its server, that of a terminal for its
// driver, those of devices for a mutex. The call then stops the program for as
// long, and forever if the server is in the same program. No descriptor says
// which kind it is, so only the caller can know.
//
// On Darwin it is Poll(fds, 0).
func RawPoll(fds []PollFd) (n int, err error) { return rawPoll(fds) }

// A platform's syscall file must define:
//
//	hasPoll     whether pollMillis may be called
//	pollMillis  poll(2), where -1 means forever
//	pollExact   the same with the finest timeout there is, rounded up if need be
//	rawPoll     RawPoll
//
// pollMillis and pollExact tell the scheduler. They may return 0 or EINTR early, and
// write to all of fds.

// testCall replaces a system call other than RawPoll's, if it returns true. With it,
// tests count calls, and inject results that the kernel cannot be made to return.
var testCall func(isPoll bool, timeout time.Duration) (n int, errno syscall.Errno, done bool)

// A deadline tracks how much of a timeout remains.
type deadline struct {
	left time.Duration // < 0: forever, == 0: do not wait, > 0: at most that long
	at   time.Duration // by the clock, if left was positive
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
// It stays whole, and pollMillis is inlined, because a frame more costs 30 to 50 ns: on
// return from a system call the processor has forgotten where its callers are.
func (d *deadline) poll(fds []PollFd) (n int, err error) {
	if len(fds) > maxNfds {
		return 0, pollError(syscall.EINVAL)
	}
	var pause time.Duration
	for other := false; ; {
		timeout := min(d.left, maxWait)
		usePoll := hasPoll && (timeout < 0 || timeout%time.Millisecond == 0) != other
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
			// Whatever SA_RESTART says, and with a timeout of 0 too (signal(7)).
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
