package points_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"webmon/dashboard/volumes/points"
	"webmon/shm"
)

type info struct {
	Type       string              `json:"@type"`
	Dimensions map[string][2]any   `json:"dimensions"`
	Lower      []float64           `json:"lower_bound"`
	Upper      []float64           `json:"upper_bound"`
	Kind       string              `json:"annotation_type"`
	Properties []map[string]string `json:"properties"`
	ByID       map[string]string   `json:"by_id"`
	Spatial    []struct {
		Key   string    `json:"key"`
		Grid  []int     `json:"grid_shape"`
		Chunk []float64 `json:"chunk_size"`
		Limit int       `json:"limit"`
	} `json:"spatial"`
}

// read is what the client would do to see all points: it reads all cells of all levels. f is told of each.
func read(t *testing.T, s *points.Set, f func(level int, cell []int, id uint64, record []byte)) info {
	t.Helper()
	b, ok := s.File("info")
	if !ok {
		t.Fatal("there is no info")
	}
	var in info
	if err := json.Unmarshal(b, &in); err != nil {
		t.Fatal(err)
	}
	stride := 4 * len(in.Lower)
	for _, p := range in.Properties {
		stride += map[string]int{"uint8": 1, "int8": 1, "uint16": 2, "int16": 2, "uint32": 4, "int32": 4, "float32": 4, "rgb": 3, "rgba": 4}[p["type"]]
	}
	stride = (stride + 3) / 4 * 4
	for k, l := range in.Spatial {
		for i := range l.Grid {
			if got := in.Lower[i] + float64(l.Grid[i])*l.Chunk[i]; math.Abs(got-in.Upper[i]) > 1e-6*(1+math.Abs(in.Upper[i])) {
				t.Errorf("level %d ends at %v, want %v", k, got, in.Upper[i])
			}
		}
		at, most := make([]int, len(l.Grid)), 1
		for {
			name := strings.Trim(strings.ReplaceAll(fmt.Sprint(at), " ", "_"), "[]")
			b, ok := s.File(l.Key + "/" + name)
			if !ok {
				t.Fatalf("there is no cell %s of level %d", name, k)
			}
			n := int(binary.LittleEndian.Uint64(b))
			if len(b) != 8+n*(stride+8) {
				t.Fatalf("a cell of %d points has %d bytes", n, len(b))
			}
			if n > 3*4096/2 && k < len(in.Spatial)-1 {
				t.Errorf("the cell %s of level %d has %d points", name, k, n)
			}
			most = max(most, n)
			for i := range n {
				r := b[8+i*stride : 8+(i+1)*stride]
				f(k, at, binary.LittleEndian.Uint64(b[8+n*stride+8*i:]), r)
				for d := range at {
					x := float64(math.Float32frombits(binary.LittleEndian.Uint32(r[4*d:])))
					low := in.Lower[d] + float64(at[d])*l.Chunk[d]
					if x < low-1e-3 || x > low+l.Chunk[d]+1e-3 {
						t.Fatalf("a point at %v is in the cell %s of level %d, which begins at %v", x, name, k, low)
					}
				}
			}
			d := len(at) - 1
			for ; d >= 0; d-- {
				if at[d]++; at[d] < l.Grid[d] {
					break
				}
				at[d] = 0
			}
			if d < 0 {
				break
			}
		}
		if l.Limit != most {
			t.Errorf("a cell of level %d has up to %d points, and the client is told %d", k, most, l.Limit)
		}
	}
	return in
}

func zyx(scale ...float64) (out []points.Axis) {
	for i, name := range []string{"x", "y", "z"} {
		out = append(out, points.Axis{Name: name, Scale: scale[2-i], Unit: "m", From: 2 - i})
	}
	return out
}

