//go:build linux

package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestQuick checks that everything is measured, that no rival gives a wrong
// answer, and that the chart is an SVG with a title and a description.
func TestQuick(t *testing.T) {
	out := filepath.Join(t.TempDir(), "chart.svg")
	var stdout, stderr bytes.Buffer
	if status := run([]string{"-quick", "-ratios", "-o", out}, &stdout, &stderr); status != 0 {
		t.Fatalf("status %d\n%s%s", status, stdout.String(), stderr.String())
	}
	for _, row := range []string{idle(10), busy(10), oneCPU, numbered(128), "modify", "/ unix.Poll"} {
		if !strings.Contains(stdout.String(), "| "+row) && !strings.Contains(stdout.String(), row) {
			t.Errorf("no row %q", row)
		}
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	elements := map[string]int{}
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok {
			elements[start.Name.Local]++
		}
	}
	if elements["title"] != 1 || elements["desc"] != 1 || elements["path"] < 10 {
		t.Errorf("elements of the chart: %v", elements)
	}
}

// TestBadArguments checks that bad arguments are refused before anything is
// measured or written.
func TestBadArguments(t *testing.T) {
	for _, x := range []struct {
		args   string
		status int
		says   string
	}{
		{"-fast", 2, "-fast"},
		{"more", 2, `unexpected argument "more"`},
		{"-o /nonexistent/chart.svg", 1, "/nonexistent/chart.svg"},
		{"-h", 0, "-quick"},
	} {
		var stdout, stderr bytes.Buffer
		status := run(strings.Fields(x.args), &stdout, &stderr)
		if status != x.status || !strings.Contains(stderr.String(), x.says) || stdout.Len() > 0 {
			t.Errorf("args=%s: status %d, %q, %q", x.args, status, stdout.String(), stderr.String())
		}
	}
}
