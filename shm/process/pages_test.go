package process

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	arraystab "webmon/dashboard/arrays"
	"webmon/dashboard/controls"
	"webmon/dashboard/layers"
	"webmon/dashboard/messages"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/tab"
	"webmon/dashboard/viewer"
	"webmon/dashboard/views"
	"webmon/shm"
	"webmon/shm/pickle"
)

// pickled makes what a process could have sent of JSON: a text that names a number no JSON
// has is that number.
func pickled(v any, depth int) pickle.Value {
	if depth > 40 {
		return nil
	}
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if n, ok := new(big.Int).SetString(v.String(), 10); ok {
			return n
		}
		x, _ := v.Float64()
		return x
	case string:
		special := map[string]pickle.Value{
			"NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1), "True": true, "None": nil, "MAX": math.MaxFloat64, "TINY": math.SmallestNonzeroFloat64,
		}
		if s, ok := special[v]; ok {
			return s
		}
		return v
	case []any:
		items := make([]pickle.Value, len(v))
		for i := range v {
			items[i] = pickled(v[i], depth+1)
		}
		return pickle.NewList(items...)
	case map[string]any:
		d := pickle.NewDict()
		for key, e := range v {
			_ = d.Set(key, pickled(e, depth+1)) // a text is hashable
		}
		return d
	}
	return v
}

// stage is a source that says what the test does, and what is on its pages.
type stage struct {
	src  *source.Source
	sink shm.Sink
	desk *steer.Desk
}

