package door_test

import (
	"strings"
	"testing"

	"webmon/dashboard/door"
)

func TestNames(t *testing.T) {
	for _, name := range []string{"ada", "Ada Lovelace", "ada@lab.org", "Åsa Öberg", "李雷", strings.Repeat("é", 64)} {
		if err := door.CheckName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{
		"", " ", " ada", "ada ", "a\nb", "a\tb", "a\x00b", "a\u202eb", "a\u200bb", "a\u2028b", "\xff", "a\ufffdb",
		strings.Repeat("é", 65), "the owner", "The Owner",
	} {
		if err := door.CheckName(name); err == nil {
			t.Errorf("%q may be a name", name)
		}
	}
}
