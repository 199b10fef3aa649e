package process_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/pickle"
	"webmon/shm/process"
	"webmon/shm/process/naparitest"
	"webmon/shm/sourcetest"
)

// watchPlayer attaches to a player.
func watchPlayer(t *testing.T, p *naparitest.Player, o process.Options) *running {
	t.Helper()
	o.Address, o.Authkey = p.Address(), p.Authkey
	return run(t, attach(t, o))
}

func list(items ...pickle.Value) *pickle.List { return pickle.NewList(items...) }

// exposure is a control as the package declares it.
func exposure(value float64) *pickle.Dict {
	return pickle.NewDict("type", "float", "value", value, "min", 0.1, "max", 500.0, "unit", "ms", "scale", "log", "title", "Exposure", "group", "camera", "default", nil)
}

// shoot is an action with two arguments.
func shoot() *pickle.Dict {
	return pickle.NewDict("title", "Shoot", "help", "Takes pictures", "args", list(
		pickle.NewDict("name", "n", "type", "int", "value", nil, "default", int64(3), "min", int64(1), "max", int64(100)),
		pickle.NewDict("name", "dark", "type", "bool"),
	))
}

// TestConformanceOurs runs the suite against a process that says hello.
func TestConformanceOurs(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Process {
		p := naparitest.Play(t, naparitest.PlayOptions{Kind: "napari"})
		p.Declare("actions", pickle.NewDict("show_grid", pickle.NewDict("args", list(pickle.NewDict("name", "show_grid", "type", "bool")))))
		src := attach(t, process.Options{Address: p.Address(), Authkey: p.Authkey})
		ctx, cancel := context.WithCancel(context.Background())
		var done sync.WaitGroup
		done.Go(func() {
			for ctx.Err() == nil {
				p.Set("poll", tiles(t, 3))
				p.Frame()
				time.Sleep(time.Second / 60)
			}
		})
		stop := func() {
			cancel()
			done.Wait()
		}
		t.Cleanup(stop)
		return sourcetest.Process{
			Source: src, Quit: func() { stop(); p.Quit() }, Kill: func() { stop(); p.Kill() },
			State: shm.TopicPoll, Command: showGrid(true), Answers: true,
		}
	})
}

// TestWhatIsToldOfLayers: what the pages read of layers is typed, and what programs
// read is what the process has sent.
func TestWhatIsToldOfLayers(t *testing.T) {
	p := naparitest.Play(t, naparitest.PlayOptions{Kind: "napari"})
	r := watchPlayer(t, p, process.Options{})
	r.sink.Want(shm.TopicLayers, 10)
	r.sink.Want(shm.TopicHistograms, 10)
	p.Set("layers", list(pickle.NewDict("id", "3", "name", "tissue", "shape", pickle.Tuple{int64(4), int64(5)}, "new", nil), "odd"))
	p.Set("histograms", pickle.NewDict("3", pickle.NewDict("low", 0.0, "high", 2.0, "counts", list(int64(7), int64(9)))))
	r.sink.Wait(t, "both", func() bool {
		layers, _ := r.sink.Latest(shm.TopicLayers)
		histograms, _ := r.sink.Latest(shm.TopicHistograms)
		return layers != nil && histograms != nil
	})
	value, _ := r.sink.Latest(shm.TopicLayers)
	layers, _ := value.(*shm.Layers)
	if l := layers.Get("3"); l == nil || l.Name != "tissue" || !slices.Equal(l.Shape, []int64{4, 5}) {
		t.Errorf("the layer is %+v", l)
	}
	if b, err := shm.AppendJSON(nil, value); string(b) != `[{"id":"3","name":"tissue","new":null,"shape":[4,5]},"odd"]` {
		t.Errorf("it is written as %s, %v", b, err)
	}
	value, _ = r.sink.Latest(shm.TopicHistograms)
	histograms, _ := value.(*shm.Histograms)
	if h := histograms.Get("3"); h == nil || !slices.Equal(h.Counts, []int64{7, 9}) {
		t.Errorf("the histogram is %+v", h)
	}
	if b, err := shm.AppendJSON(nil, value); string(b) != `{"3":{"counts":[7,9],"high":2,"low":0}}` {
		t.Errorf("it is written as %s, %v", b, err)
	}
}

// TestKinds: a process says which of the three kinds it is. The demo and a server
// elsewhere are none that speaks for itself.
func TestKinds(t *testing.T) {
	for said, want := range map[string]shm.Kind{
		"napari": shm.KindNapari, "python": shm.KindPython, "model": shm.KindModel,
		"demo": shm.KindPython, "remote": shm.KindPython, "Napari": shm.KindPython, "camera": shm.KindPython,
	} {
		t.Run(said, func(t *testing.T) {
			p := naparitest.Play(t, naparitest.PlayOptions{Kind: said})
			src := attach(t, process.Options{Address: p.Address(), Authkey: p.Authkey})
			defer src.Close()
			if got := src.Info().Kind; got != want {
				t.Errorf("it is %q, want %q", got, want)
			}
		})
	}
	t.Run("another later", func(t *testing.T) {
		p := naparitest.Play(t, naparitest.PlayOptions{Kind: "napari"})
		r := watchPlayer(t, p, process.Options{})
		p.Change("hello", pickle.NewDict("protocol", int64(1), "name", "player", "kind", "demo", "instance", p.Instance))
		r.sink.Wait(t, "its new kind", func() bool { return r.Info().Kind == shm.KindPython })
	})
}

