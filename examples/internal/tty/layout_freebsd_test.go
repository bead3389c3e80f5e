package tty

import (
	"testing"
	"unsafe"
)

// TestDeviceName checks the number of FIODGNAME against the one that sys/filio.h
// gives where a pointer has 8 bytes, and where it has 4.
func TestDeviceName(t *testing.T) {
	want := uintptr(0x80106678)
	if unsafe.Sizeof(want) == 4 {
		want = 0x80086678
	}
	if getDeviceName != want {
		t.Errorf("%#x, want %#x", getDeviceName, want)
	}
}
