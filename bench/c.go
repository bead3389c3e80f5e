//go:build linux && cgo

// poll(2) from C: the C library's function, and the SYSCALL instruction alone.
// Both run in this process, which has threads, so that the kernel counts
// references to each file as it does for Go.

package main

/*
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// raw makes a system call without the C library.
static inline long raw(long nr, long a, long b, long c) {
#if defined(__x86_64__)
	register long d __asm__("r10") = 0, e __asm__("r8") = 0;
	long r;
	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(d), "r"(e) : "rcx", "r11", "memory");
	return r;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = nr, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = 0, x4 __asm__("x4") = 0;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
#else
	return syscall(nr, a, b, c, 0, 0);
#endif
}

// The loops return 0, or -1 after a wrong answer.

static int bare_idle(struct pollfd *fds, nfds_t n, long trap, void *timeout, int times) {
	while (times-- > 0) {
		long r;
		do
			r = raw(trap, (long)fds, n, (long)timeout);
		while (r == -EINTR);
		if (r != 0)
			return -1;
	}
	return 0;
}

static __attribute__((noinline)) int wait_for(struct pollfd *fds, nfds_t n, int timeout) {
	int r;
	do
		r = poll(fds, n, timeout);
	while (r < 0 && errno == EINTR);
	return r;
}

static int libc_idle(struct pollfd *fds, nfds_t n, int times) {
	while (times-- > 0) {
		int r = poll(fds, n, 0);
		if (r != 0 && errno != EINTR)
			return -1;
	}
	return 0;
}

static int libc_serve(struct pollfd *fds, nfds_t n, int *out, int *in, int len, int times) {
	uint64_t word = 1;
	for (int i = 0; i < times; i++) {
		if (write(out[i % len], &word, 8) != 8 || wait_for(fds, n, -1) != 1)
			return -1;
		nfds_t k = 0;
		while (k < n && !fds[k].revents)
			k++;
		if (k == n || fds[k].fd != in[i % len] || read(fds[k].fd, &word, 8) != 8)
			return -1;
	}
	return 0;
}
*/
import "C"

import "unsafe"

const haveC = true

var bare = rival{"bare SYSCALL", func(fds []int32) (*watcher, error) {
	entries := newEntries(fds)
	w := new(watcher)
	w.idle = func(times int) error {
		return check(C.bare_idle(unsafe.SliceData(entries), C.nfds_t(len(entries)), C.long(trap), unsafe.Pointer(noWait), C.int(times)))
	}
	return w, nil
}}

var libc = rival{"C poll(2)", func(fds []int32) (*watcher, error) {
	entries := newEntries(fds)
	w := new(watcher)
	w.idle = func(times int) error {
		return check(C.libc_idle(unsafe.SliceData(entries), C.nfds_t(len(entries)), C.int(times)))
	}
	w.serve = func(out, in []int32) loop {
		return func(times int) error {
			return check(C.libc_serve(unsafe.SliceData(entries), C.nfds_t(len(entries)), (*C.int)(&out[0]), (*C.int)(&in[0]), C.int(len(in)), C.int(times)))
		}
	}
	return w, nil
}}

func newEntries(fds []int32) []C.struct_pollfd {
	entries := make([]C.struct_pollfd, len(fds))
	for i, fd := range fds {
		entries[i].fd, entries[i].events = C.int(fd), C.POLLIN
	}
	return entries
}

func check(r C.int) error {
	if r != 0 {
		return errWrong
	}
	return nil
}
