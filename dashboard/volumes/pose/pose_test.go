package pose_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"testing"

	"webmon/dashboard/volumes/pose"
	"webmon/shm"
)

func list(x ...float64) []shm.Value {
	out := make([]shm.Value, len(x))
	for i := range x {
		out[i] = x[i]
	}
	return out
}

// said is a napari with t, z, y, x: 3 x 5 x 40 x 50 voxels of 1 s, 2, 0.5 and 0.25 um.
func said() (dims, camera map[string]shm.Value) {
	return map[string]shm.Value{
			"axes": []shm.Value{"t", "z", "y", "x"}, "units": []shm.Value{"second", "micrometer", "micrometer", "micrometer"},
			"shift": list(0.5, 1, 0.25, 0.125), "point": list(2, 6, 9, 9), "nsteps": []shm.Value{int64(3), int64(5), int64(40), int64(50)},
			"displayed": []shm.Value{int64(2), int64(3)},
			"range":     []shm.Value{list(0, 2, 1), list(0, 8, 2), list(0, 19.5, 0.5), list(0, 12.25, 0.25)},
		}, map[string]shm.Value{
			"center": list(0, 10, 5), "zoom": 8.0, "canvas": []shm.Value{int64(600), int64(800)}, "right": list(0, 1), "down": list(1, 0),
		}
}

func parse(t *testing.T, change func(dims, camera map[string]shm.Value)) *pose.Napari {
	t.Helper()
	dims, camera := said()
	if change != nil {
		change(dims, camera)
	}
	n, err := pose.Parse(dims, camera)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n.Axes {
		n.Axes[i].Scale, n.Axes[i].Unit = 1e-6, "m"
	}
	n.Axes[0].Scale, n.Axes[0].Unit = 1, "s"
	return n
}

// view has the dimensions of that napari's volume.
func view() *pose.View {
	return &pose.View{
		Dims:     []pose.Dim{{"x", 0.25e-6, "m"}, {"y", 0.5e-6, "m"}, {"z", 2e-6, "m"}, {"t", 1, "s"}},
		Position: []float64{20.5, 20.5, 3.5, 2.5}, CrossScale: 0.5, ProjectionScale: 240,
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(b)) }

func TestTheViewFollows(t *testing.T) {
	m := pose.Follow(parse(t, nil), view())
	// z = 6 um is the middle of the voxel 3, y = 10 um that of 20, x = 5 um that of 20.
	for name, want := range map[string]float64{"t": 2.5, "z": 3.5, "y": 20.5, "x": 20.5} {
		if !near(m.Position[name], want) {
			t.Errorf("%s is %g, want %g", name, m.Position[name], want)
		}
	}
	// A pixel of the canvas is 1/8 um, half of the smallest voxels.
	if !near(m.CrossScale, 0.5) || m.ProjectionScale != 0 || m.ProjectionOrientation != nil || *m.CrossOrientation != [4]float64{0, 0, 0, 1} {
		t.Errorf("the moves in 2-D are %+v", m)
	}
	m = pose.Follow(parse(t, func(d, c map[string]shm.Value) {
		d["displayed"] = []shm.Value{int64(1), int64(2), int64(3)}
		c["center"], c["zoom"], c["right"], c["down"] = list(4, 10, 5), 10.0, list(0, 0, 1), list(0, 1, 0)
	}), view())
	// z comes from the centre: 4 um is the middle of the voxel 2. 600 pixels are 60 um, 240 voxels.
	if !near(m.Position["z"], 2.5) || !near(m.ProjectionScale, 240) || m.CrossScale != 0 || m.CrossOrientation != nil {
		t.Errorf("the moves in 3-D are %+v", m)
	}
}