func controlsOf(r *running) shm.Controls {
	v, _ := r.sink.Latest(shm.TopicControls)
	c, _ := v.(shm.Controls)
	return c
}

func TestDeclared(t *testing.T) {
	p := naparitest.Play(t, naparitest.PlayOptions{})
	zero, err := pickle.ParseDType("<f8")
	if err != nil {
		t.Fatal(err)
	}
	scalar, err := pickle.NewArray(zero, nil, false, []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x3f})
	if err != nil {
		t.Fatal(err)
	}
	p.Declare("controls", pickle.NewDict(
		"zoom", pickle.NewDict("type", "float", "value", scalar, "step", 0.5),
		"exposure", exposure(900), // beyond its limits: it is what the process has
		"mode", pickle.NewDict("type", "choice", "value", "fast", "choices", list("slow", "fast", "slow", int64(3))),
		"on", pickle.NewDict("type", "bool", "value", false),
		"note", pickle.NewDict("type", "text", "value", strings.Repeat("x", 10_000)),
		"count", pickle.NewDict("type", "int", "value", 3.0, "min", int64(9), "max", int64(1), "default", int64(5), "scale", "log"),
		// What makes no sense is left out.
		"bad name", pickle.NewDict("type", "bool", "value", true),
		int64(5), pickle.NewDict("type", "bool", "value", true),
		"kind", pickle.NewDict("type", "colour", "value", "red"),
		"void", pickle.NewDict("type", "choice", "value", "a", "choices", list()),
		"wrong", pickle.NewDict("type", "int", "value", "three"),
		"half", pickle.NewDict("type", "int", "value", 2.5),
		"huge", pickle.NewDict("type", "float", "value", new(big.Int).Lsh(big.NewInt(1), 5000)),
		"none", nil,
	))
	p.Declare("actions", pickle.NewDict(
		"shoot", shoot(),
		"home", pickle.NewDict("group", "stage"),
		"twice", pickle.NewDict("args", list(pickle.NewDict("name", "a", "type", "bool"), pickle.NewDict("name", "a", "type", "bool"))),
		"vague", pickle.NewDict("args", list(pickle.NewDict("name", "a"))),
		"none", pickle.NewDict("args", "nothing"),
		"default", pickle.NewDict("args", list(pickle.NewDict("name", "n", "type", "int", "max", int64(3), "default", int64(7)))),
	))
	p.Declare("topics", pickle.NewDict(
		"stage", pickle.NewDict("kind", "state", "title", "Stage", "unit", nil, "fields", pickle.NewDict("x", pickle.NewDict("unit", "um"), "y", int64(3))),
		"shot", pickle.NewDict("kind", "event"),
		"odd", pickle.NewDict("kind", "rumour"),
	))
	r := watchPlayer(t, p, process.Options{})

	// Actions are known at once.
	limit := func(x float64) *float64 { return &x }
	wantActions := []shm.Action{
		{Name: "shoot", Title: "Shoot", Help: "Takes pictures", Args: []shm.Control{
			{Name: "n", Type: shm.Int, Default: int64(3), Min: limit(1), Max: limit(100)},
			{Name: "dark", Type: shm.Bool},
		}},
		{Name: "home", Group: "stage", Args: []shm.Control{}},
		{Name: "default", Args: []shm.Control{{Name: "n", Type: shm.Int, Max: limit(3)}}},
	}
	if got := r.Actions(); !reflect.DeepEqual(got, wantActions) {
		t.Errorf("actions %+v\nwant    %+v", got, wantActions)
	}
	r.sink.Wait(t, "the controls", func() bool { return controlsOf(r) != nil })
	want := shm.Controls{
		{Name: "zoom", Type: shm.Float, Value: 1.5, Step: 0.5},
		{Name: "exposure", Title: "Exposure", Type: shm.Float, Value: 900.0, Min: limit(0.1), Max: limit(500), Unit: "ms", Scale: "log", Group: "camera"},
		{Name: "mode", Type: shm.Choice, Value: "fast", Choices: []string{"slow", "fast"}},
		{Name: "on", Type: shm.Bool, Value: false},
		{Name: "note", Type: shm.Text, Value: controlsOf(r)[4].Value},
		{Name: "count", Type: shm.Int, Value: int64(3), Default: int64(5)},
	}
	if got := controlsOf(r); !reflect.DeepEqual(got, want) {
		t.Errorf("controls %+v\nwant     %+v", got, want)
	}
	if n := len(controlsOf(r)[4].Value.(string)); n > 4096 {
		t.Errorf("a text of %d bytes", n)
	}
	r.sink.Wait(t, "the topics", func() bool { _, n := r.sink.Latest("topics"); return n > 0 })
	topics, _ := r.sink.Latest("topics")
	if b, _ := shm.AppendJSON(nil, topics); string(b) != `{"shot":{"kind":"event"},"stage":{"fields":{"x":{"unit":"um"}},"kind":"state","title":"Stage"}}` {
		t.Errorf("topics %s", b)
	}
	r.sink.Wait(t, "the actions", func() bool { _, n := r.sink.Latest(shm.TopicActions); return n > 0 })
	for _, key := range []string{"controls.name", "controls.kind", "controls.void", "controls.wrong", "controls.half", "controls.huge", "controls.none", "controls.limits", "actions.twice", "actions.vague", "actions.none", "topics.odd"} {
		if r.sink.Noticed(key) == "" {
			t.Errorf("nothing is said of %s", key)
		}
	}
	// All of it taken back.
	p.Declare("controls", pickle.NewDict())
	p.Declare("actions", nil)
	r.sink.Want(shm.TopicControls, 1)
	r.sink.Want(shm.TopicActions, 1)
	r.sink.Wait(t, "no controls and actions", func() bool { return len(controlsOf(r)) == 0 && len(r.Actions()) == 0 })
}

