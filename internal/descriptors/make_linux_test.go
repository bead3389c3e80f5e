// What the tables of Linux alone are made of.

package descriptors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	. "example.com/poll"
	"example.com/poll/internal/fdtest"
)

// device opens a file, or skips the test if it does not exist.
func (m maker) device(path string, flags int) int {
	m.Helper()
	fd, err := syscall.Open(path, flags|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	m.possible(path, err)
	return fdtest.Own(m, fd)
}

// number returns the number of a system call that package syscall lacks on some
// architectures. It knows the numbers on amd64, and on the architectures that share one
// table.
func (m maker) number(name string) uintptr {
	m.Helper()
	numbers := map[string][2]uintptr{
		"bind": {49, 200}, "connect": {42, 203}, "perf_event_open": {298, 241}, "seccomp": {317, 277}, "userfaultfd": {323, 282},
		"memfd_create": {319, 279},
	}[name]
	switch runtime.GOARCH {
	case "amd64":
		return numbers[0]
	case "arm64", "riscv64", "loong64":
		return numbers[1]
	}
	m.Skipf("the number of %s(2) on %s is not known to this test", name, runtime.GOARCH)
	return 0
}

// newNumber returns the number of a newer system call, which is the same on every
// architecture that Go supports, except MIPS.
func newNumber(n uintptr) uintptr {
	switch {
	case strings.HasPrefix(runtime.GOARCH, "mips64"):
		return 5000 + n
	case onMIPS:
		return 4000 + n
	}
	return n
}

// alone puts the calling thread into new namespaces. The thread ends with the test.
func (m maker) alone(flags int) {
	runtime.LockOSThread()
	m.possible("unshare", syscall.Unshare(flags))
}

// mountsChanged returns /proc/self/mounts after a mount, in a new namespace.
func mountsChanged(m maker) int {
	m.alone(syscall.CLONE_NEWNS)
	m.possible("mount", syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	dir := m.dir()
	fd := m.open("/proc/thread-self/mounts", syscall.O_RDONLY)
	m.possible("mount", syscall.Mount("poll", dir, "tmpfs", 0, ""))
	m.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return fd
}

// hostnameChanged sets the host name to its current value, in a new namespace, and returns
// /proc/sys/kernel/hostname.
func hostnameChanged(m maker) int {
	m.alone(syscall.CLONE_NEWUTS)
	fd := m.open("/proc/sys/kernel/hostname", syscall.O_RDONLY)
	m.possible("sethostname", syscall.Sethostname([]byte("poll")))
	return fd
}

func memfd(m maker) int {
	fd, _, errno := syscall.Syscall(m.number("memfd_create"), uintptr(unsafe.Pointer(&[]byte("poll\x00")[0])), 0, 0)
	m.possible("memfd_create", errno)
	return fdtest.Own(m, int(fd))
}

// opens opens a file for reading, or skips the test if it does not exist.
func opens(path string) func(m maker) int {
	return func(m maker) int { return m.device(path, syscall.O_RDONLY) }
}

func pressure(m maker) int { return m.device("/proc/pressure/memory", syscall.O_RDWR) }

// trigger writes a trigger to a file of /proc/pressure.
func trigger(t string) act {
	return func(m maker, fd int) {
		_, err := syscall.Write(fd, []byte(t+"\x00"))
		m.possible("a pressure-stall trigger", err)
	}
}

// pressureReached returns /proc/pressure/cpu with a trigger that has been reached. Polling
// the trigger would use up the event, so pressureReached waits for two windows of another
// trigger.
func pressureReached(m maker) int {
	for i := 0; i < 2*runtime.NumCPU(); i++ {
		cmd := exec.Command("sh", "-c", "while :; do :; done")
		if err := cmd.Start(); err != nil {
			m.Skip(err)
		}
		m.Cleanup(func() {
			cmd.Process.Kill()
			cmd.Wait()
		})
	}
	t := "some 1000 500000"
	fd := m.device("/proc/pressure/cpu", syscall.O_RDWR)
	if _, err := syscall.Write(fd, []byte(t+"\x00")); err == syscall.EINVAL {
		t = "some 1000 2000000" // without CAP_SYS_RESOURCE
		trigger(t)(m, fd)
	} else {
		m.possible("a pressure-stall trigger", err)
	}
	other := m.device("/proc/pressure/cpu", syscall.O_RDWR)
	trigger(t)(m, other)
	await(POLLPRI)(m, other)
	await(POLLPRI)(m, other)
	return fd
}

// The directions in an ioctl number, as seen by the caller.
const (
	iocWrite = 1 << iota
	iocRead
)

// ioc returns the number of an ioctl: _IOC in include/uapi/asm-generic/ioctl.h.
func ioc(dir, typ, nr, size uintptr) uintptr {
	if onMIPS || strings.HasPrefix(runtime.GOARCH, "ppc64") {
		return map[uintptr]uintptr{0: 1, iocWrite: 4, iocRead: 2, iocRead | iocWrite: 6}[dir]<<29 | size<<16 | typ<<8 | nr
	}
	return dir<<30 | size<<16 | typ<<8 | nr
}

// order is the byte order of this machine.
var order = func() binary.ByteOrder {
	if one := uint16(1); *(*byte)(unsafe.Pointer(&one)) == 0 {
		return binary.BigEndian
	}
	return binary.LittleEndian
}()

// object returns the bytes of fixed-size values, one after another.
func object(values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		if s, ok := v.(string); ok {
			v = []byte(s)
		}
		if err := binary.Write(&b, order, v); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

// field returns s padded with zeros to size.
func field(s string, size int) []byte { return append([]byte(s), make([]byte, size-len(s))...) }

// Sockets.

// queuesErrors turns on the error queue.
func queuesErrors(m maker, fd int) {
	m.possible("IP_RECVERR", syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, syscall.IP_RECVERR, 1))
}

// receiveError receives a message from the error queue.
func receiveError(m maker, fd int) {
	if _, n, _, _, err := syscall.Recvmsg(fd, make([]byte, 256), make([]byte, 512), syscall.MSG_ERRQUEUE); n == 0 || err != nil {
		m.Errorf("recvmsg with MSG_ERRQUEUE: %d bytes of ancillary data, %v", n, err)
	}
}

// timestamped returns a UDP socket with a transmit timestamp in its error queue:
// Documentation/networking/timestamping.rst.
func timestamped(m maker) int {
	a, _ := udp(m)
	const soTimestamping, txSoftware, software = 37, 1 << 1, 1 << 4
	m.possible("SO_TIMESTAMPING", syscall.SetsockoptInt(a, syscall.SOL_SOCKET, soTimestamping, txSoftware|software))
	fdtest.Write(m, a, "x")
	return a
}

// zeroCopied returns a TCP socket with a notice in its error queue that a buffer may be
// reused.
func zeroCopied(m maker) int {
	a, b := tcp(m)
	const soZeroCopy, msgZeroCopy = 60, 0x4000000
	m.possible("SO_ZEROCOPY", syscall.SetsockoptInt(a, syscall.SOL_SOCKET, soZeroCopy, 1))
	_, err := syscall.SendmsgN(a, make([]byte, 1000), nil, nil, msgZeroCopy)
	m.possible("MSG_ZEROCOPY", err)
	await(POLLIN)(m, b)
	drain(m, b)
	return a
}

// netlink makes a netlink socket to which n messages have been sent.
func netlink(n int) func(m maker) int {
	return func(m maker) int {
		const userSock = 2
		open := func(groups uint32) int {
			fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, userSock)
			m.possible("NETLINK_USERSOCK", err)
			fdtest.Own(m, fd)
			fdtest.Must(m, syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096))
			m.possible("bind", syscall.Bind(fd, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK, Groups: groups}))
			return fd
		}
		fd, from := open(1), open(0)
		for i := 0; i < n; i++ {
			message := object(uint32(16), [12]byte{})
			// The kernel sends the message to the group, and then to port 0, which nobody
			// has.
			err := syscall.Sendto(from, message, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK, Groups: 1})
			if err != syscall.ECONNREFUSED {
				m.possible("a netlink message", err)
			}
		}
		return fd
	}
}

