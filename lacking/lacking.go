// Package lacking is for tests that need something of the machine which it may lack, such
// as a browser or the rights of root.
package lacking

import (
	"os"
	"testing"
)

// Skip leaves the test out and says what is lacking. Under CI, whose machine has
// everything, it fails the test instead: nothing is left out silently there.
func Skip(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
