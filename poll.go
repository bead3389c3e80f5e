//go:build linux || darwin

// The path of one call, from top to bottom: Poll for the caller's own array,
// then the Poller and its Poll. The set that a Poller keeps is in set.go, the
// system call itself in syscall_linux.go and syscall_darwin.go.

package poll

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Forever is the timeout of a call that waits until there is something to
// report. Every negative timeout means the same.
const Forever time.Duration = -1

// Poll is poll(2): it waits until one of the descriptors listed in fds is
// ready, and returns how many entries have a Revents that is not zero. A
// timeout below zero waits for as long as it takes, zero only looks, and above
// zero it waits at most that long, and never returns 0 before.
//
// It writes the Revents of every entry, and nothing else; after an error they
// are not to be used. An entry with a negative Fd is skipped, its Revents zero.
// An entry that is not open has POLLNVAL. An array without entries, or nil,
// waits for the timeout.
//
// A signal never shows: the call goes on with the time that is left on the
// monotonic clock. On Linux the timeout counts to the nanosecond, although the
// kernel may be late by its timer slack (prctl(2), usually 50 microseconds);
// Darwin waits whole milliseconds, rounded up.
//
// More entries than RLIMIT_NOFILE (on Darwin 10240, if that is less) are an
// ErrTooManyFds; other errors are the kernel's. Nothing is allocated; the cost
// is the kernel's, and grows with the number of entries. While it waits, it
// holds an operating-system thread. Any number of goroutines may call Poll at
// once, each with an array of its own.
func Poll(fds []PollFd, timeout time.Duration) (n int, err error) {
	t := timer{left: timeout}
	return t.poll(fds)
}

// A timer is a timeout of which a part may be over.
type timer struct {
	left  time.Duration // < 0: forever, == 0: look, > 0: wait
	until time.Duration // on the clock, if left was > 0; 0 until it is started
}

// clock is monotonic, in a form that is quick to read and to subtract.
func clock() time.Duration { return time.Since(epoch) }

var epoch = time.Now().Add(-1) // so that clock is never 0

func (t *timer) start() {
	// No process lives to see the end of a sum that has to be cut to fit.
	now := clock()
	t.until = now + min(t.left, math.MaxInt64-now)
}

// update takes off what has gone by.
func (t *timer) update() {
	if t.left > 0 {
		t.left = max(t.until-clock(), 0)
	}
}

// maxWait is the longest wait that poll(2) takes, milliseconds in a C int. It
// fits ppoll(2) on 32 bits, too, where seconds are 32 bits wide.
const maxWait = math.MaxInt32 * time.Millisecond

// poll calls the kernel until there is something to report or the time is up.
// It is the function Poll; a Poller calls it again for the rest of the time
// when the set has changed.
//
// EINTR comes back from poll(2) whatever SA_RESTART says, even when it only
// looked (signal(7)); the Go runtime sends signals to preempt and to profile.
// EAGAIN is Darwin's, short of memory for the moment. A 0 can come before the
// time is up: at the end of a piece, and on Darwin. Each time the call goes on
// with the time that is left; when none is, after an interruption, it looks
// once more, since the time may have run out on this side alone.
func (t *timer) poll(fds []PollFd) (n int, err error) {
	if t.left > 0 && t.until == 0 {
		t.start()
	}
	for {
		if t.left == 0 {
			if n = look1(fds); n >= 0 {
				return n, nil
			}
		}
		var errno syscall.Errno
		timeout := min(t.left, maxWait)
		switch {
		case testPoll1 != nil:
			n, errno = testPoll1(timeout)
		case len(fds) > math.MaxInt32:
			errno = syscall.EINVAL // the kernel would cut nfds to 32 bits
		default:
			n, errno = poll1(fds, timeout)
		}
		switch {
		case errno == syscall.EINTR || errno == syscall.EAGAIN:
			t.update()
		case errno != 0:
			return 0, pollError(errno)
		case n > 0 || t.left == 0:
			return n, nil
		default:
			if t.update(); t.left == 0 {
				return 0, nil // the kernel itself looked last
			}
		}
	}
}

