//go:build linux || darwin || freebsd || netbsd

// Examples of patterns for programs that wait on descriptors. Their helpers are in
// example_test.go.

package poll_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"example.com/poll"
)

// Poll until a deadline.
func ExamplePoller_Poll_deadline() {
	fd, peer := pipe()
	defer closeAll(fd, peer)
	send(peer, "hello")
	var p poll.Poller
	defer p.Close()
	check(p.Register(fd, poll.POLLIN))

	deadline := time.Now().Add(10 * time.Millisecond)
	for {
		ready, err := p.Poll(poll.Until(deadline))
		check(err)
		for _, r := range ready {
			b := make([]byte, 100)
			n, err := syscall.Read(r.Fd, b)
			switch {
			case err == syscall.EINTR || err == syscall.EAGAIN:
			case n <= 0: // the end, or an error
				fmt.Println("the end", err)
				return
			default:
				fmt.Printf("%q\n", b[:n])
			}
		}
		// If there is always something to read, the result is never empty.
		if !time.Now().Before(deadline) {
			fmt.Println("too late")
			return
		}
	}
	// Output:
	// "hello"
	// too late
}

// Close each connection that has been idle for too long. Poll waits until the earliest
// deadline; with thousands of them, use a heap (container/heap). A goroutine that brings a
// deadline forward must call Wake: not even a change of the set makes Poll return.
func ExamplePoller_Poll_deadlines() {
	const idle = 10 * time.Millisecond
	type connection struct {
		name     string
		deadline time.Time // zero if there is none
	}
	fdA, peerA := socketpair()
	fdB, peerB := socketpair()
	defer closeAll(peerA)
	conns := map[int]*connection{fdA: {"a", time.Now().Add(idle)}, fdB: {"b", time.Time{}}}
	var p poll.Poller
	defer p.Close()
	for fd := range conns {
		check(p.Register(fd, poll.POLLIN))
	}
	end := func(fd int, why string) {
		fmt.Println(conns[fd].name, why)
		delete(conns, fd)
		check(p.Unregister(fd))
		check(syscall.Close(fd))
	}

	send(peerA, "hello")
	for len(conns) > 0 {
		timeout := poll.Forever
		for _, c := range conns {
			timeout = min(timeout, poll.Until(c.deadline))
		}
		ready, err := p.Poll(timeout)
		check(err)
		for _, r := range ready {
			c, b := conns[r.Fd], make([]byte, 100)
			n, err := syscall.Read(r.Fd, b)
			switch {
			case err == syscall.EINTR || err == syscall.EAGAIN:
			case n > 0:
				fmt.Printf("%s: %q\n", c.name, b[:n])
				if !c.deadline.IsZero() {
					c.deadline = time.Now().Add(idle)
				}
			default: // the end, or an error
				end(r.Fd, "is gone")
			}
		}
		for fd, c := range conns { // even if others are ready
			if poll.Until(c.deadline) == 0 {
				end(fd, "is idle")
				closeAll(peerB) // so b ends too
			}
		}
	}
	// Output:
	// a: "hello"
	// a is idle
	// b is gone
}

// Let workers handle ready descriptors while the loop goes on. A descriptor is disabled
// while a worker has it, so no two workers get the same one.
func ExamplePoller_Disable() {
	var p poll.Poller
	defer p.Close()
	for i := 0; i < 3; i++ {
		fd, peer := socketpair()
		check(p.Register(fd, poll.POLLIN))
		send(peer, "hello")
		closeAll(peer)
	}

	work := make(chan int, p.Len()) // room for each fd, so that the loop never waits
	var workers sync.WaitGroup
	var received atomic.Int64
	for i := 0; i < 2; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for fd := range work {
				b := make([]byte, 100)
				n, err := syscall.Read(fd, b)
				if n > 0 || err == syscall.EINTR || err == syscall.EAGAIN {
					received.Add(int64(max(n, 0)))
					check(p.Modify(fd, poll.POLLIN)) // enables it for the waiting loop
					continue
				}
				check(p.Unregister(fd)) // end of the stream, or an error
				check(syscall.Close(fd))
				check(p.Wake()) // so that the loop checks Len
			}
		}()
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
	fmt.Println(received.Load(), "bytes")
	// Output: 15 bytes
}

// Read from a conn of package os or net without waiting. (Its own Read method waits.)
func ExamplePoller_RegisterConn_read() {
	conn, peer, err := os.Pipe() // in place of a net.Conn, which is used in the same way
	check(err)
	defer conn.Close()

	raw, err := conn.SyscallConn()
	check(err)
	// read returns EAGAIN where conn.Read would wait.
	read := func(b []byte) (n int, err error) {
		failed := raw.Read(func(fd uintptr) bool {
			n, err = syscall.Read(int(fd), b)
			return true // false would wait for data and then call the function again
		})
		if failed != nil {
			return -1, failed // conn is closed, or its own deadline has passed
		}
		return n, err
	}

	var p poll.Poller
	defer p.Close()
	fd, err := p.RegisterConn(conn, poll.POLLIN)
	check(err)
	_, err = peer.WriteString("hello")
	check(err)
	for p.Len() > 0 {
		ready, err := p.Poll(poll.Forever)
		check(err)
		for range ready {
			b := make([]byte, 100)
			n, err := read(b)
			for ; n > 0; n, err = read(b) {
				fmt.Printf("%q\n", b[:n])
			}
			switch err {
			case syscall.EINTR:
			case syscall.EAGAIN: // all is read
				fmt.Println("nothing more now")
				check(peer.Close())
			default: // the end, or an error
				fmt.Println("the end", err)
				check(p.Unregister(fd)) // before conn is closed
			}
		}
	}
	// Output:
	// "hello"
	// nothing more now
	// the end <nil>
}

