//go:build linux

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A curve is the time of a call minus that of an empty call, in microseconds, as a function
// of some size.
type curve struct {
	plotter.XYs
	name  string
	slope float64 // of the straight line that fits best
}

// curves returns a curve for each rival: its cost in each row minus its cost in the row
// empty. The x values are sizes divided by unit.
func (b *bench) curves(empty string, row func(n int) string, sizes []int, unit float64, rivals ...rival) (curves []curve) {
	for _, rv := range rivals {
		var xs, ys []float64
		c := curve{name: strings.ToLower(rv.name)}
		for i, n := range sizes {
			xs, ys = append(xs, float64(n)/unit), append(ys, (b.cost[row(n)][rv.name]-b.cost[empty][rv.name])/1000)
			c.XYs = append(c.XYs, plotter.XY{X: xs[i], Y: ys[i]})
		}
		_, c.slope = stat.LinearRegression(xs, ys, nil, false)
		curves = append(curves, c)
	}
	return curves
}

func (c curve) last() plotter.XY { return c.XYs[len(c.XYs)-1] }

// reach returns where c is as high as y for the first time.
func (c curve) reach(y float64) float64 {
	for i, q := range c.XYs[1:] {
		if p := c.XYs[i]; q.Y >= y {
			return max(p.X, p.X+(q.X-p.X)*(y-p.Y)/(q.Y-p.Y))
		}
	}
	return c.last().X
}

// A panel is a part of the chart.
type panel struct {
	title, x, each string // above it, below it, and what a slope is for, if any
	curves         []curve
}

const (
	width, height = 560, 436 // points; at 420 pixels wide the text is 11 pixels high
	textSize      = vg.Length(15)
	lineHeight    = 1.25 // times the size
)

var colors = map[string]color.Color{
	"poll":   color.RGBA{0x09, 0x69, 0xda, 0xff},
	"select": color.RGBA{0xbc, 0x4c, 0x00, 0xff},
	"epoll":  color.RGBA{0x1a, 0x7f, 0x37, 0xff},
}

// chart draws panels side by side. unit is that of the vertical axes.
func chart(title []string, unit string, panels []panel, caption []string) []byte {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	svg := vgsvg.New(width, height)
	all := draw.New(svg)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	write := func(size vg.Length, weight xfont.Weight, x, y vg.Length, lines ...string) {
		style := text.Style{Font: font.From(plot.DefaultFont, size), YAlign: text.YTop, Handler: plot.DefaultTextHandler, Color: color.Black}
		style.Font.Weight = weight
		for i, line := range lines {
			all.FillText(style, vg.Point{X: x, Y: y - lineHeight*size*vg.Length(i)}, line)
		}
	}
	write(19, xfont.WeightBold, 12, height-10, title...)
	below := 8 + lineHeight*12.5*vg.Length(len(caption))
	write(12.5, xfont.WeightNormal, 12, below, caption...)
	plots := [][]*plot.Plot{nil}
	for _, p := range panels {
		plots[0] = append(plots[0], p.plot())
	}
	tiles := draw.Tiles{Rows: 1, Cols: len(panels), PadX: 24, PadTop: 118, PadBottom: below + 17, PadLeft: 12, PadRight: 26}
	for i, c := range plot.Align(plots, tiles, all)[0] {
		p := panels[i]
		write(textSize, xfont.WeightNormal, c.Min.X, c.Max.Y+46, p.title, unit)
		plots[0][i].Draw(c)
	}
	var b bytes.Buffer
	_, err := svg.WriteTo(&b)
	must(err)
	// A title is for those who can't see the chart. Arial and Helvetica are as wide as
	// Liberation Sans.
	s := strings.Replace(b.String(), "<g ", "<title>"+strings.Join(title, " ")+"</title>\n<g ", 1)
	return []byte(strings.ReplaceAll(s, "Liberation Sans;", "Liberation Sans,Arial,Helvetica,sans-serif;"))
}

func (pn panel) plot() *plot.Plot {
	p := plot.New()
	p.X.Label.Text, p.X.Label.TextStyle.Font.Size, p.X.Label.Padding = pn.x, textSize, 4
	// The highest curve is drawn first, so the others lie on top of it.
	slices.SortFunc(pn.curves, func(a, b curve) int { return cmp.Compare(b.last().Y, a.last().Y) })
	for _, c := range pn.curves {
		line, points, err := plotter.NewLinePoints(c.XYs)
		must(err)
		line.Width, line.Color = 2.5, colors[c.name]
		points.Shape, points.Radius, points.Color = draw.CircleGlyph{}, 3, colors[c.name]
		p.Add(line, points)
	}
	p.Add(pn)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Tick.Label.Font.Size, axis.Padding, axis.Min = textSize, 0, 0
		axis.Tick.Marker, axis.Max = ticks(axis.Max)
	}
	p.Y.Min = -p.Y.Max / 50 // noise makes epoll negative
	return p
}

// ticks returns at most six ticks, 1, 2 or 5 times a power of ten apart, and the last
// value.
func ticks(most float64) (ticks plot.ConstantTicks, last float64) {
	step := math.Pow(10, math.Floor(math.Log10(most/5)))
	for i := 0; most/step > 5; i++ {
		step *= []float64{2, 2.5, 2}[i]
	}
	for i := range int(math.Ceil(most/step)) + 1 {
		last = float64(i) * step
		ticks = append(ticks, plot.Tick{Value: last, Label: commas(last)})
	}
	return ticks, last
}

// Plot draws the labels. Labels of rising curves form a block left of the highest curve,
// starting level with its end. A flat curve's label is above its end. There is no grid,
// since labels would stand on its lines.
func (pn panel) Plot(c draw.Canvas, p *plot.Plot) {
	trX, trY := p.Transforms(&c)
	style := text.Style{Font: font.From(plot.DefaultFont, textSize), XAlign: text.XRight, YAlign: text.YTop, Handler: plot.DefaultTextHandler}
	var rising []curve
	for _, c1 := range pn.curves {
		if !pn.isFlat(c1) {
			rising = append(rising, c1)
			continue
		}
		style.Color = colors[c1.name]
		c.FillText(style, vg.Point{X: trX(c1.last().X), Y: trY(c1.last().Y) + lineHeight*textSize + 4}, pn.label(c1))
	}
	top, size := pn.curves[0].last().Y, lineHeight*textSize*vg.Length(len(rising)+1)
	at := vg.Point{X: trX(pn.curves[0].reach(top-p.Y.Max*float64(size/c.Size().Y))) - 8, Y: trY(top)}
	for _, c1 := range rising {
		style.Color = colors[c1.name]
		c.FillText(style, at, pn.label(c1))
		at.Y -= lineHeight * textSize
	}
	style.Color = color.Black
	c.FillText(style, at, pn.each)
}

// isFlat reports whether c rises by less than a 25th of the highest curve.
func (pn panel) isFlat(c curve) bool { return c.slope*c.last().X < pn.curves[0].last().Y/25 }

func (pn panel) label(c curve) string {
	switch {
	case pn.isFlat(c):
		return c.name + ": flat"
	case pn.each == "":
		return c.name
	}
	return fmt.Sprintf("%s: +%.0f ns", c.name, 1000*c.slope)
}
