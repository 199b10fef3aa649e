package mesh

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// only is a volume without coarser levels.
func only(v *Volume) func(int) (*Volume, error) {
	return func(step int) (*Volume, error) {
		if step != 1 {
			return nil, fmt.Errorf("step %d was asked for", step)
		}
		return v, nil
	}
}

// object finds a label.
func find(t *testing.T, v *Volume, label uint64) Object {
	t.Helper()
	b, err := Scan(t.Context(), v, 0)
	if err != nil {
		t.Fatal(err)
	}
	o, ok := b.Get(label)
	if !ok {
		t.Fatalf("label %d was not found", label)
	}
	return o
}

func surfaceOf(t *testing.T, v *Volume, label uint64, o *Options) *Mesh {
	t.Helper()
	m, err := Surface(t.Context(), only(v), find(t, v, label), o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var whole = &Options{Error: -1}

func (m *Mesh) vertex(i uint32) [3]float64 {
	return [3]float64{float64(m.Vertices[3*i]), float64(m.Vertices[3*i+1]), float64(m.Vertices[3*i+2])}
}

// volumeOf is what the mesh encloses.
func (m *Mesh) volume() float64 {
	sum := 0.0
	for t := 0; t < len(m.Triangles); t += 3 {
		sum += dot(m.vertex(m.Triangles[t]), cross(m.vertex(m.Triangles[t+1]), m.vertex(m.Triangles[t+2]))) / 6
	}
	return sum
}

// defects says in what a mesh is not a closed manifold; "" for nothing. euler is its number of vertices less
// that of edges plus that of triangles.
func defects(m *Mesh) (problem string, euler int) {
	n := uint32(len(m.Vertices) / 3)
	edges := map[[2]uint32]uint32{} // the vertex opposite to each directed edge
	for t := 0; t < len(m.Triangles); t += 3 {
		for i := range 3 {
			a, b, c := m.Triangles[t+i], m.Triangles[t+(i+1)%3], m.Triangles[t+(i+2)%3]
			if a >= n || a == b {
				return fmt.Sprintf("triangle %d has the vertices %v of %d", t/3, m.Triangles[t:t+3], n), 0
			}
			if _, ok := edges[[2]uint32{a, b}]; ok {
				return fmt.Sprintf("the edge %d-%d is used twice in one direction", a, b), 0
			}
			edges[[2]uint32{a, b}] = c
		}
	}
	degree := make([]int, n)
	leaving := make([]uint32, n)
	for e := range edges {
		if _, ok := edges[[2]uint32{e[1], e[0]}]; !ok {
			return fmt.Sprintf("the edge %d-%d is open", e[0], e[1]), 0
		}
		degree[e[0]]++
		leaving[e[0]] = e[1]
	}
	for v := range n {
		if degree[v] == 0 {
			return fmt.Sprintf("vertex %d belongs to nothing", v), 0
		}
		ring, w := 0, leaving[v]
		for {
			w = edges[[2]uint32{v, w}]
			ring++
			if w == leaving[v] {
				break
			}
		}
		if ring != degree[v] {
			return fmt.Sprintf("vertex %d has a ring of %d of its %d neighbours", v, ring, degree[v]), 0
		}
	}
	for _, x := range m.Vertices {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return "a vertex is not finite", 0
		}
	}
	return "", int(n) - len(edges)/2 + len(m.Triangles)/3
}

func ball(r float64, center ...float64) func(z, y, x int) bool {
	return func(z, y, x int) bool {
		dz, dy, dx := float64(z)+0.5-center[0], float64(y)+0.5-center[1], float64(x)+0.5-center[2]
		return dz*dz+dy*dy+dx*dx < r*r
	}
}

func torus(z, y, x int) bool {
	dz, dy, dx := float64(z)-12.2, float64(y)-24.1, float64(x)-24.3
	d := math.Hypot(dy, dx) - 15
	return dz*dz+d*d < 7*7
}

// labelled makes labels of what is inside.
func labelled(label uint64, in func(z, y, x int) bool) func(z, y, x int) uint64 {
	return func(z, y, x int) uint64 {
		if in(z, y, x) {
			return label
		}
		return 0
	}
}

func all(int, int, int) bool { return true }

var shapes = []struct {
	name  string
	descr string
	shape [3]int
	label uint64
	in    func(z, y, x int) bool
	euler int
}{
	{"ball", "<u4", [3]int{44, 45, 46}, 7, ball(20, 22, 22.3, 22.7), 2},
	{"small ball", "<u2", [3]int{12, 12, 12}, 7, ball(3.6, 6, 6, 6.2), 2},
	{"ball beyond 2^63", "<u8", [3]int{30, 30, 30}, 1<<63 + 5, ball(12, 15, 15, 15), 2},
	{"ball below zero", ">i4", [3]int{30, 30, 30}, 1<<64 - 3, ball(12, 15, 15, 15), 2},
	{"torus", "|u1", [3]int{24, 48, 48}, 255, torus, 0},
	{"cavity", "|b1", [3]int{40, 40, 40}, 1, func(z, y, x int) bool {
		return ball(18, 20, 20, 20)(z, y, x) && !ball(9, 20, 21, 19)(z, y, x)
	}, 4},
	{"one voxel", ">u8", [3]int{5, 5, 5}, 1 << 40, func(z, y, x int) bool { return z == 2 && y == 2 && x == 2 }, 2},
	{"a volume of one voxel", "|i1", [3]int{1, 1, 1}, 3, all, 2},
	{"the whole volume", "<i2", [3]int{9, 17, 33}, 3, all, 2},
	{"rod", "<u4", [3]int{9, 9, 40}, 3, func(z, y, x int) bool { return z == 4 && y == 4 && x > 2 && x < 36 }, 2},
	{"rod through the volume", "<u4", [3]int{9, 9, 40}, 3, func(z, y, x int) bool { return z == 4 && y == 4 }, 2},
	{"plate", "<u4", [3]int{9, 30, 30}, 3, func(z, y, x int) bool { return z == 4 && y > 2 && y < 27 && x > 2 && x < 27 }, 2},
	{"half a ball at a face", "<u4", [3]int{20, 40, 40}, 3, ball(17, 0, 20, 20), 2},
	{"an eighth of a ball in a corner", "<u4", [3]int{20, 20, 20}, 3, ball(17, 0, 20, 0), 2},
	{"two voxels that touch along an edge", "<u4", [3]int{6, 6, 6}, 3, func(z, y, x int) bool { return z == 2 && y == x && (x == 2 || x == 3) }, 4},
	{"two voxels that touch at a corner", "<u4", [3]int{6, 6, 6}, 3, func(z, y, x int) bool { return z == x && y == x && (x == 2 || x == 3) }, 4},
	{"two balls", "<u4", [3]int{20, 20, 50}, 3, func(z, y, x int) bool { return ball(8, 10, 10, 12)(z, y, x) || ball(9, 10, 10, 35)(z, y, x) }, 4},
}

func TestSurfacesAreClosedAndHaveTheVolume(t *testing.T) {
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			v := volume(s.descr, s.shape, labelled(s.label, s.in))
			o := find(t, v, s.label)
			for _, opt := range []*Options{whole, nil} {
				m := surfaceOf(t, v, s.label, opt)
				problem, euler := defects(m)
				if problem != "" {
					t.Fatal(problem)
				}
				if euler != s.euler {
					t.Errorf("the Euler characteristic is %d, want %d", euler, s.euler)
				}
				most := 0.02
				if strings.HasPrefix(s.name, "two voxels") { // of which half the corners are where they touch
					most = 0.1
				}
				if off := m.volume()/float64(o.Voxels) - 1; math.Abs(off) > most {
					t.Errorf("the volume is off by %.1f %%: %.1f instead of %d (%d triangles, error %v)", 100*off, m.volume(), o.Voxels, len(m.Triangles)/3, m.Error)
				}
				for i, x := range m.Vertices {
					if a := i % 3; x < float32(o.From[a]) || x > float32(o.To[a]) {
						if x < 0 || x > float32(s.shape[a]) {
							t.Fatalf("vertex %d lies at %v on axis %d of %d voxels", i/3, x, a, s.shape[a])
						}
						if x < float32(o.From[a])-0.3 || x > float32(o.To[a])+0.3 {
							t.Fatalf("vertex %d lies at %v on axis %d, the label from %d to %d", i/3, x, a, o.From[a], o.To[a])
						}
					}
				}
				t.Logf("%d triangles, volume %+.2f %%", len(m.Triangles)/3, 100*(m.volume()/float64(o.Voxels)-1))
			}
		})
	}
}

