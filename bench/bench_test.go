//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/sys/unix"
)

func TestParse(t *testing.T) {
	for _, x := range []struct {
		args, wrong string // what the message has, "" for none
	}{
		{"", ""},
		{"-maxfd 64,1024 -nfds 1 -repeats 1 -quick -o a.svg", ""},
		{"-maxfd 64,x", `"x" is not a size`},
		{"-nfds 0", `"0" is not a size`},
		{"-nfds 10,10", "10 is not larger"},
		{"-nfds 1,", `"" is not a size`},
		{"-repeats 0", "-repeats 0"},
		{"-repeats many", "invalid value"},
		{"-o chart.png", "chart.png"},
		{"-fast", "not defined"},
		{"more", `unexpected argument "more"`},
	} {
		var message bytes.Buffer
		_, err := parse(strings.Fields(x.args), &message)
		if x.wrong == "" && err != nil || x.wrong != "" && (err == nil || !strings.Contains(message.String(), x.wrong)) {
			t.Errorf("%s: %v, message %q", x.args, err, message.String())
		}
	}
	if _, err := parse([]string{"-h"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
	if c, err := parse([]string{"-quick", "-nfds", "3"}, io.Discard); err != nil || c.repeats != 3 || join(c.nfds) != "3" || c.maxfd == nil {
		t.Errorf("-quick -nfds 3: %+v, %v", c, err)
	}
}

func TestCheckWritable(t *testing.T) {
	dir := t.TempDir()
	old, young := filepath.Join(dir, "old.svg"), filepath.Join(dir, "young.svg")
	if err := os.WriteFile(old, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{old, young} {
		discard, err := checkWritable(name)
		if err != nil {
			t.Fatal(err)
		}
		discard()
	}
	if b, err := os.ReadFile(old); string(b) != "old" {
		t.Errorf("what was there before: %q, %v", b, err)
	}
	if _, err := os.Stat(young); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was not there before: %v", err)
	}
	for _, name := range []string{dir, filepath.Join(dir, "none", "a.svg")} {
		if _, err := checkWritable(name); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestMedian(t *testing.T) {
	if got := median([]float64{9, 1, 2}); got != 2 {
		t.Error(got)
	}
	if got := median([]float64{9, 1, 2, 3}); got != 2.5 {
		t.Error(got)
	}
}

func TestFitExponent(t *testing.T) {
	sizes := []int{1, 10, 100, 1000, 10000}
	costs := func(f func(n float64) float64) (y []float64) {
		for _, n := range sizes {
			y = append(y, f(float64(n)))
		}
		return y
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 0.01 }
	if e := fitExponent(sizes, costs(func(n float64) float64 { return 7 * n * n })); !near(e.all, 2) || !near(e.last, 2) {
		t.Errorf("7n²: %+v", e)
	}
	if e := fitExponent(sizes, costs(func(float64) float64 { return 300 })); e.text("n") != "n^0.00, last decade 0.00" {
		t.Errorf("300: %s", e.text("n"))
	}
	if e := fitExponent(sizes, costs(func(n float64) float64 { return 1000 + n })); e.all > 0.5 || e.last < 0.5 {
		t.Errorf("1000 + n: %+v", e)
	}
	if s := fitExponent([]int{1, 100}, []float64{1, 100}).text("n"); s != "n^1.00" {
		t.Errorf("a last decade of one size: %s", s)
	}
	if s := fitExponent([]int{64}, []float64{1}).text("n"); s != "one size" {
		t.Errorf("one size: %s", s)
	}
}

func TestFirstWin(t *testing.T) {
	sizes := []int{1, 2, 4, 8}
	a := []float64{10, 20, 40, 80}
	for _, x := range []struct {
		b    []float64
		want int
		ok   bool
	}{
		{[]float64{30, 30, 30, 30}, 4, true},
		{[]float64{5, 30, 30, 30}, 4, true},
		{[]float64{5, 5, 5, 5}, 1, true},
		{[]float64{5, 5, 5, 90}, 0, false},
	} {
		if n, ok := firstWin(sizes, a, x.b); n != x.want || ok != x.ok {
			t.Errorf("%v: %d, %t", x.b, n, ok)
		}
	}
}

func TestFormatNs(t *testing.T) {
	for ns, want := range map[float64]string{0.5: "0.50 ns", 25.83: "25.8 ns", 999.4: "999 ns", 999.6: "1.00 µs", 48234: "48.2 µs", 1.5e9: "1.50 s", 4e12: "4000 s"} {
		if got := formatNs(ns); got != want {
			t.Errorf("%v: %q, want %q", ns, got, want)
		}
	}
}

func TestParseName(t *testing.T) {
	p, err := parseName(benchfmt.Name("Sparse/impl=poll/maxfd=64-2"))
	if want := (point{"Sparse", "poll", "maxfd", 64}); p != want || err != nil {
		t.Errorf("%+v, %v", p, err)
	}
	if p.name() != "Sparse/impl=poll/maxfd=64" {
		t.Error(p.name())
	}
	if _, err := parseName(benchfmt.Name("Sparse/maxfd=many")); err == nil {
		t.Error("no error")
	}
}

func TestChoose(t *testing.T) {
	c := &curve{key: "nfds", sizes: []int{1, 10, 100}}
	if err := c.choose([]int{1, 7}); err == nil || !strings.Contains(err.Error(), "no size 7 for -nfds; there are 1,10,100") {
		t.Error(err)
	}
	if err := c.choose([]int{10}); err != nil || join(c.sizes) != "10" {
		t.Error(c.sizes, err)
	}
}

func TestChart(t *testing.T) {
	for _, sizes := range [][]int{{64}, {1, 10}, {64, 1024, 19999}} {
		c := &curve{key: "n", sizes: sizes, cost: map[string][]float64{}}
		for _, impl := range impls {
			for _, n := range sizes {
				c.cost[impl] = append(c.cost[impl], 300+float64(n*len(impl)))
			}
		}
		svg, err := chart(c, c)
		if err != nil {
			t.Fatal(err)
		}
		for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		for _, text := range []string{">poll: ", ">select: ", "sans-serif"} {
			if !bytes.Contains(svg, []byte(text)) {
				t.Errorf("%v: the chart lacks %q", sizes, text)
			}
		}
		for _, text := range []string{"NaN", "Inf"} {
			if bytes.Contains(svg, []byte(text)) {
				t.Errorf("%v: the chart has %q", sizes, text)
			}
		}
	}
}

// TestRivals: each of them finds what it should, however often it is set up.
func TestRivals(t *testing.T) {
	p, err := openPipes(30)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	cat, err := startCat()
	if err != nil {
		t.Fatal(err)
	}
	contests := []contest{looks(p.r[:1]), looks(p.r), roundsOf(p.r, p.w, 1), roundsOf(p.r, p.w, 30), changes(p.r), trips("trips", cat)}
	for _, c := range contests {
		cost, err := c.hold(context.Background(), rivals, 3, time.Microsecond, newProgress())
		if err != nil {
			t.Error(err)
		}
		for _, rv := range rivals {
			if (c.open(&rv) != nil) != (cost[rv.name] > 0) {
				t.Errorf("%s, %s: %v", c.what, rv.name, cost[rv.name])
			}
		}
	}
	if err := cat.end(); err != nil {
		t.Error(err)
	}
}

func TestOnOneCPU(t *testing.T) {
	count := func() int {
		var set unix.CPUSet
		if err := unix.SchedGetaffinity(0, &set); err != nil {
			t.Fatal(err)
		}
		return set.Count()
	}
	before := count()
	err := onOneCPU(func() error {
		if n := count(); n != 1 {
			t.Errorf("%d", n)
		}
		return errWrong
	})
	if !errors.Is(err, errWrong) {
		t.Error(err)
	}
	if n := count(); n != before {
		t.Errorf("%d afterwards, %d before", n, before)
	}
}

func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	c := config{maxfd: sizes{64}, nfds: sizes{1, 10}, repeats: 1, quick: true, out: filepath.Join(t.TempDir(), "a.svg")}
	var b bytes.Buffer
	if err := run(context.Background(), c, &b); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"| maxfd |", "| nfds |", "Poller |", "costs epoll less"} {
		if !strings.Contains(b.String(), text) {
			t.Errorf("no %q in\n%s", text, b.String())
		}
	}
	if svg, err := os.ReadFile(c.out); !bytes.Contains(svg, []byte("<svg")) {
		t.Errorf("the chart: %v", err)
	}

	c.out = filepath.Join(filepath.Dir(c.out), "b.svg")
	c.nfds = sizes{7}
	if err := run(context.Background(), c, io.Discard); err == nil {
		t.Error("a size that there is not: no error")
	}
	if _, err := os.Stat(c.out); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty chart is left: %v", err)
	}
}
