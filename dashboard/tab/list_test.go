package tab

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
)

func text(s string) templ.Component { return templ.Raw(s + ";") }

// of makes a list from "id=version" words; a part's frame is its word.
func of(version, words string) List {
	l := List{Version: version, Whole: text("whole " + words)}
	for word := range strings.FieldsSeq(words) {
		id, v, _ := strings.Cut(word, "=")
		l.Parts = append(l.Parts, Part{ID: id, Version: v, Frame: text(word)})
	}
	return l
}

func TestListSendsWhatHasChanged(t *testing.T) {
	var now List
	f := NewList([]string{"*"}, func(time.Time) List { return now })
	if !f.Ordered || !slices.Equal(f.Wants, []string{"*"}) {
		t.Errorf("ordered %v, wants %v: every frame counts, and it wants what it was told", f.Ordered, f.Wants)
	}
	steps := []struct{ name, version, words, want string }{
		{"at first", "", "a=1 b=1", "whole a=1 b=1;"},
		{"nothing new", "", "a=1 b=1", ""},
		{"one part", "", "a=1 b=2", "b=2;"},
		{"two parts", "", "a=2 b=3", "a=2;b=3;"},
		{"a new part", "", "a=2 aa=1 b=4", "whole a=2 aa=1 b=4;"},
		{"the new part", "", "a=2 aa=2 b=4", "aa=2;"},
		{"another order", "", "b=4 a=2 aa=2", "whole b=4 a=2 aa=2;"},
		{"a part less", "", "b=4 a=2", "whole b=4 a=2;"},
		{"beside the parts", "more", "b=4 a=2", "whole b=4 a=2;"},
		{"none", "none", "", "whole ;"},
		{"still none", "none", "", ""},
	}
	for _, step := range steps {
		now = of(step.version, step.words)
		if got := string(f.Frames.Next(time.Time{})); got != step.want {
			t.Errorf("%s: %q, want %q", step.name, got, step.want)
		}
	}
}

// A newcomer must not take from the others what they have not been sent.
func TestListSnapshot(t *testing.T) {
	now := of("", "a=1 b=1")
	f := NewList(nil, func(time.Time) List { return now })
	if got := string(f.Frames.Snapshot(time.Time{})); got != "whole a=1 b=1;" {
		t.Errorf("a snapshot before anything is %q, want everything", got)
	}
	if got := string(f.Frames.Next(time.Time{})); got != "" {
		t.Errorf("after it comes %q, want nothing: the snapshot had it all", got)
	}
	now = of("", "a=1 b=2")
	if got := string(f.Frames.Snapshot(time.Time{})); got != "whole a=1 b=2;" {
		t.Errorf("a later snapshot is %q, want everything", got)
	}
	if got := string(f.Frames.Next(time.Time{})); got != "b=2;" {
		t.Errorf("after it comes %q, want b=2: others have not got the snapshot", got)
	}
}

type underKey struct{}

// What is rendered live is rendered under the context of the feed, and its parts as
// well.
func TestFeedsAreRenderedUnderAContext(t *testing.T) {
	word := func(s string) templ.Component {
		return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
			under, _ := ctx.Value(underKey{}).(string)
			_, err := io.WriteString(w, s+under+";")
			return err
		})
	}
	n := "1"
	list := func(time.Time) List {
		return List{Whole: word("whole"), Parts: []Part{{ID: "a", Version: n, Frame: word("part")}}}
	}
	for name, want := range map[string][2]string{"": {"whole;", "part;"}, " locked": {"whole locked;", "part locked;"}} {
		n = "1"
		feed, fragment := NewList(nil, list), NewFragment(nil, func(time.Time) templ.Component { return word("whole") })
		if name != "" {
			ctx := context.WithValue(t.Context(), underKey{}, name)
			if !feed.Under(ctx) || !fragment.Under(ctx) {
				t.Error("HTML cannot be rendered under a context")
			}
		}
		first, alone := string(feed.Frames.Snapshot(time.Time{})), string(fragment.Frames.Snapshot(time.Time{}))
		n = "2"
		if then := string(feed.Frames.Next(time.Time{})); first != want[0] || then != want[1] || alone != want[0] {
			t.Errorf("under %q: %q, %q, %q, want %q", name, first, then, alone, want)
		}
	}
	if (Feed{Frames: other{}}).Under(t.Context()) {
		t.Error("what is no HTML is rendered under a context")
	}
}

type other struct{}

func (other) Snapshot(time.Time) []byte { return nil }
func (other) Next(time.Time) []byte     { return nil }
