//go:build linux

package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// A curve is what a call takes beyond an empty one, in microseconds, by some size.
type curve struct {
	name   string
	points []point
}

type point struct{ x, y float64 }

// slope is that of the straight line that fits the points best (least squares).
func (c curve) slope() float64 {
	var mean point
	for _, p := range c.points {
		mean.x += p.x / float64(len(c.points))
		mean.y += p.y / float64(len(c.points))
	}
	var xy, xx float64
	for _, p := range c.points {
		xy += (p.x - mean.x) * (p.y - mean.y)
		xx += (p.x - mean.x) * (p.x - mean.x)
	}
	return xy / xx
}

// curves are those of rivals: what their rows cost beyond the row of an empty call,
// by sizes of a unit.
func (b *bench) curves(empty string, row func(n int) string, sizes []int, unit float64, rivals ...rival) (curves []curve) {
	for _, rv := range rivals {
		c := curve{name: strings.ToLower(rv.name)}
		for _, n := range sizes {
			c.points = append(c.points, point{float64(n) / unit, (b.cost[row(n)][rv.name] - b.cost[empty][rv.name]) / 1000})
		}
		curves = append(curves, c)
	}
	return curves
}

func (c curve) last() point { return c.points[len(c.points)-1] }

// A panel is a half of the chart, with linear axes from 0.
type panel struct {
	left           float64 // where its plot begins
	title, x, each string  // over it, under it, and what a slope is given for
	curves         []curve
}

// In units of the SVG, which are pixels at its natural size. At a width of 420
// pixels the text is 11 high, the caption 9.
const (
	width, height         = 560, 436
	plotTop, plotBottom   = 120, 320
	plotWidth, lineHeight = 190, 19
	chartTitle            = "poll pays for each descriptor."
	chartSubtitle         = "select pays for high numbers, too."
)

// The colors are those of GitHub's light and dark pages.
const chartHead = `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d" role="img">
<title>%[3]s</title>
<desc>%[4]s</desc>
<style>
text { font: 15px Arial, Helvetica, "Liberation Sans", sans-serif; stroke-width: 3px; stroke-linejoin: round; paint-order: stroke }
.title { font-size: 19px; font-weight: bold }
.caption { font-size: 12.5px }
polyline { fill: none !important; stroke-width: 2.5px }
text, .back { stroke: #fff } .back { fill: #fff }
text { fill: #1f2328 } .caption { fill: #59636e }
.grid { stroke: #d1d9e0 }
.poll { fill: #0969da } polyline.poll { stroke: #0969da }
.select { fill: #bc4c00 } polyline.select { stroke: #bc4c00 }
.epoll { fill: #1a7f37 } polyline.epoll { stroke: #1a7f37 }
@media (prefers-color-scheme: dark) {
text, .back { stroke: #0d1117 } .back { fill: #0d1117 }
text { fill: #f0f6fc } .caption { fill: #9198a1 }
.grid { stroke: #3d444d }
.poll { fill: #58a6ff } polyline.poll { stroke: #58a6ff }
.select { fill: #f0883e } polyline.select { stroke: #f0883e }
.epoll { fill: #56d364 } polyline.epoll { stroke: #56d364 }
}
</style>
<rect class="back" width="%[1]d" height="%[2]d"/>
`

// chart draws what the number of a descriptor costs, in thousands, and how many
// descriptors do.
func chart(byNumber, byCount []curve, caption []string) []byte {
	panels := []panel{
		{50, "One idle descriptor:", "its number, in thousands", "for each 1,000", byNumber},
		{346, "Many idle descriptors:", "how many", "for each descriptor", byCount},
	}
	var said []string
	for _, p := range panels {
		var curves []string
		for _, c := range p.curves {
			curves = append(curves, p.label(c))
		}
		said = append(said, fmt.Sprintf("%s microseconds beyond an empty call, by %s. %s (%s).", p.title, p.x, strings.Join(curves, ", "), p.each))
	}
	var s svg
	fmt.Fprintf(&s, chartHead, width, height, chartTitle+" "+chartSubtitle, strings.Join(said, " "))
	s.text("title", "start", 12, 28, chartTitle)
	s.text("title", "start", 12, 52, chartSubtitle)
	for _, p := range panels {
		s.panel(p)
	}
	for i, line := range caption {
		s.text("caption", "start", 12, height-10-17*float64(len(caption)-1-i), line)
	}
	s.WriteString("</svg>\n")
	return []byte(s.String())
}

