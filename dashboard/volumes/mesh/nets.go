package mesh

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
)

// What a vertex may do when the surface is relaxed.
const (
	pinned  = iota // nothing
	crease         // it lies where three labels meet, and moves along that line
	rim            // it lies where two labels meet at a face of the volume, and moves in that face
	surface        // it lies between two regions
)

// none stands for no vertex.
const none = ^uint32(0)

var errVertices = errors.New("too many vertices")

// net is the surface of a label while it is made. Each vertex belongs to a cell, which lies around a
// corner of voxels.
type net struct {
	at        []float32 // that corner, in voxels: three a vertex
	kind      []uint8
	normal    []float32 // three a vertex: its area, then of length 1
	faces     []uint8   // through which faces the vertex has neighbours, a bit each
	next      []uint32  // those neighbours: six a vertex
	shift     []float32 // where the vertex lies, from at: three a vertex
	triangles []uint32
	halves    map[half]uint32
	limit     int
}

// half says on which side of a face a vertex of its own is needed: see configuration.twice.
type half struct {
	a, b  uint32 // the vertices of the two cells
	voxel [3]int // with the label
}

// builder walks over the cells of a box, plane by plane. It keeps two planes of voxels and two of
// cells.
type builder struct {
	net
	item     item
	shape    [3]int
	from, to [3]int // the label's box
	lo, hi   [3]int // what is read: the box and one voxel around it, as far as there are any
	// the voxels at the lower and the upper side of the cells. A plane of marks has a byte a voxel of the
	// label's box and a margin of zeros; a plane of items has those that are read, nil outside of the
	// volume.
	marks [2][]byte
	width int
	items [2][]byte
	// of each cell of the plane below and of this one
	config [2][]uint8
	first  [2][]uint32 // its first vertex
}

