package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// Sizes of the chart, in pixels.
const (
	chartWidth = 860
	labelWidth = 190
	plotWidth  = chartWidth - labelWidth - 60
	barHeight  = 14
	barStep    = 18
	titleStep  = 30
)

// chart draws the ratios of all tables but those of losses as bars on a logarithmic scale, ours in a
// colour of their own, with their range as a line.
func chart(tables []*table) []byte {
	tables = slices.DeleteFunc(slices.Clone(tables), (*table).lossy)
	widest := 1.0
	height := titleStep
	for _, t := range tables {
		height += titleStep + barStep*len(t.Results)
		for _, r := range t.Results {
			widest = max(widest, spreadOf(r.Ratio).Median)
		}
	}
	x := func(ratio float64) float64 {
		const least = 0.5 // the left edge
		at := math.Log(ratio/least) / math.Log(widest/least)
		return labelWidth + plotWidth*min(max(at, 0), 1)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", chartWidth, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", chartWidth, height)
	y := 0
	for _, t := range tables {
		y += titleStep
		fmt.Fprintf(&b, `<text x="8" y="%d" font-weight="bold">%s: %s (%d), × limit</text>`+"\n", y-8, t.Workload, html.EscapeString(t.Title), t.Size)
		for _, r := range t.Results {
			s := spreadOf(r.Ratio)
			fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, labelWidth-6, y+barHeight-3, html.EscapeString(r.Contender))
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`, labelWidth, y, x(s.Median)-labelWidth, barHeight, colour(r.Contender))
			fmt.Fprintf(&b, `<path d="M%.1f %dH%.1f" stroke="#333"/>`, x(s.Low), y+barHeight/2, x(s.High))
			fmt.Fprintf(&b, `<text x="%.1f" y="%d">%.2f</text>`+"\n", max(x(s.Median), x(s.High))+5, y+barHeight-3, s.Median)
			y += barStep
		}
	}
	fmt.Fprintf(&b, `<path d="M%.1f 0V%d" stroke="#999" stroke-dasharray="3 3"/>`+"\n</svg>\n", x(1), height)
	return b.Bytes()
}

func colour(contender string) string {
	switch {
	case strings.HasPrefix(contender, "ours"):
		return "#2b7bba"
	case contender == "limit", strings.HasPrefix(contender, "floor"), strings.HasPrefix(contender, "C "):
		return "#bbb"
	}
	return "#e0a458"
}
