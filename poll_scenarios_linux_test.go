// The table of TestScenarios: what Linux reports of its kinds of descriptors, to
// the bit. The masks come from each kind's poll function in the kernel.

package poll

import (
	"os"
	"path/filepath"
	"syscall"
	"time"
	"unsafe"
)

// everything is all that a caller can ask for.
const everything = POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND | POLLRDHUP

// Most kinds report both bits of rd together, and both of wr; datagram and Unix
// sockets all three of wrb.
const (
	rd  = POLLIN | POLLRDNORM
	wr  = POLLOUT | POLLWRNORM
	wrb = wr | POLLWRBAND
)

var scenarios = []struct {
	kind, state string
	all, in     Events // reported if everything is asked for, and if POLLIN is
	make        func(m maker) (fd int)
}{
	// pipe(7), fs/pipe.c pipe_poll
	{"pipe", "read end, empty", 0, 0, func(m maker) int {
		r, _ := newPipe(m)
		return r
	}},
	{"pipe", "read end, bytes", rd, POLLIN, func(m maker) int {
		r, w := newPipe(m)
		mustWrite(m, w, "x")
		return r
	}},
	{"pipe", "read end, writer closed", POLLHUP, POLLHUP, func(m maker) int {
		r, w := newPipe(m)
		closeFd(m, w)
		return r
	}},
	{"pipe", "read end, bytes, writer closed", rd | POLLHUP, POLLIN | POLLHUP, func(m maker) int {
		r, w := newPipe(m)
		mustWrite(m, w, "x")
		closeFd(m, w)
		return r
	}},
	{"pipe", "write end, empty", wr, 0, func(m maker) int {
		_, w := newPipe(m)
		return w
	}},
	{"pipe", "write end, full", 0, 0, func(m maker) int {
		_, w := newPipe(m)
		must(m, fill(w))
		return w
	}},
	{"pipe", "write end, reader closed", wr | POLLERR, POLLERR, func(m maker) int {
		r, w := newPipe(m)
		closeFd(m, r)
		return w
	}},
	{"pipe", "write end, full, reader closed", POLLERR, POLLERR, func(m maker) int {
		r, w := newPipe(m)
		must(m, fill(w))
		closeFd(m, r)
		return w
	}},

	// fifo(7): the read end has not hung up before there was a writer.
	{"fifo", "read end, never a writer", 0, 0, func(m maker) int {
		return m.open(m.fifo(), syscall.O_RDONLY)
	}},
	{"fifo", "read end, writer", 0, 0, func(m maker) int {
		path := m.fifo()
		r := m.open(path, syscall.O_RDONLY)
		m.open(path, syscall.O_WRONLY)
		return r
	}},
	{"fifo", "read end, bytes", rd, POLLIN, func(m maker) int {
		path := m.fifo()
		r := m.open(path, syscall.O_RDONLY)
		mustWrite(m, m.open(path, syscall.O_WRONLY), "x")
		return r
	}},
	{"fifo", "read end, writer closed", POLLHUP, POLLHUP, func(m maker) int {
		path := m.fifo()
		r := m.open(path, syscall.O_RDONLY)
		closeFd(m, m.open(path, syscall.O_WRONLY))
		return r
	}},
	{"fifo", "read end, next writer", 0, 0, func(m maker) int {
		path := m.fifo()
		r := m.open(path, syscall.O_RDONLY)
		closeFd(m, m.open(path, syscall.O_WRONLY))
		m.open(path, syscall.O_WRONLY)
		return r
	}},
	{"fifo", "write end, reader closed", wr | POLLERR, POLLERR, func(m maker) int {
		path := m.fifo()
		r := m.open(path, syscall.O_RDONLY)
		w := m.open(path, syscall.O_WRONLY)
		closeFd(m, r)
		return w
	}},
	{"fifo", "both ends in one, empty", wr, 0, func(m maker) int {
		return m.open(m.fifo(), syscall.O_RDWR)
	}},
	{"fifo", "both ends in one, bytes", rd | wr, POLLIN, func(m maker) int {
		fd := m.open(m.fifo(), syscall.O_RDWR)
		mustWrite(m, fd, "x")
		return fd
	}},

	// unix(7), net/unix/af_unix.c unix_poll
	{"unix stream", "fresh", wrb | POLLHUP, POLLHUP, func(m maker) int {
		return m.socket(syscall.AF_UNIX, syscall.SOCK_STREAM)
	}},
	{"unix stream", "listening", 0, 0, func(m maker) int {
		fd, _ := m.unixListener()
		return fd
	}},
	{"unix stream", "listening, connection waits", rd, POLLIN, func(m maker) int {
		fd, addr := m.unixListener()
		must(m, syscall.Connect(m.socket(syscall.AF_UNIX, syscall.SOCK_STREAM), addr))
		return fd
	}},
	{"unix stream", "connected", wrb, 0, func(m maker) int {
		a, _ := m.pair(syscall.SOCK_STREAM)
		return a
	}},
	{"unix stream", "bytes", rd | wrb, POLLIN, func(m maker) int {
		a, b := m.pair(syscall.SOCK_STREAM)
		mustWrite(m, b, "x")
		return a
	}},
	{"unix stream", "full", 0, 0, func(m maker) int {
		a, _ := m.pair(syscall.SOCK_STREAM)
		must(m, fill(a))
		return a
	}},
	{"unix stream", "peer shut down writing", rd | wrb | POLLRDHUP, POLLIN, func(m maker) int {
		a, b := m.pair(syscall.SOCK_STREAM)
		must(m, syscall.Shutdown(b, syscall.SHUT_WR))
		return a
	}},
	{"unix stream", "peer shut down reading", wrb, 0, func(m maker) int {
		a, b := m.pair(syscall.SOCK_STREAM)
		must(m, syscall.Shutdown(b, syscall.SHUT_RD))
		return a
	}},
	{"unix stream", "shut down writing", wrb, 0, func(m maker) int {
		a, _ := m.pair(syscall.SOCK_STREAM)
		must(m, syscall.Shutdown(a, syscall.SHUT_WR))
		return a
	}},
	{"unix stream", "shut down reading", rd | wrb | POLLRDHUP, POLLIN, func(m maker) int {
		a, _ := m.pair(syscall.SOCK_STREAM)
		must(m, syscall.Shutdown(a, syscall.SHUT_RD))
		return a
	}},
	{"unix stream", "peer closed", rd | wrb | POLLHUP | POLLRDHUP, POLLIN | POLLHUP, func(m maker) int {
		a, b := m.pair(syscall.SOCK_STREAM)
		closeFd(m, b)
		return a
	}},
	{"unix stream", "bytes, peer closed", rd | wrb | POLLHUP | POLLRDHUP, POLLIN | POLLHUP, func(m maker) int {
		a, b := m.pair(syscall.SOCK_STREAM)
		mustWrite(m, b, "x")
		closeFd(m, b)
		return a
	}},
	{"unix stream", "peer closed with bytes unread", rd | wrb | POLLERR | POLLHUP | POLLRDHUP, POLLIN | POLLERR | POLLHUP, func(m maker) int {
		a, b := m.pair(syscall.SOCK_STREAM)
		mustWrite(m, a, "x")
		closeFd(m, b)
		return a
	}},

	// unix_dgram_poll
	{"unix datagram", "fresh", wrb, 0, func(m maker) int {
		return m.socket(syscall.AF_UNIX, syscall.SOCK_DGRAM)
	}},
	{"unix datagram", "connected", wrb, 0, func(m maker) int {
		a, _ := m.pair(syscall.SOCK_DGRAM)
		return a
	}},
	{"unix datagram", "datagram", rd | wrb, POLLIN, func(m maker) int {
		a, b := m.pair(syscall.SOCK_DGRAM)
		mustWrite(m, b, "x")
		return a
	}},
	{"unix datagram", "full", 0, 0, func(m maker) int {
		a, _ := m.pair(syscall.SOCK_DGRAM)
		must(m, fill(a))
		return a
	}},
	{"unix datagram", "peer closed", wrb, 0, func(m maker) int {
		a, b := m.pair(syscall.SOCK_DGRAM)
		closeFd(m, b)
		return a
	}},
	{"unix datagram", "shut down reading", rd | wrb | POLLRDHUP, POLLIN, func(m maker) int {
		a, _ := m.pair(syscall.SOCK_DGRAM)
		must(m, syscall.Shutdown(a, syscall.SHUT_RD))
		return a
	}},

	// A connection, but of packets.
	{"unix seqpacket", "fresh", wrb | POLLHUP, POLLHUP, func(m maker) int {
		return m.socket(syscall.AF_UNIX, syscall.SOCK_SEQPACKET)
	}},
	{"unix seqpacket", "connected", wrb, 0, func(m maker) int {
		a, _ := m.pair(syscall.SOCK_SEQPACKET)
		return a
	}},
	{"unix seqpacket", "packet", rd | wrb, POLLIN, func(m maker) int {
		a, b := m.pair(syscall.SOCK_SEQPACKET)
		mustWrite(m, b, "x")
		return a
	}},
	{"unix seqpacket", "full", 0, 0, func(m maker) int {
		a, _ := m.pair(syscall.SOCK_SEQPACKET)
		must(m, fill(a))
		return a
	}},
	{"unix seqpacket", "peer closed", rd | wrb | POLLHUP | POLLRDHUP, POLLIN | POLLHUP, func(m maker) int {
		a, b := m.pair(syscall.SOCK_SEQPACKET)
		closeFd(m, b)
		return a
	}},

	// tcp(7), net/ipv4/tcp.c tcp_poll
	{"tcp", "fresh", wr | POLLHUP, POLLHUP, func(m maker) int {
		return m.socket(syscall.AF_INET, syscall.SOCK_STREAM)
	}},
	{"tcp", "bound", wr | POLLHUP, POLLHUP, func(m maker) int {
		fd := m.socket(syscall.AF_INET, syscall.SOCK_STREAM)
		m.bind(fd)
		return fd
	}},
	{"tcp", "listening", 0, 0, func(m maker) int {
		fd, _ := m.tcpListener(1)
		return fd
	}},
	{"tcp", "listening, connection waits", rd, POLLIN, func(m maker) int {
		fd, addr := m.tcpListener(1)
		m.connect(addr)
		m.await(fd, POLLIN)
		return fd
	}},
	{"tcp", "connecting", 0, 0, func(m maker) int {
		// A backlog of 0 has room for one; what comes next has to try
		// again after a second.
		fd, addr := m.tcpListener(0)
		m.connect(addr)
		m.await(fd, POLLIN)
		return m.connect(addr)
	}},
	{"tcp", "refused", rd | wr | POLLERR | POLLHUP | POLLRDHUP, POLLIN | POLLERR | POLLHUP, func(m maker) int {
		// Bound but not listening: nobody else has the number, and nobody
		// is there.
		fd := m.connect(m.bind(m.socket(syscall.AF_INET, syscall.SOCK_STREAM)))
		m.await(fd, POLLERR)
		return fd
	}},
	{"tcp", "refused, error read", rd | wr | POLLHUP | POLLRDHUP, POLLIN | POLLHUP, func(m maker) int {
		fd := m.connect(m.bind(m.socket(syscall.AF_INET, syscall.SOCK_STREAM)))
		m.await(fd, POLLERR)
		if n, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR); n == 0 || err != nil {
			m.Errorf("SO_ERROR is %d, %v, want an error", n, err)
		}
		return fd
	}},
	{"tcp", "connected", wr, 0, func(m maker) int {
		a, _ := m.tcp()
		return a
	}},
	{"tcp", "accepted", wr, 0, func(m maker) int {
		_, b := m.tcp()
		return b
	}},
	{"tcp", "bytes", rd | wr, POLLIN, func(m maker) int {
		a, b := m.tcp()
		mustWrite(m, b, "x")
		m.await(a, POLLIN)
		return a
	}},
	{"tcp", "out-of-band byte", wr | POLLPRI, 0, func(m maker) int {
		a, b := m.tcp()
		m.urgent(b, "x")
		m.await(a, POLLPRI)
		return a
	}},
	{"tcp", "bytes, out-of-band byte", rd | wr | POLLPRI, POLLIN, func(m maker) int {
		a, b := m.tcp()
		m.urgent(b, "xyz")
		m.await(a, POLLPRI)
		m.await(a, POLLIN)
		return a
	}},
	{"tcp", "full", 0, 0, func(m maker) int {
		a, _ := m.tcp()
		m.fillTCP(a)
		return a
	}},
	{"tcp", "full, peer shut down writing", rd | POLLRDHUP, POLLIN, func(m maker) int {
		a, b := m.tcp()
		must(m, syscall.Shutdown(b, syscall.SHUT_WR))
		m.await(a, POLLRDHUP)
		m.fillTCP(a)
		return a
	}},
	{"tcp", "peer shut down writing", rd | wr | POLLRDHUP, POLLIN, func(m maker) int {
		a, b := m.tcp()
		must(m, syscall.Shutdown(b, syscall.SHUT_WR))
		m.await(a, POLLRDHUP)
		return a
	}},
	{"tcp", "peer shut down reading", wr, 0, func(m maker) int {
		a, b := m.tcp()
		must(m, syscall.Shutdown(b, syscall.SHUT_RD))
		return a
	}},
	{"tcp", "shut down writing", wr, 0, func(m maker) int {
		a, b := m.tcp()
		must(m, syscall.Shutdown(a, syscall.SHUT_WR))
		m.await(b, POLLRDHUP)
		return a
	}},
	{"tcp", "shut down reading", rd | wr | POLLRDHUP, POLLIN, func(m maker) int {
		a, _ := m.tcp()
		must(m, syscall.Shutdown(a, syscall.SHUT_RD))
		return a
	}},
	{"tcp", "shut down both ways", rd | wr | POLLHUP | POLLRDHUP, POLLIN | POLLHUP, func(m maker) int {
		a, b := m.tcp()
		must(m, syscall.Shutdown(a, syscall.SHUT_RDWR))
		m.await(b, POLLRDHUP)
		return a
	}},
	{"tcp", "both sides shut down writing", rd | wr | POLLHUP | POLLRDHUP, POLLIN | POLLHUP, func(m maker) int {
		a, b := m.tcp()
		must(m, syscall.Shutdown(b, syscall.SHUT_WR))
		m.await(a, POLLRDHUP)
		must(m, syscall.Shutdown(a, syscall.SHUT_WR))
		m.await(a, POLLHUP)
		return a
	}},
	{"tcp", "peer closed", rd | wr | POLLRDHUP, POLLIN, func(m maker) int {
		a, b := m.tcp()
		closeFd(m, b)
		m.await(a, POLLRDHUP)
		return a
	}},
	{"tcp", "reset", rd | wr | POLLERR | POLLHUP | POLLRDHUP, POLLIN | POLLERR | POLLHUP, func(m maker) int {
		a, b := m.tcp()
		// With SO_LINGER and no time to linger, close(2) sends a reset.
		must(m, syscall.SetsockoptLinger(b, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1}))
		closeFd(m, b)
		m.await(a, POLLERR)
		return a
	}},

	// udp(7), net/ipv4/udp.c udp_poll, net/core/datagram.c datagram_poll
	{"udp", "fresh", wrb, 0, func(m maker) int {
		return m.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
	}},
	{"udp", "datagram", rd | wrb, POLLIN, func(m maker) int {
		a := m.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
		addr := m.bind(a)
		must(m, syscall.Sendto(m.socket(syscall.AF_INET, syscall.SOCK_DGRAM), []byte("x"), 0, addr))
		m.await(a, POLLIN)
		return a
	}},
	{"udp", "empty datagram", rd | wrb, POLLIN, func(m maker) int {
		a := m.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
		addr := m.bind(a)
		must(m, syscall.Sendto(m.socket(syscall.AF_INET, syscall.SOCK_DGRAM), nil, 0, addr))
		m.await(a, POLLIN)
		return a
	}},
	{"udp", "connected, refused", wrb | POLLERR, POLLERR, func(m maker) int {
		// The answer to a datagram to a port where nobody is comes by
		// icmp(7). The port is that of a socket which is closed.
		b := m.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
		addr := m.bind(b)
		a := m.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
		must(m, syscall.Connect(a, addr))
		closeFd(m, b)
		mustWrite(m, a, "x")
		m.await(a, POLLERR)
		return a
	}},
	{"udp", "shut down reading", rd | wrb | POLLRDHUP, POLLIN, func(m maker) int {
		a := m.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
		must(m, syscall.Connect(a, m.bind(m.socket(syscall.AF_INET, syscall.SOCK_DGRAM))))
		must(m, syscall.Shutdown(a, syscall.SHUT_RD))
		return a
	}},

	// pty(7), drivers/tty/n_tty.c n_tty_poll
	{"pty", "master", wr, 0, func(m maker) int {
		master, _ := m.pty()
		return master
	}},
	{"pty", "master, output", rd | wr, POLLIN, func(m maker) int {
		master, slave := m.pty()
		mustWrite(m, slave, "x")
		m.await(master, POLLIN)
		return master
	}},
	{"pty", "master, slave closed", wr | POLLHUP, POLLHUP, func(m maker) int {
		master, slave := m.pty()
		closeFd(m, slave)
		m.await(master, POLLHUP)
		return master
	}},
	{"pty", "master, output, slave closed", rd | wr | POLLHUP, POLLIN | POLLHUP, func(m maker) int {
		master, slave := m.pty()
		mustWrite(m, slave, "x")
		closeFd(m, slave)
		m.await(master, POLLHUP)
		m.await(master, POLLIN)
		return master
	}},
	{"pty", "master, packet mode, slave changed", rd | wr | POLLPRI, POLLIN, func(m maker) int {
		// ioctl_tty(2), TIOCPKT: a change of state is an exceptional
		// condition.
		master, slave := m.pty()
		on := int32(1)
		m.ioctl(master, syscall.TIOCPKT, unsafe.Pointer(&on))
		var tio syscall.Termios
		m.ioctl(slave, syscall.TCGETS, unsafe.Pointer(&tio))
		tio.Iflag ^= syscall.IXON
		m.ioctl(slave, syscall.TCSETS, unsafe.Pointer(&tio))
		m.await(master, POLLPRI)
		return master
	}},
	{"pty", "slave", wr, 0, func(m maker) int {
		_, slave := m.pty()
		return slave
	}},
	{"pty", "slave, a line", rd | wr, POLLIN, func(m maker) int {
		master, slave := m.pty()
		mustWrite(m, master, "x\n")
		m.await(slave, POLLIN)
		return slave
	}},
	{"pty", "slave, part of a line", wr, 0, func(m maker) int {
		master, slave := m.pty()
		mustWrite(m, master, "x")
		m.await(master, POLLIN) // the echo: it has gone through
		return slave
	}},
	{"pty", "slave, master closed", rd | wr | POLLERR | POLLHUP, POLLIN | POLLERR | POLLHUP, func(m maker) int {
		master, slave := m.pty()
		closeFd(m, master)
		m.await(slave, POLLHUP)
		return slave
	}},

	// eventfd(2)
	{"eventfd", "0", POLLOUT, 0, func(m maker) int {
		return m.eventfd(0)
	}},
	{"eventfd", "1", POLLIN | POLLOUT, POLLIN, func(m maker) int {
		return m.eventfd(1)
	}},
	{"eventfd", "max", POLLIN, POLLIN, func(m maker) int {
		// "The maximum value that may be stored in the counter is the
		// largest unsigned 64-bit value minus 1": 1 more would block.
		return m.eventfd(1<<64 - 2)
	}},

	// timerfd_create(2)
	{"timerfd", "disarmed", 0, 0, func(m maker) int {
		return m.timerfd(0)
	}},
	{"timerfd", "armed", 0, 0, func(m maker) int {
		return m.timerfd(time.Hour)
	}},
	{"timerfd", "expired", POLLIN, POLLIN, func(m maker) int {
		fd := m.timerfd(time.Microsecond)
		m.await(fd, POLLIN)
		return fd
	}},

	// inotify(7)
	{"inotify", "idle", 0, 0, func(m maker) int {
		fd, _ := m.inotify()
		return fd
	}},
	{"inotify", "event", rd, POLLIN, func(m maker) int {
		fd, dir := m.inotify()
		must(m, os.Mkdir(filepath.Join(dir, "new"), 0o700))
		m.await(fd, POLLIN)
		return fd
	}},

	// pidfd_open(2): when the process terminates, poll(2) "indicate[s] the
	// file descriptor as readable".
	{"pidfd", "running", 0, 0, func(m maker) int {
		fd, _ := m.pidfd()
		return fd
	}},
	{"pidfd", "terminated", rd, POLLIN, func(m maker) int {
		fd, end := m.pidfd()
		end()
		m.await(fd, POLLIN)
		return fd
	}},

	// epoll(7): "If an epoll file descriptor has events waiting, then it
	// will indicate as being readable."
	{"epoll", "empty", 0, 0, func(m maker) int {
		return m.epoll()
	}},
	{"epoll", "nothing ready", 0, 0, func(m maker) int {
		r, _ := newPipe(m)
		return m.epoll(r)
	}},
	{"epoll", "something ready", rd, POLLIN, func(m maker) int {
		r, w := newPipe(m)
		mustWrite(m, w, "x")
		return m.epoll(r)
	}},

	// signalfd(2)
	{"signalfd", "none", 0, 0, func(m maker) int {
		return m.signalfd()
	}},
	{"signalfd", "pending", POLLIN, POLLIN, func(m maker) int {
		fd := m.signalfd()
		must(m, tgkill(syscall.Gettid(), syscall.SIGUSR2))
		return fd
	}},

	// poll() in POSIX.1: "Regular files shall always poll TRUE for reading
	// and writing." On Linux, so does whatever has no poll function.
	{"file", "empty", rd | wr, POLLIN, func(m maker) int {
		return m.open(filepath.Join(m.TempDir(), "f"), syscall.O_RDWR|syscall.O_CREAT)
	}},
	{"file", "read only, at its end", rd | wr, POLLIN, func(m maker) int {
		path := filepath.Join(m.TempDir(), "f")
		must(m, os.WriteFile(path, nil, 0o600))
		return m.open(path, syscall.O_RDONLY)
	}},
	{"directory", "open", rd | wr, POLLIN, func(m maker) int {
		return m.open(m.TempDir(), syscall.O_RDONLY|syscall.O_DIRECTORY)
	}},
	{"dev null", "open", rd | wr, POLLIN, func(m maker) int {
		return m.open("/dev/null", syscall.O_RDWR)
	}},
	// mounts in proc(5): a change is POLLERR and POLLPRI.
	{"proc mounts", "unchanged", rd, POLLIN, func(m maker) int {
		return m.open("/proc/self/mounts", syscall.O_RDONLY)
	}},

	// open(2), O_PATH: "The file itself is not opened".
	{"path only", "open", POLLNVAL, POLLNVAL, func(m maker) int {
		const oPath = 0x200000
		return m.open(m.TempDir(), oPath)
	}},
	{"closed", "was open", POLLNVAL, POLLNVAL, func(m maker) int {
		return closedFd(m)
	}},
	{"closed", "highest", POLLNVAL, POLLNVAL, func(m maker) int {
		return 1<<31 - 1
	}},
}
