// Package differ compares nlgen with the kernel's own Python client
// (tools/net/ynl of the Linux source): the same requests, sent to the kernel at
// work, must give the same answers, and the same bytes when encoded. It has
// tests only.
package differ
