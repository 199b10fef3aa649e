package shm

import "math"

// ArrayCanvas is the array that has a viewer's canvas: what it has drawn, whole, RGBA. The
// User of its frames is the number of the last hands that had been applied when the frame was
// drawn, see [Handler].
const ArrayCanvas = "canvas"

// TopicCanvas is the state topic of what is known of that canvas beside its pixels: "size",
// [rows, cols] in the viewer's own pixels; "ratio"; "ndisplay"; "grid"; "layer", the id of the
// active layer; "mode", that layer's; "why", a sentence on why there is no picture.
const TopicCanvas = "canvas"

// Handler is a Source whose process is steered from the picture of its canvas. A Source that
// has no such picture does not implement Handler.
type Handler interface {
	// Hands gives the process what hands do at the canvas, in that order, and returns at
	// once. n numbers the calls: it rises, also over the lives of several webmons. What a
	// process that is busy has not taken is joined, as a [HandQueue] joins it. Hands
	// reports whether all of it will be sent: a process may take none, or take too little.
	Hands(n uint64, events []Hand) bool
}

// Sizer is a Sink that knows how large the frames of an array need to be.
type Sizer interface {
	// Size returns the rows and columns beyond which nobody needs more of the frames of a
	// topic; 0, 0: somebody needs all of them.
	Size(topic string) (rows, cols int)
}

// HandDo is what a hand does.
type HandDo string

// What a hand does at a canvas. What comes after HandLeave draws: it reaches the viewer as
// mouse and key events.
const (
	HandPan    HandDo = "pan"    // DX, DY: the picture moves with the hand
	HandZoom   HandDo = "zoom"   // By, about X, Y
	HandRotate HandDo = "rotate" // DX, DY: in 3-D; 1 is half a turn
	HandReset  HandDo = "reset"
	HandPoint  HandDo = "point" // X, Y: the pointer rests there
	HandLeave  HandDo = "leave" // the pointer is not there any more

	HandPress   HandDo = "press" // X, Y, Button, Mods
	HandMove    HandDo = "move"
	HandRelease HandDo = "release"
	HandDouble  HandDo = "double"
	HandWheel   HandDo = "wheel" // X, Y, DX, DY, Mods
	HandKey     HandDo = "key"   // Key, Down, Mods
)

// Draws reports whether what is done reaches the viewer as mouse and key events, which may
// change what it shows and not only how.
func (d HandDo) Draws() bool {
	switch d {
	case HandPress, HandMove, HandRelease, HandDouble, HandWheel, HandKey:
		return true
	}
	return false
}

// HandMods are the keys that are held, as bits in the order of [HandModNames].
type HandMods uint8

// HandModNames are the names of the keys that may be held, as browsers call them.
var HandModNames = [...]string{"Shift", "Control", "Alt", "Meta"}

