package outbox_test

import (
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/model/outbox"
	"webmon/shm/segment"
	"webmon/shm/sourcetest"
)

const name = "density"

// array makes one whose frames have their number in each byte.
func array(t *testing.T, name string) (a *outbox.Array, filled *byte) {
	t.Helper()
	filled = new(byte)
	limits := [2]float64{0, 9}
	a, err := outbox.NewArray(segment.Spec{Name: name, DType: "|u1", Shape: []int{2, 3}, Axes: []string{"x", "y"}},
		shm.ArrayInfo{Title: "The " + name, Unit: "px", Colormap: "viridis", Limits: &limits, Role: "labels"},
		func(b []byte) {
			*filled++
			for i := range b {
				b[i] = *filled
			}
		})
	if err != nil {
		t.Fatal(err)
	}
	return a, filled
}

func TestFramesAreMadeForThoseWhoWantThem(t *testing.T) {
	sink := sourcetest.NewSink()
	a, filled := array(t, name)
	topic := shm.ArrayTopic(name)
	for i, tt := range []struct {
		wanted  float64
		version uint64
		behind  bool // before it is offered
		filled  byte // after
	}{
		{0, 1, false, 0},
		{0, 2, false, 0},
		{60, 2, true, 1}, // who comes now sees what stands still
		{60, 2, false, 2},
		{60, 3, true, 3},
		{0, 4, false, 3},
		{0, 3, false, 3},
		{1, 3, false, 4},
		{1, 5, true, 5},
	} {
		sink.Want(topic, tt.wanted)
		if got := a.Behind(sink, tt.version); got != tt.behind {
			t.Errorf("%d: it is behind: %v", i, got)
		}
		if err := a.Offer(sink, tt.version, time.Unix(int64(i), 0)); err != nil {
			t.Fatal(err)
		}
		v, n := sink.Latest(topic)
		if *filled != tt.filled || n != int(tt.filled) {
			t.Fatalf("%d: %d frames were made and %d handed over, want %d", i, *filled, n, tt.filled)
		}
		if tt.wanted == 0 {
			continue
		}
		f := v.(*shm.ArrayFrame)
		b, err := f.Reader.ReadAll(f, nil)
		if err != nil || len(b) != 6 || b[0] != tt.filled || b[5] != tt.filled || f.Stamp != float64(i) {
			t.Errorf("%d: the frame has %v at %v, %v", i, b, f.Stamp, err)
		}
	}
}

func TestTell(t *testing.T) {
	sink := sourcetest.NewSink()
	tracers, _ := array(t, "tracers")
	density, _ := array(t, name)
	outbox.Tell(sink, time.Now())
	outbox.Tell(sink, time.Now(), nil, nil)
	if _, n := sink.Latest(shm.TopicArrays); n != 0 {
		t.Error("no arrays were told")
	}
	for range 3 {
		if err := density.Offer(sink, 1, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	outbox.Tell(sink, time.Now(), tracers, nil, density)
	v, _ := sink.Latest(shm.TopicArrays)
	list, _ := v.(shm.Arrays)
	if len(list) != 2 || list[0].Name != name || list[1].Name != "tracers" || list[0].Stats.Published != 3 {
		t.Fatalf("%+v", v)
	}
	if a := list[0]; a.Title != "The density" || a.Unit != "px" || a.Colormap != "viridis" || a.Limits == nil || a.Role != "" || a.Generation == list[1].Generation {
		t.Errorf("%+v", a)
	}
}

func TestNoArray(t *testing.T) {
	sink := sourcetest.NewSink()
	sink.Want(shm.ArrayTopic(name), 60)
	var none *outbox.Array
	if none.Behind(sink, 1) || none.Shape() != nil {
		t.Error("what is not there is behind, or has a shape")
	}
	if a, _ := array(t, name); len(a.Shape()) != 2 || a.Shape()[1] != 3 {
		t.Errorf("the shape is %v", a.Shape())
	}
	if _, err := outbox.NewArray(segment.Spec{Name: name, DType: "|u1", Shape: []int{-1}}, shm.ArrayInfo{}, nil); err == nil {
		t.Error("there is an array of less than nothing")
	}
}

func TestRate(t *testing.T) {
	for name, tt := range map[string]struct {
		pictures int
		every    time.Duration
		want     float64
	}{
		"the first":        {1, time.Second, 0},
		"all at once":      {5, 0, 0},
		"slow":             {2, 4 * time.Second, 0.25},
		"fast":             {1000, 10 * time.Millisecond, 100},
		"a few, and after": {7, 20 * time.Millisecond, 50},
	} {
		t.Run(name, func(t *testing.T) {
			var r outbox.Rate
			now := time.Unix(1, 0)
			r.Count(now)
			now = now.Add(time.Hour) // it stood still
			r.Stop()
			var got float64
			for range tt.pictures {
				got = r.Count(now)
				now = now.Add(tt.every)
			}
			if got != tt.want {
				t.Errorf("%v a second, want %v", got, tt.want)
			}
		})
	}
	t.Run("of late", func(t *testing.T) {
		var r outbox.Rate
		now := time.Unix(1, 0)
		for range 40 {
			r.Count(now)
			now = now.Add(time.Second)
		}
		var got float64
		for range 40 {
			got = r.Count(now)
			now = now.Add(time.Second / 4)
		}
		if got != 4 {
			t.Errorf("%v a second, want 4", got)
		}
	})
}
