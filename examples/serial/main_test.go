//go:build linux || darwin

package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"example.com/poll"
	"example.com/poll/examples/internal/program"
)

func TestMain(m *testing.M) { program.TestMain(m, main) }

func TestDemo(t *testing.T) {
	stdout, stderr, status := program.Run(t)
	if status != 0 || stderr != "" {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
	rest := stdout
	for _, want := range []string{
		"joined ",
		`11 bytes "question 1\n"`, `21 bytes "answer to question 1\n"`,
		"nothing for 200ms",
		`11 bytes "question 2\n"`, `21 bytes "answer to question 2\n"`,
		"nothing for 200ms",
		`11 bytes "question 3\n"`, `21 bytes "answer to question 3\n"`,
		"hung up\n",
		"the device that answers has POLLHUP\n",
	} {
		i := strings.Index(rest, want)
		if i < 0 {
			t.Fatalf("no %q where it is due in:\n%s", want, stdout)
		}
		rest = rest[i+len(want):]
	}
}

// pty returns the master of a new pseudo-terminal, and the slave's name.
func pty(t *testing.T) (master int, slave string) {
	t.Helper()
	master, slave, err := openPty()
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// joined starts the program on two new pseudo-terminals.
func joined(t *testing.T, args ...string) (p *program.Program, a, b int, nameA string) {
	t.Helper()
	a, nameA = pty(t)
	b, nameB := pty(t)
	p = program.Start(t, program.Command(t, append(args, nameA, nameB)...))
	p.Line("joined")
	return p, a, b, nameA
}

// wait returns what is ready of events, 0 if nothing is for that long.
func wait(t *testing.T, fd int, events poll.Events, timeout time.Duration) poll.Events {
	t.Helper()
	fds := []poll.PollFd{{Fd: int32(fd), Events: events}}
	if _, err := poll.Poll(fds, timeout); err != nil {
		t.Fatal(err)
	}
	return fds[0].Revents
}

const hang = time.Minute

// fill writes blocks to fd until nothing more is taken.
func fill(t *testing.T, fd int) (written []byte) {
	t.Helper()
	var block [256]byte
	for i := range block {
		block[i] = byte(i)
	}
	for len(written) < 1<<24 {
		if wait(t, fd, poll.POLLOUT, 200*time.Millisecond) == 0 {
			return written
		}
		n, err := syscall.Write(fd, block[:])
		if err != nil && err != syscall.EAGAIN {
			t.Fatal(err)
		}
		written = append(written, block[:max(n, 0)]...)
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

// A device that does not read stops the one that sends, and nothing is lost:
// the bridge's writes are partial, and it waits for POLLOUT. The other
// direction is not held up. Every byte value gets across as it is.
func TestBackPressure(t *testing.T) {
	p, a, b, nameA := joined(t)
	written := fill(t, a)
	syscall.Write(b, []byte("back\n"))
	if got := read(t, a, 5); string(got) != "back\n" {
		t.Errorf("back came %q", got)
	}
	if got := read(t, b, len(written)); !bytes.Equal(got, written) {
		t.Errorf("%d bytes came, not those %d that were sent", len(got), len(written))
	}
	syscall.Close(a)
	if events := wait(t, b, 0, hang); events != poll.POLLHUP {
		t.Errorf("at the end: %v", events)
	}
	syscall.Close(b)
	if rest := p.Ends(0, ""); !strings.HasSuffix(rest, nameA+" hung up\n") {
		t.Errorf("the end is %q", rest[max(0, len(rest)-100):])
	}
}

// Whatever hangs up while the other does not read, the bridge neither spins
// nor hangs: it waits for the other.
func TestHangUpWhilePending(t *testing.T) {
	start := time.Now()
	p, a, b, nameA := joined(t, "-idle", "50ms")
	fill(t, a)
	syscall.Close(a)
	closed := time.Since(start).Seconds() // or less, by the program's clock
	for at := 0.0; at <= closed; {
		// If it spun there would be no such line any more.
		if _, err := fmt.Sscanf(p.Line("nothing for 50ms"), "%fs", &at); err != nil {
			t.Fatal(err)
		}
	}
	// What the kernel still holds for a is gone, what the bridge holds is not.
	for done := false; !done; {
		events := wait(t, b, poll.POLLIN, hang)
		if events&poll.POLLIN != 0 {
			syscall.Read(b, make([]byte, 1000))
		}
		done = events == poll.POLLHUP
	}
	syscall.Close(b)
	p.Line(nameA + " hung up")
	p.Ends(0, "")
}

func TestInterrupt(t *testing.T) {
	p, a, b, _ := joined(t, "-baud", "9600")
	defer syscall.Close(a)
	defer syscall.Close(b)
	syscall.Write(a, []byte("x"))
	read(t, b, 1) // it is at work
	p.Interrupt()
	p.Ends(0, "")
}

// The line is raw and has its speed while the bridge runs, and afterwards is
// as it was before.
func TestSettings(t *testing.T) {
	a, nameA := pty(t)
	b, nameB := pty(t)
	defer syscall.Close(a)
	defer syscall.Close(b)
	slave, err := os.OpenFile(nameA, os.O_RDWR|syscall.O_NOCTTY, 0) // or the settings would go with the last one
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	get := func() (s syscall.Termios) {
		if err := ioctl(a, getAttr, unsafe.Pointer(&s)); err != nil {
			t.Fatal(err)
		}
		return s
	}
	before := get()
	p := program.Start(t, program.Command(t, "-baud", "19200", nameA, nameB))
	p.Line("joined")
	during := get()
	want := before
	makeRaw(&want)
	if err := setSpeed(&want, 19200); err != nil {
		t.Fatal(err)
	}
	if during.Lflag != want.Lflag || during.Cflag != want.Cflag || during.Cc != want.Cc || want.Cflag == before.Cflag {
		t.Errorf("during: %+v\nwant:   %+v\nbefore: %+v", during, want, before)
	}
	p.Interrupt()
	p.Ends(0, "")
	if after := get(); after != before {
		t.Errorf("after:  %+v\nbefore: %+v", after, before)
	}
}

func TestErrors(t *testing.T) {
	master, slave := pty(t)
	defer syscall.Close(master)
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	program.Check(t, 2, "usage: serial", "one")
	program.Check(t, 2, "usage: serial", "one", "two", "three")
	program.Check(t, 2, `invalid value "fast"`, "-baud", "fast")
	program.Check(t, 0, "usage: serial", "-h")
	program.Check(t, 1, "serial: open /no/such/tty: no such file", "/no/such/tty", slave)
	program.Check(t, 1, "serial: open /no/such/tty: no such file", slave, "/no/such/tty")
	program.Check(t, 1, "serial: "+file+" is not a tty", file, slave)
	if setSpeed(new(syscall.Termios), 12345) != nil { // Darwin leaves it to the driver
		program.Check(t, 1, "12345 baud", "-baud", "12345", slave, slave)
	}
}
