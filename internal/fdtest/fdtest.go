//go:build linux || darwin || freebsd || netbsd

// Package fdtest has helpers for tests that use real descriptors. It does not import
// package poll, so poll's own tests can use it.
package fdtest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Soon is the watchdog's limit for a test that should only take a moment.
const Soon = 30 * time.Second

// Watchdog ends the whole run if the test is still running after d. It prints the name of
// the test, and the stacks of all goroutines.
func Watchdog(tb testing.TB, d time.Duration) {
	name := tb.Name()
	t := time.AfterFunc(d, func() {
		debug.SetTraceback("all")
		panic(fmt.Sprintf("%s still runs after %v", name, d))
	})
	tb.Cleanup(func() { t.Stop() })
}

// Must ends the test if err is not nil.
func Must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// UnderQemu reports whether this process runs under a user-mode emulator. The emulator
// hides itself in /proc/self and /proc/<pid>, but not in /proc/thread-self.
var UnderQemu = sync.OnceValue(func() bool {
	exe, err := os.Readlink("/proc/thread-self/exe")
	return err == nil && strings.Contains(filepath.Base(exe), "qemu")
})

// owned records which test has to close a descriptor. Close removes its descriptor: the
// kernel reuses the number, and the new file must not be closed.
var owned = struct {
	sync.Mutex
	by map[int]*int
}{by: make(map[int]*int)}

// Own makes the test close fd at its end, unless Close has done so before.
func Own(tb testing.TB, fd int) int {
	tb.Helper()
	me := new(int)
	owned.Lock()
	owned.by[fd] = me
	owned.Unlock()
	tb.Cleanup(func() {
		owned.Lock()
		mine := owned.by[fd] == me
		if mine {
			delete(owned.by, fd)
		}
		owned.Unlock()
		if mine {
			syscall.Close(fd)
		}
	})
	return fd
}

// Close closes a descriptor before the end of the test.
func Close(tb testing.TB, fd int) {
	tb.Helper()
	owned.Lock()
	delete(owned.by, fd)
	owned.Unlock()
	if err := syscall.Close(fd); err != nil {
		tb.Fatalf("close(%d): %v", fd, err)
	}
}

// Pipe returns the ends of a pipe, non-blocking and close-on-exec. They are closed at the
// end of the test, unless Close closes them before.
func Pipe(tb testing.TB) (r, w int) {
	tb.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		tb.Fatalf("pipe: %v", err)
	}
	for _, fd := range p {
		Own(tb, fd)
		syscall.CloseOnExec(fd)
		if err := syscall.SetNonblock(fd, true); err != nil {
			tb.Fatalf("fcntl: %v", err)
		}
	}
	return p[0], p[1]
}

// Dup duplicates fd to the first free number from min on. The copy is closed at the end of
// the test.
func Dup(tb testing.TB, fd, min int) int {
	tb.Helper()
	n, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, uintptr(min))
	if errno != 0 {
		tb.Fatalf("fcntl(%d, F_DUPFD_CLOEXEC, %d): %v", fd, min, errno)
	}
	return Own(tb, int(n))
}

// Closed returns a number that was open a moment ago. The number is high, so the kernel
// does not reuse it: it uses the lowest free one.
func Closed(tb testing.TB) int {
	tb.Helper()
	r, _ := Pipe(tb)
	fd := Dup(tb, r, min(200, RaiseLimit(tb)-8))
	Close(tb, fd)
	return fd
}

// Write writes all of s, which must not block.
func Write(tb testing.TB, fd int, s string) {
	tb.Helper()
	for {
		n, err := syscall.Write(fd, []byte(s))
		if err == syscall.EINTR {
			continue
		}
		if n != len(s) || err != nil {
			tb.Fatalf("write(%d, %q) = %d, %v", fd, s, n, err)
		}
		return
	}
}

// ReadAll empties a non-blocking descriptor.
func ReadAll(fd int) (n int) {
	var b [256]byte
	for {
		m, err := syscall.Read(fd, b[:])
		if err == syscall.EINTR {
			continue
		}
		if m <= 0 {
			return n
		}
		n += m
	}
}

// SetField sets a field of a syscall.Rlimit. The fields are signed on FreeBSD.
func SetField[T int64 | uint64](field *T, n int) { *field = T(n) }

// RaiseLimit raises the soft RLIMIT_NOFILE to the hard one, and returns how many
// descriptors a test may use. It returns only part of a very large limit: the kernel's
// table of a process's descriptors takes 8 bytes for each number, and never shrinks.
func RaiseLimit(tb testing.TB) int {
	tb.Helper()
	var l syscall.Rlimit
	Must(tb, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l))
	if soft := l.Cur; soft < l.Max {
		l.Cur = l.Max
		if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l) != nil {
			// Darwin refuses limits above the number of files that a process may open
			l.Cur = soft
		}
	}
	return int(min(l.Cur, 1<<17))
}
