//go:build linux || darwin || freebsd || netbsd

// Examples of each function and method.

package poll_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"os/signal"
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

// pipe returns a descriptor to wait on, and the one that writes to it.
func pipe() (fd, peer int) {
	var p [2]int
	check(syscall.Pipe(p[:]))
	return p[0], p[1]
}

// socketpair returns two connected sockets.
func socketpair() (fd, peer int) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	check(err)
	return pair[0], pair[1]
}

// send writes text to fd, which is in blocking mode.
func send(fd int, text string) {
	_, err := syscall.Write(fd, []byte(text))
	check(err)
}

func closeAll(fds ...int) {
	for _, fd := range fds {
		check(syscall.Close(fd))
	}
}

// Wait for data on a descriptor, with a timeout.
func ExamplePoller() {
	fd, peer := pipe() // in place of a serial line
	defer closeAll(fd, peer)

	var p poll.Poller
	defer p.Close()
	check(p.Register(fd, poll.POLLIN))
	for received := false; !received; {
		ready, err := p.Poll(10 * time.Millisecond)
		check(err)
		if len(ready) == 0 {
			fmt.Println("nothing yet")
			send(peer, "hello")
		}
		for _, r := range ready {
			b := make([]byte, 100)
			n, err := syscall.Read(r.Fd, b)
			if err == syscall.EINTR || err == syscall.EAGAIN {
				continue // if there is data, Poll reports it again
			}
			check(err)
			fmt.Printf("%v: %q\n", r.Events, b[:n])
			received = true
		}
	}
	// Output:
	// nothing yet
	// POLLIN: "hello"
}

// Watch several descriptors, each for different events. The result lists only the
// descriptors that are ready.
func ExamplePoller_Poll() {
	a, aWriter := pipe()
	b, bWriter := pipe()
	defer closeAll(a, aWriter, b, bWriter)
	names := map[int]string{a: "a, reading", aWriter: "a, writing", b: "b, reading"}

	var p poll.Poller
	defer p.Close()
	check(p.Register(a, poll.POLLIN))
	check(p.Register(aWriter, poll.POLLOUT))
	check(p.Register(b, poll.POLLIN, poll.POLLPRI))

	ready, err := p.Poll(poll.Forever)
	check(err)
	for _, r := range ready {
		fmt.Println(names[r.Fd], "-", r.Events)
	}
	// Output: a, writing - POLLOUT
}

// Watch a listener and an os.File.
func ExamplePoller_RegisterConn() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	check(err)
	defer client.Close()
	file, writer, err := os.Pipe()
	check(err)
	defer file.Close()
	defer writer.Close()

	var p poll.Poller
	defer p.Close()
	_, err = p.RegisterConn(file, poll.POLLIN) // file.Fd() would put it in blocking mode
	check(err)
	fd, err := p.RegisterConn(listener.(*net.TCPListener), poll.POLLIN)
	check(err)

	ready, err := p.Poll(poll.Forever)
	check(err)
	for _, r := range ready {
		if r.Fd == fd {
			conn, err := listener.Accept() // waits only if the client has left meanwhile
			check(err)
			fmt.Println("a connection")
			check(conn.Close())
		}
	}
	// Output: a connection
}

// When the other side has hung up, read what is left, unregister, then close.
func ExamplePoller_Unregister() {
	fd, peer := pipe()
	var p poll.Poller
	defer p.Close()
	check(p.Register(fd, poll.POLLIN))
	send(peer, "last words")
	closeAll(peer)

	for p.Len() > 0 {
		ready, err := p.Poll(poll.Forever)
		check(err)
		for _, r := range ready {
			b := make([]byte, 100)
			n, err := syscall.Read(r.Fd, b)
			switch {
			case err == syscall.EINTR || err == syscall.EAGAIN: // not the end
			case n > 0: // even with POLLHUP there may be bytes left to read
				fmt.Printf("%q\n", b[:n])
			default: // the end, or an error
				check(p.Unregister(r.Fd)) // before closing, which frees the number
				check(syscall.Close(r.Fd))
				fmt.Println("gone", err)
			}
		}
	}
	// Output:
	// "last words"
	// gone <nil>
}