// testPoll1, if not nil, stands in for poll1, so that tests can have what the
// kernel won't do when asked to.
var testPoll1 func(timeout time.Duration) (n int, errno syscall.Errno)

// Ready is a descriptor and what there is to report about it.
type Ready struct {
	Fd     int
	Events Events // never 0
}

// String returns a text such as "fd 3: POLLIN|POLLHUP".
func (r Ready) String() string {
	return "fd " + strconv.Itoa(r.Fd) + ": " + r.Events.String()
}

// A Poller is a set of descriptors, each with the events to ask for, that poll
// is called on again and again. The zero value is an empty Poller, ready to
// use. It must not be copied.
//
// Every method may be called from any goroutine at any time, but only one Poll
// or PollContext at a time can be under way.
//
// A Poller never owns a registered descriptor and never closes one. Unregister
// a descriptor before you close it: its number may be given out again at once,
// and Poll would then watch what is behind the number now. A Poller has one
// descriptor of its own, to be woken by, which is made when Poll waits for the
// first time; Close frees it, or else the garbage collector.
type Poller struct {
	// mu guards everything below. It is never held across a system call.
	//
	// The kernel works on fds itself, not on a copy, without mu. It reads Fd
	// and Events once, when a call begins, and writes Revents once, at its end
	// (do_sys_poll in fs/select.c). So that others can change the set
	// meanwhile, the slots it was given, the first polled ones, stay where
	// they are until the call is over:
	//
	//	Register    appends a slot
	//	Modify      writes Events
	//	Unregister  makes the slot a hole, Fd -1; a slot that the kernel was
	//	            not given goes at once, as all do when polled is 0
	//
	// The Poll under way reads the Revents of the array it gave, which append
	// may have replaced meanwhile, and everything else in fds as it is then: a
	// hole is not reported, and neither is an event that is no longer asked
	// for. What was registered during the call is behind polled, so that no
	// result is taken for its own even if it has a number that was in use
	// before. At the end Poll closes the holes.
	//
	// For a change to count at once, and for Wake and Close, the kernel's call
	// has to end. waiting says that Poll is in a call that may wait, or about
	// to enter it, and that nobody has ended it yet. Whoever finds it set
	// clears it and, having released mu, signals wake; whatever else he
	// changed before is seen by Poll when it has mu again. One signal is
	// enough for any number of changes, none is sent when no Poll waits, and a
	// signal that comes late, when the call has ended by itself, makes a later
	// one go round once more.
	//
	// wake belongs to the Poll under way (polled > 0), which alone makes it,
	// changes its number, and drains it. Others use it only to signal, counted
	// in signals, so that it is neither closed nor moved under their feet. The
	// last user of a closed Poller closes it.
	mu sync.Mutex

	fds     []PollFd      // slot 0 is for wake; the others are registered, or holes
	polled  int           // how many slots may not move; 0 if no Poll is under way
	holes   int           // slots 1 and up with a negative Fd
	table   []int32       // finds a descriptor's slot: see set.go
	shift   uint8         // 32 - log2(len(table))
	kept    map[int32]any // what RegisterConn was given
	wake    *wakeup       // nil until needed
	waiting bool          // the call under way may wait, and nobody has ended it
	woken   bool          // by Wake, and no Poll has returned empty for it yet
	closed  bool
	signals int     // how many are about to signal wake, without mu
	ready   []Ready // the latest result
}

