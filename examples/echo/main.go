//go:build linux || darwin || freebsd || netbsd

// Echo is a TCP echo server, and a client that measures it. Both use non-blocking sockets,
// with one goroutine and one Poller for all connections:
//
//	go run ./examples/echo [-addr 127.0.0.1:7007]
//	go run ./examples/echo -load 100 [-for 2s] [-size 64] [-addr 127.0.0.1:7007]
//
// The server runs until Ctrl-C. The client keeps -load connections busy, each with one
// message at a time, for the duration -for or until Ctrl-C. Then it prints the throughput
// and the round-trip times.
//
// An ordinary server does not need this package: package net does the polling.
package main

import (
	"context"
	"flag"
	"net/netip"
	"os"
	"os/signal"
	"time"

	"example.com/poll/examples/internal/cli"
)

// The limits of the client's flags. One address has no more ports to connect from, and a
// message must fit in memory.
const (
	maxConns = 65535
	maxSize  = 64 << 20
)

func main() {
	addr := flag.String("addr", "127.0.0.1:7007", "the numeric `address` and port to listen on or to connect to")
	conns := flag.Int("load", 0, "run the client, with `n` connections")
	length := flag.Duration("for", 2*time.Second, "how long the client runs")
	size := flag.Int("size", 64, "the size of the client's messages in `bytes`")
	cli.Parse("echo [-addr address:port] [-load n [-for d] [-size bytes]]")
	where, err := netip.ParseAddrPort(*addr)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch {
	case err != nil:
		err = cli.Mistake(err.Error())
	case flag.NArg() > 0:
		err = cli.Mistakef("unexpected argument %q", flag.Arg(0))
	case where.Addr().Zone() != "":
		err = cli.Mistake("-addr has a zone, which this example does not support")
	case *conns < 0 || *conns > maxConns:
		err = cli.Mistakef("-load is not from 0 to %d", maxConns)
	case *length <= 0:
		err = cli.Mistake("-for is not above zero")
	case *size < 1 || *size > maxSize:
		err = cli.Mistakef("-size is not from 1 to %d", maxSize)
	case *conns == 0:
		err = serve(ctx, where)
	default:
		ctx, cancel := context.WithTimeout(ctx, *length)
		defer cancel()
		err = load(ctx, where, *conns, *size)
	}
	cli.Exit("echo", err)
}
