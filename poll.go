//go:build linux || darwin || freebsd || netbsd

// Poll and RawPoll, down to the system call.

package poll

import (
	"math"
	"syscall"
	"time"
)

// Forever is the timeout of a call that waits until there is something to report. Any
// negative timeout means the same. Forever is the longest Duration, so the smaller of two
// timeouts, as returned by min, is the one that ends first. Another library's value for no
// timeout (-1, or UINT64_MAX) must become Forever before you take the minimum.
const Forever time.Duration = math.MaxInt64

// Until returns the timeout for a wait that is to end at t: the time until t, or 0 if t has
// passed. For the zero Time it returns Forever: as in package net, that means no deadline.
// If t is further away than the longest Duration, it returns that.
//
// Use it instead of time.Until, which is negative if t has passed, so the wait would never
// end. Until reads the clock when it is called. Setting the clock during the wait does not
// move the end of the wait. In a testing/synctest bubble the clock stands still during a
// system call, so a loop that calls Until again and again never ends there.
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
//	timeout > 0   wait that long for something to report; return 0 only after that
//
// Compute a timeout from a deadline with [Until]. It is 0 once the deadline has passed, and
// a call with timeout 0 still reports what is ready. So a loop that reads and discards data
// must check its deadline itself.
//
// Poll sets Revents in every entry. After an error the values of Revents are undefined.
// Poll does not change Fd or Events, but some kernels, such as NetBSD's and Darwin's, write
// back the whole entry with the values they read at the start, so do not change the array
// during the call. An entry with a negative Fd is skipped, and its Revents is 0, so a
// closed [Waker] does not end a wait. An entry whose Fd is not open gets POLLNVAL (on
// Darwin not with a mask of 0). If the array is empty, Poll waits until the timeout.
//
// Any duration is valid. If a signal interrupts the call, Poll retries with the time
// remaining; if none remains, it polls once more without waiting. If a signal interrupts a
// call that does not wait, Poll returns 0, because Linux fails with EINTR only after it has
// checked all entries and found nothing. Time is measured on the monotonic clock, which
// stops while the machine is suspended.
//
// Linux and FreeBSD take the timeout in nanoseconds, but may return late. On Linux the
// delay is at most the timer slack (prctl(2), usually 50 µs) or 0.1 % of the timeout (0.5 %
// with a positive nice value), whichever is greater, and never over 100 ms. On FreeBSD it
// is at most 1/16 of the timeout, and a clock tick (1 or 10 ms) more if the timeout is 16
// ticks or longer, so 1/8 in all. NetBSD waits whole ticks, usually of 10 ms, rounded up,
// and up to one more: 1 ms takes 10 to 20. Darwin, and a Linux without ppoll(2), wait whole
// milliseconds, rounded up. In a testing/synctest bubble the clock does not advance during
// a system call, so Poll relies on the kernel's timing, and a signal or a change of a
// Poller may restart the timeout.
//
// Poll returns ErrTooManyFds if there are more entries than the kernel allows, or another
// error of the kernel, such as ENOMEM. It allocates nothing. Its cost is that of the system
// call, which grows with the number of entries. Any number of goroutines may call Poll at
// the same time, each with its own array.
func Poll(fds []PollFd, timeout time.Duration) (n int, err error) {
	d := newDeadline(timeout)
	return d.poll(fds)
}

// RawPoll is Poll with a timeout of 0 and the least overhead. Prefer Poll unless a
// measurement shows that it matters: the Go scheduler does not know about the system call,
// so until it returns no other goroutine runs in its place, and a garbage collection makes
// the whole program wait for it. On Linux the call takes about 50 ns for each of many
// entries.
//
// Use it only on descriptors whose poll function in the kernel never blocks: pipes, FIFOs,
// TCP, UDP and Unix sockets, eventfds, timerfds, pidfds, signalfds and inotify. The poll
// function of a FUSE file waits for its server, and that of a terminal for its driver. That
// of a device, or of another kind of socket (AF_VSOCK, AF_XDP), may wait for a lock or do
// work. The whole program then stops for as long as that takes. If the program is itself
// the FUSE server, it stops forever.
//
// Arguments, results and errors are those of Poll. On systems other than Linux it calls
// Poll(fds, 0).
func RawPoll(fds []PollFd) (n int, err error) { return rawPoll(fds) }

