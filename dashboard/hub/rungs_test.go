package hub_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard/hub"
	"webmon/dashboard/line"
)

// studio paints the pictures of one topic, as the pump does.
type studio struct {
	topic *hub.Topic
	kick  chan struct{}
	every time.Duration // between two pictures of the source
	size  int           // of a picture as it is, bytes
	may   line.Set

	mu      sync.Mutex // guards all below
	frame   int        // the newest one of the source
	born    map[int]time.Time
	open    int // pictures that were not closed
	written map[int][]line.Rung
	windows []hub.Window // of lossy ones
	full    bool         // there is no room
	rate    float64      // as its pictures tell
}

// parts of a picture's size at each rung, as those of a microscope have.
var ratios = [line.Rungs]float64{1, 0.55, 0.5, 0.16, 0.1, 0.07, 0.025, 0.006}

func (s *studio) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// source makes n pictures.
func (s *studio) source(n int) {
	for range n {
		s.mu.Lock()
		s.frame++
		s.born[s.frame] = time.Now()
		s.mu.Unlock()
		s.wake()
		time.Sleep(s.every)
	}
}

// run paints until ctx is done.
func (s *studio) run(ctx context.Context) {
	defer s.topic.Drop()
	timer := time.NewTimer(0)
	last := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.kick:
		case <-timer.C:
		}
		now := time.Now()
		s.mu.Lock()
		frame := s.frame
		s.mu.Unlock()
		if newer := s.topic.Ready(now); newer && frame > last {
			last = frame
			s.mu.Lock()
			s.open++
			s.mu.Unlock()
			s.topic.Paint(&drawn{s: s, number: frame}, now)
		} else if lacks, _ := s.topic.Lacks(now); lacks {
			s.topic.Refine(now)
		}
		next := now.Add(time.Second)
		if _, again := s.topic.Lacks(now); again.After(now) && again.Before(next) {
			next = again
		}
		timer.Reset(next.Sub(now))
	}
}

// drawn is a picture of a studio. Written, it is its number, the rung, and zeros.
type drawn struct {
	s      *studio
	number int
}

func (d *drawn) Rungs() line.Set { return d.s.may }
func (d *drawn) Size() int       { return d.s.size }
func (d *drawn) Rate() float64   { return d.s.rate }

func (d *drawn) At(r line.Rung, window hub.Window, _ time.Time) *hub.Message {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if d.s.full {
		return nil
	}
	d.s.written[d.number] = append(d.s.written[d.number], r)
	if r.Step().Lossy() {
		d.s.windows = append(d.s.windows, window)
	}
	b := make([]byte, hub.Headroom+max(8, int(float64(d.s.size)*ratios[r])))
	binary.LittleEndian.PutUint32(b[hub.Headroom:], uint32(d.number))
	binary.LittleEndian.PutUint32(b[hub.Headroom+4:], uint32(r))
	return hub.Lend(b, nil)
}

func (d *drawn) Close() {
	d.s.mu.Lock()
	d.s.open--
	d.s.mu.Unlock()
}

// studios is a hub whose topics "pictures/..." have a studio each.
type studios struct {
	*pipes
	mu     sync.Mutex
	of     map[string]*studio
	topics map[string]*hub.Topic
}

// inStudios runs f in virtual time. Each topic of pictures is one of a camera of 60 Hz with pictures of size bytes.
func inStudios(t *testing.T, size int, opts hub.Options, f func(s *studios)) {
	all := &studios{of: map[string]*studio{}, topics: map[string]*hub.Topic{}}
	ends := map[*hub.Topic]context.CancelFunc{}
	var painting sync.WaitGroup
	opts.Open = func(topic *hub.Topic) error {
		all.mu.Lock()
		defer all.mu.Unlock()
		all.topics[topic.Name()] = topic
		if !bytes.HasPrefix([]byte(topic.Name()), []byte("pictures/")) {
			return nil
		}
		topic.Pictures()
		s := &studio{
			topic: topic, kick: make(chan struct{}, 1), every: time.Second / 60, size: size, may: line.All, rate: 60,
			born: map[int]time.Time{}, written: map[int][]line.Rung{},
		}
		all.of[topic.Name()] = s
		ctx, cancel := context.WithCancel(context.Background())
		ends[topic] = cancel
		painting.Go(func() { s.run(ctx) })
		return nil
	}
	opts.Close = func(topic *hub.Topic) {
		if cancel := ends[topic]; cancel != nil {
			cancel()
		}
	}
	wake := func(topic *hub.Topic) {
		all.mu.Lock()
		s := all.of[topic.Name()]
		all.mu.Unlock()
		if s != nil {
			s.wake()
		}
	}
	opts.Ready, opts.Refresh = wake, wake
	inPipes(t, opts, func(p *pipes) {
		all.pipes = p
		f(all)
	})
}

