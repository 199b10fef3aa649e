package shm

import (
	"math/big"
	"math/bits"
)

// sizer is a type of this package that knows how many bytes it takes.
type sizer interface{ size() int64 }

// SizeOf is about how many bytes of memory a value takes with everything in it, by how Go
// lays out texts, slices and maps: a small number takes eight times more as an entry of
// a map than in the message that it came with. Memory that several values share is
// counted with each of them.
func SizeOf(v Value) int64 {
	switch v := v.(type) {
	case nil, bool:
		return 0
	case int64, int, float64:
		return 8
	case string:
		return textSize(v)
	case Decimal:
		return textSize(string(v))
	case *big.Int:
		return 48 + int64(v.BitLen())/8
	case []Value:
		n := 24 + 16*int64(cap(v))
		for _, e := range v {
			n += SizeOf(e)
		}
		return n
	case map[string]Value:
		n := mapSize(len(v))
		for k, e := range v {
			n += int64(len(k)) + SizeOf(e)
		}
		return n
	case sizer:
		return v.size()
	}
	return 64 // some value of fixed size
}

func textSize(s string) int64 { return 16 + int64(len(s)) }

// mapSize is what a map of n entries takes without what is in them: groups of 8 slots of
// a text and a Value, of which at most 7 in 8 are used once there is more than one group.
func mapSize(n int) int64 {
	const head, group = 48, 8 + 8*(16+16)
	switch {
	case n == 0:
		return head
	case n <= 8:
		return head + group
	}
	slots := uint(8*n+6) / 7
	return head + 64 + int64(1)<<bits.Len(slots-1)*group/8
}

func textsSize(list []string) int64 {
	n := int64(24)
	for _, s := range list {
		n += textSize(s)
	}
	return n
}

func (a *Array) size() int64 {
	return 80 + int64(len(a.Descr)) + 8*int64(cap(a.Shape)) + SizeOf(a.Values)
}

func (p *TilePoll) size() int64 {
	n := int64(32)
	for i := range p.Layers {
		l := &p.Layers[i]
		n += 72 + int64(len(l.ID)+len(l.Name)+len(l.Note))
		if s := l.State; s != nil {
			n += 144 + 8*int64(cap(s.Rows)+cap(s.Cols)) + 16*int64(cap(s.Loading)+cap(s.Reloaded))
		}
		if c := l.Config; c != nil {
			n += 136 + 16*int64(cap(c.Levels))
		}
	}
	return n
}

func (l *Layers) size() int64 {
	n := 48 + SizeOf(l.sent)
	for i := range l.List {
		e := &l.List[i]
		n += 504 + int64(len(e.Blending)) + textsSize(e.Axes) + textsSize(e.Units) +
			8*int64(cap(e.Shape)+cap(e.Scale)+cap(e.Translate)+cap(e.Chunk))
		for _, level := range e.Levels {
			n += 24 + 8*int64(cap(level))
		}
		if d := e.Drawn; d != nil {
			n += 168 + int64(len(d.Colors)+len(d.Interpolation)+len(d.Selection))
		}
	}
	return n
}

func (c *Colors) size() int64 {
	n := mapSize(len(c.of)) + SizeOf(c.sent)
	for _, t := range c.of {
		n += 280 + int64(len(t.Kind)+cap(t.RGBA)+len(t.Background)) + textsSize(t.Labels)
	}
	return n
}

func (h *Histograms) size() int64 {
	n := mapSize(len(h.of)) + SizeOf(h.sent)
	for _, e := range h.of {
		n += 80 + 8*int64(cap(e.Counts))
	}
	return n
}

func (c Control) size() int64 {
	return 280 + int64(len(c.Name)+len(c.Title)+len(c.Unit)+len(c.Help)+len(c.Group)) +
		SizeOf(c.Value) + SizeOf(c.Default) + textsSize(c.Choices) + textsSize(c.Labels)
}

func (c Controls) size() int64 {
	n := int64(24)
	for i := range c {
		n += c[i].size()
	}
	return n
}

func (a Actions) size() int64 {
	n := int64(24)
	for i := range a {
		n += 96 + int64(len(a[i].Name)+len(a[i].Title)+len(a[i].Help)+len(a[i].Group)) + Controls(a[i].Args).size()
	}
	return n
}

func (i *ArrayInfo) size() int64 {
	n := 440 + int64(len(i.Name)+len(i.Shm)+len(i.Generation)+len(i.Descr)+len(i.Title)+len(i.Colormap)+
		len(i.Unit)+len(i.Layer)+len(i.Note)+len(i.Stats.Problem)) +
		8*int64(cap(i.Shape)+cap(i.Scale)) + textsSize(i.Axes) + textsSize(i.Units)
	for j := range i.Fields {
		f := &i.Fields[j]
		n += 72 + int64(len(f.Name)+len(f.Descr)+len(f.Unit)) + 8*int64(cap(f.Shape))
	}
	return n
}

func (a Arrays) size() int64 {
	n := int64(24)
	for i := range a {
		n += a[i].size()
	}
	return n
}

// size leaves out the pixels, which are where the process has put them, and the
// description, which the list of arrays has too.
func (f *ArrayFrame) size() int64 { return 200 + 8*int64(cap(f.Shape)) }

func (i *VolumeInfo) size() int64 {
	n := 600 + int64(len(i.Name)+len(i.Kind)+len(i.Generation)+len(i.Title)+len(i.Descr)+len(i.Shm)+len(i.Layer)+
		len(i.Colormap)+len(i.Blending)+len(i.Unit)+len(i.Note)+len(i.Problem)) +
		8*int64(cap(i.Shape)+cap(i.Scale)+cap(i.Corner)) + textsSize(i.Axes) + textsSize(i.Units)
	for _, row := range i.Matrix {
		n += 24 + 8*int64(cap(row))
	}
	for _, level := range i.Levels {
		n += 24 + 8*int64(cap(level.Shape))
	}
	if c := i.Client; c != nil {
		n += 200 + int64(len(c.Viewer)+len(c.Token)) + 8*int64(cap(c.VoxelOffset))
	}
	return n
}

func (v Volumes) size() int64 {
	n := int64(24)
	for i := range v {
		n += v[i].size()
	}
	return n
}

func (v *VolumeVersion) size() int64 { return 100 + 8*int64(cap(v.From)+cap(v.To)) }

func (l Lost) size() int64 {
	n := mapSize(len(l.Topics))
	for topic := range l.Topics {
		n += int64(len(topic))
	}
	return n
}

func (s *ModelState) size() int64 {
	n := 240 + int64(len(s.Problem)+len(s.Detail)+len(s.TimeUnit)) + textsSize(s.Remarks)
	for _, o := range s.Observables {
		n += 64 + int64(len(o.Name)+len(o.Title)+len(o.Unit)+len(o.Help))
	}
	return n
}
