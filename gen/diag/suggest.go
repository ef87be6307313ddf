package diag

import (
	"fmt"
	"strings"
)

// maxTypo bounds the length of words that are searched for typing errors.
const maxTypo = 64

// DidYouMean returns a hint with the candidate nearest to word, or nothing if
// none is near.
func DidYouMean(word string, candidates []string) string {
	if len(word) > maxTypo {
		return ""
	}
	best, bestDistance := "", max(2, len(word)/3)+1
	for _, c := range candidates {
		d := distance(word, c)
		if abbreviates(word, c) || abbreviates(c, word) {
			d = min(d, 2)
		}
		if d < bestDistance {
			best, bestDistance = c, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// abbreviates reports whether short is the start of long, and long enough to
// say something.
func abbreviates(short, long string) bool {
	return len(short) >= 3 && strings.HasPrefix(long, short)
}

// distance counts the single-byte edits, swaps of neighbours included, that
// turn a into b.
func distance(a, b string) int {
	before, last, row := []int(nil), make([]int, len(b)+1), []int(nil)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row = make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
