package wire

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"webmon/shm"
	"webmon/shm/pickle"
	"webmon/shm/segment"
)

// noGeneration is declared for an array without a segment.
const noGeneration = "0000000000000000"

// countEvery is how often the frames are counted in a segment that nobody reads.
const countEvery = time.Second

// largeFrame is from how many bytes on a segment has no more slots than it needs.
const largeFrame = 4 << 20

// frameBytes returns how many bytes a frame has, 0 if that is not known.
func frameBytes(info *shm.ArrayInfo) int {
	t, err := pickle.ParseDescr(pickleDescr(descr(info)))
	if err != nil {
		return 0
	}
	n := t.Size
	for _, k := range info.Shape {
		n *= k
	}
	return n
}

// Array is an array that a process shares. Its methods are the owner's.
type Array struct {
	p      *Process
	info   shm.ArrayInfo
	w      *segment.Writer // nil: it has no segment
	held   string          // why the process has taken its frames back, "" if it has not; the next one brings a segment
	why    string          // why the machine has no shared memory for it
	last   time.Time       // of the last frame that was published
	frames int             // offered and not counted yet
	told   time.Time       // when they were counted last
	drawn  bool            // the segment has a frame
}

// Array declares an array. Info's Name, Shape, and Descr (or Fields, for records) have to be
// given; Axes are by default those that a page would name. Segment, generation and Stats are the
// package's. Where the system has no shared memory, or not enough, the array is declared without
// frames, and says why. An array of the same name is replaced.
func (p *Process) Array(info shm.ArrayInfo) *Array {
	if i := p.arrays.find(info.Name); i >= 0 {
		p.arrays[i].v.release()
	}
	a := &Array{p: p, info: info}
	a.create()
	p.arrays.set(info.Name, a)
	return a
}

// create makes the segment.
func (a *Array) create() {
	a.held, a.why, a.drawn = "", "", false
	spec := segment.Spec{Name: a.info.Name, DType: descr(&a.info), Shape: a.info.Shape, Axes: a.info.Axes, Units: a.info.Units}
	if frameBytes(&a.info) > largeFrame {
		spec.Slots = 2
	}
	w, err := segment.Create(spec)
	if err != nil {
		a.why = err.Error()
	}
	a.w = w
	a.p.dirty[shm.TopicArrays] = true
}

// descr returns the dtype in NumPy's notation.
func descr(info *shm.ArrayInfo) any {
	if len(info.Fields) == 0 {
		return info.Descr
	}
	out := make([]any, len(info.Fields))
	for i, f := range info.Fields {
		field := []any{f.Name, f.Descr}
		if len(f.Shape) > 0 {
			field = append(field, f.Shape)
		}
		out[i] = field
	}
	return out
}

func (a *Array) topic() string { return shm.ArrayTopic(a.info.Name) }

// Wanted reports whether somebody wants the frames.
func (a *Array) Wanted() bool { return a.p.Wanted(a.topic()) > 0 }

// Drawn reports whether there is a frame to be read: a process whose frames change rarely
// publishes the last one again where this is false.
func (a *Array) Drawn() bool { return a.drawn }

// Due reports whether a frame should be published now: somebody wants the frames, and the last one
// was published long enough ago. A frame is published twice as often as frames are wanted at most.
func (a *Array) Due() bool {
	hz := a.p.Wanted(a.topic())
	if !(hz > 0) {
		return false
	}
	period := time.Duration(float64(time.Second) / (2 * min(max(hz, 0.1), 1000)))
	return a.p.now.Sub(a.last) >= period-period/4
}

// Publish shares a frame: C order, in the array's dtype. It counts as one that was offered. If the
// array was withheld, it gets a segment of its own again.
func (a *Array) Publish(data []byte, f segment.Frame) error {
	if a.held != "" {
		a.create()
	}
	if a.w == nil {
		return nil // the pages say why
	}
	a.count(0)
	err := a.w.Publish(data, f)
	if errors.Is(err, shm.ErrNoArray) { // somebody has removed the segment
		a.release()
		if a.create(); a.w == nil {
			return nil
		}
		err = a.w.Publish(data, f)
	}
	if err != nil {
		return fmt.Errorf("share a frame: %w", err)
	}
	a.last, a.drawn = a.p.now, true
	return nil
}

