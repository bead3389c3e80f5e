//go:build darwin || freebsd || netbsd

package main

import (
	"testing"

	"example.com/poll/examples/internal/program"
)

func TestMain(m *testing.M) { program.TestMain(m, main) }

// TestOther checks that the program prints one line, and that the status is 1.
func TestOther(t *testing.T) {
	program.Check(t, 1, "gpio: this example needs Linux's GPIO devices\n", "-n", "1")
}
