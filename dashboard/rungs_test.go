package dashboard_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard"
	"webmon/dashboard/pixels/packed"
)

// codedHead is the head of a picture that may be coded.
type codedHead struct {
	pictureHead
	Frame uint64
	Of    int
	Coded *struct {
		As, Predict    string
		Quality, Scale int
		Low, High      float64
	}
	Counts *struct {
		Low, High float64
		Count     int
	}
}

// coded returns the next picture of the topic and what is behind its head, and acknowledges all.
func (s *socket) coded(topic string) (head codedHead, body []byte) {
	s.t.Helper()
	s.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		kind, b, err := s.conn.ReadMessage()
		if err != nil {
			s.t.Fatalf("no picture of %s came: %v", topic, err)
		}
		s.n++
		s.conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"ack","n":%d}`, s.n))
		if kind != websocket.BinaryMessage {
			continue
		}
		n := int(binary.LittleEndian.Uint32(b[4:]))
		head = codedHead{}
		if err := json.Unmarshal(b[8:8+n], &head); err != nil {
			s.t.Fatal(err)
		}
		if head.Topic == topic {
			return head, b[8+n:]
		}
	}
}

// A browser on a slow line gets an array with losses while it moves, and exactly once it stands still, all from one reading. One that cannot read
// what is coded gets it as it is, and one that asks for exact pictures no others.
func TestArraysOnASlowLine(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	cam := s.camera("camera", 60, 600)
	topic := "napari/array/camera/y,x/0,0,60,600/1"
	watch := func(more string) *socket {
		page := s.socket()
		page.say(`{"type":"watch","topics":[%q]%s}`, topic, more)
		return page
	}
	page := watch(`,"takes":["packed","jpeg"],"rate":60000`)
	eventually(t, "the process is asked for frames", func() bool { return s.sink.Demand("array/camera") == 60 })
	page.say(`{"type":"look","topic":%q,"low":0,"high":50000}`, topic)
	cam.shoot()
	head, body := page.coded(topic)
	if head.Coded == nil || head.Coded.As != "jpeg" || head.Type != "u1" || head.Of != 2*60*600 || head.Counts == nil || head.Counts.Low != 100 || head.Counts.High != 59*1000+599+100 || head.Counts.Count != 60*600 {
		t.Fatalf("a slow line gets %+v, %+v", head, head.Coded)
	}
	if _, err := jpeg.Decode(bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	first := head.Frame
	for head.Coded == nil || head.Coded.As == "jpeg" { // a better one may come between
		if head, body = page.coded(topic); head.Frame != first {
			t.Fatalf("another picture comes: %+v", head)
		}
	}
	how := packed.How{Rows: 60, Cols: 600, Samples: 1, Bytes: 2, Predict: packed.Predict(head.Coded.Predict)}
	if got, err := packed.Decode(nil, body, how); err != nil || head.Coded.As != "packed" || head.Type != "u2" || !bytes.Equal(got, cam.data()) {
		t.Fatalf("what stands still is not exact: %v, %+v", err, head)
	}
	if n := cam.Reads(); n != 1 {
		t.Errorf("one picture was read %d times", n)
	}
	plain, pixels := watch("").coded(topic)
	if plain.Coded != nil || !bytes.Equal(pixels, cam.data()) {
		t.Errorf("who cannot read what is coded gets %+v", plain.Coded)
	}
	if wished, _ := watch(`,"takes":["packed","jpeg"],"rate":60000,"pictures":"exact"`).coded(topic); wished.Coded != nil && wished.Coded.As != "packed" {
		t.Errorf("who asks for exact pictures gets %+v", wished.Coded)
	}
	cam.shoot()
	if head, _ := page.coded(topic); head.Frame <= first || head.Coded == nil || head.Coded.As != "jpeg" {
		t.Errorf("the next picture is %+v", head)
	}
}
