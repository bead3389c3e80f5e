package main

import (
	"runtime"
	"strings"
	"testing"
	"unsafe"
)

// TestABI checks sizes, offsets and ioctl numbers. They are the same on every architecture,
// except the number of _IOR on MIPS and PowerPC.
func TestABI(t *testing.T) {
	var (
		chip    chipInfo
		info    lineInfo
		config  lineConfig
		request lineRequest
		event   lineEvent
	)
	chipNumber := uintptr(0x8044b401)
	if strings.HasPrefix(runtime.GOARCH, "mips") || strings.HasPrefix(runtime.GOARCH, "ppc64") {
		chipNumber = 0x4044b401
	}
	for _, test := range []struct {
		what      string
		got, want uintptr
	}{
		{"sizeof gpiochip_info", unsafe.Sizeof(chip), 68},
		{"gpiochip_info.lines", unsafe.Offsetof(chip.lines), 64},
		{"sizeof gpio_v2_line_info", unsafe.Sizeof(info), 256},
		{"gpio_v2_line_info.consumer", unsafe.Offsetof(info.consumer), 32},
		{"gpio_v2_line_info.offset", unsafe.Offsetof(info.offset), 64},
		{"gpio_v2_line_info.flags", unsafe.Offsetof(info.flags), 72},
		{"gpio_v2_line_info.attrs", unsafe.Offsetof(info.attrs), 80},
		{"sizeof gpio_v2_line_attribute", unsafe.Sizeof(info.attrs[0]), 16},
		{"sizeof gpio_v2_line_config", unsafe.Sizeof(config), 272},
		{"sizeof gpio_v2_line_config_attribute", unsafe.Sizeof(config.attrs[0]), 24},
		{"gpio_v2_line_config.attrs", unsafe.Offsetof(config.attrs), 32},
		{"sizeof gpio_v2_line_request", unsafe.Sizeof(request), 592},
		{"gpio_v2_line_request.consumer", unsafe.Offsetof(request.consumer), 256},
		{"gpio_v2_line_request.config", unsafe.Offsetof(request.config), 288},
		{"gpio_v2_line_request.num_lines", unsafe.Offsetof(request.numLines), 560},
		{"gpio_v2_line_request.fd", unsafe.Offsetof(request.fd), 588},
		{"sizeof gpio_v2_line_event", unsafe.Sizeof(event), 48},
		{"gpio_v2_line_event.id", unsafe.Offsetof(event.id), 8},
		{"gpio_v2_line_event.offset", unsafe.Offsetof(event.offset), 12},
		{"gpio_v2_line_event.seqno", unsafe.Offsetof(event.seqno), 16},
		{"gpio_v2_line_event.line_seqno", unsafe.Offsetof(event.lineSeqno), 20},
		{"GPIO_GET_CHIPINFO_IOCTL", getChipInfo, chipNumber},
		{"GPIO_V2_GET_LINEINFO_IOCTL", getLineInfo, 0xc100b405},
		{"GPIO_V2_GET_LINE_IOCTL", getLine, 0xc250b407},
	} {
		if test.got != test.want {
			t.Errorf("%s: %#x, want %#x", test.what, test.got, test.want)
		}
	}
}

// TestRequest checks each field of a request that is not zero.
func TestRequest(t *testing.T) {
	want := lineRequest{numLines: 1}
	want.offsets[0] = 17
	copy(want.consumer[:], "poll gpio example")
	for edge, flags := range map[string]uint64{"rising": 0x14, "falling": 0x24, "both": 0x34} {
		want.config.flags = flags
		if got := newRequest(17, edge); got != want {
			t.Errorf("%s: %+v", edge, got)
		}
	}
}
