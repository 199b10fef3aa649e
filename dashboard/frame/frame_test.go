package frame_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"webmon/dashboard/frame"
)

func TestWriter(t *testing.T) {
	w := frame.Begin(nil, `a "topic" <é>`+"\x00\xff", time.UnixMilli(1000))
	w.Key("list").Array()
	w.Int(-1)
	w.Uint(math.MaxUint64)
	w.Float(1.5)
	w.Float(math.NaN())
	w.Float(math.Inf(-1))
	w.Float(1e300)
	w.Digits(1.23456789, 3)
	w.Bool(true)
	w.Null()
	w.Array()
	w.EndArray()
	w.Object()
	w.EndObject()
	w.EndArray()
	w.Key(`k"`).String("plain")
	got := w.End()
	const want = `{"topic":"a \"topic\" \u003cé\u003e\u0000\ufffd","ts":1000.000,"list":[-1,18446744073709551615,1.5,null,null,1e+300,1.23,true,null,[],{}],"k\"":"plain"}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !json.Valid(got) {
		t.Error("that is no JSON")
	}
}

// Whatever a text holds, it comes back from JSON as encoding/json would have it.
func FuzzString(f *testing.F) {
	for _, s := range []string{"", "plain", "é\u202e\x7f", `"\`, "\xff\x00<&>\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var w frame.Writer
		w.String(s)
		var got, want string
		if err := json.Unmarshal(w.Buf, &got); err != nil {
			t.Fatalf("%q became %q: %v", s, w.Buf, err)
		}
		enc, _ := json.Marshal(s)
		if _ = json.Unmarshal(enc, &want); got != want {
			t.Errorf("%q came back as %q, want %q", s, got, want)
		}
	})
}
