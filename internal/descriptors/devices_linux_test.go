// Rows of DESCRIPTORS.md for devices.

package descriptors

import (
	"syscall"

	. "example.com/poll"

	"example.com/poll/internal/fdtest"
)

var deviceKinds = []kind{{
	name: "tun and tap", native: true,
	states: []state{
		{name: "no interface yet", make: func(m maker) int { return m.device("/dev/net/tun", syscall.O_RDWR) }},
		{name: "interface down", make: tun(false), odd: func(m maker, fd int) {
			if _, err := syscall.Write(fd, []byte("\x45234567890123456789")); err != syscall.EIO {
				m.Errorf("write: %v, want EIO", err)
			}
		}},
		{name: "interface up, idle", make: tun(true)},
		{name: "packet", end: do(drain), then: wr, make: after(tun(true), func(m maker, fd int) {
			other := m.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
			fdtest.Must(m, syscall.Sendto(other, []byte("x"), 0, &syscall.SockaddrInet4{Addr: [4]byte{192, 0, 2, 2}, Port: 9}))
		})},
		{
			name: "interface removed", odd: reads(0, syscall.EBADFD),
			make: after(tun(true), func(m maker, _ int) { m.deleteLink("poll0") }),
		},
	},
}, {
	name: "evdev", native: true,
	states: []state{
		{name: "idle", make: with(evdev)},
		{name: "events", make: with(evdev, peer(press)), end: do(drain), then: wr},
		{name: "pulled out", make: with(evdev, peer(pull)), odd: reads(0, syscall.ENODEV)},
		{
			name: "pulled out, events not read", make: with(evdev, peer(press), self(await(POLLIN)), peer(pull)),
			odd: reads(0, syscall.ENODEV),
		},
	},
}, {
	name: "hidraw", native: true,
	states: []state{
		{name: "idle", make: with(hidraw)},
		{name: "report", make: with(hidraw, peer(sendReport)), end: do(reads(8, nil)), then: wr},
		{name: "pulled out", make: with(hidraw, peer(unplug)), odd: reads(0, syscall.EIO)},
	},
}}
