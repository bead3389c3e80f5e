//go:build linux

package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A curve is the cost of one call in microseconds by some size.
type curve struct {
	name  string
	color color.Color
	plotter.XYs
}

func (c curve) last() plotter.XY { return c.XYs[len(c.XYs)-1] }

// curves makes those of poll, which Poller stands for, select and epoll.
func (b *bench) curves(row func(n int) string, sizes []int, rivals ...rival) (curves []curve) {
	for _, rv := range rivals {
		c := curve{rv.name, color.RGBA{0xb8, 0x44, 0x00, 0xff}, nil}
		switch rv.name {
		case poller.name:
			c.name, c.color = "poll", color.RGBA{0x00, 0x5a, 0x9c, 0xff}
		case epoll.name:
			c.color = color.RGBA{0x3f, 0x7a, 0x2a, 0xff}
		}
		for _, n := range sizes {
			c.XYs = append(c.XYs, plotter.XY{X: float64(n), Y: b.cost[row(n)][rv.name] / 1000})
		}
		curves = append(curves, c)
	}
	return curves
}

const (
	width, height = 600, 400 // points; at 420 pixels the text is 9 pixels high
	chartTitle    = "Ten descriptors cost poll the same, whatever their numbers.\nselect pays for the highest."
)

// chart draws how the highest number matters, on linear axes, and how many are
// watched, on logarithmic ones. Each curve has its name where it ends.
func chart(byNumber, byCount []curve, caption string) []byte {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	left, right := panel("µs per call, ten idle descriptors", "highest number", byNumber), panel("µs per call, more descriptors", "how many idle descriptors", byCount)
	poll, sel := byNumber[0].last(), byNumber[1].last()
	slope := 1e6 * (sel.Y - byNumber[1].XYs[0].Y) / (sel.X - byNumber[1].XYs[0].X)
	steep := fmt.Sprintf("%.0f ns for each\n1,000 numbers", slope)
	linear(&left.X, sel.X)
	linear(&left.Y, 1.3*sel.Y)
	label(left, byNumber[1], "select: "+steep, sel.X, 1.03*sel.Y, text.XRight, text.YBottom)
	label(left, byNumber[0], "poll", poll.X, poll.Y+0.03*sel.Y, text.XRight, text.YBottom)

	logarithmic(&right.X, 1, byCount[0].last().X, 12)
	logarithmic(&right.Y, byCount[2].last().Y/2, byCount[1].last().Y, 4)
	slices.SortFunc(byCount, func(a, b curve) int { return int(1000 * (a.last().Y - b.last().Y)) })
	free := 0.0
	for _, c := range byCount {
		y := max(c.last().Y, free)
		free = 2.2 * y // a line higher
		label(right, c, c.name, 1.4*c.last().X, y, text.XLeft, text.YCenter)
	}

	svg := vgsvg.New(width, height)
	all := draw.New(svg)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	style := left.Title.TextStyle
	style.Font.Size, style.XAlign, style.YAlign = 16, text.XLeft, text.YTop
	all.FillText(style, vg.Point{X: 10, Y: height - 8}, chartTitle)
	style.Font.Size, style.YAlign = 10.5, text.YBottom
	all.FillText(style, vg.Point{X: 10, Y: 6}, caption)
	tiles := draw.Tiles{Rows: 1, Cols: 2, PadX: 14, PadTop: 56, PadBottom: 40, PadLeft: 8, PadRight: 12}
	for i, c := range plot.Align([][]*plot.Plot{{left, right}}, tiles, all)[0] {
		[]*plot.Plot{left, right}[i].Draw(c)
	}
	var b bytes.Buffer
	_, err := svg.WriteTo(&b)
	must(err)
	// A title and a description are for those who can't see the chart. Arial and
	// Helvetica are as wide as Liberation Sans.
	describe := "<title>" + chartTitle + "</title>\n<desc>Left: one non-blocking poll of ten idle descriptors by their highest number. The line of poll is flat, that of select rises by " +
		steep + ". Right: by how many are watched. poll and select rise alike, epoll is flat.</desc>\n<g "
	s := strings.Replace(b.String(), "<g ", strings.ReplaceAll(describe, "numbers.\n", "numbers. "), 1)
	return []byte(strings.ReplaceAll(s, "Liberation Sans;", "Liberation Sans,Arial,Helvetica,sans-serif;"))
}

func panel(title, x string, curves []curve) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Title.Padding = title, x, 6
	for _, style := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label} {
		style.Font.Size = 13
	}
	grid := plotter.NewGrid()
	grid.Vertical.Width, grid.Horizontal.Color = 0, color.Gray{0xdd}
	p.Add(grid)
	for _, c := range curves {
		line, points, err := plotter.NewLinePoints(c.XYs)
		must(err)
		line.Width, line.Color = 2, c.color
		points.Shape, points.Radius, points.Color = draw.CircleGlyph{}, 2, c.color
		p.Add(line, points)
	}
	return p
}

func label(p *plot.Plot, c curve, label string, x, y float64, h text.XAlignment, v text.YAlignment) {
	l, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: x, Y: y}}, Labels: []string{label}})
	must(err)
	style := &l.TextStyle[0]
	style.Font, style.Color, style.XAlign, style.YAlign = font.From(plot.DefaultFont, 13), c.color, h, v
	p.Add(struct{ plot.Plotter }{l}) // without its size, which would move the axes
}

// ticks are at lo, lo+step, ... or, for a logarithmic axis, at powers of ten.
func ticks(lo, hi float64, next func(float64) float64) (ticks plot.ConstantTicks) {
	for x := lo; x <= hi; x = next(x) {
		label := strconv.FormatFloat(x, 'f', -1, 64)
		for n := len(label) - 3; n > 0 && x >= 1000; n -= 3 {
			label = label[:n] + "," + label[n:]
		}
		ticks = append(ticks, plot.Tick{Value: x, Label: label})
	}
	return ticks
}

// linear has at most five ticks.
func linear(axis *plot.Axis, hi float64) {
	step := math.Pow(10, math.Floor(math.Log10(hi/4)))
	for i := 0; hi/step > 4; i++ {
		step *= []float64{2, 2.5, 2}[i] // 1, 2, 5, 10
	}
	axis.Min, axis.Max = 0, 1.03*step*math.Ceil(hi/step)
	axis.Tick.Marker = ticks(0, axis.Max, func(x float64) float64 { return x + step })
}

func logarithmic(axis *plot.Axis, lo, hi, room float64) {
	axis.Min, axis.Max, axis.Scale = lo, hi*room, plot.LogScale{}
	axis.Tick.Marker = ticks(math.Pow(10, math.Ceil(math.Log10(lo))), 1.2*hi, func(x float64) float64 { return 10 * x })
}
