//go:build linux || darwin || freebsd || netbsd

// The Poller: who waits, who is woken, and what is reported. What changes its set is in
// register.go.

package poll

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// A Poller keeps a set of descriptors to poll again and again, each with a mask of the
// events to wait for. The zero value is an empty Poller, ready to use. It must not be
// copied.
//
// Every method may be called from any goroutine at any time, but only one Poll or
// PollContext may run at a time. Whatever is said of Poll below holds for PollContext too.
//
// A Poller does not own the registered descriptors and never closes them. Unregister a
// descriptor before you close it: otherwise its number may be reused, and Poll would watch
// the wrong file. A Poller has a Waker of its own, made by the first Poll that may wait. Close
// frees the Waker, after the current Poll if there is one. If the Poller becomes unreachable,
// the garbage collector frees the Waker.
type Poller struct {
	// mu guards every field except asked, and is not held across a call that may wait.
	// A method whose name begins with unlock ends the critical section.
	//
	// The kernel is given asked, which only the current call uses. It is rebuilt from set
	// after a change. When the kernel returns, an entry of asked is reported only if its
	// fd has been registered and enabled ever since asked was built. It gets the mask and
	// value that set has when the kernel returns.
	//
	// A change, Wake or Close ends the system call: the goroutine that finds waiting true
	// makes it false, unlocks mu and wakes wake. Until it has done so, others do not
	// either, and the system call may end for another reason, such as its timeout. So if set has changed since asked was built, a call polls once more before
	// it returns empty. If a wake-up comes after the system call that it was meant
	// for has ended, it ends the next one, which is then repeated with the time remaining.
	//
	// wake is entry 0 of asked, and its fd is never a registered one. Only the current
	// call makes it and moves it. The current call closes it. If no call is in progress,
	// Close does, or the garbage collector. Others only call its Wake.
	mu      sync.Mutex
	set     set
	asked   []PollFd
	ready   []Ready // the result of the last call
	wake    *Waker  // nil until a call waits
	changed bool    // set has changed since asked was built
	polling bool    // a call is under way
	waiting bool    // a call waits or is about to, and nobody is ending that
	woken   bool    // Wake was called, and no call has returned empty for it
	closed  bool    // Close was called
	backoff backoff // when to probe
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

// Poll waits until a registered descriptor is ready, and returns those that are, in no
// particular order. The timeout works as in the function Poll. The result is empty, with a
// nil error, if the time is up or Wake was called. Poll reports every descriptor that is
// ready and was registered, modified or enabled before the time was up.
//
// The slice belongs to the Poller and is valid until the next Poll begins, in any
// goroutine. It tells what was ready during the call: if you close a descriptor and open
// another while handling the result, the new one may have the number of a later entry.
// Compare its Value with the one you attached.
//
// A registered descriptor that is not open is reported as POLLNVAL on every call, until it
// is unregistered, disabled or open.
//
// Poll returns ErrConcurrentPoll if another call is in progress (that call goes on); ErrClosed,
// also if Close is called during the wait; ErrTooManyFds if there are more descriptors than the
// kernel allows, counting the Waker of a call that waits; an error of NewWaker; or another
// error of the kernel, such as ENOMEM. If the Waker cannot be made, Poll returns what is ready,
// or the error if nothing is. No error changes the set.
//
// Poll allocates when it makes its Waker, when the set has grown, and when more descriptors
// are ready than in any call before. It costs a system call, plus some nanoseconds for each
// registered descriptor if the set has changed. On Linux, after calls that found something
// ready, Poll first polls with timeout 0, which is cheaper if it finds something again. While
// it waits it occupies an operating-system thread.
func (p *Poller) Poll(timeout time.Duration) ([]Ready, error) {
	return p.poll(timeout, nil, nil)
}

// PollContext is Poll with a context in place of the timeout: it waits until a registered
// descriptor is ready, Wake is called, or ctx is done. If ctx becomes done during the
// call, it still returns the ready descriptors that were registered by then, or ctx.Err() if
// there are none. If ctx was done before the call, it returns ctx.Err() and does not poll. A nil ctx is an error, EINVAL.
//
// If ctx can be canceled, every system call that may wait costs a few allocations
// (context.AfterFunc). PollContext leaves no goroutine running.
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
		err := p.mayBegin()
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

// poll implements Poll and PollContext. For PollContext, done is the context's channel, and
// arm arranges for the Waker to be woken when done is closed. (This keeps most of package
// context out of programs that do not use it.)
func (p *Poller) poll(timeout time.Duration, done <-chan struct{}, arm func(*Waker) (stop func())) (ready []Ready, err error) {
	d := newDeadline(timeout)
	p.mu.Lock()
	if err := p.mayBegin(); err != nil {
		return nil, p.unlockError("poll", -1, err)
	}
	p.polling = true
	if p.set.extras != nil {
		clear(p.ready) // let go of the values
	}
	p.ready = p.ready[:0]

	// Do not probe until wake exists, so that the first call creates it while
	// descriptors are available.
	probe := probeFirst && timeout != 0 && p.wake != nil && p.backoff.isOver()
	ended := isDone(done)
	for polled := ended; ; {
		leave := d.left == 0 || p.woken || err != nil || ended
		if leave && polled {
			break
		}
		wait := !leave && !probe
		n, failed := p.pollOnce(&d, wait, arm)
		if failed != nil {
			err = failed
		}
		if probe {
			p.backoff.record(len(p.ready) > 0)
			probe = false
		}
		if leave || len(p.ready) > 0 || p.closed {
			break // if leave, this poll saw every change made before the reason to leave
		}
		// If the wait timed out and set is unchanged, no further poll is needed. If set
		// has changed, whoever changed it may not have signaled yet.
		polled = wait && n == 0 && !p.changed
		d.update()
		ended = isDone(done)
	}

	switch {
	case p.closed:
		err = &Error{"poll", -1, ErrClosed}
	case len(p.ready) > 0:
		ready, err = p.ready, nil
	case err != nil:
	case ended:
		err = errDone
	case timeout != 0:
		p.woken = false // this return answers it
	}
	p.polling = false
	p.unlockFree()
	return ready, err
}

// mayBegin returns why no call can begin, or nil. The caller holds mu.
func (p *Poller) mayBegin() error {
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
		return false // a receive would do too, but the two in a Poll cost 29 ns
	}
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// pollOnce unlocks mu, calls the kernel, and locks mu again. n counts wake too, and is -1
// after an error.
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
	ready := n
	if wait && fds[0].Revents != 0 {
		ready--
		if fds[0].Revents == POLLIN {
			w.Reset()
		} else {
			// Someone else has closed an end of w, and its number may be another file's.
			w.abandon()
			p.wake = nil
		}
	}
	p.report(ready)
	return n, nil
}

