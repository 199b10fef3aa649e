package dashboard_test

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image/png"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard"
	"webmon/dashboard/pixels/pixelstest"
	"webmon/shm"
)

// pictureHead is the header of a binary frame.
type pictureHead struct {
	Topic      string
	TS         float64
	Seq        int
	Stamp      *float64
	Type       string
	Row, Col   int
	Rows, Cols int
	Samples    int
	Step       int
	Shape      []int
	Offset     [2]float64
	Pixel      [2]float64
	Level      int
	Rate       float64
	Missed     int
}

// picture returns the next binary message of the topic, and acknowledges all.
func (s *socket) picture(topic string) (head pictureHead, pixels []byte) {
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
		if head, pixels = splitPicture(s.t, b); head.Topic == topic {
			return head, pixels
		}
	}
}

func splitPicture(t *testing.T, b []byte) (head pictureHead, pixels []byte) {
	t.Helper()
	if len(b) < 8 || string(b[:4]) != "WMB1" {
		t.Fatalf("a picture begins with %.8q", b)
	}
	n := int(binary.LittleEndian.Uint32(b[4:]))
	if (8+n)%8 != 0 || 8+n > len(b) {
		t.Fatalf("the pixels begin at %d of %d bytes", 8+n, len(b))
	}
	if err := json.Unmarshal(b[8:8+n], &head); err != nil {
		t.Fatalf("the header %s: %v", b[8:8+n], err)
	}
	size := map[string]int{"u1": 1, "u2": 2, "f4": 4}[head.Type]
	if pixels = b[8+n:]; len(pixels) != head.Rows*head.Cols*head.Samples*size {
		t.Fatalf("%d bytes of pixels for %+v", len(pixels), head)
	}
	return head, pixels
}

// camera shares an array whose pixels are 1000 * row + column + 100 * number of
// the frame.
type camera struct {
	*pixelstest.Array
	s          *site
	rows, cols int
	n          int
}

func (s *site) camera(name string, rows, cols int, more ...*pixelstest.Array) *camera {
	c := &camera{pixelstest.New(shm.ArrayInfo{
		Name: name, Descr: "<u2", Shape: []int{rows, cols}, Units: []string{"um", "um"},
		Stats: shm.ArrayStats{Published: 7, Seen: 6, Missed: 3, Torn: 2, Rate: 59.94},
	}, 2), s, rows, cols, 0}
	list := shm.Arrays{*c.Info()}
	for _, a := range more {
		list = append(list, *a.Info())
	}
	s.sink.State(shm.TopicArrays, list)
	return c
}

func (c *camera) data() []byte {
	var b []byte
	for r := range c.rows {
		for col := range c.cols {
			b = binary.LittleEndian.AppendUint16(b, uint16(1000*r+col+100*c.n))
		}
	}
	return b
}

// shoot publishes a frame.
func (c *camera) shoot() *shm.ArrayFrame {
	c.n++
	frame := c.Publish(c.data())
	c.s.sink.State(shm.ArrayTopic(c.Info().Name), frame)
	return frame
}

// TestWhyAnArrayHasNoFrame: what a program is told is what has happened.
func TestWhyAnArrayHasNoFrame(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	const why = "the array cannot be read: its segment was removed from shared memory"
	const said = "The array cannot be read: its segment was removed from shared memory."
	cam := s.camera("camera", 8, 10)
	with := func(name string, stats shm.ArrayStats) shm.ArrayInfo {
		info := *cam.Info()
		info.Name, info.Stats = name, stats
		return info
	}
	s.sink.State(shm.TopicArrays, shm.Arrays{
		with("silent", shm.ArrayStats{}), with("uncopied", shm.ArrayStats{Published: 7}),
		with("removed", shm.ArrayStats{Published: 7, Problem: why}), with("kept", shm.ArrayStats{Problem: why}), with("overwritten", shm.ArrayStats{Problem: why}),
	})
	s.sink.State(shm.ArrayTopic("overwritten"), cam.Publish(cam.data()))
	for range 3 {
		s.sink.State(shm.ArrayTopic("kept"), cam.Publish(cam.data()))
	}
	var all sync.WaitGroup // each waits a second for a frame
	for _, test := range []struct {
		name   string
		status int
		says   string
	}{
		{"silent", 404, "No frame has been published yet."},
		{"uncopied", 404, "None of the 7 frames so far was copied"},
		{"removed", 404, said},
		{"overwritten", 503, said}, // by frames that nobody sees
		{"kept", 200, "value"},     // the last one, while it is there
	} {
		all.Go(func() {
			status, body := s.ask("GET", "/api/v1/sources/napari/arrays/"+test.name+"/value?index=0,0", "")
			if status != test.status || !strings.Contains(body, test.says) {
				t.Errorf("%s: %d %s, want %d and %q", test.name, status, body, test.status, test.says)
			}
		})
	}
	all.Wait()
}

