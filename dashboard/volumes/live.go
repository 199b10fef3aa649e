package volumes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"webmon/dashboard/pixels"
	"webmon/dashboard/source"
	"webmon/dashboard/volumes/level"
	"webmon/dashboard/volumes/view"
	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
)

// How the browsers are told that the content of a volume has changed. They then fetch again all
// that they show of it, and the picture loses parts for as long as that takes.
const (
	lookEvery    = 50 * time.Millisecond  // between two looks at what has changed
	refreshEvery = 500 * time.Millisecond // least time between two refreshes of a volume
	quiet        = 80 * time.Millisecond  // without a request, after which a refresh counts as done
	whileMoving  = 700 * time.Millisecond // least time between two refreshes while requests come without a pause
	atLast       = 3 * time.Second        // a refresh comes all the same
	keptAwake    = 10 * time.Second       // after the last request, without anybody watching
	firstVersion = 250 * time.Millisecond // that the first look at a volume waits for its version
	firstFrame   = 2 * time.Second        // that a request waits for the first frame of an array
)

const (
	maxHeld     = 32 << 20 // bytes of a frame that is copied for the length of a refresh
	maxProblems = 8        // that are kept of a volume
	maxShown    = 256      // volumes of a source that are looked at at the same time
)

// live is what is known of the volumes of a source that somebody looks at.
type live struct {
	v   *Volumes
	src *source.Source

	mu    sync.Mutex // guards all below, and the fields of all shown
	shown map[string]*shown
	awake bool // a goroutine looks at what has changed
	// pointed is when views were last told of other points.
	pointed map[*view.View]time.Time
	wanted  func()
	// companies are the views that go together with what the process looks at. looking is released when there is none.
	companies map[*view.View]*company
	looking   func()
}

// shown is a volume that somebody looks at, by its key.
type shown struct {
	key, name, topic string
	isArray          bool
	release          func() // of its topic

	used       time.Time // when it was last asked for
	generation uint64    // that the browsers are told
	seen       uint64    // the version of the process that they have, from 1; 0: none yet
	promised   uint64    // the version that a script has told of, while the process has still to tell it; 0: none
	raised     time.Time
	under      int       // requests that are being answered
	answered   int       // since the last refresh
	took       int       // answers that a refresh takes, as far as is known
	paused     bool      // there was a pause since the last refresh
	last       time.Time // when the last one came or was answered
	held       *held     // of an array; nil: none yet
	holding    chan struct{}
	problems   []problem
	labels     *labels // where they are; nil: nobody has asked
	chunks     uint64  // that were sent
	bytes      uint64
	changed    time.Time   // when the content last changed
	limits     *[2]float64 // of the values, where the dtype on the wire depends on them
	histogram  *histogram
	sampled    bool // limits are known
	told       bool // the process was asked how often the content has changed, for other programs
}

// held is a frame of an array that all chunks are made of until the next refresh.
type held struct {
	frame *shm.ArrayFrame
	data  []byte // a copy of it; nil: it is read where it lies
	once  sync.Once
}

// problem is why something of a volume could not be shown.
type problem struct {
	What       string // "chunks", "points", "mesh", "picture", ...
	Label      string // whose mesh or skeleton it is, "" for others
	Text       string
	At         time.Time
	N          int
	generation uint64 // of the volume, at that time
}

// holds reports whether a layer still lacks what there was a problem with. The client asks for a label once a
// generation, so that its surface is missing for as long as it is selected; what else is missing is asked for again.
func (p *problem) holds(layer *layerState, generation uint64, now time.Time) bool {
	if p.Label == "" || layer.Type != "segmentation" {
		return now.Sub(p.At) < problemAge
	}
	return slices.Contains(layer.Segments, p.Label) && (p.generation == generation || now.Sub(p.At) < problemAge)
}

// keysIn finds the keys of the volumes that a state names.
var keysIn = regexp.MustCompile(`(?:python://(?:volume|skeleton)|precomputed://webmon:/points)/([0-9A-Za-z_-]{1,64}\.[0-9A-Za-z_-]{1,64})`)

