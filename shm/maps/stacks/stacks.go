// Package stacks makes the images of a map's sessions a source: arrays like any other, which are
// looked at, measured and saved as those of a process are.
//
//	src, err := stacks.Open("rr30a", stacks.Options{Library: library})
//	...
//	err = src.Run(ctx, sink) // until nobody has used the map for a while
//
// A session is an array of the axes (z, y, x), with c before them if it has several channels, and with t
// before those if it has several times: "session-3". Channels that differ in size or type are arrays of
// their own: "session-3-ch2". Nothing is read before somebody looks. Then the heads of the files are,
// to describe the arrays, and of their pixels no more than is asked for. They are what the
// file has: uint8, uint16, or int8 and int16 of files that are signed.
package stacks

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"webmon/fault"
	"webmon/natural"
	"webmon/shm"
	"webmon/shm/maps"
	"webmon/shm/maps/library"
)

const (
	// beat is how often the source says that it is well.
	beat = time.Second
	// lookEvery is how often the files are asked whether they have changed, while somebody looks.
	lookEvery = 2 * time.Second
	// tellEvery is how often the list is told while it is made.
	tellEvery = 300 * time.Millisecond
	// maxArrays is how many arrays there are at most.
	maxArrays = 512
)

// Options are what a Source needs.
type Options struct {
	Library *library.Library
	// Watchers counts the browsers that look at the source; nil: demand alone tells.
	Watchers func() int
}

// Source is the images of a map.
type Source struct {
	opts Options
	key  string
	info shm.Info

	life  context.Context // of what is read; ends with Run
	close context.CancelFunc
	ended chan struct{} // closed by End
	once  sync.Once
	again chan struct{} // a file was found changed, or unpacked
	asks  chan chan struct{}
	work  sync.WaitGroup

	mu        sync.Mutex      // guards all below
	unpacking map[string]bool // arrays whose files are being taken out of a zip
	refused   map[string]string
}

var (
	_ shm.Source    = (*Source)(nil)
	_ shm.Refresher = (*Source)(nil)
)

// Open returns the source of the map with the key. It begins with its Run, and ends with
// [shm.ErrEnded] when the map is not in memory any more and nobody looks, or with
// [shm.ErrGone] when there is no such map any more.
func Open(key string, o Options) (*Source, error) {
	if _, known := o.Library.Loaded(key); !known {
		return nil, fmt.Errorf("%q: %w", key, library.ErrUnknown)
	}
	s := &Source{
		opts: o, key: key, info: shm.Info{Name: key, Kind: shm.KindMap, Instance: rand.Text()},
		ended: make(chan struct{}), again: make(chan struct{}, 1), asks: make(chan chan struct{}),
		unpacking: map[string]bool{}, refused: map[string]string{},
	}
	s.life, s.close = context.WithCancel(context.Background())
	return s, nil
}

// Info implements [shm.Source].
func (s *Source) Info() shm.Info { return s.info }

// Key is the key of the map.
func (s *Source) Key() string { return s.key }

// Actions implements [shm.Source]: there are none.
func (s *Source) Actions() []shm.Action { return nil }

// Command implements [shm.Source]. It refuses.
func (s *Source) Command(cmd shm.Command, report func(shm.Status, string)) {
	if cmd.ID != "" && report != nil {
		report(shm.Refused, "the images of a map take no commands")
	}
}

// End ends Run soon, also if somebody looks.
func (s *Source) End() { s.once.Do(func() { close(s.ended) }) }

// Refresh implements [shm.Refresher]: it returns once the files have been looked at, and their
// arrays told.
func (s *Source) Refresh(ctx context.Context, _ []string) {
	done := make(chan struct{})
	select {
	case s.asks <- done:
	case <-s.life.Done():
		return
	case <-ctx.Done():
		return
	}
	select {
	case <-done:
	case <-s.life.Done():
	case <-ctx.Done():
	}
}

// session is what is remembered of a session of the map.
type session struct {
	stack, condition string
	dx, dy, dz       float64 // micrometres
	channel          int     // the default one, counted from 1
}

// watch is what Run knows.
type watch struct {
	s        *Source
	sink     shm.Sink
	sessions []session
	arrays   []*array          // nil before anybody looked
	mark     string            // of the files, when they were described
	looked   time.Time         // when the files were asked last
	given    map[string]string // by the name of each array whose frame was told: its generation
}

