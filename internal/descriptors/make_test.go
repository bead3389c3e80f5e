//go:build linux || darwin || freebsd || netbsd

// What the tables are made of: descriptors that every system has, pairs of them, and acts.

package descriptors

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	. "example.com/poll"
	"example.com/poll/internal/fdtest"
	"example.com/poll/internal/tty"
)

// A pair makes two connected descriptors. The first one is polled.
type pair func(m maker) (fd, peer int)

// A step does something with a pair.
type step func(m maker, fd, peer int)

// with makes a pair, takes the steps, and returns the first descriptor.
func with(p pair, steps ...step) func(m maker) int {
	return func(m maker) int {
		fd, peer := p(m)
		for _, s := range steps {
			s(m, fd, peer)
		}
		return fd
	}
}

// first makes a descriptor with f, which returns something else as well.
func first[T any](f func(m maker) (int, T)) func(m maker) int {
	return func(m maker) int {
		fd, _ := f(m)
		return fd
	}
}

// after makes a descriptor and does something with it.
func after(make func(m maker) int, acts ...act) func(m maker) int {
	return func(m maker) int {
		fd := make(m)
		inTurn(acts...)(m, fd)
		return fd
	}
}

// self is a step of the descriptor that is polled, and peer one of the other.
func self(acts ...act) step { return func(m maker, fd, _ int) { inTurn(acts...)(m, fd) } }
func peer(acts ...act) step { return func(m maker, _, fd int) { inTurn(acts...)(m, fd) } }

// do lists ways to end an event.
func do(ends ...act) []act { return ends }

// inTurn does several acts one after another.
func inTurn(acts ...act) act {
	return func(m maker, fd int) {
		for _, a := range acts {
			a(m, fd)
		}
	}
}

// possible skips the test if err says that the kernel lacks something or does not permit
// it.
func (m maker) possible(what string, err error) {
	m.Helper()
	if err != nil && fdtest.UnderQemu() {
		m.Skipf("%s: %v, under qemu-user", what, err)
	}
	switch err {
	case nil, syscall.Errno(0):
	case syscall.ENOSYS, syscall.EPERM, syscall.EACCES, syscall.ENOENT, syscall.ENODEV, syscall.ENXIO, syscall.EOPNOTSUPP,
		syscall.EAFNOSUPPORT, syscall.EPROTONOSUPPORT, syscall.ESOCKTNOSUPPORT, syscall.ENOPROTOOPT:
		m.Skipf("%s: %v", what, err)
	default:
		m.Fatalf("%s: %v", what, err)
	}
}

// Acts.

func closes(m maker, fd int) { fdtest.Close(m, fd) }

// await returns when fd reports anything for the mask.
func await(mask Events) act {
	return func(m maker, fd int) {
		if got, err := Wait(fd, mask, 20*time.Second); got == 0 {
			m.Fatalf("waiting for %v: %v, %v", mask, got, err)
		}
	}
}

func sends(s string) act {
	return func(m maker, fd int) { fdtest.Write(m, fd, s) }
}

// urgent sends s, with the last byte out-of-band: tcp(7).
func urgent(s string) act {
	return func(m maker, fd int) {
		if n, err := syscall.SendmsgN(fd, []byte(s), nil, nil, syscall.MSG_OOB); n != len(s) || err != nil {
			m.Fatalf("send: %d, %v", n, err)
		}
	}
}

// receivesUrgent receives an out-of-band byte.
func receivesUrgent(m maker, fd int) {
	if n, _, err := syscall.Recvfrom(fd, make([]byte, 1), syscall.MSG_OOB); n != 1 || err != nil {
		m.Errorf("recv with MSG_OOB: %d, %v", n, err)
	}
}

func shuts(how int) act {
	return func(m maker, fd int) { fdtest.Must(m, syscall.Shutdown(fd, how)) }
}

// resets closes a TCP connection so that close(2) sends a reset.
func resets(m maker, fd int) {
	fdtest.Must(m, syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1}))
	fdtest.Close(m, fd)
}

func listens(m maker, fd int) { fdtest.Must(m, syscall.Listen(fd, 1)) }

func accepts(m maker, fd int) { m.accept(fd) }

// fills writes until not even a byte fits.
func fills(m maker, fd int) {
	for b := make([]byte, 4096); ; {
		switch _, err := syscall.Write(fd, b); {
		case err == nil || err == syscall.EINTR:
		case err != syscall.EAGAIN && err != syscall.ENOBUFS:
			m.Fatal(err)
		case len(b) == 1:
			return
		default:
			b = b[:1]
		}
	}
}

