// Package poll waits on file descriptors with poll(2), called directly from Go, on
// Linux, FreeBSD and Darwin.
//
// It is for programs that wait on descriptors themselves: on several in one goroutine;
// without reading; for exact events such as POLLPRI; on descriptors that belong to a C
// library or must stay in blocking mode; and for programs without packages os and net.
//
// There are three entry points:
//
//   - [Wait] and [WaitContext] wait on one descriptor, once.
//   - [Poll] is the system call itself, on an array that the caller owns.
//   - A [Poller] keeps a set of descriptors between calls. Any goroutine may change
//     the set while another waits, and may end the wait.
//
// A [Waker] is a descriptor that another goroutine makes readable. Use it to end a
// call of [Poll]; a Poller has its own [Poller.Wake].
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
// poll(2) is level-triggered: it reports an event on every call, immediately, until its
// cause is gone. If a read fails with anything but EAGAIN or EINTR, remove the cause,
// [Poller.Disable] the descriptor, or unregister and close it; otherwise your loop spins.
// DESCRIPTORS.md in the repository lists what each kind of descriptor reports.
//
//   - POLLIN: there is something to read: data, a connection to accept, or the end of the
//     stream, where a read returns 0 bytes. Files and directories are always ready. A
//     terminal may hold data without POLLIN: less than a line, or than VMIN bytes.
//   - POLLOUT: a small write does not block, which is nearly always so. Ask for it only
//     while you have something to write. ([Poller.Register] without a mask asks for it, as
//     Python does.) A network interface may still refuse the write with ENOBUFS. After a
//     connect(2) that returned EINPROGRESS, it means that the attempt has ended: SO_ERROR
//     (getsockopt(2)) says how. After EAGAIN, from a Unix socket, nothing is pending.
//   - POLLPRI: an exceptional condition: out-of-band data, a pressure-stall trigger, a
//     change of a sysfs attribute (read it once before you wait; POLLERR comes with it and
//     is not an error) or of /proc/self/mounts. A line of /dev/gpiochipN reports POLLIN.
//   - POLLHUP: the other side is gone. Read until there is no data left, then unregister,
//     then close. A FIFO reports it between two writers, unless you opened it O_RDWR.
//   - POLLERR: no reader is left on a pipe, or a socket has an error. SO_ERROR returns and
//     clears it, but may be 0: the error queue of a socket (IP_RECVERR, timestamps) is
//     emptied only by recvmsg(2) with MSG_ERRQUEUE.
//   - POLLNVAL: the descriptor is not open, or cannot be polled: O_PATH, some devices that
//     were removed.
//
// POLLERR, POLLHUP and POLLNVAL are always reported, whatever the mask.
//
// Pressure-stall triggers, /proc/self/mounts, /proc/sys/kernel/hostname and perf events
// report each event once, to the first poll that sees it. If package os opened the file,
// that may be the Go runtime's: use [syscall.Open], and register the descriptor.
//
// # Reading
//
// Ready means that one read or write would not block at that moment. Another thread may
// be faster, and the kernel may drop a datagram that it has reported (select(2), BUGS), so
// use non-blocking mode and be prepared for EAGAIN. But the mode belongs to the open file,
// not to your descriptor: do not set it on standard input, output or error, which you may
// share with a shell. There, read once for each POLLIN.
//
// Read of a net.Conn or os.File, and Accept of a listener, do not return EAGAIN: they wait.
// Call [syscall.Read] in the function you pass to Read of its [syscall.RawConn], and return
// true. A bufio.Reader or a TLS connection may hold data that poll(2) cannot see: drain it
// before waiting. [os/exec.Cmd.Wait] closes the pipes it gave out: read them first.
//
// If a peer sends without pause, each call finds something, even with a timeout of 0: check
// your deadline yourself. Compute timeouts with [Until], since time.Until is negative, and
// so means forever, once the time has passed.
//
// # Closing
//
// Unregister a descriptor before you close it. Otherwise its number may be reused, and Poll
// would watch the wrong file. Closing does not end a wait, and the kernel keeps the file
// open while a call waits on it. Close of an os.File or a net.Conn waits for a [WaitContext]
// that runs in Control of its RawConn. A result describes the moment of the call: if you
// close and open descriptors while handling it, compare [Ready].Value, set by
// [Poller.Attach]. One descriptor has one mask: let each part of a program dup(2) its own.
//
// # Goroutines and threads
//
// A call that waits occupies an operating-system thread, and the runtime crashes a program
// that exceeds 10,000 (debug.SetMaxThreads). Use one Poller for many descriptors. While a
// call is in the kernel the scheduler runs other goroutines, except during [RawPoll].
//
// # Linux
//
// All architectures that Go supports. A call takes as many entries as the soft RLIMIT_NOFILE
// allows ([ErrTooManyFds]), and ends late by at most 50 µs or 0.1 % of its timeout.
//
// # FreeBSD
//
// A call takes kern.maxfilesperproc entries, and ends late by up to 1/16 of its timeout.
// Asking a file for POLLRDHUP gives POLLNVAL. Both ends of a pipe report POLLOUT. POLLHUP,
// with POLLIN if asked for, takes the place of POLLERR. With a mask of 0 a hang-up does not
// end a wait on a socket or a pty. Closing the last reference to a file ends a wait on it.
//
// # Darwin
//
// Written from xnu's sources and bug reports; tried only on Linux, over a poll(2) that
// imitates Darwin's. A call takes 10240 entries and whole milliseconds. A mask of 0 watches
// nothing; with POLLPRI or POLLHUP alone an event may be missed while data is waiting.
// POLLPRI does not report out-of-band data. POLLHUP means that the peer has stopped writing,
// hides POLLOUT if POLLIN is asked for, and takes the place of POLLERR. Directories, some
// devices and, on older systems, terminals report POLLNVAL. Of two entries for one
// descriptor only the last is reported.
//
// # When to use something else
//
// If os or net can open it, use them: the runtime does not tie up a thread for each wait.
// [os.NewFile] does the same for a terminal, a FIFO or a socket in non-blocking mode.
//
// From some dozens of descriptors on, use epoll(7) or kqueue(2) if wake-ups are frequent:
// poll(2) checks every descriptor on every call. EPOLLONESHOT is [Poller.Disable]; EPOLLET,
// edge-triggered, has no equivalent here.
package poll
