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
		{`{"type":"ack","n":12,"d":10}`, pageMessage{Type: "ack", N: 12, D: new(uint64(10))}},
		{`{"type":"ack","n":12,"d":0,"ts":1700000000000.125}`, pageMessage{Type: "ack", N: 12, D: new(uint64(0)), TS: 1700000000000.125}},
		{`{"d":10,"n":12,"type":"ack"}`, pageMessage{Type: "ack", N: 12, D: new(uint64(10))}},
	} {
		got, err := parse([]byte(test.in))
		if err != nil || got.Type != test.want.Type || got.N != test.want.N || got.TS != test.want.TS || !same(got.D, test.want.D) {
			t.Errorf("parse(%s) = %+v, %v, want %+v", test.in, got, err, test.want)
		}
	}
}

func same(a, b *uint64) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

// The short way must read what it reads as the JSON decoder does.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"type":"watch","topics":["napari/tiles/first","napari/html/viewer"]}`,
		`{"type":"ack","n":12,"ts":1700000000000.125}`, `{"type":"ack","n":0}`, `{"type":"ack","n":`, `{}`, `[`,
		`{"type":"ack","n":1,"ts":0x1p4}`, `{"type":"ack","n":01}`,
		`{"type":"watch","topics":["model/people"],"who":"0123456789abcdef"}`, `{"type":"watch","topics":[],"who":7}`,
		`{"type":"hand","x":0.25,"n":"x"}`,
		`{"type":"ack","n":12,"d":10,"ts":1700000000000.125}`, `{"type":"ack","n":12,"d":}`, `{"type":"ack","n":12,"d":1,"d":2}`,
		`{"type":"watch","topics":["a"],"takes":["parts","packed","jpeg"],"pictures":"exact","rate":125000}`, `{"type":"watch","takes":"jpeg","rate":-1e999}`,
		`{"type":"look","topic":"a","low":-1e308,"high":1e308}`, `{"type":"look","topic":"a","low":"NaN","high":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parse(b)
		var want pageMessage
		if json.Unmarshal(b, &want) != nil || err != nil {
			return
		}
		if got.Type != want.Type || got.N != want.N || got.TS != want.TS || !same(got.D, want.D) || strings.Join(got.Topics, "\n") != strings.Join(want.Topics, "\n") {
			t.Errorf("parse(%q) = %+v, the decoder reads %+v", b, got, want)
		}
	})
}
