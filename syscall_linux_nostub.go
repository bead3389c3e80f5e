//go:build linux && (!gc || purego || !((amd64 && !android) || arm64))

package poll

func rawPoll(fds []PollFd) (n int, err error) { return rawPollGo(fds) }
