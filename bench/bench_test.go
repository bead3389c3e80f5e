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

// TestQuick checks that everything is measured, that no rival gives a wrong answer,
// and that README.md describes each column of the tables.
func TestQuick(t *testing.T) {
	var tables, ratios bytes.Buffer
	b := bench{w: &tables, repeats: 3, block: 100 * time.Microsecond}
	checkChart(t, b.all())
	b.ratios(&ratios)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	columns := 0
	for line := range strings.Lines(tables.String() + ratios.String()) {
		cells := strings.Split(line, "|")
		switch {
		case len(cells) == 1:
			columns = 0
		case columns == 0:
			columns = len(cells)
			for _, name := range cells[2 : len(cells)-1] {
				name = strings.TrimSpace(name)
				if !strings.Contains(ratios.String(), line) && !strings.Contains(string(readme), "\n| "+name+" |") {
					t.Errorf("README.md does not describe the column %q", name)
				}
			}
		case len(cells) != columns:
			t.Errorf("%d columns instead of %d: %s", len(cells), columns, line)
		}
	}
	for _, row := range []string{idle(0), idle(10), busy(10), allReady(100), "modify", numbered(128), oneCPU, cpuTime(oneCPU), busy(10) + ": Poller / C", allReady(100) + ": Poller / Poll"} {
		if !strings.Contains(tables.String()+ratios.String(), "\n| "+row) {
			t.Errorf("no row %q in\n%s%s", row, &tables, &ratios)
		}
	}
	if s := b.figures(); strings.Count(s, "\n- ") != 2 || regexp.MustCompile(`NaN|%!|Inf`).MatchString(s) {
		t.Errorf("figures:\n%s", s)
	}
	for _, name := range []string{"tables", "figures"} {
		if got := replace(string(readme), name, "NEW\n"); strings.Count(got, "\n<!-- "+name+" -->\nNEW\n<!-- /"+name+" -->\n") != 1 {
			t.Errorf("README.md has no section %s", name)
		}
	}
}

// TestChart checks the chart of a machine that allows a million descriptors, and of
// one where no curve rises.
func TestChart(t *testing.T) {
	line := func(name string, to, slope float64) curve {
		return curve{name, []point{{to / 8, 0.1 + slope*to/8}, {to, 0.1 + slope*to}}}
	}
	for slope, labels := range map[float64]string{
		0.045: "poll: flat; select: +45 ns; epoll: flat; select: +50 ns; poll: +45 ns",
		0:     "poll: flat; select: flat; poll: flat; select: flat; epoll: flat",
	} {
		svg := checkChart(t, chart([]curve{line("poll", 1000, 0), line("select", 1000, slope)},
			[]curve{line("poll", 1000, slope), line("select", 1000, 1.1*slope), line("epoll", 1000, 0)}, []string{"machine"}))
		var got []string
		for _, label := range regexp.MustCompile(`>((poll|select|epoll): .*)</text>`).FindAllStringSubmatch(svg, -1) {
			got = append(got, label[1])
		}
		if strings.Join(got, "; ") != labels {
			t.Errorf("slope %v: %q", slope, got)
		}
	}
}

// checkChart checks that it is an SVG with five curves whose texts end inside.
func checkChart(t *testing.T, svg []byte) string {
	t.Helper()
	var chart struct {
		Title string     `xml:"title"`
		Desc  string     `xml:"desc"`
		Lines []struct{} `xml:"polyline"`
		Texts []struct {
			Class  string  `xml:"class,attr"`
			Anchor string  `xml:"text-anchor,attr"`
			X      float64 `xml:"x,attr"`
			Y      float64 `xml:"y,attr"`
			Text   string  `xml:",chardata"`
		} `xml:"text"`
	}
	if err := xml.Unmarshal(svg, &chart); err != nil {
		t.Fatalf("the chart: %v", err)
	}
	if chart.Title == "" || chart.Desc == "" || len(chart.Lines) != 5 {
		t.Errorf("title %q, description %q, %d lines", chart.Title, chart.Desc, len(chart.Lines))
	}
	for _, s := range chart.Texts {
		size := map[string]float64{"title": 19, "caption": 12.5}[s.Class]
		if size == 0 {
			size = 15
		}
		w := 0.52 * size * float64(len([]rune(s.Text))) // Arial's mean width and some more
		left := s.X - w*map[string]float64{"middle": 0.5, "end": 1}[s.Anchor]
		if left < 0 || left+w > width || s.Y < size || s.Y > height-4 {
			t.Errorf("%q reaches from %.0f to %.0f at %.0f", s.Text, left, left+w, s.Y)
		}
	}
	return string(svg)
}
