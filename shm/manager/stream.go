package manager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"webmon/shm/pickle"
)

// Stream is a connection over which each request is a message, and each answer a head and
// the bytes that the head announces. There is no pickle in it. One request can be under way
// at a time. After an error that wraps ErrGone the stream is dead for good.
type Stream struct {
	conn *Conn

	mu   sync.Mutex // held during a request
	used bool       // a request has been answered
}

// maxHead is the most bytes that the head of an answer has.
const maxHead = 1 << 20

// OpenStream makes a connection that serves what the manager knows by a name. An error is as
// those of Open; a manager that knows no such thing gives a [*RemoteError].
func (c *Client) OpenStream(ctx context.Context, name string) (*Stream, error) {
	conn, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.call(ctx, c.opt.CallTimeout, nil, name, nil); err != nil {
		conn.Close()
		return nil, fmt.Errorf("manager at %s: open a stream of %s: %w", c.addr, name, err)
	}
	return &Stream{conn: conn}, nil
}

// Close closes the stream at once. A request under way fails.
func (s *Stream) Close() error { return s.conn.Close() }

// Used reports whether a request has been answered over the stream.
func (s *Stream) Used() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

// Ask sends a request and reads the answer within wait. head gets the head of the answer,
// which is valid until it returns, and says how many bytes follow. They are read into dst,
// which grows as needed, but no faster than the bytes arrive. An error of head kills the
// stream, because what follows is not read; any other error wraps ErrGone.
func (s *Stream) Ask(ctx context.Context, wait time.Duration, request []byte, head func(b []byte) (n int, err error), dst []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead != nil {
		return nil, c.gone("ask", c.dead)
	}
	if err := c.watch(ctx, time.Now().Add(wait)); err != nil {
		return nil, c.fail(ctx, nil, "ask", err)
	}
	if err := c.writeFrame(request); err != nil {
		return nil, c.fail(ctx, nil, "ask", err)
	}
	start, before := time.Now(), c.received
	b, err := c.readFrame(maxHead)
	if err != nil {
		return nil, c.fail(ctx, nil, "ask", err)
	}
	n, err := head(b)
	if err != nil {
		c.dead = err
		c.nc.Close()
		return nil, err
	}
	dst = dst[:0]
	if n > 0 {
		if dst, err = c.readInto(dst, n); err != nil {
			return nil, c.fail(ctx, nil, "ask", err)
		}
	}
	s.used = true
	c.client.calls.Add(1)
	c.client.bytes.Add(c.received - before)
	c.client.waiting.Add(int64(time.Since(start)))
	return dst, nil
}

// readInto reads a frame of n bytes into dst, which grows with the bytes that arrive.
func (f *framer) readInto(dst []byte, n int) ([]byte, error) {
	if err := f.fill(4); err != nil {
		return nil, err
	}
	got, head, err := frameLength(f.in[f.r:f.w])
	if err == nil && head == longHeader {
		if err = f.fill(longHeader); err == nil {
			got, _, err = frameLength(f.in[f.r:f.w])
		}
	}
	switch {
	case err != nil:
		return nil, err
	case got != uint64(n):
		return nil, fmt.Errorf("a frame of %d bytes where %d were announced: %w", got, n, pickle.ErrInvalid)
	}
	f.r += head
	here := min(n, f.w-f.r)
	dst = append(dst[:0], f.in[f.r:f.r+here]...)
	f.r += here
	f.received += uint64(head) + got
	for len(dst) < n {
		if len(dst) == cap(dst) {
			more := make([]byte, len(dst), min(n, max(firstGrow, 4*len(dst))))
			copy(more, dst)
			dst = more
		}
		f.ack.now()
		m, err := f.nc.Read(dst[len(dst):min(n, cap(dst))])
		dst = dst[:len(dst)+m]
		if m == 0 && err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return dst, nil
}
