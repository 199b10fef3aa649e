package process

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"webmon/natural"
	"webmon/shm"
	"webmon/shm/pickle"
)

// Whatever a process declares, what comes out of it can be shown, sent and
// written, and is bounded.
func FuzzDeclare(f *testing.F) {
	seed := func(v pickle.Value) {
		b, err := pickle.Encode(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	control := pickle.NewDict("type", "float", "value", 1.5, "min", 0.0, "max", 2.0, "scale", "log", "default", int64(3))
	choice := pickle.NewDict("type", "choice", "value", "b", "choices", pickle.NewList("a", "b"))
	layer := pickle.NewDict("type", "choice", "value", "2", "choices", pickle.NewList("1", "2"), "labels", pickle.NewList("nuclei", ""))
	seed(pickle.NewDict("f", pickle.NewDict("type", "color", "value", "#FF00007f", "default", "red", "section", "Faces")))
	seed(pickle.NewDict("layer", layer, "short", pickle.NewDict("type", "choice", "value", "2", "choices", pickle.NewList("1", "2"), "labels", pickle.NewList("x"))))
	seed(pickle.NewDict("a", control, "b", choice, "c", pickle.NewDict("type", "bool", "value", true)))
	seed(pickle.NewDict("a", pickle.NewDict("args", pickle.NewList(pickle.NewDict("name", "n", "type", "int")))))
	seed(pickle.NewDict("a", pickle.NewDict("kind", "state", "fields", pickle.NewDict("x", pickle.NewDict("unit", "um")))))
	seed(pickle.NewDict("layers", pickle.NewDict("1", pickle.NewDict("tile_config", pickle.NewDict("levels", pickle.NewList()), "tile_state", pickle.NewDict()))))
	seed(pickle.NewList(pickle.NewDict("id", "1", "shape", pickle.NewList(int64(4), int64(4)), "scale", pickle.Tuple{1.5, math.NaN()},
		"level", int64(1), "levels", pickle.NewList(pickle.NewList(int64(4), int64(4))), "contrast_limits", pickle.NewList(0.0, 1.0))))
	seed(pickle.NewDict("1", pickle.NewDict("low", 0.0, "high", 9.0, "counts", pickle.NewList(int64(1), int64(2)))))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := pickle.Decode(b, pickle.Limits{MaxNodes: 100_000})
		if err != nil {
			return
		}
		controls, _ := decodeControls(v)
		for _, c := range controls {
			if !wireName.MatchString(c.Name) || c.Value == nil {
				t.Errorf("control %+v", c)
			}
			checkControl(t, c)
		}
		actions, _ := decodeActions(v)
		for _, a := range actions {
			for _, c := range a.Args {
				checkControl(t, c)
			}
		}
		topics, list, _ := decodeTopics(v)
		if len(list) > maxStates || len(controls) > maxControls || len(actions) > maxActions {
			t.Errorf("%d topics, %d controls, %d actions", len(list), len(controls), len(actions))
		}
		poll, _, err := decodePoll(v)
		if err != nil {
			poll = &shm.TilePoll{}
		}
		states := []shm.Value{controls, actions, topics, poll}
		if value, err := plain(v); err == nil {
			states = append(states, checkLayers(t, value), checkHistograms(t, value))
		}
		for _, v := range states {
			if _, err := shm.AppendJSON(nil, v); err != nil {
				t.Errorf("%+v cannot be written: %v", v, err)
			}
		}
	})
}

func checkControl(t *testing.T, c shm.Control) {
	if c.Default != nil {
		if _, err := c.Accept(c.Default); err != nil {
			t.Errorf("%+v does not take its own default: %v", c, err)
		}
	}
	if c.Labels != nil && len(c.Labels) != len(c.Choices) || len(c.Choices) > maxChoices {
		t.Errorf("%d labels for %d choices", len(c.Labels), len(c.Choices))
	}
	for _, label := range c.Labels {
		if len(label) > maxTitle {
			t.Errorf("a label of %d bytes", len(label))
		}
	}
	if c.Min != nil && c.Max != nil && *c.Min > *c.Max {
		t.Errorf("limits of %+v", c)
	}
}

