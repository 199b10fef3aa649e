package steer

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"webmon/shm"
)

// moved is a process that notes what hands do to it.
type moved struct {
	mu     sync.Mutex // guards all below
	n      []uint64
	at     []time.Time
	events []shm.Hand
	starts int
	deaf   bool
}

func (p *moved) ID() string { return "napari" }

func (p *moved) Starts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.starts
}

func (p *moved) Hands(n uint64, events []shm.Hand) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deaf {
		return false
	}
	p.n, p.at, p.events = append(p.n, n), append(p.at, time.Now()), append(p.events, events...)
	return true
}

// does returns what has been done since it was last called, in short.
func (p *moved) does() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := []string{}
	for _, h := range p.events {
		list = append(list, strings.TrimSpace(string(h.Do)+" "+h.Button+h.Key))
	}
	p.events = nil
	return list
}

func (p *moved) last() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n[len(p.n)-1]
}

// handBench is a process, and browsers that look at its canvas.
type handBench struct {
	process moved
	desk    *Desk
	n       map[string]uint64
}

func newHandBench() *handBench {
	return &handBench{desk: New(nil, nil), n: map[string]uint64{}}
}

func (b *handBench) canvas() *canvas { return b.desk.hands.canvas(&b.process) }

// looks says that a browser looks at the canvas.
func (b *handBench) looks(browser string) {
	b.desk.Watching(browser, []string{"napari/people", "napari/" + FeedDrawing, "napari/" + FeedCanvas + "/640x480"})
}

// hand is a message of the page of a browser.
func (b *handBench) hand(browser string, events ...shm.Hand) (n uint64, all bool) {
	b.n[browser]++
	_, _, all = b.canvas().hear(browser, HandsMessage{Page: browser, N: b.n[browser], Events: events}, time.Now())
	return b.n[browser], all
}

func (b *handBench) draws(browser string, on bool) {
	b.canvas().draw(browser, Drawer{Name: browser}, on, time.Now())
}

// who tells who draws, and who waits to.
func (b *handBench) who() string {
	c := b.canvas()
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for _, a := range c.asking {
		names = append(names, a.Name)
	}
	if c.drawing == nil {
		return fmt.Sprint("nobody ", names)
	}
	return fmt.Sprint(c.drawing.Name, " ", names)
}

func (b *handBench) done(message uint64) string {
	return fmt.Sprint(b.canvas().done(message, time.Now()))
}

// later is when what waits has been sent.
const later = 3 * handsEvery

var (
	press   = shm.Hand{Do: shm.HandPress, X: 0.5, Y: 0.5, Button: "left"}
	release = shm.Hand{Do: shm.HandRelease, X: 0.5, Y: 0.5, Button: "left"}
)

func pan(dx float64) shm.Hand { return shm.Hand{Do: shm.HandPan, DX: dx} }

// The first movement is sent at once, and those after it 60 times a second, with none lost.
func TestHandsAreJoinedOnTheirWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHandBench()
		const each = time.Millisecond
		begun := time.Now()
		for range 1000 {
			b.hand("ada", pan(0.25))
			b.hand("bob", pan(0.25))
			time.Sleep(each)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		p := &b.process
		p.mu.Lock()
		defer p.mu.Unlock()
		if n := len(p.n); n < 55 || n > 63 {
			t.Errorf("%d messages in a second", n)
		}
		sum := 0.0
		for _, h := range p.events {
			sum += h.DX
		}
		if sum != 500 {
			t.Errorf("the picture has moved by %v canvases, want 500", sum)
		}
		if !p.at[0].Equal(begun) || !slices.IsSorted(p.n) || len(slices.Compact(slices.Clone(p.n))) != len(p.n) {
			t.Errorf("the messages %v came from %v on", p.n, p.at[0].Sub(begun))
		}
		for i := range p.at[1:] {
			if gap := p.at[i+1].Sub(p.at[i]); gap < handsEvery {
				t.Errorf("%v between two messages", gap)
			}
		}
	})
}

