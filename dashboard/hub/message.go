package hub

import (
	"encoding/binary"
	"sync/atomic"
)

// Message is a frame, encoded once for all browsers: as it goes over the wire,
// head included, since a server's WebSocket frames are the same for everybody.
type Message struct {
	wire []byte
	size int

	// Of a message whose buffer is used again (see Lend): who still reads it,
	// the topic's tail and the browsers to which it is under way.
	refs atomic.Int32
	free func()
}

// The first byte of a WebSocket frame that is a whole message (RFC 6455, 5.2).
const (
	wireText   = 0x81
	wireBinary = 0x82
	wireClose  = 0x88
	wirePing   = 0x89
	wirePong   = 0x8a
)

// Headroom is how many bytes at the beginning of a buffer Lend needs for itself.
const Headroom = 10

// big is the size from which a message counts as a picture: it is written to
// each browser by that browser's goroutine, and Options.Bytes bounds how many
// are under way.
const big = 64 << 10

// Text returns a message of the text.
func Text(data []byte) *Message { return newMessage(wireText, data) }

// Binary returns a message of the bytes, which it copies.
func Binary(data []byte) *Message { return newMessage(wireBinary, data) }

// Lend returns a binary message of buf[Headroom:], without copying it. free, if
// any, is called once nobody needs the buffer any more, from whatever goroutine
// is last; it must return at once. Until then the buffer must not be written
// to. It may be published once, to one topic that keeps no tail (Topic.Keep).
// For a message that is never published, and for one under way to a browser
// that vanishes, free may never be called: then the buffer is garbage like any
// other.
func Lend(buf []byte, free func()) *Message {
	head := appendHead(make([]byte, 0, Headroom), wireBinary, len(buf)-Headroom)
	from := Headroom - len(head)
	copy(buf[from:], head)
	m := &Message{wire: buf[from:], size: len(buf) - Headroom, free: free}
	m.refs.Store(1)
	return m
}

func newMessage(first byte, data []byte) *Message {
	b := appendHead(make([]byte, 0, Headroom+len(data)), first, len(data))
	return &Message{wire: append(b, data...), size: len(data)}
}

// appendHead appends the head of a frame of n bytes.
func appendHead(b []byte, first byte, n int) []byte {
	b = append(b, first)
	switch {
	case n < 126:
		return append(b, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
}

// control reports whether it is none of the page's messages but the socket's.
func (m *Message) control() bool { return m.wire[0]&8 != 0 }

// Size is the bytes of the payload.
func (m *Message) Size() int { return m.size }

// retain keeps the message's buffer. It reports false if the buffer has been
// given back already.
func (m *Message) retain() bool {
	if m.free == nil {
		return true
	}
	for {
		n := m.refs.Load()
		if n == 0 {
			return false
		}
		if m.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// release lets go of the message's buffer.
func (m *Message) release() {
	if m.free != nil && m.refs.Add(-1) == 0 {
		m.free()
	}
}