// path is a line with buffers that take everything.
type path struct {
	rate  float64       // bytes a second; 0: any
	delay time.Duration // one way
	busy  time.Duration // how much later than at once the browser answers its first ping
}

// delayed is the end of a connection whose bytes arrive later.
type delayed struct {
	net.Conn
	path  path
	sends chan sending
	mu    sync.Mutex
	free  time.Time
}

type sending struct {
	at time.Time
	b  []byte
}

func (p path) wrap(c net.Conn, run func(func())) *delayed {
	d := &delayed{Conn: c, path: p, sends: make(chan sending, 1<<16)}
	run(func() {
		for s := range d.sends {
			time.Sleep(time.Until(s.at))
			if _, err := c.Write(s.b); err != nil {
				return
			}
		}
	})
	return d
}

func (d *delayed) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for rest := b; len(rest) > 0; {
		part := rest[:min(len(rest), 1460)]
		rest = rest[len(part):]
		now := time.Now()
		if d.free.Before(now) {
			d.free = now
		}
		if d.path.rate > 0 {
			d.free = d.free.Add(time.Duration(float64(len(part)) / d.path.rate * 1e9))
		}
		select {
		case d.sends <- sending{d.free.Add(d.path.delay), bytes.Clone(part)}:
		default:
			return 0, io.ErrShortWrite
		}
	}
	return len(b), nil
}

func (d *delayed) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sends != nil {
		close(d.sends)
		d.sends = nil
	}
	return d.Conn.Close()
}

// viewer is a page that acknowledges as pages do.
type viewer struct {
	s      *studios
	conn   *websocket.Conn
	paints time.Duration // how long it takes to paint

	mu       sync.Mutex // guards all below
	n, d     int        // messages received, and painted
	pending  []int      // those that are being painted
	writes   sync.Mutex
	whole    []byte
	id       uint32
	shown    []shown
	texts    []time.Duration // ages of texts that came
	parts    int
	givenUp  int
	stopped  bool // says nothing any more
	lastText int
}

// shown is a picture that came.
type shown struct {
	number int
	rung   line.Rung
	at     time.Time
}

