//go:build linux

// What the machine is, and what is opened on it.

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// machine describes the machine and the software.
func machine() string {
	var u unix.Utsname
	unix.Uname(&u)
	cpu := runtime.GOARCH
	info, _ := os.ReadFile("/proc/cpuinfo")
	if _, after, ok := bytes.Cut(info, []byte("model name\t: ")); ok {
		name, _, _ := bytes.Cut(after, []byte("\n"))
		cpu = string(name)
	}
	release, _, _ := strings.Cut(unix.ByteSliceToString(u.Release[:]), "-")
	s := fmt.Sprintf("%s, %d CPUs, Linux %s, %s", cpu, runtime.NumCPU(), release, runtime.Version())
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, m := range build.Deps {
			if m.Path == "golang.org/x/sys" {
				s += ", x/sys " + m.Version
			}
		}
	}
	return s
}

// raiseLimit raises RLIMIT_NOFILE as far as it can, which is further for root, and
// returns it.
func raiseLimit() int {
	if text, err := os.ReadFile("/proc/sys/fs/nr_open"); err == nil {
		if n, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(n), Max: uint64(n)})
		}
	}
	var l unix.Rlimit
	unix.Getrlimit(unix.RLIMIT_NOFILE, &l) // Go has raised the soft limit
	return int(min(l.Cur, 1<<30))
}

// reserved are the descriptors left for whatever else is open.
const reserved = 64

// openEventfds opens n eventfds that do not block: the netpoller takes no others.
func openEventfds(n int) (fds []int32, closeAll func(), err error) {
	closeAll = func() {
		for _, fd := range fds {
			unix.Close(int(fd))
		}
	}
	for len(fds) < n {
		fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		fds = append(fds, int32(fd))
	}
	return fds, closeAll, nil
}

// spreadEventfds opens ten eventfds whose numbers are spread evenly up to highest.
func spreadEventfds(highest int) (fds []int32, closeAll func(), err error) {
	low, closeLow, err := openEventfds(10)
	if err != nil {
		return nil, nil, err
	}
	defer closeLow()
	closeAll = func() {
		for _, fd := range fds {
			unix.Close(int(fd))
		}
	}
	for i, fd := range low {
		want := highest - (9-i)*highest/10
		got, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, want)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		fds = append(fds, int32(got))
	}
	return fds, closeAll, nil
}

// someOf returns 64 of fds in an arbitrary order, one from each 64th of them, so
// that every 64 polls meet the ready one in the middle on average.
func someOf(fds []int32) []int32 {
	const n = 64
	r := rand.New(rand.NewSource(1))
	some := make([]int32, n)
	for i, k := range r.Perm(n) {
		some[i] = fds[int((float64(k)+r.Float64())/n*float64(len(fds)))]
	}
	return some
}

// startCat starts a process that writes to in what it reads from out.
func startCat() (in, out int32, end func(), err error) {
	var there, back [2]int
	if err := errors.Join(unix.Pipe2(there[:], unix.O_CLOEXEC), unix.Pipe2(back[:], unix.O_CLOEXEC), unix.SetNonblock(back[0], true)); err != nil {
		return 0, 0, nil, err
	}
	stdin, stdout := os.NewFile(uintptr(there[0]), "pipe"), os.NewFile(uintptr(back[1]), "pipe")
	cmd := exec.Command("cat")
	cmd.Stdin, cmd.Stdout = stdin, stdout
	err = cmd.Start()
	stdin.Close()
	stdout.Close()
	end = func() {
		unix.Close(there[1])
		unix.Close(back[0])
		cmd.Wait()
	}
	if err != nil {
		end()
	}
	return int32(back[0]), int32(there[1]), end, err
}

// onOneCPU runs f with this process, and what f starts, on one processor.
func onOneCPU(f func() error) error {
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return err
	}
	for cpu := 0; one.Count() == 0; cpu++ {
		if all.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer pin(&all)
	pin(&one)
	return f()
}

// pin moves every thread, twice over: one that is started meanwhile has what its
// parent had.
func pin(set *unix.CPUSet) {
	for range 2 {
		tasks, _ := os.ReadDir("/proc/self/task")
		for _, task := range tasks {
			tid, _ := strconv.Atoi(task.Name())
			unix.SchedSetaffinity(tid, set)
		}
	}
}
