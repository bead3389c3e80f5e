//go:build linux || darwin

// Watch runs a command and shows each event that poll(2) reports for its
// standard output, its standard error and its end, with one Poller:
//
//	go run ./examples/watch [-timeout d] [command [arg ...]]
//
// Without a command it runs a small one of its own. It ends when everything
// has hung up, which takes as long as any process that the command leaves
// behind has its output open, and exits with the command's status, or 128 and
// the number of the signal that killed it (go run itself makes that a 1).
// Ctrl-C, or a silence of more than d, kills the command.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"example.com/poll"
)

const demo = `echo one; sleep 0.2; echo two >&2; sleep 0.2; printf 'three\nfour\n'`

func main() {
	timeout := flag.Duration("timeout", 0, "the longest silence to wait for, as in 1.5s; 0 is no limit")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: watch [-timeout d] [command [arg ...]]")
		flag.PrintDefaults()
	}
	flag.Parse()
	args := flag.Args()
	if len(args) == 0 {
		args = []string{"sh", "-c", demo}
	}
	if *timeout <= 0 {
		*timeout = poll.Forever
	}
	status, err := watch(*timeout, exec.Command(args[0], args[1:]...))
	if err != nil {
		fmt.Fprintln(os.Stderr, "watch:", err)
	}
	os.Exit(status)
}

func watch(timeout time.Duration, cmd *exec.Cmd) (status int, err error) {
	var p poll.Poller
	defer p.Close()

	// A signal does not end a Poll; Wake does.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, func() { p.Wake() })

	// Watch three pipes. Nothing is ever written to that of "end": it is closed
	// by the goroutine that waits for the command, which works on any system.
	names := [...]string{"stdout", "stderr", "end"}
	var readers, writers [len(names)]*os.File
	index := make(map[int]int) // by descriptor
	for i := range names {
		if readers[i], writers[i], err = os.Pipe(); err != nil {
			return 1, err
		}
		fd, err := p.RegisterConn(readers[i], poll.POLLIN)
		if err != nil {
			return 1, err
		}
		index[fd] = i
	}

	start := time.Now()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, writers[0], writers[1]
	if err := cmd.Start(); errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return 127, err
	} else if err != nil {
		return 126, err // found, but not to be run
	}
	writers[0].Close() // left open here, too, they would never hang up
	writers[1].Close()
	ended := make(chan int, 1)
	go func() {
		cmd.Wait()
		status := cmd.ProcessState.ExitCode()
		if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); ws.Signaled() {
			status = 128 + int(ws.Signal())
		}
		ended <- status
		close(ended)
		writers[2].Close()
	}()

	buf := make([]byte, 32<<10)
	for p.Len() > 0 {
		ready, err := p.Poll(timeout)
		if err != nil {
			status = 1
		} else if ctx.Err() != nil {
			status, err = 130, errors.New("interrupted")
		} else if len(ready) == 0 {
			status, err = 124, fmt.Errorf("no event for %v", timeout)
		}
		if err != nil {
			cmd.Process.Kill()
			<-ended
			return status, err
		}
		for _, r := range ready {
			// POLLHUP says that nobody is left to write, not that everything
			// is read. So read once, whatever the event: what remains is
			// reported again by the next Poll, and the end is where a read
			// finds it.
			i := index[r.Fd]
			n, err := readers[i].Read(buf)
			text := fmt.Sprintf("%d bytes %.30q", n, buf[:n])
			if err != nil {
				// Unregister, then close: the other way round the number may
				// be another file's already.
				p.Unregister(r.Fd)
				readers[i].Close()
				text = err.Error() // "EOF"
				if names[i] == "end" {
					status = <-ended
					text = fmt.Sprint("status ", status)
				}
			}
			fmt.Printf("%8.3fs  %-6s  %-14v  %s\n", time.Since(start).Seconds(), names[i], r.Events, text)
		}
	}
	return status, nil
}
