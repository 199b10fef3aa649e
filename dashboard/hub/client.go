package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard/frame"
	"webmon/fault"
)

// latencyEvery is how often a browser's acknowledgement is taken as a sample.
const latencyEvery = 250 * time.Millisecond

// client is one browser's connection. The goroutine that has something for the
// browser writes it itself: the one that publishes a frame, or the one that reads
// the acknowledgement for which a frame has waited. Waking another goroutine for
// each frame and browser would cost as much as the writing. These writes never
// block. What the socket does not take at once is left to the client's own
// goroutine, which may wait.
type client struct {
	hub  *Hub
	conn *websocket.Conn
	ctx  context.Context // of Serve: says whose browser it is
	wake chan struct{}   // capacity one: there may be something to do for write

	subs atomic.Pointer[[]*sub] // written under hub.mu

	second  atomic.Bool   // another second has passed
	full    atomic.Bool   // the next frame waits for an acknowledgement
	held    atomic.Bool   // the next picture waits for an acknowledgement; text does not
	stuck   atomic.Bool   // the socket has not taken all of a message yet
	sent    atomic.Uint64 // messages, including the one that is being sent
	acked   atomic.Uint64 // messages the page says it has handled
	flight  flight        // of pictures
	skipped atomic.Uint64 // frames it never got
	paint   atomic.Int64  // last time from stamp to paint, ns

	sampled time.Time // when paint was measured; of the reader

	writing sync.Mutex // guards all below, and writing to conn
	wire    *wire
	turn    int      // index of the topic that is next to be looked at
	rest    []byte   // of a message that the socket has not taken yet
	restOf  *Message // that message
	broken  error    // why writing failed; nothing is written after that
}

func (c *client) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Serve talks to one browser until it is gone, ctx is done or it breaks the
// protocol. It closes conn.
func (h *Hub) Serve(ctx context.Context, conn *websocket.Conn) {
	c := &client{hub: h, conn: conn, ctx: ctx, wake: make(chan struct{}, 1), wire: newWire(conn.NetConn())}
	c.subs.Store(&[]*sub{})
	// The server's deadlines for requests must not end the socket.
	c.broken = conn.NetConn().SetDeadline(time.Time{})
	h.mu.Lock()
	h.clients[c] = struct{}{}
	h.mu.Unlock()

	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(ctx, c.signal)()
	var writing sync.WaitGroup
	fault.Go(&writing, func() {
		defer conn.Close() // wakes the reader
		c.write(ctx)
	}, h.opts.Faults.Noted("browser", "writing"))
	err := fault.Catch(c.read)
	h.opts.Faults.Note("browser", "reading", err)
	cancel()
	writing.Wait()
	h.opts.Logger.Debug("browser left", "error", err)
	h.leave(c)
	c.end()
}

// leave forgets a browser that is gone.
func (h *Hub) leave(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.clients, c)
	if h.opts.Watching != nil {
		h.call("watching", "", func() { h.opts.Watching(c, "", nil) })
	}
	for _, s := range *c.subs.Load() {
		h.drop(s)
	}
	c.subs.Store(&[]*sub{})
}

// end ends writing to a browser that is gone.
func (c *client) end() {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.broken == nil {
		c.broken = net.ErrClosed
	}
	c.took()
}

// write does what may have to wait for the browser, and what is due each second.
// It waits for one channel only, because a select of several is expensive.
func (c *client) write(ctx context.Context) {
	o := &c.hub.opts
	if o.Greeting != nil && c.say(Text(o.Greeting()), o.WriteTimeout) != nil {
		return
	}
	second := time.AfterFunc(time.Second, c.tick)
	defer second.Stop()
	pinged := time.Now()
	for {
		<-c.wake
		if ctx.Err() != nil {
			// 1012, service restart: the page then connects again by itself.
			m, code := c.hub.farewell.Load(), websocket.CloseServiceRestart
			var last *Last
			if errors.As(context.Cause(ctx), &last) {
				m, code = last.Message, last.Code
			}
			if m != nil {
				_ = c.say(m, time.Second) // an error: the browser is gone already
			}
			_ = c.say(newMessage(wireClose, websocket.FormatCloseMessage(code, "")), time.Second)
			return
		}
		if c.catchUp() != nil {
			return
		}
		c.offer()
		if !c.second.Swap(false) {
			continue
		}
		second.Reset(time.Second)
		if now := time.Now(); now.Sub(pinged) >= o.PingEvery {
			pinged = now
			if c.say(newMessage(wirePing, nil), o.WriteTimeout) != nil {
				return
			}
		}
		if c.say(c.stats(), o.WriteTimeout) != nil {
			return
		}
	}
}