// Offer counts frames that there were and that nobody wanted to have copied. An array that was
// withheld has frames again.
func (a *Array) Offer(n int) {
	if a.held != "" && n > 0 {
		a.create()
	}
	a.frames += n
	if a.p.now.Sub(a.told) >= countEvery {
		a.count(a.frames)
	}
}

// count brings the number of frames in the segment up to date.
func (a *Array) count(least int) {
	if a.w != nil {
		for range max(a.frames, least) {
			a.w.Offer()
		}
	}
	a.frames, a.told = 0, a.p.now
}

// Describe changes how the array is declared: what describe does to the declaration. Name, dtype,
// shape, axes and role must stay.
func (a *Array) Describe(describe func(info *shm.ArrayInfo)) {
	describe(&a.info)
	a.p.dirty[shm.TopicArrays] = true
}

// Withhold takes the frames back; why is the sentence that people read instead of the note. The
// array stays declared, and gets a segment again with its next frame.
func (a *Array) Withhold(why string) {
	if a.held == why {
		return
	}
	a.release()
	a.held = why
	a.p.dirty[shm.TopicArrays] = true
}

// Remove takes the array back.
func (a *Array) Remove() {
	a.release()
	if a.p.arrays.remove(a.info.Name) {
		a.p.dirty[shm.TopicArrays] = true
	}
}

func (a *Array) release() {
	if a.w != nil {
		_ = a.w.Close() // somebody else may have removed it
		a.w = nil
	}
	a.drawn = false
}

// pickle writes the declaration as shm/PROTOCOL.md has it.
func (a *Array) pickle() *pickle.Dict {
	i := &a.info
	name, generation := "", noGeneration
	if a.w != nil {
		name, generation = a.w.Info().Shm, a.w.Info().Generation
	}
	shape := make([]int64, len(i.Shape))
	for k, n := range i.Shape {
		shape[k] = int64(n)
	}
	d := pickle.NewDict(
		"shm", name, "generation", generation, "dtype", pickleDescr(descr(i)), "shape", shape,
		"axes", slices.Clone(i.Axes), "title", i.Title, "role", i.Role, "unit", i.Unit,
		"colormap", optional(i.Colormap), "layer", optional(i.Layer), "note", optional(cmp.Or(a.held, i.Note)),
	)
	if len(i.Units) > 0 {
		_ = d.Set("units", slices.Clone(i.Units))
	}
	if len(i.Scale) > 0 {
		_ = d.Set("scale", slices.Clone(i.Scale))
	}
	if i.Limits != nil {
		_ = d.Set("limits", []float64{i.Limits[0], i.Limits[1]})
	}
	if a.why != "" {
		_ = d.Set("problem", a.why)
	}
	return d
}

// pickleDescr writes a dtype: texts stay, and each field of records is a tuple, as in NumPy.
func pickleDescr(v any) pickle.Value {
	fields, ok := v.([]any)
	if !ok {
		return v
	}
	list := &pickle.List{}
	for _, f := range fields {
		t := pickle.Tuple{}
		for _, part := range f.([]any) {
			if shape, ok := part.([]int); ok {
				sides := pickle.Tuple{}
				for _, n := range shape {
					sides = append(sides, int64(n))
				}
				part = sides
			}
			t = append(t, part)
		}
		list.Items = append(list.Items, t)
	}
	return list
}

// stamp returns a time as messages have it.
func stamp(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// rate returns how long to wait between two of hz a second.
func rate(hz float64) time.Duration {
	return time.Duration(float64(time.Second) / min(max(cmp.Or(hz, 1), 0.1), 1000))
}