// The kernel layer. Each system defines, in pollfd_GOOS.go, syscall_GOOS.go and
// waker_GOOS.go, or in a file that systems or architectures share:
//
//	const hasPoll bool
//		whether pollMillis may be called
//	func pollMillis(fds []PollFd, ms int) (n int, errno syscall.Errno)
//		poll(2); ms is at least -1, which waits forever
//	func pollExact(fds []PollFd, timeout time.Duration) (n int, errno syscall.Errno)
//		the same, with the finest timeout that the kernel has, rounded up;
//		a negative one waits forever
//	const rechecks bool
//		whether a call that waits checks all of fds again when its time is up, before it
//		returns 0
//	func rawPoll(fds []PollFd) (n int, err error)
//		RawPoll
//	const probeFirst bool
//		whether it saves time if a Poller first polls with timeout 0
//	const POLLWRNORM, POLLWRBAND, pollRDHUP Events
//		the event bits that differ between systems; pollRDHUP is 0 if there is no
//		POLLRDHUP
//	func (w *Waker) open() syscall.Errno
//		makes w.r and w.w, close-on-exec and non-blocking
//	func (w *Waker) signal() syscall.Errno
//		makes w.r readable; EAGAIN means that it already is
//	func (w *Waker) drain() syscall.Errno
//		makes w.r unreadable; EAGAIN means that it already is
//
// pollMillis and pollExact use syscall.Syscall, so the scheduler can run other goroutines.
// They may return early with 0, EINTR or EAGAIN, and may write whole entries.

// testCall, if set, runs before every poll(2) and ppoll(2) except RawPoll's, and replaces
// it if done is true. Tests use it to count calls, and to inject results that the kernel
// cannot be made to return.
var testCall func(isPoll bool, nfds int, timeout time.Duration) (n int, errno syscall.Errno, done bool)

// A deadline tracks how much of a timeout remains.
type deadline struct {
	left time.Duration // < 0: forever, == 0: do not wait, > 0: at most that long
	end  time.Duration // by clock; used if left is positive
}

func clock() time.Duration { return time.Since(epoch) }

var epoch = time.Now()

func newDeadline(timeout time.Duration) deadline {
	switch {
	case timeout == 0:
		return deadline{}
	case timeout < 0 || timeout == Forever:
		return deadline{left: -1}
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

// timedOut updates d after the kernel has waited for timeout. If the clock has not
// advanced, as in a testing/synctest bubble, it subtracts timeout.
func (d *deadline) timedOut(timeout time.Duration) {
	before := d.left
	d.update()
	if before > 0 && d.left == before {
		d.left -= timeout
		d.end -= timeout
	}
}

const (
	maxWait = math.MaxInt32 * time.Millisecond // one call: a C int; 32 bits of seconds
	maxNfds = math.MaxInt32                    // a C unsigned int; kernels allow fewer
	instant = 100 * time.Microsecond           // a call that took less did not wait
)

// poll calls the kernel until there is something to report or the deadline has passed. Do
// not split this function, and keep pollMillis inlined: the split version was 20 to 50 ns
// slower, since after a system call the processor mispredicts the returns to callers.
func (d *deadline) poll(fds []PollFd) (n int, err error) {
	if len(fds) > maxNfds {
		return 0, pollError(syscall.EINVAL)
	}
	var (
		pause time.Duration // > 0: the next call is a pause, and polls nothing
		began time.Duration // by clock, when the call after an early return began
	)
	for standIn := false; ; {
		entries, timeout := fds, min(d.left, maxWait)
		if pause > 0 {
			entries, timeout = nil, pause
		}
		// poll(2) is 60 ns faster than ppoll(2).
		usePoll := hasPoll && (timeout < 0 || timeout%time.Millisecond == 0)
		if standIn {
			usePoll = !usePoll
		}
		var errno syscall.Errno
		done := false
		if testCall != nil {
			n, errno, done = testCall(usePoll, len(entries), timeout)
		}
		switch {
		case done:
		case usePoll:
			n, errno = pollMillis(entries, millis(timeout))
		default:
			n, errno = pollExact(entries, timeout)
		}

		switch errno {
		case 0:
			if n > 0 {
				return n, nil
			}
			d.timedOut(timeout)
			if d.left == 0 && (timeout == 0 || rechecks && pause == 0) {
				return 0, nil
			}
		case syscall.EINTR:
			// A signal ends poll(2) even with SA_RESTART (signal(7)), but only after the
			// kernel has checked all of fds and found nothing (do_poll in fs/select.c). If
			// the call was not to wait, that is the result.
			if timeout == 0 {
				clearRevents(fds)
				return 0, nil
			}
			standIn, pause = false, 0
			d.update()
			continue
		case syscall.EAGAIN:
			d.update()
		case syscall.ENOSYS, syscall.EPERM:
			// The call is missing, or a seccomp filter forbids it: try the other one. Do
			// not remember which, since a filter can be installed at any time.
			if hasPoll && !standIn {
				standIn = true
				continue
			}
			fallthrough
		default:
			return 0, pollError(errno)
		}
		// The time is up and the kernel has not checked all of fds since, or it returned
		// early (NetBSD; Darwin, openradar 37550628), or it was short of memory (EAGAIN,
		// Darwin), or this was one piece of a long timeout. Pause only after two immediate
		// returns in a row, since a pause cannot see what becomes ready.
		standIn = false
		now := clock()
		switch {
		case pause > 0, d.left == 0 && timeout > 0, now-began >= instant:
			pause = 0
		case d.left > 0:
			pause = min(time.Millisecond, d.left)
		default:
			pause = time.Millisecond
		}
		began = now
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
