//go:build linux && !mips && !mipsle && !mips64 && !mips64le

// The event bits that include/uapi/asm-generic/poll.h lets an architecture
// replace, with the values of those that do not.

package poll

const (
	POLLWRNORM Events = 0x0100 // normal data can be written
	POLLWRBAND Events = 0x0200 // priority band data can be written
)