// vsockRefused returns a vsock whose connection this machine itself has refused.
func vsockRefused(m maker) int {
	const afVsock, local, anyPort = 40, 1, 0xffffffff
	fd, err := syscall.Socket(afVsock, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	m.possible("AF_VSOCK", err)
	fdtest.Own(m, fd)
	call := func(name string, port uint32) syscall.Errno {
		addr := object(uint16(afVsock), uint16(0), port, uint32(local), uint32(0))
		_, _, errno := syscall.Syscall(m.number(name), uintptr(fd), uintptr(unsafe.Pointer(&addr[0])), uintptr(len(addr)))
		return errno
	}
	// Without a loopback transport, the connection would go to the host.
	if errno := call("bind", anyPort); errno != 0 {
		m.Skipf("bind to VMADDR_CID_LOCAL: %v", errno)
	}
	if errno := call("connect", 0xfeedbeef); errno != syscall.EINPROGRESS && errno != syscall.ECONNRESET {
		m.Fatalf("connect: %v", errno)
	}
	return fd
}

// Network interfaces, in a network namespace of the calling thread.

// link sends a message about an interface by rtnetlink(7) and waits for the answer.
func (m maker) link(typ, flags uint16, name string, up uint32, kind string) {
	fd := m.fd(syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE))
	attr := func(typ uint16, data []byte) []byte {
		return append(object(uint16(4+len(data)), typ, data), make([]byte, -len(data)&3)...)
	}
	body := object([8]byte{}, up, uint32(syscall.IFF_UP), attr(syscall.IFLA_IFNAME, []byte(name+"\x00")))
	if kind != "" {
		const linkInfo, infoKind = 18, 1
		body = append(body, attr(linkInfo, attr(infoKind, []byte(kind)))...)
	}
	flags |= syscall.NLM_F_REQUEST | syscall.NLM_F_ACK
	fdtest.Must(m, syscall.Sendto(fd, object(uint32(16+len(body)), typ, flags, uint32(1), uint32(0), body), 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}))
	answer := make([]byte, 4096)
	n, err := syscall.Read(fd, answer)
	fdtest.Must(m, err)
	if n < 20 || order.Uint16(answer[4:]) != syscall.NLMSG_ERROR {
		m.Fatalf("rtnetlink: %q", answer[:n])
	}
	if errno := -int32(order.Uint32(answer[16:])); errno != 0 {
		m.possible("rtnetlink: "+name+" "+kind, syscall.Errno(errno))
	}
}