// Ask for POLLOUT only while there are bytes to write. Most descriptors can be written to
// nearly all the time, so otherwise every Poll would return immediately.
func ExamplePoller_Modify() {
	fd, peer := socketpair()
	defer closeAll(fd)
	check(syscall.SetNonblock(fd, true))
	go func() {
		file := os.NewFile(uintptr(peer), "peer")
		defer file.Close()
		_, err := io.CopyN(io.Discard, file, 1<<20)
		check(err)
		_, err = file.WriteString("thank you")
		check(err)
	}()

	var p poll.Poller
	defer p.Close()
	check(p.Register(fd, poll.POLLIN|poll.POLLOUT))
	pending := make([]byte, 1<<20) // more than the kernel takes without a reader
	for {
		ready, err := p.Poll(poll.Forever)
		check(err)
		for _, r := range ready {
			if r.Events&poll.POLLOUT != 0 {
				n, err := syscall.Write(fd, pending)
				if err != syscall.EINTR && err != syscall.EAGAIN {
					check(err)
					pending = pending[n:]
				}
				if len(pending) == 0 {
					check(p.Modify(fd, poll.POLLIN)) // until there are more
				}
			}
			if r.Events&^poll.POLLOUT != 0 {
				b := make([]byte, 100)
				n, err := syscall.Read(fd, b)
				if err == syscall.EINTR || err == syscall.EAGAIN {
					continue
				}
				check(err)
				mask, _ := p.Registered(fd)
				fmt.Printf("%q, waiting for %v\n", b[:n], mask)
				return
			}
		}
	}
	// Output: "thank you", waiting for POLLIN
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

// Poll until SIGTERM or Ctrl-C. To stop at a deadline too, derive a context from this one
// with context.WithDeadline.
func ExamplePoller_PollContext() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fd, peer := pipe()
	defer closeAll(fd, peer)
	send(peer, "hello")

	var p poll.Poller
	defer p.Close()
	check(p.Register(fd, poll.POLLIN))
	for {
		ready, err := p.PollContext(ctx)
		if err != nil { // ctx.Err() after a signal
			fmt.Println(err)
			return
		}
		for _, r := range ready {
			b := make([]byte, 100)
			n, err := syscall.Read(r.Fd, b)
			switch {
			case err == syscall.EINTR || err == syscall.EAGAIN:
			case n > 0:
				fmt.Printf("%q\n", b[:n])
				check(syscall.Kill(os.Getpid(), syscall.SIGTERM)) // usually from elsewhere
			default:
				fmt.Println("the end", err)
				return
			}
		}
	}
	// Output:
	// "hello"
	// context canceled
}

// Use a timeout for each wait, and one context that ends all of them.
func ExamplePoller_Poll_cancelled() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var p poll.Poller
	defer p.Close()
	stop := context.AfterFunc(ctx, func() { p.Wake() }) // fails only if p is closed by then
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

// Read a line of standard input. Stop after a minute, or on Ctrl-C. The descriptor stays in
// blocking mode: the mode belongs to the open file, and in non-blocking mode, writes of the
// shell and of all other programs that share a terminal could fail with EAGAIN.
func ExampleWaitContext_standardInput() {
	stdin, user := pipe() // in place of descriptor 0
	defer closeAll(stdin, user)
	send(user, "yes\nno\n")

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()

	var text []byte
	for !bytes.Contains(text, []byte("\n")) {
		if _, err := poll.WaitContext(ctx, stdin, poll.POLLIN); err != nil {
			fmt.Println(err) // the minute is over, or Ctrl-C
			return
		}
		b := make([]byte, 100)
		n, err := syscall.Read(stdin, b) // once for each POLLIN, so it does not block
		if err == syscall.EINTR {
			continue
		}
		check(err)
		if n == 0 { // end of file, or Ctrl-D
			break
		}
		text = append(text, b[:n]...)
	}
	// Use the rest before waiting again: poll(2) reports only bytes that were not read yet.
	line, rest, _ := bytes.Cut(text, []byte("\n"))
	fmt.Printf("%q, then %q\n", line, rest)
	// Output: "yes", then "no\n"
}

// Wait for one descriptor with a timeout.
func ExampleWait() {
	fd, peer := pipe()
	defer closeAll(fd, peer)

	events, err := poll.Wait(fd, poll.POLLIN, 10*time.Millisecond)
	fmt.Println(events, err) // the timeout has passed
	send(peer, "x")
	events, err = poll.Wait(fd, poll.POLLIN, 10*time.Millisecond)
	fmt.Println(events, err)
	// Output:
	// 0 <nil>
	// POLLIN <nil>
}

// Wait for one descriptor until a deadline, or until the context is canceled.
func ExampleWaitContext() {
	fd, peer := pipe()
	defer closeAll(fd, peer)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	short, stop := context.WithTimeout(ctx, 10*time.Millisecond)
	defer stop()
	events, err := poll.WaitContext(short, fd, poll.POLLIN)
	fmt.Println(events, err)

	time.AfterFunc(10*time.Millisecond, func() { send(peer, "x") })
	events, err = poll.WaitContext(ctx, fd, poll.POLLIN)
	fmt.Println(events, err)

	cancel() // usually from another goroutine, and during the wait
	events, err = poll.WaitContext(ctx, fd, poll.POLLIN)
	fmt.Println(events, err)
	// Output:
	// 0 context deadline exceeded
	// POLLIN <nil>
	// 0 context canceled
}

