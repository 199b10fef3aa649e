// Package prefix is the path under which a proxy serves webmon. Every address that webmon
// writes begins with it. A webmon that was started without one can take one later, when the
// first proxy asks: webmon answers requests with and without its prefix, so pages that are
// open, and bookmarks, go on.
package prefix

import (
	"regexp"
	"strings"
	"sync/atomic"
)

// Prefix is such a path, "" or like "/lab". Its methods are safe for concurrent use; nil is
// the prefix "" that stays so.
type Prefix struct{ path atomic.Pointer[string] }

// Of returns the prefix with a path, which is "" or [Valid].
func Of(path string) *Prefix {
	p := new(Prefix)
	p.path.Store(&path)
	return p
}

// String returns the path, "" or like "/lab".
func (p *Prefix) String() string {
	if p == nil {
		return ""
	}
	return *p.path.Load()
}

// Take takes a path in place of "". It reports whether the path is the prefix now, which is
// false if there is another one already. Addresses that were made before do not have it.
func (p *Prefix) Take(path string) bool {
	before := p.path.Load()
	if *before == "" && p.path.CompareAndSwap(before, &path) {
		return true
	}
	return *p.path.Load() == path
}

var shape = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

// maxLength is how long a prefix may be, bytes.
const maxLength = 1024

// Valid reports whether a path can be a prefix: it begins with a slash, ends with none, and
// holds letters, digits and . _ ~ - besides.
func Valid(path string) bool {
	return len(path) <= maxLength && shape.MatchString(path) && !strings.Contains(path, "..")
}
