//go:build linux && gc && !purego && ((amd64 && !android) || arm64)

package poll

// rawPoll is in syscall_linux.s. fds stays in place because nothing can preempt it.
//
//go:noescape
func rawPoll(fds []PollFd) (n int, err error)
