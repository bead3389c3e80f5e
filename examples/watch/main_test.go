//go:build linux || darwin || freebsd || netbsd

package main

import (
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"example.com/poll/examples/internal/program"
)

func TestMain(m *testing.M) { program.TestMain(m, main) }

var line = regexp.MustCompile(`^ *\d+\.\d{3}s  (stdout|stderr|end) +(POLL[A-Z|]+) +(?:(\d+) bytes (".*")|EOF|status \d+)$`)

// parse checks the form of every line. For each stream it returns the beginning of the
// output and the number of bytes. It also returns the names of the streams, in the order in
// which they ended.
func parse(t *testing.T, text string) (came map[string]string, sizes map[string]int, ended []string) {
	t.Helper()
	came, sizes = make(map[string]string), make(map[string]int)
	for _, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		m := line.FindStringSubmatch(l)
		if m == nil {
			t.Fatalf("a line of another form: %q", l)
		}
		if m[3] == "" {
			ended = append(ended, m[1])
			if !strings.Contains(m[2], "POLLHUP") {
				t.Errorf("ended without POLLHUP: %q", l)
			}
			continue
		}
		n, _ := strconv.Atoi(m[3])
		sizes[m[1]] += n
		s, err := strconv.Unquote(m[4])
		if err != nil {
			t.Errorf("%v: %q", err, l)
		}
		came[m[1]] += s
	}
	return came, sizes, ended
}

// TestBuiltin checks the events of the built-in command.
func TestBuiltin(t *testing.T) {
	stdout, stderr, status := program.Run(t)
	if status != 0 || stderr != "" {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
	came, _, ended := parse(t, stdout)
	if came["stdout"] != "one\nthree\nfour\n" || came["stderr"] != "two\n" {
		t.Errorf("came: %q", came)
	}
	if len(ended) != 3 {
		t.Errorf("ended: %q", ended)
	}
	if !strings.Contains(stdout, "POLLIN") {
		t.Error("no POLLIN")
	}
}

// TestDrain checks that all bytes written before a hang-up are read.
func TestDrain(t *testing.T) {
	stdout, _, status := program.Run(t, "sh", "-c", "head -c 300000 /dev/zero; head -c 60000 /dev/zero >&2; exit 7")
	if status != 7 {
		t.Errorf("status %d, want 7", status)
	}
	_, sizes, ended := parse(t, stdout)
	if sizes["stdout"] != 300000 || sizes["stderr"] != 60000 || len(ended) != 3 {
		t.Errorf("sizes %v, ended %q", sizes, ended)
	}
}

// TestStatus checks exit statuses and errors.
func TestStatus(t *testing.T) {
	noProgram := t.TempDir() + "/file"
	if err := os.WriteFile(noProgram, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		args   []string
		status int
		stderr string
	}{
		{"true", []string{"true"}, 0, ""},
		{"exit", []string{"sh", "-c", "exit 3"}, 3, ""},
		{"killed", []string{"sh", "-c", "kill -9 $$"}, 128 + 9, ""},
		{"not found", []string{"no-such-command"}, 127, `"no-such-command": executable file not found`},
		{"no file", []string{"./no/such/file"}, 127, "no such file"},
		{"no program", []string{noProgram}, 126, "permission denied"},
		{"no timeout", []string{"-timeout", "soon", "true"}, 2, `invalid value "soon"`},
		{"negative timeout", []string{"-timeout", "-1s", "true"}, 2, "watch: -timeout is negative\nusage: watch"},
		{"no flag", []string{"-x"}, 2, "usage: watch"},
		{"help", []string{"-h"}, 0, "usage: watch"},
		{"timeout", []string{"-timeout", "50ms", "sleep", "1000"}, 124, "no event for 50ms"},
	} {
		t.Run(test.name, func(t *testing.T) {
			program.Check(t, test.status, test.stderr, test.args...)
		})
	}
}

// TestLeftBehind checks that, if a command leaves a child behind that has the output open,
// the child's output is still read, and the program exits with the command's status.
func TestLeftBehind(t *testing.T) {
	cmd := program.Command(t, "sh", "-c", "exec 3<&0; { read x; echo $x; } <&3 & exit 4")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := program.Start(t, cmd)
	if l := p.Line(""); !strings.HasSuffix(l, "status 4\n") {
		t.Errorf("the first event is %q", l)
	}
	io.WriteString(stdin, "late\n")
	came, _, ended := parse(t, p.Ends(4, ""))
	if len(ended) != 2 || came["stdout"] != "late\n" {
		t.Errorf("came %q, ended %q", came, ended)
	}
}

// keepsOpen is a command of sh that leaves its output open until its standard input is
// closed.
const keepsOpen = "exec 3<&0; cat <&3 & echo y"

// withStdin returns the command that runs the program. Its standard input stays open until
// the end of the test.
func withStdin(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := program.Command(t, args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close() })
	return cmd
}

// TestTimeoutLeftOpen checks that the timeout also ends the program if the command has
// ended and its output is still open.
func TestTimeoutLeftOpen(t *testing.T) {
	p := program.Start(t, withStdin(t, "-timeout", "50ms", "sh", "-c", keepsOpen))
	p.Ends(124, "watch: no event for 50ms\n")
}

// TestInterrupt checks that Ctrl-C ends the program, even if something is always ready or
// the command itself has ended.
func TestInterrupt(t *testing.T) {
	for _, command := range []string{"echo y; exec sleep 1000", "exec yes", keepsOpen} {
		t.Run(command, func(t *testing.T) {
			p := program.Start(t, withStdin(t, "sh", "-c", command))
			if command == keepsOpen {
				p.Line("status 0")
			} else {
				p.Line("y\\n")
			}
			p.Interrupt()
			p.Ends(130, "watch: interrupted\n")
		})
	}
}