func newStage(t testing.TB) *stage {
	t.Helper()
	p := mouthpiece{make(chan shm.Sink, 1), new(shm.Actions)}
	registry, err := source.NewRegistry(source.Options{
		Attach: func(context.Context, source.Target) (shm.Source, error) { return p, nil }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	src, err := registry.Attach(context.Background(), source.Target{Name: "napari", Kind: shm.KindNapari})
	if err != nil {
		t.Fatal(err)
	}
	return &stage{src, <-p.sink, steer.New(nil, nil)}
}

type mouthpiece struct {
	sink    chan shm.Sink
	actions *shm.Actions
}

func (m mouthpiece) Info() shm.Info {
	return shm.Info{Name: "napari", Kind: shm.KindNapari, Instance: "i", Package: "1"}
}
func (m mouthpiece) Actions() []shm.Action                         { return *m.actions }
func (m mouthpiece) Command(shm.Command, func(shm.Status, string)) {}
func (m mouthpiece) Run(ctx context.Context, sink shm.Sink) error {
	m.sink <- sink
	<-ctx.Done()
	return nil
}

// frames are all frames of the pages that show what a process declares.
func (s *stage) frames(t testing.TB) map[string][]byte {
	t.Helper()
	now := time.Now()
	out := map[string][]byte{}
	at := func(topic, detail string) tab.Place {
		return tab.Place{Source: s.src, Topic: "napari/" + topic, Detail: detail}
	}
	feed := func(name string, open tab.NewFeed, detail string) {
		f, err := open(at(name, detail))
		if err != nil {
			return
		}
		out[name+" next"] = f.Frames.Next(now)
		out[name+" snapshot"] = f.Frames.Snapshot(now)
	}
	feed("layers", layers.Tab(s.desk, views.New("")).Feeds["layers"], "selected")
	for name, open := range viewer.Tab(s.desk).Feeds {
		feed(name, open, map[bool]string{true: "first"}[name != "grid"])
	}
	for name, open := range s.desk.Feeds() {
		feed(name, open, "")
	}
	feed("arrays", arraystab.Tab(nil).Feeds["arrays"], "")
	for _, info := range s.src.Arrays() {
		feed("arrays of "+info.Name, arraystab.Tab(nil).Feeds["arrays"], info.Name)
	}
	for name, list := range map[string]func(tab.Moment) tab.List{"controls": controls.Tab(s.desk).List, "messages": messages.Tab().List} {
		var b bytes.Buffer
		if err := list(tab.Moment{Source: s.src, Now: now}).Whole.Render(context.Background(), &b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		out[name] = b.Bytes()
	}
	return out
}

// told hands over what a process declares, as run does.
func (s *stage) told(v pickle.Value) {
	d, _ := v.(*pickle.Dict)
	said, _ := decodeControls(entry(d, "controls"))
	s.sink.State(shm.TopicControls, said)
	list, _ := decodeArrays(entry(d, "arrays"))
	s.sink.State(shm.TopicArrays, list)
	topics, _, _ := decodeTopics(entry(d, "topics"))
	s.sink.State("topics", topics)
	s.sink.State(shm.TopicPoll, nil)
	if poll, _, err := decodePoll(entry(d, "poll")); err == nil {
		s.sink.State(shm.TopicPoll, poll)
	}
	for topic, of := range map[string]func(shm.Value) shm.Value{
		shm.TopicLayers:     func(v shm.Value) shm.Value { return shm.LayersOf(v) },
		shm.TopicHistograms: func(v shm.Value) shm.Value { return shm.HistogramsOf(v) },
		"camera":            func(v shm.Value) shm.Value { return v },
	} {
		if value, err := plain(entry(d, topic)); err == nil {
			s.sink.State(topic, of(value))
		}
	}
}

// declared is what a napari with the package says, as JSON.
const declared = `{
"layers": [{"id": "1", "name": "a", "kind": "image", "visible": true, "selected": true, "shape": [4, 5], "dtype": "<u2", "axes": ["y", "x"], "units": "um",
 "scale": [1, 2], "translate": [0, 1.5], "multiscale": true, "levels": [[4, 5], [2, 2]], "level": 1, "ideal_level": 0, "locked_level": 1, "chunk": [2, 2],
 "nbytes": 40, "loads": 3, "load_bytes": 9, "reloads": 1, "contrast_limits": [0, 1], "gamma": 1, "opacity": 0.5, "colormap": "gray"}],
"histograms": {"1": {"low": %s, "high": %s, "counts": %s, "least": 0, "greatest": 1, "whole": true}},
"controls": {"layer.1.contrast_low": {"type": "float", "value": %s, "min": %s, "max": %s, "soft": true, "group": "layer.1"},
 "layer.1.contrast_high": {"type": "float", "value": %s, "min": %s, "max": %s, "soft": true, "group": "layer.1"},
 "gain": {"type": "float", "value": %s, "min": %s, "max": %s, "step": %s, "scale": "log", "default": %s, "unit": "dB"},
 "n": {"type": "int", "value": %s, "min": %s, "max": %s}, "camera.zoom": {"type": "float", "value": %s, "group": "camera"}},
"poll": {"layers": {"1": {"name": "a", "tile_state": {"seen": [[0, 0], [%s, 1]], "corners": [[%s, %s], [%s, %s]], "loading": [[0, 1]]},
 "tile_config": {"base_shape": [%s, 5], "image_shape": [2, %s], "shape_in_tiles": [%s, 1], "tile_size": %s, "level_index": %s, "tile_shape": [2, %s],
 "ideal_level": %s, "levels": [[4, 5], [%s, 2]], "reloads": %s}}}},
"arrays": {"layer.1": {"shm": "webmon-1-a", "generation": "0123456789abcdef", "dtype": "<u2", "shape": [%s, %s], "axes": ["y", "x"], "units": ["um", "um"],
 "scale": [%s, %s], "limits": [%s, %s], "role": "", "layer": "1"},
 "t": {"shm": "webmon-1-b", "generation": "0123456789abcdef", "dtype": [["a", "<f8", [%s, %s]], ["b", "|u1"]], "shape": [%s], "role": "table"}},
"topics": {"stage": {"kind": "state", "title": "Stage", "unit": "um", "fields": {"x": {"unit": "um"}}}},
"camera": {"zoom": %s, "center": [%s, %s]}}`

// declaredWith is what such a napari says with one word for every number.
func declaredWith(word string) string {
	n := strings.Count(declared, "%s")
	words := make([]any, n)
	for i := range words {
		words[i] = word
	}
	words[2] = "[" + word + ", 3]" // counts
	return fmt.Sprintf(declared, words...)
}

// strange are numbers that make no sense somewhere.
var strange = []string{"0", "1", "-1", "5", `"NaN"`, `"Infinity"`, `"-Infinity"`, `"MAX"`, `"TINY"`, "-0.0", "1e-320", "1e300", "9223372036854775807",
	"-9223372036854775808", "18446744073709551615", "1e17", "0.5", "4503599627370497", "1099511627776", `"None"`, `"True"`, `"x"`, "[]", "{}"}

// Whatever number a process says in whichever place, the pages that read it are made: no
// panic, no more than a page, and JSON that is some.
func TestPagesOfStrangeNumbers(t *testing.T) {
	s := newStage(t)
	check := func(text string) {
		t.Helper()
		s.check(t, []byte(text))
	}
	for _, word := range strange {
		check(declaredWith(word))
	}
	// Each place with each of them, while all others make sense.
	plain := declaredWith("2")
	n := strings.Count(declared, "%s")
	for at := range n {
		for _, word := range strange {
			words := make([]any, n)
			for i := range words {
				words[i] = "2"
			}
			words[0], words[1], words[2] = "0", "4", "[1, 2, 3, 4]"
			if words[at] = word; at == 2 {
				words[at] = "[1, " + word + ", 3]"
			}
			check(fmt.Sprintf(declared, words...))
		}
	}
	// And those that belong together.
	for _, low := range strange[:14] {
		for _, high := range strange[:14] {
			for _, counts := range []string{"[0, 0, 7, 0, 0]", "[9223372036854775807, 9223372036854775807]"} {
				words := make([]any, n)
				for i := range words {
					words[i] = "2"
				}
				words[0], words[1], words[2] = low, high, counts
				words[3], words[4], words[5], words[6], words[7], words[8], words[10], words[11] = low, low, high, low, low, high, low, high
				check(fmt.Sprintf(declared, words...))
			}
		}
	}
	check(plain)
	if html := string(s.frames(t)["layers next"]); !strings.Contains(html, "data-layer") {
		t.Errorf("what makes sense is not shown: %.300s", html)
	}
}

// mostOfAPage is what the pages may have more than a process has said, in bytes: their own
// words, and what they say of each thing.
const mostOfAPage = 300 << 10

func (s *stage) check(t testing.TB, text []byte) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return
	}
	s.told(pickled(v, 0))
	for name, b := range s.frames(t) {
		if len(b) > mostOfAPage+100*len(text) {
			t.Errorf("%s has %d bytes, of %d that were said", name, len(b), len(text))
		}
		if bytes.HasPrefix(b, []byte("{")) && !json.Valid(b) {
			t.Errorf("%s is no JSON: %.300s", name, b)
		}
		for _, bad := range []string{`="NaN"`, `="Infinity"`, `="+Inf"`, `="-Inf"`, `"NaN`, "NaN V", "InfH", "%!"} {
			if bytes.Contains(b, []byte(bad)) {
				t.Errorf("%s has %s: %s", name, bad, text)
			}
		}
	}
	for _, topic := range []string{shm.TopicControls, shm.TopicArrays, shm.TopicLayers, shm.TopicHistograms, shm.TopicPoll} {
		value, _, _ := s.src.State(topic)
		if b, err := shm.AppendJSON(nil, value); err != nil || !json.Valid(b) {
			t.Errorf("%s cannot be written: %v", topic, err)
		}
	}
}

// Whatever a process declares, the pages that read it are made of it: no panic, no more
// than a page, and JSON that is some.
func FuzzPages(f *testing.F) {
	for _, word := range strange {
		f.Add([]byte(declaredWith(word)))
	}
	s := newStage(f)
	f.Fuzz(func(t *testing.T, text []byte) { s.check(t, text) })
}
