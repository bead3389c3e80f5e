//go:build linux || darwin

// Package program lets the test of an example run it as what it is, a program.
// The test binary runs itself again as the example, so that nothing has to be
// built, and the test can be taken to another machine. Under an emulator that
// the kernel does not call by itself, POLL_TEST_EXEC is to name it:
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
	"strings"
	"testing"
	"time"
)

const (
	mainEnv = "POLL_TEST_MAIN" // set for the example
	execEnv = "POLL_TEST_EXEC"
)

// TestMain is to be called by the TestMain of the example.
func TestMain(m *testing.M, main func()) {
	if os.Getenv(mainEnv) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Command returns the command that runs the example. It is killed when it
// hangs, and at the end of the test.
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

// Run runs the example to its end.
func Run(t testing.TB, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	p := Start(t, Command(t, args...))
	stdout = p.Rest()
	stderr, status = p.Wait()
	return stdout, stderr, status
}

// Check runs the example to its end, which is to be with this status and this
// in standard error, or with nothing there if stderr is "".
func Check(t testing.TB, status int, stderr string, args ...string) {
	t.Helper()
	_, gotStderr, gotStatus := Run(t, args...)
	if gotStatus != status || !strings.Contains(gotStderr, stderr) || (stderr == "") != (gotStderr == "") {
		t.Errorf("%q: status %d, stderr %q; want %d, %q", args, gotStatus, gotStderr, status, stderr)
	}
}

// A Program is an example that runs.
type Program struct {
	*exec.Cmd
	t      testing.TB
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
	p.stdout = bufio.NewReader(stdout)
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

// Rest returns what is left of standard output, up to its end.
func (p *Program) Rest() string {
	p.t.Helper()
	b, err := io.ReadAll(p.stdout)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

// Ends waits for the end, which is to be with this status and standard error.
// It returns what was left of standard output.
func (p *Program) Ends(status int, stderr string) (rest string) {
	p.t.Helper()
	rest = p.Rest()
	if gotStderr, gotStatus := p.Wait(); gotStatus != status || gotStderr != stderr {
		p.t.Errorf("status %d, stderr %q; want %d, %q; stdout:\n%.1000s", gotStatus, gotStderr, status, stderr, rest)
	}
	return rest
}

// Interrupt is Ctrl-C.
func (p *Program) Interrupt() {
	p.t.Helper()
	if err := p.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
}

// Wait waits for the end, and returns all of standard error and the status,
// which is -1 after a signal.
func (p *Program) Wait() (stderr string, status int) {
	p.Cmd.Wait() // its error is in ProcessState, too
	return p.stderr.String(), p.ProcessState.ExitCode()
}
