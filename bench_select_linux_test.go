// The rival: select(2) behind the shape of a Poller, as good as it can be made
// for a descriptor of any number. bench_linux_test.go measures it; here it is a
// second opinion on what is readable, writable and exceptional.

package poll

import (
	"fmt"
	"math/bits"
	"math/rand"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// The three sets of select(2), as bits.
const (
	selRead = 1 << iota
	selWrite
	selExcept
)

// A fdSet is an array of unsigned long on every architecture, whatever the
// byte order, and of any length: FD_SETSIZE is the C library's limit, not the
// kernel's.
type fdSet []uint

const wordBits = bits.UintSize

// A selected is a descriptor and the sets that select(2) left it in.
type selected struct{ fd, sets int }

// A selector keeps the bitmaps that it asks with, as a Poller keeps its array.
// select(2) overwrites what it is given, so that each call works on a copy. A
// set that nobody asks for is neither copied nor handed over.
type selector struct {
	want, got [3]fdSet
	count     [3]int // descriptors in each of want
	nfds      int    // the highest descriptor, plus one
	ready     []selected
}

// set is register, modify and, with 0, unregister.
func (s *selector) set(fd, sets int) {
	w, bit := fd/wordBits, uint(1)<<(fd%wordBits)
	for i := range s.want {
		for len(s.want[i]) <= w {
			s.want[i] = append(s.want[i], 0)
		}
		switch was, is := s.want[i][w]&bit != 0, sets>>i&1 != 0; {
		case is && !was:
			s.want[i][w] |= bit
			s.count[i]++
		case was && !is:
			s.want[i][w] &^= bit
			s.count[i]--
		}
	}
	if sets != 0 {
		s.nfds = max(s.nfds, fd+1)
	} else if fd+1 == s.nfds {
		s.nfds = s.highest() + 1
	}
}

// highest returns the highest descriptor in any set, or -1.
func (s *selector) highest() int {
	for w := len(s.want[0]) - 1; w >= 0; w-- {
		if any := s.want[0][w] | s.want[1][w] | s.want[2][w]; any != 0 {
			return w*wordBits + bits.Len(any) - 1
		}
	}
	return -1
}

// poll returns what is ready, good until the next call.
func (s *selector) poll(timeout time.Duration) ([]selected, error) {
	// The system call, unlike the C library's function, writes the time that
	// is left into ts: after a signal it goes on with that.
	ts := syscall.NsecToTimespec(int64(max(timeout, 0)))
	for {
		s.build()
		n, errno := s.call(timeout, &ts)
		switch errno {
		case 0:
			return s.scan(&s.got, n), nil
		case syscall.EINTR:
		default:
			return nil, errno
		}
	}
}

func (s *selector) build() {
	words := (s.nfds + wordBits - 1) / wordBits
	for i := range s.want {
		s.got[i] = s.got[i][:0]
		if s.count[i] > 0 {
			s.got[i] = append(s.got[i], s.want[i][:words]...)
		}
	}
}

// call is pselect6(2), which every architecture has. A look takes the raw entry
// however many descriptors there are: the rival may.
func (s *selector) call(timeout time.Duration, ts *syscall.Timespec) (int, syscall.Errno) {
	var set [3]*uint
	for i := range set {
		if s.count[i] > 0 {
			set[i] = unsafe.SliceData(s.got[i])
		}
	}
	var n uintptr
	var errno syscall.Errno
	// The pointers are converted in the calls themselves, which keep what they
	// point at alive and in place (package unsafe, pattern 4).
	switch {
	case timeout < 0:
		n, _, errno = syscall.Syscall6(syscall.SYS_PSELECT6, uintptr(s.nfds), uintptr(unsafe.Pointer(set[0])),
			uintptr(unsafe.Pointer(set[1])), uintptr(unsafe.Pointer(set[2])), 0, 0)
	case timeout == 0:
		n, _, errno = syscall.RawSyscall6(syscall.SYS_PSELECT6, uintptr(s.nfds), uintptr(unsafe.Pointer(set[0])),
			uintptr(unsafe.Pointer(set[1])), uintptr(unsafe.Pointer(set[2])), uintptr(unsafe.Pointer(ts)), 0)
	default:
		n, _, errno = syscall.Syscall6(syscall.SYS_PSELECT6, uintptr(s.nfds), uintptr(unsafe.Pointer(set[0])),
			uintptr(unsafe.Pointer(set[1])), uintptr(unsafe.Pointer(set[2])), uintptr(unsafe.Pointer(ts)), 0)
	}
	return int(n), errno
}

// scan lists the n bits that are set in got, and stops at the last of them.
func (s *selector) scan(got *[3]fdSet, n int) []selected {
	s.ready = s.ready[:0]
	for w := 0; n > 0; w++ {
		var word [3]uint
		for i := range word {
			if w < len(got[i]) {
				word[i] = got[i][w]
			}
		}
		for any := word[0] | word[1] | word[2]; any != 0; any &= any - 1 {
			bit := bits.TrailingZeros(any)
			in, out, ex := int(word[0]>>bit&1), int(word[1]>>bit&1), int(word[2]>>bit&1)
			s.ready = append(s.ready, selected{w*wordBits + bit, in | out<<1 | ex<<2})
			n -= in + out + ex
		}
	}
	return s.ready
}

// What the kernel takes for readable, writable and exceptional: select(2),
// "Correspondence between select() and poll() notifications".
var selEvents = [3]struct{ ask, is Events }{
	{POLLRDNORM | POLLRDBAND | POLLIN, POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR},
	{POLLWRBAND | POLLWRNORM | POLLOUT, POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR},
	{POLLPRI, POLLPRI},
}

// A comparison is a Poller and a selector with the same descriptors.
type comparison struct {
	p    Poller
	s    selector
	sets map[int]int
	what map[int]string // for messages
}

// pollMask is sets as poll(2) is asked for them.
func pollMask(sets int) (mask Events) {
	for i, e := range selEvents {
		if sets>>i&1 != 0 {
			mask |= e.ask
		}
	}
	return mask
}

func (c *comparison) set(fd, sets int) {
	if c.s.set(fd, sets); sets == 0 {
		c.p.Unregister(fd)
		delete(c.sets, fd)
	} else {
		c.p.Register(fd, pollMask(sets))
		c.sets[fd] = sets
	}
}

// polled is what the Poller reports, in the terms of select(2).
func (c *comparison) polled(t *testing.T) []selected {
	ready, err := c.p.Poll(0)
	if err != nil {
		t.Fatal(err)
	}
	var l []selected
	for _, r := range ready {
		if more := r.Events &^ (pollMask(c.sets[r.Fd]) | POLLERR | POLLHUP); more != 0 {
			t.Errorf("%v: nobody asked for %v", r, more)
		}
		sets := 0
		for i, e := range selEvents {
			if r.Events&e.is != 0 {
				sets |= 1 << i
			}
		}
		// poll(2) reports POLLHUP and POLLERR without being asked.
		if sets &= c.sets[r.Fd]; sets != 0 {
			l = append(l, selected{r.Fd, sets})
		}
	}
	sort.Slice(l, func(i, j int) bool { return l[i].fd < l[j].fd })
	return l
}

func (c *comparison) text(l []selected) string {
	s := ""
	for _, x := range l {
		s += fmt.Sprintf("\n\tfd %d: %03b (asked for %03b) %s", x.fd, x.sets, c.sets[x.fd], c.what[x.fd])
	}
	return s
}

// agree looks with both, and returns what they agree on. Only what poll says
// before and after is compared: a TCP segment may arrive in between.
func (c *comparison) agree(t *testing.T) []selected {
	t.Helper()
	before := c.text(c.polled(t))
	for {
		l, err := c.s.poll(0)
		if err != nil {
			t.Fatal("select:", err)
		}
		after := c.text(c.polled(t))
		if before == after {
			if got := c.text(l); got != after {
				t.Fatalf("poll:%s\nselect:%s", after, got)
			}
			return l
		}
		before = after
	}
}

// selectLimit is one over the highest number to use. Emulators, which run the
// short tests, end when they are handed sets that are larger than their own C
// library's.
func selectLimit(t *testing.T) int {
	t.Helper()
	limit := raiseLimit(t)
	if testing.Short() {
		limit = min(limit, 1024)
	}
	return limit
}

// TestSelectAgrees checks that poll(2) and select(2) agree on random sets of descriptors
// of every kind, with numbers up to the limit.
func TestSelectAgrees(t *testing.T) {
	needFds(t, 100)
	limit := selectLimit(t)
	rounds := 300
	if testing.Short() {
		rounds = 30
	}
	var seen [3][2]int // of each set: not ready and ready
	high := 0          // ready descriptors that FD_SETSIZE would not hold
	for round := 0; round < rounds; round++ {
		rnd := rand.New(rand.NewSource(int64(round)))
		t.Run(fmt.Sprintf("seed=%d", round), func(t *testing.T) {
			c := &comparison{sets: map[int]int{}, what: map[int]string{}}
			defer c.p.Close()
			mx := &mixture{maker: maker{t}}
			for n := rnd.Intn(25); n >= 0; n-- {
				mx.add(rnd)
			}
			var fds []int
			for _, a := range mx.members {
				fd := a.fd
				if rnd.Intn(2) == 0 {
					fd = dupFd(t, a.fd, rnd.Intn(max(limit-64, 1)))
					closeFd(t, a.fd)
				}
				fds = append(fds, fd)
				c.what[fd] = a.what
				c.set(fd, rnd.Intn(8))
			}
			for i := 0; i < 5; i++ {
				l := c.agree(t)
				is := map[int]int{}
				for _, x := range l {
					is[x.fd] = x.sets
					if x.fd >= 1024 {
						high++
					}
				}
				for fd, sets := range c.sets {
					for i := range seen {
						if sets>>i&1 != 0 {
							seen[i][is[fd]>>i&1]++
						}
					}
				}
				for _, fd := range fds {
					if rnd.Intn(4) == 0 {
						c.set(fd, rnd.Intn(8))
					}
				}
			}
			for fd := range c.sets {
				c.set(fd, 0)
			}
			if l := c.agree(t); len(l) != 0 || c.s.nfds != 0 || c.p.Len() != 0 {
				t.Errorf("empty sets:%s\nnfds %d, Len %d", c.text(l), c.s.nfds, c.p.Len())
			}
		})
	}
	for i, name := range []string{"readable", "writable", "exceptional"} {
		if seen[i][0] == 0 || seen[i][1] == 0 {
			t.Errorf("%s: %d times not, %d times ready: too little to compare", name, seen[i][0], seen[i][1])
		}
	}
	if limit > 2048 && high == 0 {
		t.Error("nothing over 1024 was ready")
	}
}

// TestSelectHigh checks select(2) on the highest number that a descriptor can have.
func TestSelectHigh(t *testing.T) {
	limit := selectLimit(t)
	r, w := idlePipes(t, 1)
	fd := dupFd(t, r[0], limit-1)
	var s selector
	s.set(fd, selRead|selWrite|selExcept)
	for _, timeout := range []time.Duration{0, time.Millisecond} {
		start := time.Now()
		if l, err := s.poll(timeout); len(l) != 0 || err != nil || time.Since(start) < timeout {
			t.Errorf("idle, timeout %v: %v, %v after %v", timeout, l, err, time.Since(start))
		}
	}
	syscall.Write(w[0], []byte("x"))
	for _, timeout := range []time.Duration{0, time.Hour, Forever} {
		if l, err := s.poll(timeout); err != nil || len(l) != 1 || l[0] != (selected{fd, selRead}) {
			t.Errorf("readable, timeout %v: %v, %v", timeout, l, err)
		}
	}
	wantNoAllocs(t, "select", func() { s.poll(0) })
}

// TestSelectClosed checks that what is POLLNVAL to poll(2) is EBADF to select(2).
func TestSelectClosed(t *testing.T) {
	r, w := idlePipes(t, 3)
	c := &comparison{sets: map[int]int{}}
	defer c.p.Close()
	for _, fd := range r {
		c.set(fd, selRead)
	}
	syscall.Write(w[0], []byte("x"))
	if l := c.agree(t); len(l) != 1 || l[0].fd != r[0] {
		t.Fatalf("one written:%s", c.text(l))
	}
	// A number so high is not given out again before the looks.
	gone := w[len(w)-1] + 64
	if _, _, errno := syscall.Syscall(syscall.SYS_DUP3, uintptr(r[1]), uintptr(gone), syscall.O_CLOEXEC); errno != 0 {
		t.Fatal(errno)
	}
	c.set(r[1], 0)
	c.set(gone, selRead)
	syscall.Close(gone)
	if _, err := c.s.poll(0); err != syscall.EBADF {
		t.Errorf("select: %v, want EBADF", err)
	}
	ready, err := c.p.Poll(0)
	if err != nil || len(ready) != 2 {
		t.Fatalf("poll: %v, %v", ready, err)
	}
	for _, x := range ready {
		if want := map[int]Events{r[0]: POLLIN | POLLRDNORM, gone: POLLNVAL}[x.Fd]; x.Events != want {
			t.Errorf("poll: %v, want %v", x, want)
		}
	}
	c.set(gone, 0)
	if l := c.agree(t); len(l) != 1 || l[0].fd != r[0] {
		t.Errorf("unregistered:%s", c.text(l))
	}
}

// A mixture holds descriptors of many kinds in many states.
type mixture struct {
	maker
	members []member
}

type member struct {
	fd   int
	what string
}

// stir brings two connected descriptors into a random state, and says which.
func (mx *mixture) stir(rnd *rand.Rand, a, b int, actions ...string) string {
	var done []string
	for n := rnd.Intn(4); n > 0; n-- {
		x, y := a, b
		if rnd.Intn(2) == 0 {
			x, y = b, a
		}
		action := actions[rnd.Intn(len(actions))]
		switch action {
		case "write":
			syscall.Write(x, []byte("data"))
		case "fill":
			fill(x)
		case "read":
			var buf [2]byte
			syscall.Read(x, buf[:])
		case "oob":
			syscall.Sendmsg(x, []byte("!"), nil, nil, syscall.MSG_OOB)
		case "shut":
			syscall.Shutdown(x, rnd.Intn(3))
		case "reset":
			syscall.SetsockoptLinger(x, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
			closeFd(mx, x)
		case "close":
			closeFd(mx, x)
		}
		done = append(done, fmt.Sprintf("%s %s", action, map[int]string{a: "a", b: "b"}[x]))
		if !isOwned(x) || !isOwned(y) {
			break
		}
	}
	return strings.Join(done, ", ")
}

// keep lists those of fds that are still open.
func (mx *mixture) keep(what string, fds ...int) {
	for i, fd := range fds {
		if isOwned(fd) {
			mx.members = append(mx.members, member{fd, fmt.Sprintf("%c of %s", 'a'+i, what)})
		}
	}
}

// add takes in descriptors of a random kind in a random state.
func (mx *mixture) add(rnd *rand.Rand) {
	switch kind := rnd.Intn(12); kind {
	case 0:
		a, b := newPipe(mx)
		mx.keep("pipe: "+mx.stir(rnd, a, b, "write", "fill", "read", "close"), a, b)
	case 1:
		path := mx.fifo()
		a := mx.open(path, syscall.O_RDONLY)
		if rnd.Intn(3) == 0 {
			mx.keep("FIFO that had no writer yet", a)
			return
		}
		b := mx.open(path, syscall.O_WRONLY)
		mx.keep("FIFO: "+mx.stir(rnd, a, b, "write", "fill", "read", "close"), a, b)
	case 2, 3, 4:
		typ := []int{syscall.SOCK_STREAM, syscall.SOCK_DGRAM, syscall.SOCK_SEQPACKET}[kind-2]
		a, b := mx.pair(typ)
		mx.keep(fmt.Sprintf("Unix socket of type %d: %s", typ, mx.stir(rnd, a, b, "write", "fill", "read", "oob", "shut", "close")), a, b)
	case 5, 6:
		a, b := mx.tcp()
		mx.keep("TCP: "+mx.stir(rnd, a, b, "write", "fill", "read", "oob", "oob", "shut", "reset", "close"), a, b)
	case 7:
		l, addr := mx.tcpListener(1)
		switch rnd.Intn(3) {
		case 0:
			mx.keep("listener and a fresh socket", l, mx.socket(syscall.AF_INET, syscall.SOCK_STREAM))
		case 1:
			mx.keep("listener and one that connects", l, mx.connect(addr))
		case 2:
			closeFd(mx, l)
			mx.keep("refused connection", mx.connect(addr))
		}
	case 8:
		a := mx.socket(syscall.AF_INET, syscall.SOCK_DGRAM)
		addr := mx.bind(a)
		if rnd.Intn(2) == 0 {
			must(mx, syscall.Sendto(a, []byte("x"), 0, addr))
		}
		mx.keep("UDP", a)
	case 9:
		count := []uint64{0, 1, 1<<64 - 2}[rnd.Intn(3)] // idle, both, not writable
		mx.keep(fmt.Sprintf("eventfd of %#x", count), mx.eventfd(count))
	case 10:
		mx.keep("regular file", mx.open(filepath.Join(mx.TempDir(), "file"), syscall.O_RDWR|syscall.O_CREAT))
	case 11:
		path := []string{mx.TempDir(), "/dev/null", "/dev/zero", "/dev/ptmx", "/proc/self/mounts"}[rnd.Intn(5)]
		if fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0); err == nil {
			mx.keep(path, own(mx, fd))
		}
	}
}
