//go:build linux || darwin || freebsd || netbsd

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/poll/examples/internal/program"
)

func TestMain(m *testing.M) { program.TestMain(m, main) }

// start starts a server, and returns its address.
func start(t *testing.T) (p *program.Program, addr string) {
	t.Helper()
	p = program.Start(t, program.Command(t, "-addr", "127.0.0.1:0"))
	return p, address(p)
}

func address(p *program.Program) string {
	return strings.TrimSpace(strings.TrimPrefix(p.Line("listening on "), "listening on "))
}

// stop ends a server with Ctrl-C, and checks the beginning of its last line.
func stop(t *testing.T, p *program.Program, want string) {
	t.Helper()
	p.Interrupt()
	if last := p.Ends(0, ""); !strings.HasPrefix(last, want) {
		t.Errorf("the last line is %q, want %q", last, want)
	}
}

func dialTest(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

// pattern returns n bytes in which neighboring pieces differ.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8*31 ^ i>>16*17)
	}
	return b
}

// trip sends message, and reads it back.
func trip(t *testing.T, c *net.TCPConn, message []byte) {
	t.Helper()
	go c.Write(message)
	got := make([]byte, len(message))
	if n, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, message) {
		t.Fatalf("%d of %d bytes came back, %v", n, len(message), err)
	}
}

// TestEcho checks short and long messages, and a peer that stops writing.
func TestEcho(t *testing.T) {
	p, addr := start(t)
	c := dialTest(t, addr)
	trip(t, c, []byte("one\n"))
	trip(t, c, pattern(3<<20))

	// Bytes sent before the shutdown still come back, followed by the end of the stream.
	go func() {
		c.Write([]byte("last"))
		c.CloseWrite()
	}()
	if b, err := io.ReadAll(c); err != nil || string(b) != "last" {
		t.Errorf("%q, %v", b, err)
	}
	stop(t, p, fmt.Sprintf("1 connections, %d bytes\n", 4+3<<20+4))
}

// fill writes block to c repeatedly until c is not writable for a while. It returns the
// number of bytes written.
func fill(t *testing.T, c *net.TCPConn, block []byte) (n int) {
	t.Helper()
	for n < 1<<30 {
		c.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		n1, err := c.Write(block[n%len(block):])
		n += n1
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return n
		} else if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("the server has read %d bytes, and sent none", n)
	return n
}

// TestSlowReader checks that the server stops reading from a peer that only sends, serves
// the others, and loses nothing.
func TestSlowReader(t *testing.T) {
	p, addr := start(t)
	slow := dialTest(t, addr)
	block := pattern(1 << 20)
	n := fill(t, slow, block)
	trip(t, dialTest(t, addr), []byte("another"))
	go slow.CloseWrite()
	want := bytes.Repeat(block, n/len(block)+1)[:n]
	if b, err := io.ReadAll(slow); err != nil || !bytes.Equal(b, want) {
		t.Errorf("%d of %d bytes came back, %v", len(b), n, err)
	}
	stop(t, p, fmt.Sprintf("2 connections, %d bytes\n", n+len("another")))
}

// TestReset checks that the server survives a peer that resets its connection while the
// server waits to write.
func TestReset(t *testing.T) {
	p, addr := start(t)
	c := dialTest(t, addr)
	fill(t, c, pattern(1<<20))
	c.SetLinger(0)
	c.Close()
	trip(t, dialTest(t, addr), []byte("still there"))
	stop(t, p, "2 connections, ")
}