// live returns what is known of a source, and wakes it.
func (v *Volumes) live(src *source.Source) *live {
	v.mu.Lock()
	defer v.mu.Unlock()
	l := v.lives[src.ID()]
	if l == nil || l.src != src {
		l = &live{v: v, src: src, shown: map[string]*shown{}}
		v.lives[src.ID()] = l
	}
	return l
}

// wake makes sure that a goroutine looks at what changes; it ends when nobody looks any more. mu is
// held.
func (l *live) wake() {
	if l.awake || l.v.ctx.Err() != nil {
		return
	}
	l.awake = true
	l.wanted = l.src.Want(shm.TopicVolumes, shm.TopicArrays)
	fault.Go(&l.v.wg, l.watch, func(err error) {
		l.v.opts.Faults.Note("volumes", l.src.ID(), err)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.sleep()
	})
}

// sleep lets go of all; mu is held.
func (l *live) sleep() {
	for key, s := range l.shown {
		l.drop(key, s)
	}
	l.wanted()
	l.lookAway()
	l.awake = false
}

// drop forgets a volume that nobody looks at; mu is held.
func (l *live) drop(key string, s *shown) {
	s.release()
	l.v.release(s.held)
	l.v.forgetLabels(s)
	delete(l.shown, key)
}

// watch looks at what has changed until nobody looks.
func (l *live) watch() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.v.ctx.Done():
			l.mu.Lock()
			defer l.mu.Unlock()
			l.sleep()
			return
		case <-tick.C:
		}
		if !l.look(time.Now()) {
			return
		}
	}
}

// look tells the views what has changed. It reports false when nobody looks any more.
func (l *live) look(now time.Time) bool {
	views := l.v.views.List(l.src.ID())
	all := volumesOf(l.src)         // once for all that is looked for in it
	in := map[string][]*view.View{} // that show a volume, by its key
	together := false
	for _, w := range views {
		if w.Watchers() == 0 {
			continue
		}
		l.follow(w, all)
		l.points(w, now)
		w.Say("webmon.process", stateOf(l.src, now))
		together = l.together(w, now) || together
		for _, key := range keysOf(w) {
			in[key] = append(in[key], w)
		}
	}
	for key := range in {
		if i := slices.IndexFunc(all, func(v volume) bool { return v.Key == key }); i >= 0 {
			l.show(&all[i], now)
		}
	}
	l.mu.Lock()
	if !together {
		l.lookAway()
	}
	maps.DeleteFunc(l.companies, func(w *view.View, _ *company) bool { return !slices.Contains(views, w) })
	var raised []*shown
	for key, s := range l.shown {
		if len(in[key]) == 0 && s.under == 0 && now.Sub(s.used) > keptAwake {
			l.drop(key, s)
			continue
		}
		s.rest(now)
		if l.due(s, now) {
			raised = append(raised, s)
		}
	}
	if len(l.shown) == 0 && len(in) == 0 {
		l.sleep()
		l.mu.Unlock()
		return false
	}
	l.mu.Unlock()
	for _, s := range raised {
		l.raise(s, now)
	}
	// Whoever has come since the last refresh is told its generation too.
	for key, list := range in {
		l.mu.Lock()
		s, g := l.shown[key], uint64(0)
		if s != nil {
			g = s.generation
		}
		l.mu.Unlock()
		if g > 0 {
			for _, w := range list {
				w.Refreshed(map[string]uint64{key: g})
			}
		}
	}
	return true
}

