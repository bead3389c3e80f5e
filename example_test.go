//go:build linux || darwin || freebsd || netbsd

package poll_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"sort"
	"sync"
	"syscall"
	"time"

	"example.com/poll"
)

// check ends the example. Real programs return the error.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Wait for data on a descriptor, with a timeout.
func ExamplePoller() {
	var p [2]int // a pipe, in place of a serial line
	check(syscall.Pipe(p[:]))
	defer syscall.Close(p[0])
	defer syscall.Close(p[1])

	var poller poll.Poller
	defer poller.Close()
	check(poller.Register(p[0], poll.POLLIN))
	for i := 0; i < 2; i++ {
		ready, err := poller.Poll(10 * time.Millisecond)
		check(err)
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

// Watch several descriptors, each for different events. The result lists only the
// descriptors that are ready.
func ExamplePoller_Poll() {
	var a, b [2]int
	check(syscall.Pipe(a[:]))
	check(syscall.Pipe(b[:]))
	names := map[int]string{a[0]: "a, reading", a[1]: "a, writing", b[0]: "b, reading"}
	defer syscall.Close(b[1])

	var p poll.Poller
	defer p.Close()
	check(p.Register(a[0], poll.POLLIN))
	check(p.Register(a[1], poll.POLLOUT))
	check(p.Register(b[0], poll.POLLIN, poll.POLLPRI))
	for fd := range names {
		defer syscall.Close(fd)
	}

	ready, err := p.Poll(poll.Forever)
	check(err)
	for _, r := range ready {
		fmt.Println(names[r.Fd], "-", r.Events)
	}
	// Output: a, writing - POLLOUT
}

// Watch a listener and an os.File next to a plain descriptor.
func ExamplePoller_RegisterConn() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	check(err)
	defer client.Close()
	r, w, err := os.Pipe()
	check(err)
	defer r.Close()
	defer w.Close()
	var raw [2]int
	check(syscall.Pipe(raw[:]))
	defer syscall.Close(raw[0])
	defer syscall.Close(raw[1])

	var p poll.Poller
	defer p.Close()
	check(p.Register(raw[0], poll.POLLIN))
	_, err = p.RegisterConn(r, poll.POLLIN) // r.Fd() would make r blocking
	check(err)
	fd, err := p.RegisterConn(listener.(*net.TCPListener), poll.POLLIN)
	check(err)

	ready, err := p.Poll(poll.Forever)
	check(err)
	for _, r := range ready {
		if r.Fd == fd {
			conn, err := listener.Accept() // does not wait
			fmt.Println("a connection,", err)
			conn.Close()
		}
	}
	// Output: a connection, <nil>
}

// When the other side has hung up, read what is left, unregister, then close.
func ExamplePoller_Unregister() {
	var pipe [2]int
	check(syscall.Pipe(pipe[:]))
	var p poll.Poller
	defer p.Close()
	check(p.Register(pipe[0], poll.POLLIN))
	syscall.Write(pipe[1], []byte("last words"))
	syscall.Close(pipe[1])

	for p.Len() > 0 {
		ready, err := p.Poll(poll.Forever)
		check(err)
		for _, r := range ready {
			b := make([]byte, 100)
			n, _ := syscall.Read(r.Fd, b)
			if n > 0 { // even with POLLHUP there may be bytes left to read
				fmt.Printf("%q\n", b[:n])
				continue
			}
			check(p.Unregister(r.Fd)) // before closing, which frees the number
			syscall.Close(r.Fd)
			fmt.Println("gone")
		}
	}
	// Output:
	// "last words"
	// gone
}

// Wake the goroutine that polls, to give it work that is not a descriptor.
func ExamplePoller_Wake() {
	var p poll.Poller
	defer p.Close()
	jobs := make(chan string, 10)
	go func() {
		jobs <- "a job"
		check(p.Wake()) // after the job is in the channel
	}()

	ready, err := p.Poll(poll.Forever)
	fmt.Println(len(ready), err)
	fmt.Println(<-jobs)
	// Output:
	// 0 <nil>
	// a job
}

// Wait until a context is done.
func ExamplePoller_PollContext() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	var p poll.Poller
	defer p.Close()

	_, err := p.PollContext(ctx)
	fmt.Println(err)
	// Output: context deadline exceeded
}

