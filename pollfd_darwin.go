// What poll(2) looks like on Darwin: bsd/sys/poll.h of xnu. Written from the
// sources; it was never run.

package poll

// PollFd is struct pollfd, to the byte: the kernel reads Fd and Events, and
// writes Revents.
type PollFd struct {
	Fd      int32  // skipped if negative
	Events  Events // what is asked for
	Revents Events // what there is: of Events, and of POLLERR, POLLHUP and POLLNVAL
}

const (
	POLLWRNORM Events = POLLOUT // normal data can be written
	POLLWRBAND Events = 0x0100  // priority band data can be written
)

const pollRDHUP = 0 // there is none
