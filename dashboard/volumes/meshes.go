package volumes

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"webmon/components/ui"
	"webmon/dashboard/pixels"
	"webmon/dashboard/volumes/level"
	"webmon/dashboard/volumes/mesh"
	"webmon/shm"
)

// maxScanned is how many voxels a volume may have for its labels to be looked for: all of them are read.
const maxScanned = 1 << 34

// maxScannedAsked is the same of a volume whose process is asked for every box.
const maxScannedAsked = 1 << 30

// meshedAtOnce is how many bytes of a volume in memory are read at once to be meshed, so that they are still in the
// processor's cache when they are looked at.
const meshedAtOnce = 1 << 20

// labels is where the labels of a volume are, in one of its generations.
type labels struct {
	generation uint64
	boxes      *mesh.Boxes
	bytes      int64 // in the account
}

// meshVolume is a volume with three axes as the package of meshes reads it, coarser by step.
func (l *live) meshVolume(v *volume, s *shown, step int) (*mesh.Volume, error) {
	w, ok := level.WireOf(v.Descr, true, nil)
	if !ok || len(v.Shape) != 3 {
		return nil, &Failure{http.StatusMethodNotAllowed, "Meshes are made of labels with three axes alone."}
	}
	out := &mesh.Volume{Descr: w.Descr}
	for i, n := range v.Shape {
		out.Shape[i] = (n + step - 1) / step
	}
	read := &reader{v: v, wire: w, read: func(ctx context.Context, box shm.Box, dst []byte) ([]byte, error) {
		return l.read(ctx, v, s, box, dst)
	}}
	if v.mapped() {
		out.AtOnce = meshedAtOnce
	}
	out.Read = func(ctx context.Context, from, to [3]int, dst []byte) ([]byte, error) {
		return read.chunk(ctx, chunk{factors: []int{step, step, step}, from: from[:], to: to[:]}, dst)
	}
	return out, nil
}

// labelsOf finds where the labels of a volume are, once for each of its generations.
func (v *Volumes) labelsOf(ctx context.Context, l *live, vol *volume, s *shown) (*mesh.Boxes, error) {
	kept := func() *mesh.Boxes {
		l.mu.Lock()
		defer l.mu.Unlock()
		if s.labels != nil && s.labels.generation == s.generation {
			return s.labels.boxes
		}
		return nil
	}
	if boxes := kept(); boxes != nil {
		return boxes, nil
	}
	most := maxScanned
	if !vol.mapped() {
		most = maxScannedAsked
	}
	if n := pixels.Count(vol.Shape); n > most {
		return nil, &Failure{http.StatusNotImplemented, fmt.Sprintf("%s is too large to look for its labels: that would read all of its %s voxels.", vol.title(), ui.Count(n))}
	}
	var found *mesh.Boxes
	_, release, err := v.flights.make(ctx, l.epoch(s)+"/labels", 1<<20, func(ctx context.Context) ([]byte, error) {
		if boxes := kept(); boxes != nil {
			return nil, nil // another request has just found them
		}
		l.mu.Lock()
		generation := s.generation
		l.mu.Unlock()
		volume, err := l.meshVolume(vol, s, 1)
		if err != nil {
			return nil, err
		}
		boxes, err := mesh.Scan(ctx, volume, 0)
		if err != nil {
			return nil, err
		}
		found = boxes // read by whoever waits for this flight alone
		l.mu.Lock()
		defer l.mu.Unlock()
		v.forgetLabels(s)
		if bytes := boxes.Bytes(); v.boxes.Take(bytes) {
			s.labels = &labels{generation, boxes, bytes}
		} else {
			v.boxes.Refused()
		}
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	defer release()
	if boxes := kept(); boxes != nil {
		return boxes, nil
	}
	if found != nil {
		return found, nil
	}
	return nil, &Failure{http.StatusServiceUnavailable, "There is no room to keep where the labels are: start webmon with more --memory."}
}

// forgetLabels lets go of where the labels of a volume were; mu of its live is held.
func (v *Volumes) forgetLabels(s *shown) {
	if s.labels != nil {
		v.boxes.Give(s.labels.bytes)
		s.labels = nil
	}
}

// surface makes the mesh of a label, as the client takes it, of where the labels are.
func (v *Volumes) surface(ctx context.Context, l *live, vol *volume, s *shown, id uint64, axes []axis, boxes *mesh.Boxes) ([]byte, error) {
	o, ok := boxes.Get(id)
	if !ok {
		if boxes.Missed() == 0 {
			return nil, shm.ErrNoLabel
		}
		full, err := l.meshVolume(vol, s, 1)
		if err != nil {
			return nil, err
		}
		if o, err = mesh.Find(ctx, full, id); err != nil {
			return nil, noLabel(err)
		}
	}
	m, err := mesh.Surface(ctx, func(step int) (*mesh.Volume, error) { return l.meshVolume(vol, s, step) }, o, vol.meshOptions())
	if err != nil {
		return nil, noLabel(err)
	}
	var order [3]int
	var scale [3]float64
	for i, a := range axes {
		order[i], scale[a.From] = a.From, a.Scale
	}
	return m.Encode(nil, order, scale), nil
}

// meshOptions is how the script of a volume wants its meshes, nil for webmon's own way.
func (v *volume) meshOptions() *mesh.Options {
	if v.Client == nil {
		return nil
	}
	o := &mesh.Options{Fixed: v.Client.MeshFixed}
	// 0 stands for what is usual.
	if e := v.Client.MeshError; e != nil {
		if o.Error = *e; o.Error >= 0 {
			o.Error = max(o.Error, 1e-9)
		}
	}
	if a := v.Client.MeshAngle; a != nil {
		o.Angle = max(*a, 1e-9)
	}
	return o
}

// noLabel makes the answer of a label that is not there.
func noLabel(err error) error {
	if errors.Is(err, mesh.ErrNoLabel) {
		return &Failure{http.StatusNotFound, sentence(err)}
	}
	return err
}

// sizeOf is how large a label is, "" if that is not known; mu is held.
func (s *shown) sizeOf(v *volume, id uint64) string {
	if s.labels == nil {
		return ""
	}
	o, ok := s.labels.boxes.Get(id)
	if !ok {
		return ""
	}
	text := ui.Count(o.Voxels) + " " + ui.Plural(int(min(o.Voxels, 2)), "voxel", "voxels")
	if v.Scale == nil || len(v.Units) != len(v.Shape) {
		return text
	}
	size := float64(o.Voxels)
	for i := range v.Shape {
		if v.Units[i] == "" || v.Units[i] != v.Units[0] {
			return text
		}
		size *= v.scale(i)
	}
	return fmt.Sprintf("%s, %.4g %s³", text, size, unitText(v.Units[0]))
}
