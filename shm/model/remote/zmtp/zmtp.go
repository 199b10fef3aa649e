// Package zmtp is as much of ZMTP 3, the protocol of ZeroMQ's sockets on the wire
// (rfc.zeromq.org/spec/23 and 37), as one REQ or REP socket with one peer needs: the
// greeting without security (NULL), the handshake, and messages of a few frames.
//
//	conn, err := zmtp.Dial(ctx, "127.0.0.1:9000", zmtp.Options{})
//	...
//	err = conn.Send([]byte("density"))
//	frames, err := conn.Recv(ctx, wait, nil)
//
// Nothing of what a peer says is believed: every length has a bound, memory is taken
// only as bytes arrive, and every read and write has a deadline. It starts no
// goroutines, reconnects to nothing and queues nothing; a connection on which
// something went wrong is closed and another one made.
package zmtp

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"

	"webmon/fault"
	"webmon/natural"
)

// Options bound what a peer may do.
type Options struct {
	// Message is the most bytes of a message: 1 MiB.
	Message int
	// Handshake is how long connecting and the handshake may take: 5 s.
	Handshake time.Duration
	// May is asked by Dial before it connects to an address of the peer, with own not valid,
	// and again before it sends the first byte, with its own end. Its error ends Dial and is
	// what Dial returns. nil: nobody is asked.
	May func(peer, own netip.AddrPort) error
}

func (o *Options) defaults() {
	if o.Message <= 0 {
		o.Message = 1 << 20
	}
	if o.Handshake <= 0 {
		o.Handshake = 5 * time.Second
	}
}

const (
	maxFrames   = 16      // of a message
	maxCommand  = 4096    // bytes of a command
	maxCommands = 64      // before one message
	readAhead   = 1 << 20 // bytes that are taken before any has arrived
	// slice is how often a wait for a message looks whether its context is done.
	slice = 100 * time.Millisecond
	// writeTimeout is for a peer that takes nothing any more.
	writeTimeout = 5 * time.Second
)

// The flags of a frame.
const (
	flagMore    = 1
	flagLong    = 2
	flagCommand = 4
)

// ErrProtocol is what every error wraps that says that the peer does not speak ZMTP as
// it should.
var ErrProtocol = errors.New("this is not ZeroMQ as super_hydro speaks it")

func protocolError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrProtocol, fmt.Sprintf(format, args...))
}

// Conn is a connection after its handshake. It is for one goroutine at a time;
// Close may be called by any.
type Conn struct {
	c    net.Conn
	r    *bufio.Reader
	w    []byte
	opts Options
}

// Dial connects to a REP socket as a REQ socket.
func Dial(ctx context.Context, addr string, o Options) (*Conn, error) {
	o.defaults()
	ctx, cancel := context.WithTimeout(ctx, o.Handshake)
	defer cancel()
	var dialer net.Dialer
	var mu sync.Mutex // guards denied: addresses of two families are tried at once
	var denied error
	if o.May != nil {
		dialer.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			peer, err := netip.ParseAddrPort(address)
			if err == nil {
				err = o.May(plain(peer), netip.AddrPort{})
			}
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				denied = err
			}
			return err
		}
	}
	c, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		mu.Lock()
		defer mu.Unlock()
		return nil, cmp.Or(denied, err)
	}
	if o.May != nil {
		peer, own := c.RemoteAddr().(*net.TCPAddr), c.LocalAddr().(*net.TCPAddr)
		if err := o.May(plain(peer.AddrPort()), plain(own.AddrPort())); err != nil {
			_ = c.Close()
			return nil, err
		}
	}
	return open(ctx, c, o, "REQ", "REP", "ROUTER")
}

// plain is an address of version 4 also where it is written as one of version 6.
func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// Accept is the REP side's part of a connection that has just come in: for tests,
// because webmon itself only dials. It closes c where it fails.
func Accept(ctx context.Context, c net.Conn, o Options) (*Conn, error) {
	o.defaults()
	ctx, cancel := context.WithTimeout(ctx, o.Handshake)
	defer cancel()
	return open(ctx, c, o, "REP", "REQ", "DEALER")
}

func open(ctx context.Context, c net.Conn, o Options, own string, peers ...string) (*Conn, error) {
	conn := &Conn{c: c, r: bufio.NewReaderSize(c, 64<<10), opts: o}
	deadline, _ := ctx.Deadline()
	_ = c.SetDeadline(deadline)
	// A read knows nothing of contexts: one that is done closes the connection.
	stop := context.AfterFunc(ctx, fault.Func(func() { _ = c.Close() }, func(error) {}))
	err := conn.handshake(own, peers)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = c.Close()
		if cause := ctx.Err(); cause != nil {
			err = cause
		}
		return nil, err
	}
	return conn, c.SetDeadline(time.Time{})
}

// greetingBytes are those of a greeting: a signature of ten, the version, the
// mechanism in twenty, who is the server, and filler.
const greetingBytes = 64

func greeting() []byte {
	g := make([]byte, greetingBytes)
	g[0], g[9] = 0xff, 0x7f
	g[10] = 3 // version 3.0, which every newer one can speak
	copy(g[12:], "NULL")
	return g
}

