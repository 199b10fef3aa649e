package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"webmon/shm"
)

var epoch = time.Unix(1_700_000_000, 0)

func fields(kv ...any) map[string]shm.Value {
	m := map[string]shm.Value{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i].(string)] = kv[i+1]
	}
	return m
}

func TestLogExports(t *testing.T) {
	l := &Log{}
	l.add(epoch, 1_700_000_000.25, fields("time", 1_700_000_000.25, "delta_ms", 16.5), 0)
	l.add(epoch.Add(time.Second), 0, fields("time", 1_700_000_001.25, "delta_ms", math.NaN()), 0)
	l.add(epoch.Add(2*time.Second), 0, fields("delta_ms", 17.0, "note", "=cmd()"), 0)
	l.add(epoch.Add(2*time.Second), 0, fields("t10", 1.0, "t9", 2.0), 0)
	l.add(epoch.Add(3*time.Second), 0, "just a word", 0)
	l.add(epoch.Add(4*time.Second), 0, fields("time", 1_700_000_004.25, "delta_ms", int64(18)), 0)

	b, err := jsonOf(l, epoch)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"delta_ms":16.5,"time":1700000000.25},{"delta_ms":null,"time":1700000001.25},` +
		`{"delta_ms":17,"note":"=cmd()","time":1700000002},{"t10":1,"t9":2,"time":1700000002},{"time":1700000003,"value":"just a word"},` +
		`{"delta_ms":18,"time":1700000004.25}]`
	if string(b) != want {
		t.Errorf("JSON\n%s\nwant\n%s", b, want)
	}
	var csv bytes.Buffer
	if err := l.WriteCSV(&csv, epoch.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if want := "time,delta_ms,note,t9,t10,value\n1700000001.25,,,,,\n1700000002,17,'=cmd(),,,\n1700000002,,,2,1,\n1700000003,,,,,just a word\n1700000004.25,18,,,,\n"; csv.String() != want {
		t.Errorf("CSV\n%swant\n%s", csv.String(), want)
	}
}

// Numbers have all their digits and are never taken for formulas; texts never are.
func TestCell(t *testing.T) {
	huge, _ := new(big.Int).SetString("-1180591620717411303424", 10)
	for _, test := range []struct {
		value shm.Value
		want  string
	}{
		{int64(1<<53 + 1), "9007199254740993"}, {int64(math.MinInt64), "-9223372036854775808"}, {huge, "-1180591620717411303424"},
		{-0.1, "-0.1"}, {1767320000.123, "1767320000.123"}, {-1e300, "-1e+300"}, {shm.Decimal("-0.1234567890123456789"), "-0.1234567890123456789"},
		{"=1", "'=1"}, {"+1", "'+1"}, {"-1", "'-1"}, {"@a", "'@a"}, {"\ta", "'\ta"}, {"\ra", "'\ra"}, {"\n=a", "'\n=a"}, {"a=1", "a=1"},
		{" =1", "' =1"}, {"\u00a0\x00+1", "'\u00a0\x00+1"}, {"\ufeff@a", "'\ufeff@a"}, {"＝1", "'＝1"}, {"＠a", "'＠a"}, {" a-1", " a-1"}, {"\xff", "\xff"}, {" ", " "}, {"", ""},
		{nil, ""}, {true, "true"}, {math.NaN(), ""}, {math.Inf(1), ""}, {[]shm.Value{int64(-1), huge}, "[-1,-1180591620717411303424]"},
		{map[string]shm.Value{"a": "=1"}, `{"a":"=1"}`},
	} {
		if got := Cell(test.value); got != test.want {
			t.Errorf("%v becomes %q, want %q", test.value, got, test.want)
		}
	}
}

// Whole numbers that float64 has not keep their digits among those that it has.
func TestLogKeepsDigits(t *testing.T) {
	l := &Log{}
	l.add(epoch, 0, fields("n", int64(1)), 0)
	l.add(epoch.Add(time.Second), 0, fields("n", int64(1<<53+1)), 0)
	l.add(epoch.Add(2*time.Second), 0, fields("n", int64(math.MinInt64)), 0)
	l.add(epoch.Add(3*time.Second), 0, fields("n", new(big.Int).Lsh(big.NewInt(1), 70)), 0)
	l.add(epoch.Add(4*time.Second), 0, fields("n", int64(2), "=cmd()", "\tx"), 0)
	var csv bytes.Buffer
	want := "time,'=cmd(),n\n1700000000,,1\n1700000001,,9007199254740993\n1700000002,,-9223372036854775808\n1700000003,,1180591620717411303424\n1700000004,'\tx,2\n"
	if err := l.WriteCSV(&csv, epoch); err != nil || csv.String() != want {
		t.Errorf("CSV, %v\n%swant\n%s", err, csv.String(), want)
	}
	b, err := jsonOf(l, epoch)
	if err != nil || !strings.Contains(string(b), `{"n":-9223372036854775808,`) || !strings.Contains(string(b), `{"n":9007199254740993,`) {
		t.Errorf("JSON %s, %v", b, err)
	}
}

func TestLogForgets(t *testing.T) {
	l := &Log{}
	for i := range 100_000 {
		l.add(epoch.Add(time.Duration(i)*20*time.Millisecond), 0, fields("x", float64(i)), 0)
	}
	// 2000 s at 50 Hz: 15 minutes are 45,000 rows, and less than a chunk more.
	if l.rows < 45_000 || l.rows > 45_000+rowChunk {
		t.Errorf("%d rows kept", l.rows)
	}
	one := fields("x", 1.0)
	for i := range maxRows + 2*rowChunk {
		l.add(epoch.Add(2000*time.Second+time.Duration(i)), 0, one, 0)
	}
	if l.rows > maxRows+rowChunk {
		t.Errorf("%d rows kept of a burst, want at most %d", l.rows, maxRows+rowChunk)
	}
	v := &Log{}
	for i := range 2 * maxValues {
		v.add(epoch, 0, fmt.Sprint("word ", i), 0)
	}
	if len(v.values) > maxValues {
		t.Errorf("%d messages kept, want at most %d", len(v.values), maxValues)
	}
}

func TestLogOfManyFields(t *testing.T) {
	l := &Log{}
	m := map[string]shm.Value{}
	for i := range 10 {
		m[fmt.Sprint("f", i)] = float64(i)
	}
	l.add(epoch, 0, m, 0)
	b, err := jsonOf(l, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]float64
	if err := json.Unmarshal(b, &got); err != nil || len(got) != 1 || got[0]["f9"] != 9 || got[0]["f4"] != 4 || l.rows != 1 {
		t.Errorf("%s, %v, %d rows", b, err, l.rows)
	}
	if !strings.Contains(string(b), `"time":1700000000`) {
		t.Errorf("no time in %s", b)
	}
}

func BenchmarkLogAdd(b *testing.B) {
	l := &Log{}
	v := fields("time", 1.7e9, "delta_ms", 16.5)
	at := epoch
	b.ReportAllocs()
	for b.Loop() {
		at = at.Add(16 * time.Millisecond)
		l.add(at, 1.7e9, v, 0)
	}
}

func jsonOf(l *Log, from time.Time) ([]byte, error) {
	var b bytes.Buffer
	err := l.WriteJSON(&b, from)
	return b.Bytes(), err
}
