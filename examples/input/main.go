//go:build linux || darwin || freebsd || netbsd

// Input reads a terminal as an editor does, and prints each key and each new size:
//
//	go run ./examples/input [-escape 25ms]
//
// A key such as Up arrives as several bytes, and the first is the byte of the Esc key. If
// no byte follows within -escape, Input reports the Esc key. It ends after the key q,
// Ctrl-C, Ctrl-D, a hang-up, SIGINT, SIGTERM, SIGHUP or SIGQUIT, and if its output is
// closed at the other end. If its output is open but nobody reads it, a second signal ends
// it.
//
// Input restores the terminal's settings when it ends in one of these ways, with an error,
// or with a panic of its reading goroutine. It cannot do so if another signal ends or stops
// it, such as SIGKILL, SIGABRT or SIGTSTP: then run stty sane.
//
// Input reads the terminal in blocking mode, once for each POLLIN. O_NONBLOCK belongs to
// the open file, which the shell and standard output may share: their writes could fail
// with EAGAIN.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/poll/examples/internal/cli"
	"example.com/poll/internal/tty"
)

func main() {
	escape := flag.Duration("escape", 25*time.Millisecond, "how long to wait for the rest of an escape sequence")
	cli.Parse("input [-escape d]")
	_, err := tty.Get(syscall.Stdin)
	switch {
	case flag.NArg() > 0:
		cli.Exit("input", cli.Mistakef("unexpected argument %q", flag.Arg(0)))
	case *escape <= 0:
		cli.Exit("input", cli.Mistake("-escape is not above zero"))
	case err != nil:
		cli.Exit("input", cli.Mistake("standard input is not a terminal"))
	}

	// From here on a signal no longer ends the program by itself.
	end := make(chan os.Signal, 1)
	signal.Notify(end, tty.Signals()...)
	signal.Ignore(syscall.SIGPIPE) // Print fails if the output is closed at the other end
	resize := make(chan os.Signal, 1)
	signal.Notify(resize, syscall.SIGWINCH)
	t := &terminal{fd: syscall.Stdin, escape: *escape, end: end, resize: resize}
	err = t.read(func(event string) error {
		// In raw mode the terminal does not add the carriage return.
		_, err := fmt.Print(event, "\r\n")
		switch event {
		case "q", "Ctrl-C", "Ctrl-D":
			return errQuit
		}
		return err
	})
	signal.Stop(end) // the terminal is restored, so a signal may end the program
	var ended signalError
	switch {
	case err == errQuit:
	case errors.As(err, &ended):
		fmt.Fprintln(os.Stderr, "input:", err)
		os.Exit(128 + int(ended))
	default:
		cli.Exit("input", err)
	}
}

var errQuit = errors.New("quit")
