package program

import (
	"runtime"
	"syscall"
	"testing"
)

// OwnMounts puts the test, and the processes it starts, into a new mount namespace, where
// it may mount and unmount. It skips the test if that is impossible.
func OwnMounts(t testing.TB) {
	t.Helper()
	// Never unlocked, so the thread and its namespace end with the test.
	runtime.LockOSThread()
	err := syscall.Unshare(syscall.CLONE_NEWNS)
	if err == nil {
		err = syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	}
	dir := t.TempDir()
	if err == nil {
		err = syscall.Mount("polltest", dir, "tmpfs", 0, "")
		t.Cleanup(func() { syscall.Unmount(dir, 0) }) // after a failure
	}
	if err == nil {
		err = syscall.Unmount(dir, 0)
	}
	if err != nil {
		t.Skip("no mounts of our own:", err)
	}
}
