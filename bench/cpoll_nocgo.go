//go:build linux && !cgo

package main

// Go turns cgo off by itself where it finds no C compiler.
var rivalC = rival{name: "C poll(2)"}
