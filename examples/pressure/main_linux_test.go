package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/poll/examples/internal/cli"
	"example.com/poll/examples/internal/program"
)

func TestMain(m *testing.M) { program.TestMain(m, main) }

// trySet skips the test if no trigger can be set.
func trySet(t *testing.T, name string) {
	t.Helper()
	fd, err := openTrigger(name, 10*time.Millisecond, 2*time.Second)
	var m cli.Mistake
	if errors.Is(err, syscall.EINVAL) || errors.As(err, &m) {
		t.Fatal(err) // these times are valid everywhere
	} else if err != nil {
		t.Skip("no trigger can be set here:", err)
	}
	syscall.Close(fd)
}

// TestTrigger checks that events are reported while there are more busy processes than
// processors.
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
	stdout, stderr, status := program.Run(t, "-stall", "10ms", "-n", "2", "-timeout", "50s", "cpu")
	if status != 0 || stderr != "" ||
		!regexp.MustCompile(`^waiting\n( +\d+\.\d{3}s  POLLPRI\n +some avg10=\d.*\n){2}$`).MatchString(stdout) {
		t.Errorf("status %d, stderr %q, stdout:\n%s", status, stderr, stdout)
	}
}

// TestFiles checks triggers on each file, by name and by path, with the shortest and the
// longest times, and that a signal ends the program.
func TestFiles(t *testing.T) {
	for _, name := range []string{"cpu", "memory", "io"} {
		for _, arg := range []string{name, "/proc/pressure/" + name} {
			t.Run(arg, func(t *testing.T) {
				trySet(t, "/proc/pressure/"+name)
				for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
					p := program.Start(t, program.Command(t, "-stall", "10s", "-window", "10s", arg))
					p.Line("waiting")
					if err := p.Process.Signal(sig); err != nil {
						t.Fatal(err)
					}
					p.Ends(0, "")
				}
			})
		}
	}
}

// TestGone checks that the program ends when the trigger's cgroup is removed.
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

// TestOrdinaryFile checks that an ordinary file is not written to, even if it has the text
// of a pressure file.
func TestOrdinaryFile(t *testing.T) {
	for _, text := range []string{
		"",
		"some text of the user's, which is longer than a trigger\n",
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
	} {
		name := t.TempDir() + "/file"
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		old := time.Unix(1e9, 0)
		if err := os.Chtimes(name, old, old); err != nil {
			t.Fatal(err)
		}
		program.Check(t, 2, "pressure: "+name+" is not a pressure file\nusage: pressure", name)
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, []byte(text)) {
			t.Errorf("%q, %v; want %q", got, err, text)
		}
		if info, err := os.Stat(name); err != nil || !info.ModTime().Equal(old) {
			t.Errorf("%q was written to", text)
		}
	}
}

// TestOtherFiles checks that a missing file is not created, and that other kinds of files
// are refused, including files in /proc.
func TestOtherFiles(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(dir+"/fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("fifo", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, dir + "/fifo", dir + "/link", "/dev/null", "/proc/self/comm"} {
		program.Check(t, 2, "pressure: "+name+" is not a pressure file\nusage: pressure", name)
	}
	missing := dir + "/missing"
	if _, stderr, status := program.Run(t, missing); status != 1 || stderr != "pressure: stat "+missing+": no such file or directory\n" {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
	if _, err := os.Lstat(missing); !os.IsNotExist(err) {
		t.Errorf("the missing file is there: %v", err)
	}
}

// hidePressure gives the test a mount namespace with an empty /proc/pressure.
func hidePressure(t *testing.T) {
	t.Helper()
	program.OwnMounts(t)
	if _, err := os.Stat("/proc/pressure"); os.IsNotExist(err) {
		return
	}
	if err := syscall.Mount("polltest", "/proc/pressure", "tmpfs", 0, ""); err != nil {
		t.Skip("/proc/pressure can't be hidden:", err)
	}
}

const fallback = "pressure: stat /proc/pressure/cpu: no such file or directory; watching /proc/self/mounts instead\n"

// TestMounts checks that the program watches the mounts if there is no pressure file.
func TestMounts(t *testing.T) {
	hidePressure(t)
	dir := t.TempDir()
	p := program.Start(t, program.Command(t, "-n", "2", "-timeout", "50s"))
	p.Line("waiting")
	if err := syscall.Mount("polltest", dir, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, 0) }) // after a failure
	p.Line("POLLPRI|POLLERR")
	p.Line(" mounted polltest " + dir + " tmpfs")
	if err := syscall.Unmount(dir, 0); err != nil {
		t.Fatal(err)
	}
	p.Line("POLLPRI|POLLERR")
	p.Line(" unmounted polltest " + dir + " tmpfs")
	p.Ends(0, fallback)

	if _, stderr, status := program.Run(t, "-timeout", "1ms", "cpu"); status != 1 || stderr != fallback+"pressure: no event for 1ms\n" {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
}

// TestTimes checks the limits of -stall and -window.
func TestTimes(t *testing.T) {
	for _, valid := range [][2]time.Duration{
		{time.Microsecond, 500 * time.Millisecond},
		{500 * time.Millisecond, 500 * time.Millisecond},
		{150 * time.Millisecond, 2 * time.Second},
		{10 * time.Second, 10 * time.Second},
		{1234567 * time.Microsecond, 2345678 * time.Microsecond},
	} {
		if err := checkTimes(valid[0], valid[1]); err != nil {
			t.Errorf("%v: %v", valid, err)
		}
	}
}

// TestErrors checks that a mistake in the command line prints one line and the usage, and
// that the status is 2.
func TestErrors(t *testing.T) {
	for _, test := range []struct{ args, mistake string }{
		{"cpu memory", "more than one file"},
		{"-n -1", "-n is negative"},
		{"-timeout -1s", "-timeout is negative"},
		{"-window 499ms", "-window is not from 500ms to 10s"},
		{"-window -2s", "-window is not from 500ms to 10s"},
		{"-window 10000001us", "-window is not from 500ms to 10s"},
		{"-window 2000000001ns", "-window is not a whole number of microseconds"},
		{"-stall 150000001ns", "-stall is not a whole number of microseconds"},
		{"-stall 1ns", "-stall is not a whole number of microseconds"},
		{"-stall 0s", "-stall is not more than 0"},
		{"-stall -1s", "-stall is not more than 0"},
		{"-stall 2000001us", "-stall is longer than -window"},
		{"cabbage", `"cabbage" is neither cpu, memory, io nor the path of a file`},
	} {
		program.Check(t, 2, "pressure: "+test.mistake+"\nusage: pressure", strings.Fields(test.args)...)
	}
	program.Check(t, 2, "usage: pressure", "-stall", "much")
	program.Check(t, 2, `pressure: "" is neither`, "")
	program.Check(t, 0, "usage: pressure", "-h")
}
