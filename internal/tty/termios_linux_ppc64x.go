//go:build ppc64 || ppc64le

package tty

// termios is PowerPC's struct termios (asm/termbits.h), with c_line after c_cc. The kernel
// computes the speeds from c_cflag, and writes them back.
type termios struct {
	Iflag, Oflag, Cflag, Lflag uint32
	Cc                         [19]uint8
	Line                       uint8
	Ispeed, Ospeed             uint32
}
