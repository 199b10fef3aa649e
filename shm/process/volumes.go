package process

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"webmon/natural"
	"webmon/shm"
	"webmon/shm/pickle"
	"webmon/shm/segment"
)

// Bounds of what a process declares of its volumes.
const (
	maxVolumes = 256
	maxLevels  = 32
	maxChanges = 256 // of a volume, that are told at once
	maxWindow  = 1e300

	maxMeshError   = 1 << 20  // voxels
	maxCoordinates = 64 << 10 // bytes of names of positions of a volume, and 16 for each
)

// decodeVolumes turns what a process declares about its volumes into Volumes, in the order of
// their names. A volume that makes no sense cannot be read: its Problem says why, and there is
// a note. Of a volume whose name makes no sense only the note remains.
func decodeVolumes(v pickle.Value) (shm.Volumes, []note) {
	var d declarer
	list := shm.Volumes{}
	d.named("volumes", v, maxVolumes, func(name string, v *pickle.Dict) {
		info, err := decodeVolume(name, v)
		if err != nil {
			d.note("volumes."+name, "The volume %q is left out: %v", name, err)
			// People look for it in the list, and programs by its name.
			info = shm.VolumeInfo{
				Name: name, Kind: shm.VolumeImage, Generation: noGeneration, Shape: []int{}, Axes: []string{}, Channels: -1,
				Problem: natural.Clip(fmt.Sprintf("It is left out: %v.", err), maxNote),
			}
		}
		list = append(list, info)
	})
	shm.SortVolumes(list)
	return list, d.list
}

var kinds = []shm.VolumeKind{shm.VolumeImage, shm.VolumeLabels, shm.VolumePoints, shm.VolumeLines, shm.VolumeTracks, shm.VolumeSurface}

// decodeVolume decodes what is declared about one volume. An error says which of the required
// parts is wrong, or which part would show the volume in the wrong place. Other parts that make
// no sense are ignored.
func decodeVolume(name string, d *pickle.Dict) (info shm.VolumeInfo, err error) {
	get := func(key string) pickle.Value { v, _ := d.Get(key); return scalar(v) }
	is := func(key string) bool { b, _ := get(key).(bool); return b }

	info = shm.VolumeInfo{Name: name, Kind: shm.VolumeKind(words1(d, "kind", maxWord)), Channels: -1}
	if !slices.Contains(kinds, info.Kind) {
		return info, fmt.Errorf("its kind is %s instead of image, labels, points, lines, tracks or surface", kindOf(get("kind")))
	}
	var ok bool
	if info.Generation, ok = get("generation").(string); !ok || !generation.MatchString(info.Generation) {
		return info, fmt.Errorf("its generation is %s instead of 16 hex digits", kindOf(get("generation")))
	}
	if info.Shm, ok = get("shm").(string); get("shm") != nil && (!ok || info.Shm != "" && !segment.ValidName(info.Shm)) {
		return info, fmt.Errorf("its segment is called %s, which is no name of a segment", kindOf(get("shm")))
	}
	if info.Shape, err = volumeShape(get("shape"), "its shape"); err != nil {
		return info, err
	}
	if info.Kind.IsVoxels() {
		t, err := pickle.ParseDescr(get("dtype"))
		switch {
		case err != nil:
			return info, fmt.Errorf("its dtype is not understood: %w", err)
		case len(t.Fields) > 0 || t.Base != nil || !strings.ContainsRune("biufc", rune(t.Kind)) || t.Size > 16 || t.Size == 16 && t.Kind != 'c':
			return info, fmt.Errorf("its voxels are %s, which are no numbers that can be shown", natural.Clip(t.Descr(), maxArrayWord))
		case info.Kind == shm.VolumeLabels && !strings.ContainsRune("biu", rune(t.Kind)):
			return info, fmt.Errorf("its labels are %s, which are no whole numbers", natural.Clip(t.Descr(), maxArrayWord))
		case !segment.ValidShape(t, info.Shape) && info.Shm != "":
			return info, fmt.Errorf("no machine holds a volume of %v", info.Shape)
		}
		info.Descr = t.Descr()
	} else if info.Shm != "" {
		return info, fmt.Errorf("it has a segment, and %s are no voxels", info.Kind)
	}
	rank := len(info.Shape)
	info.Axes = words(get("axes"), rank)
	if info.Axes == nil || slices.Contains(info.Axes, "") || repeats(info.Axes) {
		info.Axes = defaultAxes(rank)
	}
	info.Units = words(get("units"), rank)
	if err := place(&info, get); err != nil {
		return info, err
	}
	if n, isInt := get("channels").(int64); isInt && n >= 0 && n < int64(rank) && info.Kind == shm.VolumeImage {
		info.Channels = int(n)
	}
	info.RGB = is("rgb") && info.Channels >= 0 && (info.Shape[info.Channels] == 3 || info.Shape[info.Channels] == 4)
	if info.Levels, err = volumeLevels(get("levels"), info.Shape); err != nil {
		return info, err
	}

	info.Title = words1(d, "title", maxTitle)
	info.Layer = words1(d, "layer", maxArrayWord)
	if lim := numbers(get("limits"), 2); lim != nil && lim[0] <= lim[1] {
		info.Limits = &[2]float64{lim[0], lim[1]}
	}
	info.Colormap = words1(d, "colormap", maxTitle)
	info.Blending = words1(d, "blending", maxArrayWord)
	if x := finite(d, "opacity"); x != nil && *x >= 0 && *x <= 1 {
		info.Opacity = x
	}
	info.Hidden = is("hidden")
	info.Unit = words1(d, "unit", maxArrayWord)
	info.Meshes, info.Skeletons, info.Properties = is("meshes"), is("skeletons"), is("properties")
	info.Note = words1(d, "note", maxNote)
	info.Problem = words1(d, "problem", maxNote)
	if c, ok := get("client").(*pickle.Dict); ok {
		info.Client = volumeClient(c, rank)
	}
	return info, nil
}