// keysOf are the keys of the volumes that a view shows.
func keysOf(w *view.View) []string {
	var out []string
	for _, m := range keysIn.FindAllSubmatch(w.State().JSON, maxShown) {
		if key := string(m[1]); !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}

// show returns a volume as one that somebody looks at; nil if there are too many.
func (l *live) show(v *volume, now time.Time) *shown {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.shown[v.Key]
	if s == nil {
		if len(l.shown) >= maxShown {
			return nil
		}
		l.wake()
		// The generation goes on from that of the time, so that a browser that was there
		// before sees another one.
		s = &shown{
			key: v.Key, name: v.Name, topic: v.topic(), isArray: v.Array != nil, release: l.src.Want(v.topic()),
			generation: 0, raised: now, took: math.MaxInt,
		}
		if n := l.v.generations.Add(1); n > 0 {
			s.generation = n
		}
		l.shown[v.Key] = s
	}
	s.used = now
	return s
}

// version is what the process says of the content of a volume: 0 if nothing yet.
func (l *live) version(s *shown) (uint64, time.Time) {
	value, at, _ := l.src.State(s.topic)
	switch value := value.(type) {
	case *shm.ArrayFrame:
		return value.Seq + 1, at
	case *shm.VolumeVersion:
		return value.Version + 1, at
	}
	return 0, at
}

// awaitVersion waits a moment for the version of a volume that nobody has looked at yet. What was read
// before it came would have to be read again.
func (l *live) awaitVersion(ctx context.Context, s *shown) {
	if s.isArray || !l.src.Running() {
		return // the first frame is waited for anyway
	}
	ctx, cancel := context.WithTimeout(ctx, firstVersion)
	defer cancel()
	tick := time.NewTicker(lookEvery / 10)
	defer tick.Stop()
	for {
		version, _ := l.version(s)
		l.mu.Lock()
		if s.seen == 0 && s.chunks == 0 {
			s.seen = version
		}
		known := s.seen > 0 || s.chunks > 0
		l.mu.Unlock()
		if known {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// due reports whether the browsers should fetch a volume again; mu is held.
func (l *live) due(s *shown, now time.Time) bool {
	version, at := l.version(s)
	if version == 0 || version == s.seen {
		if version > 0 {
			s.promised = 0
		}
		return false
	}
	if s.promised > 0 {
		if version < s.promised && now.Sub(s.raised) < atLast {
			return false // an older one, which is on its way
		}
		s.promised = 0
	}
	if !s.isArray && s.seen == 0 {
		// This is what the process had when somebody began to look.
		s.seen = version
		return version > 1 && s.chunks > 0
	}
	if s.seen == 0 {
		return false // the first request takes it
	}
	s.changed = at
	return s.refreshed(now)
}

// rest notes the first pause after a refresh. By then the browsers have fetched what they show: as many answers make a
// refresh. Before a pause that comes late somebody may have moved, so it counts for little more than is known.
func (s *shown) rest(now time.Time) {
	if s.paused || s.answered == 0 || !s.quiet(now) {
		return
	}
	s.paused = true
	if n := s.answered; s.took < n && s.last.Sub(s.raised) > whileMoving {
		s.took = min(n, s.took+s.took/4+1)
	} else {
		s.took = n
	}
}

// quiet reports whether nobody asks for anything.
func (s *shown) quiet(now time.Time) bool { return s.under == 0 && now.Sub(s.last) >= quiet }

// refreshed reports whether the last refresh is over. While somebody moves, requests come without a pause, and
// nothing tells those for what is new in the picture from those of the refresh. It is then over when as many have been
// answered as the last one took: over a slow line that is later, and what is on its way is not asked for once more.
func (s *shown) refreshed(now time.Time) bool {
	since := now.Sub(s.raised)
	return since >= refreshEvery && s.quiet(now) || since >= whileMoving && s.answered >= s.took || since >= atLast
}

// raise begins a refresh.
func (l *live) raise(s *shown, now time.Time) {
	var h *held
	version, _ := l.version(s)
	if s.isArray {
		if h = l.hold(s); h == nil {
			return
		}
		version = h.frame.Seq + 1
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.v.release(s.held)
	l.v.forgetLabels(s)
	if !s.paused && now.Sub(s.raised) >= atLast {
		s.took = min(s.took, s.answered) // fewer are shown by now, or it would not have been waited for so long
	}
	s.held, s.seen, s.raised, s.last = h, version, now, now
	s.answered, s.paused = 0, false
	s.generation = l.v.generations.Add(1)
	l.v.counts.refreshes.Add(1)
}

// changed takes from a script that the content of a volume has the version, and tells the browsers at once: what the
// script asks of them next, such as a picture, comes after it. Volumes that nobody looks at are read when somebody does.
func (l *live) changed(key string, version uint64) {
	now := time.Now()
	l.mu.Lock()
	s := l.shown[key]
	if s == nil || s.isArray {
		l.mu.Unlock()
		return
	}
	if version++; s.seen != version { // as versions are counted here
		l.v.forgetLabels(s)
		s.seen, s.promised, s.raised, s.last, s.changed = version, version, now, now, now
		s.generation = l.v.generations.Add(1)
		l.v.counts.refreshes.Add(1)
	}
	g := s.generation
	l.mu.Unlock()
	for _, w := range l.v.views.List(l.src.ID()) {
		if w.Watchers() > 0 && slices.Contains(keysOf(w), key) {
			w.Refreshed(map[string]uint64{key: g})
		}
	}
}

// hold takes the newest frame of an array, nil if there is none.
func (l *live) hold(s *shown) *held {
	h := &held{}
	frame, err := pixels.Current(l.src, s.name, func(f *shm.ArrayFrame) (err error) {
		size := int64(product(f.Shape)) * int64(itemSize(f.Info.Descr))
		if f.Reader == nil || size > maxHeld || !l.v.frames.Take(size) {
			return nil // it is read where it lies
		}
		h.data, err = f.Reader.ReadAll(f, make([]byte, 0, size))
		if err != nil || int64(len(h.data)) != size {
			l.v.frames.Give(size)
			h.data = nil
		}
		return err
	})
	if err != nil || frame == nil {
		return nil
	}
	h.frame = frame
	return h
}

// release gives back the copy of a frame.
func (v *Volumes) release(h *held) {
	if h != nil && h.data != nil {
		h.once.Do(func() { v.frames.Give(int64(len(h.data))) })
	}
}

func itemSize(descr string) int {
	d, _ := level.ParseDType(descr)
	return d.Size
}

// heldFrame is the frame that all chunks of an array are made of now. It waits for the first one.
func (l *live) heldFrame(ctx context.Context, v *volume, s *shown) (*held, error) {
	l.mu.Lock()
	for s.holding != nil && s.held == nil {
		holding := s.holding
		l.mu.Unlock()
		select {
		case <-holding:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		l.mu.Lock()
	}
	if h := s.held; h != nil {
		l.mu.Unlock()
		return h, nil
	}
	done := make(chan struct{})
	s.holding = done
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		s.holding = nil
		l.mu.Unlock()
		close(done)
	}()
	waiting, cancel := context.WithTimeout(ctx, firstFrame)
	defer cancel()
	since := time.Time{}
	if pixels.Newest(l.src, v.Name) == nil && l.src.Running() {
		since = time.Unix(0, 0)
	}
	if _, err := pixels.Read(waiting, l.src, v.Name, since, func(*shm.ArrayFrame) error { return nil }); err != nil {
		if errors.Is(err, pixels.ErrNoFrame) {
			return nil, &Failure{404, v.Name + ": " + pixels.WhyNone(l.src, v.Name)}
		}
		return nil, err
	}
	h := l.hold(s)
	if h == nil {
		return nil, &Failure{503, v.Name + " overwrites its frames faster than they can be read."}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.held == nil {
		s.held, s.seen = h, h.frame.Seq+1
	}
	return s.held, nil
}

// begin notes that a request for a volume is being answered; end that it is over. label is whose part was asked
// for, "" for others.
func (l *live) begin(s *shown) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	s.used, s.last = now, now
	s.under++
}

func (l *live) end(s *shown, what, label string, bytes int, err error) {
	now := time.Now()
	l.mu.Lock()
	s.under--
	s.answered++
	s.last = now
	switch {
	case err == nil:
		s.chunks++
		s.bytes += uint64(bytes)
	case !errors.Is(err, context.Canceled):
		s.fail(what, label, err, now)
	}
	l.mu.Unlock()
	l.v.read(l.src.ID())
}

// fail keeps why a part of a volume could not be shown; mu of its live is held.
func (s *shown) fail(what, label string, err error, now time.Time) {
	text := natural.Clip(sentence(err), 300)
	for i := range s.problems {
		if p := &s.problems[i]; p.What == what && p.Label == label && p.Text == text {
			p.At, p.generation = now, s.generation
			p.N++
			return
		}
	}
	if len(s.problems) == maxProblems {
		s.problems = s.problems[1:]
	}
	s.problems = append(s.problems, problem{what, label, text, now, 1, s.generation})
}

// epoch names what a volume contains now, for what is kept of it.
func (l *live) epoch(s *shown) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.src.ID() + "/" + s.key + "/" + strconv.FormatUint(s.generation, 10)
}

// follow makes a view whose volumes were made again, with another shape or dtype, show the new ones:
// their keys have changed.
func (l *live) follow(w *view.View, all []volume) {
	gone := map[string]string{}
	var alone *volume // that is all of the view
	keys := keysOf(w)
	for _, key := range keys {
		name, ok := l.v.nameOf(l.src.ID(), key)
		if !ok || slices.ContainsFunc(all, func(v volume) bool { return v.Key == key }) {
			continue
		}
		if i := slices.IndexFunc(all, func(v volume) bool { return v.Name == name }); i >= 0 && all[i].Client == nil {
			gone[key] = all[i].Key
			if len(keys) == 1 {
				alone = &all[i]
			}
		}
	}
	if len(gone) == 0 {
		return
	}
	err := w.Edit(func(m map[string]rawJSON) (bool, error) {
		changed := false
		for field, value := range m {
			then := value
			for key, now := range gone {
				value = bytes.ReplaceAll(value, []byte("/"+key+`"`), []byte("/"+now+`"`))
				value = bytes.ReplaceAll(value, []byte("/"+key+"/"), []byte("/"+now+"/"))
			}
			if !bytes.Equal(then, value) {
				m[field], changed = value, true
			}
		}
		if changed && alone != nil {
			alone.bring(m)
		}
		return changed, nil
	})
	if err != nil {
		l.v.opts.Logger.Debug("a view does not follow its volumes", "view", w.Token, "error", err)
	}
}

// bring brings the state of a view to a volume that was made again and is all that the view shows: on an axis on
// which the view is outside of it now, to its middle. Scales that nobody has changed become those of the volume.
func (v *volume) bring(m map[string]rawJSON) {
	begin, err := state("", []*volume{v}, []*histogram{nil})
	var first map[string]rawJSON
	var at, middle []float64
	if err != nil || json.Unmarshal(begin, &first) != nil || json.Unmarshal(first["position"], &middle) != nil || json.Unmarshal(m["position"], &at) != nil {
		return
	}
	if _, ok := m["webmonStart"]; ok {
		for _, name := range []string{"crossSectionScale", "projectionScale", "webmonStart"} {
			m[name] = first[name]
		}
	}
	space := v.space()
	offset, exact := v.offset(space)
	names, _ := axesOf(m["dimensions"])
	here, _ := axesOf(first["dimensions"])
	for i, name := range names[:min(len(names), len(at))] {
		k, j := slices.IndexFunc(space, func(a axis) bool { return a.Name == name }), slices.Index(here, name)
		if !exact || k < 0 || j < 0 {
			continue
		}
		if low := float64(offset[k]); at[i] < low || at[i] >= low+float64(v.Shape[space[k].From]) {
			at[i] = middle[j]
		}
	}
	if b, err := json.Marshal(at); err == nil {
		m["position"] = b
	}
}

// sentence is an error as a sentence.
func sentence(err error) string { return natural.Sentence(err.Error()) }

// read reads a box of a volume as its process has it.
func (l *live) read(ctx context.Context, v *volume, s *shown, box shm.Box, dst []byte) ([]byte, error) {
	if v.Array == nil {
		reads := l.src.VolumeSource()
		if reads == nil {
			return nil, fmt.Errorf("%w: the process has ended", shm.ErrNoVolume)
		}
		return reads.ReadBox(ctx, &v.VolumeInfo, box, dst)
	}
	h, err := l.heldFrame(ctx, v, s)
	if err != nil {
		return nil, err
	}
	size := itemSize(v.Descr)
	if h.data != nil {
		return frameBox(h.frame.Shape, box, size, dst, func(from, to []int, dst []byte) ([]byte, error) {
			return cut(dst, h.data, size, h.frame.Shape, from, to), nil
		})
	}
	read := func(f *shm.ArrayFrame) error {
		if f.Info.Generation != v.Array.Generation {
			return fmt.Errorf("%w: it was shared again", shm.ErrNoArray)
		}
		dst, err = frameBox(f.Shape, box, size, dst, func(from, to []int, dst []byte) ([]byte, error) {
			return f.Reader.ReadBox(f, from, to, dst)
		})
		return err
	}
	if err = read(h.frame); errors.Is(err, shm.ErrOvertaken) {
		// The next refresh brings the rest of this picture to the same frame.
		_, err = pixels.Current(l.src, v.Name, read)
	}
	return dst, err
}

// view returns what calls a function with all voxels of a volume where they lie, nil if they lie in no memory
// of which they can be read without a copy. A frame of a ring may be written again while it is read, so
// what is made of it must be of a copy.
func (l *live) view(v *volume) func(ctx context.Context, f func(voxels []byte) error) (bool, error) {
	views, ok := l.src.VolumeSource().(shm.VolumeViewer)
	if !ok || v.Array != nil || v.Shm == "" {
		return nil
	}
	return func(ctx context.Context, f func(voxels []byte) error) (bool, error) {
		return views.ViewVolume(ctx, &v.VolumeInfo, f)
	}
}

// frameBox reads a box of a frame, which may be smaller than its array: what lies beyond is 0.
func frameBox(shape []int, box shm.Box, size int, dst []byte, read func(from, to []int, dst []byte) ([]byte, error)) ([]byte, error) {
	to := make([]int, len(shape))
	full, empty := true, false
	if len(box.From) != len(shape) {
		return nil, shm.ErrBox
	}
	want := make([]int, len(shape))
	for i := range shape {
		to[i] = min(box.To[i], shape[i])
		full = full && to[i] == box.To[i]
		empty = empty || to[i] <= box.From[i]
		want[i] = box.To[i] - box.From[i]
	}
	if full {
		return read(box.From, to, dst)
	}
	n := product(want) * size
	dst = append(dst[:0], make([]byte, n)...)
	if empty {
		return dst, nil
	}
	part, err := read(box.From, to, nil)
	if err != nil {
		return nil, err
	}
	got := make([]int, len(shape))
	for i := range shape {
		got[i] = to[i] - box.From[i]
	}
	last := len(shape) - 1
	run := got[last] * size
	index := make([]int, len(shape))
	for at := 0; at < len(part); at += run {
		o := 0
		for i := range index {
			o = o*want[i] + index[i]
		}
		copy(dst[o*size:], part[at:at+run])
		for i := last - 1; i >= 0; i-- {
			if index[i]++; index[i] < got[i] {
				break
			}
			index[i] = 0
		}
	}
	return dst, nil
}

// cut copies a box out of an array in C order.
func cut(dst, src []byte, size int, shape, from, to []int) []byte {
	rank := len(shape)
	side := make([]int, rank)
	for i := range side {
		side[i] = to[i] - from[i]
	}
	n := product(side) * size
	if cap(dst) < n {
		dst = make([]byte, n)
	}
	dst = dst[:n]
	run := side[rank-1] * size
	index := append([]int{}, from...)
	for at := 0; at < n; at += run {
		o := 0
		for i := range index {
			o = o*shape[i] + index[i]
		}
		copy(dst[at:at+run], src[o*size:])
		for i := rank - 2; i >= 0; i-- {
			if index[i]++; index[i] < to[i] {
				break
			}
			index[i] = from[i]
		}
	}
	return dst
}
