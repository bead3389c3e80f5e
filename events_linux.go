package poll

// The values of POLLWRNORM and POLLWRBAND depend on the architecture.
const (
	POLLWRNORM Events = pollWRNORM // normal data can be written
	POLLWRBAND Events = pollWRBAND // priority band data can be written
	POLLRDHUP  Events = pollRDHUP  // the peer of a stream socket has stopped writing
)

// include/uapi/asm-generic/poll.h. MIPS has other values for the first two.
const (
	genericWRNORM = 0x0100
	genericWRBAND = 0x0200
	pollRDHUP     = 0x2000
)
