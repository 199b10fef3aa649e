package demo

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"webmon/shm"
)

// The tissue: voxels of 1 x 0.5 x 0.5 um. Its cells lie around the points of a grid, each of a
// size of its own, and are pressed flat where they touch. Nothing of it is kept: a box is
// computed when it is read.
const (
	tissueZ, tissueY, tissueX = 160, 256, 256
	tissueSpacing             = 13.0 // um between the points of the grid
	tissueLeast, tissueMost   = 5.0, 10.5
	tissueBlock               = 8 // voxels a side for which the cells nearby are looked up once

	tissueGeneration = "7155e00000000001"
)

var tissueScale = [3]float32{1, 0.5, 0.5}

// Tissue is a made-up volume of a microscope with the cells in it. It reads volumes as
// [shm.VolumeSource] has it.
type Tissue struct {
	list  shm.Volumes
	cells []tissueCell // the label of a cell is its place, counted from 1
	grid  [3]int       // cells of the grid along each axis
	first []int32      // of each place of the grid its cell, -1 for none
}

type tissueCell struct {
	at [3]float32 // of the middle, in um
	r  float32    // in um
}

// NewTissue makes the tissue of a seed.
func NewTissue(seed uint64) *Tissue {
	rng := rand.New(rand.NewPCG(seed, 7))
	t := &Tissue{}
	size := [3]float64{tissueZ * float64(tissueScale[0]), tissueY * float64(tissueScale[1]), tissueX * float64(tissueScale[2])}
	for i := range t.grid {
		t.grid[i] = int(math.Ceil(size[i] / tissueSpacing))
	}
	t.first = make([]int32, t.grid[0]*t.grid[1]*t.grid[2])
	for i := range t.first {
		t.first[i] = -1
		place := [3]int{i / (t.grid[1] * t.grid[2]), i / t.grid[2] % t.grid[1], i % t.grid[2]}
		var at [3]float32
		out := 0.0 // how far from the middle, 1 at the outside of the tissue
		for k := range at {
			x := (float64(place[k]) + 0.5 + 0.7*(rng.Float64()-0.5)) * tissueSpacing
			at[k] = float32(x)
			d := 2*x/size[k] - 1
			out += d * d
		}
		r := float32(tissueLeast + (tissueMost-tissueLeast)*math.Pow(rng.Float64(), 1.5))
		if gap := rng.Float64() < 0.06; gap || out > 1.15 {
			continue
		}
		t.first[i] = int32(len(t.cells))
		t.cells = append(t.cells, tissueCell{at: at, r: r})
	}
	limits := [2]float64{0, 230}
	info := shm.VolumeInfo{
		Generation: tissueGeneration, Shape: []int{tissueZ, tissueY, tissueX}, Axes: []string{"z", "y", "x"}, Units: []string{"um", "um", "um"},
		Scale: []float64{float64(tissueScale[0]), float64(tissueScale[1]), float64(tissueScale[2])}, Channels: -1,
	}
	image, labels, nuclei := info, info, info
	image.Name, image.Kind, image.Descr, image.Title, image.Limits = "tissue", shm.VolumeImage, "|u1", "Tissue", &limits
	image.Note = "It is made up: membranes and nuclei, and some noise."
	labels.Name, labels.Kind, labels.Descr, labels.Title, labels.Properties = "cells", shm.VolumeLabels, "<u2", "Cells", true
	nuclei.Name, nuclei.Kind, nuclei.Title, nuclei.Hidden = "nuclei", shm.VolumePoints, "Middles of the cells", true
	t.list = shm.Volumes{labels, nuclei, image}
	shm.SortVolumes(t.list)
	return t
}

// Volumes returns what there is to read.
func (t *Tissue) Volumes() shm.Volumes { return slices.Clone(t.list) }

func (t *Tissue) current(ctx context.Context, v *shm.VolumeInfo) (*shm.VolumeInfo, error) {
	info := t.list.Get(v.Name)
	if info == nil || info.Generation != v.Generation {
		return nil, fmt.Errorf("%q: %w", v.Name, shm.ErrNoVolume)
	}
	return info, ctx.Err()
}

