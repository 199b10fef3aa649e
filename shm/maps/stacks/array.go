package stacks

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"webmon/natural"
	"webmon/shm"
	"webmon/shm/maps/library"
	"webmon/shm/stack"
)

// array is the images of a session, or of one channel of it.
type array struct {
	s       *Source
	info    shm.ArrayInfo
	session int
	packed  bool  // its files lie in a zip
	numbers []int // of the channels along the axis c, counted from 1
	tags    []string

	// What one of the channels is.
	stack stack.Info
}

// opened is what the head of a channel's file says.
type opened struct {
	number int
	tag    string
	name   string
	info   stack.Info
}

// session describes the images of a session.
func (w *watch) session(ctx context.Context, j int) []*array {
	s, l := w.s, w.s.opts.Library
	numbers := l.Channels(s.key, j)
	if len(numbers) == 0 {
		return nil
	}
	whole := &array{s: s, session: j, numbers: numbers}
	whole.info = shm.ArrayInfo{Name: nameOf(j, 0), Title: w.title(j, nil, false)}
	if slices.ContainsFunc(numbers, func(c int) bool { return l.Packed(s.key, j, c) }) {
		whole.packed = true
		whole.info.Note = s.whyPacked(whole.info.Name)
		return []*array{whole}
	}
	var heads []opened
	for _, c := range numbers {
		im, err := l.Image(ctx, s.key, j, c)
		if errors.Is(err, library.ErrNoImage) {
			continue
		}
		if err != nil {
			whole.info.Note = natural.Sentence(err.Error())
			return []*array{whole}
		}
		h := opened{number: c, tag: im.Tag, info: *im.Info()}
		if im.Channel < len(h.info.Names) {
			h.name = h.info.Names[im.Channel]
		}
		heads = append(heads, h)
		im.Release()
	}
	if len(heads) == 0 {
		return nil
	}
	same := !slices.ContainsFunc(heads, func(h opened) bool { return !alike(&h.info, &heads[0].info) })
	if same {
		return []*array{w.array(j, whole.info.Name, heads, false)}
	}
	var out []*array
	for _, h := range heads {
		out = append(out, w.array(j, nameOf(j, h.number), []opened{h}, true))
	}
	return out
}

// whyPacked says why there is nothing of an array whose files lie in a zip.
func (s *Source) whyPacked(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused[name] != "" {
		return s.refused[name]
	}
	if s.unpacking[name] {
		return "Its images are being taken out of the map's zip."
	}
	return "Its images lie in the map's zip. They are taken out of it when somebody looks at them."
}

// alike reports whether two channels can lie side by side in an array.
func alike(a, b *stack.Info) bool {
	return a.Times == b.Times && a.Slices == b.Slices && a.Rows == b.Rows && a.Cols == b.Cols && a.Type == b.Type && a.Base == b.Base
}

// title is what people call an array. alone says that it has one channel of several.
func (w *watch) title(j int, heads []opened, alone bool) string {
	s := w.sessions[j]
	t := fmt.Sprintf("Session %d", j)
	if s.condition != "" {
		t += " (" + natural.Clip(s.condition, 40) + ")"
	}
	if s.stack != "" {
		t += ", " + natural.Clip(s.stack, 80)
	}
	var names []string
	for _, h := range heads {
		switch {
		case h.name != "":
			names = append(names, natural.Clip(h.name, 40))
		case alone:
			names = append(names, fmt.Sprintf("channel %d", h.number))
		}
	}
	if len(names) > 0 {
		t += ": " + strings.Join(names, ", ")
	}
	return t
}

// descr is the dtype of a stack's values.
func descr(i *stack.Info) string {
	switch {
	case i.Type == shm.U8 && i.Base == 0:
		return "|u1"
	case i.Type == shm.U8:
		return "|i1"
	case i.Base == 0:
		return "<u2"
	}
	return "<i2"
}

// array is an array of channels that are alike.
func (w *watch) array(j int, name string, heads []opened, alone bool) *array {
	a := &array{s: w.s, session: j, stack: heads[0].info}
	i := &a.stack
	h := fnv.New64a()
	for _, head := range heads {
		a.numbers, a.tags = append(a.numbers, head.number), append(a.tags, head.tag)
		fmt.Fprintf(h, "%d %s\n", head.number, head.tag)
	}
	info := shm.ArrayInfo{Name: name, Title: w.title(j, heads, alone), Descr: descr(i), Stats: shm.ArrayStats{Published: 1, Seen: 1}}
	axis := func(name string, n int, unit string, scale float64) {
		if !(scale > 0) { // not known
			unit, scale = "", 1
		}
		info.Shape, info.Axes = append(info.Shape, n), append(info.Axes, name)
		info.Units, info.Scale = append(info.Units, unit), append(info.Scale, scale)
	}
	if i.Times > 1 {
		axis("t", i.Times, "s", i.Interval)
	}
	if len(heads) > 1 {
		axis("c", len(heads), "", 0)
	}
	// The map's own table counts, since its points are in these units.
	s := w.sessions[j]
	axis("z", i.Slices, "um", known(s.dz, i.Voxel.Z))
	axis("y", i.Rows, "um", known(s.dy, i.Voxel.Y))
	axis("x", i.Cols, "um", known(s.dx, i.Voxel.X))
	fmt.Fprint(h, info.Descr, info.Shape, info.Scale)
	info.Generation = fmt.Sprintf("%016x", h.Sum64())
	a.info = info
	return a
}

// known returns the first of the sizes that is one.
func known(sizes ...float64) float64 {
	for _, v := range sizes {
		if v > 0 && v < 1e300 {
			return v
		}
	}
	return 0
}

// frame is the one frame of the array.
func (a *array) frame() *shm.ArrayFrame {
	return &shm.ArrayFrame{Info: &a.info, Seq: 1, Shape: a.info.Shape, Step: [2]float64{1, 1}, Reader: a}
}
