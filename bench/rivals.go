//go:build linux

// The ways to wait for descriptors that are compared.

package main

import (
	"errors"
	"os"
	"syscall"
	"unsafe"

	"example.com/poll"
	"golang.org/x/sys/unix"
)

// A rival is a way to wait for descriptors.
type rival struct {
	name  string
	watch func(fds []int32) (*watcher, error)
}

// A watcher waits for POLLIN on some descriptors. It has nil for a loop that it
// can't do. The loops call what they measure directly: on some processors each
// return after a system call is mispredicted, for 30 ns.
type watcher struct {
	idle   loop                       // polls without waiting, and finds nothing
	serve  func(out, in []int32) loop // see serveLoop
	change loop                       // takes a descriptor out of the set and puts it back
	modify loop                       // changes a descriptor's mask
	close  func()
}

// wrong returns an error unless a poll has found nothing, as it should. A signal is
// too rare to repeat the poll for.
func wrong(n int, err error) error {
	if n == 0 && err == nil || err == syscall.EINTR {
		return nil
	}
	return errors.Join(errWrong, err)
}

// serveLoop makes a loop that each time writes to the next of out, waits until the
// same of in is ready, and reads from it. wait returns the only descriptor that is
// ready. The write and the read are system calls that the scheduler is not told of,
// so that they cost what they do in C.
func serveLoop(wait func() (fd int32, err error)) func(out, in []int32) loop {
	return func(out, in []int32) loop {
		return func(times int) error {
			word := [8]byte{1} // what an eventfd takes
			for i := range times {
				i %= len(out)
				if n, _, _ := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(out[i]), uintptr(unsafe.Pointer(&word)), 8); n != 8 {
					return errors.New("write failed")
				}
				fd, err := wait()
				for err == syscall.EINTR {
					fd, err = wait()
				}
				if fd != in[i] || err != nil {
					return errors.Join(errWrong, err)
				}
				if n, _, _ := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&word)), 8); n != 8 {
					return errWrong
				}
			}
			return nil
		}
	}
}

// only returns the descriptor of the only entry that has something to report.
func only(entries []poll.PollFd, n int, err error) (fd int32, _ error) {
	for i := range entries {
		if n == 1 && entries[i].Revents != 0 {
			return entries[i].Fd, err
		}
	}
	return -1, err
}

var poller = rival{"Poller", func(fds []int32) (*watcher, error) {
	p := new(poll.Poller)
	for _, fd := range fds {
		if err := p.Register(int(fd), poll.POLLIN); err != nil {
			return nil, err
		}
	}
	w := new(watcher)
	w.idle = func(times int) error {
		for range times {
			if ready, err := p.Poll(0); len(ready) != 0 || err != nil {
				return wrong(len(ready), err)
			}
		}
		return nil
	}
	w.serve = serveLoop(func() (int32, error) {
		ready, err := p.Poll(poll.Forever)
		if len(ready) != 1 {
			return -1, err
		}
		return int32(ready[0].Fd), err
	})
	w.change = func(times int) error {
		for i := range times {
			fd := int(fds[i%len(fds)])
			if err := errors.Join(p.Unregister(fd), p.Register(fd, poll.POLLIN)); err != nil {
				return err
			}
		}
		return nil
	}
	w.modify = func(times int) error {
		for i := range times {
			if err := p.Modify(int(fds[i%len(fds)]), poll.POLLIN|poll.POLLPRI); err != nil {
				return err
			}
		}
		return nil
	}
	w.close = func() { p.Close() }
	return w, nil
}}

func newArray(fds []int32) []poll.PollFd {
	array := make([]poll.PollFd, len(fds))
	for i, fd := range fds {
		array[i] = poll.PollFd{Fd: fd, Events: poll.POLLIN}
	}
	return array
}

var array = rival{"Poll", func(fds []int32) (*watcher, error) {
	array := newArray(fds)
	return &watcher{idle: func(times int) error {
		for range times {
			if n, err := poll.Poll(array, 0); n != 0 || err != nil {
				return wrong(n, err)
			}
		}
		return nil
	}, serve: serveLoop(func() (int32, error) {
		n, err := poll.Poll(array, poll.Forever)
		return only(array, n, err)
	})}, nil
}}

var rawPoll = rival{"RawPoll", func(fds []int32) (*watcher, error) {
	array := newArray(fds)
	return &watcher{idle: func(times int) error {
		for range times {
			if n, err := poll.RawPoll(array); n != 0 || err != nil {
				return wrong(n, err)
			}
		}
		return nil
	}}, nil
}}

var unixPoll = rival{"unix.Poll", func(fds []int32) (*watcher, error) {
	array := newArray(fds)
	same := unsafe.Slice((*unix.PollFd)(unsafe.Pointer(unsafe.SliceData(array))), len(array))
	return &watcher{idle: func(times int) error {
		for range times {
			if n, err := unix.Poll(same, 0); n != 0 || err != nil {
				if err := wrong(n, err); err != nil {
					return err
				}
			}
		}
		return nil
	}, serve: serveLoop(func() (int32, error) {
		n, err := unix.Poll(same, -1)
		return only(array, n, err)
	})}, nil
}}

