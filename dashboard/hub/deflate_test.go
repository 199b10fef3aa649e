package hub_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard/budget"
	"webmon/dashboard/hub"
)

// wired is a browser whose frames are read as they are on the wire.
type wired struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
	n    int // messages that came
}

// wire connects a browser over a line. deflates says that it takes compressed messages, and far that it is on another machine.
func (p *pipes) wire(line path, deflates, far bool) *wired {
	near, end := net.Pipe()
	down, up := line.wrap(end, p.done.Go), path{delay: line.delay}.wrap(near, p.done.Go)
	p.done.Go(func() {
		defer down.Close()
		r := bufio.NewReader(down)
		req, err := http.ReadRequest(r)
		if err != nil {
			p.t.Error(err)
			return
		}
		upgrader := websocket.Upgrader{EnableCompression: deflates}
		conn, err := upgrader.Upgrade(hijacked{down, r}, req, nil)
		if err != nil {
			p.t.Error(err)
			return
		}
		ctx := p.ctx
		if deflates {
			ctx = hub.Deflating(ctx, far)
		}
		p.hub.Serve(ctx, conn)
	})
	w := &wired{t: p.t, conn: up, r: bufio.NewReader(up)}
	fmt.Fprint(up, "GET / HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n")
	res, err := http.ReadResponse(w.r, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if got := res.Header.Get("Sec-WebSocket-Extensions"); (got != "") != deflates {
		p.t.Fatalf("the server answers the extensions with %q", got)
	}
	return w
}

// send sends the payload of a text, compressed before if rsv is set.
func (w *wired) send(payload []byte, rsv bool) {
	first := byte(0x81)
	if rsv {
		first |= 0x40
	}
	b := []byte{first}
	if len(payload) < 126 {
		b = append(b, 0x80|byte(len(payload)))
	} else {
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(len(payload)))
	}
	w.conn.Write(append(append(b, 0, 0, 0, 0), payload...)) // an error shows in what does not come
}

func (w *wired) say(text string) { w.send([]byte(text), false) }

// next returns the next text but the statistics, how many bytes its payload had on the wire, and whether it was compressed.
func (w *wired) next() (text string, size int, packed bool, err error) {
	for {
		head := make([]byte, 2)
		if _, err := io.ReadFull(w.r, head); err != nil {
			return "", 0, false, err
		}
		n := uint64(head[1])
		if n >= 126 {
			long := make([]byte, map[uint64]int{126: 2, 127: 8}[n])
			if _, err := io.ReadFull(w.r, long); err != nil {
				return "", 0, false, err
			}
			n = 0
			for _, b := range long {
				n = n<<8 | uint64(b)
			}
		}
		payload := make([]byte, n)
		if _, err := io.ReadFull(w.r, payload); err != nil {
			return "", 0, false, err
		}
		switch packed = head[0]&0x40 != 0; head[0] & 0x0f {
		case 8:
			return "", 0, false, fmt.Errorf("closed with %d", binary.BigEndian.Uint16(payload))
		case 9:
			w.conn.Write([]byte{0x8a, 0x80, 0, 0, 0, 0})
			continue
		}
		w.n++
		w.say(fmt.Sprintf(`{"type":"ack","n":%d}`, w.n))
		text = string(payload)
		if packed {
			plain, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(payload), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff"))))
			if err != nil {
				w.t.Error(err)
			}
			text = string(plain)
		}
		if !strings.HasPrefix(text, `{"topic":"stats"`) {
			return text, int(n), packed, nil
		}
	}
}

// arrival is a text that came.
type arrival struct {
	text   string
	size   int
	packed bool
}

// listen reads all that comes, until the connection ends.
func (p *pipes) listen(w *wired) <-chan arrival {
	texts := make(chan arrival, 100)
	p.done.Go(func() {
		defer close(texts)
		for {
			text, size, packed, err := w.next()
			if err != nil {
				return
			}
			texts <- arrival{text, size, packed}
		}
	})
	return texts
}

