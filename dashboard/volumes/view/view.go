// Package view keeps what people look at in Neuroglancer's client: for each view the state
// that all who have its address open share, and the configuration that a script or webmon
// gives them. It knows JSON and generations, and neither HTTP nor volumes.
//
//	views := view.New(view.Options{Account: account})
//	v, made, err := views.Make("napari", "5f...", view.With{State: state})
//	g, err := v.SetState(state, view.Change{Client: "ab", N: 3, Previous: g})
//	w, err := v.Watch(view.Watching{Client: "cd"})
//	for range w.Changed() {
//		for _, e := range w.Next() { send(e.JSON()) }
//	}
//
// Both states are JSON objects with a generation, a text that is new with each change:
// "<client>/<n>" for the nth change of a client. Who changes a state names the generation that
// they have changed. If another one has come meanwhile, that is an [ErrConflict], and
// the newer state is on its way to them.
package view

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"webmon/dashboard/budget"
)

// Bounds of a view and of all of them.
const (
	MaxState    = 8 << 20   // bytes of a state
	MaxConfig   = 1 << 20   // bytes of a configuration
	MaxMessage  = 64 << 10  // bytes of what a browser sends to a script
	MaxAnswer   = 128 << 20 // the same of what the script has asked for: a screenshot, or voxels
	maxViews    = 256       // of all sources
	maxWatchers = 256       // of one view
	maxQueued   = 1024      // messages that a script has not taken
	maxSaid     = 500       // bytes of a status message of webmon
	maxAccepted = 64        // generations that only webmon's own changes have followed
)

// Own is the client in the generations of webmon's own changes.
const Own = "webmon"

// ErrConflict says that a state was changed by somebody else meanwhile.
var ErrConflict = errors.New("the state was changed by somebody else meanwhile")

// A Refusal says in a sentence why a request cannot be carried out.
type Refusal string

// Error implements error.
func (r Refusal) Error() string { return string(r) }

// Too is a Refusal of what is too large, or too many.
type Too string

// Error implements error.
func (t Too) Error() string { return string(t) }

var (
	tokens  = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
	clients = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
)

// IsToken reports whether a text can be the token of a view, or of a volume.
func IsToken(text string) bool { return tokens.MatchString(text) }

// State is a JSON object with its generation.
type State struct {
	JSON       json.RawMessage // an object on one line; not to be changed
	Generation string
	N          uint64 // counts the changes, whoever makes them
}

// Company says whether a view and what its process looks at by itself go together.
type Company string

// The ways in which they do.
const (
	Apart   Company = "apart"
	Follows Company = "follows" // the view goes where the process looks
	Leads   Company = "leads"   // the process looks where the view is
)

// Change says who changes a state, and which one.
type Change struct {
	Client   string // random, of the browser's page or of the script
	N        uint64 // counts the changes of the client
	Previous string // the generation that was changed
	Any      bool   // whatever the generation is; Previous does not count
}

// Options configure a Store.
type Options struct {
	Account *budget.Account // of the states
	Queues  *budget.Account // of what scripts have not taken yet; nil: Account
	Most    int             // views; 0: a default
	// Changed is told of a view that has changed, or that another browser looks at; nil: nobody
	// is. It must return at once, and is called under locks of the view.
	Changed func(*View)
	Now     func() time.Time // nil: time.Now
}

// Store has the views of all sources. Its methods are safe for concurrent use.
type Store struct {
	opts Options

	mu    sync.Mutex // guards all below; held before that of a view
	views map[name]*View
}

type name struct{ source, token string }

