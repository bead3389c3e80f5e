//go:build linux || darwin || freebsd || netbsd

// Package program runs an example as a program in the example's own test. The test binary
// executes itself as the example, so nothing else has to be built, and the binary can be
// copied to another machine. If the kernel does not start the emulator by itself, set
// POLL_TEST_EXEC:
//
//	POLL_TEST_EXEC=qemu-aarch64-static GOARCH=arm64 go test -exec qemu-aarch64-static ./examples/...
package program

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	mainEnv = "POLL_TEST_MAIN" // set for the example
	execEnv = "POLL_TEST_EXEC"
)

// TestMain implements the TestMain of the example whose main function is main.
func TestMain(m *testing.M, main func()) {
	if os.Getenv(mainEnv) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Command returns the command that runs the example. The process is killed if it hangs, and
// at the end of the test.
func Command(t testing.TB, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	args = append([]string{os.Args[0]}, args...)
	if emulator := os.Getenv(execEnv); emulator != "" {
		args = append([]string{emulator}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	// The race detector would sleep for a second at every exit.
	cmd.Env = append(os.Environ(), mainEnv+"=1", "GORACE=atexit_sleep_ms=0")
	return cmd
}

// Run runs the example until it exits.
func Run(t testing.TB, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	p := Start(t, Command(t, args...))
	stdout = p.Rest()
	stderr, status = p.Wait()
	return stdout, stderr, status
}

// Check runs the example until it exits. It checks the exit status, and that standard error
// contains stderr, or is empty if stderr is "".
func Check(t testing.TB, status int, stderr string, args ...string) {
	t.Helper()
	_, gotStderr, gotStatus := Run(t, args...)
	if gotStatus != status || !strings.Contains(gotStderr, stderr) || (stderr == "") != (gotStderr == "") {
		t.Errorf("%q: status %d, stderr %q; want %d, %q", args, gotStatus, gotStderr, status, stderr)
	}
}

// A Program is a running example.
type Program struct {
	*exec.Cmd
	t      testing.TB
	pipe   io.Closer
	stdout *bufio.Reader
	stderr bytes.Buffer
}

// Start starts cmd, which comes from Command.
func Start(t testing.TB, cmd *exec.Cmd) *Program {
	t.Helper()
	p := &Program{Cmd: cmd, t: t}
	cmd.Stderr = &p.stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.pipe, p.stdout = stdout, bufio.NewReader(stdout)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// Line returns the next line of standard output that contains text.
func (p *Program) Line(text string) string {
	p.t.Helper()
	for {
		line, err := p.stdout.ReadString('\n')
		if err != nil {
			stderr, status := p.Wait()
			p.t.Fatalf("no line with %q; status %d, stderr:\n%s", text, status, stderr)
		}
		if strings.Contains(line, text) {
			return line
		}
	}
}

// Rest returns the rest of standard output.
func (p *Program) Rest() string {
	p.t.Helper()
	b, err := io.ReadAll(p.stdout)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

// CloseOutput closes the read end of standard output.
func (p *Program) CloseOutput() { p.pipe.Close() }

// Ends waits until the program exits, and checks its exit status and its standard error. It
// returns the rest of standard output.
func (p *Program) Ends(status int, stderr string) (rest string) {
	p.t.Helper()
	rest = p.Rest()
	if gotStderr, gotStatus := p.Wait(); gotStatus != status || gotStderr != stderr {
		p.t.Errorf("status %d, stderr %q; want %d, %q; stdout:\n%.1000s", gotStatus, gotStderr, status, stderr, rest)
	}
	return rest
}

// EndUnread starts cmd, which comes from Command. Its standard output is a full pipe, which
// nobody reads. While ready returns true, EndUnread sends s repeatedly, until the program
// exits. It returns the exit status.
func EndUnread(t testing.TB, cmd *exec.Cmd, s os.Signal, ready func() bool) (status int) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	conn, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	conn.Write(func(fd uintptr) bool {
		for block := make([]byte, 4096); err == nil; {
			_, err = syscall.Write(int(fd), block)
		}
		return true
	})
	if err != syscall.EAGAIN {
		t.Fatal(err)
	}
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error)
	go func() { exited <- cmd.Wait() }()
	for {
		select {
		case <-exited:
			return cmd.ProcessState.ExitCode()
		case <-time.After(10 * time.Millisecond): // signals that come too fast count as one
			if ready() {
				cmd.Process.Signal(s) // fails once the program has exited
			}
		}
	}
}

// Interrupt sends SIGINT, like Ctrl-C.
func (p *Program) Interrupt() {
	p.t.Helper()
	if err := p.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
}

// Wait waits until the program exits. It returns standard error and the exit status, which
// is -1 if a signal killed the program.
func (p *Program) Wait() (stderr string, status int) {
	p.Cmd.Wait() // ProcessState has the error as well
	return p.stderr.String(), p.ProcessState.ExitCode()
}

// SkipIfIgnored skips a test that sends s to a program if the program would ignore s. This
// happens to SIGHUP under nohup(1), and to SIGINT in the background of a shell script.
func SkipIfIgnored(t *testing.T, s os.Signal) {
	if signal.Ignored(s) {
		t.Skip(s, " is ignored here")
	}
}
