// Tests of the events that the kernel reports for each kind of descriptor. The tables are
// in descriptors_*_linux_test.go, and DESCRIPTORS.md is made from them.

package poll

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

// everything has every event that a caller can ask for.
const everything = POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND | POLLRDHUP

// always has the events that are reported even if they are not asked for.
const always = POLLERR | POLLHUP | POLLNVAL

// Most kinds report both bits of rd together, and both bits of wr. Datagram and Unix
// sockets report all three bits of wrb.
const (
	rd  = POLLIN | POLLRDNORM
	wr  = POLLOUT | POLLWRNORM
	wrb = wr | POLLWRBAND
)

// masks are the events that are reported if everything is asked for, and if only POLLIN is.
type masks struct{ all, in Events }

// A kind of descriptor is a section of DESCRIPTORS.md.
type kind struct {
	name   string
	about  string // the manual page and the kernel's poll function
	out    twins
	native bool // qemu-user does not support it fully
	states []state
}

// twins are the bits that Linux reports together with POLLIN and POLLOUT. The table does not
// name them.
type twins int

const (
	norm twins = iota // POLLRDNORM and POLLWRNORM
	band              // POLLWRBAND as well
	none
)

// A state of a kind of descriptor is a row of DESCRIPTORS.md.
type state struct {
	name    string
	linux   masks
	freebsd *masks // FreeBSD 14, not tested here; nil if not tried
	ends    string // ways to end the event
	note    string // anything that may surprise

	make func(m maker) (fd int)  // nil if this test cannot make the state
	odd  func(m maker, fd int)   // checks note, and does not change the state
	end  []func(m maker, fd int) // each ends the event in one way that ends lists
	then Events                  // the events after end, if everything is asked for
	once bool                    // reported to the first poll only; afterwards the events in then
	slow bool                    // takes seconds to make
	late Events                  // the bits of linux that older kernels do not report
}

// kinds is the source of DESCRIPTORS.md, in its order.
var kinds = concat(pipeKinds, fileKinds, tcpKinds, socketKinds, terminalKinds, kernelKinds, deviceKinds)

