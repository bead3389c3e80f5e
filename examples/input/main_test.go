//go:build linux || darwin || freebsd || netbsd

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/poll"
	"example.com/poll/examples/internal/program"
	"example.com/poll/internal/tty"
)

func TestMain(m *testing.M) { program.TestMain(m, main) }

// open returns both ends of a new pseudo-terminal, and the slave's settings. The slave is
// closed at the end of the test. The caller closes the master.
func open(t *testing.T) (master, slave int, before tty.Settings) {
	t.Helper()
	master, name, err := tty.OpenPty()
	if err != nil {
		t.Fatal(err)
	}
	if slave, err = syscall.Open(name, syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(slave) })
	return master, slave, get(t, slave)
}

func get(t *testing.T, fd int) tty.Settings {
	t.Helper()
	s, err := tty.Get(fd)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t *testing.T, fd int, text string) {
	t.Helper()
	if _, err := syscall.Write(fd, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// command returns the program with slave as its standard input.
func command(t *testing.T, slave int, args ...string) *exec.Cmd {
	t.Helper()
	fd, err := syscall.Dup(slave)
	if err != nil {
		t.Fatal(err)
	}
	cmd := program.Command(t, args...)
	stdin := os.NewFile(uintptr(fd), "slave")
	t.Cleanup(func() { stdin.Close() })
	cmd.Stdin = stdin
	return cmd
}

// expect checks the next line.
func expect(t *testing.T, p *program.Program, want string) {
	t.Helper()
	if line := strings.TrimRight(p.Line(""), "\r\n"); line != want {
		t.Errorf("%q, want %q", line, want)
	}
}

// TestKeysOfTerminal checks the output for bytes that arrive together, and in pieces within
// the time that the program waits for more.
func TestKeysOfTerminal(t *testing.T) {
	master, slave, before := open(t)
	defer syscall.Close(master)
	p := program.Start(t, command(t, slave, "-escape", "1h"))
	p.Line("x")
	if s := get(t, slave); s.Lflag&(syscall.ICANON|syscall.ECHO|syscall.ISIG) != 0 {
		t.Error("the terminal is not in raw mode")
	}
	// The mode belongs to the open file, which the test and the program share.
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(slave), syscall.F_GETFL, 0)
	if errno != 0 || flags&syscall.O_NONBLOCK != 0 {
		t.Errorf("the flags of the terminal are %#x, %v: it must stay in blocking mode", flags, errno)
	}
	write(t, master, "a\x1b[A世\x1b[1;5D")
	for _, want := range []string{"a", "Up", "世", "Ctrl-Left"} {
		expect(t, p, want)
	}
	for _, text := range []string{"\x1b[B", "é", "世", "\x1bOP", "\x1b[3;2~"} {
		for i := range []byte(text) {
			write(t, master, text[i:i+1])
			drained(t, slave)
		}
	}
	for _, want := range []string{"Down", "é", "世", "F1", "Shift-Delete"} {
		expect(t, p, want)
	}
	write(t, master, "q")
	expect(t, p, "q")
	p.Ends(0, "")
	if get(t, slave) != before {
		t.Error("the settings are not restored")
	}
}

// drained waits until the program has read all that was written to its terminal.
func drained(t *testing.T, slave int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		events, err := poll.Wait(slave, poll.POLLIN, 0)
		if err != nil {
			t.Fatal(err)
		}
		if events == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the program does not read")
		}
		poll.Poll(nil, time.Millisecond)
	}
}

// TestEscape checks that Esc is reported if nothing follows in time, and that the rest of
// an interrupted key is still reported.
func TestEscape(t *testing.T) {
	master, slave, _ := open(t)
	defer syscall.Close(master)
	p := program.Start(t, command(t, slave))
	p.Line("x")
	start := time.Now()
	write(t, master, "\x1b")
	expect(t, p, "Esc")
	if d := time.Since(start); d < 25*time.Millisecond {
		t.Errorf("Esc was reported after %v", d)
	}
	write(t, master, "[A") // too late
	for _, want := range []string{"[", "A"} {
		expect(t, p, want)
	}
	write(t, master, "\x1b[")
	expect(t, p, "Alt-[")
	write(t, master, "\x1b\xc3")
	expect(t, p, "Esc")
	write(t, master, "\xa9")
	expect(t, p, "é")
	write(t, master, "q")
	p.Ends(0, "")
}