// viewer connects a page over a line. watch are fields of its first message, as in pipes.dial.
func (s *studios) viewer(p path, paints time.Duration, watch string) *viewer {
	near, far := net.Pipe()
	down, up := p.wrap(far, s.done.Go), path{delay: p.delay}.wrap(near, s.done.Go)
	s.done.Go(func() {
		defer down.Close()
		r := bufio.NewReader(down)
		req, err := http.ReadRequest(r)
		if err != nil {
			s.t.Error(err)
			return
		}
		upgrader := websocket.Upgrader{}
		conn, err := upgrader.Upgrade(hijacked{down, r}, req, nil)
		if err != nil {
			s.t.Error(err)
			return
		}
		s.hub.Serve(s.ctx, conn)
	})
	dialer := websocket.Dialer{NetDialContext: func(context.Context, string, string) (net.Conn, error) { return up, nil }}
	conn, _, err := dialer.Dial("ws://hub/", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	v := &viewer{s: s, conn: conn, paints: paints}
	busy := p.busy
	conn.SetPingHandler(func(data string) error {
		time.Sleep(busy)
		busy = 0
		return conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
	})
	v.say(`{"type":"watch",` + watch + `}`)
	s.done.Go(func() {
		defer up.Close()
		for {
			kind, data, err := conn.ReadMessage()
			if err != nil {
				return
			}
			v.take(kind == websocket.BinaryMessage, data)
		}
	})
	return v
}

func (v *viewer) say(text string) {
	v.writes.Lock()
	defer v.writes.Unlock()
	_ = v.conn.WriteMessage(websocket.TextMessage, []byte(text)) // an error: it was closed
}

func (v *viewer) take(binary bool, data []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n++
	n := v.n
	prompt := len(data) >= 16<<10
	if binary {
		prompt = true
		v.picture(data)
	} else {
		var frame struct {
			Age int64 `json:"at"`
			N   int   `json:"n"`
		}
		if json.Unmarshal(data, &frame) == nil && frame.N > 0 {
			v.texts = append(v.texts, time.Since(time.Unix(0, frame.Age)))
			v.lastText = frame.N
		}
	}
	if v.stopped {
		return
	}
	if prompt {
		v.pending = append(v.pending, n)
		d := v.d
		go v.ack(n, d)
		time.AfterFunc(v.paints, func() { v.painted(n) })
	} else {
		time.AfterFunc(100*time.Millisecond, func() { v.painted(n) })
	}
}

func (v *viewer) painted(n int) {
	v.mu.Lock()
	v.pending = slices.DeleteFunc(v.pending, func(p int) bool { return p == n })
	v.d = v.n
	if len(v.pending) > 0 {
		v.d = v.pending[0] - 1
	}
	received, d := v.n, v.d
	v.mu.Unlock()
	v.ack(received, d)
}

func (v *viewer) ack(n, d int) { v.say(fmt.Sprintf(`{"type":"ack","n":%d,"d":%d}`, n, d)) }

func (v *viewer) picture(data []byte) {
	if bytes.HasPrefix(data, []byte("WMP1")) {
		v.parts++
		id, at, size := binary.LittleEndian.Uint32(data[4:]), int(binary.LittleEndian.Uint32(data[8:])), int(binary.LittleEndian.Uint32(data[12:]))
		if id != v.id {
			if id < v.id || at != 0 {
				v.s.t.Errorf("part %d at %d after one of %d", id, at, v.id)
			}
			if v.whole != nil {
				v.givenUp++
			}
			v.id, v.whole = id, nil
		}
		if at != len(v.whole) {
			v.s.t.Errorf("a part at %d, want %d", at, len(v.whole))
		}
		v.whole = append(v.whole, data[16:]...)
		if len(v.whole) < size {
			return
		}
		data, v.whole = v.whole, nil
	}
	v.shown = append(v.shown, shown{int(binary.LittleEndian.Uint32(data)), line.Rung(binary.LittleEndian.Uint32(data[4:])), time.Now()})
}

// since returns what came of pictures after a time.
func (v *viewer) since(at time.Time) []shown {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(v.shown), func(s shown) bool { return s.at.Before(at) })
}

// mbit is a rate in bytes a second.
func mbit(n float64) float64 { return n * 1e6 / 8 }

// camera is one source and one viewer over a line of 2.5 Mbit/s, of which the rate is known.
func (s *studios) camera(watch string) (*studio, *viewer) {
	v := s.viewer(path{rate: mbit(2.5), delay: 20 * time.Millisecond}, 10*time.Millisecond, `"topics":["pictures/1"],`+watch)
	time.Sleep(time.Second)
	synctest.Wait()
	studio := s.of["pictures/1"]
	studio.source(180)
	return studio, v
}

// A picture that stands still is being sent exactly when a newer one comes: the rest of it is given up.
func TestARefinementIsGivenUp(t *testing.T) {
	inStudios(t, 512<<10, hub.Options{}, func(s *studios) {
		studio, v := s.camera(all)
		time.Sleep(hub.StillAfter + 200*time.Millisecond) // the exact picture takes seconds
		began := time.Now()
		studio.source(1)
		last := studio.frame
		time.Sleep(400 * time.Millisecond)
		got := v.since(began)
		if len(got) == 0 || got[len(got)-1].number != last || !got[0].rung.Step().Lossy() {
			t.Errorf("with something newer came %+v, want %d with losses", got, last)
		}
		v.mu.Lock()
		if v.givenUp != 1 {
			t.Errorf("%d pictures were given up, want the exact one", v.givenUp)
		}
		v.mu.Unlock()
		time.Sleep(10 * time.Second)
		if got := v.since(began); got[len(got)-1].number != last || got[len(got)-1].rung.Step().Lossy() {
			t.Errorf("at rest came %+v, want %d exactly", got, last)
		}
		studio.mu.Lock()
		defer studio.mu.Unlock()
		if studio.open != 1 {
			t.Errorf("%d pictures are held", studio.open)
		}
	})
}

