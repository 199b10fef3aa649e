package dashboard_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"webmon/dashboard"
	"webmon/dashboard/pixels/pixelstest"
	"webmon/shm"
)

// viewer is the canvas of a napari.
type viewer struct {
	*pixelstest.Array
	s          *site
	rows, cols int
}

func (s *site) viewer(rows, cols int) *viewer {
	v := &viewer{pixelstest.New(shm.ArrayInfo{
		Name: shm.ArrayCanvas, Descr: "|u1", Shape: []int{rows, cols, 4}, Axes: []string{"y", "x", "c"}, Role: "rgb", Title: "Canvas",
	}, 2), s, rows, cols}
	s.sink.State(shm.TopicArrays, shm.Arrays{*v.Info()})
	return v
}

// draws publishes a frame of one grey that shows everything up to a message of hands.
func (v *viewer) draws(grey byte, message uint64) {
	frame := v.Publish(bytes.Repeat([]byte{grey, grey, grey, 255}, v.rows*v.cols))
	frame.User, frame.Step = message, [2]float64{2, 2}
	v.s.sink.State(shm.ArrayTopic(shm.ArrayCanvas), frame)
}

// canvasHead is what the header of a picture of the canvas has besides.
type canvasHead struct {
	pictureHead
	Hands map[string]uint64
}

// shows returns the next picture of a topic of a canvas.
func (s *socket) shows(topic string) (head canvasHead, pixels []byte) {
	s.t.Helper()
	for {
		kind, b, err := s.conn.ReadMessage()
		if err != nil {
			s.t.Fatalf("no picture of %s came: %v", topic, err)
		}
		s.n++
		s.say(`{"type":"ack","n":%d}`, s.n)
		if kind != websocket.BinaryMessage {
			continue
		}
		if head.pictureHead, pixels = splitPicture(s.t, b); head.Topic != topic {
			continue
		}
		if err := json.Unmarshal(b[8:len(b)-len(pixels)], &head); err != nil {
			s.t.Fatal(err)
		}
		return head, pixels
	}
}

// A page gets the canvas as large as it can show it, and the process is asked for no more
// than the largest of all pages.
func TestTheCanvasHasTheSizeThatPagesNeed(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	v := s.viewer(192, 256)
	sizes := s.sink.(shm.Sizer)
	topic := shm.ArrayTopic(shm.ArrayCanvas)
	size := func(rows, cols int) func() bool {
		return func() bool {
			r, c := sizes.Size(topic)
			return r == rows && c == cols && (s.sink.Demand(topic) > 0) == (rows > 0)
		}
	}
	small := s.socket("napari/canvas/128x128")
	eventually(t, "the size of the small page", size(128, 128))
	large := s.socket("napari/canvas/256x192")
	eventually(t, "the size of the large page", size(192, 256))
	v.draws(7, 0)
	head, pixels := large.shows("napari/canvas/256x192")
	if head.Rows != 192 || head.Cols != 256 || head.Samples != 4 || head.Step != 1 || head.Pixel != [2]float64{2, 2} || head.Type != "u1" || pixels[0] != 7 || pixels[3] != 255 {
		t.Errorf("the large page got %+v", head)
	}
	head, pixels = small.shows("napari/canvas/128x128")
	if head.Rows != 96 || head.Cols != 128 || head.Step != 2 || pixels[0] != 7 || pixels[3] != 255 {
		t.Errorf("the small page got %+v", head)
	}
	// A program, or the Arrays tab, needs all of it.
	whole := s.socket("napari/array/canvas/y,x,c/0,0,192,256/1")
	eventually(t, "all of it", func() bool { r, c := sizes.Size(topic); return r == 0 && c == 0 && s.sink.Demand(topic) > 0 })
	whole.conn.Close()
	eventually(t, "the size of the large page again", size(192, 256))
	large.conn.Close()
	eventually(t, "the size of the small page again", size(128, 128))
	small.conn.Close()
	eventually(t, "nobody looks", func() bool { return s.sink.Demand(topic) == 0 })
	// What is no size is no topic.
	for _, detail := range []string{"", "64", "64x", "63x64", "4160x64", "064x64", "64x64x64", "-64x64", "0x0", "64x64/n"} {
		page := s.socket("napari/canvas/"+detail, "napari/canvas-people")
		page.until(`"topic":"napari/canvas-people"`)
		if s.sink.Demand(topic) != 0 {
			t.Errorf("%q is a size", detail)
		}
		page.conn.Close()
	}
}

