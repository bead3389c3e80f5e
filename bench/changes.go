//go:build linux

package main

import (
	"example.com/poll"
	"golang.org/x/sys/unix"
)

func changePoller(r []int) (job, error) {
	p, err := newPoller(r)
	if err != nil {
		return job{}, err
	}
	return job{func(times int) error {
		for i := range times {
			fd := r[i%len(r)]
			if err := p.Unregister(fd); err != nil {
				return err
			}
			if err := p.Register(fd, poll.POLLIN); err != nil {
				return err
			}
		}
		return nil
	}, func() { p.Close() }}, nil
}

func changeEpoll(r []int) (job, error) {
	ep, close, err := newEpoll(r)
	if err != nil {
		return job{}, err
	}
	return job{func(times int) error {
		for i := range times {
			fd := r[i%len(r)]
			if err := unix.EpollCtl(ep, unix.EPOLL_CTL_DEL, fd, nil); err != nil {
				return err
			}
			if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, epollIn(fd)); err != nil {
				return err
			}
		}
		return nil
	}, close}, nil
}