// CheckGreeting says what is wrong with a peer's greeting.
func CheckGreeting(g []byte) error {
	switch {
	case len(g) != greetingBytes, g[0] != 0xff, g[9]&1 != 1:
		return protocolError("the greeting is another one")
	case g[10] < 3:
		return protocolError("it speaks version %d of ZMTP; ZeroMQ 4 or later is needed", g[10])
	}
	mechanism := strings.TrimRight(string(g[12:32]), "\x00")
	if mechanism != "NULL" {
		return protocolError("it wants the security mechanism %q, and only NULL (none) can be had", printable(mechanism))
	}
	return nil
}

func (c *Conn) handshake(own string, peers []string) error {
	if _, err := c.c.Write(greeting()); err != nil {
		return err
	}
	var g [greetingBytes]byte
	// The signature first: whatever else answers may never say sixty-four bytes.
	if _, err := io.ReadFull(c.r, g[:1]); err != nil {
		return err
	}
	if g[0] != 0xff {
		return protocolError("the greeting is another one")
	}
	if _, err := io.ReadFull(c.r, g[1:]); err != nil {
		return err
	}
	if err := CheckGreeting(g[:]); err != nil {
		return err
	}
	if err := c.write(flagCommand, ready(own)); err != nil {
		return err
	}
	flags, n, err := c.head()
	if err != nil {
		return err
	}
	if flags&flagCommand == 0 || n > maxCommand {
		return protocolError("the handshake has no READY")
	}
	body, err := c.body(nil, n)
	if err != nil {
		return err
	}
	name, data, err := ParseCommand(body)
	if err != nil {
		return err
	}
	switch name {
	case "READY":
	case "ERROR":
		return protocolError("it refuses: %s", printable(reason(data)))
	default:
		return protocolError("the handshake has the command %q in the place of READY", printable(name))
	}
	meta, err := ParseMetadata(data)
	if err != nil {
		return err
	}
	for _, peer := range peers {
		if meta["socket-type"] == peer {
			return nil
		}
	}
	return protocolError("its socket is of the type %q, not %s", printable(meta["socket-type"]), peers[0])
}

func ready(socket string) []byte {
	b := append([]byte{5}, "READY"...)
	b = append(append(b, 11), "Socket-Type"...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(socket)))
	b = append(b, socket...)
	if socket == "REQ" {
		b = append(append(b, 8), "Identity"...)
		b = append(b, 0, 0, 0, 0)
	}
	return b
}

// ParseCommand splits the body of a command into its name and its data.
func ParseCommand(b []byte) (name string, data []byte, err error) {
	if len(b) == 0 || len(b) < 1+int(b[0]) || b[0] == 0 {
		return "", nil, protocolError("a command without a name")
	}
	return string(b[1 : 1+b[0]]), b[1+b[0]:], nil
}

// ParseMetadata reads the properties of a READY command, by their names in small
// letters.
func ParseMetadata(b []byte) (map[string]string, error) {
	out := map[string]string{}
	for len(b) > 0 {
		n := 1 + int(b[0])
		if n == 1 || len(b) < n+4 {
			return nil, protocolError("a property of the handshake is cut off")
		}
		size := binary.BigEndian.Uint32(b[n:])
		if uint64(size) > uint64(len(b)-n-4) {
			return nil, protocolError("a property of the handshake is cut off")
		}
		out[strings.ToLower(string(b[1:n]))] = string(b[n+4 : n+4+int(size)])
		b = b[n+4+int(size):]
	}
	return out, nil
}

func reason(data []byte) string {
	if len(data) == 0 || len(data) < 1+int(data[0]) {
		return "it does not say why"
	}
	return string(data[1 : 1+data[0]])
}

// printable is what is shown of a text that a peer sent.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	return natural.Short(s, 80)
}

// Close closes the connection.
func (c *Conn) Close() error { return c.c.Close() }

// Addr is the peer's.
func (c *Conn) Addr() net.Addr { return c.c.RemoteAddr() }

// Send sends the frames as one message, with the empty frame before them that REQ
// and REP put around what is said.
func (c *Conn) Send(frames ...[]byte) error {
	c.w = appendFrame(c.w[:0], flagMore, nil)
	for i, f := range frames {
		flags := byte(flagMore)
		if i == len(frames)-1 {
			flags = 0
		}
		c.w = appendFrame(c.w, flags, f)
	}
	return c.flush()
}

func (c *Conn) write(flags byte, body []byte) error {
	c.w = appendFrame(c.w[:0], flags, body)
	return c.flush()
}

func (c *Conn) flush() error {
	_ = c.c.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := c.c.Write(c.w)
	return err
}

func appendFrame(b []byte, flags byte, body []byte) []byte {
	if len(body) > 255 {
		b = binary.BigEndian.AppendUint64(append(b, flags|flagLong), uint64(len(body)))
	} else {
		b = append(b, flags, byte(len(body)))
	}
	return append(b, body...)
}

