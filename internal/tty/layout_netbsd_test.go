package tty

import "testing"

// TestPtyNumbers checks the numbers of TIOCGRANTPT and TIOCPTSNAME against sys/ttycom.h.
func TestPtyNumbers(t *testing.T) {
	if grantPty != 0x20007447 || getNames != 0x48087448 {
		t.Errorf("%#x, %#x; want 0x20007447, 0x48087448", grantPty, getNames)
	}
}
