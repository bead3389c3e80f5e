//go:build linux && gc && !purego && ((amd64 && !android) || arm64)

package poll

// rawPoll is in syscall_linux.s. Nothing can preempt it, so fds stays in place.
//
//go:noescape
func rawPoll(fds []PollFd) (n int, err error)
