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
	w.Float(1e6)
	w.Float(-0.5)
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
	const want = `{"topic":"a \"topic\" \u003cé>\u0000�","ts":1000,"list":[-1,18446744073709551615,1.5,null,null,1e+300,1000000,-0.5,1.23,true,null,[],{}],"k\"":"plain"}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !json.Valid(got) {
		t.Error("that is no JSON")
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 16.7: "16.7", 65536: "65536", 1.0 / 3: "0.3333333", 1e300: "1e+300", -2.5: "-2.5",
		math.Inf(1): "null", 123456789.5: "1.234568e+08", 123456789: "123456789", 1e15: "1e+15",
	} {
		var w frame.Writer
		if w.Digits(v, 7); string(w.Buf) != want {
			t.Errorf("%v is %s, want %s", v, w.Buf, want)
		}
	}
	for micros, want := range map[int64]string{0: "0", 1: "0.001", 12_040: "12.040", 1_767_225_600_123_456: "1767225600123.456"} {
		var w frame.Writer
		if w.Time(time.UnixMicro(micros)); string(w.Buf) != want {
			t.Errorf("%d µs is %s, want %s", micros, w.Buf, want)
		}
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