// A picture tells each page which of its movements it shows.
func TestAPictureTellsWhatItShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHandBench()
		b.hand("ada", pan(1))
		first := b.process.last()
		if got := b.done(first - 1); got != "[{ada 0}]" {
			t.Errorf("before the first: %s", got)
		}
		b.hand("ada", pan(1))
		b.hand("ada", pan(1))
		b.hand("bob", pan(1))
		if got := b.done(first); got != "[{ada 1} {bob 0}]" {
			t.Errorf("after the first: %s", got)
		}
		time.Sleep(later)
		synctest.Wait()
		second := b.process.last()
		if got := b.done(second); got != "[{ada 3} {bob 1}]" {
			t.Errorf("after the second: %s", got)
		}
		if got := b.done(first); got != "[{ada 1} {bob 0}]" {
			t.Errorf("an older picture after a newer one: %s", got)
		}
		// A process that is there no more will never show it, and one that takes nothing neither.
		b.process.mu.Lock()
		b.process.starts++
		b.process.mu.Unlock()
		if got := b.done(0); got != "[{ada 3} {bob 1}]" {
			t.Errorf("after another process has come: %s", got)
		}
		b.process.mu.Lock()
		b.process.deaf = true
		b.process.mu.Unlock()
		time.Sleep(later)
		b.hand("ada", pan(1))
		if got := b.done(0); got != "[{ada 4} {bob 1}]" {
			t.Errorf("of a process that takes nothing: %s", got)
		}
		time.Sleep(keepPages)
		if got := b.done(0); got != "[]" {
			t.Errorf("of pages that do nothing any more: %s", got)
		}
	})
}

// However long a process does not draw, and however many pages there are, what is known of
// them is bounded, and never more is told than what was done.
func TestWhatIsKnownOfPagesIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHandBench()
		b.hand("ada", pan(1))
		first := b.process.last()
		for range 4 * maxUndone {
			b.hand("ada", pan(1))
			time.Sleep(handsEvery)
		}
		time.Sleep(later)
		if got := b.done(first); got != "[{ada 0}]" && got != "[{ada 1}]" {
			t.Errorf("of a process that does nothing more: %s", got)
		}
		c := b.canvas()
		if n := len(c.pages["ada"].sent); n > maxUndone {
			t.Errorf("%d messages are kept", n)
		}
		if got := b.done(b.process.last()); got != fmt.Sprintf("[{ada %d}]", b.n["ada"]) {
			t.Errorf("when all is done: %s", got)
		}
		for i := range 4 * maxPages {
			b.hand(fmt.Sprintf("%08x", i), pan(1))
		}
		if n := len(c.done(0, time.Now())); n > maxPages {
			t.Errorf("%d pages are kept", n)
		}
	})
}

// One draws at a time, and the others get their turn.
func TestOneDraws(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHandBench()
		told := 0
		c := b.canvas()
		c.wake = func() { told++ }
		is := func(want string) {
			t.Helper()
			synctest.Wait()
			if got := b.who(); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		if _, all := b.hand("ada", press, release); all || len(b.process.does()) != 0 {
			t.Error("somebody draws who has not asked")
		}
		time.Sleep(later)
		b.draws("ada", true)
		is("ada []")
		if _, all := b.hand("ada", press); !all || fmt.Sprint(b.process.does()) != "[press left]" {
			t.Error("who draws cannot")
		}
		b.draws("bob", true)
		b.draws("bob", true)
		b.draws("eve", true)
		is("ada [bob eve]")
		if _, all := b.hand("bob", press, pan(1)); all {
			t.Error("two draw at a time")
		}
		time.Sleep(later)
		if got := fmt.Sprint(b.process.does()); got != "[pan]" {
			t.Errorf("what does not draw is %s", got)
		}
		// Who draws goes on for as long as they do.
		for range 10 {
			time.Sleep(drawRest - time.Second)
			b.hand("ada", shm.Hand{Do: shm.HandMove, Button: "left"})
		}
		is("ada [bob eve]")
		b.process.does()
		// What does not draw is no reason to keep it.
		time.Sleep(drawRest - time.Second)
		b.hand("ada", pan(1))
		time.Sleep(time.Second)
		is("bob [eve]")
		time.Sleep(later)
		if got := fmt.Sprint(b.process.does()); got != "[pan release left]" {
			t.Errorf("after ada has rested: %s, want the button released", got)
		}
		b.draws("bob", false)
		is("eve []")
		b.draws("bob", true)
		b.draws("bob", false)
		is("eve []")
		before := told
		b.draws("eve", true)
		if told != before {
			t.Error("the same is told twice")
		}
		b.draws("eve", false)
		is("nobody []")
		if told != before+1 {
			t.Errorf("told %d times, want once", told-before)
		}
		// Somebody who has rested for long gives way at once.
		b.draws("ada", true)
		time.Sleep(2 * drawRest)
		is("ada []")
		b.draws("bob", true)
		is("bob []")
	})
}

