package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/poll/examples/internal/cli"
	"example.com/poll/examples/internal/program"
)

func TestMain(m *testing.M) { program.TestMain(m, main) }

// event returns the bytes of a struct gpio_v2_line_event.
func event(timestamp uint64, id, lineSeqno uint32) []byte {
	b := make([]byte, 48)
	order := binary.NativeEndian
	order.PutUint64(b[0:], timestamp)
	order.PutUint32(b[8:], id)
	order.PutUint32(b[12:], 17)
	order.PutUint32(b[16:], lineSeqno)
	order.PutUint32(b[20:], lineSeqno)
	return b
}

// pipe returns a pipe whose read end is non-blocking, like a line.
func pipe(t *testing.T) (r, w int) {
	t.Helper()
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fds[0]) })
	return fds[0], fds[1]
}

func write(t *testing.T, fd int, events ...[]byte) {
	t.Helper()
	b := bytes.Join(events, nil)
	if n, err := syscall.Write(fd, b); n != len(b) || err != nil {
		t.Fatal(n, err)
	}
}

// TestEvents checks, with a pipe in place of a line, that events are decoded and missed
// events counted.
func TestEvents(t *testing.T) {
	many := make([][]byte, 40) // more than fit one read
	for i := range many {
		many[i] = event(1e9, 1, uint32(i+1))
	}
	for _, test := range []struct {
		name   string
		events [][]byte
		count  int
		want   string
	}{
		{"edges", [][]byte{event(12_000_000_345, 1, 1), event(1<<63, 2, 2), event(0, 3, 3)}, 3, "" +
			"    12.000000345s  edge 1  rising\n" +
			"9223372036.854775808s  edge 2  falling\n" +
			"     0.000000000s  edge 3  unknown id 3\n"},
		{"count", [][]byte{event(1e9, 1, 1), event(1e9, 2, 2)}, 1, "     1.000000000s  edge 1  rising\n"},
		{"missed", [][]byte{event(1e9, 1, 3), event(2e9, 2, 4), event(3e9, 1, 6)}, 3, "" +
			"missed 2\n     1.000000000s  edge 3  rising\n" +
			"     2.000000000s  edge 4  falling\n" +
			"missed 1\n     3.000000000s  edge 6  rising\n"},
		{"overflow", [][]byte{event(1e9, 1, 1<<32-2), event(1e9, 1, 1<<32-1), event(1e9, 1, 0), event(1e9, 1, 2)}, 4, "" +
			"missed 4294967293\n     1.000000000s  edge 4294967294  rising\n" +
			"     1.000000000s  edge 4294967295  rising\n" +
			"     1.000000000s  edge 0  rising\n" +
			"missed 1\n     1.000000000s  edge 2  rising\n"},
		{"many", many, 40, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, w := pipe(t)
			defer syscall.Close(w)
			write(t, w, test.events...)
			var out strings.Builder
			if err := watchLine(context.Background(), &out, r, test.count, time.Minute); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); test.want != "" && got != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
			} else if n := strings.Count(got, "rising"); test.want == "" && (n != test.count || strings.Contains(got, "missed")) {
				t.Errorf("%d edges:\n%s", n, got)
			}
		})
	}
}

// lines returns a function that checks the end of the next line of r.
func lines(t *testing.T, r io.Reader) (expect func(want string)) {
	s := bufio.NewScanner(r)
	return func(want string) {
		t.Helper()
		if !s.Scan() || !strings.HasSuffix(s.Text(), want) {
			t.Fatalf("%q, want %q", s.Text(), want)
		}
	}
}

