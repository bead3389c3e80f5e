package poll

import (
	"math/rand"
	"syscall"
	"time"
)

const playedWritesAll = true

// playedPoll simulates Darwin's poll(2). Its behavior was read in xnu's
// bsd/kern/sys_generic.c, not observed. It sometimes fails with EAGAIN, and sometimes
// returns 0 early. It takes at most 10240 entries.
//
// A mask of 0 watches nothing. POLLPRI is reported for any data in a pipe. With a mask of
// POLLPRI or POLLHUP alone, data that is there or comes ends the wait with 0, or is unread
// and hides a hang-up. POLLHUP means that the peer has stopped writing, and replaces
// POLLERR. Together with POLLHUP a read is reported as possible and, if the mask has one, a
// write as not possible.
//
// One rule is simpler than xnu's: if entries for one descriptor ask to read, only the last
// is reported; in xnu that also holds for entries that do not ask to read.
func playedPoll(fds []PollFd, ms int) (n, _ uintptr, errno syscall.Errno) {
	if ms < -1 {
		panic("a negative timeout other than -1 is finite on Darwin")
	}
	if len(fds) > 10240 {
		return ^uintptr(0), 0, syscall.EINVAL
	}
	switch rand.Intn(16) {
	case 0:
		return ^uintptr(0), 0, syscall.EAGAIN
	case 1:
		if ms != 0 && len(fds) > 0 {
			ms = 0 // return immediately, ready or not
		}
	}
	timeout := time.Duration(-1)
	if ms >= 0 {
		timeout = time.Duration(ms) * time.Millisecond
	}
	n, errno = simulate(fds, timeout)
	return n, 0, errno
}

const playedReads = POLLIN | POLLPRI | POLLRDNORM | POLLRDBAND

func playedAsk(f PollFd, _ bool) PollFd {
	f.Events = swapWRBAND(f.Events)
	switch {
	case f.Events == 0:
		f.Fd = -1
	case f.Events&(playedReads|POLLHUP) != 0:
		f.Events |= POLLIN | linuxRDHUP // they share a knote
	}
	return f
}

func playedGot(fds []PollFd, i int, got Events, _ bool) Events {
	f := fds[i]
	reads, hups := f.Events&playedReads != 0, f.Events&(playedReads|POLLHUP) != 0
	pri := got&POLLIN != 0 && f.Events&POLLPRI != 0 && isPipe(f.Fd)
	got = swapWRBAND(got)
	if got&(POLLHUP|POLLERR) != 0 || hups && got&linuxRDHUP != 0 {
		if reads || got&POLLERR != 0 {
			got &^= POLLOUT
		}
		got = got&^POLLERR | POLLHUP | f.Events&playedReads
	} else if pri {
		got |= POLLPRI
	}
	got &= f.Events&^linuxRDHUP | POLLHUP | POLLNVAL
	// In a long array the search would be slow.
	if len(fds) < 256 && reads && got&POLLNVAL == 0 {
		for _, later := range fds[i+1:] {
			if later.Fd == f.Fd && later.Events&playedReads != 0 {
				return 0
			}
		}
	}
	return got
}
