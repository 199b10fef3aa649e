package arrays

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"webmon/dashboard/arrays/arraystest"
	"webmon/shm"
)

// A plain array that says it is a table is one: a row a record.
func TestPlainTable(t *testing.T) {
	a := arraystest.New(shm.ArrayInfo{Name: "a", Descr: "<u2", Role: "table", Shape: []int{3, 2}, Unit: "V"}, 2)
	frame := a.Publish(u16(1, 2, 3, 4, 5, 65535))
	got, err := readTable(frame, 2)
	if err != nil || fmt.Sprint(got.columns, got.rows, got.total) != "[{0 V true false} {1 V true false}] [[1 2] [3 4]] 3" {
		t.Errorf("%+v, %v", got, err)
	}
	write, err := WriteCSV(frame)
	var b strings.Builder
	if err != nil || write(&b) != nil || b.String() != "0,1\n1,2\n3,4\n5,65535\n" {
		t.Errorf("csv %q, %v", b.String(), err)
	}
	list, err := readColumns(frame)
	if err != nil || len(list) != 2 || fmt.Sprint(list[0].values, list[1].values) != "[1 3 5] [2 4 65535]" {
		t.Errorf("columns %+v, %v", list, err)
	}
	for name, info := range map[string]shm.ArrayInfo{
		"many columns": {Descr: "<u2", Role: "table", Shape: []int{3, 1000}},
		"three axes":   {Descr: "<u2", Role: "table", Shape: []int{3, 3, 3}},
		"texts":        {Descr: "<U3", Role: "table", Shape: []int{3}},
		"records in a plane": {Shape: []int{3, 3}, Fields: []shm.ArrayField{
			{Name: "t", Descr: "<f8"},
		}},
	} {
		var field *FieldError
		if _, err := readTable(&shm.ArrayFrame{Info: &info, Shape: info.Shape}, 1); !errors.As(err, &field) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Records are read from their bytes, and one by one where there are gaps.
func TestColumnsOfRecords(t *testing.T) {
	info := shm.ArrayInfo{Name: "a", Shape: []int{2}, Fields: []shm.ArrayField{
		{Name: "s", Descr: "|S3"}, {Name: "x", Descr: "<f4"}, {Name: "n", Descr: "<i4"},
	}}
	var packed, gaps []byte
	for _, r := range []struct {
		x float32
		n int32
	}{{1.5, -7}, {float32(math.NaN()), 8}} {
		b := append([]byte("abc"), f32(float64(r.x))...)
		b = binary.LittleEndian.AppendUint32(b, uint32(r.n))
		packed = append(packed, b...)
		gaps = append(append(gaps, b...), 0, 0, 0)
	}
	for name, data := range map[string][]byte{"packed": packed, "with gaps": gaps} {
		list, err := readColumns(arraystest.New(info, 2).Publish(data))
		if err != nil || len(list) != 2 || list[0].name != "x" || list[1].name != "n" ||
			fmt.Sprint(list[0].values, list[1].values) != "[1.5 NaN] [-7 8]" {
			t.Errorf("%s: %+v, %v", name, list, err)
		}
	}
}

// Cells have the digits that tell values apart.
func TestCells(t *testing.T) {
	for _, test := range []struct {
		value shm.Value
		short bool
		want  string
	}{
		{1767320000.5, false, "1767320000.5"}, {float64(float32(0.1)), true, "0.1"}, {float64(float32(0.1)), false, "0.10000000149011612"},
		{int64(1<<53 + 1), false, "9007199254740993"}, {unsigned(1<<64 - 1), false, "18446744073709551615"}, {1e300, false, "1e+300"},
		{math.NaN(), false, "NaN"}, {math.Inf(-1), true, "-Inf"}, {0.0, true, "0"}, {nil, false, ""}, {"=a", false, "=a"}, {true, false, "true"},
		{shm.Decimal("1.0000000000000000001"), false, "1.0000000000000000001"}, {[]shm.Value{int64(1), "x"}, false, `[1,"x"]`},
	} {
		if got := text(test.value, test.short); got != test.want {
			t.Errorf("%v (short: %v) is %q, want %q", test.value, test.short, got, test.want)
		}
	}
}

func TestThinKeepsTheExtremes(t *testing.T) {
	values := make([]float64, 10)
	for i := range values {
		values[i] = float64(i)
	}
	values[3], values[8], values[9] = -5, math.NaN(), math.NaN()
	if got := fmt.Sprint(thin(values, 2)); got != "[2 -5 4 7 <nil> <nil>]" {
		t.Errorf("of two by two the extremes are %s", got)
	}
	if got := thin(values, 1); len(got) != 10 || got[3] != -5.0 {
		t.Errorf("one by one: %v", got)
	}
}