func TestTheViewLeads(t *testing.T) {
	for _, test := range []struct {
		shown  []shm.Value
		center []shm.Value
		want   map[string]float64
	}{
		{[]shm.Value{int64(2), int64(3)}, list(0, 1, 1), map[string]float64{"dims.0": 2, "dims.1": 3, "camera.center.0": 10, "camera.center.1": 5, "camera.zoom": 8}},
		{[]shm.Value{int64(1), int64(3)}, list(0, 1, 1), map[string]float64{"dims.0": 2, "dims.2": 20, "camera.center.0": 6, "camera.center.1": 5, "camera.zoom": 8}},
		{[]shm.Value{int64(1), int64(2), int64(3)}, list(1, 1, 1), map[string]float64{
			"dims.0": 2, "camera.center.0": 6, "camera.center.1": 10, "camera.center.2": 5, "camera.zoom": 10,
		}},
	} {
		n := parse(t, func(d, c map[string]shm.Value) {
			d["displayed"], c["center"] = test.shown, test.center
			c["right"], c["down"] = list(make([]float64, len(test.shown))...), list(make([]float64, len(test.shown))...)
		})
		got := map[string]float64{}
		for _, s := range pose.Lead(n, view()) {
			got[s.Control] = s.Value
		}
		if !maps.EqualFunc(got, test.want, near) {
			t.Errorf("with the axes %v on the screen napari is set to %v, want %v", test.shown, got, test.want)
		}
	}
	// Anywhere in a voxel its plane is meant, and beyond the ends the last one.
	for at, want := range map[float64]float64{3.01: 3, 3.99: 3, -7: 0, 99: 4} {
		v := view()
		v.Position[2] = at
		for _, s := range pose.Lead(parse(t, nil), v) {
			if s.Control == "dims.1" && s.Value != want {
				t.Errorf("at %g the slider goes to %g, want %g", at, s.Value, want)
			}
		}
	}
}

// TestThereAndBack checks that what follows leads back to where it came from.
func TestThereAndBack(t *testing.T) {
	n, v := parse(t, nil), view()
	v.Dims = []pose.Dim{{"z", 1e-6, "m"}, {"t", 2, "s"}, {"y", 1e-7, "m"}, {"x", 0.125e-6, "m"}} // as people may have arranged them
	v.Display = []int{3, 2, 0}
	m := pose.Follow(n, v)
	for i, d := range v.Dims {
		v.Position[i] = m.Position[d.Name]
	}
	v.CrossScale = m.CrossScale
	want := map[string]float64{"dims.0": 2, "dims.1": 3, "camera.center.0": 10, "camera.center.1": 5, "camera.zoom": 8}
	for _, s := range pose.Lead(n, v) {
		if !near(s.Value, want[s.Control]) {
			t.Errorf("%s comes back as %g, want %g", s.Control, s.Value, want[s.Control])
		}
	}
}