// cut returns the area and the length of the outline of a mesh in a plane across an axis.
func (m *Mesh) cut(axis int, at float64) (area, length float64) {
	u, v := others[axis][0], others[axis][1]
	for t := 0; t < len(m.Triangles); t += 3 {
		var in, out []float64 // where the outline enters and leaves the triangle
		for i := range 3 {
			p, q := m.vertex(m.Triangles[t+i]), m.vertex(m.Triangles[t+(i+1)%3])
			if (p[axis] < at) == (q[axis] < at) {
				continue
			}
			f := (at - p[axis]) / (q[axis] - p[axis])
			point := []float64{p[u] + f*(q[u]-p[u]), p[v] + f*(q[v]-p[v])}
			if p[axis] < at {
				out = point
			} else {
				in = point
			}
		}
		if in != nil {
			area += (out[0]*in[1] - out[1]*in[0]) / 2
			length += math.Hypot(in[0]-out[0], in[1]-out[1])
		}
	}
	return math.Abs(area), length
}

// The outline of the surface in the middle of each slice has the area of the slice's voxels, but
// for a tenth of a voxel along the outline.
func TestOutlineIsThatOfTheSlice(t *testing.T) {
	ellipsoid := func(z, y, x int) bool {
		dz, dy, dx := (float64(z)-15)/12, (float64(y)-25)/22, (float64(x)-20)/16
		return dz*dz+dy*dy+dx*dx < 1
	}
	for name, s := range map[string]struct {
		shape [3]int
		in    func(z, y, x int) bool
	}{
		"ball": {[3]int{50, 50, 50}, ball(20, 24.2, 25.1, 25.7)}, "small ball": {[3]int{24, 24, 24}, ball(8, 12, 12, 12.5)},
		"ellipsoid": {[3]int{31, 51, 41}, ellipsoid}, "torus": {[3]int{24, 48, 48}, torus},
	} {
		v := volume("<u4", s.shape, labelled(1, s.in))
		for _, opt := range []*Options{whole, nil} {
			m := surfaceOf(t, v, 1, opt)
			worst, sum, n := 0.0, 0.0, 0
			for axis := range 3 {
				before := 0.0
				for i := range s.shape[axis] {
					var voxels float64
					for j := range s.shape[others[axis][0]] {
						for k := range s.shape[others[axis][1]] {
							var at [3]int
							at[axis], at[others[axis][0]], at[others[axis][1]] = i, j, k
							if s.in(at[0], at[1], at[2]) {
								voxels++
							}
						}
					}
					// Where the surface is flatter than a slope of 0.8 a slice cuts it nearly along itself.
					area, length := m.cut(axis, float64(i)+0.5)
					step := math.Abs(area - before)
					before = area
					if length > 0 && step < 0.8*length {
						off := (area - voxels) / length
						worst = max(worst, math.Abs(off))
						sum += off
						n++
					}
				}
			}
			if n < 10 || worst > 0.1 || math.Abs(sum/float64(n)) > 0.05 {
				t.Errorf("%s: the outline is off by up to %.3f voxels, %.3f in the mean (error %v)", name, worst, sum/float64(n), m.Error)
			}
			t.Logf("%s: %d slices, up to %.3f, %.4f in the mean (error %v)", name, n, worst, sum/float64(n), m.Error)
		}
	}
}

