package wire

import (
	"context"
	"maps"
	"math"
	"strings"
	"sync"
	"time"

	"webmon/shm/manager"
	"webmon/shm/pickle"
)

const (
	// forget is how long after its last note somebody who wanted something counts as gone.
	forget = 5 * time.Second
	// maxReaders bounds who may want something at a time.
	maxReaders = 64

	keyWant     = "want:"
	keyWatchers = "webmon:watchers:"
)

// demand is what those who watch want, together. It never changes.
type demand struct {
	topics   map[string]float64 // times a second
	sizes    map[string][2]int  // rows and columns that are enough
	watchers int
	until    time.Time // when somebody is to be forgotten
}

// want is what one webmon has noted.
type want struct {
	topics   map[string]float64
	sizes    map[string][2]int
	watchers int
	at       time.Time // when it was noted
	ask      int64     // the last
	answered int64     // the last that was answered
}

// notes is client_data, of which those who watch make notes. It is safe for concurrent use.
type notes struct {
	*manager.Dict
	changed func() // called after each note that says something new

	mu    sync.Mutex // guards all below
	wants map[string]*want
	all   *demand // nil: to be computed
}

func newNotes(changed func()) *notes {
	return &notes{Dict: manager.NewDict(), changed: changed, wants: map[string]*want{}}
}

// Call implements [manager.Resource].
func (n *notes) Call(ctx context.Context, c manager.Call) (pickle.Value, error) {
	v, err := n.Dict.Call(ctx, c)
	if err != nil {
		return v, err
	}
	switch c.Method {
	case "update", "pop", "clear", "popitem":
		if n.note(c, time.Now()) {
			n.changed()
		}
	}
	return v, err
}

// note takes a note into account. It reports whether there is something new.
func (n *notes) note(c manager.Call, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if c.Method != "update" {
		gone := false
		for id := range n.wants {
			if _, ok := n.Dict.Get(keyWant + id); !ok {
				delete(n.wants, id)
				gone = true
			}
		}
		if gone {
			n.all = nil
		}
		return gone
	}
	given, _ := first(c.Args).(*pickle.Dict)
	if given == nil {
		return false
	}
	news := false
	for _, e := range given.Entries {
		key, _ := e.Key.(string)
		id, ok := strings.CutPrefix(key, keyWant)
		if said, isDict := e.Value.(*pickle.Dict); ok && isDict {
			w := n.of(id)
			if w == nil {
				continue
			}
			topics, sizes, ask := wanted(said)
			if !maps.Equal(topics, w.topics) || !maps.Equal(sizes, w.sizes) || now.Sub(w.at) > forget {
				w.topics, w.sizes, n.all, news = topics, sizes, nil, true
			}
			if ask != w.ask {
				w.ask, news = ask, true
			}
			w.at = now
			if n.all != nil {
				later := *n.all
				later.until = n.expiry(now)
				n.all = &later
			}
		}
		id, ok = strings.CutPrefix(key, keyWatchers)
		if count, isInt := e.Value.(int64); ok && isInt {
			if w := n.of(id); w != nil && w.watchers != int(min(max(count, 0), math.MaxInt32)) {
				w.watchers, n.all, news = int(min(max(count, 0), math.MaxInt32)), nil, true
			}
		}
	}
	return news
}

func first(args pickle.Tuple) pickle.Value {
	if len(args) == 0 {
		return nil
	}
	return args[0]
}

// of returns what a webmon wants, nil if too many want something. It needs mu.
func (n *notes) of(id string) *want {
	w := n.wants[id]
	if w == nil && len(n.wants) < maxReaders {
		w = &want{}
		n.wants[id] = w
	}
	return w
}

// wanted reads a note. What makes no sense in it is passed over.
func wanted(said *pickle.Dict) (topics map[string]float64, sizes map[string][2]int, ask int64) {
	topics, sizes = map[string]float64{}, map[string][2]int{}
	v, _ := said.Get("ask")
	ask, _ = v.(int64)
	enough := said.Dict("sizes")
	if all := said.Dict("topics"); all != nil {
		for _, e := range all.Entries {
			name, ok := e.Key.(string)
			hz, isFloat := e.Value.(float64)
			if n, isInt := e.Value.(int64); isInt {
				hz, isFloat = float64(n), true
			}
			if !ok || !isFloat || !(hz > 0) || math.IsInf(hz, 0) {
				continue
			}
			topics[name] = hz
			if enough == nil {
				continue
			}
			if v, ok := enough.Get(name); ok {
				if s, ok := size(v); ok {
					sizes[name] = s
				}
			}
		}
	}
	return topics, sizes, ask
}

// size reads how many rows and columns are enough.
func size(v pickle.Value) (s [2]int, ok bool) {
	var items []pickle.Value
	switch v := v.(type) {
	case *pickle.List:
		items = v.Items
	case pickle.Tuple:
		items = v
	}
	if len(items) != 2 {
		return s, false
	}
	for i, v := range items {
		n, ok := v.(int64)
		if !ok || n < 1 || n > math.MaxInt32 {
			return s, false
		}
		s[i] = int(n)
	}
	return s, true
}

// expiry returns when the next one is to be forgotten. It needs mu.
func (n *notes) expiry(now time.Time) time.Time {
	until := now.Add(24 * time.Hour)
	for _, w := range n.wants {
		if end := w.at.Add(forget); end.Before(until) {
			until = end
		}
	}
	return until
}

// read returns what is wanted now.
func (n *notes) read(now time.Time) *demand {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.all != nil && now.Before(n.all.until) {
		return n.all
	}
	d := &demand{topics: map[string]float64{}, sizes: map[string][2]int{}}
	all := map[string]bool{} // topics of which somebody wants all pixels
	for id, w := range n.wants {
		if now.Sub(w.at) > forget {
			delete(n.wants, id)
			continue
		}
		d.watchers += w.watchers
		for name, hz := range w.topics {
			d.topics[name] = max(d.topics[name], hz)
			s, ok := w.sizes[name]
			if !ok {
				all[name] = true
				continue
			}
			larger := d.sizes[name]
			d.sizes[name] = [2]int{max(larger[0], s[0]), max(larger[1], s[1])}
		}
	}
	for name := range all {
		delete(d.sizes, name)
	}
	d.until = n.expiry(now)
	n.all = d
	return d
}

// asks returns who waits for what is wanted to be up to date, with the number of their ask; nil
// for nobody.
func (n *notes) asks() map[string]int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out map[string]int64
	for id, w := range n.wants {
		if w.ask != w.answered {
			if out == nil {
				out = map[string]int64{}
			}
			out[id] = w.ask
		}
	}
	return out
}

// answer notes that asks were answered.
func (n *notes) answer(asks map[string]int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, ask := range asks {
		if w := n.wants[id]; w != nil {
			w.answered = ask
		}
	}
}

// inbox is client_messages: it says when something has come.
type inbox struct {
	*manager.Queue
	come func()
}

// Call implements [manager.Resource].
func (i inbox) Call(ctx context.Context, c manager.Call) (pickle.Value, error) {
	v, err := i.Queue.Call(ctx, c)
	if err == nil && (c.Method == "put" || c.Method == "put_nowait") {
		i.come()
	}
	return v, err
}