// prepare makes wake if the call may wait, and asked if the set has changed. The caller
// holds mu.
func (p *Poller) prepare(wait bool) error {
	if wait && p.wake == nil {
		w, err := NewWaker()
		if err != nil {
			return err
		}
		p.wake, p.changed = w, true // a registered fd may have its number
	}
	if !p.changed && p.asked != nil {
		return nil
	}
	// If wake has the number of a registered fd, the program has closed that fd. Move wake,
	// so the kernel reports POLLNVAL. Each move takes a higher number, so the loop ends.
	for w := p.wake; w != nil; {
		fd := w.r
		if p.set.find(fd) < 0 {
			fd = w.w
		}
		if p.set.find(fd) < 0 {
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

// report appends to ready the n entries of asked that the kernel has marked. The caller
// holds mu.
func (p *Poller) report(n int) {
	for i := 1; n > 0 && i < len(p.asked); i++ {
		f := &p.asked[i]
		if f.Revents == 0 {
			continue
		}
		n--
		at := i - 1
		if p.changed {
			at = p.set.find(int(f.Fd))
			if at < 0 || p.set.list[at].Revents != listed {
				continue
			}
		}
		r := &p.set.list[at]
		events := f.Revents & (r.Events | POLLERR | POLLHUP | POLLNVAL)
		if events == 0 {
			continue
		}
		p.ready = append(p.ready, Ready{int(r.Fd), events, p.set.extra(at).value})
	}
}

// A backoff decides whether a call that may wait first polls with timeout 0. Such a poll is
// called a probe. One that finds something is cheaper than a wait, since the kernel then joins
// no wait queues (do_poll in fs/select.c). One that finds nothing is wasted: after each such
// probe in a row, the next 1, 3, 7, ... maxSkip calls do not probe.
type backoff struct{ skip, misses uint8 }

const maxSkip = 63

func (b *backoff) isOver() bool {
	if b.skip > 0 {
		b.skip--
		return false
	}
	return true
}

func (b *backoff) record(found bool) {
	if found {
		b.misses = 0
	} else {
		b.misses = min(2*b.misses+1, maxSkip)
	}
	b.skip = b.misses
}

// Wake makes a waiting Poll return. If none is waiting, the next Poll that would wait returns
// immediately instead. The result is empty unless a descriptor is ready too, so check why you
// were woken after every return of Poll. A Wake is never lost: it stays pending until a Poll
// with a nonzero timeout returns empty with a nil error. Until then any number of Wakes count
// as one.
//
// Wake never waits, and costs a system call only if a Poll is waiting. It returns ErrClosed
// after Close.
func (p *Poller) Wake() error {
	p.mu.Lock()
	if p.closed {
		return p.unlockError("wake", -1, ErrClosed)
	}
	p.woken = true
	p.unlockWake()
	return nil
}

// Close empties the set and frees what the Poller itself holds, but does not close the
// registered descriptors. A waiting Poll returns ErrClosed, and so does every later call of
// a method that returns an error, including Close. The cost is O(1).
func (p *Poller) Close() error {
	p.mu.Lock()
	if p.closed {
		return p.unlockError("close", -1, ErrClosed)
	}
	p.closed = true
	p.set, p.ready, p.changed = set{}, nil, true
	if p.polling {
		p.unlockWake() // that call frees the rest
	} else {
		p.unlockFree()
	}
	return nil
}

// unlockFree unlocks mu and, if p is closed, frees asked and wake.
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

// unlockWake unlocks mu and wakes the waiting Poll, unless it has been woken already.
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
