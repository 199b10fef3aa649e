package ui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

// The script of the page writes ages too; one table holds both to the same.
func TestAge(t *testing.T) {
	data, err := os.ReadFile("../../public/js/testdata/age.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][2]any
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 {
		t.Fatal("the table is empty")
	}
	for _, row := range rows {
		ms, want := row[0].(float64), row[1].(string)
		if got := Age(time.Duration(ms) * time.Millisecond); got != want {
			t.Errorf("Age(%v ms) = %q, want %q", ms, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	bytesText := func(n float64) string { return BytesText(n) }
	tests := []struct{ name, got, want string }{
		{"fixed", Fixed(16.66, 1), "16.7"},
		{"not a number", Fixed(math.NaN(), 1), None},
		{"infinite", Fixed(math.Inf(-1), 1), None},
		{"count", Count(1234567), "1\u202f234\u202f567"},
		{"count of four digits", Count(1000), "1000"},
		{"negative count", Count(-12345), "−12\u202f345"},
		{"largest count", Count(int64(math.MaxInt64)), "9\u202f223\u202f372\u202f036\u202f854\u202f775\u202f807"},
		{"no bytes", bytesText(0), "0 B"},
		{"bytes", bytesText(1023), "1023 B"},
		{"kibibytes", bytesText(1536), "1.5 KiB"},
		{"many kibibytes", bytesText(200 * 1024), "200 KiB"},
		{"tebibytes", bytesText(5e15), "4547 TiB"},
		{"no rate", Rate(0), "0"},
		{"small rate", Rate(0.25), "0.2"},
		{"large rate", Rate(1234.5), "1234"},
		{"short time", Millis(1240 * time.Microsecond), "1.24"},
		{"long time", Millis(393 * time.Millisecond), "393"},
		{"percent", Percent(0.0312), "3.12"},
		{"more percent", Percent(0.5), "50.0"},
		{"all percent", Percent(1.5), "150"},
		{"shape", Shape(256, 12000), "256 × 12\u202f000"},
		{"no time", Clock(time.Time{}), None},
		{"time", Clock(time.Date(2026, 1, 2, 3, 4, 5, 67e7, time.UTC)), "03:04:05.6"},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, test.got, test.want)
		}
	}
}

func TestID(t *testing.T) {
	tests := []struct {
		parts []string
		want  string
	}{
		{[]string{"command", "show_grid"}, "command-show_grid"},
		{[]string{"a b"}, "a-20-b"},
		{[]string{`"><script>`}, "-22--3e--3c-script-3e-"},
		{[]string{"µ"}, "-b5-"},
		{[]string{"a-b"}, "a-2d-b"},
	}
	for _, test := range tests {
		if got := ID(test.parts...); got != test.want {
			t.Errorf("ID(%q) = %q, want %q", test.parts, got, test.want)
		}
	}
}

type marshaler string

func (m marshaler) MarshalJSON() ([]byte, error) { return []byte(m), nil }

func TestTree(t *testing.T) {
	wide := make(map[string]any)
	for i := range 500 {
		wide["key "+Count(i)] = float64(i)
	}
	tests := []struct {
		name  string
		value any
		want  []string
	}{
		{"none", nil, []string{">none<"}},
		{"number", int64(42), []string{">42<"}},
		{"time", 1780315200.12345, []string{">1780315200.123<"}},
		{"list of numbers in a line", []any{int64(1), 2.5}, []string{">[1, 2.5]<"}},
		{"markup", `<script>alert(1)</script>`, []string{"&lt;script&gt;"}},
		{"large int as JSON", marshaler(`{"140234871023456789": [1, 2]}`), []string{"140234871023456789", "[1, 2]"}},
		{"broken JSON", marshaler(`{`), []string{"not readable"}},
		{"wide", wide, []string{"500 entries", "400 more"}},
		{"long text", strings.Repeat("é", 1000), []string{"… (2000 bytes)"}},
		{"other type", struct{ A int }{7}, []string{"{7}"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b bytes.Buffer
			// Inside a map, so that there is a line that says how much is inside.
			if err := Tree("tree", map[string]any{"value": test.value}, 3).Render(t.Context(), &b); err != nil {
				t.Fatal(err)
			}
			for _, want := range test.want {
				if !strings.Contains(b.String(), want) {
					t.Errorf("no %q in %s", want, b.String())
				}
			}
			if strings.Contains(b.String(), "<script") {
				t.Error("markup of the process came through")
			}
		})
	}
}

// The 100 keys of a wide value that are shown are the first as people count.
func TestTreeInTheOrderOfPeople(t *testing.T) {
	wide := map[string]any{}
	for i := range 200 {
		wide[fmt.Sprint("layer.", i)] = int64(i)
	}
	var b bytes.Buffer
	if err := Tree("tree", wide, 1).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	last := -1
	for i := range 100 {
		at := strings.Index(b.String(), fmt.Sprintf(">layer.%d<", i))
		if at <= last {
			t.Fatalf("layer.%d is at %d, after %d", i, at, last)
		}
		last = at
	}
}

// However large a value is, the page that shows it is not.
func TestTreeIsBounded(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	var wide func(depth int) any
	wide = func(depth int) any {
		if depth == 0 {
			return long
		}
		m := make(map[string]any)
		for i := range 20 {
			m["k"+Count(i)] = wide(depth - 1)
		}
		return m
	}
	var b bytes.Buffer
	if err := Tree("tree", wide(4), 9).Render(t.Context(), &b); err != nil { // 160,000 leaves
		t.Fatal(err)
	}
	if got, most := b.Len(), 600<<10; got > most {
		t.Errorf("the tree takes %d bytes, want at most %d", got, most)
	}
}

func TestLine(t *testing.T) {
	tests := []struct {
		value any
		n     int
		want  string
	}{
		{map[string]any{"b": 2.5, "a": []any{int64(1), "x"}}, 80, "a: [1, x], b: 2.5"},
		{map[string]any{"t10": int64(3), "t9": int64(2), "b": int64(1)}, 80, "b: 1, t9: 2, t10: 3"},
		{"abcdef", 4, "abc…"},
		{"éééééé", 4, "ééé…"},
		{"abcd", 4, "abcd"},
		{nil, 10, "none"},
		{strings.Repeat("a", 1<<20), 10, "aaaaaaaaa…"},
	}
	for _, test := range tests {
		if got := Line(test.value, test.n); got != test.want {
			t.Errorf("Line(%.20v, %d) = %q, want %q", test.value, test.n, got, test.want)
		}
	}
}

func TestLife(t *testing.T) {
	tests := []struct {
		life CommandLife
		want string
	}{
		{CommandLife{}, ""},
		{CommandLife{Status: Queued}, "Queued: the process has not fetched it yet."},
		{CommandLife{Status: Applied}, "Applied."},
		{CommandLife{Status: Refused}, "Refused."},
		{CommandLife{Status: Refused, Reason: "no layer is selected"}, "Refused: no layer is selected."},
		{CommandLife{Status: Refused, Reason: "No layer is selected."}, "Refused: No layer is selected."},
		{CommandLife{Status: Ended, Reason: "the process ended"}, "Gone: the process ended."},
	}
	for _, test := range tests {
		if got := test.life.Sentence(); got != test.want {
			t.Errorf("Sentence of %+v = %q, want %q", test.life, got, test.want)
		}
	}
}
