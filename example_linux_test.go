package poll_test

import (
	"fmt"
	"net"
	"syscall"
	"time"

	"example.com/poll"
	"example.com/poll/internal/tty"
)

// Wait for an exceptional condition, here out-of-band data on a TCP connection.
func ExamplePoller_Register_outOfBand() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	check(err)
	defer client.Close()
	server, err := listener.Accept()
	check(err)
	defer server.Close()

	var p poll.Poller
	defer p.Close()
	fd, err := p.RegisterConn(server.(*net.TCPConn), poll.POLLPRI)
	check(err)
	fmt.Fprint(client, "ordinary") // does not end the wait
	raw, err := client.(*net.TCPConn).SyscallConn()
	check(err)
	check(raw.Control(func(fd uintptr) {
		check(syscall.Sendto(int(fd), []byte("!"), syscall.MSG_OOB, nil))
	}))

	ready, err := p.Poll(poll.Forever)
	check(err)
	for _, r := range ready {
		b := make([]byte, 1)
		n, _, err := syscall.Recvfrom(fd, b, syscall.MSG_OOB)
		check(err)
		fmt.Printf("%v: %q\n", r.Events, b[:n])
	}
	// Output: POLLPRI: "!"
}

// Wait for changes of a sysfs attribute. If it has not been read since it was opened, it is
// reported immediately.
func ExampleWait_sysfs() {
	// In place of an attribute whose driver calls sysfs_notify.
	fd, err := syscall.Open("/sys/kernel/uevent_seqnum", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll(fd)
	for {
		events, err := poll.Wait(fd, poll.POLLPRI, 10*time.Millisecond)
		check(err)
		if events == 0 {
			fmt.Println("no change")
			return
		}
		b := make([]byte, 4096)
		n, err := syscall.Pread(fd, b, 0) // from the start
		if err == syscall.EINTR {
			continue
		}
		check(err)
		fmt.Println(events, n > 0) // POLLERR is not an error here
	}
	// Output:
	// POLLPRI|POLLERR true
	// no change
}

// Keep the master of a pty registered while no program has the slave open. As every call
// would report POLLHUP, disable it. Then look now and then, as here, or let the one who
// opens the slave call Modify, and Wake to set another timeout.
func ExamplePoller_Disable_pty() {
	master, slave, err := tty.OpenPty() // posix_openpt(3), unlockpt(3), ptsname(3)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll(master)
	program := func(text string) {
		fd, err := syscall.Open(slave, syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC, 0)
		check(err)
		send(fd, text)
		closeAll(fd)
	}
	program("first")

	var p poll.Poller
	defer p.Close()
	check(p.Register(master, poll.POLLIN))
	timeout := poll.Forever
	for text := ""; text != "second"; {
		ready, err := p.Poll(timeout)
		check(err)
		if timeout != poll.Forever {
			events, err := poll.Wait(master, poll.POLLIN, 0)
			check(err)
			if events != poll.POLLHUP { // the slave is open, or has left something to read
				check(p.Modify(master, poll.POLLIN))
				timeout = poll.Forever
			}
		}
		for range ready {
			b := make([]byte, 100)
			n, err := syscall.Read(master, b)
			switch {
			case err == syscall.EINTR || err == syscall.EAGAIN:
			case n > 0:
				text = string(b[:n])
				fmt.Println(text)
			default: // EIO: the slave is closed
				fmt.Println(err)
				check(p.Disable(master))
				timeout = 5 * time.Millisecond // how often to look
				time.AfterFunc(10*time.Millisecond, func() { program("second") })
			}
		}
	}
	// Output:
	// first
	// input/output error
	// second
}