// New returns a store without a view.
func New(opts Options) *Store {
	if opts.Most == 0 {
		opts.Most = maxViews
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Queues == nil {
		opts.Queues = opts.Account
	}
	return &Store{opts: opts, views: map[name]*View{}}
}

// With is what a view is made with.
type With struct {
	Title  string
	State  json.RawMessage // nil: {}
	Config json.RawMessage // nil: {}
	// Owner is who alone may change the view, "" for a view that people share.
	Owner string
	// Of is the view that an own view is a copy of: it begins with its state, and follows its
	// configuration. nil for none.
	Of *View
	// Script says that a script makes the view.
	Script bool
	// Looks says that the owner may only look at the process.
	Looks bool
}

// Get returns a view, nil if there is none.
func (s *Store) Get(source, token string) *View {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.views[name{source, token}]
	if v != nil {
		v.touch(s.opts.Now())
	}
	return v
}

// List returns the views of a source, the oldest first.
func (s *Store) List(source string) []*View {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*View
	for n, v := range s.views {
		if n.source == source {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b *View) int { return a.made.Compare(b.made) })
	return out
}

// Make returns the view of a token, and makes it if there is none. For a new view the oldest one
// that nobody looks at may be forgotten. Its error is a Refusal or a Too.
func (s *Store) Make(source, token string, with With) (v *View, made bool, err error) {
	if !IsToken(token) {
		return nil, false, Refusal("The token of a view has up to 64 letters, digits, hyphens and underscores.")
	}
	now := s.opts.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if v = s.views[name{source, token}]; v != nil {
		v.touch(now)
		return v, false, nil
	}
	v = &View{
		Source: source, Token: token, Title: with.Title, Owner: with.Owner, Looks: with.Looks, of: with.Of, scripted: with.Script,
		store: s, made: now, used: now, said: map[string]string{}, generations: map[string]uint64{},
		watchers: map[*Watcher]bool{}, copies: map[*View]bool{},
	}
	if with.Of != nil {
		with.State = with.Of.State().JSON
	} else if v.base, err = fields(with.Config); err != nil {
		return nil, false, err
	}
	state, err := object("state", with.State, MaxState)
	if err != nil {
		return nil, false, err
	}
	v.state = State{state, Own + "/1", 1}
	v.changes = 1
	v.config = State{Generation: Own + "/1", N: 1}
	if err := v.compose(); err != nil {
		return nil, false, err
	}
	v.gave(v.config.Generation)
	size := v.size()
	for len(s.views) >= s.opts.Most || !s.opts.Account.Take(size) {
		if !s.forgetOldest() {
			s.opts.Account.Refused()
			return nil, false, Too("There are too many views open to make another one: close some, or start webmon with more --memory.")
		}
	}
	v.counted = size
	s.views[name{source, token}] = v
	if with.Of != nil {
		with.Of.copied(v)
	}
	return v, true, nil
}

// forgetOldest forgets the view that nobody looks at and that was used least recently. It reports
// false if there is none. mu is held.
func (s *Store) forgetOldest() bool {
	var oldest *View
	var at time.Time
	for _, v := range s.views {
		if used, idle := v.idle(); idle && (oldest == nil || used.Before(at)) {
			oldest, at = v, used
		}
	}
	if oldest == nil {
		return false
	}
	s.opts.Account.Dropped(1, oldest.Bytes())
	s.remove(oldest)
	return true
}

// remove forgets a view; mu is held.
func (s *Store) remove(v *View) {
	delete(s.views, name{v.Source, v.Token})
	v.end()
	if v.of != nil {
		v.of.forgets(v)
	}
}

// Delete forgets a view, and ends its streams. It reports whether there was one.
func (s *Store) Delete(source, token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.views[name{source, token}]
	if v == nil {
		return false
	}
	s.remove(v)
	return true
}

// Forget forgets all views of a source.
func (s *Store) Forget(source string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range slices.Collect(maps.Values(s.views)) {
		if v.Source == source {
			s.remove(v)
		}
	}
}

// Use is what the views keep.
func (s *Store) Use() budget.Use { return s.opts.Account.Use() }

// Count is how many views there are, and how many streams are open to them.
func (s *Store) Count() (views, watchers int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.views {
		watchers += v.Watchers()
	}
	return len(s.views), watchers
}

// View is one view. Its methods are safe for concurrent use. The fields never change.
type View struct {
	Source, Token string
	Title         string
	Owner         string // who alone may change it; "" for a view that people share
	Looks         bool   // the owner may only look at the process

	store *Store
	of    *View // whose copy it is; nil: none
	made  time.Time

	mu       sync.Mutex // guards all below
	used     time.Time
	ended    bool
	state    State
	company  Company   // "": Apart
	changed  time.Time // when the state was last changed
	config   State
	given    State                      // the configuration as scripts have given it
	changes  uint64                     // of webmon's own
	base     map[string]json.RawMessage // the configuration without webmon's own parts
	accepted []string                   // generations of the configuration that only webmon's own changes have followed
	// webmon's own parts of the configuration
	generations map[string]uint64 // of volumes, by key
	said        map[string]string // status messages
	scripted    bool              // a script has made the view, or has been there
	scriptEnded time.Time         // zero: it is there, or has not been there
	counted     int64             // bytes, as they are in the account
	watchers    map[*Watcher]bool
	copies      map[*View]bool
}

// State returns the shared state.
func (v *View) State() State {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.state
}

// Company returns whether the view and its process go together.
func (v *View) Company() Company {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.company == "" {
		return Apart
	}
	return v.company
}

// Keep has the view and its process go together, or apart.
func (v *View) Keep(company Company) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.company != company {
		v.company = company
		v.note()
	}
}

// Changed returns when the shared state was last changed, the zero time if it never was.
func (v *View) Changed() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.changed
}

// Config returns the configuration.
func (v *View) Config() State {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.config
}

// Given returns the configuration as scripts have given it: without webmon's own parts.
func (v *View) Given() State {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.given
}

