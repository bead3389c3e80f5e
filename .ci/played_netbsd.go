package poll

import (
	"math"
	"math/rand"
	"syscall"
	"time"
)

const playedWritesAll = true

// playedPoll simulates NetBSD's poll(2). It counts the timeout in ticks, rounded up, and
// one more. Sometimes it returns 0 early, by up to two ticks. A tick is 1 ms, so that tests
// are short; the kernel's is usually 10 ms. With a timeout of 0 it never fails with EINTR.
//
// Pipes report POLLHUP and never POLLERR, and with it that a read and a write are possible.
// So do sockets, without POLLHUP. With a mask of 0 or POLLPRI alone a hang-up of a pipe
// does not end a wait.
//
// It cannot simulate that closing a descriptor ends a wait on it. The number of entries is
// limited by the soft RLIMIT_NOFILE, as on Linux. FIFOs, which are not like pipes on
// NetBSD, and terminals are not simulated, since no test that runs here would notice.
func playedPoll(fds []PollFd, ms int) (n, _ uintptr, errno syscall.Errno) {
	if ms < -1 || ms > math.MaxInt32 {
		return ^uintptr(0), 0, syscall.EINVAL
	}
	timeout := time.Duration(ms)
	if ms > 0 {
		const tick = time.Millisecond
		timeout *= tick
		if rand.Intn(8) != 0 {
			timeout += time.Duration(rand.Int63n(int64(tick)))
		} else {
			timeout = max(timeout-time.Duration(rand.Int63n(int64(2*tick))), 1)
		}
	}
	for {
		n, errno = simulate(fds, timeout)
		if ms != 0 || errno != syscall.EINTR {
			return n, 0, errno
		}
	}
}

const (
	playedReady = POLLIN | POLLOUT | POLLRDNORM // at the end of a pipe or a socket
	playedKnown = playedReady | POLLPRI | POLLRDBAND | POLLWRBAND
)

func playedAsk(f PollFd, waiting bool) PollFd {
	f.Events &= playedKnown
	if waiting && f.Events&^POLLPRI == 0 && isPipe(f.Fd) {
		f.Fd = -1
	}
	f.Events = swapWRBAND(f.Events)
	return f
}

func playedGot(fds []PollFd, i int, got Events, _ bool) Events {
	f := fds[i]
	if got&(POLLHUP|POLLERR) != 0 {
		end := f.Events & playedReady
		if isPipe(f.Fd) {
			return end | POLLHUP
		}
		if isSocket(f.Fd) {
			return end | swapWRBAND(got)&f.Events&playedKnown
		}
	}
	return swapWRBAND(got)
}
