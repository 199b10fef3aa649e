package shm

import "testing"

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
