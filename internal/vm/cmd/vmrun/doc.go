//go:build linux

// Vmrun runs a command in a virtual machine with Linux 6.12 and chosen modules:
//
//	vmrun -module wireguard -tool ip,wg -- ip link add wg0 type wireguard
//
// It passes on the output. Its status is that of the command, or says what went
// wrong:
//
//	200  the kernel reported a WARNING, a BUG or an Oops
//	201  the kernel panicked
//	202  the command took too long
//	203  a module did not load or build
//	204  the machine lacks something, see scripts/deps.sh vm
//	205  anything else
//
// Busybox is there for everything that -tool does not name.
package main
