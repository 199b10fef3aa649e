package hub_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard/budget"
	"webmon/dashboard/hub"
)

// A browser that acknowledges what it was not sent would be sent ever more; it is told
// why it is sent away instead.
func TestFalseAcknowledgementsEndTheConnection(t *testing.T) {
	for _, ack := range []string{
		`{"type":"ack","n":100}`, `{"type":"ack","n":999999999999999999,"ts":1}`, `{"type":"ack","n":18446744073709551615}`, `{"n":5,"type":"ack"}`,
	} {
		kept := small()
		b := start(t, hub.Options{Budget: kept})
		p := b.page()
		p.watch("a/text")
		b.topic("a/text").Publish(text("one"))
		if got := p.receive(); got != "one" {
			t.Fatalf("got %q", got)
		}
		if err := p.conn.WriteMessage(websocket.TextMessage, []byte(ack)); err != nil {
			t.Fatal(err)
		}
		p.conn.SetReadDeadline(time.Now().Add(patience))
		for {
			_, _, err := p.conn.ReadMessage()
			if err == nil {
				continue // the statistics
			}
			if closed, ok := err.(*websocket.CloseError); !ok || closed.Code != websocket.ClosePolicyViolation || !strings.Contains(closed.Text, "was not sent") {
				t.Errorf("%s: %v", ack, err)
			}
			break
		}
		if n := kept.Browsers.Use().Refused; n != 1 {
			t.Errorf("%s: %d browsers are counted as refused", ack, n)
		}
	}
}

// An honest page may acknowledge a message before the one who wrote it goes on.
func TestHonestAcknowledgementsAreNeverFalse(t *testing.T) {
	b := start(t, hub.Options{})
	p := b.page()
	p.watch("a/text")
	topic := b.topic("a/text")
	go func() {
		for i := range 3000 {
			topic.Publish(text(fmt.Sprint("text ", i)))
		}
		topic.Publish(text("last"))
	}()
	for p.receive() != "last" {
		p.ack()
	}
}

func small() *budget.Budget { return budget.New(32 << 20) } // 8 MiB for all browsers, 4 for one

// A browser that watches many topics of pictures keeps no more alive than is one browser's
// part, and gives everything back.
func TestPicturesOfABrowserAreBounded(t *testing.T) {
	kept := small()
	b := start(t, hub.Options{Budget: kept})
	p := b.page()
	var names []string
	for i := range 64 {
		names = append(names, fmt.Sprint("a/picture", i))
	}
	p.watch(names...)
	topics := make([]*hub.Topic, len(names))
	for i, name := range names {
		topics[i] = b.topic(name)
	}
	most := topics[0].MostPicture()
	if int64(most) > kept.OneBrowser/2 {
		t.Errorf("one picture may have %d of %d bytes", most, kept.OneBrowser)
	}
	made := 0
	for range 4 {
		for i, topic := range topics {
			buf := topic.Buffer(hub.Headroom + 1<<20)
			if buf == nil {
				continue
			}
			made++
			buf = buf[:hub.Headroom+1<<20]
			if i%3 == 0 {
				topic.PutBuffer(buf) // the frame was overwritten
				continue
			}
			topic.Publish(topic.Lend(buf))
		}
	}
	use := kept.Browsers.Use()
	if use.Most > kept.OneBrowser+1<<20 {
		t.Errorf("%d bytes were kept for one browser, which may have %d", use.Most, kept.OneBrowser)
	}
	if made == 0 || use.Refused == 0 {
		t.Errorf("%d buffers, %d refused", made, use.Refused)
	}
	other := b.page() // has its own part
	other.watch("b/picture")
	topic := b.topic("b/picture")
	if buf := topic.Buffer(1 << 20); buf == nil {
		t.Error("another browser gets no picture")
	} else {
		topic.PutBuffer(buf)
	}
	p.watch()
	other.watch()
	b.await("everything is given back", func() bool { return len(b.open) == 0 && kept.Browsers.Used() == 0 })
	if topics[0].Buffer(10) != nil {
		t.Error("a topic that is closed gives buffers")
	}
	topics[0].PutBuffer(make([]byte, 0, 1<<20))
	topics[0].Publish(text("late"))
	if used := kept.Browsers.Used(); used != 0 {
		t.Errorf("%d bytes are counted of a topic that is closed", used)
	}
}

// All browsers together have a bound too, whatever each of them watches.
func TestPicturesOfAllBrowsersAreBounded(t *testing.T) {
	kept := small()
	b := start(t, hub.Options{Budget: kept})
	refused := 0
	for i := range 6 {
		p := b.page()
		name := fmt.Sprint("a/picture", i)
		p.watch(name)
		topic := b.topic(name)
		for range 3 {
			if buf := topic.Buffer(1 << 20); buf == nil {
				refused++
			}
		}
	}
	if use := kept.Browsers.Use(); use.Most > use.Limit || refused == 0 {
		t.Errorf("%+v, %d refused", use, refused)
	}
}

// Deltas are kept up to a number of bytes as well as up to a number.
func TestTheTailIsBoundedInBytes(t *testing.T) {
	kept := small()
	b := start(t, hub.Options{Budget: kept})
	p := b.page()
	p.watch("deltas/1")
	topic := b.topic("deltas/1")
	long := strings.Repeat("x", 40<<10)
	b.await("a snapshot is asked for", func() bool { return b.refresh["deltas/1"] > 0 })
	topic.Snapshot(text("snap"))
	b.mu.Lock()
	b.refresh["deltas/1"] = 0
	b.mu.Unlock()
	for i := range 100 {
		topic.Publish(text(fmt.Sprint(i, long)))
	}
	if used := kept.Browsers.Used(); used > 200<<10 {
		t.Errorf("%d bytes are kept of a topic", used)
	}
	topic.Publish(text(strings.Repeat("y", 3<<20))) // more than half of a browser's part
	if use := kept.Browsers.Use(); use.Dropped != 1 || use.Most > 4<<20 {
		t.Errorf("%+v", use)
	}
	// What was left out is made up for by a snapshot.
	got := make(chan string, 200)
	go func() {
		for last := ""; last != "and on"; {
			last = p.receive()
			p.ack()
			got <- last[:min(len(last), 9)]
		}
		close(got)
	}()
	b.await("a snapshot is asked for", func() bool { return b.refresh["deltas/1"] > 0 })
	topic.Snapshot(text("all of it"))
	topic.Publish(text("and on"))
	last := ""
	for now := range got {
		if now == "and on" && last != "all of it" {
			t.Errorf("after %q", last)
		}
		last = now
	}
}

// More topics than there is room for are refused one by one.
func TestTopicsTakeRoom(t *testing.T) {
	kept := small()
	b := start(t, hub.Options{Budget: kept})
	for i := range 12 {
		p := b.page()
		var names []string
		for j := range 64 {
			names = append(names, fmt.Sprintf("t/%d/%d", i, j))
		}
		p.watch(names...)
		b.await("it watches, or was refused", func() bool {
			return b.open[names[63]] != nil || kept.Browsers.Use().Refused > 0
		})
	}
	if use := kept.Browsers.Use(); use.Used > use.Limit || use.Refused == 0 {
		t.Errorf("%+v", use)
	}
}
