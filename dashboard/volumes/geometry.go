package volumes

import (
	"context"
	"encoding/binary"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"webmon/dashboard/pixels"
	"webmon/dashboard/volumes/level"
	"webmon/dashboard/volumes/mesh"
	"webmon/natural"
	"webmon/shm"
)

// maxGeometry is how many bytes of a mesh or a skeleton are sent at most.
const maxGeometry = 256 << 20

// solid are the axes in which the geometry of a volume lies: the last three that are neither channels
// nor time, in the wire's order. nil if it has fewer.
func (v *volume) solid() []axis {
	var out []axis
	if v.Client != nil && len(v.Shape) == 3 {
		return v.space()
	}
	for _, a := range v.spaced() {
		if !pixels.IsTime(a.Name) {
			out = append(out, a)
		}
	}
	if len(out) < 3 {
		return nil
	}
	if v.Client != nil {
		return out[len(out)-3:]
	}
	return out[:3]
}

// labelled reports whether the voxels are labels, or may be taken for some: a script may show an image of its own in a
// layer of labels.
func (v *volume) labelled() bool {
	if v.Kind != shm.VolumeImage || v.Client == nil {
		return v.Kind == shm.VolumeLabels
	}
	d, ok := level.ParseDType(v.Descr)
	return ok && (d.Kind == 'u' || d.Kind == 'b')
}

// label is the label that a request names.
func label(r *http.Request) (uint64, error) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, bad("A label is a whole number from 0 to 2^64-1.")
	}
	return id, nil
}

// getMesh sends the surface of a label.
func (v *Volumes) getMesh(w http.ResponseWriter, r *http.Request) error {
	l, vol, s, err := v.volume(r)
	if err != nil {
		return err
	}
	id, err := label(r)
	if err != nil {
		return err
	}
	axes := vol.solid()
	switch {
	case !vol.labelled() && vol.Kind != shm.VolumeSurface && !vol.Meshes:
		return &Failure{http.StatusMethodNotAllowed, vol.title() + " has no labels, and so no meshes."}
	case axes == nil, vol.labelled() && len(vol.Shape) != 3:
		return &Failure{http.StatusMethodNotAllowed, "Meshes are made of volumes with three axes alone."}
	}
	name := strconv.FormatUint(id, 10)
	if vol.Kind != shm.VolumeSurface && !vol.Meshes {
		if id == 0 {
			return why(shm.ErrNoLabel) // the background
		}
		return v.geometry(w, r, l, s, "mesh", name, vol, func(ctx context.Context, boxes *mesh.Boxes) ([]byte, error) {
			return v.surface(ctx, l, vol, s, id, axes, boxes)
		})
	}
	part := shm.PartMesh
	if vol.Kind == shm.VolumeSurface {
		part = shm.PartWhole
	}
	return v.geometry(w, r, l, s, "mesh", name, nil, func(ctx context.Context, _ *mesh.Boxes) ([]byte, error) {
		g, err := l.geometry(ctx, vol, part, id)
		if err != nil {
			return nil, err
		}
		return encodeMesh(g, axes)
	})
}

// geometry answers with what the function makes, once for all who ask for it: something of a label, or of all if
// that is "". The function is given where the labels
// of a volume are, unless scanned is nil. To find them takes a turn of its own: the function, which waits for them
// before its own, does not hold up others meanwhile, nor the search.
func (v *Volumes) geometry(w http.ResponseWriter, r *http.Request, l *live, s *shown, what, label string, scanned *volume, f func(context.Context, *mesh.Boxes) ([]byte, error)) (err error) {
	ctx, cancel := context.WithTimeout(r.Context(), chunkTime)
	defer cancel()
	name := l.epoch(s) + "/" + what + "/" + label
	l.begin(s)
	sent := 0
	defer func() { l.end(s, what, label, sent, err) }()
	data, ok := v.bricks.Get(name)
	if !ok {
		var boxes *mesh.Boxes
		if scanned != nil {
			boxes, err = v.labelsOf(ctx, l, scanned, s)
		}
		var release func()
		if err == nil {
			data, release, err = v.flights.make(ctx, name, 1<<20, func(ctx context.Context) ([]byte, error) {
				data, err := f(ctx, boxes)
				if err == nil {
					v.bricks.Put(name, data)
				}
				return data, err
			})
		}
		if err != nil {
			if r.Context().Err() != nil {
				err = context.Canceled
				return nil
			}
			f := why(err)
			err = f
			return f
		}
		defer release()
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	h.Set("Cache-Control", "no-store")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sendWait))
	sent, _ = w.Write(data)
	return nil
}