func TestPicturesReachThePage(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	cam := s.camera("camera", 8, 10)
	if s.sink.Demand("array/camera") != 0 {
		t.Error("frames are asked for while nobody looks")
	}
	whole, part := "napari/array/camera/y,x/0,0,8,10/1", "napari/array/camera/y,x/2,3,4,400/2/n"
	page := s.socket(whole, part)
	eventually(t, "the process is asked for frames", func() bool { return s.sink.Demand("array/camera") == 60 })
	cam.shoot()
	head, pixels := page.picture(whole)
	if head.Seq != 1 || head.Type != "u2" || head.Rows != 8 || head.Cols != 10 || head.Row != 0 || head.Col != 0 || head.Samples != 1 || head.Step != 1 {
		t.Errorf("header %+v", head)
	}
	if fmt.Sprint(head.Shape, head.Pixel, head.Offset, head.Level, head.Rate, head.Missed) != "[8 10] [1 1] [0 0] 0 59.94 3" {
		t.Errorf("header %+v", head)
	}
	if head.Stamp == nil || *head.Stamp < 1.7e12 || *head.Stamp > 1.7e12+1000 {
		t.Errorf("the process's stamp is %v", head.Stamp)
	}
	if age := float64(time.Now().UnixMilli()) - head.TS; age < -1000 || age > 60_000 {
		t.Errorf("webmon's stamp is %v ms old", age)
	}
	if !bytes.Equal(pixels, cam.data()) {
		t.Error("the pixels are others")
	}

	page = s.socket(part)
	head, pixels = page.picture(part)
	if head.Row != 2 || head.Col != 3 || head.Rows != 2 || head.Cols != 4 || head.Step != 2 {
		t.Errorf("the part is %+v", head)
	}
	// Rows 3 and 5 and columns 4, 6, 8 and 9, the last of which has no other.
	want := []uint16{3104, 3106, 3108, 3109, 5104, 5106, 5108, 5109}
	for i, w := range want {
		if got := binary.LittleEndian.Uint16(pixels[2*i:]); got != w {
			t.Errorf("pixel %d of the part is %d, want %d", i, got, w)
		}
	}

	// A page that comes later is sent what the others have; one frame is read
	// once for all.
	reads := cam.Reads()
	if head, _ := s.socket(part).picture(part); head.Seq != 1 {
		t.Errorf("a newcomer gets frame %d", head.Seq)
	}
	if cam.Reads() != reads {
		t.Error("a frame was read again for a newcomer")
	}
}

// A frame that is overwritten while it is read is left out: the next one comes.
func TestOvertakenFramesAreReadAgain(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	cam := s.camera("camera", 4, 4)
	topic := "napari/array/camera/y,x/0,0,4,4/1"
	page := s.socket(topic)
	eventually(t, "somebody watches", func() bool { return s.sink.Demand("array/camera") > 0 })
	cam.During(func() { // two slots: three more frames overwrite the first
		for range 3 {
			cam.shoot()
		}
	})
	cam.shoot()
	head, pixels := page.picture(topic)
	if head.Seq != 4 || binary.LittleEndian.Uint16(pixels) != 400 {
		t.Errorf("frame %d with %d came, want 4 with 400", head.Seq, binary.LittleEndian.Uint16(pixels))
	}
	// One whose place is taken before anything newer is known is none.
	reads := cam.Reads()
	cam.During(func() { cam.Publish(nil); cam.Publish(nil) })
	cam.shoot()
	eventually(t, "the frame was read in vain", func() bool { return cam.Reads() == reads+2 })
	cam.shoot()
	if head, _ := page.picture(topic); head.Seq != 8 {
		t.Errorf("frame %d came, want 8", head.Seq)
	}
}

