package pickle

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestParseDescr(t *testing.T) {
	for _, tt := range []struct{ json, want string }{
		{`"<u2"`, "<u2"},
		{`"|b1"`, "|b1"},
		{`"<M8[25us]"`, "<M8[25us]"},
		{`[["x", "<f4"], ["n", ">i2"]]`, "[('x', '<f4'), ('n', '>i2')]"},
		{`[["p", "<f8", [2, 3]]]`, "[('p', '<f8', (2, 3))]"},
		{`[["p", "<f8", 2]]`, "[('p', '<f8', (2,))]"},
		{`[["in", [["a", "|u1"], ["b", "<U3"]]]]`, "[('in', [('a', '|u1'), ('b', '<U3')])]"},
		{`[["in", [["a", "|u1"]], [4]]]`, "[('in', [('a', '|u1')], (4,))]"},
		{`[[["A title", "x"], "<f4"]]`, "[('x', '<f4')]"},
		{`[["", "<f4"], ["", "|V3"], ["", [["a", "|u1"]]]]`, "[('f0', '<f4'), ('f2', [('a', '|u1')])]"},
	} {
		var v any
		if err := json.Unmarshal([]byte(tt.json), &v); err != nil {
			t.Fatal(err)
		}
		dt, err := ParseDescr(v)
		if err != nil || dt.Descr() != tt.want {
			t.Errorf("%s: %v, %v; want %s", tt.json, dt, err, tt.want)
		}
	}
	dt, err := ParseDescr(NewList(Tuple{"a", "|u1"}, NewList("", "|V7"), Tuple{"b", "<i8", Tuple{int64(2)}}))
	if err != nil || dt.Size != 24 || dt.Fields[1].Offset != 8 || dt.Fields[1].Name != "b" {
		t.Errorf("with a gap: %+v, %v", dt, err)
	}
	deep := any("|u1")
	for range 40 {
		deep = []any{[]any{"a", deep}}
	}
	many := make([]any, maxDTypeFields+1)
	for i := range many {
		many[i] = []any{strings.Repeat("x", i%500), "|u1"}
	}
	for name, v := range map[string]any{
		"nothing": nil, "a number": 5.0, "no fields": []any{}, "objects": "|O8", "objects inside": []any{[]any{"a", "|O8"}},
		"no type": []any{[]any{"a"}}, "too much": []any{[]any{"a", "|u1", []any{1.0}, 1.0}}, "no name": []any{[]any{5.0, "|u1"}},
		"half a name": []any{[]any{[]any{"a"}, "|u1"}}, "the same twice": []any{[]any{"a", "|u1"}, []any{"a", "|u1"}},
		"a negative shape": []any{[]any{"a", "|u1", []any{-1.0}}}, "a broken shape": []any{[]any{"a", "|u1", []any{1.5}}},
		"a huge shape": []any{[]any{"a", "<f8", []any{1e9, 1e9}}}, "a huge field": []any{[]any{"a", "<f8", []any{1e9}}},
		"huge in all": []any{[]any{"a", "|u1", 2e9}, []any{"b", "|u1", 2e9}}, "deep": deep, "many": many,
	} {
		if dt, err := ParseDescr(v); !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrLimit) && !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v, %v", name, dt, err)
		}
	}
}

func TestHalf(t *testing.T) {
	for h, want := range map[uint16]string{
		0x0000: "0.0", 0x8000: "-0.0", 0x3c00: "1.0", 0xc000: "-2.0", 0x7bff: "65504.0", 0x0001: "5.960464477539063e-08",
		0x03ff: "6.097555160522461e-05", 0x7c00: "inf", 0xfc00: "-inf", 0x7e00: "nan",
	} {
		if got := Repr(float64(Half(h))); got != want {
			t.Errorf("%#04x: %s, want %s", h, got, want)
		}
	}
}

// Whatever stands in a description, parsing it ends, and items of what comes out can
// be read.
func FuzzParseDescr(f *testing.F) {
	for _, s := range []string{`"<u2"`, `"<M8[ns]"`, `[["x", "<f4"], ["", "|V3"], [["t", "n"], ">i2", [2, 2]], ["in", [["s", "<U3"]]]]`, `[["a", "|S0", 1e9]]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var v any
		if json.Unmarshal(text, &v) != nil {
			return
		}
		dt, err := ParseDescr(v)
		if err != nil || dt.Size > 1<<16 {
			return
		}
		if _, err := Plain(dt.Item(make([]byte, dt.Size)), PlainOptions{MaxNodes: 10_000}); err != nil && !errors.Is(err, ErrLimit) {
			t.Fatal(err)
		}
		if s := dt.Descr(); s == "" {
			t.Error("it has no name")
		}
	})
}