// A page that receives pictures and paints none gets two of them, and its text goes on.
func TestAPageThatNeverPaints(t *testing.T) {
	inStudios(t, 40<<10, hub.Options{}, func(s *studios) {
		v := s.viewer(path{delay: 5 * time.Millisecond}, 24*time.Hour, `"topics":["pictures/1","a/text"],`+all)
		time.Sleep(time.Second)
		synctest.Wait()
		studio := s.of["pictures/1"]
		studio.source(60)
		texts := s.topics["a/text"]
		for i := 1; i <= 20; i++ {
			texts.Publish(hub.Text(fmt.Appendf(nil, `{"topic":"a/text","n":%d,"at":%d}`, i, time.Now().UnixNano())))
			time.Sleep(50 * time.Millisecond)
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		if n := len(v.shown); n < 2 || n > 3 { // one may be on its way when the second is received
			t.Errorf("%d pictures came, want two", n)
		}
		if v.lastText != 20 {
			t.Errorf("the last text that came is %d", v.lastText)
		}
		studio.mu.Lock()
		defer studio.mu.Unlock()
		if n := len(studio.written); n > 4 {
			t.Errorf("%d pictures were written for nobody", n)
		}
	})
}

// What a limit allows is what is sent.
func TestARateIsBounded(t *testing.T) {
	inStudios(t, 64<<10, hub.Options{}, func(s *studios) {
		const limit = 100_000
		v := s.viewer(path{delay: 200 * time.Microsecond}, 5*time.Millisecond, fmt.Sprintf(`"topics":["pictures/1"],"rate":%d,`, limit)+all)
		time.Sleep(time.Second)
		synctest.Wait()
		s.of["pictures/1"].source(300)
		began := time.Now()
		before := s.hub.Stats().Bytes
		s.of["pictures/1"].source(300)
		took := time.Since(began).Seconds()
		rate := float64(s.hub.Stats().Bytes-before) / took
		if rate > 1.3*limit || len(v.since(began)) < 20 {
			t.Errorf("%.0f bytes a second, %d pictures", rate, len(v.since(began)))
		}
		infos := s.hub.Lines(time.Now())
		if len(infos) != 1 || infos[0].Limit != limit || len(infos[0].Pictures) != 1 {
			t.Fatalf("it is told as %+v", infos)
		}
		if p := infos[0].Pictures[0]; !p.Step.Lossy() || p.Ratio < 1.5 || p.FPS < 3 || p.Lag <= 0 || p.Topic != "pictures/1" || p.Why.String() == "" {
			t.Errorf("its picture is told as %+v", p)
		}
	})
}

// A newcomer to a picture that stands still gets it, and where there is no room for a picture, another one is tried.
func TestNewcomersAndNoRoom(t *testing.T) {
	inStudios(t, 64<<10, hub.Options{}, func(s *studios) {
		studio, _ := s.camera(all)
		time.Sleep(10 * time.Second)
		studio.mu.Lock()
		studio.full = true
		written := len(studio.written)
		studio.mu.Unlock()
		began := time.Now()
		fast := s.viewer(path{delay: 200 * time.Microsecond}, 5*time.Millisecond, `"topics":["pictures/1"],`+all)
		time.Sleep(time.Second)
		if got := fast.since(began); len(got) != 0 {
			t.Errorf("%+v came without room", got)
		}
		studio.mu.Lock()
		studio.full = false
		studio.mu.Unlock()
		time.Sleep(time.Second)
		last := studio.frame
		if got := fast.since(began); len(got) != 1 || got[0].number != last || got[0].rung.Step().Lossy() {
			t.Errorf("the newcomer got %+v, want %d exactly", got, last)
		}
		studio.mu.Lock()
		defer studio.mu.Unlock()
		if len(studio.written) != written {
			t.Error("another picture was read for a newcomer")
		}
	})
}

// A browser nearby that is busy when its line is measured gets its first picture as it is all the same; one that is far
// does not wait for more than one answer.
func TestABusyMomentIsNoFarLine(t *testing.T) {
	for _, c := range []struct {
		name   string
		path   path
		lossy  bool
		within time.Duration
	}{
		{"at once", path{delay: 200 * time.Microsecond}, false, 20 * time.Millisecond},
		{"busy", path{delay: 200 * time.Microsecond, busy: 8 * time.Millisecond}, false, 30 * time.Millisecond},
		{"some way off", path{delay: 5 * time.Millisecond}, true, 70 * time.Millisecond},
		{"far", path{delay: 40 * time.Millisecond}, true, 230 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			inStudios(t, 512<<10, hub.Options{}, func(s *studios) {
				began := time.Now()
				v := s.viewer(c.path, 5*time.Millisecond, `"topics":["pictures/1"],`+all)
				time.Sleep(5 * c.path.delay)
				synctest.Wait()
				s.of["pictures/1"].source(60)
				got := v.since(began)
				if len(got) == 0 || got[0].rung.Step().Lossy() != c.lossy || got[0].at.Sub(began) > c.within+5*c.path.delay {
					t.Errorf("the pictures %+v came from %v on, want the first one with losses %v", got[:min(len(got), 3)], began, c.lossy)
				}
			})
		})
	}
}

