#!/bin/sh
# Fuzzes every fuzz target of the module, each for the time given (default 10m).
# A finding stays in the package's testdata/fuzz and fails the script.
set -eu

time=${1:-10m}
for pkg in $(go list ./...); do
	for target in $(go test -list '^Fuzz' "$pkg" | grep '^Fuzz' || true); do
		echo "== $pkg $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$pkg"
	done
done
