package mesh

import (
	"context"
	"math"
)

// quadric is the sum of the squared distances of a point from planes, each with a weight: for a point
// p it is p'Ap - 2b'p + c. The sum of the weights is the trace of A.
type quadric struct {
	xx, xy, xz, yy, yz, zz float64
	x, y, z                float64
	c                      float64
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
	s := stiffness*(q.xx+q.yy+q.zz) + 1e-12
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
	det = 1 / det
	return [3]float64{
		m[0] + (cxx*x+cxy*y+cxz*z)*det,
		m[1] + (cxy*x+cyy*y+cyz*z)*det,
		m[2] + (cxz*x+cyz*y+czz*z)*det,
	}
}

// Edges that may collapse wait in buckets by what they cost: four for each doubling, first come
// first served in each. An edge costs more when its ends stand for more, never less. So it is looked at
// again when its turn comes, not each time something near it changes, and put further back.
const (
	bucketShift = 19                        // bits of a float32 that are left out
	bucketLeast = 0x2f800000 >> bucketShift // of 2^-32: below, all cost alike
)

// fewTriangles is when simplification stops unless it is told how far to go: less is not worth what
// a small thing would lose of its shape.
const fewTriangles = 256

// collapser simplifies a mesh by collapsing edges. The mesh is made of half-edges: half-edge h of
// triangle h/3 goes from its vertex to that of the next one of the triangle, and its twin is the same edge
// in the other triangle.
type collapser struct {
	half     []halfEdge
	leaving  []uint32 // a half-edge that leaves each vertex
	gone     []bool   // triangles
	position [][3]float64
	quadric  []quadric
	bounds   [3]float64
	most     float64 // what a collapse may cost
	turn     float64 // the square of the cosine of the angle by which a normal may turn
	fixed    []bool  // vertices that stay where they are; nil: none

	wait       []waiting // of each half-edge
	head, tail []uint32  // of each bucket
	lowest     int       // no bucket below has an edge

	mark []uint32 // of each vertex, when it was last met
	now  uint32
}

type halfEdge struct {
	vertex uint32 // that it leaves
	twin   uint32
}

// waiting is a place in a bucket. One of the two half-edges of an edge that waits has one.
type waiting struct {
	bucket     int32 // or dear, or blocked
	next, prev uint32
}

const (
	dear    = -1 // the edge costs too much, or its other half-edge has the place
	blocked = -2 // the surface would not be what it is; this may change with what is around
)

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
func (c *collapser) around(h uint32) uint32 { return c.half[before(h)].twin }

// simplify collapses edges, those that cost next to nothing and then the cheapest first, until the next one would cost more than the options
// allow or no more triangles are left than they ask for. An edge collapses to the point with the least sum of squared
// distances from the planes of all triangles that it stands for. Each of these has a weight: the area that
// it had, in squares of a voxel. An edge costs that sum, which is at most the square of the error:
// so no patch of these triangles as large as the face of a voxel is farther than the error, as
// root of the mean square. The mesh stays a closed manifold: an edge collapses only if the vertices at
// its ends have no other neighbours in common than those of its two triangles. It stays in the volume,
// and no triangle turns over. The result depends on the mesh alone,
// on one kind of processor.
func (m *Mesh) simplify(ctx context.Context, o *Options, shape [3]int) error {
	c := newCollapser(m, o, shape)
	left, target := len(m.Triangles)/3, o.Triangles
	if target <= 0 {
		target = fewTriangles
	}
	for _, part := range wadeParts {
		if err := ctx.Err(); err != nil {
			return err
		}
		left -= c.wade(c.most*part, left-target)
	}
	c.queue()
	for turn := 0; left > target; turn++ {
		if turn%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		h, p := c.pop()
		if h == none {
			break
		}
		if c.collapse(h, p) {
			left -= 2
		}
	}
	c.write(m)
	return nil
}

