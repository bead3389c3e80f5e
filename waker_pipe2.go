//go:build freebsd || netbsd

// A Waker on FreeBSD and NetBSD is a pipe2(2).

package poll

import "syscall"

func (w *Waker) open() syscall.Errno {
	var p [2]int
	if err := syscall.Pipe2(p[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		return toErrno(err)
	}
	w.r, w.w = p[0], p[1]
	return 0
}
