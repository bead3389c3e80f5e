//go:build linux || darwin || freebsd

// Poll and RawPoll, down to the system call.

package poll

import (
	"math"
	"syscall"
	"time"
)

// Forever is the timeout of a call that waits until there is something to report. Any
// negative timeout means the same.
const Forever time.Duration = -1

// Until returns the timeout for a wait that is to end at t: the time until t, or 0 if t
// has passed. For the zero Time, which is no deadline in package net too, it returns
// Forever. It returns the longest Duration if t is further away than that.
//
// Use it instead of time.Until, which is negative if t has passed, and so would wait
// forever. The end of the wait does not move if the system clock is set meanwhile, even
// if t has no monotonic clock reading.
func Until(t time.Time) time.Duration {
	if t.IsZero() {
		return Forever
	}
	return max(time.Until(t), 0)
}

// Poll waits until a descriptor in fds is ready, and returns the number of entries whose
// Revents is not 0. It wraps poll(2) and, where the system has it, ppoll(2).
//
//	timeout < 0   wait until there is something to report (Forever)
//	timeout == 0  do not wait
//	timeout > 0   wait at most that long; return 0 only after that
//
// Compute a timeout from a deadline with [Until]. If something is always ready, even a
// call with timeout 0 reports it, so a loop that reads and discards must check its
// deadline itself.
//
// Poll sets Revents in every entry. After an error, Revents are undefined. It does not
// change Fd or Events, but some kernels, such as Darwin's, write back the whole entry as
// they have read it, so do not change the array during the call. An entry with a negative
// Fd is skipped, and its Revents is 0. So an array with the Fd of a closed [Waker], -1,
// has nothing to end the wait. An entry whose Fd is not open gets POLLNVAL. An empty array
// waits for the timeout.
//
// Any duration is valid. If a signal interrupts the call, Poll retries with the time
// remaining, and finally once without waiting. If a signal interrupts a call that does not
// wait, Poll returns 0: the kernel has then checked all entries and found nothing. Time is
// measured on the monotonic clock, which stops while the machine is suspended. Linux and
// FreeBSD wait to the nanosecond, but may return late: Linux by the timer slack (prctl(2),
// usually 50 µs) or 0.1 % of the timeout, whichever is greater, at most 100 ms (0.5 % in a
// process with a positive nice value); FreeBSD by up to 1/16 of the timeout. Darwin, and a
// Linux without ppoll(2), wait whole milliseconds, rounded up. In a testing/synctest
// bubble, where the clock stands still during a system call, the kernel's clock counts, and
// after a signal or a change of a Poller the timeout may start again.
//
// The errors are ErrTooManyFds if there are more entries than the kernel's limit, and the
// kernel's own, such as ENOMEM. Poll allocates nothing. It costs a system call, which grows
// with the number of entries. While it waits it occupies an operating-system thread. Any
// number of goroutines may call Poll at the same time, each with its own array.
func Poll(fds []PollFd, timeout time.Duration) (n int, err error) {
	d := newDeadline(timeout)
	return d.poll(fds)
}

// RawPoll is Poll with a timeout of 0 and the least overhead. Prefer Poll unless a
// measurement shows that it matters: the Go scheduler does not know about the system
// call, so until it returns no other goroutine runs in its place, and a garbage
// collection makes the whole program wait for it. On Linux that is about 50 ns for each
// entry.
//
// Use it only on descriptors whose poll function in the kernel never blocks: pipes,
// FIFOs, TCP, UDP and Unix sockets, eventfds, timerfds, pidfds, signalfds and inotify.
// That of a FUSE file waits for the file's server, that of a terminal for its driver, and
// that of a device or of another kind of socket (AF_VSOCK, AF_XDP) may wait for a lock or
// do work. The whole program then stops for as long as that takes, and forever if it is
// the server itself.
//
// Arguments, results and errors are those of Poll. On Darwin and FreeBSD RawPoll is
// Poll(fds, 0).
func RawPoll(fds []PollFd) (n int, err error) { return rawPoll(fds) }

