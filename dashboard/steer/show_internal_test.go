package steer

import (
	"slices"
	"strings"
	"testing"

	"webmon/components/ui"
	"webmon/shm"
)

// People see names, each of which can be read and told from the others; programs
// send the values.
func TestChoicesHaveTheLabelsOfPeople(t *testing.T) {
	long := strings.Repeat("x", 300)
	c := shm.Control{
		Name: "layer", Type: shm.Choice, Value: "4", Choices: []string{"1", "2", "3", "4", "5", "6"},
		Labels: []string{"nuclei", "", "twice", "twice ", "a\u202eb", long},
	}
	f := field("id", c, c.Value)
	want := []string{"nuclei", "(no name)", "twice (3)", "twice (4)", `a\u202eb`, long[:200] + "…"}
	if !slices.Equal(f.Labels, want) || !slices.Equal(f.Choices, c.Choices) || f.Value != "4" {
		t.Errorf("labels %q, value %q", f.Labels, f.Value)
	}
	if got := shown(c, "4"); got != "twice (4)" {
		t.Errorf("the log shows %q", got)
	}
	for _, c := range []shm.Control{{Type: shm.Choice, Choices: []string{"a"}}, {Type: shm.Choice, Choices: []string{"a"}, Labels: []string{"A", "B"}}} {
		if f := field("id", c, "a"); f.Labels != nil || shown(c, "a") != "a" {
			t.Errorf("%+v is shown as %q", c, f.Labels)
		}
	}
	if got := shown(shm.Control{Type: shm.Text, Choices: []string{"a"}, Labels: []string{"A"}}, "a"); got != "a" {
		t.Errorf("a text is shown as %q", got)
	}
}

// A part of a page is rendered again when what people see of it changes.
func TestPartsFollowLabels(t *testing.T) {
	version := func(choices, labels []string) string {
		f := field("id", shm.Control{Name: "layer", Type: shm.Choice, Choices: choices, Labels: labels}, nil)
		return ActionPart(ui.ActionProps{ID: "look", Fields: []ui.Field{f}}).Version + "\n" + Part(ui.ControlProps{Field: f}).Version
	}
	seen := map[string]bool{}
	for _, v := range []string{
		version([]string{"1", "2"}, nil), version([]string{"1 2"}, nil), version([]string{"1", "2"}, []string{"a", "b"}),
		version([]string{"1", "2"}, []string{"a", "c"}), version([]string{"1"}, []string{"a"}), version([]string{"2", "1"}, []string{"a", "b"}),
	} {
		if seen[v] {
			t.Errorf("%q twice", v)
		}
		seen[v] = true
	}
}
