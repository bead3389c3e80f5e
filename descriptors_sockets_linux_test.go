// Rows of DESCRIPTORS.md for sockets other than TCP.

package poll

import "syscall"

var socketKinds = []kind{{
	name: "UDP", about: "udp(7); udp_poll in net/ipv4/udp.c, datagram_poll in net/core/datagram.c.", out: band,
	states: []state{{
		name: "fresh", linux: masks{wrb, 0}, freebsd: &masks{wr, 0},
		make: func(m maker) int { return m.socket(syscall.AF_INET, syscall.SOCK_DGRAM) },
	}, {
		name: "datagram", linux: masks{rd | wrb, POLLIN}, freebsd: &masks{rd | wr, POLLIN},
		ends: "read", end: do(reads(1, nil)), then: wrb,
		make: func(m maker) int {
			a := m.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
			addr := m.bind(a)
			must(m, syscall.Sendto(m.socket(syscall.AF_INET, syscall.SOCK_DGRAM), []byte("x"), 0, addr))
			m.await(a, POLLIN)
			return a
		},
	}, {
		name: "empty datagram", linux: masks{rd | wrb, POLLIN},
		ends: "read", note: "A read returns 0. This does not mean that the peer has closed.", end: do(reads(0, nil)), then: wrb,
		make: func(m maker) int {
			a := m.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
			addr := m.bind(a)
			must(m, syscall.Sendto(m.socket(syscall.AF_INET, syscall.SOCK_DGRAM), nil, 0, addr))
			m.await(a, POLLIN)
			return a
		},
	}, {
		name: "connected, refused", linux: masks{wrb | POLLERR, POLLERR}, freebsd: &masks{rd | wr, POLLIN},
		ends: "SO_ERROR, read or write", note: "An earlier datagram was refused.",
		end: do(soError(syscall.ECONNREFUSED), reads(0, syscall.ECONNREFUSED), writes(syscall.ECONNREFUSED)), then: wrb,
		make: func(m maker) int { return m.unreachable(false) },
	}, {
		name: "this side stopped reading", linux: masks{rd | wrb | POLLRDHUP, POLLIN},
		ends: "close", note: "POLLIN is always reported, but a non-blocking read fails with EAGAIN.", odd: reads(0, syscall.EAGAIN),
		make: func(m maker) int {
			a := m.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
			must(m, syscall.Connect(a, m.bind(m.socket(syscall.AF_INET, syscall.SOCK_DGRAM))))
			must(m, syscall.Shutdown(a, syscall.SHUT_RD))
			return a
		},
	}},
}, {
	name: "Error queue", about: "IP_RECVERR in ip(7), MSG_ERRQUEUE in recv(2).", out: band, native: true,
	states: []state{{
		name: "UDP, IP_RECVERR, refused", linux: masks{wrb | POLLERR, POLLERR},
		ends: "recvmsg with MSG_ERRQUEUE", note: "Reading SO_ERROR (ECONNREFUSED) does not end POLLERR.",
		odd: inTurn(soError(syscall.ECONNREFUSED), soError(0)),
		end: do(receiveError), then: wrb,
		make: func(m maker) int { return m.unreachable(true) },
	}, {
		name: "UDP, transmit timestamp", linux: masks{wrb | POLLERR, POLLERR},
		ends: "recvmsg with MSG_ERRQUEUE", note: "This is not an error: SO_ERROR is 0, and a read finds nothing.",
		odd: inTurn(soError(0), reads(0, syscall.EAGAIN)),
		end: do(receiveError), then: wrb,
		make: (maker).timestamped,
	}},
}, {
	name: "MSG_ZEROCOPY", about: "The kernel's Documentation/networking/msg_zerocopy.rst.", native: true,
	states: []state{{
		name: "TCP, sent", linux: masks{wr | POLLERR, POLLERR},
		ends: "recvmsg with MSG_ERRQUEUE", note: "This is not an error: SO_ERROR is 0.",
		odd: soError(0), end: do(receiveError), then: wr,
		make: (maker).zeroCopied,
	}},
}, {
	name: "Unix stream socket", about: "unix(7); unix_poll in net/unix/af_unix.c.", out: band,
	states: []state{{
		name: "fresh", linux: masks{wrb | POLLHUP, POLLHUP}, freebsd: &masks{0, 0},
		ends: "connect or listen", note: "Linux: POLLHUP is reported for any mask.",
		make: func(m maker) int { return m.socket(syscall.AF_UNIX, syscall.SOCK_STREAM) },
	}, {
		name: "connect to a full backlog", linux: masks{wrb | POLLHUP, POLLHUP},
		ends: "connect again", note: "connect fails with EAGAIN, and no attempt is pending. Retry later.",
		odd: soError(0), make: (maker).unixBacklog,
	}, {
		name: "connect to a full backlog, then room", linux: masks{wrb | POLLHUP, POLLHUP},
		ends: "connect again", note: "No event reports that there is room.", end: do(connectAgain), then: wrb,
		make: func(m maker) int {
			fd := m.unixBacklog()
			accept(m, backlog.fd)
			return fd
		},
	}, {
		name: "listening", linux: masks{0, 0},
		make: func(m maker) int {
			fd, _ := m.unixListener()
			return fd
		},
	}, {
		name: "listening, connection waits", linux: masks{rd, POLLIN},
		ends: "accept", end: do(accept),
		make: func(m maker) int {
			fd, addr := m.unixListener()
			must(m, syscall.Connect(m.socket(syscall.AF_UNIX, syscall.SOCK_STREAM), addr))
			return fd
		},
	}, {
		name: "idle", linux: masks{wrb, 0}, freebsd: &masks{wr, 0},
		ends: "write until it is full", end: do(func(m maker, fd int) { must(m, fill(fd)) }),
		make: func(m maker) int {
			a, _ := m.pair(syscall.SOCK_STREAM)
			return a
		},
	}, {
		name: "bytes", linux: masks{rd | wrb, POLLIN}, freebsd: &masks{rd | wr, POLLIN},
		ends: "read", end: do(drain), then: wrb,
		make: func(m maker) int {
			a, b := m.pair(syscall.SOCK_STREAM)
			mustWrite(m, b, "x")
			return a
		},
	}, {
		name: "full", linux: masks{0, 0}, freebsd: &masks{0, 0},
		odd: writes(syscall.EAGAIN),
		make: func(m maker) int {
			a, _ := m.pair(syscall.SOCK_STREAM)
			must(m, fill(a))
			return a
		},
	}, {
		name: "peer stopped writing", linux: masks{rd | wrb | POLLRDHUP, POLLIN}, freebsd: &masks{rd | wr | POLLRDHUP, POLLIN},
		ends: "close", note: "No POLLHUP. A read returns 0; a write still works.", odd: inTurn(reads(0, nil), writes(nil)),
		make: func(m maker) int {
			a, b := m.pair(syscall.SOCK_STREAM)
			must(m, syscall.Shutdown(b, syscall.SHUT_WR))
			return a
		},
	}, {
		name: "peer stopped reading", linux: masks{wrb, 0},
		ends: "close", note: "POLLOUT is reported, but a write fails with EPIPE.", odd: writes(syscall.EPIPE),
		make: func(m maker) int {
			a, b := m.pair(syscall.SOCK_STREAM)
			must(m, syscall.Shutdown(b, syscall.SHUT_RD))
			return a
		},
	}, {
		name: "this side stopped writing", linux: masks{wrb, 0},
		ends: "close", note: "POLLOUT is reported, but a write fails with EPIPE.", odd: writes(syscall.EPIPE),
		make: func(m maker) int {
			a, _ := m.pair(syscall.SOCK_STREAM)
			must(m, syscall.Shutdown(a, syscall.SHUT_WR))
			return a
		},
	}, {
		name: "this side stopped reading", linux: masks{rd | wrb | POLLRDHUP, POLLIN},
		ends: "close", note: "A read returns 0.", odd: reads(0, nil),
		make: func(m maker) int {
			a, _ := m.pair(syscall.SOCK_STREAM)
			must(m, syscall.Shutdown(a, syscall.SHUT_RD))
			return a
		},
	}, {
		name: "peer closed", linux: masks{rd | wrb | POLLHUP | POLLRDHUP, POLLIN | POLLHUP}, freebsd: &masks{rd | POLLHUP | POLLRDHUP, POLLIN | POLLHUP},
		ends: "close", note: "A read returns 0; a write fails with EPIPE.", odd: inTurn(reads(0, nil), writes(syscall.EPIPE)),
		make: func(m maker) int {
			a, b := m.pair(syscall.SOCK_STREAM)
			closeFd(m, b)
			return a
		},
	}, {
		name: "bytes, peer closed", linux: masks{rd | wrb | POLLHUP | POLLRDHUP, POLLIN | POLLHUP}, freebsd: &masks{rd | POLLHUP | POLLRDHUP, POLLIN | POLLHUP},
		ends: "close", note: "The same is reported with and without unread bytes, so read until a read returns 0.",
		odd: inTurn(reads(1, nil), reads(0, nil)),
		make: func(m maker) int {
			a, b := m.pair(syscall.SOCK_STREAM)
			mustWrite(m, b, "x")
			closeFd(m, b)
			return a
		},
	}, {
		name: "peer closed with bytes unread", linux: masks{hungUp | POLLWRBAND | POLLERR, POLLIN | POLLERR | POLLHUP},
		ends: "SO_ERROR or read ends POLLERR; close", note: "The error is ECONNRESET.", end: do(soError(syscall.ECONNRESET), reads(0, syscall.ECONNRESET)), then: hungUp | POLLWRBAND,
		make: func(m maker) int {
			a, b := m.pair(syscall.SOCK_STREAM)
			mustWrite(m, a, "x")
			closeFd(m, b)
			return a
		},
	}},
}, {
	name: "Unix datagram socket", about: "unix(7); unix_dgram_poll in net/unix/af_unix.c.", out: band,
	states: []state{{
		name: "fresh", linux: masks{wrb, 0},
		make: func(m maker) int { return m.socket(syscall.AF_UNIX, syscall.SOCK_DGRAM) },
	}, {
		name: "connected", linux: masks{wrb, 0}, freebsd: &masks{wr, 0},
		ends: "write until it is full (Linux)", end: do(func(m maker, fd int) { must(m, fill(fd)) }),
		make: func(m maker) int {
			a, _ := m.pair(syscall.SOCK_DGRAM)
			return a
		},
	}, {
		name: "datagram", linux: masks{rd | wrb, POLLIN}, freebsd: &masks{rd | wr, POLLIN},
		ends: "read", end: do(reads(1, nil)), then: wrb,
		make: func(m maker) int {
			a, b := m.pair(syscall.SOCK_DGRAM)
			mustWrite(m, b, "x")
			return a
		},
	}, {
		name: "full", linux: masks{0, 0}, freebsd: &masks{wr, 0},
		note: "FreeBSD: POLLOUT is reported, but a write fails with ENOBUFS.", odd: writes(syscall.EAGAIN),
		make: func(m maker) int {
			a, _ := m.pair(syscall.SOCK_DGRAM)
			must(m, fill(a))
			return a
		},
	}, {
		name: "peer closed", linux: masks{wrb, 0}, freebsd: &masks{rd | wr, POLLIN},
		ends: "close", note: "Linux: no event reports it, but a write fails with ECONNREFUSED.", odd: writes(syscall.ECONNREFUSED),
		make: func(m maker) int {
			a, b := m.pair(syscall.SOCK_DGRAM)
			closeFd(m, b)
			return a
		},
	}, {
		name: "this side stopped reading", linux: masks{rd | wrb | POLLRDHUP, POLLIN},
		ends: "close", note: "POLLIN is always reported, but a non-blocking read fails with EAGAIN.", odd: reads(0, syscall.EAGAIN),
		make: func(m maker) int {
			a, _ := m.pair(syscall.SOCK_DGRAM)
			must(m, syscall.Shutdown(a, syscall.SHUT_RD))
			return a
		},
	}},
}, {
	name: "Unix seqpacket socket", about: "unix(7); unix_dgram_poll in net/unix/af_unix.c. A connection that keeps packets apart.", out: band,
	states: []state{{
		name: "fresh", linux: masks{wrb | POLLHUP, POLLHUP},
		ends: "connect or listen", note: "POLLHUP is reported for any mask.",
		make: func(m maker) int { return m.socket(syscall.AF_UNIX, syscall.SOCK_SEQPACKET) },
	}, {
		name: "connected", linux: masks{wrb, 0}, freebsd: &masks{wr, 0},
		ends: "write until it is full", end: do(func(m maker, fd int) { must(m, fill(fd)) }),
		make: func(m maker) int {
			a, _ := m.pair(syscall.SOCK_SEQPACKET)
			return a
		},
	}, {
		name: "packet", linux: masks{rd | wrb, POLLIN}, freebsd: &masks{rd | wr, POLLIN},
		ends: "read", end: do(reads(1, nil)), then: wrb,
		make: func(m maker) int {
			a, b := m.pair(syscall.SOCK_SEQPACKET)
			mustWrite(m, b, "x")
			return a
		},
	}, {
		name: "full", linux: masks{0, 0}, freebsd: &masks{0, 0},
		odd: writes(syscall.EAGAIN),
		make: func(m maker) int {
			a, _ := m.pair(syscall.SOCK_SEQPACKET)
			must(m, fill(a))
			return a
		},
	}, {
		name: "peer stopped writing", linux: masks{rd | wrb | POLLRDHUP, POLLIN}, freebsd: &masks{rd | wr | POLLRDHUP, POLLIN},
		ends: "close", note: "No POLLHUP. A read returns 0.", odd: reads(0, nil),
		make: func(m maker) int {
			a, b := m.pair(syscall.SOCK_SEQPACKET)
			must(m, syscall.Shutdown(b, syscall.SHUT_WR))
			return a
		},
	}, {
		name: "peer closed", linux: masks{rd | wrb | POLLHUP | POLLRDHUP, POLLIN | POLLHUP}, freebsd: &masks{rd | POLLHUP | POLLRDHUP, POLLIN | POLLHUP},
		ends: "close", note: "A read returns 0.", odd: reads(0, nil),
		make: func(m maker) int {
			a, b := m.pair(syscall.SOCK_SEQPACKET)
			closeFd(m, b)
			return a
		},
	}},
}, {
	name: "Netlink socket", about: "netlink(7); datagram_poll in net/core/datagram.c.", out: band, native: true,
	states: []state{{
		name: "message", linux: masks{rd | wrb, POLLIN},
		ends: "read", end: do(drain), then: wrb,
		make: func(m maker) int { return m.netlink(1) },
	}, {
		name: "messages lost", linux: masks{rd | wrb | POLLERR, POLLIN | POLLERR},
		ends: "SO_ERROR or read ends POLLERR; read ends POLLIN", note: "The error is ENOBUFS. Read the rest, then request the full state.",
		end: do(inTurn(reads(0, syscall.ENOBUFS), drain), inTurn(soError(syscall.ENOBUFS), drain)), then: wrb,
		make: func(m maker) int { return m.netlink(1000) },
	}},
}, {
	name: "vsock", about: "vsock(7); vsock_poll in net/vmw_vsock/af_vsock.c.", native: true,
	states: []state{{
		name: "refused", linux: masks{wr | POLLERR, POLLERR},
		ends: "SO_ERROR ends POLLERR; close", note: "No POLLHUP, unlike TCP. The error is ECONNRESET.",
		make: (maker).vsockRefused, end: do(soError(syscall.ECONNRESET)), then: wr,
	}},
}, {
	name: "Raw CAN socket", about: "The kernel's Documentation/networking/can.rst; datagram_poll in net/core/datagram.c.", out: band, native: true,
	states: []state{{
		name: "idle", linux: masks{wrb, 0},
		note: "POLLOUT is reported, but a write may fail with ENOBUFS: retry later. †",
		make: func(m maker) int {
			fd, _ := m.can()
			return fd
		},
	}, {
		name: "frame", linux: masks{rd | wrb, POLLIN},
		ends: "read", end: do(reads(16, nil)), then: wrb,
		make: func(m maker) int {
			fd, other := m.can()
			mustWrite(m, other, string(make([]byte, 16)))
			m.await(fd, POLLIN)
			return fd
		},
	}, {
		name: "interface went down", linux: masks{wrb | POLLERR, POLLERR},
		ends: "SO_ERROR or read", note: "The error is ENETDOWN.", end: do(soError(syscall.ENETDOWN), reads(0, syscall.ENETDOWN)), then: wrb,
		make: func(m maker) int {
			fd, _ := m.can()
			m.setLink("vcan0", false)
			m.await(fd, POLLERR)
			return fd
		},
	}},
}}
