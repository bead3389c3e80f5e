package poll_test

import (
	"fmt"
	"net"
	"syscall"

	"example.com/poll"
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
	raw, _ := client.(*net.TCPConn).SyscallConn()
	raw.Control(func(fd uintptr) {
		err = syscall.Sendto(int(fd), []byte("!"), syscall.MSG_OOB, nil)
	})
	check(err)

	ready, err := p.Poll(poll.Forever)
	check(err)
	for _, r := range ready {
		b := make([]byte, 1)
		syscall.Recvfrom(fd, b, syscall.MSG_OOB)
		fmt.Printf("%v: %q\n", r.Events, b)
	}
	// Output: POLLPRI: "!"
}
