package source

import (
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
	for freed < bytes {
		_, drop := s.oldest()
		if drop == nil {
			break
		}
		n, size := drop()
		messages += n
		freed += size
		s.account.Give(size)
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

// oldest finds what is the oldest of all that the source keeps, when it came in ns since
// the epoch, and how to let it go; nil if there is nothing. The buckets of numbers go after
// everything else that is not the newest of its kind, then the last message of each topic,
// and states go last. mu is held.
func (s *Source) oldest() (at int64, drop func() (things int, bytes int64)) {
	older := func(when int64) bool { return drop == nil || when < at }
	for _, t := range s.topics {
		if when, ok := t.log.oldest(); ok && older(when) {
			at, drop = when, t.log.drop
		}
		if len(t.recent) > 1 {
			if when := t.recent[0].Time.UnixNano(); older(when) {
				at, drop = when, func() (int, int64) { return 0, t.forgetRecent() }
			}
		}
	}
	for _, other := range s.series {
		if when, ok := other.Oldest(); ok && older(when.UnixNano()) {
			at, drop = when.UnixNano(), func() (int, int64) { return s.dropSeries(other) }
		}
	}
	if drop != nil {
		return at, drop
	}
	for name, other := range s.series {
		if when := other.Newest().UnixNano(); older(when) {
			at, drop = when, func() (int, int64) { return s.endSeries(name) }
		}
	}
	if drop != nil {
		return at, drop
	}
	for _, t := range s.topics {
		if len(t.recent) == 1 {
			if when := t.recent[0].Time.UnixNano(); older(when) {
				at, drop = when, func() (int, int64) { return 1, t.forgetRecent() }
			}
		}
	}
	if drop != nil {
		return at, drop
	}
	for name, st := range s.states {
		if when := st.at.UnixNano(); st.size > 0 && older(when) {
			at, drop = when, func() (int, int64) {
				size := st.size
				st.size = 0 // it is given back by who asked
				s.forgetState(name)
				return 1, size
			}
		}
	}
	return at, drop
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
			when, drop := s.oldest()
			s.mu.Unlock()
			if drop != nil && (oldest == nil || when < at) {
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