func TestEveryPointIsInOneCellOnce(t *testing.T) {
	const n = 60_000
	random := rand.New(rand.NewPCG(1, 2))
	g := &shm.Geometry{Rank: 3}
	var size, score, colour, pair []byte
	for i := range n {
		// Half of them lie close together.
		spread := 100.0
		if i%2 == 0 {
			spread = 1
		}
		g.Positions = append(g.Positions, float32(50+spread*random.NormFloat64()), float32(spread*random.NormFloat64()), float32(200+spread*random.NormFloat64()))
		size = append(size, byte(i))
		score = binary.LittleEndian.AppendUint32(score, math.Float32bits(float32(i)/7))
		colour = append(colour, byte(i), byte(i>>8), 3, 255)
		pair = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(pair, uint16(i)), uint16(n-i))
	}
	g.Attributes = []shm.Attribute{
		{Name: "size", Descr: "|u1", Components: 1, Data: size}, {Name: "Score of it", Descr: "<f4", Components: 1, Data: score},
		{Name: "color", Descr: "|u1", Components: 4, Data: colour}, {Name: "pair", Descr: "<u2", Components: 2, Data: pair},
	}
	s, err := points.New(g, points.Space{Axes: zyx(2e-6, 1e-6, 1e-6)})
	if err != nil {
		t.Fatal(err)
	}
	seen := make([]bool, n)
	perLevel := map[int]int{}
	in := read(t, s, func(level int, _ []int, id uint64, r []byte) {
		if seen[id] {
			t.Fatalf("point %d is there twice", id)
		}
		seen[id] = true
		perLevel[level]++
		for d := range 3 {
			if got, want := math.Float32frombits(binary.LittleEndian.Uint32(r[4*d:])), g.Positions[3*int(id)+2-d]; got != want {
				t.Fatalf("point %d lies at %v on axis %d, want %v", id, got, d, want)
			}
		}
		// Those of four bytes first, then of two, then of one.
		i := int(id)
		if f := math.Float32frombits(binary.LittleEndian.Uint32(r[12:])); f != float32(i)/7 {
			t.Fatalf("point %d has the score %v", id, f)
		}
		if a, b := binary.LittleEndian.Uint16(r[16:]), binary.LittleEndian.Uint16(r[18:]); a != uint16(i) || b != uint16(n-i) {
			t.Fatalf("point %d has the pair %d %d", id, a, b)
		}
		if r[20] != byte(i) || r[21] != byte(i) || r[22] != byte(i>>8) || r[23] != 3 || r[24] != 255 || r[25]|r[26]|r[27] != 0 {
			t.Fatalf("point %d has the bytes %v", id, r[20:])
		}
		if one, ok := s.File(fmt.Sprintf("id/%d", id)); !ok || string(one) != string(r) {
			t.Fatalf("point %d by its id is %v", id, one)
		}
	})
	for i, ok := range seen {
		if !ok {
			t.Fatalf("point %d is in no cell", i)
		}
	}
	if in.Type != "neuroglancer_annotations_v1" || in.Kind != "point" || fmt.Sprint(in.Properties) != "[map[id:size type:uint8] map[id:score_of_it type:float32] map[id:color type:rgba] map[id:pair_0 type:uint16] map[id:pair_1 type:uint16]]" {
		t.Errorf("the info is %+v", in)
	}
	if len(in.Spatial) < 3 || fmt.Sprint(in.Spatial[0].Grid) != "[1 1 1]" || perLevel[0] < 3000 || perLevel[0] > 6000 {
		t.Errorf("the levels are %+v, with %v points", in.Spatial, perLevel)
	}
	if d := in.Dimensions["z"]; fmt.Sprint(d) != "[2e-06 m]" || !strings.Contains(string(mustFile(t, s, "info")), `"dimensions":{"x"`) {
		t.Errorf("the dimensions are %v", in.Dimensions)
	}
	if s.Bytes() < int64(n*(28+8)) {
		t.Errorf("it is said to take %d bytes", s.Bytes())
	}
}

func mustFile(t *testing.T, s *points.Set, path string) []byte {
	t.Helper()
	b, ok := s.File(path)
	if !ok {
		t.Fatalf("there is no %s", path)
	}
	return b
}

