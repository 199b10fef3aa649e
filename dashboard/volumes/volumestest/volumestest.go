// Package volumestest is a process with volumes in ordinary memory, for tests.
//
//	p := volumestest.New("scope")
//	p.Add(shm.VolumeInfo{Name: "brain", Kind: shm.VolumeImage, Descr: "|u1", Shape: []int{4, 5, 6}, Axes: ...}, data)
//	registry.Attach(...) // with p as the adapter
//	p.Change("brain", data)
package volumestest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"webmon/shm"
)

// Process is a process with volumes. The functions may be set before it is attached.
type Process struct {
	Name string
	// Reading is called before a box is read; its error is that of the read.
	Reading func(ctx context.Context, v *shm.VolumeInfo, box shm.Box) error
	// Geometry and Labels answer for volumes; nil: there is nothing.
	Geometry func(v *shm.VolumeInfo, part shm.Part, label uint64) (*shm.Geometry, error)
	Labels   func(v *shm.VolumeInfo) (*shm.LabelTable, error)

	end chan struct{}

	mu       sync.Mutex // guards all below
	sink     shm.Sink
	volumes  shm.Volumes
	arrays   shm.Arrays
	data     map[string]map[int][]byte // by name and level
	versions map[string]uint64
	frames   map[string]*shm.ArrayFrame
	boxes    []shm.Box
	states   map[string]shm.Value // that were said besides
	commands []shm.Command
}

var _ shm.VolumeSource = (*Process)(nil)

// New returns a process without a volume.
func New(name string) *Process {
	return &Process{
		Name: name, end: make(chan struct{}), data: map[string]map[int][]byte{},
		versions: map[string]uint64{}, frames: map[string]*shm.ArrayFrame{},
		states: map[string]shm.Value{},
	}
}

// Add declares a volume, in place of one of the same name. levels are the voxels of level 0 and of the
// coarser ones, in C order. What is missing in info is filled in: the generation, scale and channels.
func (p *Process) Add(info shm.VolumeInfo, levels ...[]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if info.Generation == "" {
		info.Generation = fmt.Sprintf("%016x", len(p.versions)+1)
	}
	data := map[int][]byte{}
	for i, level := range levels {
		data[i] = level
	}
	p.data[info.Name] = data
	list := slices.DeleteFunc(slices.Clone(p.volumes), func(v shm.VolumeInfo) bool { return v.Name == info.Name })
	p.volumes = append(list, info)
	p.versions[info.Name] = 0
	p.tell(shm.TopicVolumes, p.volumes)
	p.tell(shm.VolumeTopic(info.Name), &shm.VolumeVersion{Generation: info.Generation})
}

// Remove takes a volume back.
func (p *Process) Remove(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.volumes = slices.DeleteFunc(slices.Clone(p.volumes), func(v shm.VolumeInfo) bool { return v.Name == name })
	p.tell(shm.TopicVolumes, p.volumes)
	p.tell(shm.VolumeTopic(name), nil)
}

// Change replaces the content of a volume.
func (p *Process) Change(name string, levels ...[]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, level := range levels {
		p.data[name][i] = level
	}
	p.versions[name]++
	p.tell(shm.VolumeTopic(name), &shm.VolumeVersion{Generation: p.volumes.Get(name).Generation, Version: p.versions[name]})
}

// Share declares an array.
func (p *Process) Share(info shm.ArrayInfo) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(p.arrays), func(a shm.ArrayInfo) bool { return a.Name == info.Name })
	p.arrays = append(list, info)
	p.tell(shm.TopicArrays, p.arrays)
}

// Publish sends a frame of an array.
func (p *Process) Publish(frame *shm.ArrayFrame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frames[frame.Info.Name] = frame
	p.tell(shm.ArrayTopic(frame.Info.Name), frame)
}

// Say sends a state, such as the controls that the process has.
func (p *Process) Say(topic string, value shm.Value) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.states[topic] = value
	p.tell(topic, value)
}

