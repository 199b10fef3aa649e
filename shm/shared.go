package shm

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"webmon/natural"
)

// The state topics by which a process with the package declares what it has. Their
// values are Controls, Actions and Arrays.
const (
	TopicControls = "controls"
	TopicActions  = "actions"
	TopicArrays   = "arrays"
)

// TopicLost is the state topic of the events that the process had to drop before
// webmon took them. Its value is a Lost.
const TopicLost = "webmon.lost"

// Lost counts the events that a process has dropped since it began, because nobody
// took them in time.
type Lost struct {
	Total  uint64            `json:"total"`
	Topics map[string]uint64 `json:"topics"` // by topic, for the first topics that lost any
}

// arrayPrefix begins the name of the state topic of every shared array.
const arrayPrefix = "array/"

// ArrayTopic returns the state topic whose value is the newest *ArrayFrame of a
// shared array. A process copies frames only while somebody wants the topic.
func ArrayTopic(name string) string { return arrayPrefix + name }

// ArrayOfTopic returns the name of the array whose frames a topic has. ok is false
// for any other topic.
func ArrayOfTopic(topic string) (name string, ok bool) { return strings.CutPrefix(topic, arrayPrefix) }

// Controls are the values of a process that people may change, by name.
type Controls []Control

// Get returns the control with the name.
func (c Controls) Get(name string) (Control, bool) {
	for i := range c {
		if c[i].Name == name {
			return c[i], true
		}
	}
	return Control{}, false
}

// MarshalJSON writes {name: {"type", "value", ...}}.
func (c Controls) MarshalJSON() ([]byte, error) {
	return marshalNamed(c, func(c Control) string { return c.Name })
}

// Actions are the functions of a process that people may call, by name.
type Actions []Action

// MarshalJSON writes {name: {"args", "help", ...}}.
func (a Actions) MarshalJSON() ([]byte, error) {
	return marshalNamed(a, func(a Action) string { return a.Name })
}

// Arrays are the arrays that a process shares, by name.
type Arrays []ArrayInfo

// Get returns the array with the name, nil if there is none.
func (a Arrays) Get(name string) *ArrayInfo {
	for i := range a {
		if a[i].Name == name {
			return &a[i]
		}
	}
	return nil
}

// MarshalJSON writes {name: {"shm", "dtype", "shape", ...}}.
func (a Arrays) MarshalJSON() ([]byte, error) {
	return marshalNamed(a, func(a ArrayInfo) string { return a.Name })
}

func marshalNamed[T any](list []T, name func(T) string) ([]byte, error) {
	out := make(map[string]T, len(list))
	for _, e := range list {
		out[name(e)] = e
	}
	return json.Marshal(out)
}

// ArrayInfo is what a process declares about one array in shared memory.
type ArrayInfo struct {
	Name       string `json:"name"`
	Shm        string `json:"shm"`        // name of the POSIX segment
	Generation string `json:"generation"` // 16 hex digits; changes with each new segment
	// Descr is the dtype in NumPy's notation, such as "<u2". It is "" for an array
	// of records, whose dtype is in Fields.
	Descr  string       `json:"dtype"`
	Fields []ArrayField `json:"fields,omitempty"`
	// Shape is the shape of a frame, in C order. A frame may be smaller on any axis.
	Shape []int     `json:"shape"`
	Axes  []string  `json:"axes"`            // a name for each axis, such as "t", "z", "y", "x"
	Units []string  `json:"units,omitempty"` // of each axis, "" for none
	Scale []float64 `json:"scale,omitempty"` // units a pixel of each axis

	Title    string      `json:"title,omitempty"`
	Role     string      `json:"role,omitempty"` // "", "rgb" (the last axis is colour), "labels", "table"
	Colormap string      `json:"colormap,omitempty"`
	Limits   *[2]float64 `json:"limits,omitempty"` // contrast limits to begin with
	Unit     string      `json:"unit,omitempty"`   // of the values
	// Layer is the id of the layer whose visible part the array is. The frames of
	// such an array say where in the layer they lie. "" for an array that belongs to
	// no layer.
	Layer string `json:"layer,omitempty"`
	// Note is a sentence by the process. It says what the frames are. Where the array
	// has no segment, it says why there are no frames.
	Note string `json:"note,omitempty"`

	Stats ArrayStats `json:"stats"`
}

// Withheld reports whether the process has taken the frames back. The note says why.
func (i *ArrayInfo) Withheld() bool { return i.Shm == "" && i.Note != "" }

// ArrayField is one field of a structured dtype.
type ArrayField struct {
	Name  string `json:"name"`
	Descr string `json:"dtype"`
	Shape []int  `json:"shape,omitempty"` // of a field that is an array itself
	Unit  string `json:"unit,omitempty"`
}

// ArrayStats counts the frames of an array as webmon sees them.
type ArrayStats struct {
	Published uint64  `json:"published"` // frames that the process offered
	Rate      float64 `json:"rate_hz"`   // frames offered a second, over the last seconds
	Seen      uint64  `json:"seen"`      // frames that webmon took
	Missed    uint64  `json:"missed"`    // frames that were overwritten before webmon took them
	Torn      uint64  `json:"torn"`      // frames that changed while they were read, and were left out
	// Problem says why the array cannot be read, in one sentence.
	Problem string `json:"problem,omitempty"`
}

