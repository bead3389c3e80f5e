package descriptors

import (
	"syscall"
	"unsafe"

	. "example.com/poll"
	"example.com/poll/internal/fdtest"
)

// The system calls are in sys/kern/syscalls.master.
const (
	rdhup             = POLLRDHUP
	oPath             = 0x400000
	clockMonotonic    = 4
	sysTimerfdCreate  = 585
	sysTimerfdSettime = 587
)

var kinds = concat(pipeKinds, fileKinds, socketKinds, terminalKinds, counterKinds, kqueueKinds, []kind{{
	name: "Process descriptor",
	states: []state{
		{name: "running", make: with(process)},
		{name: "terminated", make: with(process, peer(closes))},
		{name: "reaped", make: with(process, peer(closes), self(await(POLLIN), reaps))},
	},
}})

var systemWaits = []waiting{
	{"pidfd or process descriptor, process ends", process, nil, peer(closes)},
}

func newEventfd() (int, syscall.Errno) {
	// specialfd(2), SPECIALFD_EVENTFD of sys/sys/specialfd.h
	const specialfd, eventfd = 577, 1
	args := struct{ count, flags uint32 }{0, syscall.O_CLOEXEC | syscall.O_NONBLOCK}
	fd, _, errno := syscall.Syscall(specialfd, eventfd, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args))
	return int(fd), errno
}

// pids has the processes by descriptor.
var pids = make(map[int]int)

// process is the process descriptor of a process, and what ends the process if it is
// closed.
func process(m maker) (fd, in int) {
	out, in := fdtest.Pipe(m)
	fdtest.Must(m, syscall.SetNonblock(out, false))
	var b [1]byte
	var pd int32
	const pdfork = 518
	syscall.ForkLock.Lock()
	pid, _, errno := syscall.RawSyscall(pdfork, uintptr(unsafe.Pointer(&pd)), 0, 0)
	if errno == 0 && pid == 0 { // the child makes bare system calls only
		syscall.RawSyscall(syscall.SYS_CLOSE, uintptr(in), 0, 0)
		syscall.RawSyscall(syscall.SYS_READ, uintptr(out), uintptr(unsafe.Pointer(&b)), 1)
		syscall.RawSyscall(syscall.SYS_EXIT, 0, 0, 0)
	}
	syscall.ForkLock.Unlock()
	m.possible("pdfork", errno)
	pids[int(pd)] = int(pid)
	return fdtest.Own(m, int(pd)), in
}

func reaps(m maker, fd int) {
	if got, err := syscall.Wait4(pids[fd], nil, 0, nil); got != pids[fd] || err != nil {
		m.Fatalf("wait4(%d): %d, %v", pids[fd], got, err)
	}
}