// TestMany bounds how much a process may declare.
func TestMany(t *testing.T) {
	p := naparitest.Play(t, naparitest.PlayOptions{})
	controls, actions := pickle.NewDict(), pickle.NewDict()
	for i := range 10000 {
		_ = controls.Set(fmt.Sprint("c", i), pickle.NewDict("type", "bool", "value", true))
		_ = actions.Set(fmt.Sprint("a", i), pickle.NewDict())
	}
	p.Declare("controls", controls)
	p.Declare("actions", actions)
	r := watchPlayer(t, p, process.Options{})
	r.sink.Wait(t, "both", func() bool { return r.sink.Noticed("controls.many") != "" && r.sink.Noticed("actions.many") != "" })
	if c, a := len(controlsOf(r)), len(r.Actions()); c != 8192 || a != 256 {
		t.Errorf("%d controls and %d actions", c, a)
	}
}

func stageOf(r *running) string {
	v, _ := r.sink.Latest("stage")
	b, _ := shm.AppendJSON(nil, v)
	return string(b)
}

func stage(x int) pickle.Value { return pickle.NewDict("x", int64(x)) }

// TestChanges: what a process says has changed is fetched at once while somebody
// wants it, and nothing else is ever asked for.
func TestChanges(t *testing.T) {
	p := naparitest.Play(t, naparitest.PlayOptions{})
	p.Set("stage", stage(0))
	p.Declare("controls", pickle.NewDict("exposure", exposure(1)))
	r := watchPlayer(t, p, process.Options{ID: "w"})
	r.sink.Wait(t, "the first values", func() bool { return stageOf(r) == `{"x":0}` && controlsOf(r) != nil })

	// Nobody watches.
	before := p.Gets()
	start := time.Now()
	for i := range 120 {
		p.Change("stage", stage(i+1))
		p.Declare("controls", pickle.NewDict("exposure", exposure(float64(i+1))))
		p.Send("tick", int64(i))
		time.Sleep(time.Second / 240) // a rate; what follows depends on none
	}
	r.sink.Wait(t, "the events", func() bool { return r.sink.Count("tick") == 120 })
	after := p.Gets()
	if n := after["stage"] - before["stage"]; n != 0 {
		t.Errorf("a state that nobody wants was fetched %d times", n)
	}
	// What commands are checked against stays known, at leisure.
	if n, most := after["controls"]-before["controls"], 1+int(time.Since(start)/(5*time.Second)); n > most {
		t.Errorf("controls that nobody wants were fetched %d times, want %d at most", n, most)
	}

	// Somebody does.
	r.sink.Want("stage", 60)
	r.sink.Want(shm.TopicControls, 60)
	r.sink.Wait(t, "the present values", func() bool { return stageOf(r) == `{"x":120}` && controlsOf(r)[0].Value == 120.0 })
	r.sink.Wait(t, "the process to be told", func() bool { return p.Wants()["stage"] > 0 })
	for i := range 5 {
		p.Set("stage", stage(1000+i))
		p.Declare("controls", pickle.NewDict("exposure", exposure(float64(i)/10)))
		r.sink.Wait(t, "the new values", func() bool {
			return stageOf(r) == fmt.Sprintf(`{"x":%d}`, 1000+i) && controlsOf(r)[0].Value == float64(i)/10
		})
	}
	// A state that was not there before.
	r.sink.Want("lamp", 60)
	p.Change("lamp", true)
	r.sink.Wait(t, "a new state", func() bool { v, _ := r.sink.Latest("lamp"); return v == true })
	// It stands still: nothing is fetched but once for certainty.
	before = p.Gets()
	for i := range 100 {
		p.Send("still", int64(i))
		time.Sleep(time.Second / 60)
	}
	r.sink.Wait(t, "the events", func() bool { return r.sink.Count("still") == 100 })
	after = p.Gets()
	for _, key := range []string{"stage", "controls", "poll", "hello"} {
		if n := after[key] - before[key]; n > 5 { // by the clock it would be 30
			t.Errorf("%s stands still and was fetched %d times", key, n)
		}
	}
}