// The surface of a ball is nearer to the sphere than its voxels are.
func TestBallIsRound(t *testing.T) {
	for _, r := range []float64{5, 10, 20, 40} {
		n := int(2*r) + 6
		c := float64(n)/2 + 0.21
		v := volume("|u1", [3]int{n, n, n}, labelled(1, ball(r, c, c, c)))
		for _, opt := range []*Options{whole, nil} {
			m := surfaceOf(t, v, 1, opt)
			var mean, square, worst float64
			for i := range len(m.Vertices) / 3 {
				p := m.vertex(uint32(i))
				d := math.Sqrt((p[0]-c)*(p[0]-c)+(p[1]-c)*(p[1]-c)+(p[2]-c)*(p[2]-c)) - r
				mean, square, worst = mean+d, square+d*d, max(worst, math.Abs(d))
			}
			k := float64(len(m.Vertices) / 3)
			mean, square = mean/k, math.Sqrt(square/k)
			t.Logf("radius %v: %d triangles, off by %.3f in the mean, %.3f rms, %.3f at most (error %v)", r, len(m.Triangles)/3, mean, square, worst, m.Error)
			if opt == whole && (math.Abs(mean) > 0.1 || square > 0.2 || worst > 0.6) {
				t.Errorf("radius %v: off by %.3f in the mean, %.3f rms, %.3f at most", r, mean, square, worst)
			}
		}
	}
}

