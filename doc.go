// Package poll waits on file descriptors with poll(2), called directly from Go, on Linux,
// FreeBSD, NetBSD and Darwin.
//
// Use it to wait on several descriptors in one goroutine, to wait without reading, or to
// wait for exact events such as POLLPRI. It also works for descriptors that belong to a C
// library or must stay in blocking mode, and in programs that do not import os or net.
//
// There are three entry points:
//
//   - [Wait] and [WaitContext] wait on one descriptor, once.
//   - [Poll] is the system call itself, on an array that the caller owns.
//   - A [Poller] keeps a set of descriptors between calls. Any goroutine may change the set
//     while another waits, and may end the wait.
//
// A [Waker] is a descriptor that another goroutine makes readable. Use it to end a call of
// [Poll]; a Poller has its own [Poller.Wake].
//
//	var p poll.Poller
//	defer p.Close()
//	if err := p.Register(fd, poll.POLLIN); err != nil {
//		return err
//	}
//	ready, err := p.Poll(5 * time.Second)
//	if err != nil {
//		return err
//	}
//	for _, r := range ready { // none if the time is up
//		n, err := syscall.Read(r.Fd, buf) // unread data is reported again
//		// ...
//	}
//
// # Events
//
// poll(2) is level-triggered: until the cause of an event is gone, every call reports it
// and returns immediately. DESCRIPTORS.md in the repository lists what each kind of
// descriptor reports, what ends each event, and why a loop spins.
//
//   - POLLIN: a read or accept does not block. There is data, a connection, or the end of
//     the stream, where a read returns 0 bytes. (At its end, a pipe or FIFO on Linux
//     reports only POLLHUP.) Files are always ready. A terminal that holds less than a
//     line, or less than VMIN bytes, may not report POLLIN.
//   - POLLOUT: a small write does not block. Most descriptors report it nearly all the
//     time, so ask for it only while you have something to write. ([Poller.Register]
//     without a mask asks for it, as Python does.) A write may still fail with ENOBUFS if
//     the queue of a network interface is full. After connect(2) has returned EINPROGRESS,
//     POLLOUT means that the attempt has ended, and SO_ERROR tells how (getsockopt(2)). If
//     connect(2) on a Unix socket returns EAGAIN, no attempt is pending, and POLLOUT means
//     nothing: connect again later.
//   - POLLPRI: out-of-band data, a pressure-stall trigger, or a change of a sysfs attribute
//     or of /proc/self/mounts. Read a sysfs attribute once before you wait; the POLLERR
//     that comes with POLLPRI is not an error. A GPIO line requested from /dev/gpiochipN
//     reports POLLIN instead.
//   - POLLHUP: the other side is gone. Read until there is no data left, then unregister
//     and close (for a pty master see [Poller.Disable]). A FIFO also reports it after one
//     writer has closed and before the next has opened it; open it with O_RDWR to avoid
//     that.
//   - POLLERR: a pipe has no reader left, or a socket has an error. Reading SO_ERROR
//     returns the error and clears it. If SO_ERROR is 0, read the socket's error queue
//     (IP_RECVERR, timestamps) with recvmsg(2) and MSG_ERRQUEUE.
//   - POLLNVAL: the descriptor is not open, or cannot be polled (O_PATH, a removed device).
//   - POLLRDHUP, on Linux and FreeBSD: the peer of a stream socket has closed, or stopped
//     writing. NetBSD and Darwin do not have it, so programs that name it do not compile
//     there. Read to find out whether a peer is gone.
//
// On Linux, POLLERR, POLLHUP and POLLNVAL are reported whatever the mask is. The other
// systems have exceptions; see below.
//
// Pressure-stall triggers, /proc/self/mounts, /proc/sys/kernel/hostname and perf events
// report each event once, to the first poll that sees it. If package os opened the file,
// the Go runtime may be first: open it with [syscall.Open] and register the descriptor.
//
// # Reading
//
// A ready descriptor is one on which a read or write would not have blocked at that moment.
// Another thread may read first, and the kernel may drop a datagram that it has reported
// (select(2), BUGS). So use non-blocking mode and be prepared for EAGAIN. But the mode
// belongs to the open file, which other programs may share: do not change it on standard
// input, output or error. Read once for each POLLIN instead.
//
// The Read method of a net.Conn or os.File, and Accept of a listener, wait instead of
// returning EAGAIN. To read without waiting, read in the callback of a [syscall.RawConn]
// and return true:
//
//	raw, err := conn.SyscallConn()
//	// ...
//	var n int
//	var errno error
//	err = raw.Read(func(fd uintptr) bool {
//		n, errno = syscall.Read(int(fd), buf) // errno may be EAGAIN
//		return true
//	})
//
// Some libraries hold data that they have read but not yet delivered, which poll(2) cannot
// see: bufio, TLS, libxcb, libwayland, libpq. Take everything they hold before you wait. If
// another thread may fill such a buffer meanwhile, it must call Wake.
//
// [os/exec.Cmd.Wait] closes the pipes that StdoutPipe and StderrPipe returned: read them to
// the end first.
//
// # Timeouts
//
// Compute the timeout for a deadline with [Until]. For several deadlines take the min. C
// libraries have other values for no timeout: -1, a null pointer, UINT64_MAX. Turn those
// into [Forever] first. Some return an absolute time (sd_bus_get_timeout): turn it into a
// [time.Time].
//
// If the set changes, a waiting call returns only if the changed descriptor is ready. So a
// goroutine that brings the next deadline forward must call Wake. If a peer sends without
// pause, no call ever times out: check your deadline yourself.
//
// # Closing
//
// Unregister a descriptor before you close it. Otherwise its number may be reused, and Poll
// would watch the wrong file. On Linux, closing a descriptor does not end a wait on it.
//
// # Goroutines and threads
//
// A call that waits occupies an operating-system thread, and the runtime crashes a program
// that exceeds 10,000 (debug.SetMaxThreads). Use one Poller for several descriptors, not
// one wait for each. While a call is in the kernel the scheduler runs other goroutines,
// except during [RawPoll].
//
// # Linux
//
// All architectures that Go supports. A call may return late by 50 µs or 0.1 % of its
// timeout (see [Poll]).
//
// # FreeBSD
//
// All architectures that Go supports. A call may return late by up to 1/8 of its timeout
// (see [Poll]).
//
// Where Linux reports POLLERR, FreeBSD reports POLLHUP, mostly with POLLIN if the mask has
// it, or only POLLIN. Both ends of a pipe report POLLOUT. Use POLLRDHUP for sockets only:
// with it in the mask, files and directories on tmpfs and many devices report POLLNVAL, and
// files and directories on UFS report nothing at all, not even POLLIN.
//
// If the mask lacks POLLIN, a hang-up may not end a wait. "What ends a wait" in
// DESCRIPTORS.md lists what does, also when a descriptor is closed.
//
// # NetBSD
//
// On amd64, 386, arm and arm64. A call waits for whole clock ticks, usually of 10 ms (see
// [Poll]). If the process is stopped and continued (SIGSTOP, SIGCONT), the timeout starts
// again. If an administrator has set kern.direct_select, a wait reports only the descriptor
// that ended it.
//
// Sockets never report POLLHUP or POLLERR. If the peer is gone or there is an error, they
// report POLLIN and POLLOUT; a read returns 0 or the error. A pipe whose other end is
// closed reports POLLHUP, with POLLIN and POLLOUT if the mask has them, and never POLLERR.
// A FIFO without a writer stops reporting POLLHUP and POLLIN once a read has returned 0. A
// FIFO without a reader reports POLLOUT.
//
// As on FreeBSD, a hang-up may not end a wait if the mask lacks POLLIN.
//
// # Darwin
//
// On amd64 and arm64. A call waits for whole milliseconds. With a mask of 0 nothing is
// reported. With a mask of POLLPRI or POLLHUP alone, data that is unread or arrives may
// hide that event, so ask for POLLIN as well. POLLPRI does not report out-of-band data.
// POLLHUP means that the peer has stopped writing; it is reported instead of POLLERR and,
// if the mask has POLLIN, instead of POLLOUT. If a descriptor is in an array twice, only
// its last entry is reported.
//
// Directories and some devices report POLLNVAL, among them /dev/tty and /dev/console. Use
// standard input, open the terminal by the name that ttyname(3) returns, or use select(2).
//
// All this is from xnu's sources and bug reports: the package has been tested only on a
// simulation.
//
// # When to use something else
//
// If os or net can open it, use them: the runtime does not tie up a thread for each wait.
// With [os.NewFile] the runtime also waits on a non-blocking terminal, FIFO or socket.
//
// If you have dozens of descriptors and frequent wake-ups, use epoll(7) or kqueue(2):
// poll(2) checks every descriptor on every call. With EPOLLONESHOT the kernel disables a
// descriptor once it has reported it; here the program calls [Poller.Disable]. EPOLLET,
// edge-triggered, has no equivalent.
package poll