// gave notes a configuration that a script has given; mu is held.
func (v *View) gave(generation string) {
	b, err := json.Marshal(v.base)
	if err != nil || v.base == nil {
		b = []byte("{}")
	}
	v.given = State{b, generation, v.given.N + 1}
}

// Of is the view that an own view was copied from, nil for others.
func (v *View) Of() *View { return v.of }

// Watchers is how many streams are open.
func (v *View) Watchers() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.watchers)
}

// Browsers is how many streams of browsers are open.
func (v *View) Browsers() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := 0
	for w := range v.watchers {
		if !w.script {
			n++
		}
	}
	return n
}

// Script says whether a script has a part in the view, and since when it has ended; the zero
// time while it is there.
func (v *View) Script() (is bool, ended time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.scripted, v.scriptEnded
}

// Asked reports whether the script has asked browsers for a screenshot or for voxels.
func (v *View) Asked() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.asked()
}

func (v *View) asked() bool {
	set := func(key, none string) bool {
		value := string(v.base[key])
		return value != "" && value != "null" && value != none
	}
	return set("screenshot", `""`) || set("volumeRequests", "[]")
}

// SetState changes the shared state, and returns the new one. Its error is an ErrConflict, a Refusal
// or a Too.
func (v *View) SetState(state json.RawMessage, c Change) (State, error) {
	generation, err := c.generation()
	if err != nil {
		return State{}, err
	}
	if state, err = object("state", state, MaxState); err != nil {
		return State{}, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if !c.Any && c.Previous != v.state.Generation {
		return State{}, ErrConflict
	}
	if err := v.grow(int64(len(state) - len(v.state.JSON))); err != nil {
		return State{}, err
	}
	v.state = State{state, generation, v.state.N + 1}
	v.now()
	v.tell()
	return v.state, nil
}

// SetConfig changes the configuration, but for the parts of it that are webmon's own, and returns
// what was given. That webmon has changed its parts meanwhile is no conflict. Its error is an
// ErrConflict, a Refusal or a Too.
func (v *View) SetConfig(config json.RawMessage, c Change) (State, error) {
	generation, err := c.generation()
	if err != nil {
		return State{}, err
	}
	base, err := fields(config)
	if err != nil {
		return State{}, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	known := c.Any || c.Previous == v.config.Generation || c.Previous == v.given.Generation || slices.Contains(v.accepted, c.Previous)
	if !known {
		return State{}, ErrConflict
	}
	before := v.base
	v.base = base
	then := v.config
	if err := v.compose(); err != nil {
		v.base = before
		return State{}, err
	}
	if err := v.grow(int64(len(v.config.JSON) - len(then.JSON))); err != nil {
		v.base, v.config = before, then
		return State{}, err
	}
	v.config.Generation, v.accepted = generation, nil
	v.config.N++
	v.gave(generation)
	v.used = v.store.opts.Now()
	v.tell()
	for c := range v.copies {
		c.rebase(v.base)
	}
	return v.given, nil
}

// copied makes a view a copy, which has the configuration that v has.
func (v *View) copied(c *View) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.copies[c] = true
	c.own(func() bool {
		c.base, c.generations, c.said = withoutRequests(v.base), maps.Clone(v.generations), maps.Clone(v.said)
		return true
	})
}

func (v *View) forgets(c *View) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.copies, c)
}

// rebase gives a copy the configuration of what it is a copy of.
func (v *View) rebase(base map[string]json.RawMessage) {
	v.own(func() bool {
		v.base = withoutRequests(base)
		return true
	})
}

// withoutRequests is a configuration without what a script asks of the browsers that share its
// view.
func withoutRequests(base map[string]json.RawMessage) map[string]json.RawMessage {
	m := maps.Clone(base)
	delete(m, "screenshot")
	delete(m, "volumeRequests")
	return m
}

// Edit changes the shared state by webmon itself. change gets the fields of the state and may change
// them; its error is Edit's. Nothing happens if it returns false.
func (v *View) Edit(change func(map[string]json.RawMessage) (bool, error)) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	m := map[string]json.RawMessage{}
	if err := json.Unmarshal(v.state.JSON, &m); err != nil {
		return err
	}
	changed, err := change(m)
	if err != nil || !changed {
		return err
	}
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	state, err := object("state", b, MaxState)
	if err != nil {
		return err
	}
	if err := v.grow(int64(len(state) - len(v.state.JSON))); err != nil {
		return err
	}
	v.changes++
	v.state = State{state, Own + "/" + strconv.FormatUint(v.changes, 10), v.state.N + 1}
	v.now()
	v.tell()
	return nil
}

