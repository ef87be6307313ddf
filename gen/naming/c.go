package naming

import "strings"

// C spells a name as an identifier of C in lower case. It may be a keyword; see
// [CMember].
func C(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '_'
	}, name)
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		return "_" + name
	}
	return name
}

// CMember is C for a member of a struct: one with an underscore in front if it is a
// keyword of C, or a word that the compiler or the kernel has defined as a macro.
func CMember(name string) string {
	if name = C(name); cWords[name] {
		return "_" + name
	}
	return name
}

// SharedCMember is CMember for a struct that programs in C++ know, too.
func SharedCMember(name string) string {
	if name = CMember(name); cppWords[name] {
		return "_" + name
	}
	return name
}

var cWords = set(`auto break case char const continue default do double else enum extern
	float for goto if inline int long register restrict return short signed sizeof static struct
	switch typedef union unsigned void volatile while asm typeof bool true false
	current linux unix fallthrough noinline notrace asmlinkage`)

var cppWords = set(`alignas alignof and and_eq bitand bitor catch class compl concept constexpr
	decltype delete dynamic_cast explicit export friend mutable namespace new noexcept not not_eq
	nullptr operator or or_eq private protected public reinterpret_cast requires static_assert
	static_cast template this thread_local throw try typeid typename using virtual wchar_t xor xor_eq`)

func set(list string) map[string]bool {
	m := map[string]bool{}
	for word := range strings.FieldsSeq(list) {
		m[word] = true
	}
	return m
}
