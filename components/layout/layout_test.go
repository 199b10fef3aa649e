package layout

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"webmon/components/ui"
)

func TestLoginKeepsTheAddress(t *testing.T) {
	p := Page{Asset: func(name string) string { return "/assets/" + name }}
	var b bytes.Buffer
	if err := LoginPage(p, Login{Next: "/lab/viewer?source=a%26b&token=wrong&layer=2", Wrong: true}).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`action="/lab/viewer"`, `name="source" value="a&amp;b"`, `name="layer" value="2"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in the form", want)
		}
	}
	if strings.Contains(b.String(), `value="wrong"`) {
		t.Error("the wrong token stays in the form")
	}
}

// What is in the page's head is there for htmx to read: a mistake would be
// passed over in silence.
func TestHTMXConfig(t *testing.T) {
	var config struct {
		Extensions  string
		MorphIgnore []string
		WS          struct{ PauseOnBackground *bool }
	}
	if err := json.Unmarshal([]byte(htmxConfig), &config); err != nil {
		t.Fatal(err)
	}
	if config.Extensions != "ws" || config.WS.PauseOnBackground == nil || *config.WS.PauseOnBackground {
		t.Errorf("config is %+v, want the extension ws that does not pause in the background", config)
	}
	// htmx's own entry must stay, since ours replaces its list.
	if len(config.MorphIgnore) == 0 || config.MorphIgnore[0] != "data-htmx-powered" {
		t.Errorf("morphIgnore is %q, want data-htmx-powered in it", config.MorphIgnore)
	}
}

func TestState(t *testing.T) {
	tests := []struct {
		name   string
		header Header
		want   []string
	}{
		{"nothing heard", Header{State: ui.Waiting}, []string{`data-state="waiting"`, `data-age="">–<`, `>–</span> <span class="meter-unit">Hz`}},
		{"live", Header{State: ui.Live, Heard: true, Age: 230 * time.Millisecond, Rate: 59.94}, []string{`data-age="230">0.2 s<`, `>59.9<`}},
		{"stale", Header{State: ui.Stale, Heard: true, Age: 12 * time.Second}, []string{`data-state="stale"`, `>12 s<`, `>0<`}},
		{"gone, with the rate of its last seconds", Header{State: ui.Gone, Heard: true, Rate: 52}, []string{`data-state="gone"`, `>–</span> <span class="meter-unit">Hz`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := State(test.header).Render(t.Context(), &b); err != nil {
				t.Fatal(err)
			}
			for _, want := range test.want {
				if !strings.Contains(b.String(), want) {
					t.Errorf("no %s in %s", want, b.String())
				}
			}
		})
	}
}

func TestWindowTitle(t *testing.T) {
	tests := []struct {
		page Page
		want string
	}{
		{Page{}, "webmon"},
		{Page{Title: "Viewer"}, "Viewer · webmon"},
		{Page{Title: "Viewer", Sources: []SourceLink{{Name: "scope"}, {Name: "napari", Current: true}}}, "Viewer · napari · webmon"},
	}
	for _, test := range tests {
		if got := test.page.windowTitle(); got != test.want {
			t.Errorf("title is %q, want %q", got, test.want)
		}
	}
}
