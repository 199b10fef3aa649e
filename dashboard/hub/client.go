package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard/frame"
	"webmon/dashboard/line"
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

	subs atomic.Pointer[subs] // written under hub.mu
	line *line.Line           // what the connection carries

	since    time.Time
	who      atomic.Pointer[string] // the name that the page gives its visitor
	takes    atomic.Uint32          // which pictures the page can read, a line.Set
	parts    atomic.Bool            // the page can read a picture that comes in parts
	exact    atomic.Bool            // somebody wants exact pictures, whatever the line carries
	limit    atomic.Uint64          // bytes a second that somebody allows, 0: as the line carries
	measured atomic.Bool            // the first pings have been answered, see ponged
	asks     atomic.Bool            // another ping is due at once
	pinged   atomic.Int64           // when the last ping went out that was not answered, ns since since; 0: none

	second        atomic.Bool // another second has passed
	full          atomic.Bool // the next frame waits for an acknowledgement
	held          atomic.Bool // the next picture waits for an acknowledgement; text does not
	deflates, far bool        // see Deflating

	stuck   atomic.Bool         // the socket has not taken all of a message yet
	sent    atomic.Uint64       // messages, including the one that is being sent
	acked   atomic.Uint64       // messages the page says it has received
	painted atomic.Uint64       // messages the page says it has handled
	bytes   atomic.Uint64       // of messages that were sent
	flight  flight              // of pictures
	skipped atomic.Uint64       // frames it never got
	paint   atomic.Int64        // last time from stamp to paint, ns
	under   atomic.Int64        // bytes of the whole that have not been sent; see whole
	refines atomic.Pointer[sub] // whose whole is sent for a picture that the page has with losses; nil: none
	pace    pace                // of bytes

	sampled time.Time // when paint was measured; of the reader
	answers int       // to the first pings; of the reader

	writing sync.Mutex // guards all below, and writing to conn
	wire    *wire
	turn    int      // index of the topic that is next to be looked at
	rest    []byte   // of a message that the socket has not taken yet
	restOf  *Message // that message
	broken  error    // why writing failed; nothing is written after that
	whole   whole
	wholes  uint32      // ever begun
	later   *time.Timer // wakes the writer when a limit allows more; nil: not needed so far
}

// subs are the places of a browser in the topics that it watches. It is never changed, only replaced.
type subs struct{ all, texts, pictures []*sub }

func (c *client) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Serve talks to one browser until it is gone, ctx is done or it breaks the
// protocol. It closes conn, and returns why the browser is gone.
func (h *Hub) Serve(ctx context.Context, conn *websocket.Conn) error {
	now := time.Now()
	c := &client{hub: h, conn: conn, ctx: ctx, wake: make(chan struct{}, 1), wire: newWire(conn.NetConn()), line: line.New(now), since: now}
	c.subs.Store(&subs{})
	c.reads(nil)
	if is, ok := ctx.Value(deflatingKey{}).(deflating); ok {
		c.deflates, c.far = true, is.far
	}
	// The server's deadlines for requests must not end the socket.
	c.broken = conn.NetConn().SetDeadline(time.Time{})
	h.mu.Lock()
	h.clients[c] = struct{}{}
	h.browsers.Add(1)
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
	return err
}

// leave forgets a browser that is gone.
func (h *Hub) leave(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.clients[c]; ok {
		delete(h.clients, c)
		h.browsers.Add(-1)
		h.stats.sent.Add(c.sent.Load())
		h.stats.bytes.Add(c.bytes.Load())
	}
	if h.opts.Watching != nil {
		h.call("watching", "", func() { h.opts.Watching(c, "", nil) })
	}
	for _, s := range c.subs.Load().all {
		h.drop(s)
	}
	c.subs.Store(&subs{})
}

// end ends writing to a browser that is gone.
func (c *client) end() {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.broken == nil {
		c.broken = net.ErrClosed
	}
	c.took()
	c.giveUp()
	if c.later != nil {
		c.later.Stop()
	}
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
	// The first answer tells what line it is before the first picture.
	if c.ping() != nil {
		return
	}
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
		if c.asks.Swap(false) && c.ping() != nil {
			return
		}
		if !c.second.Swap(false) {
			continue
		}
		second.Reset(c.hub.statsEvery())
		now := time.Now()
		c.pace.look(now, c.bytes.Load())
		if now.Sub(pinged) >= o.PingEvery {
			pinged = now
			if c.ping() != nil {
				return
			}
		}
		if c.say(c.stats(), o.WriteTimeout) != nil {
			return
		}
	}
}

// ping asks for an answer that a browser gives at once, whatever the page does.
func (c *client) ping() error {
	c.pinged.CompareAndSwap(0, max(1, int64(time.Since(c.since))))
	return c.say(newMessage(wirePing, nil), c.hub.opts.WriteTimeout)
}

