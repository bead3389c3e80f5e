//go:build linux || darwin || freebsd || netbsd

// Package descriptors tests DESCRIPTORS.md: for each row of its tables it makes a
// descriptor in that state and compares what poll reports with the cell of the system it
// runs on.
package descriptors

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	. "example.com/poll"
	"example.com/poll/internal/fdtest"
)

// always has the events that are reported even if they are not asked for.
const always = POLLERR | POLLHUP | POLLNVAL

// Most kinds report both bits of rd together, and both bits of wr.
const (
	rd = POLLIN | POLLRDNORM
	wr = POLLOUT | POLLWRNORM
)

// A maker makes descriptors, which are closed at the end of the test.
type maker struct{ testing.TB }

// An act does something with a descriptor, or checks something.
type act func(m maker, fd int)

// A kind of descriptor is a section of DESCRIPTORS.md.
type kind struct {
	name   string
	out    twins // on Linux; elsewhere it is always norm
	native bool  // qemu-user does not support it fully
	states []state
}

// twins are the bits that are reported together with POLLIN and POLLOUT. The tables do not
// name them.
type twins int

const (
	norm twins = iota // POLLRDNORM and POLLWRNORM
	band              // POLLWRBAND as well
	none
)

// twinSentences are above the tables of the kinds for which they hold.
var twinSentences = map[twins]string{
	band: "On Linux, POLLWRBAND accompanies POLLOUT.",
	none: "On Linux, POLLIN and POLLOUT come without POLLRDNORM and POLLWRNORM.",
}

// A state of a kind of descriptor is a row of DESCRIPTORS.md.
type state struct {
	name    string
	make    func(m maker) (fd int)
	noRDHUP bool // do not ask for POLLRDHUP on FreeBSD, where it gives POLLNVAL
	once    bool // reported to the first poll only; afterwards the events in then
	slow    bool // takes seconds to make

	// For Linux alone.
	late Events // the events that older kernels do not report
	odd  act    // checks the note, and does not change the state
	end  []act  // each ends the event in one way that the row lists
	then Events // the events after end, if everything is asked for
}

