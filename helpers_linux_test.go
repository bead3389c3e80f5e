// Helpers of the tests that need Linux: for kinds of descriptors that only Linux has, and
// for signals to one thread.

package poll

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"example.com/poll/internal/fdtest"
)

var underQemu = fdtest.UnderQemu

// onMIPS is whether POLLWRNORM and POLLWRBAND have the values of the kernel's MIPS ports.
var onMIPS = strings.HasPrefix(runtime.GOARCH, "mips")

// include/uapi/asm-generic/poll.h
var systemEvents = eventValues{
	wrnorm: 0x100, wrband: 0x200, rdhup: 0x2000,
	text: map[Events]string{
		0x100:  "POLLWRNORM",
		0x200:  "POLLWRBAND",
		0x2000: "POLLRDHUP",
		0x4000: "0x4000",
		0xffff: "POLLIN|POLLPRI|POLLOUT|POLLERR|POLLHUP|POLLNVAL|POLLRDNORM|POLLRDBAND|POLLWRNORM|POLLWRBAND|POLLRDHUP|0xdc00",
	},
}

func init() {
	if onMIPS { // arch/mips/include/uapi/asm/poll.h
		systemEvents.wrnorm, systemEvents.wrband = 0x4, 0x100
		systemEvents.text[0x100] = "POLLWRBAND"
		systemEvents.text[0x200] = "0x200"
		systemEvents.text[0xffff] = "POLLIN|POLLPRI|POLLOUT|POLLERR|POLLHUP|POLLNVAL|POLLRDNORM|POLLRDBAND|POLLWRBAND|POLLRDHUP|0xde00"
	}
}

// See helpers_test.go.
const (
	readEndOut    = Events(0)
	closedUnasked = POLLNVAL
	earlierTwin   = POLLIN
	brokenPipe    = POLLERR
	holdsFiles    = true // __pollwait in fs/select.c
	returnsEarly  = false
)

func endOfPipe(Events) Events { return POLLHUP }

// dup2 is dup2(2), which newer architectures lack.
func dup2(from, to int) error { return syscall.Dup3(from, to, syscall.O_CLOEXEC) }

// fill writes to a non-blocking descriptor until not even a byte fits.
func fill(fd int) error {
	for b := make([]byte, 4096); ; {
		switch _, err := syscall.Write(fd, b); {
		case err == nil || err == syscall.EINTR:
		case err != syscall.EAGAIN:
			return err
		case len(b) == 1:
			return nil
		default:
			b = b[:1]
		}
	}
}

// A maker makes descriptors, which are closed at the end of the test.
type maker struct{ testing.TB }

// fd makes the test own the descriptor that a system call has returned.
func (m maker) fd(fd int, err error) int {
	m.Helper()
	must(m, err)
	return own(m, fd)
}

// await returns when fd reports all of bits.
func (m maker) await(fd int, bits Events) {
	m.Helper()
	for b := Events(1); b != 0; b <<= 1 {
		if bits&b == 0 {
			continue
		}
		fds := []PollFd{{Fd: int32(fd), Events: b}}
		for fds[0].Revents&b == 0 {
			n, err := Poll(fds, 20*time.Second)
			if n != 1 || err != nil {
				m.Fatalf("waiting for %v: %d, %v, %s", b, n, err, show(fds))
			}
		}
	}
}

// fillTCP is fill for a TCP connection. When the peer has received the bytes in transit,
// there is room again, and the connection may be slow to report it.
func (m maker) fillTCP(fd int) {
	m.Helper()
	fds := []PollFd{{Fd: int32(fd), Events: POLLOUT}}
	for fds[0].Revents = POLLOUT; fds[0].Revents != 0; {
		must(m, fill(fd))
		if _, err := Poll(fds, 100*time.Millisecond); err != nil {
			m.Fatal(err)
		}
	}
}

func (m maker) open(path string, flags int) int {
	m.Helper()
	return m.fd(syscall.Open(path, flags|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0o600))
}

func (m maker) fifo() (path string) {
	m.Helper()
	path = filepath.Join(m.TempDir(), "fifo")
	must(m, syscall.Mkfifo(path, 0o600))
	return path
}

func (m maker) socket(domain, typ int) int {
	m.Helper()
	return m.fd(syscall.Socket(domain, typ|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0))
}

