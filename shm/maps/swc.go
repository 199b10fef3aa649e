package maps

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Tracks are traced dendrites on their way into a map, in micrometres; each segment is
// one line from an end or a branch to the next.
type Tracks struct {
	Segments [][]TrackPoint
	// DZ is the micrometres of a slice.
	DZ float64
}

// TrackPoint is a point of a tracing, in micrometres.
type TrackPoint struct{ X, Y, Z, Radius float64 }

// maxTrack bounds the points of a tracing.
const maxTrack = 1 << 20

// ReadSWC reads a tracing in the format SWC: lines of id, type, x, y, z, radius, parent, in
// micrometres. It is cut into segments where it branches. dz is the micrometres of a
// slice; 0 stands for 1.
func ReadSWC(data []byte, dz float64) (*Tracks, error) {
	type node struct {
		at       TrackPoint
		parent   int // its place in nodes, -1
		children int
	}
	var nodes []node
	index := map[int]int{} // by id
	parents := []int{}
	n := 0
	for line := range bytes.Lines(bytes.ReplaceAll(data, []byte{'\r'}, []byte{'\n'})) {
		n++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		f := bytes.Fields(bytes.ReplaceAll(line, []byte{','}, []byte{' '}))
		if len(f) < 7 {
			return nil, fmt.Errorf("line %d has %d fields; a point has id, type, x, y, z, radius, parent", n, len(f))
		}
		var v [7]float64
		for i := range v {
			var ok bool
			if v[i], ok = number(f[i]); !ok || math.IsNaN(v[i]) {
				return nil, fmt.Errorf("line %d: %q is no number", n, f[i])
			}
		}
		if math.Abs(v[0]) > math.MaxInt32 || math.Abs(v[6]) > math.MaxInt32 {
			return nil, fmt.Errorf("line %d: %q is no number of a point", n, f[0])
		}
		id := int(v[0])
		if _, twice := index[id]; twice {
			return nil, fmt.Errorf("line %d: there are two points %d", n, id)
		}
		if len(nodes) >= maxTrack {
			return nil, fmt.Errorf("it has more than %d points", maxTrack)
		}
		index[id] = len(nodes)
		nodes = append(nodes, node{TrackPoint{v[2], v[3], v[4], v[5]}, -1, 0})
		parents = append(parents, int(v[6]))
	}
	if len(nodes) == 0 {
		return nil, errors.New("it has no points")
	}
	children := make([][]int, len(nodes))
	for i, id := range parents {
		if p, ok := index[id]; ok && p != i && id >= 0 {
			nodes[i].parent = p
			nodes[p].children++
			children[p] = append(children[p], i)
		}
	}
	t := &Tracks{DZ: or1(dz)}
	// A segment begins at a root, and at each child of a branch, and goes on to the next end
	// or branch. A ring of parents has no root, and is left out.
	visited := 0
	for i := range nodes {
		begins := nodes[i].parent < 0 || nodes[nodes[i].parent].children > 1
		if !begins {
			continue
		}
		var s []TrackPoint
		if p := nodes[i].parent; p >= 0 {
			s = append(s, nodes[p].at)
		}
		for k := i; ; k = children[k][0] {
			s = append(s, nodes[k].at)
			visited++
			if len(children[k]) != 1 {
				break
			}
		}
		if len(s) > 1 {
			t.Segments = append(t.Segments, s)
		}
	}
	if visited < len(nodes) {
		return nil, errors.New("some points are their own ancestors")
	}
	if len(t.Segments) == 0 {
		return nil, errors.New("it has no two points that are connected")
	}
	return t, nil
}

// points returns how many points the tracing has.
func (t *Tracks) points() int {
	n := 0
	if t == nil {
		return 0
	}
	for _, s := range t.Segments {
		n += len(s)
	}
	return n
}

// lines returns the file of lines of the tracing.
func (t *Tracks) lines(stack string) []string {
	lines := []string{fmt.Sprintf("stack=%s;numHeaderRow=%d;", stack, len(t.Segments)), "On,Idx,start,stop,n,um,r,"}
	points := []string{"x,y,z,radius,prevNode,ID,sDist,"}
	at := 0
	for i, s := range t.Segments {
		d := distances(s)
		lines = append(lines, fmt.Sprintf(",%d,%d,%d,%d,%s,%s,", i, at, at+len(s)-1, len(s), FormatNumber(d[len(d)-1]), FormatNumber(s[0].Radius)))
		for k, p := range s {
			prev := at + k - 1
			if k == 0 {
				prev = -1
			}
			points = append(points, strings.Join([]string{
				FormatNumber(p.X), FormatNumber(p.Y), FormatNumber(p.Z / t.DZ), FormatNumber(p.Radius), strconv.Itoa(prev), strconv.Itoa(i), FormatNumber(d[k]),
			}, ",")+",")
		}
		at += len(s)
	}
	return append(lines, points...)
}

// distances returns how far each point is from the first along x and y.
func distances(s []TrackPoint) []float64 {
	d := make([]float64, len(s))
	for i := 1; i < len(s); i++ {
		d[i] = d[i-1] + math.Hypot(s[i].X-s[i-1].X, s[i].Y-s[i-1].Y)
	}
	return d
}

// attach finds where on the tracing an object at x, y (micrometres) and slice z belongs:
// the nearest point, of its segment if that is known.
func (t *Tracks) attach(cells map[string]string, x, y, z, dz float64) {
	if t == nil || math.IsNaN(x+y) {
		return
	}
	only := -1
	if p, ok := cells["parentID"]; ok {
		only, _ = strconv.Atoi(p)
	}
	best, segment, point, row, at := math.Inf(1), -1, 0, 0, 0
	for i, s := range t.Segments {
		if only < 0 || i == only {
			for k, p := range s {
				h := 0.0
				if !math.IsNaN(z) {
					h = p.Z - z*dz
				}
				if d := (p.X-x)*(p.X-x) + (p.Y-y)*(p.Y-y) + h*h; d < best {
					best, segment, point, row = d, i, k, at+k
				}
			}
		}
		at += len(s)
	}
	if segment < 0 {
		return
	}
	s := t.Segments[segment]
	p := s[point]
	cells["parentID"], cells["cPnt"], cells["sDist"] = strconv.Itoa(segment), strconv.Itoa(row), FormatNumber(distances(s[:point+1])[point])
	cells["cx"], cells["cy"], cells["cz"] = FormatNumber(p.X), FormatNumber(p.Y), FormatNumber(math.Round(p.Z/t.DZ))
}
