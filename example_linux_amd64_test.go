package poll_test

import (
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"example.com/poll"
)

// Wait until a child process has ended, for at most ten seconds.
func ExampleWait_pidfd() {
	child := exec.Command("sleep", "0.01")
	check(child.Start())

	const pidfdOpen = 434 // pidfd_open(2), on all architectures except MIPS and Alpha
	fd, _, errno := syscall.Syscall(pidfdOpen, uintptr(child.Process.Pid), 0, 0)
	if errno != 0 {
		fmt.Println(errno) // Linux before 5.3
		return
	}
	defer syscall.Close(int(fd))
	events, err := poll.Wait(int(fd), poll.POLLIN, 10*time.Second)
	check(err)
	if events == 0 {
		check(child.Process.Kill())
	}
	fmt.Println(events, child.Wait())
	// Output: POLLIN <nil>
}
