// Package measure measures the intensities of spines in the images of their session, as the columns of the
// files Int1, Int2, Int3 have them.
//
//	r, err := measure.Spine(ctx, session, row, []measure.Channel{{Number: 1, Image: im}})
//	r.Cells["Int1"]["ubssSum"]
//
// # What is measured
//
// Lengths are micrometres, slices whole numbers from 0. The middle of the pixel of column c and row r lies at c*dx, r*dy:
// so a pixel is in a region if its middle is.
//
//   - The dendrite's region is the part of the tracing from dMinus before to dPlus behind the point cPnt, measured along x and y,
//     as wide as its radius to both sides, with flat ends, in the slices cz +- zPlusMinus. The radius is scaleRadius, or that of the segment.
//   - The spine's region is the rectangle around the line from (cx, cy) to the head (x, y), spineWidth wide, longer than the line by extendHead
//     behind the head and by extendTail before (cx, cy), without the dendrite's region; of what is then left the part that is connected
//     with the pixel of the head, round(x/dx), round(y/dy), over edges. It is in the slices z +- zPlusMinus.
//   - The background of either is the same shape at another place, in the slices z +- zPlusMinus: at one of the eight neighbours in a grid of 3 x 3
//     whose step is the longer side of the shape's box, in whole pixels, so that it never overlaps the shape. It is the one within the image whose
//     sum is lowest in the session's default channel, and the same in every channel. sbxPos, sbyPos are where the head would be then.
//     With sbxyManual above 0, sbxPos and sbyPos are taken as they are, rounded to whole pixels.
//
// Sum, Mean, SD and N are of all pixels of a region in all of its slices; SD divides by N - 1. Cells have six decimals. What is derived, ub...
// and ut..., follows from what was not rounded; "other" is channel 2 for channel 1, and channel 1 for the others. sLen2d is from the head to
// (cx, cy), sLen3d the same with (z - cz) * dz. They are in the file of the first channel.
//
// # By what
//
// spineWidth, extendHead, extendTail, scaleRadius, zPlusMinus, dPlus and dMinus are each the object's own; or, where it has none, that of the nearest
// spine of the session that has one, on its own segment before others; or what Usual says. Those that were used are written into the row.
//
// # What cannot be
//
// A region beyond the image, a spine without a tracing and the like are no error of Spine: the values become NaN and the column error says why, with the
// words that the files have.
package measure

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"webmon/shm/maps"
	"webmon/shm/stack"
)

// Usual are the parameters of a session in which no spine has any. Regions of that size have as many pixels as those of a
// published map that does not say its own, to some percent at the median.
var Usual = map[string]float64{
	"spineWidth": 1.9, "extendHead": 1, "extendTail": 0.3, "scaleRadius": 0.35, "zPlusMinus": 1, "dPlus": 1.8, "dMinus": 1.8,
}

// Channel is the images of a channel.
type Channel struct {
	Number int // from 1
	Image  stack.Image
	At     int // which channel of the image it is, from 0
	Time   int // which time of the image, from 0
}

// Result is what was measured of a spine.
type Result struct {
	// Cells are the new cells by file, "db2", "Int1" ..., and column.
	Cells map[string]map[string]string
	// Error is why nothing could be measured, as the column error has it; "" if it was.
	Error string
}

// What a region may have.
const (
	mostSide   = 1024    // pixels, of the box of a region
	mostSlices = 50      // zPlusMinus
	mostPixels = 1 << 22 // of a region in all slices
)

// Spine measures the spine in a row of a session in some of its channels, at least one. The error is the context's, or that of the images.
func Spine(ctx context.Context, s *maps.Session, row int, channels []Channel) (*Result, error) {
	m := &measurement{s: s, row: row, channels: channels}
	trouble, err := m.measure(ctx)
	if err != nil {
		return nil, err
	}
	return m.result(trouble), nil
}

