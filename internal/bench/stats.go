package main

import "slices"

// A spread is the median of figures and their range.
type spread struct{ Low, Median, High float64 }

func spreadOf(figures []float64) spread {
	s := slices.Sorted(slices.Values(figures))
	n := len(s)
	if n == 0 {
		return spread{}
	}
	return spread{s[0], (s[(n-1)/2] + s[n/2]) / 2, s[n-1]}
}
