//go:build linux || darwin || freebsd || netbsd

// Serial joins two serial lines: it copies bytes from each line to the other until one of
// them hangs up, or until Ctrl-C.
//
//	go run ./examples/serial [-baud bits] [-idle d] tty tty
//	go run ./examples/serial [-baud bits] [-idle d]
//
// The second form needs no hardware: it makes two pseudo-terminals, joins them, and
// simulates the devices at their other ends. Serial prints each piece of data, and reports
// each silence that lasts for -idle.
//
// SIGTERM, SIGHUP, SIGQUIT and SIGPIPE end Serial like Ctrl-C. If nobody reads its output,
// the second signal ends it. Before Serial exits it restores the settings of both lines,
// except those of a line that has hung up. It cannot restore them if another signal ends
// it, such as SIGKILL or SIGABRT.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/poll/examples/internal/cli"
	"example.com/poll/internal/tty"
)

// maxBaud is above the speed of any line, and fits the kernels' 32-bit speeds.
const maxBaud = 1_000_000_000

func main() {
	baud := flag.Int("baud", 0, "the speed to set, in `bits` per second; 0 leaves it as it is")
	idle := flag.Duration("idle", 0, "report each silence of this length; 0 reports none")
	cli.Parse("serial [-baud bits] [-idle d] [tty tty]")
	ctx, stop := signal.NotifyContext(context.Background(), append(tty.Signals(), syscall.SIGPIPE)...)
	defer stop()
	var err error
	switch {
	case *baud < 0 || *baud > maxBaud:
		err = cli.Mistakef("-baud is not from 0 to %d", maxBaud)
	case *idle < 0:
		err = cli.Mistake("-idle is negative")
	case flag.NArg() == 0:
		err = demo(ctx, *baud, *idle)
	case flag.NArg() != 2:
		err = cli.Mistake("name two ttys, or none")
	case sameFile(flag.Arg(0), flag.Arg(1)):
		err = cli.Mistake("the two ttys are the same")
	default:
		err = join(ctx, flag.Arg(0), flag.Arg(1), *baud, *idle, func() {})
	}
	cli.Exit("serial", err)
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
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
	context.AfterFunc(ctx, func() {
		again := make(chan os.Signal, 1)
		signal.Notify(again, tty.Signals()...)
		<-again // the first did not end the bridge: nobody reads the output
		a.close()
		b.close()
		os.Exit(1)
	})
	fmt.Println("joined", nameA, "and", nameB)
	opened()
	return bridge(ctx, a, b, idle)
}
