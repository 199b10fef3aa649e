package mesh

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Mesh is a closed surface.
type Mesh struct {
	Vertices []float32 // three coordinates each, in voxels of the full resolution, in the order of the axes
	// Triangles have three vertices each, counter-clockwise as seen from outside, where axes 0, 1
	// and 2 are right-handed.
	Triangles []uint32
	// Step says of which level the surface was made: of every Step-th voxel along each axis. 1 is the
	// full resolution.
	Step int
	// Error says how far the simplified surface is from that of the level, in voxels of the full
	// resolution: see Options.
	Error float64
}

// Options say how a surface is made. The zero value, or nil, stands for what is good for most.
type Options struct {
	// Error is how far a simplified surface may be from the whole one, in voxels of the level of which it is
	// made: no patch as large as the face of a voxel is farther on average (root of the mean
	// square). 0 stands for DefaultError, less than 0 for no simplification.
	Error float64
	// Angle is how far the normal of a triangle may turn when an edge near it collapses, in degrees: no
	// triangle turns over, so more than 90 stands for 90. 0 stands for DefaultAngle.
	Angle float64
	// Fixed keeps the vertices where they are at which the surface meets a face of the volume.
	Fixed bool
	// Triangles is when to stop to simplify; 0 to go as far as Error allows, to 256 triangles at
	// the least.
	Triangles int
	// Voxels is how large a box may be: a label in a larger one is meshed from a coarser level.
	// 0 stands for DefaultVoxels.
	Voxels int64
	// Vertices is how many a surface may have before it is simplified: one with more is meshed
	// from a coarser level. It bounds the memory, some 400 bytes a vertex. 0 stands for DefaultVertices.
	Vertices int
}

// What zero Options stand for.
const (
	DefaultError    = 0.2
	DefaultAngle    = 70
	DefaultVoxels   = 512 << 20
	DefaultVertices = 512 << 10
)

// maxStep is the coarsest level that is asked for.
const maxStep = 1 << 12

// maxPlane is how many voxels a plane of a box has at most, for planes are held in memory as a whole.
const maxPlane = 4 << 20

// Surface makes the surface of an object. at gives the volume with voxels as large as step of the full
// resolution along each axis, a power of 2; along an axis of n voxels it has n/step, rounded up.
// The error wraps ErrNoLabel if no voxel has the label.
func Surface(ctx context.Context, at func(step int) (*Volume, error), o Object, options *Options) (*Mesh, error) {
	var opt Options
	if options != nil {
		opt = *options
	}
	if opt.Error == 0 {
		opt.Error = DefaultError
	}
	if opt.Angle <= 0 {
		opt.Angle = DefaultAngle
	}
	if opt.Voxels <= 0 {
		opt.Voxels = DefaultVoxels
	}
	if opt.Vertices <= 0 {
		opt.Vertices = DefaultVertices
	}
	full, err := at(1)
	if err != nil {
		return nil, err
	}
	if !inside(full.Shape, o.From, o.To) {
		return nil, fmt.Errorf("the box of label %d, from %v to %v, lies outside of a volume of the shape %v", o.Label, o.From, o.To, full.Shape)
	}
	step := 1
	for voxels, plane := size(o, step); step < maxStep && (voxels > opt.Voxels || plane > maxPlane); voxels, plane = size(o, step) {
		step *= 2
	}
	for ; ; step *= 2 {
		if step > maxStep {
			return nil, fmt.Errorf("the surface of label %d is too large even at %d voxels a step", o.Label, maxStep)
		}
		m, err := surfaceAt(ctx, at, o, step, full.Shape, &opt)
		if errors.Is(err, errVertices) {
			continue
		}
		return m, err
	}
}

// size is how many voxels the box of an object has at a step, and each of its planes.
func size(o Object, step int) (voxels, plane int64) {
	var n [3]int64
	for a := range 3 {
		n[a] = int64((o.To[a]+step-1)/step - o.From[a]/step)
	}
	plane = n[1] * n[2]
	if plane > 1<<40 { // the product might not fit
		return plane, plane
	}
	return n[0] * plane, plane
}