// Refreshed tells the browsers that the content of volumes is new, by the generations of their
// keys. Generations of other keys, and newer ones, stay as they are.
func (v *View) Refreshed(generations map[string]uint64) {
	v.own(func() bool {
		changed := false
		for key, g := range generations {
			if at, ok := v.generations[key]; !ok && len(v.generations) < 4*maxAccepted || ok && at < g {
				v.generations[key], changed = g, true
			}
		}
		return changed
	})
}

// Say shows a sentence in the client, "" to take it back.
func (v *View) Say(about, text string) {
	text = text[:min(len(text), maxSaid)]
	v.own(func() bool {
		if v.said[about] == text {
			return false
		}
		if v.said[about] = text; text == "" {
			delete(v.said, about)
		}
		return true
	})
}

// own changes webmon's parts of the configuration.
func (v *View) own(change func() bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ended || !change() {
		return
	}
	then := v.config
	if v.compose() != nil {
		v.config = then // it is as large as it may be already
		return
	}
	v.counted += int64(len(v.config.JSON) - len(then.JSON))
	v.store.opts.Account.Add(int64(len(v.config.JSON) - len(then.JSON)))
	if v.accepted = append(v.accepted, then.Generation); len(v.accepted) > maxAccepted {
		v.accepted = v.accepted[1:]
	}
	v.changes++
	v.config.N++
	v.config.Generation = Own + "/" + strconv.FormatUint(v.changes, 10)
	v.tell()
}

// compose makes the configuration of its parts; mu is held.
func (v *View) compose() error {
	m := maps.Clone(v.base)
	if m == nil {
		m = map[string]json.RawMessage{}
	}
	if len(v.generations) > 0 {
		merge(m, "sourceGenerations", v.generations)
	}
	if len(v.said) > 0 {
		merge(m, "statusMessages", v.said)
	}
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if len(b) > MaxConfig {
		return Too(fmt.Sprintf("The configuration of a view has %d bytes, and may have %d.", len(b), MaxConfig))
	}
	v.config.JSON = b
	return nil
}

// merge adds entries to an object that is a field of another one. What is no object is replaced.
func merge[V any](m map[string]json.RawMessage, field string, entries map[string]V) {
	all := map[string]json.RawMessage{}
	if json.Unmarshal(m[field], &all) != nil || all == nil {
		all = map[string]json.RawMessage{}
	}
	for key, value := range entries {
		all[key], _ = json.Marshal(value) // numbers and texts
	}
	m[field], _ = json.Marshal(all)
}

// now notes that the state is changed; mu is held.
func (v *View) now() {
	v.changed = v.store.opts.Now()
	v.used = v.changed
}

// grow counts so many bytes more, if there is room; mu is held.
func (v *View) grow(by int64) error {
	switch {
	case v.ended:
		return Refusal("This view has been closed.")
	case by > 0 && !v.store.opts.Account.Take(by):
		v.store.opts.Account.Refused()
		return Too("There is no room for a larger state: close views that are not needed, or start webmon with more --memory.")
	case by < 0:
		v.store.opts.Account.Give(-by)
	}
	v.counted += by
	return nil
}

// Bytes is how much memory the view takes.
func (v *View) Bytes() int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.counted
}

func (v *View) size() int64 { return int64(len(v.state.JSON)+2*len(v.config.JSON)) + 2048 }

func (v *View) touch(now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.used = now
}

func (v *View) idle() (used time.Time, idle bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.used, len(v.watchers) == 0
}

// end ends the view.
func (v *View) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ended = true
	for w := range v.watchers {
		w.finish()
	}
	v.store.opts.Account.Give(v.counted)
	v.counted = 0
}

// generation is that of a change.
func (c Change) generation() (string, error) {
	if !clients.MatchString(c.Client) || c.Client == Own {
		return "", Refusal("The client of a change has up to 64 letters, digits, hyphens and underscores.")
	}
	return c.Client + "/" + strconv.FormatUint(c.N, 10), nil
}

// object checks that a text is a JSON object, and writes it on one line. A missing one is {}.
func object(what string, text json.RawMessage, most int) (json.RawMessage, error) {
	if len(text) > most {
		return nil, Too(fmt.Sprintf("The %s of a view has %d bytes, and may have %d.", what, len(text), most))
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 || string(text) == "null" {
		return json.RawMessage("{}"), nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil || text[0] != '{' {
		return nil, Refusal("The " + what + " of a view is a JSON object.")
	}
	return b.Bytes(), nil
}

// fields are the fields of a configuration.
func fields(config json.RawMessage) (map[string]json.RawMessage, error) {
	config, err := object("configuration", config, MaxConfig)
	if err != nil {
		return nil, err
	}
	m := map[string]json.RawMessage{}
	if err := json.Unmarshal(config, &m); err != nil {
		return nil, Refusal("The configuration of a view is a JSON object.")
	}
	return m, nil
}
