//go:build linux || darwin || freebsd

// The Poller: registering, waiting and waking.

package poll

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Poller is a set of descriptors to poll again and again, each with the events
// to wait for. The zero value is an empty Poller, ready to use. It must not be
// copied.
//
// Every method may be called from any goroutine at any time, but only one Poll or
// PollContext at a time. What is said below of a Poll holds for PollContext too.
//
// A Poller does not own the registered descriptors and never closes them.
// Unregister a descriptor before you close it: otherwise its number may be
// reused, and Poll would watch the wrong file. A Poller has a Waker of its own,
// made by the first Poll that may wait. Close frees it, after the Poll under way if
// there is one, and so does the garbage collector once the Poller is not reachable.
type Poller struct {
	// mu guards everything but asked, and is not held across a call that may wait.
	//
	// The kernel polls asked, which belongs to the call under way and is made from
	// set again after a change. When the kernel returns, an entry of asked counts if
	// its number was registered when asked was made and has stayed so. Its mask and
	// value are then taken from set.
	//
	// A change, Wake and Close end a wait: the goroutine that finds waiting set clears
	// it, unlocks mu and signals wake. A signal that comes late ends a later wait,
	// which then waits again. wake is entry 0 of asked and never has a registered
	// number. Only the call under way, or Close if there is none, makes, moves and
	// closes it; others only call its Wake.
	mu      sync.Mutex
	set     set
	changed bool // set, since asked was made
	asked   []PollFd
	polling bool // a call is under way
	waiting bool // a call may wait, and nobody has ended that yet
	woken   bool // Wake was called after the last empty return
	closed  bool
	wake    *Waker // nil until needed
	ready   []Ready
	guess   guess
}

// Register adds fd to the set of registered descriptors, with a mask of the events
// to watch it for. Several masks are ORed. With none, the mask is POLLIN, POLLPRI
// and POLLOUT, as in Python, but most descriptors are nearly always ready for
// POLLOUT. With a mask of 0 only POLLERR, POLLHUP and POLLNVAL are reported (on
// Darwin, nothing). If fd is registered already it gets the new mask, keeps its
// value, and is still one registration.
//
// Register does not check whether fd is open: Poll reports POLLNVAL while it is not.
// A waiting Poll watches fd from now on.
//
// The errors are EBADF, if fd is negative or over math.MaxInt32, and ErrClosed.
// The cost is O(1). It allocates only when the set grows beyond its largest size.
func (p *Poller) Register(fd int, events ...Events) error {
	p.mu.Lock()
	if err := p.add(fd, mask(events)); err != nil {
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

// add is called with mu locked.
func (p *Poller) add(fd int, events Events) error {
	switch {
	case p.closed:
		return ErrClosed
	case !validFd(fd):
		return syscall.EBADF
	}
	r := p.set.find(fd)
	if r == nil {
		r = p.set.add(fd)
	}
	p.setMask(r, events, registered|masked)
	return nil
}

// RegisterConn registers the descriptor of c, which is anything with a SyscallConn
// method, such as an *os.File or a *net.TCPConn. (A net.Conn or net.Listener must be
// asserted to syscall.Conn.) It returns the descriptor, by which to recognize it in
// a result and to unregister it. The mode of c, blocking or not, is unchanged.
//
// c holds its descriptor open while it is being registered, so the right file is
// registered even if c is closed at the same time. Afterwards, unregister it before
// you close c. The Poller keeps c reachable while it is registered, so that it is not
// closed as garbage. The value of the registration is c, in place of any earlier one,
// until Attach changes it.
//
// Some events are reported only once: those of a pressure-stall trigger or of
// /proc/self/mounts. The Go runtime may consume them first if it watches c too, as it
// does for files that package os has opened. For those use syscall.Open and Register.
//
// The errors are those of c, for example if it is closed; EINVAL if c is nil, a
// nil pointer or a new(os.File); EBADF if c gives no descriptor; and ErrClosed. After
// an error every registration is as it was. The cost is that of Register, plus a map
// entry.
func (p *Poller) RegisterConn(c syscall.Conn, events ...Events) (fd int, err error) {
	fd, err = -1, syscall.EBADF // if c never calls back
	var undo func()
	failed := control(c, func(n uintptr) {
		fd = int(n)
		undo, err = p.addConn(c, fd, mask(events))
	})
	switch {
	case failed != nil:
		p.mu.Lock()
		if p.closed {
			failed = ErrClosed
		}
		if undo == nil {
			return -1, p.unlockError("register", -1, failed)
		}
		undo()
		p.unlockChanged()
		return -1, &Error{"register", -1, failed}
	case err != nil:
		return -1, &Error{"register", fd, err}
	}
	return fd, nil
}

// control calls f with the descriptor of c. If c is nil in any form, methods of packages
// os and net panic or return os.ErrInvalid, which is no errno.
func control(c syscall.Conn, f func(fd uintptr)) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if e, ok := r.(runtime.Error); !ok || !strings.Contains(e.Error(), " nil ") {
				panic(r)
			}
			err = syscall.EINVAL
		}
	}()
	rc, err := c.SyscallConn()
	if err == nil {
		err = rc.Control(f)
	}
	if err != nil && err.Error() == syscall.EINVAL.Error() {
		return syscall.EINVAL
	}
	return err
}

