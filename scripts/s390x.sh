#!/bin/sh
# Runs the codec tests on a big-endian machine: s390x under qemu-user.
set -eu

if ! command -v qemu-s390x-static >/dev/null 2>&1; then
	echo "s390x: left out, qemu-user-static is not installed"
	[ "${CI:-}" != true ]
	exit
fi
GOARCH=s390x CGO_ENABLED=0 go test -exec qemu-s390x-static -run 'Codec|RoundTrip|Golden|Example_codec' "$@" ./runtime ./gen/dynamic ./families/...