// fillsTCP is fills for a TCP connection. When the peer has received the bytes in transit,
// there is room again, and the connection may be slow to report it.
func fillsTCP(m maker, fd int) {
	for room := POLLOUT; room != 0; {
		fills(m, fd)
		var err error
		room, err = Wait(fd, POLLOUT, 100*time.Millisecond)
		fdtest.Must(m, err)
	}
}

// drain reads until nothing is left.
func drain(m maker, fd int) {
	if fdtest.ReadAll(fd) == 0 {
		m.Error("there was nothing to read")
	}
}

// reads checks the result of one read.
func reads(n int, want error) act { return readsInto(256, n, want) }

// readsInto is reads with a buffer of size bytes.
func readsInto(size, n int, want error) act {
	return func(m maker, fd int) {
		got, err := syscall.Read(fd, make([]byte, size))
		for err == syscall.EINTR {
			got, err = syscall.Read(fd, make([]byte, size))
		}
		if max(got, 0) != n || err != want {
			m.Errorf("read: %d, %v, want %d, %v", got, err, n, want)
		}
	}
}

// writes checks the result of writing one byte.
func writes(want error) act {
	return func(m maker, fd int) {
		_, err := syscall.Write(fd, []byte("x"))
		for err == syscall.EINTR {
			_, err = syscall.Write(fd, []byte("x"))
		}
		if err != want {
			m.Errorf("write: %v, want %v", err, want)
		}
	}
}

// soError checks the value of SO_ERROR.
func soError(want syscall.Errno) act {
	return func(m maker, fd int) {
		n, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
		got := syscall.Errno(n)
		if strings.HasPrefix(runtime.GOARCH, "mips") && fdtest.UnderQemu() && got != 0 && want != 0 {
			got = want // qemu-user does not translate the error number of the kernel below
		}
		if got != want || err != nil {
			m.Errorf("SO_ERROR: %v, %v, want %v", got, err, want)
		}
	}
}

// readsError reads SO_ERROR, whatever it is.
func readsError(m maker, fd int) {
	_, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
	fdtest.Must(m, err)
}

// Files.

// fd makes the test own the descriptor that a system call has returned.
func (m maker) fd(fd int, err error) int {
	m.Helper()
	fdtest.Must(m, err)
	return fdtest.Own(m, fd)
}

func (m maker) open(path string, flags int) int {
	m.Helper()
	return m.fd(syscall.Open(path, flags|syscall.O_CLOEXEC|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0o600))
}

