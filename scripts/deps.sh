#!/bin/sh
# Installs the Debian packages that the tests use as oracles, if it may. What it
# cannot install it names; the tests that need it then skip, or fail with CI=true.
#
# "deps.sh vm" does so for the tests in a virtual machine. The kernel and its headers
# are not installed, for that touches the boot loader, but unpacked below the user's
# cache directory, which does not need root.
set -eu

need() { # need COMMAND-OR-FILE PACKAGE
	case $1 in
	/*) [ -e "$1" ] ;;
	*) command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] ;;
	esac || missing="$missing $2"
}

install_missing() {
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
		echo "installing:$missing"
		export DEBIAN_FRONTEND=noninteractive
		apt-get update -qq
		# shellcheck disable=SC2086 # a list of words
		apt-get install -y -qq --no-install-recommends $missing </dev/null >/dev/null
	else
		leave_out "not installed:$missing"
	fi
}

leave_out() { # leave_out REASON
	echo "$1; tests that need this will be skipped"
	[ "${CI:-}" != true ]
}

oracles() {
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
	install_missing
}

vm() {
	need qemu-system-x86_64 qemu-system-x86
	need busybox busybox-static
	need dash dash
	need xz xz-utils
	need make make
	need x86_64-linux-gnu-gcc-12 gcc-12 # compiled the kernel, so compiles modules
	need ip iproute2
	need ethtool ethtool
	need wg wireguard-tools
	need iw iw
	need /lib/firmware/regulatory.db-upstream wireless-regdb
	need nft nftables
	need /usr/src/linux-source-6.12.tar.xz linux-source-6.12
	need /usr/lib/x86_64-linux-gnu/libelf.so.1 libelf1
	need /usr/lib/x86_64-linux-gnu/libssl.so.3 libssl3
	install_missing
	kernel
}

# kernel unpacks the newest 6.12 of Debian 12 unless it is there.
kernel() {
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/nlgen
	if ! command -v apt-get >/dev/null 2>&1; then
		[ -n "$(find "$cache" -maxdepth 1 -name 'linux-6.12.*-amd64' 2>/dev/null)" ] || leave_out "no Debian to take a kernel from"
		return
	fi
	newest=$(newest_kernel)
	if [ -z "$newest" ] && [ "$(id -u)" = 0 ]; then
		apt-get update -qq
		newest=$(newest_kernel)
	fi
	if [ -z "$newest" ]; then
		leave_out "apt knows no linux-image-6.12 of Debian 12"
		return
	fi
	[ -d "$cache/linux-$newest-amd64" ] || fetch_kernel "$newest"
}

newest_kernel() {
	apt-cache pkgnames linux-image-6.12. | sed -n 's/^linux-image-\(6\.12\.[0-9]*+deb12\)-amd64$/\1/p' | sort -V | tail -n 1
}

fetch_kernel() { # fetch_kernel VERSION
	echo "unpacking Linux $1 into $cache"
	mkdir -p "$cache"
	tmp=$(mktemp -d "$cache/kernel-XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	chmod 755 "$tmp"
	mkdir "$tmp/deb" "$tmp/root"
	# apt's own user may not write there, which apt mentions.
	if ! (cd "$tmp/deb" && apt-get -qq -o APT::Sandbox::User=root download \
		"linux-image-$1-amd64" "linux-headers-$1-amd64" "linux-headers-$1-common" "linux-kbuild-$1"); then
		leave_out "cannot download Linux $1"
		return
	fi
	for deb in "$tmp"/deb/*.deb; do
		dpkg-deb -x "$deb" "$tmp/root"
	done
	# The headers name each other as if they were installed.
	# shellcheck disable=SC2016 # for make
	sed -i 's,^include /usr/src/,include $(dir $(lastword $(MAKEFILE_LIST)))../,' "$tmp/root/usr/src/linux-headers-$1-amd64/Makefile"
	# Has type information only; with it modules would need pahole to build.
	rm "$tmp/root/usr/src/linux-headers-$1-amd64/vmlinux"
	mv "$tmp/root" "$cache/linux-$1-amd64"
}

missing=
case ${1:-oracles} in
oracles | vm) ${1:-oracles} ;;
*)
	echo "usage: deps.sh [vm]" >&2
	exit 2
	;;
esac