// ArrayFrame is one frame of a shared array. Its pixels stay where the process has
// put them: reading copies only what is asked for. The fields of an ArrayFrame never
// change.
type ArrayFrame struct {
	Info  *ArrayInfo
	Seq   uint64  // number of the frame, from 1
	Stamp float64 // when the frame was published, s since the epoch by the process's clock
	Shape []int   // of this frame: Info.Shape, or less on some axes

	// Where the frame lies in its layer, in pixels of level 0: Offset is the (row,
	// column) of the outer corner of the frame's first pixel. Step is how many of
	// those pixels one pixel of the frame spans, down and right. An array without a
	// layer has the Offset 0, 0 and the Step 1, 1.
	Offset [2]float64
	Step   [2]float64
	Level  int // 0 is the full resolution

	// User is a number that the process gives its frame, and whose meaning is the array's
	// own; 0 by default. See ArrayCanvas.
	User uint64

	Reader ArrayReader
}

// MarshalJSON describes the frame, without its pixels.
func (f *ArrayFrame) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"seq": f.Seq, "time": f.Stamp, "shape": f.Shape, "level": f.Level})
}

// Why a frame cannot be read.
var (
	// ErrOvertaken says that the process has begun to write a newer frame into
	// the frame's place. The newest frame can be read.
	ErrOvertaken = errors.New("the frame was overwritten by a newer one")
	// ErrNoArray says that the segment is gone, or is not what its process declares.
	ErrNoArray = errors.New("the array cannot be read")
)

// ArrayReader reads frames out of shared memory. It is safe for concurrent
// use, and never blocks the process.
type ArrayReader interface {
	// ReadPlane copies a part of a frame into dst, which grows as needed, and returns
	// the pixels. The error wraps ErrOvertaken or ErrNoArray, or says what is wrong
	// with the selection.
	ReadPlane(f *ArrayFrame, sel Selection, dst []byte) (Pixels, error)
	// ReadRecords returns the records [from, to) of a frame of a structured dtype
	// with one axis. Each record has a value for every field of Info.Fields. Errors
	// are those of ReadPlane.
	ReadRecords(f *ArrayFrame, from, to int) ([][]Value, error)
	// ReadAll copies the whole frame into dst, which grows as needed: in C order and
	// the dtype of Info. Errors are those of ReadPlane.
	ReadAll(f *ArrayFrame, dst []byte) ([]byte, error)
	// ReadBox copies the items from from, included, to to, not included, on every axis
	// into dst, which grows as needed: in C order and the dtype of Info. The error wraps
	// ErrBox where the box lies outside of the frame, or is one of ReadPlane's.
	ReadBox(f *ArrayFrame, from, to []int, dst []byte) ([]byte, error)
}

// Selection says which part of a frame to read: a plane of two axes, or a rectangle
// in that plane, perhaps with less resolution.
type Selection struct {
	// Index is the position on every axis. It means nothing on the axes Y, X and C.
	Index []int
	Y, X  int // the axes that go down and right; Y is -1 for an array of one axis
	C     int // the axis of colour samples (3 or 4 long), -1 for none
	// Row, Col, Rows and Cols are the rectangle, in pixels of the frame. What
	// lies outside the frame is cut off.
	Row, Col, Rows, Cols int
	// Step is how many pixels become one along both axes, at least 1. The one is the
	// mean of those that have a finite value. With Nearest it is the pixel in the
	// middle.
	Step    int
	Nearest bool
	// Compact takes fewer bytes a pixel where that tells the same values apart. It
	// gives I32 or U32 where all whole numbers of 64 bits fit in 32 bits. It gives F32
	// for F64 where float32 is fine enough for the range of the values and for the
	// array's declared limits. Compact is for pixels that people only look at.
	Compact bool
}

// PixelType is the type of the pixels that ReadPlane returns, in little-endian order.
// Every NumPy dtype of numbers becomes a type that holds all its values. Whole
// numbers never become floats with fewer digits.
//
//	bool, uint8                                 U8
//	uint16                                      U16
//	int8, int16, float16, float32               F32
//	int32, uint32, int64, uint64                I32, U32, I64, U64
//	float64, longdouble                         F64
//	complex: the absolute value                 F64
//	datetime64, timedelta64: seconds            F64
//
// The mean of pixels of type U8 or U16 keeps that type and is rounded. The mean of
// other whole numbers is F32 or F64 and is not rounded. The mean of I64 or U64 beyond
// 2^53, for which F64 has too few digits, keeps its type and is rounded.
type PixelType string

// The types of pixels.
const (
	U8  PixelType = "u1"
	U16 PixelType = "u2"
	U32 PixelType = "u4"
	U64 PixelType = "u8"
	I32 PixelType = "i4"
	I64 PixelType = "i8"
	F32 PixelType = "f4"
	F64 PixelType = "f8"
)

// Size returns the bytes of one sample.
func (t PixelType) Size() int {
	switch t {
	case U8:
		return 1
	case U16:
		return 2
	case U64, I64, F64:
		return 8
	}
	return 4
}

// Pixels is a picture: Rows x Cols pixels of Samples samples each, in row-major
// order.
type Pixels struct {
	Type       PixelType
	Row, Col   int // of the first pixel, in pixels of the frame
	Rows, Cols int
	Samples    int
	Data       []byte
}

// SortArrays puts arrays in the order in which people see them.
func SortArrays(a Arrays) {
	slices.SortFunc(a, func(a, b ArrayInfo) int { return natural.Compare(a.Name, b.Name) })
}
