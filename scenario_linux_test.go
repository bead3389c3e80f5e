// What Linux reports about its kinds of descriptors, to the bit, through both
// layers. The masks come from each kind's poll function in the kernel.

package poll

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// everything is what a caller can ask for.
const everything = POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND | POLLRDHUP

// What comes together: most kinds report both of rd, and both of wr; datagram
// and Unix sockets all of wrb.
const (
	rd  = POLLIN | POLLRDNORM
	wr  = POLLOUT | POLLWRNORM
	wrb = wr | POLLWRBAND
)

func TestScenarios(t *testing.T) {
	watchdog(t, 2*time.Minute)
	for _, v := range []struct {
		kind, state string
		all, in     Events // reported when everything is asked for, and when POLLIN is
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
			k.fill(w)
			return w
		}},
		{"pipe", "write end, reader closed", wr | POLLERR, POLLERR, func(k kernel) int {
			r, w := newPipe(k)
			closeFd(k, r)
			return w
		}},
		{"pipe", "write end, full, reader closed", POLLERR, POLLERR, func(k kernel) int {
			r, w := newPipe(k)
			k.fill(w)
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
			k.must(syscall.Connect(k.socket(syscall.AF_UNIX, syscall.SOCK_STREAM), addr))
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
			k.fill(a)
			return a
		}},
		{"unix stream", "peer shut down writing", rd | wrb | POLLRDHUP, POLLIN, func(k kernel) int {
			a, b := k.pair(syscall.SOCK_STREAM)
			k.must(syscall.Shutdown(b, syscall.SHUT_WR))
			return a
		}},
		{"unix stream", "peer shut down reading", wrb, 0, func(k kernel) int {
			a, b := k.pair(syscall.SOCK_STREAM)
			k.must(syscall.Shutdown(b, syscall.SHUT_RD))
			return a
		}},
		{"unix stream", "shut down writing", wrb, 0, func(k kernel) int {
			a, _ := k.pair(syscall.SOCK_STREAM)
			k.must(syscall.Shutdown(a, syscall.SHUT_WR))
			return a
		}},
		{"unix stream", "shut down reading", rd | wrb | POLLRDHUP, POLLIN, func(k kernel) int {
			a, _ := k.pair(syscall.SOCK_STREAM)
			k.must(syscall.Shutdown(a, syscall.SHUT_RD))
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
			k.fill(a)
			return a
		}},
		{"unix datagram", "peer closed", wrb, 0, func(k kernel) int {
			a, b := k.pair(syscall.SOCK_DGRAM)
			closeFd(k, b)
			return a
		}},
		{"unix datagram", "shut down reading", rd | wrb | POLLRDHUP, POLLIN, func(k kernel) int {
			a, _ := k.pair(syscall.SOCK_DGRAM)
			k.must(syscall.Shutdown(a, syscall.SHUT_RD))
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
			k.fill(a)
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
			k.must(syscall.Shutdown(b, syscall.SHUT_WR))
			k.await(a, POLLRDHUP)
			k.fillTCP(a)
			return a
		}},
		{"tcp", "peer shut down writing", rd | wr | POLLRDHUP, POLLIN, func(k kernel) int {
			a, b := k.tcp()
			k.must(syscall.Shutdown(b, syscall.SHUT_WR))
			k.await(a, POLLRDHUP)
			return a
		}},
		{"tcp", "peer shut down reading", wr, 0, func(k kernel) int {
			a, b := k.tcp()
			k.must(syscall.Shutdown(b, syscall.SHUT_RD))
			return a
		}},
		{"tcp", "shut down writing", wr, 0, func(k kernel) int {
			a, b := k.tcp()
			k.must(syscall.Shutdown(a, syscall.SHUT_WR))
			k.await(b, POLLRDHUP)
			return a
		}},
		{"tcp", "shut down reading", rd | wr | POLLRDHUP, POLLIN, func(k kernel) int {
			a, _ := k.tcp()
			k.must(syscall.Shutdown(a, syscall.SHUT_RD))
			return a
		}},
		{"tcp", "shut down both ways", rd | wr | POLLHUP | POLLRDHUP, POLLIN | POLLHUP, func(k kernel) int {
			a, b := k.tcp()
			k.must(syscall.Shutdown(a, syscall.SHUT_RDWR))
			k.await(b, POLLRDHUP)
			return a
		}},
		{"tcp", "both sides shut down writing", rd | wr | POLLHUP | POLLRDHUP, POLLIN | POLLHUP, func(k kernel) int {
			a, b := k.tcp()
			k.must(syscall.Shutdown(b, syscall.SHUT_WR))
			k.await(a, POLLRDHUP)
			k.must(syscall.Shutdown(a, syscall.SHUT_WR))
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
			k.must(syscall.SetsockoptLinger(b, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1}))
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
			k.must(syscall.Sendto(k.socket(syscall.AF_INET, syscall.SOCK_DGRAM), []byte("x"), 0, addr))
			k.await(a, POLLIN)
			return a
		}},
		{"udp", "empty datagram", rd | wrb, POLLIN, func(k kernel) int {
			a := k.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
			addr := k.bind(a)
			k.must(syscall.Sendto(k.socket(syscall.AF_INET, syscall.SOCK_DGRAM), nil, 0, addr))
			k.await(a, POLLIN)
			return a
		}},
		{"udp", "connected, refused", wrb | POLLERR, POLLERR, func(k kernel) int {
			// The answer to a datagram to a port where nobody is comes by
			// icmp(7). The port is that of a socket which is closed.
			b := k.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
			addr := k.bind(b)
			a := k.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
			k.must(syscall.Connect(a, addr))
			closeFd(k, b)
			mustWrite(k, a, "x")
			k.await(a, POLLERR)
			return a
		}},
		{"udp", "shut down reading", rd | wrb | POLLRDHUP, POLLIN, func(k kernel) int {
			a := k.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
			k.must(syscall.Connect(a, k.bind(k.socket(syscall.AF_INET, syscall.SOCK_DGRAM))))
			k.must(syscall.Shutdown(a, syscall.SHUT_RD))
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
			k.must(os.Mkdir(filepath.Join(dir, "new"), 0o700))
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
			k.must(tgkill(syscall.Gettid(), syscall.SIGUSR2))
			return fd
		}},

		// poll() in POSIX.1: "Regular files shall always poll TRUE for reading
		// and writing." On Linux, so does whatever has no poll function.
		{"file", "empty", rd | wr, POLLIN, func(k kernel) int {
			return k.open(filepath.Join(k.TempDir(), "f"), syscall.O_RDWR|syscall.O_CREAT)
		}},
		{"file", "read only, at its end", rd | wr, POLLIN, func(k kernel) int {
			path := filepath.Join(k.TempDir(), "f")
			k.must(os.WriteFile(path, nil, 0o600))
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
	} {
		t.Run(fmt.Sprintf("kind=%s/state=%s", v.kind, v.state), func(t *testing.T) {
			fd := v.make(kernel{t})
			for _, ask := range []struct{ ask, want Events }{{everything, v.all}, {POLLIN, v.in}} {
				if onMIPS && underQemu() {
					// It hands the bits on as they are to a kernel to which
					// 0x100 is POLLWRNORM.
					ask.ask &^= POLLWRBAND
					ask.want &^= POLLWRBAND
				}
				timeouts := paths
				if ask.want == 0 {
					timeouts = []time.Duration{0, 50 * time.Microsecond, time.Millisecond}
				}
				for _, timeout := range timeouts {
					for _, l := range layers {
						got, err := l.poll(t, fd, ask.ask, timeout)
						if got != ask.want || err != nil {
							t.Errorf("%s of %v with timeout %v: %v, %v, want %v", l.name, ask.ask, timeout, got, err, ask.want)
						}
					}
				}
			}
		})
	}
}

