//go:build linux || darwin || freebsd || netbsd

// Echo is a TCP echo server, and a client that measures it. Both use non-blocking
// sockets, with one goroutine and one Poller for all connections:
//
//	go run ./examples/echo [-addr 127.0.0.1:7007]
//	go run ./examples/echo -load 100 [-for 2s] [-size 64] [-addr 127.0.0.1:7007]
//
// The server runs until Ctrl-C. The client keeps -load connections busy, each with one
// message at a time, for the duration -for or until Ctrl-C. Then it prints the
// throughput and the round-trip times.
//
// An ordinary server does not need this package: package net does the polling.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"time"
)

// The limits of the client's flags. One address has no more ports to connect from, and
// a message must fit in memory.
const (
	maxConns = 65535
	maxSize  = 64 << 20
)

func main() {
	addr := flag.String("addr", "127.0.0.1:7007", "the numeric `address` and port to listen on or to connect to")
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
	switch {
	case err != nil:
	case where.Addr().Zone() != "":
		err = errors.New("-addr has a zone, which this example does not support")
	case *conns < 0 || *conns > maxConns:
		err = fmt.Errorf("-load is not from 0 to %d", maxConns)
	case *length <= 0:
		err = errors.New("-for is not above zero")
	case *size < 1 || *size > maxSize:
		err = fmt.Errorf("-size is not from 1 to %d", maxSize)
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