// voronoi makes cells around random points, a label each, from 1.
func voronoi(shape [3]int, n int, seed uint64) func(z, y, x int) uint64 {
	rnd := rand.New(rand.NewPCG(seed, 1))
	points := make([][3]float64, n)
	for i := range points {
		for a := range 3 {
			points[i][a] = rnd.Float64() * float64(shape[a])
		}
	}
	return func(z, y, x int) uint64 {
		best, label := math.Inf(1), 0
		for i, p := range points {
			dz, dy, dx := p[0]-float64(z)-0.5, p[1]-float64(y)-0.5, p[2]-float64(x)-0.5
			if d := dz*dz + dy*dy + dx*dx; d < best {
				best, label = d, i+1
			}
		}
		return uint64(label)
	}
}

// Labels that touch have the same surface where they touch, seen from both sides: nothing lies in two of
// them, and nothing between them.
func TestLabelsTouchWithoutOverlap(t *testing.T) {
	shape := [3]int{24, 28, 32}
	v := volume("<u4", shape, voronoi(shape, 12, 3))
	b, err := Scan(t.Context(), v, 0)
	if err != nil {
		t.Fatal(err)
	}
	type point [3]float32
	sides := map[[3]point]int{}
	total, triangles := 0.0, 0
	for _, o := range b.All() {
		m, err := Surface(t.Context(), only(v), o, whole)
		if err != nil {
			t.Fatal(err)
		}
		if problem, _ := defects(m); problem != "" {
			t.Fatalf("label %d: %s", o.Label, problem)
		}
		total += m.volume()
		if off := m.volume()/float64(o.Voxels) - 1; math.Abs(off) > 0.02 {
			t.Errorf("the volume of label %d is off by %.2f %%", o.Label, 100*off)
		}
		for i := 0; i < len(m.Triangles); i += 3 {
			var p [3]point
			for j := range 3 {
				copy(p[j][:], m.Vertices[3*m.Triangles[i+j]:][:3])
			}
			border := false
			for a := range 3 {
				border = border || p[0][a] == p[1][a] && p[1][a] == p[2][a] && (p[0][a] == 0 || p[0][a] == float32(shape[a]))
			}
			if border {
				continue
			}
			triangles++
			// The lowest corner comes first; a triangle seen from behind is another one.
			for p[0] != slices.MinFunc(p[:], func(a, b point) int { return slices.Compare(a[:], b[:]) }) {
				p = [3]point{p[1], p[2], p[0]}
			}
			sides[p]++
		}
	}
	for p := range sides {
		if sides[[3]point{p[0], p[2], p[1]}] != 1 {
			t.Fatalf("the triangle %v has no other side", p)
		}
	}
	if want := float64(shape[0] * shape[1] * shape[2]); math.Abs(total/want-1) > 1e-4 {
		t.Errorf("all labels together have a volume of %.2f, want %.0f", total, want)
	}
	t.Logf("%d triangles between %d labels", triangles, b.Len())
}

// A volume that one label fills is a block with flat faces and its corners where they are.
func TestFacesOfTheVolume(t *testing.T) {
	shape := [3]int{7, 11, 19}
	m := surfaceOf(t, volume("|u1", shape, labelled(9, all)), 9, nil)
	if got, want := m.volume(), 7.0*11*19; math.Abs(got-want) > 1e-3 {
		t.Errorf("the volume is %v, want %v", got, want)
	}
	for t0 := 0; t0 < len(m.Triangles); t0 += 3 {
		flat := false
		for a := range 3 {
			x := m.vertex(m.Triangles[t0])[a]
			flat = flat || (x == 0 || x == float64(shape[a])) && x == m.vertex(m.Triangles[t0+1])[a] && x == m.vertex(m.Triangles[t0+2])[a]
		}
		if !flat {
			t.Fatalf("the triangle %v lies on no face", m.Triangles[t0:t0+3])
		}
	}
	if len(m.Triangles)/3 > 256 {
		t.Errorf("a block has %d triangles", len(m.Triangles)/3)
	}
}

