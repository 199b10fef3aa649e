package demo

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"webmon/shm"
	"webmon/shm/demo/wire"
	"webmon/shm/manager"
	"webmon/shm/pickle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// played is a demo without its wire.
type played struct {
	*wire.Process
	data     *manager.Dict
	messages *manager.Queue
	notes    manager.Resource
	commands manager.Resource
}

func newPlayed(seed uint64) (played, []part) {
	p, parts := assemble(Options{Seed: seed})
	all := p.Resources()
	return played{p, all["napari_data"].(*manager.Dict), all["napari_messages"].(*manager.Queue), all["client_data"], all["client_messages"]}, parts
}

// play runs a demo for a while of synctest's time.
func play(t *testing.T, seed uint64, d time.Duration, during func(played)) played {
	t.Helper()
	p, parts := newPlayed(seed)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer p.Release()
		defer closeAll(parts)
		live(ctx, p.Process, parts)
	}()
	if during != nil {
		during(p)
	}
	time.Sleep(d)
	cancel()
	<-done
	return p
}

// want says that somebody wants topics, so many times a second.
func (p played) want(t *testing.T, topics ...pickle.Value) {
	t.Helper()
	_, err := p.notes.Call(t.Context(), manager.Call{Method: "update", Args: pickle.Tuple{
		pickle.NewDict("want:test", pickle.NewDict("topics", pickle.NewDict(topics...)), "webmon:watchers:test", int64(1)),
	}})
	if err != nil {
		t.Error(err)
	}
}

// send sends a command of the id.
func (p played) send(t *testing.T, id, name string, args ...pickle.Value) {
	t.Helper()
	_, err := p.commands.Call(t.Context(), manager.Call{Method: "put", Args: pickle.Tuple{
		pickle.NewDict("webmon", pickle.NewDict("id", id, "name", name, "args", pickle.NewDict(args...))),
	}})
	if err != nil {
		t.Error(err)
	}
}

// drain returns the events by topic, and what became of commands under "command".
func (p played) drain(t *testing.T) map[string][]*pickle.Dict {
	t.Helper()
	out := map[string][]*pickle.Dict{}
	for {
		v, err := p.messages.TryGet()
		if err != nil {
			return out
		}
		for _, e := range v.(*pickle.Dict).Entries {
			topic := e.Key.(string)
			switch v := e.Value.(type) {
			case *pickle.List:
				for _, item := range v.Items {
					out[topic] = append(out[topic], item.(*pickle.Dict))
				}
			case *pickle.Dict:
				out[topic] = append(out[topic], v)
			default:
				t.Fatalf("message %v", v)
			}
		}
	}
}

func TestAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := play(t, 3, time.Minute, nil)
		m := d.drain(t)
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
		if n := len(m["load_chunk"]); n < 100 {
			t.Errorf("%d chunks in a minute, want 100", n)
		}
		checkPoll(t, d)
	})
}

// checkPoll looks at the layout, which is to be that of a napari with the package.
func checkPoll(t *testing.T, d played) {
	t.Helper()
	v, _ := d.data.Get("poll")
	poll, _ := v.(*pickle.Dict)
	layers := poll.Dict("layers")
	if layers.Len() != 3 {
		t.Fatalf("poll = %v, want three layers", v)
	}
	for i, e := range layers.Entries {
		if e.Key != fmt.Sprint(i+1) {
			t.Errorf("layer id %v, want %d as text", e.Key, i+1)
		}
		l := layers.Dict(e.Key)
		for _, key := range []string{"seen", "loading", "reloaded"} {
			s, _ := l.Dict("tile_state").Get(key)
			if tiles := s.(*pickle.Array); tiles.Type.Descr() != "<i8" || len(tiles.Shape) != 2 || tiles.Shape[1] != 2 {
				t.Errorf("%s is %v", key, tiles)
			}
		}
		c, _ := l.Dict("tile_state").Get("corners")
		if a := c.(*pickle.Array); a.String() != "array <f8 (2, 2)" {
			t.Errorf("corners are %v", a)
		}
		for _, key := range []string{"name", "base_shape", "image_shape", "shape_in_tiles", "tile_size", "tile_shape", "level_index", "ideal_level", "levels", "stated", "reloads"} {
			if _, ok := l.Dict("tile_config").Get(key); !ok {
				t.Errorf("tile_config has no %s", key)
			}
		}
	}
}

