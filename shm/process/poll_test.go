package process

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"webmon/shm"
	"webmon/shm/pickle"
)

var update = flag.Bool("update", false, "write the golden files again")

// reply decodes a captured reply of a manager, ("#RETURN", value).
func reply(t testing.TB, file string) pickle.Value {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	v, err := pickle.Decode(b, pickle.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	pair, ok := v.(pickle.Tuple)
	if !ok || len(pair) != 2 || pair[0] != "#RETURN" {
		t.Fatalf("%s holds %v, want a reply", file, v)
	}
	return pair[1]
}

// TestCapturedPolls decodes what real naparis and real NumPys have sent.
func TestCapturedPolls(t *testing.T) {
	files, err := filepath.Glob("testdata/*poll*.pickle")
	if err != nil || len(files) < 5 {
		t.Fatalf("captured polls: %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			poll, notes, err := decodePoll(reply(t, file))
			if len(notes) > 0 {
				t.Errorf("notes: %v", notes)
			}
			if strings.Contains(file, "poll-none") {
				if err != errNoPoll {
					t.Errorf("err = %v, want %v", err, errNoPoll)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			b, err := json.Marshal(poll)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Indent(&got, b, "", " "); err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(file, ".pickle")+".json", append(got.Bytes(), '\n'))
		})
	}
}

// TestCapturedMessages does the same with messages.
func TestCapturedMessages(t *testing.T) {
	for _, file := range []string{"0.4.11-frame_time-first", "0.4.11-frame_time", "0.4.11-load_chunk", "0.9.2-frame_time"} {
		t.Run(file, func(t *testing.T) {
			var out bytes.Buffer
			notes := events(reply(t, "testdata/"+file+".pickle"), nil, false, func(e shm.Event) {
				b, err := json.Marshal(e)
				if err != nil {
					t.Fatal(err)
				}
				out.Write(append(b, '\n'))
			})
			if len(notes) > 0 {
				t.Errorf("notes: %v", notes)
			}
			golden(t, "testdata/"+file+".json", out.Bytes())
		})
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s:\ngot  %s\nwant %s", file, got, want)
	}
}

func ints(t testing.TB, fortran bool, shape []int, values ...int64) *pickle.Array {
	t.Helper()
	a, err := pickle.Int64Array(values, fortran, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func floats(t testing.TB, shape []int, values ...float64) *pickle.Array {
	t.Helper()
	a, err := pickle.Float64Array(values, false, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// layer returns a poll of one layer with the given parts.
func layer(parts ...pickle.Value) *pickle.Dict {
	return pickle.NewDict("layers", pickle.NewDict(int64(1)<<46+1, pickle.NewDict(parts...)))
}

func config(changes ...pickle.Value) *pickle.Dict {
	d := pickle.NewDict(
		"base_shape", pickle.NewList(int64(1000), int64(2000)),
		"image_shape", pickle.Tuple{int64(500), int64(1000)},
		"shape_in_tiles", pickle.NewList(int64(2), int64(4)),
		"tile_size", int64(256), "level_index", int64(1))
	for i := 0; i < len(changes); i += 2 {
		_ = d.Set(changes[i], changes[i+1])
	}
	return d
}

// TestTiles decodes tile_state and tile_config in all the shapes they may come
// in.
func TestTiles(t *testing.T) {
	nan := math.NaN()
	wantConfig := shm.TileConfig{BaseShape: [2]int64{1000, 2000}, ImageShape: [2]int64{500, 1000}, ShapeInTiles: [2]int64{2, 4}, TileSize: 256, LevelIndex: 1, IdealLevel: -1}
	tests := []struct {
		name        string
		seen        pickle.Value
		corners     pickle.Value
		rows, cols  []int64
		wantCorners bool
		notes       []string
	}{
		{"as napari", ints(t, true, []int{2, 2}, 1, 2, 3, 4), floats(t, []int{2, 2}, -1, -2, 3, 4.5), []int64{1, 3}, []int64{2, 4}, true, nil},
		{"C order", ints(t, false, []int{2, 2}, 1, 2, 3, 4), floats(t, []int{2, 2}, -1, -2, 3, 4.5), []int64{1, 3}, []int64{2, 4}, true, nil},
		{"floats", floats(t, []int{1, 2}, 7, 8), ints(t, false, []int{2, 2}, 0, 0, 9, 9), []int64{7}, []int64{8}, true, nil},
		{"lists", pickle.NewList(pickle.NewList(int64(1), int64(2)), pickle.Tuple{int64(3), 4.0}), pickle.NewList(pickle.Tuple{0.0, int64(1)}, pickle.NewList(2.0, 3.0)), []int64{1, 3}, []int64{2, 4}, true, nil},
		{"list of arrays", pickle.NewList(ints(t, false, []int{2}, 1, 2)), pickle.Tuple{floats(t, []int{2}, 1, 2), floats(t, []int{2}, 3, 4)}, []int64{1}, []int64{2}, true, nil},
		{"nothing", nil, nil, nil, nil, false, nil},
		{"empty (0, 2)", ints(t, true, []int{0, 2}), floats(t, []int{2, 2}, 0, 0, 1, 1), nil, nil, true, nil},
		{"empty (0,)", floats(t, []int{0}), floats(t, []int{2, 2}, 0, 0, 1, 1), nil, nil, true, nil},
		{"empty list", pickle.NewList(), floats(t, []int{2, 2}, 0, 0, 1, 1), nil, nil, true, nil},
		{"NaN corner", ints(t, true, []int{1, 2}, 1, 2), floats(t, []int{2, 2}, 0, nan, 1, 1), []int64{1}, []int64{2}, false, []string{"poll.corners.nan"}},
		{"infinite corner", nil, floats(t, []int{2, 2}, 0, 0, 1, math.Inf(1)), nil, nil, false, []string{"poll.corners.nan"}},
		{"NaN tile", floats(t, []int{2, 2}, nan, 1, 5, 6), nil, []int64{5}, []int64{6}, false, []string{"poll.seen.nan"}},
		{"half a tile", floats(t, []int{2, 2}, 1.5, 1, 5, 6), nil, []int64{5}, []int64{6}, false, []string{"poll.seen.nan"}},
		{"three columns", ints(t, false, []int{1, 3}, 1, 2, 3), nil, nil, nil, false, []string{"poll.seen"}},
		{"one dimension", ints(t, false, []int{2}, 1, 2), nil, nil, nil, false, []string{"poll.seen"}},
		{"a corner nobody gets to", nil, floats(t, []int{2, 2}, 0, -1e300, 1, 1e300), nil, nil, false, []string{"poll.corners.nan"}},
		{"text", "tiles", "corners", nil, nil, false, []string{"poll.seen", "poll.corners"}},
		{"list of texts", pickle.NewList("a"), pickle.NewList("a", "b"), nil, nil, false, []string{"poll.seen", "poll.corners"}},
		{"bools", pickle.NewList(pickle.NewList(true, false)), nil, nil, nil, false, []string{"poll.seen"}},
		{"corners (4,)", nil, floats(t, []int{4}, 0, 1, 2, 3), nil, nil, false, []string{"poll.corners"}},
		{"3-d corners", nil, floats(t, []int{2, 3}, 0, 1, 2, 3, 4, 5), nil, nil, false, []string{"poll.corners"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			poll, notes, err := decodePoll(layer("tile_state", pickle.NewDict("seen", tt.seen, "corners", tt.corners), "tile_config", config()))
			if err != nil {
				t.Fatal(err)
			}
			l := poll.Layer("70368744177665")
			if l == nil || l.State == nil || l.Config == nil {
				t.Fatalf("poll = %+v", poll)
			}
			if !slices.Equal(l.State.Rows, tt.rows) || !slices.Equal(l.State.Cols, tt.cols) {
				t.Errorf("tiles = %v, %v, want %v, %v", l.State.Rows, l.State.Cols, tt.rows, tt.cols)
			}
			if l.State.HasCorners != tt.wantCorners {
				t.Errorf("HasCorners = %v, want %v", l.State.HasCorners, tt.wantCorners)
			}
			if !reflect.DeepEqual(*l.Config, wantConfig) {
				t.Errorf("config = %+v, want %+v", *l.Config, wantConfig)
			}
			checkNotes(t, notes, tt.notes)
		})
	}
}

func checkNotes(t *testing.T, notes []note, want []string) {
	t.Helper()
	var got []string
	for _, n := range notes {
		got = append(got, n.key)
		if n.text == "" || len(n.text) > 300 {
			t.Errorf("note %q has the text %q", n.key, n.text)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("notes = %v, want %v", got, want)
	}
}

func TestTileConfig(t *testing.T) {
	tests := []struct {
		name  string
		value pickle.Value
		ok    bool
		notes []string
	}{
		{"as napari", config(), true, nil},
		{"arrays and floats", config("base_shape", floats(t, []int{2}, 1000, 2000), "tile_size", 256.0, "level_index", floats(t, nil, 1)), true, nil},
		{"further entries", config("more", "of it"), true, nil},
		{"nothing", nil, false, nil},
		{"text", "config", false, []string{"poll.tile_config"}},
		{"empty", pickle.NewDict(), false, []string{"poll.config.base_shape", "poll.config.image_shape", "poll.config.shape_in_tiles", "poll.config.tile_size", "poll.config.level_index"}},
		{"zero size", config("image_shape", pickle.NewList(int64(0), int64(5))), false, []string{"poll.config.image_shape"}},
		{"three sizes", config("base_shape", pickle.NewList(int64(1), int64(2), int64(3))), false, []string{"poll.config.base_shape"}},
		{"negative tile", config("tile_size", int64(-1)), false, []string{"poll.config.tile_size"}},
		{"NaN tile", config("tile_size", math.NaN()), false, []string{"poll.config.tile_size"}},
		{"level 54", config("level_index", int64(54)), false, []string{"poll.config.level_index"}},
		{"level True", config("level_index", true), false, []string{"poll.config.level_index"}},
		{"huge", config("base_shape", pickle.NewList(int64(math.MaxInt64), int64(5))), false, []string{"poll.config.base_shape"}},
		{"bigger than 64 bits", config("base_shape", pickle.NewList(new(big.Int).Lsh(big.NewInt(1), 80), int64(5))), false, []string{"poll.config.base_shape"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			poll, notes, err := decodePoll(layer("tile_config", tt.value))
			if err != nil {
				t.Fatal(err)
			}
			if got := poll.Layers[0].Config != nil; got != tt.ok {
				t.Errorf("config is there: %v, want %v", got, tt.ok)
			}
			checkNotes(t, notes, tt.notes)
		})
	}
}

func TestPollShapes(t *testing.T) {
	many := pickle.NewDict()
	for i := range maxLayers + 5 {
		_ = many.Set(int64(i), pickle.NewDict())
	}
	loop := pickle.NewDict()
	_ = loop.Set("layers", loop)
	huge := new(big.Int).Lsh(big.NewInt(1), 70)
	tests := []struct {
		name  string
		value pickle.Value
		err   string
		ids   int
		notes []string
	}{
		{"not ticked yet", nil, "no poll yet", 0, nil},
		{"no layers", pickle.NewDict("layers", pickle.NewDict()), "", 0, nil},
		{"no entry", pickle.NewDict(), `no entry "layers"`, 0, nil},
		{"a list", pickle.NewList(int64(1)), "it is a list of 1 instead of a dict", 0, nil},
		{"layers a list", pickle.NewDict("layers", pickle.NewList()), "its layers are a list of 0", 0, nil},
		{"layers nothing", pickle.NewDict("layers", nil), "its layers are nothing", 0, nil},
		{"layer not drawn yet", layer(), "", 1, nil},
		{"state and config nothing", layer("tile_state", nil, "tile_config", nil), "", 1, nil},
		{"layer a text", pickle.NewDict("layers", pickle.NewDict(int64(5), "x")), "", 1, []string{"poll.layer"}},
		{"state a text", layer("tile_state", "x"), "", 1, []string{"poll.tile_state"}},
		{"ids of all sorts", pickle.NewDict("layers", pickle.NewDict("a", pickle.NewDict(), huge, pickle.NewDict(), 1.5, pickle.NewDict(), nil, pickle.NewDict())), "", 2, []string{"poll.id"}},
		{"one id twice", pickle.NewDict("layers", pickle.NewDict(int64(7), pickle.NewDict(), "7", pickle.NewDict())), "", 1, nil},
		{"too many layers", pickle.NewDict("layers", many), "", maxLayers, []string{"poll.layers"}},
		{"holds itself", loop, "too deep", 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			poll, notes, err := decodePoll(tt.value)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("err = %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(poll.Layers) != tt.ids {
				t.Errorf("%d layers, want %d", len(poll.Layers), tt.ids)
			}
			checkNotes(t, notes, tt.notes)
		})
	}
}

func TestEvents(t *testing.T) {
	loop := pickle.NewList()
	loop.Items = []pickle.Value{loop}
	tests := []struct {
		name  string
		value pickle.Value
		want  string // topic, stamp and value, a line each
		notes []string
		many  bool // a list is many events
	}{
		{"two topics", pickle.NewDict("a", int64(1), "b", "x"), `a 0 1|b 0 "x"`, nil, false},
		{"a time", pickle.NewDict("a", pickle.NewDict("time", 1600000000.5)), `a 1.6000000005e+09 {"time":1600000000.5}`, nil, false},
		{"a time that is none", pickle.NewDict("a", pickle.NewDict("time", math.NaN())), `a 0 {"time":null}`, nil, false},
		{"an array", pickle.NewDict("a", ints(t, true, []int{2, 2}, 1, 2, 3, 4)), `a 0 [[1,2],[3,4]]`, nil, false},
		{"an array without dimensions", pickle.NewDict("a", floats(t, nil, 2.5)), `a 0 2.5`, nil, false},
		{"an empty array", pickle.NewDict("a", floats(t, []int{0, 3})), `a 0 "array \u003cf8 (0, 3)"`, nil, false},
		{"a large array", pickle.NewDict("a", floats(t, []int{50, 50}, make([]float64, 2500)...)), `a 0 "array \u003cf8 (50, 50)"`, nil, false},
		{"no dict", "just text", `message 0 "just text"`, nil, false},
		{"nothing", nil, `message 0 null`, nil, false},
		{"a topic that is a number", pickle.NewDict(int64(3), int64(4)), `3 0 4`, nil, false},
		{"a topic of spaces", pickle.NewDict("\n\x00 ", int64(4)), `message 0 4`, nil, false},
		{"a long topic", pickle.NewDict(strings.Repeat("é", 300), int64(4)), strings.Repeat("é", 62) + "… 0 4", nil, false},
		{"holds itself", pickle.NewDict("a", loop, "b", int64(1)), `b 0 1`, []string{"message.a"}, false},
		{"a list of a napari's own", pickle.NewDict("a", pickle.NewList(int64(1), int64(2))), `a 0 [1,2]`, nil, false},
		{"many events", pickle.NewDict("a", pickle.NewList(pickle.NewDict("time", 1600000000.5), int64(2)), "b", int64(3)), `a 1.6000000005e+09 {"time":1600000000.5}|a 0 2|b 0 3`, nil, true},
		{"many, one of which holds itself", pickle.NewDict("a", pickle.NewList(int64(1), loop, int64(2))), `a 0 1|a 0 2`, []string{"message.a"}, true},
		{"many, but none", pickle.NewDict("a", pickle.NewList()), ``, nil, true},
		{"an empty dict", pickle.NewDict(), ``, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			notes := events(tt.value, nil, tt.many, func(e shm.Event) {
				b, err := shm.AppendJSON(nil, e.Value)
				if err != nil {
					t.Fatal(err)
				}
				stamp, _ := json.Marshal(e.Stamp)
				if e.Stamp != 0 {
					stamp = []byte("1.6000000005e+09")
					if e.Stamp != 1600000000.5 {
						t.Errorf("stamp = %v", e.Stamp)
					}
				}
				got = append(got, e.Topic+" "+string(stamp)+" "+string(b))
			})
			if got := strings.Join(got, "|"); got != tt.want {
				t.Errorf("events = %s, want %s", got, tt.want)
			}
			checkNotes(t, notes, tt.notes)
		})
	}
}

func TestClaim(t *testing.T) {
	tests := []struct {
		name string
		v    pickle.Value
		url  string
		id   string
	}{
		{"whole", pickle.NewDict("id", "a", "pid", int64(5), "url", "http://127.0.0.1:5050/lab", "t", 100.0), "http://127.0.0.1:5050/lab", "a"},
		{"script", pickle.NewDict("id", "a", "url", "javascript:alert(1)", "t", 100.0), "", "a"},
		{"no host", pickle.NewDict("id", "a", "url", "https:///x", "t", 100.0), "", "a"},
		{"long", pickle.NewDict("id", "a", "url", "http://a/"+strings.Repeat("x", 600)), "", "a"},
		{"text", "reader", "", ""},
		{"nothing", nil, "", ""},
		{"other types", pickle.NewDict("id", int64(1), "url", nil, "t", "now"), "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := parseClaim(tt.v)
			if c.url != tt.url || c.id != tt.id {
				t.Errorf("claim = %+v, want url %q, id %q", c, tt.url, tt.id)
			}
		})
	}
}

// FuzzPoll decodes whatever Python might have pickled in a poll's place.
func FuzzPoll(f *testing.F) {
	files, err := filepath.Glob("testdata/*.pickle")
	if err != nil || len(files) == 0 {
		f.Fatalf("captured replies: %v, %v", files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := pickle.Decode(b, pickle.Limits{MaxNodes: 100_000})
		if err != nil {
			return
		}
		if pair, ok := v.(pickle.Tuple); ok && len(pair) == 2 {
			v = pair[1]
		}
		for _, v := range []pickle.Value{v, pickle.NewDict("layers", v), layer("tile_state", v, "tile_config", v)} {
			poll, notes, err := decodePoll(v)
			if err == nil {
				checkPoll(t, poll)
			}
			for _, n := range notes {
				if n.key == "" || n.text == "" || len(n.text) > 400 {
					t.Fatalf("note %+v", n)
				}
			}
		}
		events(v, nil, len(b)%2 == 0, func(e shm.Event) {
			if e.Topic == "" || len(e.Topic) > maxTopicName {
				t.Fatalf("topic %q", e.Topic)
			}
			b, err := shm.AppendJSON(nil, e.Value)
			if err != nil || !json.Valid(b) {
				t.Fatalf("event %+v: %v: %s", e, err, b)
			}
		})
		parseClaim(v)
	})
}

// checkPoll holds a poll against what the contract says of one.
func checkPoll(t *testing.T, poll *shm.TilePoll) {
	ids := map[string]bool{}
	for _, l := range poll.Layers {
		if ids[l.ID] {
			t.Fatalf("layer %q is there twice", l.ID)
		}
		ids[l.ID] = true
		if s := l.State; s != nil {
			if len(s.Rows) != len(s.Cols) {
				t.Fatalf("%d rows and %d columns", len(s.Rows), len(s.Cols))
			}
			for _, c := range s.Corners {
				if s.HasCorners && (math.IsNaN(c[0]+c[1]) || math.IsInf(c[0], 0) || math.IsInf(c[1], 0)) {
					t.Fatalf("corners %v", s.Corners)
				}
			}
		}
		if c := l.Config; c != nil {
			for _, n := range [][2]int64{c.BaseShape, c.ImageShape, c.ShapeInTiles, {c.TileSize, c.LevelIndex + 1}} {
				if n[0] < 1 || n[1] < 1 || n[0] > maxPixels || n[1] > maxPixels {
					t.Fatalf("config %+v", c)
				}
			}
		}
	}
	b, err := json.Marshal(poll)
	if err != nil || !json.Valid(b) {
		t.Fatalf("poll is no JSON: %v", err)
	}
}

func BenchmarkDecodePoll(b *testing.B) {
	for _, n := range []int{16, 1000, 10000} {
		b.Run(map[int]string{16: "16 tiles", 1000: "1000 tiles", 10000: "10000 tiles"}[n], func(b *testing.B) {
			v := layer("tile_state", pickle.NewDict("seen", ints(b, true, []int{n, 2}, make([]int64, 2*n)...), "corners", floats(b, []int{2, 2}, 0, 0, 1, 1)), "tile_config", config())
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := decodePoll(v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
