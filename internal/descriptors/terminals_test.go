//go:build linux || darwin || freebsd || netbsd

// Rows of DESCRIPTORS.md for terminals.

package descriptors

import (
	"syscall"
	"unsafe"

	. "example.com/poll"
	"example.com/poll/internal/fdtest"
)

var terminalKinds = []kind{{
	name: "Terminal",
	states: []state{
		{name: "canonical, idle", make: with(terminal)},
		{name: "canonical, part of a line", make: with(terminal, types("x")), odd: reads(0, syscall.EAGAIN)},
		{
			name: "canonical, lines", make: with(terminal, types("x\nxyz\n")),
			end: do(inTurn(reads(2, nil), reads(4, nil))), then: wr,
		},
		{name: "canonical, end of file (^D)", make: with(terminal, peer(sends("\x04"))), end: do(reads(0, nil)), then: wr},
		{
			name: "VMIN 10, VTIME 0, 5 bytes", make: with(terminal, self(noncanonical(10, 0)), types("12345")),
			odd: reads(5, nil),
		},
		{
			name: "VMIN 10, VTIME 0, 10 bytes", make: with(terminal, self(noncanonical(10, 0)), types("1234567890")),
			end: do(reads(10, nil)), then: wr,
		},
		{
			name: "VMIN 10, VTIME 1, 1 byte", make: with(terminal, self(noncanonical(10, 1)), types("1")),
			end: do(reads(1, nil)), then: wr,
		},
		{name: "VMIN 0, VTIME 0, idle", make: with(terminal, self(noncanonical(0, 0))), odd: reads(0, nil)},
		{name: "hung up", noRDHUP: true, make: with(terminal, self(hangsUp)), odd: inTurn(reads(0, nil), writes(syscall.EIO))},
	},
}, {
	name: "Pty",
	states: []state{
		{name: "master, slave never opened", make: first((maker).ptmx)},
		{name: "master, idle", make: with(pty)},
		{name: "master, output", make: with(pty, peer(sends("x"))), end: do(drain), then: wr},
		{name: "master, slave closed", make: with(pty, peer(closes)), odd: reads(0, syscall.EIO)},
		{
			name: "master, output, slave closed", make: with(pty, peer(sends("x"), closes)),
			end: do(drain), then: wr | POLLHUP,
		},
		{name: "master, slave opened again", make: func(m maker) int {
			master, name := m.ptmx()
			fdtest.Close(m, m.open(name, syscall.O_RDWR))
			await(POLLHUP)(m, master)
			m.open(name, syscall.O_RDWR)
			return master
		}},
		{
			name: "master, packet mode, slave's state changed", make: with(pty, self(packetMode), peer(changesState)),
			end: do(reads(1, nil)), then: wr,
		},
		{name: "slave, idle", make: with(terminal)},
		{
			name: "slave, master closed", make: with(terminal, peer(closes)),
			odd: inTurn(reads(0, nil), writes(syscall.EIO)),
		},
	},
}}

// packetMode sets packet mode of a master.
func packetMode(m maker, fd int) {
	on := int32(1)
	m.ioctl(fd, syscall.TIOCPKT, unsafe.Pointer(&on))
}

func (m maker) ioctl(fd int, req uintptr, p unsafe.Pointer) {
	m.Helper()
	if err := tryIoctl(fd, req, p); err != nil {
		m.Fatalf("ioctl(%#x): %v", req, err)
	}
}

// tryIoctl is ioctl(2).
func tryIoctl(fd int, req uintptr, p unsafe.Pointer) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), req, uintptr(p)); errno != 0 {
		return errno
	}
	return nil
}
