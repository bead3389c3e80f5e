// Rows of DESCRIPTORS.md for descriptors that only Linux has: files of proc and sysfs,
// signals, processes, file events, and descriptors that watch other tasks.

package descriptors

import (
	"os"
	"path/filepath"
	"syscall"

	. "example.com/poll"
	"example.com/poll/internal/fdtest"
)

var kernelKinds = []kind{{
	name:   "File and directory",
	states: []state{{name: "memfd", make: memfd}},
}, {
	name: "FUSE file", out: none, native: true,
	states: []state{{name: "the server answers POLLIN", make: func(m maker) int {
		f := fdtest.OpenFuse(m)
		f.AnswerAll()
		return f.Fd
	}}},
}, {
	name: "proc and sysfs",
	states: []state{
		{name: "/proc/self/mounts, unchanged", make: opens("/proc/self/mounts")},
		{name: "/proc/self/mounts, changed", once: true, then: rd, make: mountsChanged},
		{name: "/proc/sys/kernel/hostname, unchanged", make: opens("/proc/sys/kernel/hostname")},
		{name: "/proc/sys/kernel/hostname, changed", once: true, then: rd | wr, make: hostnameChanged},
		{
			name: "sysfs attribute, not read since open or a change", make: opens("/sys/kernel/uevent_seqnum"),
			end: do(drain), then: rd | wr,
		},
		{name: "sysfs attribute, read", make: after(opens("/sys/kernel/uevent_seqnum"), drain)},
	},
}, {
	name: "Pressure", native: true,
	states: []state{
		{name: "no trigger written", make: pressure, end: do(trigger(idleTrigger)), then: rd | wr},
		{name: "trigger, not reached", make: after(pressure, trigger(idleTrigger))},
		{name: "trigger, reached", once: true, slow: true, then: rd | wr, make: pressureReached},
	},
}, {
	name: "signalfd", out: none,
	states: []state{
		{name: "no signal", make: func(m maker) int { return m.signalfd() }},
		{name: "signal pending", end: do(reads(128, nil)), make: func(m maker) int {
			fd := m.signalfd()
			fdtest.Must(m, tgkill(syscall.Gettid(), syscall.SIGUSR2))
			return fd
		}},
	},
}, {
	name: "pidfd",
	states: []state{
		{name: "running", make: with(pidfd)},
		{name: "terminated", make: with(pidfd, peer(closes)), odd: reads(0, syscall.EINVAL)},
		{name: "reaped", late: POLLHUP, make: reaped},
	},
}, {
	name: "inotify",
	states: []state{
		{name: "idle", make: first(inotify)},
		{name: "event", odd: readsInto(16, 0, syscall.EINVAL), end: do(drain), make: func(m maker) int {
			fd, dir := inotify(m)
			fdtest.Must(m, os.Mkdir(filepath.Join(dir, "new"), 0o700))
			return fd
		}},
	},
}, {
	name: "epoll",
	states: []state{
		{name: "empty", make: func(m maker) int { return m.epoll() }},
		{name: "nothing ready", make: func(m maker) int { return m.epoll(with(pipe)(m)) }},
		{
			name: "something ready", make: func(m maker) int { return m.epoll(with(pipe, peer(sends("x")))(m)) },
			odd: func(m maker, fd int) {
				if n, err := syscall.EpollWait(fd, make([]syscall.EpollEvent, 1), 0); n != 1 || err != nil {
					m.Errorf("epoll_wait: %d, %v", n, err)
				}
			},
		},
	},
}, {
	name: "io_uring", native: true,
	states: []state{
		{name: "idle", make: uring(0)},
		{name: "submission queue full", make: after(uring(0), fillsQueue)},
		{name: "completion", make: after(uring(0), completes(1)), end: do(reaps(1)), then: wr},
		{
			name: "completion queue overflowed", make: after(uring(0), completes(3)),
			odd: func(m maker, fd int) { rings[fd].reap(m, 2) }, end: do(inTurn(entersForEvents, reaps(1))), then: wr,
		},
		{
			name: "IORING_SETUP_DEFER_TASKRUN, request done", make: after(uring(deferTaskrun), readsPipe, writesPipe),
			odd: reaps(0), end: do(inTurn(entersForEvents, reaps(1))), then: wr,
		},
	},
}, {
	name: "Perf event", native: true,
	states: []state{
		{name: "no ring buffer", make: perf, end: do(maps)},
		{name: "nothing new", make: after(perf, maps)},
		{name: "record", once: true, late: POLLRDNORM, make: after(perf, maps, mapsExecutable)},
		{name: "process gone", make: perfGone},
	},
}, {
	name: "Seccomp notify", native: true,
	states: []state{
		{name: "idle", make: func(m maker) int {
			fd, _, _ := m.notify()
			return fd
		}},
		{name: "a call waits", make: notified, end: do(receiveNotice), then: wr},
		{
			name: "received, not answered", end: do(answerNotice),
			make: after(notified, receiveNotice),
		},
		{name: "process gone", make: func(m maker) int {
			fd, _, leave := m.notify()
			leave()
			return fd
		}},
	},
}, {
	name: "userfaultfd", out: none, native: true,
	states: []state{
		{name: "before UFFDIO_API", make: userfaultfd(syscall.O_NONBLOCK), end: do(enableFaults)},
		{
			name: "blocking mode", make: after(userfaultfd(0), enableFaults),
			end: do(func(m maker, fd int) { fdtest.Must(m, syscall.SetNonblock(fd, true)) }),
		},
		{name: "idle", make: after(userfaultfd(syscall.O_NONBLOCK), enableFaults)},
		{name: "page fault", make: after(userfaultfd(syscall.O_NONBLOCK), enableFaults, faults), end: do(reads(32, nil))},
	},
}}

// idleTrigger is reached only if all tasks wait for memory for a whole ten seconds.
const idleTrigger = "full 10000000 10000000"
