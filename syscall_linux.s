//go:build gc && !purego && (amd64 && !android || arm64)

// RawPoll in assembly. After a system call the processor mispredicts returns, so this has
// only one. To see what that saves, run BenchmarkProbe with -tags purego and without. Its
// risks are those of RawPoll, and wrong argument offsets, which go vet detects.

#include "textflag.h"
#include "go_asm.h"

// func rawPoll(fds []PollFd) (n int, err error)
//
//	               amd64: poll(2)  arm64: ppoll(2)
//	call           AX              R8
//	fds, nfds      DI, SI          R0, R1
//	timeout of 0   DX              R2
//	no signal mask                 R3, R4
//	result         AX              R0

#ifdef GOARCH_amd64
TEXT ·rawPoll(SB), NOSPLIT|NOFRAME, $0-48
	MOVQ	fds_base+0(FP), DI
	MOVQ	fds_len+8(FP), SI
	CMPQ	SI, $const_maxNfds
	JGT	failed
	MOVQ	$const_sysPoll, AX
	XORL	DX, DX
	SYSCALL // overwrites CX and R11, which ABI0 leaves to the callee
	TESTQ	AX, AX
	JLT	failed
	MOVQ	AX, n+24(FP)
	XORL	AX, AX
	MOVQ	AX, err_itable+32(FP)
	MOVQ	AX, err_data+40(FP)
	RET
failed:
	JMP	·rawPollGo(SB)
#endif

#ifdef GOARCH_arm64
// The kernel does not write to a timeout of 0 (poll_select_finish in fs/select.c).
GLOBL zero<>(SB), RODATA|NOPTR, $16

TEXT ·rawPoll(SB), NOSPLIT|NOFRAME, $0-48
	MOVD	fds_base+0(FP), R0
	MOVD	fds_len+8(FP), R1
	MOVD	$const_maxNfds, R3
	CMP	R3, R1
	BGT	failed
	MOVD	$const_sysPpoll, R8
	MOVD	$zero<>(SB), R2
	MOVD	ZR, R3
	MOVD	ZR, R4
	SVC
	CMP	ZR, R0
	BLT	failed
	MOVD	R0, n+24(FP)
	MOVD	ZR, err_itable+32(FP)
	MOVD	ZR, err_data+40(FP)
	RET
failed:
	B	·rawPollGo(SB)
#endif