// TestLost: what a process has not kept is known, also to who comes later.
func TestLost(t *testing.T) {
	p := naparitest.Play(t, naparitest.PlayOptions{})
	p.Declare("webmon.lost", pickle.NewDict("total", int64(12), "topics", pickle.NewDict("b", int64(10), "bad name", int64(1), "c", "many", "d", int64(-3))))
	r := watchPlayer(t, p, process.Options{})
	lost := func() string {
		v, _ := r.sink.Latest(shm.TopicLost)
		return fmt.Sprint(v)
	}
	r.sink.Wait(t, "the first count", func() bool { return lost() == "{12 map[b:10]}" })
	r.sink.Want(shm.TopicLost, 60)
	p.Declare("webmon.lost", pickle.NewDict("total", int64(13), "topics", nil))
	r.sink.Wait(t, "the second", func() bool { return lost() == "{13 map[]}" })
	p.Declare("webmon.lost", "nonsense")
	p.Declare("controls", pickle.NewDict("exposure", exposure(1)))
	r.sink.Want(shm.TopicControls, 60)
	r.sink.Wait(t, "what came after", func() bool { return len(controlsOf(r)) == 1 })
	if lost() != "{13 map[]}" {
		t.Errorf("nonsense became %s", lost())
	}
}

// TestTakenBack: a state that the process has no more is nobody's last value, such
// as the layers of a viewer that was closed.
func TestTakenBack(t *testing.T) {
	p := naparitest.Play(t, naparitest.PlayOptions{Kind: "napari"})
	p.Set("stage", stage(1))
	p.Set("poll", tiles(t, 3))
	p.Set("none", nil) // is there, and has no value
	r := watchPlayer(t, p, process.Options{})
	r.sink.Want("stage", 60)
	r.sink.Want(shm.TopicPoll, 60)
	r.sink.Want("none", 60)
	has := func(topic string) bool { v, _ := r.sink.Latest(topic); return v != nil }
	r.sink.Wait(t, "both", func() bool { return has("stage") && has(shm.TopicPoll) })
	r.sink.Wait(t, "the process to be told", func() bool { return p.Wants()["stage"] > 0 && p.Wants()[shm.TopicPoll] > 0 })
	p.Forget("stage")
	p.Forget(shm.TopicPoll)
	r.sink.Wait(t, "neither", func() bool { return !has("stage") && !has(shm.TopicPoll) })
	p.Set("stage", stage(2))
	p.Set(shm.TopicPoll, tiles(t, 3))
	r.sink.Wait(t, "both again", func() bool { return stageOf(r) == `{"x":2}` && has(shm.TopicPoll) })
}

// TestChangedBeforeTheProcessKnew: a change that came between the first fetch
// and the word that somebody wants the state is not lost.
func TestChangedBeforeTheProcessKnew(t *testing.T) {
	p := naparitest.Play(t, naparitest.PlayOptions{})
	p.Set("stage", stage(0))
	r := watchPlayer(t, p, process.Options{})
	r.sink.Wait(t, "the first value", func() bool { return stageOf(r) == `{"x":0}` })
	gets := p.Gets()["stage"]
	r.sink.Want("stage", 60)
	r.sink.Wait(t, "a fetch", func() bool { return p.Gets()["stage"] > gets })
	p.SetQuietly("stage", stage(1))
	r.sink.Wait(t, "the value all the same", func() bool { return stageOf(r) == `{"x":1}` })
}

// TestOwnMessages are no topics.
func TestOwnMessages(t *testing.T) {
	p := naparitest.Play(t, naparitest.PlayOptions{Kind: "napari"})
	r := watchPlayer(t, p, process.Options{})
	r.sink.Want(process.TopicMessage, 1)
	p.Alive()
	p.Alive()
	for _, v := range []pickle.Value{"text", nil, pickle.NewDict(), pickle.NewDict("changed", "x", "alive", "now"), pickle.NewDict("changed", list(int64(3), "", strings.Repeat("x", 1000)))} {
		p.Send("webmon", v)
		p.Send("command", v)
	}
	p.Send("command", pickle.NewDict("id", "nobody's", "status", "applied"))
	p.Say(pickle.NewDict("webmon", pickle.NewDict("alive", now()), "last", int64(1)))
	r.sink.Wait(t, "the last event", func() bool { return r.sink.Count("last") == 1 })
	for _, topic := range []string{"webmon", "command"} {
		if n := r.sink.Count(topic); n != 0 {
			t.Errorf("%d events of the topic %s", n, topic)
		}
	}
	if n := r.sink.Lives(); n != 3 {
		t.Errorf("said to be alive %d times, want 3", n)
	}
	if r.sink.Noticed("own") == "" {
		t.Error("nothing is said of what makes no sense")
	}
}

