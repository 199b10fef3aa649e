package mesh

import (
	"context"
	"math"
)

// quadric is the sum of the squared distances of a point from planes, each with a weight: for a point
// p it is p'Ap - 2b'p + c.
type quadric struct {
	xx, xy, xz, yy, yz, zz float64
	x, y, z                float64
	c                      float64
	weight                 float64
}

func (q *quadric) add(r *quadric) {
	q.xx += r.xx
	q.xy += r.xy
	q.xz += r.xz
	q.yy += r.yy
	q.yz += r.yz
	q.zz += r.zz
	q.x += r.x
	q.y += r.y
	q.z += r.z
	q.c += r.c
	q.weight += r.weight
}

// plane adds the plane with the unit normal n through p.
func (q *quadric) plane(n, p [3]float64, weight float64) {
	d := n[0]*p[0] + n[1]*p[1] + n[2]*p[2]
	q.xx += weight * n[0] * n[0]
	q.xy += weight * n[0] * n[1]
	q.xz += weight * n[0] * n[2]
	q.yy += weight * n[1] * n[1]
	q.yz += weight * n[1] * n[2]
	q.zz += weight * n[2] * n[2]
	q.x += weight * d * n[0]
	q.y += weight * d * n[1]
	q.z += weight * d * n[2]
	q.c += weight * d * d
	q.weight += weight
}

func (q *quadric) at(p [3]float64) float64 {
	x, y, z := p[0], p[1], p[2]
	return max(0, x*(q.xx*x+2*(q.xy*y+q.xz*z-q.x))+y*(q.yy*y+2*(q.yz*z-q.y))+z*(q.zz*z-2*q.z)+q.c)
}

// stiffness draws the best point to the middle of the edge where the planes leave it free, as they do
// along a plane and along a ridge.
const stiffness = 1e-3

// best is the point with the least distance, which is sought around the point middle.
func (q *quadric) best(middle [3]float64) [3]float64 {
	s := stiffness*q.weight + 1e-12
	xx, yy, zz := q.xx+s, q.yy+s, q.zz+s
	// relative to the middle
	m := middle
	x := q.x - q.xx*m[0] - q.xy*m[1] - q.xz*m[2]
	y := q.y - q.xy*m[0] - q.yy*m[1] - q.yz*m[2]
	z := q.z - q.xz*m[0] - q.yz*m[1] - q.zz*m[2]
	// the inverse of a symmetric matrix by its cofactors
	cxx := yy*zz - q.yz*q.yz
	cxy := q.xz*q.yz - q.xy*zz
	cxz := q.xy*q.yz - q.xz*yy
	det := xx*cxx + q.xy*cxy + q.xz*cxz
	if !(det > 0) {
		return m
	}
	cyy := xx*zz - q.xz*q.xz
	cyz := q.xy*q.xz - xx*q.yz
	czz := xx*yy - q.xy*q.xy
	return [3]float64{
		m[0] + (cxx*x+cxy*y+cxz*z)/det,
		m[1] + (cxy*x+cyy*y+cyz*z)/det,
		m[2] + (cxz*x+cyz*y+czz*z)/det,
	}
}

// Edges that may collapse wait in buckets by what they cost: sixteen for each doubling, first come
// first served in each. That is as good as a heap, and several times as fast.
const (
	bucketShift = 19               // bits of a float32 that are left out
	bucketLeast = 0x2f800000 >> 19 // of 2^-32: below, all cost alike
)

// fewTriangles is when simplification stops unless it is told how far to go: less is not worth what
// a small thing would lose of its shape.
const fewTriangles = 256

// collapser simplifies a mesh by collapsing edges. The mesh is made of half-edges: half-edge h of
// triangle h/3 goes from its vertex to that of the next one of the triangle, and its twin is the same edge
// in the other triangle.
type collapser struct {
	vertex   []uint32
	twin     []uint32
	leaving  []uint32 // a half-edge that leaves each vertex
	gone     []bool   // triangles
	position [][3]float64
	quadric  []quadric
	bounds   [3]float64
	most     float64 // what a collapse may cost

	bucket     []int16 // of each half-edge that stands for a waiting edge; -1 for the others
	next, prev []uint32
	head, tail []uint32
	lowest     int

	ring []uint32 // for link
	mark []uint32 // of each vertex, when it was last met
	now  uint32
}

func after(h uint32) uint32 {
	if h%3 == 2 {
		return h - 2
	}
	return h + 1
}

func before(h uint32) uint32 {
	if h%3 == 0 {
		return h + 2
	}
	return h - 1
}

// around is the next half-edge that leaves the same vertex.
func (c *collapser) around(h uint32) uint32 { return c.twin[before(h)] }

