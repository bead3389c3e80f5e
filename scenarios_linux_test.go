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
	make        func(k kernel) (fd int)
}{
	// pipe(7), fs/pipe.c pipe_poll
	{"pipe", "read end, empty", 0, 0, func(k kernel) int {
		r, _ := newPipe(k)
		return r
	}},
	{"pipe", "read end, bytes", rd, POLLIN, func(k kernel) int {
		r, w := newPipe(k)
		mustWrite(k, w, "x")
		return r
	}},
	{"pipe", "read end, writer closed", POLLHUP, POLLHUP, func(k kernel) int {
		r, w := newPipe(k)
		closeFd(k, w)
		return r
	}},
	{"pipe", "read end, bytes, writer closed", rd | POLLHUP, POLLIN | POLLHUP, func(k kernel) int {
		r, w := newPipe(k)
		mustWrite(k, w, "x")
		closeFd(k, w)
		return r
	}},
	{"pipe", "write end, empty", wr, 0, func(k kernel) int {
		_, w := newPipe(k)
		return w
	}},
	{"pipe", "write end, full", 0, 0, func(k kernel) int {
		_, w := newPipe(k)
		must(k, fill(w))
		return w
	}},
	{"pipe", "write end, reader closed", wr | POLLERR, POLLERR, func(k kernel) int {
		r, w := newPipe(k)
		closeFd(k, r)
		return w
	}},
	{"pipe", "write end, full, reader closed", POLLERR, POLLERR, func(k kernel) int {
		r, w := newPipe(k)
		must(k, fill(w))
		closeFd(k, r)
		return w
	}},

	// fifo(7): the read end has not hung up before there was a writer.
	{"fifo", "read end, never a writer", 0, 0, func(k kernel) int {
		return k.open(k.fifo(), syscall.O_RDONLY)
	}},
	{"fifo", "read end, writer", 0, 0, func(k kernel) int {
		path := k.fifo()
		r := k.open(path, syscall.O_RDONLY)
		k.open(path, syscall.O_WRONLY)
		return r
	}},
	{"fifo", "read end, bytes", rd, POLLIN, func(k kernel) int {
		path := k.fifo()
		r := k.open(path, syscall.O_RDONLY)
		mustWrite(k, k.open(path, syscall.O_WRONLY), "x")
		return r
	}},
	{"fifo", "read end, writer closed", POLLHUP, POLLHUP, func(k kernel) int {
		path := k.fifo()
		r := k.open(path, syscall.O_RDONLY)
		closeFd(k, k.open(path, syscall.O_WRONLY))
		return r
	}},
	{"fifo", "read end, next writer", 0, 0, func(k kernel) int {
		path := k.fifo()
		r := k.open(path, syscall.O_RDONLY)
		closeFd(k, k.open(path, syscall.O_WRONLY))
		k.open(path, syscall.O_WRONLY)
		return r
	}},
	{"fifo", "write end, reader closed", wr | POLLERR, POLLERR, func(k kernel) int {
		path := k.fifo()
		r := k.open(path, syscall.O_RDONLY)
		w := k.open(path, syscall.O_WRONLY)
		closeFd(k, r)
		return w
	}},
	{"fifo", "both ends in one, empty", wr, 0, func(k kernel) int {
		return k.open(k.fifo(), syscall.O_RDWR)
	}},
	{"fifo", "both ends in one, bytes", rd | wr, POLLIN, func(k kernel) int {
		fd := k.open(k.fifo(), syscall.O_RDWR)
		mustWrite(k, fd, "x")
		return fd
	}},

	// unix(7), net/unix/af_unix.c unix_poll
	{"unix stream", "fresh", wrb | POLLHUP, POLLHUP, func(k kernel) int {
		return k.socket(syscall.AF_UNIX, syscall.SOCK_STREAM)
	}},
	{"unix stream", "listening", 0, 0, func(k kernel) int {
		fd, _ := k.unixListener()
		return fd
	}},
	{"unix stream", "listening, connection waits", rd, POLLIN, func(k kernel) int {
		fd, addr := k.unixListener()
		must(k, syscall.Connect(k.socket(syscall.AF_UNIX, syscall.SOCK_STREAM), addr))
		return fd
	}},
	{"unix stream", "connected", wrb, 0, func(k kernel) int {
		a, _ := k.pair(syscall.SOCK_STREAM)
		return a
	}},
	{"unix stream", "bytes", rd | wrb, POLLIN, func(k kernel) int {
		a, b := k.pair(syscall.SOCK_STREAM)
		mustWrite(k, b, "x")
		return a
	}},
	{"unix stream", "full", 0, 0, func(k kernel) int {
		a, _ := k.pair(syscall.SOCK_STREAM)
		must(k, fill(a))
		return a
	}},
	{"unix stream", "peer shut down writing", rd | wrb | POLLRDHUP, POLLIN, func(k kernel) int {
		a, b := k.pair(syscall.SOCK_STREAM)
		must(k, syscall.Shutdown(b, syscall.SHUT_WR))
		return a
	}},
	{"unix stream", "peer shut down reading", wrb, 0, func(k kernel) int {
		a, b := k.pair(syscall.SOCK_STREAM)
		must(k, syscall.Shutdown(b, syscall.SHUT_RD))
		return a
	}},
	{"unix stream", "shut down writing", wrb, 0, func(k kernel) int {
		a, _ := k.pair(syscall.SOCK_STREAM)
		must(k, syscall.Shutdown(a, syscall.SHUT_WR))
		return a
	}},
	{"unix stream", "shut down reading", rd | wrb | POLLRDHUP, POLLIN, func(k kernel) int {
		a, _ := k.pair(syscall.SOCK_STREAM)
		must(k, syscall.Shutdown(a, syscall.SHUT_RD))
		return a
	}},
	{"unix stream", "peer closed", rd | wrb | POLLHUP | POLLRDHUP, POLLIN | POLLHUP, func(k kernel) int {
		a, b := k.pair(syscall.SOCK_STREAM)
		closeFd(k, b)
		return a
	}},
	{"unix stream", "bytes, peer closed", rd | wrb | POLLHUP | POLLRDHUP, POLLIN | POLLHUP, func(k kernel) int {
		a, b := k.pair(syscall.SOCK_STREAM)
		mustWrite(k, b, "x")
		closeFd(k, b)
		return a
	}},
	{"unix stream", "peer closed with bytes unread", rd | wrb | POLLERR | POLLHUP | POLLRDHUP, POLLIN | POLLERR | POLLHUP, func(k kernel) int {
		a, b := k.pair(syscall.SOCK_STREAM)
		mustWrite(k, a, "x")
		closeFd(k, b)
		return a
	}},

	// unix_dgram_poll
	{"unix datagram", "fresh", wrb, 0, func(k kernel) int {
		return k.socket(syscall.AF_UNIX, syscall.SOCK_DGRAM)
	}},
	{"unix datagram", "connected", wrb, 0, func(k kernel) int {
		a, _ := k.pair(syscall.SOCK_DGRAM)
		return a
	}},
	{"unix datagram", "datagram", rd | wrb, POLLIN, func(k kernel) int {
		a, b := k.pair(syscall.SOCK_DGRAM)
		mustWrite(k, b, "x")
		return a
	}},
	{"unix datagram", "full", 0, 0, func(k kernel) int {
		a, _ := k.pair(syscall.SOCK_DGRAM)
		must(k, fill(a))
		return a
	}},
	{"unix datagram", "peer closed", wrb, 0, func(k kernel) int {
		a, b := k.pair(syscall.SOCK_DGRAM)
		closeFd(k, b)
		return a
	}},
	{"unix datagram", "shut down reading", rd | wrb | POLLRDHUP, POLLIN, func(k kernel) int {
		a, _ := k.pair(syscall.SOCK_DGRAM)
		must(k, syscall.Shutdown(a, syscall.SHUT_RD))
		return a
	}},

	// A connection, but of packets.
	{"unix seqpacket", "fresh", wrb | POLLHUP, POLLHUP, func(k kernel) int {
		return k.socket(syscall.AF_UNIX, syscall.SOCK_SEQPACKET)
	}},
	{"unix seqpacket", "connected", wrb, 0, func(k kernel) int {
		a, _ := k.pair(syscall.SOCK_SEQPACKET)
		return a
	}},
	{"unix seqpacket", "packet", rd | wrb, POLLIN, func(k kernel) int {
		a, b := k.pair(syscall.SOCK_SEQPACKET)
		mustWrite(k, b, "x")
		return a
	}},
	{"unix seqpacket", "full", 0, 0, func(k kernel) int {
		a, _ := k.pair(syscall.SOCK_SEQPACKET)
		must(k, fill(a))
		return a
	}},
	{"unix seqpacket", "peer closed", rd | wrb | POLLHUP | POLLRDHUP, POLLIN | POLLHUP, func(k kernel) int {
		a, b := k.pair(syscall.SOCK_SEQPACKET)
		closeFd(k, b)
		return a
	}},

	// tcp(7), net/ipv4/tcp.c tcp_poll
	{"tcp", "fresh", wr | POLLHUP, POLLHUP, func(k kernel) int {
		return k.socket(syscall.AF_INET, syscall.SOCK_STREAM)
	}},
	{"tcp", "bound", wr | POLLHUP, POLLHUP, func(k kernel) int {
		fd := k.socket(syscall.AF_INET, syscall.SOCK_STREAM)
		k.bind(fd)
		return fd
	}},
	{"tcp", "listening", 0, 0, func(k kernel) int {
		fd, _ := k.tcpListener(1)
		return fd
	}},
	{"tcp", "listening, connection waits", rd, POLLIN, func(k kernel) int {
		fd, addr := k.tcpListener(1)
		k.connect(addr)
		k.await(fd, POLLIN)
		return fd
	}},
	{"tcp", "connecting", 0, 0, func(k kernel) int {
		// A backlog of 0 has room for one; what comes next has to try
		// again after a second.
		fd, addr := k.tcpListener(0)
		k.connect(addr)
		k.await(fd, POLLIN)
		return k.connect(addr)
	}},
	{"tcp", "refused", rd | wr | POLLERR | POLLHUP | POLLRDHUP, POLLIN | POLLERR | POLLHUP, func(k kernel) int {
		// Bound but not listening: nobody else has the number, and nobody
		// is there.
		fd := k.connect(k.bind(k.socket(syscall.AF_INET, syscall.SOCK_STREAM)))
		k.await(fd, POLLERR)
		return fd
	}},
	{"tcp", "refused, error read", rd | wr | POLLHUP | POLLRDHUP, POLLIN | POLLHUP, func(k kernel) int {
		fd := k.connect(k.bind(k.socket(syscall.AF_INET, syscall.SOCK_STREAM)))
		k.await(fd, POLLERR)
		if n, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR); n == 0 || err != nil {
			k.Errorf("SO_ERROR is %d, %v, want an error", n, err)
		}
		return fd
	}},
	{"tcp", "connected", wr, 0, func(k kernel) int {
		a, _ := k.tcp()
		return a
	}},
	{"tcp", "accepted", wr, 0, func(k kernel) int {
		_, b := k.tcp()
		return b
	}},
	{"tcp", "bytes", rd | wr, POLLIN, func(k kernel) int {
		a, b := k.tcp()
		mustWrite(k, b, "x")
		k.await(a, POLLIN)
		return a
	}},
	{"tcp", "out-of-band byte", wr | POLLPRI, 0, func(k kernel) int {
		a, b := k.tcp()
		k.urgent(b, "x")
		k.await(a, POLLPRI)
		return a
	}},
	{"tcp", "bytes, out-of-band byte", rd | wr | POLLPRI, POLLIN, func(k kernel) int {
		a, b := k.tcp()
		k.urgent(b, "xyz")
		k.await(a, POLLPRI)
		k.await(a, POLLIN)
		return a
	}},
	{"tcp", "full", 0, 0, func(k kernel) int {
		a, _ := k.tcp()
		k.fillTCP(a)
		return a
	}},
	{"tcp", "full, peer shut down writing", rd | POLLRDHUP, POLLIN, func(k kernel) int {
		a, b := k.tcp()
		must(k, syscall.Shutdown(b, syscall.SHUT_WR))
		k.await(a, POLLRDHUP)
		k.fillTCP(a)
		return a
	}},
	{"tcp", "peer shut down writing", rd | wr | POLLRDHUP, POLLIN, func(k kernel) int {
		a, b := k.tcp()
		must(k, syscall.Shutdown(b, syscall.SHUT_WR))
		k.await(a, POLLRDHUP)
		return a
	}},
	{"tcp", "peer shut down reading", wr, 0, func(k kernel) int {
		a, b := k.tcp()
		must(k, syscall.Shutdown(b, syscall.SHUT_RD))
		return a
	}},
	{"tcp", "shut down writing", wr, 0, func(k kernel) int {
		a, b := k.tcp()
		must(k, syscall.Shutdown(a, syscall.SHUT_WR))
		k.await(b, POLLRDHUP)
		return a
	}},
	{"tcp", "shut down reading", rd | wr | POLLRDHUP, POLLIN, func(k kernel) int {
		a, _ := k.tcp()
		must(k, syscall.Shutdown(a, syscall.SHUT_RD))
		return a
	}},
	{"tcp", "shut down both ways", rd | wr | POLLHUP | POLLRDHUP, POLLIN | POLLHUP, func(k kernel) int {
		a, b := k.tcp()
		must(k, syscall.Shutdown(a, syscall.SHUT_RDWR))
		k.await(b, POLLRDHUP)
		return a
	}},
	{"tcp", "both sides shut down writing", rd | wr | POLLHUP | POLLRDHUP, POLLIN | POLLHUP, func(k kernel) int {
		a, b := k.tcp()
		must(k, syscall.Shutdown(b, syscall.SHUT_WR))
		k.await(a, POLLRDHUP)
		must(k, syscall.Shutdown(a, syscall.SHUT_WR))
		k.await(a, POLLHUP)
		return a
	}},
	{"tcp", "peer closed", rd | wr | POLLRDHUP, POLLIN, func(k kernel) int {
		a, b := k.tcp()
		closeFd(k, b)
		k.await(a, POLLRDHUP)
		return a
	}},
	{"tcp", "reset", rd | wr | POLLERR | POLLHUP | POLLRDHUP, POLLIN | POLLERR | POLLHUP, func(k kernel) int {
		a, b := k.tcp()
		// With SO_LINGER and no time to linger, close(2) sends a reset.
		must(k, syscall.SetsockoptLinger(b, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1}))
		closeFd(k, b)
		k.await(a, POLLERR)
		return a
	}},

	// udp(7), net/ipv4/udp.c udp_poll, net/core/datagram.c datagram_poll
	{"udp", "fresh", wrb, 0, func(k kernel) int {
		return k.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
	}},
	{"udp", "datagram", rd | wrb, POLLIN, func(k kernel) int {
		a := k.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
		addr := k.bind(a)
		must(k, syscall.Sendto(k.socket(syscall.AF_INET, syscall.SOCK_DGRAM), []byte("x"), 0, addr))
		k.await(a, POLLIN)
		return a
	}},
	{"udp", "empty datagram", rd | wrb, POLLIN, func(k kernel) int {
		a := k.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
		addr := k.bind(a)
		must(k, syscall.Sendto(k.socket(syscall.AF_INET, syscall.SOCK_DGRAM), nil, 0, addr))
		k.await(a, POLLIN)
		return a
	}},
	{"udp", "connected, refused", wrb | POLLERR, POLLERR, func(k kernel) int {
		// The answer to a datagram to a port where nobody is comes by
		// icmp(7). The port is that of a socket which is closed.
		b := k.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
		addr := k.bind(b)
		a := k.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
		must(k, syscall.Connect(a, addr))
		closeFd(k, b)
		mustWrite(k, a, "x")
		k.await(a, POLLERR)
		return a
	}},
	{"udp", "shut down reading", rd | wrb | POLLRDHUP, POLLIN, func(k kernel) int {
		a := k.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
		must(k, syscall.Connect(a, k.bind(k.socket(syscall.AF_INET, syscall.SOCK_DGRAM))))
		must(k, syscall.Shutdown(a, syscall.SHUT_RD))
		return a
	}},

	// pty(7), drivers/tty/n_tty.c n_tty_poll
	{"pty", "master", wr, 0, func(k kernel) int {
		master, _ := k.pty()
		return master
	}},
	{"pty", "master, output", rd | wr, POLLIN, func(k kernel) int {
		master, slave := k.pty()
		mustWrite(k, slave, "x")
		k.await(master, POLLIN)
		return master
	}},
	{"pty", "master, slave closed", wr | POLLHUP, POLLHUP, func(k kernel) int {
		master, slave := k.pty()
		closeFd(k, slave)
		k.await(master, POLLHUP)
		return master
	}},
	{"pty", "master, output, slave closed", rd | wr | POLLHUP, POLLIN | POLLHUP, func(k kernel) int {
		master, slave := k.pty()
		mustWrite(k, slave, "x")
		closeFd(k, slave)
		k.await(master, POLLHUP)
		k.await(master, POLLIN)
		return master
	}},
	{"pty", "master, packet mode, slave changed", rd | wr | POLLPRI, POLLIN, func(k kernel) int {
		// ioctl_tty(2), TIOCPKT: a change of state is an exceptional
		// condition.
		master, slave := k.pty()
		on := int32(1)
		k.ioctl(master, syscall.TIOCPKT, unsafe.Pointer(&on))
		var tio syscall.Termios
		k.ioctl(slave, syscall.TCGETS, unsafe.Pointer(&tio))
		tio.Iflag ^= syscall.IXON
		k.ioctl(slave, syscall.TCSETS, unsafe.Pointer(&tio))
		k.await(master, POLLPRI)
		return master
	}},
	{"pty", "slave", wr, 0, func(k kernel) int {
		_, slave := k.pty()
		return slave
	}},
	{"pty", "slave, a line", rd | wr, POLLIN, func(k kernel) int {
		master, slave := k.pty()
		mustWrite(k, master, "x\n")
		k.await(slave, POLLIN)
		return slave
	}},
	{"pty", "slave, part of a line", wr, 0, func(k kernel) int {
		master, slave := k.pty()
		mustWrite(k, master, "x")
		k.await(master, POLLIN) // the echo: it has gone through
		return slave
	}},
	{"pty", "slave, master closed", rd | wr | POLLERR | POLLHUP, POLLIN | POLLERR | POLLHUP, func(k kernel) int {
		master, slave := k.pty()
		closeFd(k, master)
		k.await(slave, POLLHUP)
		return slave
	}},

	// eventfd(2)
	{"eventfd", "0", POLLOUT, 0, func(k kernel) int {
		return k.eventfd(0)
	}},
	{"eventfd", "1", POLLIN | POLLOUT, POLLIN, func(k kernel) int {
		return k.eventfd(1)
	}},
	{"eventfd", "max", POLLIN, POLLIN, func(k kernel) int {
		// "The maximum value that may be stored in the counter is the
		// largest unsigned 64-bit value minus 1": 1 more would block.
		return k.eventfd(1<<64 - 2)
	}},

	// timerfd_create(2)
	{"timerfd", "disarmed", 0, 0, func(k kernel) int {
		return k.timerfd(0)
	}},
	{"timerfd", "armed", 0, 0, func(k kernel) int {
		return k.timerfd(time.Hour)
	}},
	{"timerfd", "expired", POLLIN, POLLIN, func(k kernel) int {
		fd := k.timerfd(time.Microsecond)
		k.await(fd, POLLIN)
		return fd
	}},

	// inotify(7)
	{"inotify", "idle", 0, 0, func(k kernel) int {
		fd, _ := k.inotify()
		return fd
	}},
	{"inotify", "event", rd, POLLIN, func(k kernel) int {
		fd, dir := k.inotify()
		must(k, os.Mkdir(filepath.Join(dir, "new"), 0o700))
		k.await(fd, POLLIN)
		return fd
	}},

	// pidfd_open(2): when the process terminates, poll(2) "indicate[s] the
	// file descriptor as readable".
	{"pidfd", "running", 0, 0, func(k kernel) int {
		fd, _ := k.pidfd()
		return fd
	}},
	{"pidfd", "terminated", rd, POLLIN, func(k kernel) int {
		fd, end := k.pidfd()
		end()
		k.await(fd, POLLIN)
		return fd
	}},

	// epoll(7): "If an epoll file descriptor has events waiting, then it
	// will indicate as being readable."
	{"epoll", "empty", 0, 0, func(k kernel) int {
		return k.epoll()
	}},
	{"epoll", "nothing ready", 0, 0, func(k kernel) int {
		r, _ := newPipe(k)
		return k.epoll(r)
	}},
	{"epoll", "something ready", rd, POLLIN, func(k kernel) int {
		r, w := newPipe(k)
		mustWrite(k, w, "x")
		return k.epoll(r)
	}},

	// signalfd(2)
	{"signalfd", "none", 0, 0, func(k kernel) int {
		return k.signalfd()
	}},
	{"signalfd", "pending", POLLIN, POLLIN, func(k kernel) int {
		fd := k.signalfd()
		must(k, tgkill(syscall.Gettid(), syscall.SIGUSR2))
		return fd
	}},

	// poll() in POSIX.1: "Regular files shall always poll TRUE for reading
	// and writing." On Linux, so does whatever has no poll function.
	{"file", "empty", rd | wr, POLLIN, func(k kernel) int {
		return k.open(filepath.Join(k.TempDir(), "f"), syscall.O_RDWR|syscall.O_CREAT)
	}},
	{"file", "read only, at its end", rd | wr, POLLIN, func(k kernel) int {
		path := filepath.Join(k.TempDir(), "f")
		must(k, os.WriteFile(path, nil, 0o600))
		return k.open(path, syscall.O_RDONLY)
	}},
	{"directory", "open", rd | wr, POLLIN, func(k kernel) int {
		return k.open(k.TempDir(), syscall.O_RDONLY|syscall.O_DIRECTORY)
	}},
	{"dev null", "open", rd | wr, POLLIN, func(k kernel) int {
		return k.open("/dev/null", syscall.O_RDWR)
	}},
	// mounts in proc(5): a change is POLLERR and POLLPRI.
	{"proc mounts", "unchanged", rd, POLLIN, func(k kernel) int {
		return k.open("/proc/self/mounts", syscall.O_RDONLY)
	}},

	// open(2), O_PATH: "The file itself is not opened".
	{"path only", "open", POLLNVAL, POLLNVAL, func(k kernel) int {
		const oPath = 0x200000
		return k.open(k.TempDir(), oPath)
	}},
	{"closed", "was open", POLLNVAL, POLLNVAL, func(k kernel) int {
		return closedFd(k)
	}},
	{"closed", "highest", POLLNVAL, POLLNVAL, func(k kernel) int {
		return 1<<31 - 1
	}},
}
