// A Waker on Linux is an eventfd(2).

package poll

import (
	"syscall"
	"unsafe"
)

func (w *Waker) open() syscall.Errno {
	// The flags are those of open(2) (include/linux/eventfd.h).
	fd, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	w.r, w.w = int(fd), int(fd)
	return errno
}

func (w *Waker) signal() syscall.Errno {
	one := uint64(1)
	_, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(w.w), uintptr(unsafe.Pointer(&one)), 8)
	return errno
}

func (w *Waker) drain() syscall.Errno {
	var count uint64
	_, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(w.r), uintptr(unsafe.Pointer(&count)), 8)
	return errno
}
