// Rows of DESCRIPTORS.md for devices.

package poll

import "syscall"

var deviceKinds = []kind{{
	name: "Serial adapter", about: "A USB adapter, such as /dev/ttyUSB0. See Terminal for its other states.", native: true,
	states: []state{{
		name: "pulled out", linux: masks{hungUpTTY, POLLIN | POLLERR | POLLHUP},
		ends: "close and reopen", note: "A read returns 0; a write fails with EIO.",
	}},
}, {
	name: "tun and tap", about: "The kernel's Documentation/networking/tuntap.rst; tun_chr_poll in drivers/net/tun.c.", native: true,
	states: []state{{
		name: "no interface yet", linux: masks{POLLERR, POLLERR},
		ends: "TUNSETIFF", note: "Register the descriptor after TUNSETIFF.",
		make: func(m maker) int { return m.device("/dev/net/tun", syscall.O_RDWR) },
	}, {
		name: "interface down", linux: masks{0, 0},
		note: "No POLLOUT: a write fails with EIO.",
		make: func(m maker) int { return m.tun(false) },
		odd: func(m maker, fd int) {
			if _, err := syscall.Write(fd, []byte("\x45234567890123456789")); err != syscall.EIO {
				m.Errorf("write: %v, want EIO", err)
			}
		},
	}, {
		name: "interface up, idle", linux: masks{wr, 0},
		make: func(m maker) int { return m.tun(true) },
	}, {
		name: "packet", linux: masks{rd | wr, POLLIN},
		ends: "read", end: do(drain), then: wr,
		make: func(m maker) int {
			fd := m.tun(true)
			other := m.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
			must(m, syscall.Sendto(other, []byte("x"), 0, &syscall.SockaddrInet4{Addr: [4]byte{192, 0, 2, 2}, Port: 9}))
			m.await(fd, POLLIN)
			return fd
		},
	}, {
		name: "interface removed", linux: masks{POLLERR, POLLERR},
		ends: "close", note: "A read fails with EBADFD.", odd: reads(0, syscall.EBADFD),
		make: func(m maker) int {
			fd := m.tun(true)
			m.deleteLink("poll0")
			m.await(fd, POLLERR)
			return fd
		},
	}},
}, {
	name: "evdev", about: "/dev/input/event0; evdev_poll in drivers/input/evdev.c.", native: true,
	states: []state{{
		name: "idle", linux: masks{wr, 0},
		make: func(m maker) int {
			fd, _ := m.evdev()
			return fd
		},
	}, {
		name: "events", linux: masks{rd | wr, POLLIN},
		ends: "read", end: do(drain), then: wr,
		make: func(m maker) int {
			fd, device := m.evdev()
			m.press(device)
			m.await(fd, POLLIN)
			return fd
		},
	}, {
		name: "pulled out", linux: masks{POLLERR | POLLHUP, POLLERR | POLLHUP},
		ends: "close", note: "A read fails with ENODEV.", odd: reads(0, syscall.ENODEV),
		make: func(m maker) int {
			fd, device := m.evdev()
			m.pull(device)
			m.await(fd, POLLHUP)
			return fd
		},
	}, {
		name: "pulled out, events not read", linux: masks{rd | POLLERR | POLLHUP, POLLIN | POLLERR | POLLHUP},
		ends: "close", note: "A read fails with ENODEV, so the events are lost.", odd: reads(0, syscall.ENODEV),
		make: func(m maker) int {
			fd, device := m.evdev()
			m.press(device)
			m.await(fd, POLLIN)
			m.pull(device)
			m.await(fd, POLLHUP)
			return fd
		},
	}},
}, {
	name: "hidraw", about: "/dev/hidraw0; hidraw_poll in drivers/hid/hidraw.c.", native: true,
	states: []state{{
		name: "idle", linux: masks{wr, 0},
		make: func(m maker) int {
			fd, _ := m.hidraw()
			return fd
		},
	}, {
		name: "report", linux: masks{rd | wr, POLLIN},
		ends: "read", end: do(reads(8, nil)), then: wr,
		make: func(m maker) int {
			fd, device := m.hidraw()
			m.sendReport(device)
			m.await(fd, POLLIN)
			return fd
		},
	}, {
		name: "pulled out", linux: masks{wr | POLLERR | POLLHUP, POLLERR | POLLHUP},
		ends: "close", note: "A read fails with EIO.", odd: reads(0, syscall.EIO),
		make: func(m maker) int {
			fd, device := m.hidraw()
			m.unplug(device)
			m.await(fd, POLLHUP)
			return fd
		},
	}},
}, {
	name: "GPIO line", about: "A line requested by GPIO_V2_GET_LINE_IOCTL on /dev/gpiochip0. For the value file of sysfs, see proc and sysfs.",
	states: []state{{
		name: "edge", linux: masks{rd, POLLIN},
		ends: "read", note: "POLLIN is reported, not POLLPRI. Each edge is one record of 48 bytes.",
	}},
}, {
	name: "ALSA", about: "A PCM capture stream that has overrun.",
	states: []state{{
		name: "overrun", linux: masks{rd | POLLERR, POLLIN | POLLERR},
		ends: "SNDRV_PCM_IOCTL_PREPARE", note: "A read fails with EPIPE.",
	}},
}, {
	name: "V4L2", about: "/dev/video0 with streaming I/O.",
	states: []state{{
		name: "before VIDIOC_STREAMON", linux: masks{POLLERR, POLLERR},
		ends: "VIDIOC_STREAMON",
	}},
}}
