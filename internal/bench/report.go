package main

import (
	"fmt"
	"io"
)

// markdown writes the table of one workload.
func (t *table) markdown(w io.Writer) {
	fmt.Fprintf(w, "\n### %s: %s (%d)\n\n", t.Workload, t.Title, t.Size)
	fmt.Fprintf(w, "| contender | how | × limit | range | ns per %s | allocations | bytes | peak MiB |\n", t.Unit)
	fmt.Fprintln(w, "|---|---|--:|--:|--:|--:|--:|--:|")
	for _, r := range t.Results {
		ratio, ns := spreadOf(r.Ratio), spreadOf(r.Time)
		fmt.Fprintf(w, "| %s | %s | %.2f | %.2f–%.2f | %.0f | %s | %.0f | %.1f |\n", r.Contender, r.Note,
			ratio.Median, ratio.Low, ratio.High, ns.Median, allocations(r.Allocs), r.Bytes, float64(r.PeakKiB)/1024)
	}
}

// allocations rounds: a run has some of its own, however many its items.
func allocations(perItem float64) string {
	switch {
	case perItem < 0.01:
		return "0"
	case perItem < 1:
		return fmt.Sprintf("%.2f", perItem)
	}
	return fmt.Sprintf("%.1f", perItem)
}
