//go:build !linux

// Gpio prints the edges of a GPIO line. It needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "gpio: this example needs Linux's GPIO devices")
	os.Exit(1)
}
