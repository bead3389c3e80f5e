//go:build linux

// poll(2) from C: the C library's function, and the SYSCALL instruction alone. Both run in
// this process, which has threads, so that the kernel counts references to each file as it
// does for Go.

package main

/*
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// The system call of RawPoll, and its timeout of 0.
#ifdef SYS_poll
enum { trap = SYS_poll };
#define no_wait 0
#else
enum { trap = SYS_ppoll };
static struct timespec zero;
#define no_wait ((uintptr_t)&zero)
#endif
static uintptr_t timeout(void) { return no_wait; }

static inline long raw(struct pollfd *fds, nfds_t n) {
#if defined(__x86_64__)
	register long sigmask __asm__("r10") = 0;
	long r;
	__asm__ volatile("syscall" : "=a"(r) : "a"(trap), "D"(fds), "S"(n), "d"(no_wait), "r"(sigmask) : "rcx", "r11", "memory");
	return r;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = trap, x0 __asm__("x0") = (long)fds, x1 __asm__("x1") = n, x2 __asm__("x2") = no_wait;
	register long x3 __asm__("x3") = 0, x4 __asm__("x4") = 0;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
#else
	long r = syscall(trap, fds, n, no_wait, 0, 0);
	return r < 0 ? -errno : r;
#endif
}

// A loop aborts after a wrong result. bare_look expects that nothing is ready.

static int bare_look(struct pollfd *fds, nfds_t n, int times) {
	while (times-- > 0) {
		long r = raw(fds, n);
		if (r != 0 && r != -EINTR)
			abort();
	}
	return 0;
}

static void libc_serve(struct pollfd *fds, nfds_t n, int *out, int *in, int len, int times) {
	uint64_t word = 1;
	for (int i = 0; i < times; i++) {
		int r;
		if (write(out[i % len], &word, 8) != 8)
			abort();
		do
			r = poll(fds, n, -1);
		while (r < 0 && errno == EINTR);
		nfds_t k = 0;
		while (k < n && !fds[k].revents)
			k++;
		if (r != 1 || fds[k].fd != in[i % len] || read(fds[k].fd, &word, 8) != 8)
			abort();
	}
}
*/
import "C"

import "unsafe"

// trap is the system call of RawPoll, and noWait its timeout of 0.
const trap = C.trap

var noWait = uintptr(C.timeout())

var bare = rival{"bare SYSCALL", func(fds []int32) *watcher {
	p, n := entries(fds)
	return &watcher{look: func(times int) int { return int(C.bare_look(p, n, C.int(times))) }}
}}

var libc = rival{"C poll(2)", func(fds []int32) *watcher {
	p, n := entries(fds)
	return &watcher{serve: func(out, in []int32) loop {
		return func(times int) {
			C.libc_serve(p, n, (*C.int)(&out[0]), (*C.int)(&in[0]), C.int(len(in)), C.int(times))
		}
	}}
}}

// entries is newArray for C.
func entries(fds []int32) (*C.struct_pollfd, C.nfds_t) {
	return (*C.struct_pollfd)(unsafe.Pointer(unsafe.SliceData(newArray(fds)))), C.nfds_t(len(fds))
}
