package measure

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"webmon/lacking"
	"webmon/shm"
	"webmon/shm/maps"
	"webmon/shm/maps/made"
	"webmon/shm/stack"
)

// pixels is a stack in memory, of 16 bits and one channel.
type pixels struct {
	info stack.Info
	at   []uint16 // [slice][row][column]
}

func newPixels(slices, rows, cols int, value uint16) *pixels {
	p := &pixels{stack.Info{Times: 1, Channels: 1, Slices: slices, Rows: rows, Cols: cols, Type: shm.U16}, make([]uint16, slices*rows*cols)}
	for i := range p.at {
		p.at[i] = value
	}
	return p
}

func (p *pixels) Info() *stack.Info { return &p.info }
func (p *pixels) Close() error      { return nil }
func (p *pixels) ReadPlane(_ context.Context, t, c, z int, r stack.Rect, dst []byte) ([]byte, error) {
	if err := p.info.Check(t, c, z, r); err != nil {
		return nil, err
	}
	dst = dst[:0]
	for y := range r.Rows {
		for x := range r.Cols {
			dst = binary.LittleEndian.AppendUint16(dst, p.at[(z*p.info.Rows+r.Row+y)*p.info.Cols+r.Col+x])
		}
	}
	return dst, nil
}

// straight is a session of a dendrite along y = 10 micrometres, from x = 2 to 18, with spines; pixels of 0.1 micrometres.
// Each spine is x, y, z, cPnt and then cells of Int1 by name.
func straight(t *testing.T, spines [][4]float64, ints ...map[string]string) *maps.Session {
	t.Helper()
	head := "stack=a_s0;voxelx=0.1;voxely=0.1;voxelz=1;\n"
	db2 := head + "Idx,roiType,x,y,z,parentID,cPnt,cx,cy,cz,isDirty,error,warning,note,\n"
	names := append([]string{"idx", "isDirty", "sLen2d", "sLen3d", "spineWidth", "extendHead", "extendTail", "scaleRadius", "zPlusMinus", "dPlus", "dMinus", "sbxyManual"}, Columns...)
	int1 := head + strings.Join(names, ",") + ",\n"
	for i, s := range spines {
		side := 1.0
		if s[1] < 10 {
			side = -1
		}
		db2 += fmt.Sprintf("%d,spineROI,%g,%g,%g,0,%g,%g,%g,5,1,,,,\n", i, s[0], s[1], s[2], s[3], 2+s[3]*0.1, 10+side*0.3)
		for _, name := range names {
			v := "NaN"
			if i < len(ints) && ints[i][name] != "" {
				v = ints[i][name]
			}
			int1 += v + ","
		}
		int1 += "\n"
	}
	l := "numHeaderRow=1;\nIdx,start,stop,n,r,\n0,0,160,161,0.3,\nx,y,z,ID,sDist,\n"
	for k := range 161 {
		l += fmt.Sprintf("%g,10,5,0,%g,\n", 2+float64(k)*0.1, float64(k)*0.1)
	}
	m, err := maps.FromFiles("a", []maps.File{
		{Path: "a.txt", Data: []byte("\t\nhsStack\ta_s0_ch1\n")}, {Path: "stackdb/a_s0_db2.txt", Data: []byte(db2)}, {Path: "stackdb/a_s0_Int1.txt", Data: []byte(int1)},
		{Path: "stackdb/a_s0_Int2.txt", Data: []byte(int1)}, {Path: "line/a_s0_l.txt", Data: []byte(l)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m.Sessions[0]
}

func cell(t *testing.T, r *Result, file, name string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(r.Cells[file][name], 64)
	if err != nil {
		t.Fatalf("%s %s is %q", file, name, r.Cells[file][name])
	}
	return v
}

// A brightness that is planted at a spine comes out of it, and of no other, exactly where the background is even.
func TestAPlantedBrightnessComesOut(t *testing.T) {
	s := straight(t, [][4]float64{{6, 11.5, 5, 40}, {12, 8.6, 5, 100}})
	one, two := newPixels(11, 200, 200, 100), newPixels(11, 200, 200, 20)
	planted := 0
	for z := range 11 {
		for y := 97; y <= 103; y++ {
			for x := range 200 {
				one.at[(z*200+y)*200+x], two.at[(z*200+y)*200+x] = 400, 60
			}
		}
		for y := 113; y <= 117; y++ {
			for x := 58; x <= 62; x++ {
				one.at[(z*200+y)*200+x] += 700
				if z >= 4 && z <= 6 {
					planted += 700
				}
			}
		}
	}
	channels := []Channel{{Number: 1, Image: one}, {Number: 2, Image: two}}
	r, err := Spine(t.Context(), s, 0, channels)
	if err != nil || r.Error != "" {
		t.Fatalf("%v, %q", err, r.Error)
	}
	if got := cell(t, r, "Int1", "ubssSum"); got != float64(planted) {
		t.Errorf("ubssSum of channel 1 is %v, want %d", got, planted)
	}
	if got := cell(t, r, "Int2", "ubssSum"); got != 0 {
		t.Errorf("ubssSum of channel 2, where nothing was planted, is %v", got)
	}
	// The dendrite is 7 rows of 300 above the background, and its region just as wide.
	if mean, n := cell(t, r, "Int1", "ubsdMean"), cell(t, r, "Int1", "dN"); mean != 300 || n != 7*37*3 {
		t.Errorf("the dendrite has ubsdMean %v of %v pixels, want 300 of %d", mean, n, 7*37*3)
	}
	other, err := Spine(t.Context(), s, 1, channels)
	if err != nil || other.Error != "" {
		t.Fatalf("%v, %q", err, other.Error)
	}
	if got := cell(t, other, "Int1", "ubssSum"); got != 0 {
		t.Errorf("the other spine has %v", got)
	}
	for _, file := range []string{"Int1", "Int2"} {
		c := func(name string) float64 { return cell(t, r, file, name) }
		if c("ubssSum") != c("sSum")-c("sbSum") || c("ubsdSum") != c("dSum")-c("dbSum") || c("sN") != c("sbN") || c("dN") != c("dbN") {
			t.Errorf("%s: %v", file, r.Cells[file])
		}
	}
	if flat, deep := cell(t, r, "Int1", "sLen2d"), cell(t, r, "Int1", "sLen3d"); flat != 1.2 || deep != 1.2 {
		t.Errorf("the lengths are %v and %v", flat, deep)
	}
	if _, said := r.Cells["Int2"]["sLen2d"]; said {
		t.Error("channel 2 has lengths")
	}
}

// What a spine is measured by is its own, else its neighbour's, else what is usual.
func TestByWhatItIsMeasured(t *testing.T) {
	s := straight(t, [][4]float64{{6, 11.5, 5, 40}, {6.5, 11.5, 5, 45}, {15, 11.5, 5, 130}},
		map[string]string{}, map[string]string{"spineWidth": "0.5", "zPlusMinus": "2"}, map[string]string{"spineWidth": "3", "dPlus": "0.5"})
	im := newPixels(11, 200, 200, 7)
	channels := []Channel{{Number: 1, Image: im}}
	r, err := Spine(t.Context(), s, 0, channels)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"spineWidth": 0.5, "zPlusMinus": 2, "dPlus": 0.5, "dMinus": 1.8, "extendHead": 1, "scaleRadius": 0.3} {
		if got := cell(t, r, "Int1", name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if r, err = Spine(t.Context(), s, 2, channels); err != nil || cell(t, r, "Int1", "spineWidth") != 3 {
		t.Errorf("a spine is not measured by its own width: %v", r)
	}
	if w := r.Cells["db2"]["warning"]; w != "channel 2 has no image;" || r.Cells["db2"]["isDirty"] != "" || r.Cells["Int2"] != nil {
		t.Errorf("of a channel without an image it says %q, %v", w, r.Cells)
	}
}

func TestWhatCannotBeMeasured(t *testing.T) {
	im := newPixels(11, 200, 200, 7)
	for _, c := range []struct {
		name, want string
		spine      [4]float64
		ints       map[string]string
	}{
		{"at the right edge", "#3.1 x spine ROI beyond image;", [4]float64{19.6, 10.6, 5, 160}, nil},
		{"at the lower edge", "#3.2 y spine ROI beyond image;", [4]float64{6, 19.5, 5, 40}, nil},
		{"at the first slice", "#3.3 z spine ROI beyond image;", [4]float64{6, 11.5, 0, 40}, nil},
		{"on the dendrite", "#6 reducing spine with ImageSeedFill;", [4]float64{6, 10.1, 5, 40}, nil},
		{"of no point of the tracing", "no connection to the tracing;", [4]float64{6, 11.5, 5, 900}, nil},
		{"with its background elsewhere", "background ROI beyond image;", [4]float64{6, 11.5, 5, 40}, map[string]string{"sbxyManual": "1", "sbxPos": "0.3", "sbyPos": "300"}},
		{"of a width that is none", "spine ROI is too large;", [4]float64{6, 11.5, 5, 40}, map[string]string{"spineWidth": "99999"}},
	} {
		ints := map[string]string{"sSum": "5", "ubssSum": "3"}
		for k, v := range c.ints {
			ints[k] = v
		}
		s := straight(t, [][4]float64{c.spine}, ints)
		r, err := Spine(t.Context(), s, 0, []Channel{{Number: 1, Image: im}, {Number: 2, Image: im}})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if r.Error != c.want || r.Cells["db2"]["error"] != c.want || r.Cells["Int1"]["sSum"] != "NaN" || r.Cells["Int2"]["ubssSum"] != "NaN" || r.Cells["Int1"]["isDirty"] != "0.000000" {
			t.Errorf("%s: it says %q, want %q: %v", c.name, r.Error, c.want, r.Cells["Int1"])
		}
	}
	// Near the end of a segment it is measured, with the words for that.
	s := straight(t, [][4]float64{{2.4, 11.5, 5, 4}})
	r, err := Spine(t.Context(), s, 0, []Channel{{Number: 1, Image: im}, {Number: 2, Image: im}})
	if err != nil || r.Error != "" || r.Cells["db2"]["error"] != "#7 extending backbone error;" || r.Cells["Int1"]["sSum"] == "NaN" {
		t.Errorf("at the end of a segment: %v, %v", err, r)
	}
	// Without a tracing there is nothing to go by.
	r, err = Spine(t.Context(), s.With(func(s *maps.Session) { s.Tracing = nil }), 0, []Channel{{Number: 1, Image: im}})
	if err != nil || r.Error != "no tracing;" {
		t.Errorf("without a tracing: %v, %v", err, r)
	}
}

// python is an interpreter with NumPy.
func python(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("needs Python; skipped with -short")
	}
	p := filepath.Join("..", "..", "..", ".venv", "napari-latest", "bin", "python")
	if _, err := os.Stat(p); err != nil {
		lacking.Skip(t, "the environment .venv/napari-latest is not there: run .ci/venvs.sh napari-latest")
	}
	return p
}

// Every value of many spines of a map that was made up is what NumPy says of the same images.
func TestAgainstNumPy(t *testing.T) {
	interpreter := python(t)
	if _, err := os.ReadFile("testdata/truth.py"); err != nil {
		t.Fatal(err) // Go runs the test again when it has changed
	}
	m, err := made.Make(made.Plan{Name: "truth", Seed: 11, Sessions: 1, Segments: 3, Spines: 12}).Open()
	if err != nil {
		t.Fatal(err)
	}
	s := m.Sessions[0]
	folder := t.TempDir()
	var channels []Channel
	var files []string
	var shape []int
	for c := 1; c <= 2; c++ {
		im, err := made.Images(m, 0, c)
		if err != nil {
			t.Fatal(err)
		}
		i := im.Info()
		shape = []int{i.Slices, i.Rows, i.Cols}
		var all bytes.Buffer
		var plane []byte
		for z := range i.Slices {
			if plane, err = im.ReadPlane(t.Context(), 0, 0, z, i.Whole(), plane); err != nil {
				t.Fatal(err)
			}
			all.Write(plane)
		}
		files = append(files, filepath.Join(folder, strconv.Itoa(c)))
		if err := os.WriteFile(files[c-1], all.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		channels = append(channels, Channel{Number: c, Image: im})
	}
	type object map[string]any
	var objects []object
	var results []*Result
	for row, kind := range s.Types() {
		if kind != maps.Spine {
			continue
		}
		if len(objects)%4 == 0 { // as if somebody had put the background there
			changed, err := s.Int[0].Set(row, map[string]string{"sbxyManual": "1", "sbxPos": format(s.Table.Value(row, "x") + 30*s.DX), "sbyPos": format(s.Table.Value(row, "y") - 21*s.DY)})
			if err != nil {
				t.Fatal(err)
			}
			s = s.With(func(s *maps.Session) { s.Int[0] = changed })
		}
		r, err := Spine(t.Context(), s, row, channels)
		if err != nil {
			t.Fatal(err)
		}
		if r.Error != "" {
			t.Logf("row %d: %s", row, r.Error)
			continue
		}
		v := func(name string) float64 { return s.Table.Value(row, name) }
		g := s.Segments()[s.Segment(row)]
		var line [][]float64
		for k := g.Start; k < g.Stop; k++ {
			line = append(line, []float64{s.Tracing.Points.Value(k, "x"), s.Tracing.Points.Value(k, "y")})
		}
		o := object{
			"x": v("x"), "y": v("y"), "z": int(v("z")), "cx": v("cx"), "cy": v("cy"), "cz": int(math.Round(v("cz"))), "czExact": v("cz"), "line": line, "point": int(v("cPnt")) - g.Start,
			"radius": cell(t, r, "Int1", "scaleRadius"), "zPlusMinus": int(cell(t, r, "Int1", "zPlusMinus")), "reference": s.Channel - 1,
		}
		for _, name := range []string{"spineWidth", "extendHead", "extendTail", "dPlus", "dMinus"} {
			o[name] = cell(t, r, "Int1", name)
		}
		if s.Int[0].Value(row, "sbxyManual") > 0 {
			o["sbxPos"], o["sbyPos"] = s.Int[0].Value(row, "sbxPos"), s.Int[0].Value(row, "sbyPos")
		}
		objects, results = append(objects, o), append(results, r)
	}
	if len(objects) < 20 {
		t.Fatalf("only %d spines could be measured", len(objects))
	}
	said, err := json.Marshal(map[string]any{"dx": s.DX, "dy": s.DY, "dz": s.DZ, "shape": shape, "images": files, "objects": objects})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(interpreter, "testdata/truth.py")
	cmd.Stdin = bytes.NewReader(said)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	var truth []struct {
		Channels []map[string]float64
		SLen2d   float64 `json:"sLen2d"`
		SLen3d   float64 `json:"sLen3d"`
	}
	if err := json.Unmarshal(out, &truth); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for i, want := range truth {
		for c, values := range want.Channels {
			for name, v := range values {
				compared++
				if got := cell(t, results[i], "Int"+strconv.Itoa(c+1), name); math.Abs(got-v) > 1e-6*max(1, math.Abs(v)) {
					t.Errorf("object %d, channel %d: %s is %v, and NumPy has %v", i, c+1, name, got, v)
				}
			}
		}
		if math.Abs(cell(t, results[i], "Int1", "sLen2d")-want.SLen2d) > 1e-6 || math.Abs(cell(t, results[i], "Int1", "sLen3d")-want.SLen3d) > 1e-6 {
			t.Errorf("object %d: the lengths are %s and %s, and NumPy has %v and %v", i, results[i].Cells["Int1"]["sLen2d"], results[i].Cells["Int1"]["sLen3d"], want.SLen2d, want.SLen3d)
		}
	}
	if want := len(objects) * 2 * len(Columns); compared != want {
		t.Errorf("%d values were compared, and there are %d", compared, want)
	}
}
