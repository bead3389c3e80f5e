// Rows of DESCRIPTORS.md for terminals.

package poll

import (
	"syscall"
	"unsafe"
)

// hungUpTTY is hung_up_tty_poll in drivers/tty/tty_io.c.
const hungUpTTY = rd | wr | POLLERR | POLLHUP

var terminalKinds = []kind{{
	name: "Terminal", about: "termios(3); n_tty_poll in drivers/tty/n_tty.c. Tested on the slave of a pty. Other terminals use the same function.",
	states: []state{{
		name: "canonical, idle", linux: masks{wr, 0}, freebsd: &masks{wr, 0},
		make: func(m maker) int {
			_, slave := m.pty()
			return slave
		},
	}, {
		name: "canonical, part of a line", linux: masks{wr, 0}, freebsd: &masks{wr, 0},
		note: "No POLLIN until the line is complete.",
		odd:  reads(0, syscall.EAGAIN),
		make: func(m maker) int { return m.typed("x") },
	}, {
		name: "canonical, lines", linux: masks{rd | wr, POLLIN}, freebsd: &masks{rd | wr, POLLIN},
		ends: "read", note: "One read returns at most one line.", end: do(inTurn(reads(2, nil), reads(4, nil))), then: wr,
		make: func(m maker) int {
			master, slave := m.pty()
			mustWrite(m, master, "x\nxyz\n")
			m.await(slave, POLLIN)
			return slave
		},
	}, {
		name: "canonical, end of file (^D)", linux: masks{rd | wr, POLLIN},
		ends: "read", note: "One read returns 0, but the terminal is still open.", end: do(reads(0, nil)), then: wr,
		make: func(m maker) int {
			master, slave := m.pty()
			mustWrite(m, master, "\x04")
			m.await(slave, POLLIN)
			return slave
		},
	}, {
		name: "VMIN 10, VTIME 0, 5 bytes", linux: masks{wr, 0},
		note: "No POLLIN, although a non-blocking read returns the 5 bytes.",
		make: func(m maker) int { return m.typed("12345", 10, 0) }, odd: reads(5, nil),
	}, {
		name: "VMIN 10, VTIME 0, 10 bytes", linux: masks{rd | wr, POLLIN},
		ends: "read", end: do(reads(10, nil)), then: wr,
		make: func(m maker) int { return m.typed("1234567890", 10, 0) },
	}, {
		name: "VMIN 10, VTIME 1, 1 byte", linux: masks{rd | wr, POLLIN},
		ends: "read", note: "If VTIME is not 0, POLLIN is reported from the first byte on.", end: do(reads(1, nil)), then: wr,
		make: func(m maker) int { return m.typed("1", 10, 1) },
	}, {
		name: "VMIN 0, VTIME 0, idle", linux: masks{wr, 0},
		note: "A read returns 0. This is not the end of the input.", odd: reads(0, nil),
		make: func(m maker) int { return m.typed("", 0, 0) },
	}, {
		name: "hung up", linux: masks{hungUpTTY, POLLIN | POLLERR | POLLHUP},
		ends: "close and reopen", note: "After vhangup(2). A read returns 0; a write fails with EIO.",
		odd:  inTurn(reads(0, nil), writes(syscall.EIO)),
		make: (maker).vhangup,
	}},
}, {
	name: "Pty", about: "pty(7); n_tty_poll in drivers/tty/n_tty.c. For input, see Terminal.",
	states: []state{{
		name: "master, slave never opened", linux: masks{wr, 0}, freebsd: &masks{wr, 0},
		make: func(m maker) int {
			master, _ := m.ptmx()
			return master
		},
	}, {
		name: "master, idle", linux: masks{wr, 0}, freebsd: &masks{wr, 0},
		make: func(m maker) int {
			master, _ := m.pty()
			return master
		},
	}, {
		name: "master, output", linux: masks{rd | wr, POLLIN}, freebsd: &masks{rd | wr, POLLIN},
		ends: "read", end: do(drain), then: wr,
		make: func(m maker) int {
			master, slave := m.pty()
			mustWrite(m, slave, "x")
			m.await(master, POLLIN)
			return master
		},
	}, {
		name: "master, slave closed", linux: masks{wr | POLLHUP, POLLHUP}, freebsd: &masks{rd | POLLHUP, POLLIN | POLLHUP},
		ends: "opening the slave; close", note: "Reported as long as the slave is not open anywhere: disable the master. A read fails with EIO (Linux).", odd: reads(0, syscall.EIO),
		make: func(m maker) int {
			master, slave := m.pty()
			closeFd(m, slave)
			m.await(master, POLLHUP)
			return master
		},
	}, {
		name: "master, output, slave closed", linux: masks{rd | wr | POLLHUP, POLLIN | POLLHUP},
		ends: "read ends POLLIN; opening the slave; close", end: do(drain), then: wr | POLLHUP,
		make: func(m maker) int {
			master, slave := m.pty()
			mustWrite(m, slave, "x")
			closeFd(m, slave)
			m.await(master, POLLHUP)
			m.await(master, POLLIN)
			return master
		},
	}, {
		name: "master, slave opened again", linux: masks{wr, 0}, freebsd: &masks{wr, 0},
		make: func(m maker) int {
			master, name := m.ptmx()
			slave := m.open(name, syscall.O_RDWR|syscall.O_NOCTTY)
			closeFd(m, slave)
			m.await(master, POLLHUP)
			m.open(name, syscall.O_RDWR|syscall.O_NOCTTY)
			return master
		},
	}, {
		name: "master, packet mode, slave's state changed", linux: masks{rd | wr | POLLPRI, POLLIN},
		ends: "read", note: "TIOCPKT sets packet mode. A read returns one byte that describes the change.", end: do(reads(1, nil)), then: wr,
		make: func(m maker) int {
			master, slave := m.pty()
			on := int32(1)
			m.ioctl(master, syscall.TIOCPKT, unsafe.Pointer(&on))
			var tio syscall.Termios
			m.ioctl(slave, syscall.TCGETS, unsafe.Pointer(&tio))
			tio.Iflag ^= syscall.IXON
			m.ioctl(slave, syscall.TCSETS, unsafe.Pointer(&tio))
			m.await(master, POLLPRI)
			return master
		},
	}, {
		name: "slave, idle", linux: masks{wr, 0}, freebsd: &masks{wr, 0},
		make: func(m maker) int {
			_, slave := m.pty()
			return slave
		},
	}, {
		name: "slave, master closed", linux: masks{hungUpTTY, POLLIN | POLLERR | POLLHUP}, freebsd: &masks{rd | POLLHUP, POLLIN | POLLHUP},
		ends: "close", note: "Linux: a read returns 0; a write fails with EIO.", odd: inTurn(reads(0, nil), writes(syscall.EIO)),
		make: func(m maker) int {
			master, slave := m.pty()
			closeFd(m, master)
			m.await(slave, POLLHUP)
			return slave
		},
	}},
}}
