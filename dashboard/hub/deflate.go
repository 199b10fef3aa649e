package hub

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"time"

	"webmon/dashboard/budget"
	"webmon/dashboard/squeeze"
)

// wireSqueezed is the first byte of a text that is compressed by permessage-deflate (RSV1; RFC 7692).
const wireSqueezed = wireText | 0x40

// leastTrip is the shortest round trip of a line on which texts are compressed: a shorter one is in the room, and carries them sooner
// than a browser unpacks them.
const leastTrip = 2 * time.Millisecond

// deflating is what [Deflating] says of a browser.
type deflating struct{ far bool }

type deflatingKey struct{}

// Deflating returns a context for [Hub.Serve] that says that the browser has negotiated permessage-deflate, in which no message builds on
// the one before it: so a text that is compressed is compressed once for all browsers. far says that the browser is on another machine: as
// long as nothing else is known of its line, it is taken for a slow one.
func Deflating(ctx context.Context, far bool) context.Context {
	return context.WithValue(ctx, deflatingKey{}, deflating{far})
}

// squeezed is a text as it is sent over slow lines, made when the first browser needs it.
type squeezed struct {
	once sync.Once
	m    *Message // the text itself if it does not become small enough
}

// spare returns the text m as the browser's line is to carry it.
func (c *client) spare(m *Message, now time.Time) *Message {
	if !c.deflates || m.of != nil || m.size < squeeze.Least || m.wire[0] != wireText || !c.slow(now) {
		return m
	}
	return m.small(c.hub.opts.Budget.Browsers)
}

// slow reports whether compression pays on the browser's line.
func (c *client) slow(now time.Time) bool {
	state := c.line.State(now)
	if state.Least == 0 {
		return c.far
	}
	return !state.Fast && state.Least >= leastTrip
}

// small returns the compressed form of a text, or the text itself. The form is counted in the account until nobody
// has it any more.
func (m *Message) small(keeps *budget.Account) *Message {
	m.squeezed.once.Do(func() {
		m.squeezed.m = m
		payload, ok := squeeze.Message(m.wire[len(m.wire)-m.size:])
		if !ok {
			return
		}
		small := newMessage(wireSqueezed, payload)
		keeps.Add(int64(len(small.wire)))
		runtime.AddCleanup(small, func(n int) { keeps.Give(int64(n)) }, len(small.wire))
		m.squeezed.m = small
	})
	return m.squeezed.m
}

var errLong = errors.New("the page sends a message that is longer than one may be")

// readAll reads a message of a page into b, and returns how long it is. The limit of the connection counts a message as it was
// sent, and a compressed one may be a thousand times as long.
func readAll(r io.Reader, b []byte) (n int, err error) {
	n, err = io.ReadFull(r, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return n, nil
	}
	if err != nil {
		return n, err
	}
	switch more, err := io.ReadFull(r, make([]byte, 1)); {
	case more > 0:
		return n, errLong
	case errors.Is(err, io.EOF):
		return n, nil
	default:
		return n, err
	}
}
