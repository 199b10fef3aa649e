package ui

import (
	"bytes"
	"strings"
	"testing"

	"github.com/a-h/templ"
)

func low(x float64) *float64 { return &x }

// Whatever changes something for others is disabled on a locked page, and says why
// to whoever sees it, points at it, or has it read aloud.
func TestALockedPageDisablesWhatChangesSomething(t *testing.T) {
	const why = "You may only look."
	of := func(kind FieldType, value string) ControlProps {
		return ControlProps{Field: Field{ID: "value-x", Name: "x", Label: "X", Type: kind, Value: value}, Action: "/x"}
	}
	slider := of(FloatField, "1")
	slider.Min, slider.Max, slider.Default, slider.Unit = low(0), low(2), "1", "ms"
	refused := slider
	refused.Error = "X must be at most 2."
	gone := slider
	gone.Why = "The process is gone."
	few, many := of(ChoiceField, "a"), of(ChoiceField, "a")
	few.Choices, many.Choices = []string{"a", "b"}, strings.Fields("aa bb cc dd ee ff")
	icon := of(BoolField, "true")
	icon.On, icon.Off, icon.Key = "eye", "eye-off", "g"
	action := ActionProps{ID: "do", Label: "Do", Action: "/do", Fields: []Field{slider.Field, few.Field, of(BoolField, "true").Field, of(TextField, "a").Field}}
	for name, part := range map[string]templ.Component{
		"slider": Control(slider), "refused": Control(refused), "gone": Control(gone), "number": Control(of(IntField, "3")), "switch": Control(of(BoolField, "false")),
		"icon": Control(icon), "buttons": Control(few), "list": Control(many), "text": Control(of(TextField, "a")), "part": ControlPart(slider),
		"action": ActionForm(action), "bare action": ActionForm(ActionProps{ID: "do", Label: "Do", Action: "/do"}),
		"confirm": Confirm(ConfirmProps{ID: "stop", Label: "Stop", Title: "Stop?", Action: "/stop"}),
	} {
		t.Run(name, func(t *testing.T) {
			html := rendered(t, part, why)
			found := 0
			for _, tag := range strings.Split(html, "<")[1:] {
				tag, _, _ = strings.Cut(tag, ">")
				element, _, _ := strings.Cut(tag, " ")
				switch element {
				case "button", "input", "select":
				default:
					continue
				}
				if strings.Contains(tag, `type="hidden"`) {
					continue
				}
				found++
				if !strings.Contains(tag, " disabled") {
					t.Errorf("<%s> can be used", tag)
				}
				if described, _, _ := strings.Cut(after(tag, `aria-describedby="`), `"`); !strings.Contains(" "+described+" ", " "+LockedID+" ") {
					t.Errorf("<%s> does not say why", tag)
				}
			}
			if found == 0 {
				t.Error("it has nothing to use")
			}
			if !strings.Contains(html, `title="`+why+`"`) {
				t.Errorf("nothing says why when it is pointed at: %s", html)
			}
			if open := rendered(t, part, ""); strings.Contains(open, LockedID) || strings.Contains(open, " disabled") != (name == "gone") {
				t.Errorf("a page that is not locked has %s", open)
			}
		})
	}
	if note := rendered(t, LockNote(), why); !strings.Contains(note, `id="`+LockedID+`"`) || !strings.Contains(note, why) {
		t.Errorf("the note is %s", note)
	}
	if note := rendered(t, LockNote(), ""); note != "" {
		t.Errorf("a page that is not locked has the note %s", note)
	}
}

func after(s, what string) string {
	_, rest, _ := strings.Cut(s, what)
	return rest
}

func rendered(t *testing.T, part templ.Component, why string) string {
	t.Helper()
	var b bytes.Buffer
	if err := part.Render(Lock(t.Context(), why), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