// rotate turns a vector by a quaternion, by the formula of the books.
func rotate(q [4]float64, v [3]float64) (out [3]float64) {
	u := [3]float64{q[0], q[1], q[2]}
	cross := func(a, b [3]float64) [3]float64 {
		return [3]float64{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
	}
	first := cross(u, v)
	second := cross(u, first)
	for i := range out {
		out[i] = v[i] + 2*(q[3]*first[i]+second[i])
	}
	return out
}

func TestTheDirectionsOnTheScreen(t *testing.T) {
	half := math.Sqrt(0.5)
	for _, test := range []struct{ right, down []float64 }{ // along z, y, x
		{[]float64{0, 0, 1}, []float64{0, 1, 0}},
		{[]float64{0, 1, 0}, []float64{0, 0, 1}},   // rows and columns have changed places
		{[]float64{0, 0, -1}, []float64{0, -1, 0}}, // half a turn about z
		{[]float64{0, 0, -1}, []float64{0, 1, 0}},  // half a turn about y
		{[]float64{0, 0, 1}, []float64{0, -1, 0}},  // half a turn about x
		{[]float64{1, 0, 0}, []float64{0, 1, 0}},
		{[]float64{0, 0, 1}, []float64{-1, 0, 0}},
		{[]float64{half, 0, half}, []float64{0, 1, 0}},
		{[]float64{0.36, 0.48, -0.8}, []float64{-0.8, 0.6, 0}},
	} {
		n := parse(t, func(d, c map[string]shm.Value) {
			d["displayed"] = []shm.Value{int64(1), int64(2), int64(3)}
			c["center"], c["right"], c["down"] = list(4, 10, 5), list(test.right...), list(test.down...)
		})
		q := pose.Follow(n, view()).ProjectionOrientation
		for what, want := range map[[3]float64][]float64{{1, 0, 0}: test.right, {0, 1, 0}: test.down} {
			got := rotate(*q, what) // along x, y, z
			for i := range got {
				if !near(got[i], want[2-i]) {
					t.Errorf("right %v, down %v: %v leads to %v, want %v turned around", test.right, test.down, what, got, want)
					break
				}
			}
		}
		if !near(q[0]*q[0]+q[1]*q[1]+q[2]*q[2]+q[3]*q[3], 1) || q[3] < 0 {
			t.Errorf("%v is no unit quaternion with w at 0 or above", *q)
		}
	}
	// z and x on the screen: the first picture of the client shows them.
	n := parse(t, func(d, _ map[string]shm.Value) { d["displayed"] = []shm.Value{int64(1), int64(3)} })
	q := *pose.Follow(n, view()).CrossOrientation
	if down := rotate(q, [3]float64{0, 1, 0}); !near(down[2], 1) {
		t.Errorf("down is %v, want z", down)
	}
	// An axis that is in none of the client's pictures: they stay as they are.
	v := view()
	v.Display = []int{1, 2, 3}
	if got := pose.Follow(n, v).CrossOrientation; got != nil {
		t.Errorf("the pictures turn by %v", *got)
	}
}

func TestAxesThatAreNotTheSame(t *testing.T) {
	v := view()
	v.Dims[1].Unit = ""  // of y nothing is known
	v.Dims[2].Name = "Z" // nor is this z
	m := pose.Follow(parse(t, nil), v)
	if len(m.Position) != 2 || m.Position["x"] == 0 || m.CrossOrientation != nil || !pose.Common(parse(t, nil), v) {
		t.Errorf("the moves are %+v", m)
	}
	for _, s := range pose.Lead(parse(t, nil), v) {
		if s.Control == "dims.1" || s.Control == "camera.center.0" {
			t.Errorf("%s is set to %g", s.Control, s.Value)
		}
	}
	if v.Dims[0].Name, v.Dims[3].Name = "a", "b"; pose.Common(parse(t, nil), v) || !pose.Follow(parse(t, nil), v).None() || len(pose.Lead(parse(t, nil), v)) > 0 {
		t.Error("something moves although nothing is the same")
	}
	if !pose.Follow(parse(t, nil), &pose.View{}).None() || len(pose.Lead(parse(t, nil), &pose.View{})) > 0 {
		t.Error("something moves in a view without dimensions")
	}
}

func TestWhatIsNewMoves(t *testing.T) {
	first := pose.Follow(parse(t, nil), view())
	if !first.Since(first).None() || first.Since(pose.Moves{}).None() {
		t.Error("what is new is not told apart")
	}
	second := pose.Follow(parse(t, func(d, c map[string]shm.Value) { d["point"] = list(2, 4, 9, 9) }), view())
	m := second.Since(first)
	if len(m.Position) != 1 || !near(m.Position["z"], 2.5) || m.CrossScale != 0 || m.CrossOrientation != nil {
		t.Errorf("z alone has moved, and the moves are %+v", m)
	}
	if all := first.And(m); !second.Since(all).None() {
		t.Errorf("what was done is not all that was to be done: %+v", all)
	}
}

func TestWhatMakesNoSense(t *testing.T) {
	for what, change := range map[string]func(d, c map[string]shm.Value){
		"NaN":              func(_, c map[string]shm.Value) { c["center"] = list(0, math.NaN(), 1) },
		"an infinite zoom": func(_, c map[string]shm.Value) { c["zoom"] = math.Inf(1) },
		"no zoom":          func(_, c map[string]shm.Value) { c["zoom"] = 0.0 },
		"a text":           func(d, _ map[string]shm.Value) { d["point"] = "here" },
		"too few":          func(d, _ map[string]shm.Value) { d["point"] = list(1) },
		"no such axis":     func(d, _ map[string]shm.Value) { d["displayed"] = []shm.Value{int64(2), int64(9)} },
		"the same axis":    func(d, _ map[string]shm.Value) { d["displayed"] = []shm.Value{int64(2), int64(2)} },
		"half an axis":     func(d, _ map[string]shm.Value) { d["displayed"] = list(1, 2.5) },
		"one axis":         func(d, _ map[string]shm.Value) { d["displayed"] = list(1) },
		"ranges":           func(d, _ map[string]shm.Value) { d["range"] = []shm.Value{list(1)} },
		"a short range":    func(d, _ map[string]shm.Value) { d["range"].([]shm.Value)[1] = list(1) },
		"units":            func(d, _ map[string]shm.Value) { d["units"] = []shm.Value{"m"} },
		"names":            func(d, _ map[string]shm.Value) { d["axes"] = []shm.Value{1.0} },
		"many names":       func(d, _ map[string]shm.Value) { d["axes"] = make([]shm.Value, 1000) },
		"no centre":        func(_, c map[string]shm.Value) { c["center"] = list(1) },
		"other directions": func(_, c map[string]shm.Value) { c["right"] = list(0, 0, 1) },
		"a canvas":         func(_, c map[string]shm.Value) { c["canvas"] = "large" },
	} {
		dims, camera := said()
		change(dims, camera)
		if n, err := pose.Parse(dims, camera); err == nil {
			t.Errorf("%s: %+v is taken", what, n)
		}
	}
	for _, change := range []func(d, c map[string]shm.Value){
		func(d, _ map[string]shm.Value) { delete(d, "shift") }, func(_, c map[string]shm.Value) { delete(c, "right") },
	} {
		dims, camera := said()
		change(dims, camera)
		if _, err := pose.Parse(dims, camera); !errors.Is(err, pose.ErrOld) {
			t.Errorf("an old package is %v", err)
		}
	}
	if _, err := pose.Parse(nil, nil); err == nil {
		t.Error("nothing is taken")
	}
}

// FuzzPose: whatever a process says and a view has, what comes of it is finite.
func FuzzPose(f *testing.F) {
	f.Add(1.0, 2.0, 0.0, 1.0, 8.0, 0.5, 1e-6, 3.0)
	f.Add(math.NaN(), 1e300, -1e30, 1e-300, 1e-300, 0.0, math.Inf(1), -1.0)
	f.Fuzz(func(t *testing.T, center, point, right, down, zoom, scale, size, at float64) {
		dims, camera := said()
		dims["point"], dims["shift"] = list(point, point, 1, 1), list(0, center, 0, 0)
		camera["center"], camera["zoom"], camera["right"], camera["down"] = list(0, center, point), zoom, list(right, down), list(down, at)
		n, err := pose.Parse(dims, camera)
		if err != nil {
			return
		}
		v := &pose.View{Dims: []pose.Dim{{"x", size, ""}, {"y", 1, ""}, {"t", size, ""}}, Position: []float64{at, center, point}, CrossScale: scale, ProjectionScale: scale}
		m := pose.Follow(n, v)
		out := []float64{m.CrossScale, m.ProjectionScale}
		for _, x := range m.Position {
			out = append(out, x)
		}
		if m.CrossOrientation != nil {
			out = append(out, m.CrossOrientation[:]...)
		}
		for _, s := range pose.Lead(n, v) {
			out = append(out, s.Value)
		}
		for _, x := range out {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Fatal(fmt.Sprint(m, pose.Lead(n, v)))
			}
		}
	})
}
