// Package logs limits what is written to the log. What a page or a process does
// wrong may come a thousand times a second, and each time is a line: so lines of one kind,
// which have the same level and message, are written some at a time, and counted
// beyond that.
//
//	handler := logs.New(slog.NewTextHandler(file, &slog.HandlerOptions{ReplaceAttr: logs.Clip}))
//	defer handler.Close()
//	logger := slog.New(handler)
//
// What was left out is said ten seconds later, in a line of that kind with the attribute
// "more_like_it".
package logs

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"webmon/fault"
	"webmon/natural"
)

const (
	burst     = 20              // lines of a kind that are written at once
	debugs    = 200             // of a kind below slog.LevelInfo, for who has asked for them
	every     = 5 * time.Second // in which a kind gets one line more
	debugEach = 50 * time.Millisecond

	burstAll = 1000 // lines of all kinds together, and the time in which there is one more
	everyAll = 20 * time.Millisecond

	// maxKinds is how many kinds are told apart. Messages are constant where this program
	// writes them, so there are a few hundred.
	maxKinds = 512
	// sayAfter is how long lines are counted before it is said how many were left out.
	sayAfter = 10 * time.Second

	maxMessage = 500      // bytes of a message
	maxText    = 2 << 10  // bytes of an attribute
	maxStack   = 16 << 10 // bytes of an attribute called "stack"
)

// more is the attribute that says how many lines were left out.
const more = "more_like_it"

// Handler hands on to another one what is within the limits.
type Handler struct {
	inner slog.Handler
	*limits
}

// limits are shared by a handler and those that are made of it.
type limits struct {
	mu    sync.Mutex // guards all below
	kinds map[kindOf]*kind
	all   bucket
}

type kindOf struct {
	level   slog.Level
	message string
}

type kind struct {
	bucket
	left  int          // lines that were left out and not said yet
	inner slog.Handler // of the last of them
	last  slog.Record  // without attributes
	timer *time.Timer  // until it is said
}

// bucket holds the lines that may be written now.
type bucket struct {
	lines float64
	at    time.Time // when that was so
}

// take takes a line out if there is one; there are most of them at the most, and one more
// each time that passes.
func (b *bucket) take(now time.Time, most int, each time.Duration) bool {
	if b.at.IsZero() {
		b.lines = float64(most)
	} else if d := now.Sub(b.at); d > 0 {
		b.lines = min(float64(most), b.lines+float64(d)/float64(each))
	}
	b.at = now
	if b.lines < 1 {
		return false
	}
	b.lines--
	return true
}

// New returns a handler that hands on to inner. Close must be called.
func New(inner slog.Handler) *Handler {
	return &Handler{inner, &limits{kinds: map[kindOf]*kind{}}}
}

// Enabled implements [slog.Handler].
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.inner.Enabled(ctx, level)
}

// WithAttrs implements [slog.Handler].
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Handler{h.inner.WithAttrs(attrs), h.limits}
}

// WithGroup implements [slog.Handler].
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{h.inner.WithGroup(name), h.limits}
}

// Handle implements [slog.Handler].
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	r.Message = natural.Clip(r.Message, maxMessage)
	if !h.may(r) {
		return nil
	}
	return h.inner.Handle(ctx, r)
}

// may reports whether a line may be written, and counts it if not.
func (h *Handler) may(r slog.Record) bool {
	most, each := burst, every
	if r.Level < slog.LevelInfo {
		most, each = debugs, debugEach
	}
	of := kindOf{r.Level, r.Message}
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	k := h.kinds[of]
	if k == nil {
		if len(h.kinds) >= maxKinds {
			h.forget(now)
		}
		if len(h.kinds) >= maxKinds {
			of.message = "" // all others are of one kind
			k = h.kinds[of]
		}
		if k == nil {
			k = &kind{}
			h.kinds[of] = k
		}
	}
	if k.take(now, most, each) {
		if h.all.take(now, burstAll, everyAll) {
			return true
		}
		k.lines++ // it was not written
	}
	k.left++
	k.inner, k.last = h.inner, slog.NewRecord(now, r.Level, r.Message, 0)
	if k.timer == nil {
		k.timer = time.AfterFunc(sayAfter, fault.Func(func() { h.say(k) }, func(error) {
			// The log is where it would be said.
		}))
	}
	return false
}

// forget forgets the kinds of which nothing has come for long; mu is held.
func (h *Handler) forget(now time.Time) {
	for of, k := range h.kinds {
		if k.left == 0 && now.Sub(k.at) > burst*every {
			delete(h.kinds, of)
		}
	}
}

// say writes how many lines of a kind were left out.
func (l *limits) say(k *kind) {
	l.mu.Lock()
	left, inner, r := k.left, k.inner, k.last
	k.left, k.timer = 0, nil
	l.mu.Unlock()
	if left > 0 {
		r.Time = time.Now()
		r.AddAttrs(slog.Int(more, left))
		_ = inner.Handle(context.Background(), r) // there is nobody to tell
	}
}

// Close writes how many lines were left out that was not said yet.
func (h *Handler) Close() {
	h.mu.Lock()
	var open []*kind
	for _, k := range h.kinds {
		if k.timer != nil && k.timer.Stop() {
			open = append(open, k)
		}
	}
	h.mu.Unlock()
	for _, k := range open {
		h.say(k)
	}
}

// Clip is for slog.HandlerOptions.ReplaceAttr: it cuts what is longer than a line should
// be.
func Clip(_ []string, a slog.Attr) slog.Attr {
	most := maxText
	if a.Key == "stack" {
		most = maxStack
	}
	switch a.Value.Kind() {
	case slog.KindString:
		if s := a.Value.String(); len(s) > most {
			a.Value = slog.StringValue(natural.Clip(s, most))
		}
	case slog.KindAny:
		switch v := a.Value.Any().(type) {
		case error:
			if s := v.Error(); len(s) > most {
				a.Value = slog.StringValue(natural.Clip(s, most))
			}
		case []byte:
			if len(v) > most {
				a.Value = slog.StringValue(natural.Clip(string(v[:most+1]), most))
			}
		}
	}
	return a
}