func checkLayers(t *testing.T, v shm.Value) shm.Value {
	layers := shm.LayersOf(v)
	for _, l := range layers.List {
		for _, x := range slices.Concat(l.Scale, l.Translate, []float64{l.Gamma, l.Opacity}) {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Errorf("layer %+v", l)
			}
		}
		if !(l.Gamma > 0) || l.Opacity < 0 || l.Opacity > 1 || min(l.Level, l.IdealLevel, l.LockedLevel) < -1 {
			t.Errorf("layer %+v", l)
		}
	}
	return layers
}

func checkHistograms(t *testing.T, v shm.Value) shm.Value {
	all := shm.HistogramsOf(v)
	sent, _ := all.Sent().(map[string]shm.Value)
	for id := range sent {
		if h := all.Get(id); h != nil && (!(h.Low < h.High) || math.IsInf(h.High-h.Low, 0) || len(h.Counts) == 0 || slices.Min(h.Counts) < 0) {
			t.Errorf("histogram %+v", h)
		}
	}
	return all
}

// What people see of choices belongs to them, or is not there: labels of another
// length or kind are refused, and never move to another choice.
func TestDeclaredLabels(t *testing.T) {
	list := pickle.NewList
	many, long := list(), strings.Repeat("é", 1000)
	for i := range 3000 {
		many.Items = append(many.Items, fmt.Sprint(i))
	}
	for _, test := range []struct {
		name            string
		choices, labels pickle.Value
		want            []string
		noted           bool
	}{
		{"as many", list("1", "2"), list("nuclei", "<b>"), []string{"nuclei", "<b>"}, false},
		{"a tuple", list("1", "2"), pickle.Tuple{"a", ""}, []string{"a", ""}, false},
		{"none", list("1", "2"), nil, nil, false},
		{"what is no choice takes its label with it", list("1", int64(5), "1", "2"), list("a", "b", "c", "d"), []string{"a", "d"}, false},
		{"too few", list("1", "2"), list("a"), nil, true},
		{"too many", list("1", "2"), list("a", "b", "c"), nil, true},
		{"empty", list("1", "2"), list(), nil, true},
		{"a text", list("1", "2"), "ab", nil, true},
		{"a dict", list("1", "2"), pickle.NewDict("1", "a", "2", "b"), nil, true},
		{"not all texts", list("1", "2"), list("a", int64(2)), nil, true},
		{"long", list("1"), list(long), []string{natural.Clip(long, maxTitle)}, false},
	} {
		arg := pickle.NewDict("name", "layer", "type", "choice", "choices", test.choices, "labels", test.labels)
		actions, notes := decodeActions(pickle.NewDict("look", pickle.NewDict("args", list(arg))))
		if len(actions) != 1 || !slices.Equal(actions[0].Args[0].Labels, test.want) || (len(notes) > 0) != test.noted {
			t.Errorf("%s: %+v, %v; want %q", test.name, actions, notes, test.want)
		}
	}
	control := pickle.NewDict("type", "choice", "value", "1", "choices", many, "labels", many)
	controls, _ := decodeControls(pickle.NewDict("c", control))
	if len(controls) != 1 || len(controls[0].Choices) != maxChoices || !slices.Equal(controls[0].Choices, controls[0].Labels) {
		t.Errorf("of 3000 choices: %d controls", len(controls))
	}
}

// Soft limits are those of a slider: also what begins beyond them can be sent.
func TestDeclaredSoftLimits(t *testing.T) {
	declare := func(soft pickle.Value) *pickle.Dict {
		return pickle.NewDict("name", "x", "type", "float", "value", 1.0, "min", 0.0, "max", 2.0, "default", 7.0, "soft", soft)
	}
	for _, test := range []struct {
		soft pickle.Value
		want bool
	}{{true, true}, {false, false}, {nil, false}, {"yes", false}, {int64(1), false}} {
		actions, _ := decodeActions(pickle.NewDict("a", pickle.NewDict("args", pickle.NewList(declare(test.soft)))))
		arg := actions[0].Args[0]
		_, err := arg.Accept(9.0)
		if arg.Soft != test.want || (err == nil) != test.want || (arg.Default != nil) != test.want {
			t.Errorf("%v: %+v, %v", test.soft, arg, err)
		}
	}
}
