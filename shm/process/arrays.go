package process

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"sync"
	"time"

	"webmon/natural"
	"webmon/shm"
	"webmon/shm/pickle"
	"webmon/shm/segment"
)

const (
	maxArrays    = 256
	maxArrayDims = 8
	maxFields    = 256 // of a record
	noGeneration = "0000000000000000"
	maxArrayWord = 40      // bytes of an axis' name, a unit, a layer's id
	maxNote      = 400     // bytes of a sentence of the process
	maxSide      = 1 << 40 // items along an axis
	statsEvery   = time.Second
)

// wireName is what topics, controls, actions and arrays may be called.
var wireName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,79}$`)

// arrays are the arrays that a process with the package shares: what the process
// declares about them, and their frames while somebody wants them.
type arrays struct {
	sink     shm.Sink
	announce func(topic string) // has the process told whether the topic is wanted

	wake chan struct{}      // capacity one: list or demand has changed, or a follower has ended
	asks chan chan struct{} // closed once what there is has been told

	mu   sync.Mutex // guards all below
	list shm.Arrays // as the process declares them; nil: it has declared none
	news bool       // list is one that run has not taken yet
}

func (a *arrays) init(sink shm.Sink, announce func(topic string)) {
	a.sink, a.announce = sink, announce
	a.wake = make(chan struct{}, 1)
	a.asks = make(chan chan struct{})
}

// declared takes the value of napari_data["arrays"], nil if there is none.
func (a *arrays) declared(v pickle.Value) {
	list, notes := decodeArrays(v)
	for _, n := range notes {
		a.sink.Notice(n.key, n.text)
	}
	for i := range list {
		a.announce(shm.ArrayTopic(list[i].Name))
	}
	a.mu.Lock()
	if a.list != nil || len(list) > 0 {
		a.list, a.news = list, true
	}
	a.mu.Unlock()
	shm.Signal(a.wake)
}

// demandChanged is called whenever somebody may want other topics than before.
func (a *arrays) demandChanged() { shm.Signal(a.wake) }

// sync returns once the last list that the process declared has been handed over,
// with what is known of its arrays now.
func (a *arrays) sync(ctx context.Context) {
	done := make(chan struct{})
	select {
	case a.asks <- done:
	case <-ctx.Done():
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// taken returns what was declared since it was called last; ok is false if
// nothing was.
func (a *arrays) taken() (list shm.Arrays, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	ok, a.news = a.news, false
	return a.list, ok
}

// run follows the arrays until ctx is done, whatever becomes of connections: the
// frames do not come over them.
func (a *arrays) run(ctx context.Context) {
	all := followed{a: a, ctx: ctx}
	defer all.end()
	timer := time.NewTimer(statsEvery)
	defer timer.Stop()
	for {
		var asked chan struct{}
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case asked = <-a.asks:
		case <-timer.C:
		}
		list, changed := a.taken()
		if changed {
			all.replace(list)
		}
		watched := all.look(time.Now()) && len(all.arrays) > 0
		now := time.Now()
		if changed || list != nil && asked != nil || watched && (all.news || now.Sub(all.told) >= statsEvery-statsEvery/16) {
			all.told, all.news = now, false
			a.sink.State(shm.TopicArrays, all.stats(now))
		}
		if asked != nil {
			close(asked)
		}
		if watched || changed {
			timer.Reset(statsEvery)
		} else {
			timer.Stop() // nobody watches, or nothing: what changes that wakes
		}
	}
}

// followed are all arrays, for the one goroutine of run.
type followed struct {
	a      *arrays
	ctx    context.Context
	arrays []*following // in the order of their names
	told   time.Time    // when their state was handed over last
	news   bool         // something has changed that should not wait for that
}

// following is one array.
type following struct {
	info    shm.ArrayInfo
	reader  *segment.Reader // nil: not open
	problem string          // why not
	retry   time.Time       // not to be opened before

	// While somebody wants the frames.
	follower *segment.Follower
	stop     func()     // ends the goroutine that waits for them, and waits for that
	failed   chan error // capacity one: why that has ended by itself

	past  shm.ArrayStats // of earlier readers and followers
	rates []published    // over the last seconds
}

// published is how many frames there had been at a time.
type published struct {
	at time.Time
	n  uint64
}

// ratesOver is over how many readings of the stats, each a second after the last,
// the rate is taken.
const ratesOver = 4

// noMemory is the problem of an array without a segment.
const noMemory = "The process could not get any shared memory for it"

// toldEvery is how old the count of a process that publishes may be.
const toldEvery = 2500 * time.Millisecond

// replace takes what the process declares now.
func (all *followed) replace(list shm.Arrays) {
	old := map[string]*following{}
	for _, f := range all.arrays {
		old[f.info.Name] = f
	}
	all.arrays = all.arrays[:0:0]
	for _, info := range list {
		f := old[info.Name]
		delete(old, info.Name)
		if f == nil {
			f = &following{}
		}
		if f.reader != nil && !f.reader.SetInfo(info) {
			f.close()
		}
		f.info = info
		f.problem, f.retry = "", time.Time{}
		switch {
		case info.Shm == "" && info.Stats.Problem != "":
			f.problem = noMemory + ": " + info.Stats.Problem
		case info.Withheld():
			f.problem = info.Note
		case info.Shm == "":
			f.problem = noMemory
		}
		all.arrays = append(all.arrays, f)
	}
	for name, f := range old {
		f.close()
		all.a.sink.State(shm.ArrayTopic(name), nil) // its last frame would hold the memory
	}
}

// look opens, follows and leaves arrays as people want them, and reports whether
// they want any at all.
func (all *followed) look(now time.Time) bool {
	sink := all.a.sink
	wants := make([]bool, len(all.arrays))
	watched := sink.Demand(shm.TopicArrays) > 0
	for i, f := range all.arrays {
		wants[i] = sink.Demand(shm.ArrayTopic(f.info.Name)) > 0
		watched = watched || wants[i]
	}
	for i, f := range all.arrays {
		if !watched {
			f.close()
			continue
		}
		before := f.problem
		f.open(now)
		if wants[i] {
			f.follow(all.ctx, all.a)
		} else {
			f.leave()
		}
		all.news = all.news || f.problem != before
	}
	return watched
}

func (all *followed) end() {
	for _, f := range all.arrays {
		f.close()
	}
}

func (all *followed) stats(now time.Time) shm.Arrays {
	list := make(shm.Arrays, len(all.arrays))
	for i, f := range all.arrays {
		list[i] = f.info
		list[i].Stats = f.stats(now)
	}
	return list
}

// open opens the array unless it is open, and closes it where no more can come.
func (f *following) open(now time.Time) {
	var err error
	if f.reader != nil {
		select {
		case err = <-f.failed:
		default:
			err = f.reader.Ended()
		}
		if err == nil {
			return
		}
		f.close()
	} else {
		if f.info.Shm == "" || now.Before(f.retry) {
			return
		}
		if f.reader, err = segment.Open(f.info, segment.Options{}); err == nil {
			f.problem, f.rates = "", nil
			return
		}
	}
	f.problem, f.retry = natural.Sentence(err.Error()), now.Add(statsEvery)
}

// follow begins to hand the frames over, unless that is under way.
func (f *following) follow(ctx context.Context, a *arrays) {
	if f.reader == nil || f.stop != nil {
		return
	}
	follower := segment.NewFollower(f.reader)
	failed := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	topic := shm.ArrayTopic(f.info.Name)
	go func() {
		defer close(done)
		for {
			frame, err := follower.Next(ctx)
			if err != nil {
				if ctx.Err() == nil {
					failed <- err
					shm.Signal(a.wake)
				}
				return
			}
			a.sink.State(topic, frame)
		}
	}()
	f.follower, f.failed = follower, failed
	f.stop = func() { cancel(); <-done }
}

// leave hands no more frames over.
func (f *following) leave() {
	if f.stop == nil {
		return
	}
	f.stop()
	f.follower.Count(&f.past)
	f.follower, f.stop, f.failed = nil, nil, nil
}

func (f *following) close() {
	f.leave()
	if f.reader == nil {
		return
	}
	f.past.Published = f.reader.Published()
	f.past.Torn += f.reader.Torn()
	f.reader.Close() // of a file that was only looked at
	f.reader, f.rates = nil, nil
}

func (f *following) stats(now time.Time) shm.ArrayStats {
	s := f.past
	s.Problem = f.problem
	if f.follower != nil {
		f.follower.Count(&s)
	}
	if f.reader == nil {
		return s
	}
	s.Published = f.reader.Published()
	s.Torn += f.reader.Torn()
	if n := len(f.rates); n > 0 && s.Published < f.rates[n-1].n {
		f.rates = nil
	}
	// While nobody wants the frames the count comes once a second, and may be as old.
	if told := f.reader.Told(); now.Sub(told) < toldEvery && told.Before(now) {
		now = told
	}
	f.rates = append(f.rates, published{now, s.Published})
	if extra := len(f.rates) - 1 - ratesOver; extra > 0 {
		f.rates = slices.Delete(f.rates, 0, extra)
	}
	if d := now.Sub(f.rates[0].at).Seconds(); d > 0 {
		s.Rate = float64(s.Published-f.rates[0].n) / d
	}
	return s
}

// decodeArrays turns what a process declares of its arrays into Arrays, in the
// order of their names. An array that makes no sense is one without frames, which says
// why, and has a note; of a name that makes no sense there is the note alone.
func decodeArrays(v pickle.Value) (shm.Arrays, []note) {
	list := shm.Arrays{}
	if v == nil {
		return list, nil
	}
	d, ok := v.(*pickle.Dict)
	if !ok {
		return list, []note{{"arrays", fmt.Sprintf("The process sent %s instead of a dict for its arrays; none are shown", kindOf(v))}}
	}
	var notes []note
	for _, e := range d.Entries {
		name, ok := e.Key.(string)
		if !ok || !wireName.MatchString(name) {
			notes = append(notes, note{"arrays", fmt.Sprintf("The process shares an array under %s, which is no name: letters, digits and _ . : - will do; it is left out", kindOf(e.Key))})
			continue
		}
		if len(list) == maxArrays {
			notes = append(notes, note{"arrays.many", fmt.Sprintf("The process shares %d arrays; the first %d are shown", d.Len(), maxArrays)})
			break
		}
		info, err := decodeArray(name, e.Value)
		if err != nil {
			notes = append(notes, note{"arrays." + name, fmt.Sprintf("The array %q is left out: %v", name, err)})
			// People look for it in the list, and a program for its name.
			info = shm.ArrayInfo{
				Name: name, Generation: noGeneration, Shape: []int{}, Axes: []string{},
				Note: natural.Clip(fmt.Sprintf("It is left out: %v.", err), maxNote),
			}
		}
		list = append(list, info)
	}
	shm.SortArrays(list)
	return list, notes
}

var generation = regexp.MustCompile(`^[0-9a-f]{16}$`)

// decodeArray decodes what is declared of one array. An error says which of what
// cannot be done without is wrong; of the rest what makes no sense is ignored.
func decodeArray(name string, v pickle.Value) (info shm.ArrayInfo, err error) {
	d, ok := v.(*pickle.Dict)
	if !ok {
		return info, fmt.Errorf("it is described by %s instead of a dict", kindOf(v))
	}
	get := func(key string) pickle.Value { v, _ := d.Get(key); return v }
	text := func(key string, most int) string { s, _ := get(key).(string); return natural.Clip(s, most) }

	info = shm.ArrayInfo{Name: name}
	// No name at all stands for no shared memory: people should see that.
	if info.Shm, ok = get("shm").(string); !ok || info.Shm != "" && !segment.ValidName(info.Shm) {
		return info, fmt.Errorf("its segment is called %s, which is no name of a segment", kindOf(get("shm")))
	}
	if info.Generation, ok = get("generation").(string); !ok || !generation.MatchString(info.Generation) {
		return info, fmt.Errorf("its generation is %s instead of 16 hex digits", kindOf(get("generation")))
	}
	t, err := pickle.ParseDescr(get("dtype"))
	if err != nil {
		return info, fmt.Errorf("its dtype is not understood: %w", err)
	}
	if len(t.Fields) > maxFields {
		return info, fmt.Errorf("its records have %d fields, and at most %d are shown: share them as several arrays", len(t.Fields), maxFields)
	}
	info.Descr, info.Fields = segment.Describe(t)
	shape, ok := sequence(get("shape"))
	if !ok || len(shape) > maxArrayDims {
		return info, fmt.Errorf("its shape is %s instead of at most %d whole numbers", kindOf(get("shape")), maxArrayDims)
	}
	info.Shape = make([]int, len(shape))
	for i, v := range shape {
		n, ok := v.(int64)
		if !ok || n < 0 || n > maxSide {
			return info, fmt.Errorf("its shape has %s on axis %d instead of a whole number", kindOf(v), i)
		}
		info.Shape[i] = int(n)
	}
	if !segment.ValidShape(t, info.Shape) {
		return info, fmt.Errorf("no machine holds frames of %v", info.Shape)
	}

	ndim := len(shape)
	info.Axes = words(get("axes"), ndim)
	if info.Axes == nil || slices.Contains(info.Axes, "") || repeats(info.Axes) {
		info.Axes = defaultAxes(ndim)
	}
	info.Units = words(get("units"), ndim)
	info.Scale = numbers(get("scale"), ndim)
	if slices.ContainsFunc(info.Scale, func(x float64) bool { return x == 0 }) {
		info.Scale = nil
	}
	info.Title = text("title", maxTitle)
	switch role := text("role", maxArrayWord); role {
	case "rgb":
		// The viewer takes colour for colour only where it can be that.
		if ndim > 0 && (info.Shape[ndim-1] == 3 || info.Shape[ndim-1] == 4) {
			info.Role = role
		}
	case "labels", "table":
		info.Role = role
	}
	info.Colormap = text("colormap", maxTitle)
	if lim := numbers(get("limits"), 2); lim != nil && lim[0] <= lim[1] {
		info.Limits = &[2]float64{lim[0], lim[1]}
	}
	info.Unit = text("unit", maxArrayWord)
	info.Layer = text("layer", maxArrayWord)
	info.Note = text("note", maxNote)
	info.Stats.Problem = text("problem", maxHelp)
	return info, nil
}

// defaultAxes are names for the axes of an array that has none.
func defaultAxes(ndim int) []string {
	axes := make([]string, ndim)
	for i := range axes {
		switch ndim - i {
		case 1:
			axes[i] = "x"
		case 2:
			axes[i] = "y"
		default:
			axes[i] = fmt.Sprintf("axis %d", i)
		}
	}
	return axes
}

// words returns n texts, nil if v is anything else. None is "".
func words(v pickle.Value, n int) []string {
	list, ok := sequence(v)
	if !ok || len(list) != n {
		return nil
	}
	out := make([]string, n)
	for i, v := range list {
		s, ok := v.(string)
		if !ok && v != nil {
			return nil
		}
		out[i] = natural.Clip(s, maxArrayWord)
	}
	return out
}

func repeats(list []string) bool {
	sorted := slices.Sorted(slices.Values(list))
	return len(slices.Compact(sorted)) < len(list)
}

// numbers returns n finite numbers, nil if v is anything else.
func numbers(v pickle.Value, n int) []float64 {
	list, ok := sequence(v)
	if !ok || len(list) != n {
		return nil
	}
	out := make([]float64, n)
	for i, v := range list {
		if out[i], ok = number(v); !ok || math.IsNaN(out[i]) || math.IsInf(out[i], 0) {
			return nil
		}
	}
	return out
}
