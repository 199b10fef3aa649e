package wire_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"webmon/lacking"
	"webmon/shm"
	"webmon/shm/demo/wire"
	"webmon/shm/pickle"
	"webmon/shm/process"
	"webmon/shm/segment"
	"webmon/shm/sourcetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ptr(x float64) *float64 { return &x }

// scope is a small process with one of everything.
type scope struct {
	*wire.Process
	camera, table *wire.Array
	frames        int
	states        int
	wanted        bool // a state is worked out only then
	set           []shm.Value
	waiting       []wire.Call
	ask           chan func() // called in the owner's next round
	stop          func()
}

// begin starts one whose loop turns every 16 ms.
func begin(t *testing.T, o wire.Options) *scope {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	o.Name = "scope"
	p := wire.New(o)
	s := &scope{Process: p, ask: make(chan func(), 1)}
	s.declare()
	if err := p.Start(ctx); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer p.Release()
		tick := time.NewTicker(16 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-p.Wake():
			case <-tick.C:
			}
			p.Round(s.turn)
		}
	}()
	s.stop = func() {
		p.Close()
		cancel()
		<-done
	}
	t.Cleanup(s.stop)
	return s
}

func (s *scope) declare() {
	s.Topic(wire.Topic{Name: "stage", Title: "Stage", Fields: []wire.Field{{Path: "x", Title: "X", Unit: "um"}}})
	s.Topic(wire.Topic{Name: "exposure", Event: true, Title: "Exposure", Unit: "ms"})
	s.Control(shm.Control{
		Name: "exposure", Title: "Exposure", Type: shm.Float, Value: 20.0, Default: 20.0, Min: ptr(1), Max: ptr(500), Scale: "log",
		Unit: "ms", Group: "camera", Section: "Sensor", Help: "How long a frame is lit.",
	}, func(v shm.Value) error {
		s.set = append(s.set, v)
		if v == 13.0 {
			return errors.New("13 ms bring bad luck")
		}
		return nil
	})
	s.Control(shm.Control{Name: "color", Type: shm.Color, Value: "#ff0000"}, func(shm.Value) error { panic("the painter is ill") })
	s.Control(shm.Control{Name: "channel", Type: shm.Choice, Value: "a", Choices: []string{"a", "b"}, Labels: []string{"Nuclei", "Actin"}}, func(shm.Value) error { return nil })
	s.Action(shm.Action{Name: "snap", Title: "Snap", Args: []shm.Control{
		{Name: "n", Type: shm.Int, Default: int64(1), Min: ptr(1), Max: ptr(9)}, {Name: "name", Type: shm.Text},
	}}, func(c wire.Call) error {
		switch c.Text("name") {
		case "later":
			s.waiting = append(s.waiting, c)
			return wire.ErrLater
		case "no":
			return fmt.Errorf("%d pictures of that are not allowed", c.Int("n"))
		}
		return nil
	})
	s.camera = s.Array(shm.ArrayInfo{
		Name: "camera", Descr: "<u2", Shape: []int{4, 6}, Axes: []string{"y", "x"}, Units: []string{"um", "um"}, Scale: []float64{0.5, 0.5},
		Title: "Camera", Limits: &[2]float64{0, 100}, Colormap: "gray",
	})
	s.table = s.Array(shm.ArrayInfo{
		Name: "cells", Fields: []shm.ArrayField{{Name: "id", Descr: "<u4"}, {Name: "at", Descr: "<f4", Shape: []int{2}}}, Shape: []int{2}, Axes: []string{"cell"}, Role: "table",
	})
}

func (s *scope) turn() {
	s.frames++
	now := float64(s.Now().UnixMicro()) / 1e6
	s.Event("frame_time", pickle.NewDict("time", now, "delta_ms", 16.0))
	if s.Wanted("stage") > 0 || !s.wanted {
		s.wanted = true
		s.states++
		s.State("stage", pickle.NewDict("x", float64(s.states)))
	}
	s.camera.Offer(1)
	if s.camera.Due() {
		pixels := make([]byte, 48)
		binary.LittleEndian.PutUint16(pixels, uint16(s.frames))
		if err := s.camera.Publish(pixels, segment.Frame{}); err != nil {
			panic(err)
		}
	}
	select {
	case f := <-s.ask:
		f()
	default:
	}
}

func attach(t *testing.T, p *wire.Process) *process.Source {
	t.Helper()
	src, err := process.Attach(context.Background(), process.Options{Address: p.Address(), Authkey: p.Authkey()})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// watch runs a source of the process.
func watch(t *testing.T, src *process.Source) *sourcetest.Sink {
	t.Helper()
	sink := sourcetest.NewSink()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- src.Run(ctx, sink) }()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return sink
}