func volumeShape(v pickle.Value, what string) ([]int, error) {
	list, ok := sequence(v)
	if !ok || len(list) < 1 || len(list) > maxArrayDims {
		return nil, fmt.Errorf("%s is %s instead of 1 to %d whole numbers", what, kindOf(v), maxArrayDims)
	}
	shape := make([]int, len(list))
	for i, v := range list {
		n, ok := scalar(v).(int64)
		if !ok || n < 0 || n > maxSide {
			return nil, fmt.Errorf("%s has %s on axis %d instead of a whole number", what, kindOf(v), i)
		}
		shape[i] = int(n)
	}
	return shape, nil
}

// place decodes where a volume lies. What makes no sense is an error, because the volume would
// be shown in the wrong place or size.
func place(info *shm.VolumeInfo, get func(string) pickle.Value) error {
	rank := len(info.Shape)
	if v := get("scale"); v != nil {
		info.Scale = numbers(v, rank)
		if info.Scale == nil || slices.ContainsFunc(info.Scale, func(x float64) bool { return !(x > 0) || x > maxWindow }) {
			return fmt.Errorf("its scale is %s instead of %d numbers above 0", kindOf(v), rank)
		}
	}
	if v := get("corner"); v != nil {
		if info.Corner = numbers(v, rank); info.Corner == nil {
			return fmt.Errorf("its corner is %s instead of %d numbers", kindOf(v), rank)
		}
	}
	v := get("matrix")
	if v == nil {
		return nil
	}
	rows, _ := sequence(v)
	if len(rows) != rank {
		return fmt.Errorf("its matrix is %s instead of %d rows of %d numbers", kindOf(v), rank, rank+1)
	}
	for _, row := range rows {
		list := numbers(row, rank+1)
		if list == nil {
			return fmt.Errorf("a row of its matrix is %s instead of %d numbers", kindOf(row), rank+1)
		}
		info.Matrix = append(info.Matrix, list)
	}
	return nil
}