// Poll waits until a registered descriptor is ready, and returns those that
// are, in no particular order. The timeout is that of the function Poll: below
// zero it waits for as long as it takes, zero only looks, and above zero it
// waits at most that long. The result is empty, with a nil error, if the time
// is up or Wake was called. Every such return uses up a Wake, but for that of a
// Poll with timeout 0; a return with something to report doesn't.
//
// The slice is the Poller's own, good until the next call of Poll or
// PollContext.
//
// poll(2) is level-triggered: what is ready is reported by every call until it
// is dealt with. A registered descriptor that is not open is POLLNVAL by every
// call until it is unregistered or open.
//
// The errors are ErrConcurrentPoll if another Poll is under way, which goes on
// undisturbed; ErrClosed, also if Close is called meanwhile; ErrTooManyFds if
// more descriptors are registered than RLIMIT_NOFILE allows in one call; EMFILE
// or ENFILE if the descriptor to be woken by can't be made. No error changes
// the set.
//
// Poll allocates nothing once the result has had its greatest length. It costs
// what poll(2) costs for the registered descriptors and, when it may wait, one
// more. While it waits, it holds an operating-system thread.
func (p *Poller) Poll(timeout time.Duration) ([]Ready, error) {
	return p.poll(timeout, nil)
}

// PollContext is Poll without a timeout, which ctx ends: it returns ctx.Err()
// as it is if ctx is done first. If ctx is done already it polls nothing.
//
// A ctx that can be done costs some allocations a call (context.AfterFunc).
// No goroutine outlives the call.
//
// For a timeout besides, use Poll, and let the context wake it:
//
//	stop := context.AfterFunc(ctx, func() { p.Wake() })
//	defer stop()
//
// and look at ctx.Err() after every return of Poll.
func (p *Poller) PollContext(ctx context.Context) ([]Ready, error) {
	if ctx == nil {
		return nil, &Error{"poll", -1, syscall.EINVAL}
	}
	done := ctx.Done()
	if done == nil {
		return p.Poll(Forever)
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		p.mu.Lock()
		p.changed()
		close(ended)
	})
	ready, err := p.poll(Forever, done)
	if !stop() {
		<-ended
	}
	if err == errDone {
		return nil, ctx.Err()
	}
	return ready, err
}

// errDone is what poll returns when done is closed; no caller sees it.
var errDone = errors.New("done")

// poll is Poll, which also ends when done is closed.
func (p *Poller) poll(timeout time.Duration, done <-chan struct{}) (ready []Ready, err error) {
	p.mu.Lock()
	if p.closed {
		return nil, p.fail("poll", -1, ErrClosed)
	}
	if p.polled > 0 {
		return nil, p.fail("poll", -1, ErrConcurrentPoll)
	}
	if p.fds == nil {
		p.init()
	}
	p.polled = 1
	p.ready = p.ready[:0]
	t := timer{left: timeout}

	// Each round calls the kernel once, to wait, or to look if there is no
	// reason to wait or no way: err says why there is none. What may not be
	// the end of a wait is followed by another round, which asks for the set
	// as it is then.
	for !p.closed && !isDone(done) {
		wait := t.left != 0 && !p.woken && err == nil
		if wait && p.wake == nil || p.wake != nil && p.clash() >= 0 {
			err = p.prepareWake()
			continue // mu was released meanwhile: anything may have changed
		}

		var n int
		fds := p.fds
		p.polled = len(fds)
		if wait {
			fds[0] = PollFd{Fd: int32(p.wake.r), Events: POLLIN}
			p.waiting = true
			p.mu.Unlock()
			n, err = t.poll(fds)
			if fds[0].Revents&POLLIN != 0 {
				p.wake.drain()
			}
		} else {
			fds[0].Revents = 0
			p.mu.Unlock()
			if n = look1(fds[1:]); n < 0 {
				var lookErr error
				if n, lookErr = new(timer).poll(fds[1:]); lookErr != nil {
					err = lookErr
				}
			}
		}
		p.mu.Lock()
		p.waiting = false
		p.polled = 1
		if p.closed {
			break
		}
		if fds[0].Revents&POLLNVAL != 0 {
			// Somebody has closed wake, whose number is theirs from now on.
			runtime.SetFinalizer(p.wake, nil)
			p.wake = nil
		}

		if n > 0 || p.holes > 0 {
			p.collect(fds, n)
		}
		if !wait || n == 0 && err == nil || len(p.ready) > 0 {
			break
		}
		t.update()
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
		p.woken = false // this return is the answer
	}
	p.polled = 0
	p.release()
	return ready, err
}

