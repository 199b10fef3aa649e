package series

import "time"

// Kept returns the time since which no point has been dropped: the zero time if
// none ever was.
func (s *Series) Kept() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.dropped == 0 || len(s.chunks) == 0 {
		return time.Time{}
	}
	return time.UnixMicro(s.chunks[0].base)
}

// Part appends to dst the points between two times in buckets of any width,
// oldest first. Points that were dropped are missing; see [Series.Kept].
func (s *Series) Part(dst []Bucket, width time.Duration, from, to time.Time) []Bucket {
	l := level{width: max(1, width.Microseconds())}
	l.limit = int(max(0, to.Sub(from).Microseconds())/l.width) + 2
	for t, v := range s.Range(from) {
		if t.After(to) {
			break
		}
		l.add(t.UnixMicro(), v)
	}
	return l.appendFrom(dst, l.first())
}

// first is the index of the oldest bucket, 0 where there is none.
func (l *level) first() int64 {
	if l.size == 0 {
		return 0
	}
	return l.at(0).Index
}