// dir returns a new directory. Its name is short, so that a socket's name fits sockaddr_un.
func (m maker) dir() string {
	dir, err := os.MkdirTemp("", "poll")
	fdtest.Must(m, err)
	m.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (m maker) fifo() (path string) {
	path = filepath.Join(m.dir(), "fifo")
	fdtest.Must(m, syscall.Mkfifo(path, 0o600))
	return path
}

func pipe(m maker) (r, w int)     { return fdtest.Pipe(m) }
func writeEnd(m maker) (w, r int) { r, w = fdtest.Pipe(m); return w, r }

// fifo is a pair of FIFO ends. A write end cannot be opened before a read end.
func fifo(flags, peerFlags int) pair {
	return func(m maker) (fd, peer int) {
		path := m.fifo()
		if flags == syscall.O_WRONLY {
			peer = m.open(path, peerFlags)
			return m.open(path, flags), peer
		}
		fd = m.open(path, flags)
		return fd, m.open(path, peerFlags)
	}
}

// Sockets.

// nonblocking makes the test own a new descriptor, non-blocking and close-on-exec. The
// caller holds syscall.ForkLock.
func (m maker) nonblocking(fd int, err error) int {
	m.Helper()
	m.fd(fd, err)
	syscall.CloseOnExec(fd)
	fdtest.Must(m, syscall.SetNonblock(fd, true))
	return fd
}

func (m maker) socket(domain, typ int) int {
	m.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return m.nonblocking(syscall.Socket(domain, typ, 0))
}

func (m maker) accept(listener int) int {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, _, err := syscall.Accept(listener)
	return m.nonblocking(fd, err)
}

// unixPair is a socketpair(2).
func unixPair(typ int) pair {
	return func(m maker) (a, b int) {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		p, err := syscall.Socketpair(syscall.AF_UNIX, typ, 0)
		return m.nonblocking(p[0], err), m.nonblocking(p[1], err)
	}
}

// fresh makes a socket.
func fresh(domain, typ int) func(m maker) int {
	return func(m maker) int { return m.socket(domain, typ) }
}

func (m maker) unixListener() (int, syscall.Sockaddr) {
	fd := m.socket(syscall.AF_UNIX, syscall.SOCK_STREAM)
	addr := &syscall.SockaddrUnix{Name: filepath.Join(m.dir(), "s")}
	fdtest.Must(m, syscall.Bind(fd, addr))
	listens(m, fd)
	return fd, addr
}

// backlogAddr is the address of the listener of the last backlog.
var backlogAddr syscall.Sockaddr

// backlog is a socket whose connect(2) has failed because the listener's backlog is full,
// and the listener.
func backlog(m maker) (fd, listener int) {
	listener, backlogAddr = m.unixListener()
	for i := 0; i < 100; i++ {
		fd = m.socket(syscall.AF_UNIX, syscall.SOCK_STREAM)
		if err := syscall.Connect(fd, backlogAddr); err != nil {
			return fd, listener
		}
	}
	m.Fatal("a backlog that is never full")
	return
}

func connectsAgain(m maker, fd int) {
	fdtest.Must(m, syscall.Connect(fd, backlogAddr))
}

// bind binds fd to a free port, and returns the address.
func (m maker) bind(fd int) syscall.Sockaddr {
	fdtest.Must(m, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	addr, err := syscall.Getsockname(fd)
	fdtest.Must(m, err)
	return addr
}

func binds(m maker, fd int) { m.bind(fd) }

// udp is a pair of connected UDP sockets.
func udp(m maker) (a, b int) {
	a, b = m.socket(syscall.AF_INET, syscall.SOCK_DGRAM), m.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
	to, from := m.bind(a), m.bind(b)
	fdtest.Must(m, syscall.Connect(a, from))
	fdtest.Must(m, syscall.Connect(b, to))
	return a, b
}

func (m maker) tcpListener(backlog int) (int, syscall.Sockaddr) {
	fd := m.socket(syscall.AF_INET, syscall.SOCK_STREAM)
	fdtest.Must(m, syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, 8192))
	addr := m.bind(fd)
	fdtest.Must(m, syscall.Listen(fd, backlog))
	return fd, addr
}

// connect returns a socket that is connecting to addr by TCP.
func (m maker) connect(addr syscall.Sockaddr) int {
	fd := m.socket(syscall.AF_INET, syscall.SOCK_STREAM)
	fdtest.Must(m, syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_SNDBUF, 8192))
	switch err := syscall.Connect(fd, addr); err {
	case nil, syscall.EINPROGRESS, syscall.ECONNREFUSED:
	default:
		m.Fatal(err)
	}
	return fd
}

// refused returns a TCP socket whose connection is refused: the port is bound, so nobody
// else can get it, but not listening.
func refused(m maker) int {
	fd := m.connect(m.bind(m.socket(syscall.AF_INET, syscall.SOCK_STREAM)))
	await(POLLIN)(m, fd)
	return fd
}

// tcp is both sides of a connection.
func tcp(m maker) (a, b int) {
	l, addr := m.tcpListener(1)
	a = m.connect(addr)
	await(POLLIN)(m, l)
	b = m.accept(l)
	await(POLLOUT)(m, a)
	return a, b
}

// accepted is tcp with the sides swapped.
func accepted(m maker) (b, a int) {
	a, b = tcp(m)
	return b, a
}

// Terminals.

// slaveName is the result of the last ptmx.
var slaveName string

// ptmx returns the master of a pseudoterminal, and the name of the slave.
func (m maker) ptmx() (master int, slave string) {
	master, slave, err := tty.OpenPty()
	if err != nil {
		m.Skipf("a pseudoterminal: %v", err)
	}
	slaveName = slave
	return fdtest.Own(m, master), slave
}

// pty is both sides of a pseudoterminal.
func pty(m maker) (master, slave int) {
	master, name := m.ptmx()
	return master, m.open(name, syscall.O_RDWR)
}

// terminal is pty with the sides swapped.
func terminal(m maker) (slave, master int) {
	master, slave = pty(m)
	return slave, master
}

// changes changes the settings of a terminal.
func changes(f func(s *tty.Settings)) act {
	return func(m maker, fd int) {
		s, err := tty.Get(fd)
		fdtest.Must(m, err)
		f(&s)
		fdtest.Must(m, s.Set(fd))
	}
}

// noncanonical switches canonical mode off.
func noncanonical(vmin, vtime uint8) act {
	return changes(func(s *tty.Settings) {
		s.Lflag &^= syscall.ICANON
		s.Cc[syscall.VMIN], s.Cc[syscall.VTIME] = vmin, vtime
	})
}

// types types s on the keyboard, which is the master, and waits for the echo, so s has
// arrived.
func types(s string) step { return peer(sends(s), await(POLLIN)) }