// kernel makes its objects. Each is closed when the test is over.
type kernel struct{ *testing.T }

func (k kernel) must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

// fd checks and owns what a system call returned.
func (k kernel) fd(fd int, err error) int {
	k.Helper()
	k.must(err)
	return own(k, fd)
}

// await returns when fd has all of bits.
func (k kernel) await(fd int, bits Events) {
	k.Helper()
	for b := Events(1); b != 0; b <<= 1 {
		if bits&b == 0 {
			continue
		}
		fds := []PollFd{{Fd: int32(fd), Events: b}}
		for fds[0].Revents&b == 0 {
			n, err := Poll(fds, 20*time.Second)
			if n != 1 || err != nil {
				k.Fatalf("waiting for %v: %d, %v, %s", b, n, err, show(fds))
			}
		}
	}
}

// fill writes to fd until it takes no more.
func (k kernel) fill(fd int) {
	k.Helper()
	for b := make([]byte, 4096); ; {
		switch _, err := syscall.Write(fd, b); {
		case err == nil || err == syscall.EINTR:
		case err != syscall.EAGAIN:
			k.Fatal(err)
		case len(b) == 1:
			return
		default:
			b = b[:1]
		}
	}
}

// fillTCP is fill for a connection, which has room again when the other side
// has taken in what is on the way; it may be slow to say so.
func (k kernel) fillTCP(fd int) {
	k.Helper()
	fds := []PollFd{{Fd: int32(fd), Events: POLLOUT}}
	for fds[0].Revents = POLLOUT; fds[0].Revents != 0; {
		k.fill(fd)
		if _, err := Poll(fds, 100*time.Millisecond); err != nil {
			k.Fatal(err)
		}
	}
}

