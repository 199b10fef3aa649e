package shm

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// layer is an entry of the state as napari's package sends it.
func layer(more ...any) map[string]Value {
	m := map[string]Value{
		"id": "3", "kind": "image", "name": "tissue", "visible": false, "selected": true,
		"shape": []Value{int64(60), int64(2048)}, "dtype": "<u2", "rgb": false, "axes": []Value{"z", "-1"},
		"units": []Value{"µm", "µm"}, "scale": []Value{2.0, int64(1)}, "translate": []Value{0.0, -1.5},
		"multiscale": true, "levels": []Value{[]Value{int64(60), int64(2048)}, []Value{int64(30), int64(1024)}},
		"level": int64(1), "ideal_level": int64(0), "locked_level": nil, "chunk": nil,
		"loaded": false, "nbytes": int64(1<<60 + 1), "loads": int64(3), "path": "/a.zarr",
		"colormap": "gray", "contrast_limits": []Value{int64(10), 900.5}, "gamma": 0.5, "opacity": 0.25,
	}
	for i := 0; i+1 < len(more); i += 2 {
		m[more[i].(string)] = more[i+1]
	}
	return m
}

func TestLayersOf(t *testing.T) {
	got := LayersOf([]Value{layer()}).Get("3")
	want := &Layer{
		ID: "3", Kind: "image", Name: "tissue", Selected: true,
		Shape: []int64{60, 2048}, DType: "<u2", Axes: []string{"z", "-1"},
		Units: []string{"µm", "µm"}, Scale: []float64{2, 1}, Translate: []float64{0, -1.5},
		Multiscale: true, Levels: [][]int64{{60, 2048}, {30, 1024}}, Level: 1, LockedLevel: -1,
		Loading: true, Bytes: 1<<60 + 1, Loads: 3, LoadBytes: -1, LoadsSince: -1, Reloads: -1, Path: "/a.zarr",
		Colormap: "gray", Limits: &[2]float64{10, 900.5}, Gamma: 0.5, Opacity: 0.25,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// What says nothing, or nothing that makes sense, is as if it were not there.
func TestLayersThatMakeNoSense(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	odd := layer(
		"id", int64(7), "name", []Value{"x"}, "visible", int64(0), "shape", []Value{int64(-1)}, "units", "µm",
		"scale", []Value{1.0, nan}, "translate", []Value{inf}, "levels", []Value{"x", []Value{nan}}, "level", inf,
		"ideal_level", int64(1<<40), "nbytes", 1e300, "loads", int64(-3), "loaded", nil,
		"contrast_limits", []Value{2.0, 1.0}, "gamma", nan, "opacity", 7.0, "axes", "zyx",
	)
	l := LayersOf([]Value{nil, "x", odd, int64(4), []Value{}}).Get("7")
	if l == nil || l.Name != "" || !l.Visible || l.Shape != nil || !slices.Equal(l.Units, []string{"µm"}) || l.Axes != nil ||
		l.Scale != nil || l.Translate != nil || len(l.Levels) != 2 || l.Levels[0] != nil || l.Levels[1] != nil || l.Level != -1 ||
		l.IdealLevel != -1 || l.Bytes != -1 || l.Loads != -1 || l.Loading || l.Limits != nil || l.Gamma != 1 || l.Opacity != 1 {
		t.Errorf("%+v", l)
	}
	for _, v := range []Value{nil, "x", int64(3), map[string]Value{"3": layer()}, []Value{}} {
		if l := LayersOf(v); len(l.List) != 0 || l.Get("3") != nil {
			t.Errorf("of %v come %+v", v, l.List)
		}
	}
	var none *Layers
	if none.Get("3") != nil {
		t.Error("there is a layer where nothing was said")
	}
	many := make([]Value, 3*maxLayers)
	for i := range many {
		many[i] = layer("name", strings.Repeat("é", maxWords))
	}
	if l := LayersOf(many); len(l.List) != maxLayers || len(l.List[0].Name) > maxWords {
		t.Errorf("%d layers, the first with a name of %d bytes", len(l.List), len(l.List[0].Name))
	}
}

func TestHistogramsOf(t *testing.T) {
	counts := []Value{int64(5), int64(-1), "x", 2.0}
	h := HistogramsOf(map[string]Value{
		"good":  map[string]Value{"low": 0.0, "high": int64(9), "counts": counts, "least": 1.0, "greatest": 8.0, "whole": true},
		"plain": map[string]Value{"low": 0.0, "high": 9.0, "counts": counts, "least": 8.0, "greatest": 1.0},
		"flat":  map[string]Value{"low": 1.0, "high": 1.0, "counts": counts},
		"nan":   map[string]Value{"low": math.NaN(), "high": 1.0, "counts": counts},
		"wide":  map[string]Value{"low": -math.MaxFloat64, "high": math.MaxFloat64, "counts": counts},
		"below": map[string]Value{"low": math.Inf(-1), "high": 1.0, "counts": counts},
		"thin":  map[string]Value{"low": 0.0, "high": 5e-324, "counts": counts},
		"many":  map[string]Value{"low": 0.0, "high": 1.0, "counts": []Value{int64(1) << 61, 4e18, 1e300, math.Inf(1), math.NaN()}},
		"empty": map[string]Value{"low": 0.0, "high": 1.0, "counts": []Value{}},
		"text":  "x",
	})
	want := &Histogram{High: 9, Counts: []int64{5, 0, 0, 2}, Exact: true, Least: 1, Greatest: 8, Whole: true}
	if got := h.Get("good"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := h.Get("plain"); got == nil || got.Exact || got.Whole {
		t.Errorf("extremes the wrong way round: %+v", got)
	}
	if got := h.Get("many"); got == nil || !slices.Equal(got.Counts, []int64{maxCount, maxCount, 0, 0, 0}) {
		t.Errorf("counts without end: %+v", got)
	}
	for _, id := range []string{"flat", "nan", "wide", "below", "thin", "empty", "text", "none"} {
		if got := h.Get(id); got != nil {
			t.Errorf("%s: %+v, want none", id, got)
		}
	}
	var none *Histograms
	if none.Get("good") != nil {
		t.Error("there is a histogram where nothing was said")
	}
}

// TestSentAsItIs: programs read from the API what the process has sent, also of what
// no page shows.
func TestSentAsItIs(t *testing.T) {
	for _, v := range []Value{
		[]Value{layer("new key", []Value{nil, "ä", 1e-9}), nil, "x", layer("level", math.Inf(1))},
		map[string]Value{"3": map[string]Value{"low": math.NaN(), "counts": []Value{}}, "x": int64(1)},
		"text", int64(1) << 60, nil,
	} {
		want, err := AppendJSON(nil, map[string]Value{"state": v})
		if err != nil {
			t.Fatal(err)
		}
		for _, typed := range []Value{LayersOf(v), HistogramsOf(v), ColorsOf(v)} {
			got, err := AppendJSON(nil, map[string]Value{"state": typed})
			if err != nil || string(got) != string(want) {
				t.Errorf("%T: %s, %v\nwant %s", typed, got, err, want)
			}
		}
	}
}

func TestColorsOf(t *testing.T) {
	scale := func(key string, value Value) map[string]Value {
		m := map[string]Value{
			"kind": "scale", "table": base64.StdEncoding.EncodeToString(make([]byte, 1024)), "steps": true,
			"over": []Value{int64(255), int64(0), int64(0), int64(255)}, "under": nil, "nan": []Value{int64(300), int64(0), int64(0), int64(0)},
		}
		if key != "" {
			m[key] = value
		}
		return m
	}
	c := ColorsOf(map[string]Value{
		"scale":   scale("", nil),
		"short":   scale("table", "AAAA"),
		"odd":     scale("table", "AAAAAAA="),
		"text":    scale("table", "%"),
		"kind":    scale("kind", "rainbow"),
		"long":    scale("table", strings.Repeat("A", 4*maxTable)),
		"cyclic":  map[string]Value{"kind": "cyclic", "table": "AAAAAP8AAP8=", "background": int64(-1)},
		"direct":  map[string]Value{"kind": "direct", "table": "AAAAAP8AAP8=", "labels": []Value{"18446744073709551615"}},
		"unequal": map[string]Value{"kind": "direct", "table": "AAAAAP8AAP8=", "labels": []Value{}},
		"no map":  "x",
	})
	want := &ColorTable{Kind: "scale", RGBA: make([]byte, 1024), Steps: true, Over: []int{255, 0, 0, 255}}
	if got := c.Get("scale"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := c.Get("cyclic"); got == nil || got.Background != "-1" {
		t.Errorf("the cyclic table is %+v", got)
	}
	if got := c.Get("direct"); got == nil || !slices.Equal(got.Labels, []string{"18446744073709551615"}) {
		t.Errorf("the direct table is %+v", got)
	}
	for _, name := range []string{"short", "odd", "text", "kind", "long", "unequal", "no map", "none"} {
		if got := c.Get(name); got != nil {
			t.Errorf("%s: %+v, want none", name, got)
		}
	}
	var none *Colors
	if none.Get("scale") != nil {
		t.Error("there are colours where nothing was said")
	}
}

func FuzzLayerDrawn(f *testing.F) {
	f.Add(`[{"id": "1", "picture": {"matrix": [[1, 0, 0], [0, 1, 0]], "colors": "a", "limits": [0, 1], "contour": 2, "selection": 7}}]`, `{"a": {"kind": "direct", "table": "AAAAAA==", "labels": []}}`)
	f.Add(`[{"picture": {"matrix": [[1], []], "selection": "1e9"}}]`, `{"a": {"table": 1}}`)
	f.Fuzz(func(t *testing.T, layers, colors string) {
		value := func(text string) (v Value) {
			var any any
			if json.Unmarshal([]byte(text), &any) != nil {
				return nil
			}
			return fromJSON(any)
		}
		for _, l := range LayersOf(value(layers)).List {
			if d := l.Drawn; d != nil && (!(d.Gamma > 0) || d.Contour < 0 || d.Contour > maxContour) {
				t.Errorf("%+v", d)
			}
		}
		for name, c := range ColorsOf(value(colors)).of {
			if len(c.RGBA)%4 != 0 || len(c.RGBA) == 0 || c.Kind == "direct" && len(c.Labels) != len(c.RGBA)/4-1 {
				t.Errorf("%s: %+v", name, c)
			}
		}
	})
}

// fromJSON is what was read as JSON, in the types of a Value.
func fromJSON(v any) Value {
	switch v := v.(type) {
	case []any:
		out := make([]Value, len(v))
		for i := range v {
			out[i] = fromJSON(v[i])
		}
		return out
	case map[string]any:
		out := map[string]Value{}
		for k, e := range v {
			out[k] = fromJSON(e)
		}
		return out
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v)
		}
		return v
	}
	return v
}
