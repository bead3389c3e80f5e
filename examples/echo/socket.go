//go:build linux || darwin || freebsd || netbsd

package main

import (
	"net/netip"
	"syscall"
)

// listen returns a listening socket.
func listen(addr netip.AddrPort) (fd int, err error) {
	fd, sa, err := socket(addr)
	if err != nil {
		return -1, err
	}
	err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err == nil {
		err = syscall.Bind(fd, sa)
	}
	if err == nil {
		err = syscall.Listen(fd, syscall.SOMAXCONN)
	}
	return closeOnError(fd, err)
}

// dial returns a socket that is connecting. It is writable once connected.
func dial(addr netip.AddrPort) (fd int, err error) {
	fd, sa, err := socket(addr)
	if err != nil {
		return -1, err
	}
	err = noDelay(fd)
	if err == nil {
		err = syscall.Connect(fd, sa)
		if err == syscall.EINPROGRESS {
			err = nil
		}
	}
	return closeOnError(fd, err)
}

// accept returns a new connection. The error is EAGAIN if none is waiting.
func accept(listener int) (fd int, err error) {
	fd, err = accept1(listener)
	if err == nil {
		noDelay(fd) // if this fails, the first read fails too
	}
	return fd, err
}

// noDelay disables Nagle's algorithm, so the end of a message is sent immediately.
func noDelay(fd int) error {
	return syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
}

// socket returns a TCP socket for addr, which has no zone, and addr in the form of package
// syscall.
func socket(addr netip.AddrPort) (fd int, sa syscall.Sockaddr, err error) {
	family := syscall.AF_INET
	if a := addr.Addr(); a.Is4() {
		sa = &syscall.SockaddrInet4{Addr: a.As4(), Port: int(addr.Port())}
	} else {
		family = syscall.AF_INET6
		sa = &syscall.SockaddrInet6{Addr: a.As16(), Port: int(addr.Port())}
	}
	fd, err = socket1(family)
	return fd, sa, err
}

// localAddr returns the address that a socket is bound to.
func localAddr(fd int) (addr netip.AddrPort, err error) {
	sa, err := syscall.Getsockname(fd)
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		addr = netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *syscall.SockaddrInet6:
		addr = netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
	}
	return addr, err
}

// socketError returns the error of a finished connect.
func socketError(fd int) error {
	errno, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
	if err == nil && errno != 0 {
		err = syscall.Errno(errno)
	}
	return err
}

func closeOnError(fd int, err error) (int, error) {
	if err != nil {
		syscall.Close(fd)
		return -1, err
	}
	return fd, nil
}