// The window is what all pages draw that have losses, with a margin, and does not follow what is within it.
func TestTheWindowOfATopic(t *testing.T) {
	inStudios(t, 512<<10, hub.Options{}, func(s *studios) {
		studio, v := s.camera(all)
		topic := s.topics["pictures/1"]
		if w := topic.Window(); w.Known {
			t.Errorf("nobody has told what it draws, and the window is %+v", w)
		}
		other := s.viewer(path{rate: mbit(2.5), delay: 20 * time.Millisecond}, 10*time.Millisecond, `"topics":["pictures/1"],`+all)
		go studio.source(240)
		time.Sleep(2 * time.Second)
		for _, step := range []struct {
			by        *viewer
			low, high string
			want      [2]float64
		}{
			{v, "100", "200", [2]float64{90, 210}},
			{v, "95", "205", [2]float64{90, 210}},  // within the margin
			{v, "105", "195", [2]float64{90, 210}}, // not much less
			{v, "200", "100", [2]float64{90, 210}}, // no window
			{v, "-1e400", "7", [2]float64{90, 210}},
			{other, "300", "400", [2]float64{76, 429}}, // of 105 to 400
			{other, "100", "200", [2]float64{90, 210}},
		} {
			step.by.say(`{"type":"look","topic":"pictures/1","low":` + step.low + `,"high":` + step.high + `}`)
			time.Sleep(100 * time.Millisecond)
			w := topic.Window()
			if !w.Known || math.Abs(w.Low-step.want[0]) > 1 || math.Abs(w.High-step.want[1]) > 1 {
				t.Errorf("after %s to %s the window is %+v, want %v", step.low, step.high, w, step.want)
			}
		}
		time.Sleep(5 * time.Second)
		studio.mu.Lock()
		defer studio.mu.Unlock()
		if len(studio.windows) == 0 {
			t.Error("nothing was written with a window")
		}
	})
}

const all = `"takes":["parts","packed","jpeg"]`

