// Tests that need special kernel behavior: a file whose poll function sleeps, and system
// calls that are missing or forbidden. Both run the test binary again as a child process.

package poll

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"example.com/poll/internal/fdtest"
)

// childEnv is set in a child. Its value is the child's task.
const childEnv = "POLL_TEST_CHILD"

// child returns a command that runs test in a child, in a process group of its own.
func child(t *testing.T, test, what string) *exec.Cmd {
	t.Helper()
	if underQemu() {
		t.Skip("qemu-user does not run a child, nor has it seccomp(2)")
	}
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.Command(exe, "-test.run=^"+test+"$", "-test.v", "-test.count=1")
	cmd.Env = append(os.Environ(), childEnv+"="+what)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// sleepingCalls are calls that poll f, with the server's answers: y means POLLIN, n
// means 0. A call sleeps until each answer.
func sleepingCalls(ctx context.Context, f *fdtest.FuseFile) []sleepingCall {
	poller := func(skip uint8, poll func(p *Poller) ([]Ready, error)) func() (Events, error) {
		return func() (Events, error) {
			var p Poller
			defer p.Close()
			makeWaker(f, &p)
			p.backoff.skip = skip
			if err := p.Register(f.Fd, POLLIN); err != nil {
				return 0, err
			}
			ready, err := poll(&p)
			if len(ready) == 0 {
				return 0, err
			}
			return ready[0].Events, err
		}
	}
	within := func(timeout time.Duration) func(p *Poller) ([]Ready, error) {
		return func(p *Poller) ([]Ready, error) { return p.Poll(timeout) }
	}
	wait := func(timeout time.Duration) func() (Events, error) {
		// Wait calls Poll
		return func() (Events, error) { return Wait(f.Fd, POLLIN, timeout) }
	}
	waitContext := func() (Events, error) { return WaitContext(ctx, f.Fd, POLLIN) }
	pollContext := func(p *Poller) ([]Ready, error) { return p.PollContext(ctx) }
	return []sleepingCall{
		{"Wait(0)", "y", wait(0), POLLIN},
		{"Wait(0), nothing", "n", wait(0), 0},
		{"Wait(Forever)", "y", wait(Forever), POLLIN},
		{"Wait(1h)", "y", wait(time.Hour), POLLIN},
		{"Wait(1h1ns)", "y", wait(time.Hour + 1), POLLIN},
		{"WaitContext", "y", waitContext, POLLIN},
		{"WaitContext, not at first", "ny", waitContext, POLLIN},
		{"Poller.Poll(0)", "y", poller(0, within(0)), POLLIN},
		{"Poller.Poll(0), nothing", "n", poller(0, within(0)), 0},
		{"Poller.Poll(Forever)", "y", poller(0, within(Forever)), POLLIN},
		{"Poller.Poll(Forever), not at first", "ny", poller(0, within(Forever)), POLLIN},
		{"Poller.Poll(Forever) that waits", "y", poller(1, within(Forever)), POLLIN},
		{"Poller.PollContext", "ny", poller(0, pollContext), POLLIN},
	}
}

type sleepingCall struct {
	name    string
	answers string
	poll    func() (Events, error)
	want    Events
}

// TestSleepingHandler checks that a file whose poll function sleeps delays no other
// goroutine and no garbage collection.
func TestSleepingHandler(t *testing.T) {
	watchdog(t, 2*soon)
	// fuse_file_poll in fs/fuse/file.c asks the server and waits for the answer. Only a
	// fatal signal ends the wait.
	f := fdtest.OpenFuse(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, v := range sleepingCalls(ctx, f) {
		if t.Failed() {
			break // each of the others would wait until the server gives up
		}
		t.Run("call="+v.name, func(t *testing.T) {
			f := f.In(t)
			done := make(chan struct{})
			var got Events
			var err error
			go func() {
				defer close(done)
				got, err = v.poll()
			}()
			for _, answer := range v.answers {
				f.WantSleep()
				// The call sleeps until the answer below, so all this happens before.
				runtime.GC()
				there, back := make(chan int), make(chan int)
				go func() {
					for n := range there {
						back <- n + 1
					}
				}()
				for i := 0; i < 1000; i++ {
					there <- i
					<-back
				}
				close(there)
				select {
				case <-done:
					t.Errorf("%v, %v before the answer", got, err)
				default:
				}
				f.Answer(byte(answer))
			}
			if <-done; got != v.want || err != nil {
				t.Errorf("%v, %v, want %v", got, err, v.want)
			}
		})
	}
}

// filters has the numbers that forbid needs for each architecture: AUDIT_ARCH_* of
// include/uapi/linux/audit.h, and the number of seccomp(2).
var filters = map[string]struct{ audit, seccomp uint32 }{
	"386":     {0x40000003, 354},
	"amd64":   {0xc000003e, 317},
	"arm":     {0x40000028, 383},
	"arm64":   {0xc00000b7, 277},
	"loong64": {0xc0000102, 277},
	"riscv64": {0xc00000f3, 277},
}

// forbid makes the system calls fail with errno in all threads of the process, until the
// process ends.
func forbid(t *testing.T, errno syscall.Errno, calls ...uintptr) {
	t.Helper()
	arch, ok := filters[runtime.GOARCH]
	if !ok {
		t.Skip("no filter for " + runtime.GOARCH)
	}
	const (
		// BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K
		load, jump, ret = 0x20, 0x15, 0x06
		allow, fail     = 0x7fff0000, 0x00050000
	)
	program := []syscall.SockFilter{
		{Code: load, K: 4}, // arch
		{Code: jump, K: arch.audit, Jt: 1},
		{Code: ret, K: allow},
		{Code: load, K: 0}, // nr
	}
	for _, nr := range calls {
		program = append(program,
			syscall.SockFilter{Code: jump, K: uint32(nr), Jf: 1},
			syscall.SockFilter{Code: ret, K: fail | uint32(errno)})
	}
	program = append(program, syscall.SockFilter{Code: ret, K: allow})
	prog := syscall.SockFprog{Len: uint16(len(program)), Filter: &program[0]}

	const prSetNoNewPrivs, setModeFilter, tsync = 38, 1, 1
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		t.Skipf("PR_SET_NO_NEW_PRIVS: %v", errno)
	}
	if r, _, errno := syscall.RawSyscall(uintptr(arch.seccomp), setModeFilter, tsync, uintptr(unsafe.Pointer(&prog))); r != 0 || errno != 0 {
		t.Skipf("seccomp(2): %d, %v", r, errno)
	}
}

// TestForbidden checks that poll(2) and ppoll(2) replace each other if a seccomp filter
// forbids one of them, and which calls still work if it forbids eventfd2(2).
func TestForbidden(t *testing.T) {
	if what := os.Getenv(childEnv); what != "" {
		call, name, _ := strings.Cut(what, " ")
		errno := map[string]syscall.Errno{"ENOSYS": syscall.ENOSYS, "EPERM": syscall.EPERM}[name]
		testForbidden(t, call, errno)
		return
	}
	for _, call := range []string{"poll", "ppoll", "both", "eventfd2"} {
		for _, errno := range []string{"ENOSYS", "EPERM"} {
			if !hasPoll && call == "poll" {
				continue
			}
			t.Run("call="+call+"/errno="+errno, func(t *testing.T) {
				watchdog(t, 2*soon)
				out, err := child(t, "TestForbidden", call+" "+errno).CombinedOutput()
				switch {
				case err != nil:
					t.Errorf("%v\n%s", err, out)
				case bytes.Contains(out, []byte("--- SKIP")):
					t.Skipf("%s", out)
				case !bytes.Contains(out, []byte("--- PASS: TestForbidden")):
					t.Errorf("it did not run\n%s", out)
				}
			})
		}
	}
}

// testForbidden is TestForbidden in a process of its own.
func testForbidden(t *testing.T, call string, errno syscall.Errno) {
	watchdog(t, soon)
	time.Sleep(time.Microsecond) // so that the runtime has created its own eventfd
	r, w := newPipe(t)
	mustWrite(t, w, "x")
	idle, _ := newPipe(t)
	calls := 0
	onCall(t, func(bool, time.Duration) (int, syscall.Errno, bool) {
		calls++
		return 0, 0, false
	})
	numbers := map[string][]uintptr{"poll": {sysPoll}, "ppoll": {syscall.SYS_PPOLL}, "both": {sysPoll, syscall.SYS_PPOLL}, "eventfd2": {syscall.SYS_EVENTFD2}}
	forbid(t, errno, numbers[call]...)
	none := call == "both" || call == "ppoll" && !hasPoll
	noWaker := call == "eventfd2"

	want := func(name string, got, want Events, err error) {
		t.Helper()
		if none {
			if got != 0 || !errors.Is(err, errno) {
				t.Errorf("%s: %v, %v, want %v", name, got, err, errno)
			}
		} else if got != want || err != nil {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
	}
	rawPoll := func(fd int) (Events, error) {
		fds := []PollFd{{Fd: int32(fd), Events: POLLIN}}
		n, err := RawPoll(fds)
		return fds[0].Revents * Events(n), err
	}
	got, err := rawPoll(r)
	want("RawPoll, ready", got, POLLIN, err)
	got, err = rawPoll(idle)
	want("RawPoll", got, 0, err)
	for _, e := range entryPoints {
		for _, timeout := range []time.Duration{
			0, 1, 100 * time.Microsecond, time.Millisecond, 1500 * time.Microsecond, 3 * time.Millisecond, Forever, time.Hour, time.Hour + 1,
		} {
			name := fmt.Sprintf("%s(%v)", e.name, timeout)
			calls = 0
			got, err := e.make(t, r, POLLIN).poll(timeout)
			want(name+", ready", got, POLLIN, err)
			if calls > 6 { // two, two more for a Poller, and some for signals
				t.Errorf("%s, ready: %d system calls", name, calls)
			}
			cannotWait := noWaker && e.name == "Poller" && timeout != 0
			if !cannotWait && (timeout < 0 || timeout >= time.Hour) {
				continue
			}
			calls = 0
			start := time.Now()
			got, err = e.make(t, idle, POLLIN).poll(timeout)
			took := time.Since(start)
			if cannotWait {
				wantOpenFailed(t, name, got, err, errno)
				continue
			}
			want(name, got, 0, err)
			if !none && took < timeout || calls > 40 { // 6 without signals
				t.Errorf("%s: over after %v and %d system calls", name, took, calls)
			}
		}
	}
	if noWaker {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		got, err := WaitContext(ctx, idle, POLLIN)
		wantOpenFailed(t, "WaitContext", got, err, errno)
		_, err = NewWaker()
		wantError(t, err, "open", -1, errno)
	}
}

// wantOpenFailed checks that a call has failed because it cannot create a Waker.
func wantOpenFailed(t *testing.T, name string, got Events, err error, errno syscall.Errno) {
	t.Helper()
	if got != 0 || !errors.Is(err, errno) || !strings.Contains(err.Error(), "open") {
		t.Errorf("%s: %v, %v, want %v of open", name, got, err, errno)
	}
}

// A standInTest has a timeout, and the system calls that are wanted if some fail with
// errno.
type standInTest struct {
	name    string
	timeout time.Duration
	steps   []standInStep
	n       int
	err     error
}

type standInStep struct {
	poll  bool // poll(2) rather than ppoll(2)
	asks  time.Duration
	takes time.Duration
	n     int
	errno syscall.Errno
}

func standInTests(errno syscall.Errno) []standInTest {
	const h = time.Hour
	const eintr, eagain, enomem = syscall.EINTR, syscall.EAGAIN, syscall.ENOMEM
	type steps = []standInStep
	return []standInTest{
		{"poll, at once", 0, steps{{poll: true, errno: errno}, {n: 1}}, 1, nil},
		{"poll, 1h", h, steps{{poll: true, asks: h, errno: errno}, {asks: h, n: 1}}, 1, nil},
		{"poll, forever", Forever, steps{{poll: true, asks: -1, errno: errno}, {asks: -1, n: 1}}, 1, nil},
		{"poll, after EAGAIN", Forever, steps{
			{poll: true, asks: -1, errno: eagain}, {poll: true, asks: -1, errno: errno}, {asks: -1, n: 1},
		}, 1, nil},
		{"poll, after EINTR", Forever, steps{
			{poll: true, asks: -1, errno: eintr}, {poll: true, asks: -1, errno: errno},
			{asks: -1, errno: eintr}, {poll: true, asks: -1, n: 1},
		}, 1, nil},
		{"poll, in the last call", h, steps{{poll: true, asks: h, takes: 2 * h, errno: eintr}, {poll: true, errno: errno}, {n: 1}}, 1, nil},
		{"ppoll, at once", h + 1, steps{{asks: h + 1, errno: errno}, {poll: true, asks: h + 1, n: 1}}, 1, nil},
		{"ppoll, after EINTR", 2 * h, steps{
			{poll: true, asks: 2 * h, takes: h, errno: eintr}, {asks: h, errno: errno}, {poll: true, asks: h, n: 1},
		}, 1, nil},
		{"ppoll, again and again", 3 * h, steps{
			{poll: true, asks: 3 * h, takes: h, errno: eintr},
			{asks: 2 * h, errno: errno}, {poll: true, asks: 2 * h, takes: h, errno: eintr},
			{asks: h, errno: errno}, {poll: true, asks: h, takes: h},
		}, 0, nil},
		{"either in turn", 2 * h, steps{
			{poll: true, asks: 2 * h, errno: errno}, {asks: 2 * h, takes: h, errno: eintr},
			{asks: h, errno: errno}, {poll: true, asks: h, n: 2},
		}, 2, nil},
		{"both, at once", 0, steps{{poll: true, errno: errno}, {errno: errno}}, 0, errno},
		{"both, 1h", h, steps{{poll: true, asks: h, errno: errno}, {asks: h, errno: errno}}, 0, errno},
		{"both, 1h1ns", h + 1, steps{{asks: h + 1, errno: errno}, {poll: true, asks: h + 1, errno: errno}}, 0, errno},
		{"both, after EINTR", 2 * h, steps{
			{poll: true, asks: 2 * h, takes: h, errno: eintr}, {asks: h, errno: errno}, {poll: true, asks: h, errno: errno},
		}, 0, errno},
		{"another error", h, steps{{poll: true, asks: h, errno: enomem}}, 0, enomem},
		{"another error of the other", h, steps{{poll: true, asks: h, errno: errno}, {asks: h, errno: enomem}}, 0, enomem},
	}
}

// TestStandIn checks the system calls that are made if one is missing or forbidden, either
// from the start or from the middle of a wait.
func TestStandIn(t *testing.T) {
	if !hasPoll {
		t.Skip("there is no poll(2)")
	}
	watchdog(t, soon)
	for _, errno := range []syscall.Errno{syscall.ENOSYS, syscall.EPERM} {
		for _, v := range standInTests(errno) {
			t.Run(fmt.Sprintf("errno=%d/missing=%s", errno, v.name), func(t *testing.T) {
				call := 0
				onCall(t, func(isPoll bool, timeout time.Duration) (int, syscall.Errno, bool) {
					if call == len(v.steps) {
						t.Fatalf("call %d, poll=%v for %v, is one too many", call, isPoll, timeout)
					}
					s := v.steps[call]
					if isPoll != s.poll {
						t.Errorf("call %d: poll=%v, want %v", call, isPoll, s.poll)
					}
					wantNear(t, call, timeout, s.asks)
					call++
					pass(s.takes)
					if s.errno != 0 {
						return -1, s.errno, true // as syscall.Syscall does
					}
					return s.n, 0, true
				})
				n, err := Poll([]PollFd{{Fd: -1}}, v.timeout)
				if n != v.n || !errors.Is(err, v.err) {
					t.Errorf("Poll = %d, %v, want %d, %v", n, err, v.n, v.err)
				}
				if call != len(v.steps) {
					t.Errorf("%d calls, want %d", call, len(v.steps))
				}
			})
		}
	}
}
