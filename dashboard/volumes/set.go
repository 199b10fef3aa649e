package volumes

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	"webmon/dashboard/pixels"
	"webmon/dashboard/source"
	"webmon/dashboard/volumes/level"
	"webmon/dashboard/volumes/view"
	"webmon/natural"
	"webmon/shm"
)

// keyOwner comes before the dot in the key of a volume that no script has made for a viewer of
// its own.
const keyOwner = "webmon"

// Bounds of what is taken of a declaration.
const (
	maxRank    = 12
	maxVolumes = 1024
	maxVoxels  = 1 << 62
)

// volume is a volume of a source at one moment.
type volume struct {
	shm.VolumeInfo
	// Array is the array that the volume is, nil if the process declares it as a volume.
	Array *shm.ArrayInfo
	// Key names the volume in addresses. It is a new one when anything of the volume
	// changes but its content.
	Key string
}

// volumesOf lists the volumes of a source: those that its process declares, then the arrays that have
// the axes for it.
func volumesOf(src *source.Source) []volume {
	var out []volume
	seen := map[string]bool{}
	for _, info := range src.Volumes() {
		if len(out) == maxVolumes {
			return out
		}
		seen[info.Name] = true
		out = append(out, declared(info))
	}
	for _, info := range src.Arrays() {
		if len(out) == maxVolumes {
			break
		}
		if !seen[info.Name] && pixels.IsVolume(&info) {
			out = append(out, ofArray(&info))
		}
	}
	return out
}

// find returns the volume of a source that fits, nil if none does.
func find(src *source.Source, fits func(*volume) bool) *volume {
	all := volumesOf(src)
	for i := range all {
		if fits(&all[i]) {
			return &all[i]
		}
	}
	return nil
}

func named(src *source.Source, name string) *volume {
	return find(src, func(v *volume) bool { return v.Name == name })
}

func keyed(src *source.Source, key string) *volume {
	return find(src, func(v *volume) bool { return v.Key == key })
}

// declared is a volume as its process declares it. What makes no sense becomes a problem, so that
// nothing else need be checked again.
func declared(info shm.VolumeInfo) volume {
	v := volume{VolumeInfo: info}
	if problem := unfit(&info); problem != "" && v.Problem == "" {
		v.Problem = problem
	}
	if c := info.Client; c != nil {
		v.Key = c.Viewer + "." + c.Token
	} else {
		v.Key = keyOf("volume", info.Name, info.Generation)
	}
	return v
}

// unfit says what is wrong with a declaration, "" if nothing is.
func unfit(info *shm.VolumeInfo) string {
	rank := len(info.Shape)
	switch {
	case rank == 0 || rank > maxRank:
		return fmt.Sprintf("a volume has 1 to %d axes, and this one has %d", maxRank, rank)
	case len(info.Axes) != rank:
		return fmt.Sprintf("the volume has %d axes and names for %d", rank, len(info.Axes))
	case info.Scale != nil && len(info.Scale) != rank, info.Corner != nil && len(info.Corner) != rank,
		info.Units != nil && len(info.Units) != rank, info.Matrix != nil && len(info.Matrix) != rank:
		return fmt.Sprintf("the units, the scale, the corner and the matrix of the volume must each be for its %d axes", rank)
	case info.Channels < -1 || info.Channels >= rank:
		return fmt.Sprintf("the volume has no axis %d that could be its channels", info.Channels)
	}
	seen := map[string]bool{}
	for i, n := range info.Shape {
		switch {
		case n < 0 || n == 0 && info.Kind.IsVoxels():
			return "the volume has no voxels"
		case seen[info.Axes[i]]:
			return fmt.Sprintf("two axes of the volume are called %q", natural.Clip(info.Axes[i], 40))
		case info.Scale != nil && !(info.Scale[i] > 0 && info.Scale[i] < 1e300):
			return "the scale of the volume must be above 0 on every axis"
		case info.Matrix != nil && len(info.Matrix[i]) != rank+1:
			return fmt.Sprintf("a row of the volume's matrix has %d numbers, and needs %d", len(info.Matrix[i]), rank+1)
		}
		seen[info.Axes[i]] = true
	}
	numbers := slices.Clone(info.Corner)
	for _, row := range info.Matrix {
		numbers = append(numbers, row...)
	}
	if info.Limits != nil {
		numbers = append(numbers, info.Limits[:]...)
	}
	if info.Opacity != nil {
		numbers = append(numbers, *info.Opacity)
	}
	for _, x := range numbers {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return "where the volume lies, or how it is shown to begin with, is no finite number"
		}
	}
	if pixels.Count(info.Shape) >= maxVoxels {
		return "the volume is larger than any memory"
	}
	for _, coarser := range info.Levels {
		if len(coarser.Shape) != rank {
			return fmt.Sprintf("a level of the volume has %d axes, and the volume %d", len(coarser.Shape), rank)
		}
		for i, n := range coarser.Shape {
			if n < 1 || n > info.Shape[i] {
				return "a level of the volume is larger than the volume, or empty"
			}
		}
	}
	if c := info.Client; c != nil {
		if !view.IsToken(c.Viewer) || !view.IsToken(c.Token) || c.VoxelOffset != nil && len(c.VoxelOffset) != rank {
			return "what the volume says for Neuroglancer's client makes no sense"
		}
	}
	if info.Kind.IsVoxels() {
		if _, ok := level.WireOf(info.Descr, info.Kind == shm.VolumeLabels, nil); !ok {
			return "voxels of the dtype " + natural.Clip(info.Descr, 40) + " cannot be shown"
		}
	}
	return ""
}

// keyOf is the key of a volume that belongs to no viewer of a script.
func keyOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return keyOwner + "." + hex.EncodeToString(sum[:8])
}

func axisOf(axes []string, i int) string {
	if i < len(axes) {
		return axes[i]
	}
	return ""
}

// ofArray is an array as a volume.
func ofArray(info *shm.ArrayInfo) volume {
	v := volume{Array: info, Key: keyOf("array", info.Name, info.Generation)}
	v.VolumeInfo = shm.VolumeInfo{
		Name: info.Name, Kind: shm.VolumeImage, Generation: info.Generation, Title: info.Title,
		Descr: info.Descr, Shape: info.Shape, Axes: info.Axes, Units: info.Units, Scale: info.Scale,
		Channels: pixels.Channels(info), RGB: info.Role == "rgb" && pixels.Channels(info) >= 0, Shm: info.Shm, Limits: info.Limits, Colormap: info.Colormap,
		Unit: info.Unit, Note: info.Note, Problem: info.Stats.Problem,
	}
	if info.Role == "labels" {
		v.Kind = shm.VolumeLabels
	}
	if len(v.Axes) != len(v.Shape) {
		v.Axes = make([]string, len(v.Shape))
		for i := range v.Axes {
			v.Axes[i] = fmt.Sprint(i)
		}
	}
	if problem := unfit(&v.VolumeInfo); v.Problem == "" {
		v.Problem = problem
	}
	return v
}

// title is what people call the volume.
func (v *volume) title() string {
	if v.Title != "" {
		return natural.Clip(v.Title, 120)
	}
	return v.Name
}

// scale is the size of a voxel on an axis, in its unit.
func (v *volume) scale(i int) float64 {
	if v.Scale == nil {
		return 1
	}
	return v.Scale[i]
}

// topic is the state topic that says when the content has changed.
func (v *volume) topic() string {
	if v.Array != nil {
		return shm.ArrayTopic(v.Name)
	}
	return shm.VolumeTopic(v.Name)
}
