//go:build linux

// The measurements of the root's own benchmarks: what is drawn is what
// go test -bench prints there.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"
)

const module = "example.com/poll"

// A root is the compiled test binary of the root module.
type root struct {
	dir, binary string
}

// buildRoot compiles the test binary into the directory tmp.
func buildRoot(ctx context.Context, tmp string) (*root, error) {
	dir, err := command(ctx, "", "go", "list", "-m", "-f", "{{.Dir}}", module)
	if err != nil {
		return nil, fmt.Errorf("finding %s (run this in its bench directory): %w", module, err)
	}
	r := &root{dir: strings.TrimSpace(string(dir)), binary: filepath.Join(tmp, "poll.test")}
	if _, err := command(ctx, r.dir, "go", "test", "-c", "-o", r.binary, "."); err != nil {
		return nil, fmt.Errorf("compiling the benchmarks: %w", err)
	}
	return r, nil
}

// command returns the standard output. What failed is in the error.
func command(ctx context.Context, dir, name string, arg ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, arg...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s%s", filepath.Base(name), err, stderr.Bytes(), out)
	}
	return out, nil
}

// A point is one benchmark: Dense/impl=poll/nfds=10.
type point struct {
	bench string // "Sparse"
	impl  string // "poll"
	key   string // "maxfd"
	size  int
}

func (p point) name() string { return fmt.Sprintf("%s/impl=%s/%s=%d", p.bench, p.impl, p.key, p.size) }

// run runs the benchmarks that pattern selects, once each, and hands over
// nanoseconds an op. It returns what the binary says of the processor.
func (r *root) run(ctx context.Context, pattern string, benchtime string, each func(p point, ns float64)) (cpu string, err error) {
	out, err := command(ctx, r.dir, r.binary, "-test.run=^$", "-test.bench="+pattern, "-test.benchtime="+benchtime)
	if err != nil {
		return "", err
	}
	br := benchfmt.NewReader(bytes.NewReader(out), "benchmarks")
	for br.Scan() {
		switch rec := br.Result().(type) {
		case *benchfmt.SyntaxError:
			return "", rec
		case *benchfmt.Result:
			cpu = rec.GetConfig("cpu")
			p, err := parseName(rec.Name)
			if err != nil {
				return "", err
			}
			sec, ok := rec.Value("sec/op")
			if !ok {
				return "", fmt.Errorf("%s: no time", rec.Name)
			}
			each(p, sec*1e9)
		}
	}
	return cpu, br.Err()
}

func parseName(n benchfmt.Name) (point, error) {
	base, parts := n.Parts()
	p := point{bench: string(base)}
	for _, part := range parts {
		key, value, ok := strings.Cut(strings.TrimPrefix(string(part), "/"), "=")
		switch {
		case !ok: // the -GOMAXPROCS at the end
		case key == "impl":
			p.impl = value
		default:
			size, err := strconv.Atoi(value)
			if err != nil {
				return p, fmt.Errorf("benchmark %s: %w", n, err)
			}
			p.key, p.size = key, size
		}
	}
	return p, nil
}

// A curve is the median cost of one look by size, for each implementation.
type curve struct {
	bench string
	key   string
	sizes []int                // growing
	cost  map[string][]float64 // by impl: nanoseconds, as sizes
}

var impls = []string{"poll", "select"}

// findSizes runs everything once, and lists the sizes that fit this machine.
func (r *root) findSizes(ctx context.Context, bench string) (c *curve, cpu string, err error) {
	c = &curve{bench: bench, cost: map[string][]float64{}}
	cpu, err = r.run(ctx, "^Benchmark"+bench+"$", "1x", func(p point, _ float64) {
		if p.impl == impls[0] {
			c.key = p.key
			c.sizes = append(c.sizes, p.size)
		}
	})
	if err == nil && len(c.sizes) == 0 {
		err = fmt.Errorf("no Benchmark%s in %s", bench, r.dir)
	}
	return c, cpu, err
}

// choose keeps the sizes that are asked for.
func (c *curve) choose(sizes []int) error {
	if sizes == nil {
		return nil
	}
	have := map[int]bool{}
	for _, n := range c.sizes {
		have[n] = true
	}
	for _, n := range sizes {
		if !have[n] {
			return fmt.Errorf("no size %d for -%s; there are %s", n, c.key, join(c.sizes))
		}
	}
	c.sizes = sizes
	return nil
}

func join(sizes []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(sizes), " ", ","), "[]")
}

// measure fills in the costs. One run of the binary has both implementations
// at one size, next to each other in time; the repeats go over all sizes, so
// that a machine that is disturbed for a while bends both lines alike, and the
// median leaves it out.
func (r *root) measure(ctx context.Context, curves []*curve, repeats int, benchtime time.Duration, pr *progress) error {
	all := map[point][]float64{}
	for i := 0; i < repeats; i++ {
		for _, c := range curves {
			for _, n := range c.sizes {
				pr.step("repeat %d of %d: %s, %s=%d", i+1, repeats, c.bench, c.key, n)
				pattern := fmt.Sprintf("^Benchmark%s$/^impl=(%s)$/^%s=%d$", c.bench, strings.Join(impls, "|"), c.key, n)
				_, err := r.run(ctx, pattern, benchtime.String(), func(p point, ns float64) {
					all[p] = append(all[p], ns)
				})
				if err != nil {
					return err
				}
			}
		}
	}
	for _, c := range curves {
		for _, impl := range impls {
			for _, n := range c.sizes {
				p := point{c.bench, impl, c.key, n}
				if len(all[p]) == 0 {
					return errors.New("no result for " + p.name())
				}
				c.cost[impl] = append(c.cost[impl], median(all[p]))
			}
		}
	}
	return nil
}
