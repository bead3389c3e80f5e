//go:build linux || darwin || freebsd

// The tests of PollFd and Events.

package poll

import (
	"testing"
	"time"
	"unsafe"
)

// TestPollFdLayout checks that PollFd is laid out as struct pollfd { int fd; short
// events; short revents; } (poll(2)).
func TestPollFdLayout(t *testing.T) {
	var f PollFd
	for _, v := range []struct {
		what      string
		got, want uintptr
	}{
		{"sizeof", unsafe.Sizeof(f), 8},
		{"alignof", unsafe.Alignof(f), 4},
		{"offsetof fd", unsafe.Offsetof(f.Fd), 0},
		{"sizeof fd", unsafe.Sizeof(f.Fd), 4},
		{"offsetof events", unsafe.Offsetof(f.Events), 4},
		{"sizeof events", unsafe.Sizeof(f.Events), 2},
		{"offsetof revents", unsafe.Offsetof(f.Revents), 6},
		{"sizeof revents", unsafe.Sizeof(f.Revents), 2},
		{"sizeof an array of 3", unsafe.Sizeof([3]PollFd{}), 24},
	} {
		if v.got != v.want {
			t.Errorf("%s: %d, want %d", v.what, v.got, v.want)
		}
	}
}

// TestConstants checks the values of the event bits, of Forever and of maxWait.
func TestConstants(t *testing.T) {
	var wrnorm, wrband, rdhup Events = 0x100, 0x200, 0x2000
	if onMIPS {
		wrnorm, wrband = 0x4, 0x100
	}
	if isDarwin {
		wrnorm, wrband, rdhup = 0x4, 0x100, 0
	}
	for _, c := range []struct {
		name      string
		got, want Events
	}{
		{"POLLIN", POLLIN, 0x1},
		{"POLLPRI", POLLPRI, 0x2},
		{"POLLOUT", POLLOUT, 0x4},
		{"POLLERR", POLLERR, 0x8},
		{"POLLHUP", POLLHUP, 0x10},
		{"POLLNVAL", POLLNVAL, 0x20},
		{"POLLRDNORM", POLLRDNORM, 0x40},
		{"POLLRDBAND", POLLRDBAND, 0x80},
		{"POLLWRNORM", POLLWRNORM, wrnorm},
		{"POLLWRBAND", POLLWRBAND, wrband},
		{"POLLRDHUP", pollRDHUP, rdhup},
	} {
		if c.got != c.want {
			t.Errorf("%s = %#x, want %#x", c.name, uint16(c.got), uint16(c.want))
		}
	}
	if Forever != -1 {
		t.Errorf("Forever = %d, want -1", Forever)
	}
	if maxWait != 2147483647*time.Millisecond {
		t.Errorf("maxWait = %v, want the largest C int of milliseconds", maxWait)
	}
}

// TestEventsString checks the text of event masks with and without named bits.
func TestEventsString(t *testing.T) {
	all := "POLLIN|POLLPRI|POLLOUT|POLLERR|POLLHUP|POLLNVAL|POLLRDNORM|POLLRDBAND|"
	wrnorm, bit9 := "POLLWRNORM", "POLLWRBAND"
	switch {
	case onMIPS:
		all += "POLLWRBAND|POLLRDHUP|0xde00"
		wrnorm, bit9 = "POLLOUT", "0x200"
	case isDarwin:
		all += "POLLWRBAND|0xfe00"
		wrnorm, bit9 = "POLLOUT", "0x200"
	default:
		all += "POLLWRNORM|POLLWRBAND|POLLRDHUP|0xdc00"
	}
	bit13 := "POLLRDHUP"
	if isDarwin {
		bit13 = "0x2000"
	}
	for _, v := range []struct {
		e    Events
		want string
	}{
		{0, "0"},
		{POLLIN, "POLLIN"},
		{POLLPRI, "POLLPRI"},
		{POLLOUT, "POLLOUT"},
		{POLLERR, "POLLERR"},
		{POLLHUP, "POLLHUP"},
		{POLLNVAL, "POLLNVAL"},
		{POLLRDNORM, "POLLRDNORM"},
		{POLLRDBAND, "POLLRDBAND"},
		{POLLWRNORM, wrnorm},
		{POLLWRBAND, "POLLWRBAND"},
		{0x200, bit9},
		{0x2000, bit13},
		{POLLIN | POLLHUP, "POLLIN|POLLHUP"},
		{POLLHUP | POLLERR | POLLOUT, "POLLOUT|POLLERR|POLLHUP"},
		{0x400, "0x400"},
		{0x8000, "0x8000"},
		{POLLIN | 0x8000, "POLLIN|0x8000"},
		{POLLIN | 0xc400, "POLLIN|0xc400"},
		{0xffff, all},
	} {
		if got := v.e.String(); got != v.want {
			t.Errorf("Events(%#x).String() = %q, want %q", uint16(v.e), got, v.want)
		}
	}
}
