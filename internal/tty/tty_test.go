//go:build linux || darwin || freebsd || netbsd

package tty

import (
	"os"
	"syscall"
	"testing"
)

// open returns both ends of a pseudo-terminal.
func open(t *testing.T) (master, slave int) {
	t.Helper()
	master, name, err := OpenPty()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(master) })
	slave, err = syscall.Open(name, syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(slave) })
	return master, slave
}

// TestSettings checks that the kernel accepts the changes of MakeRaw and SetSpeed, and then
// the old settings.
func TestSettings(t *testing.T) {
	_, fd := open(t)
	before, err := Get(fd)
	if err != nil {
		t.Fatal(err)
	}
	if before.Lflag&syscall.ICANON == 0 || before.Cc[syscall.VINTR] != 3 || before.Cc[syscall.VEOF] != 4 {
		t.Fatalf("a new terminal is not in canonical mode, with ^C and ^D: %+v", before)
	}
	want := before
	want.MakeRaw()
	if err := want.SetSpeed(19200); err != nil {
		t.Fatal(err)
	}
	if want == before {
		t.Error("nothing is changed")
	}
	if err := want.Set(fd); err != nil {
		t.Fatal(err)
	}
	got, err := Get(fd)
	if err != nil {
		t.Fatal(err)
	}
	if got.Iflag != want.Iflag || got.Oflag != want.Oflag || got.Cflag != want.Cflag || got.Lflag != want.Lflag || got.Cc != want.Cc {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if err := before.Set(fd); err != nil {
		t.Fatal(err)
	}
	if after, err := Get(fd); err != nil || after != before {
		t.Errorf("after %+v, %v\nbefore %+v", after, err, before)
	}
}

// TestSize checks that the slave has the size that was set at the master.
func TestSize(t *testing.T) {
	master, slave := open(t)
	if err := SetSize(master, 132, 43); err != nil {
		t.Fatal(err)
	}
	if columns, rows, err := Size(slave); columns != 132 || rows != 43 || err != nil {
		t.Errorf("%d by %d, %v; want 132 by 43", columns, rows, err)
	}
}

// TestNotTerminal checks that Get fails for a file that is not a terminal.
func TestNotTerminal(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// Darwin's /dev/null returns ENODEV.
	if _, err := Get(int(f.Fd())); err != syscall.ENOTTY && err != syscall.ENODEV {
		t.Errorf("%v, want ENOTTY", err)
	}
}
