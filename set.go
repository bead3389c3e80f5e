//go:build linux || darwin

// The set that a Poller keeps: one slot a descriptor in p.fds, in the form that
// the kernel takes, and a hash table that finds the slot.

package poll

import (
	"math"
	"runtime"
	"syscall"
)

// Register adds fd to the set, to be watched for events; several masks are
// OR-ed. Without any it is POLLIN|POLLPRI|POLLOUT; with an explicit 0 only
// what needs no asking is reported (on Darwin, nothing). A descriptor that is
// registered already gets the new mask and counts once.
//
// Whether fd is open is not looked at: Poll says POLLNVAL until it is open or
// unregistered. A Poll that is waiting watches fd from now on.
//
// The errors are EBADF, if fd is negative or over math.MaxInt32, and
// ErrClosed. It costs O(1), and allocates only if the set has never been as
// large.
func (p *Poller) Register(fd int, events ...Events) error {
	p.mu.Lock()
	if err := p.add(fd, mask(events)); err != nil {
		return p.fail("register", fd, err)
	}
	p.changed()
	return nil
}

// RegisterConn is Register for the descriptor of anything with a SyscallConn
// method: an *os.File, a *net.TCPConn, a listener. It returns the number, by
// which Poll will name it and by which it is unregistered.
//
// The mode of c, blocking or not, stays as it was. Until Unregister the Poller
// keeps c reachable, so that it is not closed as garbage; it does not keep it
// from being closed otherwise. If its descriptor is registered already, c
// takes the place of what was kept for it.
//
// What the kernel reports only once, a pressure-stall trigger or a change of
// /proc/self/mounts, the runtime may see first if it waits for c as well, as it
// does for what package os opens. Use Register and a number of your own there.
//
// The errors are those of c, if it is closed for example, EINVAL if c is nil,
// EBADF if it has no descriptor, and ErrClosed. After an error nothing is
// registered.
func (p *Poller) RegisterConn(c syscall.Conn, events ...Events) (fd int, err error) {
	fd = -1
	rc, err := rawConn(c)
	if err == nil {
		err = rc.Control(func(s uintptr) { fd = int(s) })
	}
	if err != nil {
		return -1, &Error{"register", -1, err}
	}
	p.mu.Lock()
	if err := p.add(fd, mask(events)); err != nil {
		return -1, p.fail("register", fd, err)
	}
	if p.kept == nil {
		p.kept = make(map[int32]any)
	}
	p.kept[int32(fd)] = c
	p.changed()
	return fd, nil
}

// rawConn is c.SyscallConn, for a nil c too, of whatever type: some methods of
// package net panic then.
func rawConn(c syscall.Conn) (rc syscall.RawConn, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case runtime.Error:
			err = syscall.EINVAL
		default:
			panic(r)
		}
	}()
	if rc, err = c.SyscallConn(); rc == nil && err == nil {
		err = syscall.EINVAL
	}
	return rc, err
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

// add is what both kinds of registering share. It is called with mu held.
func (p *Poller) add(fd int, events Events) error {
	if fd < 0 || fd > math.MaxInt32 {
		return syscall.EBADF
	}
	if p.closed {
		return ErrClosed
	}
	if p.fds == nil {
		p.init()
	}
	b := p.bucket(int32(fd))
	if s := p.table[b]; s != 0 {
		p.fds[s].Events = events
		return nil
	}
	p.table[b] = int32(len(p.fds))
	p.fds = append(p.fds, PollFd{Fd: int32(fd), Events: events})
	if 4*(len(p.fds)-p.holes) > 3*len(p.table) {
		p.grow()
	}
	return nil
}

// fail releases mu and returns the error of an operation.
func (p *Poller) fail(op string, fd int, err error) error {
	p.mu.Unlock()
	return &Error{op, fd, err}
}

// Modify replaces the mask of a registered descriptor, for a Poll that is
// waiting, too. The errors are ErrNotRegistered and ErrClosed. It costs O(1)
// and allocates nothing.
func (p *Poller) Modify(fd int, events Events) error {
	p.mu.Lock()
	_, s := p.find(fd)
	if s == 0 {
		return p.fail("modify", fd, p.absent())
	}
	p.fds[s].Events = events
	p.changed()
	return nil
}

