// poll(2) on Darwin, amd64 and arm64: bsd/sys/poll.h of xnu. Never run there.

package poll

import "unsafe"

// The event bits that differ.
const (
	POLLWRNORM Events = POLLOUT // normal data can be written
	POLLWRBAND Events = 0x0100  // priority band data can be written

	pollRDHUP = 0 // none
)

const (
	_ = -(unsafe.Sizeof(PollFd{}) - 8) // struct pollfd; a mismatch does not compile
	_ = -(unsafe.Offsetof(PollFd{}.Events) - 4)
	_ = -(unsafe.Offsetof(PollFd{}.Revents) - 6)
)
