package demo

import (
	"context"

	"webmon/shm"
	"webmon/shm/demo/slide"
)

// Sample has all volumes of the demo: the tissue, and the layers of its napari. It reads them as
// [shm.VolumeSource] has it.
type Sample struct {
	*Tissue
	slide *slide.Volumes
}

// NewSample returns the volumes of a demo of the seed.
func NewSample(seed uint64) *Sample { return &Sample{NewTissue(seed), slide.NewVolumes()} }

// Volumes returns what there is to read.
func (v *Sample) Volumes() shm.Volumes {
	all := append(v.Tissue.Volumes(), v.slide.List()...)
	shm.SortVolumes(all)
	return all
}

// ReadBox implements [shm.VolumeSource].
func (v *Sample) ReadBox(ctx context.Context, of *shm.VolumeInfo, box shm.Box, dst []byte) ([]byte, error) {
	if v.slide.Has(of.Name) {
		return v.slide.ReadBox(ctx, of, box, dst)
	}
	return v.Tissue.ReadBox(ctx, of, box, dst)
}
