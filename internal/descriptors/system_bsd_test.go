//go:build darwin || freebsd || netbsd

// What Darwin, FreeBSD and NetBSD have in common.

package descriptors

import (
	"syscall"
	"unsafe"

	"example.com/poll/internal/fdtest"
)

var kqueueKinds = []kind{{
	name: "kqueue",
	states: []state{
		{name: "empty", make: func(m maker) int { return m.kqueue() }},
		{name: "nothing ready", make: func(m maker) int { return m.kqueue(with(pipe)(m)) }},
		{name: "something ready", make: func(m maker) int { return m.kqueue(with(pipe, peer(sends("x")))(m)) }},
	},
}}

// kqueue returns a kqueue that watches fds for reading.
func (m maker) kqueue(fds ...int) int {
	kq := m.fd(syscall.Kqueue())
	for _, fd := range fds {
		var e [1]syscall.Kevent_t
		syscall.SetKevent(&e[0], fd, syscall.EVFILT_READ, syscall.EV_ADD)
		_, err := syscall.Kevent(kq, e[:], nil, nil)
		fdtest.Must(m, err)
	}
	return kq
}

// hangsUp hangs up the terminal of the last ptmx.
func hangsUp(m maker, _ int) { m.possible("revoke", syscall.Revoke(slaveName)) }

// changesState does something with a slave that packet mode reports on FreeBSD: it discards
// the input.
func changesState(m maker, fd int) {
	read := int32(1) // FREAD
	m.ioctl(fd, syscall.TIOCFLUSH, unsafe.Pointer(&read))
}