func concat(parts ...[]kind) (all []kind) {
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// everything returns every event that a caller can ask for.
func (s *state) everything() Events {
	all := POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLWRBAND | rdhup
	if s.noRDHUP && runtime.GOOS == "freebsd" {
		all &^= rdhup
	}
	return askable(all)
}

// askable removes a bit from mask that qemu-user for MIPS does not translate: 0x100 is
// POLLWRBAND on MIPS, but POLLWRNORM on the kernel below.
func askable(mask Events) Events {
	if strings.HasPrefix(runtime.GOARCH, "mips") && fdtest.UnderQemu() {
		mask &^= POLLWRBAND
	}
	return mask
}

var update = flag.Bool("update", false, "write this system's cells of DESCRIPTORS.md instead of checking them")

// TestDescriptors checks every bit that each entry point reports for every kind of
// descriptor in every state, what ends an event, and what ends a wait.
func TestDescriptors(t *testing.T) {
	start := time.Now()
	doc := readDocument(t)
	for _, k := range kinds {
		for out, sentence := range twinSentences {
			if strings.Contains(doc.about[k.name], sentence) != (k.out == out) {
				t.Errorf("%s: does %q hold?", k.name, sentence)
			}
		}
		for i := range k.states {
			s := &k.states[i]
			doc.run(t, k.name, s.name, func(m maker, cell string) string {
				switch {
				case k.native && fdtest.UnderQemu():
					m.Skip("not under qemu-user")
				case s.slow && testing.Short():
					m.Skip("takes seconds")
				case unknown(cell):
					return k.measure(m, s)
				}
				want := k.parse(m, cell)
				if s.once {
					s.checkOnce(m, want)
				} else {
					s.check(m, want)
				}
				return cell
			})
		}
	}
	for _, w := range waits {
		doc.run(t, waitsHeading, w.name, w.check)
	}
	doc.finish(t, time.Since(start))
}

// settled makes the state, and waits a moment until it is reached. It returns what is
// reported.
func (s *state) settled(m maker, want Events) (fd int, got Events) {
	m.Helper()
	fd = s.make(m)
	got = s.all(m, fd)
	for start := time.Now(); got != want && time.Since(start) < 2*time.Second; got = s.all(m, fd) {
		Poll(nil, time.Millisecond)
	}
	return fd, got
}

// check checks a state that lasts until something ends it.
func (s *state) check(m maker, want masks) {
	fd, got := s.settled(m, want.all)
	want.all &^= s.late &^ got
	for _, ask := range s.asks(want) {
		timeouts := []time.Duration{0, Forever, time.Hour, time.Hour + 1}
		if ask.want == 0 {
			timeouts = []time.Duration{0, 1, 50 * time.Microsecond, time.Millisecond}
		}
		for _, e := range entryPoints {
			for _, timeout := range timeouts {
				e.want(m, fd, ask.ask, timeout, ask.want)
			}
		}
	}
	if runtime.GOOS != "linux" {
		return
	}
	if s.odd != nil {
		s.odd(m, fd)
		s.wantAll(m, fd, want.all)
	}
	for i, end := range s.end {
		if i > 0 {
			fd, _ = s.settled(m, want.all)
		}
		end(m, fd)
		s.wantAll(m, fd, askable(s.then))
	}
}

// checkOnce checks a state that ends by being reported.
func (s *state) checkOnce(m maker, want masks) {
	points, timeouts := entryPoints, []time.Duration{0, Forever, time.Hour}
	if s.slow {
		points, timeouts = points[:1], timeouts[:1]
	} else if s.late != 0 {
		want.all &^= s.late &^ s.all(m, s.make(m))
	}
	for _, ask := range s.asks(want) {
		for _, e := range points {
			for _, timeout := range timeouts {
				fd := s.make(m)
				e.want(m, fd, ask.ask, timeout, ask.want)
				e.want(m, fd, ask.ask, 0, s.then&(ask.ask|always))
			}
		}
	}
}

// An ask is a mask and the wanted events.
type ask struct{ ask, want Events }

func (s *state) asks(want masks) []ask {
	return []ask{{s.everything(), want.all}, {POLLIN, want.in}}
}

// all returns the events of fd if everything is asked for.
func (s *state) all(m maker, fd int) Events {
	m.Helper()
	return entryPoints[0].poll(m, fd, s.everything(), 0)
}

func (s *state) wantAll(m maker, fd int, want Events) {
	m.Helper()
	if got := s.all(m, fd); got != want {
		m.Errorf("afterwards %v is reported, want %v", got, want)
	}
}

// measure returns the cell of a state that nobody has looked at on this system.
func (k *kind) measure(m maker, s *state) string {
	events := func(ask Events) Events {
		fd := s.make(m)
		if !s.once {
			Poll(nil, 100*time.Millisecond) // some states take a moment to be reached
		}
		return entryPoints[0].poll(m, fd, ask, 0)
	}
	return k.text(m, masks{events(s.everything()), events(POLLIN)})
}

// An entryPoint is a way to poll one descriptor.
type entryPoint struct {
	name string
	call func(fd int, ask Events, timeout time.Duration) (Events, error)
}

var entryPoints = []entryPoint{
	{"Poll", func(fd int, ask Events, timeout time.Duration) (Events, error) {
		fds := []PollFd{{Fd: int32(fd), Events: ask}}
		_, err := Poll(fds, timeout)
		return fds[0].Revents, err
	}},
	{"Poller", func(fd int, ask Events, timeout time.Duration) (Events, error) {
		var p Poller
		defer p.Close()
		if err := p.Register(fd, ask); err != nil {
			return 0, err
		}
		ready, err := p.Poll(timeout)
		if len(ready) == 0 {
			return 0, err
		}
		return ready[0].Events, err
	}},
	{"Wait", Wait},
}

func (e entryPoint) poll(m maker, fd int, ask Events, timeout time.Duration) Events {
	m.Helper()
	got, err := e.call(fd, ask, timeout)
	if err != nil {
		m.Fatalf("%s of fd %d for %v, timeout %v: %v", e.name, fd, ask, timeout, err)
	}
	return got
}

func (e entryPoint) want(m maker, fd int, ask Events, timeout time.Duration, want Events) {
	m.Helper()
	if got := e.poll(m, fd, ask, timeout); got != want {
		m.Fatalf("%s for %v, timeout %v: %v, want %v", e.name, ask, timeout, got, want)
	}
}

// Cells.

// masks are the events that are reported if everything is asked for, and if only POLLIN is.
type masks struct{ all, in Events }

// together returns the bits that are reported only together.
func (k *kind) together() []Events {
	switch {
	case runtime.GOOS != "linux" || k.out == norm:
		return []Events{rd, wr}
	case k.out == band:
		return []Events{rd, askable(wr | POLLWRBAND)}
	}
	return nil
}

// text returns v as a cell.
func (k *kind) text(m maker, v masks) string {
	for _, twins := range k.together() {
		if got := v.all & twins; got != 0 && got != twins {
			m.Errorf("%v: want all of %v or nothing", v.all, twins)
		}
		v.all &^= twins &^ (POLLIN | POLLOUT)
	}
	return strings.ReplaceAll(v.all.String()+" / "+v.in.String(), "|", " ")
}

// parse is the reverse of text.
func (k *kind) parse(m maker, cell string) (v masks) {
	all, in, ok := strings.Cut(cell, " / ")
	v = masks{events(all), events(in)}
	if !ok || v.in&^(POLLIN|always) != 0 || v.in&^v.all != 0 {
		m.Fatalf("the cell is %q", cell)
	}
	for _, twins := range k.together() {
		if v.all&twins != 0 {
			v.all |= twins
		}
	}
	return v
}

// events returns the events with these names.
func events(names string) (all Events) {
	for bit := Events(1); bit != 0; bit <<= 1 {
		if slices.Contains(strings.Fields(names), bit.String()) {
			all |= bit
		}
	}
	return all
}

// DESCRIPTORS.md.

const file = "../../DESCRIPTORS.md"

// The marks of cells that are not checked.
const (
	untried = "?" // nobody has looked
	absent  = "–" // the system does not have it
	byHand  = "†" // observed by hand
)

func unknown(cell string) bool { return cell == untried || *update }

// system is the name of the column of the running system.
var system = map[string]string{
	"linux": "Linux", "android": "Linux", "darwin": "Darwin", "freebsd": "FreeBSD", "netbsd": "NetBSD",
}[runtime.GOOS]

// A document is DESCRIPTORS.md.
type document struct {
	lines []string
	about map[string]string // the text of each kind
	rows  map[string]*row   // by kind and state
	tried map[string]bool   // the rows that a test has been written for
	added []string          // the rows that have a new cell, below their headings
	count int
	skips []string // the reasons, by kind
}

// A row is a line of a table.
type row struct {
	state  string
	line   int
	column int // of the running system; 0 if there is none
}

func readDocument(t *testing.T) *document {
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		t.Skip(err) // the test binary was copied without the tree
	}
	fdtest.Must(t, err)
	d := &document{
		lines: strings.Split(string(text), "\n"),
		about: make(map[string]string),
		rows:  make(map[string]*row),
		tried: make(map[string]bool),
	}
	kind, column, words := "", 0, strings.Join(strings.Fields(string(text)), " ")
	for i, line := range d.lines {
		switch cells := split(line); {
		case strings.HasPrefix(line, "## "):
			kind = line[len("## "):]
			if link := fmt.Sprintf("[%s](#%s)", kind, anchor(kind)); !strings.Contains(words, link) {
				t.Errorf("%s has no link %s", file, link)
			}
		case len(cells) == 0:
			d.about[kind] += line + " "
		case cells[0] == "---":
		case cells[0] == "State" || cells[0] == "During the wait":
			column = slices.Index(cells, system)
		case kind != "":
			d.rows[kind+"/"+strings.TrimSuffix(cells[0], " "+byHand)] = &row{cells[0], i, max(column, 0)}
		}
	}
	return d
}

