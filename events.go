//go:build linux || darwin || freebsd || netbsd

// PollFd, and the event bits that are the same on every platform.

package poll

import "strconv"

// PollFd is the kernel's struct pollfd, byte for byte, so an array of C's struct pollfd can
// be used as a []PollFd: unsafe.Slice((*PollFd)(ptr), n). The kernel reads Fd and Events
// and sets Revents. The zero value is descriptor 0 with an empty mask.
type PollFd struct {
	Fd      int32  // the descriptor; negative entries are skipped
	Events  Events // the events to wait for
	Revents Events // the result: some of Events, POLLERR, POLLHUP and POLLNVAL
}

// Events is a set of event bits, as in the events and revents of struct pollfd. Bits
// without a name are passed to and from the kernel unchanged.
type Events uint16

// The event bits of poll(2). On Linux, POLLERR, POLLHUP and POLLNVAL are always reported,
// even with a mask of 0. The package documentation has the exceptions on other systems.
const (
	POLLIN     Events = 0x0001 // a read does not block: data, or the end
	POLLPRI    Events = 0x0002 // an exceptional condition, such as out-of-band data
	POLLOUT    Events = 0x0004 // a small write does not block
	POLLERR    Events = 0x0008 // an error; on the write end of a pipe, no reader is left
	POLLHUP    Events = 0x0010 // the other side has hung up; data may be left to read
	POLLNVAL   Events = 0x0020 // the descriptor is not open, or cannot be polled
	POLLRDNORM Events = 0x0040 // normal data can be read
	POLLRDBAND Events = 0x0080 // priority band data can be read
)

// Where two names share a value, the better known comes first. Names the platform lacks
// are 0.
var eventNames = [...]struct {
	bit  Events
	name string
}{
	{POLLIN, "POLLIN"},
	{POLLPRI, "POLLPRI"},
	{POLLOUT, "POLLOUT"},
	{POLLERR, "POLLERR"},
	{POLLHUP, "POLLHUP"},
	{POLLNVAL, "POLLNVAL"},
	{POLLRDNORM, "POLLRDNORM"},
	{POLLRDBAND, "POLLRDBAND"},
	{POLLWRNORM, "POLLWRNORM"},
	{POLLWRBAND, "POLLWRBAND"},
	{pollRDHUP, "POLLRDHUP"},
}

// String returns the names of the bits, as in "POLLIN|POLLHUP", or "0" if there are none.
// Bits without a name are in hexadecimal, as in "POLLIN|0x8000".
func (e Events) String() string {
	if e == 0 {
		return "0"
	}
	s := ""
	for _, n := range eventNames {
		if e&n.bit != 0 {
			s += "|" + n.name
			e &^= n.bit
		}
	}
	if e != 0 {
		s += "|0x" + strconv.FormatUint(uint64(e), 16)
	}
	return s[1:]
}