func (m maker) setLink(name string, up bool) {
	flags := map[bool]uint32{true: syscall.IFF_UP}[up]
	m.link(syscall.RTM_NEWLINK, 0, name, flags, "")
}

func (m maker) deleteLink(name string) {
	m.link(syscall.RTM_DELLINK, 0, name, 0, "")
}

// can returns two sockets of a new vcan interface.
func can(m maker) (a, b int) {
	bind := m.number("bind")
	m.alone(syscall.CLONE_NEWNET)
	m.link(syscall.RTM_NEWLINK, syscall.NLM_F_CREATE|syscall.NLM_F_EXCL, "vcan0", syscall.IFF_UP, "vcan")
	req := field("vcan0", 40)
	m.ioctl(m.socket(syscall.AF_INET, syscall.SOCK_DGRAM), syscall.SIOCGIFINDEX, unsafe.Pointer(&req[0]))
	const afCAN, canRaw = 29, 1
	open := func() int {
		fd, err := syscall.Socket(afCAN, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, canRaw)
		m.possible("AF_CAN", err)
		addr := object(uint16(afCAN), uint16(0), order.Uint32(req[16:]), [16]byte{})
		if _, _, errno := syscall.Syscall(bind, uintptr(fd), uintptr(unsafe.Pointer(&addr[0])), uintptr(len(addr))); errno != 0 {
			m.Fatalf("bind: %v", errno)
		}
		return fdtest.Own(m, fd)
	}
	return open(), open()
}

// tun makes the descriptor of a new interface, poll0, which is up or down.
func tun(up bool) func(m maker) int {
	return func(m maker) int {
		m.alone(syscall.CLONE_NEWNET)
		// Packets that the kernel itself sends on a new interface would make it readable.
		os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
		fd := m.device("/dev/net/tun", syscall.O_RDWR)
		const flagTun, flagNoPI = 1, 0x1000
		req := object(field("poll0", 16), uint16(flagTun|flagNoPI), [22]byte{})
		m.possible("TUNSETIFF", tryIoctl(fd, ioc(iocWrite, 'T', 202, 4), unsafe.Pointer(&req[0])))
		if up {
			s := m.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
			for i, call := range []uintptr{syscall.SIOCSIFADDR, syscall.SIOCSIFDSTADDR} {
				req := object(field("poll0", 16), uint16(syscall.AF_INET), uint16(0), [4]byte{192, 0, 2, byte(1 + i)}, [16]byte{})
				m.ioctl(s, call, unsafe.Pointer(&req[0]))
			}
			m.setLink("poll0", true)
		}
		return fd
	}
}

