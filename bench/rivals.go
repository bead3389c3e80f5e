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

// A watcher waits for POLLIN on some descriptors. A field is nil if the rival cannot do
// that. Each look function calls the measured function directly: one more frame costs time
// after a system call.
type watcher struct {
	look    func(times int) (found int) // polls without waiting; found is the sum
	serve   func(out, in []int32) loop  // see serveLoop
	changes map[string]loop             // by row
	close   func()
}

// must panics after an error other than a signal's. An interrupted non-blocking poll is not
// repeated: there are few.
func must(err error) {
	if err != nil && err != syscall.EINTR && err != syscall.Errno(0) {
		panic(err)
	}
}

// serveLoop makes a loop that in iteration i writes to out[i], waits until in[i] is ready,
// and reads from it, unless wait has read already.
func serveLoop(wait func() (fd int32, err error), reads bool) func(out, in []int32) loop {
	return func(out, in []int32) loop {
		return func(times int) {
			word := [8]byte{1} // what an eventfd takes
			for i := range times {
				i %= len(out)
				must(transfer(syscall.SYS_WRITE, out[i], &word))
				fd, err := wait()
				for err == syscall.EINTR {
					fd, err = wait()
				}
				must(err)
				if fd != in[i] {
					panic(fmt.Sprint("found ", fd))
				}
				if !reads {
					must(transfer(syscall.SYS_READ, fd, &word))
				}
			}
		}
	}
}

// transfer writes or reads without informing the scheduler, at nearly the cost in C.
func transfer(trap uintptr, fd int32, word *[8]byte) error {
	n, _, errno := syscall.RawSyscall6(trap, uintptr(fd), uintptr(unsafe.Pointer(word)), 8, 0, 0, 0)
	if n != 8 {
		return errno
	}
	return nil
}

var (
	poller = rival{"Poller", func(fds []int32) *watcher { return watchByPoller(fds, false) }}
	valued = rival{"Poller, values", func(fds []int32) *watcher { return watchByPoller(fds, true) }}
)

func watchByPoller(fds []int32, values bool) *watcher {
	p := new(poll.Poller)
	register := func(fd *int32) {
		must(p.Register(int(*fd), poll.POLLIN))
		if values {
			must(p.Attach(int(*fd), fd))
		}
	}
	for i := range fds {
		register(&fds[i])
	}
	return &watcher{
		look: func(times int) (found int) {
			for range times {
				ready, err := p.Poll(0)
				must(err)
				for i := range ready {
					if values {
						found += int(*ready[i].Value.(*int32))
					} else {
						found += ready[i].Fd
					}
				}
			}
			return found
		},
		serve: serveLoop(func() (int32, error) {
			ready, err := p.Poll(poll.Forever)
			if len(ready) != 1 {
				return -1, err
			}
			return int32(ready[0].Fd), err
		}, false),
		changes: map[string]loop{
			unregister: forEach(fds, func(fd *int32) {
				must(p.Unregister(int(*fd)))
				register(fd)
			}),
			disable: forEach(fds, func(fd *int32) {
				must(p.Disable(int(*fd)))
				must(p.Modify(int(*fd), poll.POLLIN))
			}),
			modify: forEach(fds, func(fd *int32) { must(p.Modify(int(*fd), poll.POLLIN|poll.POLLPRI)) }),
		},
		close: func() { p.Close() },
	}
}

func forEach(fds []int32, change func(fd *int32)) loop {
	return func(times int) {
		for i := range times {
			change(&fds[i%len(fds)])
		}
	}
}

func newArray(fds []int32) []poll.PollFd {
	array := make([]poll.PollFd, len(fds))
	for i, fd := range fds {
		array[i] = poll.PollFd{Fd: fd, Events: poll.POLLIN}
	}
	return array
}

// sum adds up the n descriptors that have something to report.
func sum(array []poll.PollFd, n int, err error) (found int) {
	must(err)
	for i := 0; n > 0; i++ {
		if array[i].Revents != 0 {
			found += int(array[i].Fd)
			n--
		}
	}
	return found
}

var array = rival{"Poll", func(fds []int32) *watcher {
	array := newArray(fds)
	return &watcher{look: func(times int) (found int) {
		for range times {
			n, err := poll.Poll(array, 0)
			found += sum(array, n, err)
		}
		return found
	}, serve: serveLoop(func() (int32, error) {
		n, err := poll.Poll(array, poll.Forever)
		return int32(sum(array, n, err)), err
	}, false)}
}}

