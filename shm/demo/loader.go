package demo

import (
	"container/list"
	"math"
	"math/rand/v2"
)

// chunkKey names a chunk: a tile of a level of a layer.
type chunkKey struct {
	layer, level int
	row, col     int64
}

// chunk is a load that has ended.
type chunk struct {
	key      chunkKey
	bytes    int64
	loadMS   float64
	finished float64 // s of the model's clock
}

const (
	workers      = 6 // loads at the same time
	cacheChunks  = 1500
	coarseLevels = 2 // how much coarser the tiles are that are loaded first

	medianLoadMS  = 9.0
	sigmaLoad     = 0.5   // of the logarithm: 95 % lie within a factor of 2.7
	stallChance   = 0.006 // a seek, a retry, somebody else's backup
	slowEvery     = 45.0  // s between two bad times of the disk, on average
	slowSeconds   = 2.5
	slowFactor    = 6.0
	bytesOverhead = 90_000.0 // bytes whose transfer takes as long as the request
)

// loader is the pool of threads that read chunks, and the cache they fill.
type loader struct {
	rng     *rand.Rand
	busy    [workers]job
	cache   map[chunkKey]*list.Element // of lru
	lru     *list.List                 // of chunkKey, the latest used in front
	slowEnd float64                    // s: until then the disk is slow
}

type job struct {
	active bool
	chunk  chunk
}

func newLoader(rng *rand.Rand) *loader {
	return &loader{rng: rng, cache: make(map[chunkKey]*list.Element), lru: list.New()}
}

// has reports whether a chunk is in the cache, and keeps it there.
func (l *loader) has(k chunkKey) bool {
	e, ok := l.cache[k]
	if ok {
		l.lru.MoveToFront(e)
	}
	return ok
}

func (l *loader) loading(k chunkKey) bool {
	for i := range l.busy {
		if l.busy[i].active && l.busy[i].chunk.key == k {
			return true
		}
	}
	return false
}

// landing counts the chunks whose loads will have ended by a time.
func (l *loader) landing(then float64) int {
	n := 0
	for i := range l.busy {
		if l.busy[i].active && l.busy[i].chunk.finished <= then {
			n++
		}
	}
	return n
}

// land moves the chunks whose load has ended by now into the cache.
func (l *loader) land(now float64, landed []chunk) []chunk {
	for i := range l.busy {
		j := &l.busy[i]
		if !j.active || j.chunk.finished > now {
			continue
		}
		j.active = false
		landed = append(landed, j.chunk)
		l.cache[j.chunk.key] = l.lru.PushFront(j.chunk.key)
	}
	for l.lru.Len() > cacheChunks {
		delete(l.cache, l.lru.Remove(l.lru.Back()).(chunkKey))
	}
	return landed
}

// request starts loads, the most wanted first, while threads are free. A chunk for
// which no thread is free is forgotten: the view may have moved on by the next frame.
// napari drops such requests too.
func (l *loader) request(now float64, wanted []chunkKey, bytes func(chunkKey) int64) {
	next := 0
	for i := range l.busy {
		j := &l.busy[i]
		if j.active {
			continue
		}
		for next < len(wanted) && (l.has(wanted[next]) || l.loading(wanted[next])) {
			next++
		}
		if next == len(wanted) {
			return
		}
		n := bytes(wanted[next])
		ms := l.latency(now, n)
		*j = job{true, chunk{wanted[next], n, ms, now + ms/1e3}}
		next++
	}
}

func (l *loader) latency(now float64, bytes int64) float64 {
	if l.rng.Float64() < 1/(slowEvery*50) { // about 50 loads a second
		l.slowEnd = now + slowSeconds
	}
	ms := medianLoadMS * math.Exp(sigmaLoad*l.rng.NormFloat64())
	ms *= (1 + float64(bytes)/bytesOverhead) / (1 + 512*512/bytesOverhead)
	if now < l.slowEnd {
		ms *= slowFactor
	}
	if l.rng.Float64() < stallChance {
		ms += 120 + 280*l.rng.ExpFloat64()
	}
	return min(ms, 4000)
}
