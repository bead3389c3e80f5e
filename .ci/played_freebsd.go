package poll

import (
	"math"
	"math/rand"
	"syscall"
)

const playedMost = 1 << 14 // kern.maxfilesperproc

// playedPoll is poll(2) with the habits of FreeBSD's kernel, over that of Linux.
func playedPoll(fds []PollFd, ms int) (n, _ uintptr, errno syscall.Errno) {
	if ms == -1 {
		return playedPpoll(fds, nil)
	}
	if ms < 0 || ms > math.MaxInt32 {
		return ^uintptr(0), 0, syscall.EINVAL
	}
	return playedPpoll(fds, &syscall.Timespec{Sec: int64(ms / 1000), Nsec: int64(ms % 1000 * 1e6)})
}

// playedPpoll is ppoll(2) likewise. It writes to nothing but the revents, and not even to
// these when a signal has ended it. It is late by up to 1/16 of the timeout. It takes
// playedMost entries at most. With POLLHUP it reports that a read is possible and a write
// is not, also for a pipe without a reader, in place of POLLERR. A pipe can be written to
// at both ends.
//
// It cannot play that closing a descriptor ends a wait for it, or that more entries than
// RLIMIT_NOFILE are allowed. It does not play what sockets, FIFOs and files report, since
// no test that runs here would notice.
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

// toLinux gives the bits Linux's values, and those of Linux FreeBSD's.
func toLinux(e Events) Events { return swap(swap(e, POLLWRBAND, 0x200), POLLRDHUP, 0x2000) }

// isReadEnd reports whether fd is the read end of a pipe.
func isReadEnd(fd int) bool {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
	return errno == 0 && flags&syscall.O_ACCMODE == syscall.O_RDONLY && isPipe(fd)
}
