#!/bin/sh
# Generates three clients into a temporary module and uses them on this kernel.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp "$root/examples/demo/main.go" "$dir"
sed "s|=> ../..|=> $root|" "$root/examples/demo/go.mod" >"$dir/go.mod"

cd "$root"
for spec in rt-link rt-addr nlctrl; do
	echo "nlgen generate specs/$spec.yaml"
done
go run ./cmd/nlgen generate -o "$dir" specs/rt-link.yaml specs/rt-addr.yaml specs/nlctrl.yaml
cd "$dir"
go mod tidy >/dev/null 2>&1 || go mod tidy
go run .