// A browser that is gone lets go of all that it held, and does not draw any more.
func TestAHandThatIsGoneLetsGo(t *testing.T) {
	for name, gone := range map[string]func(b *handBench){
		"it is gone":                 func(b *handBench) { b.desk.Watching("ada", nil) },
		"it shows another page":      func(b *handBench) { b.desk.Watching("ada", []string{"napari/html/layers"}) },
		"it looks at another source": func(b *handBench) { b.desk.Watching("ada", []string{"other/canvas/640x480", "other/canvas-people"}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newHandBench()
				b.looks("ada")
				b.looks("bob")
				b.draws("ada", true)
				b.draws("bob", true)
				shift := shm.Hand{Do: shm.HandKey, Key: "Shift", Down: true}
				b.hand("ada", press, shift, shm.Hand{Do: shm.HandMove, X: 0.75, Y: 0.25, Button: "left"})
				b.looks("ada") // again, at another size
				time.Sleep(later)
				if got := b.who(); got != "ada [bob]" {
					t.Fatal(got)
				}
				b.process.does()
				gone(b)
				time.Sleep(later)
				b.process.mu.Lock()
				if h := b.process.events[0]; h.X != 0.75 || h.Y != 0.25 {
					t.Errorf("the button is released at %v, %v", h.X, h.Y)
				}
				b.process.mu.Unlock()
				if got := fmt.Sprint(b.process.does()); got != "[release left key Shift leave]" {
					t.Errorf("it has let go by %s", got)
				}
				if got := b.who(); got != "bob []" {
					t.Errorf("%s, want bob to draw", got)
				}
				if _, all := b.hand("ada", press); all {
					t.Error("who is gone draws")
				}
				b.desk.Watching("bob", nil)
				b.desk.Watching("ada", nil)
				if c := b.canvas(); len(c.browsers) != 0 || len(b.desk.hands.looks) != 0 {
					t.Errorf("%d browsers are kept", len(c.browsers))
				}
			})
		})
	}
}

// What makes no sense does not reach the process.
func TestHandsThatMakeNoSense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newHandBench()
		b.draws("ada", true)
		b.hand("ada", release, shm.Hand{Do: shm.HandLeave}, shm.Hand{Do: shm.HandKey, Key: "a"})
		for i := range 2 * maxHeld {
			b.hand("ada", shm.Hand{Do: shm.HandKey, Key: fmt.Sprint(i), Down: true})
		}
		time.Sleep(time.Second)
		if got := b.process.does(); len(got) != maxHeld || got[0] != "key 0" {
			t.Errorf("the process got %v", got)
		}
	})
}

// Many browsers do everything at once; for the race detector.
func TestHandsOfManyAtOnce(t *testing.T) {
	b := newHandBench()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			name := fmt.Sprintf("0000000%d", i)
			for n := range uint64(200) {
				b.desk.Watching(name, []string{"napari/canvas-people"})
				b.canvas().draw(name, Drawer{Name: name}, n%3 != 0, time.Now())
				b.canvas().hear(name, HandsMessage{Page: name, N: n + 1, Events: []shm.Hand{press, pan(1), release}}, time.Now())
				b.canvas().done(n, time.Now())
				if n%50 == 0 {
					b.desk.Watching(name, nil)
				}
			}
			b.desk.Watching(name, nil)
		})
	}
	all.Wait()
	if got := b.who(); got != "nobody []" {
		t.Error(got)
	}
}