// The kernel layer. For each system, pollfd_GOOS.go, syscall_GOOS.go and waker_GOOS.go
// define:
//
//	const hasPoll bool
//		whether pollMillis may be called
//	func pollMillis(fds []PollFd, ms int) (n int, errno syscall.Errno)
//		poll(2); ms is at least -1, which waits forever
//	func pollExact(fds []PollFd, timeout time.Duration) (n int, errno syscall.Errno)
//		the same, with the finest timeout that the kernel has, rounded up;
//		a negative one waits forever
//	func rawPoll(fds []PollFd) (n int, err error)
//		RawPoll
//	const probeFirst bool
//		whether a Poller may save time by polling without waiting before it waits
//	const POLLWRNORM, POLLWRBAND, pollRDHUP Events
//		the event bits that differ between systems; 0 if there is none
//	func (w *Waker) open() syscall.Errno
//		makes w.r and w.w, close-on-exec and non-blocking
//	func (w *Waker) signal() syscall.Errno
//		makes w.r readable; EAGAIN means that it is
//	func (w *Waker) drain() syscall.Errno
//		makes w.r unreadable; EAGAIN means that it is
//
// pollMillis and pollExact tell the scheduler, so other goroutines run meanwhile. They may
// return 0, EINTR or EAGAIN early, and write to all of fds.

// testCall, if set, runs before every system call except RawPoll's, and replaces it if
// done is true. Tests use it to count calls, and to inject results that the kernel
// cannot be made to return.
var testCall func(isPoll bool, timeout time.Duration) (n int, errno syscall.Errno, done bool)

// A deadline tracks how much of a timeout remains.
type deadline struct {
	left time.Duration // < 0: forever, == 0: do not wait, > 0: at most that long
	end  time.Duration // by clock; used if left is positive
}

func clock() time.Duration { return time.Since(epoch) }

var epoch = time.Now()

func newDeadline(timeout time.Duration) deadline {
	if timeout <= 0 {
		return deadline{left: timeout}
	}
	now := clock() // negative in a testing/synctest bubble, which begins in the year 2000
	end := now + timeout
	if end < now {
		end = math.MaxInt64 // saturate rather than overflow
	}
	return deadline{left: timeout, end: end}
}

func (d *deadline) update() {
	if d.left > 0 {
		d.left = max(d.end-clock(), 0)
	}
}

// timedOut is update after the kernel has waited for timeout. If the clock has stood
// still, as it does in a testing/synctest bubble, it goes by the kernel's.
func (d *deadline) timedOut(timeout time.Duration) {
	before := d.left
	d.update()
	if timeout > 0 && d.left == before {
		d.left -= timeout
		d.end -= timeout
	}
}

const (
	maxWait = math.MaxInt32 * time.Millisecond // the longest single wait: its milliseconds fit a C int, its seconds 32 bits
	maxNfds = math.MaxInt32                    // the kernel takes a C unsigned int
)

// poll calls the kernel until there is something to report or the deadline has passed.
// Keep this one function, with pollMillis inlined: split in two it was 20 to 50 ns
// slower, since after a system call the processor mispredicts the returns to callers.
func (d *deadline) poll(fds []PollFd) (n int, err error) {
	if len(fds) > maxNfds {
		return 0, pollError(syscall.EINVAL)
	}
	var pause time.Duration
	for standIn := false; ; {
		timeout := min(d.left, maxWait)
		usePoll := hasPoll && (timeout < 0 || timeout%time.Millisecond == 0) // ppoll(2) takes 60 ns more
		if standIn {
			usePoll = !usePoll
		}
		var errno syscall.Errno
		done := false
		if testCall != nil {
			n, errno, done = testCall(usePoll, timeout)
		}
		switch {
		case done:
		case usePoll:
			n, errno = pollMillis(fds, millis(timeout))
		default:
			n, errno = pollExact(fds, timeout)
		}

		switch errno {
		case 0:
			if n > 0 {
				return n, nil
			}
			if d.timedOut(timeout); d.left == 0 {
				return 0, nil
			}
		case syscall.EINTR:
			// A signal ends poll(2) whatever SA_RESTART says (signal(7)), but only
			// after a pass over all of fds that found nothing (do_poll in
			// fs/select.c). So if it did not wait, that was the last look.
			if timeout == 0 {
				clearRevents(fds)
				return 0, nil
			}
			standIn = false
			d.update()
			continue
		case syscall.EAGAIN:
			d.update()
		case syscall.ENOSYS, syscall.EPERM:
			// Missing, or forbidden by a seccomp filter. Nothing is remembered, since
			// a filter can be installed at any time.
			if hasPoll && !standIn {
				standIn = true
				continue
			}
			fallthrough
		default:
			return 0, pollError(errno)
		}
		// Darwin, short of memory (EAGAIN) or early again and again (openradar
		// 37550628), or one of several pieces. Do not spin.
		standIn = false
		if d.left > 0 {
			pause = min(pause, d.left)
		}
		time.Sleep(pause)
		pause = min(pause+time.Millisecond, 10*time.Millisecond)
		d.update()
	}
}

func clearRevents(fds []PollFd) {
	for i := range fds {
		fds[i].Revents = 0
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