// geometry reads a part of a volume and checks it.
func (l *live) geometry(ctx context.Context, v *volume, part shm.Part, label uint64) (*shm.Geometry, error) {
	reads := l.src.VolumeSource()
	if reads == nil {
		return nil, shm.ErrNoVolume
	}
	g, err := reads.ReadGeometry(ctx, &v.VolumeInfo, part, label)
	if err != nil {
		return nil, err
	}
	return g, checkGeometry(g, len(v.Shape))
}

func wrong(format string, args ...any) error {
	f := bad(format, args...).(*Failure)
	f.Status = http.StatusBadGateway
	return f
}

// checkGeometry refuses what the client would stumble over.
func checkGeometry(g *shm.Geometry, rank int) error {
	if g == nil || g.Rank != rank || rank == 0 || len(g.Positions)%rank != 0 {
		return wrong("The process has sent vertices that do not have %d coordinates.", rank)
	}
	n := uint32(len(g.Positions) / rank)
	if len(g.Edges)%2 != 0 || len(g.Faces)%3 != 0 {
		return wrong("The process has sent an edge without two vertices, or a face without three.")
	}
	size := 4 * (len(g.Positions) + len(g.Edges) + len(g.Faces))
	for _, a := range g.Attributes {
		if a.Components < 1 || len(a.Data) != int(n)*a.Components*itemSize(a.Descr) || attributeTypes[a.Descr] == "" {
			return wrong("The attribute %q has not one value of a known dtype for each of %d vertices.", natural.Clip(a.Name, 40), n)
		}
		size += len(a.Data)
	}
	if size > maxGeometry {
		return wrong("The geometry has %d MiB, and may have %d.", size>>20, maxGeometry>>20)
	}
	for _, list := range [][]uint32{g.Edges, g.Faces} {
		for _, i := range list {
			if i >= n {
				return wrong("The process has sent the index %d of %d vertices.", i, n)
			}
		}
	}
	return nil
}

var attributeTypes = map[string]string{
	"|u1": "uint8", "|i1": "int8", "<u2": "uint16", "<i2": "int16", "<u4": "uint32", "<i4": "int32", "<f4": "float32",
}

// encodeMesh writes a mesh as the client takes it: positions in the base units of the axes, each
// voxel one scale long, without the offset of the volume.
func encodeMesh(g *shm.Geometry, axes []axis) ([]byte, error) {
	n := len(g.Positions) / g.Rank
	out := make([]byte, 0, 4+12*n+4*len(g.Faces))
	out = binary.LittleEndian.AppendUint32(out, uint32(n))
	for i := range n {
		for _, a := range axes {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(float64(g.Positions[i*g.Rank+a.From])*a.Scale)))
		}
	}
	// The order of the axes may mirror the volume, and with it what is outside.
	mirrored := odd(axes)
	for i := 0; i < len(g.Faces); i += 3 {
		a, b, c := g.Faces[i], g.Faces[i+1], g.Faces[i+2]
		if mirrored {
			b, c = c, b
		}
		out = binary.LittleEndian.AppendUint32(out, a)
		out = binary.LittleEndian.AppendUint32(out, b)
		out = binary.LittleEndian.AppendUint32(out, c)
	}
	return out, nil
}

