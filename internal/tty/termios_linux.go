//go:build !ppc64 && !ppc64le

package tty

// termios is the struct termios of asm-generic/termbits.h. c_cc has 23 characters on MIPS
// and 19 elsewhere, where the kernel does not touch the other 4. It is not syscall.Termios,
// which is the C library's struct.
type termios struct {
	Iflag, Oflag, Cflag, Lflag uint32
	Line                       uint8
	Cc                         [23]uint8
}
