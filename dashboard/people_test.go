package dashboard_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard"
	"webmon/shm"
)

// looker is a page on which somebody looks at people.
func (s *site) looker(who string, topics ...string) *socket {
	s.t.Helper()
	page := s.socket()
	page.say(`{"type":"watch","who":%q,"topics":["%s"]}`, who, strings.Join(topics, `","`))
	return page
}

func (s *socket) say(format string, args ...any) {
	s.t.Helper()
	if err := s.conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, format, args...)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *socket) hand(x, y float64, down bool) {
	s.t.Helper()
	s.say(`{"type":"hand","source":"napari","x":%g,"y":%g,"down":%t}`, x, y, down)
}

// finger are the controls of a model that has one.
func finger(x, y float64) shm.Controls {
	return shm.Controls{
		{Name: shm.ControlFingerX, Type: shm.Float, Value: x, Min: at(0), Max: at(1)},
		{Name: shm.ControlFingerY, Type: shm.Float, Value: y, Min: at(0.25), Max: at(1)},
	}
}

func TestPeopleAreToldToAll(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	one := s.looker("ada-ada-ada", "napari/people")
	one.until(`{"id":"ada-ada-ada","colour":0,"hand":null}]}`)
	two := s.looker("bob-bob-bob", "napari/people")
	both := `"people":[{"id":"ada-ada-ada","colour":0,"hand":null},{"id":"bob-bob-bob","colour":1,"hand":null}]}`
	one.until(both)
	two.until(both)
	one.hand(0.25, 0.75, true) // a source without a finger
	two.until(`[{"id":"ada-ada-ada","colour":0,"hand":[0.25,0.75]},`)
	s.looker("ada-ada-ada", "napari/people").until(`"hand":[0.25,0.75]}`) // another page of hers, which comes late
	two.hand(-5, 1e300, true)
	one.until(`{"id":"bob-bob-bob","colour":1,"hand":[0,1]}]}`)
	two.conn.Close()
	one.until(`{"id":"bob-bob-bob","colour":1,"hand":null}]}`) // still there: the page may be loading
	one.hand(0.25, 0.75, false)
	one.until(`[{"id":"ada-ada-ada","colour":0,"hand":null},`)
	if n := len(s.process.commands); n > 0 {
		t.Errorf("a process without a finger was sent %d commands", n)
	}
}

// What a hand does goes to the finger: both values together, the newest ones, and
// always the last.
func TestHandsMoveTheFinger(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	s.sink.State(shm.TopicControls, finger(0.5, 0.5))
	one := s.looker("ada-ada-ada", "napari/people")
	one.until("ada-ada-ada")
	stranger := s.looker("eve-eve-eve", "napari/values")
	stranger.until("finger_x")
	stranger.hand(0.9, 0.9, true) // does not show the model
	for _, text := range []string{
		`{"type":"hand","source":"nobody","x":0.9,"y":0.9,"down":true}`,
		`{"type":"hand","source":"-","x":0.9,"y":0.9,"down":true}`,
		`{"type":"hand","source":"napari","x":NaN,"y":0.9,"down":true}`,
		`{"type":"hand","source":"napari","x":"0.9","y":0.9,"down":true}`,
		`{"type":"hand","source":"napari","x":1e999,"y":0.9,"down":true}`,
		`{"type":"hand","source":"napari","y":0.9,"down":true}`,
	} {
		one.say("%s", text)
	}
	next := func() (x, y float64) {
		t.Helper()
		a, b := <-s.process.commands, <-s.process.commands
		x, okX := a.Args[shm.ControlFingerX].(float64)
		y, okY := b.Args[shm.ControlFingerY].(float64)
		if !okX || !okY || a.ID != "" || b.ID != "" {
			t.Fatalf("the process got %+v and %+v, want both places of a finger", a.Command, b.Command)
		}
		return x, y
	}
	const last = 400
	for i := range last {
		one.hand(float64(i)/1000, float64(i)/1000, true)
	}
	one.hand(0.999, 0.998, false)
	before, pairs := -1.0, 0
	for {
		x, y := next()
		pairs++
		if x == 0.999 && y == 0.998 {
			break
		}
		if x <= before || y != max(0.25, x) {
			t.Fatalf("the finger goes from %g to %g, %g", before, x, y)
		}
		before = x
	}
	if pairs > last {
		t.Errorf("all %d places were passed on, want those that came too fast left out", pairs)
	}
	one.hand(-1e300, 1e300, false)
	if x, y := next(); x != 0 || y != 1 {
		t.Errorf("a hand far outside leads to %g, %g, want the corner", x, y)
	}
	s.sink.State(shm.TopicControls, finger(0, 1)[:1])
	stranger.until(`"finger_x":0`)
	one.hand(0.5, 0.5, false) // a finger that moves one way alone is none
	one.say(`{"type":"watch","who":"ada-ada-ada","topics":["napari/people","napari/values"]}`)
	one.until("napari/values")
	s.sink.State(shm.TopicControls, finger(0, 0.75))
	stranger.until(`"finger_y":0.75`)
	one.hand(0.625, 0.625, false)
	if x, y := next(); x != 0.625 || y != 0.625 {
		t.Errorf("after that it goes to %g, %g, want 0.625", x, y)
	}
}

// Two hands at one finger take turns; it is never at the x of one and the y of
// the other, and it ends where the last one points.
func TestTwoHandsAtOneFinger(t *testing.T) {
	s := open(t, dashboard.Options{Token: token})
	s.sink.State(shm.TopicControls, finger(0.5, 0.5))
	hands := []*socket{s.looker("ada-ada-ada", "napari/people"), s.looker("bob-bob-bob", "napari/people")}
	for _, hand := range hands {
		hand.until("bob-bob-bob")
	}
	const moves, last = 256, 0.9375
	place := func(i, j int) float64 { return 0.25 + 0.25*float64(i) + float64(j)/2048 }
	var moving sync.WaitGroup
	for i, hand := range hands {
		moving.Go(func() {
			for j := range moves {
				hand.hand(place(i, j), place(i, j), j < moves-1)
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		moving.Wait()
		// What was said before is heard before.
		for _, who := range []int{1, 0} {
			hands[who].say(`{"type":"watch","who":"somebody-here","topics":["napari/people","napari/values"]}`)
			hands[who].until("napari/values")
		}
		hands[0].hand(last, last, false)
	}()
	defer func() { <-ended }()
	for {
		var x, y shm.Value
		for _, to := range []*shm.Value{&x, &y} {
			select {
			case c := <-s.process.commands:
				*to = c.Args[c.Name]
			case <-time.After(patience):
				t.Fatal("the finger was never sent to where it was let go last")
			}
		}
		if x != y {
			t.Fatalf("the finger is sent to %v, %v, which is where nobody points", x, y)
		}
		if x == last {
			break
		}
	}
}