// TestOutOfDescriptors checks that a server without free descriptors retries from time to
// time, and serves every client in the end.
func TestOutOfDescriptors(t *testing.T) {
	cmd := program.Command(t, "-addr", "127.0.0.1:0")
	cmd.Args = append([]string{"sh", "-c", `ulimit -n 16; exec "$@" 2>&1`, "sh"}, cmd.Args...)
	cmd.Path = "/bin/sh"
	p := program.Start(t, cmd)
	addr := address(p)

	begin := time.Now()
	conns := make([]*net.TCPConn, 30)
	for i := range conns {
		conns[i] = dialTest(t, addr)
	}
	const lines = 4
	for i := 0; i < lines; i++ {
		p.Line("accept: too many open files; again in 100ms")
	}
	if d := time.Since(begin); d < (lines-1)*retry {
		t.Errorf("tried %d times in %v: it spins", lines, d)
	}
	for i, c := range conns {
		trip(t, c, []byte{byte(i)})
		c.Close()
	}
	p.Interrupt()
	p.Line("30 connections, 30 bytes")
	p.Ends(0, "")
}

var report = regexp.MustCompile(`^(\d+) connections, messages of (\d+) bytes, [\d.]+ s
(\d+) round trips, \d+ a second, [\d.]+ MB/s each way
(round trip: 50% [\d.]+[mµ]?s, 90% [\d.]+[mµ]?s, 99% [\d.]+[mµ]?s, longest [\d.]+[mµ]?s
)?$`)

// checkReport checks the client's report, and that it has at least trips round trips.
func checkReport(t *testing.T, text string, conns, size, trips int) {
	t.Helper()
	m := report.FindStringSubmatch(text)
	if m == nil || m[1] != strconv.Itoa(conns) || m[2] != strconv.Itoa(size) || (m[3] == "0") != (m[4] == "") {
		t.Errorf("conns=%d size=%d: the report is\n%s", conns, size, text)
	} else if n, _ := strconv.Atoi(m[3]); n < trips {
		t.Errorf("conns=%d size=%d: %d round trips, want %d or more", conns, size, n, trips)
	}
}

// relay forwards conns connections to the server at addr. It closes tripped when it has
// received more than size bytes on each connection: a client that sends more than its first
// message has read that message back.
func relay(t *testing.T, addr string, conns, size int) (relayAddr string, tripped <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c := make(chan struct{})
	var left atomic.Int32
	left.Store(int32(conns))
	go func() {
		for i := 0; i < conns; i++ {
			client, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			server, err := net.Dial("tcp", addr)
			if err != nil {
				t.Error(err)
				return
			}
			go func() {
				io.CopyN(server, client, int64(size)+1)
				if left.Add(-1) == 0 {
					close(c)
				}
				io.Copy(server, client)
				server.Close()
			}()
			go func() {
				io.Copy(client, server)
				client.Close()
			}()
		}
	}()
	return l.Addr().String(), c
}

// TestLoad checks the client with messages of several sizes, and that Ctrl-C ends it.
func TestLoad(t *testing.T) {
	p, addr := start(t)
	for _, test := range []struct{ conns, size int }{
		{1, 1}, {50, 64}, {3, 500_000}, // the last message does not fit a socket's buffer
	} {
		relayAddr, tripped := relay(t, addr, test.conns, test.size)
		client := program.Start(t, program.Command(t, "-addr", relayAddr, "-for", "1h",
			"-load", strconv.Itoa(test.conns), "-size", strconv.Itoa(test.size)))
		select {
		case <-tripped:
		case <-time.After(time.Minute):
			t.Error("no round trip on some connection")
		}
		client.Interrupt()
		checkReport(t, client.Ends(0, ""), test.conns, test.size, test.conns)
	}
	stop(t, p, "54 connections, ")
}

// TestLoadFor checks that -for ends the client.
func TestLoadFor(t *testing.T) {
	p, addr := start(t)
	begin := time.Now()
	stdout, stderr, status := program.Run(t, "-addr", addr, "-load", "2", "-for", "50ms")
	if d := time.Since(begin); d < 50*time.Millisecond || status != 0 || stderr != "" {
		t.Errorf("status %d after %v, stderr %q", status, d, stderr)
	}
	checkReport(t, stdout, 2, 64, 0)
	p.Interrupt()
	p.Wait()
}

