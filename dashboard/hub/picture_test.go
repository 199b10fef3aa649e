package hub_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard/hub"
)

// picture is a binary message of n bytes that begins with its number.
func picture(number, n int) *hub.Message {
	b := make([]byte, n)
	binary.LittleEndian.PutUint64(b, uint64(number))
	return copied(b)
}

// receive returns the next message but the statistics, without acknowledging
// it: a text, or "picture 7" for a picture.
func (p *page) receive() string {
	p.b.t.Helper()
	p.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		kind, data, err := p.conn.ReadMessage()
		if err != nil {
			p.b.t.Fatal(err)
		}
		p.n++
		if kind == websocket.BinaryMessage {
			return "picture " + strconv.FormatUint(binary.LittleEndian.Uint64(data), 10)
		}
		if !strings.HasPrefix(string(data), `{"topic":"stats"`) {
			return string(data)
		}
	}
}

// A message is the same on the wire whatever its length, copied or lent.
func TestBinaryArrivesAsItWas(t *testing.T) {
	b := start(t, hub.Options{})
	p := b.page()
	p.watch("a/picture")
	topic := b.topic("a/picture")
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 3 << 20} {
		want := bytes.Repeat([]byte{0x5a, 7, 0}, n/3+1)[:n]
		buf := append(make([]byte, hub.Headroom), want...)
		for _, m := range []*hub.Message{copied(want), hub.Lend(buf, nil)} {
			if m.Size() != n {
				t.Errorf("a message of %d bytes says it has %d", n, m.Size())
			}
			topic.Publish(m)
			p.conn.SetReadDeadline(time.Now().Add(patience))
			for {
				kind, got, err := p.conn.ReadMessage()
				if err != nil {
					t.Fatal(err)
				}
				p.n++
				if kind == websocket.TextMessage {
					continue // the statistics
				}
				if !bytes.Equal(got, want) {
					t.Errorf("of %d bytes %d arrived, or others", n, len(got))
				}
				break
			}
			p.ack()
		}
	}
}

// A browser that acknowledges nothing is sent two large messages and no more,
// but still its text; with the acknowledgement the newest follows.
func TestPicturesDoNotStarveText(t *testing.T) {
	topics := map[string]*hub.Topic{}
	inPipes(t, hub.Options{Bytes: 1 << 20, Open: func(topic *hub.Topic) error {
		topics[topic.Name()] = topic
		if topic.Name() == "pictures/1" {
			topic.Pictures()
		}
		return nil
	}}, func(p *pipes) {
		for _, name := range []string{"a/large", "pictures/1"} {
			page := p.page(`"topics":["` + name + `","a/text"]`)
			large, texts := topics[name], topics["a/text"]
			publish := func(i int) {
				if m := picture(i, 1<<20); name == "a/large" {
					large.Publish(m)
				} else {
					large.Paint(hub.AsIs(m), time.Now())
				}
			}
			for i := 1; i <= 9; i++ {
				publish(i)
				texts.Publish(text(fmt.Sprint("text ", i)))
				got := map[string]bool{}
				for _, m := range page.take() {
					got[m.String()] = true
				}
				if !got[fmt.Sprint("text ", i)] || got[fmt.Sprint("picture ", i)] != (i <= 2) {
					t.Fatalf("%s: beside pictures that are not acknowledged came %v, want text %d, and two pictures", name, got, i)
				}
			}
			page.ack()
			if name != "a/large" {
				publish(9) // for whom it was not written
			}
			if got := page.take(); len(got) != 1 || got[0].String() != "picture 9" {
				t.Errorf("%s: with the acknowledgement came %v, want the newest picture", name, got)
			}
			page.conn.Close()
			synctest.Wait()
		}
	})
}

// String is a text, or "picture 7".
func (m came) String() string {
	if m.binary {
		return "picture " + strconv.FormatUint(binary.LittleEndian.Uint64(m.data), 10)
	}
	return string(m.data)
}