// simplify collapses edges, the cheapest first, until the next one would cost more than most or no
// more than target triangles are left. An edge collapses to the point with the least sum of squared
// distances from the planes of all triangles that it stands for. Each of these has a weight: the area that
// it had, in squares of a voxel. An edge costs that sum, which is at most the square of the error:
// so no patch of these triangles as large as the face of a voxel is farther than the error, as
// root of the mean square. The mesh stays a closed manifold: an edge collapses only if the vertices at
// its ends have no other neighbours in common than those of its two triangles. It stays in the volume,
// and no triangle turns over. The result depends on the mesh alone.
func (m *Mesh) simplify(ctx context.Context, most float64, target int, shape [3]int) error {
	c := newCollapser(m, most*most, shape)
	left := len(m.Triangles) / 3
	if target <= 0 {
		target = fewTriangles
	}
	for turn := 0; left > target; turn++ {
		if turn%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		h := c.pop()
		if h == none {
			break
		}
		if c.collapse(h) {
			left -= 2
		}
	}
	c.write(m)
	return nil
}

func newCollapser(m *Mesh, most float64, shape [3]int) *collapser {
	halves, vertices := len(m.Triangles), len(m.Vertices)/3
	c := &collapser{
		vertex: m.Triangles, twin: make([]uint32, halves), leaving: make([]uint32, vertices), gone: make([]bool, halves/3),
		position: make([][3]float64, vertices), quadric: make([]quadric, vertices), most: most,
		bucket: make([]int16, halves), next: make([]uint32, halves), prev: make([]uint32, halves),
		mark: make([]uint32, vertices),
	}
	for a := range 3 {
		c.bounds[a] = float64(shape[a])
	}
	for v := range c.position {
		for a := range 3 {
			c.position[v][a] = float64(m.Vertices[3*v+a])
		}
	}
	c.pair()
	for t := 0; t < halves; t += 3 {
		p := c.position[c.vertex[t]]
		n := cross(sub(c.position[c.vertex[t+1]], p), sub(c.position[c.vertex[t+2]], p))
		length := math.Sqrt(dot(n, n))
		if length == 0 {
			continue
		}
		n = [3]float64{n[0] / length, n[1] / length, n[2] / length}
		for i := range 3 {
			c.quadric[c.vertex[t+i]].plane(n, p, length/6) // a third of its area each
		}
	}
	buckets := int(math.Float32bits(float32(most))>>bucketShift) - bucketLeast + 1
	buckets = min(max(buckets, 1), math.MaxInt16)
	c.head, c.tail = make([]uint32, buckets), make([]uint32, buckets)
	for i := range buckets {
		c.head[i], c.tail[i] = none, none
	}
	for h := range c.bucket {
		c.bucket[h] = -1
	}
	for h := range uint32(halves) {
		if h < c.twin[h] {
			c.push(h)
		}
	}
	return c
}

// pair finds the twin of each half-edge.
func (c *collapser) pair() {
	// The half-edges that leave each vertex, one after the other.
	begin := make([]uint32, len(c.leaving)+1)
	for _, v := range c.vertex {
		begin[v+1]++
	}
	for v := range c.leaving {
		begin[v+1] += begin[v]
	}
	list := make([]uint32, len(c.vertex))
	fill := c.mark // is not used yet
	copy(fill, begin)
	for h, v := range c.vertex {
		list[fill[v]] = uint32(h)
		fill[v]++
		c.leaving[v] = uint32(h)
	}
	clear(fill)
	for h, v := range c.vertex {
		w := c.vertex[after(uint32(h))]
		for _, g := range list[begin[w]:begin[w+1]] {
			if c.vertex[after(g)] == v {
				c.twin[h] = g
				break
			}
		}
	}
}

