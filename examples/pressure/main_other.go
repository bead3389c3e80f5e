//go:build !linux

// Pressure waits until tasks are delayed. It needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "pressure: this example needs Linux's pressure-stall files")
	os.Exit(1)
}
