package demo

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"webmon/shm/manager"
	"webmon/shm/pickle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// play runs a demo without its wire for a while of synctest's time.
func play(t *testing.T, seed uint64, d time.Duration, during func(*Demo)) *Demo {
	t.Helper()
	demo := &Demo{
		data:     manager.NewDict(),
		messages: manager.NewQueue(maxUnread),
		commands: manager.NewQueue(10),
		shutdown: manager.NewEvent(),
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		demo.live(ctx, newModel(seed))
	}()
	if during != nil {
		during(demo)
	}
	time.Sleep(d)
	cancel()
	<-done
	return demo
}

// drain returns the messages by topic.
func drain(t *testing.T, d *Demo) map[string][]*pickle.Dict {
	t.Helper()
	out := map[string][]*pickle.Dict{}
	for {
		v, err := d.messages.TryGet()
		if err != nil {
			return out
		}
		m, ok := v.(*pickle.Dict)
		if !ok || m.Len() != 1 {
			t.Fatalf("message %v, want a dict of one topic", v)
		}
		topic := m.Entries[0].Key.(string)
		out[topic] = append(out[topic], m.Dict(topic))
	}
}

func TestAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := play(t, 3, time.Minute, nil)
		m := drain(t, d)
		if n := len(m["frame_time"]); n < 3200 || n > 3700 {
			t.Errorf("%d frames in a minute, want about 60 a second", n)
		}
		var last float64
		for i, f := range m["frame_time"] {
			at, _ := f.Get("time")
			delta, _ := f.Get("delta_ms")
			stamp := at.(float64)
			if i == 0 {
				if delta != int64(0) {
					t.Errorf("first delta_ms = %v, want the int 0", delta)
				}
			} else if got, want := delta.(float64), (stamp-last)*1e3; got < want-0.01 || got > want+0.01 {
				t.Fatalf("frame %d: delta_ms = %v, the stamps say %v", i, got, want)
			}
			last = stamp
		}
		for _, c := range m["load_chunk"] {
			n, _ := c.Get("num_bytes")
			ms, _ := c.Get("load_ms")
			if n.(int64) < 1 || ms.(float64) <= 0 {
				t.Fatalf("chunk %v", c)
			}
		}
		for topic, least := range map[string]int{"load_chunk": 100, "stage": 590, "exposure": 118} {
			if n := len(m[topic]); n < least {
				t.Errorf("%d messages of %s, want %d", n, topic, least)
			}
		}
		if v, ok := d.data.Get("microscope"); !ok || v.(*pickle.Dict).Len() < 3 {
			t.Errorf("microscope = %v", v)
		}
		checkPoll(t, d)
	})
}

// checkPoll looks at the layout, which is to be napari's own.
func checkPoll(t *testing.T, d *Demo) {
	t.Helper()
	v, _ := d.data.Get("poll")
	poll, _ := v.(*pickle.Dict)
	layers := poll.Dict("layers")
	if layers.Len() != 2 {
		t.Fatalf("poll = %v, want two layers", v)
	}
	for _, e := range layers.Entries {
		if id, ok := e.Key.(int64); !ok || id < 1<<46 {
			t.Errorf("layer id %v, want an int above 2^46", e.Key)
		}
		l := layers.Dict(e.Key)
		s, _ := l.Dict("tile_state").Get("seen")
		seen := s.(*pickle.Array)
		if seen.Type.Descr() != "<i8" || len(seen.Shape) != 2 || seen.Shape[1] != 2 || seen.Shape[0] > 1 && !seen.Fortran {
			t.Errorf("seen is %v, Fortran order %v", seen, seen.Fortran)
		}
		c, _ := l.Dict("tile_state").Get("corners")
		if a := c.(*pickle.Array); a.String() != "array <f8 (2, 2)" {
			t.Errorf("corners are %v", a)
		}
		if n := l.Dict("tile_config").Len(); n != 5 {
			t.Errorf("tile_config has %d entries, want 5", n)
		}
	}
}

func TestSameSeedSameSession(t *testing.T) {
	session := func(seed uint64) (out string) {
		synctest.Test(t, func(t *testing.T) {
			d := play(t, seed, 20*time.Second, nil)
			for {
				v, err := d.messages.TryGet()
				if err != nil {
					break
				}
				b, err := pickle.Encode(v)
				if err != nil {
					t.Fatal(err)
				}
				out += string(b)
			}
		})
		return out
	}
	one, again, other := session(5), session(5), session(6)
	if one != again {
		t.Error("the same seed gave two sessions")
	}
	if one == other {
		t.Error("two seeds gave one session")
	}
}

func TestObeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := play(t, 1, time.Second, func(d *Demo) {
			for _, v := range []pickle.Value{
				"no dict", pickle.NewDict("show_grid", "yes"), pickle.NewDict("__class__", true),
				pickle.NewDict("show_grid", false), pickle.NewDict("show_grid", true),
			} {
				if err := d.commands.Put(v); err != nil {
					t.Fatal(err)
				}
			}
		})
		if n := d.commands.Len(); n != 0 {
			t.Errorf("%d commands are left in the queue", n)
		}
		var got []pickle.Value
		for _, m := range drain(t, d)["demo"] {
			v, _ := m.Get("show_grid")
			got = append(got, v)
		}
		if len(got) != 2 || got[0] != false || got[1] != true {
			t.Errorf("the demo said %v, want false, true", got)
		}
	})
}

func TestUnreadMessagesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := play(t, 1, 4*time.Minute, nil) // 4000 messages a minute
		if n := d.messages.Len(); n > maxUnread || n < maxUnread/2 {
			t.Errorf("%d unread messages, want at most %d, and the latest kept", n, maxUnread)
		}
	})
}

func TestStartAndClose(t *testing.T) {
	d, err := Start(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Authkey()) != 32 {
		t.Errorf("the key has %d bytes, want 32", len(d.Authkey()))
	}
	c, err := manager.Dial(context.Background(), d.Address(), manager.Options{Authkey: d.Authkey()})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(context.Background()); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if !d.shutdown.IsSet() {
		t.Error("the demo ended without saying so")
	}
}

func BenchmarkFrame(b *testing.B) {
	d := &Demo{data: manager.NewDict(), messages: manager.NewQueue(maxUnread), commands: manager.NewQueue(10)}
	p := publisher{Demo: d, model: newModel(1)}
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		p.frame(now)
		now = now.Add(16 * time.Millisecond)
		for d.messages.Len() > 0 {
			_, _ = d.messages.TryGet()
		}
	}
}