// distance is how far a point is from the surface of a mesh.
func (m *Mesh) distance(p [3]float64) float64 {
	best := math.Inf(1)
	for t := 0; t < len(m.Triangles); t += 3 {
		best = min(best, toTriangle(p, m.vertex(m.Triangles[t]), m.vertex(m.Triangles[t+1]), m.vertex(m.Triangles[t+2])))
	}
	return math.Sqrt(best)
}

// toTriangle is the square of the distance from p to a triangle.
func toTriangle(p, a, b, c [3]float64) float64 {
	n := cross(sub(b, a), sub(c, a))
	within := true
	best := math.Inf(1)
	for _, side := range [3][2][3]float64{{a, b}, {b, c}, {c, a}} {
		u, w := sub(side[1], side[0]), sub(p, side[0])
		if dot(cross(n, u), w) < 0 {
			within = false
		}
		f := min(max(dot(u, w)/dot(u, u), 0), 1)
		d := [3]float64{w[0] - f*u[0], w[1] - f*u[1], w[2] - f*u[2]}
		best = min(best, dot(d, d))
	}
	if within && dot(n, n) > 0 {
		d := dot(n, sub(p, a))
		return d * d / dot(n, n)
	}
	return best
}

func TestSimplifiedStaysNear(t *testing.T) {
	for name, in := range map[string]func(z, y, x int) bool{
		"ring": func(z, y, x int) bool { return torus(z, y, x) && x < 30 }, "ball": ball(11, 12, 20, 20),
		"ball with a spike": func(z, y, x int) bool { return ball(9, 12, 20, 20)(z, y, x) || z == 12 && y == 20 && x > 20 && x < 40 },
	} {
		v := volume("|u1", [3]int{24, 48, 48}, labelled(1, in))
		exact := surfaceOf(t, v, 1, whole)
		before := len(exact.Triangles)
		for _, most := range []float64{0.05, 0.25, 0.5, 1} {
			m := surfaceOf(t, v, 1, &Options{Error: most, Triangles: 1})
			if problem, _ := defects(m); problem != "" {
				t.Fatalf("%s: %s", name, problem)
			}
			if len(m.Triangles) >= before {
				t.Errorf("%s: an error of %v leaves %d triangles, as many as a smaller one", name, most, len(m.Triangles)/3)
			}
			before = len(m.Triangles)
			var sum, worst float64
			n := 0
			for i := 0; i < len(exact.Vertices)/3; i += 97 {
				d := m.distance(exact.vertex(uint32(i)))
				sum, worst = sum+d*d, max(worst, d)
				n++
			}
			back := 0.0
			for i := 0; i < len(m.Vertices)/3; i += 23 {
				back = max(back, exact.distance(m.vertex(uint32(i))))
			}
			rms := math.Sqrt(sum / float64(n))
			t.Logf("%s: error %v: %d of %d triangles; %.3f rms, %.3f at most, %.3f back, volume %+.2f %%", name, most, len(m.Triangles)/3, len(exact.Triangles)/3,
				rms, worst, back, 100*(m.volume()/exact.volume()-1))
			if rms > most/2 || worst > 1.5*most || back > 1.5*most {
				t.Errorf("%s: an error of %v leads to %.3f rms, %.3f at most, %.3f back", name, most, rms, worst, back)
			}
		}
	}
}

// outline are the places where the surface meets the face of the volume at which axis 0 is 0.
func (m *Mesh) outline() map[[3]float64]bool {
	in, out := map[[3]float64]bool{}, map[[3]float64]bool{}
	for t := 0; t < len(m.Triangles); t += 3 {
		list := in
		for i := range 3 {
			if m.vertex(m.Triangles[t+i])[0] != 0 {
				list = out
			}
		}
		for i := range 3 {
			list[m.vertex(m.Triangles[t+i])] = true
		}
	}
	for p := range in {
		if !out[p] {
			delete(in, p)
		}
	}
	return in
}

