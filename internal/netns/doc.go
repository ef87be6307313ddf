// Package netns gives tests a network namespace of their own. It is for Linux
// alone; on other systems it is empty.
package netns