func surfaceAt(ctx context.Context, at func(step int) (*Volume, error), o Object, step int, full [3]int, opt *Options) (*Mesh, error) {
	v, err := at(step)
	if err != nil {
		return nil, err
	}
	var from, to [3]int
	for a := range 3 {
		from[a], to[a] = o.From[a]/step, (o.To[a]+step-1)/step
		if want := (full[a] + step - 1) / step; v.Shape[a] != want {
			return nil, fmt.Errorf("axis %d of the volume at step %d has %d voxels instead of %d", a, step, v.Shape[a], want)
		}
	}
	n, err := build(ctx, v, o.Label, from, to, opt.Vertices)
	if err != nil {
		return nil, err
	}
	if len(n.triangles) == 0 {
		if step > 1 {
			return nil, fmt.Errorf("%w: label %d is too thin to be seen at %d voxels a step, and too large for less", ErrNoLabel, o.Label, step)
		}
		return nil, fmt.Errorf("%w: label %d has no voxel", ErrNoLabel, o.Label)
	}
	if err := n.relax(ctx); err != nil {
		return nil, err
	}
	m := &Mesh{Vertices: n.at, Triangles: n.triangles, Step: step}
	for i, d := range n.shift {
		m.Vertices[i] += d
	}
	if opt.Error > 0 {
		if err := m.simplify(ctx, opt, v.Shape); err != nil {
			return nil, err
		}
		m.Error = opt.Error * float64(step)
	}
	if step > 1 {
		m.stretch(step, full)
	}
	return m, nil
}

// stretch brings the vertices to voxels of the full resolution. The last voxel of an axis ends with the
// volume, however many it stands for.
func (m *Mesh) stretch(step int, full [3]int) {
	for i, x := range m.Vertices {
		n := full[i%3]
		last := (n - 1) / step // the last voxel of the level
		if x > float32(last) {
			m.Vertices[i] = float32(last*step) + (x-float32(last))*float32(n-last*step)
		} else {
			m.Vertices[i] = x * float32(step)
		}
	}
}

// Encode appends the mesh as Neuroglancer's client takes it, little-endian: the number of vertices as
// uint32, the coordinates of each as float32, the vertices of each triangle as uint32. order says
// which axis goes out first, second and third: {2, 1, 0} is x, y, z for a volume in C order. Axis a is
// multiplied by scale[a]. Triangles stay counter-clockwise from outside in the frame that goes out.
func (m *Mesh) Encode(dst []byte, order [3]int, scale [3]float64) []byte {
	n := len(m.Vertices) / 3
	dst = append(dst, make([]byte, 4+12*n+4*len(m.Triangles))...)
	out := dst[len(dst)-4-12*n-4*len(m.Triangles):]
	binary.LittleEndian.PutUint32(out, uint32(n))
	out = out[4:]
	for i := 0; i < len(m.Vertices); i += 3 {
		for j, a := range order {
			binary.LittleEndian.PutUint32(out[4*j:], math.Float32bits(float32(float64(m.Vertices[i+a])*scale[a])))
		}
		out = out[12:]
	}
	// An odd order mirrors the volume, and so does a scale below 0.
	mirrored := order != [3]int{0, 1, 2} && order != [3]int{1, 2, 0} && order != [3]int{2, 0, 1}
	for _, s := range scale {
		mirrored = mirrored != (s < 0)
	}
	for i := 0; i < len(m.Triangles); i += 3 {
		p, q := m.Triangles[i+1], m.Triangles[i+2]
		if mirrored {
			p, q = q, p
		}
		binary.LittleEndian.PutUint32(out, m.Triangles[i])
		binary.LittleEndian.PutUint32(out[4:], p)
		binary.LittleEndian.PutUint32(out[8:], q)
		out = out[12:]
	}
	return dst
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }
