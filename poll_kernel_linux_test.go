// The tests that need a kernel made for them: a file whose poll handler sleeps, and
// system calls that are missing or forbidden. Each runs in a child process, which is
// the test binary again.

package poll

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// childEnv tells the test binary that it is a child, and what to do.
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

// A fuseFile is a file of a FUSE server in another process, which answers when it is
// told to.
type fuseFile struct {
	*testing.T
	fd     int
	asked  *bufio.Reader // a line for each poll(2) that asks the server
	answer io.Writer
}

// openFuse starts the server and opens the file. Where that is impossible the test is
// skipped.
func openFuse(t *testing.T) *fuseFile {
	t.Helper()
	dir := t.TempDir()
	cmd := child(t, "TestSleepingHandler", dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		// The death of the server ends the connection and so every wait for it.
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
		for syscall.Unmount(dir, syscall.MNT_DETACH) == nil {
		}
	})
	f := &fuseFile{T: t, answer: in, asked: bufio.NewReader(out)}
	for {
		line, err := f.asked.ReadString('\n')
		switch {
		case strings.HasPrefix(line, "skip: "):
			t.Skip(line[len("skip: "):])
		case err != nil:
			t.Fatalf("the server: %q, %v", line, err)
		}
		if line == "mounted\n" {
			break
		}
	}
	f.fd, err = syscall.Open(filepath.Join(dir, "file"), syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	own(t, f.fd)
	return f
}

// wantAsked waits until a poll handler sleeps.
func (f *fuseFile) wantAsked() {
	f.Helper()
	if line, err := f.asked.ReadString('\n'); line != "asked\n" {
		f.Fatalf("the server: %q, %v", line, err)
	}
}

// wantAnswered gives the answer, and checks that the server has waited for it.
func (f *fuseFile) wantAnswered(answer byte) {
	f.Helper()
	_, err := f.answer.Write([]byte{answer})
	must(f, err)
	line, err := f.asked.ReadString('\n')
	if line == "late\n" {
		f.Fatal("the server has lost patience: the program has stood still for its call of poll")
	}
	if line != "answered\n" {
		f.Fatalf("the server: %q, %v", line, err)
	}
}

