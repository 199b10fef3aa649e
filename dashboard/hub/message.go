package hub

import (
	"encoding/binary"
	"sync/atomic"
)

// Message is a frame, encoded once for all browsers. It includes the head of the
// WebSocket frame, because a server sends the same head to everybody.
type Message struct {
	wire []byte
	size int

	// For a message whose buffer is used again (see Lend): how many still read it,
	// which are the topic's tail and the browsers to which it is being sent.
	refs atomic.Int32
	free func()

	squeezed squeezed // of a text

	of []*Message // the messages that it is made of, which go out in one write; nil: it is one
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

// big is the size in bytes from which a message counts as a picture: each
// browser's own goroutine writes it, and Options.Bytes bounds how many are
// unacknowledged.
const big = 64 << 10

// Text returns a message of the text.
func Text(data []byte) *Message { return newMessage(wireText, data) }

// Lend returns a binary message of buf[Headroom:], without copying it. free, if
// not nil, is called once nobody needs the buffer any more, from any goroutine;
// it must return at once. Until then the buffer must not be written to. The
// message may be published once, to one topic without Topic.Keep. free may never
// be called if the message is never published, or if a browser vanishes while it
// is being sent. The garbage collector then takes the buffer.
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

// control reports whether it is a control frame: a ping, a pong or a close.
func (m *Message) control() bool { return m.wire[0]&8 != 0 }

// Size is the size of the payload in bytes.
func (m *Message) Size() int { return m.size }

// retain counts one more reader of the message's buffer. It reports false if the
// buffer has been given back already.
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

// release counts one reader less, and calls free after the last.
func (m *Message) release() {
	if m.free != nil && m.refs.Add(-1) == 0 {
		m.free()
	}
}