// What the demo has to show: something of each kind, and commands that are answered.
func TestTheTour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := play(t, 1, 2*time.Second, func(p played) {
			time.Sleep(100 * time.Millisecond)
			p.want(t, "stage", 10.0, "microscope", 4.0)
			p.send(t, "a", "exposure", "exposure", 40.0)
			p.send(t, "b", "fire_laser")
			p.send(t, "c", "nothing")
		})
		types, sections := map[pickle.Value]int{}, 0
		list := func(key string) *pickle.Dict {
			v, _ := d.data.Get(key)
			return v.(*pickle.Dict)
		}
		count := func(c *pickle.Dict) {
			kind, _ := c.Get("type")
			types[kind]++
			if _, ok := c.Get("section"); ok {
				sections++
			}
		}
		for _, e := range list(shm.TopicControls).Entries {
			count(e.Value.(*pickle.Dict))
		}
		if len(types) != 6 || sections < 3 {
			t.Errorf("the controls are of the types %v, with %d in sections, want all six types", types, sections)
		}
		clear(types)
		for _, e := range list(shm.TopicActions).Entries {
			args, _ := e.Value.(*pickle.Dict).Get("args")
			for _, arg := range args.(*pickle.List).Items {
				count(arg.(*pickle.Dict))
			}
		}
		if len(types) != 6 {
			t.Errorf("the arguments of actions are of the types %v, want all six", types)
		}
		roles, dims := map[pickle.Value]int{}, map[int]int{}
		for _, e := range list(shm.TopicArrays).Entries {
			role, _ := e.Value.(*pickle.Dict).Get("role")
			shape, _ := e.Value.(*pickle.Dict).Get("shape")
			roles[role]++
			dims[len(shape.([]int64))]++
		}
		for _, role := range []string{"", "rgb", "labels", "table"} {
			if roles[role] == 0 {
				t.Errorf("there is no array with the role %q", role)
			}
		}
		if dims[1] == 0 || dims[2] == 0 || dims[5] == 0 {
			t.Errorf("arrays have %v dimensions, want one, two and five among them", dims)
		}
		said := map[pickle.Value]pickle.Value{}
		for _, c := range d.drain(t)["command"] {
			id, _ := c.Get("id")
			reason, _ := c.Get("reason")
			said[id] = reason
		}
		b, _ := said["b"].(string)
		c, _ := said["c"].(string)
		if len(said) != 3 || said["a"] != nil || !strings.Contains(b, "lid is open") || !strings.Contains(c, "no command") {
			t.Errorf("the commands were answered by %v", said)
		}
		microscope, _ := d.data.Get("microscope")
		if v, _ := microscope.(*pickle.Dict).Dict("camera").Get("exposure_ms"); v != 40.0 {
			t.Errorf("the microscope says that the exposure is %v", v)
		}
	})
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

func TestStartAndClose(t *testing.T) {
	d, err := Start(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
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
	if !d.Resources()["napari_shutdown"].(*manager.Event).IsSet() {
		t.Error("the demo ended without saying so")
	}
}

// What a round costs while nobody looks: it stands for a quarter of a second.
func BenchmarkRest(b *testing.B) {
	p, parts := newPlayed(1)
	defer p.Release()
	b.ReportAllocs()
	for b.Loop() {
		time.Sleep(0)
		p.Round(func() {
			for _, part := range parts {
				part.Turn(p.Process)
			}
		})
		for p.messages.Len() > 0 {
			_, _ = p.messages.TryGet()
		}
	}
}
