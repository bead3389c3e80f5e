package poll

import (
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// simulate simulates a call of poll(2) on top of Linux's. A negative timeout means forever.
// When the time is up it returns 0 without another check: it misses what becomes ready in
// the last 2 ms of a wait, or in the whole of a shorter one.
//
// The file of the system defines
//
//	const playedWritesAll bool
//		whether the whole array is written back, with the values read at the start
//	func playedAsk(f PollFd, waiting bool) PollFd
//		the entry for Linux in place of f; waiting is false for the check at the start
//	func playedGot(fds []PollFd, i int, got Events, waiting bool) Events
//		the events of fds[i] if Linux reports got; waiting as above
func simulate(fds []PollFd, timeout time.Duration) (n uintptr, errno syscall.Errno) {
	const blind = 2 * time.Millisecond
	wait := timeout
	if timeout > 0 {
		wait = max(timeout-blind, 0)
	}
	arrays := playedArrays.Get().(*[]PollFd)
	defer playedArrays.Put(arrays)
	*arrays = append(append((*arrays)[:0], fds...), fds...)
	own, linux := (*arrays)[:len(fds)], (*arrays)[len(fds):]

	n, errno = simulateOnce(own, linux, 0, false)
	if errno == 0 && n == 0 && wait != 0 {
		n, errno = simulateOnce(own, linux, wait, true)
	}
	if errno == 0 && n == 0 && timeout > 0 {
		errno = linuxPoll(nil, timeout-wait)
	}
	if errno != 0 {
		return ^uintptr(0), errno
	}
	for i, f := range own {
		if playedWritesAll {
			fds[i] = f
		} else {
			fds[i].Revents = f.Revents
		}
	}
	return n, 0
}

// simulateOnce sets the Revents of own. If waiting, linux has the results of the check
// before it: what Linux reports and the system does not would end the wait.
func simulateOnce(own, linux []PollFd, timeout time.Duration, waiting bool) (n uintptr, errno syscall.Errno) {
	for i, f := range own {
		unreported := waiting && linux[i].Revents != 0
		if linux[i] = playedAsk(f, waiting); unreported {
			linux[i].Fd = -1
		}
	}
	if errno := linuxPoll(linux, timeout); errno != 0 {
		return 0, errno
	}
	for i := range own {
		if own[i].Revents = playedGot(own, i, linux[i].Revents, waiting); own[i].Revents != 0 {
			n++
		}
	}
	return n, 0
}

// playedArrays holds copies of the callers' arrays.
var playedArrays = sync.Pool{New: func() any { return new([]PollFd) }}

// linuxPoll calls ppoll(2).
func linuxPoll(fds []PollFd, timeout time.Duration) syscall.Errno {
	var tsp *syscall.Timespec
	if timeout >= 0 {
		ts := syscall.NsecToTimespec(int64(timeout))
		tsp = &ts
	}
	_, _, errno := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds)), uintptr(unsafe.Pointer(tsp)), 0, 0, 0)
	return errno
}

// swap exchanges two bits of e. Calling it twice gives e again.
func swap(e, a, b Events) Events {
	if (e&a != 0) != (e&b != 0) {
		e ^= a | b
	}
	return e
}

// swapWRBAND swaps the values of POLLWRBAND on Linux and elsewhere, so it converts both
// ways.
func swapWRBAND(e Events) Events { return swap(e, POLLWRBAND, 0x200) }

const linuxRDHUP Events = 0x2000

func isPipe(fd int32) bool   { return isKind(fd, syscall.S_IFIFO) }
func isSocket(fd int32) bool { return isKind(fd, syscall.S_IFSOCK) }

func isKind(fd int32, kind uint32) bool {
	var stat syscall.Stat_t
	return syscall.Fstat(int(fd), &stat) == nil && stat.Mode&syscall.S_IFMT == kind
}
