// Package poll is poll(2), straight from the kernel, for Linux and Darwin: it
// waits until one of a set of descriptors is ready to be read or written, or
// has something else to report. It is for what Go's own runtime can't wait on:
// a GPIO edge, a serial line, a pty, a pressure-stall trigger, a socket that
// somebody else has opened.
//
// # A first program
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
//		fmt.Println(r) // fd 3: POLLIN
//		// Read from r.Fd, or it is ready again at once.
//	}
//
// # Two layers
//
// A [Poller] keeps the set between calls, any goroutine may change it while
// another one waits, and a wait can be ended from outside: by [Poller.Wake], by
// a context, by [Poller.Close]. A Poll that has something to report when it is
// woken returns that: look at what the wake-up was for after every return, not
// only after an empty one. The function [Poll] is the bare system call over
// an array of the caller's own: for a descriptor or two, or where nothing else
// is wanted.
//
// # Timeouts
//
//	< 0   wait until there is something to report (Forever)
//	== 0  look, and never wait
//	> 0   wait at most that long; never return empty-handed earlier
//
// Every [time.Duration] is honoured; Darwin rounds up to milliseconds. Signals
// don't show.
//
// # Events
//
// poll(2) is level-triggered: it reports what is so now, on every call until it
// has been dealt with. What that is in practice, on Linux:
//
//   - POLLIN: a read does not block. That is so at the end of a stream, too,
//     except for a pipe's, and for a listening socket with a connection to
//     accept. Regular files and directories are always ready, both ways.
//   - POLLOUT: a write does not block; a long one still may. A connect(2) that
//     was begun is over, well or with POLLERR|POLLHUP. Don't ask for it while
//     there is nothing to write: it is nearly always so.
//   - POLLPRI: out-of-band data on a socket, an edge on a GPIO value file, a
//     pressure-stall trigger, a change of /proc/self/mounts. The last two are
//     reported once, to whoever asks first. That may be Go's runtime if package
//     os has opened the file: use [syscall.Open], and register the number.
//   - POLLHUP: the other side is gone. Bytes may be left: read until there are
//     none, then unregister, then close. An empty pipe has POLLHUP without
//     POLLIN; a tty has POLLERR besides, and a pty's master reads EIO then. A
//     stream socket whose peer has only stopped writing has POLLIN|POLLRDHUP,
//     if asked for.
//   - POLLERR: on the write end of a pipe, nobody reads any more; on a socket,
//     an error that getsockopt(2) SO_ERROR takes.
//   - POLLNVAL: the descriptor is not open.
//
// POLLERR, POLLHUP and POLLNVAL need no asking; a mask of 0 asks for just them.
// They end every wait at once until the descriptor is unregistered: a loop that
// spins has most likely closed a descriptor without that.
//
// # Closing
//
// Unregister, then close. The other way round the number may be given out again
// in between, and Poll reports on a stranger. To close a descriptor does not end
// a wait for it; to unregister it makes a waiting Poll let go of it, without
// which the kernel keeps the file open until the wait is over.
//
// # Goroutines and threads
//
// A wait holds an operating-system thread, and the runtime ends a program that
// has 10,000 of them: use one Poller for many descriptors, not many Pollers.
// Any goroutine may use it, with one Poll at a time.
//
// # Limits and platforms
//
// A call takes as many descriptors as RLIMIT_NOFILE says ([ErrTooManyFds]), and
// the one that a waiting Poller is woken by is among them. A look at up to 128
// descriptors is a raw system call, which Go's scheduler is not told of: it must
// not meet a file of a FUSE file system that the same process serves. On Darwin
// a mask of 0 watches nothing, and terminals and some devices are POLLNVAL
// although open.
//
// The package is for Linux on every architecture that Go has, and for Darwin,
// written from its sources and never run. Elsewhere it is empty.
//
// # When to use something else
//
// Packages net and os wait through the runtime, which costs no thread: use them
// wherever they can open what you have. For many descriptors that are mostly
// idle and seldom change use epoll or kqueue: poll(2) asks each on every call.
package poll
