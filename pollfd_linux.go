// What poll(2) looks like on Linux whatever the architecture:
// include/uapi/asm-generic/poll.h.

package poll

// PollFd is struct pollfd, to the byte: the kernel reads Fd and Events, and
// writes Revents.
type PollFd struct {
	Fd      int32  // skipped if negative
	Events  Events // what is asked for
	Revents Events // what there is: of Events, and of POLLERR, POLLHUP and POLLNVAL
}

// POLLRDHUP: the peer of a stream socket has closed, or shut down its writing
// half.
const POLLRDHUP Events = pollRDHUP

const pollRDHUP = 0x2000