// Processes.

// child starts a process that runs until its standard input, in, is closed.
func (m maker) child() (pid, in int) {
	cmd := exec.Command("cat")
	m.Cleanup(func() { cmd.Wait() }) // after the end of its input
	r, w, err := os.Pipe()
	fdtest.Must(m, err)
	defer r.Close()
	defer w.Close()
	cmd.Stdin, in = r, fdtest.Dup(m, int(w.Fd()), 0)
	if err := cmd.Start(); err != nil {
		m.Skip(err)
	}
	return cmd.Process.Pid, in
}

func (m maker) pidfdOf(pid int) int {
	fd, _, errno := syscall.Syscall(newNumber(434), uintptr(pid), 0, 0)
	m.possible("pidfd_open", errno)
	return fdtest.Own(m, int(fd))
}

// pidfd is the pidfd of a process, and what ends the process if it is closed.
func pidfd(m maker) (fd, in int) {
	pid, in := m.child()
	return m.pidfdOf(pid), in
}

// reaped returns the pidfd of a process that has been waited for.
func reaped(m maker) int {
	pid, in := m.child()
	fd := m.pidfdOf(pid)
	fdtest.Close(m, in)
	if got, err := syscall.Wait4(pid, nil, 0, nil); got != pid || err != nil {
		m.Fatalf("wait4(%d): %d, %v", pid, got, err)
	}
	return fd
}

func inotify(m maker) (fd int, dir string) {
	fd = m.fd(syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK))
	dir = m.dir()
	_, err := syscall.InotifyAddWatch(fd, dir, syscall.IN_CREATE)
	fdtest.Must(m, err)
	return fd, dir
}

func (m maker) epoll(fds ...int) int {
	ep := m.fd(syscall.EpollCreate1(syscall.EPOLL_CLOEXEC))
	for _, fd := range fds {
		fdtest.Must(m, syscall.EpollCtl(ep, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN}))
	}
	return ep
}

// signalfd returns a signalfd for SIGUSR2, and blocks SIGUSR2 in the calling thread. The
// thread ends with the test.
func (m maker) signalfd() int {
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
	return fdtest.Own(m, int(fd))
}

// tgkill sends sig to one thread of this process: tgkill(2).
func tgkill(tid int, sig syscall.Signal) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_TGKILL, uintptr(syscall.Getpid()), uintptr(tid), uintptr(sig)); errno != 0 {
		return errno
	}
	return nil
}

// perf returns a perf event of this thread.
func perf(m maker) int { return m.perf(0) }

// perf returns a perf event that records executable mappings and the exit of a process, or
// of this thread if pid is 0.
func (m maker) perf(pid int) int {
	nr := m.number("perf_event_open")
	runtime.LockOSThread()
	const (
		software, dummy       = 1, 9
		mmap, task, watermark = 1 << 8, 1 << 13, 1 << 14
	)
	attr := object(uint32(software), uint32(64), uint64(dummy), [3]uint64{}, uint64(mmap|task|watermark), uint32(1), uint32(0), uint64(0))
	fd, _, errno := syscall.Syscall6(nr, uintptr(unsafe.Pointer(&attr[0])), uintptr(pid), ^uintptr(0), ^uintptr(0), 0, 0)
	m.possible("perf_event_open", errno)
	return fdtest.Own(m, int(fd))
}