// Names are the names of the keys.
func (m HandMods) Names() []string {
	names := []string{}
	for i, name := range HandModNames {
		if m&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// HandButtons are the names of the buttons of a mouse. A move without a button has the name "".
var HandButtons = [...]string{"left", "middle", "right"}

// Hand is one thing that a hand does at a canvas. Places are shares of the canvas from its top
// left, 0 to 1, and somewhat beyond while a button is down; ways are shares of its width and
// height. What a HandDo does not name is zero.
type Hand struct {
	Do     HandDo
	X, Y   float64
	DX, DY float64
	By     float64 // factor, above 0
	Button string  // of HandButtons, or ""
	Mods   HandMods
	Key    string // as KeyboardEvent.key of browsers has it
	Down   bool
}

const (
	// handsJoined is how many hands may wait before those are joined that lose nothing of
	// what they come to, only of the way there.
	handsJoined = 64
	// handsMost is how many may wait at all.
	handsMost = 256
	// mostZoom bounds the factor of one zoom, either way, and mostWay how far one hand leads, in
	// canvases or notches of a wheel. More is not joined.
	mostZoom = 1024
	mostWay  = 64
)

// HandQueue is hands that wait, in order. Those that follow each other and come to the same as
// one are one: ways add up, factors about one place multiply, and of places at which the
// pointer rests the last one counts. If many wait, pans and zooms about several places become
// a pan and a zoom, which lead to the same view; if too many wait, of moves every second one is left
// out. The zero value is empty.
type HandQueue struct{ list []Hand }

// Len returns how many wait.
func (q *HandQueue) Len() int { return len(q.list) }

// Take takes out those that have waited longest, at most so many of them.
func (q *HandQueue) Take(most int) []Hand {
	list := q.list[:min(most, len(q.list))]
	q.list = append([]Hand(nil), q.list[len(list):]...)
	return list
}

// Return puts back what was taken, before what has come since.
func (q *HandQueue) Return(list []Hand) {
	since := q.list
	q.list = list
	for _, h := range since {
		q.push(h)
	}
	q.shrink()
}

// Add appends hands. It reports false if too many wait and some were left out. What ends
// something, such as the release of a button, is never left out.
func (q *HandQueue) Add(hands ...Hand) (all bool) {
	all = true
	for _, h := range hands {
		if len(q.list) >= handsJoined {
			q.shrink()
		}
		if len(q.list) >= handsMost && !h.ends() && !q.joins(h) {
			all = false
			continue
		}
		q.push(h)
	}
	return all
}

// ends reports whether what was begun would go on without h.
func (h *Hand) ends() bool {
	return h.Do == HandRelease || h.Do == HandLeave || h.Do == HandKey && !h.Down
}

func (q *HandQueue) joins(h Hand) bool {
	if len(q.list) == 0 {
		return false
	}
	_, ok := join(q.list[len(q.list)-1], h)
	return ok
}

func (q *HandQueue) push(h Hand) {
	if n := len(q.list); n > 0 {
		if one, ok := join(q.list[n-1], h); ok {
			q.list[n-1] = one
			return
		}
	}
	q.list = append(q.list, h)
}

// join returns one hand that comes to the same as a and then b.
func join(a, b Hand) (one Hand, ok bool) {
	if a.Do != b.Do {
		return Hand{}, false
	}
	switch a.Do {
	case HandPan, HandRotate:
		a.DX, a.DY = a.DX+b.DX, a.DY+b.DY
		return a, a.isNear()
	case HandZoom:
		a.By *= b.By
		return a, a.X == b.X && a.Y == b.Y && isZoom(a.By)
	case HandReset, HandPoint, HandLeave:
		return b, true
	case HandMove:
		return b, a.Button == "" && b.Button == "" && a.Mods == b.Mods
	case HandWheel:
		a.DX, a.DY = a.DX+b.DX, a.DY+b.DY
		return a, a.X == b.X && a.Y == b.Y && a.Mods == b.Mods && a.isNear()
	}
	return Hand{}, false
}

// isNear reports whether one event may lead so far.
func (h *Hand) isNear() bool { return math.Abs(h.DX) <= mostWay && math.Abs(h.DY) <= mostWay }

func isZoom(by float64) bool { return by <= mostZoom && by >= 1.0/mostZoom }

// shrink makes fewer hands of those that wait, which come to the same in the end.
func (q *HandQueue) shrink() {
	out := q.list[:0:0]
	for rest := q.list; len(rest) > 0; {
		n := 1
		switch h := rest[0]; {
		case isView(h):
			for n < len(rest) && isView(rest[n]) {
				n++
			}
			out = append(out, sameView(rest[:n])...)
		case h.Do == HandMove && len(q.list) >= handsMost:
			for n < len(rest) && rest[n].Do == HandMove && rest[n].Button == h.Button && rest[n].Mods == h.Mods {
				n++
			}
			for i, move := range rest[:n] {
				if (n-1-i)%2 == 0 { // the last one stays
					out = append(out, move)
				}
			}
		default:
			out = append(out, h)
		}
		rest = rest[n:]
	}
	q.list = out
}

func isView(h Hand) bool { return h.Do == HandPan || h.Do == HandZoom }

// sameView returns a pan and a zoom that lead to the same view as pans and zooms, one after
// the other. All of those take a place x of the picture to scale * x + shift. What leads too
// far for one pan and one zoom stays as it is.
func sameView(hands []Hand) []Hand {
	scale, shiftX, shiftY := 1.0, 0.0, 0.0
	for _, h := range hands {
		if h.Do == HandPan {
			shiftX, shiftY = shiftX+h.DX, shiftY+h.DY
			continue
		}
		scale *= h.By
		shiftX, shiftY = h.X+h.By*(shiftX-h.X), h.Y+h.By*(shiftY-h.Y)
	}
	const middle = 0.5
	pan := Hand{Do: HandPan, DX: (shiftX - middle*(1-scale)) / scale, DY: (shiftY - middle*(1-scale)) / scale}
	if len(hands) <= 2 || !isZoom(scale) || !pan.isNear() {
		return hands
	}
	return []Hand{pan, {Do: HandZoom, X: middle, Y: middle, By: scale}}
}