var rawPoll = rival{"RawPoll", func(fds []int32) *watcher {
	array := newArray(fds)
	return &watcher{look: func(times int) (found int) {
		for range times {
			n, err := poll.RawPoll(array)
			found += sum(array, n, err)
		}
		return found
	}}
}}

var unixPoll = rival{"unix.Poll", func(fds []int32) *watcher {
	array := newArray(fds)
	same := unsafe.Slice((*unix.PollFd)(unsafe.Pointer(unsafe.SliceData(array))), len(array))
	return &watcher{look: func(times int) (found int) {
		for range times {
			n, err := unix.Poll(same, 0)
			found += sum(array, n, err)
		}
		return found
	}, serve: serveLoop(func() (int32, error) {
		n, err := unix.Poll(same, -1)
		return int32(sum(array, n, err)), err
	}, false)}
}}

// rawSyscall makes RawPoll's system call. The array is converted in the call itself
// (package unsafe, pattern 4).
var rawSyscall = rival{"RawSyscall6", func(fds []int32) *watcher {
	array := newArray(fds)
	return &watcher{look: func(times int) (found int) {
		for range times {
			n, _, errno := syscall.RawSyscall6(trap, uintptr(unsafe.Pointer(unsafe.SliceData(array))), uintptr(len(array)), noWait, 0, 0, 0)
			if n != 0 {
				found += sum(array, int(n), errno)
			}
		}
		return found
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
	events := make([]unix.EpollEvent, max(1, len(fds)))
	return &watcher{
		look: func(times int) (found int) {
			for range times {
				n, err := unix.EpollWait(ep, events, 0)
				must(err)
				for i := range n {
					found += int(events[i].Fd)
				}
			}
			return found
		},
		serve: serveLoop(func() (int32, error) {
			n, err := unix.EpollWait(ep, events, -1)
			if n != 1 {
				return -1, err
			}
			return events[0].Fd, err
		}, false),
		changes: map[string]loop{
			unregister: forEach(fds, func(fd *int32) {
				ctl(unix.EPOLL_CTL_DEL, *fd)
				ctl(unix.EPOLL_CTL_ADD, *fd)
			}),
			modify: forEach(fds, func(fd *int32) { ctl(unix.EPOLL_CTL_MOD, *fd) }),
		},
		close: func() { unix.Close(ep) },
	}
}}

// selecting is select(2) for descriptors of any number: FD_SETSIZE is the C library's
// limit, not the kernel's. Each call takes a copy of the bitmap, since the kernel
// overwrites it.
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
	return &watcher{look: func(times int) (found int) {
		var zero unix.Timespec
		for range times {
			got = append(got[:0], want...)
			n, _, errno := syscall.RawSyscall6(syscall.SYS_PSELECT6, uintptr(nfds), uintptr(unsafe.Pointer(unsafe.SliceData(got))), 0, 0, uintptr(unsafe.Pointer(&zero)), 0)
			if n != 0 {
				must(errno)
				found += max(0, int(n))
			}
		}
		return found
	}}
}}

// one is a rival that can wait for one descriptor only.
func one(name string, watch func(fd int32) *watcher) rival {
	return rival{name, func(fds []int32) *watcher {
		if len(fds) > 1 {
			return &watcher{serve: func(out, in []int32) loop { return nil }}
		}
		return watch(fds[0])
	}}
}

var wait = one("Wait", func(fd int32) *watcher {
	return &watcher{serve: serveLoop(func() (int32, error) {
		_, err := poll.Wait(int(fd), poll.POLLIN, poll.Forever)
		return fd, err
	}, false)}
})

// readFirst waits only after EAGAIN, as the netpoller does.
var readFirst = one("read, Wait", func(fd int32) *watcher {
	var word [8]byte
	return &watcher{serve: serveLoop(func() (int32, error) {
		err := transfer(syscall.SYS_READ, fd, &word)
		for err == syscall.EAGAIN {
			_, err = poll.Wait(int(fd), poll.POLLIN, poll.Forever)
			must(err)
			err = transfer(syscall.SYS_READ, fd, &word)
		}
		return fd, err
	}, true)}
})

// netpoller waits as packages os and net do.
var netpoller = one("netpoller", func(fd int32) *watcher {
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	must(err)
	file, word := os.NewFile(uintptr(own), ""), make([]byte, 8)
	return &watcher{serve: serveLoop(func() (int32, error) {
		_, err := file.Read(word)
		return fd, err
	}, true), close: func() { file.Close() }}
})