// split returns the cells of a line of a table.
func split(line string) (cells []string) {
	if !strings.HasPrefix(line, "| ") {
		return nil
	}
	for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
		cells = append(cells, strings.TrimSpace(cell))
	}
	return cells
}

// anchor returns the anchor that code hosts make from a heading.
func anchor(heading string) string {
	return strings.ToLower(strings.ReplaceAll(heading, " ", "-"))
}

// run runs check as the test of a row. check gets the cell of the running system and
// returns what it should be.
func (d *document) run(t *testing.T, kind, state string, check func(m maker, cell string) string) {
	key := kind + "/" + state
	d.tried[key] = true
	t.Run(fmt.Sprintf("kind=%s/state=%s", kind, state), func(t *testing.T) {
		fdtest.Watchdog(t, 4*fdtest.Soon)
		r := d.rows[key]
		if r == nil {
			t.Fatalf("%s has no such row", file)
		}
		cells, column := split(d.lines[r.line]), r.column
		if column == 0 { // print the row with one more cell
			cells, column = slices.Insert(cells, 1, untried), 1
		}
		cell := cells[column]
		if cell == absent {
			return
		}
		got := check(maker{skipper{t, d, kind}}, cell)
		d.count++
		switch {
		case got == cell:
		case !unknown(cell):
			t.Errorf("%q, want %q", got, cell)
		default:
			cells[column] = got
			if heading := "## " + kind; !slices.Contains(d.added, heading) {
				d.added = append(d.added, heading)
			}
			d.added = append(d.added, join(cells))
			if r.column > 0 {
				d.lines[r.line] = join(cells)
			}
		}
	})
}

