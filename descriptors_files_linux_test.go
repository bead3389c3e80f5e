// Rows of DESCRIPTORS.md for pipes, FIFOs, files, and the files of proc and sysfs.

package poll

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

var pipeKinds = []kind{{
	name: "Pipe", about: "pipe(7); pipe_poll in fs/pipe.c.",
	states: []state{{
		name: "read end, empty", linux: masks{0, 0}, freebsd: &masks{wr, 0},
		note: "FreeBSD's pipes are bidirectional, so the read end is ready for writing.",
		make: func(m maker) int {
			r, _ := newPipe(m)
			return r
		},
	}, {
		name: "read end, bytes", linux: masks{rd, POLLIN}, freebsd: &masks{rd | wr, POLLIN},
		ends: "read", end: do(drain),
		make: func(m maker) int {
			r, w := newPipe(m)
			mustWrite(m, w, "x")
			return r
		},
	}, {
		name: "read end, writer closed", linux: masks{POLLHUP, POLLHUP}, freebsd: &masks{rd | POLLHUP, POLLIN | POLLHUP},
		ends: "close", note: "Linux: no POLLIN. A read returns 0.", odd: reads(0, nil),
		make: func(m maker) int {
			r, w := newPipe(m)
			closeFd(m, w)
			return r
		},
	}, {
		name: "read end, bytes, writer closed", linux: masks{rd | POLLHUP, POLLIN | POLLHUP}, freebsd: &masks{rd | POLLHUP, POLLIN | POLLHUP},
		ends: "read ends POLLIN (on Linux); close", note: "POLLHUP does not mean that everything has been read.", end: do(drain), then: POLLHUP,
		make: func(m maker) int {
			r, w := newPipe(m)
			mustWrite(m, w, "x")
			closeFd(m, w)
			return r
		},
	}, {
		name: "write end, room", linux: masks{wr, 0}, freebsd: &masks{wr, 0},
		ends: "write until it is full", end: do(func(m maker, fd int) { must(m, fill(fd)) }),
		make: func(m maker) int {
			_, w := newPipe(m)
			return w
		},
	}, {
		name: "write end, full", linux: masks{0, 0}, freebsd: &masks{0, 0},
		odd: writes(syscall.EAGAIN),
		make: func(m maker) int {
			_, w := newPipe(m)
			must(m, fill(w))
			return w
		},
	}, {
		name: "write end, reader closed", linux: masks{wr | POLLERR, POLLERR}, freebsd: &masks{rd | POLLHUP, POLLIN | POLLHUP},
		ends: "close", note: "A write fails with EPIPE.", odd: writes(syscall.EPIPE),
		make: func(m maker) int {
			r, w := newPipe(m)
			closeFd(m, r)
			return w
		},
	}, {
		name: "write end, full, reader closed", linux: masks{POLLERR, POLLERR}, freebsd: &masks{rd | POLLHUP, POLLIN | POLLHUP},
		ends: "close", note: "Linux: no POLLOUT, but a write fails immediately with EPIPE.", odd: writes(syscall.EPIPE),
		make: func(m maker) int {
			r, w := newPipe(m)
			must(m, fill(w))
			closeFd(m, r)
			return w
		},
	}},
}, {
	name: "FIFO", about: "fifo(7); pipe_poll in fs/pipe.c. Opened with O_RDONLY, O_WRONLY or O_RDWR, all with O_NONBLOCK.",
	states: []state{{
		name: "O_RDONLY, no writer yet", linux: masks{0, 0}, freebsd: &masks{0, 0},
		note: "A read returns 0, although nothing is reported.", odd: reads(0, nil),
		make: func(m maker) int { return m.open(m.fifo(), syscall.O_RDONLY) },
	}, {
		name: "O_RDONLY, writer", linux: masks{0, 0}, freebsd: &masks{0, 0},
		make: func(m maker) int {
			path := m.fifo()
			r := m.open(path, syscall.O_RDONLY)
			m.open(path, syscall.O_WRONLY)
			return r
		},
	}, {
		name: "O_RDONLY, bytes", linux: masks{rd, POLLIN},
		ends: "read", end: do(drain),
		make: func(m maker) int {
			path := m.fifo()
			r := m.open(path, syscall.O_RDONLY)
			mustWrite(m, m.open(path, syscall.O_WRONLY), "x")
			return r
		},
	}, {
		name: "O_RDONLY, writer closed", linux: masks{POLLHUP, POLLHUP}, freebsd: &masks{rd | POLLHUP, POLLIN | POLLHUP},
		ends: "the next writer; reopen", note: "Reported until the next writer opens the FIFO. Open it with O_RDWR to avoid this.", end: do(opened(syscall.O_WRONLY)),
		make: func(m maker) int {
			path := m.fifo()
			r := m.open(path, syscall.O_RDONLY)
			closeFd(m, m.open(path, syscall.O_WRONLY))
			return r
		},
	}, {
		name: "O_RDONLY, next writer", linux: masks{0, 0}, freebsd: &masks{0, 0},
		make: func(m maker) int {
			path := m.fifo()
			r := m.open(path, syscall.O_RDONLY)
			closeFd(m, m.open(path, syscall.O_WRONLY))
			m.open(path, syscall.O_WRONLY)
			return r
		},
	}, {
		name: "O_WRONLY, room", linux: masks{wr, 0}, freebsd: &masks{wr, 0},
		ends: "write until it is full", end: do(func(m maker, fd int) { must(m, fill(fd)) }),
		make: func(m maker) int {
			path := m.fifo()
			m.open(path, syscall.O_RDONLY)
			return m.open(path, syscall.O_WRONLY)
		},
	}, {
		name: "O_WRONLY, reader closed", linux: masks{wr | POLLERR, POLLERR}, freebsd: &masks{POLLHUP, POLLHUP},
		ends: "the next reader; close", note: "A write fails with EPIPE.", odd: writes(syscall.EPIPE), end: do(opened(syscall.O_RDONLY)), then: wr,
		make: func(m maker) int {
			path := m.fifo()
			r := m.open(path, syscall.O_RDONLY)
			w := m.open(path, syscall.O_WRONLY)
			closeFd(m, r)
			return w
		},
	}, {
		name: "O_RDWR, empty", linux: masks{wr, 0}, freebsd: &masks{wr, 0},
		ends: "write until it is full", note: "The descriptor is its own writer, so there is no POLLHUP and no end of the stream.", odd: reads(0, syscall.EAGAIN),
		make: func(m maker) int {
			path := m.fifo()
			fd := m.open(path, syscall.O_RDWR)
			closeFd(m, m.open(path, syscall.O_WRONLY))
			return fd
		},
	}, {
		name: "O_RDWR, bytes", linux: masks{rd | wr, POLLIN},
		ends: "read", end: do(drain), then: wr,
		make: func(m maker) int {
			fd := m.open(m.fifo(), syscall.O_RDWR)
			mustWrite(m, fd, "x")
			return fd
		},
	}},
}}

