package scope

import (
	"encoding/binary"
	"math"
	"time"

	"webmon/shm"
	"webmon/shm/demo/wire"
	"webmon/shm/segment"
)

const (
	maxRows      = 128 // cells of the table
	traceLen     = 600
	traceStep    = 0.05 // s
	overviewSide = 512
	classDescr   = "<U10"
	rowBytes     = 2 + 4*5 + 40 + 1
)

// products are what a control script makes of what the camera sees. All buffers are used again.
type products struct {
	labels, rows, profile, trace, overview []byte
	base                                   []byte // the overview without the frame and the marks
	tints                                  [3]string

	segmented [2]int // where labels were taken
	measured  time.Time
	profiled,
	traced time.Time
	framed [3]int // where the frame of the overview lies, and how many marks there are
	sum    []float64
	count  []int32
	whole  []bool
}

func (s *Scope) publish(a *wire.Array, data []byte, shape ...int) {
	var f segment.Frame
	if len(shape) > 0 {
		f.Shape = shape
	}
	if err := a.Publish(data, f); err != nil {
		s.log("An array could not be shared: %v", err)
	}
}

// products makes what somebody wants.
func (s *Scope) products() {
	now := s.p.Now()
	m, a := &s.made, &s.arrays
	if a.segmentation.Due() && s.look() {
		set := s.setting()
		if at := [2]int{set.y, set.x}; !a.segmentation.Drawn() || at != m.segmented {
			m.segmented = at
			s.publish(a.segmentation, s.segment(set))
		}
	}
	if a.cells.Due() && s.look() && (!a.cells.Drawn() || every(&m.measured, now, 250*time.Millisecond)) {
		s.expect()
		rows := s.measure()
		s.publish(a.cells, rows, len(rows)/rowBytes)
	}
	if a.profile.Due() && s.look() && (!a.profile.Drawn() || every(&m.profiled, now, 50*time.Millisecond)) {
		s.expect()
		s.publish(a.profile, s.profile())
	}
	if a.trace.Due() && s.look() && every(&m.traced, now, 50*time.Millisecond) {
		s.publish(a.trace, s.trace())
	}
	if a.overview.Due() && s.look() {
		set := s.setting()
		at := [3]int{set.y / 4, set.x / 4, len(s.marks)}
		if !a.overview.Drawn() || at != m.framed || m.tints != s.tints {
			m.framed = at
			s.publish(a.overview, s.overview(set))
		}
	}
	if a.stack.Wanted() && !a.stack.Drawn() && s.look() {
		s.publish(a.stack, s.stack())
	}
}

// grown returns a buffer of n items.
func grown[T any](b []T, n int) []T {
	if cap(b) < n {
		return make([]T, n)
	}
	return b[:n]
}

// segment copies the labels of what the camera sees.
func (s *Scope) segment(set setting) []byte {
	m := &s.made
	m.labels = grown(m.labels, 2*frameSide*frameSide)
	for y := range frameSide {
		row := s.specimen.labels[(set.y+y)*side+set.x:][:frameSide]
		out := m.labels[2*y*frameSide:][:2*frameSide]
		for x, v := range row {
			out[2*x], out[2*x+1] = byte(v), byte(v>>8)
		}
	}
	return m.labels
}

// measure makes the table of the cells that the camera sees: a row for each.
func (s *Scope) measure() []byte {
	m, set := &s.made, s.camera.seen
	n := len(s.specimen.cells) + 1
	m.sum, m.count, m.whole = grown(m.sum, n), grown(m.count, n), grown(m.whole, n)
	clear(m.sum)
	clear(m.count)
	for i := range m.whole {
		m.whole[i] = true
	}
	for y := range frameSide {
		labels, mean := s.specimen.labels[(set.y+y)*side+set.x:][:frameSide], s.camera.mean[y*frameSide:][:frameSide]
		for x, l := range labels {
			m.sum[l] += float64(mean[x])
			m.count[l]++
		}
		m.whole[labels[0]], m.whole[labels[frameSide-1]] = false, false
		if y == 0 || y == frameSide-1 {
			for _, l := range labels {
				m.whole[l] = false
			}
		}
	}
	t := s.seconds()
	m.rows = m.rows[:0]
	put := func(x float64) {
		m.rows = binary.LittleEndian.AppendUint32(m.rows, math.Float32bits(float32(x)))
	}
	for l := 1; l < n && len(m.rows) < maxRows*rowBytes; l++ {
		if m.count[l] < 40 { // the corner of one is no cell yet
			continue
		}
		c := &s.specimen.cells[l-1]
		m.rows = binary.LittleEndian.AppendUint16(m.rows, uint16(l))
		put(um(float64(c.x)))
		put(um(float64(c.y)))
		put(round(float64(c.area)*pixel*pixel, 1))
		put(round(m.sum[l]/float64(m.count[l]), 1))
		put(round(c.calcium(t, s.activity), 2))
		var name [40]byte // UTF-32
		for i, r := range []byte(classes[c.class]) {
			name[4*i] = r
		}
		m.rows = append(m.rows, name[:]...)
		whole := byte(0)
		if m.whole[l] {
			whole = 1
		}
		m.rows = append(m.rows, whole)
	}
	return m.rows
}

