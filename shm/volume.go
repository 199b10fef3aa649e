package shm

import (
	"context"
	"errors"
	"slices"
	"strings"

	"webmon/natural"
)

// TopicVolumes is the state topic by which a process declares its volumes. Its value is
// a Volumes.
const TopicVolumes = "volumes"

// volumePrefix begins the name of the state topic of every volume.
const volumePrefix = "volume/"

// VolumeTopic returns the state topic whose value is the newest *VolumeVersion of a
// volume. A process tells versions only while somebody wants the topic, and at most as
// often.
func VolumeTopic(name string) string { return volumePrefix + name }

// VolumeOfTopic returns the name of the volume whose versions a topic has. ok is false
// for any other topic.
func VolumeOfTopic(topic string) (name string, ok bool) {
	return strings.CutPrefix(topic, volumePrefix)
}

// VolumeVersion says that the content of a volume has changed.
type VolumeVersion struct {
	Generation string `json:"generation"` // of the volume, as it is declared
	Version    uint64 `json:"version"`    // counts the changes, from 0
	// From and To are the box of level 0 in which all changes since the last version
	// that was told lie, in voxels. They are nil if that may be anywhere.
	From []int `json:"from,omitempty"`
	To   []int `json:"to,omitempty"`
}

// VolumeKind says what a volume is made of.
type VolumeKind string

// The kinds of volume. Image and Labels have voxels; the others have a Geometry.
const (
	VolumeImage   VolumeKind = "image"
	VolumeLabels  VolumeKind = "labels"  // a whole number a voxel says which object it belongs to; 0 is none
	VolumePoints  VolumeKind = "points"  // vertices
	VolumeLines   VolumeKind = "lines"   // vertices and edges: vectors, the outlines of shapes
	VolumeTracks  VolumeKind = "tracks"  // as lines; the attribute "id" says which track a vertex belongs to
	VolumeSurface VolumeKind = "surface" // vertices and faces
)

// IsVoxels reports whether the volume is read by boxes.
func (k VolumeKind) IsVoxels() bool { return k == VolumeImage || k == VolumeLabels }

// Volumes are the volumes of a process, by name.
type Volumes []VolumeInfo

// Get returns the volume with the name, nil if there is none.
func (v Volumes) Get(name string) *VolumeInfo {
	for i := range v {
		if v[i].Name == name {
			return &v[i]
		}
	}
	return nil
}

// MarshalJSON writes {name: {"kind", "dtype", "shape", ...}}.
func (v Volumes) MarshalJSON() ([]byte, error) {
	return marshalNamed(v, func(v VolumeInfo) string { return v.Name })
}

// SortVolumes puts volumes in the order in which people see them.
func SortVolumes(v Volumes) {
	slices.SortFunc(v, func(a, b VolumeInfo) int { return natural.Compare(a.Name, b.Name) })
}

