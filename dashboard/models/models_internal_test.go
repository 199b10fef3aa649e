package models

import (
	"encoding/json"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"webmon/shm"
)

func TestParametersOfAnAddress(t *testing.T) {
	for _, test := range []struct{ query, want string }{
		{"", ""},
		{"window=60&source=x", ""},
		{"p.b=2&p.a=1&window=60", "a=1 b=2"},
		{"p.k10=3&p.k2=2&p.k=1", "k=1 k2=2 k10=3"}, // numbers by their value
		{"p.a=1&p.a=2", "a=2"},                     // the last one counts, as in forms
		{"p.=1&p=2", ""},
		{"p.%3Cb%3E=%3Ci%3E", "<b>=<i>"},
	} {
		query, err := url.ParseQuery(test.query)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range parametersOf(query) {
			got = append(got, p.name+"="+p.value)
		}
		if got := strings.Join(got, " "); got != test.want {
			t.Errorf("%q has %q, want %q", test.query, got, test.want)
		}
		for name := range without(query) {
			if strings.HasPrefix(name, parameterPrefix) {
				t.Errorf("%q without its parameters has %q", test.query, name)
			}
		}
	}
	many := url.Values{}
	for i := range 5000 {
		many.Set(parameterPrefix+strings.Repeat("x", i%100)+string(rune('a'+i%26)), "1")
	}
	if n := len(parametersOf(many)); n != maxParameters {
		t.Errorf("an address with thousands of parameters has %d, want %d", n, maxParameters)
	}
}

// Sixty of them a second are made for every model that is watched.
func TestStateFrame(t *testing.T) {
	f := &stateFeed{topic: "waves/model", length: 256}
	for _, test := range []struct {
		name    string
		state   *shm.ModelState
		running bool
		want    string // after "ts"
	}{
		{"nothing yet", nil, true, ""},
		{"ended before it began", nil, false, `"phase":"stopped","t":null,"time_unit":"","frame":0,"step_ms":0,"finger":null}`},
		{"running", &shm.ModelState{
			Phase: shm.ModelRunning, Time: 1.25, TimeUnit: `ħ/"μ"`, Frame: 1 << 60, StepMS: math.Inf(1),
			Finger: &shm.ModelFinger{X: 0.5, Y: -0.25, PX: math.NaN(), PY: 1},
		}, true, `"phase":"running","t":1.25,"time_unit":"ħ/\"μ\"","frame":1152921504606846976,"step_ms":null,"finger":{"x":0.5,"y":-0.25,"px":null,"py":1}}`},
		{"stopped", &shm.ModelState{Phase: shm.ModelRunning, Time: math.NaN()}, false,
			`"phase":"stopped","t":null,"time_unit":"","frame":0,"step_ms":0,"finger":null}`},
	} {
		got := f.frame(test.state, test.running, time.UnixMilli(1500))
		if test.want == "" {
			if got != nil {
				t.Errorf("%s: %s, want none", test.name, got)
			}
			continue
		}
		if want := `{"topic":"waves/model","ts":1500,` + test.want; string(got) != want || !json.Valid(got) {
			t.Errorf("%s: %s\nwant %s", test.name, got, want)
		}
	}
	state := &shm.ModelState{Phase: shm.ModelRunning, Time: 1.25, TimeUnit: "s", Finger: &shm.ModelFinger{}}
	if n := testing.AllocsPerRun(100, func() { f.frame(state, true, time.UnixMilli(1500)) }); n > 1 {
		t.Errorf("a frame takes %v allocations, want the frame alone", n)
	}
}
