package process

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"webmon/shm"
	"webmon/shm/pickle"
)

// declaredArray is one that makes sense, with pairs of keys and values changed or
// added.
func declaredArray(pairs ...pickle.Value) *pickle.Dict {
	d := pickle.NewDict(
		"shm", "webmon-12-abc", "generation", "0123456789abcdef", "dtype", "<u2",
		"shape", pickle.NewList(int64(8), int64(16)), "axes", pickle.NewList("y", "x"), "units", nil, "scale", nil,
	)
	for i := 0; i < len(pairs); i += 2 {
		_ = d.Set(pairs[i], pairs[i+1])
	}
	return d
}

// recordOf is a record of so many fields.
func recordOf(n int) *pickle.List {
	fields := pickle.NewList()
	for i := range n {
		fields.Items = append(fields.Items, pickle.NewList(fmt.Sprint("f", i), "<f8"))
	}
	return fields
}

func TestDecodeArrays(t *testing.T) {
	if list, notes := decodeArrays(pickle.NewDict("a", declaredArray("dtype", recordOf(maxFields)))); len(notes) != 0 || len(list[0].Fields) != maxFields {
		t.Errorf("as many fields as there may be: %v", notes)
	}
	record := pickle.NewList(
		pickle.NewList("t", "<f8"), pickle.Tuple{"pos", "<f4", pickle.NewList(int64(3))}, pickle.Tuple{"", "|V4"},
		pickle.Tuple{"in", pickle.NewList(pickle.Tuple{"a", "|u1"})},
	)
	list, notes := decodeArrays(pickle.NewDict(
		"camera", declaredArray(
			"units", pickle.NewList("um", nil), "scale", pickle.NewList(0.5, int64(2)), "title", "A camera", "colormap", "magma",
			"limits", pickle.Tuple{int64(0), 4095.0}, "unit", "counts", "layer", "3", "role", "labels"),
		"table", declaredArray("dtype", record, "shape", pickle.Tuple{int64(5)}, "axes", pickle.NewList("row"), "role", "table"),
		"absent", declaredArray("shm", "", "generation", "0000000000000000"),
	))
	if len(notes) != 0 || len(list) != 3 {
		t.Fatalf("%d arrays, notes %v", len(list), notes)
	}
	camera := shm.ArrayInfo{
		Name: "camera", Shm: "webmon-12-abc", Generation: "0123456789abcdef", Descr: "<u2", Shape: []int{8, 16},
		Axes: []string{"y", "x"}, Units: []string{"um", ""}, Scale: []float64{0.5, 2}, Title: "A camera", Role: "labels",
		Colormap: "magma", Limits: &[2]float64{0, 4095}, Unit: "counts", Layer: "3",
	}
	if got := list.Get("camera"); fmt.Sprintf("%+v", got.Limits) != fmt.Sprintf("%+v", camera.Limits) {
		t.Errorf("limits %v", got.Limits)
	} else if camera.Limits = got.Limits; fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", camera) {
		t.Errorf("camera %+v\nwant  %+v", *got, camera)
	}
	table := list.Get("table")
	want := []shm.ArrayField{{Name: "t", Descr: "<f8"}, {Name: "pos", Descr: "<f4", Shape: []int{3}}, {Name: "in", Descr: "[('a', '|u1')]"}}
	if table.Descr != "" || !slices.EqualFunc(table.Fields, want, func(a, b shm.ArrayField) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) {
		t.Errorf("table %+v", table)
	}
	if names := []string{list[0].Name, list[1].Name, list[2].Name}; !slices.IsSorted(names) {
		t.Errorf("in the order %v", names)
	}
}

func TestDecodeArraysRefuses(t *testing.T) {
	ints := func(n ...int64) *pickle.List {
		l := &pickle.List{}
		for _, v := range n {
			l.Items = append(l.Items, v)
		}
		return l
	}
	for name, v := range map[string]pickle.Value{
		"no dict":       int64(3),
		"a path":        declaredArray("shm", "../../etc/passwd"),
		"others' name":  declaredArray("shm", "psm_12345"),
		"no segment":    declaredArray("shm", nil),
		"generation":    declaredArray("generation", "xyz"),
		"no generation": declaredArray("generation", int64(5)),
		"objects":       declaredArray("dtype", "|O8"),
		"no dtype":      declaredArray("dtype", nil),
		"a bad field":   declaredArray("dtype", pickle.NewList(pickle.NewList("a"))),
		"no shape":      declaredArray("shape", nil),
		"many fields":   declaredArray("dtype", recordOf(maxFields+1)),
		"many axes":     declaredArray("shape", ints(1, 1, 1, 1, 1, 1, 1, 1, 1)),
		"negative":      declaredArray("shape", ints(-1, 5)),
		"a float":       declaredArray("shape", pickle.NewList(2.5, int64(1))),
		"too large":     declaredArray("shape", ints(1<<40, 1<<40)),
	} {
		list, notes := decodeArrays(pickle.NewDict("a", v, "good", declaredArray()))
		if len(list) != 2 || list[1].Name != "good" || !list[0].Withheld() || !strings.Contains(list[0].Note, "left out") ||
			len(notes) != 1 || !strings.Contains(notes[0].text, `"a"`) {
			t.Errorf("%s: %v, notes %v", name, list, notes)
		} else {
			t.Log(notes[0].text)
		}
	}
	for name, v := range map[string]pickle.Value{
		"a list": pickle.NewList(), "a name of spaces": pickle.NewDict("a b", declaredArray()), "a number": pickle.NewDict(int64(1), declaredArray()),
	} {
		if list, notes := decodeArrays(v); len(list) != 0 || len(notes) != 1 {
			t.Errorf("%s: %v, notes %v", name, list, notes)
		}
	}
	many := pickle.NewDict()
	for i := range maxArrays + 5 {
		_ = many.Set(fmt.Sprintf("a%d", i), declaredArray())
	}
	if list, notes := decodeArrays(many); len(list) != maxArrays || len(notes) != 1 {
		t.Errorf("%d arrays of too many, notes %v", len(list), notes)
	}
	// What is not needed is left out without a word.
	list, notes := decodeArrays(pickle.NewDict("a", declaredArray(
		"axes", pickle.NewList("x", "x"), "units", int64(5), "scale", pickle.NewList(0.0, 1.0), "title", int64(5),
		"role", "rgb", "limits", pickle.NewList(5.0, 1.0), "unit", nil)))
	if len(list) != 1 || len(notes) != 0 {
		t.Fatalf("%v, notes %v", list, notes)
	}
	a := list[0]
	if !slices.Equal(a.Axes, []string{"y", "x"}) || a.Units != nil || a.Scale != nil || a.Title != "" || a.Role != "" || a.Limits != nil {
		t.Errorf("%+v", a)
	}
}