// pair returns a socketpair(2).
func (m maker) pair(typ int) (a, b int) {
	m.Helper()
	p, err := syscall.Socketpair(syscall.AF_UNIX, typ|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	must(m, err)
	return own(m, p[0]), own(m, p[1])
}

func (m maker) unixListener() (int, syscall.Sockaddr) {
	m.Helper()
	fd := m.socket(syscall.AF_UNIX, syscall.SOCK_STREAM)
	addr := &syscall.SockaddrUnix{Name: filepath.Join(m.TempDir(), "s")}
	must(m, syscall.Bind(fd, addr))
	must(m, syscall.Listen(fd, 1))
	return fd, addr
}

// bind binds fd to a free port, and returns the address.
func (m maker) bind(fd int) syscall.Sockaddr {
	m.Helper()
	must(m, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	addr, err := syscall.Getsockname(fd)
	must(m, err)
	return addr
}

func (m maker) tcpListener(backlog int) (int, syscall.Sockaddr) {
	m.Helper()
	fd := m.socket(syscall.AF_INET, syscall.SOCK_STREAM)
	must(m, syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, 8192))
	addr := m.bind(fd)
	must(m, syscall.Listen(fd, backlog))
	return fd, addr
}

// connect returns a socket that is connecting to addr by TCP.
func (m maker) connect(addr syscall.Sockaddr) int {
	m.Helper()
	fd := m.socket(syscall.AF_INET, syscall.SOCK_STREAM)
	must(m, syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_SNDBUF, 8192))
	switch err := syscall.Connect(fd, addr); err {
	case nil, syscall.EINPROGRESS, syscall.ECONNREFUSED:
	default:
		m.Fatal(err)
	}
	return fd
}

// tcp returns both sides of a connection.
func (m maker) tcp() (a, b int) {
	m.Helper()
	l, addr := m.tcpListener(1)
	a = m.connect(addr)
	m.await(l, POLLIN)
	b, _, err := syscall.Accept4(l, syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK)
	m.fd(b, err)
	m.await(a, POLLOUT)
	return a, b
}

// urgent sends s, with the last byte out-of-band: tcp(7).
func (m maker) urgent(fd int, s string) {
	m.Helper()
	if n, err := syscall.SendmsgN(fd, []byte(s), nil, nil, syscall.MSG_OOB); n != len(s) || err != nil {
		m.Fatalf("send: %d, %v", n, err)
	}
}

func (m maker) ioctl(fd int, req uintptr, p unsafe.Pointer) {
	m.Helper()
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), req, uintptr(p)); errno != 0 {
		m.Fatalf("ioctl(%#x): %v", req, errno)
	}
}

// pty returns both sides of a pseudoterminal: pts(4).
func (m maker) pty() (master, slave int) {
	m.Helper()
	master, name := m.ptmx()
	return master, m.open(name, syscall.O_RDWR|syscall.O_NOCTTY)
}

// ptmx returns the master of a pseudoterminal, and the name of the slave.
func (m maker) ptmx() (master int, slave string) {
	m.Helper()
	master, err := syscall.Open("/dev/ptmx", syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if err != nil {
		m.Skipf("/dev/ptmx: %v", err)
	}
	own(m, master)
	var unlock, number int32
	m.ioctl(master, syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	m.ioctl(master, syscall.TIOCGPTN, unsafe.Pointer(&number))
	return master, fmt.Sprintf("/dev/pts/%d", number)
}

func (m maker) eventfd(count uint64) int {
	m.Helper()
	fd, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		m.Fatal(errno)
	}
	own(m, int(fd))
	mustWrite(m, int(fd), string((*[8]byte)(unsafe.Pointer(&count))[:]))
	return int(fd)
}

// timerfd returns a timerfd that expires after d, or never if d is 0.
func (m maker) timerfd(d time.Duration) int {
	m.Helper()
	fd, _, errno := syscall.Syscall(syscall.SYS_TIMERFD_CREATE, clockMonotonic, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		m.Fatal(errno)
	}
	own(m, int(fd))
	var spec struct{ interval, value syscall.Timespec }
	spec.value = syscall.NsecToTimespec(int64(d))
	if _, _, errno := syscall.Syscall6(syscall.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0); errno != 0 {
		m.Fatal(errno)
	}
	return int(fd)
}

func (m maker) inotify() (fd int, dir string) {
	m.Helper()
	fd = m.fd(syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK))
	dir = m.TempDir()
	_, err := syscall.InotifyAddWatch(fd, dir, syscall.IN_CREATE)
	must(m, err)
	return fd, dir
}

