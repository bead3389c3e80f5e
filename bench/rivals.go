//go:build linux

// The ways to wait for descriptors that are compared.

package main

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
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
	idle       loop                       // polls without waiting, and finds nothing
	serve      func(out, in []int32) loop // see serveLoop
	ready      loop                       // polls without waiting, and finds all of them
	change     loop                       // takes a descriptor out of the set and puts it back
	modify     loop                       // changes a descriptor's mask
	goroutines func() loop                // see goroutines
	close      func()
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
func serveLoop(wait func() (fd int32, err error)) func(out, in []int32) loop {
	return func(out, in []int32) loop {
		return func(times int) {
			word := [8]byte{1} // what an eventfd takes
			for i := range times {
				i %= len(out)
				written := transfer(syscall.SYS_WRITE, out[i], &word)
				fd, err := wait()
				for err == syscall.EINTR {
					fd, err = wait()
				}
				must(err)
				if fd != in[i] || !written || !transfer(syscall.SYS_READ, fd, &word) {
					panic(fmt.Sprint("found ", fd))
				}
			}
		}
	}
}

// transfer writes or reads without telling the scheduler, at nearly the cost in C.
func transfer(trap uintptr, fd int32, word *[8]byte) bool {
	n, _, _ := syscall.RawSyscall6(trap, uintptr(fd), uintptr(unsafe.Pointer(word)), 8, 0, 0, 0)
	return n == 8
}

// goroutines starts one for each of fds, which waits and reads. The loop writes to
// the next of fds each time and waits until its goroutine has read that.
func goroutines(fds []int32, read func(i int, word []byte)) (run loop, stop func()) {
	var stopped atomic.Bool
	var running sync.WaitGroup
	done := make(chan int)
	for i := range fds {
		running.Go(func() {
			word := make([]byte, 8)
			for read(i, word); !stopped.Load(); read(i, word) {
				done <- i
			}
		})
	}
	run = func(times int) {
		for i := range times {
			i %= len(fds)
			writeAll(fds[i : i+1])
			if got := <-done; got != i {
				panic(fmt.Sprint("read ", got))
			}
		}
	}
	return run, func() {
		stopped.Store(true)
		writeAll(fds)
		running.Wait()
	}
}

// sums panics unless the descriptors found so many times add up to those of fds.
func sums(found int, fds []int32, times int) {
	for _, fd := range fds {
		found -= times * int(fd)
	}
	if found != 0 {
		panic("not all found")
	}
}

var (
	poller = rival{"Poller", func(fds []int32) *watcher { return watchByPoller(fds, false) }}
	valued = rival{"Poller, values", func(fds []int32) *watcher { return watchByPoller(fds, true) }}
)

// watchByPoller attaches a value to each of fds if it is told to.
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
	w := &watcher{
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
		ready: func(times int) {
			found := 0
			for range times {
				ready, _ := p.Poll(0)
				for i := range ready {
					found += ready[i].Fd
				}
			}
			sums(found, fds, times)
		},
		change: func(times int) {
			for i := range times {
				fd := &fds[i%len(fds)]
				must(p.Unregister(int(*fd)))
				register(fd)
			}
		},
		modify: func(times int) {
			for i := range times {
				must(p.Modify(int(fds[i%len(fds)]), poll.POLLIN|poll.POLLPRI))
			}
		},
		close: func() { p.Close() },
	}
	if values {
		w.ready = func(times int) {
			found := 0
			for range times {
				ready, _ := p.Poll(0)
				for i := range ready {
					found += int(*ready[i].Value.(*int32))
				}
			}
			sums(found, fds, times)
		}
	}
	return w
}

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
	}), ready: func(times int) {
		found := 0
		for range times {
			n, _ := poll.Poll(array, 0)
			for i := 0; n > 0; i++ {
				if array[i].Revents != 0 {
					found += int(array[i].Fd)
					n--
				}
			}
		}
		sums(found, fds, times)
	}}
}}

var wait = rival{"Wait", func(fds []int32) *watcher {
	return watchEach(fds, serveLoop(func() (int32, error) {
		_, err := poll.Wait(int(fds[0]), poll.POLLIN, poll.Forever)
		return fds[0], err
	}), func(i int, word []byte) {
		_, err := poll.Wait(int(fds[i]), poll.POLLIN, poll.Forever)
		must(err)
		_, err = unix.Read(int(fds[i]), word)
		must(err)
	})
}}

// readFirst waits only after EAGAIN, as the netpoller does.
var readFirst = rival{"read, Wait", func(fds []int32) *watcher {
	serve := func(out, in []int32) loop {
		return func(times int) {
			word := [8]byte{1}
			for range times {
				if !transfer(syscall.SYS_WRITE, out[0], &word) {
					panic("no write")
				}
				for !transfer(syscall.SYS_READ, in[0], &word) {
					_, err := poll.Wait(int(in[0]), poll.POLLIN, poll.Forever)
					must(err)
				}
			}
		}
	}
	return watchEach(fds, serve, nil)
}}

// netpoller waits as packages os and net do.
var netpoller = rival{"netpoller", func(fds []int32) *watcher {
	var files []*os.File
	for _, fd := range fds[:min(100, len(fds))] {
		fd, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		must(err)
		files = append(files, os.NewFile(uintptr(fd), ""))
	}
	w := watchEach(fds, func(out, _ []int32) loop {
		return func(times int) {
			word := [8]byte{1}
			for range times {
				_, err := unix.Write(int(out[0]), word[:])
				must(err)
				_, err = files[0].Read(word[:])
				must(err)
			}
		}
	}, func(i int, word []byte) {
		_, err := files[i].Read(word)
		must(err)
	})
	stop := w.close
	w.close = func() {
		stop()
		for _, f := range files {
			f.Close()
		}
	}
	return w
}}

// watchEach is for what can't wait for one of several. It serves one descriptor or,
// if there is a read, one in each goroutine.
func watchEach(fds []int32, serve func(out, in []int32) loop, read func(i int, word []byte)) *watcher {
	stop := func() {}
	w := &watcher{close: func() { stop() }}
	if read != nil {
		w.goroutines = func() (run loop) {
			run, stop = goroutines(fds, read)
			return run
		}
	}
	if len(fds) == 1 {
		w.serve = serve
	}
	return w
}

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
	events := make([]unix.EpollEvent, max(1, len(fds)))
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
		ready: func(times int) {
			found := 0
			for range times {
				n, _ := unix.EpollWait(ep, events, 0)
				for i := range events[:n] {
					found += int(events[i].Fd)
				}
			}
			sums(found, fds, times)
		},
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
