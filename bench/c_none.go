//go:build linux && !cgo

package main

// Go turns cgo off by itself where it finds no C compiler.
const haveC = false

var bare, libc = absent("bare SYSCALL"), absent("C poll(2)")

// absent stands for a rival that is not built in.
func absent(name string) rival {
	return rival{name, func([]int32) (*watcher, error) { return new(watcher), nil }}
}