func TestReadHands(t *testing.T) {
	const head = `{"type":"canvas-hand","source":"napari","page":"0123abcd","n":7,"events":[`
	for text, want := range map[string]shm.Hand{
		`{"do":"pan","dx":0.25,"dy":-1}`:            {Do: shm.HandPan, DX: 0.25, DY: -1},
		`{"do":"zoom","x":0.5,"y":1,"by":1.25}`:     {Do: shm.HandZoom, X: 0.5, Y: 1, By: 1.25},
		`{"do":"rotate","dx":0,"dy":1}`:             {Do: shm.HandRotate, DY: 1},
		`{"do":"reset","x":0.5}`:                    {Do: shm.HandReset},
		`{"do":"point","x":0.5,"y":0.25,"key":"a"}`: {Do: shm.HandPoint, X: 0.5, Y: 0.25},
		`{"do":"leave"}`:                            {Do: shm.HandLeave},
		`{"do":"press","x":-2,"y":0.25,"button":"middle","mods":["Shift","Meta"]}`:            {Do: shm.HandPress, X: -2, Y: 0.25, Button: "middle", Mods: 0b1001},
		`{"do":"move","x":0.5,"y":0.25}`:                                                      {Do: shm.HandMove, X: 0.5, Y: 0.25},
		`{"do":"release","x":0.5,"y":0.25,"button":"right","mods":[]}`:                        {Do: shm.HandRelease, X: 0.5, Y: 0.25, Button: "right"},
		`{"do":"double","x":0.5,"y":0.25,"button":"left","mods":null}`:                        {Do: shm.HandDouble, X: 0.5, Y: 0.25, Button: "left"},
		`{"do":"wheel","x":0.5,"y":0.25,"dx":0,"dy":-1.5,"mods":["Control","Alt","Control"]}`: {Do: shm.HandWheel, X: 0.5, Y: 0.25, DY: -1.5, Mods: 0b110},
		`{"do":"key","key":"ArrowUp","down":true}`:                                            {Do: shm.HandKey, Key: "ArrowUp", Down: true},
		`{"do":"key","key":" ","down":false,"mods":["Shift"]}`:                                {Do: shm.HandKey, Key: " ", Mods: 1},
		`{"do":"key","key":"ß","down":false}`:                                                 {Do: shm.HandKey, Key: "ß"},
		`{"do":"zoom","x":0.5,"y":1,"by":` + fmt.Sprint(1.0/maxFactor) + `}`:                  {Do: shm.HandZoom, X: 0.5, Y: 1, By: 1.0 / maxFactor},
	} {
		m, err := ReadHands([]byte(head + text + `]}`))
		if err != nil || m.Source != "napari" || m.Page != "0123abcd" || m.N != 7 || len(m.Events) != 1 || m.Events[0] != want {
			t.Errorf("%s: %+v: %v", text, m, err)
		}
	}
	for text, says := range map[string]string{
		`{"do":"pan","dx":0.25}`:                                           "no dy",
		`{"do":"pan","dx":1e9,"dy":0}`:                                     "not from",
		`{"do":"pan","dx":1e999,"dy":0}`:                                   "",
		`{"do":"pan","dx":null,"dy":0}`:                                    "no dx",
		`{"do":"pan","dx":"1","dy":0}`:                                     "",
		`{"do":"zoom","x":0.5,"y":1,"by":0}`:                               "factor",
		`{"do":"zoom","x":0.5,"y":1,"by":-1}`:                              "factor",
		`{"do":"zoom","x":0.5,"y":1,"by":2000}`:                            "not from",
		`{"do":"press","x":0.5,"y":0.25}`:                                  "no button",
		`{"do":"press","x":0.5,"y":0.25,"button":"<b>"}`:                   "no button",
		`{"do":"press","x":0.5,"y":0.25,"button":"left","mods":["Hyper"]}`: "held",
		`{"do":"press","x":0.5,"y":0.25,"button":"left","mods":"Shift"}`:   "",
		`{"do":"key","down":true}`:                                         "name",
		`{"do":"key","key":"","down":true}`:                                "name",
		`{"do":"key","key":"\u0000","down":true}`:                          "name",
		`{"do":"key","key":"` + strings.Repeat("a", 33) + `","down":true}`: "name",
		`{"do":"key","key":"a"}`:                                           "down or up",
		`{"do":"eval"}`:                                                    "nothing is called",
		`{}`:                                                               "nothing is called",
		`[]`:                                                               "",
		strings.TrimSuffix(strings.Repeat(`{"do":"reset"},`, 65), ","):     "64",
		`{"do":"key","key":"a","down":true,"more":"` + strings.Repeat("a", maxHandBytes) + `"}`: "bytes",
	} {
		if m, err := ReadHands([]byte(head + text + `]}`)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.200s: %+v: %v, want %q", text, m, err, says)
		}
	}
	for _, text := range []string{
		`{"page":"0123abcd","n":0,"events":[]}`, `{"page":"0123abcd","n":1.5,"events":[]}`, `{"page":"0123abcd","n":-1,"events":[]}`, `{"page":"0123abcd","n":1e16,"events":[]}`,
		`{"page":"0123abcd","events":[]}`, `{"page":"0123ABCD","n":1,"events":[]}`, `{"page":"0123abc","n":1,"events":[]}`, `{"n":1,"events":[]}`, `{"page":1,"n":1,"events":[]}`, `nothing`,
	} {
		if m, err := ReadHands([]byte(text)); err == nil {
			t.Errorf("%s: %+v", text, m)
		}
	}
}