// An svg is text that elements are added to.
type svg struct{ strings.Builder }

func (s *svg) text(class, anchor string, x, y float64, text string) {
	text = strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(text)
	fmt.Fprintf(s, "<text class=%q text-anchor=%q x=\"%.1f\" y=\"%.1f\">%s</text>\n", class, anchor, x, y, text)
}

func (s *svg) panel(p panel) {
	var most point
	for _, c := range p.curves {
		for _, pt := range c.points {
			most = point{max(most.x, pt.x), max(most.y, pt.y)}
		}
	}
	xStep, yStep := step(most.x), step(most.y)
	top := point{xStep * math.Ceil(most.x/xStep), yStep * math.Ceil(most.y/yStep)}
	x := func(v float64) float64 { return p.left + plotWidth*v/top.x }
	y := func(v float64) float64 { return plotBottom - (plotBottom-plotTop)*v/top.y }

	s.text("", "start", p.left-38, plotTop-34, p.title)
	s.text("", "start", p.left-38, plotTop-14, "µs beyond an empty call")
	for v := 0.0; v <= 1.001*top.y; v += yStep {
		fmt.Fprintf(s, "<path class=\"grid\" d=\"M%.1f %.1fh%d\"/>\n", p.left, y(v), plotWidth)
		s.text("", "end", p.left-6, y(v)+5, commas(v))
	}
	for v := 0.0; v <= 1.001*top.x; v += xStep {
		fmt.Fprintf(s, "<path class=\"grid\" d=\"M%.1f %dv5\"/>\n", x(v), plotBottom)
		s.text("", "middle", x(v), plotBottom+20, commas(v))
	}
	s.text("", "middle", x(top.x/2), plotBottom+41, p.x)

	// The highest is drawn first and widest, so one below another is seen.
	curves := slices.Clone(p.curves)
	slices.SortFunc(curves, func(a, b curve) int { return cmp.Compare(b.last().y, a.last().y) })
	for _, c := range curves {
		var line []string
		for _, pt := range c.points {
			line = append(line, fmt.Sprintf("%.1f,%.1f", x(pt.x), y(pt.y)))
			fmt.Fprintf(s, "<circle class=%q r=\"3\" cx=\"%.1f\" cy=\"%.1f\"/>\n", c.name, x(pt.x), y(pt.y))
		}
		fmt.Fprintf(s, "<polyline class=%q points=%q/>\n", c.name, strings.Join(line, " "))
	}

	// The labels of curves that rise are a block to the left of the highest, from its
	// end down; that of a flat one is over its end.
	var rising []curve
	flats := 0.0
	for _, c := range curves {
		if !p.flat(c) {
			rising = append(rising, c)
			continue
		}
		s.text(c.name, "end", x(c.last().x), y(c.last().y)-8-flats*lineHeight, p.label(c))
		flats++
	}
	lines := float64(len(rising))*lineHeight + 10
	right := x(curves[0].reach(most.y-top.y*lines/(plotBottom-plotTop))) - 8
	for i, c := range rising {
		s.text(c.name, "end", right, y(most.y)+lineHeight*float64(i)+5, p.label(c))
	}
	if len(rising) > 0 {
		s.text("", "end", right, y(most.y)+lineHeight*float64(len(rising))+5, p.each)
	}
}

// reach returns where c is as high as y for the first time.
func (c curve) reach(y float64) float64 {
	for i, b := range c.points[1:] {
		if a := c.points[i]; b.y >= y {
			return max(a.x, a.x+(b.x-a.x)*(y-a.y)/(b.y-a.y))
		}
	}
	return c.last().x
}

// flat reports whether c rises by less than a 25th of the highest curve.
func (p panel) flat(c curve) bool {
	most := 0.0
	for _, c := range p.curves {
		most = max(most, c.last().y)
	}
	return c.slope()*c.last().x < most/25
}

func (p panel) label(c curve) string {
	if p.flat(c) {
		return c.name + ": flat"
	}
	ns := 1000 * c.slope()
	if ns < 9.95 || ns > 999.5 {
		return c.name + ": +" + formatNs(ns)
	}
	return fmt.Sprintf("%s: +%.0f ns", c.name, ns)
}

// step is the distance of at most five ticks, 1, 2 or 5 times a power of ten.
func step(hi float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(hi/5)))
	for _, n := range []float64{1, 2, 5} {
		if hi/(n*power) <= 5 {
			return n * power
		}
	}
	return 10 * power
}