// volumeLevels decodes the shapes of the coarser levels.
func volumeLevels(v pickle.Value, shape []int) ([]shm.VolumeLevel, error) {
	if v == nil {
		return nil, nil
	}
	list, ok := sequence(v)
	if !ok || len(list) > maxLevels {
		return nil, fmt.Errorf("its levels are %s instead of at most %d shapes", kindOf(v), maxLevels)
	}
	var out []shm.VolumeLevel
	for i, v := range list {
		level, err := volumeShape(v, fmt.Sprintf("the shape of its level %d", i+1))
		if err != nil {
			return nil, err
		}
		if len(level) != len(shape) {
			return nil, fmt.Errorf("its level %d has %d axes, and it has %d", i+1, len(level), len(shape))
		}
		for axis, n := range level {
			if n > shape[axis] || n == 0 && shape[axis] > 0 {
				return nil, fmt.Errorf("its level %d is %v, which is no coarser level of %v", i+1, level, shape)
			}
		}
		out = append(out, shm.VolumeLevel{Shape: level})
		shape = level
	}
	return out, nil
}

// volumeClient decodes the options of neuroglancer.LocalVolume. What makes no sense is left out.
func volumeClient(d *pickle.Dict, rank int) *shm.VolumeClient {
	whole := func(key string) *int64 {
		if n, ok := scalar(entry(d, key)).(int64); ok {
			return &n
		}
		return nil
	}
	oneOf := func(key string, of ...string) string {
		if s := words1(d, key, maxArrayWord); slices.Contains(of, s) {
			return s
		}
		return ""
	}
	c := &shm.VolumeClient{
		Viewer: words1(d, "viewer", maxTitle), Token: words1(d, "token", maxTitle),
		ChunkLayout:     oneOf("chunk_layout", "isotropic", "flat"),
		Downsampling:    oneOf("downsampling", "3d", "2d"),
		MaxDownsampling: whole("max_downsampling"), MaxDownsampledSize: whole("max_downsampled_size"),
		MaxDownsamplingScales: whole("max_downsampling_scales"), MaxVoxelsPerChunkLog2: whole("max_voxels_per_chunk_log2"),
		Encoding: oneOf("encoding", "npz", "jpeg", "raw"), Coordinates: volumeCoordinates(entry(d, "coordinates"), rank),
		MeshError: within(d, "mesh_error", -1, maxMeshError), MeshAngle: within(d, "mesh_angle", 0, 90),
	}
	c.MeshFixed, _ = scalar(entry(d, "mesh_fixed")).(bool)
	if list, ok := sequence(entry(d, "voxel_offset")); ok && len(list) == rank {
		offset := make([]int, rank)
		for i, v := range list {
			n, ok := scalar(v).(int64)
			if !ok || n < -maxSide || n > maxSide {
				return c
			}
			offset[i] = int(n)
		}
		c.VoxelOffset = offset
	}
	return c
}

// within is a number of a dict, nil for none, brought between two others.
func within(d *pickle.Dict, key string, least, most float64) *float64 {
	x, ok := number(entry(d, key))
	if !ok || math.IsNaN(x) {
		return nil
	}
	x = min(max(x, least), most)
	return &x
}