// TestAPlainNapariMaySayAnything: the names are kept for ours alone.
func TestAPlainNapariMaySayAnything(t *testing.T) {
	p := serve(t)
	p.data.Set("controls", pickle.NewDict("a", int64(1)))
	r := run(t, attach(t, process.Options{Address: p.addr}))
	p.put("command", pickle.NewDict("id", "x"))
	p.put("webmon", int64(1))
	r.sink.Wait(t, "both events", func() bool { return r.sink.Count("command") == 1 && r.sink.Count("webmon") == 1 })
	r.sink.Wait(t, "the state", func() bool { v, _ := r.sink.Latest("controls"); return v != nil })
	if _, typed := sinkValue(r, "controls").(shm.Controls); typed {
		t.Error("a plain napari's value was taken for controls")
	}
}

func sinkValue(r *running, topic string) shm.Value {
	v, _ := r.sink.Latest(topic)
	return v
}

// lives records what is told of commands.
type lives struct {
	mu   sync.Mutex // guards told
	told map[string][]string
}

func (l *lives) report(key string) func(shm.Status, string) {
	return func(s shm.Status, reason string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.told == nil {
			l.told = map[string][]string{}
		}
		l.told[key] = append(l.told[key], strings.TrimSpace(string(s)+" "+reason))
	}
}

func (l *lives) of(key string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.told[key], ", ")
}

func (l *lives) ends(key string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.told[key]); n > 0 {
		return l.told[key][n-1]
	}
	return ""
}

func TestOurCommands(t *testing.T) {
	p := naparitest.Play(t, naparitest.PlayOptions{Handle: func(c naparitest.Command) string {
		if c.Args["n"] == int64(13) {
			return "not that many"
		}
		return ""
	}})
	p.Declare("controls", pickle.NewDict("exposure", exposure(10)))
	p.Declare("actions", pickle.NewDict("shoot", shoot(), "home", pickle.NewDict()))
	r := watchPlayer(t, p, process.Options{})
	r.sink.Wait(t, "the controls", func() bool { return controlsOf(r) != nil })
	var l lives
	send := func(id, name string, args map[string]shm.Value) {
		r.Command(shm.Command{ID: id, Name: name, Args: args}, l.report(id))
	}
	// What is refused is not even sent.
	for id, test := range map[string]struct {
		name string
		args map[string]shm.Value
		says string
	}{
		"unknown": {"__class__", nil, "no command or control"},
		"missing": {"shoot", map[string]shm.Value{"n": 3.0}, "dark is missing"},
		"extra":   {"home", map[string]shm.Value{"x": 3.0}, `takes no "x"`},
		"large":   {"exposure", map[string]shm.Value{"exposure": 501.0}, "at most 500 ms"},
		"type":    {"exposure", map[string]shm.Value{"exposure": true}, "must be a number"},
		"none":    {"exposure", nil, "exposure is missing"},
		"other":   {"exposure", map[string]shm.Value{"n": 3.0}, "is missing"},
		"half":    {"shoot", map[string]shm.Value{"n": 2.5, "dark": true}, "whole number"},
	} {
		send(id, test.name, test.args)
		if got := l.of(id); !strings.HasPrefix(got, "refused ") || !strings.Contains(got, test.says) {
			t.Errorf("%s: %q, want a refusal that says %q", id, got, test.says)
		}
	}
	if n := len(p.Taken()); n != 0 {
		t.Errorf("the process was sent %+v", p.Taken())
	}
	send("ü/1 \"", "shoot", map[string]shm.Value{"n": "7", "dark": "on"})
	r.sink.Wait(t, "the first", func() bool { return l.ends("ü/1 \"") == "applied" })
	send("2", "shoot", map[string]shm.Value{"dark": false})
	r.sink.Wait(t, "a default", func() bool { return l.ends("2") == "applied" })
	send("3", "shoot", map[string]shm.Value{"n": int64(13), "dark": false})
	r.sink.Wait(t, "a refusal", func() bool { return l.ends("3") == "refused not that many" })
	send("4", "home", nil)
	send("5", "exposure", map[string]shm.Value{"exposure": 20.5})
	r.sink.Wait(t, "the last", func() bool { return l.ends("4") == "applied" && l.ends("5") == "applied" })
	want := []naparitest.Command{
		{ID: "ü/1 \"", Name: "shoot", Args: map[string]any{"n": int64(7), "dark": true}},
		{ID: "2", Name: "shoot", Args: map[string]any{"dark": false}},
		{ID: "3", Name: "shoot", Args: map[string]any{"n": int64(13), "dark": false}},
		{ID: "4", Name: "home", Args: map[string]any{}},
		{ID: "5", Name: "exposure", Args: map[string]any{"exposure": 20.5}},
	}
	if got := p.Taken(); !reflect.DeepEqual(got, want) {
		t.Errorf("the process took %+v\nwant %+v", got, want)
	}
	for _, id := range []string{"2", "4", "5"} {
		if got := l.of(id); got != "queued, taken, applied" && got != "queued, applied" && got != "taken, applied" && got != "applied" {
			t.Errorf("the life of %s is %s", id, got)
		}
	}
}

