//go:build linux

package main

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"
	"time"
)

// TestQuick checks that everything is measured, that no rival gives a wrong answer,
// and that the chart is an SVG with a title and a description.
func TestQuick(t *testing.T) {
	var out bytes.Buffer
	b := bench{w: &out, repeats: 3, block: 100 * time.Microsecond}
	svg := b.all()
	b.ratios()
	out.Write(svg)
	for _, part := range []string{
		"| " + idle(10), "| " + busy(10), "| " + oneCPU, "| " + numbered(128), "| modify, 1000", "10 ready: Poller / C", "RawPoll / unix",
		"<title>Ten", "<desc>Left", "<path ",
	} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("no %q in\n%s", part, out.String())
		}
	}
	if err := xml.Unmarshal(svg, new(struct{})); err != nil {
		t.Errorf("the chart: %v", err)
	}
}
