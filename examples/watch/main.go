//go:build linux || darwin || freebsd || netbsd

// Watch runs a command, and prints each event that poll(2) reports on its standard output,
// its standard error and its exit, with one Poller:
//
//	go run ./examples/watch [-timeout d] [command [arg ...]]
//
// Without a command it runs a small built-in one. It ends when the command has ended and no
// process has the command's output open. (A process that the command left behind may keep
// it open.) It exits with the command's status, or with 128 plus the number of the signal
// that killed the command. (If that is not 0, go run exits with 1.) Watch kills the command
// after Ctrl-C, or if there is no event for -timeout.
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
	"example.com/poll/examples/internal/cli"
)

const demo = `echo one; sleep 0.2; echo two >&2; sleep 0.2; printf 'three\nfour\n'`

func main() {
	timeout := flag.Duration("timeout", 0, "the longest time to wait for an event, such as 1.5s; 0 means no limit")
	cli.Parse("watch [-timeout d] [command [arg ...]]")
	args := flag.Args()
	if len(args) == 0 {
		args = []string{"sh", "-c", demo}
	}
	if *timeout < 0 {
		cli.Exit("watch", cli.Mistake("-timeout is negative"))
	}
	if *timeout == 0 {
		*timeout = poll.Forever
	}
	status, err := watch(*timeout, exec.Command(args[0], args[1:]...))
	if err != nil {
		fmt.Fprintln(os.Stderr, "watch:", err)
	}
	os.Exit(status)
}

// A stream is the value of a registered pipe.
type stream struct {
	name string
	r    *os.File
}

func watch(timeout time.Duration, cmd *exec.Cmd) (status int, err error) {
	var p poll.Poller
	defer p.Close()

	// A signal does not end a Poll; Wake does.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	defer context.AfterFunc(ctx, func() { p.Wake() })()

	// The goroutine that waits for the command closes the pipe "end". Nothing is written to
	// it.
	writers, err := pipes(&p, "stdout", "stderr", "end")
	if err != nil {
		return 1, err
	}
	start := time.Now()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, writers[0], writers[1]
	if err := cmd.Start(); errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return 127, err
	} else if err != nil {
		return 126, err // as in a shell: found, but not executable
	}
	writers[0].Close() // otherwise the readers would never see a hang-up
	writers[1].Close()
	ended := make(chan int, 1)
	go func() {
		// Wait would close pipes made by StdoutPipe, and unread bytes would be lost. It
		// does not close these pipes.
		cmd.Wait()
		ended <- exitStatus(cmd.ProcessState)
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
			// After POLLHUP there may be bytes left to read. So read once, whatever the
			// event: the next Poll reports what is left, and at the end a read returns 0.
			s := r.Value.(*stream)
			n, err := s.r.Read(buf)
			text := fmt.Sprintf("%d bytes %.30q", n, buf[:n])
			if err != nil {
				text = err.Error() // "EOF"
				// Unregister before Close: otherwise the number may be reused.
				if err := p.Unregister(r.Fd); err != nil {
					return 1, err
				}
				s.r.Close()
				if s.name == "end" {
					status = <-ended
					text = fmt.Sprint("status ", status)
				}
			}
			fmt.Printf("%8.3fs  %-6s  %-14v  %s\n", time.Since(start).Seconds(), s.name, r.Events, text)
		}
	}
	return status, nil
}

// pipes makes a pipe for each name, registers the read ends, each with a stream as its
// value, and returns the write ends.
func pipes(p *poll.Poller, names ...string) (writers []*os.File, err error) {
	for _, name := range names {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		fd, err := p.RegisterConn(r, poll.POLLIN)
		if err != nil {
			return nil, err
		}
		if err := p.Attach(fd, &stream{name, r}); err != nil {
			return nil, err
		}
		writers = append(writers, w)
	}
	return writers, nil
}

// exitStatus returns the status that a shell would report for an ended command.
func exitStatus(state *os.ProcessState) int {
	if ws := state.Sys().(syscall.WaitStatus); ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return state.ExitCode()
}
