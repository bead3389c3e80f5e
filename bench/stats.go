//go:build linux

package main

import (
	"fmt"
	"math"
	"sort"
)

// median sorts x.
func median(x []float64) float64 {
	sort.Float64s(x)
	n := len(x)
	return (x[(n-1)/2] + x[n/2]) / 2
}

// An exponent is the k of y = c*n^k.
type exponent struct {
	all  float64 // fitted to all sizes; NaN if there is one
	last float64 // to the last decade of sizes only; NaN if that has one
}

// text says what was fitted.
func (e exponent) text(n string) string {
	if math.IsNaN(e.all) {
		return "one size"
	}
	s := n + "^" + hundredths(e.all)
	if !math.IsNaN(e.last) {
		s += ", last decade " + hundredths(e.last)
	}
	return s
}

func hundredths(x float64) string {
	return fmt.Sprintf("%.2f", math.Round(x*100)/100+0) // + 0 makes -0 a 0
}

// fitExponent fits straight lines to the logarithms, by least squares. A cost
// that does not depend on n, such as the way into the kernel, flattens the
// beginning of the line: over all sizes the exponent is that of the line as it
// is drawn, over the last decade it comes nearer to the growth that is left
// when n is large.
func fitExponent(sizes []int, y []float64) exponent {
	last := 0
	for sizes[last]*10 < sizes[len(sizes)-1] {
		last++
	}
	return exponent{slope(sizes, y), slope(sizes[last:], y[last:])}
}

func slope(sizes []int, y []float64) float64 {
	var sx, sy, sxx, sxy float64
	for i, n := range sizes {
		lx, ly := math.Log(float64(n)), math.Log(y[i])
		sx, sy, sxx, sxy = sx+lx, sy+ly, sxx+lx*lx, sxy+lx*ly
	}
	n := float64(len(sizes))
	if n < 2 {
		return math.NaN()
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// firstWin returns the first of sizes from which on b costs less than a at
// every size; ok is false if there is none.
func firstWin(sizes []int, a, b []float64) (n int, ok bool) {
	for i := len(sizes) - 1; i >= 0 && b[i] < a[i]; i-- {
		n, ok = sizes[i], true
	}
	return n, ok
}