func TestPicturesOfOtherShapes(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	stack := pixelstest.New(shm.ArrayInfo{Name: "stack", Descr: "|u1", Shape: []int{3, 2, 2, 3}, Role: "rgb"}, 3)
	trace := pixelstest.New(shm.ArrayInfo{Name: "trace", Descr: "<f8", Shape: []int{4}}, 3)
	s.camera("camera", 2, 2, stack, trace)
	colour, line, gone := "napari/array/stack/9,y,x,c/0,0,2,2/1", "napari/array/trace/x/0,0,1,4/1", "napari/array/trace/y,x/0,0,1,4/1"
	page := s.socket(colour, line, gone)
	data := make([]byte, 36)
	for i := range data {
		data[i] = byte(i)
	}
	var floats []byte
	for _, v := range []uint64{0x3ff0000000000000, 0x4000000000000000, 0x7ff8000000000000, 0x4010000000000000} {
		floats = binary.LittleEndian.AppendUint64(floats, v)
	}
	s.sink.State("array/trace", trace.Publish(floats))
	head, pixels := page.picture(line)
	if head.Type != "f4" || head.Rows != 1 || head.Cols != 4 || fmt.Sprintf("%x", pixels[:8]) != "0000803f00000040" {
		t.Errorf("a line is %+v, %x", head, pixels)
	}
	// A frame may be smaller than its array; a position beyond its end is the last.
	s.sink.State("array/stack", stack.PublishAs(data[:24], []int{2, 2, 2, 3}))
	head, pixels = page.picture(colour)
	if head.Samples != 3 || head.Rows != 2 || head.Cols != 2 || !bytes.Equal(pixels, data[12:24]) || fmt.Sprint(head.Shape) != "[2 2 2 3]" {
		t.Errorf("a plane in colour is %+v, %v", head, pixels)
	}
}

// For a browser that does not come after with its pictures no frame is read;
// once it does, it gets the newest.
func TestSlowBrowserCostsNoReading(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	const side = 1500 // 2.2 MB
	cam := pixelstest.New(shm.ArrayInfo{Name: "camera", Descr: "|u1", Shape: []int{side, side}}, 3)
	s.sink.State(shm.TopicArrays, shm.Arrays{*cam.Info()})
	topic := fmt.Sprintf("napari/array/camera/y,x/0,0,%d,%d/1", side, side)
	slow := s.socket(topic)
	eventually(t, "somebody watches", func() bool { return s.sink.Demand("array/camera") > 0 })
	data := make([]byte, side*side)
	const frames = 40
	for i := range frames {
		s.sink.State("array/camera", cam.Publish(data))
		if i < 2 {
			eventually(t, "the first frames are read", func() bool { return cam.Reads() > i })
		}
		time.Sleep(2 * time.Millisecond)
	}
	// Two are under way, and perhaps one was made before the browser had too much.
	if reads := cam.Reads(); reads > 4 {
		t.Errorf("%d of %d frames were read for a browser that takes none", reads, frames)
	}
	for {
		if head, _ := slow.picture(topic); head.Seq == frames {
			break
		}
	}
}

func TestRecordsAreATableAndCharts(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	const total = 10_000
	spots := pixelstest.New(shm.ArrayInfo{
		Name: "spots", Shape: []int{total}, Role: "table",
		Fields: []shm.ArrayField{{Name: "frame", Descr: "<i4"}, {Name: "x", Descr: "<f4", Unit: "um"}, {Name: "name", Descr: "|S4"}},
	}, 3)
	s.sink.State(shm.TopicArrays, shm.Arrays{*spots.Info()})
	data := func(spike int) (b []byte) {
		for i := range total {
			x := uint32(0x3f800000) // 1
			if i == spike {
				x = 0x447a0000 // 1000
			}
			b = binary.LittleEndian.AppendUint32(b, uint32(i))
			b = binary.LittleEndian.AppendUint32(b, x)
			b = append(b, "=abc"...)
		}
		return b
	}
	page := s.socket("napari/records/spots", "napari/columns/spots")
	s.sink.State("array/spots", spots.Publish(data(4321)))
	if got := page.until("9800 more are not listed."); strings.Count(got, "data-row=") != 200 || !strings.Contains(got, `data-row="199"`) {
		t.Errorf("the table has %d rows", strings.Count(got, "data-row="))
	}
	page = s.socket("napari/columns/spots")
	var frame struct {
		Topic       string
		TS, Stamp   float64
		Seq, Total  int
		Step        int
		Names       []string
		Units       []string
		Columns     map[string][]*float64
		FrameNumber int
	}
	if err := json.Unmarshal([]byte(page.until(`"columns":`)), &frame); err != nil {
		t.Fatal(err)
	}
	if frame.Topic != "napari/columns/spots" || frame.Seq != 1 || frame.Total != total || frame.Step != 3 ||
		fmt.Sprint(frame.Names, frame.Units) != "[frame x] [ um]" {
		t.Errorf("columns: %+v", frame)
	}
	x, spikes := frame.Columns["x"], 0
	for _, v := range x {
		if v != nil && *v == 1000 {
			spikes++
		}
	}
	if n := len(x); n < total/3 || n > total/3+2 || spikes != 1 {
		t.Errorf("a column of %d points, with %d spikes", n, spikes)
	}

	status, body := s.ask("GET", "/api/v1/sources/napari/arrays/spots.csv", "")
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if status != 200 || err != nil || len(rows) != total+1 || fmt.Sprint(rows[0], rows[4322]) != "[frame x name] [4321 1000 '=abc]" {
		t.Errorf("csv: %d, %v, %d rows", status, err, len(rows))
	}
	if status, body = s.ask("GET", "/api/v1/sources/napari/arrays/spots.png", ""); status != 404 || !strings.Contains(body, "table") {
		t.Errorf("a picture of a table: %d %s", status, body)
	}
	status, body = s.ask("GET", "/api/v1/sources/napari/arrays/spots/value?index=4321", "")
	if status != 200 || !strings.Contains(body, `"value":{"frame":4321,"name":"=abc","x":1000}`) {
		t.Errorf("one record: %d %s", status, body)
	}
	if status, body = s.ask("GET", "/arrays?source=napari&array=spots", "", "Accept", "text/html"); status != 200 ||
		!strings.Contains(body, `data-topic="napari/records/spots"`) || !strings.Contains(body, "/arrays/spots.csv") {
		t.Errorf("the page of a table: %d", status)
	}
}

