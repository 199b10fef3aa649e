package pixels

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"webmon/shm"
)

// names is what an array may be called.
var names = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,79}$`)

// IsName reports whether an array may be called that: at most 80 letters, digits, _, ., : and -.
func IsName(name string) bool { return names.MatchString(name) }

// Limits of what a page may ask for.
const (
	maxDims  = 8
	maxIndex = 1 << 40 // along an axis
	maxSide  = 1 << 31 // of a rectangle, pixels
	maxStep  = 1 << 16
	// MaxPicture is the most bytes of pixels that a frame for the socket may
	// have. A larger one is made with less resolution.
	MaxPicture = 64 << 20
)

// Axis is one item of an Index: a position, or a role.
type Axis int

// The roles of an axis in a plane.
const (
	Down    Axis = -1 - iota // "y": goes down
	Right                    // "x": goes right
	Samples                  // "c": holds the samples of a colour
)

// Index names a plane of an array: it has a position or a role for each axis. Its text
// is "0,3,y,x", or "y,x,c" for a picture in colour.
type Index []Axis

// ParseIndex reads the text of a plane. The plane has Right once, and the other roles
// at most once. Down may be missing if the array has only one axis.
func ParseIndex(text string) (Index, error) {
	ix, err := parseItems(text)
	if err != nil {
		return nil, err
	}
	y, x, _ := ix.Roles()
	switch {
	case x < 0:
		return nil, fmt.Errorf("%q says of no axis that it goes right: one must be x", text)
	case y < 0 && len(ix) > 1:
		return nil, fmt.Errorf("%q says of no axis that it goes down: one must be y", text)
	}
	return ix, nil
}

// ParsePosition reads the text of the position of one element, such as "1,2,3"; "" in
// an array without axes.
func ParsePosition(text string) (Index, error) {
	if text == "" {
		return Index{}, nil
	}
	ix, err := parseItems(text)
	if err != nil {
		return nil, err
	}
	for _, a := range ix {
		if a < 0 {
			return nil, fmt.Errorf("%q must be whole numbers, one for each axis", text)
		}
	}
	return ix, nil
}

func parseItems(text string) (Index, error) {
	if len(text) > 200 || strings.Count(text, ",") >= maxDims {
		return nil, fmt.Errorf("an index has at most %d axes", maxDims)
	}
	var ix Index
	seen := map[Axis]bool{}
	for item := range strings.SplitSeq(text, ",") {
		var a Axis
		switch item {
		case "y":
			a = Down
		case "x":
			a = Right
		case "c":
			a = Samples
		default:
			n, ok := parseNumber(item, maxIndex)
			if !ok {
				return nil, fmt.Errorf("%q must be a whole number or y, x or c for each axis", text)
			}
			a = Axis(n)
		}
		if a < 0 && seen[a] {
			return nil, fmt.Errorf("%q names %s twice", text, item)
		}
		seen[a] = true
		ix = append(ix, a)
	}
	return ix, nil
}

// parseNumber reads a whole number in its shortest form only, so that the same part has
// only one name.
func parseNumber(s string, most int) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0 && n <= most && strconv.Itoa(n) == s
}

// Roles returns the axes that go down and right and that hold samples, -1 for
// none.
func (ix Index) Roles() (y, x, c int) {
	y, x, c = -1, -1, -1
	for i, a := range ix {
		switch a {
		case Down:
			y = i
		case Right:
			x = i
		case Samples:
			c = i
		}
	}
	return y, x, c
}

// String is the text of the index.
func (ix Index) String() string {
	items := make([]string, len(ix))
	for i, a := range ix {
		switch a {
		case Down:
			items[i] = "y"
		case Right:
			items[i] = "x"
		case Samples:
			items[i] = "c"
		default:
			items[i] = strconv.Itoa(int(a))
		}
	}
	return strings.Join(items, ",")
}

// DefaultIndex is the plane of an array that pages show first: that of the last two
// axes, or of the two before the axis of colours.
func DefaultIndex(info *shm.ArrayInfo) Index {
	ix := make(Index, len(info.Shape))
	last := len(ix) - 1
	if info.Role == "rgb" && last >= 2 {
		ix[last] = Samples
		last--
	}
	if last >= 0 {
		ix[last] = Right
	}
	if last >= 1 {
		ix[last-1] = Down
	}
	return ix
}

// Fits reports whether there is what the index says in a frame of the shape: a
// position on each axis that has no role. Every way to read a part of an array
// asks it, so that all take and refuse the same.
func (ix Index) Fits(shape []int) error {
	if len(ix) != len(shape) {
		return fmt.Errorf("an index of %d axes does not fit an array of %d", len(ix), len(shape))
	}
	for axis, at := range ix {
		if at >= 0 && int(at) >= shape[axis] {
			return fmt.Errorf("%d is beyond the end of axis %d, which has %d", at, axis, shape[axis])
		}
	}
	return nil
}

// within is the index with every position beyond the end of its axis moved to the
// last: a frame may be smaller than its array, and a page goes on to show it.
func (ix Index) within(shape []int) Index {
	out := slices.Clone(ix)
	for axis := range min(len(ix), len(shape)) {
		if out[axis] >= 0 {
			out[axis] = max(0, min(out[axis], Axis(shape[axis]-1)))
		}
	}
	return out
}

// Plane is the selection of the whole plane of a frame of the shape, if it fits.
func (ix Index) Plane(shape []int) (shm.Selection, error) {
	if slices.Contains(shape, 0) && len(ix) == len(shape) {
		return shm.Selection{}, errors.New("the frame has no elements")
	}
	if err := ix.Fits(shape); err != nil {
		return shm.Selection{}, err
	}
	sel := shm.Selection{Index: make([]int, len(ix)), Step: 1}
	sel.Y, sel.X, sel.C = ix.Roles()
	if sel.X < 0 {
		return shm.Selection{}, errors.New("no axis goes to the right")
	}
	for i, a := range ix {
		sel.Index[i] = max(0, int(a))
	}
	if sel.C >= 0 && shape[sel.C] != 3 && shape[sel.C] != 4 {
		return shm.Selection{}, fmt.Errorf("an axis of %d cannot hold colours, which have 3 or 4 samples", shape[sel.C])
	}
	sel.Rows, sel.Cols = 1, shape[sel.X]
	if sel.Y >= 0 {
		sel.Rows = shape[sel.Y]
	}
	return sel, nil
}

// Part is the part of an array that a page shows, and its resolution.
type Part struct {
	Name                 string
	Index                Index
	Row, Col, Rows, Cols int // in pixels of the frame
	Step                 int
	Nearest, Exact       bool
}

// ParsePart reads the detail of a hub topic:
// <name>/<index>/<row>,<col>,<rows>,<cols>/<step>, then /n for the nearest
// pixels instead of their mean, and /e for floats of 64 bits with all their
// digits.
func ParsePart(detail string) (p Part, err error) {
	items := strings.Split(detail, "/")
	if last := len(items) - 1; last > 3 && items[last] == "e" {
		p.Exact, items = true, items[:last]
	}
	if len(items) == 5 && items[4] == "n" {
		p.Nearest, items = true, items[:4]
	}
	if len(items) != 4 {
		return Part{}, fmt.Errorf("%q is no part of an array", detail)
	}
	if p.Name = items[0]; !IsName(p.Name) {
		return Part{}, fmt.Errorf("%q is no name of an array", p.Name)
	}
	if p.Index, err = ParseIndex(items[1]); err != nil {
		return Part{}, err
	}
	sides := strings.Split(items[2], ",")
	if len(sides) != 4 {
		return Part{}, fmt.Errorf("%q is no rectangle", items[2])
	}
	for i, to := range []*int{&p.Row, &p.Col, &p.Rows, &p.Cols} {
		var ok bool
		if *to, ok = parseNumber(sides[i], maxSide); !ok {
			return Part{}, fmt.Errorf("%q is no rectangle", items[2])
		}
	}
	if p.Rows == 0 || p.Cols == 0 {
		return Part{}, fmt.Errorf("the rectangle %q is empty", items[2])
	}
	var ok bool
	if p.Step, ok = parseNumber(items[3], maxStep); !ok || p.Step == 0 {
		return Part{}, fmt.Errorf("%q is no step: it must be a whole number from 1 to %d", items[3], maxStep)
	}
	return p, nil
}

// Selection is the part as it is in a frame of the shape, with samples of so
// many bytes, and how many bytes it then has at most. A part that would have more than
// most bytes comes with a larger step.
func (p *Part) Selection(shape []int, size, most int) (sel shm.Selection, bytes int, err error) {
	if sel, err = p.Index.within(shape).Plane(shape); err != nil {
		return sel, 0, err
	}
	height, width := sel.Rows, sel.Cols
	sel.Row, sel.Col = min(p.Row, height), min(p.Col, width)
	sel.Rows, sel.Cols = min(p.Rows, height-sel.Row), min(p.Cols, width-sel.Col)
	sel.Step, sel.Nearest, sel.Compact = p.Step, p.Nearest, !p.Exact
	if sel.C >= 0 {
		size *= shape[sel.C]
	}
	for {
		bytes = over(sel.Rows, sel.Step) * over(sel.Cols, sel.Step) * size
		if bytes <= min(most, MaxPicture) || sel.Step >= max(sel.Rows, sel.Cols) {
			return sel, bytes, nil
		}
		sel.Step++
	}
}

// over returns n / by, rounded up.
func over(n, by int) int { return (n + by - 1) / by }