func concat(parts ...[]kind) (all []kind) {
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// TestScenarios checks every bit that each entry point reports for every kind of descriptor in
// every state, and that each way to end an event ends it.
func TestScenarios(t *testing.T) {
	for _, k := range kinds {
		for _, v := range k.states {
			t.Run(fmt.Sprintf("kind=%s/state=%s", k.name, v.name), func(t *testing.T) {
				watchdog(t, 4*soon)
				switch {
				case v.make == nil:
					t.Skip("not made by this test; observed by hand")
				case k.native && underQemu():
					t.Skip("qemu-user does not have all of it")
				case v.slow && testing.Short():
					t.Skip("takes seconds")
				case v.once:
					v.checkOnce(maker{t})
				default:
					v.check(maker{t})
				}
			})
		}
	}
}

// check checks a state that lasts until something ends it.
func (v *state) check(m maker) {
	fd := v.make(m)
	missing := v.late &^ m.all(fd)
	for _, ask := range v.asks(missing) {
		timeouts := paths
		if ask.want == 0 {
			timeouts = brief
		}
		for _, l := range entryPoints {
			s := l.make(m, fd, ask.ask)
			for _, timeout := range timeouts {
				s.want(timeout, ask.want)
			}
		}
	}
	if v.odd != nil {
		v.odd(m, fd)
		m.wantAll(fd, v.linux.all&^missing)
	}
	for i, end := range v.end {
		if i > 0 {
			fd = v.make(m)
		}
		end(m, fd)
		m.wantAll(fd, v.then)
	}
}

// checkOnce checks a state that ends by being reported.
func (v *state) checkOnce(m maker) {
	timeouts, points := paths, entryPoints
	var missing Events
	switch {
	case v.slow:
		timeouts, points = paths[:1], entryPoints[:1]
	case v.late != 0:
		missing = v.late &^ m.all(v.make(m))
	}
	for _, ask := range v.asks(missing) {
		for _, l := range points {
			for _, timeout := range timeouts {
				s := l.make(m, v.make(m), ask.ask)
				s.want(timeout, ask.want)
				s.want(0, v.then&(ask.ask|always))
			}
		}
	}
}

// An ask is a mask and the wanted events.
type ask struct{ ask, want Events }

// asks returns the masks to check, on a kernel that does not report the bits in missing.
func (v *state) asks(missing Events) []ask {
	return []ask{{askable(everything), askable(v.linux.all &^ missing)}, {POLLIN, v.linux.in &^ missing}}
}

// askable removes a bit from mask that qemu-user for MIPS does not translate: 0x100 is POLLWRBAND
// on MIPS, but POLLWRNORM on the kernel below.
func askable(mask Events) Events {
	if onMIPS && underQemu() {
		mask &^= POLLWRBAND
	}
	return mask
}

// all returns the events of fd if everything is asked for.
func (m maker) all(fd int) Events {
	m.Helper()
	events, err := entryPoints[0].make(m, fd, askable(everything)).poll(0)
	must(m, err)
	return events
}

// wantAll checks the events of fd if everything is asked for.
func (m maker) wantAll(fd int, want Events) {
	m.Helper()
	if got := m.all(fd); got != askable(want) {
		m.Errorf("afterwards %v is reported, want %v", got, askable(want))
	}
}

// Functions that the tables use for odd and end.

// do lists ways to end an event.
func do(ends ...func(m maker, fd int)) []func(m maker, fd int) { return ends }

// inTurn runs steps one after another.
func inTurn(steps ...func(m maker, fd int)) func(m maker, fd int) {
	return func(m maker, fd int) {
		m.Helper()
		for _, step := range steps {
			step(m, fd)
		}
	}
}

// drain reads until nothing is left.
func drain(m maker, fd int) {
	m.Helper()
	if readAll(fd) == 0 {
		m.Error("there was nothing to read")
	}
}

// reads checks the result of one read.
func reads(n int, want error) func(m maker, fd int) {
	return readsInto(256, n, want)
}

// readsInto is reads with a buffer of size bytes.
func readsInto(size, n int, want error) func(m maker, fd int) {
	return func(m maker, fd int) {
		m.Helper()
		got, err := syscall.Read(fd, make([]byte, size))
		for err == syscall.EINTR {
			got, err = syscall.Read(fd, make([]byte, size))
		}
		if max(got, 0) != n || err != want {
			m.Errorf("read: %d, %v, want %d, %v", got, err, n, want)
		}
	}
}

// writes checks the result of writing one byte.
func writes(want error) func(m maker, fd int) {
	return func(m maker, fd int) {
		m.Helper()
		_, err := syscall.Write(fd, []byte("x"))
		for err == syscall.EINTR {
			_, err = syscall.Write(fd, []byte("x"))
		}
		if err != want {
			m.Errorf("write: %v, want %v", err, want)
		}
	}
}

// soError checks the value of SO_ERROR.
func soError(want syscall.Errno) func(m maker, fd int) {
	return func(m maker, fd int) {
		m.Helper()
		n, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
		got := syscall.Errno(n)
		if onMIPS && underQemu() && got != 0 && want != 0 {
			got = want // qemu-user does not translate the error number of the kernel below
		}
		if got != want || err != nil {
			m.Errorf("SO_ERROR: %v, %v, want %v", got, err, want)
		}
	}
}

// DESCRIPTORS.md.

var update = flag.Bool("update", false, "write DESCRIPTORS.md instead of checking it")

// tablesFollow is the line of DESCRIPTORS.md after which everything is made from kinds.
const tablesFollow = "<!-- What follows is written by: go test -run TestDescriptors -update . -->\n"

// TestDescriptors checks that DESCRIPTORS.md matches the tables here.
func TestDescriptors(t *testing.T) {
	const name = "DESCRIPTORS.md"
	text, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		t.Skipf("not in the source tree: %v", err)
	}
	must(t, err)
	intro, got, ok := strings.Cut(string(text), tablesFollow)
	if !ok {
		t.Fatalf("%s has no line %q", name, tablesFollow)
	}
	want := tables(t)
	if *update {
		must(t, os.WriteFile(name, []byte(intro+tablesFollow+want), 0o644))
		return
	}
	if got == want {
		return
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range wantLines {
		if i >= len(gotLines) || gotLines[i] != wantLines[i] {
			t.Fatalf("%s differs from the tables of the tests (to write it: go test -run TestDescriptors -update .); the first line that does should be\n%s", name, wantLines[i])
		}
	}
	t.Fatalf("%s has more than the tables of the tests", name)
}

// tables returns the generated part of DESCRIPTORS.md.
func tables(t *testing.T) string {
	var b strings.Builder
	for i, k := range kinds {
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, "[%s](#%s)", k.name, anchor(k.name))
	}
	b.WriteString(".\n")
	for _, k := range kinds {
		fmt.Fprintf(&b, "\n## %s\n\n%s%s\n\n", k.name, k.about, k.out)
		b.WriteString("| State | Linux: all / POLLIN | FreeBSD: all / POLLIN | What ends it | Note |\n")
		b.WriteString("| --- | --- | --- | --- | --- |\n")
		for _, v := range k.states {
			name, freebsd := v.name, "?"
			if v.make == nil {
				name += " †"
			}
			if v.freebsd != nil {
				freebsd = v.freebsd.text(t, norm)
			}
			for _, cell := range []string{name, v.linux.text(t, k.out), freebsd, v.ends, v.note} {
				b.WriteString(strings.TrimRight("| "+cell, " ") + " ")
			}
			b.WriteString("|\n")
		}
	}
	return b.String()
}

// anchor returns the anchor that code hosts make from a heading.
func anchor(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '-', r == '_':
			b.WriteRune(r)
		}
	}
	return b.String()
}

// String returns a sentence for DESCRIPTORS.md, below the heading.
func (w twins) String() string {
	return []string{
		norm: "",
		band: " On Linux, POLLWRBAND accompanies POLLOUT.",
		none: " On Linux, POLLIN and POLLOUT come without POLLRDNORM and POLLWRNORM.",
	}[w]
}

// text returns m in the form of DESCRIPTORS.md.
func (m masks) text(t *testing.T, w twins) string {
	together := []Events{rd, wr}
	switch w {
	case band:
		together = []Events{rd, wrb}
	case none:
		together = nil
	}
	for _, twins := range together {
		if got := m.all & twins; got != 0 && got != twins {
			t.Errorf("%v: want all of %v or nothing", m.all, twins)
		}
	}
	if w != none {
		// On MIPS, POLLWRNORM is POLLOUT.
		m.all &^= (rd | wr) &^ (POLLIN | POLLOUT)
	}
	if w == band {
		m.all &^= POLLWRBAND
	}
	if m.in&^(POLLIN|always) != 0 || m.in&^m.all != 0 {
		t.Errorf("asked for all: %v; asked for POLLIN: %v", m.all, m.in)
	}
	return strings.ReplaceAll(m.all.String()+" / "+m.in.String(), "|", " ")
}