// Texts are compressed for browsers that take it and whose lines are slow, once for all of them.
func TestTextsOverSlowLines(t *testing.T) {
	var topic *hub.Topic
	all := budget.New(64 << 20)
	opts := hub.Options{Budget: all, Open: func(opened *hub.Topic) error { topic = opened; return nil }}
	slow, fast := path{rate: 5e6 / 8, delay: 50 * time.Millisecond}, path{rate: 1e9, delay: 50 * time.Microsecond}
	inPipes(t, opts, func(p *pipes) {
		type browser struct {
			*wired
			texts        <-chan arrival
			name         string
			first, later bool // compressed: with the answer to the first ping, and when its line is known
		}
		browsers := []browser{
			{p.wire(slow, true, true), nil, "far, slow", true, true},
			{p.wire(slow, true, true), nil, "far, slow, too", true, true},
			{p.wire(slow, true, false), nil, "through a tunnel, slow", true, true},
			{p.wire(slow, false, false), nil, "takes none", false, false},
			{p.wire(fast, true, true), nil, "far, fast", false, false},
			{p.wire(fast, true, false), nil, "on this machine", false, false},
		}
		defer func() {
			for _, b := range browsers {
				b.conn.Close()
			}
		}()
		for i, b := range browsers {
			b.say(`{"type":"watch","topics":["a/table"]}`)
			browsers[i].texts = p.listen(b.wired)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		expect := func(text string, when string, packed func(b browser) bool) (sizes map[bool]int) {
			t.Helper()
			sizes = map[bool]int{}
			for _, b := range browsers {
				got := <-b.texts
				if got.text != text {
					t.Fatalf("%s, %s: got %d bytes, want %d", b.name, when, len(got.text), len(text))
				}
				if got.packed != packed(b) {
					t.Errorf("%s, %s: compressed: %v, want %v", b.name, when, got.packed, packed(b))
				}
				sizes[got.packed] = got.size
			}
			return sizes
		}
		row := func(i int) string {
			return fmt.Sprintf(`{"topic":"a/table","row":%d,"cells":"%s"}`, i, strings.Repeat("a cell, ", 200))
		}

		before := all.Browsers.Used()
		topic.Publish(text(row(0)))
		sizes := expect(row(0), "at first", func(b browser) bool { return b.first })
		if sizes[true] == 0 || sizes[true] > sizes[false]/4 {
			t.Errorf("%d bytes became %d", sizes[false], sizes[true])
		}
		// What is kept is the text and, once for all browsers, its compressed form; each has a head.
		if kept, want := int(all.Browsers.Used()-before), sizes[true]+sizes[false]; kept < want || kept > want+32 {
			t.Errorf("%d bytes are kept, want %d with their heads", kept, want)
		}
		for i := 1; i < 30; i++ { // until all lines are known
			topic.Publish(text(row(i)))
			for _, b := range browsers {
				if got := <-b.texts; got.text != row(i) {
					t.Fatal(b.name, got)
				}
			}
			time.Sleep(200 * time.Millisecond)
		}
		topic.Publish(text(row(30)))
		expect(row(30), "later", func(b browser) bool { return b.later })
		// What would not get smaller, or is short, stays as it is.
		topic.Publish(text(`{"topic":"a/table"}`))
		expect(`{"topic":"a/table"}`, "a short one", func(browser) bool { return false })
	})
}

// A page's compressed messages are read, and bounded as they are when they are unpacked.
func TestCompressedMessagesOfPages(t *testing.T) {
	pack := func(text string) []byte {
		var out bytes.Buffer
		w, _ := flate.NewWriter(&out, 9)
		io.WriteString(w, text)
		w.Flush()
		return bytes.TrimSuffix(out.Bytes(), []byte{0, 0, 0xff, 0xff})
	}
	said := func(text string) string { return `{"type":"said","text":"` + text + `"}` }
	most := 16<<10 - len(said(""))
	for _, test := range []struct {
		name string
		text string
		ok   bool
	}{
		{"a short one", said("hello"), true}, {"the longest", said(strings.Repeat("x", most)), true},
		{"one letter more", said(strings.Repeat("x", most+1)), false}, {"a bomb", said(strings.Repeat("x", 8<<20)), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var heard []string
			kinds := map[string]func(any, []byte) error{"said": func(_ any, b []byte) error { heard = append(heard, string(b)); return nil }}
			inPipes(t, hub.Options{Kinds: kinds}, func(p *pipes) {
				w := p.wire(path{}, true, true)
				defer w.conn.Close()
				payload := pack(test.text)
				if len(payload) > 16<<10 {
					t.Fatalf("the message has %d bytes, and would be refused as it is", len(payload))
				}
				w.send(payload, true)
				synctest.Wait()
				if test.ok {
					if len(heard) != 1 || heard[0] != test.text {
						t.Errorf("%d messages were heard", len(heard))
					}
					return
				}
				if _, _, _, err := w.next(); err == nil || len(heard) > 0 {
					t.Errorf("the connection goes on (%v), and %d messages were heard", err, len(heard))
				}
			})
		})
	}
}
