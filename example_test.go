//go:build linux || darwin

package poll_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"example.com/poll"
)

// Wait for bytes on a descriptor, but not forever.
func ExamplePoller() {
	var p [2]int // a pipe, in the place of a serial line or whatever it is
	if err := syscall.Pipe(p[:]); err != nil {
		log.Fatal(err)
	}
	defer syscall.Close(p[0])
	defer syscall.Close(p[1])

	var poller poll.Poller
	defer poller.Close()
	if err := poller.Register(p[0], poll.POLLIN); err != nil {
		log.Fatal(err)
	}
	for i := 0; i < 2; i++ {
		ready, err := poller.Poll(10 * time.Millisecond)
		if err != nil {
			log.Fatal(err)
		}
		if len(ready) == 0 {
			fmt.Println("nothing yet")
			syscall.Write(p[1], []byte("hello"))
		}
		for _, r := range ready {
			b := make([]byte, 100)
			n, err := syscall.Read(r.Fd, b)
			fmt.Printf("%v: %q, %v\n", r.Events, b[:n], err)
		}
	}
	// Output:
	// nothing yet
	// POLLIN: "hello", <nil>
}

// Several descriptors, each with what it is watched for. Only those that are
// ready are listed.
func ExamplePoller_Poll() {
	var a, b [2]int
	if err := syscall.Pipe(a[:]); err != nil {
		log.Fatal(err)
	}
	if err := syscall.Pipe(b[:]); err != nil {
		log.Fatal(err)
	}
	names := map[int]string{a[0]: "a, reading", a[1]: "a, writing", b[0]: "b, reading"}
	defer syscall.Close(b[1])

	var p poll.Poller
	defer p.Close()
	p.Register(a[0], poll.POLLIN)
	p.Register(a[1], poll.POLLOUT)
	p.Register(b[0]) // POLLIN|POLLPRI|POLLOUT
	for fd := range names {
		defer syscall.Close(fd)
	}

	ready, err := p.Poll(poll.Forever)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range ready {
		fmt.Println(names[r.Fd], "-", r.Events)
	}
	// Output: a, writing - POLLOUT
}

// A net.Conn and an os.File beside a descriptor that has only a number.
func ExamplePoller_RegisterConn() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	var raw [2]int
	if err := syscall.Pipe(raw[:]); err != nil {
		log.Fatal(err)
	}
	defer syscall.Close(raw[0])
	defer syscall.Close(raw[1])

	var p poll.Poller
	defer p.Close()
	p.Register(raw[0], poll.POLLIN)
	p.RegisterConn(r, poll.POLLIN) // not r.Fd(), which makes r blocking
	fd, err := p.RegisterConn(listener.(*net.TCPListener), poll.POLLIN)
	if err != nil {
		log.Fatal(err)
	}

	ready, err := p.Poll(poll.Forever)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range ready {
		if r.Fd == fd {
			conn, err := listener.Accept() // does not wait
			fmt.Println("a connection,", err)
			conn.Close()
		}
	}
	// Output: a connection, <nil>
}

// POLLPRI is for what is exceptional: out-of-band data of a TCP connection,
// here, as it is for a GPIO edge or a pressure-stall trigger.
func ExamplePoller_Register_outOfBand() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	server, err := listener.Accept()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	var p poll.Poller
	defer p.Close()
	fd, err := p.RegisterConn(server.(*net.TCPConn), poll.POLLPRI)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(client, "ordinary") // not what is waited for
	raw, _ := client.(*net.TCPConn).SyscallConn()
	raw.Control(func(fd uintptr) {
		err = syscall.Sendto(int(fd), []byte("!"), syscall.MSG_OOB, nil)
	})
	if err != nil {
		log.Fatal(err)
	}

	ready, err := p.Poll(poll.Forever)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range ready {
		b := make([]byte, 1)
		syscall.Recvfrom(fd, b, syscall.MSG_OOB)
		fmt.Printf("%v: %q\n", r.Events, b)
	}
	// Output: POLLPRI: "!"
}

