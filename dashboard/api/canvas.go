package api

import (
	"github.com/labstack/echo/v4"

	"webmon/dashboard/source"
	"webmon/shm"
)

// reduced says that the newest frame of a canvas is smaller than the canvas.
type reduced struct{}

func (reduced) Error() string {
	return "the process has drawn its canvas for a page that needs less of it, and not whole since: ask again in a moment"
}

// Is reports that the next frame may be read.
func (reduced) Is(err error) bool { return err == shm.ErrOvertaken }

// whole returns read for frames of a canvas that have all of its pixels. While pages look that
// need less, the process makes smaller ones, and one with all pixels once somebody wants that. Of other
// arrays every frame has all.
func (a *API) whole(c echo.Context, src *source.Source, name string, read func(*shm.ArrayFrame) error) func(*shm.ArrayFrame) error {
	if name != shm.ArrayCanvas {
		return read
	}
	if src.Demand(shm.TopicCanvas) == 0 || pixelRatio(src) == 0 {
		release := src.Want(shm.TopicCanvas)
		defer release()
		Refresh(c, src, []string{shm.TopicCanvas})
	}
	return func(frame *shm.ArrayFrame) error {
		if isReduced(frame, pixelRatio(src)) {
			return reduced{}
		}
		return read(frame)
	}
}

// pixelRatio is how many pixels of the screen go along one of a viewer's own, 0 if it is not known.
func pixelRatio(src *source.Source) float64 {
	value, _, _ := src.State(shm.TopicCanvas)
	state, _ := value.(map[string]shm.Value)
	ratio, _ := shm.Number(state["ratio"])
	return max(ratio, 0)
}

// isReduced reports whether a pixel of a frame stands for more than one of the screen.
func isReduced(frame *shm.ArrayFrame, ratio float64) bool {
	if ratio == 0 {
		ratio = 1
	}
	const rounded = 1.001
	return frame.Step[0]*ratio > rounded || frame.Step[1]*ratio > rounded
}