// volumeCoordinates decodes the names of positions along axes; nil where they make no sense.
func volumeCoordinates(v pickle.Value, rank int) []*shm.VolumeCoordinates {
	list, ok := sequence(v)
	if !ok || len(list) != rank {
		return nil
	}
	out, left := make([]*shm.VolumeCoordinates, rank), maxCoordinates
	for i, v := range list {
		if v == nil {
			continue
		}
		pair, _ := sequence(v)
		if len(pair) != 2 {
			return nil
		}
		places, ok := sequence(pair[0])
		labels, ok2 := sequence(pair[1])
		if !ok || !ok2 || len(places) != len(labels) || len(places) > left {
			return nil
		}
		one := &shm.VolumeCoordinates{Coordinates: make([]int64, len(places)), Labels: make([]string, len(places))}
		for k := range places {
			at, ok := scalar(places[k]).(int64)
			label, ok2 := labels[k].(string)
			if !ok || !ok2 || len(label) > left {
				return nil
			}
			one.Coordinates[k], one.Labels[k] = at, label
			left -= len(label) + 16
		}
		out[i] = one
	}
	return out
}

// changes is what a process says about the content of a volume.
type changes struct {
	generation string
	version    uint64
	since      uint64 // the version before the first of the list
	list       []change
}

// change is what led to a version: anywhere if from is nil.
type change struct {
	version  uint64
	from, to []int
}

// decodeChanges turns the value of a topic of a volume into changes. ok is false if it makes no
// sense. Changes that make no sense are anywhere.
func decodeChanges(v pickle.Value) (c changes, ok bool) {
	d, _ := v.(*pickle.Dict)
	count := func(v pickle.Value) (uint64, bool) {
		n, ok := scalar(v).(int64)
		return uint64(max(n, 0)), ok && n >= 0
	}
	c.generation, ok = entry(d, "generation").(string)
	version, isCount := count(entry(d, "version"))
	if !ok || !isCount || !generation.MatchString(c.generation) {
		return c, false
	}
	c.version, c.since = version, version
	list, isList := sequence(entry(d, "changes"))
	since, isCount := count(entry(d, "since"))
	if !isList || !isCount || len(list) > maxChanges {
		return c, true
	}
	for _, v := range list {
		item, _ := sequence(v)
		if len(item) != 3 {
			return c, true
		}
		n, isCount := count(item[0])
		if !isCount {
			return c, true
		}
		one := change{version: n}
		if item[1] != nil || item[2] != nil {
			from, err := volumeShape(item[1], "")
			to, err2 := volumeShape(item[2], "")
			if err != nil || err2 != nil || len(from) != len(to) {
				return c, true
			}
			one.from, one.to = from, to
		}
		c.list = append(c.list, one)
	}
	c.since = since
	return c, true
}

// after returns the newest version, with the box of what has changed after another one.
func (c *changes) after(last *shm.VolumeVersion) *shm.VolumeVersion {
	v := &shm.VolumeVersion{Generation: c.generation, Version: c.version}
	if last == nil || last.Generation != c.generation || last.Version < c.since || last.Version > c.version {
		return v
	}
	reached := last.Version
	for _, one := range c.list {
		switch {
		case one.version <= last.Version:
			continue
		case one.from == nil || v.From != nil && len(v.From) != len(one.from):
			return &shm.VolumeVersion{Generation: c.generation, Version: c.version}
		case v.From == nil:
			v.From, v.To = slices.Clone(one.from), slices.Clone(one.to)
		default:
			for i := range v.From {
				v.From[i], v.To[i] = min(v.From[i], one.from[i]), max(v.To[i], one.to[i])
			}
		}
		reached = one.version
	}
	if reached != c.version {
		v.From, v.To = nil, nil // not everything is in the list
	}
	return v
}

// volumes are the volumes that a process declares, and how they are read.
type volumes struct {
	mu   sync.Mutex // guards all below
	list shm.Volumes
	open map[string]*segment.Volume // by the name of the segment
}

var _ shm.VolumeViewer = (*Source)(nil)

// set takes what the process declares now.
func (vs *volumes) set(list shm.Volumes) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	vs.list = list
	for name, r := range vs.open {
		if !slices.ContainsFunc(list, func(v shm.VolumeInfo) bool { return v.Shm == name }) {
			r.Close() // an error says nothing: the file was only read
			delete(vs.open, name)
		}
	}
}

