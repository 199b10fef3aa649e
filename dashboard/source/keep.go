package source

import (
	"container/heap"
	"fmt"
	"time"

	"webmon/dashboard/series"
	"webmon/shm"
)

// What a source keeps is counted in its account. What is too much is let go, the oldest
// first: of one source as soon as something comes in, and of all sources together by
// their registry.

const (
	// shedMore is the part of the limit that is let go beyond what is needed, so that not
	// every message has to look for the oldest one.
	shedMore = 32
	// countEvery is after how many events the series are counted, besides once a second.
	countEvery = 1024
	// oneOf is the part of a source's limit that one value may take.
	oneOf = 8
	// seriesPart is the part of a source's limit that the buckets of its numbers may take.
	seriesPart = 2
)

// mostSeries is how many numbers of a source become a series: its buckets, which a series
// keeps for as long as numbers come, must leave room for messages and states.
func mostSeries(limit int64) int {
	return int(max(1, min(maxSeries, limit/seriesPart/series.MostBuckets())))
}

// tooLarge reports whether a value of so many bytes is too large to be kept, and says so.
// mu is held.
func (s *Source) tooLarge(topic string, size int64, now time.Time) bool {
	most := s.account.Limit() / oneOf
	if size <= most {
		return false
	}
	s.account.Dropped(1, size)
	s.notice("large."+topic, fmt.Sprintf("A value of %q takes %s, more than the %s that webmon keeps of one; it is left out (--memory).",
		topic, Size(size), Size(most)), now)
	return true
}

// Size writes a number of bytes for people.
func Size(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d KiB", n>>10)
}

// forgetState takes a state out; mu is held.
func (s *Source) forgetState(name string) {
	if st := s.states[name]; st != nil {
		s.account.Give(st.size)
		delete(s.states, name)
	}
}

// topic returns the event topic with the name. If there are as many as there may be, a
// new one takes the place of one that is idle: of those the one with the fewest messages,
// since names that come once come in great numbers. Not all of them may be taken at a
// time, so that one message cannot drive out what sends seldom. nil if there is no place.
// mu is held.
func (s *Source) topic(name string, now time.Time) *topic {
	if t := s.topics[name]; t != nil {
		return t
	}
	if len(s.topics) >= maxTopics {
		least := ""
		for other, t := range s.topics {
			if now.Sub(t.heard) < idleAfter {
				continue
			}
			if l := s.topics[least]; l == nil || t.count.total < l.count.total ||
				t.count.total == l.count.total && t.heard.Before(l.heard) {
				least = other
			}
		}
		if now.Sub(s.replacing) >= idleAfter {
			s.replacing, s.replaced = now, 0
		}
		if s.replaced++; s.topics[least] == nil || s.replaced > maxTopics/2 {
			s.notice("topics", fmt.Sprintf("More than %d event topics: the rest is not kept.", maxTopics), now)
			return nil
		}
		s.forgetTopic(least)
	}
	t := &topic{log: &Log{}}
	s.topics[name] = t
	s.account.Add(topicBytes)
	return t
}

// topicBytes is about what a topic takes before anything is kept of it.
const topicBytes = 1 << 10

// forgetTopic takes an event topic out, with its history; mu is held.
func (s *Source) forgetTopic(name string) {
	t := s.topics[name]
	delete(s.topics, name)
	messages, bytes := 0, int64(topicBytes)
	for {
		n, size := t.log.drop()
		if n == 0 {
			break
		}
		messages += n
		bytes += size
	}
	bytes += t.log.rest()
	for len(t.recent) > 0 {
		bytes += t.forgetRecent()
	}
	s.account.Give(bytes)
	s.account.Dropped(messages, bytes)
	s.dropped += messages
}

