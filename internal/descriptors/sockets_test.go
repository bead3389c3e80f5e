//go:build linux || darwin || freebsd || netbsd

// Rows of DESCRIPTORS.md for sockets that every system has.

package descriptors

import (
	"syscall"
	"time"

	. "example.com/poll"
	"example.com/poll/internal/fdtest"
)

// wrb are the events that datagram and Unix sockets report together on Linux.
const wrb = wr | POLLWRBAND

// hungUp has the events of a connection that is closed in both directions.
const hungUp = rd | wr | POLLHUP | rdhup

var socketKinds = []kind{{
	name: "TCP",
	states: []state{
		{name: "fresh", make: fresh(syscall.AF_INET, syscall.SOCK_STREAM), end: do(listens)},
		{name: "bound", make: after(fresh(syscall.AF_INET, syscall.SOCK_STREAM), binds), end: do(listens)},
		{name: "listening", make: after(fresh(syscall.AF_INET, syscall.SOCK_STREAM), binds, listens)},
		{name: "listening, connection waits", end: do(accepts), make: func(m maker) int {
			fd, addr := m.tcpListener(1)
			m.connect(addr)
			return fd
		}},
		{name: "connecting", make: connecting},
		{
			name: "refused", make: refused,
			end: do(soError(syscall.ECONNREFUSED), reads(0, syscall.ECONNREFUSED)), then: hungUp,
		},
		{name: "refused, error read", make: after(refused, readsError), odd: reads(0, nil)},
		{name: "idle", make: with(tcp), end: do(fillsTCP)},
		{name: "idle, accepted", make: with(accepted), end: do(fillsTCP)},
		{name: "bytes", make: with(tcp, peer(sends("x"))), end: do(drain), then: wr},
		{name: "urgent byte", make: with(tcp, peer(urgent("x"))), end: do(receivesUrgent), then: wr},
		{
			name: "bytes, urgent byte", make: with(tcp, peer(urgent("xyz"))),
			end: do(inTurn(receivesUrgent, drain)), then: wr,
		},
		{name: "full", make: with(tcp, self(fillsTCP))},
		{name: "full, peer stopped writing", make: with(tcp, peer(shuts(syscall.SHUT_WR)), self(await(POLLIN), fillsTCP))},
		{
			name: "peer stopped writing", make: with(tcp, peer(shuts(syscall.SHUT_WR))),
			odd: inTurn(reads(0, nil), writes(nil)),
		},
		{name: "peer stopped reading", make: with(tcp, peer(shuts(syscall.SHUT_RD))), odd: writes(nil)},
		{
			name: "this side stopped writing", make: with(tcp, self(shuts(syscall.SHUT_WR)), peer(await(POLLIN))),
			odd: writes(syscall.EPIPE),
		},
		{name: "this side stopped reading", make: with(tcp, self(shuts(syscall.SHUT_RD))), odd: reads(0, nil)},
		{name: "this side shut down both directions", make: with(tcp, self(shuts(syscall.SHUT_RDWR)))},
		{
			name: "both sides stopped writing",
			make: with(tcp, peer(shuts(syscall.SHUT_WR)), self(await(POLLIN), shuts(syscall.SHUT_WR))),
		},
		{name: "peer closed", make: with(tcp, peer(closes)), odd: reads(0, nil)},
		{
			name: "peer closed, then written to", make: with(tcp, peer(closes), self(await(POLLIN), sends("x"))),
			end: do(soError(syscall.EPIPE), writes(syscall.EPIPE)), then: hungUp,
		},
		{
			name: "peer closed with bytes unread", make: with(tcp, self(sends("unread")), peer(await(POLLIN), closes)),
			end: do(soError(syscall.ECONNRESET), reads(0, syscall.ECONNRESET)), then: hungUp,
		},
		{
			name: "reset", make: with(tcp, peer(resets)),
			end: do(soError(syscall.ECONNRESET), reads(0, syscall.ECONNRESET)), then: hungUp,
		},
	},
}, {
	name: "UDP", out: band,
	states: []state{
		{name: "fresh", make: fresh(syscall.AF_INET, syscall.SOCK_DGRAM)},
		{name: "datagram", make: with(udp, peer(sends("x"))), end: do(reads(1, nil)), then: wrb},
		{name: "empty datagram", make: with(udp, peer(sendsNothing)), end: do(reads(0, nil)), then: wrb},
		{
			name: "connected, refused", make: with(udp, peer(closes), self(sends("x"))), then: wrb,
			end: do(soError(syscall.ECONNREFUSED), reads(0, syscall.ECONNREFUSED), writes(syscall.ECONNREFUSED)),
		},
		{name: "this side stopped reading", make: with(udp, self(shuts(syscall.SHUT_RD))), odd: reads(0, syscall.EAGAIN)},
	},
}, {
	name: "Unix stream socket", out: band,
	states: []state{
		{name: "fresh", make: fresh(syscall.AF_UNIX, syscall.SOCK_STREAM)},
		{name: "connect to a full backlog", make: with(backlog), odd: soError(0)},
		{
			name: "connect to a full backlog, then room", make: with(backlog, peer(accepts)),
			end: do(connectsAgain), then: wrb,
		},
		{name: "listening", make: first((maker).unixListener)},
		{name: "listening, connection waits", end: do(accepts), make: func(m maker) int {
			fd, addr := m.unixListener()
			fdtest.Must(m, syscall.Connect(m.socket(syscall.AF_UNIX, syscall.SOCK_STREAM), addr))
			return fd
		}},
		{name: "idle", make: with(stream), end: do(fills)},
		{name: "bytes", make: with(stream, peer(sends("x"))), end: do(drain), then: wrb},
		{name: "full", make: with(stream, self(fills)), odd: writes(syscall.EAGAIN)},
		{
			name: "peer stopped writing", make: with(stream, peer(shuts(syscall.SHUT_WR))),
			odd: inTurn(reads(0, nil), writes(nil)),
		},
		{name: "peer stopped reading", make: with(stream, peer(shuts(syscall.SHUT_RD))), odd: writes(syscall.EPIPE)},
		{name: "peer shut down both directions", make: with(stream, peer(shuts(syscall.SHUT_RDWR))), odd: reads(0, nil)},
		{name: "this side stopped writing", make: with(stream, self(shuts(syscall.SHUT_WR))), odd: writes(syscall.EPIPE)},
		{name: "this side stopped reading", make: with(stream, self(shuts(syscall.SHUT_RD))), odd: reads(0, nil)},
		{
			name: "peer closed", make: with(stream, peer(closes)),
			odd: inTurn(reads(0, nil), writes(syscall.EPIPE)),
		},
		{
			name: "bytes, peer closed", make: with(stream, peer(sends("x"), closes)),
			odd: inTurn(reads(1, nil), reads(0, nil)),
		},
		{
			name: "peer closed with bytes unread", make: with(stream, self(sends("x")), peer(closes)),
			end: do(soError(syscall.ECONNRESET), reads(0, syscall.ECONNRESET)), then: hungUp | POLLWRBAND,
		},
	},
}, {
	name: "Unix datagram socket", out: band,
	states: []state{
		{name: "fresh", make: fresh(syscall.AF_UNIX, syscall.SOCK_DGRAM)},
		{name: "connected", make: with(datagram), end: do(fills)},
		{name: "datagram", make: with(datagram, peer(sends("x"))), end: do(reads(1, nil)), then: wrb},
		{name: "full", make: with(datagram, self(fills)), odd: writes(syscall.EAGAIN)},
		{name: "peer closed", make: with(datagram, peer(closes)), odd: writes(syscall.ECONNREFUSED)},
		{
			name: "this side stopped reading", make: with(datagram, self(shuts(syscall.SHUT_RD))),
			odd: reads(0, syscall.EAGAIN),
		},
	},
}, {
	name: "Unix seqpacket socket", out: band,
	states: []state{
		{name: "fresh", make: fresh(syscall.AF_UNIX, syscall.SOCK_SEQPACKET)},
		{name: "connected", make: with(seqpacket), end: do(fills)},
		{name: "packet", make: with(seqpacket, peer(sends("x"))), end: do(reads(1, nil)), then: wrb},
		{name: "full", make: with(seqpacket, self(fills)), odd: writes(syscall.EAGAIN)},
		{name: "peer stopped writing", make: with(seqpacket, peer(shuts(syscall.SHUT_WR))), odd: reads(0, nil)},
		{name: "peer closed", make: with(seqpacket, peer(closes)), odd: reads(0, nil)},
	},
}}

var (
	stream    = unixPair(syscall.SOCK_STREAM)
	datagram  = unixPair(syscall.SOCK_DGRAM)
	seqpacket = unixPair(syscall.SOCK_SEQPACKET)
)

// connecting returns a TCP socket whose connect is not finished. A backlog of 0 has room
// for one connection on Linux. The next one is retried after a second.
func connecting(m maker) int {
	l, addr := m.tcpListener(0)
	for i := 0; i < 10; i++ {
		fd := m.connect(addr)
		await(POLLIN)(m, l)
		if got, err := Wait(fd, POLLOUT, 100*time.Millisecond); got == 0 {
			fdtest.Must(m, err)
			return fd
		}
	}
	m.Skip("a full backlog does not delay a connection")
	return 0
}

// sendsNothing sends an empty datagram.
func sendsNothing(m maker, fd int) {
	_, err := syscall.SendmsgN(fd, nil, nil, nil, 0)
	fdtest.Must(m, err)
}
