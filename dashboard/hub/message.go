package hub

import "encoding/binary"

// Message is a frame, encoded once for all browsers: as it goes over the wire,
// head included, since a server's WebSocket frames are the same for everybody.
type Message struct {
	wire []byte
	size int
}

// The first byte of a WebSocket frame that is a whole message (RFC 6455, 5.2).
const (
	wireText  = 0x81
	wireClose = 0x88
	wirePing  = 0x89
	wirePong  = 0x8a
)

// Text returns a message of the text.
func Text(data []byte) *Message { return newMessage(wireText, data) }

func newMessage(first byte, data []byte) *Message {
	b := append(make([]byte, 0, 10+len(data)), first)
	switch n := len(data); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return &Message{wire: append(b, data...), size: len(data)}
}

// control reports whether it is none of the page's messages but the socket's.
func (m *Message) control() bool { return m.wire[0]&8 != 0 }
