// Rows of DESCRIPTORS.md for TCP sockets.

package poll

import "syscall"

// hungUp has the events of a connection that is closed in both directions.
const hungUp = rd | wr | POLLHUP | POLLRDHUP

var tcpKinds = []kind{{
	name: "TCP", about: "tcp(7); tcp_poll in net/ipv4/tcp.c.",
	states: []state{{
		name: "fresh", linux: masks{wr | POLLHUP, POLLHUP}, freebsd: &masks{0, 0},
		ends: "connect or listen", note: "Linux: POLLHUP is reported for any mask. Register the socket after connect.",
		make: func(m maker) int { return m.socket(syscall.AF_INET, syscall.SOCK_STREAM) },
		end:  do(func(m maker, fd int) { must(m, syscall.Listen(fd, 1)) }),
	}, {
		name: "bound", linux: masks{wr | POLLHUP, POLLHUP}, freebsd: &masks{0, 0},
		ends: "connect or listen",
		make: func(m maker) int {
			fd := m.socket(syscall.AF_INET, syscall.SOCK_STREAM)
			m.bind(fd)
			return fd
		},
		end: do(func(m maker, fd int) { must(m, syscall.Listen(fd, 1)) }),
	}, {
		name: "listening", linux: masks{0, 0}, freebsd: &masks{0, 0},
		make: func(m maker) int {
			fd, _ := m.tcpListener(1)
			return fd
		},
	}, {
		name: "listening, connection waits", linux: masks{rd, POLLIN}, freebsd: &masks{rd, POLLIN},
		ends: "accept", end: do(accept),
		make: func(m maker) int {
			fd, addr := m.tcpListener(1)
			m.connect(addr)
			m.await(fd, POLLIN)
			return fd
		},
	}, {
		name: "connecting", linux: masks{0, 0},
		note: "POLLOUT is reported once the connect has succeeded or failed. Then check SO_ERROR.",
		make: func(m maker) int {
			// A backlog of 0 has room for one connection. The next one is retried
			// after a second.
			fd, addr := m.tcpListener(0)
			m.connect(addr)
			m.await(fd, POLLIN)
			return m.connect(addr)
		},
	}, {
		name: "refused", linux: masks{hungUp | POLLERR, POLLIN | POLLERR | POLLHUP}, freebsd: &masks{rd | POLLHUP | POLLRDHUP, POLLIN | POLLHUP},
		ends: "SO_ERROR or read ends POLLERR; close", end: do(soError(syscall.ECONNREFUSED), reads(0, syscall.ECONNREFUSED)), then: hungUp,
		make: func(m maker) int {
			// A port that is bound but not listening: nobody else can get it, and
			// connections are refused.
			fd := m.connect(m.bind(m.socket(syscall.AF_INET, syscall.SOCK_STREAM)))
			m.await(fd, POLLERR)
			return fd
		},
	}, {
		name: "refused, error read", linux: masks{hungUp, POLLIN | POLLHUP}, freebsd: &masks{rd | POLLHUP | POLLRDHUP, POLLIN | POLLHUP},
		ends: "close", note: "A read returns 0, as at the end of a stream.", odd: reads(0, nil),
		make: func(m maker) int {
			fd := m.connect(m.bind(m.socket(syscall.AF_INET, syscall.SOCK_STREAM)))
			m.await(fd, POLLERR)
			soError(syscall.ECONNREFUSED)(m, fd)
			return fd
		},
	}, {
		name: "idle", linux: masks{wr, 0}, freebsd: &masks{wr, 0},
		ends: "write until it is full", end: do(func(m maker, fd int) { m.fillTCP(fd) }),
		make: func(m maker) int {
			a, _ := m.tcp()
			return a
		},
	}, {
		name: "idle, accepted", linux: masks{wr, 0},
		ends: "write until it is full",
		make: func(m maker) int {
			_, b := m.tcp()
			return b
		},
	}, {
		name: "bytes", linux: masks{rd | wr, POLLIN}, freebsd: &masks{rd | wr, POLLIN},
		ends: "read", end: do(drain), then: wr,
		make: func(m maker) int {
			a, b := m.tcp()
			mustWrite(m, b, "x")
			m.await(a, POLLIN)
			return a
		},
	}, {
		name: "urgent byte", linux: masks{wr | POLLPRI, 0}, freebsd: &masks{wr | POLLPRI | POLLRDBAND, 0},
		ends: "recv with MSG_OOB", end: do(receiveUrgent), then: wr,
		make: func(m maker) int {
			a, b := m.tcp()
			m.urgent(b, "x")
			m.await(a, POLLPRI)
			return a
		},
	}, {
		name: "bytes, urgent byte", linux: masks{rd | wr | POLLPRI, POLLIN},
		ends: "recv with MSG_OOB ends POLLPRI; read", end: do(inTurn(receiveUrgent, drain)), then: wr,
		make: func(m maker) int {
			a, b := m.tcp()
			m.urgent(b, "xyz")
			m.await(a, POLLPRI)
			m.await(a, POLLIN)
			return a
		},
	}, {
		name: "full", linux: masks{0, 0}, freebsd: &masks{0, 0},
		note: "A small write may succeed before POLLOUT is reported.",
		make: func(m maker) int {
			a, _ := m.tcp()
			m.fillTCP(a)
			return a
		},
	}, {
		name: "full, peer stopped writing", linux: masks{rd | POLLRDHUP, POLLIN},
		ends: "close",
		make: func(m maker) int {
			a, b := m.tcp()
			must(m, syscall.Shutdown(b, syscall.SHUT_WR))
			m.await(a, POLLRDHUP)
			m.fillTCP(a)
			return a
		},
	}, {
		name: "peer stopped writing", linux: masks{rd | wr | POLLRDHUP, POLLIN}, freebsd: &masks{rd | wr | POLLRDHUP, POLLIN},
		ends: "close", note: "No POLLHUP. A read returns 0; a write still works.", odd: inTurn(reads(0, nil), writes(nil)),
		make: func(m maker) int {
			a, b := m.tcp()
			must(m, syscall.Shutdown(b, syscall.SHUT_WR))
			m.await(a, POLLRDHUP)
			return a
		},
	}, {
		name: "peer stopped reading", linux: masks{wr, 0}, freebsd: &masks{wr, 0},
		ends: "write until it is full", note: "No event reports it.", odd: writes(nil),
		make: func(m maker) int {
			a, b := m.tcp()
			must(m, syscall.Shutdown(b, syscall.SHUT_RD))
			return a
		},
	}, {
		name: "this side stopped writing", linux: masks{wr, 0}, freebsd: &masks{wr, 0},
		ends: "close", note: "POLLOUT is reported, but a write fails with EPIPE.", odd: writes(syscall.EPIPE),
		make: func(m maker) int {
			a, b := m.tcp()
			must(m, syscall.Shutdown(a, syscall.SHUT_WR))
			m.await(b, POLLRDHUP)
			return a
		},
	}, {
		name: "this side stopped reading", linux: masks{rd | wr | POLLRDHUP, POLLIN}, freebsd: &masks{rd | wr | POLLRDHUP, POLLIN},
		ends: "close", note: "A read returns 0.", odd: reads(0, nil),
		make: func(m maker) int {
			a, _ := m.tcp()
			must(m, syscall.Shutdown(a, syscall.SHUT_RD))
			return a
		},
	}, {
		name: "this side shut down both directions", linux: masks{hungUp, POLLIN | POLLHUP},
		ends: "close",
		make: func(m maker) int {
			a, b := m.tcp()
			must(m, syscall.Shutdown(a, syscall.SHUT_RDWR))
			m.await(b, POLLRDHUP)
			return a
		},
	}, {
		name: "both sides stopped writing", linux: masks{hungUp, POLLIN | POLLHUP}, freebsd: &masks{rd | POLLHUP | POLLRDHUP, POLLIN | POLLHUP},
		ends: "close",
		make: func(m maker) int {
			a, b := m.tcp()
			must(m, syscall.Shutdown(b, syscall.SHUT_WR))
			m.await(a, POLLRDHUP)
			must(m, syscall.Shutdown(a, syscall.SHUT_WR))
			m.await(a, POLLHUP)
			return a
		},
	}, {
		name: "peer closed", linux: masks{rd | wr | POLLRDHUP, POLLIN}, freebsd: &masks{rd | wr | POLLRDHUP, POLLIN},
		ends: "close", note: "The same as \"peer stopped writing\": no POLLHUP until you write.", odd: reads(0, nil),
		make: func(m maker) int {
			a, b := m.tcp()
			closeFd(m, b)
			m.await(a, POLLRDHUP)
			return a
		},
	}, {
		name: "peer closed, then written to", linux: masks{hungUp | POLLERR, POLLIN | POLLERR | POLLHUP}, freebsd: &masks{rd | POLLHUP | POLLRDHUP, POLLIN | POLLHUP},
		ends: "SO_ERROR or write ends POLLERR; close", note: "The error is EPIPE.", end: do(soError(syscall.EPIPE), writes(syscall.EPIPE)), then: hungUp,
		make: func(m maker) int {
			a, b := m.tcp()
			closeFd(m, b)
			m.await(a, POLLRDHUP)
			mustWrite(m, a, "x")
			m.await(a, POLLERR)
			return a
		},
	}, {
		name: "peer closed with bytes unread", linux: masks{hungUp | POLLERR, POLLIN | POLLERR | POLLHUP}, freebsd: &masks{rd | wr | POLLRDHUP, POLLIN},
		ends: "SO_ERROR or read ends POLLERR; close", note: "Linux: the connection is reset (ECONNRESET).", end: do(soError(syscall.ECONNRESET), reads(0, syscall.ECONNRESET)), then: hungUp,
		make: func(m maker) int {
			a, b := m.tcp()
			mustWrite(m, a, "unread")
			m.await(b, POLLIN)
			closeFd(m, b)
			m.await(a, POLLERR)
			return a
		},
	}, {
		name: "reset", linux: masks{hungUp | POLLERR, POLLIN | POLLERR | POLLHUP}, freebsd: &masks{rd | POLLHUP | POLLRDHUP, POLLIN | POLLHUP},
		ends: "SO_ERROR or read ends POLLERR; close", note: "The error is ECONNRESET.", end: do(soError(syscall.ECONNRESET), reads(0, syscall.ECONNRESET)), then: hungUp,
		make: func(m maker) int {
			a, b := m.tcp()
			// With SO_LINGER and a linger time of 0, close(2) sends a reset.
			must(m, syscall.SetsockoptLinger(b, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1}))
			closeFd(m, b)
			m.await(a, POLLERR)
			return a
		},
	}},
}}

func accept(m maker, fd int) {
	m.Helper()
	conn, _, err := syscall.Accept4(fd, syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK)
	m.fd(conn, err)
}

// receiveUrgent receives an out-of-band byte: tcp(7).
func receiveUrgent(m maker, fd int) {
	m.Helper()
	if n, _, err := syscall.Recvfrom(fd, make([]byte, 1), syscall.MSG_OOB); n != 1 || err != nil {
		m.Errorf("recv with MSG_OOB: %d, %v", n, err)
	}
}