// isDone reports whether done, which may be nil, is closed.
func isDone(done <-chan struct{}) bool {
	if done == nil {
		return false
	}
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// collect makes ready of the n results in fds, and closes the holes.
func (p *Poller) collect(fds []PollFd, n int) {
	if fds[0].Revents != 0 {
		n--
	}
	for i := 1; n > 0 && i < len(fds); i++ {
		revents := fds[i].Revents
		if revents == 0 {
			continue
		}
		n--
		now := p.fds[i] // fds may be an array that append has left behind
		revents &= now.Events | POLLERR | POLLHUP | POLLNVAL
		if now.Fd >= 0 && revents != 0 {
			p.ready = append(p.ready, Ready{int(now.Fd), revents})
		}
	}
	for i := 1; p.holes > 0; {
		if p.fds[i].Fd >= 0 {
			i++
		} else {
			p.cut(i)
			p.holes--
		}
	}
}

// clash returns the descriptor of wake whose number somebody has registered,
// or -1. That number's owner has closed his, and the kernel has given it out
// again, to wake; it has to be free for POLLNVAL to be reported.
func (p *Poller) clash() int {
	for _, fd := range [...]int{p.wake.r, p.wake.w} {
		if _, s := p.find(fd); s != 0 {
			return fd
		}
	}
	return -1
}

// prepareWake makes wake, or moves it off a number that clashes, or does away
// with it if it can't be moved. The new number may clash as well; numbers only
// rise, so that this has an end. It releases mu while it works.
func (p *Poller) prepareWake() error {
	for p.signals > 0 {
		p.mu.Unlock()
		runtime.Gosched() // what is left of a signal never waits
		p.mu.Lock()
	}
	var errno syscall.Errno
	w := p.wake
	if w == nil {
		p.mu.Unlock()
		w, errno = newWakeup()
		p.mu.Lock()
	} else if fd := p.clash(); fd >= 0 {
		p.mu.Unlock()
		if errno = w.raise(fd); errno != 0 {
			w.close()
			w = nil
		}
		p.mu.Lock()
	}
	p.wake = w
	if errno != 0 {
		return &Error{"poll", -1, errno}
	}
	return nil
}

// changed releases mu after a change, and has a Poll that is waiting see it.
func (p *Poller) changed() {
	if !p.waiting {
		p.mu.Unlock()
		return
	}
	p.waiting = false
	p.signals++
	w := p.wake
	p.mu.Unlock()
	w.signal()
	p.mu.Lock()
	p.signals--
	p.release()
}

// release releases mu, and frees wake when the Poller is closed and nobody
// uses it any more.
func (p *Poller) release() {
	var w *wakeup
	if p.closed && p.polled == 0 && p.signals == 0 {
		w, p.wake = p.wake, nil
	}
	p.mu.Unlock()
	if w != nil {
		w.close()
	}
}

// Wake makes the Poll that is waiting return early and empty, or else the next
// one that would wait. A Poll that has something to report returns that, and
// leaves the wake-up to the next. Any number of calls before the empty return
// count as one; none is lost.
//
// It never waits, and makes one short system call if a Poll is waiting that
// nothing has ended yet. It returns ErrClosed after Close, and else nil.
func (p *Poller) Wake() error {
	p.mu.Lock()
	if p.closed {
		return p.fail("wake", -1, ErrClosed)
	}
	p.woken = true
	p.changed()
	return nil
}

// Close forgets the set and frees what the Poller holds itself, never the
// registered descriptors. A Poll that is waiting returns ErrClosed, and so
// does every later call that returns an error, Close included.
func (p *Poller) Close() error {
	p.mu.Lock()
	if p.closed {
		return p.fail("close", -1, ErrClosed)
	}
	p.closed = true
	p.fds, p.table, p.kept, p.ready, p.holes = nil, nil, nil, nil, 0
	if p.polled > 0 {
		p.changed() // the rest is up to that Poll
	} else {
		p.release()
	}
	return nil
}