// TestOnTheWay: of the values that a hand drags through the newest counts.
func TestOnTheWay(t *testing.T) {
	p := naparitest.Play(t, naparitest.PlayOptions{})
	p.Declare("controls", pickle.NewDict("exposure", exposure(10), "gain", exposure(10)))
	r := watchPlayer(t, p, process.Options{})
	drag := func(name string, x int) {
		r.Command(shm.Command{Name: name, Args: map[string]shm.Value{name: float64(x)}}, func(shm.Status, string) {
			t.Error("something was told of a value on the way")
		})
	}
	values := func(name string) (out []float64) {
		for _, c := range p.Taken() {
			if c.Name == name {
				out = append(out, c.Args[name].(float64))
			}
		}
		return out
	}
	release := p.Hold()
	drag("exposure", 1)
	r.sink.Wait(t, "the first", func() bool { return p.Waiting() == 1 })
	for i := range 100 {
		drag("exposure", i+2)
		drag("gain", i+1)
	}
	// One in flight for each name, and no more.
	r.sink.Wait(t, "the other", func() bool { return p.Waiting() == 2 })
	release()
	r.sink.Wait(t, "the newest of both", func() bool {
		e, g := values("exposure"), values("gain")
		return len(e) > 0 && e[len(e)-1] == 101 && len(g) > 0 && g[len(g)-1] == 100
	})
	if e := values("exposure"); !slices.Equal(e, []float64{1, 101}) {
		t.Errorf("exposure was set to %v, want the first and the newest", e)
	}

	// The value that the hand lets go of is the last, whatever was on the way.
	release = p.Hold()
	drag("exposure", 1)
	r.sink.Wait(t, "one in the queue", func() bool { return p.Waiting() == 1 })
	drag("exposure", 2)
	var l lives
	r.Command(shm.Command{ID: "last", Name: "exposure", Args: map[string]shm.Value{"exposure": 3.0}}, l.report("last"))
	r.sink.Wait(t, "the last in the queue", func() bool { return p.Waiting() == 2 })
	release()
	r.sink.Wait(t, "it to be applied", func() bool { return l.ends("last") == "applied" })
	drag("exposure", 4)
	r.sink.Wait(t, "the next drag", func() bool { e := values("exposure"); return e[len(e)-1] == 4 })
	if e := values("exposure"); !slices.Equal(e, []float64{1, 101, 1, 3, 4}) {
		t.Errorf("exposure was set to %v, want what was let go of after what was on the way", e)
	}
}

// TestTheEndOfCommands tells everybody who waits.
func TestTheEndOfCommands(t *testing.T) {
	p := naparitest.Play(t, naparitest.PlayOptions{})
	p.Declare("actions", pickle.NewDict("home", pickle.NewDict()))
	r := watchPlayer(t, p, process.Options{})
	p.Hold()
	var l lives
	for i := range 70 {
		r.Command(shm.Command{ID: fmt.Sprint(i), Name: "home"}, l.report(fmt.Sprint(i)))
	}
	r.sink.Wait(t, "a full queue", func() bool { return p.Waiting() == 64 })
	if got := l.ends("69"); !strings.HasPrefix(got, "refused") {
		t.Errorf("one too many: %q", got)
	}
	r.sink.Wait(t, "word that it is queued", func() bool { return l.of("0") == "queued" })
	p.Kill()
	if err := r.wait(t); !errors.Is(err, shm.ErrGone) {
		t.Errorf("Run = %v, want ErrGone", err)
	}
	for i := range 64 {
		if got := l.ends(fmt.Sprint(i)); !strings.HasPrefix(got, "gone") {
			t.Errorf("command %d ends with %q", i, got)
		}
	}
}