// addConn locks mu. undo, to be called with mu locked, keeps what other calls have
// changed since.
func (p *Poller) addConn(c syscall.Conn, fd int, events Events) (undo func(), err error) {
	p.mu.Lock()
	r, old := p.set.find(fd), p.set.extras[int32(fd)]
	var before Events
	if r != nil {
		before = r.Events
	}
	var since changes
	if old != nil {
		since = old.since
	}
	if err := p.add(fd, events); err != nil {
		p.mu.Unlock()
		return nil, err
	}
	x := &extra{conn: c, value: c}
	p.set.setExtra(fd, x)
	p.unlockChanged()

	undo = func() {
		if p.set.extras[int32(fd)] != x {
			x.undo = undo // another RegisterConn has come between, and may fail too
			return
		}
		now := p.set.find(fd)
		if r == nil && x.since&registered == 0 {
			p.set.remove(now)
		} else {
			if x.since&masked == 0 {
				now.Events = before
			}
			if x.since&attached != 0 {
				if old == nil {
					old = new(extra)
				}
				old.value = x.value
			}
			if old != nil {
				old.since = since | x.since
			}
			p.set.setExtra(fd, old)
		}
		if old != nil && old.undo != nil {
			old.undo()
		}
	}
	return undo, nil
}

// Attach sets the value that Poll returns as Ready.Value with every event of fd,
// for example a connection's state. A waiting Poll uses the value that is current
// when it returns. Unregister drops the value, and a new registration of the number
// starts with nil. The Poller keeps the value reachable until the first Poll after
// Unregister, or until Close.
//
// The errors are ErrNotRegistered and ErrClosed. The cost is O(1), plus a map entry
// for each registration with a value.
func (p *Poller) Attach(fd int, value any) error {
	p.mu.Lock()
	r := p.set.find(fd)
	if r == nil {
		return p.unlockAbsent("attach", fd)
	}
	if x := p.set.extras[r.Fd]; x != nil {
		x.value = value
		x.since |= attached
	} else if value != nil {
		p.set.setExtra(fd, &extra{value: value})
	}
	p.mu.Unlock()
	return nil
}

// Modify replaces the mask of fd, also in a Poll that is waiting. The errors are
// ErrNotRegistered and ErrClosed. The cost is O(1), and it allocates nothing.
func (p *Poller) Modify(fd int, events Events) error {
	p.mu.Lock()
	r := p.set.find(fd)
	if r == nil {
		return p.unlockAbsent("modify", fd)
	}
	p.setMask(r, events, masked)
	p.unlockChanged()
	return nil
}

