package fdtest

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// A FuseFile is a file whose poll function in the kernel sleeps until its FUSE server
// answers. The server runs in another process, and answers when the test tells it to.
type FuseFile struct {
	testing.TB
	Fd     int
	output *bufio.Reader // has a line for each poll(2) that reaches the server
	answer io.Writer
}

// fuseEnv is set in the server's process. Its value is the directory to mount on.
const fuseEnv = "FDTEST_FUSE"

// The server is the test binary itself. It starts here, before any test does.
func init() {
	if dir := os.Getenv(fuseEnv); dir != "" {
		serveFuse(dir)
	}
}

// OpenFuse starts the server and opens the file. It skips the test if that is impossible.
func OpenFuse(tb testing.TB) *FuseFile {
	tb.Helper()
	if UnderQemu() {
		tb.Skip("qemu-user does not run a child")
	}
	exe, err := os.Executable()
	Must(tb, err)
	dir := tb.TempDir()
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), fuseEnv+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	Must(tb, err)
	out, err := cmd.StdoutPipe()
	Must(tb, err)
	Must(tb, cmd.Start())
	tb.Cleanup(func() {
		// The server's exit ends the connection, and with it every wait for an answer.
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
		for syscall.Unmount(dir, syscall.MNT_DETACH) == nil {
		}
	})
	f := &FuseFile{TB: tb, answer: in, output: bufio.NewReader(out)}
	switch line, err := f.output.ReadString('\n'); {
	case strings.HasPrefix(line, "skip: "):
		tb.Skip(line[len("skip: "):])
	case line != "mounted\n":
		tb.Fatalf("the server: %q, %v", line, err)
	}
	f.Fd, err = syscall.Open(filepath.Join(dir, "file"), syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	Own(tb, f.Fd)
	return f
}

// In returns f for a subtest.
func (f *FuseFile) In(tb testing.TB) *FuseFile {
	g := *f
	g.TB = tb
	return &g
}

// WantSleep waits until a call sleeps in the file's poll function.
func (f *FuseFile) WantSleep() {
	f.Helper()
	if line, err := f.output.ReadString('\n'); line != "sleeps\n" {
		f.Fatalf("the server: %q, %v", line, err)
	}
}

// Answer makes the server answer a poll, y with POLLIN and n with 0. It checks that the
// server has waited until then.
func (f *FuseFile) Answer(answer byte) {
	f.Helper()
	_, err := f.answer.Write([]byte{answer})
	Must(f, err)
	line, err := f.output.ReadString('\n')
	if line == "late\n" {
		f.Fatal("the server has given up: the program stood still during the call of poll")
	}
	if line != "answered\n" {
		f.Fatalf("the server: %q, %v", line, err)
	}
}

// AnswerAll makes the server answer every poll with POLLIN from now on.
func (f *FuseFile) AnswerAll() {
	go func() {
		for {
			switch line, err := f.output.ReadString('\n'); {
			case err != nil:
				return
			case line == "sleeps\n":
				f.answer.Write([]byte("y"))
			}
		}
	}()
}

// A fuseServer is a FUSE server that holds back every answer to poll. The protocol is in
// include/uapi/linux/fuse.h.
type fuseServer struct {
	sync.Mutex
	fd    int
	order binary.ByteOrder
	held  []uint64 // the polls that wait for an answer
	timer *time.Timer
}

const pollIn = 1 // include/uapi/asm-generic/poll.h

// serveFuse is the server's process. It mounts itself on dir, and answers a poll when it
// has read the answer from its standard input. It never returns: it exits at the end of its
// input.
func serveFuse(dir string) {
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
	s := &fuseServer{fd: fd, order: binary.LittleEndian}
	if one := uint16(1); *(*byte)(unsafe.Pointer(&one)) == 0 {
		s.order = binary.BigEndian
	}
	go func() {
		for b := make([]byte, 1); ; {
			if _, err := os.Stdin.Read(b); err != nil {
				syscall.Unmount(dir, syscall.MNT_DETACH)
				os.Exit(0)
			}
			s.answer("answered", map[byte]uint32{'y': pollIn, 'n': 0}[b[0]])
		}
	}()
	fmt.Println("mounted")
	for b := make([]byte, 1<<17); ; {
		n, err := syscall.Read(fd, b)
		switch {
		case err == syscall.EINTR || err == syscall.ENOENT:
		case err != nil:
			os.Exit(0) // ENODEV: unmounted
		case n >= 40:
			s.request(s.order.Uint32(b[4:]), s.order.Uint64(b[8:]), s.order.Uint64(b[16:]))
		}
	}
}

func (s *fuseServer) reply(unique uint64, errno syscall.Errno, body []byte) {
	b := make([]byte, 16, 16+len(body))
	s.order.PutUint32(b, uint32(16+len(body)))
	s.order.PutUint32(b[4:], uint32(-int32(errno)))
	s.order.PutUint64(b[8:], unique)
	syscall.Write(s.fd, append(b, body...))
}

// answer answers the waiting polls, and prints the reason.
func (s *fuseServer) answer(why string, revents uint32) {
	s.Lock()
	defer s.Unlock()
	if len(s.held) == 0 {
		return
	}
	body := make([]byte, 8)
	s.order.PutUint32(body, revents)
	for _, unique := range s.held {
		s.reply(unique, 0, body)
	}
	s.held = nil
	s.timer.Stop()
	fmt.Println(why)
}

func (s *fuseServer) request(opcode uint32, unique, nodeid uint64) {
	// then the server answers by itself, since a hung parent cannot ask it to
	const patience = 20 * time.Second
	attr := func(nodeid uint64) []byte {
		b := make([]byte, 88)
		s.order.PutUint64(b, nodeid) // ino
		mode := uint32(syscall.S_IFREG | 0o444)
		if nodeid == 1 {
			mode = syscall.S_IFDIR | 0o555
		}
		s.order.PutUint32(b[60:], mode)
		s.order.PutUint32(b[64:], 1) // nlink
		return b
	}
	switch opcode {
	case 1: // LOOKUP
		body := make([]byte, 40)
		s.order.PutUint64(body, 2) // nodeid
		s.reply(unique, 0, append(body, attr(2)...))
	case 3: // GETATTR
		s.reply(unique, 0, append(make([]byte, 16), attr(nodeid)...))
	case 14: // OPEN
		s.reply(unique, 0, make([]byte, 16))
	case 26: // INIT
		body := make([]byte, 64)
		s.order.PutUint32(body, 7)      // major
		s.order.PutUint32(body[4:], 31) // minor
		s.order.PutUint32(body[20:], 1<<16)
		s.reply(unique, 0, body)
	case 40: // POLL
		s.Lock()
		defer s.Unlock()
		s.held = append(s.held, unique)
		fmt.Println("sleeps")
		s.timer = time.AfterFunc(patience, func() { s.answer("late", pollIn) })
	case 2, 36, 42: // FORGET, INTERRUPT, BATCH_FORGET: no answer
	case 18, 25, 38: // RELEASE, FLUSH, DESTROY
		s.reply(unique, 0, nil)
	default:
		s.reply(unique, syscall.ENOSYS, nil)
	}
}
