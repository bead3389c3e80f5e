// Rows of DESCRIPTORS.md for descriptors that only Linux has: counters, timers, signals,
// processes, file events, and descriptors that watch other tasks.

package poll

import (
	"os"
	"path/filepath"
	"syscall"
	"time"
)

var kernelKinds = []kind{{
	name: "eventfd", about: "eventfd(2); eventfd_poll in fs/eventfd.c.", out: none,
	states: []state{{
		name: "0", linux: masks{POLLOUT, 0}, freebsd: &masks{wr, 0},
		note: "POLLOUT is reported unless the counter is at its maximum: ask for POLLIN alone.",
		make: func(m maker) int { return m.eventfd(0) },
	}, {
		name: "1", linux: masks{POLLIN | POLLOUT, POLLIN}, freebsd: &masks{rd | wr, POLLIN},
		ends: "read", end: do(reads(8, nil)), then: POLLOUT,
		make: func(m maker) int { return m.eventfd(1) },
	}, {
		name: "the maximum", linux: masks{POLLIN, POLLIN},
		ends: "read", end: do(reads(8, nil)), then: POLLOUT,
		// eventfd(2): "The maximum value that may be stored in the counter is the
		// largest unsigned 64-bit value minus 1". Writing 1 more would block.
		make: func(m maker) int { return m.eventfd(1<<64 - 2) },
	}},
}, {
	name: "timerfd", about: "timerfd_create(2); timerfd_poll in fs/timerfd.c.", out: none,
	states: []state{{
		name: "disarmed", linux: masks{0, 0},
		make: func(m maker) int { return m.timerfd(0) },
	}, {
		name: "armed", linux: masks{0, 0},
		make: func(m maker) int { return m.timerfd(time.Hour) },
	}, {
		name: "expired", linux: masks{POLLIN, POLLIN},
		ends: "read; setting it again", end: do(reads(8, nil), setTimer),
		make: func(m maker) int {
			fd := m.timerfd(time.Microsecond)
			m.await(fd, POLLIN)
			return fd
		},
	}, {
		name: "expired, then set again", linux: masks{0, 0},
		note: "A read after the timer was set again fails with EAGAIN.", odd: reads(0, syscall.EAGAIN),
		make: func(m maker) int {
			fd := m.timerfd(time.Microsecond)
			m.await(fd, POLLIN)
			setTimer(m, fd)
			return fd
		},
	}, {
		name: "TFD_TIMER_CANCEL_ON_SET, clock set", linux: masks{POLLIN, POLLIN},
		ends: "read", note: "The read fails with ECANCELED. Set the timer again.",
	}},
}, {
	name: "signalfd", about: "signalfd(2); signalfd_poll in fs/signalfd.c.", out: none,
	states: []state{{
		name: "no signal", linux: masks{0, 0},
		make: func(m maker) int { return m.signalfd() },
	}, {
		name: "signal pending", linux: masks{POLLIN, POLLIN},
		ends: "read", note: "Reported only if the signal is pending for the polling thread or the process. Call runtime.LockOSThread.", end: do(reads(128, nil)),
		make: func(m maker) int {
			fd := m.signalfd()
			must(m, tgkill(syscall.Gettid(), syscall.SIGUSR2))
			return fd
		},
	}},
}, {
	name: "pidfd", about: "pidfd_open(2); pidfd_poll in fs/pidfs.c, before that in kernel/fork.c.",
	states: []state{{
		name: "running", linux: masks{0, 0},
		make: func(m maker) int {
			fd, _ := m.pidfd()
			return fd
		},
	}, {
		name: "terminated", linux: masks{rd, POLLIN},
		ends: "close", note: "A read fails with EINVAL: use waitid(2).", odd: reads(0, syscall.EINVAL),
		make: func(m maker) int {
			fd, end := m.pidfd()
			end()
			m.await(fd, POLLIN)
			return fd
		},
	}, {
		name: "reaped", linux: masks{rd | POLLHUP, POLLIN | POLLHUP},
		ends: "close", note: "Linux 6.1: no POLLHUP.", late: POLLHUP,
		make: (maker).reaped,
	}},
}, {
	name: "inotify", about: "inotify(7); inotify_poll in fs/notify/inotify/inotify_user.c.",
	states: []state{{
		name: "idle", linux: masks{0, 0},
		make: func(m maker) int {
			fd, _ := m.inotify()
			return fd
		},
	}, {
		name: "event", linux: masks{rd, POLLIN},
		ends: "read", note: "A read with a buffer too small for one event fails with EINVAL, and POLLIN stays.",
		odd: readsInto(16, 0, syscall.EINVAL), end: do(drain),
		make: func(m maker) int {
			fd, dir := m.inotify()
			must(m, os.Mkdir(filepath.Join(dir, "new"), 0o700))
			m.await(fd, POLLIN)
			return fd
		},
	}},
}, {
	name: "epoll", about: "epoll(7); ep_eventpoll_poll in fs/eventpoll.c.",
	states: []state{{
		name: "empty", linux: masks{0, 0},
		make: func(m maker) int { return m.epoll() },
	}, {
		name: "nothing ready", linux: masks{0, 0},
		make: func(m maker) int {
			r, _ := newPipe(m)
			return m.epoll(r)
		},
	}, {
		name: "something ready", linux: masks{rd, POLLIN},
		ends: "ending the events of its members", note: "epoll_wait alone does not end it.",
		make: func(m maker) int {
			r, w := newPipe(m)
			mustWrite(m, w, "x")
			return m.epoll(r)
		},
		odd: func(m maker, fd int) {
			if n, err := syscall.EpollWait(fd, make([]syscall.EpollEvent, 1), 0); n != 1 || err != nil {
				m.Errorf("epoll_wait: %d, %v", n, err)
			}
		},
	}},
}, {
	name: "Perf event", about: "perf_event_open(2); perf_poll in kernel/events/core.c.", native: true,
	states: []state{{
		name: "no ring buffer", linux: masks{POLLHUP, POLLHUP},
		ends: "mmap", note: "POLLHUP until the ring buffer is mapped.",
		make: func(m maker) int { return m.perf(0) },
		end:  do(func(m maker, fd int) { m.ring(fd) }),
	}, {
		name: "nothing new", linux: masks{0, 0},
		make: func(m maker) int {
			fd := m.perf(0)
			m.ring(fd)
			return fd
		},
	}, {
		name: "record", linux: masks{rd, POLLIN},
		ends: "being reported", note: "Reported once, to the first poll. Then empty the ring. Linux 6.1: no POLLRDNORM.", once: true, late: POLLRDNORM,
		make: (maker).perfRecord,
	}, {
		name: "process gone", linux: masks{POLLHUP, POLLHUP},
		ends: "close", note: "There is no POLLIN, but the ring may still hold records.",
		make: (maker).perfGone,
	}},
}, {
	name: "Seccomp notify", about: "seccomp_unotify(2); seccomp_notify_poll in kernel/seccomp.c.", native: true,
	states: []state{{
		name: "idle", linux: masks{0, 0},
		make: func(m maker) int {
			fd, _, _ := m.notify()
			return fd
		},
	}, {
		name: "a call waits", linux: masks{rd, POLLIN},
		ends: "SECCOMP_IOCTL_NOTIF_RECV", end: do(receiveNotice), then: wr,
		make: func(m maker) int {
			fd, call, _ := m.notify()
			call()
			m.await(fd, POLLIN)
			return fd
		},
	}, {
		name: "received, not answered", linux: masks{wr, 0},
		ends: "SECCOMP_IOCTL_NOTIF_SEND", end: do(answerNotice),
		make: func(m maker) int {
			fd, call, _ := m.notify()
			call()
			m.await(fd, POLLIN)
			receiveNotice(m, fd)
			return fd
		},
	}, {
		name: "process gone", linux: masks{POLLHUP, POLLHUP},
		ends: "close",
		make: func(m maker) int {
			fd, _, leave := m.notify()
			leave()
			m.await(fd, POLLHUP)
			return fd
		},
	}},
}, {
	name: "userfaultfd", about: "userfaultfd(2); userfaultfd_poll in fs/userfaultfd.c.", out: none, native: true,
	states: []state{{
		name: "before UFFDIO_API", linux: masks{POLLERR, POLLERR},
		ends: "UFFDIO_API", make: func(m maker) int { return m.userfaultfd(syscall.O_NONBLOCK) },
		end: do(enableFaults),
	}, {
		name: "blocking mode", linux: masks{POLLERR, POLLERR},
		ends: "setting O_NONBLOCK", note: "In blocking mode nothing else is reported.",
		make: func(m maker) int {
			fd := m.userfaultfd(0)
			enableFaults(m, fd)
			return fd
		},
		end: do(func(m maker, fd int) { must(m, syscall.SetNonblock(fd, true)) }),
	}, {
		name: "idle", linux: masks{0, 0},
		make: func(m maker) int {
			fd := m.userfaultfd(syscall.O_NONBLOCK)
			enableFaults(m, fd)
			return fd
		},
	}, {
		name: "page fault", linux: masks{POLLIN, POLLIN},
		ends: "read", note: "Reading does not resume the thread; UFFDIO_COPY does.", end: do(reads(32, nil)),
		make: (maker).fault,
	}},
}}
