//go:build linux || darwin || freebsd || netbsd

// Rows of DESCRIPTORS.md for pipes, FIFOs, files and directories.

package descriptors

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	. "example.com/poll"
	"example.com/poll/internal/fdtest"
)

var pipeKinds = []kind{{
	name: "Pipe",
	states: []state{
		{name: "read end, empty", make: with(pipe)},
		{name: "read end, bytes", make: with(pipe, peer(sends("x"))), end: do(drain)},
		{name: "read end, writer closed", make: with(pipe, peer(closes)), odd: reads(0, nil)},
		{
			name: "read end, bytes, writer closed", make: with(pipe, peer(sends("x"), closes)),
			end: do(drain), then: POLLHUP,
		},
		{name: "write end, room", make: with(writeEnd), end: do(fills)},
		{name: "write end, full", make: with(writeEnd, self(fills)), odd: writes(syscall.EAGAIN)},
		{name: "write end, reader closed", make: with(writeEnd, peer(closes)), odd: writes(syscall.EPIPE)},
		{
			name: "write end, full, reader closed", make: with(writeEnd, self(fills), peer(closes)),
			odd: writes(syscall.EPIPE),
		},
	},
}, {
	name: "FIFO",
	states: []state{
		{
			name: "O_RDONLY, no writer yet", odd: reads(0, nil),
			make: func(m maker) int { return m.open(m.fifo(), syscall.O_RDONLY) },
		},
		{name: "O_RDONLY, writer", make: with(readFIFO)},
		{name: "O_RDONLY, bytes", make: with(readFIFO, peer(sends("x"))), end: do(drain)},
		{name: "O_RDONLY, writer closed", make: with(readFIFO, peer(closes)), end: do(opened(syscall.O_WRONLY))},
		{name: "O_RDONLY, bytes, writer closed", make: with(readFIFO, peer(sends("x"), closes)), end: do(drain), then: POLLHUP},
		{
			name: "O_RDONLY, writer closed, read returned 0", odd: reads(0, nil),
			make: with(readFIFO, peer(closes), self(reads(0, nil))),
		},
		{name: "O_RDONLY, next writer", make: func(m maker) int {
			path := m.fifo()
			r := m.open(path, syscall.O_RDONLY)
			fdtest.Close(m, m.open(path, syscall.O_WRONLY))
			m.open(path, syscall.O_WRONLY)
			return r
		}},
		{name: "O_WRONLY, room", make: with(writeFIFO), end: do(fills)},
		{
			name: "O_WRONLY, reader closed", make: with(writeFIFO, peer(closes)),
			odd: writes(syscall.EPIPE), end: do(opened(syscall.O_RDONLY)), then: wr,
		},
		{
			name: "O_RDWR, empty", make: with(fifo(syscall.O_RDWR, syscall.O_WRONLY), peer(closes)),
			odd: reads(0, syscall.EAGAIN),
		},
		{
			name: "O_RDWR, bytes", make: with(fifo(syscall.O_RDWR, syscall.O_WRONLY), self(sends("x"))),
			end: do(drain), then: wr,
		},
	},
}}

// opened opens the file of fd once more, on Linux.
func opened(flags int) act {
	return func(m maker, fd int) {
		m.open(fmt.Sprintf("/proc/self/fd/%d", fd), flags)
	}
}

var (
	readFIFO  = fifo(syscall.O_RDONLY, syscall.O_WRONLY)
	writeFIFO = fifo(syscall.O_WRONLY, syscall.O_RDONLY)
)

var fileKinds = []kind{{
	name: "File and directory",
	states: []state{
		{name: "file, empty", noRDHUP: true, make: func(m maker) int {
			return m.open(filepath.Join(m.dir(), "f"), syscall.O_RDWR|syscall.O_CREAT)
		}},
		{name: "file, O_RDONLY, at its end", noRDHUP: true, odd: reads(0, nil), make: func(m maker) int {
			path := filepath.Join(m.dir(), "f")
			fdtest.Must(m, os.WriteFile(path, nil, 0o600))
			return m.open(path, syscall.O_RDONLY)
		}},
		{
			name: "directory", noRDHUP: true, odd: reads(0, syscall.EISDIR),
			make: func(m maker) int { return m.open(m.dir(), syscall.O_RDONLY|syscall.O_DIRECTORY) },
		},
		{name: "/dev/null", noRDHUP: true, make: func(m maker) int { return m.open(os.DevNull, syscall.O_RDWR) }},
		{name: "O_PATH", make: func(m maker) int {
			if oPath == 0 {
				m.Skip("O_PATH is not on this system")
			}
			return m.open(m.dir(), oPath)
		}},
		{name: "closed", make: func(m maker) int { return fdtest.Closed(m) }},
		{name: "the highest number, not open", make: func(m maker) int { return 1<<31 - 1 }},
	},
}}
