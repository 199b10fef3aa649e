package fakepage

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"time"

	"webmon/dashboard/pixels/packed"
)

// Picture is one that has come, not decoded yet.
type Picture struct {
	Topic      string
	Seq        uint64
	TS, Stamp  float64 // ms since the epoch: when the server sent it, and when the process made it
	Type       string  // of its values once decoded: "u1", "u2", ...
	Row, Col   float64 // of its first pixel, in pixels of the frame
	Rows, Cols int
	Samples    int
	Step       int // pixels of the frame along a side of one of these
	Frame      uint64
	Coded      *Coded // nil: as they are

	Received time.Time // when its last byte came
	Handled  time.Time // when it was decoded and painted
	Wire     int       // bytes that it took, heads of its parts included
	Payload  []byte
}

// Coded says how a picture is written.
type Coded struct {
	As        string   // "packed", "bytes" or "jpeg"
	Predict   string   // packed
	Quality   int      // jpeg
	Low, High *float64 // what 0 and 255 stand for; nil in colour
	Of        int      // bytes that the exact picture has
}

// Lossy reports whether values of the picture are not those of the frame.
func (p *Picture) Lossy() bool { return p.Coded != nil && p.Coded.As != "packed" }

// How says how the picture came, for people.
func (p *Picture) How() string {
	switch {
	case p.Coded == nil:
		return "exact"
	case p.Coded.As != "jpeg" && p.Step > 1:
		return fmt.Sprintf("%s / %d", p.Coded.As, p.Step)
	case p.Coded.As != "jpeg":
		return p.Coded.As
	case p.Step > 1:
		return fmt.Sprintf("jpeg %d / %d", p.Coded.Quality, p.Step)
	}
	return fmt.Sprintf("jpeg %d", p.Coded.Quality)
}

// read takes a message apart.
func read(b []byte) (*Picture, error) {
	if len(b) < 8 || !bytes.HasPrefix(b, []byte("WMB1")) {
		return nil, fmt.Errorf("fakepage: a binary message of %d bytes is no picture", len(b))
	}
	length := int64(binary.LittleEndian.Uint32(b[4:]))
	start := (8 + length + 7) / 8 * 8
	if start > int64(len(b)) {
		return nil, fmt.Errorf("fakepage: a header of %d bytes in a message of %d", length, len(b))
	}
	p := &Picture{Payload: b[start:]}
	if err := json.Unmarshal(b[8:8+length], p); err != nil {
		return nil, fmt.Errorf("fakepage: the header of a picture: %w", err)
	}
	if p.Rows < 0 || p.Cols < 0 || p.Rows > 1<<16 || p.Cols > 1<<16 || p.Samples < 1 || p.Samples > 4 {
		return nil, fmt.Errorf("fakepage: a picture of %d x %d x %d values", p.Rows, p.Cols, p.Samples)
	}
	if p.Step < 1 || p.Step > 1<<12 {
		return nil, fmt.Errorf("fakepage: a picture with a step of %d", p.Step)
	}
	return p, nil
}

// mostValues bounds what Gray returns.
const mostValues = 1 << 28

// sizes are those of the values, bytes.
var sizes = map[string]int{"u1": 1, "u2": 2, "u4": 4, "u8": 8, "i4": 4, "i8": 8, "f4": 4, "f8": 8}

// Exact returns the values of a picture that has not lost any, as bytes: little-endian, row by row.
func (p *Picture) Exact() ([]byte, error) {
	size := sizes[p.Type]
	want := size * p.Rows * p.Cols * p.Samples
	switch {
	case size == 0:
		return nil, fmt.Errorf("fakepage: values of type %q", p.Type)
	case p.Lossy():
		return nil, errors.New("fakepage: the picture is lossy")
	case p.Coded == nil && len(p.Payload) < want:
		return nil, fmt.Errorf("fakepage: %d bytes of %d", len(p.Payload), want)
	case p.Coded == nil:
		return p.Payload[:want], nil
	}
	return packed.Decode(nil, p.Payload, packed.How{
		Rows: p.Rows, Cols: p.Cols, Samples: p.Samples, Bytes: size, Float: p.Type[0] == 'f', Predict: packed.Predict(p.Coded.Predict),
	})
}

// Gray returns the values of a picture of u1 or u2 with one sample, in those of the frame, as many as the frame has
// in that part: each value fills the step x step pixels that it stands for. cols are the columns of what is returned.
func (p *Picture) Gray() (values []float32, cols int, err error) {
	if p.Samples != 1 {
		return nil, 0, errors.New("fakepage: the picture is in colour")
	}
	if p.Rows*p.Step*p.Cols*p.Step > mostValues {
		return nil, 0, fmt.Errorf("fakepage: %d x %d pixels are too many", p.Rows*p.Step, p.Cols*p.Step)
	}
	at, err := p.value()
	if err != nil {
		return nil, 0, err
	}
	cols = p.Cols * p.Step
	values = make([]float32, cols*p.Rows*p.Step)
	for i := range values {
		values[i] = at(i/cols/p.Step, i%cols/p.Step)
	}
	return values, cols, nil
}

// value returns what the value of a pixel is told by.
func (p *Picture) value() (func(row, col int) float32, error) {
	if !p.Lossy() {
		b, err := p.Exact()
		if err != nil {
			return nil, err
		}
		switch p.Type {
		case "u1":
			return func(row, col int) float32 { return float32(b[row*p.Cols+col]) }, nil
		case "u2":
			return func(row, col int) float32 { return float32(binary.LittleEndian.Uint16(b[2*(row*p.Cols+col):])) }, nil
		case "f4": // means of whole numbers
			return func(row, col int) float32 {
				return math.Float32frombits(binary.LittleEndian.Uint32(b[4*(row*p.Cols+col):]))
			}, nil
		}
		return nil, fmt.Errorf("fakepage: values of type %q as gray ones", p.Type)
	}
	low, high := 0.0, 255.0
	if p.Coded.Low != nil && p.Coded.High != nil {
		low, high = *p.Coded.Low, *p.Coded.High
	}
	pix, stride := p.Payload, p.Cols
	if p.Coded.As == "jpeg" {
		about, err := jpeg.DecodeConfig(bytes.NewReader(p.Payload))
		if err != nil {
			return nil, fmt.Errorf("fakepage: %w", err)
		}
		if about.ColorModel != color.GrayModel || about.Width != p.Cols || about.Height != p.Rows {
			return nil, fmt.Errorf("fakepage: a JPEG of %d x %d values where %d x %d gray ones were announced", about.Height, about.Width, p.Rows, p.Cols)
		}
		img, err := jpeg.Decode(bytes.NewReader(p.Payload))
		if err != nil {
			return nil, fmt.Errorf("fakepage: %w", err)
		}
		gray := img.(*image.Gray) // as the model says
		pix, stride = gray.Pix, gray.Stride
	} else if len(pix) < p.Rows*p.Cols {
		return nil, fmt.Errorf("fakepage: %d bytes of %d x %d values", len(pix), p.Rows, p.Cols)
	}
	return func(row, col int) float32 { return float32(low + float64(pix[row*stride+col])/255*(high-low)) }, nil
}
