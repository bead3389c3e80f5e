// Helpers that differ on Darwin.

package poll

import "syscall"

var systemEvents = eventValues{
	wrnorm: 0x4, wrband: 0x100, rdhup: 0, // bsd/sys/poll.h of xnu
	text: map[Events]string{
		0x100:  "POLLWRBAND",
		0x200:  "0x200",
		0x2000: "0x2000",
		0x4000: "0x4000",
		0xffff: "POLLIN|POLLPRI|POLLOUT|POLLERR|POLLHUP|POLLNVAL|POLLRDNORM|POLLRDBAND|POLLWRBAND|0xfe00",
	},
}

// See helpers_test.go. These come from xnu's sources (bsd/kern/sys_generic.c).
const (
	readEndOut    = Events(0)
	closedUnasked = Events(0) // a mask of 0 watches nothing
	earlierTwin   = Events(0)
	holdsFiles    = false
	returnsEarly  = true
)

func endOfPipe(ask Events) Events { return POLLHUP | ask&(POLLIN|POLLPRI|POLLRDNORM|POLLRDBAND) }

func dup2(from, to int) error { return syscall.Dup2(from, to) }
