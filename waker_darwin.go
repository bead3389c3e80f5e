// A Waker on Darwin is a pipe(2).

package poll

import "syscall"

func (w *Waker) open() syscall.Errno {
	// There is no pipe2(2): a fork between the calls would pass the pipe on.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		return toErrno(err)
	}
	for _, fd := range p {
		syscall.CloseOnExec(fd)
		syscall.SetNonblock(fd, true)
	}
	w.r, w.w = p[0], p[1]
	return 0
}

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
