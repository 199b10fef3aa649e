package mesh

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Object is where a label is: the box from From, included, to To, not included, in voxels.
type Object struct {
	Label    uint64
	From, To [3]int
	Voxels   int64 // that have the label
}

// Boxes are the objects of a volume, found in one pass over it, slab by slab. Its memory is
// bounded by how many labels it may hold: labels that come when it is full are counted by their voxels
// alone. One goroutine may add; when it is done, many may look.
type Boxes struct {
	item    item
	shape   [3]int
	limit   int
	objects []object
	index   map[uint64]uint32
	// recent remembers some of the labels met last, for most runs have one of few: the map is slower.
	recent [1 << 10]struct {
		label uint64
		at    uint32 // in objects, and one more
	}
	missed int64
}

type object struct {
	label    uint64
	voxels   int64
	from, to [3]int32
}

// objectBytes is about what an object takes in memory, with its entry in the index.
const objectBytes = 96

// DefaultLabels is how many labels Boxes hold unless something else is asked for.
const DefaultLabels = 1 << 18

// NewBoxes returns the boxes of a volume of which nothing has been read. It holds so many labels
// at most; 0 stands for DefaultLabels.
func NewBoxes(descr string, shape [3]int, limit int) (*Boxes, error) {
	it, err := (&Volume{Descr: descr, Shape: shape}).check()
	if err != nil {
		return nil, err
	}
	if limit <= 0 {
		limit = DefaultLabels
	}
	return &Boxes{item: it, shape: shape, limit: limit, index: map[uint64]uint32{}}, nil
}

// Add counts the voxels of a box, which lie in data in C order. Boxes may come in any order; the
// voxels of two that overlap are counted twice.
func (b *Boxes) Add(from, to [3]int, data []byte) error {
	if !inside(b.shape, from, to) {
		return fmt.Errorf("the box from %v to %v lies outside of a volume of the shape %v", from, to, b.shape)
	}
	row := (to[2] - from[2]) * b.item.size
	if want := (to[0] - from[0]) * (to[1] - from[1]) * row; len(data) != want {
		return fmt.Errorf("the box from %v to %v has %d bytes instead of %d", from, to, len(data), want)
	}
	for z := from[0]; z < to[0]; z++ {
		for y := from[1]; y < to[1]; y++ {
			b.row(int32(z), int32(y), int32(from[2]), data[:row])
			data = data[row:]
		}
	}
	return nil
}

// row counts the voxels of a row, run by run.
func (b *Boxes) row(z, y, x int32, data []byte) {
	for len(data) > 0 {
		raw := b.item.load(data)
		n := b.item.run(data, raw)
		data = data[n:]
		n /= b.item.size
		begin := x
		x += int32(n)
		label := b.item.label(raw)
		if label == 0 {
			continue
		}
		o := b.find(label)
		if o == nil {
			b.missed += int64(n)
			continue
		}
		o.voxels += int64(n)
		o.from = [3]int32{min(o.from[0], z), min(o.from[1], y), min(o.from[2], begin)}
		o.to = [3]int32{max(o.to[0], z+1), max(o.to[1], y+1), max(o.to[2], x)}
	}
}

// find returns the object of a label, a new one if there is room, else nil.
func (b *Boxes) find(label uint64) *object {
	recent := &b.recent[label*0x9e3779b97f4a7c15>>54]
	if recent.label == label && recent.at > 0 {
		return &b.objects[recent.at-1]
	}
	at, ok := b.index[label]
	if !ok {
		if len(b.objects) >= b.limit {
			return nil
		}
		at = uint32(len(b.objects))
		b.index[label] = at
		b.objects = append(b.objects, object{label: label, from: [3]int32{maxLength, maxLength, maxLength}})
	}
	recent.label, recent.at = label, at+1
	return &b.objects[at]
}

// Get returns the object of a label; false if it has not been met, or came when there was no room.
func (b *Boxes) Get(label uint64) (Object, bool) {
	at, ok := b.index[label]
	if !ok {
		return Object{}, false
	}
	return b.objects[at].public(), true
}

// All returns the objects in the order of their labels. Label 0, which is none, is not among them.
func (b *Boxes) All() []Object {
	out := make([]Object, len(b.objects))
	for i := range b.objects {
		out[i] = b.objects[i].public()
	}
	slices.SortFunc(out, func(a, b Object) int { return cmp.Compare(a.Label, b.Label) })
	return out
}

// Len is how many labels there are.
func (b *Boxes) Len() int { return len(b.objects) }

// Missed is how many voxels have labels for which there was no room. Find finds such a label.
func (b *Boxes) Missed() int64 { return b.missed }

// Problem says in a sentence what was left out; "" if nothing was.
func (b *Boxes) Problem() string {
	if b.missed == 0 {
		return ""
	}
	return fmt.Sprintf("The volume has more than %d labels: %d voxels belong to the others, which are not listed.", b.limit, b.missed)
}

// Bytes is about how much memory the boxes take.
func (b *Boxes) Bytes() int64 { return int64(len(b.objects))*objectBytes + int64(len(b.recent))*16 }

func (o *object) public() Object {
	p := Object{Label: o.label, Voxels: o.voxels}
	for a := range 3 {
		p.From[a], p.To[a] = int(o.from[a]), int(o.to[a])
	}
	return p
}

// Scan reads a whole volume and returns the boxes of its labels, limit of them at most. It ends
// with ctx, between two slabs.
func Scan(ctx context.Context, v *Volume, limit int) (*Boxes, error) {
	b, err := NewBoxes(v.Descr, v.Shape, limit)
	if err != nil {
		return nil, err
	}
	if err := b.scan(ctx, v); err != nil {
		return nil, err
	}
	return b, nil
}

// scan adds all voxels of a volume, slab by slab.
func (b *Boxes) scan(ctx context.Context, v *Volume) error {
	var data []byte
	return b.item.slabs([3]int{}, v.Shape, v.AtOnce, false, func(from, to [3]int) (err error) {
		if data, err = v.read(ctx, b.item, from, to, data); err != nil {
			return err
		}
		return b.Add(from, to, data)
	})
}

// Find reads a whole volume and returns the object of one label: one that Boxes had no room
// for. An error wraps ErrNoLabel if the volume does not have it.
func Find(ctx context.Context, v *Volume, label uint64) (Object, error) {
	b, err := NewBoxes(v.Descr, v.Shape, 1)
	if err != nil {
		return Object{}, err
	}
	b.find(label) // takes the only place
	if err := b.scan(ctx, v); err != nil {
		return Object{}, err
	}
	o, _ := b.Get(label)
	if o.Voxels == 0 {
		return Object{}, fmt.Errorf("%w: label %d has no voxel", ErrNoLabel, label)
	}
	return o, nil
}
