//go:build linux || darwin || freebsd || netbsd

package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/poll"
	"example.com/poll/examples/internal/program"
	"example.com/poll/internal/tty"
)

func TestMain(m *testing.M) { program.TestMain(m, main) }

var (
	piece   = regexp.MustCompile(`^ *\d+\.\d{3}s  /\S+ > /\S+  \d+ bytes (".*")$`)
	silence = regexp.MustCompile(`^ *\d+\.\d{3}s  nothing for 200ms$`)
)

// TestDemo checks the program's output without arguments. A line may be copied in pieces,
// and on a busy machine any number of silences may be reported.
func TestDemo(t *testing.T) {
	stdout, stderr, status := program.Run(t)
	if status != 0 || stderr != "" {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
	var talk string
	var others []string
	for _, line := range strings.Split(strings.TrimSuffix(stdout, "\n"), "\n") {
		if m := piece.FindStringSubmatch(line); m != nil {
			text, err := strconv.Unquote(m[1])
			if err != nil {
				t.Errorf("%v: %q", err, line)
			}
			talk += text
		} else if !silence.MatchString(line) {
			others = append(others, line)
		}
	}
	want := ""
	for i := 1; i <= 3; i++ {
		want += fmt.Sprintf("question %d\nanswer to question %[1]d\n", i)
	}
	if talk != want {
		t.Errorf("the devices said %q, want %q", talk, want)
	}
	if len(others) != 3 || !strings.HasPrefix(others[0], "joined /") || !strings.HasSuffix(others[1], " hung up") ||
		!strings.HasPrefix(others[2], "the device that answers has ") || !strings.HasSuffix(others[2], "POLLHUP") {
		t.Errorf("stdout:\n%s", stdout)
	}
}

// pty returns the master of a new pseudo-terminal, and the slave's name.
func pty(t *testing.T) (master int, slave string) {
	t.Helper()
	master, slave, err := tty.OpenPty()
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// keptPty is pty for a slave whose settings are kept, and returned by get, until the end of
// the test.
func keptPty(t *testing.T) (master int, slave string, get func() tty.Settings) {
	t.Helper()
	master, slave = pty(t)
	f, err := os.OpenFile(slave, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return master, slave, func() tty.Settings {
		t.Helper()
		s, err := tty.Get(master)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// joined starts the program with two new pseudo-terminals.
func joined(t *testing.T, args ...string) (p *program.Program, a, b int, nameA string) {
	t.Helper()
	a, nameA = pty(t)
	b, nameB := pty(t)
	p = program.Start(t, program.Command(t, append(args, nameA, nameB)...))
	p.Line("joined")
	return p, a, b, nameA
}

// wait returns the events of fd, or 0 after the timeout.
func wait(t *testing.T, fd int, events poll.Events, timeout time.Duration) poll.Events {
	t.Helper()
	revents, err := poll.Wait(fd, events, timeout)
	if err != nil {
		t.Fatal(err)
	}
	return revents
}

const hang = time.Minute

// quiet waits until the bridge reports a silence, of 50ms, that began after quiet was
// called. A bridge that spins never reports one. start is a time before the program
// started.
func quiet(t *testing.T, p *program.Program, start time.Time) {
	t.Helper()
	// The time of the call on the program's clock, or a little later.
	called := time.Since(start).Seconds()
	for n := 0; n < 2; { // the first silence may have begun before the call
		at := 0.0
		if _, err := fmt.Sscanf(p.Line("nothing for 50ms"), "%fs", &at); err != nil {
			t.Fatal(err)
		}
		if at > called {
			n++
		}
	}
}

// fill writes to fd until the bridge stops reading because the other line is full. It
// returns the bytes written.
func fill(t *testing.T, p *program.Program, start time.Time, fd int) (written []byte) {
	t.Helper()
	var block [256]byte
	for i := range block {
		block[i] = byte(i)
	}
	for full := false; len(written) < 1<<24; {
		n, err := syscall.Write(fd, block[:])
		switch {
		case err == syscall.EAGAIN && full:
			return written
		case err == syscall.EAGAIN:
			quiet(t, p, start)
			full = true
		case err != nil:
			t.Fatal(err)
		default:
			written = append(written, block[:n]...)
			full = false
		}
	}
	t.Fatal("the bridge takes in without bound")
	return nil
}

func read(t *testing.T, fd, n int) (got []byte) {
	t.Helper()
	buf := make([]byte, 1000)
	for len(got) < n {
		if events := wait(t, fd, poll.POLLIN, hang); events != poll.POLLIN {
			t.Fatalf("%v after %d bytes", events, len(got))
		}
		n, err := syscall.Read(fd, buf)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, buf[:n]...)
	}
	return got
}

// TestBackPressure checks that a device that does not read makes the bridge stop reading
// from the other, that the other direction goes on, and that every byte value arrives
// unchanged after partial writes.
func TestBackPressure(t *testing.T) {
	start := time.Now()
	p, a, b, nameA := joined(t, "-idle", "50ms")
	written := fill(t, p, start, a)
	syscall.Write(b, []byte("back\n"))
	if got := read(t, a, 5); string(got) != "back\n" {
		t.Errorf("back came %q", got)
	}
	if got := read(t, b, len(written)); !bytes.Equal(got, written) {
		t.Errorf("the %d bytes that came are not the %d sent", len(got), len(written))
	}
	syscall.Close(a)
	if events := wait(t, b, poll.POLLIN, hang); events&poll.POLLHUP == 0 {
		t.Errorf("at the end: %v", events)
	}
	syscall.Close(b)
	if rest := p.Ends(0, ""); !strings.HasSuffix(rest, nameA+" hung up\n") {
		t.Errorf("the end is %q", rest[max(0, len(rest)-100):])
	}
}

// TestHangUpWhilePending checks that, if one line hangs up while the other does not read,
// the bridge waits for the other, and neither spins nor hangs.
func TestHangUpWhilePending(t *testing.T) {
	start := time.Now()
	p, a, b, nameA := joined(t, "-idle", "50ms")
	fill(t, p, start, a)
	syscall.Close(a)
	quiet(t, p, start)
	// The bytes that the bridge holds still arrive.
	held := 0
	for {
		events := wait(t, b, poll.POLLIN, hang)
		n, _ := syscall.Read(b, make([]byte, 1000))
		if n <= 0 && events&poll.POLLHUP != 0 {
			break
		}
		held += max(n, 0)
	}
	if held == 0 {
		t.Error("nothing has arrived")
	}
	syscall.Close(b)
	p.Line(nameA + " hung up")
	p.Ends(0, "")
}

// TestSilence checks that each silence of -idle is reported, and that a byte ends it.
func TestSilence(t *testing.T) {
	p, a, b, nameA := joined(t, "-idle", "20ms")
	defer syscall.Close(b)
	at := 0.0
	if _, err := fmt.Sscanf(p.Line("nothing for 20ms"), "%fs", &at); err != nil || at < 0.020 {
		t.Errorf("the first silence was reported at %v s, %v", at, err)
	}
	p.Line("nothing for 20ms")
	syscall.Write(a, []byte("x"))
	p.Line(`1 bytes "x"`)
	read(t, b, 1)
	p.Line("nothing for 20ms")
	syscall.Close(a)
	p.Line(nameA + " hung up")
	p.Ends(0, "")
}

// TestInterrupt checks that Ctrl-C ends a busy bridge.
func TestInterrupt(t *testing.T) {
	program.SkipIfIgnored(t, os.Interrupt)
	p, a, b, _ := joined(t, "-baud", "9600")
	defer syscall.Close(a)
	defer syscall.Close(b)
	syscall.Write(a, []byte("x"))
	read(t, b, 1)
	p.Interrupt()
	p.Ends(0, "")
}

// TestSettings checks that the line is raw and has the new speed while the bridge runs, and
// that it has its old settings again, whatever ended the bridge.
func TestSettings(t *testing.T) {
	a, nameA, get := keptPty(t)
	defer syscall.Close(a)
	b, nameB := pty(t) // closed by the last test
	before := get()
	want := before
	want.MakeRaw()
	want.Cflag |= syscall.CREAD | syscall.CLOCAL
	if err := want.SetSpeed(19200); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		signal syscall.Signal // if not 0, end sends it
		end    func(p *program.Program)
	}{
		{"SIGINT", syscall.SIGINT, nil},
		{"SIGTERM", syscall.SIGTERM, nil},
		{"SIGHUP", syscall.SIGHUP, nil},
		{"SIGQUIT", syscall.SIGQUIT, nil},
		{"its output is closed", 0, func(p *program.Program) {
			p.CloseOutput()
			syscall.Write(a, []byte("x"))
		}},
		// This must be the last.
		{"the other line hangs up", 0, func(p *program.Program) { syscall.Close(b) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			end := test.end
			if test.signal != 0 {
				program.SkipIfIgnored(t, test.signal)
				end = func(p *program.Program) { p.Process.Signal(test.signal) }
			}
			p := program.Start(t, program.Command(t, "-baud", "19200", nameA, nameB))
			p.Line("joined")
			during := get()
			if during.Iflag != want.Iflag || during.Oflag != want.Oflag || during.Lflag != want.Lflag ||
				during.Cflag != want.Cflag || during.Cc != want.Cc {
				t.Errorf("during: %+v\nwant:   %+v", during, want)
			}
			end(p)
			if stderr, status := p.Wait(); stderr != "" || status != 0 {
				t.Errorf("status %d, stderr %q", status, stderr)
			}
			if after := get(); after != before {
				t.Errorf("after:  %+v\nbefore: %+v", after, before)
			}
		})
	}
}

// TestRestoreUnread checks that a second signal restores both lines and ends the program,
// even if its output is not read.
func TestRestoreUnread(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		t.Run(s.String(), func(t *testing.T) {
			program.SkipIfIgnored(t, s)
			a, nameA, getA := keptPty(t)
			defer syscall.Close(a)
			b, nameB, getB := keptPty(t)
			defer syscall.Close(b)
			beforeA, beforeB := getA(), getB()
			cmd := program.Command(t, nameA, nameB)
			status := program.EndUnread(t, cmd, s, func() bool { return getB() != beforeB })
			if status != 1 {
				t.Errorf("status %d, want 1", status)
			}
			if getA() != beforeA || getB() != beforeB {
				t.Error("the settings are not restored")
			}
		})
	}
}

// TestErrors checks that bad input gives one line of error, and that nothing is written.
func TestErrors(t *testing.T) {
	master, slave := pty(t)
	defer syscall.Close(master)
	other, otherSlave := pty(t)
	defer syscall.Close(other)
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	program.Check(t, 2, "usage: serial", "one")
	program.Check(t, 2, "usage: serial", "one", "two", "three")
	program.Check(t, 2, `invalid value "fast"`, "-baud", "fast")
	for _, baud := range []string{"-9600", "1000000001"} {
		program.Check(t, 2, "serial: -baud is not from 0 to 1000000000\nusage: serial", "-baud", baud)
	}
	program.Check(t, 2, "usage: serial", "-baud", "99999999999999")
	program.Check(t, 2, "serial: -idle is negative\nusage: serial", "-idle", "-1s")
	program.Check(t, 2, "serial: the two ttys are the same\nusage: serial", slave, slave)
	program.Check(t, 0, "usage: serial", "-h")
	program.Check(t, 1, "serial: open /no/such/tty: no such file", "/no/such/tty", slave)
	program.Check(t, 1, "serial: open /no/such/tty: no such file", slave, "/no/such/tty")
	program.Check(t, 2, "serial: "+file+" is not a tty\nusage: serial", file, slave)
	if b, err := os.ReadFile(file); string(b) != "kept" {
		t.Errorf("%q, %v is left of the file", b, err)
	}
	if new(tty.Settings).SetSpeed(12345) != nil { // Darwin leaves the check to the driver
		program.Check(t, 1, "12345 baud", "-baud", "12345", slave, otherSlave)
	}
}
