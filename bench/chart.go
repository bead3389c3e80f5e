//go:build linux

package main

import (
	"bytes"
	"encoding/xml"
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

// A curve is the cost of one call in nanoseconds by some size.
type curve struct {
	name string
	x, y []float64
}

func (b *bench) curves(row func(n int) string, sizes []int, rivals ...rival) (curves []curve) {
	for _, rv := range rivals {
		c := curve{name: names[rv.name]}
		for _, n := range sizes {
			c.x, c.y = append(c.x, float64(n)), append(c.y, b.cost[row(n)][rv.name])
		}
		curves = append(curves, c)
	}
	return curves
}

// names are what the chart calls the rivals. Poller stands for poll(2).
var names = map[string]string{poller.name: "poll", selecting.name: "select", epoll.name: "epoll"}

var colors = map[string]color.Color{
	"poll":   color.RGBA{R: 0x00, G: 0x5a, B: 0x9c, A: 0xff},
	"select": color.RGBA{R: 0xb8, G: 0x44, B: 0x00, A: 0xff},
	"epoll":  color.RGBA{R: 0x3f, G: 0x7a, B: 0x2a, A: 0xff},
}

const (
	width, height = 600, 400 // points; at 420 pixels the text is 9 pixels high
	textSize      = 13
	smallSize     = 10.5
	chartTitle    = "Ten descriptors cost poll the same, whatever their numbers.\nselect pays for the highest."
)

var ink = color.Gray{0x30}

// chart draws how the highest number matters, on linear axes, and how many are
// watched, on logarithmic ones.
func chart(byNumber, byCount []curve, caption string) ([]byte, error) {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	left := panel("One call, ten idle descriptors", "highest number")
	left.X.Tick.Marker, left.Y.Tick.Marker = linearTicks(count), linearTicks(duration)
	last := len(byNumber[0].x) - 1
	left.X.Min, left.Y.Min = 0, 0
	left.X.Max, left.Y.Max = byNumber[0].x[last], 1.3*slices.Max(byNumber[1].y)
	right := panel("But poll asks all it watches", "how many idle descriptors")
	right.X.Scale, right.Y.Scale = plot.LogScale{}, plot.LogScale{}
	right.X.Tick.Marker, right.Y.Tick.Marker = logTicks(count), logTicks(duration)
	right.Y.Min = slices.Min(byCount[2].y) / 2
	right.Y.Max = 4 * slices.Max(byCount[1].y) // room for the names
	right.X.Max = 10 * byCount[0].x[len(byCount[0].x)-1]
	for _, p := range []struct {
		*plot.Plot
		curves []curve
	}{{left, byNumber}, {right, byCount}} {
		for _, c := range p.curves {
			if err := addCurve(p.Plot, c); err != nil {
				return nil, err
			}
		}
	}

	// Each name stands where its line ends.
	first, top := byNumber[1].y[0], byNumber[1].y[last]
	slope := 1000 * (top - first) / (left.X.Max - byNumber[1].x[0])
	steep := fmt.Sprintf("select: %s more for\neach 1,000 numbers", duration(slope))
	if err := addLabel(left, "select", steep, left.X.Max, top+0.03*left.Y.Max, text.XRight, text.YBottom); err != nil {
		return nil, err
	}
	if err := addLabel(left, "poll", "poll", left.X.Max, byNumber[0].y[last]-0.03*left.Y.Max, text.XRight, text.YTop); err != nil {
		return nil, err
	}
	ends := slices.Clone(byCount)
	slices.SortFunc(ends, func(a, b curve) int { return int(a.y[len(a.y)-1] - b.y[len(b.y)-1]) })
	lowest := 0.0
	for _, c := range ends {
		end := len(c.y) - 1
		y := max(c.y[end], lowest)
		lowest = 2.2 * y // the next name is a line higher
		if err := addLabel(right, c.name, c.name, 1.4*c.x[end], y, text.XLeft, text.YCenter); err != nil {
			return nil, err
		}
	}

	svg := vgsvg.New(width, height)
	all := draw.New(svg)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	style := left.Title.TextStyle
	style.Font.Size, style.XAlign, style.YAlign = 16, text.XLeft, text.YTop
	style.Font.Weight = 0
	all.FillText(style, vg.Point{X: 10, Y: height - 8}, chartTitle)
	style.Font.Size, style.YAlign = smallSize, text.YBottom
	all.FillText(style, vg.Point{X: 10, Y: 6}, caption)
	tiles := draw.Tiles{Rows: 1, Cols: 2, PadX: 14, PadTop: 56, PadBottom: 40, PadLeft: 8, PadRight: 12}
	for i, c := range plot.Align([][]*plot.Plot{{left, right}}, tiles, all)[0] {
		[]*plot.Plot{left, right}[i].Draw(c)
	}
	var b bytes.Buffer
	if _, err := svg.WriteTo(&b); err != nil {
		return nil, err
	}
	return describe(b.Bytes(), steep), nil
}

// describe adds a title and a description for those who can't see the chart, and
// fonts for where Liberation Sans is missing. Arial and Helvetica are as wide.
func describe(svg []byte, slope string) []byte {
	var title, desc strings.Builder
	xml.EscapeText(&title, []byte(strings.ReplaceAll(chartTitle, "\n", " ")))
	xml.EscapeText(&desc, []byte("Left: the cost of one non-blocking poll of ten idle descriptors by their highest number. The line of poll is flat, that of select rises: "+
		strings.ReplaceAll(slope, "\n", " ")+". Right: the cost by how many descriptors are watched. poll and select rise alike, epoll is flat."))
	svg = bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	at := bytes.Index(svg, []byte("<g "))
	return slices.Concat(svg[:at], []byte("<title>"+title.String()+"</title>\n<desc>"+desc.String()+"</desc>\n"), svg[at:])
}

func panel(title, x string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text = title, x
	p.Title.Padding = 6
	for _, style := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label} {
		style.Font.Size, style.Color = textSize, ink
	}
	p.X.LineStyle.Color, p.Y.LineStyle.Color = ink, ink
	p.X.Tick.LineStyle.Color, p.Y.Tick.LineStyle.Color = ink, ink
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Horizontal.Color = color.Gray{0xdd}
	p.Add(grid)
	return p
}