// TestLoadForIsShort checks that -for also ends the client while it connects.
func TestLoadForIsShort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const conns = 500
	stdout, stderr, status := program.Run(t, "-addr", l.Addr().String(), "-load", strconv.Itoa(conns), "-for", "1ns")
	if status != 0 || stderr != "" {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
	m := report.FindStringSubmatch(stdout)
	if m == nil {
		t.Fatalf("the report is\n%s", stdout)
	}
	if n, _ := strconv.Atoi(m[1]); n >= conns {
		t.Errorf("%d connections were made after the time was up", n)
	}
}

// TestInterruptLoad checks that the client still reports after Ctrl-C.
func TestInterruptLoad(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := program.Start(t, program.Command(t, "-addr", l.Addr().String(), "-load", "1", "-for", "1h"))
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	message := make([]byte, 64)
	for i := 0; i < 2; i++ { // the client sends the second message after reading the first
		if _, err := io.ReadFull(c, message); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			c.Write(message)
		}
	}
	p.Interrupt()
	checkReport(t, p.Ends(0, ""), 1, 64, 1)
}

// TestIPv6 checks a server with an IPv6 address.
func TestIPv6(t *testing.T) {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6:", err)
	}
	l.Close()
	p := program.Start(t, program.Command(t, "-addr", "[::1]:0"))
	trip(t, dialTest(t, address(p)), []byte("six"))
	stop(t, p, "1 connections, 3 bytes\n")
}

// TestErrors checks that bad input gives one line of error.
func TestErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	defer l.Close()
	for _, args := range []string{"-addr here", "-addr localhost:7", "-load x", "word",
		"-load 1 -size 99999999999999", "-load 1 -size 9223372036854775807"} {
		program.Check(t, 2, "usage: echo", strings.Fields(args)...)
	}
	for args, mistake := range map[string]string{
		"-load -1":                 "-load is not from 0 to 65535",
		"-load 65536":              "-load is not from 0 to 65535",
		"-load 2147483647":         "-load is not from 0 to 65535",
		"-load 1 -for 0s":          "-for is not above zero",
		"-load 1 -size -1":         "-size is not from 1 to 67108864",
		"-load 1 -size 0":          "-size is not from 1 to 67108864",
		"-load 1 -size 67108865":   "-size is not from 1 to 67108864",
		"-load 1 -size 2147483647": "-size is not from 1 to 67108864",
		"-addr [::1%lo]:0":         "-addr has a zone, which this example does not support",
	} {
		program.Check(t, 2, "echo: "+mistake+"\nusage: echo", strings.Fields(args)...)
	}
	program.Check(t, 0, "usage: echo", "-h")
	program.Check(t, 1, "echo: listen on "+addr+": address already in use\n", "-addr", addr)
	l.Close()
	program.Check(t, 1, " to "+addr+": connection refused\n", "-load", "3", "-addr", addr)
}

// TestBadServer checks that the client ends if the server sends other data or closes the
// connection.
func TestBadServer(t *testing.T) {
	for want, answer := range map[string]string{
		"what came back is not what was sent": "other",
		"the server closed a connection":      "",
	} {
		answer := answer
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			c.Read(make([]byte, 64))
			c.Write([]byte(answer))
		}()
		program.Check(t, 1, "echo: "+want+"\n", "-load", "1", "-for", "1m", "-addr", l.Addr().String())
	}
}

// TestHistogram checks quantiles, and the shortest and longest durations.
func TestHistogram(t *testing.T) {
	var h histogram
	for i := 1; i <= 1000; i++ {
		h.add(time.Duration(i) * time.Millisecond)
	}
	for q, want := range map[float64]float64{0.5: 500, 0.9: 900, 0.99: 990, 1: 1000} {
		if got := float64(h.quantile(q)) / 1e6; got < want || got > want*1.012 {
			t.Errorf("quantile %v: %v ms, want %v", q, got, want)
		}
	}
	h = histogram{}
	h.add(0)
	h.add(math.MaxInt64)
	if got := h.quantile(0.5); got != 0 {
		t.Errorf("the shorter one: %v", got)
	}
}
