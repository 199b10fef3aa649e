// Package fakepage speaks as webmon's page does on its socket, without a browser: for tests and benchmarks of what
// reaches browsers over lines of all kinds.
//
//	page, err := fakepage.Open(fakepage.Options{Address: "10.213.0.1:8000", Token: token, Topics: topics, Dial: wire.Far.Dial})
//	for p := range page.Pictures() { ... }
//
// It acknowledges as public/js/acks.js does: parts and large messages as they arrive, and again when they are handled;
// small ones every 100 ms.
package fakepage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Options are what a page is.
type Options struct {
	Address  string                                              // host:port of webmon
	Token    string                                              // "": none is asked for
	Dial     func(network, address string) (net.Conn, error)     // nil: net.Dial
	Topics   []string                                            // what the page shows
	Takes    []string                                            // which pictures it reads; nil for exact ones as a whole
	Exact    bool                                                // it asks for exact pictures alone
	Rate     float64                                             // bytes a second that it wants at most; 0: as the line carries
	Look     *[2]float64                                         // the contrast limits of its pictures; nil: it says none
	Text     func(received time.Time, topic string, text []byte) // is called with each frame of JSON; text is valid until it returns
	Handling func(*Picture)                                      // takes as long as the page would to decode and paint; nil: nothing
}

// All is what webmon's page takes.
var All = []string{"parts", "packed", "jpeg"}

// Page is a connection. Close ends it.
type Page struct {
	opts     Options
	conn     *websocket.Conn
	pictures chan *Picture
	ended    chan struct{} // closed when the connection has

	write sync.Mutex // held while something is sent

	mu       sync.Mutex // guards what follows
	acks     acks
	counts   Counts
	err      error // why it ended
	handling sync.WaitGroup
}

// Counts are what has come to a page.
type Counts struct {
	Bytes    int64 // of the messages, heads included
	Messages int64
	Parts    int64
	Pictures int64
	GivenUp  int64 // pictures of which some parts came
}

// room is how many pictures wait for who reads Pictures; the oldest goes when there are more.
const room = 16

// Open connects.
func Open(opts Options) (*Page, error) {
	dial := opts.Dial
	if dial == nil {
		dial = net.Dial
	}
	counted := &counter{}
	dialer := websocket.Dialer{
		NetDial: func(network, address string) (net.Conn, error) {
			conn, err := dial("tcp4", address)
			if err != nil {
				return nil, err
			}
			counted.Conn = conn
			return counted, nil
		},
		HandshakeTimeout: 30 * time.Second, ReadBufferSize: 64 << 10, EnableCompression: true,
	}
	header := http.Header{}
	if opts.Token != "" {
		header.Set("Authorization", "Bearer "+opts.Token)
	}
	conn, response, err := dialer.Dial("ws://"+opts.Address+"/ws", header)
	if err != nil {
		if response != nil {
			err = fmt.Errorf("%w: %s", err, response.Status)
		}
		return nil, fmt.Errorf("fakepage: %w", err)
	}
	p := &Page{opts: opts, conn: conn, pictures: make(chan *Picture, room), ended: make(chan struct{})}
	p.acks = acks{send: p.say, wake: make(chan struct{}, 1), ended: p.ended}
	if err := p.Watch(opts.Topics...); err != nil {
		conn.Close()
		return nil, err
	}
	if opts.Look != nil {
		for _, topic := range opts.Topics {
			if err := p.Look(topic, opts.Look[0], opts.Look[1]); err != nil {
				conn.Close()
				return nil, err
			}
		}
	}
	go p.acks.run()
	go p.read(counted)
	return p, nil
}

// counter counts what is read of a connection.
type counter struct {
	net.Conn
	n int64 // for one goroutine
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.n += int64(n)
	return n, err
}

// Watch says what the page shows from now on.
func (p *Page) Watch(topics ...string) error {
	m := map[string]any{"type": "watch", "topics": topics, "keep": true}
	if p.opts.Takes != nil {
		m["takes"] = p.opts.Takes
		m["pictures"] = map[bool]string{false: "auto", true: "exact"}[p.opts.Exact]
	}
	if p.opts.Rate > 0 {
		m["rate"] = p.opts.Rate
	}
	return p.Say(m)
}

// Look says with which contrast limits the page draws a topic.
func (p *Page) Look(topic string, low, high float64) error {
	return p.Say(map[string]any{"type": "look", "topic": topic, "low": low, "high": high})
}