type measurement struct {
	s        *maps.Session
	row      int
	channels []Channel

	size       stack.Rect // of the images
	slices     int
	x, y, z    float64
	cx, cy, cz float64
	by         map[string]float64 // parameters
	cut        bool               // the tracing ends within the dendrite's region
	sbx, sby   float64
	of         []map[string]float64 // what was measured, by channel
}

// number is a cell of the object.
func (m *measurement) number(name string) float64 { return m.s.Table.Value(m.row, name) }

// measure returns the words of the column error if nothing can be measured.
func (m *measurement) measure(ctx context.Context) (trouble string, err error) {
	m.x, m.y, m.z = m.number("x"), m.number("y"), m.number("z")
	m.cx, m.cy, m.cz = m.number("cx"), m.number("cy"), m.number("cz")
	m.parameters()
	switch {
	case math.IsNaN(m.x + m.y + m.z):
		return "no place;", nil
	case m.s.Tracing == nil || len(m.s.Segments()) == 0:
		return "no tracing;", nil
	}
	line, trouble := m.line()
	if trouble != "" {
		return trouble, nil
	}
	if math.IsNaN(m.cx + m.cy) {
		return "no connection to the tracing;", nil
	}
	m.size, m.slices = m.channels[0].Image.Info().Whole(), m.channels[0].Image.Info().Slices
	for _, c := range m.channels {
		i := c.Image.Info()
		m.size.Rows, m.size.Cols, m.slices = min(m.size.Rows, i.Rows), min(m.size.Cols, i.Cols), min(m.slices, i.Slices)
	}
	head := [2]int{int(math.Floor(m.y/m.s.DY + 0.5)), int(math.Floor(m.x/m.s.DX + 0.5))}
	dendrite, ok := newMask(line.box(), m.s.DX, m.s.DY, line.has)
	if !ok {
		return "dendrite ROI is too large;", nil
	}
	b := bar{m.cx, m.cy, m.x, m.y, m.by["spineWidth"], m.by["extendHead"], m.by["extendTail"]}
	if !(math.Hypot(b.x-b.cx, b.y-b.cy) > 0) {
		return "no length;", nil
	}
	whole, ok := newMask(b.box(), m.s.DX, m.s.DY, b.has)
	if !ok {
		return "spine ROI is too large;", nil
	}
	switch r := whole.box(); {
	case r.Col < 0 || r.Col+r.Cols > m.size.Cols:
		return "#3.1 x spine ROI beyond image;", nil
	case r.Row < 0 || r.Row+r.Rows > m.size.Rows:
		return "#3.2 y spine ROI beyond image;", nil
	}
	spine := whole.without(line.has).around(head)
	if spine.n() == 0 {
		return "#6 reducing spine with ImageSeedFill;", nil
	}
	if dendrite.n() == 0 || !within(dendrite.box(), m.size) {
		return "dendrite ROI beyond image;", nil
	}
	around := int(m.by["zPlusMinus"])
	z, cz := int(math.Round(m.z)), int(math.Round(m.cz))
	if z-around < 0 || z+around >= m.slices {
		return "#3.3 z spine ROI beyond image;", nil
	}
	if cz-around < 0 || cz+around >= m.slices {
		return "dendrite ROI beyond image;", nil
	}
	if n := max(spine.n(), dendrite.n()); n*(2*around+1) > mostPixels {
		return "spine ROI is too large;", nil
	}
	reference := m.channels[0]
	for _, c := range m.channels {
		if c.Number == m.s.Channel {
			reference = c
		}
	}
	move, trouble, err := m.background(ctx, reference, spine, z-around, z+around, true)
	if err != nil || trouble != "" {
		return trouble, err
	}
	moveDendrite, trouble, err := m.background(ctx, reference, dendrite, z-around, z+around, false)
	if err != nil || trouble != "" {
		return trouble, err
	}
	m.sbx, m.sby = m.x+float64(move[1])*m.s.DX, m.y+float64(move[0])*m.s.DY
	for _, c := range m.channels {
		of := map[string]float64{}
		for _, r := range []struct {
			name     string
			mask     *mask
			from, to int
		}{
			{"s", spine, z - around, z + around}, {"sb", spine.moved(move), z - around, z + around},
			{"d", dendrite, cz - around, cz + around}, {"db", dendrite.moved(moveDendrite), z - around, z + around},
		} {
			v, err := c.values(ctx, r.mask, r.from, r.to)
			if err != nil {
				return "", err
			}
			of[r.name+"Sum"], of[r.name+"Mean"], of[r.name+"SD"], of[r.name+"N"] = statistics(v)
		}
		m.of = append(m.of, of)
	}
	return "", nil
}

