package view

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"webmon/dashboard/budget"
	"webmon/shm"
)

// Kinds of event, as they are on the wire.
const (
	KindConfig   = "c"
	KindState    = "s"
	KindAction   = "a" // for scripts alone: somebody has pressed a key that they have bound
	KindResponse = "v" // for scripts alone: voxels that they have asked the browsers for
)

// Watching says who watches a view, and what they know of it already.
type Watching struct {
	Client string // random, of the browser's page or of the script; "" for none
	// Config and State are the generations that the watcher has, "" for none.
	Config, State string
	// NoState says that the watcher's page keeps a state of its own and wants none.
	NoState bool
	// Script says that a script watches. It gets actions and responses too, and the configuration as
	// scripts have given it: without webmon's own parts.
	Script bool
}

// Event is something that a watcher is told.
type Event struct {
	Kind  string
	State State // of KindConfig and KindState
	// Counted says that the event has the number of the change, by which a script, which changes the
	// state itself meanwhile, knows which is newer.
	Counted bool
	// Message is the whole event of the other kinds, as it is on the wire.
	Message json.RawMessage
}

// JSON is the event as it is on the wire, on one line.
func (e Event) JSON() []byte {
	if e.Message != nil {
		return e.Message
	}
	b := append([]byte(`{"k":"`), e.Kind...)
	b = append(b, `","s":`...)
	b = append(b, e.State.JSON...)
	b = append(b, `,"g":`...)
	g, _ := json.Marshal(e.State.Generation)
	b = append(b, g...)
	if e.Counted {
		b = strconv.AppendUint(append(b, `,"n":`...), e.State.N, 10)
	}
	return append(b, '}')
}

// Watcher is a stream of events. Close must be called.
type Watcher struct {
	view    *View
	script  bool
	client  string
	changed chan struct{} // capacity one
	done    chan struct{} // closed when the view is gone

	// guarded by the view's mutex
	config, state string // generations that were told
	noState       bool
	queue         []json.RawMessage
	queued        int64 // bytes
	finished      bool
}

// Watch opens a stream. Its error is a Refusal or a Too.
func (v *View) Watch(as Watching) (*Watcher, error) {
	if as.Client != "" && !clients.MatchString(as.Client) {
		return nil, Refusal("The client of a stream has up to 64 letters, digits, hyphens and underscores.")
	}
	w := &Watcher{
		view: v, script: as.Script, client: as.Client, noState: as.NoState, config: as.Config, state: as.State,
		changed: make(chan struct{}, 1), done: make(chan struct{}),
	}
	v.mu.Lock()
	switch {
	case v.ended:
		v.mu.Unlock()
		return nil, Refusal("This view has been closed.")
	case len(v.watchers) >= maxWatchers:
		v.mu.Unlock()
		return nil, Too("Too many browsers have this view open already.")
	}
	v.watchers[w] = true
	v.used = v.store.opts.Now()
	if as.Script {
		v.scripted = true
	}
	v.note()
	v.mu.Unlock()
	if as.Script {
		v.scriptIs(true)
	}
	shm.Signal(w.changed)
	return w, nil
}

// scriptGone is what webmon says in the client when a script has ended.
const scriptGone = "The script that made this view has ended. This is how it left it."

// scriptIs notes whether a script is there.
func (v *View) scriptIs(there bool) {
	text := ""
	v.mu.Lock()
	if v.scriptEnded = (time.Time{}); !there {
		v.scriptEnded, text = v.store.opts.Now(), scriptGone
	}
	views := append(slices.Collect(maps.Keys(v.copies)), v)
	v.mu.Unlock()
	for _, v := range views {
		v.Say("webmon.script", text)
	}
}

// Changed is signalled (capacity one) when Next may have something.
func (w *Watcher) Changed() <-chan struct{} { return w.changed }

// Done is closed when the view is forgotten.
func (w *Watcher) Done() <-chan struct{} { return w.done }

// Next returns what the watcher has not been told yet. Of a state that is the newest one, unless
// the watcher itself has made it.
func (w *Watcher) Next() []Event {
	var out []Event
	v := w.view
	v.mu.Lock()
	defer v.mu.Unlock()
	tell := func(kind string, s State, told *string) {
		if s.Generation == *told {
			return
		}
		*told = s.Generation
		if w.client == "" || !strings.HasPrefix(s.Generation, w.client+"/") {
			out = append(out, Event{Kind: kind, State: s, Counted: w.script})
		}
	}
	if w.script {
		// It has no use for webmon's own parts, which it would send back.
		tell(KindConfig, v.given, &w.config)
	} else {
		tell(KindConfig, v.config, &w.config)
	}
	if !w.noState {
		tell(KindState, v.state, &w.state)
	}
	for _, m := range w.queue {
		out = append(out, Event{Kind: KindAction, Message: m})
	}
	w.drop()
	return out
}

// drop empties the queue; mu of the view is held.
func (w *Watcher) drop() {
	w.account().Give(w.queued)
	w.queue, w.queued = nil, 0
}

func (w *Watcher) account() *budget.Account { return w.view.store.opts.Queues }

// Close ends the stream.
func (w *Watcher) Close() {
	v := w.view
	v.mu.Lock()
	_, was := v.watchers[w]
	delete(v.watchers, w)
	w.drop()
	v.note()
	v.used = v.store.opts.Now()
	last := was && w.script && !v.ended
	for other := range v.watchers {
		last = last && !other.script
	}
	v.mu.Unlock()
	if last {
		v.scriptIs(false)
	}
}

// finish ends the stream from the view's side; mu of the view is held.
func (w *Watcher) finish() {
	if !w.finished {
		w.finished = true
		w.drop()
		close(w.done)
	}
}

// note tells whoever wants to know that the view has changed; mu is held.
func (v *View) note() {
	if v.store.opts.Changed != nil {
		v.store.opts.Changed(v)
	}
}

// tell wakes all streams; mu is held.
func (v *View) tell() {
	v.note()
	for w := range v.watchers {
		shm.Signal(w.changed)
	}
}

// Tell sends a message of a browser to the scripts that watch: the whole event as it is on the
// wire, of KindAction or KindResponse. It reports how many scripts lose it, because they do not take
// what they are sent, or there is no room for it.
func (v *View) Tell(message json.RawMessage) (lost int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for w := range v.watchers {
		if !w.script || w.finished {
			continue
		}
		if len(w.queue) >= maxQueued || !w.account().Take(int64(len(message))) {
			w.account().Refused()
			lost++
			continue
		}
		w.queue = append(w.queue, message)
		w.queued += int64(len(message))
		shm.Signal(w.changed)
	}
	return lost
}