// Programs get the canvas whole, also while a page that needs less looks at it.
func TestTheCanvasIsReadWhole(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	v := s.viewer(64, 64)
	s.sink.State(shm.TopicCanvas, map[string]shm.Value{"ratio": 2.0})
	frame := func(grey byte, rows int, step float64) {
		f := v.PublishAs(bytes.Repeat([]byte{grey, grey, grey, 255}, rows*rows), []int{rows, rows, 4})
		f.Step = [2]float64{step, step}
		s.sink.State(shm.ArrayTopic(shm.ArrayCanvas), f)
	}
	page := s.socket("napari/canvas/64x64")
	topic := shm.ArrayTopic(shm.ArrayCanvas)
	eventually(t, "somebody looks", func() bool { return s.sink.Demand(topic) > 0 })
	frame(1, 32, 1)
	if status, body := s.ask("GET", "/api/v1/sources/napari/arrays/canvas/value?index=0,0,0", ""); status != http.StatusServiceUnavailable || !strings.Contains(body, "not whole since") {
		t.Errorf("a smaller frame is read: %d %s", status, body)
	}
	if rows, cols := s.sink.(shm.Sizer).Size(topic); rows != 0 || cols != 0 {
		t.Errorf("a program wants %d x %d", rows, cols)
	}
	frame(2, 64, 0.5)
	for path, want := range map[string]string{"/value?index=0,0,0": `"value":2`, ".npy": "(64, 64, 4)", ".png": "PNG"} {
		if status, body := s.ask("GET", "/api/v1/sources/napari/arrays/canvas"+path, ""); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.100q, want %s", path, status, body, want)
		}
	}
	page.conn.Close()
}

