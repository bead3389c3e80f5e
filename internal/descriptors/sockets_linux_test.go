// Rows of DESCRIPTORS.md for sockets of Linux alone.

package descriptors

import (
	"syscall"
)

var linuxSocketKinds = []kind{{
	name: "Error queue", out: band, native: true,
	states: []state{
		{
			name: "UDP, IP_RECVERR, refused", make: with(udp, self(queuesErrors), peer(closes), self(sends("x"))),
			odd: inTurn(soError(syscall.ECONNREFUSED), soError(0)), end: do(receiveError), then: wrb,
		},
		{
			name: "UDP, transmit timestamp", make: timestamped,
			odd: inTurn(soError(0), reads(0, syscall.EAGAIN)), end: do(receiveError), then: wrb,
		},
	},
}, {
	name: "MSG_ZEROCOPY", native: true,
	states: []state{{name: "TCP, sent", make: zeroCopied, odd: soError(0), end: do(receiveError), then: wr}},
}, {
	name: "Netlink socket", out: band, native: true,
	states: []state{
		{name: "message", make: netlink(1), end: do(drain), then: wrb},
		{
			name: "messages lost", make: netlink(1000), then: wrb,
			end: do(inTurn(reads(0, syscall.ENOBUFS), drain), inTurn(soError(syscall.ENOBUFS), drain)),
		},
	},
}, {
	name: "vsock", native: true,
	states: []state{{name: "refused", make: vsockRefused, end: do(soError(syscall.ECONNRESET)), then: wr}},
}, {
	name: "Raw CAN socket", out: band, native: true,
	states: []state{
		{name: "idle", make: with(can)},
		{name: "frame", make: with(can, peer(sends(string(make([]byte, 16))))), end: do(reads(16, nil)), then: wrb},
		{
			name: "interface went down", then: wrb,
			make: with(can, self(func(m maker, _ int) { m.setLink("vcan0", false) })),
			end:  do(soError(syscall.ENETDOWN), reads(0, syscall.ENETDOWN)),
		},
	},
}}
