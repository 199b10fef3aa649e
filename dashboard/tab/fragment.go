package tab

import (
	"bytes"
	"context"
	"crypto/sha256"
	"time"

	"github.com/a-h/templ"
)

// fragmentEvery is the least time between two renderings of a live region.
const fragmentEvery = 250 * time.Millisecond

// fragment makes the frames of live regions. A frame is HTML that is rendered once
// for all browsers, and sent if it differs from the last frame. That one is the hub's to
// keep.
type fragment struct {
	renderer
	render func(now time.Time) templ.Component
	begun  bool
	last   [sha256.Size]byte // the sum of the last frame
}

// NewFragment returns a feed of HTML: what render returns, which must consist
// of layout.Fragment components. It is rendered at most four times a second.
func NewFragment(wants []string, render func(now time.Time) templ.Component) Feed {
	return Feed{Wants: wants, Every: fragmentEvery, Frames: &fragment{render: render}}
}

func (f *fragment) Snapshot(now time.Time) []byte {
	frame := f.html(f.render(now))
	if frame != nil && !f.begun { // otherwise those who have the last frame still get this one
		f.begun, f.last = true, sha256.Sum256(frame)
	}
	return frame
}

func (f *fragment) Next(now time.Time) []byte {
	frame := f.html(f.render(now))
	if frame == nil {
		return nil
	}
	sum := sha256.Sum256(frame)
	if f.begun && sum == f.last {
		return nil
	}
	f.begun, f.last = true, sum
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