// What a page does reaches the process in order, and each picture tells the page how much
// of it is in it.
func TestHandsAtTheCanvasReachTheProcess(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	v := s.viewer(64, 64)
	const topic = "napari/canvas/64x64"
	page := s.looker("ada-ada-ada", topic, "napari/canvas-people")
	page.until(`"draw":null,"asking":[]}`)
	v.draws(1, 0)
	if head, _ := page.shows(topic); head.Hands == nil || len(head.Hands) != 0 {
		t.Errorf("the first picture has %+v", head)
	}
	page.say(`{"type":"canvas-hand","source":"napari","page":"0123abcd","n":1,"events":[{"do":"pan","dx":0.25,"dy":0},{"do":"zoom","x":0.5,"y":0.5,"by":2}]}`)
	sent := <-s.process.hands
	if fmt.Sprint(sent.events) != fmt.Sprint([]shm.Hand{{Do: shm.HandPan, DX: 0.25}, {Do: shm.HandZoom, X: 0.5, Y: 0.5, By: 2}}) || sent.n == 0 {
		t.Errorf("the process got %+v", sent)
	}
	v.draws(2, sent.n-1)
	if head, _ := page.shows(topic); head.Hands["0123abcd"] != 0 || len(head.Hands) != 1 {
		t.Errorf("a picture from before has %+v", head)
	}
	v.draws(3, sent.n)
	if head, pixels := page.shows(topic); head.Hands["0123abcd"] != 1 || pixels[0] != 3 {
		t.Errorf("a picture from after has %+v", head)
	}
	// What makes no sense is left out, and so is what draws.
	page.say(`{"type":"canvas-hand","source":"napari","page":"0123abcd","n":2,"events":[{"do":"reset"},{"do":"eval"}]}`)
	page.say(`{"type":"canvas-hand","source":"gone","page":"0123abcd","n":2,"events":[{"do":"reset"}]}`)
	page.say(`{"type":"canvas-hand","source":"napari","page":"0123abcd","n":3,"events":[{"do":"press","x":0.5,"y":0.5,"button":"left","mods":[]},{"do":"point","x":0.5,"y":0.25}]}`)
	if sent = <-s.process.hands; len(sent.events) != 1 || sent.events[0].Do != shm.HandPoint {
		t.Errorf("the process got %+v", sent)
	}
	// Unless the page has asked for it.
	page.say(`{"type":"canvas-draw","source":"napari","page":"0123abcd","on":true}`)
	page.until(`"draw":{"person":"ada-ada-ada","colour":0,"page":"0123abcd"},"asking":[]}`)
	page.say(`{"type":"canvas-hand","source":"napari","page":"0123abcd","n":4,"events":[{"do":"press","x":0.5,"y":0.5,"button":"left","mods":[]}]}`)
	if sent = <-s.process.hands; len(sent.events) != 1 || sent.events[0] != (shm.Hand{Do: shm.HandPress, X: 0.5, Y: 0.5, Button: "left"}) {
		t.Errorf("the process got %+v", sent)
	}
	other := s.looker("bob-bob-bob", "napari/people", "napari/canvas-people")
	other.until(`"draw":{"person":"ada-ada-ada"`)
	other.say(`{"type":"canvas-draw","source":"napari","page":"00000b0b","on":true}`)
	page.until(`"asking":[{"person":"bob-bob-bob","colour":1,"page":"00000b0b"}]}`)
	// Whoever is gone lets go, and the next one draws.
	page.conn.Close()
	other.until(`"draw":{"person":"bob-bob-bob","colour":1,"page":"00000b0b"},"asking":[]}`)
	var got []shm.HandDo
	for len(got) < 2 {
		for _, e := range (<-s.process.hands).events {
			got = append(got, e.Do)
		}
	}
	if fmt.Sprint(got) != "[release leave]" {
		t.Errorf("who is gone has let go by %v", got)
	}
	other.say(`{"type":"canvas-draw","source":"napari","on":false}`)
	other.until(`"draw":null,"asking":[]}`)

	status, body := s.ask("GET", "/api/v1/changes", "")
	if status != http.StatusOK || strings.Count(body, `"name":"camera"`) != 1 || strings.Count(body, `"name":"draw"`) != 1 || !strings.Contains(body, "in the active layer") {
		t.Errorf("the record has %d %s", status, body)
	}
}

// Who may only look sees the canvas, and who draws, and changes nothing.
func TestHandsOfWhoMayOnlyLook(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	v := s.viewer(64, 64)
	look, steer, _ := visitors(s)
	const topic = "napari/canvas/64x64"
	wall, ada := look.watches(topic, "napari/people", "napari/canvas-people"), steer.watches(topic, "napari/people", "napari/canvas-people")
	wall.until(`"draw":null`)
	wall.say(`{"type":"canvas-hand","source":"napari","page":"00000001","n":1,"events":[{"do":"pan","dx":0.25,"dy":0}]}`)
	wall.say(`{"type":"canvas-draw","source":"napari","page":"00000001","on":true}`)
	wall.say(`{"type":"watch","topics":["%s","napari/canvas-people"]}`, topic)
	wall.until(`"draw":null`) // all that it has said before is heard
	ada.say(`{"type":"canvas-hand","source":"napari","page":"00000002","n":1,"events":[{"do":"reset"}]}`)
	ada.say(`{"type":"canvas-draw","source":"napari","page":"00000002","on":true}`)
	sent := <-s.process.hands
	if len(sent.events) != 1 || sent.events[0].Do != shm.HandReset {
		t.Errorf("the process got %+v", sent)
	}
	if frame := wall.until(`"draw":{`); !strings.Contains(frame, `"name":"ada"`) || !strings.Contains(frame, `"page":"00000002"},"asking":[]`) {
		t.Errorf("who draws is %s", frame)
	}
	v.draws(1, sent.n)
	if head, _ := wall.shows(topic); len(head.Hands) != 1 || head.Hands["00000002"] != 1 {
		t.Errorf("who looks sees %+v", head)
	}
}
