package process_test

import (
	"context"
	"testing"

	"webmon/shm"
	"webmon/shm/demo"
	"webmon/shm/process"
	"webmon/shm/sourcetest"
)

// TestConformanceDemo runs the suite against the made-up microscope, which
// speaks the real wire.
func TestConformanceDemo(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Process {
		d, err := demo.Start(context.Background(), demo.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		return sourcetest.Process{
			Source:  attach(t, process.Options{Address: d.Address(), Authkey: d.Authkey(), Kind: shm.KindDemo}),
			Quit:    func() { d.Close() },
			State:   shm.TopicPoll,
			Command: shm.Command{ID: "1", Name: "exposure", Args: map[string]shm.Value{"exposure": 30.0}},
			Answers: true,
		}
	})
}

func attach(t testing.TB, o process.Options) *process.Source {
	t.Helper()
	src, err := process.Attach(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func showGrid(on bool) shm.Command {
	return shm.Command{ID: "1", Name: "show_grid", Args: map[string]shm.Value{"show_grid": on}}
}
