// Helpers that differ on FreeBSD.

package poll

import "syscall"

var systemEvents = eventValues{
	wrnorm: 0x4, wrband: 0x100, rdhup: 0x4000, // sys/sys/poll.h
	text: map[Events]string{
		0x100:  "POLLWRBAND",
		0x200:  "0x200",
		0x2000: "0x2000",
		0x4000: "POLLRDHUP",
		0xffff: "POLLIN|POLLPRI|POLLOUT|POLLERR|POLLHUP|POLLNVAL|POLLRDNORM|POLLRDBAND|POLLWRBAND|POLLRDHUP|0xbe00",
	},
}

// See helpers_test.go.
const (
	readEndOut    = POLLOUT // a pipe is bidirectional
	closedUnasked = POLLNVAL
	earlierTwin   = POLLIN
	holdsFiles    = false
	returnsEarly  = false
)

func endOfPipe(ask Events) Events { return POLLHUP | ask&(POLLIN|POLLRDNORM) }

func dup2(from, to int) error { return syscall.Dup2(from, to) }