// tick says that another second has passed.
func (c *client) tick() {
	c.second.Store(true)
	c.signal()
}

// push sends what the browser has not got yet, as far as the socket takes it at
// once. all says whether pictures are sent too: copying one takes too long for a
// goroutine that has other browsers to serve.
func (c *client) push(all bool) {
	if !c.writing.TryLock() {
		c.signal() // another goroutine is writing, and may not have seen what is new
		return
	}
	if !c.pushed(all) {
		c.signal()
	}
}

// pushed reports whether the browser has it all. It gives back writing. If it panics,
// this browser is left: whoever publishes has others to serve.
func (c *client) pushed(all bool) (done bool) {
	defer c.writing.Unlock()
	defer func() {
		if p := recover(); p != nil {
			c.broken = fault.Of(p)
			c.hub.opts.Faults.Note("browser", "pushing", c.broken)
		}
	}()
	done = c.flush(all)
	return done && c.rest == nil && c.broken == nil
}

// catchUp sends what the browser has not got yet.
func (c *client) catchUp() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	for {
		c.drain(c.hub.opts.WriteTimeout)
		if c.flush(true); c.rest == nil {
			return c.broken
		}
	}
}

// say sends a message ahead of all frames, even when the window is full.
func (c *client) say(m *Message, limit time.Duration) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.drain(limit)
	c.send(m)
	c.drain(limit)
	return c.broken
}

// flush sends one message of each topic in turn until the browser has all of
// them, its window is full, or its socket takes no more. It begins after the
// topic where it stopped last, so that no topic waits for ever behind one that
// always has something new. done is false if there are pictures that were left
// because pictures is false. writing must be held, here and in all methods below.
func (c *client) flush(pictures bool) (done bool) {
	done = true
	for idle := 0; ; {
		subs := *c.subs.Load()
		if idle >= len(subs) || c.rest != nil || c.broken != nil || c.busy() {
			return done
		}
		c.turn = (c.turn + 1) % len(subs)
		s := subs[c.turn]
		idle++
		laden := c.laden()
		m, skipped, left := s.take(pictures && !laden)
		if left {
			if pictures || laden {
				c.hold()
			} else {
				done = false
			}
			continue
		}
		if skipped > 0 {
			c.skipped.Add(skipped)
			c.hub.stats.skipped.Add(skipped)
		}
		if m != nil {
			c.send(m)
			s.last.Store(c.sent.Load())
			idle = 0
		}
	}
}

// busy reports whether the window is full. If so, the next acknowledgement sends
// what is left.
func (c *client) busy() bool {
	if !c.windowFull() {
		return false
	}
	// An acknowledgement continues sending only if full is set, so it has to be
	// set before the last look.
	c.full.Store(true)
	if c.windowFull() {
		return true
	}
	c.full.Store(false)
	return false
}

// hold makes the next acknowledgement send the picture that was left.
func (c *client) hold() {
	c.held.Store(true)
	if !c.laden() { // it has come meanwhile
		c.held.Store(false)
		c.signal()
	}
}

// windowFull reports whether as many messages are under way as may be: Window of
// them, or a third of that a topic on a page that shows many.
func (c *client) windowFull() bool {
	acked, sent := c.acked.Load(), c.sent.Load()
	window := c.hub.opts.Window
	window = max(window, window*len(*c.subs.Load())/3)
	return sent-min(sent, acked) >= uint64(window)
}

// laden reports whether as many bytes of pictures are unacknowledged as may be.
func (c *client) laden() bool { return c.flight.laden(c.acked.Load(), uint64(c.hub.opts.Bytes)) }

// offer calls Options.Ready for the topics whose owners wait for a browser that
// can take a frame, if this one can.
func (c *client) offer() {
	for _, s := range *c.subs.Load() {
		if t := s.topic; t.awaited.Load() && s.ready() && t.awaited.Swap(false) && c.hub.opts.Ready != nil {
			c.hub.call("topic", t.name, func() { c.hub.opts.Ready(t) })
		}
	}
}

// flight is a ring of the last big messages that were sent. One goroutine at a
// time adds to it.
type flight struct {
	n  atomic.Uint64 // how many there were
	at [16]struct {
		number, size atomic.Uint64
	}
}

func (f *flight) add(number uint64, size int) {
	n := f.n.Load()
	slot := &f.at[n%uint64(len(f.at))]
	slot.number.Store(number)
	slot.size.Store(uint64(size))
	f.n.Store(n + 1)
}