// ponged takes that answer. A first round trip that is short, but not that of a fast line, may be one of this machine in a busy moment:
// then it asks twice more before the first picture is written for a line that it does not have.
func (c *client) ponged() {
	at := c.pinged.Swap(0)
	if at == 0 {
		return
	}
	now := time.Now()
	took := now.Sub(c.since) - time.Duration(at)
	c.line.RoundTrip(now, took)
	if c.measured.Load() {
		return
	}
	c.answers++
	if c.answers < firstPings && took < closeBy && !c.line.State(now).Fast {
		c.asks.Store(true)
	} else {
		c.measured.Store(true) // its first picture has waited for that
	}
	c.signal()
}

// tick says that another second has passed.
func (c *client) tick() {
	c.second.Store(true)
	c.signal()
}

// push sends what the browser has not got yet, as far as the socket takes it at
// once. all says whether pictures are sent too: copying one takes too long for a
// goroutine that has other browsers to serve.
func (c *client) push(all bool, now time.Time) {
	if !c.writing.TryLock() {
		c.signal() // another goroutine is writing, and may not have seen what is new
		return
	}
	if !c.pushed(all, now) {
		c.signal()
	}
}

// pushed reports whether the browser has it all. It gives back writing. If it panics,
// this browser is left: whoever publishes has others to serve.
func (c *client) pushed(all bool, now time.Time) (done bool) {
	defer c.writing.Unlock()
	defer func() {
		if p := recover(); p != nil {
			c.broken = fault.Of(p)
			c.hub.opts.Faults.Note("browser", "pushing", c.broken)
		}
	}()
	done = c.flush(all, now)
	return done && c.rest == nil && c.broken == nil
}

// catchUp sends what the browser has not got yet.
func (c *client) catchUp() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	for {
		c.drain(c.hub.opts.WriteTimeout)
		if c.flush(true, time.Now()); c.rest == nil {
			return c.broken
		}
	}
}

// say sends a message ahead of all frames, even when the window is full.
func (c *client) say(m *Message, limit time.Duration) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.drain(limit)
	c.send(m, false, time.Now())
	c.drain(limit)
	return c.broken
}

// flush sends what the browser has not got yet, until it has all of it, there is no room on its line, or its socket takes no
// more: in turn one message of each topic of text, and one picture or a part of one. done is false if there are
// large texts that were left because all is false; pictures are not looked at then. writing must be held, here and in all methods below.
func (c *client) flush(all bool, now time.Time) (done bool) {
	done = true
	for c.rest == nil && c.broken == nil {
		subs := c.subs.Load()
		wrote, whole := c.flushText(subs.texts, all, now)
		done = done && whole
		if all && c.flushPicture(subs.pictures, now) {
			wrote = true
		}
		if !wrote {
			break
		}
		if all {
			now = time.Now() // copying pictures takes time
		}
	}
	return done
}

// flushText sends at most one message of each topic. It begins after the topic where it stopped last, so that no topic waits for
// ever behind one that always has something new.
func (c *client) flushText(subs []*sub, all bool, now time.Time) (wrote, done bool) {
	done = true
	for range subs {
		if c.rest != nil || c.broken != nil || c.busy(now) {
			return wrote, done
		}
		c.turn = (c.turn + 1) % len(subs)
		s := subs[c.turn]
		laden := c.laden()
		m, skipped, left := s.take(all && !laden, !c.deflates || !c.slow(now))
		if left {
			if all || laden {
				c.hold()
			} else {
				done = false
			}
			continue
		}
		c.skip(skipped)
		if m != nil {
			size := m.size
			c.send(m, size >= atOnce && m.of == nil, now)
			if size >= big && m.of == nil {
				c.flight.add(c.sent.Load(), size, now, nil)
			}
			wrote = true
		}
	}
	return wrote, done
}

// skip counts frames that the browser never got.
func (c *client) skip(n uint64) {
	if n > 0 {
		c.skipped.Add(n)
		c.hub.stats.skipped.Add(n)
	}
}

// busy reports whether there is no room for text. If so, the next acknowledgement sends
// what is left.
func (c *client) busy(now time.Time) bool {
	if c.line.TextRoom(now) {
		return false
	}
	// An acknowledgement continues sending only if full is set, so it has to be
	// set before the last look.
	c.full.Store(true)
	if !c.line.TextRoom(now) {
		return true
	}
	c.full.Store(false)
	return false
}

// laden reports whether as many pictures are under way and not painted as may be.
func (c *client) laden() bool {
	return c.flight.laden(c.acked.Load(), c.painted.Load(), uint64(c.hub.opts.Bytes), len(c.subs.Load().pictures))
}

