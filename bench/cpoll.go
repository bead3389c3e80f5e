//go:build linux && cgo

// poll(2) called from C: what the kernel costs without Go, in a process that
// has threads.

package main

/*
#include <errno.h>
#include <poll.h>
#include <unistd.h>

// Each returns 0, or -1 after a wrong answer.

static int wait_for(struct pollfd *fds, nfds_t n, int timeout) {
	int r;
	do
		r = poll(fds, n, timeout);
	while (r < 0 && errno == EINTR);
	return r;
}

static int look(struct pollfd *fds, nfds_t n, int times) {
	while (times-- > 0)
		if (wait_for(fds, n, 0) != 0)
			return -1;
	return 0;
}

static int rounds(struct pollfd *fds, nfds_t n, int *w, int stride, int times) {
	char buf[8] = {1};
	while (times-- > 0) {
		int active = 0;
		for (nfds_t i = 0; i < n; i += stride, active++)
			if (write(w[i], buf, 1) != 1)
				return -1;
		int r = wait_for(fds, n, 0);
		if (r != active)
			return -1;
		for (nfds_t i = 0; r > 0; i++)
			if (fds[i].revents) {
				r--;
				if (read(fds[i].fd, buf, sizeof buf) != 1)
					return -1;
			}
	}
	return 0;
}

static int trips(int in, int out, int times) {
	struct pollfd fd = {in, POLLIN, 0};
	char b = 1;
	while (times-- > 0)
		if (write(out, &b, 1) != 1 || wait_for(&fd, 1, -1) != 1 || read(in, &b, 1) != 1)
			return -1;
	return 0;
}
*/
import "C"

var rivalC = rival{"C poll(2)", lookC, roundC, nil, tripC}

func newCPollFds(r []int) []C.struct_pollfd {
	fds := make([]C.struct_pollfd, len(r))
	for i, fd := range r {
		fds[i].fd, fds[i].events = C.int(fd), C.POLLIN
	}
	return fds
}

func lookC(r []int) (job, error) {
	fds := newCPollFds(r)
	return job{func(times int) error {
		return check(C.look(&fds[0], C.nfds_t(len(fds)), C.int(times)))
	}, nothing}, nil
}

func roundC(r, w []int, stride int) (job, error) {
	fds := newCPollFds(r)
	out := make([]C.int, len(w))
	for i, fd := range w {
		out[i] = C.int(fd)
	}
	return job{func(times int) error {
		return check(C.rounds(&fds[0], C.nfds_t(len(fds)), &out[0], C.int(stride), C.int(times)))
	}, nothing}, nil
}

func tripC(c *cat) (job, error) {
	return job{func(times int) error {
		return check(C.trips(C.int(c.in), C.int(c.out), C.int(times)))
	}, nothing}, nil
}

func check(r C.int) error {
	if r != 0 {
		return errWrong
	}
	return nil
}
