//go:build linux || darwin || freebsd || netbsd

// The methods that change a Poller's set. A change takes effect immediately, even for a Poll
// that is waiting.

package poll

import (
	"errors"
	"io/fs"
	"runtime"
	"strings"
	"syscall"
)

// Register adds fd to the set, with a mask of the events to wait for. Several masks are
// ORed. With none, the mask is POLLIN, POLLPRI and POLLOUT, as in Python; note that most
// descriptors are nearly always ready for POLLOUT. With a mask of 0 only POLLERR, POLLHUP
// and POLLNVAL are reported (on Darwin nothing; on FreeBSD a hang-up does not end a wait on
// a socket or a pty). If fd is already registered, it gets the new mask, keeps its value, and
// is enabled if it was disabled.
//
// Register does not check whether fd is open: Poll reports POLLNVAL while it is not. A
// waiting Poll starts to watch fd. A set holds one mask for each fd: if two parts of a program
// need different masks, let each dup(2) the descriptor or have its own Poller.
//
// The errors are EBADF, if fd is negative or over math.MaxInt32, and ErrClosed. The cost is
// O(1). It allocates only when the set grows beyond its largest size so far.
func (p *Poller) Register(fd int, events ...Events) error {
	p.mu.Lock()
	if _, err := p.add(fd, mask(events)); err != nil {
		return p.unlockError("register", fd, err)
	}
	p.unlockChanged()
	return nil
}

func mask(events []Events) (m Events) {
	if len(events) == 0 {
		return POLLIN | POLLPRI | POLLOUT
	}
	for _, e := range events {
		m |= e
	}
	return m
}

// add implements Register and RegisterConn, and returns the index of fd in the set. The
// caller holds mu.
func (p *Poller) add(fd int, events Events) (i int, err error) {
	switch {
	case p.closed:
		return -1, ErrClosed
	case !validFd(fd):
		return -1, syscall.EBADF
	}
	if i = p.set.find(fd); i < 0 {
		i = p.set.add(fd)
	}
	return p.setMask(i, events), nil
}

// setMask enables the registration at i with a mask, and returns its new index.
// The caller holds mu.
func (p *Poller) setMask(i int, events Events) int {
	i = p.set.enable(i)
	p.set.list[i].Events = events
	return i
}

// RegisterConn registers the descriptor of c, which is anything with a SyscallConn method,
// such as an *os.File or a *net.TCPConn. (Assert a net.Conn or net.Listener to
// syscall.Conn.) It returns the descriptor, which identifies c in results and in calls of
// Unregister. RegisterConn does not change the blocking mode of c.
//
// RegisterConn registers the descriptor while c holds it open, so a concurrent Close cannot
// make it register another file. After that, unregister the descriptor before you close c.
// The Poller keeps c reachable while it is registered, so the garbage collector does not close
// it. The value of the registration is c, replacing any earlier one, until Attach changes it.
//
// Some events are reported only once, to the first poll that sees them (see Events in the
// package documentation). If package os opened the file, the Go runtime may be first: use
// syscall.Open and Register.
//
// The errors are those of c, for example if it is closed; EINVAL if c is nil, a nil pointer
// or a new(os.File); EBADF if c gives no descriptor; and ErrClosed. RegisterConn also returns
// EINVAL if a method of c dereferences a nil pointer, since that is how it recognizes a bad c.
// Other panics pass through. An error leaves every registration as it was, with one
// exception: if Control of c fails after it has called back, which no type in os or net does,
// changes that other goroutines made to that registration in the meantime may be lost.
//
// The cost is that of Register, that of Attach, and one or two small allocations.
func (p *Poller) RegisterConn(c syscall.Conn, events ...Events) (fd int, err error) {
	var before registration
	var called bool
	fd, err = -1, syscall.EBADF // if c never calls back
	failed := control(c, func(n uintptr) {
		if called {
			return
		}
		called, fd = true, int(n)
		p.mu.Lock()
		before = p.set.get(fd)
		var i int
		if i, err = p.add(fd, mask(events)); err != nil {
			p.mu.Unlock()
			return
		}
		p.set.setExtra(i, extra{value: c, conn: &c})
		p.unlockChanged()
	})
	about := fd
	switch {
	case failed != nil:
		about, err = -1, failed
	case err == nil:
		return fd, nil
	}
	p.mu.Lock()
	if p.closed {
		err = ErrClosed
	}
	if i := p.set.find(fd); i >= 0 && p.set.extra(i).conn == &c {
		p.set.put(i, before)
		p.unlockChanged()
	} else {
		p.mu.Unlock()
	}
	return -1, &Error{"register", about, err}
}

