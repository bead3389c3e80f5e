//go:build linux || darwin

// Serial joins two serial lines: what comes from one goes to the other, in
// both directions, until one of them hangs up or Ctrl-C.
//
//	go run ./examples/serial [-baud n] [-idle d] tty tty
//	go run ./examples/serial
//
// The second form needs no hardware: it makes two pseudo-terminals, joins them,
// and plays the devices at their other ends. Each piece that crosses is shown,
// and so is each time that nothing has for as long as -idle says.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	baud := flag.Int("baud", 0, "the speed to set, in `bits` per second; 0 leaves it as it is")
	idle := flag.Duration("idle", 0, "how long without a byte is worth a line; 0 is never")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: serial [-baud bits] [-idle d] [tty tty]")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch flag.NArg() {
	case 2:
		err = join(ctx, flag.Arg(0), flag.Arg(1), *baud, *idle, func() {})
	case 0:
		if *idle == 0 {
			*idle = pause * 2 / 3
		}
		err = demo(ctx, *baud, *idle)
	default:
		fmt.Fprintln(os.Stderr, "serial: two ttys are to be named, or none")
		flag.Usage()
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "serial:", err)
		os.Exit(1)
	}
}

// join opens the two lines, calls opened, and joins them.
func join(ctx context.Context, nameA, nameB string, baud int, idle time.Duration, opened func()) error {
	a, err := openPort(nameA, baud)
	if err != nil {
		return err
	}
	defer a.close()
	b, err := openPort(nameB, baud)
	if err != nil {
		return err
	}
	defer b.close()
	fmt.Println("joined", nameA, "and", nameB)
	opened()
	return bridge(ctx, a, b, idle)
}
