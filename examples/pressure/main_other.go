//go:build !linux

// Pressure waits until tasks are delayed. It needs Linux.
package main

import (
	"errors"

	"example.com/poll/examples/internal/cli"
)

func main() { cli.Exit("pressure", errors.New("this example needs Linux's pressure-stall files")) }
