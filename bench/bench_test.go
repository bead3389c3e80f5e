//go:build linux

package main

import (
	"bytes"
	"encoding/xml"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestQuick checks that everything is measured, that no rival gives a wrong answer, that
// the chart is complete, and that README.md has the places for the tables and figures.
func TestQuick(t *testing.T) {
	var out bytes.Buffer
	b := bench{w: &out, repeats: 3, block: 100 * time.Microsecond}
	svg := b.all()
	b.ratios(&out)
	for _, row := range []string{idle(0), idle(10), busy(10), allReady(100), oneOf(unregister, 1000), oneOf(disable, 1000), oneOf(modify, 1000), numbered(128), oneCPU, busy(10) + ": Poller / C", allReady(100) + ": Poller / Poll"} {
		if !strings.Contains(out.String(), "\n| "+row) {
			t.Errorf("no row %q in\n%s", row, &out)
		}
	}
	if s := b.figures(); strings.Count(s, "\n- ") != 2 || regexp.MustCompile(`NaN|%!|Inf|.{93}`).MatchString(s) {
		t.Errorf("figures:\n%s", s)
	}
	if err := xml.Unmarshal(svg, new(struct{})); err != nil || !bytes.Contains(svg, []byte("<title>poll pays")) || bytes.Contains(svg, []byte("NaN")) {
		t.Errorf("the chart: %v\n%s", err, svg)
	}
	if n := len(regexp.MustCompile(`>(poll|select|epoll): (flat|\+\d+ ns)</text>`).FindAll(svg, -1)); n != 5 {
		t.Errorf("%d curves have a name:\n%s", n, svg)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tables", "figures"} {
		if got := replace(string(readme), name, "NEW\n"); strings.Count(got, "\n<!-- "+name+" -->\nNEW\n<!-- /"+name+" -->\n") != 1 {
			t.Errorf("README.md has no section %s", name)
		}
	}
}