// The adapter of every process takes this one for what it says it is.
func TestConformance(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Process {
		s := begin(t, wire.Options{})
		return sourcetest.Process{
			Source: attach(t, s.Process), Quit: s.stop, State: "stage", Answers: true,
			Command: shm.Command{ID: "1", Name: "exposure", Args: map[string]shm.Value{"exposure": 30.0}},
		}
	})
}

func TestDeclarations(t *testing.T) {
	s := begin(t, wire.Options{Kind: shm.KindNapari, Napari: "0.6.2", Package: "1.2"})
	src := attach(t, s.Process)
	info := src.Info()
	if info.Name != "scope" || info.Kind != shm.KindNapari || info.Napari != "0.6.2" || info.Package != "1.2" || info.Instance == "" {
		t.Errorf("info = %+v", info)
	}
	sink := watch(t, src)
	var controls shm.Controls
	sink.Wait(t, "the controls", func() bool {
		v, _ := sink.Latest(shm.TopicControls)
		controls, _ = v.(shm.Controls)
		return len(controls) == 3
	})
	c, _ := controls.Get("exposure")
	if c.Title != "Exposure" || c.Value != 20.0 || c.Default != 20.0 || *c.Min != 1 || *c.Max != 500 || c.Scale != "log" || c.Unit != "ms" ||
		c.Group != "camera" || c.Section != "Sensor" || c.Help == "" {
		t.Errorf("exposure = %+v", c)
	}
	if c, _ := controls.Get("channel"); !slices.Equal(c.Labels, []string{"Nuclei", "Actin"}) || !slices.Equal(c.Choices, []string{"a", "b"}) {
		t.Errorf("channel = %+v", c)
	}
	var arrays shm.Arrays
	sink.Wait(t, "the arrays", func() bool {
		v, _ := sink.Latest(shm.TopicArrays)
		arrays, _ = v.(shm.Arrays)
		return len(arrays) == 2
	})
	if a := arrays.Get("camera"); a.Descr != "<u2" || a.Title != "Camera" || a.Limits == nil || a.Colormap != "gray" || !slices.Equal(a.Units, []string{"um", "um"}) || a.Scale[0] != 0.5 {
		t.Errorf("camera = %+v", a)
	}
	if a := arrays.Get("cells"); a.Role != "table" || len(a.Fields) != 2 || a.Fields[1].Name != "at" || !slices.Equal(a.Fields[1].Shape, []int{2}) {
		t.Errorf("cells = %+v", a)
	}
	actions := src.Actions()
	if len(actions) != 1 || actions[0].Title != "Snap" || len(actions[0].Args) != 2 || actions[0].Args[0].Default != int64(1) {
		t.Errorf("actions = %+v", actions)
	}
	topics, _ := sink.Latest("topics")
	if stage, _ := topics.(map[string]shm.Value)["stage"].(map[string]shm.Value); stage["title"] != "Stage" || stage["kind"] != "state" {
		t.Errorf("topics = %v", topics)
	}
}

// What becomes of commands, and why.
func TestCommands(t *testing.T) {
	s := begin(t, wire.Options{})
	src := attach(t, s.Process)
	sink := watch(t, src)
	type end struct {
		status shm.Status
		reason string
	}
	send := func(name string, args map[string]shm.Value) <-chan end {
		ended := make(chan end, 1)
		src.Command(shm.Command{ID: name + fmt.Sprint(time.Now().UnixNano()), Name: name, Args: args}, func(s shm.Status, reason string) {
			if s == shm.Applied || s == shm.Refused || s == shm.Gone {
				ended <- end{s, reason}
			}
		})
		return ended
	}
	value := func(name string) shm.Value {
		v, _ := sink.Latest(shm.TopicControls)
		list, _ := v.(shm.Controls)
		c, _ := list.Get(name)
		return c.Value
	}
	sink.Want(shm.TopicControls, 20)
	for _, c := range []struct {
		name string
		args map[string]shm.Value
		want end
	}{
		{"exposure", map[string]shm.Value{"exposure": 35.5}, end{shm.Applied, ""}},
		{"exposure", map[string]shm.Value{"exposure": 13.0}, end{shm.Refused, "13 ms bring bad luck"}},
		{"channel", map[string]shm.Value{"channel": "Actin"}, end{shm.Applied, ""}},
		{"snap", map[string]shm.Value{"name": "cells"}, end{shm.Applied, ""}},
		{"snap", map[string]shm.Value{"name": "no", "n": 4}, end{shm.Refused, "4 pictures of that are not allowed"}},
	} {
		if got := <-send(c.name, c.args); got != c.want {
			t.Errorf("%s %v: %v, want %v", c.name, c.args, got, c.want)
		}
	}
	sink.Wait(t, "the values of the controls", func() bool { return value("exposure") == 35.5 && value("channel") == "b" })
	if got := <-send("color", map[string]shm.Value{"color": "#00ff00"}); got.status != shm.Refused || !strings.Contains(got.reason, "the painter is ill") {
		t.Errorf("a panic ends in %v", got)
	}
	if v := value("color"); v != "#ff0000" {
		t.Errorf("the colour is %v after it was refused", v)
	}

	later := send("snap", map[string]shm.Value{"name": "later"})
	select {
	case got := <-later:
		t.Fatalf("what is answered later was answered at once: %v", got)
	case <-time.After(100 * time.Millisecond):
	}
	s.between(func() {
		if len(s.waiting) == 1 {
			s.waiting[0].Answer(errors.New("it took too long"))
		}
	})
	if got := <-later; got != (end{shm.Refused, "it took too long"}) {
		t.Errorf("answered later: %v", got)
	}
}