// build returns the surface of a label whose voxels lie in a box. Voxel i of an axis goes from i to
// i+1. The mesh has at most limit vertices, else the error is errVertices.
func build(ctx context.Context, v *Volume, label uint64, from, to [3]int, limit int) (*net, error) {
	it, err := v.check()
	if err != nil {
		return nil, err
	}
	if !inside(v.Shape, from, to) {
		return nil, fmt.Errorf("the box from %v to %v lies outside of a volume of the shape %v", from, to, v.Shape)
	}
	b := &builder{item: it, shape: v.Shape, from: from, to: to, net: net{limit: limit, halves: map[half]uint32{}}}
	for a := range 3 {
		b.lo[a], b.hi[a] = max(from[a]-1, 0), min(to[a]+1, v.Shape[a])
	}
	ny, nx := to[1]-from[1], to[2]-from[2]
	b.width = nx + 2 + 16 // cells are looked at by eight, so there is more to read than there is
	for i := range 2 {
		b.marks[i] = make([]byte, (ny+2)*b.width)
		b.config[i] = make([]uint8, (ny+1)*(nx+1))
		b.first[i] = make([]uint32, (ny+1)*(nx+1))
	}
	plane := (b.hi[1] - b.lo[1]) * (b.hi[2] - b.lo[2]) * it.size
	var data, last []byte
	err = it.slabs(b.lo, b.hi, v.AtOnce, true, func(lo, hi [3]int) (err error) {
		if b.items[1] != nil {
			last = append(last[:0], b.items[1]...)
			b.items[1] = last
		}
		if data, err = v.read(ctx, it, lo, hi, data); err != nil {
			return err
		}
		for z := lo[0]; z < hi[0]; z++ {
			items := data[(z-lo[0])*plane:][:plane]
			if err := b.plane(z, items, label); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && b.hi[0] == to[0] { // the label touches the end of the volume
		err = b.plane(to[0], nil, label)
	}
	if err != nil {
		return nil, err
	}
	return &b.net, nil
}

// plane takes the next plane of items, nil for the one after the volume, and makes the cells below it.
func (b *builder) plane(z int, items []byte, label uint64) error {
	b.marks[0], b.marks[1] = b.marks[1], b.marks[0]
	b.items[0], b.items[1] = b.items[1], items
	clear(b.marks[1])
	if z >= b.from[0] && z < b.to[0] {
		b.mark(items, label)
	}
	if z < b.from[0] {
		return nil
	}
	b.config[0], b.config[1] = b.config[1], b.config[0]
	b.first[0], b.first[1] = b.first[1], b.first[0]
	return b.cells(z)
}

// mark writes 1 for each voxel of the box that has the label.
func (b *builder) mark(items []byte, label uint64) {
	size := b.item.size
	stride := (b.hi[2] - b.lo[2]) * size
	n := (b.to[2] - b.from[2]) * size
	for y := b.from[1]; y < b.to[1]; y++ {
		row := items[(y-b.lo[1])*stride+(b.from[2]-b.lo[2])*size:][:n]
		marks := b.marks[1][(y-b.from[1]+1)*b.width+1:]
		for x := 0; x < n; {
			raw := b.item.load(row[x:])
			run := b.item.run(row[x:], raw)
			if b.item.label(raw) == label {
				for i := x / size; i < (x+run)/size; i++ {
					marks[i] = 1
				}
			}
			x += run
		}
	}
}

// cells makes the vertices of the cells between the two planes, and the triangles around the edges
// of which these cells are the last.
func (b *builder) cells(z int) error {
	ny, nx := b.to[1]-b.from[1], b.to[2]-b.from[2]
	for y := 0; y <= ny; y++ {
		r0, r1 := b.marks[0][y*b.width:][:2*b.width], b.marks[1][y*b.width:][:2*b.width]
		left := uint64(0)
		for x := 0; x <= nx; x += 8 {
			columns := binary.LittleEndian.Uint64(r0[x+1:]) | binary.LittleEndian.Uint64(r0[b.width+x+1:])<<1 |
				binary.LittleEndian.Uint64(r1[x+1:])<<2 | binary.LittleEndian.Uint64(r1[b.width+x+1:])<<3
			if columns == left*0x0101010101010101 && (left == 0 || left == 15) {
				continue
			}
			for i := x; i < x+8 && i <= nx; i++ {
				right := columns & 15
				columns >>= 8
				if config := left | right<<4; config != 0 && config != 255 {
					if err := b.cell(z, y, i, uint8(config)); err != nil {
						return err
					}
				}
				left = right
			}
		}
	}
	return nil
}

// cell makes the vertices of one cell.
func (b *builder) cell(z, y, x int, config uint8) error {
	row := b.to[2] - b.from[2] + 1
	here := y*row + x
	c := &configurations[config]
	first := uint32(len(b.kind))
	b.config[1][here], b.first[1][here] = config, first
	if len(b.kind)+c.loops > b.limit {
		return errVertices
	}
	at := [3]int{z, b.from[1] + y, b.from[2] + x}
	kind, faces, area := uint8(pinned), uint8(0), c.area
	if c.plain {
		var axis int
		if kind, faces, axis = b.regions(at, config); kind == rim {
			area[axis] = 0
		}
	}
	for range c.loops {
		b.vertex([3]float32{float32(at[0]), float32(at[1]), float32(at[2])}, kind, faces, area)
	}
	// The cells below are known: they and this one are neighbours.
	for a, back := range [3]int{0, row, 1} {
		face := 2 * a
		if c.mixed>>face&1 == 0 {
			continue
		}
		plane, there := 1, here-back
		if a == 0 {
			plane = 0
		}
		edge := int(c.crossed[face])
		other := b.first[plane][there] + uint32(configurations[b.config[plane][there]].loop[across(edge, a)])
		mine := first + uint32(c.loop[edge])
		b.next[6*int(mine)+face] = other
		b.next[6*int(other)+face+1] = mine
	}
	for a := range 3 {
		low, high := config&1, config>>weight[a]&1
		if low != high {
			if err := b.quad(at, here, row, a, low != 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// across is the number of an edge of the lower face of axis a in the cell below.
func across(edge, a int) int {
	if others[edge/4][0] == a {
		return edge | 1
	}
	return edge | 2
}

func (n *net) vertex(at [3]float32, kind, faces uint8, area [3]float32) uint32 {
	n.at = append(n.at, at[:]...)
	n.kind = append(n.kind, kind)
	n.faces = append(n.faces, faces)
	n.normal = append(n.normal, area[:]...)
	n.next = append(n.next, none, none, none, none, none, none)
	return uint32(len(n.kind) - 1)
}

// quad makes the triangles around the edge that runs along axis a from the lowest corner of a cell. It
// is crossed outwards if up, else inwards.
func (b *builder) quad(at [3]int, here, row, a int, up bool) error {
	back := [3]int{0, row, 1}
	// the four cells around the edge, counter-clockwise as seen from the upper end
	around := [4][2]bool{{true, true}, {false, true}, {false, false}, {true, false}}
	var corner [4]uint32
	var config [4]uint8
	for i, below := range around {
		plane, there, edge := 1, here, 4*a
		for j, is := range below {
			if is {
				o := others[a][j]
				edge |= 1 << j
				there -= back[o]
				if o == 0 {
					plane = 0
				}
			}
		}
		config[i] = b.config[plane][there]
		corner[i] = b.first[plane][there] + uint32(configurations[config[i]].loop[edge])
	}
	// The side from one cell to the next goes through a face: upwards along the first of the other
	// axes, then the second, then down again.
	polygon := make([]uint32, 0, 8)
	from := none
	for i := range 4 {
		j := (i + 1) % 4
		axis, up1 := others[a][i%2], i < 2
		out, in := 2*axis, 2*axis+1
		if up1 {
			out, in = in, out
		}
		polygon = append(polygon, corner[i])
		if configurations[config[i]].twice>>out&1 == 0 || configurations[config[j]].twice>>in&1 == 0 {
			continue
		}
		voxel := [3]int{at[0] - 1, at[1] - 1, at[2] - 1}
		if !up {
			voxel[a]++
		}
		m, err := b.half(corner[i], corner[j], voxel)
		if err != nil {
			return err
		}
		if from == none {
			from = uint32(len(polygon))
		}
		polygon = append(polygon, m)
	}
	if from != none { // triangles from a vertex that no other polygon shares twice
		polygon = append(polygon[from:len(polygon):len(polygon)], polygon[:from]...)
	}
	for i := 2; i < len(polygon); i++ {
		p, q := polygon[i-1], polygon[i]
		if !up {
			p, q = q, p
		}
		b.triangles = append(b.triangles, polygon[0], p, q)
	}
	return nil
}

// half is the vertex in the middle between two, on the side of a voxel.
func (b *builder) half(v, w uint32, voxel [3]int) (uint32, error) {
	key := half{min(v, w), max(v, w), voxel}
	if m, ok := b.halves[key]; ok {
		return m, nil
	}
	if len(b.kind) >= b.limit {
		return 0, errVertices
	}
	var at [3]float32
	for a := range 3 {
		p, q := b.at[3*int(v)+a], b.at[3*int(w)+a]
		at[a] = (p + q) / 2
		if p == q {
			at[a] += (float32(voxel[a]) + 0.5 - p) / 2
		}
	}
	m := b.vertex(at, pinned, 0, [3]float32{})
	b.halves[key] = m
	return m, nil
}

// regions says how the vertex of a plain cell may move, and along which faces: over the surface
// between two regions, along the line where three meet, not at all where more do. A region is a
// label, or what is beyond one of the faces of the volume, whose axis is returned for a rim. All labels of a cell come to the same
// answer, so the surfaces of two that touch are the same where they touch.
func (b *builder) regions(at [3]int, config uint8) (kind, faces uint8, axis int) {
	size := b.item.size
	stride := [3]int{0, (b.hi[2] - b.lo[2]) * size, size}
	var region [8]uint8 // 0 is the label
	var other [2]uint64
	n := uint8(0)
	for corner := range 8 {
		if config>>corner&1 != 0 {
			continue
		}
		// What is beyond a face is told from labels by a number of its own.
		beyond, offset := uint64(0), 0
		for a := range 3 {
			i := at[a] - 1
			if corner&weight[a] != 0 {
				i++
			}
			switch {
			case i < 0:
				beyond = uint64(2*a + 1)
			case i >= b.shape[a]:
				beyond = uint64(2*a + 2)
			default:
				offset += (i - b.lo[a]) * stride[a]
			}
		}
		raw, outside := beyond, beyond != 0
		if !outside {
			plane := 0
			if corner&weight[0] != 0 {
				plane = 1
			}
			raw = b.item.load(b.items[plane][offset:])
			if b.item.bool {
				raw = min(raw, 1)
			}
		}
		// region 1 and 2 are labels, 3 and more are beyond
		if outside {
			region[corner] = 2 + uint8(raw)
			continue
		}
		switch {
		case n > 0 && raw == other[0]:
			region[corner] = 1
		case n > 1 && raw == other[1]:
			region[corner] = 2
		case n == 2:
			return pinned, 0, 0
		default:
			other[n] = raw
			n++
			region[corner] = n
		}
	}
	seen := uint16(0)
	for _, r := range region {
		seen |= 1 << r
	}
	switch bits.OnesCount16(seen) {
	case 2:
		return surface, configurations[config].mixed, 0
	case 3:
	default:
		return pinned, 0, 0
	}
	for r := range uint8(9) {
		if seen>>r&1 == 0 {
			continue
		}
		var of uint8
		for corner, is := range region {
			if is == r {
				of |= 1 << corner
			}
		}
		if !configurations[of].plain {
			return pinned, 0, 0
		}
	}
	for face := range 6 {
		on := uint16(0)
		for corner, r := range region {
			if corner&weight[face/2] == weight[face/2]*(face%2) {
				on |= 1 << r
			}
		}
		if bits.OnesCount16(on) == 3 {
			faces |= 1 << face
		}
	}
	if bits.OnesCount8(faces) != 2 {
		return pinned, 0, 0
	}
	switch beyond := seen >> 3; {
	case bits.OnesCount16(beyond) == 1:
		return rim, faces, bits.TrailingZeros16(beyond) / 2
	case beyond != 0: // an edge of the volume, which is straight
		return pinned, 0, 0
	}
	return crease, faces, 0
}

// How often the vertices move to the middle of their neighbours, how far each time, and over how
// many neighbours what they move inwards or outwards is balanced.
const (
	moves   = 8
	part    = 0.6
	balance = 8
	// reach is how far a vertex may go from the corner of voxels on which it starts: it stays in its cell.
	reach = 0.49
	// Creases go less far and are balanced over fewer neighbours, for they have no side on which to
	// tell a small loop that shrinks from a step.
	creaseReach   = 0.25
	creaseBalance = 3
)

// relax makes the surface smooth. The vertices begin on the corners of the voxels, where the surface
// encloses the voxels exactly. They move to the middle of their neighbours some times, and stay in
// their cells. That alone would shrink what is round, and thin things to nothing. So the volume that
// the surface swept over is brought back: how far each vertex has gone along its normal is averaged
// over its neighbourhood, by area, and the vertex goes back by that average. Steps of voxels cancel out in the
// average and stay smooth; what shrinks as a whole grows back, a single voxel entirely. Where three
// regions meet, vertices are smoothed and balanced along that line alone. So the surfaces of labels that
// touch stay the same, and what touches a face of the volume ends in that face.
func (n *net) relax(ctx context.Context) error {
	count := len(n.kind)
	n.shift = make([]float32, 3*count)
	n.offsets()
	areas := n.smoothNormals()
	now, then := n.shift, make([]float32, 3*count)
	for range moves {
		if err := ctx.Err(); err != nil {
			return err
		}
		n.move(then, now)
		now, then = then, now
	}
	n.shift = now
	if err := ctx.Err(); err != nil {
		return err
	}
	n.balanceCreases()
	// The volume that each vertex swept over, and its area; averaged, their ratio is how far it went.
	swept, next := make([][2]float32, count), make([][2]float32, count)
	for v := range count {
		if n.kind[v] >= rim {
			s := now[3*v : 3*v+3]
			normal := n.normal[3*v : 3*v+3]
			swept[v] = [2]float32{areas[v] * (s[0]*normal[0] + s[1]*normal[1] + s[2]*normal[2]), areas[v]}
		}
	}
	for range balance {
		n.average(next, swept)
		swept, next = next, swept
	}
	for v := range count {
		if n.kind[v] >= rim && swept[v][1] > 0 {
			back := swept[v][0] / swept[v][1]
			for i := 3 * v; i < 3*v+3; i++ {
				now[i] = min(max(now[i]-back*n.normal[i], -reach), reach)
			}
		}
	}
	return nil
}

// average writes for each vertex of a surface or a rim the mean of its values and those of its
// neighbours of the same kind.
func (n *net) average(to, from [][2]float32) {
	for v, kind := range n.kind {
		if kind < rim {
			continue
		}
		var sum [2]float32
		of, faces := float32(0), n.faces[v]
		for face, w := range n.next[6*v : 6*v+6] {
			if faces>>face&1 != 0 && n.kind[w] == kind {
				sum[0] += from[w][0]
				sum[1] += from[w][1]
				of++
			}
		}
		to[v] = from[v]
		if of > 0 {
			to[v][0] = (to[v][0] + sum[0]/of) / 2
			to[v][1] = (to[v][1] + sum[1]/of) / 2
		}
	}
}

// balanceCreases takes back by how much creases have shrunk, as relax does for surfaces.
func (n *net) balanceCreases() {
	var creases []int
	for v, kind := range n.kind {
		if kind == crease {
			creases = append(creases, v)
		}
	}
	if creases == nil {
		return
	}
	sum, next := slices.Clone(n.shift), make([]float32, len(n.shift))
	for range creaseBalance {
		for _, v := range creases {
			for a := range 3 {
				mean := float32(0)
				for face, w := range n.next[6*v : 6*v+6] {
					if n.faces[v]>>face&1 != 0 {
						mean += sum[3*int(w)+a] / 2
					}
				}
				next[3*v+a] = (sum[3*v+a] + mean) / 2
			}
		}
		sum, next = next, sum
	}
	for _, v := range creases {
		for a := range 3 {
			i := 3*v + a
			n.shift[i] = min(max(n.shift[i]-sum[i], -creaseReach), creaseReach)
		}
	}
}

// move moves every vertex towards the middle of its neighbours.
func (n *net) move(to, from []float32) {
	for v, kind := range n.kind {
		i := 3 * v
		if kind == pinned {
			to[i], to[i+1], to[i+2] = 0, 0, 0
			continue
		}
		var x, y, z, of float32
		faces := n.faces[v]
		for face, w := range n.next[6*v : 6*v+6] {
			if faces>>face&1 != 0 {
				s := from[3*w : 3*w+3 : 3*w+3]
				x, y, z, of = x+s[0], y+s[1], z+s[2], of+1
			}
		}
		d := &directions[faces]
		of = 1 / max(of, 1)
		s := from[i : i+3 : i+3]
		to[i] = min(max(s[0]+part*((x+d[0])*of-s[0]), -reach), reach)
		to[i+1] = min(max(s[1]+part*((y+d[1])*of-s[1]), -reach), reach)
		to[i+2] = min(max(s[2]+part*((z+d[2])*of-s[2]), -reach), reach)
	}
}

// directions are the sums of the directions of the faces.
var directions = func() (all [64][3]float32) {
	for faces := range all {
		for face := range 6 {
			if faces>>face&1 != 0 {
				all[faces][face/2] += float32(2*(face%2) - 1)
			}
		}
	}
	return all
}()

// offsets drops the faces behind which there is no neighbour.
func (n *net) offsets() {
	for v := range n.faces {
		for face, w := range n.next[6*v : 6*v+6] {
			if w == none {
				n.faces[v] &^= 1 << face
			}
		}
	}
}

// smoothNormals makes the normal of each vertex that of its neighbourhood. It returns how large the
// area of each was.
func (n *net) smoothNormals() []float32 {
	area := make([]float32, len(n.kind))
	smooth := slices.Clone(n.normal)
	for v, kind := range n.kind {
		if kind < rim {
			continue
		}
		s := smooth[3*v : 3*v+3]
		area[v] = length(s)
		for face, w := range n.next[6*v : 6*v+6] {
			if n.faces[v]>>face&1 != 0 && n.kind[w] == kind {
				for a := range 3 {
					s[a] += n.normal[3*int(w)+a]
				}
			}
		}
		if l := length(s); l > 0 {
			s[0], s[1], s[2] = s[0]/l, s[1]/l, s[2]/l
		}
	}
	n.normal = smooth
	return area
}

func length(v []float32) float32 { return sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2]) }