// pidfd returns the pidfd of a process that runs until end is called.
func (m maker) pidfd() (fd int, end func()) {
	m.Helper()
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	must(m, err)
	if err := cmd.Start(); err != nil {
		m.Skip(err)
	}
	m.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	const sysPidfdOpen = 434 // on every architecture that Go supports, except MIPS
	nr := uintptr(sysPidfdOpen)
	switch runtime.GOARCH {
	case "mips", "mipsle":
		nr += 4000
	case "mips64", "mips64le":
		nr += 5000
	}
	n, _, errno := syscall.Syscall(nr, uintptr(cmd.Process.Pid), 0, 0)
	if errno == syscall.ENOSYS || errno == syscall.EPERM {
		m.Skipf("pidfd_open: %v", errno)
	}
	if errno != 0 {
		m.Fatalf("pidfd_open: %v", errno)
	}
	return own(m, int(n)), func() { in.Close() }
}

func (m maker) epoll(fds ...int) int {
	m.Helper()
	ep := m.fd(syscall.EpollCreate1(syscall.EPOLL_CLOEXEC))
	for _, fd := range fds {
		must(m, syscall.EpollCtl(ep, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN}))
	}
	return ep
}

// signalfd returns a signalfd for SIGUSR2, and blocks SIGUSR2 in the calling thread. The
// thread ends with the test.
func (m maker) signalfd() int {
	m.Helper()
	runtime.LockOSThread()
	var set [16]byte // the largest size, on MIPS
	size := uintptr(8)
	if onMIPS {
		size = 16
	}
	// The kernel's sigset_t is an array of words. Signal 1 is the lowest bit of the first.
	*(*uintptr)(unsafe.Pointer(&set)) = 1 << (syscall.SIGUSR2 - 1)
	const sigBlock = 0
	how := uintptr(sigBlock)
	if onMIPS {
		how = 1
	}
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, how, uintptr(unsafe.Pointer(&set)), 0, size, 0, 0); errno != 0 {
		m.Fatal(errno)
	}
	fd, _, errno := syscall.Syscall6(syscall.SYS_SIGNALFD4, ^uintptr(0), uintptr(unsafe.Pointer(&set)), size, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0, 0)
	if errno != 0 {
		m.Fatal(errno)
	}
	return own(m, int(fd))
}

// tgkill sends sig to one thread of this process: tgkill(2).
func tgkill(tid int, sig syscall.Signal) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_TGKILL, uintptr(syscall.Getpid()), uintptr(tid), uintptr(sig)); errno != 0 {
		return errno
	}
	return nil
}

const clockMonotonic = 1 // include/uapi/linux/time.h

// alarm makes the kernel send SIGURG to the calling thread every d until the test is over,
// even during a call that holds the only processor. It locks the goroutine to the thread.
// The runtime preempts goroutines with SIGURG, so its handler interrupts system calls and
// otherwise does nothing.
func alarm(t *testing.T, d time.Duration) {
	t.Helper()
	runtime.LockOSThread()
	event := struct { // struct sigevent, 64 bytes
		value              uintptr
		signo, notify, tid int32
		_                  [44]byte
	}{signo: int32(syscall.SIGURG), notify: 4 /* SIGEV_THREAD_ID */, tid: int32(syscall.Gettid())}
	var timer int32
	if _, _, errno := syscall.Syscall(syscall.SYS_TIMER_CREATE, clockMonotonic, uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&timer))); errno != 0 {
		t.Fatalf("timer_create: %v", errno)
	}
	every := syscall.NsecToTimespec(int64(d))
	spec := [2]syscall.Timespec{every, every}
	if _, _, errno := syscall.Syscall6(syscall.SYS_TIMER_SETTIME, uintptr(timer), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0); errno != 0 {
		t.Fatalf("timer_settime: %v", errno)
	}
	t.Cleanup(func() {
		syscall.Syscall(syscall.SYS_TIMER_DELETE, uintptr(timer), 0, 0)
		runtime.UnlockOSThread()
	})
}