func newCollapser(m *Mesh, o *Options, shape [3]int) *collapser {
	halves, vertices := len(m.Triangles), len(m.Vertices)/3
	most, turn := o.Error*o.Error, math.Cos(min(o.Angle, 90)*math.Pi/180)
	c := &collapser{
		half: make([]halfEdge, halves), leaving: make([]uint32, vertices), gone: make([]bool, halves/3),
		position: make([][3]float64, vertices), quadric: make([]quadric, vertices), most: most, turn: turn * turn,
		wait: make([]waiting, halves), mark: make([]uint32, vertices),
	}
	for h, v := range m.Triangles {
		c.half[h].vertex = v
		c.wait[h].bucket = dear
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
	if o.Fixed {
		c.fix()
	}
	for t := 0; t < halves; t += 3 {
		p := c.position[c.half[t].vertex]
		n := cross(sub(c.position[c.half[t+1].vertex], p), sub(c.position[c.half[t+2].vertex], p))
		length := math.Sqrt(dot(n, n))
		if length == 0 {
			continue
		}
		n = [3]float64{n[0] / length, n[1] / length, n[2] / length}
		for i := range 3 {
			c.quadric[c.half[t+i].vertex].plane(n, p, length/6) // a third of its area each
		}
	}
	buckets := int(math.Float32bits(float32(most))>>bucketShift) - bucketLeast + 1
	buckets = max(buckets, 1)
	c.head, c.tail = make([]uint32, buckets), make([]uint32, buckets)
	for i := range buckets {
		c.head[i], c.tail[i] = none, none
	}
	return c
}

// wadeParts are the parts of what a collapse may cost up to which it is enough to wade, turn by turn.
var wadeParts = [...]float64{1. / 256, 1. / 64, 1. / 16}

// wade collapses edges that cost little in the order in which they lie in memory, which is several
// times as fast as to seek out the cheapest one: most of a fine mesh goes that way. No vertex takes part
// twice in a turn, so that none grows at the cost of its neighbours. It returns how many triangles are gone.
func (c *collapser) wade(most float64, atMost int) (gone int) {
	taken := make([]bool, len(c.leaving))
	for h := range uint32(len(c.half)) {
		g := c.half[h].twin
		if h > g || c.gone[h/3] || taken[c.half[h].vertex] || taken[c.half[g].vertex] {
			continue
		}
		if gone >= atMost {
			break
		}
		p, cost := c.target(h)
		if !(cost <= most) {
			continue
		}
		if v := c.half[h].vertex; c.collapse(h, p) {
			taken[v] = true
			gone += 2
		} else {
			c.wait[h].bucket = dear
		}
	}
	return gone
}

// queue puts all edges into their buckets.
func (c *collapser) queue() {
	for h := range uint32(len(c.half)) {
		if h < c.half[h].twin && !c.gone[h/3] {
			if _, cost := c.target(h); cost <= c.most {
				c.put(h, c.of(cost))
			}
		}
	}
}

// pair finds the twin of each half-edge.
func (c *collapser) pair() {
	// The half-edges that leave each vertex, one after the other.
	begin := make([]uint32, len(c.leaving)+1)
	for h := range c.half {
		begin[c.half[h].vertex+1]++
	}
	for v := range c.leaving {
		begin[v+1] += begin[v]
	}
	list := make([]uint32, len(c.half))
	fill := c.mark // is not used yet
	copy(fill, begin)
	for h := range c.half {
		v := c.half[h].vertex
		list[fill[v]] = uint32(h)
		fill[v]++
		c.leaving[v] = uint32(h)
	}
	clear(fill)
	for h := range c.half {
		v := c.half[h].vertex
		w := c.half[after(uint32(h))].vertex
		for _, g := range list[begin[w]:begin[w+1]] {
			if c.half[after(g)].vertex == v {
				c.half[h].twin = g
				break
			}
		}
	}
}

// fix keeps the vertices where they are at which the surface meets a face of the volume: those of a
// triangle in the face, and of one that is not.
func (c *collapser) fix() {
	c.fixed = make([]bool, len(c.leaving))
	in := make([]uint8, len(c.leaving)) // whether a vertex belongs to a triangle in each face, a bit each
	var faces [6][]uint32               // the vertices of the triangles that are not, of those that have one in it
	at := func(v uint32, face int) bool {
		x := c.position[v][face/2]
		return face%2 == 0 && x <= 0 || face%2 == 1 && x >= c.bounds[face/2]
	}
	for h := 0; h < len(c.half); h += 3 {
		for face := range faces {
			n := 0
			for i := range 3 {
				if at(c.half[h+i].vertex, face) {
					n++
				}
			}
			for i := range 3 {
				switch v := c.half[h+i].vertex; {
				case n == 3:
					in[v] |= 1 << face
				case n > 0 && at(v, face):
					faces[face] = append(faces[face], v)
				}
			}
		}
	}
	for face, list := range faces {
		for _, v := range list {
			c.fixed[v] = c.fixed[v] || in[v]&(1<<face) != 0
		}
	}
}

// target is where an edge would collapse to, and what that costs.
func (c *collapser) target(h uint32) (p [3]float64, cost float64) {
	v, w := c.half[h].vertex, c.half[after(h)].vertex
	q := c.quadric[v]
	q.add(&c.quadric[w])
	a, b := &c.position[v], &c.position[w]
	if c.fixed != nil && (c.fixed[v] || c.fixed[w]) {
		switch {
		case !c.fixed[w]:
			return *a, q.at(*a)
		case !c.fixed[v]:
			return *b, q.at(*b)
		}
		return *a, math.Inf(1)
	}
	p = q.best([3]float64{(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2})
	for i := range 3 {
		p[i] = min(max(p[i], 0), c.bounds[i])
	}
	cost = q.at(p)
	if cost < c.most/(1<<20) {
		return p, cost
	}
	// A corner is where it is: the pull to the middle must not move it.
	for _, end := range [2]*[3]float64{a, b} {
		if at := q.at(*end); at+at < cost {
			p, cost = *end, at
		}
	}
	return p, cost
}

// put puts an edge at the end of a bucket.
func (c *collapser) put(h uint32, b int) {
	last := c.tail[b]
	c.wait[h] = waiting{int32(b), none, last}
	if last == none {
		c.head[b] = h
	} else {
		c.wait[last].next = h
	}
	c.tail[b] = h
}

// of is the bucket of what an edge costs.
func (c *collapser) of(cost float64) int {
	return min(max(int(math.Float32bits(float32(cost))>>bucketShift)-bucketLeast, 0), len(c.head)-1)
}

// take takes an edge out of its bucket, which is returned, or else whether it is dear or blocked.
func (c *collapser) take(h uint32) int {
	if c.wait[h].bucket == dear {
		h = c.half[h].twin
	}
	w := c.wait[h]
	c.wait[h].bucket = dear
	if w.bucket >= 0 {
		if w.prev == none {
			c.head[w.bucket] = w.next
		} else {
			c.wait[w.prev].next = w.next
		}
		if w.next == none {
			c.tail[w.bucket] = w.prev
		} else {
			c.wait[w.next].prev = w.prev
		}
	}
	return int(w.bucket)
}

// pop takes out the cheapest edge, and returns where it collapses to; none if there is no more.
func (c *collapser) pop() (h uint32, p [3]float64) {
	for ; c.lowest < len(c.head); c.lowest++ {
		for c.head[c.lowest] != none {
			h = c.head[c.lowest]
			c.take(h)
			p, cost := c.target(h)
			switch b := c.of(cost); {
			case !(cost <= c.most):
			case b > c.lowest: // its ends stand for more than when it was put here
				c.put(h, b)
			default:
				return h, p
			}
		}
	}
	return none, p
}

// collapse makes the two ends of an edge one vertex at p, if that keeps the surface what it is.
func (c *collapser) collapse(h uint32, p [3]float64) bool {
	g := c.half[h].twin
	v, w := c.half[h].vertex, c.half[g].vertex
	if !c.link(h, v, w) || c.turns(h, v, w, p) || c.turns(g, w, v, p) {
		c.wait[h].bucket = blocked
		return false
	}
	for e, i := g, 0; i == 0 || e != g; e, i = c.around(e), 1 {
		c.half[e].vertex = v
	}
	// The two triangles of the edge go, and what was beyond their other edges meets: two edges become
	// one, which costs as much as either of them at the least.
	for _, e := range [2]uint32{h, g} {
		first, second := c.take(after(e)), c.take(before(e))
		left, right := c.half[after(e)].twin, c.half[before(e)].twin
		c.half[left].twin, c.half[right].twin = right, left
		c.leaving[c.half[left].vertex], c.leaving[c.half[right].vertex] = left, right
		c.gone[e/3] = true
		if first != dear && second != dear {
			c.put(left, max(first, second, c.lowest))
		}
	}
	c.position[v] = p
	c.quadric[v].add(&c.quadric[w])
	if c.fixed != nil {
		c.fixed[v] = c.fixed[v] || c.fixed[w]
	}
	// What was blocked may not be any more.
	begin := c.leaving[v]
	for e, i := begin, 0; i == 0 || e != begin; e, i = c.around(e), 1 {
		if c.wait[e].bucket == blocked {
			c.put(e, c.lowest)
		} else if t := c.half[e].twin; c.wait[t].bucket == blocked {
			c.put(t, c.lowest)
		}
	}
	return true
}

// link reports whether the ends of an edge have just the two neighbours in common that its triangles
// have, and the surface is more than four triangles. Only then is it the same surface afterwards.
func (c *collapser) link(h, v, w uint32) bool {
	c.now++
	degree := 0
	for e, i := h, 0; i == 0 || e != h; e, i = c.around(e), 1 {
		c.mark[c.half[after(e)].vertex] = c.now
		degree++
	}
	common, other := 0, 0
	g := c.half[h].twin
	for e, i := g, 0; i == 0 || e != g; e, i = c.around(e), 1 {
		if c.mark[c.half[after(e)].vertex] == c.now {
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
		i, j := c.half[after(e)].vertex, c.half[before(e)].vertex
		if i == w || j == w {
			continue
		}
		a, b := c.position[i], c.position[j]
		side := sub(b, a)
		old, now := cross(side, sub(from, a)), cross(side, sub(p, a))
		d, oo, nn := dot(old, now), dot(old, old), dot(now, now)
		// A triangle that had no area
		// has no normal either; it may become anything but that again.
		if nn < 1e-12 || oo > 1e-12 && (d <= 0 || d*d < c.turn*oo*nn) {
			return true
		}
		// nor does it become a sliver: it is at least a hundredth as high as it is long, or better than it was
		if l := longest(a, b, p); nn < 1e-4*l*l {
			if m := longest(a, b, from); nn*m*m < oo*l*l {
				return true
			}
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
	triangles := make([]uint32, 0, len(c.half))
	for t, gone := range c.gone {
		if !gone {
			for _, e := range c.half[3*t : 3*t+3] {
				v := e.vertex
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