func (p *Poller) setMask(r *PollFd, events Events, by changes) {
	r.Events = events
	if p.set.extras != nil {
		if x := p.set.extras[r.Fd]; x != nil {
			x.since |= by
		}
	}
}

// Unregister removes fd from the set, whether it is open or not. No Poll that
// returns later reports this registration, even if the number is reused. An event
// that the kernel reports only once, such as that of a pressure-stall trigger, is
// lost if it has happened but Poll has not yet returned it.
//
// The kernel keeps a file open while a call waits for it, even after close(2). A
// waiting Poll releases the file soon after Unregister has returned. Until it does,
// a listener's address, for example, may still be in use.
//
// The errors are ErrNotRegistered and ErrClosed. The cost is O(1), and it
// allocates nothing. The memory of a large set is kept for later registrations.
func (p *Poller) Unregister(fd int) error {
	p.mu.Lock()
	r := p.set.find(fd)
	if r == nil {
		return p.unlockAbsent("unregister", fd)
	}
	p.set.remove(r)
	p.unlockChanged()
	return nil
}

// Registered returns the mask of fd, and whether it is registered. The cost is
// O(1).
func (p *Poller) Registered(fd int) (events Events, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.set.find(fd); r != nil {
		return r.Events, true
	}
	return 0, false
}

// Len returns the number of registered descriptors, which is 0 after Close.
func (p *Poller) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.set.list)
}

// Ready is a descriptor that has something to report.
type Ready struct {
	Fd     int
	Events Events // not 0
	Value  any    // set by Attach or RegisterConn
}

// String returns a text such as "fd 3: POLLIN|POLLHUP".
func (r Ready) String() string {
	return "fd " + strconv.Itoa(r.Fd) + ": " + r.Events.String()
}

// Poll waits until a registered descriptor is ready, and returns those that are,
// in no particular order. The timeout works as in the function Poll. The result is
// empty, with a nil error, if the time is up or Wake was called.
//
// The slice belongs to the Poller. It is valid until the next Poll begins in any
// goroutine. It describes the moment of the call: if you close a descriptor and open
// another before you have handled the whole result, the new one may have the number
// of a descriptor later in the result. Then check that Value is what you have
// attached.
//
// A registered descriptor that is not open is reported as POLLNVAL on every call,
// until it is unregistered or open.
//
// The errors are ErrConcurrentPoll if another call is under way (which goes on
// undisturbed); ErrClosed, also if Close is called during the wait; ErrTooManyFds if
// there are more descriptors than RLIMIT_NOFILE, counting the Waker of a call that
// waits; those of NewWaker; and the kernel's own, such as ENOMEM. If the Waker cannot
// be made, Poll still returns what is ready. None of these errors changes the set.
//
// Poll allocates only if more descriptors are ready than ever before, if the set has
// grown, and for the Waker. Its cost is that of the system call, plus some nanoseconds
// for each registered descriptor if the set has changed. If recent calls have found
// something ready, Poll first polls without waiting, which costs the kernel less.
// While it waits it occupies an operating-system thread.
func (p *Poller) Poll(timeout time.Duration) ([]Ready, error) {
	return p.poll(timeout, nil, nil)
}

// PollContext waits until a registered descriptor is ready, Wake is called, or ctx
// is done. It returns what Poll returns, but ctx.Err() if ctx is done and nothing is
// ready. If ctx is done already it does not poll. A nil ctx is an error, EINVAL.
//
// If it has to wait and ctx can be canceled, it makes a few allocations
// (context.AfterFunc). It leaves no goroutine running.
//
// To use a timeout as well as a context, call Poll and let the context call Wake:
//
//	stop := context.AfterFunc(ctx, func() { p.Wake() })
//	defer stop()
//
// and check ctx.Err() after every return of Poll.
func (p *Poller) PollContext(ctx context.Context) ([]Ready, error) {
	if ctx == nil {
		p.mu.Lock()
		err := p.refuse()
		if err == nil {
			err = syscall.EINVAL
		}
		return nil, p.unlockError("poll", -1, err)
	}
	done := ctx.Done()
	if done == nil {
		return p.Poll(Forever)
	}
	ready, err := p.poll(Forever, done, func(w *Waker) (stop func()) { return wakeOnDone(ctx, w) })
	if err == errDone {
		return nil, ctx.Err()
	}
	return ready, err
}

