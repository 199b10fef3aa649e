package pixels

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"webmon/dashboard/pixels/pixelstest"
	"webmon/dashboard/refusal"
	"webmon/shm"
)

// A plain array that says it is a table is one: a row a record.
func TestPlainTable(t *testing.T) {
	a := pixelstest.New(shm.ArrayInfo{Name: "a", Descr: "<u2", Role: "table", Shape: []int{3, 2}, Unit: "V"}, 2)
	frame := a.Publish(u16(1, 2, 3, 4, 5, 65535))
	got, err := ReadTable(t.Context(), frame, 2)
	if err != nil || fmt.Sprint(got.Columns, got.Rows, got.Total) != "[{0 V true false} {1 V true false}] [[1 2] [3 4]] 3" {
		t.Errorf("%+v, %v", got, err)
	}
	var b strings.Builder
	if err := WriteCSV(t.Context(), &b, frame); err != nil || b.String() != "0,1\n1,2\n3,4\n5,65535\n" {
		t.Errorf("csv %q, %v", b.String(), err)
	}
	list, err := ReadColumns(frame)
	if err != nil || len(list) != 2 || fmt.Sprint(list[0].Values, list[1].Values) != "[1 3 5] [2 4 65535]" {
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
		var field *refusal.Error
		if _, err := ReadTable(t.Context(), &shm.ArrayFrame{Info: &info, Shape: info.Shape}, 1); !errors.As(err, &field) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A process names its fields, and a spreadsheet takes a name like a formula for one.
func TestNamesOfFieldsInCSV(t *testing.T) {
	var fields []shm.ArrayField
	for _, name := range []string{"=1+1", "\t=1", "\r=1", "-x", "plain"} {
		fields = append(fields, shm.ArrayField{Name: name, Descr: "|u1"})
	}
	frame := pixelstest.New(shm.ArrayInfo{Name: "a", Shape: []int{1}, Fields: fields}, 1).Publish([]byte{1, 2, 3, 4, 5})
	var b strings.Builder
	if err := WriteCSV(t.Context(), &b, frame); err != nil {
		t.Fatal(err)
	}
	if want := "'=1+1,'\t=1,\"'\r=1\",'-x,plain\n1,2,3,4,5\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
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
		list, err := ReadColumns(pixelstest.New(info, 2).Publish(data))
		if err != nil || len(list) != 2 || list[0].Name != "x" || list[1].Name != "n" ||
			fmt.Sprint(list[0].Values, list[1].Values) != "[1.5 NaN] [-7 8]" {
			t.Errorf("%s: %+v, %v", name, list, err)
		}
	}
}
