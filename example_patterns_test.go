//go:build linux || darwin || freebsd || netbsd

// Examples of patterns for programs that wait on descriptors.

package poll_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"example.com/poll"
)

// Poll until a deadline, or until another goroutine asks to stop.
func ExamplePoller_Poll_deadline() {
	var p poll.Poller
	defer p.Close()
	var pipe [2]int
	check(syscall.Pipe(pipe[:]))
	defer syscall.Close(pipe[0])
	defer syscall.Close(pipe[1])
	check(p.Register(pipe[0], poll.POLLIN))

	loop := func(deadline time.Time, stop <-chan struct{}) error {
		for {
			ready, err := p.Poll(poll.Until(deadline))
			if err != nil {
				return err
			}
			for _, r := range ready {
				b := make([]byte, 100)
				n, err := syscall.Read(r.Fd, b)
				if err != nil && err != syscall.EINTR {
					return err
				}
				fmt.Printf("%q\n", b[:max(n, 0)])
			}
			// Check both each time: if there is always something to read, the result
			// is never empty.
			select {
			case <-stop:
				return nil
			default:
			}
			if !time.Now().Before(deadline) {
				return os.ErrDeadlineExceeded
			}
		}
	}

	if _, err := syscall.Write(pipe[1], []byte("hello")); err != nil {
		check(err)
	}
	fmt.Println(loop(time.Now().Add(10*time.Millisecond), nil))

	stop := make(chan struct{})
	go func() {
		close(stop) // before Wake, so that the loop sees it
		check(p.Wake())
	}()
	fmt.Println(loop(time.Now().Add(time.Hour), stop))
	// Output:
	// "hello"
	// i/o timeout
	// <nil>
}

// Let workers handle ready descriptors while the loop goes on. A descriptor is disabled
// while a worker has it, so no two workers get the same one.
func ExamplePoller_Disable() {
	var p poll.Poller
	defer p.Close()
	var peers []int
	for i := 0; i < 3; i++ {
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		check(err)
		check(p.Register(pair[0], poll.POLLIN))
		peers = append(peers, pair[1])
	}

	work := make(chan int)
	var workers sync.WaitGroup
	var received struct {
		sync.Mutex
		bytes, ends int
	}
	for i := 0; i < 2; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for fd := range work {
				b := make([]byte, 100)
				n, err := syscall.Read(fd, b)
				received.Lock()
				received.bytes += max(n, 0)
				if n == 0 {
					received.ends++
				}
				received.Unlock()
				if n > 0 || err == syscall.EINTR || err == syscall.EAGAIN {
					check(p.Modify(fd, poll.POLLIN)) // enables it for the waiting loop
					continue
				}
				check(p.Unregister(fd)) // end of the stream, or an error
				syscall.Close(fd)
				check(p.Wake()) // so that the loop checks Len
			}
		}()
	}

	for _, peer := range peers {
		if _, err := syscall.Write(peer, []byte("hello")); err != nil {
			check(err)
		}
		syscall.Close(peer)
	}
	for p.Len() > 0 {
		ready, err := p.Poll(poll.Forever)
		check(err)
		for _, r := range ready {
			check(p.Disable(r.Fd))
			work <- r.Fd
		}
	}
	close(work)
	workers.Wait()
	fmt.Println(received.bytes, "bytes,", received.ends, "ends")
	// Output: 15 bytes, 3 ends
}

// Read a terminal without changing its mode. The mode belongs to the open file: in
// non-blocking mode, writes of the shell and of all other programs that share the file could
// fail with EAGAIN. If you read once for each POLLIN, the read does not block.
func ExampleWait_terminal() {
	var pipe [2]int // in place of standard input; in blocking mode
	check(syscall.Pipe(pipe[:]))
	defer syscall.Close(pipe[0])
	go func() {
		defer syscall.Close(pipe[1])
		if _, err := syscall.Write(pipe[1], []byte("yes\n")); err != nil {
			check(err)
		}
	}()

	var line []byte
	for {
		events, err := poll.Wait(pipe[0], poll.POLLIN, time.Minute)
		check(err)
		if events == 0 {
			fmt.Println("nothing for a minute")
			return
		}
		b := make([]byte, 100)
		n, err := syscall.Read(pipe[0], b)
		if err == syscall.EINTR {
			continue
		}
		check(err)
		if n == 0 { // end of file, or Ctrl-D
			break
		}
		line = append(line, b[:n]...)
	}
	fmt.Printf("%q\n", line)
	// Output: "yes\n"
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
	fds := []poll.PollFd{{Fd: int32(r.fd), Events: poll.POLLIN}, {Fd: int32(stop), Events: poll.POLLIN}}
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
	var pipe [2]int
	check(syscall.Pipe(pipe[:]))
	defer syscall.Close(pipe[0])
	defer syscall.Close(pipe[1])
	stop, err := poll.NewWaker()
	check(err)
	r := &cancelableReader{fd: pipe[0], stop: stop}

	if _, err := syscall.Write(pipe[1], []byte("hello")); err != nil {
		check(err)
	}
	time.AfterFunc(10*time.Millisecond, func() { check(r.Close()) })
	text, err := io.ReadAll(r)
	fmt.Printf("%q, %v, %v\n", text, err, errors.Is(err, os.ErrClosed))
	_, err = r.Read(make([]byte, 1))
	fmt.Println(err)
	// Output:
	// "hello", closed, true
	// closed
}

// Read first, and wait only after EAGAIN. If data is usually available, this saves a system
// call for each read. The Go runtime does the same.
func ExampleWait_readFirst() {
	var pipe [2]int
	check(syscall.Pipe(pipe[:]))
	defer syscall.Close(pipe[0])
	check(syscall.SetNonblock(pipe[0], true)) // nobody shares this file
	go func() {
		defer syscall.Close(pipe[1])
		for i := 0; i < 3; i++ {
			if _, err := syscall.Write(pipe[1], []byte("data ")); err != nil {
				check(err)
			}
			time.Sleep(time.Millisecond)
		}
	}()

	var text []byte
	for {
		b := make([]byte, 100)
		n, err := syscall.Read(pipe[0], b)
		switch {
		case err == syscall.EAGAIN:
			events, err := poll.Wait(pipe[0], poll.POLLIN, time.Minute)
			check(err)
			if events == 0 {
				fmt.Println("nothing for a minute")
				return
			}
		case err == syscall.EINTR:
		case err != nil:
			check(err)
		case n == 0:
			fmt.Printf("%q\n", text)
			return
		default:
			text = append(text, b[:n]...)
		}
	}
	// Output: "data data data "
}
