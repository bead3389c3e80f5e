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
