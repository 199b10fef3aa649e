package pixels

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"strings"
	"testing"

	"webmon/shm"
)

// Times of every unit are as NumPy writes them.
func TestTimesAreNumPys(t *testing.T) {
	type moment struct {
		N     int64
		Unit  string
		Count int
		Date  string
		Span  string // in seconds, "" where that is not what it is
	}
	var all []moment
	for _, unit := range []string{"Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"} {
		for _, n := range []int64{0, 1, -1, 59, -12, 365, 8030, -719162, 1_704_164_645, 1_704_164_645_123_456_789, -1_704_164_645_123_456_789, math.MaxInt64} {
			for _, count := range []int{1, 25} {
				if n > 1<<40 && (count > 1 || len(unit) == 1 || unit == "ms") || n < -1<<40 && len(unit) == 1 || (unit == "Y" || unit == "M" || unit == "W") && (n > 10_000 || n < -1000) {
					continue // beyond what NumPy's own dates hold
				}
				if (unit == "D" || unit == "h") && n > 1e6 || n < -1<<40 && (unit == "ms" || count > 1) {
					continue
				}
				date, _ := shm.Moment(n, unit, count).(string)
				m := moment{N: n, Unit: unit, Count: count, Date: date}
				if unit != "Y" && unit != "M" {
					m.Span, _ = shm.NumberText(shm.Span(n, unit, count))
				}
				all = append(all, m)
			}
		}
	}
	in, _ := json.Marshal(all)
	cmd := exec.Command(numpy(t), "-c", `
import decimal, json, sys
import numpy as np
decimal.getcontext().prec = 60
step = {"W": 604800, "D": 86400, "h": 3600, "m": 60, "s": 1, **{u: decimal.Decimal(1).scaleb(-3 * (i + 1)) for i, u in enumerate(("ms", "us", "ns", "ps", "fs", "as"))}}
for m in json.load(sys.stdin):
    when = np.array([m["N"]], "i8").view("M8[%d%s]" % (m["Count"], m["Unit"]))[0]
    assert str(when) == m["Date"], (m, str(when))
    if m["Span"]:
        assert decimal.Decimal(m["Span"]) == m["N"] * m["Count"] * step[m["Unit"]], m
print("as NumPy has them")
`)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "as NumPy has them") {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, v := range []shm.Value{shm.Moment(math.MinInt64, "ns", 1), shm.Span(math.MinInt64, "s", 1)} {
		if v != nil {
			t.Errorf("NaT is %v", v)
		}
	}
	for got, want := range map[shm.Value]string{
		shm.Moment(5, "", 1): "5", shm.Span(5, "Y", 2): "10", shm.Moment(math.MaxInt64, "D", 1): "9223372036854775807",
	} {
		if fmt.Sprint(got) != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
}
