// Helpers of the tests that need Linux.

package poll

import (
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"example.com/poll/internal/fdtest"
)

var underQemu = fdtest.UnderQemu

// onMIPS is whether POLLWRNORM and POLLWRBAND have the values of the kernel's MIPS ports.
var onMIPS = strings.HasPrefix(runtime.GOARCH, "mips")

// include/uapi/asm-generic/poll.h
var systemEvents = eventValues{
	wrnorm: 0x100, wrband: 0x200, rdhup: 0x2000,
	text: map[Events]string{
		0x100:  "POLLWRNORM",
		0x200:  "POLLWRBAND",
		0x2000: "POLLRDHUP",
		0x4000: "0x4000",
		0xffff: "POLLIN|POLLPRI|POLLOUT|POLLERR|POLLHUP|POLLNVAL|POLLRDNORM|POLLRDBAND|POLLWRNORM|POLLWRBAND|POLLRDHUP|0xdc00",
	},
}

func init() {
	if onMIPS { // arch/mips/include/uapi/asm/poll.h
		systemEvents.wrnorm, systemEvents.wrband = 0x4, 0x100
		systemEvents.text[0x100] = "POLLWRBAND"
		systemEvents.text[0x200] = "0x200"
		systemEvents.text[0xffff] = "POLLIN|POLLPRI|POLLOUT|POLLERR|POLLHUP|POLLNVAL|POLLRDNORM|POLLRDBAND|POLLWRBAND|POLLRDHUP|0xde00"
	}
}

// See helpers_test.go.
const (
	readEndOut    = Events(0)
	closedUnasked = POLLNVAL
	earlierTwin   = POLLIN
	holdsFiles    = true // __pollwait in fs/select.c
	returnsEarly  = false
)

func endOfPipe(Events) Events { return POLLHUP }

// dup2 is dup2(2), which newer architectures lack.
func dup2(from, to int) error { return syscall.Dup3(from, to, syscall.O_CLOEXEC) }

const clockMonotonic = 1 // include/uapi/linux/time.h

// alarm makes the kernel send SIGURG to the calling thread every d until the test is over,
// even during a call that holds the only processor. It locks the goroutine to the thread.
// The runtime preempts goroutines with SIGURG, so its handler interrupts system calls and
// otherwise does nothing.
func alarm(t *testing.T, d time.Duration) {
	t.Helper()
	runtime.LockOSThread()
	event := struct { // struct sigevent, 64 bytes
		value              uintptr
		signo, notify, tid int32
		_                  [44]byte
	}{signo: int32(syscall.SIGURG), notify: 4 /* SIGEV_THREAD_ID */, tid: int32(syscall.Gettid())}
	var timer int32
	if _, _, errno := syscall.Syscall(syscall.SYS_TIMER_CREATE, clockMonotonic, uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&timer))); errno != 0 {
		t.Fatalf("timer_create: %v", errno)
	}
	every := syscall.NsecToTimespec(int64(d))
	spec := [2]syscall.Timespec{every, every}
	if _, _, errno := syscall.Syscall6(syscall.SYS_TIMER_SETTIME, uintptr(timer), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0); errno != 0 {
		t.Fatalf("timer_settime: %v", errno)
	}
	t.Cleanup(func() {
		syscall.Syscall(syscall.SYS_TIMER_DELETE, uintptr(timer), 0, 0)
		runtime.UnlockOSThread()
	})
}