// TestWhatIsTold to the process: demand by name, and how many browsers look.
func TestWhatIsTold(t *testing.T) {
	p := naparitest.Play(t, naparitest.PlayOptions{})
	p.Declare("topics", pickle.NewDict("shot", pickle.NewDict("kind", "event"), "stage", pickle.NewDict("kind", "state")))
	arrays := func(names ...string) pickle.Value {
		d := pickle.NewDict()
		for _, name := range names {
			_ = d.Set(name, pickle.NewDict("shm", "webmon-1-"+name, "generation", "0123456789abcdef", "dtype", "<u2",
				"shape", list(int64(4), int64(4)), "axes", list("y", "x")))
		}
		return d
	}
	p.Declare("arrays", arrays("cam", "other"))
	r := watchPlayer(t, p, process.Options{ID: "w", Watchers: func() int { return 3 }})
	told := func(want map[string]float64) {
		t.Helper()
		r.sink.Wait(t, fmt.Sprint("the process to be told ", want), func() bool { return maps.Equal(p.Wants(), want) })
	}
	r.sink.Want("shot", 60)
	r.sink.Want("stage", 60)
	r.sink.Want("array/cam", 30)
	r.sink.Want("nothing", 60)
	told(map[string]float64{"shot": 60, "stage": 20, "array/cam": 30})
	r.sink.Wait(t, "the watchers", func() bool { return p.Note("webmon:watchers:w") == int64(3) })
	// An array that is shared no more is wanted no more.
	p.Declare("arrays", arrays("other"))
	r.sink.Want(shm.TopicArrays, 1)
	told(map[string]float64{"shot": 60, "stage": 20, "arrays": 1})
	r.sink.Want("shot", 0)
	r.sink.Want("stage", 0)
	r.sink.Want(shm.TopicArrays, 0)
	told(map[string]float64{})
	if err := r.stop(t); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"want:w", "webmon:watchers:w", "reader"} {
		if v := p.Note(key); v != nil {
			t.Errorf("%s is left behind: %v", key, v)
		}
	}
}

// TestTheOtherReader: of two webmons one gets the messages, and the other does
// not leave people waiting for what it cannot hear.
func TestTheOtherReader(t *testing.T) {
	p := naparitest.Play(t, naparitest.PlayOptions{})
	p.Declare("actions", pickle.NewDict("home", pickle.NewDict()))
	p.Set("stage", stage(1))
	first := watchPlayer(t, p, process.Options{URL: "http://127.0.0.1:1/"})
	p.Send("tick", int64(1))
	first.sink.Wait(t, "messages", func() bool { return first.sink.Count("tick") == 1 })
	src := attach(t, process.Options{Address: p.Address(), Authkey: p.Authkey})
	src.SetElsewhere(time.Millisecond)
	second := run(t, src)
	second.sink.Wait(t, "word of the other", func() bool { return second.Info().Reader == "http://127.0.0.1:1/" })
	// By the clock, since nothing is told to it.
	second.sink.Want("stage", 20)
	for i := range 3 {
		p.Set("stage", stage(i+2))
		second.sink.Wait(t, "the state", func() bool { return stageOf(second) == fmt.Sprintf(`{"x":%d}`, i+2) })
	}
	var l lives
	second.Command(shm.Command{ID: "1", Name: "home"}, l.report("1"))
	second.sink.Wait(t, "the end", func() bool { return strings.HasPrefix(l.ends("1"), "gone") })
	if len(p.Taken()) != 1 {
		t.Errorf("the process took %v", p.Taken())
	}
}

