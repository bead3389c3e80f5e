//go:build linux || darwin

// Echo is a TCP echo server on non-blocking sockets, one goroutine and one
// Poller for all connections, and a client of the same make that loads it:
//
//	go run ./examples/echo [-addr 127.0.0.1:7007]
//	go run ./examples/echo -load 100 [-for 2s] [-size 64] [-addr 127.0.0.1:7007]
//
// The server runs until Ctrl-C. The client keeps as many connections busy as
// -load says, each with one message at a time, for the time given or until
// Ctrl-C, and reports how much came back and how quickly.
//
// An ordinary server has no need of this: package net does the polling.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:7007", "`address` and port, in numbers, to listen on or to load")
	conns := flag.Int("load", 0, "be the client, with `n` connections")
	length := flag.Duration("for", 2*time.Second, "how long the client goes on")
	size := flag.Int("size", 64, "how many `bytes` a message of the client has")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: echo [-addr address:port] [-load n [-for d] [-size bytes]]")
		flag.PrintDefaults()
	}
	flag.Parse()
	where, err := netip.ParseAddrPort(*addr)
	if err == nil && flag.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if err == nil && (*conns < 0 || *length <= 0 || *size <= 0) {
		err = fmt.Errorf("-load, -for and -size are to be above zero")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		flag.Usage()
		os.Exit(2)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *conns == 0 {
		err = serve(ctx, where)
	} else {
		ctx, cancel := context.WithTimeout(ctx, *length)
		defer cancel()
		err = load(ctx, where, *conns, *size)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}