func addCurve(p *plot.Plot, c curve) error {
	xys := make(plotter.XYs, 0, len(c.x))
	for i := range c.x {
		if c.x[i] > 0 {
			xys = append(xys, plotter.XY{X: c.x[i], Y: c.y[i]})
		}
	}
	line, points, err := plotter.NewLinePoints(xys)
	if err != nil {
		return err
	}
	line.Width, line.Color = 2, colors[c.name]
	points.Shape, points.Radius, points.Color = draw.CircleGlyph{}, 2, colors[c.name]
	p.Add(line, points)
	return nil
}

func addLabel(p *plot.Plot, name, label string, x, y float64, h text.XAlignment, v text.YAlignment) error {
	l, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: x, Y: y}}, Labels: []string{label}})
	if err != nil {
		return err
	}
	l.TextStyle[0].Font = font.From(plot.DefaultFont, textSize)
	l.TextStyle[0].Color, l.TextStyle[0].XAlign, l.TextStyle[0].YAlign = colors[name], h, v
	p.Add(struct{ plot.Plotter }{l}) // without its size, which would move the axes
	return nil
}

func count(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%g million", n/1e6)
	case n >= 1000:
		return fmt.Sprintf("%d,%03d", int(n)/1000, int(n)%1000)
	}
	return fmt.Sprint(n)
}

func duration(ns float64) string {
	for _, unit := range []string{"ns", "µs", "ms"} {
		if ns < 999.5 {
			return fmt.Sprintf("%s %s", digits(ns), unit)
		}
		ns /= 1000
	}
	return digits(ns) + " s"
}

func digits(x float64) string {
	if x < 10 {
		return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64)
	}
	return strconv.Itoa(int(math.Round(x)))
}

// linearTicks labels 0 and some round numbers.
type linearTicks func(float64) string

func (label linearTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	step := math.Pow(10, math.Floor(math.Log10(hi)))
	if hi/step < 2.5 {
		step /= 2
	}
	for x := 0.0; x <= hi*1.001; x += step {
		ticks = append(ticks, plot.Tick{Value: x, Label: label(x)})
	}
	ticks[0].Label = "0"
	return ticks
}

// logTicks labels powers of ten.
type logTicks func(float64) string

func (label logTicks) Ticks(lo, hi float64) (ticks []plot.Tick) {
	for x := math.Pow(10, math.Ceil(math.Log10(lo))); x <= hi; x *= 10 {
		ticks = append(ticks, plot.Tick{Value: x, Label: label(x)})
	}
	return ticks
}