// Run implements [shm.Source].
func (s *Source) Run(ctx context.Context, sink shm.Sink) error {
	defer s.work.Wait()
	defer s.close()
	defer context.AfterFunc(ctx, s.close)()
	o, err := s.opts.Library.Open(ctx, s.key)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("%w: %w", err, shm.ErrEnded)
	}
	w := &watch{s: s, sink: sink, given: map[string]string{}}
	for _, j := range o.Sessions {
		w.sessions = append(w.sessions, sessionOf(j))
	}
	sink.Alive()
	sink.Cost(shm.Cost{})
	shm.Signal(s.again) // somebody may look already
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		var asked chan struct{}
		select {
		case <-ctx.Done():
			return nil
		case <-s.ended:
			return shm.ErrEnded
		case <-sink.DemandChanged():
		case <-s.again:
			w.looked, w.mark = time.Time{}, ""
		case asked = <-s.asks:
			w.looked = time.Time{}
		case <-tick.C:
			sink.Alive()
			sink.Cost(shm.Cost{})
		}
		loaded, known := s.opts.Library.Loaded(s.key)
		watched := asked != nil || w.watched()
		switch {
		case !known:
			return fmt.Errorf("there is no map %s any more: %w", s.key, shm.ErrGone)
		case watched:
			s.opts.Library.Touch(s.key)
		case !loaded:
			return fmt.Errorf("nobody was looking: %w", shm.ErrEnded)
		}
		if now := time.Now(); watched && now.Sub(w.looked) >= lookEvery {
			w.looked = now
			if w.arrays == nil || s.opts.Library.ImagesMark(s.key) != w.mark {
				w.describe(ctx)
			}
		}
		w.give()
		if asked != nil {
			close(asked)
		}
	}
}

func sessionOf(j *maps.Session) session {
	return session{j.Stack, j.Condition, j.DX, j.DY, j.DZ, j.Channel}
}

// watched reports whether anybody looks.
func (w *watch) watched() bool {
	if f := w.s.opts.Watchers; f != nil && f() > 0 || w.sink.Demand(shm.TopicArrays) > 0 {
		return true
	}
	if w.arrays != nil {
		return slices.ContainsFunc(w.arrays, func(a *array) bool { return w.sink.Demand(shm.ArrayTopic(a.info.Name)) > 0 })
	}
	for j := range w.sessions { // by the names that arrays may have
		for _, c := range w.s.opts.Library.Channels(w.s.key, j) {
			if w.sink.Demand(shm.ArrayTopic(nameOf(j, 0))) > 0 || w.sink.Demand(shm.ArrayTopic(nameOf(j, c))) > 0 {
				return true
			}
		}
	}
	return false
}

// nameOf is the name of the array of a session, or of one channel of it.
func nameOf(j, channel int) string {
	if channel > 0 {
		return fmt.Sprintf("session-%d-ch%d", j, channel)
	}
	return fmt.Sprintf("session-%d", j)
}

// describe reads the heads of the files, and tells what there is.
func (w *watch) describe(ctx context.Context) {
	w.mark, w.looked = w.s.opts.Library.ImagesMark(w.s.key), time.Now()
	all := []*array{}
	told := time.Now()
	for j := range w.sessions {
		if ctx.Err() != nil {
			return
		}
		found := w.session(ctx, j)
		if len(all)+len(found) > maxArrays {
			w.sink.Notice("arrays", fmt.Sprintf("The map has more than %d stacks. Those from session %d on are not listed here.", maxArrays, j))
			break
		}
		all = append(all, found...)
		if now := time.Now(); w.arrays == nil && now.Sub(told) > tellEvery {
			told = now
			w.tell(all)
		}
	}
	w.arrays = all
	w.tell(all)
	for name, generation := range w.given {
		i := slices.IndexFunc(all, func(a *array) bool { return a.info.Name == name && a.info.Generation == generation })
		if i < 0 {
			delete(w.given, name)
			w.sink.State(shm.ArrayTopic(name), nil)
		}
	}
}

func (w *watch) tell(all []*array) {
	list := make(shm.Arrays, len(all))
	for i, a := range all {
		list[i] = a.info
	}
	shm.SortArrays(list)
	w.sink.State(shm.TopicArrays, list)
}

// give tells the frames of the arrays that somebody wants.
func (w *watch) give() {
	for _, a := range w.arrays {
		name := a.info.Name
		if w.sink.Demand(shm.ArrayTopic(name)) == 0 {
			continue
		}
		if a.packed {
			w.s.unpack(a)
			continue
		}
		if a.info.Withheld() || w.given[name] == a.info.Generation {
			continue
		}
		w.given[name] = a.info.Generation
		w.sink.State(shm.ArrayTopic(name), a.frame())
	}
}

// unpack takes the files of an array out of their zip, in the background.
func (s *Source) unpack(a *array) {
	name := a.info.Name
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unpacking[name] || s.refused[name] != "" {
		return
	}
	s.unpacking[name] = true
	end := func(err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.unpacking, name)
		if err != nil && s.life.Err() == nil {
			s.refused[name] = natural.Sentence(err.Error())
		}
		shm.Signal(s.again)
	}
	fault.Go(&s.work, func() {
		var err error
		for _, c := range a.numbers {
			im, e := s.opts.Library.Image(s.life, s.key, a.session, c)
			if e == nil {
				im.Release()
			}
			err = errors.Join(err, e)
		}
		end(err)
	}, end)
}
