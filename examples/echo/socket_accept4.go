//go:build linux || freebsd || netbsd

package main

import "syscall"

const mode = syscall.SOCK_NONBLOCK | syscall.SOCK_CLOEXEC

func socket1(family int) (fd int, err error) {
	return syscall.Socket(family, syscall.SOCK_STREAM|mode, 0)
}

func accept1(listener int) (fd int, err error) {
	fd, _, err = syscall.Accept4(listener, mode)
	return fd, err
}
