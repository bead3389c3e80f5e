package main

import (
	"runtime"
	"strings"
	"unsafe"
)

// The structs of linux/gpio.h, version 2 (Linux 5.10). The offset of every 64-bit field is
// a multiple of 8, so the layout is right even where Go aligns uint64 to 4 bytes.

type chipInfo struct { // struct gpiochip_info
	name, label [32]byte
	lines       uint32
}

type lineAttribute struct { // struct gpio_v2_line_attribute
	id, _ uint32
	value uint64
}

type lineInfo struct { // struct gpio_v2_line_info
	name, consumer   [32]byte
	offset, numAttrs uint32
	flags            uint64
	attrs            [10]lineAttribute
	_                [4]uint32
}

type lineConfig struct { // struct gpio_v2_line_config
	flags    uint64
	numAttrs uint32
	_        [5]uint32
	attrs    [10]struct {
		attr lineAttribute
		mask uint64
	}
}

type lineRequest struct { // struct gpio_v2_line_request
	offsets                   [64]uint32
	consumer                  [32]byte
	config                    lineConfig
	numLines, eventBufferSize uint32
	_                         [5]uint32
	fd                        int32
}

type lineEvent struct { // struct gpio_v2_line_event
	timestamp  uint64 // in nanoseconds, CLOCK_MONOTONIC
	id, offset uint32
	seqno      uint32 // counts the edges of all lines in the request
	lineSeqno  uint32 // counts the edges of this line, from 1
	_          [6]uint32
}

const (
	flagInput   = 1 << 2 // GPIO_V2_LINE_FLAG_INPUT
	flagRising  = 1 << 4 // GPIO_V2_LINE_FLAG_EDGE_RISING
	flagFalling = 1 << 5 // GPIO_V2_LINE_FLAG_EDGE_FALLING

	eventRising  = 1 // GPIO_V2_LINE_EVENT_RISING_EDGE
	eventFalling = 2 // GPIO_V2_LINE_EVENT_FALLING_EDGE
)

var edgeFlags = map[string]uint64{
	"rising": flagRising, "falling": flagFalling, "both": flagRising | flagFalling,
}

var (
	getChipInfo = ior(0x01, unsafe.Sizeof(chipInfo{}))     // GPIO_GET_CHIPINFO_IOCTL
	getLineInfo = iowr(0x05, unsafe.Sizeof(lineInfo{}))    // GPIO_V2_GET_LINEINFO_IOCTL
	getLine     = iowr(0x07, unsafe.Sizeof(lineRequest{})) // GPIO_V2_GET_LINE_IOCTL
)

// ior and iowr are _IOR and _IOWR of linux/ioctl.h for GPIO, whose type is 0xb4.
func ior(nr, size uintptr) uintptr {
	if strings.HasPrefix(runtime.GOARCH, "mips") || strings.HasPrefix(runtime.GOARCH, "ppc64") {
		return 2<<29 | size<<16 | 0xb4<<8 | nr
	}
	return 2<<30 | size<<16 | 0xb4<<8 | nr
}

func iowr(nr, size uintptr) uintptr { // the same on every architecture
	return 3<<30 | size<<16 | 0xb4<<8 | nr
}
