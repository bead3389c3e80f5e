//go:build linux || darwin

// The event bits that have one value everywhere, and their names.

package poll

import "strconv"

// Events is a set of event bits, as in the events and revents of struct
// pollfd. Bits that have no name here are the kernel's business: they are
// passed on and handed back as they are.
type Events uint16

// The bits of poll(2). POLLERR, POLLHUP and POLLNVAL need no asking.
const (
	POLLIN     Events = 0x0001 // there is something to read, or the end of it
	POLLPRI    Events = 0x0002 // an exceptional condition: out-of-band data, a GPIO edge, a sysfs or pressure event
	POLLOUT    Events = 0x0004 // a write would not block
	POLLERR    Events = 0x0008 // an error; on the write end of a pipe: no reader is left
	POLLHUP    Events = 0x0010 // the other side has hung up; bytes may be left to read
	POLLNVAL   Events = 0x0020 // the descriptor is not open
	POLLRDNORM Events = 0x0040 // normal data to read
	POLLRDBAND Events = 0x0080 // priority band data to read
)

// eventNames is ordered so that, where two names share a value (MIPS,
// Darwin), the better known one comes first. A name that a platform lacks has
// the value 0 there.
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

// String returns the names of the bits, as in "POLLIN|POLLHUP"; "0" for none;
// bits without a name in hexadecimal, as in "POLLIN|0x8000".
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