// Use one Waker to stop two goroutines that wait for different descriptors.
func ExampleWaker() {
	stop, err := poll.NewWaker()
	check(err)
	defer stop.Close()
	stopFd := stop.Fd() // not in the goroutines: it is -1 once stop is closed

	var waiters sync.WaitGroup
	for i := 0; i < 2; i++ {
		fd, peer := pipe()
		defer closeAll(fd, peer)
		waiters.Add(1)
		go func() {
			defer waiters.Done()
			fds := []poll.PollFd{
				{Fd: int32(fd), Events: poll.POLLIN},
				{Fd: int32(stopFd), Events: poll.POLLIN},
			}
			for {
				_, err := poll.Poll(fds, poll.Forever)
				check(err)
				if fds[1].Revents != 0 {
					fmt.Println("stopped")
					return
				}
				// Read fd.
			}
		}()
	}
	check(stop.Wake()) // wakes both, since neither resets it
	waiters.Wait()
	// Output:
	// stopped
	// stopped
}

// A cancelableReader reads from a descriptor, which may be in blocking mode. Close ends a
// Read.
type cancelableReader struct {
	fd   int
	stop *poll.Waker
	mu   sync.Mutex // held by Read
}

func (r *cancelableReader) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	stop := r.stop.Fd() // Close waits for mu, so stop stays open until Read returns
	if stop < 0 {
		return 0, poll.ErrClosed // stop is -1: Poll would skip it and never be woken
	}
	fds := []poll.PollFd{
		{Fd: int32(r.fd), Events: poll.POLLIN},
		{Fd: int32(stop), Events: poll.POLLIN},
	}
	for {
		if _, err := poll.Poll(fds, poll.Forever); err != nil {
			return 0, err
		}
		if fds[1].Revents != 0 {
			return 0, poll.ErrClosed
		}
		n, err := syscall.Read(r.fd, b)
		switch {
		case err == syscall.EINTR || err == syscall.EAGAIN:
		case err != nil:
			return 0, err
		case n == 0 && len(b) > 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// Close ends a Read and, once Read has returned, closes the Waker. fd stays open.
func (r *cancelableReader) Close() error {
	if err := r.stop.Wake(); err != nil {
		return err // ErrClosed if r was closed before
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stop.Close()
}

// Make a Read that another goroutine can cancel.
func ExampleWaker_cancelableReader() {
	fd, peer := pipe()
	defer closeAll(fd, peer)
	stop, err := poll.NewWaker()
	check(err)
	r := &cancelableReader{fd: fd, stop: stop}

	send(peer, "hello")
	b := make([]byte, 100)
	n, err := r.Read(b)
	check(err)
	fmt.Printf("%q\n", b[:n])

	closed := make(chan error)
	time.AfterFunc(10*time.Millisecond, func() { closed <- r.Close() })
	_, err = r.Read(b) // waits
	fmt.Println(err, errors.Is(err, os.ErrClosed))
	check(<-closed)
	// Output:
	// "hello"
	// closed true
}

// Keep the state of each connection with its registration.
func ExamplePoller_Attach() {
	type connection struct {
		name     string
		received int
	}
	var p poll.Poller
	defer p.Close()
	for _, name := range []string{"a", "b"} {
		fd, peer := socketpair()
		check(p.Register(fd, poll.POLLIN))
		check(p.Attach(fd, &connection{name: name}))
		send(peer, "hello")
		closeAll(peer)
	}

	for p.Len() > 0 {
		ready, err := p.Poll(poll.Forever)
		check(err)
		for _, r := range ready {
			c, b := r.Value.(*connection), make([]byte, 100)
			n, err := syscall.Read(r.Fd, b)
			switch {
			case err == syscall.EINTR || err == syscall.EAGAIN:
			case n > 0:
				c.received += n
			default: // the end, or an error
				check(p.Unregister(r.Fd))
				check(syscall.Close(r.Fd))
				fmt.Println(c.name, c.received, err)
			}
		}
	}
	// Unordered output:
	// a 5 <nil>
	// b 5 <nil>
}

// Call poll(2) itself, over an array.
func ExamplePoll() {
	fd, peer := pipe()
	defer closeAll(fd, peer)
	send(peer, "x")

	fds := []poll.PollFd{
		{Fd: int32(fd), Events: poll.POLLIN},
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
	for _, stream := range []io.ReadCloser{stdout, stderr} {
		_, err := p.RegisterConn(stream.(*os.File), poll.POLLIN) // Ready.Value is the file
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
				check(p.Unregister(r.Fd))
				check(file.Close())
				if err != io.EOF {
					fmt.Println(err)
				}
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
