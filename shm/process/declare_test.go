package process

import (
	"math"
	"slices"
	"testing"

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
