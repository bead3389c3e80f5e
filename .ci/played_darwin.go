package poll

import (
	"math/rand"
	"sync"
	"syscall"
	"unsafe"
)

// xnuPoll is poll(2) with the habits of Darwin's kernel, over that of Linux. It
// reads the whole array when it begins and writes the whole array back when it
// ends. It fails with EAGAIN now and then, and returns 0 before its time.
// See .ci/xnu.
func xnuPoll(fds []PollFd, ms int) (n, _ uintptr, errno syscall.Errno) {
	if ms < -1 {
		panic("a negative timeout other than -1 is finite on Darwin")
	}
	switch rand.Intn(16) {
	case 0:
		return ^uintptr(0), 0, syscall.EAGAIN
	case 1:
		if ms != 0 && len(fds) > 0 {
			ms = 0 // over at once, ready or not
		}
	}
	own := xnuArrays.Get().(*[]PollFd)
	defer xnuArrays.Put(own)
	*own = append((*own)[:0], fds...)
	for i := range *own {
		xnuSwap(&(*own)[i].Events)
	}
	n, _, errno = syscall.Syscall(syscall.SYS_POLL, uintptr(unsafe.Pointer(unsafe.SliceData(*own))), uintptr(len(fds)), uintptr(ms))
	if errno == 0 {
		for i := range *own {
			xnuSwap(&(*own)[i].Events)
			xnuSwap(&(*own)[i].Revents)
		}
		copy(fds, *own)
	}
	return n, 0, errno
}

var xnuArrays = sync.Pool{New: func() any { return new([]PollFd) }}

// xnuSwap exchanges 0x100, Darwin's POLLWRBAND, and 0x200, that of Linux.
func xnuSwap(e *Events) { *e = *e&^0x300 | *e&0x100<<1 | *e&0x200>>1 }
