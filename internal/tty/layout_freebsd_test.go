package tty

import (
	"testing"
	"unsafe"
)

// TestDeviceName checks the number of FIODGNAME against sys/filio.h, for pointers of 8
// bytes and of 4.
func TestDeviceName(t *testing.T) {
	want := uintptr(0x80106678)
	if unsafe.Sizeof(want) == 4 {
		want = 0x80086678
	}
	if getDeviceName != want {
		t.Errorf("%#x, want %#x", getDeviceName, want)
	}
}
