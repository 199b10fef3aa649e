package dashboard

import (
	"encoding/json"
	"testing"

	"webmon/dashboard/steer"
)

// What is no place on the picture does not count as one.
func TestReadHand(t *testing.T) {
	for text, want := range map[string][2]float64{
		`{"type":"hand","source":"model","x":0.25,"y":0.5,"down":true}`: {0.25, 0.5},
		`{"type":"hand","source":"model","x":-1e300,"y":7}`:             {0, 1},
		`{"type":"hand","source":"model","x":0,"y":1}`:                  {0, 1},
	} {
		if m, x, y, err := readHand([]byte(text)); err != nil || m.Source != "model" || [2]float64{x, y} != want {
			t.Errorf("%s: %v at %v, %v: %v", text, m, x, y, err)
		}
	}
	for _, text := range []string{
		`{"type":"hand","source":"model","x":"0.25","y":0.5,"down":true}`,
		`{"type":"hand","source":"model","x":1e999,"y":0.5,"down":true}`,
		`{"type":"hand","source":"model","x":[1],"y":{},"down":true}`,
		`{"type":"hand","source":"model","x":0.25,"down":true}`,
		`{"type":"hand","source":"model","x":null,"y":0.5,"down":true}`,
		`{"type":"hand","source":"model","x":0.1,"y":0.5,"down":"yes"}`,
		`{"type":"hand","source":["model"],"x":0.1,"y":0.5,"down":true}`,
		`{"type":"hand"}`,
	} {
		if _, x, y, err := readHand([]byte(text)); err == nil {
			t.Errorf("%s is at %v, %v", text, x, y)
		}
	}
}

func FuzzReadHand(f *testing.F) {
	f.Add([]byte(`{"type":"hand","source":"model","x":0.25,"y":1e-3,"down":true}`))
	f.Add([]byte(`{"type":"hand","source":"model","x":1e999,"y":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, x, y, err := readHand(b); err == nil && !(x >= 0 && x <= 1 && y >= 0 && y <= 1) {
			t.Errorf("%q is at %v, %v", b, x, y)
		}
	})
}

// A page counts its values under a name that means nothing anywhere.
func TestNumberOfASet(t *testing.T) {
	for text, want := range map[string]steer.Number{
		`{"n":7,"hand":"a-page-of-somebody"}`: {Hand: "a-page-of-somebody", N: 7},
		`{"n":8,"hand":"<script>"}`:           {N: 8},
		`{"n":9}`:                             {N: 9},
	} {
		var m setMessage
		if err := json.Unmarshal([]byte(text), &m); err != nil || m.number() != want {
			t.Errorf("%s: %+v, %v", text, m.number(), err)
		}
	}
}
