//go:build linux || darwin || freebsd || netbsd

// The methods that change a Poller's set. A change takes effect immediately, even for a
// Poll that is waiting.

package poll

import "syscall"

// Register adds fd to the set, with a mask of the events to wait for. Several masks are
// ORed. With none, the mask is POLLIN, POLLPRI and POLLOUT, as in Python; note that most
// descriptors are nearly always ready for POLLOUT. With a mask of 0 only POLLERR, POLLHUP
// and POLLNVAL are reported, with exceptions on the systems other than Linux (see the
// package documentation). If fd is already registered, it gets the new mask, keeps its
// value, and is enabled if it was disabled.
//
// Register does not check whether fd is open: Poll reports POLLNVAL while it is not (on
// Darwin only if the mask is not 0). A waiting Poll starts to watch fd. A set has one mask
// for each fd: if two parts of a program need different masks, let each dup(2) the
// descriptor or have its own Poller.
//
// The errors are EBADF, if fd is negative or over math.MaxInt32, and ErrClosed. The cost is
// O(1). It allocates when the set grows beyond its largest size so far, and for the first
// of each 512 numbers. A large fd costs 8 bytes for each 512 numbers below it, once.
func (p *Poller) Register(fd int, events ...Events) error {
	if err := p.add(fd, events, nil); err != nil {
		return &Error{"register", fd, err}
	}
	return nil
}

// add implements Register and RegisterConn. Only the latter has a conn.
func (p *Poller) add(fd int, events []Events, conn *syscall.Conn) error {
	p.mu.Lock()
	defer p.unlock()
	switch {
	case p.closed:
		return ErrClosed
	case !validFd(fd):
		return syscall.EBADF
	}
	mask := POLLIN | POLLPRI | POLLOUT
	if len(events) > 0 {
		mask = 0
	}
	for _, e := range events {
		mask |= e
	}
	i := p.set.modify(p.set.add(fd), mask)
	if conn != nil {
		p.set.attach(i, attachment{*conn, conn})
	}
	return nil
}

// RegisterConn registers the descriptor of c, which is anything with a SyscallConn method,
// such as an *os.File or a *net.TCPConn. (Assert a net.Conn or net.Listener to
// syscall.Conn.) It returns the descriptor, which identifies c in results and in calls of
// Unregister. RegisterConn does not change the blocking mode of c.
//
// RegisterConn registers the descriptor while c holds it open, so a concurrent Close cannot
// make it register another file. The Poller keeps c reachable while it is registered, so
// the garbage collector does not close it. The value of the registration is c, replacing
// any earlier one, until Attach changes it.
//
// Do not use the Fd method of an *os.File instead: it sets the file to blocking mode
// (except one that os.NewFile made of a non-blocking descriptor), and after that Close no
// longer ends a Read. Control of the conn that SyscallConn returns gives the descriptor
// too.
//
// The errors are those of c's methods, for example if it is closed; EINVAL if c is a nil
// interface; EBADF if c gives no descriptor; and ErrClosed. A panic of c's methods passes
// through. An error leaves every registration as it was, unless Control of c fails after it
// has called back, which no type in os or net does: then the registration is removed. If c
// breaks the contract of syscall.RawConn, for example by calling back later or twice, the
// result is undefined.
//
// The cost is that of Register, that of Attach, and one or two small allocations.
func (p *Poller) RegisterConn(c syscall.Conn, events ...Events) (fd int, err error) {
	if c == nil {
		return -1, &Error{"register", -1, syscall.EINVAL}
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return -1, &Error{"register", -1, err}
	}
	fd, err = -1, syscall.EBADF // if c never calls back
	failed := raw.Control(func(n uintptr) {
		fd = int(n)
		err = p.add(fd, events, &c)
	})
	about := fd
	if failed != nil {
		p.removeConn(fd, &c)
		about, err = -1, failed
	}
	if err != nil {
		return -1, &Error{"register", about, err}
	}
	return fd, nil
}

// removeConn removes the registration of fd if it still is the one made with conn.
func (p *Poller) removeConn(fd int, conn *syscall.Conn) {
	p.mu.Lock()
	defer p.unlock()
	if i := p.set.find(fd); i >= 0 && p.set.attachment(i).conn == conn {
		p.set.remove(i)
	}
}