// laden reports whether the messages that are not acknowledged have at least
// that many bytes. It takes two of them, so that the browser can receive one
// while it paints the other.
func (f *flight) laden(acked, enough uint64) bool {
	n := f.n.Load()
	under, size := 0, uint64(0)
	for i := uint64(1); i <= n; i++ {
		if under == len(f.at) {
			return true
		}
		slot := &f.at[(n-i)%uint64(len(f.at))]
		if slot.number.Load() <= acked {
			break
		}
		under++
		size += slot.size.Load()
	}
	return under >= 2 && size >= enough
}

// send gives the socket as much of a message as it takes at once. There must
// be no rest of another message. The message is released once it is written.
func (c *client) send(m *Message) {
	if c.broken != nil {
		m.release()
		return
	}
	if !m.control() {
		// Before it is written: the page may acknowledge it at once, and must not
		// acknowledge more than there is.
		sent := c.sent.Add(1)
		if m.size >= big {
			c.flight.add(sent, m.size)
		}
		c.hub.stats.sent.Add(1)
		c.hub.stats.bytes.Add(uint64(m.size))
	}
	n, err := c.wire.write(m.wire)
	if err != nil {
		c.broken = err
		m.release()
		return
	}
	if n < len(m.wire) {
		c.rest, c.restOf = m.wire[n:], m
		c.stuck.Store(true)
		if m.free == nil { // it is kept for this browser alone once there is a newer one
			c.hub.opts.Budget.Browsers.Add(int64(len(m.wire)))
			if m.size >= big && c.hub.opts.Budget.Browsers.Over() > 0 {
				c.broken = errNoRoom
				c.hub.opts.Budget.Browsers.Refused()
			}
		}
		return
	}
	m.release()
}

var (
	errNoRoom = errors.New("the browser reads too slowly, and there is no room for what waits for it")
	errAck    = errors.New("the page acknowledges messages that it was not sent")
)

// took forgets the rest of a message after the socket has taken it.
func (c *client) took() {
	if c.rest == nil {
		return
	}
	if c.restOf.free == nil {
		c.hub.opts.Budget.Browsers.Give(int64(len(c.restOf.wire)))
	}
	c.restOf.release()
	c.rest, c.restOf = nil, nil
	c.stuck.Store(false)
}

// piece is how many bytes a browser must take within WriteTimeout. A whole
// picture of many megabytes may take longer on a slow line, although the browser
// reads all the time.
const piece = 256 << 10

// drain waits until the socket has taken the rest of a message.
func (c *client) drain(limit time.Duration) {
	if c.rest == nil || c.broken != nil {
		return
	}
	defer c.took()
	nc := c.conn.NetConn()
	patient := limit >= c.hub.opts.WriteTimeout
	end := time.Now().Add(limit)
	var err error
	for rest := c.rest; len(rest) > 0 && err == nil; {
		part := rest
		if patient && len(rest) > piece {
			part = rest[:piece]
		}
		if err = nc.SetWriteDeadline(end); err == nil {
			_, err = nc.Write(part)
		}
		if rest = rest[len(part):]; patient && len(rest) > 0 {
			// A browser that takes a long message is there, even if it answers no ping.
			now := time.Now()
			end = now.Add(limit)
			_ = nc.SetReadDeadline(now.Add(c.alive())) // if the connection is closed, the write fails too
		}
	}
	if err == nil {
		err = nc.SetWriteDeadline(time.Time{}) // otherwise the deadline would end later writes
	}
	c.broken = err
}

// alive is how long the browser may be silent.
func (c *client) alive() time.Duration { return 4 * c.hub.opts.PingEvery }

// stats is what a browser is told about its own connection, once a second.
func (c *client) stats() *Message {
	w := frame.Begin(make([]byte, 0, 96), "stats", time.Now())
	w.Key("drops").Uint(c.skipped.Load())
	w.Key("latency_ms").Micros(c.paint.Load() / 1e3)
	return Text(w.End())
}