// offer calls Options.Ready for the topics whose owners wait for a browser that
// can take a picture, if this one can.
func (c *client) offer() {
	for _, s := range c.subs.Load().pictures {
		if t := s.topic; t.awaited.Load() && s.ready(time.Now()) && t.awaited.Swap(false) && c.hub.opts.Ready != nil {
			c.hub.call("topic", t.name, func() { c.hub.opts.Ready(t) })
		}
	}
}

// send gives the socket as much of a message as it takes at once. There must
// be no rest of another message. The message is released once it is written. prompt says that the page
// acknowledges it as soon as it has it.
func (c *client) send(m *Message, prompt bool, now time.Time) {
	m = c.spare(m, now)
	if c.broken != nil {
		m.release()
		return
	}
	if !m.control() {
		// Before it is written: the page may acknowledge it at once, and must not
		// acknowledge more than there is.
		if m.of == nil {
			c.count(m, prompt, now)
		}
		for _, one := range m.of {
			c.count(one, false, now)
		}
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

// count says that a message is about to be sent.
func (c *client) count(m *Message, prompt bool, now time.Time) {
	c.sent.Add(1)
	size := len(m.wire)
	if prompt && !c.parts.Load() {
		// It acknowledges pictures once they are painted, so they say nothing of the line, and must not keep text away.
		prompt, size = false, 0
	}
	c.line.Sent(now, size, prompt)
	c.bytes.Add(uint64(m.size))
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

// A page acknowledges text within usualAck, unless it is told to take longer: reading acknowledgements costs as much as writing
// frames. mostAck is the longest.
const usualAck, mostAck = 100 * time.Millisecond, 500 * time.Millisecond

// ackEvery is within what time pages acknowledge text: all together at most 7500 times a second.
func (h *Hub) ackEvery() time.Duration {
	const most = 7500 // a second
	return min(max(usualAck, (time.Duration(h.browsers.Load())*time.Second/most).Truncate(10*time.Millisecond)), mostAck)
}

// statsEvery is the time between two statistics of a browser: a second, or longer where there are very many. A page counts a connection as dead
// after 8 s without a word.
func (h *Hub) statsEvery() time.Duration {
	return min(max(time.Second, 10*h.ackEvery()), 3*time.Second)
}

// stats is what a browser is told about its own connection, once a second:
//
//	{"topic": "stats", "ts", "drops": frames that it never got, "latency_ms": from the stamp of a frame to its paint,
//	 "ack_ms": within what time it is to acknowledge text, if not within the usual,
//	 "rate": bytes a second that its line carries, 0 if that is not known, "pictures": {topic: why it comes with losses, ...}}
//
// The last two are there only while it has pictures with losses.
func (c *client) stats() *Message {
	w := frame.Begin(make([]byte, 0, 96), "stats", time.Now())
	w.Key("drops").Uint(c.skipped.Load())
	w.Key("latency_ms").Micros(c.paint.Load() / 1e3)
	every := c.hub.ackEvery()
	c.line.AckEvery(every)
	if every > usualAck {
		w.Key("ack_ms").Int(every.Milliseconds())
	}
	c.losses(&w)
	return Text(w.End())
}

// read handles what the page sends, until the connection ends.
func (c *client) read() error {
	alive := c.alive()
	c.conn.SetReadLimit(maxMessage)
	c.conn.SetReadDeadline(time.Now().Add(alive))
	c.conn.SetPongHandler(func(string) error {
		c.ponged()
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
		n, err := readAll(r, buf[:])
		if err != nil {
			buffers.Put(buf)
			if errors.Is(err, errLong) {
				_ = c.say(newMessage(wireClose, websocket.FormatCloseMessage(websocket.CloseMessageTooBig, "")), time.Second)
			}
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
			c.hearOut()
			return err
		}
		if err != nil && !c.hub.opts.Faults.Note("message", "", err) {
			// A message that makes no sense does not end the connection.
			c.hub.opts.Logger.Debug("message from a page ignored", "error", err)
		}
	}
}

// hearOut reads what the page has still to say, for a second at most, and forgets it. A connection that is closed with words
// unread is reset, and then the page never reads why.
func (c *client) hearOut() {
	c.conn.SetReadDeadline(time.Now().Add(time.Second))
	for {
		if _, _, err := c.conn.NextReader(); err != nil {
			return
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
		c.wishes(&m)
		c.hub.watch(c, m.Who, m.Topics, m.Keep)
	case "look":
		c.look(m.Topic, m.Low, m.High)
	case "ack":
		done := m.N
		if m.D != nil {
			done = *m.D
		}
		return c.ack(m.N, done, m.TS)
	default:
		if kind := c.hub.opts.Kinds[m.Type]; kind != nil {
			return kind(c, b)
		}
	}
	return nil
}

// reads notes which pictures the page can read, as the words of its message say.
func (c *client) reads(words []string) {
	takes := line.SetOf(line.AsIs)
	parts := false
	for _, word := range words {
		switch word {
		case "parts":
			parts = true
		case "packed":
			takes = takes.With(line.Squeezed)
		case "jpeg":
			takes |= line.All &^ line.Lossless
		}
	}
	c.parts.Store(parts)
	c.takes.Store(uint32(takes))
}

// wishes notes what a page that watches says of its pictures.
func (c *client) wishes(m *pageMessage) {
	c.reads(m.Takes)
	c.exact.Store(m.Pictures == "exact")
	limit := 0.0
	if m.Rate > 0 {
		limit = max(min(m.Rate, mostLimit), leastLimit)
	}
	c.limit.Store(uint64(limit))
	c.line.Limit(limit)
}

// leastLimit and mostLimit bound the rate that somebody may allow, in bytes a second.
const leastLimit, mostLimit = 4 << 10, 1 << 40

// ack notes that the page has received n messages and handled done of them, and painted the frame of ts: ms
// since the epoch, 0 for none. Only the reader calls it.
func (c *client) ack(n, done uint64, ts float64) error {
	if sent := c.sent.Load(); n > sent || done > n {
		return fmt.Errorf("%w: %d and %d of %d", errAck, n, done, sent)
	}
	now := time.Now()
	news := false
	if n > c.acked.Load() {
		c.acked.Store(n)
		c.line.Received(now, n)
		c.flight.received(n, now)
		news = true
	}
	if done > c.painted.Load() {
		c.painted.Store(done)
		c.flight.done(done, now)
		news = true
	}
	if news {
		full, held := c.full.Load() && c.full.Swap(false), c.held.Load() && c.held.Swap(false)
		if full || held {
			c.push(true, now)
		}
		c.offer()
	}
	if ts > 0 && now.Sub(c.sampled) >= latencyEvery {
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
	Type     string   `json:"type"`
	Topics   []string `json:"topics"`   // watch: all topics the page shows
	Keep     bool     `json:"keep"`     // watch: the page still shows what it was sent of them before
	Who      string   `json:"who"`      // watch: a random name of the page's visitor
	Takes    []string `json:"takes"`    // watch: which pictures the page can read: "parts", "packed", "jpeg"; without them, exact ones as a whole
	Pictures string   `json:"pictures"` // watch: "exact", or "auto": as the line carries
	Rate     float64  `json:"rate"`     // watch: bytes a second at most; 0: as the line carries
	N        uint64   `json:"n"`        // ack: messages received since the connection opened
	D        *uint64  `json:"d"`        // ack: of these, messages handled and painted; without it, n
	TS       float64  `json:"ts"`       // ack: the "ts" of the last frame painted, ms since the epoch
	Topic    string   `json:"topic"`    // look: a topic of pictures
	Low      float64  `json:"low"`      // look: the value that the page draws black
	High     float64  `json:"high"`     // look: the value that the page draws white
}

const ackPrefix, ackDone, ackStamp = `{"type":"ack","n":`, `,"d":`, `,"ts":`

// parse reads a message of the page. Acknowledgements come tens of times a
// second from each browser, so those that look as the page writes them are read
// without the JSON decoder.
func parse(b []byte) (pageMessage, error) {
	if m, ok := parseAck(b); ok {
		return m, nil
	}
	var m pageMessage
	err := json.Unmarshal(b, &m)
	return m, err
}

func parseAck(b []byte) (m pageMessage, ok bool) {
	rest, ok := bytes.CutPrefix(b, []byte(ackPrefix))
	if !ok {
		return m, false
	}
	m.Type = "ack"
	if m.N, rest, ok = digits(rest); !ok {
		return m, false
	}
	if after, has := bytes.CutPrefix(rest, []byte(ackDone)); has {
		var d uint64
		if d, rest, ok = digits(after); !ok {
			return m, false
		}
		m.D = &d
	}
	if string(rest) == "}" {
		return m, true
	}
	after, has := bytes.CutPrefix(rest, []byte(ackStamp))
	if !has || len(after) < 2 || after[len(after)-1] != '}' {
		return m, false
	}
	var err error
	m.TS, err = strconv.ParseFloat(string(after[:len(after)-1]), 64)
	return m, err == nil
}

// digits reads the whole number that b begins with.
func digits(b []byte) (n uint64, rest []byte, ok bool) {
	i := 0
	for i < len(b) && i < 18 && b[i] >= '0' && b[i] <= '9' {
		n = n*10 + uint64(b[i]-'0')
		i++
	}
	return n, b[i:], i > 0
}
