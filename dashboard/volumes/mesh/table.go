package mesh

// A cell lies between the centres of eight voxels, its corners. Which of them have the label is its
// configuration, a bit a corner. Corner c lies at the upper end of axis a if c has the bit weight[a].
var weight = [3]int{2, 1, 4}

// others are the two other axes of each, such that the three are right-handed.
var others = [3][2]int{{1, 2}, {2, 0}, {0, 1}}

// An edge joins two corners along an axis. Edge 4*a+o runs along axis a; o has bit 0 if it lies at
// the upper end of the first of the others, and bit 1 for the second. Face 2*a+s is that at the lower
// (s = 0) or upper end of axis a.

// configuration is what follows from which corners have the label.
type configuration struct {
	// The surface crosses the edges whose two corners differ. It cuts the cell's hull in loops, each
	// of which is one vertex. A face whose corners differ along both of its diagonals is crossed by
	// two parts of loops: each goes around one of the corners with the label, so that voxels which
	// touch along an edge alone are apart. Both cells of a face decide alike, so the surface is closed.
	loops   int
	loop    [12]uint8 // of each edge that is crossed
	mixed   uint8     // the faces whose corners differ, a bit each
	crossed [6]uint8  // an edge that is crossed, of each face in mixed
	// twice are the faces through which one loop goes twice. If that is so on both sides, the edge of
	// the mesh between the two vertices would belong to four triangles.
	twice uint8
	// plain cells have one loop whichever side is the inner one, and one vertex for all labels.
	plain bool
	// area is the area of the surface of a plain cell, as a vector that points away from the corners with
	// the label: as it is while the vertex lies in the middle of the cell.
	area [3]float32
}

var configurations = func() (all [256]configuration) {
	for i := range all {
		all[i] = configure(i)
	}
	for i := range all {
		all[i].plain = all[i].plain && all[255-i].plain
	}
	return all
}()

// ends are the two corners of an edge.
func ends(edge int) (low, high int) {
	a, o := edge/4, edge%4
	if o&1 != 0 {
		low |= weight[others[a][0]]
	}
	if o&2 != 0 {
		low |= weight[others[a][1]]
	}
	return low, low | weight[a]
}

// faceEdges are the four edges of a face.
func faceEdges(face int) (list [4]int) {
	n := 0
	for edge := range 12 {
		low, high := ends(edge)
		w := weight[face/2]
		at := w * (face % 2)
		if low&w == at && high&w == at {
			list[n] = edge
			n++
		}
	}
	return list
}

func configure(which int) configuration {
	var c configuration
	has := func(corner int) bool { return which>>corner&1 != 0 }
	var set [12]int
	for i := range set {
		set[i] = i
	}
	root := func(i int) int {
		for set[i] != i {
			i = set[i]
		}
		return i
	}
	join := func(a, b int) { set[max(root(a), root(b))] = min(root(a), root(b)) }
	crossed := func(edge int) bool { low, high := ends(edge); return has(low) != has(high) }
	c.plain = true
	var ambiguous []int
	for face := range 6 {
		var list []int
		for _, edge := range faceEdges(face) {
			if crossed(edge) {
				list = append(list, edge)
			}
		}
		switch len(list) {
		case 2:
			join(list[0], list[1])
		case 4:
			c.plain = false
			ambiguous = append(ambiguous, face)
			for i, e := range list {
				for _, f := range list[:i] {
					if inner(e, has) == inner(f, has) {
						join(e, f)
					}
				}
			}
		}
		if len(list) > 0 {
			c.mixed |= 1 << face
			c.crossed[face] = uint8(list[0])
		}
	}
	for edge := range 12 {
		if crossed(edge) && root(edge) == edge {
			for e := range 12 {
				if root(e) == edge {
					c.loop[e] = uint8(c.loops)
				}
			}
			c.loops++
		}
	}
	for _, face := range ambiguous {
		list := faceEdges(face)
		if c.loop[list[0]] == c.loop[list[1]] && c.loop[list[1]] == c.loop[list[2]] && c.loop[list[2]] == c.loop[list[3]] {
			c.twice |= 1 << face
		}
	}
	c.plain = c.plain && c.loops == 1
	if c.plain {
		// Each edge that is crossed adds a quarter of the face between two voxels.
		for edge := range 12 {
			switch low, high := ends(edge); {
			case has(low) && !has(high):
				c.area[edge/4] += 0.25
			case has(high) && !has(low):
				c.area[edge/4] -= 0.25
			}
		}
	}
	return c
}

// inner is the corner of a crossed edge that has the label.
func inner(edge int, has func(int) bool) int {
	low, high := ends(edge)
	if has(low) {
		return low
	}
	return high
}
