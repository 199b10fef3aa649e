package refusal

import (
	"fmt"
	"strings"
	"testing"
)

func TestUnknown(t *testing.T) {
	var many []string
	for i := range 300 {
		many = append(many, fmt.Sprintf("c%d", i))
	}
	for _, test := range []struct {
		name        string
		given       map[string]any
		known       []string
		field, want string // "": not refused
	}{
		{"nothing", nil, []string{"role"}, "", ""},
		{"what there is", map[string]any{"role": nil, "note": 1}, []string{"role", "note"}, "", ""},
		{"a misspelt name", map[string]any{"role": 1, "hours": 1}, []string{"role", "note", "seconds"}, "hours", `A link takes no "hours", only role, note and seconds.`},
		{"always the same one", map[string]any{"b": 1, "a": 1, "c": 1}, []string{"x"}, "a", `A link takes no "a", only x.`},
		{"none is known", map[string]any{"x": 1}, nil, "x", `A link takes no "x", nor anything else.`},
		{"case counts", map[string]any{"Role": 1}, []string{"role"}, "Role", `A link takes no "Role", only role.`},
		{"very many", map[string]any{"x": 1}, many, "x", `A link takes no "x", only ` + strings.Join(many[:20], ", ") + " and 280 more."},
	} {
		no := Unknown("A link", test.given, test.known)
		switch {
		case no == nil && test.want == "":
		case no == nil:
			t.Errorf("%s: not refused, want %s", test.name, test.want)
		case no.Field != test.field || no.Text != test.want:
			t.Errorf("%s: %q %s, want %q %s", test.name, no.Field, no.Text, test.field, test.want)
		}
	}
	if no := Unknown("A link", map[string]any{strings.Repeat("x", 1<<20): 1}, nil); len(no.Text) > 200 {
		t.Errorf("a name of 1 MiB is repeated in %d bytes", len(no.Text))
	}
}
