#!/bin/sh
# Installs the Debian packages that the tests use as oracles, if it may. What it
# cannot install it names; the tests that need it then skip, or fail with CI=true.
set -eu

need() { # need COMMAND-OR-FILE PACKAGE
	case $1 in
	/*) [ -e "$1" ] ;;
	*) command -v "$1" >/dev/null 2>&1 ;;
	esac || missing="$missing $2"
}

missing=
need cc gcc
need ip iproute2
need ethtool ethtool
need unshare util-linux
need xz xz-utils
need /usr/include/linux/netlink.h linux-libc-dev
need /usr/src/linux-source-6.12.tar.xz linux-source-6.12
need qemu-s390x-static qemu-user-static
# The kernel's client runs with whichever python3 has yaml.
/usr/bin/python3 -c 'import yaml' 2>/dev/null || missing="$missing python3-yaml"

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "installing:$missing"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	# shellcheck disable=SC2086 # a list of words
	apt-get install -y -qq --no-install-recommends $missing </dev/null >/dev/null
else
	echo "not installed, tests that need them will be skipped:$missing"
	[ "${CI:-}" != true ]
fi
