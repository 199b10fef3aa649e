package line

import (
	"math/bits"
	"sync"
	"time"
)

// Kind is how a picture is written.
type Kind uint8

// The kinds of writing a picture.
const (
	Exact  Kind = iota // its own values as they are
	Packed             // its own values, compressed without loss
	Bytes              // 8 bits of the contrast window, as they are
	JPEG               // 8 bits of the contrast window, or colours, as JPEG
)

// String names the kind on the wire and in the API.
func (k Kind) String() string { return [...]string{"exact", "packed", "bytes", "jpeg"}[k] }

// Step is one way of writing a picture.
type Step struct {
	Kind    Kind
	Quality int // of JPEG, 1 to 100; 0 for all others
	Scale   int // pixels of the exact picture along a side of one that is sent
}

// Lossy reports whether values are lost.
func (s Step) Lossy() bool { return s.Kind >= Bytes || s.Scale > 1 }

// Rung is a place on the [Ladder].
type Rung int

// The rungs of the ladder whose values are those of the picture.
const (
	AsIs     Rung = 0
	Squeezed Rung = 1
	Rungs         = Rung(len(Ladder))
)

// Ladder are the ways of writing a picture, the best first. Few of them: what is written is
// written once for all browsers on a rung, and each of them costs the server time.
var Ladder = [...]Step{
	{Exact, 0, 1},
	{Packed, 0, 1},
	{Bytes, 0, 1},
	{JPEG, 90, 1},
	{JPEG, 75, 1},
	{JPEG, 50, 1},
	{JPEG, 60, 2},
	{JPEG, 50, 4},
}

// least is how many pictures a second a rung must reach, if the source has as many, for it
// to be better than the one below it. Sharpness is worth less and less motion further down.
var least = [Rungs]float64{50, 50, 45, 45, 24, 9, 6, 0}

// guess is the size of a picture at a rung as a part of the exact one, before any was
// written. Pictures of microscopes with their noise are about so.
var guess = [Rungs]float64{1, 0.5, 0.5, 0.09, 0.045, 0.03, 0.012, 0.004}

// work is how long it takes to write a picture at a rung, in seconds a byte of the exact one, before any was written.
var work = [Rungs]float64{0, 5e-9, 0.4e-9, 2e-9, 1.4e-9, 1.2e-9, 1.2e-9, 0.6e-9}

// Step is how pictures are written at the rung.
func (r Rung) Step() Step { return Ladder[r] }

// Set is a set of rungs.
type Set uint16

// SetOf is the set of some rungs.
func SetOf(rungs ...Rung) (s Set) {
	for _, r := range rungs {
		s = s.With(r)
	}
	return s
}

// All are all rungs, and Lossless those at which no value is lost.
const (
	All      Set = 1<<len(Ladder) - 1
	Lossless Set = 1<<AsIs | 1<<Squeezed
)

// Has reports whether the rung is in the set.
func (s Set) Has(r Rung) bool { return r >= 0 && s&(1<<r) != 0 }

// With is the set with one more rung.
func (s Set) With(r Rung) Set { return s | 1<<r }

// Len is how many rungs are in the set.
func (s Set) Len() int { return bits.OnesCount16(uint16(s)) }

// Each yields the rungs of the set, the best first.
func (s Set) Each(yield func(Rung) bool) {
	for r := range Rungs {
		if s.Has(r) && !yield(r) {
			return
		}
	}
}

// Sizes are how large the pictures of a topic are at each rung, and how long it takes to
// write one, learned from those that were written. The zero value has guesses. It may be used from
// several goroutines.
type Sizes struct {
	mu    sync.Mutex // guards all below
	exact float64    // bytes of the newest picture as it is
	part  [Rungs]float64
	took  [Rungs]float64 // seconds a byte of the exact picture
}

// newer is the weight of the newest picture among those before it.
const newer = 0.3

// Note takes what a picture of so many bytes came to at a rung.
func (s *Sizes) Note(r Rung, exact, bytes int, took time.Duration) {
	if r < 0 || r >= Rungs || exact <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exact = float64(exact)
	for _, n := range []struct {
		to *float64
		is float64
	}{{&s.part[r], float64(bytes) / s.exact}, {&s.took[r], took.Seconds() / s.exact}} {
		if *n.to == 0 {
			*n.to = n.is
		} else {
			*n.to += newer * (n.is - *n.to)
		}
	}
}

// Expect says that the next picture is so many bytes as it is. Without it the first one would count as nothing,
// and go over the slowest line as it is.
func (s *Sizes) Expect(exact int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exact = float64(exact)
}

// Bytes is about how large the next picture is at a rung; 0 as long as there was none.
func (s *Sizes) Bytes(r Rung) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.exact * s.ratio(r)
}

// ratio is the size at a rung as a part of the exact one; mu is held.
func (s *Sizes) ratio(r Rung) float64 {
	if s.part[r] > 0 {
		return s.part[r]
	}
	// A picture that is larger than usual at one quality is so at the next.
	for d := Rung(1); d < Rungs; d++ {
		for _, n := range []Rung{r - d, r + d} {
			if n >= 0 && n < Rungs && Ladder[n].Kind == JPEG && Ladder[r].Kind == JPEG && s.part[n] > 0 {
				return guess[r] * s.part[n] / guess[n]
			}
		}
	}
	return guess[r]
}

// Took is about how long the next picture takes to be written at a rung.
func (s *Sizes) Took(r Rung) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	took := s.took[r]
	if took == 0 {
		took = work[r]
	}
	return time.Duration(took * s.exact * 1e9)
}