func TestTheOutlineAtAFaceIsKept(t *testing.T) {
	v := volume("<u4", [3]int{20, 40, 40}, labelled(3, ball(17, 0, 20, 20)))
	want := surfaceOf(t, v, 3, whole).outline()
	if len(want) < 60 {
		t.Fatalf("the outline has %d vertices", len(want))
	}
	missing := func(fixed bool) (n int) {
		m := surfaceOf(t, v, 3, &Options{Error: 3, Triangles: 1, Fixed: fixed})
		if problem, euler := defects(m); problem != "" || euler != 2 {
			t.Fatal(problem, euler)
		}
		if inner := len(m.Vertices)/3 - len(m.outline()); inner > 60 {
			t.Errorf("%d other vertices are left", inner)
		}
		now := m.outline()
		for p := range want {
			if !now[p] {
				n++
			}
		}
		return n
	}
	if n := missing(true); n > 0 {
		t.Errorf("%d of %d vertices of the outline are gone", n, len(want))
	}
	if n := missing(false); n < len(want)/2 {
		t.Errorf("without need %d of %d vertices of the outline are kept", len(want)-n, len(want))
	}
}

func TestNormalsTurnNoFurtherThanTheyMay(t *testing.T) {
	v := volume("|u1", [3]int{24, 40, 40}, labelled(1, ball(11, 12, 20, 20)))
	left := func(angle float64) int {
		m := surfaceOf(t, v, 1, &Options{Error: 2, Triangles: 1, Angle: angle})
		if problem, euler := defects(m); problem != "" || euler != 2 {
			t.Fatal(problem, euler)
		}
		return len(m.Triangles) / 3
	}
	if n, want := left(1e-9), len(surfaceOf(t, v, 1, whole).Triangles)/3; n < want*9/10 {
		t.Errorf("%d of %d triangles are left where no normal may turn", n, want)
	}
	if few, more, many := left(90), left(10), left(1); few >= more || more >= many {
		t.Errorf("%d triangles are left where normals may turn by 90 degrees, %d where by 10, %d where by 1", few, more, many)
	}
	if a, b := left(0), left(DefaultAngle); a != b {
		t.Errorf("%d triangles are left by default, and %d by that angle", a, b)
	}
	if a, b := left(1000), left(90); a != b {
		t.Errorf("%d triangles are left where normals may turn by 1000 degrees, and %d where by 90", a, b)
	}
	// What is flat needs no turn.
	if n := len(surfaceOf(t, volume("|u1", [3]int{9, 9, 9}, labelled(1, all)), 1, &Options{Angle: 1e-9, Triangles: 1}).Triangles) / 3; n > 100 {
		t.Errorf("a block has %d triangles where no normal may turn", n)
	}
}

func TestSimplifiedToANumberOfTriangles(t *testing.T) {
	v := volume("|u1", [3]int{24, 48, 48}, labelled(1, torus))
	m := surfaceOf(t, v, 1, &Options{Error: 10, Triangles: 500})
	if problem, euler := defects(m); problem != "" || euler != 0 {
		t.Fatal(problem, euler)
	}
	if n := len(m.Triangles) / 3; n > 500 || n < 490 {
		t.Errorf("there are %d triangles, want 500", n)
	}
	m = surfaceOf(t, v, 1, &Options{Error: 1e6, Triangles: 1})
	if problem, euler := defects(m); problem != "" || euler != 0 {
		t.Fatal(problem, euler)
	}
}

func TestSameMeshEveryTime(t *testing.T) {
	shape := [3]int{30, 30, 30}
	v := volume("<u2", shape, voronoi(shape, 5, 9))
	var before []byte
	for range 3 {
		data := surfaceOf(t, v, 3, nil).Encode(nil, [3]int{2, 1, 0}, [3]float64{1, 1, 1})
		if before != nil && !bytes.Equal(data, before) {
			t.Fatal("the mesh is another one")
		}
		before = data
	}
}

