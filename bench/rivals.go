//go:build linux

// What a program would use instead, on the same descriptors in one process.

package main

import (
	"errors"

	"example.com/poll"
	"golang.org/x/sys/unix"
)

// A rival is a way to poll. What it lacks is nil.
type rival struct {
	name string

	// look makes a function that looks times times at r, which is idle.
	look func(r []int) (job, error)

	// round makes one that each time writes a byte to every stride-th pipe,
	// looks once, and reads what is there.
	round func(r, w []int, stride int) (job, error)

	// change makes one that takes a descriptor out of a set and puts it back.
	change func(r []int) (job, error)

	// trip makes one that passes a byte to another process and back.
	trip func(c *cat) (job, error)
}

// A job is what is measured, and how it is cleaned up.
type job struct {
	run   func(times int) error
	close func()
}

var errWrong = errors.New("a wrong answer")

var rivals = []rival{
	{"Poller", lookPoller, roundPoller, changePoller, tripWait(waitPoller)},
	{"Poll", lookPoll, roundPoll, nil, tripWait(waitPoll)},
	{"unix.Poll", lookUnix, roundUnix, nil, tripWait(waitUnix)},
	{"epoll", lookEpoll, roundEpoll, changeEpoll, tripWait(waitEpoll)},
	{"netpoller", nil, roundNetpoller, nil, tripNetpoller},
	rivalC, // without a C compiler it has nothing but its name
}

func nothing() {}

func newPoller(r []int) (*poll.Poller, error) {
	p := new(poll.Poller)
	for _, fd := range r {
		if err := p.Register(fd, poll.POLLIN); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func newPollFds(r []int) []poll.PollFd {
	fds := make([]poll.PollFd, len(r))
	for i, fd := range r {
		fds[i] = poll.PollFd{Fd: int32(fd), Events: poll.POLLIN}
	}
	return fds
}

func newUnixPollFds(r []int) []unix.PollFd {
	fds := make([]unix.PollFd, len(r))
	for i, fd := range r {
		fds[i] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	}
	return fds
}

func newEpoll(r []int) (ep int, close func(), err error) {
	ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return -1, nil, err
	}
	for _, fd := range r {
		if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, epollIn(fd)); err != nil {
			unix.Close(ep)
			return -1, nil, err
		}
	}
	return ep, func() { unix.Close(ep) }, nil
}

func epollIn(fd int) *unix.EpollEvent { return &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)} }

// unixPoll and epollWait do what their users have to: they go on after a
// signal. The timeouts are 0 and -1 only, so that nothing has to be reckoned.

func unixPoll(fds []unix.PollFd, timeout int) (int, error) {
	for {
		if n, err := unix.Poll(fds, timeout); err != unix.EINTR {
			return n, err
		}
	}
}

func epollWait(ep int, events []unix.EpollEvent, timeout int) (int, error) {
	for {
		if n, err := unix.EpollWait(ep, events, timeout); err != unix.EINTR {
			return n, err
		}
	}
}