// parameters finds by what is measured.
func (m *measurement) parameters() {
	m.by = map[string]float64{}
	for name, usual := range Usual {
		v := m.own(name, m.row)
		if !m.valid(name, v) {
			v = m.neighbour(name)
		}
		if !m.valid(name, v) {
			if v = usual; name == "scaleRadius" {
				v = math.NaN() // the segment says it
			}
		}
		if name == "zPlusMinus" {
			v = math.Round(v)
		}
		m.by[name] = v
	}
}

func (m *measurement) valid(name string, v float64) bool {
	switch {
	case name == "zPlusMinus":
		return v >= 0 && v <= mostSlices
	case name == "spineWidth" || name == "scaleRadius":
		return v > 0 && v < 1e6
	}
	return v >= 0 && v < 1e6
}

// own is the parameter of a row, from the file of the first channel that has it.
func (m *measurement) own(name string, row int) float64 {
	for _, t := range m.s.Int {
		if v := t.Value(row, name); !math.IsNaN(v) {
			return v
		}
	}
	return math.NaN()
}

// neighbour is the parameter of the nearest spine that has one.
func (m *measurement) neighbour(name string) float64 {
	best, found := math.Inf(1), math.NaN()
	x, y := m.s.Table.Column("x"), m.s.Table.Column("y")
	segment := m.s.Segment(m.row)
	for row, kind := range m.s.Types() {
		if kind != maps.Spine || row == m.row || row >= len(x) || row >= len(y) {
			continue
		}
		if v := m.own(name, row); m.valid(name, v) {
			d := math.Hypot(x[row]-m.x, y[row]-m.y)
			if m.s.Segment(row) != segment {
				d += 1e9
			}
			if d < best {
				best, found = d, v
			}
		}
	}
	return found
}

// line is the part of the tracing that the dendrite's region is around.
func (m *measurement) line() (*tube, string) {
	points := m.s.Tracing.Points
	px, py, pz := points.Column("x"), points.Column("y"), points.Column("z")
	segment, at := m.s.Segment(m.row), m.number("cPnt")
	segments := m.s.Segments()
	if segment == maps.None || segment >= len(segments) || math.IsNaN(at) {
		return nil, "no connection to the tracing;"
	}
	g := segments[segment]
	k := int(at)
	if k < g.Start || k >= g.Stop || g.Stop > len(px) || g.Stop > len(py) || math.IsNaN(px[k]+py[k]) {
		return nil, "no connection to the tracing;"
	}
	if math.IsNaN(m.cz) && k < len(pz) {
		m.cz = pz[k]
	}
	if math.IsNaN(m.cz) {
		m.cz = m.z
	}
	radius := m.by["scaleRadius"]
	if !(radius > 0) {
		radius = g.Radius
	}
	if v := points.Value(k, "radius"); !(radius > 0) {
		radius = v
	}
	if !(radius > 0) {
		radius = Usual["scaleRadius"]
	}
	m.by["scaleRadius"] = radius
	t := &tube{radius: radius, points: [][2]float64{{px[k], py[k]}}}
	before, whole := walk(px, py, k, g.Start-1, -1, m.by["dMinus"])
	behind, also := walk(px, py, k, g.Stop, 1, m.by["dPlus"])
	m.cut = !whole || !also
	for _, p := range before {
		t.points = append([][2]float64{p}, t.points...)
	}
	t.points = append(t.points, behind...)
	if len(t.points) < 2 || len(t.points) > mostPoints {
		return nil, "no dendrite ROI;"
	}
	return t, ""
}

