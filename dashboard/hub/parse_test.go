package hub

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		in   string
		want pageMessage
	}{
		{`{"type":"ack","n":12}`, pageMessage{Type: "ack", N: 12}},
		{`{"type":"ack","n":12,"ts":1700000000000.125}`, pageMessage{Type: "ack", N: 12, TS: 1700000000000.125}},
		{`{"type": "ack", "n": 12, "ts": 5}`, pageMessage{Type: "ack", N: 12, TS: 5}},
		{`{"ts":5,"n":12,"type":"ack"}`, pageMessage{Type: "ack", N: 12, TS: 5}},
	} {
		got, err := parse([]byte(test.in))
		if err != nil || got.Type != test.want.Type || got.N != test.want.N || got.TS != test.want.TS {
			t.Errorf("parse(%s) = %+v, %v, want %+v", test.in, got, err, test.want)
		}
	}
}

// The short way must read what it reads as the JSON decoder does.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"type":"watch","topics":["napari/tiles/first","napari/html/viewer"]}`,
		`{"type":"ack","n":12,"ts":1700000000000.125}`, `{"type":"ack","n":0}`, `{"type":"ack","n":`, `{}`, `[`,
		`{"type":"ack","n":1,"ts":0x1p4}`, `{"type":"ack","n":01}`,
		`{"type":"watch","topics":["model/people"],"who":"0123456789abcdef"}`, `{"type":"watch","topics":[],"who":7}`,
		`{"type":"hand","x":0.25,"n":"x"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parse(b)
		var want pageMessage
		if json.Unmarshal(b, &want) != nil || err != nil {
			return
		}
		if got.Type != want.Type || got.N != want.N || got.TS != want.TS || strings.Join(got.Topics, "\n") != strings.Join(want.Topics, "\n") {
			t.Errorf("parse(%q) = %+v, the decoder reads %+v", b, got, want)
		}
	})
}
