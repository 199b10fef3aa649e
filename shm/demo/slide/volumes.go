package slide

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"webmon/shm"
)

const volumeGeneration = "511de00000000001"

// Volumes are the pixels of the layers that the viewer begins with, in all their planes and levels.
// It reads boxes of them, and is safe for concurrent use.
type Volumes struct {
	list shm.Volumes
	kept sync.Pool // of *tiles, of those who have read lately
}

// NewVolumes returns the volumes.
func NewVolumes() *Volumes {
	v := &Volumes{}
	for i, l := range defaults(0) {
		if !l.isPicture() {
			continue
		}
		id := fmt.Sprint(i + 1)
		info := shm.VolumeInfo{
			Name: "layer." + id, Layer: id, Title: l.name, Kind: shm.VolumeImage, Generation: volumeGeneration, Descr: l.plane.descr(),
			Shape: []int{Planes, Rows, Cols}, Axes: []string{"z", "y", "x"}, Units: []string{"um", "um", "um"}, Scale: []float64{1, micrometre, micrometre},
			Channels: -1, Blending: l.blending, Opacity: number(l.opacity),
		}
		if l.kind == kindLabels {
			info.Kind = shm.VolumeLabels
		} else {
			info.Colormap, info.Limits = l.colormap, &[2]float64{l.low, l.high}
		}
		for level := 1; level < Levels; level++ {
			rows, cols := LevelShape(level)
			info.Levels = append(info.Levels, shm.VolumeLevel{Shape: []int{Planes, rows, cols}})
		}
		v.list = append(v.list, info)
	}
	return v
}

// List returns what there is to read.
func (v *Volumes) List() shm.Volumes { return slices.Clone(v.list) }

// Has reports whether a volume is one of these.
func (v *Volumes) Has(name string) bool { return v.list.Get(name) != nil }

// ReadBox reads the voxels of a box, as [shm.VolumeSource] has it.
func (v *Volumes) ReadBox(ctx context.Context, of *shm.VolumeInfo, box shm.Box, dst []byte) ([]byte, error) {
	info := v.list.Get(of.Name)
	if info == nil || info.Generation != of.Generation {
		return nil, fmt.Errorf("%q: %w", of.Name, shm.ErrNoVolume)
	}
	ok, n := box.Level >= 0 && box.Level < Levels && len(box.From) == 3 && len(box.To) == 3, 1
	for i := 0; ok && i < 3; i++ {
		side := info.Shape[i]
		if box.Level > 0 {
			side = info.Levels[box.Level-1].Shape[i]
		}
		ok = 0 <= box.From[i] && box.From[i] <= box.To[i] && box.To[i] <= side
		n *= box.To[i] - box.From[i]
	}
	if !ok {
		return nil, fmt.Errorf("%w: %v to %v of level %d", shm.ErrBox, box.From, box.To, box.Level)
	}
	plane := cells
	switch info.Descr {
	case nuclei.descr():
		plane = nuclei
	case membranes.descr():
		plane = membranes
	}
	kept, _ := v.kept.Get().(*tiles)
	if kept == nil {
		kept = &tiles{}
	}
	defer v.kept.Put(kept)
	dst = slices.Grow(dst[:0], n*plane.bytes())
	var px pixels
	for z := box.From[0]; z < box.To[0]; z++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		kept.read(&px, plane, window{level: box.Level, z: z, row0: box.From[1], row1: box.To[1], col0: box.From[2], col1: box.To[2]})
		dst = append(dst, px.bytes()...)
	}
	return dst, nil
}
