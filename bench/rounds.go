//go:build linux

package main

import (
	"errors"
	"os"

	"example.com/poll"
	"golang.org/x/sys/unix"
)

// touch writes to every stride-th pipe.
func touch(w []int, stride int) (n int, err error) {
	for i := 0; i < len(w); i += stride {
		if _, err := unix.Write(w[i], oneByte); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

var oneByte = []byte{1}

// rounds makes the job of a look that reads what is there and says from how
// many descriptors. It is called through a variable, which is nothing beside
// the system calls of a round.
func rounds(w []int, stride int, look func(buf []byte) (int, error), close func()) job {
	return job{func(times int) error {
		buf := make([]byte, 8)
		for ; times > 0; times-- {
			want, err := touch(w, stride)
			if err != nil {
				return err
			}
			if n, err := look(buf); n != want || err != nil {
				return errors.Join(errWrong, err)
			}
		}
		return nil
	}, close}
}

func roundPoller(r, w []int, stride int) (job, error) {
	p, err := newPoller(r)
	if err != nil {
		return job{}, err
	}
	return rounds(w, stride, func(buf []byte) (int, error) {
		ready, err := p.Poll(0)
		for _, x := range ready {
			if _, err := unix.Read(x.Fd, buf); err != nil {
				return 0, err
			}
		}
		return len(ready), err
	}, func() { p.Close() }), nil
}

func roundPoll(r, w []int, stride int) (job, error) {
	fds := newPollFds(r)
	return rounds(w, stride, func(buf []byte) (int, error) {
		n, err := poll.Poll(fds, 0)
		for i, left := 0, n; left > 0; i++ {
			if fds[i].Revents != 0 {
				left--
				if _, err := unix.Read(int(fds[i].Fd), buf); err != nil {
					return 0, err
				}
			}
		}
		return n, err
	}, nothing), nil
}

func roundUnix(r, w []int, stride int) (job, error) {
	fds := newUnixPollFds(r)
	return rounds(w, stride, func(buf []byte) (int, error) {
		n, err := unixPoll(fds, 0)
		for i, left := 0, n; left > 0; i++ {
			if fds[i].Revents != 0 {
				left--
				if _, err := unix.Read(int(fds[i].Fd), buf); err != nil {
					return 0, err
				}
			}
		}
		return n, err
	}, nothing), nil
}

func roundEpoll(r, w []int, stride int) (job, error) {
	ep, close, err := newEpoll(r)
	if err != nil {
		return job{}, err
	}
	events := make([]unix.EpollEvent, len(r))
	return rounds(w, stride, func(buf []byte) (int, error) {
		n, err := epollWait(ep, events, 0)
		for i := 0; i < n; i++ {
			if _, err := unix.Read(int(events[i].Fd), buf); err != nil {
				return 0, err
			}
		}
		return n, err
	}, close), nil
}

// roundNetpoller has a goroutine at each pipe, as programs that use the
// runtime's netpoller do. The files are copies, so that closing them leaves r.
func roundNetpoller(r, w []int, stride int) (job, error) {
	var files []*os.File
	got := make(chan error, len(r))
	ended := make(chan struct{})
	for _, fd := range r {
		n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return job{}, err
		}
		f := os.NewFile(uintptr(n), "")
		files = append(files, f)
		go func() {
			for buf := make([]byte, 8); ; {
				_, err := f.Read(buf)
				if errors.Is(err, os.ErrClosed) {
					ended <- struct{}{}
					return
				}
				got <- err
			}
		}()
	}
	look := func([]byte) (n int, err error) {
		for i := 0; i < len(r); i += stride {
			if err := <-got; err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	}
	return rounds(w, stride, look, func() {
		for _, f := range files {
			f.Close()
		}
		for range files {
			<-ended
		}
	}), nil
}