// odd reports whether axes are in an order that an odd number of swaps brings to that of the volume.
func odd(axes []axis) bool {
	swaps := 0
	for i := range axes {
		for j := range i {
			if axes[j].From > axes[i].From {
				swaps++
			}
		}
	}
	return swaps%2 == 1
}

// getSkeletonInfo tells what the skeletons of a volume are.
func (v *Volumes) getSkeletonInfo(w http.ResponseWriter, r *http.Request) error {
	l, vol, s, err := v.volume(r)
	if err != nil {
		return err
	}
	axes := vol.solid()
	if axes == nil || !vol.Skeletons && vol.Kind.IsVoxels() {
		return &Failure{http.StatusMethodNotAllowed, vol.title() + " has no skeletons."}
	}
	attributes := object{}
	if !vol.Kind.IsVoxels() {
		g, err := l.geometry(r.Context(), vol, shm.PartWhole, 0)
		if err != nil {
			return why(err)
		}
		for _, a := range usable(g.Attributes) {
			attributes = append(attributes, field{a.Name, object{{"dataType", attributeTypes[a.Descr]}, {"numComponents", a.Components}}})
		}
	}
	l.mu.Lock()
	generation := s.generation
	l.mu.Unlock()
	offset := make([]float64, len(axes))
	all := vol.space()
	at, _ := vol.offset(all)
	for i, a := range axes {
		offset[i] = float64(at[slices.Index(all, a)])
	}
	return sendJSON(w, http.StatusOK, object{
		{"coordinateSpace", dimensions(axes)}, {"voxelOffset", offset}, {"attributes", attributes}, {"generation", generation},
	})
}

// names of attributes that the client's shaders take.
var attributeName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]{0,40}$`)

// usable are the attributes whose names the client's shaders take.
func usable(list []shm.Attribute) []shm.Attribute {
	return slices.DeleteFunc(slices.Clone(list), func(a shm.Attribute) bool { return !attributeName.MatchString(a.Name) })
}

// getSkeleton sends the skeleton of a label; of a volume of lines, tracks or points that is all of it.
func (v *Volumes) getSkeleton(w http.ResponseWriter, r *http.Request) error {
	l, vol, s, err := v.volume(r)
	if err != nil {
		return err
	}
	id, err := label(r)
	if err != nil {
		return err
	}
	axes := vol.solid()
	if axes == nil || !vol.Skeletons && vol.Kind.IsVoxels() {
		return &Failure{http.StatusMethodNotAllowed, vol.title() + " has no skeletons."}
	}
	return v.geometry(w, r, l, s, "skeleton", strconv.FormatUint(id, 10), nil, func(ctx context.Context, _ *mesh.Boxes) ([]byte, error) {
		part := shm.PartSkeleton
		if !vol.Kind.IsVoxels() && !vol.Skeletons {
			part = shm.PartWhole
			if id != 1 {
				return nil, shm.ErrNoLabel
			}
		}
		g, err := l.geometry(ctx, vol, part, id)
		if err != nil {
			return nil, err
		}
		return encodeSkeleton(g, axes), nil
	})
}

// encodeSkeleton writes a skeleton as the client takes it: positions in voxels. What has faces and no
// edges is drawn by the edges of its faces.
func encodeSkeleton(g *shm.Geometry, axes []axis) []byte {
	n := len(g.Positions) / g.Rank
	edges := g.Edges
	if len(edges) == 0 {
		for i := 0; i < len(g.Faces); i += 3 {
			f := g.Faces[i : i+3]
			edges = append(edges, f[0], f[1], f[1], f[2], f[2], f[0])
		}
	}
	out := make([]byte, 0, 8+12*n+4*len(edges))
	out = binary.LittleEndian.AppendUint32(out, uint32(n))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(edges)/2))
	for i := range n {
		for _, a := range axes {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(g.Positions[i*g.Rank+a.From]))
		}
	}
	for _, e := range edges {
		out = binary.LittleEndian.AppendUint32(out, e)
	}
	for _, a := range usable(g.Attributes) {
		out = append(out, a.Data...)
	}
	return out
}
