// Linux on arm64 (AArch64).

package poll

// sysPoll is 0: the kernel has no poll(2) here, only ppoll(2)
// (include/uapi/asm-generic/unistd.h).
const sysPoll = 0