// ReadBox implements [shm.VolumeSource].
func (t *Tissue) ReadBox(ctx context.Context, v *shm.VolumeInfo, box shm.Box, dst []byte) ([]byte, error) {
	info, err := t.current(ctx, v)
	if err != nil {
		return nil, err
	}
	if !info.Kind.IsVoxels() {
		return nil, fmt.Errorf("%q has no voxels: it is made of %s", info.Name, info.Kind)
	}
	ok, n := box.Level == 0 && len(box.From) == 3 && len(box.To) == 3, 1
	for i := 0; ok && i < 3; i++ {
		ok = 0 <= box.From[i] && box.From[i] <= box.To[i] && box.To[i] <= info.Shape[i]
		n *= box.To[i] - box.From[i]
	}
	if !ok {
		return nil, fmt.Errorf("%w: %v to %v of level %d", shm.ErrBox, box.From, box.To, box.Level)
	}
	size := 1
	if info.Kind == shm.VolumeLabels {
		size = 2
	}
	dst = slices.Grow(dst[:0], n*size)[:n*size]
	var near []int32
	var row tissueRow
	from, to := box.From, box.To
	for z := from[0]; z < to[0]; z = min(to[0], (z/tissueBlock+1)*tissueBlock) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for y := from[1]; y < to[1]; y = min(to[1], (y/tissueBlock+1)*tissueBlock) {
			for x := from[2]; x < to[2]; x = min(to[2], (x/tissueBlock+1)*tissueBlock) {
				near = t.near(near[:0], z/tissueBlock, y/tissueBlock, x/tissueBlock)
				t.fill(dst, size, from, to, [3]int{z, y, x}, near, &row)
			}
		}
	}
	return dst, nil
}

// near appends the cells that may reach into a block.
func (t *Tissue) near(near []int32, z, y, x int) []int32 {
	var low, high [3]float32
	var from, to [3]int
	for k, block := range [3]int{z, y, x} {
		low[k] = float32(block*tissueBlock) * tissueScale[k]
		high[k] = low[k] + tissueBlock*tissueScale[k]
		// A cell lies within its place of the grid.
		from[k] = max(0, int((low[k]-tissueMost)/tissueSpacing))
		to[k] = min(t.grid[k], int((high[k]+tissueMost)/tissueSpacing)+1)
	}
	for i := from[0]; i < to[0]; i++ {
		for j := from[1]; j < to[1]; j++ {
			for k := from[2]; k < to[2]; k++ {
				label := t.first[(i*t.grid[1]+j)*t.grid[2]+k]
				if label < 0 {
					continue
				}
				c := &t.cells[label]
				var d2 float32
				for axis := range low {
					d := max(low[axis]-c.at[axis], c.at[axis]-high[axis], 0)
					d2 += d * d
				}
				if d2 < c.r*c.r {
					near = append(near, label)
				}
			}
		}
	}
	return near
}

// fill computes the voxels of a box from begin to the end of the block that begin lies in.
func (t *Tissue) fill(dst []byte, size int, from, to []int, begin [3]int, near []int32, row *tissueRow) {
	var end [3]int
	for k := range end {
		end[k] = min(to[k], (begin[k]/tissueBlock+1)*tissueBlock)
	}
	rows, cols := to[1]-from[1], to[2]-from[2]
	for z := begin[0]; z < end[0]; z++ {
		for y := begin[1]; y < end[1]; y++ {
			at := ((z-from[0])*rows+y-from[1])*cols - from[2]
			// What the distances have in common along a row.
			t.row(row, z, y, near)
			for x := begin[2]; x < end[2]; x++ {
				label, first, second := row.at((float32(x) + 0.5) * tissueScale[2])
				if size == 2 {
					binary.LittleEndian.PutUint16(dst[2*(at+x):], label)
				} else {
					dst[at+x] = shade(label, first, second, uint32((z*tissueY+y)*tissueX+x))
				}
			}
		}
	}
}

// tissueRow is the cells near a row of a block.
type tissueRow struct {
	n     int
	cells [64]struct {
		x, away, scale float32 // the middle; squares of the distance along z and y, and of 1 um, in radii
		label          uint16
	}
}