// between has f called once, in a round of the owner's.
func (s *scope) between(f func()) {
	done := make(chan struct{})
	s.ask <- func() { f(); close(done) }
	<-done
}

// What nobody wants is neither worked out nor copied, and whoever comes gets it soon.
func TestDemand(t *testing.T) {
	s := begin(t, wire.Options{})
	src := attach(t, s.Process)
	sink := watch(t, src)
	sink.Wait(t, "the arrays", func() bool {
		v, _ := sink.Latest(shm.TopicArrays)
		return v != nil
	})
	time.Sleep(200 * time.Millisecond)
	var states, drawn int
	s.between(func() {
		states = s.states
		if s.camera.Drawn() {
			drawn++
		}
	})
	if states != 1 || drawn != 0 {
		t.Errorf("%d states were worked out and %d frames copied while nobody wanted them", states, drawn)
	}
	sink.Want("stage", 10)
	sink.Want("array/camera", 60)
	sink.Wait(t, "a frame and new states", func() bool {
		v, _ := sink.Latest("array/camera")
		_, n := sink.Latest("stage")
		return v != nil && n > 3
	})
	sink.Want("array/camera", 0)
	// Refresh brings what the process has now.
	sink.Want("stage", 1)
	before := 0
	s.between(func() { before = s.states })
	src.Refresh(t.Context(), []string{"stage"})
	v, _ := sink.Latest("stage")
	if x, _ := v.(map[string]shm.Value)["x"].(float64); int(x) < before {
		t.Errorf("after a refresh the stage is %v, and it was %d before", x, before)
	}
}

// Values on the way are left out where newer ones wait.
func TestValuesOnTheWay(t *testing.T) {
	p := wire.New(wire.Options{Name: "scope"})
	var set []shm.Value
	p.Control(shm.Control{Name: "z", Type: shm.Float, Value: 0.0}, func(v shm.Value) error { set = append(set, v); return nil })
	put := func(id pickle.Value, z float64) {
		wire.Put(p, pickle.NewDict("webmon", pickle.NewDict("id", id, "name", "z", "args", pickle.NewDict("z", z))))
	}
	put(nil, 1)
	put(nil, 2)
	put("a", 3)
	put(nil, 4)
	put(nil, 5)
	wire.Put(p, "nothing of use")
	wire.Put(p, pickle.NewDict("webmon", pickle.NewDict("id", "b", "name", int64(7))))
	p.Round(func() {})
	if want := []shm.Value{3.0, 5.0}; !slices.Equal(set, want) {
		t.Errorf("set to %v, want %v", set, want)
	}
}

// Nobody takes the messages: the oldest events go, and are counted; what the process says of itself stays.
func TestMessagesAreBounded(t *testing.T) {
	synctest.Test(t, testBounds)
}

func testBounds(t *testing.T) {
	p := wire.New(wire.Options{Name: "scope"})
	p.Topic(wire.Topic{Name: "tick", Event: true})
	p.Round(func() {})
	first := wire.Waiting(p)
	for range 9000 {
		time.Sleep(16 * time.Millisecond)
		p.Round(func() { p.Event("tick", pickle.NewDict("time", 1.0)) })
	}
	time.Sleep(time.Second)
	p.Round(func() { p.Topic(wire.Topic{Name: "tick", Event: true}) })
	if n := wire.Waiting(p); n > 8192 || n < 8000 {
		t.Errorf("%d messages wait", n)
	}
	if first != 1 { // the declarations
		t.Errorf("%d messages wait after the first round", first)
	}
	lost, _ := wire.Value(p, shm.TopicLost).(*pickle.Dict)
	total, _ := lost.Get("total")
	if n, _ := total.(int64); n < 800 || n > 1000 {
		t.Errorf("%v events were lost, want those beyond 8192", total)
	}
	changed := 0
	for {
		m, err := wire.Take(p)
		if err != nil {
			break
		}
		if said := m.(*pickle.Dict).Dict("webmon"); said != nil {
			changed++
		} else {
			break // it comes first
		}
	}
	if changed < 2 {
		t.Errorf("%d messages about the process were kept, want those of the first and of the last round", changed)
	}
}

