//go:build linux || darwin || freebsd || netbsd

// Tests of PollFd and Events.

package poll

import (
	"math"
	"testing"
	"time"
)

// TestConstants checks the values of the event bits, of Forever and of maxWait.
func TestConstants(t *testing.T) {
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
		{"POLLWRNORM", POLLWRNORM, systemEvents.wrnorm},
		{"POLLWRBAND", POLLWRBAND, systemEvents.wrband},
		{"POLLRDHUP", pollRDHUP, systemEvents.rdhup},
	} {
		if c.got != c.want {
			t.Errorf("%s = %#x, want %#x", c.name, uint16(c.got), uint16(c.want))
		}
	}
	if Forever != math.MaxInt64 {
		t.Errorf("Forever = %d, want the longest Duration", Forever)
	}
	if maxWait != 2147483647*time.Millisecond {
		t.Errorf("maxWait = %v, want the largest C int of milliseconds", maxWait)
	}
}

// TestEventsString checks the text of event masks with and without named bits.
func TestEventsString(t *testing.T) {
	type row struct {
		e    Events
		want string
	}
	rows := []row{
		{0, "0"},
		{POLLIN, "POLLIN"},
		{POLLPRI, "POLLPRI"},
		{POLLOUT, "POLLOUT"},
		{POLLERR, "POLLERR"},
		{POLLHUP, "POLLHUP"},
		{POLLNVAL, "POLLNVAL"},
		{POLLRDNORM, "POLLRDNORM"},
		{POLLRDBAND, "POLLRDBAND"},
		{POLLWRBAND, "POLLWRBAND"},
		{POLLIN | POLLHUP, "POLLIN|POLLHUP"},
		{POLLHUP | POLLERR | POLLOUT, "POLLOUT|POLLERR|POLLHUP"},
		{0x400, "0x400"},
		{0x8000, "0x8000"},
		{POLLIN | 0x8000, "POLLIN|0x8000"},
		{POLLIN | 0x8400, "POLLIN|0x8400"},
	}
	for e, text := range systemEvents.text {
		rows = append(rows, row{e, text})
	}
	for _, v := range rows {
		if got := v.e.String(); got != v.want {
			t.Errorf("Events(%#x).String() = %q, want %q", uint16(v.e), got, v.want)
		}
	}
}
