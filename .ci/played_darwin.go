package poll

import (
	"math/rand"
	"syscall"
	"time"
)

// playedPoll is poll(2) with the habits of Darwin's kernel, over that of Linux: as read in
// bsd/kern/sys_generic.c of xnu, never run. It reads the whole array when it begins and
// writes the whole array back when it ends. It fails with EAGAIN now and then, and returns
// 0 before its time. It takes 10240 entries at most.
//
// A mask of 0 watches nothing. POLLPRI comes with any data in a pipe. With POLLHUP a read is
// reported as possible and a write is not, also for a pipe without a reader, in place of
// POLLERR. Of entries that ask to read one descriptor, only the last is reported.
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
			ms = 0 // over at once, ready or not
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
		f.Events = swap(f.Events, POLLWRBAND, 0x200) // Linux's
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
		if len(back) < 256 && f.Events&playedReads != 0 && got&POLLNVAL == 0 { // or it would take long
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
