package shm_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"webmon/shm"
)

func TestAppendJSON(t *testing.T) {
	for _, test := range []struct {
		in   shm.Value
		want string
	}{
		{nil, "null"}, {true, "true"}, {int64(-5), "-5"}, {1.5, "1.5"}, {1e-9, "1e-09"}, {1e300, "1e+300"},
		{math.NaN(), "null"}, {math.Inf(1), "null"}, {math.Inf(-1), "null"},
		{"a\"b\n\xff", `"a\"b\n\ufffd"`},
		{[]shm.Value{int64(1), "x", nil}, `[1,"x",null]`},
		{map[string]shm.Value{"b": 1.0, "a": []shm.Value{}}, `{"a":[],"b":1}`},
		{&shm.Array{Descr: "<f8", Shape: []int{2}, Values: []shm.Value{1.0, math.NaN()}}, `[1,null]`},
		{&shm.Array{Descr: "<f8", Shape: []int{1024, 1024}}, `"array \u003cf8 (1024, 1024)"`},
		{&shm.TilePoll{}, `{"layers":{}}`},
		{&shm.TilePoll{Layers: []shm.TileLayer{{ID: "9007199254740993"}}}, `{"layers":{"9007199254740993":{}}}`},
		{&shm.TilePoll{Layers: []shm.TileLayer{{ID: "1", State: &shm.TileState{Rows: []int64{1}, Cols: []int64{2}}}}},
			`{"layers":{"1":{"tile_state":{"seen":[[1,2]],"corners":null}}}}`},
	} {
		got, err := shm.AppendJSON(nil, test.in)
		if err != nil || string(got) != test.want {
			t.Errorf("%v: got %s, %v, want %s", test.in, got, err, test.want)
		}
		if !json.Valid(got) {
			t.Errorf("%s is no JSON", got)
		}
	}
}

func TestAccept(t *testing.T) {
	low, high := 0.0, 5.0
	soft := shm.Control{Type: shm.Float, Min: &low, Max: &high, Soft: true}
	layer := shm.Control{Name: "layer", Type: shm.Choice, Choices: []string{"1", "2", "3", "4"}, Labels: []string{"nuclei", "1", "twice", "twice"}}
	for _, test := range []struct {
		control shm.Control
		in      shm.Value
		want    shm.Value // nil: refused
	}{
		{shm.Control{Type: shm.Bool}, true, true}, {shm.Control{Type: shm.Bool}, "off", false}, {shm.Control{Type: shm.Bool}, 1.0, nil},
		{shm.Control{Type: shm.Float, Min: &low, Max: &high}, "5", 5.0}, {shm.Control{Type: shm.Float, Max: &high}, 5.01, nil},
		{shm.Control{Type: shm.Float, Min: &low}, -0.1, nil}, {shm.Control{Type: shm.Float}, "NaN", nil}, {shm.Control{Type: shm.Float}, "inf", nil},
		{shm.Control{Type: shm.Int}, 3.0, int64(3)}, {shm.Control{Type: shm.Int}, 3.5, nil}, {shm.Control{Type: shm.Int}, 1e17, nil},
		{shm.Control{Type: shm.Choice, Choices: []string{"a"}}, "a", "a"}, {shm.Control{Type: shm.Choice, Choices: []string{"a"}}, "b", nil},
		{soft, 7.5, 7.5}, {soft, "-1e30", -1e30}, {soft, "inf", nil}, {soft, "NaN", nil}, {soft, "wide", nil},
		{shm.Control{Type: shm.Int, Min: &low, Max: &high, Soft: true}, 9.0, int64(9)}, {shm.Control{Type: shm.Int, Max: &high, Soft: true}, 9.5, nil},
		// A value is what it is; a label that only one has stands for its value.
		{layer, "2", "2"}, {layer, "nuclei", "1"}, {layer, "1", "1"}, {layer, "twice", nil}, {layer, "", nil}, {layer, 2.0, "2"}, {layer, int64(3), "3"}, {layer, 2.5, nil}, {layer, true, nil}, {layer, nil, nil},
		{shm.Control{Type: shm.Text}, "x", "x"}, {shm.Control{Type: shm.Text}, 1.0, nil}, {shm.Control{Type: "odd"}, "x", nil},
	} {
		got, err := test.control.Accept(test.in)
		if got != test.want || (err == nil) != (test.want != nil) {
			t.Errorf("%+v takes %v as %v, %v; want %v", test.control, test.in, got, err, test.want)
		}
	}
}

// Whoever sends none of many choices is told some of them, with what people see.
func TestAcceptNamesChoices(t *testing.T) {
	c := shm.Control{Name: "layer", Type: shm.Choice, Choices: []string{"1", "raw"}, Labels: []string{"nuclei", "raw"}}
	if _, err := c.Accept("x"); err == nil || err.Error() != "layer must be one of 1 (nuclei), raw" {
		t.Errorf("%v", err)
	}
	c.Choices, c.Labels = nil, nil
	for i := range 1000 {
		c.Choices = append(c.Choices, fmt.Sprint("choice ", i))
	}
	if _, err := c.Accept("x"); err == nil || len(err.Error()) > 400 || !strings.HasSuffix(err.Error(), "choice 19, ...") {
		t.Errorf("%v", err)
	}
}
