//go:build linux || darwin || freebsd || netbsd

// What ends a wait: the last table of DESCRIPTORS.md.

package descriptors

import (
	"slices"
	"strings"
	"syscall"
	"time"

	. "example.com/poll"
	"example.com/poll/internal/fdtest"
)

const waitsHeading = "What ends a wait"

// A waiting is a row of the table: a thread waits for the first descriptor of a pair when
// something happens.
type waiting struct {
	name   string
	pair   pair
	before step // or nil
	event  step
}

var waits = append([]waiting{
	{"pipe, bytes arrive", pipe, nil, peer(sends("x"))},
	{"pipe, writer closes", pipe, nil, peer(closes)},
	{"pipe, write end, reader closes", writeEnd, nil, peer(closes)},
	{"FIFO, writer closes", readFIFO, nil, peer(closes)},
	{"FIFO, write end, reader closes", writeFIFO, nil, peer(closes)},
	{"TCP, peer closes", tcp, nil, peer(closes)},
	{"TCP, this side has stopped writing, peer closes", tcp, self(shuts(syscall.SHUT_WR)), peer(closes)},
	{"TCP, this side shuts down both directions", tcp, nil, self(shuts(syscall.SHUT_RDWR))},
	{"TCP, reset", tcp, nil, peer(resets)},
	{"Unix stream socket, peer closes", stream, nil, peer(closes)},
	{"Unix stream socket, peer shuts down both directions", stream, nil, peer(shuts(syscall.SHUT_RDWR))},
	{"Unix datagram socket, peer closes", datagram, nil, peer(closes)},
	{"Unix seqpacket socket, peer closes", seqpacket, nil, peer(closes)},
	{"pty master, slave closes", pty, nil, peer(closes)},
	{"pty slave, master closes", terminal, nil, peer(closes)},
	{"terminal, hung up", terminal, nil, self(hangsUp)},
}, systemWaits...)

// check returns the masks with which the event ends a wait.
func (w *waiting) check(m maker, cell string) string {
	ending := ""
	for _, mask := range []Events{POLLIN, POLLHUP, 0} {
		hasTo := !unknown(cell) && slices.Contains(strings.Fields(cell), mask.String())
		if w.ends(m, mask, hasTo) {
			ending += " " + mask.String()
		}
	}
	if ending == "" {
		return "none"
	}
	return ending[1:]
}

// ends reports whether the event ends a wait. A wait that began after the event has ended
// for another reason, so unless it has to end, it is tried again with more time to begin.
func (w *waiting) ends(m maker, mask Events, hasTo bool) bool {
	// Nothing reports that a thread waits in the kernel.
	for delay := 20 * time.Millisecond; delay < time.Second/2; delay *= 5 {
		timeout := 10 * delay
		if hasTo {
			timeout = fdtest.Soon
		}
		fd, peer := w.pair(m)
		if w.before != nil {
			w.before(m, fd, peer)
		}
		took := make(chan time.Duration, 1)
		go func() {
			start := time.Now()
			Wait(fd, mask, timeout)
			took <- time.Since(start)
		}()
		time.Sleep(delay)
		w.event(m, fd, peer)
		if ended := <-took < timeout; !ended || hasTo {
			return ended
		}
	}
	return true
}
