package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestSpread(t *testing.T) {
	for _, test := range []struct {
		figures []float64
		want    spread
	}{
		{nil, spread{}},
		{[]float64{3}, spread{3, 3, 3}},
		{[]float64{9, 1, 4}, spread{1, 4, 9}},
		{[]float64{8, 2, 4, 1}, spread{1, 3, 8}},
	} {
		if got := spreadOf(test.figures); got != test.want {
			t.Errorf("spreadOf(%v) = %v, want %v", test.figures, got, test.want)
		}
	}
}

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range workloads {
		for _, c := range w.all() {
			name := w.name + "/" + c.name
			if seen[name] {
				t.Errorf("two contenders are called %s", name)
			}
			seen[name] = true
			if (c.start == nil) == (c.argv == nil) {
				t.Errorf("%s is neither in Go nor in C, or both", name)
			}
		}
	}
}

var tables = []*table{
	{Workload: "W0", Title: "A < B", Unit: "item", Size: 10, Rounds: 2, Results: []*result{
		{Contender: "limit", Time: []float64{10, 10}, Ratio: []float64{1, 1}},
		{Contender: "ours", Time: []float64{20, 30}, Ratio: []float64{2, 3}, CPU: []float64{4, 4}, Allocs: 0.001, PeakKiB: 2048},
	}},
	{Workload: "W9", Title: "Losses", Unit: "event", Size: 10, Rounds: 1, Results: []*result{
		{Contender: "limit", Time: []float64{10}, Ratio: []float64{1}, Lost: []float64{0.25}},
	}},
}

func TestMarkdown(t *testing.T) {
	var b bytes.Buffer
	for _, table := range tables {
		table.markdown(&b)
	}
	for _, want := range []string{
		"## W0: A < B (10, 2 rounds)",
		"| ours |  | 2.50 | 2.00–3.00 | 4.00 | 25 | 0 | 0 | 2.0 |",
		"| limit |  | 25.0 % | 25.0 %–25.0 % | 1.00 |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no line %q in\n%s", want, &b)
		}
	}
}

func TestChart(t *testing.T) {
	svg := chart(tables)
	d := xml.NewDecoder(bytes.NewReader(svg))
	texts := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		if s, ok := token.(xml.CharData); ok {
			texts += string(s)
		}
	}
	if !strings.Contains(texts, "W0: A < B") || !strings.Contains(texts, "2.50") {
		t.Errorf("the chart lacks W0: %q", texts)
	}
	if strings.Contains(texts, "W9") {
		t.Error("the chart shows ratios of a workload that is about losses")
	}
}