// ring maps the ring buffer of a perf event into memory.
func (m maker) ring(fd int) []byte {
	page := os.Getpagesize()
	b, err := syscall.Mmap(fd, 0, 2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	fdtest.Must(m, err)
	m.Cleanup(func() { syscall.Munmap(b) })
	return b
}

func maps(m maker, fd int) { m.ring(fd) }

// mapsExecutable makes a record in a perf event of this thread.
func mapsExecutable(m maker, _ int) {
	b, err := syscall.Mmap(-1, 0, os.Getpagesize(), syscall.PROT_READ|syscall.PROT_EXEC, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	m.possible("an executable mapping", err)
	syscall.Munmap(b)
}

// perfGone returns a perf event, with a record, of a process that is gone.
func perfGone(m maker) int {
	pid, in := m.child()
	fd := m.perf(pid)
	b := m.ring(fd)
	fdtest.Close(m, in)
	await(POLLHUP)(m, fd)
	const head, tail = 1024, 1032 // data_head and data_tail of struct perf_event_mmap_page
	if order.Uint64(b[head:]) == order.Uint64(b[tail:]) {
		m.Error("the ring is empty")
	}
	return fd
}

// notify returns a seccomp notify descriptor of a new thread. call makes a system call in
// that thread; leave ends the thread.
func (m maker) notify() (fd int, call, leave func()) {
	nr := m.number("seccomp")
	type result struct {
		fd    uintptr
		errno syscall.Errno
	}
	installed, calls, done := make(chan result, 1), make(chan bool), make(chan bool)
	go func() {
		runtime.LockOSThread() // never unlocked, so the thread ends with this goroutine
		const (
			load, jump, ret  = 0x20, 0x15, 0x06
			allow, userNotif = 0x7fff0000, 0x7fc00000
			prSetNoNewPrivs  = 38
			setModeFilter    = 1
			newListener      = 1 << 3
		)
		program := []syscall.SockFilter{
			{Code: load, K: 0}, // nr
			{Code: jump, K: syscall.SYS_GETSID, Jf: 1},
			{Code: ret, K: userNotif},
			{Code: ret, K: allow},
		}
		prog := syscall.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
		syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0)
		fd, _, errno := syscall.RawSyscall(nr, setModeFilter, newListener, uintptr(unsafe.Pointer(&prog)))
		installed <- result{fd, errno}
		select {
		case <-calls:
			syscall.Syscall(syscall.SYS_GETSID, 0, 0, 0)
			<-done
		case <-done:
		}
	}()
	leave = sync.OnceFunc(func() { close(done) })
	m.Cleanup(leave)
	r := <-installed
	if r.errno == syscall.EINVAL || r.errno == syscall.EBUSY {
		// the kernel is too old, or there is another listener
		m.Skipf("SECCOMP_FILTER_FLAG_NEW_LISTENER: %v", r.errno)
	}
	if r.errno != 0 {
		m.possible("seccomp", r.errno)
	}
	return fdtest.Own(m, int(r.fd)), sync.OnceFunc(func() { close(calls) }), leave
}

// notified returns a seccomp notify descriptor of a thread that makes a call.
func notified(m maker) int {
	fd, call, _ := m.notify()
	call()
	await(POLLIN)(m, fd)
	return fd
}

// notice is the id of the last notice that was received.
var notice uint64

func receiveNotice(m maker, fd int) {
	b := make([]byte, 80) // struct seccomp_notif
	m.ioctl(fd, ioc(iocRead|iocWrite, '!', 0, 80), unsafe.Pointer(&b[0]))
	notice = order.Uint64(b)
}

func answerNotice(m maker, fd int) {
	b := object(notice, [16]byte{}) // struct seccomp_notif_resp
	m.ioctl(fd, ioc(iocRead|iocWrite, '!', 1, 24), unsafe.Pointer(&b[0]))
}

func userfaultfd(mode uintptr) func(m maker) int {
	return func(m maker) int {
		fd, _, errno := syscall.Syscall(m.number("userfaultfd"), syscall.O_CLOEXEC|mode, 0, 0)
		m.possible("userfaultfd", errno)
		return fdtest.Own(m, int(fd))
	}
}

func enableFaults(m maker, fd int) {
	api := object(uint64(0xaa), [2]uint64{})
	m.ioctl(fd, ioc(iocRead|iocWrite, 0xaa, 0x3f, 24), unsafe.Pointer(&api[0]))
}

// faults makes a page fault. A write(2) waits until it is resolved.
func faults(m maker, fd int) {
	w, _ := writeEnd(m)
	page, err := syscall.Mmap(-1, 0, os.Getpagesize(), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	fdtest.Must(m, err)
	start := uint64(uintptr(unsafe.Pointer(&page[0])))
	const missing = 1
	register := object(start, uint64(len(page)), uint64(missing), uint64(0))
	m.ioctl(fd, ioc(iocRead|iocWrite, 0xaa, 0x00, 32), unsafe.Pointer(&register[0]))
	written := make(chan error, 1)
	go func() {
		_, err := syscall.Write(w, page[:1])
		written <- err
	}()
	m.Cleanup(func() {
		zero := object(start, uint64(len(page)), [2]uint64{})
		m.ioctl(fd, ioc(iocRead|iocWrite, 0xaa, 0x04, 32), unsafe.Pointer(&zero[0]))
		if err := <-written; err != nil {
			m.Errorf("write: %v", err)
		}
		syscall.Munmap(page)
	})
	await(POLLIN)(m, fd)
}

// Input devices.

// evdev returns the event file of a new keyboard, and the uinput file behind it.
func evdev(m maker) (fd, device int) {
	device = m.device("/dev/uinput", syscall.O_RDWR)
	const (
		evKey, keyA = 1, 30
		size        = 64
	)
	// UI_SET_EVBIT, UI_SET_KEYBIT
	for _, v := range []struct{ nr, value uintptr }{{100, evKey}, {101, keyA}} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(device), ioc(iocWrite, 'U', v.nr, 4), v.value); errno != 0 {
			m.Fatalf("uinput: %v", errno)
		}
	}
	fdtest.Write(m, device, string(field("poll test", 1116))) // struct uinput_user_dev
	m.ioctl(device, ioc(0, 'U', 1, 0), nil)                   // UI_DEV_CREATE
	name := make([]byte, size)
	m.ioctl(device, ioc(iocRead, 'U', 44, size), unsafe.Pointer(&name[0])) // UI_GET_SYSNAME
	found, err := filepath.Glob("/sys/devices/virtual/input/" + string(bytes.TrimRight(name, "\x00")) + "/event*")
	fdtest.Must(m, err)
	if len(found) != 1 {
		m.Skip("no evdev")
	}
	return m.device("/dev/input/"+filepath.Base(found[0]), syscall.O_RDWR), device
}