// VolumeInfo is what a process declares about one volume. Voxel (i, j, ...) of level 0 fills the
// box from Corner + Scale*(i, j, ...) to Corner + Scale*(i+1, j+1, ...), in the units of the axes.
// Volumes of one process with axes of the same names lie in one space.
type VolumeInfo struct {
	Name string     `json:"name"`
	Kind VolumeKind `json:"kind"`
	// Generation is 16 hex digits, new with everything that changes what the volume is:
	// its dtype, shape, levels or axes.
	Generation string `json:"generation"`
	Title      string `json:"title,omitempty"`

	Descr string    `json:"dtype,omitempty"` // of the voxels, in NumPy's notation, such as "<u2"; "" for a geometry
	Shape []int     `json:"shape"`           // of level 0, in C order; of a geometry how far it goes, 0 where that is not known
	Axes  []string  `json:"axes"`            // a name for each axis, such as "t", "c", "z", "y", "x"
	Units []string  `json:"units,omitempty"` // of each axis as UCUM or OME has it, such as "um"; "" for none; nil for none at all
	Scale []float64 `json:"scale,omitempty"` // units a voxel of each axis, above 0; nil stands for 1 each
	// Corner is where the outer corner of the first voxel lies, in units; nil is the origin.
	Corner []float64 `json:"corner,omitempty"`
	// Matrix places a volume that is turned or sheared: rank rows of rank+1 numbers, which lead from
	// voxels to units in place of Scale and Corner. nil for none.
	Matrix [][]float64 `json:"matrix,omitempty"`
	// Channels is the axis along which the items are channels that are shown at once, -1 for
	// none. With RGB these are three or four colours.
	Channels int  `json:"channels"`
	RGB      bool `json:"rgb,omitempty"`

	// Levels are the coarser levels that the process has itself, from fine to coarse, level 0
	// not included. An axis of a level is as long as that of level 0 divided by a factor,
	// rounded either way.
	Levels []VolumeLevel `json:"levels,omitempty"`

	// Shm is the segment in which level 0 lies; "" for a volume whose boxes the process is
	// asked for.
	Shm string `json:"shm,omitempty"`
	// Layer is the id of the layer whose data the volume is, "" for none.
	Layer string `json:"layer,omitempty"`

	// How the volume is shown to begin with.
	Limits   *[2]float64 `json:"limits,omitempty"` // contrast limits
	Colormap string      `json:"colormap,omitempty"`
	Blending string      `json:"blending,omitempty"` // napari's name, such as "additive"
	Opacity  *float64    `json:"opacity,omitempty"`
	Hidden   bool        `json:"hidden,omitempty"`
	Unit     string      `json:"unit,omitempty"` // of the values

	// What the process has of each label: people's own instead of what webmon makes.
	Meshes     bool `json:"meshes,omitempty"`
	Skeletons  bool `json:"skeletons,omitempty"`
	Properties bool `json:"properties,omitempty"`

	// Client has what a script asks of Neuroglancer's client itself, nil for most volumes.
	Client *VolumeClient `json:"client,omitempty"`

	Note    string `json:"note,omitempty"`    // a sentence of the process
	Problem string `json:"problem,omitempty"` // why it cannot be read, a sentence
}

// VolumeLevel is a coarser level that the process has itself.
type VolumeLevel struct {
	Shape []int `json:"shape"`
}

// VolumeClient are the options of neuroglancer.LocalVolume. Where they are given the axes go out
// in the order in which they are declared, and the first one runs fastest.
type VolumeClient struct {
	Viewer                string `json:"viewer"` // the token of the viewer that the volume belongs to
	Token                 string `json:"token"`  // of the volume
	VoxelOffset           []int  `json:"voxel_offset,omitempty"`
	ChunkLayout           string `json:"chunk_layout,omitempty"`
	Downsampling          string `json:"downsampling,omitempty"` // "3d", "2d" or "" for none
	MaxDownsampling       *int64 `json:"max_downsampling,omitempty"`
	MaxDownsampledSize    *int64 `json:"max_downsampled_size,omitempty"`
	MaxDownsamplingScales *int64 `json:"max_downsampling_scales,omitempty"`
	MaxVoxelsPerChunkLog2 *int64 `json:"max_voxels_per_chunk_log2,omitempty"`
	Encoding              string `json:"encoding,omitempty"` // "npz", "jpeg" or "raw"
	// Coordinates are names of positions, for each axis that has them; nil for none at all.
	Coordinates []*VolumeCoordinates `json:"coordinates,omitempty"`
	// How meshes of labels are simplified, nil and false for webmon's own way: how far in voxels the
	// surface may be from the whole one, not at all if less than 0; how far in degrees a normal may
	// turn; and whether vertices at the faces of the volume stay where they are.
	MeshError *float64 `json:"mesh_error,omitempty"`
	MeshAngle *float64 `json:"mesh_angle,omitempty"`
	MeshFixed bool     `json:"mesh_fixed,omitempty"`
}

