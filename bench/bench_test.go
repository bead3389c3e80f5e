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
	for _, row := range []string{idle(10), busy(10), oneCPU, numbered(128), "modify, ", busy(10) + ": Poller / C", idle(10) + ": RawPoll / unix.Poll"} {
		if !strings.Contains(out.String(), "| "+row) {
			t.Errorf("no row %q in\n%s", row, out.String())
		}
	}
	for element, least := range map[string]int{"<title>Ten": 1, "<desc>Left": 1, "<path ": 10} {
		if n := bytes.Count(svg, []byte(element)); n < least || least == 1 && n > 1 {
			t.Errorf("%d %s in the chart", n, element)
		}
	}
	if err := xml.Unmarshal(svg, new(struct{})); err != nil {
		t.Errorf("the chart: %v", err)
	}
}
