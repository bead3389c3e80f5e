//go:build linux

// Waking from a wait.

package main

import (
	"os"
	"os/exec"

	"example.com/poll"
	"golang.org/x/sys/unix"
)

// A waiter waits until in is readable. It is called through a variable, which
// is nothing beside a wake-up.
type waiter func(in int) (wait func() error, close func(), err error)

func waitPoller(in int) (func() error, func(), error) {
	p, err := newPoller([]int{in})
	return func() error {
		_, err := p.Poll(poll.Forever)
		return err
	}, func() { p.Close() }, err
}

func waitPoll(in int) (func() error, func(), error) {
	fds := newPollFds([]int{in})
	return func() error {
		_, err := poll.Poll(fds, poll.Forever)
		return err
	}, nothing, nil
}

func waitUnix(in int) (func() error, func(), error) {
	fds := newUnixPollFds([]int{in})
	return func() error {
		_, err := unixPoll(fds, -1)
		return err
	}, nothing, nil
}

func waitEpoll(in int) (func() error, func(), error) {
	ep, close, err := newEpoll([]int{in})
	events := make([]unix.EpollEvent, 8)
	return func() error {
		_, err := epollWait(ep, events, -1)
		return err
	}, close, err
}

// A cat is a process that writes to in what it reads from out: cat(1). What is
// measured is woken from outside, as programs that poll are.
type cat struct {
	in, out int
	cmd     *exec.Cmd
}

func startCat() (*cat, error) {
	p, err := openPipes(2)
	if err != nil {
		return nil, err
	}
	// To the process the ends are ordinary, blocking ones.
	if err := unix.SetNonblock(p.r[1], false); err != nil {
		p.close()
		return nil, err
	}
	theirs := []*os.File{os.NewFile(uintptr(p.r[1]), "pipe"), os.NewFile(uintptr(p.w[0]), "pipe")}
	c := &cat{p.r[0], p.w[1], exec.Command("cat")}
	c.cmd.Stdin, c.cmd.Stdout = theirs[0], theirs[1]
	err = c.cmd.Start()
	theirs[0].Close()
	theirs[1].Close()
	if err != nil {
		unix.Close(c.in)
		unix.Close(c.out)
		return nil, err
	}
	return c, nil
}

func (c *cat) end() error {
	unix.Close(c.out)
	unix.Close(c.in)
	return c.cmd.Wait()
}

// tripWait makes the round trip of a waiter.
func tripWait(open waiter) func(c *cat) (job, error) {
	return func(c *cat) (job, error) {
		wait, close, err := open(c.in)
		return job{func(times int) error {
			for buf := make([]byte, 1); times > 0; times-- {
				if _, err := unix.Write(c.out, oneByte); err != nil {
					return err
				}
				if err := wait(); err != nil {
					return err
				}
				if _, err := unix.Read(c.in, buf); err != nil {
					return err
				}
			}
			return nil
		}, close}, err
	}
}

// tripNetpoller is the same by a blocking Read, which the runtime waits for.
func tripNetpoller(c *cat) (job, error) {
	fd, err := unix.FcntlInt(uintptr(c.in), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return job{}, err
	}
	f := os.NewFile(uintptr(fd), "pipe")
	return job{func(times int) error {
		for buf := make([]byte, 1); times > 0; times-- {
			if _, err := unix.Write(c.out, oneByte); err != nil {
				return err
			}
			if _, err := f.Read(buf); err != nil {
				return err
			}
		}
		return nil
	}, func() { f.Close() }}, nil
}