// control calls f with the descriptor of c. For the kinds of nil c, the methods of packages
// os and net panic or return os.ErrInvalid or EINVAL; control returns EINVAL for all of them.
func control(c syscall.Conn, f func(fd uintptr)) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if !isNilPanic(r) {
				panic(r)
			}
			err = syscall.EINVAL
		}
	}()
	rc, err := c.SyscallConn()
	if err == nil {
		err = rc.Control(f)
	}
	if errors.Is(err, fs.ErrInvalid) {
		return syscall.EINVAL
	}
	return err
}

// isNilPanic reports whether r comes from a nil pointer dereference, or from a value method
// called on a nil pointer. It recognizes the former by causing one and comparing.
func isNilPanic(r any) (is bool) {
	if e, ok := r.(runtime.Error); ok && strings.HasPrefix(e.Error(), "value method ") {
		return true // panicwrap in runtime/error.go
	}
	defer func() { is = r == recover() }()
	var p *int
	*p = 0
	return false
}

// Attach sets the value that Poll returns as Ready.Value with every event of fd, for example
// a connection's state. Without Attach it is nil. A waiting Poll uses the value that is
// current when it returns. Unregister drops the value, and a new registration of the same
// number starts with nil. The Poller keeps the value reachable until the first Poll after
// Unregister, or until Close.
//
// The errors are ErrNotRegistered and ErrClosed. The first value in a Poller allocates
// memory for one in every registration. After that the cost is O(1).
func (p *Poller) Attach(fd int, value any) error {
	p.mu.Lock()
	i := p.set.find(fd)
	if i < 0 {
		return p.unlockAbsent("attach", fd)
	}
	x := p.set.extra(i)
	x.value = value
	p.set.setExtra(i, x)
	p.mu.Unlock()
	return nil
}

// Modify replaces the mask of fd, also for a Poll that is waiting, and enables fd if it was
// disabled. The errors are ErrNotRegistered and ErrClosed. The cost is O(1), and it
// allocates nothing.
func (p *Poller) Modify(fd int, events Events) error {
	p.mu.Lock()
	i := p.set.find(fd)
	if i < 0 {
		return p.unlockAbsent("modify", fd)
	}
	p.setMask(i, events)
	p.unlockChanged()
	return nil
}

// Disable makes Poll ignore fd, but keeps the registration with its mask and value. Poll
// reports nothing about it, not even POLLERR, POLLHUP or POLLNVAL. Modify, Register or
// RegisterConn enables it again, even with a mask of 0. A Poll in progress continues without
// fd. Anything it has already found for fd is dropped, even if fd is enabled again before it
// returns.
//
// Use it to hand fd to another goroutine, which enables it when it is done, as with epoll's
// EPOLLONESHOT; to stop reading from a peer for a while; or for a descriptor that would be
// reported on every call, such as the master of a pty whose slave was closed.
//
// The errors are ErrNotRegistered and ErrClosed. Disabling twice is no error. The cost is
// O(1), it allocates nothing, and Poll leaves fd out of its system call.
func (p *Poller) Disable(fd int) error {
	p.mu.Lock()
	i := p.set.find(fd)
	if i < 0 {
		return p.unlockAbsent("disable", fd)
	}
	p.set.disable(i)
	p.unlockChanged()
	return nil
}

// Unregister removes fd from the set, whether it is open or not. No Poll that returns later
// reports this registration, even if the number is reused. An event that the kernel reports
// only once, such as that of a pressure-stall trigger, is lost if Poll has not yet returned
// it.
//
// On Linux the kernel keeps a file open while a call waits on it, even after close(2). A
// waiting Poll releases the file soon after Unregister has returned. Until then a listener's
// address, for example, may still be in use.
//
// The errors are ErrNotRegistered and ErrClosed. The cost is O(1), and it allocates nothing.
// The memory of a large set is kept for later registrations.
func (p *Poller) Unregister(fd int) error {
	p.mu.Lock()
	i := p.set.find(fd)
	if i < 0 {
		return p.unlockAbsent("unregister", fd)
	}
	p.set.remove(i)
	p.unlockChanged()
	return nil
}

// Registered returns the mask of fd, and whether fd is registered. A disabled fd is
// registered. The cost is O(1).
func (p *Poller) Registered(fd int) (events Events, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := p.set.find(fd); i >= 0 {
		return p.set.list[i].Events, true
	}
	return 0, false
}

// Len returns the number of registered descriptors, disabled ones included. It is 0 after
// Close.
func (p *Poller) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.set.list)
}
