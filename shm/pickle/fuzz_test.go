package pickle

import (
	"errors"
	"fmt"
	"testing"
)

// Whatever the bytes, decoding and everything that may be done with the result
// ends, in bounded memory, without a panic.
func FuzzDecode(f *testing.F) {
	for _, x := range fixtures(f) {
		if len(x.Pickle) < 3000 {
			f.Add(x.Pickle)
		}
	}
	f.Add([]byte("\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f"))
	f.Add([]byte("]\x94h\x00a."))
	f.Add([]byte("N\x85\x94h\x00h\x00\x86\x94h\x01h\x01\x86."))
	limits := Limits{MaxNodes: 100_000}
	reused := NewDecoder(limits)
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Decode(data, limits)
		w, err2 := reused.Decode(data)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("a new decoder: %v; one in use: %v", err, err2)
		}
		if err != nil {
			if !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrRefused) && !errors.Is(err, ErrLimit) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		if a, b := fmt.Sprint(v), fmt.Sprint(w); len(a) > 100_000 || len(b) != len(a) {
			t.Fatalf("printed as %.200q, %.200q", a, b)
		}
		if _, err := Plain(v, PlainOptions{MaxNodes: 10_000}); err != nil && !errors.Is(err, ErrLimit) {
			t.Fatalf("plain: %v", err)
		}
		if c, err := deepCopy(v); err == nil {
			v = c
		}
		for protocol := 4; protocol <= 5; protocol++ {
			b, err := Encoder{Protocol: protocol, MaxBytes: 1 << 20}.Append(nil, v)
			if err != nil {
				continue // too large, or a year that Python lacks
			}
			if _, err := Decode(b, Limits{}); err != nil {
				t.Fatalf("what was encoded does not decode: %v\n%q", err, b)
			}
		}
	})
}
