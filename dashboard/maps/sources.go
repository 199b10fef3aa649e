package maps

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"webmon/dashboard/source"
	"webmon/natural"
	"webmon/shm"
)

// The images of a map are a source too, so that they are arrays like any other. It begins with
// the first visit to the map's page or to one of the source's own addresses, and ends with
// the map.

const (
	// maxSources is how many maps are sources at a time, but for those that somebody looks at.
	maxSources = 16
	// unpackFor is how long the images of a session may take to come out of a zip.
	unpackFor = 10 * time.Minute
)

// sources are the adapters of the maps that are sources.
type sources struct {
	mu       sync.Mutex // guards all below
	adapters map[string]shm.Source
	used     map[string]time.Time
}

// list returns the adapters by the keys of their maps.
func (s *sources) list() map[string]shm.Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.adapters)
}

// Opened must be called for every adapter that was made for a map.
func (m *Maps) Opened(t source.Target, adapter shm.Source) {
	key := t.Map()
	if key == "" || adapter == nil {
		return
	}
	m.sources.mu.Lock()
	defer m.sources.mu.Unlock()
	if m.sources.adapters == nil {
		m.sources.adapters, m.sources.used = map[string]shm.Source{}, map[string]time.Time{}
	}
	m.sources.adapters[key] = adapter
}

// sourceIDs returns the key of each map by the id that its source has. Ids stay while maps of
// like names neither come nor go.
func (m *Maps) sourceIDs() map[string]string {
	var keys []string
	for _, e := range m.opts.Library.List() {
		keys = append(keys, e.Key)
	}
	slices.Sort(keys)
	ids := map[string]string{}
	for _, key := range keys {
		id := natural.Slug("map-" + key)
		if _, taken := ids[id]; taken {
			h := fnv.New32a()
			_, _ = h.Write([]byte(key))
			id = natural.Slug(fmt.Sprintf("map-%08x-%s", h.Sum32(), key))
		}
		ids[id] = key
	}
	return ids
}

// SourceID is the id that the source of a map has, "" for one without images.
func (m *Maps) SourceID(key string) string {
	if e, ok := m.entry(key); !ok || !e.Pictured {
		return ""
	}
	for id, k := range m.sourceIDs() {
		if k == key {
			return id
		}
	}
	return ""
}

// Source returns the source of a map, nil if it is none now.
func (m *Maps) Source(key string) *source.Source {
	m.sources.mu.Lock()
	adapter := m.sources.adapters[key]
	m.sources.mu.Unlock()
	if adapter == nil || m.opts.Of == nil {
		return nil
	}
	return m.opts.Of(adapter)
}

// Visit makes the images of a map a source, unless they are, and returns it; nil for a map
// without images. The error is an answer.
func (m *Maps) Visit(ctx context.Context, key string) (*source.Source, error) {
	id := m.SourceID(key)
	if id == "" || m.opts.Attach == nil {
		return nil, nil
	}
	done, err := m.making.turn(ctx, "source "+key)
	if err != nil {
		return nil, err
	}
	defer done()
	src := m.Source(key)
	if src == nil || !src.Running() {
		m.makePlace()
		if src, err = m.opts.Attach(ctx, source.MapTarget(id, key)); err != nil {
			return nil, err
		}
	}
	m.sources.mu.Lock()
	defer m.sources.mu.Unlock()
	if m.sources.used != nil {
		m.sources.used[key] = time.Now()
	}
	return src, nil
}

// makePlace ends the source that was visited longest ago, if there are as many as there may be,
// so that who goes through a hundred maps does not fill the pages with them.
func (m *Maps) makePlace() {
	adapters := m.sources.list()
	running := 0
	oldest := ""
	for key, a := range adapters {
		src := m.opts.Of(a)
		if src == nil || !src.Running() {
			m.sources.mu.Lock()
			if m.sources.adapters[key] == a {
				delete(m.sources.adapters, key)
				delete(m.sources.used, key)
			}
			m.sources.mu.Unlock()
			continue
		}
		running++
		if src.Demand(shm.TopicArrays) > 0 {
			continue
		}
		m.sources.mu.Lock()
		if oldest == "" || m.sources.used[key].Before(m.sources.used[oldest]) {
			oldest = key
		}
		m.sources.mu.Unlock()
	}
	if running < maxSources || oldest == "" {
		return
	}
	if a, ok := adapters[oldest].(interface{ End() }); ok {
		a.End()
	}
}

// Wake returns the source with an id that is that of a map's, which it visits; nil for any
// other id.
func (m *Maps) Wake(ctx context.Context, id string) *source.Source {
	if !strings.HasPrefix(id, "map-") {
		return nil
	}
	key, ok := m.sourceIDs()[id]
	if !ok {
		return nil
	}
	src, err := m.Visit(ctx, key)
	if err != nil {
		m.opts.Logger.Debug("no source of a map", "map", key, "error", err)
		return nil
	}
	return src
}

// Origin is the page of the map whose images a source is; ok is false for any other source.
func (m *Maps) Origin(src *source.Source) (href, name string, ok bool) {
	if !src.IsMap() {
		return "", "", false
	}
	adapters := m.sources.list()
	for key, a := range adapters {
		if m.opts.Of(a) == src {
			if e, known := m.entry(key); known {
				return m.Href(key), e.Name, true
			}
		}
	}
	return "", "", false
}

// Stack returns the address of the page that shows the images of a session in the viewer of
// arrays, at a slice: "" is the one in the middle. The error is an answer.
func (m *Maps) Stack(ctx context.Context, key, session, slice string) (string, error) {
	o, err := m.open(ctx, key)
	if err != nil {
		return "", err
	}
	q := asked{url.Values{"session": {session}}}
	j, err := q.number("session", "session", len(o.Sessions))
	if err != nil {
		return "", missing("The map %s has no session %.40q.", o.Name, session)
	}
	src, err := m.Visit(ctx, key)
	if err != nil {
		return "", err
	}
	if src == nil || j < 0 || len(m.opts.Library.Channels(key, j)) == 0 {
		return "", missing("Session %d has no images.", j)
	}
	settled, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	src.Refresh(settled, nil)
	name := fmt.Sprintf("session-%d", j)
	list := src.Arrays()
	for i := range list {
		if list.Get(name) == nil && strings.HasPrefix(list[i].Name, name+"-") {
			name = list[i].Name
		}
	}
	if info := list.Get(name); info != nil && info.Withheld() {
		// Wanting it takes it out of its zip, which may take a while.
		time.AfterFunc(unpackFor, src.Want(shm.ArrayTopic(name)))
	}
	to := url.Values{"source": {src.ID()}, "array": {name}}
	if info := list.Get(name); info != nil && len(info.Shape) > 2 {
		to.Set("i", planeAt(info, slice))
	}
	return m.opts.Prefix.String() + "/arrays?" + to.Encode(), nil
}

// planeAt is the plane of a stack at a slice, as the viewer's address has it.
func planeAt(info *shm.ArrayInfo, slice string) string {
	at := make([]string, len(info.Shape))
	for i, axis := range info.Axes {
		at[i] = "0"
		switch axis {
		case "x", "y":
			at[i] = axis
		case "c":
			at[i] = "k" // blended
		case "z":
			z := info.Shape[i] / 2
			if n, err := strconv.Atoi(slice); err == nil && n >= 0 && n < info.Shape[i] {
				z = n
			}
			at[i] = strconv.Itoa(z)
		}
	}
	return strings.Join(at, ",")
}
