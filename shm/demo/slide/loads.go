package slide

import (
	"container/list"
	"math"
	"math/rand/v2"
)

// chunkKey names a chunk of a layer's data: a tile of one of its levels.
type chunkKey struct {
	layer    string
	level, z int
	row, col int
}

// chunk is a load that has ended.
type chunk struct {
	key      chunkKey
	bytes    int64
	loadMS   float64
	finished float64 // s of the model's clock
	again    bool    // the layer has just had it
}

const (
	workers     = 6 // loads at the same time
	cacheChunks = 1500

	medianLoadMS  = 9.0
	sigmaLoad     = 0.5   // of the logarithm: 95 % lie within a factor of 2.7
	stallChance   = 0.004 // a seek, a retry, somebody else's backup
	slowEvery     = 60.0  // s between two bad times of the disk, on average
	slowSeconds   = 2.5
	slowFactor    = 6.0
	bytesOverhead = 90_000.0 // bytes whose transfer takes as long as the request
)

// loader stands for the pool of threads that read chunks, and the cache they fill. Nothing is read:
// it says how long that would have taken.
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
	return &loader{rng: rng, cache: map[chunkKey]*list.Element{}, lru: list.New()}
}

// has reports whether a chunk is in the cache, and keeps it there.
func (l *loader) has(k chunkKey) bool {
	e, ok := l.cache[k]
	if ok {
		l.lru.MoveToFront(e)
	}
	return ok
}

// drop takes a chunk out of the cache.
func (l *loader) drop(k chunkKey) {
	if e, ok := l.cache[k]; ok {
		l.lru.Remove(e)
		delete(l.cache, k)
	}
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

// land moves the chunks whose load has ended by now into the cache, and appends them to landed.
func (l *loader) land(now float64, landed []chunk) []chunk {
	for i := range l.busy {
		j := &l.busy[i]
		if !j.active || j.chunk.finished > now {
			continue
		}
		j.active = false
		landed = append(landed, j.chunk)
		l.drop(j.chunk.key)
		l.cache[j.chunk.key] = l.lru.PushFront(j.chunk.key)
	}
	for l.lru.Len() > cacheChunks {
		delete(l.cache, l.lru.Remove(l.lru.Back()).(chunkKey))
	}
	return landed
}

// wanted is a chunk that a layer needs.
type wanted struct {
	key   chunkKey
	bytes int64
	again bool
}

// request starts loads, the most wanted first, while threads are free. A chunk for which no thread
// is free is forgotten: the view may have moved on by the next frame.
func (l *loader) request(now float64, list []wanted) {
	next := 0
	for i := range l.busy {
		j := &l.busy[i]
		if j.active {
			continue
		}
		for next < len(list) && (l.has(list[next].key) || l.loading(list[next].key)) {
			next++
		}
		if next == len(list) {
			return
		}
		w := list[next]
		ms := l.latency(now, w.bytes)
		*j = job{true, chunk{w.key, w.bytes, ms, now + ms/1e3, w.again}}
		next++
	}
}

func (l *loader) latency(now float64, bytes int64) float64 {
	if l.rng.Float64() < 1/(slowEvery*50) { // about 50 loads a second
		l.slowEnd = now + slowSeconds
	}
	ms := medianLoadMS * math.Exp(sigmaLoad*l.rng.NormFloat64())
	ms *= (1 + float64(bytes)/bytesOverhead) / (1 + 2*Tile*Tile/bytesOverhead)
	if now < l.slowEnd {
		ms *= slowFactor
	}
	if l.rng.Float64() < stallChance {
		ms += 120 + 280*l.rng.ExpFloat64()
	}
	return min(ms, 4000)
}
