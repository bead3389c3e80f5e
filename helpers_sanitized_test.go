//go:build asan || msan || race

package poll

func init() { sanitized = true }
