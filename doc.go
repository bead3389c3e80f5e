// Package poll waits for file descriptors with poll(2), called straight from Go,
// on Linux and Darwin.
//
// It is for programs that wait on descriptors themselves: for many in one
// goroutine; for readiness without reading; for exactly the events that the kernel
// reports, such as POLLPRI; for descriptors that belong to a C library or must stay
// in blocking mode; and for programs without packages os and net.
//
// There are three ways in:
//
//   - [Wait] and [WaitContext] wait for one descriptor, once.
//   - [Poll] is the system call itself, over an array of the caller's.
//   - A [Poller] keeps a set of descriptors between calls. Any goroutine may change
//     the set while another waits, and may end the wait.
//
// A [Waker] is a descriptor that another goroutine makes readable. Use it to end a
// wait in an array; a Poller has its own [Poller.Wake].
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
//		n, err := syscall.Read(r.Fd, buf) // or it is ready again at once
//		// ...
//	}
//
// # Events
//
// poll(2) is level-triggered. It reports the state of a descriptor on every call,
// until the program has dealt with it. On Linux:
//
//   - POLLIN: a read does not block. At the end of a stream it returns 0 bytes. A
//     listening socket has a connection to accept. Regular files and directories
//     are always ready, for reading and for writing.
//   - POLLOUT: a write does not block, although a long one may. A pending connect(2)
//     has finished; POLLERR with POLLHUP means that it failed. Most descriptors are
//     nearly always ready for writing, so ask for it only while you have something
//     to write. [Poller.Register] without a mask asks for it, as Python does, and so
//     nearly always makes Poll return at once.
//   - POLLPRI: out-of-band data on a socket, a pressure-stall trigger, a change of
//     /proc/self/mounts, or an edge on a GPIO line's value file in the deprecated
//     sysfs interface. A line of /dev/gpiochipN has POLLIN, and a 48-byte event to
//     read for each edge.
//   - POLLHUP: the other side is gone. There may be data left: read until there is
//     none, then unregister the descriptor, then close it. An empty pipe without a
//     writer has POLLHUP without POLLIN. A socket whose peer has only stopped
//     writing has POLLIN, and POLLRDHUP if asked for.
//   - POLLERR: on the write end of a pipe, that there is no reader. On a socket, an
//     error that getsockopt(2) returns with SO_ERROR. On a netlink socket read(2)
//     then fails with ENOBUFS: messages were lost.
//   - POLLNVAL: the descriptor is not open.
//
// POLLERR, POLLHUP and POLLNVAL are always reported, even with a mask of 0, and end
// every wait at once. If your loop spins, you probably closed a descriptor without
// unregistering it, or you watch the master of a pty whose slave nobody has open: it
// reports POLLHUP on every call, which no mask hides. Unregister it until there is a
// reason to look again.
//
// Pressure-stall triggers and /proc/self/mounts report each event once, to whoever
// asks first. That may be the Go runtime if package os has opened the file: use
// [syscall.Open], and register the number.
//
// # Reading what is ready
//
// Ready means that one read or write would not block at that moment. If another
// thread may take the data first, put the descriptor into non-blocking mode, and
// expect EAGAIN. Do so too for a socket, from which the kernel may drop a datagram
// with a bad checksum after it has reported it (select(2), "BUGS"), and to write more
// than fits. A Read of a net.Conn or an os.File that finds no data does not return
// EAGAIN: it parks the goroutine in the runtime's poller. Read the descriptor itself,
// with [syscall.Read] inside the Read of its [syscall.RawConn].
//
// A bufio.Reader, or a TLS connection, may hold data that it has read already, which
// no poll reports: use up its buffer before you wait. A read may return a part of a
// message, as a stream or a serial line does. It may return many records, as inotify
// does, one of which may say that others were lost (IN_Q_OVERFLOW).
//
// The result of a call is of the moment of the call. If you close a descriptor and
// open another before you have handled the rest of the result, the new one may have
// a number that is still to come: close afterwards, or [Poller.Attach] a value to
// each registration and compare [Ready].Value.
//
// # Closing
//
// Unregister a descriptor before you close it. Otherwise the number may be reused,
// and Poll would watch the wrong file. Closing a descriptor does not end a wait for
// it. The kernel keeps a file open while a call waits for it.
//
// # Goroutines and threads
//
// A call that waits occupies an operating-system thread, and the runtime ends a
// program with 10,000 of them. Use one Poller for many descriptors rather than many
// Pollers. The scheduler is told of every call but those of [RawPoll], so a file whose
// poll handler sleeps delays only the call itself.
//
// # Limits and platforms
//
// One call takes as many descriptors as RLIMIT_NOFILE allows ([ErrTooManyFds]),
// including the Waker of a Poller that waits.
//
// The package is for Linux on every architecture that Go supports, and for Darwin on
// amd64 and arm64. Elsewhere it has no names. The Darwin part was written from xnu's
// sources and tested on Linux with a poll(2) that imitates it; it has never run on
// Darwin. From those sources and from bug reports, on Darwin:
//
//   - timeouts are rounded up to milliseconds;
//   - a mask of 0 watches nothing, and with a mask of POLLPRI or POLLHUP alone the
//     kernel may miss the event once ordinary data has arrived: ask for POLLIN too;
//   - POLLPRI is not reported for out-of-band data;
//   - POLLHUP means that the peer has stopped writing, and hides POLLOUT if POLLIN is
//     asked for too; the write end of a broken pipe has POLLHUP, not POLLERR;
//   - directories, some devices and on older systems terminals are POLLNVAL although
//     they are open;
//   - of a number that stands twice in an array, only the last entry is reported.
//
// # When to use something else
//
// Packages os and net wait in the Go runtime, without a thread for each wait. Use them
// for all that they can open, and [os.NewFile] for what they cannot: a terminal, a
// pty, a FIFO or a socket from elsewhere takes deadlines and a Close that ends its
// Read, if it was opened in non-blocking mode.
//
// For thousands of descriptors, most of them idle, use epoll(7) or kqueue(2): poll(2)
// asks each descriptor on every call.
package poll