var fileKinds = []kind{{
	name: "File and directory", about: "poll(2): regular files are always ready. On Linux, everything whose driver or file system has no poll function is always ready too.",
	states: []state{{
		name: "file, empty", linux: masks{rd | wr, POLLIN}, freebsd: &masks{rd | wr, POLLIN},
		ends: "never", note: "FreeBSD: POLLNVAL if you also ask for POLLRDHUP.",
		make: func(m maker) int {
			return m.open(filepath.Join(m.TempDir(), "f"), syscall.O_RDWR|syscall.O_CREAT)
		},
	}, {
		name: "file, O_RDONLY, at its end", linux: masks{rd | wr, POLLIN}, freebsd: &masks{rd | wr, POLLIN},
		ends: "never", note: "A read returns 0. To wait for more data, use inotify.", odd: reads(0, nil),
		make: func(m maker) int {
			path := filepath.Join(m.TempDir(), "f")
			must(m, os.WriteFile(path, nil, 0o600))
			return m.open(path, syscall.O_RDONLY)
		},
	}, {
		name: "directory", linux: masks{rd | wr, POLLIN}, freebsd: &masks{rd | wr, POLLIN},
		ends: "never", note: "A read fails with EISDIR (Linux).", odd: reads(0, syscall.EISDIR),
		make: func(m maker) int { return m.open(m.TempDir(), syscall.O_RDONLY|syscall.O_DIRECTORY) },
	}, {
		name: "/dev/null", linux: masks{rd | wr, POLLIN}, freebsd: &masks{rd | wr, POLLIN},
		ends: "never",
		make: func(m maker) int { return m.open("/dev/null", syscall.O_RDWR) },
	}, {
		name: "O_PATH", linux: masks{POLLNVAL, POLLNVAL},
		ends: "open without O_PATH", note: "POLLNVAL is reported although the descriptor is open.",
		make: func(m maker) int {
			const oPath = 0x200000
			return m.open(m.TempDir(), oPath)
		},
	}, {
		name: "closed", linux: masks{POLLNVAL, POLLNVAL}, freebsd: &masks{POLLNVAL, POLLNVAL},
		ends: "unregister", note: "The number may already belong to another file.",
		make: func(m maker) int { return closedFd(m) },
	}, {
		name: "the highest number, not open", linux: masks{POLLNVAL, POLLNVAL}, freebsd: &masks{POLLNVAL, POLLNVAL},
		ends: "unregister",
		make: func(m maker) int { return 1<<31 - 1 },
	}},
}, {
	name: "FUSE file", about: "fuse_file_poll in fs/fuse/file.c.", out: none, native: true,
	states: []state{{
		name: "the server answers POLLIN", linux: masks{POLLIN, POLLIN},
		ends: "the server's next answer", note: "Each call asks the server and waits for its answer, whatever the timeout. Do not use RawPoll.",
		make: (maker).fuse,
	}},
}, {
	name: "proc and sysfs", about: "proc(5), sysfs(5); kernfs_generic_poll in fs/kernfs/file.c, proc_sys_poll in fs/proc/proc_sysctl.c.",
	states: []state{{
		name: "/proc/self/mounts, unchanged", linux: masks{rd, POLLIN},
		ends: "never", note: "POLLIN is always reported: ask for POLLPRI alone.",
		make: func(m maker) int { return m.open("/proc/self/mounts", syscall.O_RDONLY) },
	}, {
		name: "/proc/self/mounts, changed", linux: masks{rd | POLLPRI | POLLERR, POLLIN | POLLERR},
		ends: "being reported", note: "Reported once per change, to the first poll that sees it. POLLERR is not an error here.",
		once: true, then: rd,
		make: (maker).mountsChanged,
	}, {
		name: "/proc/sys/kernel/hostname, unchanged", linux: masks{rd | wr, POLLIN},
		ends: "never", note: "POLLIN is always reported: ask for POLLPRI alone.",
		make: func(m maker) int { return m.open("/proc/sys/kernel/hostname", syscall.O_RDONLY) },
	}, {
		name: "/proc/sys/kernel/hostname, changed", linux: masks{rd | POLLPRI | POLLERR, POLLIN | POLLERR},
		ends: "being reported", note: "Reported once per change, to the first poll that sees it. POLLERR is not an error here.",
		once: true, then: rd | wr,
		make: (maker).hostnameChanged,
	}, {
		name: "sysfs attribute, not read since open or a change", linux: masks{rd | wr | POLLPRI | POLLERR, POLLIN | POLLERR},
		ends: "read from the start", note: "Reported right after open as well, so read once before you wait. POLLERR is not an error here.",
		end: do(drain), then: rd | wr,
		make: func(m maker) int { return m.device("/sys/kernel/uevent_seqnum", syscall.O_RDONLY) },
	}, {
		name: "sysfs attribute, read", linux: masks{rd | wr, POLLIN},
		ends: "never", note: "POLLIN is always reported: ask for POLLPRI alone.",
		make: func(m maker) int {
			fd := m.device("/sys/kernel/uevent_seqnum", syscall.O_RDONLY)
			drain(m, fd)
			return fd
		},
	}, {
		name: "GPIO value file, edge", linux: masks{rd | wr | POLLPRI | POLLERR, POLLIN | POLLERR},
		ends: "read from the start", note: "Behaves like other sysfs attributes. This interface is deprecated: see GPIO line.",
	}},
}, {
	name: "Pressure", about: "/proc/pressure; psi_trigger_poll in kernel/sched/psi.c.", native: true,
	states: []state{{
		name: "no trigger written", linux: masks{rd | wr | POLLPRI | POLLERR, POLLIN | POLLERR},
		ends: "write a trigger",
		make: func(m maker) int { return m.pressure("") },
		end:  do(func(m maker, fd int) { m.trigger(fd, idleTrigger) }), then: rd | wr,
	}, {
		name: "trigger, not reached", linux: masks{rd | wr, POLLIN},
		ends: "never", note: "POLLIN is always reported: ask for POLLPRI alone.",
		make: func(m maker) int { return m.pressure(idleTrigger) },
	}, {
		name: "trigger, reached", linux: masks{rd | wr | POLLPRI, POLLIN},
		ends: "being reported", note: "Reported once, to the first poll, whatever its mask.",
		once: true, slow: true, then: rd | wr,
		make: (maker).pressureReached,
	}},
}}

// opened opens the file of fd once more.
func opened(flags int) func(m maker, fd int) {
	return func(m maker, fd int) {
		m.Helper()
		m.open(fmt.Sprintf("/proc/self/fd/%d", fd), flags)
	}
}

// idleTrigger is reached only if all tasks wait for memory for a whole ten seconds.
const idleTrigger = "full 10000000 10000000"