// press presses and releases a key.
func press(m maker, device int) {
	// EV_KEY or EV_SYN, value
	for _, v := range [][2]uint16{{1, 1}, {0, 0}, {1, 0}, {0, 0}} {
		event := struct {
			_         syscall.Timeval
			typ, code uint16
			value     int32
		}{typ: v[0], code: v[0] * 30, value: int32(v[1])}
		fdtest.Write(m, device, string((*[unsafe.Sizeof(event)]byte)(unsafe.Pointer(&event))[:]))
	}
}

// pull removes the device.
func pull(m maker, device int) {
	m.ioctl(device, ioc(0, 'U', 2, 0), nil) // UI_DEV_DESTROY
}

// hidraw returns the hidraw file of a new device, and the uhid file behind it.
func hidraw(m maker) (fd, device int) {
	device = m.device("/dev/uhid", syscall.O_RDWR)
	const create2, busUSB = 11, 3
	id := fmt.Sprintf("poll-%d", os.Getpid())
	report := "\x06\x00\xff\x09\x01\xa1\x01\x09\x01\x15\x00\x26\xff\x00\x75\x08\x95\x08\x81\x02\xc0"
	fdtest.Write(m, device, string(object(uint32(create2), field("poll test", 128), field("", 64), field(id, 64),
		uint16(len(report)), uint16(busUSB), uint32(1), uint32(1), [2]uint32{}, field(report, 4096))))
	for start := time.Now(); time.Since(start) < fdtest.Soon/2; Poll(nil, time.Millisecond) {
		found, _ := filepath.Glob("/sys/class/hidraw/*/device/uevent")
		for _, path := range found {
			if b, _ := os.ReadFile(path); strings.Contains(string(b), "HID_UNIQ="+id+"\n") {
				return m.device("/dev/"+filepath.Base(filepath.Dir(filepath.Dir(path))), syscall.O_RDWR), device
			}
		}
	}
	m.Skip("no hidraw")
	return
}

// sendReport makes the device send a report.
func sendReport(m maker, device int) {
	const input2 = 12
	fdtest.Write(m, device, string(object(uint32(input2), uint16(8), [8]byte{})))
}

// unplug removes the device.
func unplug(m maker, device int) {
	const destroy = 1
	fdtest.Write(m, device, string(object(uint32(destroy))))
}