// Read first, and wait only after EAGAIN. If data is usually available, this saves a system
// call for each read. The Go runtime does the same.
func ExampleWait_readFirst() {
	fd, peer := pipe()
	defer closeAll(fd)
	check(syscall.SetNonblock(fd, true)) // nobody shares this file
	send(peer, "data, ")
	time.AfterFunc(10*time.Millisecond, func() { send(peer, "more data"); closeAll(peer) })

	var text []byte
	for {
		b := make([]byte, 100)
		n, err := syscall.Read(fd, b)
		switch {
		case err == syscall.EAGAIN:
			_, err := poll.Wait(fd, poll.POLLIN, poll.Forever)
			check(err)
		case err == syscall.EINTR:
		case n > 0:
			text = append(text, b[:n]...)
		default:
			fmt.Printf("%q %v\n", text, err) // the end, or an error
			return
		}
	}
	// Output: "data, more data" <nil>
}

// Connect with a timeout. POLLOUT means that the attempt has ended. SO_ERROR is its result.
func ExampleWait_connect() {
	connect := func(fd int, addr syscall.Sockaddr, timeout time.Duration) error {
		if err := syscall.SetNonblock(fd, true); err != nil {
			return err
		}
		err := syscall.Connect(fd, addr)
		if err != syscall.EINPROGRESS && err != syscall.EINTR {
			return err // connected or refused immediately
		}
		events, err := poll.Wait(fd, poll.POLLOUT, timeout)
		if err != nil {
			return err
		}
		if events == 0 {
			return os.ErrDeadlineExceeded
		}
		code, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
		if err == nil && code != 0 {
			err = syscall.Errno(code)
		}
		return err
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer listener.Close()
	const unused = 1 // a port that nobody listens on
	for _, port := range []int{listener.Addr().(*net.TCPAddr).Port, unused} {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
		check(err)
		syscall.CloseOnExec(fd)
		addr := &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
		err = connect(fd, addr, time.Minute) // ECONNREFUSED from the unused port
		fmt.Println("connected:", err == nil)
		check(syscall.Close(fd))
	}
	// Output:
	// connected: true
	// connected: false
}

// Run the loop of a C library, with a timer of the program. To wait on more descriptors,
// such as a Waker's, copy the library's array and append them, and copy the results back.
func ExamplePoll_library() {
	// These stand in for the library's functions. It waits on one pipe, without a timeout.
	fd, peer := pipe()
	defer closeAll(fd, peer)
	array := [1]poll.PollFd{{Fd: int32(fd), Events: poll.POLLIN}}
	text := ""
	pollfds := func() (unsafe.Pointer, int) { return unsafe.Pointer(&array), len(array) }
	milliseconds := func() int { return -1 }
	dispatch := func() {
		if array[0].Revents != 0 {
			b := make([]byte, 100)
			n, err := syscall.Read(fd, b)
			check(err)
			text = string(b[:n])
		}
	}

	timer := time.Now().Add(10 * time.Millisecond)
	for text == "" {
		timeout := poll.Forever // not the library's -1, which min would choose
		if ms := milliseconds(); ms >= 0 {
			timeout = time.Duration(ms) * time.Millisecond
		}
		timeout = min(timeout, poll.Until(timer))

		start, n := pollfds() // each time, since a dispatch may change them
		_, err := poll.Poll(unsafe.Slice((*poll.PollFd)(start), n), timeout)
		check(err)
		dispatch() // even if nothing is ready: the library's timeout may have passed
		if poll.Until(timer) == 0 {
			fmt.Println("the program's timer")
			timer = time.Time{} // off
			send(peer, "hello")
		}
	}
	fmt.Println("the library has read", text)
	// Output:
	// the program's timer
	// the library has read hello
}

// Watch a serial port and a GPIO line in one goroutine, until another one stops it.
func Example_serialAndGPIO() {
	serial, device := socketpair() // in place of a port opened with O_NOCTTY|O_NONBLOCK
	line, button := pipe()         // in place of a line requested from /dev/gpiochip0
	defer closeAll(serial, device, line, button)

	var p poll.Poller
	check(p.Register(serial, poll.POLLIN))
	check(p.Register(line, poll.POLLIN)) // POLLPRI only for the value file in sysfs
	done := make(chan error)
	go func() {
		for edges := 0; ; {
			ready, err := p.Poll(poll.Forever)
			if err != nil {
				done <- err
				return
			}
			for _, r := range ready {
				b := make([]byte, 48) // the size of a struct gpio_v2_line_event
				n, err := syscall.Read(r.Fd, b)
				switch {
				case err == syscall.EINTR || err == syscall.EAGAIN:
				case n <= 0: // unplugged
					check(p.Unregister(r.Fd))
				case r.Fd == line:
					edges++
					id := binary.NativeEndian.Uint32(b[8:]) // 1 is rising, 2 falling
					send(serial, fmt.Sprint("edge ", id))
				case r.Fd == serial:
					send(serial, fmt.Sprintf("%s %d", b[:n], edges))
				}
			}
		}
	}()

	event := make([]byte, 48)
	binary.NativeEndian.PutUint32(event[8:], 1)
	send(button, string(event))
	receive := func() string {
		b := make([]byte, 100)
		n, err := syscall.Read(device, b)
		check(err)
		return string(b[:n])
	}
	fmt.Println(receive())
	send(device, "edges?")
	fmt.Println(receive())

	check(p.Close()) // ends the wait; close the descriptors when the loop has ended
	fmt.Println(<-done)
	// Output:
	// edge 1
	// edges? 1
	// poll: closed
}