// find returns the index of fd in the set, or the error of op. The caller holds mu.
func (p *Poller) find(op string, fd int) (i int, err error) {
	switch i = p.set.find(fd); {
	case i >= 0:
		return i, nil
	case p.closed:
		return -1, &Error{op, fd, ErrClosed}
	}
	return -1, &Error{op, fd, ErrNotRegistered}
}

// Attach sets the value that Poll returns as Ready.Value with every event of fd, for
// example a connection's state. Without Attach it is nil. A waiting Poll uses the value
// that is current when it returns. Unregister drops the value, and a new registration of
// the same number starts with nil. The Poller keeps the value reachable until the first
// Poll after Unregister, or until Close.
//
// The errors are ErrNotRegistered and ErrClosed. The cost is O(1), except that the first
// value in a Poller allocates room for a value in every registration.
func (p *Poller) Attach(fd int, value any) error {
	p.mu.Lock()
	defer p.unlock()
	i, err := p.find("attach", fd)
	if err == nil {
		p.set.attach(i, attachment{value, p.set.attachment(i).conn})
	}
	return err
}

// Modify replaces the mask of fd, also for a Poll that is waiting, and enables fd if it was
// disabled. The errors are ErrNotRegistered and ErrClosed. The cost is O(1), and it
// allocates nothing.
func (p *Poller) Modify(fd int, events Events) error {
	p.mu.Lock()
	defer p.unlock()
	i, err := p.find("modify", fd)
	if err == nil {
		p.set.modify(i, events)
	}
	return err
}

// Disable keeps the registration of fd, with its mask and value, but Poll reports nothing
// about fd until Modify, Register or RegisterConn enables it again (a new mask of 0 enables
// it too). A Poll in progress continues without fd. Anything it has already found for fd is
// dropped, even if fd is enabled again before it returns, and even if the kernel reports it
// only once. Compare:
//
//	Disable(fd)     nothing is reported; the mask and the value are kept
//	Modify(fd, 0)   POLLERR, POLLHUP and POLLNVAL are still reported (see Register)
//	Unregister(fd)  nothing is reported; the registration and its value are gone
//
// Use it to hand fd to another goroutine, which enables it when it is done; to stop reading
// from a peer for a while; or for a descriptor that would be reported on every call, such
// as the master of a pty whose slave was closed. Nothing reports that the slave is open
// again: enable the master when you know, or try from time to time.
//
// The errors are ErrNotRegistered and ErrClosed. Disabling twice is no error. The cost is
// O(1), it allocates nothing, and Poll leaves fd out of its system call.
func (p *Poller) Disable(fd int) error {
	p.mu.Lock()
	defer p.unlock()
	i, err := p.find("disable", fd)
	if err == nil {
		p.set.disable(i)
	}
	return err
}

// Unregister removes fd from the set, whether it is open or not. No Poll that returns later
// reports this registration, even if the number is reused. An event that the kernel reports
// only once, such as that of a pressure-stall trigger, is lost if Poll has not yet returned
// it.
//
// On Linux the kernel keeps a file open while a call waits on it, even after close(2). A
// Poll in progress releases the file soon after Unregister has returned. Until then a
// listener's address, for example, may still be in use.
//
// The errors are ErrNotRegistered and ErrClosed. The cost is O(1), and it allocates
// nothing. The memory of a large set is kept for later registrations.
func (p *Poller) Unregister(fd int) error {
	p.mu.Lock()
	defer p.unlock()
	i, err := p.find("unregister", fd)
	if err == nil {
		p.set.remove(i)
	}
	return err
}

// Registered returns the mask of fd, and whether fd is registered. A disabled fd is
// registered. The cost is O(1).
func (p *Poller) Registered(fd int) (events Events, ok bool) {
	p.mu.Lock()
	defer p.unlock()
	if i := p.set.find(fd); i >= 0 {
		return p.set.list[i].events, true
	}
	return 0, false
}

// Len returns the number of registered descriptors, disabled ones included. It is 0 after
// Close.
func (p *Poller) Len() int {
	p.mu.Lock()
	defer p.unlock()
	return len(p.set.list)
}