// Wait bounds a wait for a message.
type Wait struct {
	// For is how long the message may take to begin, and again to be there.
	For time.Duration
	// After is how long it may still take once the context is done.
	After time.Duration
	// Waiting is called about ten times a second while nothing comes, and says whether
	// to go on; may be nil.
	Waiting func(since time.Duration) bool
}

// Recv reads a message, without the empty frame before it. It uses the memory of
// into, which may be nil: what it returned the last time. The error is a
// [context] one if ctx was done, and a net.Error that says Timeout if nothing came.
func (c *Conn) Recv(ctx context.Context, w Wait, into [][]byte) ([][]byte, error) {
	if err := c.await(ctx, w); err != nil {
		return nil, err
	}
	_ = c.c.SetReadDeadline(time.Now().Add(w.For))
	return c.message(into)
}

// await waits until there is something to read, which a read that is cut short by a
// deadline does not take away.
func (c *Conn) await(ctx context.Context, w Wait) error {
	if c.r.Buffered() > 0 {
		return nil
	}
	began, end := time.Now(), time.Now().Add(w.For)
	done := ctx.Done()
	for {
		select {
		case <-done:
			if last := time.Now().Add(w.After); last.Before(end) {
				end = last
			}
			done = nil
		default:
		}
		next := time.Now().Add(slice)
		if end.Before(next) {
			next = end
		}
		_ = c.c.SetReadDeadline(next)
		_, err := c.r.Peek(1)
		var timeout net.Error
		switch {
		case err == nil:
			return nil
		case !errors.As(err, &timeout) || !timeout.Timeout():
			return err
		case !time.Now().Before(end):
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return err
		case w.Waiting != nil && !w.Waiting(time.Since(began)):
			return err
		}
	}
}

// message reads the frames of a message. Commands before it are dealt with.
func (c *Conn) message(into [][]byte) (frames [][]byte, err error) {
	into = into[:cap(into)] // what is beyond its length has memory, too
	frames = into[:0]
	left, first, commands := c.opts.Message, true, 0
	for {
		flags, n, err := c.head()
		if err != nil {
			return nil, err
		}
		if flags&flagCommand != 0 {
			if commands++; n > maxCommand || commands > maxCommands {
				return nil, protocolError("it sends commands without end")
			}
			if err := c.command(n); err != nil {
				return nil, err
			}
			continue
		}
		if n > uint64(left) {
			return nil, protocolError("a message has more than %d bytes", c.opts.Message)
		}
		left -= int(n)
		if first {
			if n != 0 || flags&flagMore == 0 {
				return nil, protocolError("a message lacks the empty frame that begins it")
			}
			first = false
			continue
		}
		if len(frames) == maxFrames {
			return nil, protocolError("a message has more than %d frames", maxFrames)
		}
		var dst []byte
		if i := len(frames); i < len(into) {
			dst = into[i]
		}
		body, err := c.body(dst[:0], n)
		if err != nil {
			return nil, err
		}
		frames = append(frames, body)
		if flags&flagMore == 0 {
			return frames, nil
		}
	}
}

// command answers a ping, and reports a peer that gives up.
func (c *Conn) command(n uint64) error {
	body, err := c.body(nil, n)
	if err != nil {
		return err
	}
	name, data, err := ParseCommand(body)
	if err != nil {
		return err
	}
	switch name {
	case "PING":
		// The first two bytes are for how long it will wait, the rest comes back.
		pong := append([]byte{4}, "PONG"...)
		if len(data) > 2 {
			pong = append(pong, data[2:min(len(data), 18)]...)
		}
		return c.write(flagCommand, pong)
	case "ERROR":
		return protocolError("it gives up: %s", printable(reason(data)))
	}
	return nil
}

// head reads the flags and the length of a frame.
func (c *Conn) head() (flags byte, n uint64, err error) {
	var b [9]byte
	if _, err := io.ReadFull(c.r, b[:2]); err != nil {
		return 0, 0, err
	}
	flags = b[0]
	if flags&^(flagMore|flagLong|flagCommand) != 0 || flags&flagCommand != 0 && flags&flagMore != 0 {
		return 0, 0, protocolError("a frame has the flags %#x", flags)
	}
	if flags&flagLong == 0 {
		return flags, uint64(b[1]), nil
	}
	if _, err := io.ReadFull(c.r, b[2:]); err != nil {
		return 0, 0, err
	}
	return flags, binary.BigEndian.Uint64(b[1:]), nil
}

// body appends n bytes to dst, as they arrive: a length alone takes no memory.
func (c *Conn) body(dst []byte, n uint64) ([]byte, error) {
	if dst == nil {
		dst = []byte{}
	}
	for n > 0 {
		part := min(n, uint64(max(cap(dst)-len(dst), len(dst), readAhead)))
		at := len(dst)
		if cap(dst)-at < int(part) {
			dst = append(make([]byte, 0, at+int(part)), dst...)
		}
		dst = dst[:at+int(part)]
		if _, err := io.ReadFull(c.r, dst[at:]); err != nil {
			return nil, err
		}
		n -= part
	}
	return dst, nil
}