// However voxels touch, the surface is a closed manifold, before and after.
func FuzzSurface(f *testing.F) {
	f.Add(uint64(1), uint8(128), []byte{})
	f.Add(uint64(2), uint8(20), []byte{1, 2, 3})
	f.Add(uint64(3), uint8(230), []byte{255})
	f.Fuzz(func(t *testing.T, seed uint64, filled uint8, blocks []byte) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		shape := [3]int{1 + rnd.IntN(7), 1 + rnd.IntN(7), 1 + rnd.IntN(7)}
		v := volume("|u1", shape, func(z, y, x int) uint64 {
			if i := (z*shape[1]+y)*shape[2] + x; i < len(blocks) {
				return uint64(blocks[i] % 4)
			}
			if uint8(rnd.Uint32()) < filled {
				return 1
			}
			return uint64(rnd.IntN(4))
		})
		b, err := Scan(t.Context(), v, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range b.All() {
			for _, most := range []float64{-1, 0.3, 1e3} {
				m, err := Surface(t.Context(), only(v), o, &Options{Error: most})
				if err != nil {
					t.Fatal(err)
				}
				if problem, _ := defects(m); problem != "" {
					t.Fatalf("label %d, error %v: %s", o.Label, most, problem)
				}
				if most < 0 && (m.volume() > float64(o.Voxels)*1.5 || m.volume() <= 0) {
					t.Fatalf("the volume is %v instead of %d", m.volume(), o.Voxels)
				}
				for i, x := range m.Vertices {
					if x < 0 || x > float32(shape[i%3]) {
						t.Fatalf("a vertex lies outside of the volume: at %v on axis %d of %d voxels", x, i%3, shape[i%3])
					}
				}
			}
		}
	})
}

func TestEveryConfigurationIsClosed(t *testing.T) {
	// Two by two by two voxels in all ways, alone and in a frame of voxels that touch them.
	for config := range 256 {
		for _, frame := range []bool{false, true} {
			v := volume("|u1", [3]int{4, 4, 4}, func(z, y, x int) uint64 {
				if z%3 == 0 || y%3 == 0 || x%3 == 0 {
					if frame && (z+y+x)%2 == 0 {
						return 1
					}
					return 0
				}
				return uint64(config >> ((z-1)*4 + (y-1)*2 + x - 1) & 1)
			})
			o := Object{Label: 1, To: [3]int{4, 4, 4}}
			m, err := Surface(t.Context(), only(v), o, whole)
			if err != nil {
				if config == 0 && !frame && errors.Is(err, ErrNoLabel) {
					continue
				}
				t.Fatal(err)
			}
			if problem, _ := defects(m); problem != "" {
				t.Errorf("configuration %08b: %s", config, problem)
			}
		}
	}
}

// coarser makes levels by taking every voxel that a step meets first.
func coarser(shape [3]int, in func(z, y, x int) uint64, asked *[]int) func(step int) (*Volume, error) {
	return func(step int) (*Volume, error) {
		*asked = append(*asked, step)
		var s [3]int
		for a := range 3 {
			s[a] = (shape[a] + step - 1) / step
		}
		at := func(i, a int) int { return min(i*step+step/2, shape[a]-1) }
		return volume("<u4", s, func(z, y, x int) uint64 { return in(at(z, 0), at(y, 1), at(x, 2)) }), nil
	}
}

func TestLargeLabelsAreMeshedFromCoarserLevels(t *testing.T) {
	shape := [3]int{61, 67, 71}
	in := labelled(4, ball(28, 30, 33, 35))
	var asked []int
	at := coarser(shape, in, &asked)
	full, _ := at(1)
	o := find(t, full, 4)
	for name, c := range map[string]struct {
		opt  Options
		step int
	}{
		"as it is": {Options{}, 1}, "box": {Options{Voxels: 30000}, 2}, "vertices": {Options{Vertices: 2000}, 4}, "both": {Options{Voxels: 30000, Vertices: 2000}, 4},
	} {
		m, err := Surface(t.Context(), at, o, &c.opt)
		if err != nil {
			t.Fatal(name, err)
		}
		if problem, _ := defects(m); problem != "" || m.Step != c.step || m.Error != DefaultError*float64(c.step) {
			t.Errorf("%s: step %d, error %v, %s", name, m.Step, m.Error, problem)
		}
		if off := m.volume()/float64(o.Voxels) - 1; math.Abs(off) > 0.02*float64(c.step) {
			t.Errorf("%s: the volume is off by %.1f %%", name, 100*off)
		}
	}
	// At a coarse level a label still ends with the volume.
	m, err := Surface(t.Context(), coarser(shape, labelled(4, all), &asked), Object{Label: 4, To: shape}, &Options{Voxels: 1000})
	if err != nil || m.Step != 8 {
		t.Fatal(err, m)
	}
	if want := 61.0 * 67 * 71; math.Abs(m.volume()-want) > 1 {
		t.Errorf("the volume is %v, want %v", m.volume(), want)
	}
	// What is lost in the coarse level is said to be.
	thin := labelled(4, func(z, y, x int) bool { return z == 0 && y == 0 })
	_, err = Surface(t.Context(), coarser(shape, thin, &asked), Object{Label: 4, To: shape}, &Options{Voxels: 1000})
	if !errors.Is(err, ErrNoLabel) || !strings.Contains(err.Error(), "too thin") {
		t.Error(err)
	}
}

