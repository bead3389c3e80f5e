//go:build linux

package main

import (
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/poll/examples/internal/program"
)

func TestMain(m *testing.M) { program.TestMain(m, main) }

// trySet skips the test where no trigger can be set.
func trySet(t *testing.T, name string) {
	t.Helper()
	fd, err := openTrigger(name, 10*time.Millisecond, 2*time.Second)
	if err == syscall.EINVAL { // nowhere are these times at fault
		t.Fatal(err)
	} else if err != nil {
		t.Skip("no trigger can be set here:", err)
	}
	syscall.Close(fd)
}

// More processes that are never done than processors, so that some wait.
func TestTrigger(t *testing.T) {
	trySet(t, "/proc/pressure/cpu")
	for i := 0; i < runtime.NumCPU()+2; i++ {
		hog := exec.Command("sh", "-c", "while :; do :; done")
		if err := hog.Start(); err != nil {
			t.Fatal(err)
		}
		defer hog.Wait()
		defer hog.Process.Kill()
	}
	stdout, stderr, status := program.Run(t, "-stall", "10ms", "-n", "1", "-timeout", "50s", "cpu")
	if status != 0 || stderr != "" ||
		!regexp.MustCompile(`^waiting\n +\d+\.\d{3}s  POLLPRI\n +some avg10=\d.*\n$`).MatchString(stdout) {
		t.Errorf("status %d, stderr %q, stdout:\n%s", status, stderr, stdout)
	}
}

// A trigger on a cgroup's file goes with the cgroup.
func TestGone(t *testing.T) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Skip(err)
	}
	m := regexp.MustCompile(`(?m)^\S+ (\S+) cgroup2 `).FindSubmatch(mounts)
	if m == nil {
		t.Skip("no cgroup2 is mounted")
	}
	dir, err := os.MkdirTemp(string(m[1]), "poll-test-")
	if err != nil {
		t.Skip("no cgroup can be made:", err)
	}
	defer os.Remove(dir)
	name := dir + "/cpu.pressure"
	trySet(t, name)
	p := program.Start(t, program.Command(t, "-stall", "2s", name))
	p.Line("waiting")
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	p.Ends(1, "pressure: "+name+" is gone\n")
}

const fallback = "pressure: no trigger on /no/such/pressure: no such file or directory; watching /proc/self/mounts instead\n"

// Without a trigger mounts are watched, here in a namespace of the test's own.
func TestMounts(t *testing.T) {
	program.OwnMounts(t)
	dir := t.TempDir()
	p := program.Start(t, program.Command(t, "-n", "2", "-timeout", "50s", "/no/such/pressure"))
	p.Line("waiting")
	if err := syscall.Mount("polltest", dir, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	p.Line("POLLPRI|POLLERR")
	p.Line(" mounted polltest " + dir + " tmpfs")
	if err := syscall.Unmount(dir, 0); err != nil {
		t.Fatal(err)
	}
	p.Line("POLLPRI|POLLERR")
	p.Line(" unmounted polltest " + dir + " tmpfs")
	p.Ends(0, fallback)
}

func TestInterrupt(t *testing.T) {
	p := program.Start(t, program.Command(t, "/no/such/pressure"))
	p.Line("waiting")
	p.Interrupt()
	p.Ends(0, fallback)
}

func TestErrors(t *testing.T) {
	for _, args := range []string{"cpu memory", "-window 100ms", "-window 11s", "-stall 3s", "-stall 0s", "-stall much"} {
		program.Check(t, 2, "usage: pressure", strings.Fields(args)...)
	}
	program.Check(t, 0, "usage: pressure", "-h")
	program.Check(t, 1, "pressure: no trigger on /none/cpu.pressure: no such file or directory; "+
		"watching /proc/self/mounts instead\npressure: no event for 1ms\n", "-timeout", "1ms", "/none/cpu.pressure")
	program.Check(t, 2, "pressure: cabbage is neither cpu, memory, io", "cabbage")
}