// Use a timeout for each wait, and one context that ends all of them.
func ExamplePoller_Poll_cancelled() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var p poll.Poller
	defer p.Close()
	stop := context.AfterFunc(ctx, func() { p.Wake() })
	defer stop()

	for {
		ready, err := p.Poll(10 * time.Millisecond)
		check(err)
		if ctx.Err() != nil { // check it even if something is ready
			fmt.Println(ctx.Err())
			return
		}
		if len(ready) == 0 {
			fmt.Println("time to do something else")
			cancel() // usually from another goroutine
		}
	}
	// Output:
	// time to do something else
	// context canceled
}

// Read a line of standard input. Stop after a minute, or on Ctrl-C.
func ExampleWaitContext_standardInput() {
	stdin, lines, err := os.Pipe() // in place of os.Stdin
	check(err)
	defer stdin.Close()
	defer lines.Close()
	fmt.Fprintln(lines, "yes")

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()

	conn, err := stdin.SyscallConn()
	check(err)
	var line []byte
	for !bytes.HasSuffix(line, []byte("\n")) {
		var events poll.Events
		// Control keeps the file open during the call.
		conn.Control(func(fd uintptr) { events, err = poll.WaitContext(ctx, int(fd), poll.POLLIN) })
		if err != nil {
			fmt.Println(err) // the minute is over, or Ctrl-C
			return
		}
		// A bufio.Reader might read beyond this line, and no later wait would report
		// the bytes in its buffer.
		b := make([]byte, 1)
		n, err := stdin.Read(b)
		if err != nil {
			fmt.Println(events, err)
			return
		}
		line = append(line, b[:n]...)
	}
	fmt.Printf("%q\n", line)
	// Output: "yes\n"
}

// Wait for one descriptor with a timeout.
func ExampleWait() {
	var pipe [2]int
	check(syscall.Pipe(pipe[:]))
	defer syscall.Close(pipe[0])
	defer syscall.Close(pipe[1])

	events, err := poll.Wait(pipe[0], poll.POLLIN, 10*time.Millisecond)
	fmt.Println(events, err) // the timeout has passed
	syscall.Write(pipe[1], []byte("x"))
	events, err = poll.Wait(pipe[0], poll.POLLIN, 10*time.Millisecond)
	fmt.Println(events, err)
	// Output:
	// 0 <nil>
	// POLLIN <nil>
}

// Wait for one descriptor until a deadline, or until the context is canceled.
func ExampleWaitContext() {
	var pipe [2]int
	check(syscall.Pipe(pipe[:]))
	defer syscall.Close(pipe[0])
	defer syscall.Close(pipe[1])

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	events, err := poll.WaitContext(ctx, pipe[0], poll.POLLIN)
	fmt.Println(events, err)

	ctx, cancel = context.WithCancel(context.Background())
	time.AfterFunc(10*time.Millisecond, cancel)
	events, err = poll.WaitContext(ctx, pipe[0], poll.POLLIN)
	fmt.Println(events, err)
	// Output:
	// 0 context deadline exceeded
	// 0 context canceled
}