// Events of one round are bounded as well.
func TestEventsOfARound(t *testing.T) {
	p := wire.New(wire.Options{Name: "scope"})
	p.Round(func() {
		for range 10_000 {
			p.Event("tick", pickle.NewDict("time", 1.0))
		}
	})
	p.Round(func() {})
	lost, _ := wire.Value(p, shm.TopicLost).(*pickle.Dict)
	if n, _ := lost.Get("total"); n != int64(10_000-8192) {
		t.Errorf("%v events were lost, want %d", n, 10_000-8192)
	}
}

// A state is told as often as it is wanted, and whoever wants something is forgotten after five seconds.
func TestPaceAndForgetting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := wire.New(wire.Options{Name: "scope"})
		wire.Note(p, "update", pickle.NewDict("want:a", pickle.NewDict(
			"topics", pickle.NewDict("stage", 2.0, "array/x", int64(3), "odd", "often", "worse", -1.0),
			"sizes", pickle.NewDict("array/x", pickle.NewList(int64(10), int64(20)), "stage", "large"),
		), "webmon:watchers:a", int64(2)))
		wire.Note(p, "update", pickle.NewDict("want:b", pickle.NewDict(
			"topics", pickle.NewDict("array/x", 9.0), "sizes", pickle.NewDict("array/x", pickle.NewList(int64(30), int64(5))),
		)))
		select {
		case <-p.Wake():
		default:
			t.Error("a new wish wakes nobody")
		}
		told := 0
		p.Round(func() {})
		drain := func() {
			for {
				m, err := wire.Take(p)
				if err != nil {
					return
				}
				if list, ok := m.(*pickle.Dict).Dict("webmon").Get("changed"); ok && slices.Contains(list.([]string), "stage") {
					told++
				}
			}
		}
		for range 50 * 4 {
			p.Round(func() { p.State("stage", 1.0) })
			drain()
			time.Sleep(20 * time.Millisecond)
		}
		if told < 7 || told > 12 {
			t.Errorf("told %d times in 4 s, want twice a second", told)
		}
		if hz := p.Wanted("array/x"); hz != 9 {
			t.Errorf("array/x is wanted %v times a second, want the most of all", hz)
		}
		if p.Wanted("odd") != 0 || p.Wanted("worse") != 0 {
			t.Error("what makes no sense is taken for a wish")
		}
		if r, c, ok := p.Enough("array/x"); !ok || r != 30 || c != 20 {
			t.Errorf("enough are %d x %d, %v, want the largest of all", r, c, ok)
		}
		if p.Watchers() != 2 || !p.Watched() {
			t.Errorf("%d browsers, want 2", p.Watchers())
		}
		time.Sleep(2 * time.Second)
		p.Round(func() {})
		if p.Watched() || p.Wanted("stage") != 0 || p.Watchers() != 0 {
			t.Error("whoever is gone for five seconds still wants something")
		}
		for i := range 100 {
			wire.Note(p, "update", pickle.NewDict(fmt.Sprintf("want:%d", i), pickle.NewDict("topics", pickle.NewDict("stage", 1.0))))
		}
		p.Round(func() {})
		if p.Wanted("stage") != 1 {
			t.Error("nobody is heard any more once too many want something")
		}
		wire.Note(p, "clear")
		p.Round(func() {})
		if p.Watched() {
			t.Error("something is wanted after all notes were removed")
		}
	})
}