// Commands are those that have come so far.
func (p *Process) Commands() []shm.Command {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.commands)
}

// Boxes are the boxes that were read so far.
func (p *Process) Boxes() []shm.Box {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.boxes)
}

// End ends the process.
func (p *Process) End() { close(p.end) }

// tell sends a state; mu is held.
func (p *Process) tell(topic string, value shm.Value) {
	if p.sink != nil {
		p.sink.State(topic, value)
	}
}

// Info implements [shm.Source].
func (p *Process) Info() shm.Info { return shm.Info{Name: p.Name, Kind: shm.KindPython} }

// Actions implements [shm.Source].
func (p *Process) Actions() []shm.Action { return nil }

// Command implements [shm.Source].
func (p *Process) Command(cmd shm.Command, report func(shm.Status, string)) {
	p.mu.Lock()
	p.commands = append(p.commands, cmd)
	p.mu.Unlock()
	if report != nil {
		report(shm.Refused, "There is nothing to command.")
	}
}

// Run implements [shm.Source].
func (p *Process) Run(ctx context.Context, sink shm.Sink) error {
	p.mu.Lock()
	p.sink = sink
	p.tell(shm.TopicVolumes, p.volumes)
	p.tell(shm.TopicArrays, p.arrays)
	for _, info := range p.volumes {
		p.tell(shm.VolumeTopic(info.Name), &shm.VolumeVersion{Generation: info.Generation, Version: p.versions[info.Name]})
	}
	for _, topic := range slices.Sorted(maps.Keys(p.states)) {
		p.tell(topic, p.states[topic])
	}
	for _, name := range slices.Sorted(maps.Keys(p.frames)) {
		p.tell(shm.ArrayTopic(name), p.frames[name])
	}
	p.mu.Unlock()
	select {
	case <-ctx.Done():
		return nil
	case <-p.end:
		return shm.ErrGone
	}
}

// ReadBox implements [shm.VolumeSource].
func (p *Process) ReadBox(ctx context.Context, v *shm.VolumeInfo, box shm.Box, dst []byte) ([]byte, error) {
	if p.Reading != nil {
		if err := p.Reading(ctx, v, box); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.boxes = append(p.boxes, box)
	now := p.volumes.Get(v.Name)
	if now == nil || now.Generation != v.Generation {
		return nil, shm.ErrNoVolume
	}
	shape := v.Shape
	if box.Level > 0 {
		shape = v.Levels[box.Level-1].Shape
	}
	data, voxels := p.data[v.Name][box.Level], 1
	for i, n := range shape {
		if box.From[i] < 0 || box.From[i] >= box.To[i] || box.To[i] > n {
			return nil, fmt.Errorf("%w: %v to %v of %v", shm.ErrBox, box.From, box.To, shape)
		}
		voxels *= n
	}
	size := len(data) / voxels
	dst = dst[:0]
	var walk func(axis, at int)
	walk = func(axis, at int) {
		for i := box.From[axis]; i < box.To[axis]; i++ {
			next := at*shape[axis] + i
			if axis < len(shape)-1 {
				walk(axis+1, next)
				continue
			}
			dst = append(dst, data[next*size:(next+1)*size]...)
		}
	}
	walk(0, 0)
	return dst, nil
}

// ReadGeometry implements [shm.VolumeSource].
func (p *Process) ReadGeometry(_ context.Context, v *shm.VolumeInfo, part shm.Part, label uint64) (*shm.Geometry, error) {
	if p.Geometry == nil {
		return nil, shm.ErrNoLabel
	}
	return p.Geometry(v, part, label)
}

// ReadLabels implements [shm.VolumeSource].
func (p *Process) ReadLabels(_ context.Context, v *shm.VolumeInfo) (*shm.LabelTable, error) {
	if p.Labels == nil {
		return &shm.LabelTable{}, nil
	}
	return p.Labels(v)
}
