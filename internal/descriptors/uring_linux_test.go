// What the rows of io_uring are made of.

package descriptors

import (
	"runtime"
	"syscall"
	"unsafe"

	"example.com/poll/internal/fdtest"
)

// A ring is an io_uring: io_uring(7), include/uapi/linux/io_uring.h.
type ring struct {
	fd         int
	r, w       int        // a pipe
	offsets    [20]uint32 // struct io_sqring_offsets and io_cqring_offsets
	rings, sqe []byte     // the queues, and the entry for submissions
	buffer     [1]byte    // of readsPipe
}

// rings has the rings by descriptor.
var rings = make(map[int]*ring)

// deferTaskrun is IORING_SETUP_DEFER_TASKRUN with IORING_SETUP_SINGLE_ISSUER, which it
// needs.
const deferTaskrun = 1<<13 | 1<<12

// uring makes a ring with room for one submission and two completions.
func uring(flags uint32) func(m maker) int {
	return func(m maker) int {
		runtime.LockOSThread() // the completions are this thread's work
		params := object([2]uint32{}, flags, [27]uint32{})
		n, _, errno := syscall.Syscall(newNumber(425), 1, uintptr(unsafe.Pointer(&params[0])), 0)
		if errno == syscall.EINVAL {
			m.Skipf("flags %#x: %v", flags, errno)
		}
		m.possible("io_uring_setup", errno)
		u := &ring{fd: fdtest.Own(m, int(n))}
		for i := range u.offsets {
			u.offsets[i] = order.Uint32(params[40+4*i:])
		}
		const sqes = 0x10000000
		var err error
		u.rings, err = syscall.Mmap(u.fd, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
		fdtest.Must(m, err)
		u.sqe, err = syscall.Mmap(u.fd, sqes, 64, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
		fdtest.Must(m, err)
		u.r, u.w = fdtest.Pipe(m)
		rings[u.fd] = u
		m.Cleanup(func() {
			syscall.Munmap(u.rings)
			syscall.Munmap(u.sqe)
			delete(rings, u.fd)
		})
		return u.fd
	}
}

// uringPipe is a ring that reads from a pipe, and the write end.
func uringPipe(flags uint32) pair {
	return func(m maker) (fd, w int) {
		fd = after(uring(flags), readsPipe)(m)
		return fd, rings[fd].w
	}
}

// Indexes of offsets.
const (
	sqTail         = 1
	cqHead, cqTail = 10, 11
)

func (u *ring) word(i int) *uint32 { return (*uint32)(unsafe.Pointer(&u.rings[u.offsets[i]])) }

// submit submits one request. A NOP has code 0.
func (u *ring) submit(m maker, code byte, fd int) {
	copy(u.sqe, object(code, [3]byte{}, int32(fd), uint64(0), uint64(uintptr(unsafe.Pointer(&u.buffer))), uint32(1), [36]byte{}))
	*u.word(sqTail)++
	u.enter(m, 1)
}

// enter submits n requests, and has the kernel put completions into the queue.
func (u *ring) enter(m maker, n uintptr) {
	const getEvents = 1
	got, _, errno := syscall.Syscall6(newNumber(426), uintptr(u.fd), n, 0, getEvents, 0, 0)
	if got != n || errno != 0 {
		m.Fatalf("io_uring_enter: %d, %v", got, errno)
	}
}

// reap takes the completions from the queue, which must be n.
func (u *ring) reap(m maker, n uint32) {
	if got := *u.word(cqTail) - *u.word(cqHead); got != n {
		m.Errorf("%d completions, want %d", got, n)
	}
	*u.word(cqHead) = *u.word(cqTail)
}

func fillsQueue(m maker, fd int) { *rings[fd].word(sqTail)++ }

func completes(n int) act {
	return func(m maker, fd int) {
		for i := 0; i < n; i++ {
			rings[fd].submit(m, 0, -1)
		}
	}
}

func reaps(n uint32) act { return func(m maker, fd int) { rings[fd].reap(m, n) } }

func entersForEvents(m maker, fd int) { rings[fd].enter(m, 0) }

// readsPipe submits a read of the pipe. writesPipe completes it.
func readsPipe(m maker, fd int) {
	const read = 22
	u := rings[fd]
	fdtest.Must(m, syscall.SetNonblock(u.r, false)) // otherwise the read fails with EAGAIN
	u.submit(m, read, u.r)
}

func writesPipe(m maker, fd int) { fdtest.Write(m, rings[fd].w, "x") }
