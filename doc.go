// Package poll waits for file descriptors with poll(2), called directly from Go, on
// Linux and Darwin.
//
// It is for programs that wait on descriptors themselves: for many in one goroutine;
// to learn that a read is possible without reading; for exactly the events that the
// kernel reports, such as POLLPRI; for descriptors that belong to a C library or must
// stay in blocking mode; and for programs that do not import os and net.
//
// There are three ways in:
//
//   - [Wait] and [WaitContext] wait for one descriptor, once.
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
//		n, err := syscall.Read(r.Fd, buf) // what is not read is reported again
//		// ...
//	}
//
// # Events
//
// poll(2) is level-triggered: with the exceptions below it reports the state of a
// descriptor on every call, until the program has dealt with it. On Linux:
//
//   - POLLIN: a read does not block. There is data, or the end of the stream, where a
//     read returns 0 bytes, or a connection to accept on a listening socket. Regular
//     files and directories are always ready, for reading and for writing.
//   - POLLOUT: a small write does not block; a large one may. On a socket with a
//     pending connect(2): it has finished, or failed if POLLERR and POLLHUP are
//     reported too. Most descriptors are nearly always ready for writing, so ask for
//     POLLOUT only while you have something to write. [Poller.Register] without a
//     mask asks for it, as Python does, so Poll then nearly always returns at once.
//   - POLLPRI: out-of-band data on a socket, a pressure-stall trigger, a change of
//     /proc/self/mounts, or an edge on a GPIO line's value file in the deprecated
//     sysfs interface. A line requested through /dev/gpiochipN reports POLLIN instead,
//     and each edge is a 48-byte record to read.
//   - POLLHUP: the other side is gone. There may be data left: read until there is
//     none, then unregister the descriptor, then close it. An empty pipe without a
//     writer reports POLLHUP without POLLIN. A socket whose peer has only stopped
//     writing reports POLLIN, and POLLRDHUP if asked for.
//   - POLLERR: on the write end of a pipe, no reader is left. On a socket, there is an
//     error that getsockopt(2) returns with SO_ERROR. On a netlink socket, read(2)
//     fails with ENOBUFS if messages were lost.
//   - POLLNVAL: the descriptor is not open.
//
// POLLERR, POLLHUP and POLLNVAL are always reported, even with a mask of 0, and a call
// returns at once while one of them is set. If your loop spins, you probably closed a
// descriptor without unregistering it, or you watch the master of a pty whose slave is
// not open anywhere: it reports POLLHUP on every call, which no mask hides. Unregister
// it, and register it again later.
//
// The exceptions are pressure-stall triggers, /proc/self/mounts, files such as
// /proc/sys/kernel/hostname, and perf events. They report each event once, to the first
// poll that sees it. If package os opened the file, that may be the Go runtime's: use
// [syscall.Open], and register the descriptor.
//
// # Reading what is ready
//
// Ready means that one read or write would not block at that moment. Use non-blocking
// mode, and expect EAGAIN, if another thread may take the data first; for sockets,
// since the kernel may drop a datagram with a bad checksum after it has reported it
// (select(2), "BUGS"); and to write more than may fit. A Read of a net.Conn or an
// os.File that finds no data does not return EAGAIN: it parks the goroutine in the
// runtime's poller. Instead call [syscall.Read] in the function that you give to Read
// of its [syscall.RawConn], and return true from it.
//
// A bufio.Reader, or a TLS connection, may hold data that it has read already, which
// poll(2) cannot see: use up its buffer before you wait. A read may return part of a
// message, for example from a stream or a serial line. It may also return many
// records, as from inotify, one of which may say that others were lost
// (IN_Q_OVERFLOW).
//
// A result describes the moment of the call. If you close a descriptor and open
// another before you have handled the whole result, the new one may have a number that
// appears later in it. Close after the loop, or [Poller.Attach] a value to each
// registration and compare [Ready].Value.
//
// # Closing
//
// Unregister a descriptor before you close it. Otherwise its number may be reused, and
// Poll would watch the wrong file. Closing a descriptor does not end a wait for it,
// and the kernel keeps the file behind it open while a call waits.
//
// # Goroutines and threads
//
// A call that waits occupies an operating-system thread, and the runtime ends a program
// that has more than 10,000 (debug.SetMaxThreads). Use one Poller for many descriptors
// rather than many Pollers. While a call is in the kernel the scheduler runs other
// goroutines, so a file whose poll function blocks there delays only that call. The
// exception is [RawPoll].
//
// # Limits and platforms
//
// One call takes as many descriptors as the soft RLIMIT_NOFILE allows
// ([ErrTooManyFds]). The Waker of a Poller that waits counts as one.
//
// The package is for Linux on every architecture that Go supports, and for Darwin on
// amd64 and arm64. Elsewhere it is empty, so that a program that uses it does not
// compile. The Darwin part was written from xnu's sources. It has never run on Darwin,
// only on Linux with a poll(2) that returns early, fails with EAGAIN and writes the
// array back as xnu's does. According to those sources and to bug reports, on Darwin:
//
//   - timeouts are rounded up to milliseconds;
//   - a mask of 0 watches nothing, and with a mask of POLLPRI or POLLHUP alone the
//     kernel may not report the event if ordinary data is waiting: ask for POLLIN too;
//   - POLLPRI is not reported for out-of-band data;
//   - POLLHUP means that the peer has stopped writing, and if you asked for POLLIN too,
//     POLLOUT is then not reported; the write end of a broken pipe reports POLLHUP, not
//     POLLERR;
//   - directories, some devices and on older systems terminals are reported as POLLNVAL
//     although they are open;
//   - if a descriptor is in an array twice, only its last entry is reported.
//
// # When to use something else
//
// Packages os and net wait in the Go runtime, without a thread for each wait. Use them
// for all that they can open, and [os.NewFile] for the rest: if such a descriptor (a
// terminal, a pty, a FIFO, a socket from elsewhere) is in non-blocking mode, the file
// supports deadlines, and its Close ends a Read.
//
// For thousands of descriptors, most of them idle, use epoll(7) or kqueue(2): poll(2)
// checks each descriptor on every call.
package poll
