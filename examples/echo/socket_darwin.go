package main

import "syscall"

// On Darwin, setting the mode of a new socket takes separate calls. A program that starts
// others must hold syscall.ForkLock around them.

func socket1(family int) (fd int, err error) {
	fd, err = syscall.Socket(family, syscall.SOCK_STREAM, 0)
	return setMode(fd, err)
}

func accept1(listener int) (fd int, err error) {
	fd, _, err = syscall.Accept(listener)
	return setMode(fd, err)
}

func setMode(fd int, err error) (int, error) {
	if err == nil {
		syscall.CloseOnExec(fd)
		err = syscall.SetNonblock(fd, true)
		return closeOnError(fd, err)
	}
	return fd, err
}