// um is where a pixel of the specimen lies on the stage.
func um(px float64) float64 { return round((px-side/2)*pixel, 2) }

// profile is the mean of the rows in the middle of the last picture.
func (s *Scope) profile() []byte {
	m := &s.made
	const rows = 9
	frame := s.camera.shoot()
	m.profile = grown(m.profile, 4*frameSide)
	for x := range frameSide {
		sum := 0
		for y := frameSide/2 - rows/2; y <= frameSide/2+rows/2; y++ {
			at := 2 * (y*frameSide + x)
			sum += int(frame[at]) | int(frame[at+1])<<8
		}
		binary.LittleEndian.PutUint32(m.profile[4*x:], math.Float32bits(float32(sum)/rows))
	}
	return m.profile
}

// middle is the cell nearest to the middle of what the camera sees.
func (s *Scope) middle() *cell {
	set := s.setting()
	y, x := float32(set.y+frameSide/2), float32(set.x+frameSide/2)
	best, far := 0, float32(math.Inf(1))
	for i := range s.specimen.cells {
		c := &s.specimen.cells[i]
		if d := (c.y-y)*(c.y-y) + (c.x-x)*(c.x-x); d < far {
			best, far = i, d
		}
	}
	return &s.specimen.cells[best]
}

// trace is the calcium of the cell in the middle, over the last thirty seconds.
func (s *Scope) trace() []byte {
	m := &s.made
	m.trace = grown(m.trace, 4*traceLen)
	c, t := s.middle(), s.seconds()
	step := math.Floor(t / traceStep)
	for i := range traceLen {
		k := step - traceLen + 1 + float64(i)
		n := uint64(int64(k)) * 0x9e3779b97f4a7c15 // the same noise wherever it has moved to
		v := c.calcium(math.Max(k*traceStep, 0), s.activity) + 0.035*(float64(n>>40)/(1<<23)-1)
		binary.LittleEndian.PutUint32(m.trace[4*i:], math.Float32bits(float32(v)))
	}
	return m.trace
}

// overview draws the whole specimen in colours, with the frame of the camera and the marks.
func (s *Scope) overview(set setting) []byte {
	m := &s.made
	const shrink = side / overviewSide
	if m.base == nil || m.tints != s.tints {
		m.tints = s.tints
		m.base = grown(m.base, 3*overviewSide*overviewSide)
		var tint [3][3]float32
		for i, t := range s.tints {
			tint[i] = rgb(t)
		}
		for y := range overviewSide {
			for x := range overviewSide {
				var sum [3]float32
				for r := range shrink {
					at := (y*shrink+r)*side + x*shrink
					for k := range shrink {
						sum[0] += float32(s.specimen.nuclei[at+k])
						sum[1] += float32(s.specimen.actin[at+k])
						sum[2] += float32(s.specimen.mito[at+k])
					}
				}
				for c := range 3 {
					v := float32(0)
					for i, gain := range [3]float32{1.15, 1.9, 1.7} {
						v += sum[i] / (shrink * shrink) * gain * tint[i][c]
					}
					m.base[3*(y*overviewSide+x)+c] = level(v)
				}
			}
		}
	}
	m.overview = grown(m.overview, len(m.base))
	copy(m.overview, m.base)
	dot := func(y, x int, color [3]float32) {
		if y < 0 || x < 0 || y >= overviewSide || x >= overviewSide {
			return
		}
		for c := range 3 {
			m.overview[3*(y*overviewSide+x)+c] = level(255 * color[c])
		}
	}
	const edge = frameSide / shrink
	y0, x0 := set.y/shrink, set.x/shrink
	for i := range edge {
		for _, w := range [2]int{0, 1} {
			for _, at := range [4][2]int{{y0 + w, x0 + i}, {y0 + edge - 1 - w, x0 + i}, {y0 + i, x0 + w}, {y0 + i, x0 + edge - 1 - w}} {
				dot(at[0], at[1], [3]float32{1, 0.85, 0.2})
			}
		}
	}
	for _, k := range s.marks {
		y, x := int((k.y/pixel+side/2)/shrink), int((k.x/pixel+side/2)/shrink)
		for r := -3; r <= 3; r++ {
			for c := -3; c <= 3; c++ {
				if d := r*r + c*c; d <= 6 {
					dot(y+r, x+c, rgb(k.color))
				} else if d <= 11 {
					dot(y+r, x+c, [3]float32{1, 1, 1})
				}
			}
		}
	}
	return m.overview
}

// rgb reads a colour as [shm.ParseColor] returns it, each part from 0 to 1.
func rgb(color string) (out [3]float32) {
	color, _ = shm.ParseColor(color)
	for i := range out {
		if len(color) < 3+2*i {
			break
		}
		n := 0
		for _, c := range []byte(color[1+2*i : 3+2*i]) {
			n *= 16
			if c >= 'a' {
				n += int(c-'a') + 10
			} else {
				n += int(c - '0')
			}
		}
		out[i] = float32(n) / 255
	}
	return out
}
