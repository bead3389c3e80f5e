//go:build linux

package main

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"example.com/poll/examples/internal/program"
)

func TestMain(m *testing.M) { program.TestMain(m, main) }

// tree makes a directory that looks like /sys/class/gpio with line 17.
func tree(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.Mkdir(dir+"/gpio17", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/gpio17/edge", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A file of another kind, of which the kernel tells in the same way as of a
// GPIO line's, stands for the value.
func TestEdge(t *testing.T) {
	program.OwnMounts(t)
	dir, mounted := tree(t), t.TempDir()
	if err := os.Symlink("/proc/self/mounts", dir+"/gpio17/value"); err != nil {
		t.Fatal(err)
	}
	p := program.Start(t, program.Command(t, "-dir", dir, "-edge", "falling", "-n", "2", "-timeout", "50s", "17"))
	value := strings.TrimPrefix(p.Line("the value is "), "the value is ") // how the file begins, each time
	if b, err := os.ReadFile(dir + "/gpio17/edge"); err != nil || string(b) != "falling" {
		t.Errorf("edge: %q, %v", b, err)
	}
	if err := syscall.Mount("polltest", mounted, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	p.Line("s  POLLPRI|POLLERR  value " + value)
	if err := syscall.Unmount(mounted, 0); err != nil {
		t.Fatal(err)
	}
	p.Line("s  POLLPRI|POLLERR  value " + value)
	p.Ends(0, "")
}

func TestInterrupt(t *testing.T) {
	dir := tree(t)
	if err := os.WriteFile(dir+"/gpio17/value", []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := program.Start(t, program.Command(t, "-dir", dir, "17"))
	if l := p.Line(""); l != "the value is 1\n" {
		t.Errorf("%q", l)
	}
	p.Interrupt()
	p.Ends(0, "")
}

func TestErrors(t *testing.T) {
	empty, noValue, still := t.TempDir(), tree(t), tree(t)
	if err := os.WriteFile(still+"/gpio17/value", []byte("0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"", "seventeen", "-1", "17 18", "-edge blunt 17", "-timeout x 17"} {
		program.Check(t, 2, "usage: gpio", strings.Fields(args)...)
	}
	program.Check(t, 0, "usage: gpio", "-h")
	program.Check(t, 1, "gpio: open "+empty+"/gpio17/edge: no such file or directory\n"+
		"This takes a GPIO controller, a kernel with CONFIG_GPIO_SYSFS, and the line\n"+
		"exported (echo 17 > "+empty+"/export) and able to interrupt (it has a file edge).\n", "-dir", empty, "17")
	program.Check(t, 1, "gpio: open "+noValue+"/gpio17/value: no such file", "-dir", noValue, "17")
	program.Check(t, 1, "gpio: no edge for 1ms\n", "-dir", still, "-timeout", "1ms", "17")
}