// row makes r the cells that reach into a row.
func (t *Tissue) row(r *tissueRow, z, y int, near []int32) {
	r.n = 0
	pz, py := (float32(z)+0.5)*tissueScale[0], (float32(y)+0.5)*tissueScale[1]
	for _, i := range near[:min(len(near), len(r.cells))] {
		c := &t.cells[i]
		dz, dy := pz-c.at[0], py-c.at[1]
		scale := 1 / (c.r * c.r)
		if away := (dz*dz + dy*dy) * scale; away < 1 {
			e := &r.cells[r.n]
			e.x, e.away, e.scale, e.label = c.at[2], away, scale, uint16(i+1)
			r.n++
		}
	}
}

// at returns the label of a voxel, 0 for none, and the squares of its distances from the nearest
// and the second cell that it lies in, in radii of these cells; 1 for none.
func (r *tissueRow) at(x float32) (label uint16, first, second float32) {
	first, second = 1, 1
	for i := range r.cells[:r.n] {
		c := &r.cells[i]
		dx := x - c.x
		switch d := c.away + dx*dx*c.scale; {
		case d < first:
			first, second, label = d, first, c.label
		case d < second:
			second = d
		}
	}
	return label, first, second
}

// shade is what the microscope sees of a voxel.
func shade(label uint16, first, second float32, voxel uint32) uint8 {
	// Some noise, the same each time.
	voxel = (voxel ^ voxel>>16) * 0x7feb352d
	voxel = (voxel ^ voxel>>15) * 0x846ca68b
	noise := float32(voxel>>27) - 15
	v := float32(16)
	if label > 0 {
		v = 48
		if first < 0.2 {
			v = 130 + 20*float32(label%4)
		}
		// Membranes are where a cell ends, and where two meet.
		v += 150 * max(0, 1-min(1-first, second-first)/0.16)
	}
	return uint8(max(0, min(255, v+noise*0.7)))
}

// ReadGeometry implements [shm.VolumeSource].
func (t *Tissue) ReadGeometry(ctx context.Context, v *shm.VolumeInfo, part shm.Part, label uint64) (*shm.Geometry, error) {
	info, err := t.current(ctx, v)
	switch {
	case err != nil:
		return nil, err
	case part != shm.PartWhole:
		return nil, fmt.Errorf("%w: the demo has no %s of its own", shm.ErrNoLabel, part)
	case info.Kind != shm.VolumePoints:
		return nil, fmt.Errorf("%q is made of voxels, and is no geometry", info.Name)
	}
	g := &shm.Geometry{Rank: 3, Attributes: []shm.Attribute{{Name: "radius", Descr: "<f4", Components: 1}, {Name: "cell", Descr: "<u4", Components: 1}}}
	for i, c := range t.cells {
		for k := range c.at {
			g.Positions = append(g.Positions, c.at[k]/tissueScale[k])
		}
		g.Attributes[0].Data = binary.LittleEndian.AppendUint32(g.Attributes[0].Data, math.Float32bits(c.r))
		g.Attributes[1].Data = binary.LittleEndian.AppendUint32(g.Attributes[1].Data, uint32(i+1))
	}
	return g, nil
}

// ReadLabels implements [shm.VolumeSource].
func (t *Tissue) ReadLabels(ctx context.Context, v *shm.VolumeInfo) (*shm.LabelTable, error) {
	info, err := t.current(ctx, v)
	if err != nil || !info.Properties {
		return &shm.LabelTable{}, err
	}
	table := &shm.LabelTable{Columns: []shm.LabelColumn{{Name: "name", Kind: "label"}, {Name: "kind", Kind: "tags"}, {Name: "radius", Kind: "number", Unit: "um"}}}
	for i, c := range t.cells {
		kind := "small"
		if c.r > (tissueLeast+tissueMost)/2 {
			kind = "large"
		}
		table.IDs = append(table.IDs, uint64(i+1))
		table.Columns[0].Texts = append(table.Columns[0].Texts, fmt.Sprintf("Cell %d", i+1))
		table.Columns[1].Texts = append(table.Columns[1].Texts, kind)
		table.Columns[2].Numbers = append(table.Columns[2].Numbers, math.Round(float64(c.r)*100)/100)
	}
	return table, nil
}
