package shm

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// view is where a place of the canvas has come to, after hands.
func view(hands []Hand, x, y float64) (float64, float64) {
	for _, h := range hands {
		switch h.Do {
		case HandPan:
			x, y = x+h.DX, y+h.DY
		case HandZoom:
			x, y = h.X+h.By*(x-h.X), h.Y+h.By*(y-h.Y)
		}
	}
	return x, y
}

func TestHandsThatComeToTheSameAreOne(t *testing.T) {
	move := func(x float64) Hand { return Hand{Do: HandMove, X: x, Button: "left"} }
	for name, test := range map[string]struct{ add, want []Hand }{
		"pans add up": {
			[]Hand{{Do: HandPan, DX: 0.25}, {Do: HandPan, DX: 0.5, DY: -1}}, []Hand{{Do: HandPan, DX: 0.75, DY: -1}},
		},
		"rotations add up": {
			[]Hand{{Do: HandRotate, DX: 0.25}, {Do: HandRotate, DY: 0.5}}, []Hand{{Do: HandRotate, DX: 0.25, DY: 0.5}},
		},
		"zooms about one place multiply": {
			[]Hand{{Do: HandZoom, X: 0.5, Y: 0.25, By: 2}, {Do: HandZoom, X: 0.5, Y: 0.25, By: 0.25}}, []Hand{{Do: HandZoom, X: 0.5, Y: 0.25, By: 0.5}},
		},
		"zooms about two places stay": {
			[]Hand{{Do: HandZoom, X: 0.5, By: 2}, {Do: HandZoom, X: 0.25, By: 2}}, []Hand{{Do: HandZoom, X: 0.5, By: 2}, {Do: HandZoom, X: 0.25, By: 2}},
		},
		"a pan between zooms stays": {
			[]Hand{{Do: HandZoom, By: 2}, {Do: HandPan, DX: 1}, {Do: HandZoom, By: 2}}, []Hand{{Do: HandZoom, By: 2}, {Do: HandPan, DX: 1}, {Do: HandZoom, By: 2}},
		},
		"more than one event may lead stays": {
			[]Hand{{Do: HandPan, DX: 40}, {Do: HandPan, DX: 40}, {Do: HandZoom, By: 64}, {Do: HandZoom, By: 32}},
			[]Hand{{Do: HandPan, DX: 40}, {Do: HandPan, DX: 40}, {Do: HandZoom, By: 64}, {Do: HandZoom, By: 32}},
		},
		"the last place of the pointer counts": {
			[]Hand{{Do: HandPoint, X: 0.1}, {Do: HandPoint, X: 0.2}, {Do: HandLeave}, {Do: HandLeave}}, []Hand{{Do: HandPoint, X: 0.2}, {Do: HandLeave}},
		},
		"moves with a button down stay": {[]Hand{move(0.1), move(0.2), move(0.3)}, []Hand{move(0.1), move(0.2), move(0.3)}},
		"moves without one do not":      {[]Hand{{Do: HandMove, X: 0.1}, {Do: HandMove, X: 0.2}}, []Hand{{Do: HandMove, X: 0.2}}},
		"turns of the wheel add up": {
			[]Hand{{Do: HandWheel, X: 0.5, DY: 1, Mods: 2}, {Do: HandWheel, X: 0.5, DY: 2, Mods: 2}, {Do: HandWheel, X: 0.5, DY: 1}},
			[]Hand{{Do: HandWheel, X: 0.5, DY: 3, Mods: 2}, {Do: HandWheel, X: 0.5, DY: 1}},
		},
		"keys stay": {
			[]Hand{{Do: HandKey, Key: "a", Down: true}, {Do: HandKey, Key: "a", Down: true}}, []Hand{{Do: HandKey, Key: "a", Down: true}, {Do: HandKey, Key: "a", Down: true}},
		},
		"once home is enough": {[]Hand{{Do: HandReset}, {Do: HandReset}}, []Hand{{Do: HandReset}}},
	} {
		var q HandQueue
		if !q.Add(test.add...) {
			t.Errorf("%s: some were left out", name)
		}
		if got := q.Take(100); !slices.Equal(got, test.want) || q.Len() != 0 {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// However many pans and zooms wait, and wherever they were, a place comes to where all of
// them bring it.
func TestNoMovementIsLostWhereManyWait(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var q HandQueue
		var all []Hand
		for range 2000 {
			h := Hand{Do: HandPan, DX: rng.Float64() - 0.5, DY: rng.Float64() - 0.5}
			if rng.IntN(2) == 0 {
				h = Hand{Do: HandZoom, X: rng.Float64(), Y: rng.Float64(), By: math.Exp(0.1 * (rng.Float64() - 0.5))}
			}
			all = append(all, h)
			if !q.Add(h) {
				t.Fatal("a movement was left out")
			}
			if q.Len() > handsJoined {
				t.Fatalf("%d wait", q.Len())
			}
		}
		got := q.Take(q.Len())
		for _, place := range [][2]float64{{0, 0}, {1, 1}, {0.3, 0.9}} {
			x, y := view(all, place[0], place[1])
			gx, gy := view(got, place[0], place[1])
			if d := math.Hypot(gx-x, gy-y); d > 1e-6*max(1, math.Hypot(x, y)) {
				t.Fatalf("%v comes to %v, %v, want %v, %v", place, gx, gy, x, y)
			}
		}
	}
}

// What does not fit any more is said, and what was begun always ends.
func TestHandsThatWaitAreBounded(t *testing.T) {
	var q HandQueue
	if !q.Add(Hand{Do: HandPress, Button: "left"}) {
		t.Fatal("the first was left out")
	}
	for i := range 100_000 {
		if !q.Add(Hand{Do: HandMove, X: float64(i), Button: "left"}) {
			t.Fatal("a move was left out that could have been joined")
		}
	}
	if q.Len() > handsMost {
		t.Errorf("%d wait", q.Len())
	}
	got := q.Take(q.Len())
	if got[0].Do != HandPress || got[len(got)-1].X != 99_999 || !slices.IsSortedFunc(got[1:], func(a, b Hand) int { return int(a.X - b.X) }) {
		t.Errorf("a drag has become %v to %v", got[0], got[len(got)-1])
	}
	refused := 0
	for range 1000 {
		if !q.Add(Hand{Do: HandKey, Key: "a", Down: true}) {
			refused++
		}
	}
	if q.Len() != handsMost || refused != 1000-handsMost {
		t.Errorf("%d wait and %d were refused", q.Len(), refused)
	}
	for _, end := range []Hand{{Do: HandKey, Key: "a"}, {Do: HandRelease, Button: "left"}, {Do: HandLeave}} {
		if !q.Add(end) {
			t.Errorf("%v was left out", end)
		}
	}
}

// What could not be sent comes before what has come since.
func TestHandsThatCouldNotBeSentAreKept(t *testing.T) {
	var q HandQueue
	q.Add(Hand{Do: HandReset}, Hand{Do: HandPan, DX: 1})
	taken := q.Take(1)
	q.Add(Hand{Do: HandPan, DX: 1})
	q.Return(taken)
	if got, want := q.Take(9), []Hand{{Do: HandReset}, {Do: HandPan, DX: 2}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
