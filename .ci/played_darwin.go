package poll

import (
	"math/rand"
	"syscall"
	"time"
)

// playedPoll is poll(2) with the habits of Darwin's kernel, over that of Linux: as read in
// bsd/kern/sys_generic.c of xnu, never run. It reads the whole array when it begins and
// writes the whole array back when it ends. It fails with EAGAIN now and then, and returns
// 0 before its time. It takes 10240 entries at most. With POLLHUP it reports that a read is
// possible and a write is not, also for a pipe without a reader, in place of POLLERR.
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
	*own = append((*own)[:0], fds...)
	for i := range *own {
		f := &(*own)[i]
		f.Events = swap(f.Events, POLLWRBAND, 0x200) // Linux's
	}
	var tsp *syscall.Timespec
	if ms >= 0 {
		ts := syscall.NsecToTimespec(int64(ms) * int64(time.Millisecond))
		tsp = &ts
	}
	n, errno = linuxPoll(*own, tsp)
	if errno != 0 {
		return n, 0, errno
	}
	for i := range *own {
		f := &(*own)[i]
		f.Events = swap(f.Events, POLLWRBAND, 0x200)
		f.Revents = swap(f.Revents, POLLWRBAND, 0x200)
		if f.Revents&(POLLHUP|POLLERR) != 0 {
			f.Revents = f.Revents&^(POLLERR|POLLOUT) | POLLHUP | f.Events&(POLLIN|POLLPRI|POLLRDNORM|POLLRDBAND)
		}
	}
	copy(fds, *own)
	return n, 0, 0
}
