// Package cli parses the command lines of the examples, and reports their errors.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
)

// Parse parses the command line. The usage message is usage, followed by the flags.
func Parse(usage string) {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage:", usage)
		flag.PrintDefaults()
	}
	flag.Parse()
}

// A Mistake is an error in the command line.
type Mistake string

func (m Mistake) Error() string { return string(m) }

// Mistakef returns a Mistake with a formatted text.
func Mistakef(format string, args ...any) error { return Mistake(fmt.Sprintf(format, args...)) }

// Exit ends the program, with status 0 if err is nil or context.Canceled. Otherwise it
// prints err after the program's name, and the status is 1; after a Mistake it also prints
// the usage, and the status is 2.
func Exit(name string, err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		os.Exit(0)
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	var m Mistake
	if errors.As(err, &m) {
		flag.Usage()
		os.Exit(2)
	}
	os.Exit(1)
}