// mostPoints bounds the points of the tracing that a dendrite's region has.
const mostPoints = 10_000

// walk returns the points of the tracing from k on, without it, until they have gone a distance; the last lies at that
// distance. whole is false where the tracing ended before.
func walk(x, y []float64, k, end, step int, far float64) (points [][2]float64, whole bool) {
	at := [2]float64{x[k], y[k]}
	for i := k + step; i != end && far > nothing && len(points) < mostPoints; i += step {
		next := [2]float64{x[i], y[i]}
		d := math.Hypot(next[0]-at[0], next[1]-at[1])
		if !(d > nothing) {
			continue // only z steps, or the place is not known
		}
		if d > far {
			next = [2]float64{at[0] + (next[0]-at[0])*far/d, at[1] + (next[1]-at[1])*far/d}
		}
		points = append(points, next)
		at = next
		far -= d
	}
	return points, far <= nothing
}

// background finds how far a region is moved for its background, in rows and columns.
func (m *measurement) background(ctx context.Context, c Channel, of *mask, from, to int, byHand bool) (move [2]int, trouble string, err error) {
	if byHand && m.own("sbxyManual", m.row) > 0 {
		sbx, sby := m.own("sbxPos", m.row), m.own("sbyPos", m.row)
		if !math.IsNaN(sbx + sby) {
			move = [2]int{int(clamp(math.Floor((sby-m.y)/m.s.DY + 0.5))), int(clamp(math.Floor((sbx-m.x)/m.s.DX + 0.5)))}
			if !within(of.moved(move).box(), m.size) {
				return move, "background ROI beyond image;", nil
			}
			return move, "", nil
		}
	}
	box := of.box()
	step := max(box.Rows, box.Cols)
	best := int64(math.MaxInt64)
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			by := [2]int{dy * step, dx * step}
			moved := of.moved(by)
			if dx == 0 && dy == 0 || !within(moved.box(), m.size) {
				continue
			}
			values, err := c.values(ctx, moved, from, to)
			if err != nil {
				return move, "", err
			}
			total := int64(0)
			for _, v := range values {
				total += int64(v)
			}
			if total < best {
				best, move = total, by
			}
		}
	}
	if best == math.MaxInt64 {
		return move, "background ROI beyond image;", nil
	}
	return move, "", nil
}

func clamp(v float64) float64 { return min(max(v, -1e8), 1e8) }

// values are the pixels of a region in slices from, to, both included.
func (c *Channel) values(ctx context.Context, of *mask, from, to int) ([]int32, error) {
	info, box := c.Image.Info(), of.box()
	values := make([]int32, 0, of.n()*(to-from+1))
	var pixels []byte
	for z := from; z <= to; z++ {
		var err error
		if pixels, err = c.Image.ReadPlane(ctx, c.Time, c.At, z, box, pixels); err != nil {
			return nil, fmt.Errorf("channel %d: %w", c.Number, err)
		}
		size := info.Type.Size()
		for row, line := range of.in {
			for col, in := range line {
				if !in {
					continue
				}
				i := ((of.row+row-box.Row)*box.Cols + of.col + col - box.Col) * size
				v := int32(pixels[i])
				if size == 2 {
					v |= int32(pixels[i+1]) << 8
				}
				values = append(values, v+int32(info.Base))
			}
		}
	}
	return values, nil
}