func (k kernel) open(path string, flags int) int {
	k.Helper()
	return k.fd(syscall.Open(path, flags|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0o600))
}

func (k kernel) fifo() (path string) {
	k.Helper()
	path = filepath.Join(k.TempDir(), "fifo")
	k.must(syscall.Mkfifo(path, 0o600))
	return path
}

func (k kernel) socket(domain, typ int) int {
	k.Helper()
	return k.fd(syscall.Socket(domain, typ|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0))
}

// pair is a socketpair(2) with small buffers.
func (k kernel) pair(typ int) (a, b int) {
	k.Helper()
	p, err := syscall.Socketpair(syscall.AF_UNIX, typ|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	k.must(err)
	return own(k, p[0]), own(k, p[1])
}

func (k kernel) unixListener() (int, syscall.Sockaddr) {
	k.Helper()
	fd := k.socket(syscall.AF_UNIX, syscall.SOCK_STREAM)
	addr := &syscall.SockaddrUnix{Name: filepath.Join(k.TempDir(), "s")}
	k.must(syscall.Bind(fd, addr))
	k.must(syscall.Listen(fd, 1))
	return fd, addr
}

// bind binds fd to a free port, and returns it.
func (k kernel) bind(fd int) syscall.Sockaddr {
	k.Helper()
	k.must(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	addr, err := syscall.Getsockname(fd)
	k.must(err)
	return addr
}

func (k kernel) tcpListener(backlog int) (int, syscall.Sockaddr) {
	k.Helper()
	fd := k.socket(syscall.AF_INET, syscall.SOCK_STREAM)
	k.must(syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, 8192))
	addr := k.bind(fd)
	k.must(syscall.Listen(fd, backlog))
	return fd, addr
}

// connect begins to connect to addr by TCP.
func (k kernel) connect(addr syscall.Sockaddr) int {
	k.Helper()
	fd := k.socket(syscall.AF_INET, syscall.SOCK_STREAM)
	k.must(syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_SNDBUF, 8192))
	switch err := syscall.Connect(fd, addr); err {
	case nil, syscall.EINPROGRESS, syscall.ECONNREFUSED:
	default:
		k.Fatal(err)
	}
	return fd
}

// tcp returns both sides of a connection.
func (k kernel) tcp() (a, b int) {
	k.Helper()
	l, addr := k.tcpListener(1)
	a = k.connect(addr)
	k.await(l, POLLIN)
	b, _, err := syscall.Accept4(l, syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK)
	k.fd(b, err)
	k.await(a, POLLOUT)
	return a, b
}

// urgent sends s, whose last byte is out-of-band: tcp(7).
func (k kernel) urgent(fd int, s string) {
	k.Helper()
	if n, err := syscall.SendmsgN(fd, []byte(s), nil, nil, syscall.MSG_OOB); n != len(s) || err != nil {
		k.Fatalf("send: %d, %v", n, err)
	}
}

func (k kernel) ioctl(fd int, req uintptr, p unsafe.Pointer) {
	k.Helper()
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), req, uintptr(p)); errno != 0 {
		k.Fatalf("ioctl(%#x): %v", req, errno)
	}
}