// On a line that is slower than what there is to say, each topic has its turn.
func TestTopicsTakeTurns(t *testing.T) {
	var topics []*hub.Topic
	inPipes(t, hub.Options{Open: func(topic *hub.Topic) error { topics = append(topics, topic); return nil }}, func(p *pipes) {
		conn := p.dial(`"topics":["a/1","a/2","a/3"]`)
		defer conn.Close()
		synctest.Wait()
		got, n := map[string]int{}, 0
		const rounds = 30
		for range 3 * rounds {
			for _, topic := range topics { // all have something new at every moment
				topic.Publish(text(topic.Name()))
			}
			_, data, err := conn.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			got[string(data)]++
			n++
			if err := conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"ack","n":%d}`, n)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		for _, topic := range topics {
			if n := got[topic.Name()]; n < rounds-2 {
				t.Errorf("%s had %d turns of %d: %v", topic.Name(), n, 3*rounds, got)
			}
		}
	})
}

// A topic is ready as long as one browser could take a frame, and says so again
// once one can.
func TestReady(t *testing.T) {
	called := make(chan string, 100)
	b := start(t, hub.Options{Bytes: 1, Ready: func(topic *hub.Topic) { called <- topic.Name() }})
	slow := b.page()
	slow.watch("pictures/1")
	topic := b.topic("pictures/1")
	eventually := func(what string, want bool) {
		t.Helper()
		b.await(what, func() bool {
			topic.Refine(time.Now())
			return topic.Ready(time.Now()) == want
		})
	}
	eventually("a browser with nothing to do is ready", true)
	for i := range 2 {
		topic.Paint(hub.AsIs(picture(i, 100_000)), time.Now())
		slow.receive()
	}
	eventually("a browser with two pictures to paint is not", false)
	slow.ack()
	select {
	case <-called:
	case <-time.After(patience):
		t.Fatal("nobody said that the browser can take frames again")
	}
	eventually("it is ready with the acknowledgement", true)

	for i := range 2 {
		topic.Paint(hub.AsIs(picture(i, 100_000)), time.Now())
		slow.receive()
	}
	eventually("it is not, again", false)
	for len(called) > 0 {
		<-called
	}
	b.page().watch("pictures/1")
	eventually("a newcomer is ready", true)
}

// A buffer comes back once, when all have the message, and never while a
// browser still reads it.
func TestLentBuffersComeBack(t *testing.T) {
	b := start(t, hub.Options{})
	const size, browsers = 100_000, 4
	topicName := "a/picture"
	keeper := b.page()
	keeper.watch(topicName)
	topic := b.topic(topicName)
	free := make(chan []byte, browsers+2)
	var lent, back atomic.Int64
	lend := func(i int) *hub.Message {
		var buf []byte
		select {
		case buf = <-free:
		default:
			buf = make([]byte, hub.Headroom+size)
		}
		copy(buf, bytes.Repeat([]byte{byte(i)}, len(buf)))
		binary.LittleEndian.PutUint64(buf[hub.Headroom:], uint64(i))
		lent.Add(1)
		return hub.Lend(buf, func() {
			back.Add(1)
			select {
			case free <- buf:
			default:
			}
		})
	}
	const last = 120
	got := make(chan uint64, last*browsers) // every picture that a browser has read
	var pages sync.WaitGroup
	for range browsers {
		p := b.page()
		pages.Go(func() {
			p.watch(topicName)
			for {
				p.conn.SetReadDeadline(time.Now().Add(patience))
				kind, data, err := p.conn.ReadMessage()
				if err != nil {
					t.Error(err)
					return
				}
				p.n++
				p.conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"ack","n":`+strconv.Itoa(p.n)+`}`))
				if kind != websocket.BinaryMessage {
					continue
				}
				i := binary.LittleEndian.Uint64(data)
				if n := bytes.Count(data[8:], []byte{byte(i)}); n != size-8 {
					t.Errorf("picture %d holds %d bytes of another", i, size-8-n)
					return
				}
				got <- i
				if i == last {
					return
				}
			}
		})
	}
	limit := time.After(patience)
	for i := 1; i <= last; i++ {
		topic.Publish(lend(i))
		for read := uint64(0); read < uint64(i); { // by the fastest; others still have older ones
			select {
			case read = <-got:
			case <-limit:
				t.Fatalf("nobody has read picture %d", i)
			}
		}
	}
	pages.Wait()
	b.await("all buffers but the last have come back", func() bool { return lent.Load()-back.Load() <= 2 })
}

// A slow line takes longer for a picture than WriteTimeout, and is no dead one.
func TestSlowLineKeepsItsConnection(t *testing.T) {
	const size = 24 << 20
	inPipes(t, hub.Options{WriteTimeout: time.Second, Open: func(topic *hub.Topic) error {
		topic.Publish(picture(7, size))
		return nil
	}}, func(p *pipes) {
		conn := p.dial(`"topics":["a/picture"]`)
		defer conn.Close()
		// Read by hand, in bits: the whole takes several times the limit.
		buf := make([]byte, 512<<10)
		began, got := time.Now(), 0
		for got < size {
			n, err := conn.NetConn().Read(buf)
			got += n
			if err != nil {
				p.t.Fatalf("after %d of %d bytes and %v: %v", got, size, time.Since(began), err)
			}
			time.Sleep(40 * time.Millisecond)
		}
		if took := time.Since(began); took < 2*time.Second {
			p.t.Errorf("the line was not slow: it took %v", took)
		}
	})
}

// copied is a message of the bytes, which it copies.
func copied(data []byte) *hub.Message {
	return hub.Lend(append(make([]byte, hub.Headroom, hub.Headroom+len(data)), data...), nil)
}
