//go:build linux

// The ways to wait for descriptors that are compared.

package main

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"example.com/poll"
	"golang.org/x/sys/unix"
)

// A rival is a way to wait for descriptors.
type rival struct {
	name  string
	watch func(fds []int32) *watcher
}

// A watcher waits for POLLIN on some descriptors. A loop is nil if it can't do that.
// The loops call what they measure directly, since a frame more costs up to 40 ns.
type watcher struct {
	idle   loop                       // polls without waiting, and finds nothing
	serve  func(out, in []int32) loop // see serveLoop
	change loop                       // takes a descriptor out of the set and puts it back
	modify loop                       // changes a descriptor's mask
	close  func()
}

// must panics after an error, unless it is that of a signal.
func must(err error) {
	if err != nil && err != syscall.EINTR && err != syscall.Errno(0) {
		panic(err)
	}
}

// none panics unless a non-blocking poll has found nothing. One that a signal has
// interrupted is not repeated: there are few.
func none(n int, err error) {
	must(err)
	if n > 0 {
		panic(fmt.Sprint("found ", n))
	}
}

// serveLoop makes a loop that each time writes to the next of out, waits until the
// same of in is ready, and reads from it. wait returns the descriptor that is ready.
// The write and the read are system calls that the scheduler is not told of, so that
// they cost nearly what they do in C.
func serveLoop(wait func() (fd int32, err error)) func(out, in []int32) loop {
	return func(out, in []int32) loop {
		return func(times int) {
			word := [8]byte{1} // what an eventfd takes
			do := func(trap uintptr, fd int32) {
				if n, _, _ := syscall.RawSyscall6(trap, uintptr(fd), uintptr(unsafe.Pointer(&word)), 8, 0, 0, 0); n != 8 {
					panic("no read or write")
				}
			}
			for i := range times {
				i %= len(out)
				do(syscall.SYS_WRITE, out[i])
				fd, err := wait()
				for err == syscall.EINTR {
					fd, err = wait()
				}
				must(err)
				if fd != in[i] {
					panic(fmt.Sprint("found ", fd))
				}
				do(syscall.SYS_READ, fd)
			}
		}
	}
}

var poller = rival{"Poller", func(fds []int32) *watcher {
	p := new(poll.Poller)
	for _, fd := range fds {
		must(p.Register(int(fd), poll.POLLIN))
	}
	return &watcher{
		idle: func(times int) {
			for range times {
				if ready, err := p.Poll(0); len(ready) != 0 || err != nil {
					none(len(ready), err)
				}
			}
		},
		serve: serveLoop(func() (int32, error) {
			ready, err := p.Poll(poll.Forever)
			if len(ready) != 1 {
				return -1, err
			}
			return int32(ready[0].Fd), err
		}),
		change: func(times int) {
			for i := range times {
				fd := int(fds[i%len(fds)])
				must(p.Unregister(fd))
				must(p.Register(fd, poll.POLLIN))
			}
		},
		modify: func(times int) {
			for i := range times {
				must(p.Modify(int(fds[i%len(fds)]), poll.POLLIN|poll.POLLPRI))
			}
		},
		close: func() { p.Close() },
	}
}}

