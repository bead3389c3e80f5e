package poll

import (
	"math"
	"math/rand"
	"syscall"
	"time"
)

const (
	playedMost      = 1 << 14 // kern.maxfilesperproc
	playedWritesAll = false
)

// playedPoll simulates FreeBSD's poll(2).
func playedPoll(fds []PollFd, ms int) (n, _ uintptr, errno syscall.Errno) {
	if ms == -1 {
		return playedPpoll(fds, nil)
	}
	if ms < 0 || ms > math.MaxInt32 {
		return ^uintptr(0), 0, syscall.EINVAL
	}
	return playedPpoll(fds, &syscall.Timespec{Sec: int64(ms / 1000), Nsec: int64(ms % 1000 * 1e6)})
}

// playedPpoll simulates FreeBSD's ppoll(2). It writes only revents, and not even those if a
// signal ends it. It returns late by up to 1/16 of the timeout, and from 16 ticks on by up
// to a tick more. A tick is 1 ms. It takes at most playedMost entries.
//
// POLLHUP replaces POLLERR. Together with POLLHUP a read is reported as possible, and a
// write as not possible, except after a wait. With a mask of 0 a hang-up ends no wait on a
// socket. Both ends of a pipe can be written to.
//
// It cannot simulate that closing a descriptor ends a wait on it, or that more entries than
// RLIMIT_NOFILE are allowed. FIFOs, terminals and files, and what else sockets report, are
// not simulated, since no test that runs here would notice.
func playedPpoll(fds []PollFd, ts *syscall.Timespec) (n, _ uintptr, errno syscall.Errno) {
	if len(fds) > playedMost {
		return ^uintptr(0), 0, syscall.EINVAL
	}
	timeout := time.Duration(-1)
	if ts != nil {
		if ts.Sec < 0 || ts.Nsec < 0 || ts.Nsec >= 1e9 {
			return ^uintptr(0), 0, syscall.EINVAL
		}
		const tick = time.Millisecond
		timeout = time.Duration(ts.Nano())
		late := timeout / 16
		if late >= tick {
			late += tick
		}
		timeout += time.Duration(rand.Int63n(int64(late) + 1))
	}
	n, errno = simulate(fds, timeout)
	return n, 0, errno
}

func playedAsk(f PollFd, waiting bool) PollFd {
	if waiting && f.Events&^(POLLERR|POLLHUP|POLLNVAL) == 0 && isSocket(f.Fd) {
		f.Fd = -1
	}
	f.Events = toLinux(f.Events)
	return f
}

func playedGot(fds []PollFd, i int, got Events, waiting bool) Events {
	f := fds[i]
	got = toLinux(got)
	switch {
	case got&(POLLHUP|POLLERR) != 0:
		got = got&^POLLERR | POLLHUP | f.Events&(POLLIN|POLLRDNORM)
		if !waiting {
			got &^= POLLOUT
		}
	case f.Events&POLLOUT&^got != 0 && isReadEnd(f.Fd):
		got |= POLLOUT
	}
	return got
}

// toLinux swaps the bits whose values differ on Linux and FreeBSD, so it converts both
// ways.
func toLinux(e Events) Events { return swap(swapWRBAND(e), POLLRDHUP, linuxRDHUP) }

// isReadEnd reports whether fd is the read end of a pipe.
func isReadEnd(fd int32) bool {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
	return errno == 0 && flags&syscall.O_ACCMODE == syscall.O_RDONLY && isPipe(fd)
}
