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
// PollContext may run at a time. Whatever is said of Poll below holds for PollContext too,
// unless its comment says otherwise.
//
// A Poller never closes the registered descriptors. Unregister a descriptor before you
// close it (see Closing in the package documentation). A Poller has a Waker of its own,
// made by the first Poll that may wait. Close frees the Waker, once the current Poll has
// returned. So does the garbage collector if the Poller is unreachable.
//
// To end a loop of calls from another goroutine, cancel the context of PollContext, or set
// a flag and call Wake, or call Close if nobody needs the Poller any more. A signal handler
// of Go (os/signal) does not end a call: let it do one of these. Close the descriptors only
// after the loop has ended.
type Poller struct {
	// mu guards every field except asked, and is not held across a call that may wait.
	// Every function that locks mu defers unlock. Only pollOnce unlocks mu in between.
	//
	// The kernel is given asked, never set. asked belongs to the call in progress, which
	// rebuilds it if set has changed. After the system call, an entry of asked is reported
	// only if its fd has been registered and enabled ever since asked was built. It gets
	// the mask and the value that set has then.
	//
	// While waiting is true, the unlock after a change, Wake or Close ends the system call.
	// It first makes waiting false, so no second goroutine signals. Then it unlocks mu and
	// calls wake.Wake. The system call may end by itself before that. So a timeout is final
	// only if set is unchanged, and a late wake-up may end the next wait, which is then
	// repeated with the time remaining.
	//
	// wake is entry 0 of asked, and never has the number of another entry. Only a call
	// makes it, moves it or resets it. After Close, unlock frees wake and asked, as soon as
	// no call is in progress.
	mu      sync.Mutex
	set     set
	asked   []PollFd
	ready   []Ready // the result of the last call
	wake    *Waker  // nil until a call waits
	polling bool    // a call is in progress
	waiting bool    // it waits or is about to, and nobody is ending that
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
// nil error, only if nothing is ready, and either the time is up or Wake was called. Poll
// reports every descriptor that is ready and was registered, modified or enabled before the
// time was up.
//
// The slice belongs to the Poller and is valid until the next Poll begins, in any
// goroutine. It lists what was ready during the call. If you close a descriptor and open
// another while handling the list, the new one may have the number of a later entry. To
// notice, attach a value and compare Ready.Value with it.
//
// A registered descriptor that is not open is reported as POLLNVAL on every call (on Darwin
// not with a mask of 0), until it is unregistered, disabled or open.
//
// The errors are:
//
//   - ErrClosed, also if Close is called during the wait;
//   - ErrConcurrentPoll, if another call is in progress, which goes on;
//   - ErrTooManyFds, if there are more descriptors than the kernel allows, including the
//     Waker of a call that waits;
//   - an error of NewWaker, or another error of the kernel, such as ENOMEM.
//
// After an error of the last two kinds in a call that may wait, Poll polls once more
// without waiting, and returns what is ready instead, if anything is. No error changes the
// set.
//
// Poll allocates when it makes its Waker, when the set has grown, and when more descriptors
// are ready than in any call before. It costs a system call, plus some nanoseconds for each
// registered descriptor if the set has changed. On Linux it may first poll with timeout 0,
// which is cheaper if something is ready; after each failure in a row it does so less
// often.
func (p *Poller) Poll(timeout time.Duration) ([]Ready, error) {
	return p.poll(timeout, nil, nil)
}

// PollContext is Poll with a context in place of the timeout: it waits until a registered
// descriptor is ready, Wake is called, or ctx is done. If ctx becomes done during the call,
// PollContext still returns what was registered by then and is ready, or ctx.Err() if
// nothing is. If ctx is done before the call, PollContext returns ctx.Err() and does not
// poll, unless the Poller is closed or another call is in progress. A nil ctx is an error,
// EINVAL.
//
// If ctx can be canceled, each wait costs a few allocations (context.AfterFunc).
// PollContext leaves no goroutine running. For a deadline as well as a cancelation, use
// context.WithTimeout. In a testing/synctest bubble a context's deadline does not end a
// call that is in the kernel, since the bubble's clock stands still until the call returns.
func (p *Poller) PollContext(ctx context.Context) ([]Ready, error) {
	if ctx == nil {
		return nil, &Error{"poll", -1, syscall.EINVAL}
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
//
// It has few return statements, since with more than seven the compiler does not open-code
// its two defers (buildssa in cmd/compile), and a call takes 30 ns more.
func (p *Poller) poll(timeout time.Duration, done <-chan struct{}, arm func(*Waker) (stop func())) (ready []Ready, err error) {
	d := newDeadline(timeout)
	ended := isDone(done) // before waiting for mu: later, there may be something to report
	p.mu.Lock()
	defer p.unlock()
	switch {
	case p.closed:
		return nil, &Error{"poll", -1, ErrClosed}
	case p.polling:
		return nil, &Error{"poll", -1, ErrConcurrentPoll}
	}
	p.polling = true
	defer func() { p.polling = false }() // also if a method of a context panics
	if p.set.attached != nil {
		clear(p.ready) // let go of the values
	}
	p.ready = p.ready[:0]
	if ended {
		return nil, errDone
	}

	// A reason to leave (time, Wake, ctx, an error) is fixed before the last system call.
	// That does not wait, so it reports everything that came before the reason. A wait that
	// timed out with set unchanged has seen everything too. Do not probe until wake exists,
	// so that the first call makes it while a number is free.
	probe := probeFirst && timeout != 0 && p.wake != nil && p.backoff.isOver()
	for last := false; !last && len(p.ready) == 0 && !p.closed; {
		last = d.left == 0 || p.woken || ended || err != nil
		wait := !last && !probe
		n, failed := p.pollOnce(&d, wait, arm)
		switch {
		case failed != nil:
			err = failed
		case n > 0:
			p.report(n)
		case wait && !p.set.changed:
			last = true // the time is up, and the wait has seen all of set
		}
		if probe {
			p.backoff.record(len(p.ready) > 0)
			probe = false
		}
		if !last && len(p.ready) == 0 {
			d.update()
			ended = isDone(done)
		}
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
	return ready, err
}

func isDone(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// pollOnce unlocks mu, calls the kernel, and locks mu again. n counts wake too.
func (p *Poller) pollOnce(d *deadline, wait bool, arm func(*Waker) (stop func())) (n int, err error) {
	if err := p.prepare(wait); err != nil {
		return 0, err
	}
	p.asked[0] = PollFd{}
	fds := p.asked[1:]
	if wait {
		p.asked[0] = PollFd{Fd: int32(p.wake.r), Events: POLLIN}
		fds = p.asked
	} else {
		d = &deadline{}
	}
	w := p.wake
	p.waiting = wait
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.waiting = false
	}()
	if wait && arm != nil {
		defer arm(w)()
	}
	return d.poll(fds)
}

// prepare makes wake if the call may wait, and asked if the set has changed. The caller
// holds mu.
func (p *Poller) prepare(wait bool) error {
	if wait && p.wake == nil {
		w, err := NewWaker()
		if err != nil {
			return err
		}
		p.wake = w
		p.asked = p.asked[:0] // rebuild it: w may have a registered number
	}
	if !p.set.changed && len(p.asked) > 0 {
		return nil
	}
	// If wake has the number of an enabled fd, the program has closed that fd. Move wake,
	// so the kernel reports POLLNVAL. Each move takes a higher number, so the loop ends.
	for w := p.wake; w != nil; {
		fd := w.r
		if !p.set.isEnabled(fd) {
			fd = w.w
		}
		if !p.set.isEnabled(fd) {
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
	return nil
}

// report resets wake if it ended the wait, and appends to ready what the kernel has marked
// in asked: n entries. The caller holds mu.
func (p *Poller) report(n int) {
	switch p.asked[0].Revents {
	case 0:
	case POLLIN:
		n--
		p.wake.Reset()
	default:
		// Someone else has closed an end of wake, and its number may be another file's.
		n--
		p.wake.abandon()
		p.wake = nil
	}
	for i := 1; n > 0 && i < len(p.asked); i++ {
		f := &p.asked[i]
		if f.Revents == 0 {
			continue
		}
		n--
		at := i - 1
		if p.set.changed {
			at = p.set.find(int(f.Fd))
			if at < 0 || !p.set.list[at].listed {
				continue
			}
		}
		r := &p.set.list[at]
		events := f.Revents & (r.events | POLLERR | POLLHUP | POLLNVAL)
		if events == 0 {
			continue
		}
		p.ready = append(p.ready, Ready{int(r.fd), events, p.set.attachment(at).value})
	}
}

// A backoff decides whether a call that may wait first polls with timeout 0. Such a poll is
// called a probe. One that finds something is cheaper than a wait, since the kernel then
// joins no wait queues (do_poll in fs/select.c). One that finds nothing is wasted: after
// each such probe in a row, the next 1, 3, 7, ... maxSkip calls do not probe.
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

// Wake makes a waiting Poll return. If none is waiting, the next Poll that would wait
// returns immediately instead. The result is empty unless a descriptor is ready too, so
// check why you were woken after every return of Poll. A Wake is never lost: it stays
// pending until a Poll with a nonzero timeout returns empty with a nil error. Until then
// any number of Wakes count as one.
//
// Wake never waits, and costs a system call only if a Poll is waiting. It returns ErrClosed
// after Close.
func (p *Poller) Wake() error {
	p.mu.Lock()
	defer p.unlock()
	if p.closed {
		return &Error{"wake", -1, ErrClosed}
	}
	p.woken = true
	return nil
}

// Close empties the set and frees what the Poller itself holds, but does not close the
// registered descriptors. A waiting Poll returns ErrClosed, and so does every later call of
// a method that returns an error, including Close. (A nil context or a conn that fails
// comes first.) The cost is O(1).
func (p *Poller) Close() error {
	p.mu.Lock()
	defer p.unlock()
	if p.closed {
		return &Error{"close", -1, ErrClosed}
	}
	p.closed = true
	p.set, p.ready = set{changed: true}, nil
	return nil
}

// unlock unlocks mu. If what the current call waits for has changed, it ends the wait.
// After Close, it frees what is left when no call is in progress.
func (p *Poller) unlock() {
	w := p.wake
	switch {
	case p.waiting && (p.set.changed || p.woken):
		p.waiting = false
		p.mu.Unlock()
		w.Wake()
	case p.closed && !p.polling:
		p.wake, p.asked = nil, nil
		p.mu.Unlock()
		if w != nil {
			w.Close()
		}
	default:
		p.mu.Unlock()
	}
}