// TestRestore checks that the terminal has its old settings again, whatever ended the
// program.
func TestRestore(t *testing.T) {
	typed := func(text string) func(*testing.T, *program.Program, int) {
		return func(t *testing.T, p *program.Program, master int) { write(t, master, text) }
	}
	for _, test := range []struct {
		name   string
		signal syscall.Signal // if not 0, end sends it
		end    func(t *testing.T, p *program.Program, master int)
		status int
		stderr string
	}{
		{"q", 0, typed("q"), 0, ""},
		{"Ctrl-C", 0, typed("\x03"), 0, ""},
		{"Ctrl-D", 0, typed("\x04"), 0, ""},
		{"SIGINT", syscall.SIGINT, nil, 128 + 2, "input: interrupt\n"},
		{"SIGTERM", syscall.SIGTERM, nil, 128 + 15, "input: terminated\n"},
		{"SIGHUP", syscall.SIGHUP, nil, 128 + 1, "input: hangup\n"},
		{"SIGQUIT", syscall.SIGQUIT, nil, 128 + 3, "input: quit\n"},
		{"its output is closed", 0, func(t *testing.T, p *program.Program, master int) {
			p.CloseOutput()
			write(t, master, "x")
		}, 1, "input: write /dev/stdout: broken pipe\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			end := test.end
			if test.signal != 0 {
				program.SkipIfIgnored(t, test.signal)
				end = func(t *testing.T, p *program.Program, master int) { p.Process.Signal(test.signal) }
			}
			master, slave, before := open(t)
			defer syscall.Close(master)
			p := program.Start(t, command(t, slave))
			p.Line("x")
			if get(t, slave) == before {
				t.Error("the settings are as before")
			}
			end(t, p, master)
			if stderr, status := p.Wait(); status != test.status || stderr != test.stderr {
				t.Errorf("status %d, stderr %q; want %d, %q", status, stderr, test.status, test.stderr)
			}
			if get(t, slave) != before {
				t.Error("the settings are not restored")
			}
		})
	}
}

// TestRestoreUnread checks that a second signal restores the terminal and ends the program,
// even if its output is not read.
func TestRestoreUnread(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		t.Run(s.String(), func(t *testing.T) {
			program.SkipIfIgnored(t, s)
			master, slave, before := open(t)
			defer syscall.Close(master)
			status := program.EndUnread(t, command(t, slave), s, func() bool { return get(t, slave) != before })
			if status != 128+int(s) {
				t.Errorf("status %d, want %d", status, 128+int(s))
			}
			if get(t, slave) != before {
				t.Error("the settings are not restored")
			}
		})
	}
}

// TestRestoreAfterError checks that read restores the settings if handle fails, and if it
// panics.
func TestRestoreAfterError(t *testing.T) {
	failure := errors.New("failure")
	for _, test := range []struct {
		name   string
		handle func() error
	}{
		{"error", func() error { return failure }},
		{"panic", func() error { panic(failure) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			master, slave, before := open(t)
			defer syscall.Close(master)
			err := func() (err error) {
				defer func() {
					if r := recover(); r != nil {
						err = r.(error)
					}
				}()
				term := &terminal{fd: slave, escape: time.Hour}
				return term.read(func(string) error {
					if get(t, slave) == before {
						t.Error("the settings are as before")
					}
					return test.handle()
				})
			}()
			if err != failure {
				t.Errorf("%v, want %v", err, failure)
			}
			if get(t, slave) != before {
				t.Error("the settings are not restored")
			}
		})
	}
}

// TestHangUp checks that the program ends when its terminal hangs up, after it has reported
// the keys typed before.
func TestHangUp(t *testing.T) {
	master, slave, _ := open(t)
	p := program.Start(t, command(t, slave, "-escape", "1h"))
	p.Line("x")
	write(t, master, "\x1b")
	drained(t, slave)
	syscall.Close(master)
	expect(t, p, "Esc")
	p.Ends(1, "input: the terminal has hung up\n")
}

// TestResize checks that the program, in the foreground of its terminal, prints each new
// size.
func TestResize(t *testing.T) {
	master, slave, _ := open(t)
	defer syscall.Close(master)
	setSize := func(columns, rows int) {
		t.Helper()
		if err := tty.SetSize(master, columns, rows); err != nil {
			t.Fatal(err)
		}
	}
	setSize(80, 24)
	cmd := command(t, slave)
	// The controlling terminal will be descriptor 0.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p := program.Start(t, cmd)
	expect(t, p, "80x24")
	for i := 1; i <= 3; i++ {
		setSize(80+i, 24)
		expect(t, p, fmt.Sprintf("%dx24", 80+i))
	}
	write(t, master, "q")
	expect(t, p, "q")
	p.Ends(0, "")
}

// TestErrors checks that bad input gives one line of error.
func TestErrors(t *testing.T) {
	program.Check(t, 2, "input: standard input is not a terminal\nusage: input")
	program.Check(t, 2, "input: unexpected argument \"file\"\nusage: input", "file")
	program.Check(t, 2, "input: -escape is not above zero\nusage: input", "-escape", "0s")
	program.Check(t, 2, `invalid value "soon"`, "-escape", "soon")
	program.Check(t, 0, "usage: input", "-h")
}