// pty returns both sides of a pseudoterminal: pts(4).
func (k kernel) pty() (master, slave int) {
	k.Helper()
	master, err := syscall.Open("/dev/ptmx", syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if err != nil {
		k.Skipf("/dev/ptmx: %v", err)
	}
	own(k, master)
	var unlock, number int32
	k.ioctl(master, syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	k.ioctl(master, syscall.TIOCGPTN, unsafe.Pointer(&number))
	return master, k.open(fmt.Sprintf("/dev/pts/%d", number), syscall.O_RDWR|syscall.O_NOCTTY)
}

func (k kernel) eventfd(count uint64) int {
	k.Helper()
	fd, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		k.Fatal(errno)
	}
	own(k, int(fd))
	mustWrite(k, int(fd), string((*[8]byte)(unsafe.Pointer(&count))[:]))
	return int(fd)
}

// timerfd returns one that expires after d; never if d is 0.
func (k kernel) timerfd(d time.Duration) int {
	k.Helper()
	const clockMonotonic = 1
	fd, _, errno := syscall.Syscall(syscall.SYS_TIMERFD_CREATE, clockMonotonic, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		k.Fatal(errno)
	}
	own(k, int(fd))
	var spec struct{ interval, value syscall.Timespec }
	spec.value = syscall.NsecToTimespec(int64(d))
	if _, _, errno := syscall.Syscall6(syscall.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0); errno != 0 {
		k.Fatal(errno)
	}
	return int(fd)
}

func (k kernel) inotify() (fd int, dir string) {
	k.Helper()
	fd = k.fd(syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK))
	dir = k.TempDir()
	_, err := syscall.InotifyAddWatch(fd, dir, syscall.IN_CREATE)
	k.must(err)
	return fd, dir
}

// pidfd returns that of a process which runs until end is called.
func (k kernel) pidfd() (fd int, end func()) {
	k.Helper()
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	k.must(err)
	if err := cmd.Start(); err != nil {
		k.Skip(err)
	}
	k.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	const sysPidfdOpen = 434 // on every architecture that Go has, but MIPS
	nr := uintptr(sysPidfdOpen)
	switch runtime.GOARCH {
	case "mips", "mipsle":
		nr += 4000
	case "mips64", "mips64le":
		nr += 5000
	}
	n, _, errno := syscall.Syscall(nr, uintptr(cmd.Process.Pid), 0, 0)
	if errno == syscall.ENOSYS || errno == syscall.EPERM {
		k.Skipf("pidfd_open: %v", errno)
	}
	if errno != 0 {
		k.Fatalf("pidfd_open: %v", errno)
	}
	return own(k, int(n)), func() { in.Close() }
}

func (k kernel) epoll(fds ...int) int {
	k.Helper()
	ep := k.fd(syscall.EpollCreate1(syscall.EPOLL_CLOEXEC))
	for _, fd := range fds {
		k.must(syscall.EpollCtl(ep, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN}))
	}
	return ep
}

// signalfd returns one for SIGUSR2, which the calling thread blocks from now
// on. The thread ends with the test.
func (k kernel) signalfd() int {
	k.Helper()
	runtime.LockOSThread()
	var set [16]byte // as large as the largest, MIPS's
	size := uintptr(8)
	if onMIPS {
		size = 16
	}
	// An array of words, each of which begins with signal 1 in its lowest bit.
	*(*uintptr)(unsafe.Pointer(&set)) = 1 << (syscall.SIGUSR2 - 1)
	const sigBlock = 0
	how := uintptr(sigBlock)
	if onMIPS {
		how = 1
	}
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, how, uintptr(unsafe.Pointer(&set)), 0, size, 0, 0); errno != 0 {
		k.Fatal(errno)
	}
	fd, _, errno := syscall.Syscall6(syscall.SYS_SIGNALFD4, ^uintptr(0), uintptr(unsafe.Pointer(&set)), size, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0, 0)
	if errno != 0 {
		k.Fatal(errno)
	}
	return own(k, int(fd))
}

// tgkill sends sig to one thread of this process: tgkill(2).
func tgkill(tid int, sig syscall.Signal) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_TGKILL, uintptr(syscall.Getpid()), uintptr(tid), uintptr(sig)); errno != 0 {
		return errno
	}
	return nil
}
