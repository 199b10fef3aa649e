package shm

import "testing"

func TestColors(t *testing.T) {
	c := Control{Name: "face", Type: Color}
	for _, one := range []struct {
		given Value
		want  Value // nil: refused
	}{
		{"#ff0000", "#ff0000"}, {" #FF00Aa ", "#ff00aa"}, {"#ff000080", "#ff000080"}, {"#ff0000FF", "#ff0000"}, {"#00000000", "#00000000"},
		{"red", nil}, {"#fff", nil}, {"ff0000", nil}, {"#ff00gg", nil}, {"#ff00000", nil}, {"", nil}, {"#ff0000\x00", nil}, {1.0, nil}, {nil, nil}, {true, nil},
	} {
		got, err := c.Accept(one.given)
		if got != one.want || (err == nil) != (one.want != nil) {
			t.Errorf("%v is taken as %v, %v; want %v", one.given, got, err, one.want)
		}
	}
}

func FuzzParseColor(f *testing.F) {
	for _, s := range []string{"#ff0000", "#FF000080", "#fff", "red", " #00ff00ff\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		color, ok := ParseColor(s)
		if again, still := ParseColor(color); ok && (!still || again != color) {
			t.Errorf("%q is taken as %q, and that as %q", s, color, again)
		}
	})
}

func TestAStartBeyondTheLimitsIsAccepted(t *testing.T) {
	limit := func(x float64) *float64 { return &x }
	finger := Control{Name: "finger", Type: Float, Default: 5.0, Min: limit(-2), Max: limit(2)}
	count := Control{Name: "count", Type: Int, Default: int64(-7), Min: limit(0)}
	odd := Control{Name: "odd", Type: Float, Default: 3.14159265358979, Max: limit(1)}
	for _, c := range []struct {
		control Control
		given   Value
		want    Value // nil: refused
	}{
		{finger, 5.0, 5.0}, {finger, "5", 5.0}, {finger, int64(5), 5.0}, {finger, 2.0, 2.0}, {finger, 4.9, nil}, {finger, -3.0, nil}, {finger, "NaN", nil},
		{count, "-7", int64(-7)}, {count, -7.0, int64(-7)}, {count, -6.0, nil}, {count, 3.0, int64(3)},
		{odd, "3.141593", 3.14159265358979}, {odd, 3.2, nil}, // a form has seven digits
		{Control{Name: "none", Type: Float, Max: limit(1)}, 2.0, nil},
		{Control{Name: "other", Type: Float, Default: "5", Max: limit(1)}, 5.0, nil},
	} {
		got, err := c.control.Accept(c.given)
		if got != c.want || (err == nil) != (c.want != nil) {
			t.Errorf("%s takes %v as %v, %v; want %v", c.control.Name, c.given, got, err, c.want)
		}
	}
}