// statistics are sum, mean, standard deviation (of n - 1) and number.
func statistics(values []int32) (sum, mean, sd, n float64) {
	total := int64(0)
	for _, v := range values {
		total += int64(v)
	}
	sum, n = float64(total), float64(len(values))
	mean = sum / n
	squares := 0.0
	for _, v := range values {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	return sum, mean, math.Sqrt(squares / (n - 1)), n
}

// Columns are those that a measurement fills.
var Columns = []string{
	"sSum", "sMean", "sSD", "sN", "sbSum", "sbMean", "sbSD", "sbN", "sbxPos", "sbyPos", "dSum", "dMean", "dSD", "dN", "dbSum", "dbMean", "dbSD", "dbN",
	"ubssSum", "ubssMean", "ubsdSum", "ubsdMean", "utssmoss", "utsmmosm", "utssdoss", "utsmdosm", "utssmods", "utsmmodm", "utssdods", "utsmdodm",
	"utssdtds", "utsmdtdm", "utdsdods", "utdmdodm", "uSEV",
}

// derive computes from what was measured in a channel, and in the other, what follows.
func derive(t, o map[string]float64) {
	t["utssdtds"], t["utsmdtdm"] = t["ubssSum"]/t["ubsdSum"], t["ubssMean"]/t["ubsdMean"]
	if o == nil {
		return
	}
	t["utssmoss"], t["utsmmosm"] = t["ubssSum"]-o["ubssSum"], t["ubssMean"]-o["ubssMean"]
	t["utssdoss"], t["utsmdosm"] = t["ubssSum"]/o["ubssSum"], t["ubssMean"]/o["ubssMean"]
	t["utssmods"], t["utsmmodm"] = t["ubssSum"]-o["ubsdSum"], t["ubssMean"]-o["ubsdMean"]
	t["utssdods"], t["utsmdodm"] = t["ubssSum"]/o["ubsdSum"], t["ubssMean"]/o["ubsdMean"]
	t["utdsdods"], t["utdmdodm"] = t["ubsdSum"]/o["ubsdSum"], t["ubsdMean"]/o["ubsdMean"]
	t["uSEV"] = t["utsmdtdm"] / (o["ubssMean"] / o["ubsdMean"])
}

// result writes what was measured as cells.
func (m *measurement) result(trouble string) *Result {
	r := &Result{Cells: map[string]map[string]string{}, Error: trouble}
	first := -1
	for c, t := range m.s.Int {
		if t != nil && first < 0 {
			first = c + 1
		}
	}
	by := map[int]map[string]float64{}
	for i, of := range m.of {
		of["ubssSum"], of["ubssMean"] = of["sSum"]-of["sbSum"], of["sMean"]-of["sbMean"]
		of["ubsdSum"], of["ubsdMean"] = of["dSum"]-of["dbSum"], of["dMean"]-of["dbMean"]
		of["sbxPos"], of["sbyPos"] = m.sbx, m.sby
		by[m.channels[i].Number] = of
	}
	missing := ""
	for c, t := range m.s.Int {
		if t == nil {
			continue
		}
		number := c + 1
		measured := false
		for _, of := range m.channels {
			measured = measured || of.Number == number
		}
		if !measured {
			missing += fmt.Sprintf("channel %d has no image;", number)
			continue
		}
		cells := map[string]string{"isDirty": format(0)}
		for _, name := range Columns {
			cells[name] = "NaN"
		}
		for name, v := range m.by {
			cells[name] = format(v)
		}
		if of := by[number]; of != nil {
			other := 1
			if number == 1 {
				other = 2
			}
			derive(of, by[other])
			for _, name := range Columns {
				if v, ok := of[name]; ok {
					cells[name] = format(v)
				}
			}
		} else if m.own("sbxyManual", m.row) > 0 {
			// Where somebody has put the background stays.
			delete(cells, "sbxPos")
			delete(cells, "sbyPos")
		}
		if number == first {
			flat := math.Hypot(m.x-m.cx, m.y-m.cy)
			cells["sLen2d"], cells["sLen3d"] = format(flat), format(math.Hypot(flat, (m.z-m.cz)*m.s.DZ))
		}
		r.Cells["Int"+strconv.Itoa(number)] = cells
	}
	words := trouble
	if words == "" && m.cut {
		words = "#7 extending backbone error;"
	}
	r.Cells["db2"] = map[string]string{"error": words, "warning": missing}
	if missing == "" {
		r.Cells["db2"]["isDirty"] = "0"
	}
	return r
}

// format writes a number as the files have them.
func format(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "NaN"
	}
	return strconv.FormatFloat(v, 'f', 6, 64)
}
