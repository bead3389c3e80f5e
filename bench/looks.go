//go:build linux

package main

import (
	"errors"

	"example.com/poll"
	"golang.org/x/sys/unix"
)

func lookPoller(r []int) (job, error) {
	p, err := newPoller(r)
	if err != nil {
		return job{}, err
	}
	return job{func(times int) error {
		for ; times > 0; times-- {
			if l, err := p.Poll(0); len(l) != 0 || err != nil {
				return errors.Join(errWrong, err)
			}
		}
		return nil
	}, func() { p.Close() }}, nil
}

func lookPoll(r []int) (job, error) {
	fds := newPollFds(r)
	return job{func(times int) error {
		for ; times > 0; times-- {
			if n, err := poll.Poll(fds, 0); n != 0 || err != nil {
				return errors.Join(errWrong, err)
			}
		}
		return nil
	}, nothing}, nil
}

func lookUnix(r []int) (job, error) {
	fds := newUnixPollFds(r)
	return job{func(times int) error {
		for ; times > 0; times-- {
			if n, err := unixPoll(fds, 0); n != 0 || err != nil {
				return errors.Join(errWrong, err)
			}
		}
		return nil
	}, nothing}, nil
}

func lookEpoll(r []int) (job, error) {
	ep, close, err := newEpoll(r)
	if err != nil {
		return job{}, err
	}
	events := make([]unix.EpollEvent, 128)
	return job{func(times int) error {
		for ; times > 0; times-- {
			if n, err := epollWait(ep, events, 0); n != 0 || err != nil {
				return errors.Join(errWrong, err)
			}
		}
		return nil
	}, close}, nil
}
