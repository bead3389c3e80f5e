// poll(2) on FreeBSD: sys/sys/poll.h.

package poll

import "unsafe"

// The event bits that differ.
const (
	POLLWRNORM Events = POLLOUT // normal data can be written
	POLLWRBAND Events = 0x0100  // priority band data can be written
	POLLRDHUP  Events = 0x4000  // the peer of a stream socket has stopped writing

	pollRDHUP = POLLRDHUP
)

const (
	_ = -(unsafe.Sizeof(PollFd{}) - 8) // struct pollfd; a mismatch does not compile
	_ = -(unsafe.Offsetof(PollFd{}.Events) - 4)
	_ = -(unsafe.Offsetof(PollFd{}.Revents) - 6)
)