func newArray(fds []int32) []poll.PollFd {
	array := make([]poll.PollFd, len(fds))
	for i, fd := range fds {
		array[i] = poll.PollFd{Fd: fd, Events: poll.POLLIN}
	}
	return array
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

var array = rival{"Poll", func(fds []int32) *watcher {
	array := newArray(fds)
	return &watcher{idle: func(times int) {
		for range times {
			if n, err := poll.Poll(array, 0); n != 0 || err != nil {
				none(n, err)
			}
		}
	}, serve: serveLoop(func() (int32, error) {
		n, err := poll.Poll(array, poll.Forever)
		return only(array, n, err)
	})}
}}

var rawPoll = rival{"RawPoll", func(fds []int32) *watcher {
	array := newArray(fds)
	return &watcher{idle: func(times int) {
		for range times {
			if n, err := poll.RawPoll(array); n != 0 || err != nil {
				none(n, err)
			}
		}
	}}
}}

var unixPoll = rival{"unix.Poll", func(fds []int32) *watcher {
	array := newArray(fds)
	same := unsafe.Slice((*unix.PollFd)(unsafe.Pointer(unsafe.SliceData(array))), len(array))
	return &watcher{idle: func(times int) {
		for range times {
			if n, err := unix.Poll(same, 0); n != 0 || err != nil {
				none(n, err)
			}
		}
	}, serve: serveLoop(func() (int32, error) {
		n, err := unix.Poll(same, -1)
		return only(array, n, err)
	})}
}}

// The entries of package syscall, with the system call that RawPoll makes. The array
// is converted in the call itself (package unsafe, pattern 4).

var rawSyscall = rival{"RawSyscall6", func(fds []int32) *watcher {
	array := newArray(fds)
	return &watcher{idle: func(times int) {
		for range times {
			if n, _, errno := syscall.RawSyscall6(trap, uintptr(unsafe.Pointer(unsafe.SliceData(array))), uintptr(len(array)), noWait, 0, 0, 0); n != 0 {
				none(int(n), errno)
			}
		}
	}}
}}

var syscall6 = rival{"Syscall6", func(fds []int32) *watcher {
	array := newArray(fds)
	return &watcher{idle: func(times int) {
		for range times {
			if n, _, errno := syscall.Syscall6(trap, uintptr(unsafe.Pointer(unsafe.SliceData(array))), uintptr(len(array)), noWait, 0, 0, 0); n != 0 {
				none(int(n), errno)
			}
		}
	}}
}}

var epoll = rival{"epoll", func(fds []int32) *watcher {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	must(err)
	ctl := func(op int, fd int32) {
		must(unix.EpollCtl(ep, op, int(fd), &unix.EpollEvent{Events: unix.EPOLLIN, Fd: fd}))
	}
	for _, fd := range fds {
		ctl(unix.EPOLL_CTL_ADD, fd)
	}
	events := make([]unix.EpollEvent, 128)
	return &watcher{
		idle: func(times int) {
			for range times {
				if n, err := unix.EpollWait(ep, events, 0); n != 0 || err != nil {
					none(n, err)
				}
			}
		},
		serve: serveLoop(func() (int32, error) {
			n, err := unix.EpollWait(ep, events, -1)
			if n != 1 {
				return -1, err
			}
			return events[0].Fd, err
		}),
		change: func(times int) {
			for i := range times {
				ctl(unix.EPOLL_CTL_DEL, fds[i%len(fds)])
				ctl(unix.EPOLL_CTL_ADD, fds[i%len(fds)])
			}
		},
		modify: func(times int) {
			for i := range times {
				ctl(unix.EPOLL_CTL_MOD, fds[i%len(fds)])
			}
		},
		close: func() { unix.Close(ep) },
	}
}}

// selecting is select(2) for descriptors of any number: FD_SETSIZE is the C
// library's limit, not the kernel's. Each call takes a copy of the bitmap, since the
// kernel overwrites it.
var selecting = rival{"select", func(fds []int32) *watcher {
	var want, got []uint64
	nfds := int32(0)
	for _, fd := range fds {
		nfds = max(nfds, fd+1)
		if missing := int(fd/64) + 1 - len(want); missing > 0 {
			want = append(want, make([]uint64, missing)...)
		}
		want[fd/64] |= 1 << (fd % 64)
	}
	return &watcher{idle: func(times int) {
		var zero unix.Timespec
		for range times {
			got = append(got[:0], want...)
			if n, _, errno := syscall.RawSyscall6(syscall.SYS_PSELECT6, uintptr(nfds), uintptr(unsafe.Pointer(unsafe.SliceData(got))), 0, 0, uintptr(unsafe.Pointer(&zero)), 0); n != 0 {
				none(int(n), errno)
			}
		}
	}}
}}

// netpoller waits as packages os and net do. It can't wait for one of several.
var netpoller = rival{"netpoller", func(fds []int32) *watcher {
	if len(fds) > 1 {
		return new(watcher)
	}
	fd, err := unix.FcntlInt(uintptr(fds[0]), unix.F_DUPFD_CLOEXEC, 0)
	must(err)
	f := os.NewFile(uintptr(fd), "")
	return &watcher{
		serve: func(out, _ []int32) loop {
			return func(times int) {
				word := [8]byte{1}
				for range times {
					_, err := unix.Write(int(out[0]), word[:])
					must(err)
					_, err = f.Read(word[:])
					must(err)
				}
			}
		},
		close: func() { f.Close() },
	}
}}