// Withheld arrays stay declared, with the reason, and come back with the next frame.
func TestWithhold(t *testing.T) {
	probe, err := segment.Create(segment.Spec{Name: "probe", DType: "|u1", Shape: []int{1}})
	if err != nil {
		lacking.Skip(t, "shared memory: %v", err)
	}
	if err := probe.Close(); err != nil {
		t.Error(err)
	}
	p := wire.New(wire.Options{Name: "scope"})
	defer p.Release()
	a := p.Array(shm.ArrayInfo{Name: "x", Descr: "|u1", Shape: []int{2}, Axes: []string{"x"}})
	field := func(key string) pickle.Value {
		p.Round(func() {})
		v, _ := wire.Value(p, shm.TopicArrays).(*pickle.Dict).Dict("x").Get(key)
		return v
	}
	if err := a.Publish([]byte{1, 2}, segment.Frame{}); err != nil || !a.Drawn() || field("shm") == "" {
		t.Fatalf("no frame was shared: %v", err)
	}
	was := field("generation")
	a.Withhold("The layer is hidden.")
	if field("shm") != "" || field("note") != "The layer is hidden." || a.Drawn() {
		t.Errorf("withheld: segment %v, note %v", field("shm"), field("note"))
	}
	a.Describe(func(i *shm.ArrayInfo) { i.Note = "What it is." })
	if err := a.Publish([]byte{3, 4}, segment.Frame{}); err != nil || field("shm") == "" || field("generation") == was || field("note") != "What it is." {
		t.Errorf("after the next frame the segment is %v, its generation %v as before, the note %v: %v", field("shm"), field("generation"), field("note"), err)
	}
	a.Withhold("The layer is hidden.")
	if a.Offer(1); field("shm") == "" || field("note") != "What it is." {
		t.Errorf("after a frame that nobody wanted the segment is %v, the note %v", field("shm"), field("note"))
	}
	if err := a.Publish([]byte{3}, segment.Frame{}); err == nil {
		t.Error("a frame that does not fit is shared")
	}
	if name, _ := field("shm").(string); os.Remove(filepath.Join(segment.Dir, name)) == nil { // Windows has no file
		if err := a.Publish([]byte{5, 6}, segment.Frame{}); err != nil || field("shm") == name || field("shm") == "" || !a.Drawn() {
			t.Errorf("after somebody has removed the segment %v it is %v: %v", name, field("shm"), err)
		}
	}
	a.Remove()
	p.Round(func() {})
	if wire.Value(p, shm.TopicArrays).(*pickle.Dict).Len() != 0 {
		t.Error("the array is declared after it was removed")
	}
}

// Hands reach whoever draws the canvas, in their order with commands.
func TestHands(t *testing.T) {
	var did []string
	p := wire.New(wire.Options{Name: "scope", Hands: func(n int64, events []any) { did = append(did, fmt.Sprint("hands ", n, len(events))) }})
	p.Control(shm.Control{Name: "z", Type: shm.Float, Value: 0.0}, func(v shm.Value) error { did = append(did, fmt.Sprint("z ", v)); return nil })
	wire.Put(p, pickle.NewDict("webmon", pickle.NewDict("id", "a", "name", "z", "args", pickle.NewDict("z", 1.0))))
	wire.Put(p, pickle.NewDict("webmon", pickle.NewDict("hands", pickle.NewDict("n", int64(5), "events", pickle.NewList(pickle.NewDict("do", "reset"))))))
	wire.Put(p, pickle.NewDict("webmon", pickle.NewDict("id", "b", "name", "z", "args", pickle.NewDict("z", 2.0))))
	p.Round(func() {})
	if want := []string{"z 1", "hands 5 1", "z 2"}; !slices.Equal(did, want) {
		t.Errorf("did %q, want %q", did, want)
	}
}

func TestReplacing(t *testing.T) {
	p := wire.New(wire.Options{Name: "scope"})
	set := func(shm.Value) error { return nil }
	p.Control(shm.Control{Name: "a", Type: shm.Bool, Value: true}, set)
	p.Control(shm.Control{Name: "b", Type: shm.Bool, Value: true}, set)
	p.Control(shm.Control{Name: "a", Type: shm.Bool, Value: false}, set)
	p.Action(shm.Action{Name: "act"}, func(wire.Call) error { return nil })
	p.SetControl("b", false)
	p.Round(func() { p.State("s", 1.0) })
	controls := wire.Value(p, shm.TopicControls).(*pickle.Dict)
	if controls.Len() != 2 || controls.Entries[0].Key != "a" {
		t.Errorf("controls = %v, want each in its old place", controls)
	}
	if v, _ := controls.Dict("b").Get("value"); v != false {
		t.Errorf("b = %v, want what was set", v)
	}
	p.RemoveControl("a")
	p.RemoveControl("a")
	p.RemoveAction("act")
	p.Forget("s")
	p.Round(func() {})
	if n := wire.Value(p, shm.TopicControls).(*pickle.Dict).Len() + wire.Value(p, shm.TopicActions).(*pickle.Dict).Len(); n != 1 {
		t.Errorf("%d controls and actions are left, want b", n)
	}
	if wire.Value(p, "s") != nil {
		t.Error("a state is there after it was taken back")
	}
}