// The other side has hung up: read what is left, unregister, close.
func ExamplePoller_Unregister() {
	var pipe [2]int
	if err := syscall.Pipe(pipe[:]); err != nil {
		log.Fatal(err)
	}
	var p poll.Poller
	defer p.Close()
	p.Register(pipe[0], poll.POLLIN)
	syscall.Write(pipe[1], []byte("last words"))
	syscall.Close(pipe[1])

	for p.Len() > 0 {
		ready, err := p.Poll(poll.Forever)
		if err != nil {
			log.Fatal(err)
		}
		for _, r := range ready {
			b := make([]byte, 100)
			n, _ := syscall.Read(r.Fd, b)
			if n > 0 { // POLLHUP may be there already, with bytes left to read
				fmt.Printf("%q\n", b[:n])
				continue
			}
			p.Unregister(r.Fd) // first: the number is free as soon as it is closed
			syscall.Close(r.Fd)
			fmt.Println("gone")
		}
	}
	// Output:
	// "last words"
	// gone
}

// Wake ends a wait from outside, such as to have the goroutine that polls look
// at something that is not a descriptor.
func ExamplePoller_Wake() {
	var p poll.Poller
	defer p.Close()
	jobs := make(chan string, 10)
	go func() {
		jobs <- "a job"
		p.Wake() // after the job is there to be found
	}()

	ready, err := p.Poll(poll.Forever)
	fmt.Println(len(ready), err)
	fmt.Println(<-jobs)
	// Output:
	// 0 <nil>
	// a job
}

// A context ends a wait, too.
func ExamplePoller_PollContext() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	var p poll.Poller
	defer p.Close()

	_, err := p.PollContext(ctx)
	fmt.Println(err)
	// Output: context deadline exceeded
}

// A timeout for each wait, and a context that ends them all.
func ExamplePoller_Poll_cancelled() {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	var p poll.Poller
	defer p.Close()
	stop := context.AfterFunc(ctx, func() { p.Wake() })
	defer stop()

	for waits := 0; ; waits++ {
		ready, err := p.Poll(20 * time.Millisecond)
		if err != nil {
			log.Fatal(err)
		}
		if ctx.Err() != nil { // whatever is ready
			fmt.Println("waited more than once:", waits > 0)
			return
		}
		if len(ready) == 0 {
			continue // time to do something else
		}
	}
	// Output: waited more than once: true
}

// For a descriptor or two, the system call itself.
func ExamplePoll() {
	var pipe [2]int
	if err := syscall.Pipe(pipe[:]); err != nil {
		log.Fatal(err)
	}
	defer syscall.Close(pipe[0])
	syscall.Close(pipe[1])

	fds := []poll.PollFd{
		{Fd: int32(pipe[0]), Events: poll.POLLIN},
		{Fd: -1, Events: poll.POLLIN}, // skipped
	}
	n, err := poll.Poll(fds, time.Second)
	fmt.Println(n, err, fds[0].Revents, fds[1].Revents)
	// Output: 1 <nil> POLLHUP 0
}

// Both streams of a child process, each until its end.
func Example_childProcess() {
	cmd := exec.Command("sh", "-c", "echo out; echo err >&2")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		log.Fatal(err)
	}

	var p poll.Poller
	defer p.Close()
	streams := make(map[int]*os.File)
	for _, pipe := range []io.ReadCloser{stdout, stderr} {
		file := pipe.(*os.File)
		fd, err := p.RegisterConn(file, poll.POLLIN)
		if err != nil {
			log.Fatal(err)
		}
		streams[fd] = file
	}
	text := make(map[*os.File]string)
	for p.Len() > 0 {
		ready, err := p.Poll(poll.Forever)
		if err != nil {
			log.Fatal(err)
		}
		for _, r := range ready {
			file, b := streams[r.Fd], make([]byte, 100)
			n, err := file.Read(b)
			text[file] += string(b[:n])
			if err != nil {
				p.Unregister(r.Fd)
				file.Close()
			}
		}
	}
	fmt.Printf("%q %q %v\n", text[stdout.(*os.File)], text[stderr.(*os.File)], cmd.Wait())
	// Output: "out\n" "err\n" <nil>
}

// An event mask prints the names of its bits.
func ExampleEvents_String() {
	fmt.Println(poll.POLLIN|poll.POLLHUP, poll.Events(0), poll.Events(0x8001))
	// Output: POLLIN|POLLHUP 0 POLLIN|0x8000
}