var errDone = errors.New("done") // PollContext's done is closed

// poll implements Poll, and PollContext by done and arm, which has the Waker woken when
// done is closed. (A program without contexts is smaller for it.) An iteration does not
// wait if the time is up, if Wake was called, or after an error.
func (p *Poller) poll(timeout time.Duration, done <-chan struct{}, arm func(*Waker) (stop func())) (ready []Ready, err error) {
	d := newDeadline(timeout)
	p.mu.Lock()
	if err := p.refuse(); err != nil {
		return nil, p.unlockError("poll", -1, err)
	}
	p.polling = true
	if p.set.extras != nil {
		clear(p.ready) // lets go of the values
	}
	p.ready = p.ready[:0]

	// The first call that may wait does so, and makes wake while descriptors are left.
	if probeFirst && timeout != 0 && p.wake != nil && p.guess.likely() && !isDone(done) {
		_, err = p.pollOnce(&d, false, nil)
		found := len(p.ready) > 0
		p.guess.update(found)
		if !found {
			d.update()
		}
	}
	for len(p.ready) == 0 && !p.closed && !isDone(done) {
		wait := d.left != 0 && !p.woken && err == nil
		n, failed := p.pollOnce(&d, wait, arm)
		if failed != nil {
			err = failed
		}
		if !wait || n == 0 {
			break
		}
		d.update()
	}

	switch {
	case p.closed:
		err = &Error{"poll", -1, ErrClosed}
	case len(p.ready) > 0:
		ready, err = p.ready, nil
	case err != nil:
	case isDone(done):
		err = errDone
	case timeout != 0:
		p.woken = false // this return answers it
	}
	p.polling = false
	p.unlockFree()
	return ready, err
}

// refuse returns why no call can begin, or nil. mu is locked.
func (p *Poller) refuse() error {
	switch {
	case p.closed:
		return ErrClosed
	case p.polling:
		return ErrConcurrentPoll
	}
	return nil
}

