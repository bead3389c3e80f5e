package poll

import (
	"math"
	"math/rand"
	"syscall"
)

const playedMost = 1 << 14 // kern.maxfilesperproc

// playedPoll simulates FreeBSD's poll(2) on top of Linux's ppoll(2).
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
// signal ends it. It returns late by up to 1/16 of the timeout. It takes at most playedMost
// entries. POLLHUP replaces POLLERR. Together with POLLHUP a read is reported as possible, and
// a write as not possible. Both ends of a pipe can be written to.
//
// It cannot simulate that closing a descriptor ends a wait on it, or that more entries than
// RLIMIT_NOFILE are allowed. It does not simulate the events of sockets, FIFOs and files,
// since no test that runs here would notice.
func playedPpoll(fds []PollFd, ts *syscall.Timespec) (n, _ uintptr, errno syscall.Errno) {
	if len(fds) > playedMost {
		return ^uintptr(0), 0, syscall.EINVAL
	}
	if ts != nil {
		if ts.Sec < 0 || ts.Nsec < 0 || ts.Nsec >= 1e9 {
			return ^uintptr(0), 0, syscall.EINVAL
		}
		late := syscall.NsecToTimespec(ts.Nano() + rand.Int63n(ts.Nano()/16+1))
		ts = &late
	}
	own := playedArrays.Get().(*[]PollFd)
	defer playedArrays.Put(own)
	*own = append((*own)[:0], fds...)
	for i := range *own {
		f := &(*own)[i]
		if f.Events&POLLOUT != 0 && isReadEnd(int(f.Fd)) {
			ts = new(syscall.Timespec) // it is ready
		}
		f.Events = toLinux(f.Events)
	}
	_, errno = linuxPoll(*own, ts)
	if errno != 0 {
		return ^uintptr(0), 0, errno
	}
	for i, f := range *own {
		ask, got := toLinux(f.Events), toLinux(f.Revents)
		switch {
		case got&(POLLHUP|POLLERR) != 0:
			got = got&^(POLLERR|POLLOUT) | POLLHUP | ask&(POLLIN|POLLRDNORM)
		case ask&POLLOUT != 0 && isReadEnd(int(f.Fd)):
			got |= POLLOUT
		}
		if fds[i].Revents = got; got != 0 {
			n++
		}
	}
	return n, 0, 0
}

// toLinux swaps the bits whose values differ on Linux and FreeBSD, so it converts both ways.
func toLinux(e Events) Events { return swap(swap(e, POLLWRBAND, 0x200), POLLRDHUP, 0x2000) }

// isReadEnd reports whether fd is the read end of a pipe.
func isReadEnd(fd int) bool {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
	return errno == 0 && flags&syscall.O_ACCMODE == syscall.O_RDONLY && isPipe(fd)
}
