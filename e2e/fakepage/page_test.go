package fakepage

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard/pixels/packed"
)

// message is a picture as webmon writes it.
func message(header string, payload []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte("WMB1"), uint32(len(header)))
	b = append(b, header...)
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	return append(b, payload...)
}

// part is a piece of a larger message.
func part(id, offset, size int, b []byte) []byte {
	head := []byte("WMP1")
	for _, n := range []int{id, offset, size} {
		head = binary.LittleEndian.AppendUint32(head, uint32(n))
	}
	return append(head, b...)
}

func TestPicturesOfAllKindsAreRead(t *testing.T) {
	exact := []byte{1, 0, 2, 0, 3, 0, 4, 1}
	packedBytes, how, err := packed.Append(nil, exact, packed.How{Rows: 2, Cols: 2, Samples: 1, Bytes: 2})
	if err != nil {
		t.Fatal(err)
	}
	gray := image.NewGray(image.Rect(0, 0, 2, 2))
	for i := range gray.Pix {
		gray.Pix[i] = 128
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, gray, nil); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		header  string
		payload []byte
		how     string
		lossy   bool
		gray    []float32
		exact   []byte
	}{
		"exact": {`"type":"u2","step":1`, exact, "exact", false, []float32{1, 2, 3, 260}, exact},
		"packed": {fmt.Sprintf(`"type":"u2","step":1,"coded":{"as":"packed","predict":%q}`, how.Predict),
			packedBytes, "packed", false, []float32{1, 2, 3, 260}, exact},
		"bytes": {`"type":"u1","step":1,"coded":{"as":"bytes","low":100,"high":610,"of":8}`, []byte{0, 1, 2, 255}, "bytes", true,
			[]float32{100, 102, 104, 610}, nil},
		"jpeg": {`"type":"u1","step":2,"coded":{"as":"jpeg","quality":75,"low":0,"high":255}`, file.Bytes(), "jpeg 75 / 2", true,
			bytes2floats(bytes.Repeat([]byte{128}, 16)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := read(message(`{"topic":"t","seq":7,"stamp":5.5,"rows":2,"cols":2,"samples":1,`+test.header+`}`, test.payload))
			if err != nil {
				t.Fatal(err)
			}
			if p.Topic != "t" || p.Seq != 7 || p.Stamp != 5.5 || p.How() != test.how || p.Lossy() != test.lossy {
				t.Errorf("it is %+v, as %s", p, p.How())
			}
			got, cols, err := p.Gray()
			if err != nil || cols != 2*p.Step || !reflect.DeepEqual(got, test.gray) {
				t.Errorf("its values are %v in %d columns (%v), want %v", got, cols, err, test.gray)
			}
			if b, err := p.Exact(); !bytes.Equal(b, test.exact) || (err == nil) == test.lossy {
				t.Errorf("its exact values are %v (%v), want %v", b, err, test.exact)
			}
		})
	}
}

func bytes2floats(b []byte) (f []float32) {
	for _, v := range b {
		f = append(f, float32(v))
	}
	return f
}

