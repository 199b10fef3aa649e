package tab

import (
	"bytes"
	"context"
	"time"

	"github.com/a-h/templ"
)

// fragmentEvery is the least time between two renderings of a live region.
const fragmentEvery = 250 * time.Millisecond

// fragment makes the frames of live regions. A frame is HTML that is rendered once
// for all browsers, and sent if it differs from the last frame.
type fragment struct {
	renderer
	render func(now time.Time) templ.Component
	last   []byte
}

// NewFragment returns a feed of HTML: what render returns, which must consist
// of layout.Fragment components. It is rendered at most four times a second.
func NewFragment(wants []string, render func(now time.Time) templ.Component) Feed {
	return Feed{Wants: wants, Every: fragmentEvery, Frames: &fragment{render: render}}
}

func (f *fragment) Snapshot(now time.Time) []byte {
	if f.last == nil {
		f.Next(now)
	}
	return f.last
}

func (f *fragment) Next(now time.Time) []byte {
	frame := f.html(f.render(now))
	if frame == nil || bytes.Equal(frame, f.last) {
		return nil
	}
	f.last = frame
	return frame
}

// renderer renders HTML under a context, that of [Feed.Under] if it was called.
type renderer struct{ ctx context.Context }

func (r *renderer) under(ctx context.Context) { r.ctx = ctx }

// html is the HTML of the components, nil for none.
func (r *renderer) html(components ...templ.Component) []byte {
	ctx := r.ctx
	if ctx == nil {
		ctx = context.Background()
	}
	var b bytes.Buffer
	for _, c := range components {
		if err := c.Render(ctx, &b); err != nil {
			return nil // the component's own fault: writing to a buffer never fails
		}
	}
	return b.Bytes()
}
