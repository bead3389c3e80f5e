//go:build linux || freebsd || netbsd

// Rows of DESCRIPTORS.md for eventfd and timerfd.

package descriptors

import (
	"syscall"
	"time"
	"unsafe"

	. "example.com/poll"
	"example.com/poll/internal/fdtest"
)

var counterKinds = []kind{{
	name: "eventfd", out: none,
	states: []state{
		{name: "0", make: eventfd(0)},
		{name: "1", make: eventfd(1), end: do(reads(8, nil)), then: POLLOUT},
		// eventfd(2): "The maximum value that may be stored in the counter is the largest
		// unsigned 64-bit value minus 1". Writing 1 more would block.
		{name: "the maximum", make: eventfd(1<<64 - 2), end: do(reads(8, nil)), then: POLLOUT},
	},
}, {
	name: "timerfd", out: none,
	states: []state{
		{name: "disarmed", make: timerfd},
		{name: "armed", make: after(timerfd, sets(time.Hour))},
		{name: "expired", make: after(timerfd, sets(time.Microsecond)), end: do(inTurn(await(POLLIN), reads(8, nil)), sets(time.Hour))},
		{
			name: "expired, then set again", odd: reads(0, syscall.EAGAIN),
			make: after(timerfd, sets(time.Microsecond), await(POLLIN), sets(time.Hour)),
		},
	},
}}

func eventfd(count uint64) func(m maker) int {
	return func(m maker) int {
		fd, errno := newEventfd()
		m.possible("eventfd", errno)
		fdtest.Own(m, fd)
		fdtest.Write(m, fd, string((*[8]byte)(unsafe.Pointer(&count))[:]))
		return fd
	}
}

func timerfd(m maker) int {
	fd, _, errno := syscall.Syscall(sysTimerfdCreate, clockMonotonic, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	m.possible("timerfd", errno)
	return fdtest.Own(m, int(fd))
}

// sets sets a timerfd.
func sets(d time.Duration) act {
	return func(m maker, fd int) {
		// interval and value
		spec := [2]syscall.Timespec{1: syscall.NsecToTimespec(int64(d))}
		if _, _, errno := syscall.Syscall6(sysTimerfdSettime, uintptr(fd), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0); errno != 0 {
			m.Fatal(errno)
		}
	}
}