// Set gives a control a value, as a hand that drags it does.
func (p *Page) Set(source, name string, value any, n uint64) error {
	return p.Say(map[string]any{"type": "set", "source": source, "name": name, "value": value, "hand": "0a1b2c3d4e5f", "n": n})
}

// Say sends a message.
func (p *Page) Say(m any) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return p.say(text)
}

func (p *Page) say(text []byte) error {
	p.write.Lock()
	defer p.write.Unlock()
	return p.conn.WriteMessage(websocket.TextMessage, text)
}

// Pictures are those that have come. The channel is closed when the connection has ended.
func (p *Page) Pictures() <-chan *Picture { return p.pictures }

// Counts are what has come so far.
func (p *Page) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts
}

// Close ends the connection, and returns what was wrong with it before.
func (p *Page) Close() error {
	p.conn.Close()
	<-p.ended
	p.handling.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	var closed *websocket.CloseError
	if errors.Is(p.err, net.ErrClosed) || errors.As(p.err, &closed) {
		return nil
	}
	return p.err
}

// read takes what comes.
func (p *Page) read(counted *counter) {
	defer close(p.pictures)
	defer p.handling.Wait()
	defer close(p.ended)
	var whole wholes
	work := newest{handle: p.handle}
	for {
		kind, b, err := p.conn.ReadMessage()
		now := time.Now()
		if err == nil {
			err = p.take(kind, b, now, &whole, &work)
		}
		p.mu.Lock()
		p.counts.Bytes = counted.n
		p.counts.GivenUp = whole.givenUp
		if err != nil {
			p.err = err
		}
		p.mu.Unlock()
		if err != nil {
			p.conn.Close()
			return
		}
	}
}

func (p *Page) take(kind int, b []byte, now time.Time, whole *wholes, work *newest) error {
	p.mu.Lock()
	p.counts.Messages++
	p.mu.Unlock()
	if kind == websocket.TextMessage {
		if p.opts.Text != nil {
			var head struct{ Topic string }
			_ = json.Unmarshal(b, &head) // HTML has none
			p.opts.Text(now, head.Topic, b)
		}
		if len(b) >= largeMessage {
			p.acks.arrived()(0)
		} else {
			p.acks.handled()
		}
		return nil
	}
	size := len(b)
	if bytes.HasPrefix(b, []byte("WMP1")) {
		p.mu.Lock()
		p.counts.Parts++
		p.mu.Unlock()
		joined, n, err := whole.take(b)
		if err != nil {
			return err
		}
		if joined == nil {
			p.acks.put()
			return nil
		}
		b, size = joined, n
	}
	picture, err := read(b)
	if err != nil {
		return err
	}
	picture.Received, picture.Wire = now, size
	p.mu.Lock()
	p.counts.Pictures++
	p.mu.Unlock()
	work.take(picture, p.acks.arrived(), &p.handling)
	return nil
}

// largeMessage is from how many bytes a message is told as it arrives.
const largeMessage = 16 << 10

// handle is what a page does with a picture.
func (p *Page) handle(picture *Picture) {
	if p.opts.Handling != nil {
		p.opts.Handling(picture)
	}
	picture.Handled = time.Now()
	for {
		select {
		case p.pictures <- picture:
			return
		default:
		}
		select {
		case <-p.pictures: // nobody reads them: the oldest goes
		default:
		}
	}
}

// newest handles one picture at a time of each topic; of those that come meanwhile the newest waits.
type newest struct {
	handle func(*Picture)
	mu     sync.Mutex // guards what follows
	topics map[string]*queued
}

type queued struct {
	running bool
	picture *Picture
	done    func(ts float64)
}

func (n *newest) take(picture *Picture, done func(ts float64), all *sync.WaitGroup) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.topics == nil {
		n.topics = map[string]*queued{}
	}
	q := n.topics[picture.Topic]
	if q == nil {
		q = &queued{}
		n.topics[picture.Topic] = q
	}
	if q.picture != nil {
		q.done(0) // it is overtaken
	}
	q.picture, q.done = picture, done
	if q.running {
		return
	}
	q.running = true
	all.Go(func() {
		for {
			n.mu.Lock()
			picture, done := q.picture, q.done
			q.picture, q.done = nil, nil
			if picture == nil {
				q.running = false
				n.mu.Unlock()
				return
			}
			n.mu.Unlock()
			n.handle(picture)
			done(picture.TS)
		}
	})
}
