package poll

import (
	"math/rand"
	"syscall"
	"time"
)

// playedPoll simulates Darwin's poll(2) on top of Linux's. Its behavior was read in xnu's
// bsd/kern/sys_generic.c, not observed. It reads the whole array at the start of the call and
// writes the whole array back at the end. It sometimes fails with EAGAIN, and sometimes
// returns 0 early. It takes at most 10240 entries.
//
// A mask of 0 watches nothing. POLLPRI is reported for any data in a pipe. POLLHUP replaces
// POLLERR. Together with POLLHUP a read is reported as possible, and a write as not possible.
//
// Two rules are simpler than xnu's. POLLHUP always hides POLLOUT; in xnu only if the entry
// asks for POLLIN too. If entries for one descriptor ask to read, only the last is reported;
// in xnu that also holds for entries that do not ask to read.
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
	own := playedArrays.Get().(*[]PollFd)
	defer playedArrays.Put(own)
	*own = append(append((*own)[:0], fds...), fds...)
	linux, back := (*own)[:len(fds)], (*own)[len(fds):]
	for i := range linux {
		f := &linux[i]
		switch {
		case f.Events == 0 && f.Fd >= 0:
			f.Fd = -1
		case f.Events&POLLPRI != 0 && isPipe(int(f.Fd)):
			f.Events |= POLLIN
		}
		f.Events = swap(f.Events, POLLWRBAND, 0x200) // Linux's POLLWRBAND
	}
	var tsp *syscall.Timespec
	if ms >= 0 {
		ts := syscall.NsecToTimespec(int64(ms) * int64(time.Millisecond))
		tsp = &ts
	}
	if n, errno = linuxPoll(linux, tsp); errno != 0 {
		return n, 0, errno
	}
	n = 0
	for i := range back {
		f, got := &back[i], swap(linux[i].Revents, POLLWRBAND, 0x200)
		switch {
		case got&(POLLHUP|POLLERR) != 0:
			got = got&^(POLLERR|POLLOUT) | POLLHUP | f.Events&playedReads
		case got&POLLIN != 0 && f.Events&POLLPRI != 0 && isPipe(int(f.Fd)):
			got |= POLLPRI
		}
		got &= f.Events | POLLERR | POLLHUP | POLLNVAL
		if len(back) < 256 && f.Events&playedReads != 0 && got&POLLNVAL == 0 { // in a long array the search would be slow
			for _, later := range back[i+1:] {
				if later.Fd == f.Fd && later.Events&playedReads != 0 {
					got = 0
				}
			}
		}
		if f.Revents = got; got != 0 {
			n++
		}
	}
	copy(fds, back)
	return n, 0, 0
}

const playedReads = POLLIN | POLLPRI | POLLRDNORM | POLLRDBAND