// read handles what the page sends, until the connection ends.
func (c *client) read() error {
	alive := c.alive()
	c.conn.SetReadLimit(maxMessage)
	c.conn.SetReadDeadline(time.Now().Add(alive))
	c.conn.SetPongHandler(func(string) error {
		return c.conn.SetReadDeadline(time.Now().Add(alive))
	})
	// The connection's own answers would be written between the bytes of a frame.
	c.conn.SetPingHandler(func(data string) error {
		return c.say(newMessage(wirePong, []byte(data)), c.hub.opts.WriteTimeout)
	})
	c.conn.SetCloseHandler(func(code int, _ string) error {
		_ = c.say(newMessage(wireClose, websocket.FormatCloseMessage(code, "")), time.Second) // it is leaving anyway
		return nil
	})
	for {
		_, r, err := c.conn.NextReader()
		if err != nil {
			return err
		}
		if err := c.ctx.Err(); err != nil {
			return err // what it says does not count any more
		}
		buf := buffers.Get().(*[maxMessage]byte)
		n, err := io.ReadFull(r, buf[:])
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			buffers.Put(buf)
			return err
		}
		err = c.take(buf[:n])
		buffers.Put(buf)
		if errors.Is(err, errAck) {
			// What is under way to a browser is bounded by what it acknowledges.
			c.hub.stats.refused.Add(1)
			c.hub.opts.Budget.Browsers.Refused()
			c.hub.opts.Logger.Warn("browser sent away", "error", err)
			_ = c.say(newMessage(wireClose, websocket.FormatCloseMessage(websocket.ClosePolicyViolation, err.Error())), time.Second)
			return err
		}
		if err != nil && !c.hub.opts.Faults.Note("message", "", err) {
			// A message that makes no sense does not end the connection.
			c.hub.opts.Logger.Debug("message from a page ignored", "error", err)
		}
	}
}

var buffers = sync.Pool{New: func() any { return new([maxMessage]byte) }}

// take does what a message of the page says. If that panics, only the message is lost.
func (c *client) take(b []byte) (err error) {
	defer fault.Into(&err)
	m, err := parse(b)
	if err != nil {
		return err
	}
	switch m.Type {
	case "watch":
		c.hub.watch(c, m.Who, m.Topics, m.Keep)
	case "ack":
		return c.ack(m.N, m.TS)
	default:
		if kind := c.hub.opts.Kinds[m.Type]; kind != nil {
			return kind(c, b)
		}
	}
	return nil
}

// ack notes that the page has handled n messages, and painted the frame of ts: ms
// since the epoch, 0 for none. Only the reader calls it.
func (c *client) ack(n uint64, ts float64) error {
	if n > c.sent.Load() {
		return fmt.Errorf("%w: %d of %d", errAck, n, c.sent.Load())
	}
	if n > c.acked.Load() {
		c.acked.Store(n)
		c.hub.stats.acked.Add(1)
		full, held := c.full.Load() && c.full.Swap(false), c.held.Load() && c.held.Swap(false)
		if full || held {
			c.push(true)
		}
		c.offer()
	}
	if now := time.Now(); ts > 0 && now.Sub(c.sampled) >= latencyEvery {
		c.sampled = now
		d := time.Duration((float64(now.UnixMicro())/1e3 - ts) * 1e6)
		if d >= 0 && d < time.Minute {
			c.paint.Store(int64(d))
			c.hub.latency.add(d)
		}
	}
	return nil
}

// pageMessage is what a page says that concerns the hub.
type pageMessage struct {
	Type   string   `json:"type"`
	Topics []string `json:"topics"` // watch: all topics the page shows
	Keep   bool     `json:"keep"`   // watch: the page still shows what it was sent of them before
	N      uint64   `json:"n"`      // ack: messages handled since the connection opened
	TS     float64  `json:"ts"`     // ack: the "ts" of the last frame painted, ms since the epoch
	Who    string   `json:"who"`    // watch: a random name of the page's visitor
}

const ackPrefix = `{"type":"ack","n":`

// parse reads a message of the page. Acknowledgements come tens of times a
// second from each browser, so those that look as the page writes them are read
// without the JSON decoder.
func parse(b []byte) (pageMessage, error) {
	if len(b) > len(ackPrefix) && string(b[:len(ackPrefix)]) == ackPrefix {
		rest := b[len(ackPrefix):]
		i := 0
		var n uint64
		for i < len(rest) && i < 18 && rest[i] >= '0' && rest[i] <= '9' {
			n = n*10 + uint64(rest[i]-'0')
			i++
		}
		if i > 0 {
			rest = rest[i:]
			if string(rest) == "}" {
				return pageMessage{Type: "ack", N: n}, nil
			}
			const ts = `,"ts":`
			if len(rest) > len(ts) && string(rest[:len(ts)]) == ts && rest[len(rest)-1] == '}' {
				if f, err := strconv.ParseFloat(string(rest[len(ts):len(rest)-1]), 64); err == nil {
					return pageMessage{Type: "ack", N: n, TS: f}, nil
				}
			}
		}
	}
	var m pageMessage
	err := json.Unmarshal(b, &m)
	return m, err
}
