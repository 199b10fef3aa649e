package pixels

import (
	"encoding/binary"
	"image/color"
	"math"
	"testing"

	"webmon/shm"
)

// colorRamp is a table whose entry i is red i.
func colorRamp(kind string, n int) *shm.ColorTable {
	t := &shm.ColorTable{Kind: kind}
	for i := range n {
		t.RGBA = append(t.RGBA, byte(i), 0, 0, 255)
	}
	return t
}

func twoBytes(v uint16) []byte { return binary.LittleEndian.AppendUint16(nil, v) }

func fourBytes(v float64) []byte {
	return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(v)))
}

func TestInkOfValues(t *testing.T) {
	ends := colorRamp("scale", 256)
	ends.Over, ends.Under, ends.NaN = []int{1, 2, 3, 255}, []int{4, 5, 6, 255}, []int{7, 8, 9, 128}
	steps := colorRamp("scale", 256)
	steps.Steps = true
	red := func(v uint8) color.NRGBA { return color.NRGBA{v, 0, 0, 255} }
	limits := &[2]float64{100, 200}
	for name, test := range map[string]struct {
		paint Paint
		voxel []byte
		want  color.NRGBA
	}{
		"gray":                   {Paint{Descr: "<u2", Limits: limits}, twoBytes(150), color.NRGBA{128, 128, 128, 255}},
		"below":                  {Paint{Descr: "<u2", Limits: limits}, twoBytes(3), color.NRGBA{0, 0, 0, 255}},
		"of the dtype":           {Paint{Descr: "|u1"}, []byte{77}, color.NRGBA{77, 77, 77, 255}},
		"gamma":                  {Paint{Descr: "<f4", Limits: &[2]float64{0, 1}, Gamma: 2}, fourBytes(0.5), color.NRGBA{64, 64, 64, 255}},
		"no number":              {Paint{Descr: "<f4"}, fourBytes(math.NaN()), color.NRGBA{}},
		"a name":                 {Paint{Descr: "<u2", Limits: limits, Colormap: "red"}, twoBytes(200), red(255)},
		"a table":                {Paint{Descr: "<u2", Limits: limits, Table: colorRamp("scale", 256)}, twoBytes(150), red(128)},
		"a table's end":          {Paint{Descr: "<u2", Limits: limits, Table: colorRamp("scale", 256)}, twoBytes(300), red(255)},
		"over":                   {Paint{Descr: "<u2", Limits: limits, Table: ends}, twoBytes(200), color.NRGBA{1, 2, 3, 255}},
		"under":                  {Paint{Descr: "<u2", Limits: limits, Table: ends}, twoBytes(100), color.NRGBA{4, 5, 6, 255}},
		"no number, with colour": {Paint{Descr: "<f4", Limits: limits, Table: ends}, fourBytes(math.NaN()), color.NRGBA{7, 8, 9, 128}},
		"steps":                  {Paint{Descr: "<u2", Limits: limits, Table: steps}, twoBytes(150), red(128)},
		"colours":                {Paint{Descr: "|u1", Samples: 3}, []byte{1, 2, 3}, color.NRGBA{1, 2, 3, 255}},
		"colours with alpha":     {Paint{Descr: "|u1", Samples: 4, Limits: &[2]float64{0, 128}}, []byte{64, 128, 200, 128}, color.NRGBA{128, 255, 255, 128}},
		"a magnitude":            {Paint{Descr: "<c8", Limits: &[2]float64{0, 10}}, append(fourBytes(3), fourBytes(4)...), color.NRGBA{128, 128, 128, 255}},
		"the highest byte first": {Paint{Descr: ">u2", Limits: limits}, []byte{0, 200}, color.NRGBA{255, 255, 255, 255}},
		"with a sign":            {Paint{Descr: "|i1", Limits: &[2]float64{-10, 10}}, []byte{0xf6}, color.NRGBA{0, 0, 0, 255}},
	} {
		if test.paint.Samples == 0 {
			test.paint.Samples = 1
		}
		k, ok := NewInk(test.paint)
		if !ok {
			t.Errorf("%s: there is no ink", name)
			continue
		}
		stride := 1
		if got := k.At(test.voxel, stride); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	for _, paint := range []Paint{{Descr: "<U4", Samples: 1}, {Descr: "x", Samples: 1}, {Descr: "|u1", Samples: 2}, {Descr: "<M8[s]", Samples: 1}} {
		if _, ok := NewInk(paint); ok {
			t.Errorf("there is ink of %q with %d samples", paint.Descr, paint.Samples)
		}
	}
}

func TestInkOfLabels(t *testing.T) {
	cyclic := colorRamp("cyclic", 50)
	shifted := colorRamp("cyclic", 50)
	shifted.Background = "3"
	direct := colorRamp("direct", 3)
	direct.Labels = []string{"7", "-1"}
	i4 := func(v int32) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(v)) }
	u8 := func(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }
	const none = -1
	for name, test := range map[string]struct {
		descr     string
		table     *shm.ColorTable
		selection string
		voxel     []byte
		want      int // red, or none
	}{
		"the background":      {"<i4", cyclic, "", i4(0), none},
		"the first":           {"<i4", cyclic, "", i4(1), 1},
		"the last":            {"<i4", cyclic, "", i4(49), 49},
		"round":               {"<i4", cyclic, "", i4(50), 1},
		"less than nothing":   {"<i4", cyclic, "", i4(-1), 48},
		"another background":  {"|u1", shifted, "", []byte{3}, none},
		"0 that is none":      {"|u1", shifted, "", []byte{0}, 11},
		"the largest":         {"<u8", cyclic, "", u8(math.MaxUint64), int((math.MaxUint64-1)%uint64(49)) + 1},
		"selected":            {"|u1", cyclic, "5", []byte{5}, 5},
		"not selected":        {"|u1", cyclic, "5", []byte{54}, none},
		"selected in a round": {"<i4", cyclic, "5", i4(54), 5},
		"listed":              {"<i4", direct, "", i4(7), 1},
		"listed below 0":      {"<i4", direct, "", i4(-1), 2},
		"not listed":          {"<i4", direct, "", i4(8), 0},
		"listed, not chosen":  {"<i4", direct, "7", i4(-1), none},
	} {
		k, ok := NewInk(Paint{Descr: test.descr, Labels: true, Samples: 1, Table: test.table, Selection: test.selection})
		if !ok {
			t.Fatalf("%s: there is no ink", name)
		}
		got := k.At(test.voxel, 1)
		if red := int(got.R); got.A == 0 && test.want != none || got.A > 0 && red != test.want {
			t.Errorf("%s: %v, want red %d", name, got, test.want)
		}
	}
}
