//go:build unix

package hub

import (
	"errors"
	"net"
	"syscall"
)

// wire writes to a socket without waiting for it.
type wire struct {
	raw syscall.RawConn
	try func(fd uintptr) bool // made once, so that no frame allocates one

	// What try writes, and its result.
	b   []byte
	n   int
	err error
}

// newWire returns nil for a connection that cannot do that.
func newWire(conn net.Conn) *wire {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	w := &wire{raw: raw}
	w.try = func(fd uintptr) bool {
		for {
			w.n, w.err = writeFD(fd, w.b)
			if !errors.Is(w.err, syscall.EINTR) {
				return true // never wait, whatever the socket answers
			}
		}
	}
	return w
}

// write writes as much of b as the socket takes at once and returns how much
// that was.
func (w *wire) write(b []byte) (int, error) {
	if w == nil {
		return 0, nil
	}
	w.b = b
	err := w.raw.Write(w.try)
	w.b = nil
	switch {
	case err != nil:
		return 0, err
	case errors.Is(w.err, syscall.EAGAIN):
		return 0, nil
	case w.err != nil:
		return max(0, w.n), w.err
	}
	return w.n, nil
}