func TestPartsBecomeWholes(t *testing.T) {
	var w wholes
	take := func(b []byte, want string) {
		t.Helper()
		got, n, err := w.take(b)
		if err != nil || string(got) != want || (want != "" && n != 2*16+len(want)) {
			t.Fatalf("%q of %d bytes (%v), want %q", got, n, err, want)
		}
	}
	take(part(1, 0, 6, []byte("abc")), "")
	take(part(1, 3, 6, []byte("def")), "abcdef")
	take(part(2, 0, 6, []byte("abc")), "")
	take(part(3, 0, 4, []byte("uv")), "") // 2 is given up
	take(part(3, 2, 4, []byte("wx")), "uvwx")
	if w.givenUp != 1 {
		t.Errorf("%d were given up", w.givenUp)
	}
	for name, b := range map[string][]byte{
		"an older one":        part(2, 3, 6, []byte("def")),
		"one that is there":   part(3, 2, 4, []byte("wx")),
		"one without a start": part(4, 1, 4, []byte("wx")),
		"nothing":             part(4, 0, 4, nil),
		"more than it has":    part(5, 0, 1, []byte("wx")),
	} {
		if _, _, err := w.take(b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A server sees which messages a page acknowledges, and when it has handled them.
func TestPageAcknowledges(t *testing.T) {
	type said struct {
		Type     string
		Topics   []string
		Takes    []string
		Pictures string
		Rate     float64
		N        int
		D        *int
		TS       float64
	}
	heard := make(chan said, 100)
	send := make(chan []byte)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		go func() {
			for b := range send {
				kind := websocket.BinaryMessage
				if b[0] == '{' {
					kind = websocket.TextMessage
				}
				_ = conn.WriteMessage(kind, b)
			}
		}()
		for {
			var m said
			if conn.ReadJSON(&m) != nil {
				return
			}
			heard <- m
		}
	}))
	defer web.Close()
	defer close(send)
	goOn := make(chan bool)
	texts := make(chan string, 10)
	page, err := Open(Options{
		Address: strings.TrimPrefix(web.URL, "http://"), Topics: []string{"t"}, Takes: All, Exact: true, Rate: 1e6,
		Text:     func(_ time.Time, topic string, _ []byte) { texts <- topic },
		Handling: func(*Picture) { <-goOn },
	})
	if err != nil {
		t.Fatal(err)
	}
	if m := <-heard; m.Type != "watch" || m.Pictures != "exact" || m.Rate != 1e6 || !reflect.DeepEqual(m.Takes, All) || !reflect.DeepEqual(m.Topics, []string{"t"}) {
		t.Errorf("it says %+v at first", m)
	}
	acked := func(n, d int, ts float64) {
		t.Helper()
		for m := range heard {
			done := m.N
			if m.D != nil {
				done = *m.D
			}
			if m.Type != "ack" || m.N > n || done > d {
				t.Fatalf("it says %+v, want %d and %d", m, n, d)
			}
			if m.N == n && done == d {
				if m.TS != ts {
					t.Errorf("it says that a frame of %f was painted, want %f", m.TS, ts)
				}
				return
			}
		}
	}
	send <- []byte(`{"topic":"values"}`)
	if topic := <-texts; topic != "values" {
		t.Errorf("a text of %q", topic)
	}
	acked(1, 1, 0)
	whole := message(`{"topic":"t","ts":8.5,"seq":1,"type":"u1","rows":1,"cols":3,"samples":1,"step":1}`, []byte("abc"))
	send <- part(1, 0, len(whole), whole[:20])
	acked(2, 2, 0)
	send <- part(1, 20, len(whole), whole[20:])
	acked(3, 2, 0)
	goOn <- true
	acked(3, 3, 8.5)
	p := <-page.Pictures()
	if b, err := p.Exact(); string(b) != "abc" || err != nil || p.Wire != len(whole)+32 {
		t.Errorf("the picture is %q of %d bytes (%v)", b, p.Wire, err)
	}
	if c := page.Counts(); c.Messages != 3 || c.Parts != 2 || c.Pictures != 1 || c.GivenUp != 0 {
		t.Errorf("it counts %+v", c)
	}
	if err := page.Close(); err != nil {
		t.Error(err)
	}
	if _, more := <-page.Pictures(); more {
		t.Error("a picture comes after the end")
	}
}

// Of pictures that come while one is handled the newest is handled.
func TestPageLeavesOutWhatIsOvertaken(t *testing.T) {
	var got []uint64
	begun, goOn := make(chan bool), make(chan bool)
	p := &Page{pictures: make(chan *Picture, 10)}
	work := newest{handle: func(picture *Picture) {
		begun <- true
		<-goOn
		got = append(got, picture.Seq)
	}}
	done := 0
	for seq := uint64(1); seq <= 4; seq++ {
		work.take(&Picture{Topic: "t", Seq: seq}, func(float64) { done++ }, &p.handling)
		if seq == 1 {
			<-begun
		}
	}
	goOn <- true
	<-begun
	goOn <- true
	p.handling.Wait()
	if !reflect.DeepEqual(got, []uint64{1, 4}) || done != 4 {
		t.Errorf("pictures %v were handled, %d are done", got, done)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(message(`{"topic":"t","type":"u2","rows":2,"cols":2,"samples":1,"step":1}`, make([]byte, 8)))
	f.Add(message(`{"topic":"t","type":"u1","rows":1,"cols":1,"samples":1,"step":3,"coded":{"as":"jpeg"}}`, []byte{0xff, 0xd8}))
	f.Add(part(1, 0, 4, []byte("abcd")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if bytes.HasPrefix(b, []byte("WMP1")) {
			var w wholes
			_, _, _ = w.take(b)
			return
		}
		p, err := read(b)
		if err != nil {
			return
		}
		if _, err := json.Marshal(p.Topic); err != nil {
			t.Fatal(err)
		}
		if p.Rows*p.Cols <= 1<<12 {
			_, _ = p.Exact()
			_, _, _ = p.Gray()
		}
	})
}