func TestArraysPage(t *testing.T) {
	s := open(t, dashboard.Options{Token: token, Prefix: "/lab"})
	page := func(query string) string {
		t.Helper()
		status, body := s.ask("GET", "/arrays"+query, "", "Accept", "text/html")
		if status != 200 {
			t.Fatalf("the page: %d %s", status, body)
		}
		return body
	}
	if body := page(""); !strings.Contains(body, "Waiting for it to say") && !strings.Contains(body, "shares no arrays") {
		t.Error("before it has said anything, the page does not say so")
	}
	s.sink.State(shm.TopicArrays, shm.Arrays{})
	if body := page(""); !strings.Contains(body, "shares no arrays") {
		t.Error("a process without arrays is not told of")
	}
	cam := s.camera("camera", 40, 50, pixelstest.New(shm.ArrayInfo{Name: "texts", Descr: "<U3", Shape: []int{4, 4}}, 2))
	body := page("?source=napari&array=camera")
	for _, want := range []string{
		`data-topic="napari/arrays/camera"`, `/lab/arrays?source=napari&amp;array=texts`, "/lab/api/v1/sources/napari/arrays/camera.npy",
		`&#34;topic&#34;:&#34;napari/array/camera&#34;`, `&#34;pixels&#34;:&#34;u2&#34;`, "40 × 50", "uint16", "3 missed",
		"no numbers that could be shown",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if found := regexp.MustCompile(`<script>|\son[a-z]+="|<style|\sstyle="|(src|href)="https?:`).FindString(body); found != "" {
		t.Errorf("the page holds %q, which the policy forbids", found)
	}
	if body := page("?array=other"); !strings.Contains(body, "no such array") {
		t.Error("an array that is not there is not told of")
	}
	page("?array=%22%3E%3Cscript%3E")

	// The list follows what the process declares.
	live := s.socket("napari/arrays/camera")
	live.until("40 × 50")
	info := *cam.Info()
	info.Shape = []int{400, 500}
	s.sink.State(shm.TopicArrays, shm.Arrays{info})
	live.until("400 × 500")

	_, body = s.ask("GET", "/metrics", "")
	for _, want := range []string{
		`webmon_array_published_total{array="camera",source="napari"} 7`, `webmon_array_frames_total{array="camera",source="napari"} 6`,
		`webmon_array_missed_total{array="camera",source="napari"} 3`, `webmon_array_torn_total{array="camera",source="napari"} 2`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

// A process may take its frames back: then nothing of them is shown any more, and
// why is said wherever they would be.
func TestFramesThatAreTakenBack(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	cam := s.camera("layer.3", 4, 5)
	cam.shoot()
	const file = "/api/v1/sources/napari/arrays/layer.3.npy"
	if status, body := s.ask("GET", file, ""); status != 200 {
		t.Fatalf("while it is shared: %d %s", status, body)
	}
	live := s.socket("napari/arrays/layer.3")
	live.until("layer.3")
	withheld := *cam.Info()
	withheld.Shm, withheld.Note = "", "The layer is hidden in napari."
	withheld.Stats.Problem = withheld.Note
	s.sink.State(shm.TopicArrays, shm.Arrays{withheld})
	live.until("layer.3 has nothing to show now.")
	if _, body := s.ask("GET", "/arrays?source=napari&array=layer.3", "", "Accept", "text/html"); !strings.Contains(body, "The layer is hidden in napari.") {
		t.Error("the page does not say why there is nothing")
	}
	if status, body := s.ask("GET", file, ""); status != 404 || !strings.Contains(body, "layer.3: The layer is hidden in napari.") {
		t.Errorf("the file of what is not shared: %d %s", status, body)
	}
	if status, body := s.ask("GET", "/api/v1/sources/napari/arrays", ""); status != 200 || !strings.Contains(body, `"note":"The layer is hidden in napari."`) {
		t.Errorf("the list: %d %s", status, body)
	}
	// A note alone takes nothing back.
	noted := *cam.Info()
	noted.Note = "It is shared as far as it is in view."
	s.sink.State(shm.TopicArrays, shm.Arrays{noted})
	live.until("It is shared as far as it is in view.")
	if status, body := s.ask("GET", file, ""); status != 200 {
		t.Errorf("once it is shared again: %d %s", status, body)
	}
}

func TestArrayAPI(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	cam := s.camera("camera", 4, 5)
	const base = "/api/v1/sources/napari/arrays"

	// The first read asks the process and waits for its frame.
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		for s.sink.Demand("array/camera") == 0 {
			select {
			case <-s.sink.DemandChanged():
			case <-time.After(patience):
				t.Error("the first read did not ask the process")
				return
			}
		}
		cam.shoot()
	}()
	status, body := s.ask("GET", base+"/camera/value?index=2,3", "")
	<-answered
	if status != 200 || strings.TrimSpace(body) != `{"seq":1,"time":1700000000.0166667,"value":2103}` {
		t.Errorf("a value: %d %s", status, body)
	}
	if s.sink.Demand("array/camera") == 0 {
		t.Error("a read does not count as watching")
	}

	status, body = s.ask("GET", base, "")
	var list map[string]struct {
		DType string
		Shape []int
		Axes  []string
		Stats struct {
			Missed int
			Rate   float64 `json:"rate_hz"`
		}
	}
	if err := json.Unmarshal([]byte(body), &list); status != 200 || err != nil || list["camera"].DType != "<u2" ||
		fmt.Sprint(list["camera"].Shape, list["camera"].Axes, list["camera"].Stats) != "[4 5] [y x] {3 59.94}" {
		t.Errorf("the list: %d %v %s", status, err, body)
	}

	status, body = s.ask("GET", base+"/camera.npy", "")
	if status != 200 || !strings.HasPrefix(body, "\x93NUMPY\x01\x00") || !strings.HasSuffix(body, string(cam.data())) {
		t.Errorf("npy: %d, %d bytes", status, len(body))
	}
	status, body = s.ask("GET", base+"/camera.png?index=y,x&low=0&high=255&colormap=viridis", "")
	img, err := png.Decode(strings.NewReader(body))
	if status != 200 || err != nil || img.Bounds().Dx() != 5 || img.Bounds().Dy() != 4 {
		t.Errorf("png: %d, %v", status, err)
	}
	status, body = s.ask("GET", base+"/camera/profile?index=y,x&from=0,1&to=3,1", "")
	if status != 200 || strings.TrimSpace(body) != `{"distance":[0,1,2,3],"unit":"px","value":[101,1101,2101,3101],"value_unit":""}` {
		t.Errorf("profile: %d %s", status, body)
	}

	for _, test := range []struct {
		path   string
		status int
		field  string
	}{
		{"/nothing/value?index=0", 404, ""}, {"/nothing.npy", 404, ""}, {"/camera", 404, ""}, {"/camera.jpg", 404, ""}, {"/camera.csv", 404, ""},
		{"/camera/value", 422, "index"}, {"/camera/value?index=y,x", 422, "index"}, {"/camera/value?index=0", 422, "index"},
		{"/camera/value?index=4,0", 422, "index"}, {"/camera/value?index=0,5", 422, "index"}, {"/camera/value?index=-1,0", 422, "index"},
		{"/camera.npy?plane=0,y,x", 422, "plane"}, {"/camera.npy?plane=x,x", 422, "plane"},
		{"/camera.png?index=0,x", 422, "index"}, {"/camera.png?index=1,y,x", 422, "index"}, {"/camera.png?colormap=jet", 422, "colormap"},
		{"/camera.png?low=1", 422, "high"}, {"/camera.png?high=1", 422, "low"}, {"/camera.png?low=2&high=1", 422, "high"},
		{"/camera.png?low=a&high=1", 422, "low"}, {"/camera.png?gamma=0", 422, "gamma"}, {"/camera.png?gamma=NaN", 422, "gamma"},
		{"/camera/profile?from=0,0", 422, "to"}, {"/camera/profile?from=0&to=1,1", 422, "from"}, {"/camera/profile?from=0,0&to=1,Inf", 422, "to"},
		{"/camera/profile?from=0,0&to=1,1&index=y", 422, "index"},
	} {
		status, body := s.ask("GET", base+test.path, "")
		var answer struct{ Error, Field string }
		if err := json.Unmarshal([]byte(body), &answer); err != nil || status != test.status || answer.Field != test.field || answer.Error == "" {
			t.Errorf("%s: %d, field %q, %q (%v), want %d and %q", test.path, status, answer.Field, answer.Error, err, test.status, test.field)
		}
	}
	// Whoever asks for a plane that is not there gets none, however they ask.
	stack := pixelstest.New(shm.ArrayInfo{Name: "stack", Descr: "<u2", Shape: []int{5, 2, 2}}, 2)
	s.sink.State(shm.TopicArrays, shm.Arrays{*stack.Info()})
	s.sink.State("array/stack", stack.Publish(make([]byte, 40)))
	for path, field := range map[string]string{
		"/stack/value?index=%s,0,0": "index", "/stack.png?index=%s,y,x": "index", "/stack.npy?plane=%s,y,x": "plane",
		"/stack.npy?index=%s,y,x": "index", "/stack/profile?from=0,0&to=1,1&index=%s,y,x": "index",
	} {
		for at, want := range map[string]int{"4": 200, "5": 422, "9": 422, "-1": 422, "1e0": 422, "1099511627777": 422} {
			status, body := s.ask("GET", base+fmt.Sprintf(path, at), "")
			if status != want || (status == 422) != strings.Contains(body, `"field":"`+field+`"`) {
				t.Errorf("%s of five at %s: %d %.200s, want %d", path, at, status, body, want)
			}
		}
	}
	if status, _ := s.ask("GET", "/api/v1/sources/nobody/arrays/camera.npy", ""); status != 404 {
		t.Errorf("an array of a source that does not exist: %d", status)
	}
	huge := pixelstest.New(shm.ArrayInfo{Name: "huge:1", Descr: "<f8", Shape: []int{1 << 15, 1 << 15}}, 2)
	s.sink.State(shm.TopicArrays, shm.Arrays{*huge.Info()})
	s.sink.State("array/huge:1", huge.Publish(nil))
	for _, file := range []string{".npy", ".png"} {
		if status, body := s.ask("GET", base+"/"+url.PathEscape("huge:1")+file, ""); status != 413 || !strings.Contains(body, "too large") {
			t.Errorf("8 GiB as %s: %d %s", file, status, body)
		}
	}

	// The last frame of a process that is gone can still be had, at once.
	s.sink.State(shm.TopicArrays, shm.Arrays{*cam.Info()})
	s.process.end <- shm.ErrGone
	eventually(t, "the process is gone", func() bool {
		_, body := s.ask("GET", "/api/v1/sources", "")
		return strings.Contains(body, `"connected":false`)
	})
	if status, body := s.ask("GET", base+"/camera/value?index=0,0", ""); status != 200 || !strings.Contains(body, `"value":100`) {
		t.Errorf("of a process that is gone: %d %s", status, body)
	}
}

// Whoever wants everything that a process says does not want its frames.
func TestEverythingIsNotTheFrames(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	cam := s.camera("camera", 4, 4)
	s.socket("napari/html/messages").until("camera")
	if s.sink.Demand("stage") == 0 || s.sink.Demand("array/camera") != 0 {
		t.Errorf("the Messages page wants %v of a topic and %v of an array", s.sink.Demand("stage"), s.sink.Demand("array/camera"))
	}
	cam.shoot()
	s.sink.Frame(0)
	s.sink.Frame(0)
	s.ask("GET", "/api/v1/sources/napari/state", "")
	if s.sink.Demand("array/camera") != 0 {
		t.Error("a read of the state asks for frames")
	}
}
