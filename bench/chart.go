//go:build linux

package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// styles tell the lines apart by dash and mark, for those who see no colours
// or print none.
var styles = map[string]struct {
	color  color.Color
	dashes []vg.Length
	glyph  draw.GlyphDrawer
}{
	"poll":   {color.RGBA{R: 0x00, G: 0x5a, B: 0x9c, A: 0xff}, nil, draw.CircleGlyph{}},
	"select": {color.RGBA{R: 0xc0, G: 0x4b, B: 0x00, A: 0xff}, []vg.Length{6, 3}, draw.SquareGlyph{}},
}

// chart is an SVG with both curves side by side.
func chart(sparse, dense *curve) ([]byte, error) {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	left, err := panel(sparse, "Ten idle descriptors, the highest number growing", "highest descriptor, n")
	if err != nil {
		return nil, err
	}
	right, err := panel(dense, "More and more idle descriptors", "descriptors, n")
	if err != nil {
		return nil, err
	}
	left.Y.Label.Text = "cost of one look"
	svg := vgsvg.New(9*vg.Inch, 4*vg.Inch)
	tiles := draw.Tiles{Rows: 1, Cols: 2, PadX: 8 * vg.Millimeter,
		PadTop: 2 * vg.Millimeter, PadBottom: 2 * vg.Millimeter, PadLeft: 2 * vg.Millimeter, PadRight: 4 * vg.Millimeter}
	plots := [][]*plot.Plot{{left, right}}
	for i, c := range plot.Align(plots, tiles, draw.New(svg))[0] {
		plots[0][i].Draw(c)
	}
	var b bytes.Buffer
	if _, err := svg.WriteTo(&b); err != nil {
		return nil, err
	}
	// Liberation Sans is not everywhere; Arial and Helvetica are as wide.
	return bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans;"),
		[]byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;")), nil
}

func panel(c *curve, title, x string) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = title
	p.Title.Padding = 3 * vg.Millimeter
	p.X.Label.Text = x
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker = logTicks(func(n float64) string { return strconv.Itoa(int(n)) })
	p.Y.Tick.Marker = logTicks(func(ns float64) string {
		for _, unit := range []string{"ns", "µs", "ms"} {
			if ns < 1000 {
				return fmt.Sprint(ns, " ", unit)
			}
			ns /= 1000
		}
		return fmt.Sprint(ns, " s")
	})
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{0xe0}, color.Gray{0xe0}
	p.Add(grid)
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.XOffs, p.Legend.YOffs = 2*vg.Millimeter, -2*vg.Millimeter
	p.Legend.ThumbnailWidth = 12 * vg.Millimeter
	p.Legend.Padding = vg.Millimeter
	p.Legend.TextStyle.Font.Size, p.Title.TextStyle.Font.Size = vg.Points(10), vg.Points(11)
	lo, hi := math.Inf(1), 0.0
	for _, impl := range impls {
		y := c.cost[impl]
		xys := make(plotter.XYs, len(y))
		for i := range y {
			xys[i] = plotter.XY{X: float64(c.sizes[i]), Y: y[i]}
			lo, hi = min(lo, y[i]), max(hi, y[i])
		}
		line, points, err := plotter.NewLinePoints(xys)
		if err != nil {
			return nil, err
		}
		s := styles[impl]
		line.Color, line.Width, line.Dashes = s.color, vg.Points(1.5), s.dashes
		points.Color, points.Radius, points.Shape = s.color, vg.Points(3), s.glyph
		p.Add(line, points)
		p.Legend.Add(impl+": "+fitExponent(c.sizes, y).text("n"), line, points)
	}
	if end := math.Pow(10, math.Ceil(math.Log10(p.X.Max))); end < 1.5*p.X.Max {
		p.X.Max = end
	}
	// Room above for the legend.
	p.Y.Min, p.Y.Max = lo/1.5, hi*math.Max(3, math.Pow(hi/lo, 0.35))
	return p, nil
}

// logTicks marks 1 to 9 times each power of ten. It labels the powers, and 2
// and 5 times them where there are few.
type logTicks func(x float64) string

func (label logTicks) Ticks(lo, hi float64) []plot.Tick {
	all := math.Log10(hi/lo) < 2
	var t []plot.Tick
	for e := math.Floor(math.Log10(lo)); e <= math.Log10(hi); e++ {
		for m := 1.0; m <= 9; m++ {
			x := m * math.Pow(10, e)
			if x < lo || x > hi {
				continue
			}
			tick := plot.Tick{Value: x}
			if m == 1 || all && (m == 2 || m == 5) {
				tick.Label = label(x)
			}
			t = append(t, tick)
		}
	}
	return t
}