// TestSleepingHandler checks that a poll handler that sleeps holds up neither another
// goroutine nor a garbage collection.
//
// fs/fuse/file.c, fuse_file_poll: the handler asks the server and waits for the
// answer. Only a fatal signal ends that.
func TestSleepingHandler(t *testing.T) {
	if dir := os.Getenv(childEnv); dir != "" {
		serveFuse(dir)
	}
	watchdog(t, 2*soon)
	f := openFuse(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	array := func(timeout time.Duration) func() (Events, error) {
		return func() (Events, error) {
			fds := []PollFd{{Fd: int32(f.fd), Events: POLLIN}}
			_, err := Poll(fds, timeout)
			return fds[0].Revents, err
		}
	}
	poller := func(skip uint8, poll func(p *Poller) ([]Ready, error)) func() (Events, error) {
		return func() (Events, error) {
			var p Poller
			defer p.Close()
			makeWaker(t, &p)
			p.backoff.skip = skip
			if err := p.Register(f.fd, POLLIN); err != nil {
				return 0, err
			}
			ready, err := poll(&p)
			if len(ready) == 0 {
				return 0, err
			}
			return ready[0].Events, err
		}
	}
	for _, v := range []struct {
		name    string
		answers string // y: POLLIN, n: nothing
		poll    func() (Events, error)
		want    Events
	}{
		{"Poll(0)", "y", array(0), POLLIN},
		{"Poll(0), nothing", "n", array(0), 0},
		{"Poll(Forever)", "y", array(Forever), POLLIN},
		{"Poll(1h)", "y", array(time.Hour), POLLIN},
		{"Poll(1h1ns)", "y", array(time.Hour + 1), POLLIN},
		{"Wait(0)", "y", func() (Events, error) { return Wait(f.fd, POLLIN, 0) }, POLLIN},
		{"Wait(Forever)", "y", func() (Events, error) { return Wait(f.fd, POLLIN, Forever) }, POLLIN},
		{"WaitContext", "y", func() (Events, error) { return WaitContext(ctx, f.fd, POLLIN) }, POLLIN},
		{"WaitContext, not at first", "ny", func() (Events, error) { return WaitContext(ctx, f.fd, POLLIN) }, POLLIN},
		{"Poller.Poll(0)", "y", poller(0, func(p *Poller) ([]Ready, error) { return p.Poll(0) }), POLLIN},
		{"Poller.Poll(0), nothing", "n", poller(0, func(p *Poller) ([]Ready, error) { return p.Poll(0) }), 0},
		{"Poller.Poll(Forever)", "y", poller(0, func(p *Poller) ([]Ready, error) { return p.Poll(Forever) }), POLLIN},
		{"Poller.Poll(Forever), not at first", "ny", poller(0, func(p *Poller) ([]Ready, error) { return p.Poll(Forever) }), POLLIN},
		{"Poller.Poll(Forever) that waits", "y", poller(1, func(p *Poller) ([]Ready, error) { return p.Poll(Forever) }), POLLIN},
		{"Poller.PollContext", "ny", poller(0, func(p *Poller) ([]Ready, error) { return p.PollContext(ctx) }), POLLIN},
	} {
		if t.Failed() {
			break // each would take the server's patience
		}
		t.Run("call="+v.name, func(t *testing.T) {
			f := &fuseFile{t, f.fd, f.asked, f.answer}
			type result struct {
				events Events
				err    error
			}
			done := make(chan result, 1)
			go func() {
				events, err := v.poll()
				done <- result{events, err}
			}()
			for _, answer := range v.answers {
				f.wantAsked()
				// The handler sleeps until the answer below. All this comes first.
				runtime.GC()
				there, back := make(chan int), make(chan int)
				go func() {
					for n := range there {
						back <- n + 1
					}
					close(back)
				}()
				n := 0
				for i := 0; i < 1000; i++ {
					there <- n
					n = <-back
				}
				close(there)
				<-back
				time.Sleep(time.Millisecond)
				if len(done) != 0 {
					t.Errorf("%v before the answer", <-done)
				}
				f.wantAnswered(byte(answer))
			}
			if got := <-done; got.events != v.want || got.err != nil {
				t.Errorf("%v, %v, want %v", got.events, got.err, v.want)
			}
		})
	}
}

// serveFuse is the server: it mounts itself on dir, and holds back every answer to
// poll until it reads it from the standard input. It ends with that, and never
// returns. The protocol is that of include/uapi/linux/fuse.h.
func serveFuse(dir string) {
	const patience = 20 * time.Second // the parent may stand still, and so can't end it
	fd, err := syscall.Open("/dev/fuse", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		fmt.Printf("skip: /dev/fuse: %v\n", err)
		os.Exit(0)
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=%d,group_id=%d", fd, os.Getuid(), os.Getgid())
	if err := syscall.Mount("poll", dir, "fuse", syscall.MS_NOSUID|syscall.MS_NODEV, options); err != nil {
		fmt.Printf("skip: mount of fuse: %v\n", err)
		os.Exit(0)
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if one := uint16(1); *(*byte)(unsafe.Pointer(&one)) == 0 {
		order = binary.BigEndian
	}
	var mu sync.Mutex
	reply := func(unique uint64, errno syscall.Errno, body []byte) {
		b := make([]byte, 16, 16+len(body))
		order.PutUint32(b, uint32(16+len(body)))
		order.PutUint32(b[4:], uint32(-int32(errno)))
		order.PutUint64(b[8:], unique)
		syscall.Write(fd, append(b, body...))
	}
	var held []uint64 // the polls that wait for an answer
	var timer *time.Timer
	answer := func(why string, revents uint32) {
		body := make([]byte, 8)
		order.PutUint32(body, revents)
		for _, unique := range held {
			reply(unique, 0, body)
		}
		if held = nil; timer != nil {
			timer.Stop()
		}
		fmt.Println(why)
	}
	go func() {
		for b := make([]byte, 1); ; {
			if _, err := os.Stdin.Read(b); err != nil {
				syscall.Unmount(dir, syscall.MNT_DETACH)
				os.Exit(0)
			}
			mu.Lock()
			if len(held) > 0 {
				answer("answered", map[byte]uint32{'y': uint32(POLLIN), 'n': 0}[b[0]])
			}
			mu.Unlock()
		}
	}()
	attr := func(nodeid uint64) []byte {
		b := make([]byte, 88)
		order.PutUint64(b, nodeid) // ino
		mode := uint32(syscall.S_IFREG | 0o444)
		if nodeid == 1 {
			mode = syscall.S_IFDIR | 0o555
		}
		order.PutUint32(b[60:], mode)
		order.PutUint32(b[64:], 1) // nlink
		return b
	}
	fmt.Println("mounted")
	for b := make([]byte, 1<<17); ; {
		n, err := syscall.Read(fd, b)
		if err == syscall.EINTR || err == syscall.ENOENT {
			continue
		}
		if err != nil {
			os.Exit(0) // ENODEV: unmounted
		}
		if n < 40 {
			continue
		}
		opcode, unique, nodeid := order.Uint32(b[4:]), order.Uint64(b[8:]), order.Uint64(b[16:])
		mu.Lock()
		switch opcode {
		case 1: // LOOKUP
			body := make([]byte, 40)
			order.PutUint64(body, 2) // nodeid
			reply(unique, 0, append(body, attr(2)...))
		case 3: // GETATTR
			reply(unique, 0, append(make([]byte, 16), attr(nodeid)...))
		case 14: // OPEN
			reply(unique, 0, make([]byte, 16))
		case 26: // INIT
			body := make([]byte, 64)
			order.PutUint32(body, 7)      // major
			order.PutUint32(body[4:], 31) // minor
			order.PutUint32(body[20:], 1<<16)
			reply(unique, 0, body)
		case 40: // POLL
			held = append(held, unique)
			fmt.Println("asked")
			timer = time.AfterFunc(patience, func() {
				mu.Lock()
				defer mu.Unlock()
				if len(held) > 0 {
					answer("late", uint32(POLLIN))
				}
			})
		case 2, 36, 42: // FORGET, INTERRUPT, BATCH_FORGET: no answer
		case 18, 25, 38: // RELEASE, FLUSH, DESTROY
			reply(unique, 0, nil)
		default:
			reply(unique, syscall.ENOSYS, nil)
		}
		mu.Unlock()
	}
}

// filters are what forbid needs to know of an architecture: AUDIT_ARCH_* of
// include/uapi/linux/audit.h, and the number of seccomp(2).
var filters = map[string]struct{ audit, seccomp uint32 }{
	"386":     {0x40000003, 354},
	"amd64":   {0xc000003e, 317},
	"arm":     {0x40000028, 383},
	"arm64":   {0xc00000b7, 277},
	"loong64": {0xc0000102, 277},
	"riscv64": {0xc00000f3, 277},
}

// forbid makes the system calls fail with errno in all threads of the process, until
// it ends.
func forbid(t *testing.T, errno syscall.Errno, calls ...uintptr) {
	t.Helper()
	arch, ok := filters[runtime.GOARCH]
	if !ok {
		t.Skip("no filter for " + runtime.GOARCH)
	}
	const (
		load, jump, ret = 0x20, 0x15, 0x06 // BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K
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

// TestForbidden checks that poll(2) and ppoll(2) stand in for each other where a
// seccomp filter forbids one, and what is left where it forbids eventfd2(2).
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
	time.Sleep(time.Microsecond) // the runtime has its own eventfd by now
	r, w := newPipe(t)
	idle, _ := newPipe(t)
	other, otherW := newPipe(t)
	background, cancel := context.WithCancel(context.Background())
	defer cancel()

	// calls counts the system calls, and those of one thread.
	var calls, ofThread atomic.Int64
	var thread atomic.Int64
	onCall(t, func(bool, time.Duration) (int, syscall.Errno, bool) {
		calls.Add(1)
		if thread.Load() == int64(syscall.Gettid()) {
			ofThread.Add(1)
		}
		return 0, 0, false
	})

	// Some wait already, each of them for a whole number of milliseconds.
	type result struct {
		ready []Ready
		err   error
	}
	start := func(poll func() ([]Ready, error)) (interrupt func(), done chan result) {
		done = make(chan result, 1)
		tid := make(chan int)
		before := calls.Load()
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			tid <- syscall.Gettid()
			ready, err := poll()
			done <- result{ready, err}
		}()
		n := <-tid
		for calls.Load() == before {
			runtime.Gosched()
		}
		return func() {
			// A signal that comes before the thread is in the kernel means nothing.
			ofThread.Store(0)
			thread.Store(int64(n))
			for i := 0; i < 3; i++ {
				for seen := ofThread.Load(); ofThread.Load() == seen && len(done) == 0; {
					tgkill(n, syscall.SIGURG)
					time.Sleep(50 * time.Microsecond)
				}
			}
			thread.Store(0)
		}, done
	}
	array := func(timeout time.Duration) func() ([]Ready, error) {
		return func() ([]Ready, error) {
			fds := []PollFd{{Fd: int32(other), Events: POLLIN}}
			n, err := Poll(fds, timeout)
			if n == 0 {
				return nil, err
			}
			return []Ready{{Fd: int(fds[0].Fd), Events: fds[0].Revents}}, err
		}
	}
	var p Poller
	defer p.Close()
	must(t, p.Register(other, POLLIN))
	waitsAtOnce(&p)
	var waiting []chan result
	var interrupts []func()
	for _, poll := range []func() ([]Ready, error){
		array(Forever), array(time.Hour), func() ([]Ready, error) { return p.Poll(time.Hour) },
	} {
		interrupt, done := start(poll)
		interrupts, waiting = append(interrupts, interrupt), append(waiting, done)
	}

	var polls []uintptr
	switch call {
	case "poll":
		polls = []uintptr{sysPoll}
	case "ppoll":
		polls = []uintptr{syscall.SYS_PPOLL}
	case "both":
		polls = []uintptr{syscall.SYS_PPOLL}
		if hasPoll {
			polls = append(polls, sysPoll)
		}
	case "eventfd2":
		polls = []uintptr{syscall.SYS_EVENTFD2}
	}
	forbid(t, errno, polls...)
	none := call == "both" || call == "ppoll" && !hasPoll
	noWaker := call == "eventfd2"

	// A signal, or a change, leaves a part of a millisecond to be waited.
	for _, interrupt := range interrupts {
		interrupt()
	}
	must(t, p.Register(idle, POLLIN))
	must(t, p.Modify(idle, POLLIN|POLLPRI))
	if !none {
		for i, done := range waiting {
			if len(done) != 0 {
				t.Errorf("wait %d is over: %v", i, <-done)
			}
		}
		mustWrite(t, otherW, "x")
	}
	for i, done := range waiting {
		got := <-done
		if none {
			if !errors.Is(got.err, errno) || len(got.ready) != 0 {
				t.Errorf("wait %d: %v, want %v", i, got, errno)
			}
		} else if got.err != nil || len(got.ready) != 1 || got.ready[0] != (Ready{Fd: other, Events: POLLIN}) {
			t.Errorf("wait %d: %v, want fd %d", i, got, other)
		}
	}
	if !none { // p has its Waker from before
		readAll(other)
		must(t, p.Wake())
		wantPoll(t, &p, Forever)
		c := goPoll(&p, time.Hour)
		must(t, p.Wake())
		(<-c).want(t, nil)
		c = goPoll(&p, time.Hour)
		mustWrite(t, otherW, "x")
		(<-c).want(t, nil, Ready{Fd: other, Events: POLLIN})
	}

	poller := func(fd int, timeout time.Duration) (Events, error) {
		var p Poller
		defer p.Close()
		must(t, p.Register(fd, POLLIN))
		ready, err := p.Poll(timeout)
		if events, ok := p.Registered(fd); events != POLLIN || !ok {
			t.Errorf("the registration is lost")
		}
		if len(ready) == 0 {
			return 0, err
		}
		return ready[0].Events, err
	}
	mustWrite(t, w, "x")
	timeouts := []time.Duration{0, 1, 100 * time.Microsecond, time.Millisecond, 1500 * time.Microsecond, 3 * time.Millisecond}
	for _, v := range []struct {
		name  string
		waits bool // it needs a Waker if it has to wait
		poll  func(fd int, timeout time.Duration) (Events, error)
	}{
		{"Poll", false, func(fd int, timeout time.Duration) (Events, error) {
			fds := []PollFd{{Fd: int32(fd), Events: POLLIN}}
			_, err := Poll(fds, timeout)
			return fds[0].Revents, err
		}},
		{"RawPoll", false, func(fd int, timeout time.Duration) (Events, error) {
			fds := []PollFd{{Fd: int32(fd), Events: POLLIN}}
			_, err := RawPoll(fds)
			return fds[0].Revents, err
		}},
		{"Wait", false, func(fd int, timeout time.Duration) (Events, error) { return Wait(fd, POLLIN, timeout) }},
		{"WaitContext", true, func(fd int, timeout time.Duration) (Events, error) {
			if timeout < 0 {
				return WaitContext(background, fd, POLLIN)
			}
			ctx, cancel := context.WithTimeout(background, timeout)
			defer cancel()
			got, err := WaitContext(ctx, fd, POLLIN)
			if err == context.DeadlineExceeded {
				err = nil
			}
			return got, err
		}},
		{"Poller", true, poller},
	} {
		for _, timeout := range append(timeouts, Forever, time.Hour, time.Hour+1) { // fd is ready
			if v.name == "WaitContext" && timeout >= 0 && timeout < time.Hour {
				continue // is done before it has polled
			}
			before := calls.Load()
			got, err := v.poll(r, timeout)
			n := calls.Load() - before
			if none {
				if got != 0 && v.name != "Poll" || !errors.Is(err, errno) {
					t.Errorf("%s(%v), ready: %v, %v, want %v", v.name, timeout, got, err, errno)
				}
			} else if got != POLLIN || err != nil {
				t.Errorf("%s(%v), ready: %v, %v, want POLLIN", v.name, timeout, got, err)
			}
			if n > 6 { // a look and another, each by both
				t.Errorf("%s(%v), ready: %d system calls", v.name, timeout, n)
			}
		}
		idleTimeouts := timeouts // fd is not
		if noWaker && v.waits {
			idleTimeouts = append(idleTimeouts, Forever, time.Hour, time.Hour+1)
		}
		for _, timeout := range idleTimeouts {
			before := calls.Load()
			start := time.Now()
			got, err := v.poll(idle, timeout)
			took := time.Since(start)
			if noWaker && v.waits && timeout != 0 {
				if err == nil && timeout > 0 && took >= timeout {
					continue // the time was up before it had to wait
				}
				if !errors.Is(err, errno) || !strings.Contains(err.Error(), "open") || got != 0 {
					t.Errorf("%s(%v): %v, %v, want %v of open", v.name, timeout, got, err, errno)
				}
				continue
			}
			if none && err == nil && v.name == "WaitContext" && took >= timeout {
				continue
			}
			if none {
				if !errors.Is(err, errno) {
					t.Errorf("%s(%v): %v, %v, want %v", v.name, timeout, got, err, errno)
				}
			} else if got != 0 || err != nil || took < timeout && v.name != "RawPoll" {
				t.Errorf("%s(%v): %v, %v after %v, want 0", v.name, timeout, got, err, took)
			}
			if n := calls.Load() - before; n > 40 { // but for signals there are 6 at most
				t.Errorf("%s(%v): %d system calls", v.name, timeout, n)
			}
		}
	}

	// Without ppoll a part of a millisecond is waited as a whole one, in one system
	// call, unless a signal interrupts it.
	if call == "ppoll" && hasPoll {
		for _, timeout := range []time.Duration{10 * time.Microsecond, 1500 * time.Microsecond} {
			fewest := int64(1000)
			longest := time.Duration(0)
			for i := 0; i < 20; i++ {
				before := calls.Load()
				start := time.Now()
				Poll(nil, timeout)
				longest = max(longest, time.Since(start))
				fewest = min(fewest, calls.Load()-before)
			}
			if whole := timeout.Truncate(time.Millisecond) + time.Millisecond; longest < whole || fewest != 2 {
				t.Errorf("%v take %v at most and %d system calls at least, want %v and 2", timeout, longest, fewest, whole)
			}
		}
	}

	w2, err := NewWaker()
	if noWaker {
		wantError(t, err, "open", -1, errno)
		return
	}
	must(t, err)
	must(t, w2.Close())
}

// TestStandIn checks which system calls are made where one is missing or forbidden,
// from the first call on or in the middle of a wait.
func TestStandIn(t *testing.T) {
	if !hasPoll {
		t.Skip("there is no poll(2)")
	}
	watchdog(t, soon)
	const h = time.Hour
	type step struct {
		poll  bool // poll(2) is called, and not ppoll(2)
		asked time.Duration
		takes time.Duration
		n     int
		errno syscall.Errno
	}
	for _, errno := range []syscall.Errno{syscall.ENOSYS, syscall.EPERM} {
		for _, v := range []struct {
			name    string
			timeout time.Duration
			steps   []step
			n       int
			err     error
		}{
			{"poll, at once", 0, []step{{poll: true, errno: errno}, {n: 1}}, 1, nil},
			{"poll, 1h", h, []step{{poll: true, asked: h, errno: errno}, {asked: h, n: 1}}, 1, nil},
			{"poll, forever", Forever, []step{{poll: true, asked: -1, errno: errno}, {asked: -1, n: 1}}, 1, nil},
			{"poll, after EAGAIN", Forever, []step{
				{poll: true, asked: -1, errno: syscall.EAGAIN},
				{poll: true, asked: -1, errno: errno}, {asked: -1, n: 1},
			}, 1, nil},
			{"poll, after EINTR", Forever, []step{
				{poll: true, asked: -1, errno: syscall.EINTR},
				{poll: true, asked: -1, errno: errno}, {asked: -1, errno: syscall.EINTR},
				{poll: true, asked: -1, n: 1},
			}, 1, nil},
			{"poll, in the last call", h, []step{
				{poll: true, asked: h, takes: 2 * h, errno: syscall.EINTR},
				{poll: true, errno: errno}, {n: 1},
			}, 1, nil},
			{"ppoll, at once", h + 1, []step{{asked: h + 1, errno: errno}, {poll: true, asked: h + 1, n: 1}}, 1, nil},
			{"ppoll, after EINTR", 2 * h, []step{
				{poll: true, asked: 2 * h, takes: h, errno: syscall.EINTR},
				{asked: h, errno: errno}, {poll: true, asked: h, n: 1},
			}, 1, nil},
			{"ppoll, again and again", 3 * h, []step{
				{poll: true, asked: 3 * h, takes: h, errno: syscall.EINTR},
				{asked: 2 * h, errno: errno}, {poll: true, asked: 2 * h, takes: h, errno: syscall.EINTR},
				{asked: h, errno: errno}, {poll: true, asked: h, takes: h},
			}, 0, nil},
			{"either in turn", 2 * h, []step{
				{poll: true, asked: 2 * h, errno: errno}, {asked: 2 * h, takes: h, errno: syscall.EINTR},
				{asked: h, errno: errno}, {poll: true, asked: h, n: 2},
			}, 2, nil},
			{"both, at once", 0, []step{{poll: true, errno: errno}, {errno: errno}}, 0, errno},
			{"both, 1h", h, []step{{poll: true, asked: h, errno: errno}, {asked: h, errno: errno}}, 0, errno},
			{"both, 1h1ns", h + 1, []step{{asked: h + 1, errno: errno}, {poll: true, asked: h + 1, errno: errno}}, 0, errno},
			{"both, after EINTR", 2 * h, []step{
				{poll: true, asked: 2 * h, takes: h, errno: syscall.EINTR},
				{asked: h, errno: errno}, {poll: true, asked: h, errno: errno},
			}, 0, errno},
			{"another error", h, []step{{poll: true, asked: h, errno: syscall.ENOMEM}}, 0, syscall.ENOMEM},
			{"another error of the other", h, []step{{poll: true, asked: h, errno: errno}, {asked: h, errno: syscall.ENOMEM}}, 0, syscall.ENOMEM},
		} {
			t.Run(fmt.Sprintf("errno=%d/missing=%s", errno, v.name), func(t *testing.T) {
				oldEpoch := epoch
				defer func() { epoch = oldEpoch }()
				call := 0
				onCall(t, func(isPoll bool, timeout time.Duration) (int, syscall.Errno, bool) {
					if call == len(v.steps) {
						t.Fatalf("call %d, poll=%v for %v, is one too many", call, isPoll, timeout)
					}
					s := v.steps[call]
					// Some of the time goes by in this test.
					near := timeout == s.asked || timeout > 0 && timeout < s.asked && timeout > s.asked-h/2
					if isPoll != s.poll || !near {
						t.Errorf("call %d is poll=%v for %v, want poll=%v for %v", call, isPoll, timeout, s.poll, s.asked)
					}
					call++
					pass(s.takes)
					if s.errno != 0 {
						return -1, s.errno, true // as syscall.Syscall does
					}
					return s.n, 0, true
				})
				n, err := Poll(nil, v.timeout)
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
