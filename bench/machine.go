//go:build linux

// What the machine is, and what is opened on it.

package main

import (
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// machine describes the machine.
func machine() string {
	var u unix.Utsname
	must(unix.Uname(&u))
	cpu := runtime.GOARCH
	info, _ := os.ReadFile("/proc/cpuinfo")
	if name := regexp.MustCompile("model name\t: (.*)").FindSubmatch(info); name != nil {
		cpu = string(name[1])
	}
	release, _, _ := strings.Cut(unix.ByteSliceToString(u.Release[:]), "-")
	return fmt.Sprintf("%s, %d CPUs, Linux %s, %s", cpu, runtime.NumCPU(), release, runtime.Version())
}

// emulated reports whether QEMU emulates the processor. It slows the calls down by
// different factors, so only the shapes of the curves by number are worth having.
func emulated() bool { return strings.HasPrefix(machine(), "QEMU TCG") }

// raiseLimit raises RLIMIT_NOFILE to what highest needs, if it can, and returns it.
func raiseLimit() int {
	unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20})
	var l unix.Rlimit
	must(unix.Getrlimit(unix.RLIMIT_NOFILE, &l)) // Go has raised the soft limit
	return int(l.Cur)
}

// openEventfds opens n eventfds that do not block: the netpoller takes no others.
func openEventfds(n int) (fds []int32) {
	for range n {
		fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
		must(err)
		fds = append(fds, int32(fd))
	}
	return fds
}

// openAs opens an eventfd whose number is n.
func openAs(n int) int32 {
	low := openEventfds(1)
	defer closeAll(low)
	fd, err := unix.FcntlInt(uintptr(low[0]), unix.F_DUPFD_CLOEXEC, n)
	must(err)
	if fd != n {
		panic(fmt.Sprintf("descriptor %d is open already", n))
	}
	return int32(fd)
}

// transferAll makes eventfds ready by writing to them, or idle by reading.
func transferAll(trap uintptr, fds []int32) {
	word := [8]byte{1}
	for _, fd := range fds {
		must(transfer(trap, fd, &word))
	}
}

func closeAll(fds []int32) {
	for _, fd := range fds {
		unix.Close(int(fd))
	}
}

// someOf returns 64 of fds in random order, one from each 64th of them, so over 64 polls
// the ready descriptor's mean position is the middle.
func someOf(fds []int32) []int32 {
	r := rand.New(rand.NewSource(1))
	some := make([]int32, 64)
	for i, k := range r.Perm(64) {
		some[i] = fds[int((float64(k)+r.Float64())/64*float64(len(fds)))]
	}
	return some
}

// startCat starts a process that writes to in what it reads from out.
func startCat() (in, out int32, end func()) {
	var there, back [2]int
	must(unix.Pipe2(there[:], unix.O_CLOEXEC))
	must(unix.Pipe2(back[:], unix.O_CLOEXEC))
	must(unix.SetNonblock(back[0], true))
	cmd := exec.Command("cat")
	stdin, stdout := os.NewFile(uintptr(there[0]), ""), os.NewFile(uintptr(back[1]), "")
	cmd.Stdin, cmd.Stdout = stdin, stdout
	must(cmd.Start())
	stdin.Close()
	stdout.Close()
	return int32(back[0]), int32(there[1]), func() {
		unix.Close(there[1])
		unix.Close(back[0])
		cmd.Wait()
	}
}

// onOneCPU runs f with this process, and what f starts, on one processor.
func onOneCPU(f func()) {
	var all, one unix.CPUSet
	must(unix.SchedGetaffinity(0, &all))
	for cpu := 0; one.Count() == 0; cpu++ {
		if all.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer pin(&all)
	pin(&one)
	f()
}

// pin moves every thread. It does so twice, since a thread started during the first pass
// may inherit the old CPU set.
func pin(set *unix.CPUSet) {
	for range 2 {
		tasks, _ := os.ReadDir("/proc/self/task")
		for _, task := range tasks {
			tid, _ := strconv.Atoi(task.Name())
			unix.SchedSetaffinity(tid, set)
		}
	}
}