func TestEncode(t *testing.T) {
	m := &Mesh{Vertices: []float32{7, 8, 9, 1, 2, 3, 4, 5, 6}, Triangles: []uint32{0, 1, 2}}
	want := []byte("before")
	put := func(v ...any) {
		for _, v := range v {
			want, _ = binary.Append(want, binary.LittleEndian, v)
		}
	}
	put(uint32(3), []float32{18, 80, 3.5, 6, 20, 0.5, 12, 50, 2}, []uint32{0, 2, 1})
	if got := m.Encode([]byte("before"), [3]int{2, 1, 0}, [3]float64{0.5, 10, 2}); !bytes.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	want = nil
	put(uint32(3), []float32{-7, 8, 9, -1, 2, 3, -4, 5, 6}, []uint32{0, 2, 1})
	if got := m.Encode(nil, [3]int{0, 1, 2}, [3]float64{-1, 1, 1}); !bytes.Equal(got, want) {
		t.Errorf("mirrored: got %v, want %v", got, want)
	}
}

func TestWhatCannotBeMeshed(t *testing.T) {
	good := volume("<u4", [3]int{8, 8, 8}, labelled(4, ball(3, 4, 4, 4)))
	box := Object{Label: 4, To: [3]int{8, 8, 8}}
	with := func(change func(v *Volume)) *Volume {
		v := *good
		change(&v)
		return &v
	}
	broken := errors.New("the process is gone")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		v    *Volume
		o    Object
		want string
	}{
		"float": {nil, with(func(v *Volume) { v.Descr = "<f4" }), box, `the dtype "<f4"`},
		"no":    {nil, with(func(v *Volume) { v.Descr = "" }), box, `the dtype ""`},
		"size":  {nil, with(func(v *Volume) { v.Descr = "<u3" }), box, `the dtype "<u3"`},
		"label": {nil, good, Object{Label: 5, To: [3]int{8, 8, 8}}, "label 5 has no voxel"},
		"box":   {nil, good, Object{Label: 4, To: [3]int{8, 8, 9}}, "lies outside"},
		"empty": {nil, good, Object{Label: 4}, "lies outside"},
		"broken": {nil, with(func(v *Volume) {
			v.Read = func(context.Context, [3]int, [3]int, []byte) ([]byte, error) { return nil, broken }
		}), box, "gone"},
		"short": {nil, with(func(v *Volume) {
			v.Read = func(context.Context, [3]int, [3]int, []byte) ([]byte, error) { return make([]byte, 7), nil }
		}), box, "7 bytes instead of 2048"},
		"context": {cancelled, good, box, "canceled"},
	} {
		ctx := c.ctx
		if ctx == nil {
			ctx = t.Context()
		}
		if _, err := Surface(ctx, only(c.v), c.o, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := Surface(t.Context(), func(int) (*Volume, error) { return nil, broken }, box, nil); !errors.Is(err, broken) {
		t.Error(err)
	}
	if _, err := Surface(t.Context(), func(int) (*Volume, error) { return good, nil }, box, &Options{Voxels: 100}); err == nil || !strings.Contains(err.Error(), "instead of 4") {
		t.Error(err)
	}
}

// The last four triangles of a surface stay: two that are the same are none.
func TestTetrahedronStays(t *testing.T) {
	m := &Mesh{Vertices: []float32{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, Triangles: []uint32{0, 2, 1, 0, 1, 3, 1, 2, 3, 2, 0, 3}}
	if problem, euler := defects(m); problem != "" || euler != 2 {
		t.Fatal(problem, euler)
	}
	c := newCollapser(m, &Options{Error: 10, Angle: DefaultAngle}, [3]int{1, 1, 1})
	for h := range uint32(12) {
		if c.link(h, c.half[h].vertex, c.half[after(h)].vertex) {
			t.Errorf("half-edge %d may collapse", h)
		}
	}
}
