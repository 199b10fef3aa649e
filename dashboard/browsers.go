package dashboard

import (
	"strings"
	"sync"

	"webmon/dashboard/door"
	"webmon/dashboard/hub"
	"webmon/dashboard/record"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
)

// steering knows which browsers look at each source whose people may steer it.
type steering struct {
	mu sync.Mutex // guards all below
	at map[string]map[any]bool
	of map[any][]string // the same by browser
}

// watching is told what a browser watches; see hub.Options. It starts the simulations
// among that which have ended.
func (s *Server) watching(browser any, who string, topics []string) {
	s.people.Watching(browser, who, topics)
	s.desk.Watching(browser, topics)
	if door.Of(hub.Context(browser)).Role < door.Steer {
		return
	}
	for _, id := range s.steering.watching(browser, topics) {
		if src := s.registry.Get(id); src != nil && s.models != nil {
			s.models.Seen(src)
		}
	}
}

// watching returns the sources of the topics.
func (st *steering) watching(browser any, topics []string) (sources []string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.at == nil {
		st.at, st.of = map[string]map[any]bool{}, map[any][]string{}
	}
	for _, id := range st.of[browser] {
		if delete(st.at[id], browser); len(st.at[id]) == 0 {
			delete(st.at, id)
		}
	}
	delete(st.of, browser)
	for _, topic := range topics {
		id, _, _ := strings.Cut(topic, "/")
		if st.at[id][browser] {
			continue
		}
		if st.at[id] == nil {
			st.at[id] = map[any]bool{}
		}
		st.at[id][browser] = true
		sources = append(sources, id)
	}
	if len(sources) > 0 {
		st.of[browser] = sources
	}
	return sources
}

// any returns somebody who looks at a source and may steer it.
func (st *steering) any(src *source.Source) (by record.Author, ok bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for browser := range st.at[src.ID()] {
		return record.By(hub.Context(browser)), true
	}
	return by, false
}

// mayWatch reports whether a browser may watch a topic; see hub.Options. The forms of a tab
// that needs more than to steer stand beside what only those who may use them see, such
// as addresses of people.
func (s *Server) mayWatch(browser any, topic string) bool {
	_, rest, _ := strings.Cut(topic, "/")
	if strings.HasPrefix(rest, tab.LockedFeeds) {
		return true
	}
	name, detail, _ := strings.Cut(rest, "/")
	needs := s.needed(name, detail)
	return needs <= door.Steer || door.Of(hub.Context(browser)).Role >= needs
}
