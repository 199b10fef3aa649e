package process

import (
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
		for _, v := range []shm.Value{controls, actions, topics, poll} {
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
