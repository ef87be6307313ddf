package naming

import (
	"go/token"
	"go/types"
	"strings"
)

// Exported returns the exported identifier for a name made of the given parts,
// such as PagePoolInfo for page-pool-info. One that would start with a digit
// gets the prefix X. The result is empty if the parts have no word.
func Exported(parts ...string) string {
	name := join(parts)
	if name != "" && !token.IsIdentifier(name) {
		return "X" + name
	}
	return name
}

// Unexported returns the unexported identifier for a name made of the given
// parts: the first word is lower-case. One that would start with a digit or
// be a keyword or a predeclared identifier gets the prefix x.
func Unexported(parts ...string) string {
	name := join(parts)
	if name == "" {
		return ""
	}
	first := Tokens(strings.Join(parts, "-"))[0]
	name = strings.ToLower(first) + name[len(first):]
	if !token.IsIdentifier(name) || types.Universe.Lookup(name) != nil {
		return "x" + strings.ToUpper(name[:1]) + name[1:]
	}
	return name
}

// Suffix returns the spelling of a name behind another identifier: that of
// Exported without the prefix for digits.
func Suffix(name string) string { return join([]string{name}) }

func join(parts []string) string {
	var b strings.Builder
	for _, part := range parts {
		for _, word := range Tokens(part) {
			b.WriteString(title(word))
		}
	}
	return b.String()
}

// Package returns the package name for a family: lower-case without
// separators. One that would start with a digit or be a keyword or a
// predeclared identifier gets the prefix nl.
func Package(family string) string {
	name := strings.ToLower(strings.Join(Tokens(family), ""))
	if !token.IsIdentifier(name) || types.Universe.Lookup(name) != nil {
		return "nl" + name
	}
	return name
}

// IsExported reports whether name can be the name of something exported.
func IsExported(name string) bool { return token.IsIdentifier(name) && token.IsExported(name) }

// IsSuffix reports whether name can stand behind an exported identifier: as
// [IsExported], but a digit may come first.
func IsSuffix(name string) bool {
	startsWithDigit := name != "" && '0' <= name[0] && name[0] <= '9'
	return IsExported(name) || startsWithDigit && token.IsIdentifier("X"+name)
}

// IsPackage reports whether name can be the name of a package by Go's
// conventions.
func IsPackage(name string) bool {
	return token.IsIdentifier(name) && strings.ToLower(name) == name && name != "_"
}