// endIdleSeries takes out the series to which nothing has been added for longest, if that
// is long enough. mu is held.
func (s *Source) endIdleSeries(now time.Time) bool {
	idle, since := "", now.Add(-idleAfter)
	for name, other := range s.series {
		if at := other.Newest(); at.Before(since) {
			idle, since = name, at
		}
	}
	if idle == "" {
		return false
	}
	delete(s.series, idle)
	s.countSeries()
	return true
}

// countSeries brings what the series take into the account. They grow by a few bytes a
// value, so it need not be done for each. mu is held.
func (s *Source) countSeries() {
	s.uncounted = 0
	bytes := s.latency.Bytes()
	for _, other := range s.series {
		bytes += other.Bytes()
	}
	s.account.Add(bytes - s.seriesBytes)
	s.seriesBytes = bytes
}

// remember keeps a message for the pages, and returns by how many bytes the topic has
// grown. mu of the source is held.
func (t *topic) remember(m Message, size int64) (grown int64) {
	if len(t.recent) == recent {
		grown -= t.forgetRecent()
	}
	t.recent = append(t.recent, m)
	t.sizes = append(t.sizes, size+messageBytes)
	return grown + size + messageBytes
}

// forgetRecent forgets the oldest message for the pages, and returns its bytes.
func (t *topic) forgetRecent() (bytes int64) {
	bytes = t.sizes[0]
	last := len(t.recent) - 1
	copy(t.recent, t.recent[1:])
	copy(t.sizes, t.sizes[1:])
	t.recent[last] = Message{}
	t.recent, t.sizes = t.recent[:last], t.sizes[:last]
	return bytes
}

// fit lets go of the oldest until the source fits into its account. It reports whether
// all sources together keep too much. mu is held.
func (s *Source) fit(now time.Time) (over bool) {
	if own := s.account.OverOwn(); own > 0 {
		s.shed(own+s.account.Limit()/shedMore, now)
	}
	return s.account.Over() > 0
}

// shed lets go of at least so many bytes, the oldest first, as far as there is anything.
// mu is held.
func (s *Source) shed(bytes int64, now time.Time) (freed int64) {
	messages := 0
	for rank := range ranks {
		if freed >= bytes {
			break
		}
		list := s.holdings(rank)
		heap.Init(&list)
		for freed < bytes && len(list) > 0 {
			h := list[0]
			n, size := s.letGo(h)
			messages += n
			freed += size
			s.account.Give(size)
			if h.look() {
				heap.Fix(&list, 0)
			} else {
				heap.Pop(&list)
			}
		}
	}
	if freed == 0 {
		return 0
	}
	s.account.Dropped(messages, freed)
	s.dropped += messages
	s.notice("memory", fmt.Sprintf("What is kept of this process takes more than there is room for (%s of a process, --memory): the oldest is let go, so far %d messages.",
		Size(s.account.Limit()), s.dropped), now)
	return freed
}

// The ranks of what a source keeps: nothing of a rank goes while there is something of one before it.
const (
	spare       = iota // messages that are not the newest of their topic, and values of numbers
	buckets            // of numbers
	lastMessage        // of each topic
	lastState
	ranks
)

// holding is something that a source keeps and can let go, a part at a time.
type holding struct {
	at   int64 // when the oldest part of it came, ns since the epoch
	rank int
	name string // of the series or of the state
	// What it is of, and nil for all else. A topic has its log and, if recent is set, what the pages have.
	topic  *topic
	recent bool
	series *series.Series
	state  *state
	gone   bool // it has been let go as a whole
}

// look brings up to date when the oldest part came. It reports false if there is none that its rank has.
func (h *holding) look() bool {
	ok := !h.gone
	switch {
	case !ok:
	case h.recent:
		if h.rank == spare {
			ok = len(h.topic.recent) > 1
		} else {
			ok = len(h.topic.recent) == 1
		}
		if ok {
			h.at = h.topic.recent[0].Time.UnixNano()
		}
	case h.topic != nil:
		h.at, ok = h.topic.log.oldest()
	case h.series != nil && h.rank == spare:
		var when time.Time
		when, ok = h.series.Oldest()
		h.at = when.UnixNano()
	case h.series != nil:
		h.at = h.series.Newest().UnixNano()
	default:
		h.at, ok = h.state.at.UnixNano(), h.state.size > 0
	}
	return ok
}

