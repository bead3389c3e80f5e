package tty

import (
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// TestLayout checks termios against the kernel's struct. On PowerPC the ioctl number
// contains the size. On other architectures the kernel's struct may be shorter.
func TestLayout(t *testing.T) {
	var s Settings
	size, cc := unsafe.Sizeof(s), unsafe.Offsetof(s.Cc)
	wantSize, wantCc := uintptr(40), uintptr(17)
	if strings.HasPrefix(runtime.GOARCH, "ppc64") {
		wantSize, wantCc = syscall.TCGETS>>16&0x1fff, 16
	}
	if size != wantSize || cc != wantCc {
		t.Errorf("size %d, c_cc at %d; want %d, %d", size, cc, wantSize, wantCc)
	}
}