// One browser on a slow line among fast ones: it slows down nobody, has pictures with losses that are not old, and the exact one once
// it stands still. Text passes its pictures. All is written once a rung.
func TestOneSlowLineAmongFastOnes(t *testing.T) {
	inStudios(t, 256<<10, hub.Options{}, func(s *studios) {
		fast := s.viewer(path{delay: 200 * time.Microsecond}, 5*time.Millisecond, `"topics":["pictures/1"],`+all)
		other := s.viewer(path{delay: 200 * time.Microsecond}, 5*time.Millisecond, `"topics":["pictures/1"],`+all)
		slow := s.viewer(path{rate: mbit(2.5), delay: 20 * time.Millisecond}, 10*time.Millisecond, `"topics":["pictures/1","a/text"],`+all)
		plain := s.viewer(path{rate: mbit(60), delay: time.Millisecond}, 10*time.Millisecond, `"topics":["pictures/1"]`)
		exact := s.viewer(path{rate: mbit(6), delay: 5 * time.Millisecond}, 10*time.Millisecond, `"topics":["pictures/1"],"pictures":"exact",`+all)
		time.Sleep(time.Second)
		synctest.Wait()
		studio, texts := s.of["pictures/1"], s.topics["a/text"]
		go func() {
			for i := 1; i <= 60; i++ {
				texts.Publish(hub.Text(fmt.Appendf(nil, `{"topic":"a/text","n":%d,"at":%d}`, i, time.Now().UnixNano())))
				time.Sleep(100 * time.Millisecond)
			}
		}()
		studio.source(240) // the line is measured
		began := time.Now()
		studio.source(150)
		took := time.Since(began)
		studio.mu.Lock()
		defer studio.mu.Unlock()
		for _, v := range []*viewer{fast, other} {
			got := v.since(began)
			if fps := float64(len(got)) / took.Seconds(); fps < 55 {
				t.Errorf("a fast browser got %.1f pictures a second", fps)
			}
			for _, p := range got {
				if p.rung != line.AsIs {
					t.Fatalf("a fast browser got a picture at rung %d", p.rung)
				}
			}
		}
		got := slow.since(began)
		if fps := float64(len(got)) / took.Seconds(); fps < 15 {
			t.Errorf("the slow browser got %.1f pictures a second", fps)
		}
		for _, p := range got {
			if lag := p.at.Sub(studio.born[p.number]); !p.rung.Step().Lossy() || lag > 250*time.Millisecond {
				t.Errorf("the slow browser got a picture at rung %d, %v old", p.rung, lag)
			}
		}
		for _, v := range []*viewer{plain, exact} {
			if len(v.since(began)) == 0 {
				t.Error("a page that takes exact pictures alone gets none")
			}
			for _, p := range v.since(began) {
				if p.rung.Step().Lossy() || v == plain && p.rung != line.AsIs {
					t.Errorf("a page that takes exact pictures alone gets one at rung %d", p.rung)
				}
			}
		}
		for v, want := range map[*viewer]bool{plain: false, slow: true} {
			v.mu.Lock()
			if v.parts > 0 != want {
				t.Errorf("%d parts came, want some: %v", v.parts, want)
			}
			v.mu.Unlock()
		}
		// It stands still.
		last := studio.frame
		studio.mu.Unlock()
		time.Sleep(2 * time.Second)
		studio.mu.Lock()
		if got := slow.since(began); len(got) == 0 || got[len(got)-1].number != last || got[len(got)-1].rung.Step().Lossy() {
			t.Errorf("at rest the slow browser has %+v, want %d exactly", got[len(got)-1:], last)
		}
		slow.mu.Lock()
		defer slow.mu.Unlock()
		slices.Sort(slow.texts)
		if n := len(slow.texts); n < 57 || slow.texts[n*95/100] > 150*time.Millisecond {
			t.Errorf("of 60 texts %d came, 95 %% within %v", n, slow.texts[n*95/100])
		}
		for number, rungs := range studio.written {
			slices.Sort(rungs)
			if len(slices.Compact(slices.Clone(rungs))) != len(rungs) {
				t.Errorf("picture %d was written at %v", number, rungs)
			}
		}
		if studio.open != 1 {
			t.Errorf("%d pictures are held", studio.open)
		}
	})
}

// Browsers on fast lines stand on one rung: a picture is not written for each of them in another way because a machine is busy.
func TestBrowsersNearbyStandTogether(t *testing.T) {
	const size = 1 << 20
	inStudios(t, size, hub.Options{}, func(s *studios) {
		var all []*viewer
		for _, rate := range []float64{20e6, 24e6, 28e6} { // of 60 MB a second
			all = append(all, s.viewer(path{rate: rate, delay: 100 * time.Microsecond}, 0, `"topics":["pictures/1"],"takes":["parts","packed","jpeg"]`))
		}
		synctest.Wait()
		studio := s.of["pictures/1"]
		studio.source(60 * 15)
		rungs, apart := map[line.Rung]bool{}, 0
		for _, v := range all {
			v.mu.Lock()
			n := 0
			for _, p := range v.shown {
				if p.number > 60*5 {
					rungs[p.rung] = true
					n++
				}
			}
			v.mu.Unlock()
			if n < 250 {
				t.Errorf("one got %d pictures in ten seconds", n)
			}
		}
		if !rungs[2] && !rungs[3] {
			t.Errorf("they stand on the rungs %v, of which the lines carry none", rungs)
		}
		studio.mu.Lock()
		defer studio.mu.Unlock()
		for _, at := range studio.written {
			if len(at) > 1 {
				apart++
			}
		}
		if apart > len(studio.written)/50 {
			t.Errorf("%d of %d pictures were written at more than one rung", apart, len(studio.written))
		}
	})
}
