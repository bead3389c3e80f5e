//go:build darwin || freebsd || netbsd

// What a Waker does with its pipe.

package poll

import "syscall"

func (w *Waker) signal() syscall.Errno {
	_, err := syscall.Write(w.w, []byte{0})
	return toErrno(err)
}

// drain reads until the pipe is empty: each Wake has written a byte.
func (w *Waker) drain() syscall.Errno {
	var b [512]byte
	for {
		n, err := syscall.Read(w.r, b[:])
		if n < len(b) {
			return toErrno(err)
		}
	}
}

func toErrno(err error) syscall.Errno {
	errno, _ := err.(syscall.Errno)
	return errno
}
