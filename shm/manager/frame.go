package manager

import (
	"fmt"
	"io"
	"net"

	"webmon/shm/pickle"
)

// framer reads and writes frames over one connection. It is not safe for
// concurrent use.
type framer struct {
	nc       net.Conn
	ack      *quickAck
	out      []byte // frames not yet written
	in       []byte // received; in[r:w] is unread
	r, w     int
	kept     bool              // somebody holds a part of in: it must not be overwritten
	received uint64            // bytes of frames read, headers included
	roomy    func(n int) error // asked before a frame of n bytes is read; nil: there is room
}

func newFramer(nc net.Conn) framer { return framer{nc: nc, ack: newQuickAck(nc)} }

func (f *framer) writeFrame(b []byte) error {
	f.appendFrame(b)
	return f.flush()
}

func (f *framer) appendFrame(b []byte) {
	at := len(f.out)
	f.out = append(append(f.out, 0, 0, 0, 0), b...)
	_ = finishFrame(f.out, at) // far below the limit
}

func (f *framer) flush() error {
	_, err := f.nc.Write(f.out)
	f.out = f.out[:0]
	if cap(f.out) > keepBuffer {
		f.out = nil
	}
	return err
}

const (
	readBuffer = 64 << 10 // bytes read at once
	keepBuffer = 4 << 20  // larger buffers are given back after use
	firstGrow  = 1 << 20  // bytes allocated on a header's word alone
)

// readFrame returns the next frame, which is valid until the next read. The length
// in a header is not trusted: memory grows with the bytes that arrive.
func (f *framer) readFrame(limit int) ([]byte, error) {
	if err := f.fill(4); err != nil {
		return nil, err
	}
	n, head, err := frameLength(f.in[f.r:f.w])
	if err != nil {
		return nil, err
	}
	if head == longHeader {
		if err := f.fill(longHeader); err != nil {
			return nil, err
		}
		n, _, err = frameLength(f.in[f.r:f.w])
		if err != nil {
			return nil, err
		}
	}
	if n > uint64(limit) {
		return nil, fmt.Errorf("a frame of %d bytes, %d are allowed: %w", n, limit, pickle.ErrLimit)
	}
	if f.roomy != nil {
		if err := f.roomy(int(n)); err != nil {
			return nil, err
		}
	}
	if err := f.fill(head + int(n)); err != nil {
		return nil, err
	}
	frame := f.in[f.r+head : f.r+head+int(n) : f.r+head+int(n)]
	f.r += head + int(n)
	f.received += uint64(head) + n
	return frame, nil
}

// fill reads until n unread bytes are there.
func (f *framer) fill(n int) error {
	for f.w-f.r < n {
		f.room(n)
		f.ack.now()
		m, err := f.nc.Read(f.in[f.w:])
		f.w += m
		if m == 0 && err != nil {
			if err == io.EOF && f.w > f.r {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// room makes space behind in[w], for up to n unread bytes in all.
func (f *framer) room(n int) {
	unread := f.w - f.r
	if unread == 0 && !f.kept {
		f.r, f.w = 0, 0
		if cap(f.in) > keepBuffer && n < keepBuffer {
			f.in = nil
		}
	}
	const worthReading = 4096
	free := len(f.in) - f.w
	if free > 0 && len(f.in)-f.r >= n || free >= worthReading {
		return
	}
	if !f.kept && len(f.in) >= n {
		copy(f.in, f.in[f.r:f.w])
		f.r, f.w = 0, unread
		return
	}
	want := max(n, readBuffer)
	if want > firstGrow { // believe four times what has come
		want = min(want, max(firstGrow, 4*unread))
	}
	in := make([]byte, want)
	copy(in, f.in[f.r:f.w])
	f.in, f.r, f.w, f.kept = in, 0, unread, false
}
