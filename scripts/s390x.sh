#!/bin/sh
# Runs the tests of the codecs on a big-endian machine: s390x under qemu-user,
# which hands netlink messages to the little-endian kernel as they are.
set -eu

if ! command -v qemu-s390x-static >/dev/null 2>&1; then
	echo "s390x: left out, qemu-user-static is not installed"
	[ "${CI:-}" != true ]
	exit
fi
GOARCH=s390x CGO_ENABLED=0 go test -exec qemu-s390x-static -skip '^(TestKernel|TestIntegration|Example)|Allocs' "$@" ./runtime ./gen/dynamic ./families/...