func isDone(done <-chan struct{}) bool {
	if done == nil {
		return false // a receive would find out too, but two of them take 29 ns
	}
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// pollOnce unlocks mu, calls the kernel, and locks mu again. n is -1 after an error.
func (p *Poller) pollOnce(d *deadline, wait bool, arm func(*Waker) (stop func())) (n int, err error) {
	if err := p.prepare(wait); err != nil {
		return -1, &Error{"poll", -1, err}
	}
	fds, w := p.asked[1:], p.wake
	if !wait {
		d = &deadline{}
	} else {
		p.asked[0] = PollFd{Fd: int32(w.r), Events: POLLIN}
		fds = p.asked
		p.waiting = true
	}
	p.mu.Unlock()
	if wait && arm != nil {
		stop := arm(w)
		n, err = d.poll(fds)
		stop()
	} else {
		n, err = d.poll(fds)
	}
	p.mu.Lock()
	p.waiting = false
	if err != nil {
		return -1, err
	}
	left := n
	if wait && fds[0].Revents != 0 {
		left--
		if fds[0].Revents == POLLIN {
			w.Reset()
		} else {
			// Somebody has closed an end of w, and may have reused the number.
			w.abandon()
			p.wake = nil
		}
	}
	p.collect(left)
	return n, nil
}

func (p *Poller) prepare(wait bool) error {
	if wait && p.wake == nil {
		w, err := NewWaker()
		if err != nil {
			return err
		}
		p.wake, p.changed = w, true // the set may have its number
	}
	if !p.changed && p.asked != nil {
		return nil
	}
	// If wake has got a registered number, the program has closed that descriptor, and
	// must see POLLNVAL. Numbers only rise, so this ends.
	for w := p.wake; w != nil; {
		fd := w.r
		if p.set.find(fd) == nil {
			fd = w.w
		}
		if p.set.find(fd) == nil {
			break
		}
		if err := w.moveAbove(fd); err != nil {
			w.Close()
			w, p.wake = nil, nil
			if wait {
				return err
			}
		}
	}
	p.asked = p.set.appendTo(append(p.asked[:0], PollFd{}))
	p.changed = false
	return nil
}

// collect appends to ready the n entries of asked that the kernel has marked.
func (p *Poller) collect(n int) {
	for i := 1; n > 0 && i < len(p.asked); i++ {
		f := &p.asked[i]
		if f.Revents == 0 {
			continue
		}
		n--
		r := p.set.find(int(f.Fd))
		if r == nil || r.Revents != listed {
			continue
		}
		events := f.Revents & (r.Events | POLLERR | POLLHUP | POLLNVAL)
		if events == 0 {
			continue
		}
		ready := Ready{Fd: int(r.Fd), Events: events}
		if x := p.set.extras[r.Fd]; x != nil {
			ready.Value = x.value
		}
		p.ready = append(p.ready, ready)
	}
}

// A guess predicts whether polling without waiting would find something. That is
// cheaper, since it enters no wait queues (do_poll in fs/select.c), but wasted if not:
// then the next 1, 3, 7, ... maxSkip calls go without.
type guess struct{ skip, misses uint8 }

const maxSkip = 63

func (g *guess) likely() bool {
	if g.skip > 0 {
		g.skip--
		return false
	}
	return true
}

func (g *guess) update(found bool) {
	if found {
		g.misses = 0
	} else {
		g.misses = min(2*g.misses+1, maxSkip)
	}
	g.skip = g.misses
}

// Wake makes a waiting Poll return an empty result. If none is waiting, the next Poll
// that would wait returns at once. A Wake is never lost. It stays until a Poll that
// was called with a timeout other than 0 returns an empty result and no error; until
// then any number of Wakes count as one. A Poll that has something to report returns
// that, so look for the reason of a Wake after every return, not only an empty one.
//
// Wake never waits, and costs a system call only if a Poll is waiting. It returns
// ErrClosed after Close.
func (p *Poller) Wake() error {
	p.mu.Lock()
	if p.closed {
		return p.unlockError("wake", -1, ErrClosed)
	}
	p.woken = true
	p.unlockWake()
	return nil
}

// Close empties the set and frees what the Poller holds itself, but does not close
// the registered descriptors. A waiting Poll returns ErrClosed, and so does every
// later call of a method that can return an error, including Close.
func (p *Poller) Close() error {
	p.mu.Lock()
	if p.closed {
		return p.unlockError("close", -1, ErrClosed)
	}
	p.closed = true
	p.set, p.ready = set{}, nil
	if p.polling {
		p.unlockWake() // that call frees the rest
	} else {
		p.unlockFree()
	}
	return nil
}

// unlockFree frees what is left if p is closed.
func (p *Poller) unlockFree() {
	var w *Waker
	if p.closed {
		w, p.wake, p.asked = p.wake, nil, nil
	}
	p.mu.Unlock()
	if w != nil {
		w.Close()
	}
}

func (p *Poller) unlockChanged() {
	p.changed = true
	p.unlockWake()
}

// unlockWake wakes the Poll that is waiting, unless somebody has.
func (p *Poller) unlockWake() {
	if !p.waiting {
		p.mu.Unlock()
		return
	}
	p.waiting = false
	w := p.wake
	p.mu.Unlock()
	w.Wake()
}

func (p *Poller) unlockAbsent(op string, fd int) error {
	if p.closed {
		return p.unlockError(op, fd, ErrClosed)
	}
	return p.unlockError(op, fd, ErrNotRegistered)
}

func (p *Poller) unlockError(op string, fd int, err error) error {
	p.mu.Unlock()
	return &Error{op, fd, err}
}
