//go:build linux || darwin

// Echo is a TCP echo server, and a client that loads it. Both use non-blocking
// sockets, with one goroutine and one Poller for all connections:
//
//	go run ./examples/echo [-addr 127.0.0.1:7007]
//	go run ./examples/echo -load 100 [-for 2s] [-size 64] [-addr 127.0.0.1:7007]
//
// The server runs until Ctrl-C. The client keeps -load connections busy, each with
// one message at a time, for the time of -for or until Ctrl-C. Then it prints the
// throughput and the round-trip times.
//
// An ordinary server does not need this: package net does the polling.
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
	addr := flag.String("addr", "127.0.0.1:7007", "the numeric `address` and port to listen on or to load")
	conns := flag.Int("load", 0, "run the client, with `n` connections")
	length := flag.Duration("for", 2*time.Second, "how long the client runs")
	size := flag.Int("size", 64, "the size of the client's messages in `bytes`")
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
		err = fmt.Errorf("-load, -for and -size must be above zero")
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