// TestWait checks that the program's loop waits for edges, remembers the last number
// between reads, and ends when ctx is done.
func TestWait(t *testing.T) {
	r, w := pipe(t)
	defer syscall.Close(w)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	outR, outW := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- watchLine(ctx, outW, r, 0, time.Minute)
		outW.Close()
	}()
	expect := lines(t, outR)
	write(t, w, event(1e9, 1, 1))
	expect("edge 1  rising")
	write(t, w, event(2e9, 2, 2))
	expect("edge 2  falling")
	write(t, w, event(3e9, 2, 5))
	expect("missed 2")
	expect("edge 5  falling")
	cancel()
	if err := <-done; err != context.Canceled {
		t.Error(err)
	}
}

// TestLineErrors checks the errors that end a watch.
func TestLineErrors(t *testing.T) {
	r, w := pipe(t)
	err := watchLine(context.Background(), io.Discard, r, 0, time.Millisecond)
	if err == nil || err.Error() != "no edge for 1ms" {
		t.Error(err)
	}
	write(t, w, event(1e9, 1, 1)[:47])
	err = watchLine(context.Background(), io.Discard, r, 0, time.Minute)
	if err == nil || err.Error() != "read 47 bytes, but an event has 48" {
		t.Error(err)
	}
	syscall.Close(w)
	if err := watchLine(context.Background(), io.Discard, r, 0, time.Minute); err != io.ErrUnexpectedEOF {
		t.Error(err)
	}
}

