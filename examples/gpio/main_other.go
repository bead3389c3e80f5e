//go:build !linux

// Gpio prints the edges of a GPIO line. It needs Linux.
package main

import (
	"errors"

	"example.com/poll/examples/internal/cli"
)

func main() { cli.Exit("gpio", errors.New("this example needs Linux's GPIO devices")) }