// VolumeCoordinates are the names of some positions along an axis.
type VolumeCoordinates struct {
	Coordinates []int64  `json:"coordinates"`
	Labels      []string `json:"labels"`
}

// Box is a part of a level of a volume: the voxels from From, included, to To, not included, on
// every axis. Level 0 is the full resolution; level k is VolumeInfo.Levels[k-1].
type Box struct {
	Level    int
	From, To []int
}

// Geometry is what a volume has besides voxels. Positions are in voxels of level 0 of its
// volume, axis after axis as declared: voxel i goes from i to i+1.
type Geometry struct {
	Rank       int
	Positions  []float32 // Rank a vertex
	Edges      []uint32  // two vertices each
	Faces      []uint32  // three vertices each, counter-clockwise as seen from outside
	Attributes []Attribute
}

// Attribute is a number or some numbers of each vertex of a Geometry.
type Attribute struct {
	Name       string
	Descr      string // little-endian: "|u1", "|i1", "<u2", "<i2", "<u4", "<i4" or "<f4"
	Components int    // numbers a vertex
	Data       []byte
}

// LabelTable is what a process knows of its labels.
type LabelTable struct {
	IDs     []uint64
	Columns []LabelColumn
}

// LabelColumn has a value for each of the IDs of a LabelTable: Texts or Numbers, NaN where there
// is none.
type LabelColumn struct {
	Name    string
	Kind    string // "label", "description", "string", "tags" (words with spaces between them) or "number"
	Unit    string
	Texts   []string
	Numbers []float64
}

// Part says what of a volume to read as a Geometry.
type Part string

// The parts.
const (
	PartWhole    Part = ""         // of points, lines, tracks and surfaces
	PartMesh     Part = "mesh"     // of a label
	PartSkeleton Part = "skeleton" // of a label
)

// Why a volume cannot be read.
var (
	// ErrNoVolume says that the volume is gone or was made again: its declaration has changed.
	ErrNoVolume = errors.New("the volume is not there any more")
	// ErrNoLabel says that the process has nothing for a label.
	ErrNoLabel = errors.New("there is no such label")
	// ErrBox says that a box lies outside of its level.
	ErrBox = errors.New("the box lies outside of the volume")
)

// VolumeSource is a Source whose process has volumes. The methods may be called by any goroutine, and
// v is as the process has declared it. Where the process is asked, it reads in threads of its
// own, a few boxes at a time; calls wait for their turn, and end with ctx.
type VolumeSource interface {
	Source
	// ReadBox reads the voxels of a box into dst, which grows as needed: in C order and the
	// dtype of the volume. An error wraps ErrNoVolume or ErrBox, or says in words what went wrong
	// in the process.
	ReadBox(ctx context.Context, v *VolumeInfo, box Box, dst []byte) ([]byte, error)
	// ReadGeometry reads a part of a volume. label is that of PartMesh and PartSkeleton. An error
	// wraps ErrNoVolume or ErrNoLabel, or says in words what went wrong in the process.
	ReadGeometry(ctx context.Context, v *VolumeInfo, part Part, label uint64) (*Geometry, error)
	// ReadLabels reads what the process knows of the labels of a volume.
	ReadLabels(ctx context.Context, v *VolumeInfo) (*LabelTable, error)
}

// VolumeViewer is a VolumeSource of which some volumes lie in memory that the process shares.
type VolumeViewer interface {
	VolumeSource
	// ViewVolume calls f with the voxels of level 0 of a volume where they lie: in C order and the dtype of
	// the volume. It is false, and does not call f, if they do not lie in memory. f must neither write
	// nor keep them, and must expect that they change while it reads. If the memory goes away meanwhile,
	// f ends with a panic, which becomes an error that wraps ErrNoVolume: f must leave nothing locked
	// then. Other errors are those of f, or wrap ErrNoVolume.
	ViewVolume(ctx context.Context, v *VolumeInfo, f func(voxels []byte) error) (bool, error)
}