// holdings lists what the source has of a rank, in no order. mu is held.
func (s *Source) holdings(rank int) (out holdings) {
	add := func(h holding) {
		if h.rank = rank; h.look() {
			out = append(out, &h)
		}
	}
	switch rank {
	case spare, lastMessage:
		for _, t := range s.topics {
			if rank == spare {
				add(holding{topic: t})
			}
			add(holding{topic: t, recent: true})
		}
	case lastState:
		for name, st := range s.states {
			add(holding{name: name, state: st})
		}
	}
	if rank == spare || rank == buckets {
		for name, other := range s.series {
			add(holding{name: name, series: other})
		}
	}
	return out
}

// letGo lets go of the oldest part of a holding. mu is held.
func (s *Source) letGo(h *holding) (things int, bytes int64) {
	switch {
	case h.recent && h.rank == spare:
		return 0, h.topic.forgetRecent()
	case h.recent:
		return 1, h.topic.forgetRecent()
	case h.topic != nil:
		return h.topic.log.drop()
	case h.series != nil && h.rank == spare:
		return s.dropSeries(h.series)
	}
	h.gone = true
	if h.series != nil {
		return s.endSeries(h.name)
	}
	bytes = h.state.size
	h.state.size = 0 // it is given back by who asked
	s.forgetState(h.name)
	return 1, bytes
}

// oldest is when the oldest of all that the source would let go next came, in ns since the epoch; false if there
// is nothing. mu is held.
func (s *Source) oldest() (at int64, ok bool) {
	for rank := range ranks {
		for _, h := range s.holdings(rank) {
			if !ok || h.at < at {
				at, ok = h.at, true
			}
		}
		if ok {
			break
		}
	}
	return at, ok
}

// holdings are a heap, the oldest first.
type holdings []*holding

func (h holdings) Len() int           { return len(h) }
func (h holdings) Less(i, j int) bool { return h[i].at < h[j].at }
func (h holdings) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *holdings) Push(x any)        { *h = append(*h, x.(*holding)) }

func (h *holdings) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// endSeries lets go of a series with its buckets. If its number comes again, it begins
// again.
func (s *Source) endSeries(name string) (things int, bytes int64) {
	bytes = s.series[name].Bytes()
	delete(s.series, name)
	s.seriesBytes -= bytes
	return 1, bytes
}

// dropSeries lets go of the oldest values of a series; its buckets stay.
func (s *Source) dropSeries(other *series.Series) (things int, bytes int64) {
	bytes = other.Drop()
	s.seriesBytes -= bytes
	return 0, bytes
}

// empty takes what a source that is forgotten keeps out of the budget. A page that still
// holds it reads what is left.
func (s *Source) empty() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account.Close()
}

// relieve lets go of the oldest of all sources until they fit into the budget.
func (r *Registry) relieve() {
	r.relieving.Lock()
	defer r.relieving.Unlock()
	all := r.opts.Budget.Sources
	over := all.OverOwn()
	if over <= 0 {
		return
	}
	now := time.Now()
	// In steps: after each another source may have the oldest.
	step := max(64<<10, all.Limit()/(4*shedMore))
	for left := over + all.Limit()/shedMore; left > 0; {
		var oldest *Source
		var at int64
		for _, s := range r.List() {
			s.mu.Lock()
			when, ok := s.oldest()
			s.mu.Unlock()
			if ok && (oldest == nil || when < at) {
				oldest, at = s, when
			}
		}
		if oldest == nil {
			return
		}
		oldest.mu.Lock()
		freed := oldest.shed(min(left, step), now)
		oldest.mu.Unlock()
		shm.Signal(oldest.changed)
		if left -= freed; freed == 0 {
			return
		}
	}
}