func TestPointsLieWhereTheyAre(t *testing.T) {
	g := &shm.Geometry{Rank: 3, Positions: []float32{1, 2, 3, float32(math.NaN()), 0, 0, -4, 5, float32(math.Inf(1)), 7, 8, 9}}
	// Turned: what is x goes to y.
	s, err := points.New(g, points.Space{Axes: zyx(1, 1, 1), Matrix: [][]float64{{0, 1, 0, 10}, {1, 0, 0, 20}, {0, 0, 2, 30}}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[uint64]string{}
	read(t, s, func(_ int, _ []int, id uint64, r []byte) {
		var at [3]float32
		for d := range at {
			at[d] = math.Float32frombits(binary.LittleEndian.Uint32(r[4*d:]))
		}
		got[id] = fmt.Sprint(at)
	})
	if s.Count != 2 || s.LeftOut != 2 || len(got) != 2 || got[0] != "[12 23 32]" || got[3] != "[18 29 44]" {
		t.Errorf("%d points, %d left out: %v", s.Count, s.LeftOut, got)
	}
	for _, path := range []string{"id/1", "id/2", "id/4", "id/-1", "id/01", "s1/0_0_0", "s0/1_0_0", "s0/0_0", "s0", "s/0_0_0", "", "s0/0_0_0_0", "s00/0_0_0"} {
		if _, ok := s.File(path); ok {
			t.Errorf("there is something at %q", path)
		}
	}
	if _, err := points.New(&shm.Geometry{Rank: 2, Positions: make([]float32, 4)}, points.Space{Axes: zyx(1, 1, 1)}); err == nil {
		t.Error("points of two axes go out with three")
	}
	empty, err := points.New(&shm.Geometry{Rank: 3}, points.Space{Axes: zyx(1, 1, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if b := mustFile(t, empty, "s0/0_0_0"); len(b) != 8 {
		t.Errorf("no points are %v", b)
	}
}

// At a time only the points of that time are loaded.
func TestEachStepOfTimeHasItsCells(t *testing.T) {
	g := &shm.Geometry{Rank: 3}
	for i := range 5000 {
		g.Positions = append(g.Positions, float32(i%10)+0.5, float32(i%71), float32(i%67))
	}
	axes := []points.Axis{{Name: "x", Scale: 1, From: 2}, {Name: "y", Scale: 1, From: 1}, {Name: "t", Scale: 1, Unit: "s", From: 0, Steps: true}}
	s, err := points.New(g, points.Space{Axes: axes})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	in := read(t, s, func(_ int, cell []int, id uint64, _ []byte) {
		n++
		if cell[2] != int(id%10) {
			t.Fatalf("point %d is at the time %d", id, cell[2])
		}
	})
	if n != 5000 || fmt.Sprint(in.Spatial[0].Grid) != "[1 1 10]" || len(in.Spatial) != 1 {
		t.Errorf("%d points in %+v", n, in.Spatial)
	}
}

// Points that are all at one place, which no grid parts, still come to an end.
func TestPointsAtOnePlace(t *testing.T) {
	g := &shm.Geometry{Rank: 3, Positions: make([]float32, 3*20_000)}
	s, err := points.New(g, points.Space{Axes: zyx(1, 1, 1)})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := s.File("info")
	var in info
	if err := json.Unmarshal(b, &in); err != nil || len(in.Spatial) > 20 {
		t.Fatalf("%v, %d levels", err, len(in.Spatial))
	}
	n := uint64(0)
	for k := range in.Spatial {
		b := mustFile(t, s, fmt.Sprintf("s%d/0_0_0", k))
		n += binary.LittleEndian.Uint64(b)
	}
	if n != 20_000 {
		t.Errorf("there are %d points, want 20000", n)
	}
}

func TestNamesOfProperties(t *testing.T) {
	for name, want := range map[string]string{"Size": "size", "face color": "face_color", "9": "value", "": "value", "_x": "x", "é": "value", "a.b": "a_b", "Ünit1": "nit1"} {
		if got := points.Identifier(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

func FuzzFile(f *testing.F) {
	s, err := points.New(&shm.Geometry{Rank: 3, Positions: []float32{1, 2, 3, 4, 5, 6}}, points.Space{Axes: zyx(1, 1, 1)})
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range []string{"info", "s0/0_0_0", "id/1", "s18446744073709551615/0_0_0", "id/99999999999"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if b, ok := s.File(path); ok && len(b) == 0 {
			t.Errorf("%q is empty", path)
		}
	})
}

func BenchmarkNew(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	g := &shm.Geometry{Rank: 3}
	for range 3 * 500_000 {
		g.Positions = append(g.Positions, 1000*random.Float32())
	}
	for b.Loop() {
		if _, err := points.New(g, points.Space{Axes: zyx(1, 1, 1)}); err != nil {
			b.Fatal(err)
		}
	}
}
