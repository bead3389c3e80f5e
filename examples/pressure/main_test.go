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

// trySet skips the test if no trigger can be set here.
func trySet(t *testing.T, name string) {
	t.Helper()
	fd, err := openTrigger(name, 10*time.Millisecond, 2*time.Second)
	if err == syscall.EINVAL { // these times are valid everywhere
		t.Fatal(err)
	} else if err != nil {
		t.Skip("no trigger can be set here:", err)
	}
	syscall.Close(fd)
}

// TestTrigger checks an event, with more busy processes than processors.
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

// TestGone checks that the program ends when the cgroup of its file is removed.
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

// TestMounts checks what the program does without a trigger, in a mount namespace
// of the test's own.
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

// TestInterrupt checks that Ctrl-C ends the program.
func TestInterrupt(t *testing.T) {
	p := program.Start(t, program.Command(t, "/no/such/pressure"))
	p.Line("waiting")
	p.Interrupt()
	p.Ends(0, fallback)
}

// TestNothingWritten checks that a file that is not a pressure file is refused, and
// left as it is, even if it is a copy of one.
func TestNothingWritten(t *testing.T) {
	const pressure = "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
	dir := t.TempDir()
	for name, content := range map[string]string{
		"notes": "a user's file, longer than the text of a trigger, some 150000 2000000\n",
		"copy":  pressure,
		"empty": "",
	} {
		name = dir + "/" + name
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		before, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		program.Check(t, 2, "pressure: "+name+" is not a pressure file\nusage: pressure", name)
		if b, err := os.ReadFile(name); string(b) != content || err != nil {
			t.Errorf("%s has become %q, %v", name, b, err)
		}
		if after, err := os.Stat(name); err != nil || after.ModTime() != before.ModTime() {
			t.Errorf("%s was modified, %v", name, err)
		}
	}

	// Nobody writes to the FIFO, so opening or reading it would block.
	fifo := dir + "/fifo"
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{fifo, dir, "/dev/null", "/proc/self/comm"} {
		program.Check(t, 2, "pressure: "+name+" is not a pressure file\nusage: pressure", name)
	}

	missing := dir + "/missing"
	program.Check(t, 1, "no such file or directory", "-timeout", "1ms", missing)
	if _, err := os.Lstat(missing); !os.IsNotExist(err) {
		t.Errorf("the file was created, %v", err)
	}
}

// TestErrors checks that bad input is refused in one line.
func TestErrors(t *testing.T) {
	for args, want := range map[string]string{
		"cpu memory":    "name one file",
		"-window 100ms": "-window is not from 0.5s to 10s",
		"-window 11s":   "-window is not from 0.5s to 10s",
		"-window -2s":   "-window is not from 0.5s to 10s",
		"-window 0s":    "-window is not from 0.5s to 10s",
		"-stall 3s":     "-stall is not above zero and at most -window",
		"-stall 0s":     "-stall is not above zero and at most -window",
		"-stall -1ms":   "-stall is not above zero and at most -window",
		"-stall 1500ns": "-stall and -window must be whole microseconds",
		"-stall 1ns":    "-stall and -window must be whole microseconds",
		"-window 1s1ns": "-stall and -window must be whole microseconds",
		"-n -1":         "-n is negative",
		"-timeout -1s":  "-timeout is negative",
		"cabbage":       "cabbage is neither cpu, memory, io nor the path of a file",
	} {
		program.Check(t, 2, "pressure: "+want+"\nusage: pressure", strings.Fields(args)...)
	}
	program.Check(t, 2, "usage: pressure", "-stall", "much")
	program.Check(t, 0, "usage: pressure", "-h")
	program.Check(t, 1, "pressure: no trigger on /none/cpu.pressure: no such file or directory; "+
		"watching /proc/self/mounts instead\npressure: no event for 1ms\n", "-timeout", "1ms", "/none/cpu.pressure")
}