// TestFindLine checks how a line is found by offset and by name.
func TestFindLine(t *testing.T) {
	names := []string{"", "GPIO1", strings.Repeat("x", 32), "GPIO3", "GPIO1", "2nd"}
	get := func(offset uint32) (info lineInfo, err error) {
		info.offset = offset
		copy(info.name[:], names[offset])
		return info, nil
	}
	for line, want := range map[string]uint32{"0": 0, "5": 5, "GPIO1": 1, "GPIO3": 3, names[2]: 2, "2nd": 5} {
		if info, err := findLine("chip", line, uint32(len(names)), get); err != nil || info.offset != want {
			t.Errorf("%q: %d, %v; want %d", line, info.offset, err, want)
		}
	}
	for line, want := range map[string]string{
		"6":          "chip has no line 6: it has 6 lines",
		"4294967295": "chip has no line 4294967295: it has 6 lines",
		"4294967296": `chip has no line named "4294967296"`,
		"GPIO":       `chip has no line named "GPIO"`,
		"-1":         `chip has no line named "-1"`,
		"":           `chip has no line named ""`,
	} {
		if _, err := findLine("chip", line, uint32(len(names)), get); err != cli.Mistake(want) {
			t.Errorf("%q: %v, want %s", line, err, want)
		}
	}
	fail := func(uint32) (lineInfo, error) { return lineInfo{}, syscall.ENODEV }
	for _, line := range []string{"0", "GPIO1"} {
		if _, err := findLine("chip", line, 6, fail); !errors.Is(err, syscall.ENODEV) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestChipPath(t *testing.T) {
	for chip, want := range map[string]string{
		"0": "/dev/gpiochip0", "gpiochip12": "/dev/gpiochip12", "/dev/gpiochip3": "/dev/gpiochip3", "./chip": "./chip",
	} {
		if got, err := chipPath(chip); got != want || err != nil {
			t.Errorf("%q: %q, %v", chip, got, err)
		}
	}
	for _, chip := range []string{"", "chip", "-1"} {
		if got, err := chipPath(chip); err == nil {
			t.Errorf("%q: %q", chip, got)
		}
	}
}

// TestValue checks the loop for a value file with /proc/thread-self/mounts, which reports
// changes in the same way.
func TestValue(t *testing.T) {
	program.OwnMounts(t)
	mounted := t.TempDir()
	fd, err := openFile("/proc/thread-self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	value, err := readValue(fd) // the beginning of the file, which does not change
	if err != nil {
		t.Fatal(err)
	}
	outR, outW := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- watchValue(context.Background(), outW, fd, 2, 50*time.Second)
		outW.Close()
	}()
	expect := lines(t, outR)
	expect("the value is " + value)
	if err := syscall.Mount("polltest", mounted, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Unmount(mounted, 0) }) // after a failure
	expect("s  POLLPRI|POLLERR  value " + value)
	if err := syscall.Unmount(mounted, 0); err != nil {
		t.Fatal(err)
	}
	expect("s  POLLPRI|POLLERR  value " + value)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// valueFile makes a directory that looks like a line in sysfs.
func valueFile(t *testing.T, value, edge string) (path string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"value": value, "edge": edge} {
		if content == "" {
			continue
		}
		if err := os.WriteFile(dir+"/"+name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir + "/value"
}

// TestSignal checks that the program waits while the value does not change, with an
// ordinary file in place of a value file, and that a signal ends it.
func TestSignal(t *testing.T) {
	path := valueFile(t, "1\n", "both\n")
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		p := program.Start(t, program.Command(t, path))
		if l := p.Line(""); l != "the value is 1\n" {
			t.Errorf("%q", l)
		}
		if err := p.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		p.Ends(0, "")
	}
}

// TestErrors checks that a mistake in the command line prints one line and the usage, with
// status 2, and that another error prints one line, with status 1.
func TestErrors(t *testing.T) {
	dir := t.TempDir()
	file := valueFile(t, "some text that is not a value\n", "both\n")
	none, noEdge, still := valueFile(t, "0\n", "none\n"), valueFile(t, "0\n", ""), valueFile(t, "0\n", "rising\n")
	for _, test := range []struct {
		mistake string
		args    []string
	}{
		{"name a chip and a line, or a value file", nil},
		{"name a chip and a line, or a value file", []string{"17"}},
		{"name a chip and a line, or a value file", []string{"0", "17", "18"}},
		{"blunt is not an edge", []string{"-edge", "blunt", "0", "17"}},
		{"-n is negative", []string{"-n", "-1", "0", "17"}},
		{"-timeout is negative", []string{"-timeout", "-1s", "0", "17"}},
		{`"chip" is neither the number nor the path of a chip`, []string{"chip", "17"}},
		{file + " is not a GPIO chip", []string{file, "17"}},
		{dir + " is not a GPIO chip", []string{dir, "17"}},
		{"-edge is for the line of a chip; for a value file, write to the file edge beside it", []string{"-edge", "both", still}},
		{file + " is not the value file of a GPIO line", []string{file}},
		{dir + " is not the value file of a GPIO line", []string{dir}},
		{"/dev/null is not the value file of a GPIO line", []string{"/dev/null"}},
		{"no edges are chosen: write rising, falling or both to " + strings.TrimSuffix(none, "value") + "edge", []string{none}},
	} {
		program.Check(t, 2, "gpio: "+test.mistake+"\nusage: gpio", test.args...)
	}
	// The end of the line is ENOTTY, or ENOSYS in qemu.
	program.Check(t, 2, "gpio: /dev/null is not a GPIO chip: ", "/dev/null", "17")
	program.Check(t, 2, "usage: gpio", "-timeout", "x", "0", "17")
	program.Check(t, 0, "usage: gpio", "-h")

	for _, test := range []struct {
		err  string
		args []string
	}{
		{"stat " + dir + "/chip: no such file or directory", []string{dir + "/chip", "17"}},
		{"stat /dev/gpiochip4294967295: no such file or directory", []string{"4294967295", "17"}},
		{"open " + dir + "/value: no such file or directory", []string{dir + "/value"}},
		{"the line reports no edges: open " + strings.TrimSuffix(noEdge, "value") + "edge: no such file or directory", []string{noEdge}},
		{"no edge for 1ms", []string{"-timeout", "1ms", still}},
	} {
		if _, stderr, status := program.Run(t, test.args...); status != 1 || stderr != "gpio: "+test.err+"\n" {
			t.Errorf("%q: status %d, stderr %q; want 1, %q", test.args, status, stderr, test.err)
		}
	}
}