// close lets go of the memory. Boxes that are being read keep it until they are read.
func (vs *volumes) close() { vs.set(nil) }

// current returns what the process declares of a volume. It is an error if that is another
// volume than v.
func (vs *volumes) current(v *shm.VolumeInfo) (*shm.VolumeInfo, error) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	info := vs.list.Get(v.Name)
	if info == nil || info.Generation != v.Generation {
		return nil, fmt.Errorf("%q: %w", v.Name, shm.ErrNoVolume)
	}
	return info, nil
}

// reader returns what reads the segment of a volume.
func (vs *volumes) reader(v *shm.VolumeInfo) (*segment.Volume, error) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if r := vs.open[v.Shm]; r != nil {
		if r.Is(v) {
			return r, nil
		}
		r.Close() // it was opened as something else; an error says nothing
		delete(vs.open, v.Shm)
	}
	r, err := segment.OpenVolume(v, segment.Options{})
	if err != nil {
		return nil, err
	}
	if vs.open == nil {
		vs.open = map[string]*segment.Volume{}
	}
	vs.open[v.Shm] = r
	return r, nil
}

// checkBox returns the size of a box in voxels, or an error that wraps [shm.ErrBox].
func checkBox(v *shm.VolumeInfo, box shm.Box) (int, error) {
	if box.Level < 0 || box.Level > len(v.Levels) {
		return 0, fmt.Errorf("%w: it has no level %d", shm.ErrBox, box.Level)
	}
	shape := v.Shape
	if box.Level > 0 {
		shape = v.Levels[box.Level-1].Shape
	}
	ok, voxels := len(box.From) == len(shape) && len(box.To) == len(shape), 1
	for i := 0; ok && i < len(shape); i++ {
		ok = 0 <= box.From[i] && box.From[i] <= box.To[i] && box.To[i] <= shape[i]
	}
	if !ok {
		return 0, fmt.Errorf("%w: %s to %s of %v", shm.ErrBox, clipped(box.From), clipped(box.To), shape)
	}
	for i := range shape {
		side := box.To[i] - box.From[i]
		if side > 0 && voxels > math.MaxInt64/side {
			return 0, errors.New("the box is larger than any memory")
		}
		voxels *= side
	}
	return voxels, nil
}

func clipped(list []int) string { return natural.Clip(fmt.Sprint(list), maxArrayWord) }

// readable returns what the process declares of a volume now, or says why it cannot be read.
func (s *Source) readable(ctx context.Context, v *shm.VolumeInfo) (*shm.VolumeInfo, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	info, err := s.volumes.current(v)
	if err == nil && info.Problem != "" {
		err = errors.New(info.Problem)
	}
	return info, err
}

// ViewVolume implements [shm.VolumeViewer].
func (s *Source) ViewVolume(ctx context.Context, v *shm.VolumeInfo, f func(voxels []byte) error) (bool, error) {
	info, err := s.readable(ctx, v)
	if err != nil || info.Shm == "" || !info.Kind.IsVoxels() {
		return false, err
	}
	r, err := s.volumes.reader(info)
	if err != nil {
		return false, err
	}
	return true, r.View(f)
}

// ReadBox implements [shm.VolumeSource].
func (s *Source) ReadBox(ctx context.Context, v *shm.VolumeInfo, box shm.Box, dst []byte) ([]byte, error) {
	info, err := s.readable(ctx, v)
	if err != nil {
		return nil, err
	}
	if !info.Kind.IsVoxels() {
		return nil, fmt.Errorf("%q has no voxels: it is made of %s", info.Name, info.Kind)
	}
	voxels, err := checkBox(info, box)
	if err != nil {
		return nil, err
	}
	if info.Shm == "" || box.Level > 0 {
		return s.askBox(ctx, info, box, voxels, dst)
	}
	r, err := s.volumes.reader(info)
	if err != nil {
		return nil, err
	}
	return r.ReadBox(box.From, box.To, dst)
}