func FuzzReadHands(f *testing.F) {
	f.Add([]byte(`{"source":"napari","page":"0123abcd","n":7,"events":[{"do":"pan","dx":0.25,"dy":-1},{"do":"key","key":"a","down":true,"mods":["Shift"]}]}`))
	f.Add([]byte(`{"page":"0123abcd","n":1e15,"events":[{"do":"zoom","x":1e-320,"y":16,"by":64}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ReadHands(b)
		if err != nil {
			return
		}
		if !IsPage(m.Page) || m.N == 0 || len(m.Events) > maxEvents {
			t.Errorf("%q: %+v", b, m)
		}
		for _, h := range m.Events {
			for _, x := range []float64{h.X, h.Y, h.DX, h.DY, h.By} {
				if !(math.Abs(x) <= maxFactor) {
					t.Errorf("%q: %+v", b, h)
				}
			}
			if _, err := json.Marshal(h); err != nil {
				t.Errorf("%q: %v", b, err)
			}
		}
		var q shm.HandQueue
		q.Add(m.Events...)
	})
}

func TestReadDraw(t *testing.T) {
	for text, want := range map[string]string{
		`{"source":"napari","on":true}`:                    "napari  true",
		`{"source":"napari","on":false,"page":"0123abcd"}`: "napari 0123abcd false",
		`{"source":"napari","on":true,"page":"<b>"}`:       "napari  true",
	} {
		src, page, on, err := ReadDraw([]byte(text))
		if got := fmt.Sprint(src, " ", page, " ", on); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{`{"source":"napari"}`, `{"source":"napari","on":1}`, `{"source":1,"on":true}`, `x`} {
		if src, _, _, err := ReadDraw([]byte(text)); err == nil {
			t.Errorf("%s is of %s", text, src)
		}
	}
}

func FuzzReadDraw(f *testing.F) {
	f.Add([]byte(`{"source":"napari","on":false,"page":"0123abcd"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, page, _, err := ReadDraw(b); err == nil && page != "" && !IsPage(page) {
			t.Errorf("%q names the page %q", b, page)
		}
	})
}
