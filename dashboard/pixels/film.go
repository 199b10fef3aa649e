package pixels

import (
	"image"
	"image/color"
	"image/jpeg"
	"io"

	"webmon/shm"
)

// Limits are the contrast limits with which ReadPicture draws a plane of a frame: those of the look or of the array, and otherwise those
// that it takes from the values. Who draws several frames in turn draws all of them with the limits of the first one. nil: the plane has none, as
// labels and colours.
func Limits(frame *shm.ArrayFrame, look Look) (*[2]float64, error) {
	if look.Limits != nil || frame.Info.Limits != nil || frame.Info.Role == "labels" || Unfit(frame.Info) != "" {
		return look.Limits, nil
	}
	sel, err := look.Index.Plane(frame.Shape)
	if err != nil {
		return nil, refuse("index", err)
	}
	if sel.C >= 0 {
		return nil, nil
	}
	if most := 1 << 20; sel.Rows*sel.Cols > most { // of which a part tells as much as all
		sel.Nearest = true
		for sel.Rows/sel.Step*(sel.Cols/sel.Step) > most {
			sel.Step++
		}
	}
	px, err := frame.Reader.ReadPlane(frame, sel, nil)
	if err != nil {
		return nil, err
	}
	from := originOf(px)
	limits := contrast(px, from)
	for i := range limits {
		if from.signed {
			limits[i] += float64(int64(from.at))
		} else {
			limits[i] += float64(from.at)
		}
	}
	return &limits, nil
}

// jpegQuality is that of the frames of a film: what is lost is hard to see.
const jpegQuality = 90

// WriteJPEG writes a picture. What is transparent in it becomes black.
func WriteJPEG(w io.Writer, img image.Image) error {
	out := image.NewRGBA(img.Bounds())
	for y := out.Rect.Min.Y; y < out.Rect.Max.Y; y++ {
		for x := out.Rect.Min.X; x < out.Rect.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA() // with the alpha in them
			out.SetRGBA(x, y, color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255})
		}
	}
	return jpeg.Encode(w, out, &jpeg.Options{Quality: jpegQuality})
}