// join is the reverse of split.
func join(cells []string) (line string) {
	for _, cell := range cells {
		line += strings.TrimRight("| "+cell, " ") + " "
	}
	return line + "|"
}

// A skipper records why tests are skipped.
type skipper struct {
	testing.TB
	d    *document
	kind string
}

func (s skipper) Skip(args ...any) {
	s.Helper()
	why := s.kind + ": " + fmt.Sprint(args...)
	if !slices.Contains(s.d.skips, why) {
		s.d.skips = append(s.d.skips, why)
	}
	s.TB.Skip(args...)
}

func (s skipper) Skipf(format string, args ...any) {
	s.Helper()
	s.Skip(fmt.Sprintf(format, args...))
}

// finish checks that every row has been tried, and prints what was found.
func (d *document) finish(t *testing.T, took time.Duration) {
	hand := 0
	for key, r := range d.rows {
		if r.column == 0 || d.tried[key] {
			continue
		}
		cell := split(d.lines[r.line])[r.column]
		switch {
		case strings.HasSuffix(r.state, byHand) || strings.HasSuffix(cell, byHand):
			hand++
		case cell != absent:
			t.Errorf("no test makes %s", key)
		}
	}
	for _, line := range d.added {
		fmt.Println(line)
	}
	if *update {
		fdtest.Must(t, os.WriteFile(file, []byte(strings.Join(d.lines, "\n")), 0o644))
	}
	fmt.Printf("DESCRIPTORS.md, %s: %d rows in %.1fs, %d observed by hand, skipped: %s\n",
		system, d.count, took.Seconds(), hand, strings.Join(d.skips, "; "))
}