// target is where an edge would collapse to, and what that costs.
func (c *collapser) target(h uint32) (p [3]float64, cost float64) {
	v, w := c.vertex[h], c.vertex[after(h)]
	q := c.quadric[v]
	q.add(&c.quadric[w])
	a, b := &c.position[v], &c.position[w]
	p = q.best([3]float64{(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2})
	for i := range 3 {
		p[i] = min(max(p[i], 0), c.bounds[i])
	}
	cost = q.at(p)
	// A corner is where it is: the pull to the middle must not move it.
	for _, end := range [2]*[3]float64{a, b} {
		if at := q.at(*end); at+at < cost-1e-9 {
			p, cost = *end, at
		}
	}
	return p, cost
}

// push puts an edge into its bucket, unless it costs too much.
func (c *collapser) push(h uint32) {
	_, cost := c.target(h)
	if !(cost <= c.most) {
		return
	}
	h = min(h, c.twin[h])
	b := min(max(int(math.Float32bits(float32(cost))>>bucketShift)-bucketLeast, 0), len(c.head)-1)
	c.bucket[h] = int16(b)
	c.next[h], c.prev[h] = none, c.tail[b]
	if c.tail[b] == none {
		c.head[b] = h
	} else {
		c.next[c.tail[b]] = h
	}
	c.tail[b] = h
	c.lowest = min(c.lowest, b)
}

// drop takes an edge out of its bucket, if it is in one.
func (c *collapser) drop(h uint32) {
	if c.bucket[h] < 0 {
		if h = c.twin[h]; c.bucket[h] < 0 {
			return
		}
	}
	b, next, prev := c.bucket[h], c.next[h], c.prev[h]
	c.bucket[h] = -1
	if prev == none {
		c.head[b] = next
	} else {
		c.next[prev] = next
	}
	if next == none {
		c.tail[b] = prev
	} else {
		c.prev[next] = prev
	}
}

// pop takes out the cheapest edge; none if there is no more.
func (c *collapser) pop() uint32 {
	for ; c.lowest < len(c.head); c.lowest++ {
		if h := c.head[c.lowest]; h != none {
			c.drop(h)
			return h
		}
	}
	return none
}

// collapse makes the two ends of an edge one vertex, if that keeps the surface what it is.
func (c *collapser) collapse(h uint32) bool {
	g := c.twin[h]
	v, w := c.vertex[h], c.vertex[g]
	if !c.link(h, v, w) {
		return false
	}
	p, _ := c.target(h)
	if c.turns(h, v, w, p) || c.turns(g, w, v, p) {
		return false
	}
	for e, i := h, 0; i == 0 || e != h; e, i = c.around(e), 1 {
		c.drop(e)
	}
	for e, i := g, 0; i == 0 || e != g; e, i = c.around(e), 1 {
		c.drop(e)
		c.vertex[e] = v
	}
	// The two triangles of the edge go, and what was beyond their other edges meets.
	for _, e := range [2]uint32{h, g} {
		left, right := c.twin[after(e)], c.twin[before(e)]
		c.twin[left], c.twin[right] = right, left
		c.leaving[c.vertex[left]], c.leaving[c.vertex[right]] = left, right
		c.gone[e/3] = true
	}
	c.position[v] = p
	c.quadric[v].add(&c.quadric[w])
	begin := c.leaving[v]
	for e, i := begin, 0; i == 0 || e != begin; e, i = c.around(e), 1 {
		c.push(e)
	}
	return true
}

// link reports whether the ends of an edge have just the two neighbours in common that its triangles
// have, and the surface is more than four triangles. Only then is it the same surface afterwards.
func (c *collapser) link(h, v, w uint32) bool {
	c.now++
	degree := 0
	for e, i := h, 0; i == 0 || e != h; e, i = c.around(e), 1 {
		c.mark[c.vertex[after(e)]] = c.now
		degree++
	}
	common, other := 0, 0
	g := c.twin[h]
	for e, i := g, 0; i == 0 || e != g; e, i = c.around(e), 1 {
		if c.mark[c.vertex[after(e)]] == c.now {
			common++
		}
		other++
	}
	return common == 2 && degree+other > 6
}

// turns reports whether a triangle of the vertex that h leaves, v, would turn over or shrink to nothing if
// v went to p. The triangles of the edge to w do not count, for they go.
func (c *collapser) turns(h, v, w uint32, p [3]float64) bool {
	from := c.position[v]
	for e := c.around(h); e != h; e = c.around(e) {
		i, j := c.vertex[after(e)], c.vertex[before(e)]
		if i == w || j == w {
			continue
		}
		a, b := c.position[i], c.position[j]
		side := sub(b, a)
		old, now := cross(side, sub(from, a)), cross(side, sub(p, a))
		d, oo, nn := dot(old, now), dot(old, old), dot(now, now)
		// The angle between the normals is 70 degrees at most. A triangle that had no area
		// has no normal either; it may become anything but that again.
		if nn < 1e-12 || oo > 1e-12 && (d <= 0 || d*d < 0.12*oo*nn) {
			return true
		}
		// nor does it become a sliver: it is at least a hundredth as high as it is long, or better than it was
		if l, m := longest(a, b, p), longest(a, b, from); nn < 1e-4*l*l && nn*m*m < oo*l*l {
			return true
		}
	}
	return false
}

// longest is the square of the longest side of a triangle.
func longest(a, b, c [3]float64) float64 {
	u, v, w := sub(a, b), sub(b, c), sub(c, a)
	return max(dot(u, u), dot(v, v), dot(w, w))
}

// write puts what is left into the mesh, in the order in which it was.
func (c *collapser) write(m *Mesh) {
	number := c.mark
	for v := range number {
		number[v] = none
	}
	triangles := make([]uint32, 0, len(c.vertex))
	for t, gone := range c.gone {
		if !gone {
			for _, v := range c.vertex[3*t : 3*t+3] {
				number[v] = 0
				triangles = append(triangles, v)
			}
		}
	}
	n := uint32(0)
	vertices := make([]float32, 0, 3*len(number))
	for v := range number {
		if number[v] == 0 {
			p := c.position[v]
			vertices = append(vertices, float32(p[0]), float32(p[1]), float32(p[2]))
			number[v] = n
			n++
		}
	}
	for i, v := range triangles {
		triangles[i] = number[v]
	}
	// What is kept does not hold on to the memory of the whole mesh.
	m.Vertices = append(make([]float32, 0, len(vertices)), vertices...)
	m.Triangles = append(make([]uint32, 0, len(triangles)), triangles...)
}

func sub(a, b [3]float64) [3]float64 { return [3]float64{a[0] - b[0], a[1] - b[1], a[2] - b[2]} }

func dot(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func cross(a, b [3]float64) [3]float64 {
	return [3]float64{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}