// TestOurPoll: what only a process with the package says of its tiles.
func TestOurPoll(t *testing.T) {
	p := naparitest.Play(t, naparitest.PlayOptions{Kind: "napari"})
	pair := func(a, b int64) *pickle.List { return list(a, b) }
	seen, err := pickle.Int64Array([]int64{1, 2, 3, 4}, false, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	config := func(more ...pickle.Value) *pickle.Dict {
		d := pickle.NewDict("base_shape", pair(1000, 2000), "image_shape", pair(500, 1000), "shape_in_tiles", pair(2, 4),
			"tile_size", int64(256), "level_index", int64(1))
		for i := 0; i < len(more); i += 2 {
			_ = d.Set(more[i], more[i+1])
		}
		return d
	}
	p.Set("poll", pickle.NewDict("layers", pickle.NewDict(
		"7", pickle.NewDict(
			"tile_state", pickle.NewDict("seen", seen, "corners", list(list(0.0, 0.0), list(500.0, 500.0)), "loading", seen, "reloaded", list(pair(9, 8))),
			"tile_config", config("name", "cells", "tile_shape", pair(128, 256), "ideal_level", int64(2),
				"levels", list(pair(1000, 2000), pair(500, 1000), pair(250, 500)), "stated", true, "reloads", int64(5))),
		"8", pickle.NewDict(
			"tile_state", pickle.NewDict("seen", seen, "loading", "everything"),
			"tile_config", config("name", int64(3), "tile_shape", pair(0, 1), "ideal_level", int64(-1), "levels", list(pair(1, 0)), "stated", "yes", "reloads", -1.0)),
		"9", pickle.NewDict("name", "stack", "note", "It is shown in 3D."),
		"10", pickle.NewDict("name", nil, "note", int64(3)),
	)))
	r := watchPlayer(t, p, process.Options{})
	r.sink.Want(shm.TopicPoll, 60)
	r.sink.Wait(t, "the poll", func() bool { return r.poll() != nil })
	got := r.poll().Layer("7")
	want := &shm.TileLayer{ID: "7", Name: "cells",
		State: &shm.TileState{Rows: []int64{1, 3}, Cols: []int64{2, 4}, Corners: [2][2]float64{{0, 0}, {500, 500}}, HasCorners: true,
			Loading: [][2]int64{{1, 2}, {3, 4}}, Reloaded: [][2]int64{{9, 8}}},
		Config: &shm.TileConfig{BaseShape: [2]int64{1000, 2000}, ImageShape: [2]int64{500, 1000}, ShapeInTiles: [2]int64{2, 4}, TileSize: 256, LevelIndex: 1,
			TileShape: [2]int64{128, 256}, IdealLevel: 2, Levels: [][2]int64{{1000, 2000}, {500, 1000}, {250, 500}}, Stated: true, Reloads: 5},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("layer 7: %+v %+v\nwant     %+v %+v", got.State, got.Config, want.State, want.Config)
	}
	b, err := json.Marshal(r.poll())
	if err != nil {
		t.Fatal(err)
	}
	var shape struct {
		Layers map[string]struct {
			State  map[string]any `json:"tile_state"`
			Config map[string]any `json:"tile_config"`
		}
	}
	if err := json.Unmarshal(b, &shape); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	l := shape.Layers["7"]
	if fmt.Sprint(l.State["loading"], l.State["reloaded"]) != "[[1 2] [3 4]] [[9 8]]" ||
		fmt.Sprintln(l.Config["name"], l.Config["tile_shape"], l.Config["ideal_level"], l.Config["levels"], l.Config["stated"], l.Config["reloads"]) !=
			"cells [128 256] 2 [[1000 2000] [500 1000] [250 500]] true 5\n" {
		t.Errorf("in JSON: %s", b)
	}
	// A layer that is not drawn in tiles says why.
	if got, want := *r.poll().Layer("9"), (shm.TileLayer{ID: "9", Name: "stack", Note: "It is shown in 3D."}); !reflect.DeepEqual(got, want) {
		t.Errorf("layer 9: %+v, want %+v", got, want)
	}
	if got, want := *r.poll().Layer("10"), (shm.TileLayer{ID: "10"}); !reflect.DeepEqual(got, want) {
		t.Errorf("layer 10: %+v, want %+v", got, want)
	}
	if !strings.Contains(string(b), `"9":{"note":"It is shown in 3D."}`) {
		t.Errorf("in JSON: %s", b)
	}
	// What makes no sense is left out, and the rest stays what it was.
	other := r.poll().Layer("8")
	if other.Config == nil || other.Config.IdealLevel != -1 || other.Config.Levels != nil || other.Config.TileShape != [2]int64{} || other.Name != "" || len(other.State.Rows) != 2 {
		t.Errorf("layer 8: %+v %+v", other.State, other.Config)
	}
	for _, key := range []string{"poll.seen", "poll.config.tile_shape", "poll.config.levels", "poll.config.stated", "poll.config.reloads"} {
		if r.sink.Noticed(key) == "" {
			t.Errorf("nothing is said of %s", key)
		}
	}
}

// TestOurEnd: a process with the package that ends is noticed however it does.
func TestOurEnd(t *testing.T) {
	for how, end := range map[string]func(*naparitest.Player){"well": (*naparitest.Player).Quit, "badly": (*naparitest.Player).Kill} {
		p := naparitest.Play(t, naparitest.PlayOptions{})
		r := watchPlayer(t, p, process.Options{})
		p.Send("tick", int64(1))
		r.sink.Wait(t, "life", func() bool { return r.sink.Count("tick") == 1 })
		end(p)
		err, want := r.wait(t), shm.ErrEnded
		if how == "badly" {
			want = shm.ErrGone
		}
		if !errors.Is(err, want) {
			t.Errorf("ended %s: Run = %v, want %v", how, err, want)
		}
	}
}

// What a process with the package sent before webmon came is its history.
func TestThePastIsHandedOver(t *testing.T) {
	p := naparitest.Play(t, naparitest.PlayOptions{})
	now := float64(time.Now().UnixMicro()) / 1e6
	for _, ago := range []float64{600, 60} {
		p.Send("exposure", pickle.NewDict("time", now-ago, "ms", ago))
	}
	r := watchPlayer(t, p, process.Options{})
	p.Send("exposure", pickle.NewDict("time", now+1, "ms", 0.0))
	r.sink.Wait(t, "all three messages", func() bool { return len(r.sink.Events("exposure")) == 3 })
	for i, past := range []bool{true, true, false} {
		if e := r.sink.Events("exposure")[i]; e.Past != past {
			t.Errorf("message %d is %+v, want past %v", i, e, past)
		}
	}
	if text := r.sink.Noticed("backlog"); text != "" {
		t.Errorf("%q was said although nothing was left out", text)
	}
}
