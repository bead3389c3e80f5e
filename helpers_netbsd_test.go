// Helpers that differ on NetBSD.

package poll

import "syscall"

var systemEvents = eventValues{
	wrnorm: 0x4, wrband: 0x100, rdhup: 0, // sys/sys/poll.h
	text: map[Events]string{
		0x100:  "POLLWRBAND",
		0x200:  "0x200",
		0x2000: "0x2000",
		0x4000: "0x4000",
		0xffff: "POLLIN|POLLPRI|POLLOUT|POLLERR|POLLHUP|POLLNVAL|POLLRDNORM|POLLRDBAND|POLLWRBAND|0xfe00",
	},
}

// See helpers_test.go.
const (
	readEndOut    = Events(0)
	closedUnasked = POLLNVAL
	earlierTwin   = POLLIN
	holdsFiles    = false
	returnsEarly  = true
)

func endOfPipe(ask Events) Events { return POLLHUP | ask&(POLLIN|POLLOUT|POLLRDNORM) }

func dup2(from, to int) error { return syscall.Dup2(from, to) }