// Use one Waker to stop two goroutines that wait for different descriptors.
func ExampleWaker() {
	stop, err := poll.NewWaker()
	check(err)
	defer stop.Close()
	stopFd := stop.Fd() // not in the goroutines: Fd returns -1 once stop is closed, and Poll skips -1

	var waiters sync.WaitGroup
	for i := 0; i < 2; i++ {
		var pipe [2]int
		check(syscall.Pipe(pipe[:]))
		defer syscall.Close(pipe[0])
		defer syscall.Close(pipe[1])
		waiters.Add(1)
		go func() {
			defer waiters.Done()
			fds := []poll.PollFd{
				{Fd: int32(pipe[0]), Events: poll.POLLIN},
				{Fd: int32(stopFd), Events: poll.POLLIN},
			}
			for {
				_, err := poll.Poll(fds, poll.Forever)
				check(err)
				if fds[1].Revents != 0 {
					fmt.Println("stopped")
					return
				}
				// Read pipe[0].
			}
		}()
	}
	check(stop.Wake()) // wakes both, since neither resets it
	waiters.Wait()
	// Output:
	// stopped
	// stopped
}

// Keep the state of each connection with its registration.
func ExamplePoller_Attach() {
	type connection struct {
		name     string
		received int
	}
	var p poll.Poller
	defer p.Close()
	var peers []int
	for _, name := range []string{"a", "b"} {
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		check(err)
		check(p.Register(pair[0], poll.POLLIN))
		check(p.Attach(pair[0], &connection{name: name}))
		peers = append(peers, pair[1])
	}
	for _, peer := range peers {
		syscall.Write(peer, []byte("hello"))
		syscall.Close(peer)
	}

	var done []string
	for p.Len() > 0 {
		ready, err := p.Poll(poll.Forever)
		check(err)
		for _, r := range ready {
			c, b := r.Value.(*connection), make([]byte, 100)
			n, err := syscall.Read(r.Fd, b)
			if n > 0 {
				c.received += n
				continue
			}
			check(p.Unregister(r.Fd))
			syscall.Close(r.Fd)
			done = append(done, fmt.Sprint(c.name, " ", c.received, " ", err))
		}
	}
	sort.Strings(done)
	fmt.Println(done)
	// Output: [a 5 <nil> b 5 <nil>]
}

// Call poll(2) itself, over an array.
func ExamplePoll() {
	var pipe [2]int
	check(syscall.Pipe(pipe[:]))
	defer syscall.Close(pipe[0])
	defer syscall.Close(pipe[1])
	syscall.Write(pipe[1], []byte("x"))

	fds := []poll.PollFd{
		{Fd: int32(pipe[0]), Events: poll.POLLIN},
		{Fd: -1, Events: poll.POLLIN}, // skipped
	}
	n, err := poll.Poll(fds, time.Second)
	fmt.Println(n, err, fds[0].Revents, fds[1].Revents)
	// Output: 1 <nil> POLLIN 0
}

// Read both output streams of a child process until they end, and only then call Wait. Wait
// closes the pipes: unread bytes would be lost, and the descriptors might be reused.
func Example_childProcess() {
	cmd := exec.Command("sh", "-c", "echo out; echo err >&2")
	stdout, err := cmd.StdoutPipe()
	check(err)
	stderr, err := cmd.StderrPipe()
	check(err)
	check(cmd.Start())

	var p poll.Poller
	defer p.Close()
	for _, pipe := range []io.ReadCloser{stdout, stderr} {
		_, err := p.RegisterConn(pipe.(*os.File), poll.POLLIN) // Ready.Value is the file
		check(err)
	}
	text := make(map[*os.File]string)
	for p.Len() > 0 {
		ready, err := p.Poll(poll.Forever)
		check(err)
		for _, r := range ready {
			file, b := r.Value.(*os.File), make([]byte, 100)
			n, err := file.Read(b)
			text[file] += string(b[:n])
			if err != nil {
				if err != io.EOF {
					fmt.Println(err)
				}
				check(p.Unregister(r.Fd))
				file.Close()
			}
		}
	}
	fmt.Printf("%q %q %v\n", text[stdout.(*os.File)], text[stderr.(*os.File)], cmd.Wait())
	// Output: "out\n" "err\n" <nil>
}

// Print the names of event bits.
func ExampleEvents_String() {
	fmt.Println(poll.POLLIN|poll.POLLHUP, poll.Events(0), poll.Events(0x8001))
	// Output: POLLIN|POLLHUP 0 POLLIN|0x8000
}
