// Package templates holds the text that nlgen writes around generated code.
package templates

import "embed"

// Init is the module that nlgen init makes. A file name without its suffix
// .tmpl is the name of the file in the module.
//
//go:embed init
var Init embed.FS

// Kernel is the text of kernel modules that is the same for all families, or nearly.
//
//go:embed kernel
var Kernel embed.FS