// Unregister takes fd out of the set, open or not. No Poll that returns later
// names this registration, whatever becomes of the number. A Poll that is
// waiting lets go of the file, which the kernel keeps open for as long as it
// is waited for, even after close(2).
//
// The errors are ErrNotRegistered and ErrClosed. It costs O(1) and allocates
// nothing.
func (p *Poller) Unregister(fd int) error {
	p.mu.Lock()
	b, s := p.find(fd)
	if s == 0 {
		return p.fail("unregister", fd, p.absent())
	}
	p.vacate(b)
	if s < p.polled {
		p.fds[s].Fd = -1
		p.holes++
	} else {
		p.cut(s)
	}
	if p.kept != nil {
		delete(p.kept, int32(fd))
	}
	p.changed()
	return nil
}

// absent says why a descriptor has no slot.
func (p *Poller) absent() error {
	if p.closed {
		return ErrClosed
	}
	return ErrNotRegistered
}

// Registered returns the mask of fd, and whether it is registered. It costs
// O(1).
func (p *Poller) Registered(fd int) (events Events, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, s := p.find(fd); s != 0 {
		return p.fds[s].Events, true
	}
	return 0, false
}

// Len returns how many descriptors are registered; a closed Poller has none.
func (p *Poller) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(len(p.fds)-1, 0) - p.holes
}

// The table holds slot numbers, 0 for none, by open addressing with linear
// probing. The key of an entry is the descriptor in its slot, so that four
// bytes an entry are enough where a map takes fifteen and more, and a lookup
// costs a third of one in a map. Multiplication by 2^32 divided by the golden
// ratio spreads runs of descriptors, which is how the kernel gives them out,
// evenly over the table (Knuth, The Art of Computer Programming 3, 6.4). The
// shift before it is for sets with gaps of a Fibonacci number between each two,
// which it would put side by side.

const minShift = 29 // of 32: eight entries

// init gives a zero Poller its slot 0 and its table.
func (p *Poller) init() {
	p.fds = append(p.fds, PollFd{Fd: -1})
	p.table = make([]int32, 1<<(32-minShift))
	p.shift = minShift
}

func (p *Poller) hash(fd int32) int {
	x := uint32(fd)
	return int((x ^ x>>7) * 0x9e3779b9 >> p.shift)
}

// find returns the slot of fd, or 0, and the bucket that holds it.
func (p *Poller) find(fd int) (b, s int) {
	if p.table == nil || fd < 0 || fd > math.MaxInt32 {
		return 0, 0
	}
	b = p.bucket(int32(fd))
	return b, int(p.table[b])
}

// bucket returns where the table has fd's slot, or would have it.
func (p *Poller) bucket(fd int32) int {
	mask := len(p.table) - 1
	b := p.hash(fd)
	for s := p.table[b]; s != 0 && p.fds[s].Fd != fd; s = p.table[b] {
		b = (b + 1) & mask
	}
	return b
}

// vacate empties bucket b, and moves back the entries behind it that probing
// would no longer find.
func (p *Poller) vacate(b int) {
	mask := len(p.table) - 1
	for i := (b + 1) & mask; p.table[i] != 0; i = (i + 1) & mask {
		// The entry may move to b if that is no further from its hash than it
		// is itself: if its hash is not in (b, i].
		if h := p.hash(p.fds[p.table[i]].Fd); (i-h)&mask >= (i-b)&mask {
			p.table[b] = p.table[i]
			b = i
		}
	}
	p.table[b] = 0
}

// cut removes slot s from fds, by putting the last one in its place.
func (p *Poller) cut(s int) {
	last := len(p.fds) - 1
	if f := p.fds[last]; s != last && f.Fd >= 0 {
		p.table[p.bucket(f.Fd)] = int32(s)
		p.fds[s] = f
	}
	p.fds = p.fds[:last]
}

// grow doubles the table, which is done when it is three quarters full.
func (p *Poller) grow() {
	p.table = make([]int32, 2*len(p.table))
	p.shift--
	for s, f := range p.fds {
		if s > 0 && f.Fd >= 0 {
			p.table[p.bucket(f.Fd)] = int32(s)
		}
	}
}