// The entries of package syscall, with the system call that RawPoll makes. The
// pointers are converted in the calls themselves (package unsafe, pattern 4).

var rawSyscall = rival{"RawSyscall6", func(fds []int32) (*watcher, error) {
	array := newArray(fds)
	return &watcher{idle: func(times int) error {
		for range times {
			n, _, errno := syscall.RawSyscall6(trap, uintptr(unsafe.Pointer(unsafe.SliceData(array))), uintptr(len(array)), uintptr(unsafe.Pointer(noWait)), 0, 0, 0)
			if n != 0 && errno != syscall.EINTR {
				return wrong(int(n), errno)
			}
		}
		return nil
	}}, nil
}}

var syscall6 = rival{"Syscall6", func(fds []int32) (*watcher, error) {
	array := newArray(fds)
	return &watcher{idle: func(times int) error {
		for range times {
			n, _, errno := syscall.Syscall6(trap, uintptr(unsafe.Pointer(unsafe.SliceData(array))), uintptr(len(array)), uintptr(unsafe.Pointer(noWait)), 0, 0, 0)
			if n != 0 && errno != syscall.EINTR {
				return wrong(int(n), errno)
			}
		}
		return nil
	}}, nil
}}

var epoll = rival{"epoll", func(fds []int32) (*watcher, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	ctl := func(op int, fd int32) error {
		return unix.EpollCtl(ep, op, int(fd), &unix.EpollEvent{Events: unix.EPOLLIN, Fd: fd})
	}
	for _, fd := range fds {
		if err := ctl(unix.EPOLL_CTL_ADD, fd); err != nil {
			unix.Close(ep)
			return nil, err
		}
	}
	events := make([]unix.EpollEvent, 128)
	w := new(watcher)
	w.idle = func(times int) error {
		for range times {
			if n, err := unix.EpollWait(ep, events, 0); n != 0 || err != nil {
				if err := wrong(n, err); err != nil {
					return err
				}
			}
		}
		return nil
	}
	w.serve = serveLoop(func() (int32, error) {
		n, err := unix.EpollWait(ep, events, -1)
		if n != 1 {
			return -1, err
		}
		return events[0].Fd, err
	})
	w.change = func(times int) error {
		for i := range times {
			fd := fds[i%len(fds)]
			if err := errors.Join(ctl(unix.EPOLL_CTL_DEL, fd), ctl(unix.EPOLL_CTL_ADD, fd)); err != nil {
				return err
			}
		}
		return nil
	}
	w.modify = func(times int) error {
		for i := range times {
			if err := ctl(unix.EPOLL_CTL_MOD, fds[i%len(fds)]); err != nil {
				return err
			}
		}
		return nil
	}
	w.close = func() { unix.Close(ep) }
	return w, nil
}}

// selecting is select(2) for descriptors of any number: FD_SETSIZE is the C
// library's limit, not the kernel's. It keeps a bitmap, of which each call takes a
// copy, since the kernel overwrites it.
var selecting = rival{"select", func(fds []int32) (*watcher, error) {
	const bits = 8 * int32(unsafe.Sizeof(uint(0)))
	var want, got []uint
	nfds := int32(0)
	for _, fd := range fds {
		nfds = max(nfds, fd+1)
		if missing := int(fd/bits) + 1 - len(want); missing > 0 {
			want = append(want, make([]uint, missing)...)
		}
		want[fd/bits] |= 1 << (fd % bits)
	}
	return &watcher{idle: func(times int) error {
		for range times {
			got = append(got[:0], want...)
			var zero unix.Timespec
			n, _, errno := syscall.RawSyscall6(syscall.SYS_PSELECT6, uintptr(nfds), uintptr(unsafe.Pointer(unsafe.SliceData(got))), 0, 0, uintptr(unsafe.Pointer(&zero)), 0)
			if n != 0 && errno != syscall.EINTR {
				return wrong(int(n), errno)
			}
		}
		return nil
	}}, nil
}}

// netpoller waits as packages os and net do. It has no way to wait for one of
// several.
var netpoller = rival{"netpoller", func(fds []int32) (*watcher, error) {
	if len(fds) > 1 {
		return new(watcher), nil
	}
	fd, err := unix.FcntlInt(uintptr(fds[0]), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "")
	w := new(watcher)
	w.serve = func(out, in []int32) loop {
		return func(times int) error {
			var word [8]byte
			word[0] = 1
			for range times {
				if _, err := unix.Write(int(out[0]), word[:]); err != nil {
					return err
				}
				if n, err := f.Read(word[:]); n != 8 || err != nil {
					return errors.Join(errWrong, err)
				}
			}
			return nil
		}
	}
	w.close = func() { f.Close() }
	return w, nil
}}
