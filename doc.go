// Package poll is poll(2), straight from the kernel: it waits until one of a
// few descriptors is ready to be read or written, or has something else to
// report.
package poll
