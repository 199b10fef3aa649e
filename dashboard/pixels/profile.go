package pixels

import (
	"context"
	"errors"
	"math"

	"webmon/shm"
)

// MaxProfile is the most points of a profile.
const MaxProfile = 4096

// maxBox is the most pixels that are read at once for the profile within.
const maxBox = 4 << 20

// Profile are the values along a line.
type Profile struct {
	Distance []float64 `json:"distance"` // from the line's beginning, in Unit
	// Value has a number for each distance, or a list of samples in a picture in
	// colour. NaN is null, and a whole number that int64 cannot hold is a text.
	Value []shm.Value `json:"value"`
	Unit  string      `json:"unit"` // of the distances: "px", or the axes' own
	// ValueUnit is the unit of the values, "" for none.
	ValueUnit string `json:"value_unit"`
}

// ReadProfile reads the pixels nearest to the line between two points of a
// plane, (row, column) in pixels of the frame, whose whole numbers are their
// centres. Ends beyond the frame are moved to its edge. It ends with the error of ctx when
// that is done.
func ReadProfile(ctx context.Context, frame *shm.ArrayFrame, index Index, from, to [2]float64) (*Profile, error) {
	info := frame.Info
	if why := Unfit(info); why != "" {
		return nil, refuse("", errors.New(why))
	}
	plane, err := index.Plane(frame.Shape)
	if err != nil {
		return nil, refuse("index", err)
	}
	sides := [2]int{plane.Rows, plane.Cols}
	for i, side := range sides {
		from[i] = max(0, min(from[i], float64(side-1)))
		to[i] = max(0, min(to[i], float64(side-1)))
	}
	p := &Profile{Unit: "px", ValueUnit: info.Unit}
	scale := [2]float64{1, 1}
	if y, x := plane.Y, plane.X; len(info.Scale) == len(info.Axes) && len(info.Units) == len(info.Axes) &&
		x < len(info.Scale) && info.Units[x] != "" && (y < 0 || info.Units[y] == info.Units[x]) {
		p.Unit, scale[1] = info.Units[x], math.Abs(info.Scale[x])
		if y >= 0 {
			scale[0] = math.Abs(info.Scale[y])
		}
	}
	rows, cols := to[0]-from[0], to[1]-from[1]
	length := math.Hypot(rows*scale[0], cols*scale[1])
	// A point a pixel that the line passes, the ends included.
	n := min(MaxProfile, 1+int(math.Ceil(max(math.Abs(rows), math.Abs(cols)))))
	at := func(i int) (row, col int, distance float64) {
		part := 0.0
		if n > 1 {
			part = float64(i) / float64(n-1)
		}
		return int(math.Round(from[0] + rows*part)), int(math.Round(from[1] + cols*part)), length * part
	}
	r0, c0, _ := at(0)
	r1, c1, _ := at(n - 1)
	box := plane
	box.Row, box.Col = min(r0, r1), min(c0, c1)
	box.Rows, box.Cols = max(r0, r1)-box.Row+1, max(c0, c1)-box.Col+1
	whole := box.Rows*box.Cols <= maxBox
	var px shm.Pixels
	if whole {
		if px, err = frame.Reader.ReadPlane(frame, box, nil); err != nil {
			return nil, err
		}
	}
	p.Distance = make([]float64, n)
	p.Value = make([]shm.Value, n)
	for i := range n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		row, col, distance := at(i)
		p.Distance[i] = distance
		one := px
		if whole {
			pixel := px.Samples * px.Type.Size()
			k := ((row-px.Row)*px.Cols + col - px.Col) * pixel
			if k < 0 || k+pixel > len(px.Data) {
				return nil, errors.New("the reader returned less than the line needs")
			}
			one.Data = px.Data[k : k+pixel]
		} else {
			box.Row, box.Col, box.Rows, box.Cols = row, col, 1, 1
			if one, err = frame.Reader.ReadPlane(frame, box, px.Data[:0]); err != nil {
				return nil, err
			}
			px.Data = one.Data
		}
		one.Rows, one.Cols = 1, 1
		samples := make([]shm.Value, one.Samples)
		for j := range samples {
			samples[j] = sample(one, j)
		}
		if one.Samples == 1 {
			p.Value[i] = samples[0]
		} else {
			p.Value[i] = samples
		}
	}
	return p, nil
}
