package people_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"webmon/dashboard/people"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/shm"
)

// still is a process that says nothing.
type still struct{ name string }

func (s still) Info() shm.Info        { return shm.Info{Name: s.name, Kind: shm.KindModel} }
func (s still) Actions() []shm.Action { return nil }
func (s still) Run(ctx context.Context, _ shm.Sink) error {
	<-ctx.Done()
	return nil
}
func (s still) Command(shm.Command, func(shm.Status, string)) {}

// feed is the feed of people of a source called "model".
func feed(t testing.TB, p *people.People) tab.Feed {
	t.Helper()
	r, err := source.NewRegistry(source.Options{
		Attach: func(_ context.Context, t source.Target) (shm.Source, error) { return still{t.Name}, nil },
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	src, err := r.Attach(t.Context(), source.Target{Name: "model"})
	if err != nil {
		t.Fatal(err)
	}
	f, err := p.Feed(tab.Place{Source: src, Topic: "model/people"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Feed(tab.Place{Source: src, Topic: "model/people/x", Detail: "x"}); err == nil {
		t.Error("there is a feed of some of the people")
	}
	return f
}

type frame struct {
	Topic  string
	TS     float64
	People []struct {
		ID     string
		Name   string
		Colour int
		Hand   []float64
	}
	More int
}

// says reads a frame as "id colour hand" of each.
func says(t testing.TB, b []byte) string {
	t.Helper()
	if b == nil {
		return "nothing"
	}
	var f frame
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	if f.Topic != "model/people" || f.TS == 0 || f.People == nil {
		t.Errorf("a frame is %s", b)
	}
	var out []string
	for _, p := range f.People {
		s := fmt.Sprint(p.ID, " ", p.Colour)
		if p.Name != "" {
			s = p.Name + " " + s
		}
		if p.Hand != nil {
			s += fmt.Sprint(" ", p.Hand)
		}
		out = append(out, s)
	}
	if f.More > 0 {
		out = append(out, fmt.Sprint("and ", f.More))
	}
	return strings.Join(out, ", ")
}

var here = []string{"model/html/models", "model/people", "model/array/density/x,y/0,0,8,8/1"}

func TestWhoIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := people.New()
		f := feed(t, p)
		start := time.Now() // of frames: a pump that is busy takes a while to make one
		woken := 0
		f.Wake(func() { woken++ })
		count := func(want int) {
			t.Helper()
			if n := p.Count("model"); n != want {
				t.Errorf("%d people are there, want %d", n, want)
			}
		}
		next := func(want string) {
			t.Helper()
			if got := says(t, f.Frames.Next(start)); got != want {
				t.Errorf("the frame says %q, want %q", got, want)
			}
		}
		sleep := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		if got := says(t, f.Frames.Snapshot(time.Now())); got != "" {
			t.Errorf("an empty room holds %q", got)
		}
		next("nothing")
		count(0)

		p.Watching(1, "ada-ada-ada", here)
		p.Watching(2, "bob-bob-bob", here)
		p.Watching(3, "", here)
		p.Watching(4, "", []string{"other/people"})
		p.Watching(5, "", []string{"model/html/header", "model/people/x", "model/x/people"}) // looks elsewhere
		count(3)
		if n := p.Count("other"); n != 1 {
			t.Errorf("%d people are at the other source, want 1", n)
		}
		if woken != 1 {
			t.Errorf("the feed was woken %d times before it looked, want once", woken)
		}
		next("ada-ada-ada 0, bob-bob-bob 1, .1 2")
		next("nothing")

		// Two pages of one person are one.
		p.Watching(6, "ada-ada-ada", here)
		count(3)
		p.Watching(1, "", nil)
		sleep(time.Minute)
		count(3)
		next("ada-ada-ada 0, bob-bob-bob 1, .1 2")

		// A page that is loaded again is nobody's business.
		p.Watching(6, "", nil)
		sleep(3 * time.Second)
		count(3)
		next("nothing")
		p.Watching(7, "ada-ada-ada", here)
		sleep(time.Minute)
		next("ada-ada-ada 0, bob-bob-bob 1, .1 2")

		// Who is away for longer is not counted, but has place and colour when
		// they are back soon; another takes neither.
		p.Watching(7, "ada-ada-ada", []string{"model/html/header"})
		sleep(4 * time.Second)
		count(2)
		next("bob-bob-bob 1, .1 2")
		p.Watching(8, "cyd-cyd-cyd", here)
		next("bob-bob-bob 1, .1 2, cyd-cyd-cyd 3")
		sleep(7 * time.Second)
		p.Watching(7, "ada-ada-ada", here)
		next("ada-ada-ada 0, bob-bob-bob 1, .1 2, cyd-cyd-cyd 3")
		sleep(time.Minute)
		count(4)
		next("nothing")

		// After that others may have them.
		p.Watching(2, "", nil)
		sleep(15 * time.Second)
		p.Watching(9, "dee-dee-dee", here)
		p.Watching(10, "bob-bob-bob", here)
		next("ada-ada-ada 0, .1 2, cyd-cyd-cyd 3, dee-dee-dee 1, bob-bob-bob 4")

		// A page may turn out to be somebody else's.
		p.Watching(9, "eve-eve-eve", here)
		p.Watching(3, "fay-fay-fay", here)
		sleep(4 * time.Second)
		next("ada-ada-ada 0, cyd-cyd-cyd 3, bob-bob-bob 4, eve-eve-eve 5, fay-fay-fay 6")
		for i := range 11 {
			p.Watching(i, "", nil)
			p.Watching(i, "", nil) // once more does nothing
		}
		sleep(time.Minute)
		count(0)
		next("nothing") // nobody is left to be told
		p.Watching(1, "ada-ada-ada", here)
		next("ada-ada-ada 0")
	})
}

func TestNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := people.New()
		names := map[any]string{1: "Ada Lovelace", 2: "Ada Lovelace", 4: "Eve", 5: "Bob", 6: "Eve"}
		p.Name = func(connection any) string { return names[connection] }
		f := feed(t, p)
		says := func(want string) {
			t.Helper()
			if got := says(t, f.Frames.Snapshot(time.Now())); got != want {
				t.Errorf("the frame says %q, want %q", got, want)
			}
		}
		p.Watching(1, "ada-ada-ada", here)
		p.Watching(2, "ada-ada-ada", here) // another page of hers
		p.Watching(3, "own-own-own", here)
		says("Ada Lovelace ada-ada-ada 0, own-own-own 1")

		// Somebody who gives the id of another, which everybody can see, is another
		// person all the same, and so is their hand.
		p.Watching(4, "ada-ada-ada", here)
		p.Watching(6, "own-own-own", here)
		p.Hand(4, "model", 0.5, 0.5, true)
		p.Watching(4, "ada-ada-ada", here) // once more changes nothing
		says("Ada Lovelace ada-ada-ada 0, own-own-own 1, Eve .1 2 [0.5 0.5], Eve .2 3")
		if n := p.Count("model"); n != 4 {
			t.Errorf("%d people are there, want 4", n)
		}
		p.Watching(4, "", nil)
		p.Watching(6, "", nil)
		time.Sleep(time.Minute)
		synctest.Wait()

		// A tab in which somebody else signs in is theirs.
		p.Watching(1, "", nil)
		p.Watching(2, "", nil)
		p.Watching(5, "ada-ada-ada", here)
		says("Bob ada-ada-ada 0, own-own-own 1")
	})
}

func TestColours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := people.New()
		colours := func() []int {
			var f frame
			if err := json.Unmarshal(feed(t, p).Frames.Snapshot(time.Now()), &f); err != nil {
				t.Fatal(err)
			}
			var out []int
			for _, who := range f.People {
				out = append(out, who.Colour)
			}
			return out
		}
		id := func(i int) string { return fmt.Sprintf("person-%03d", i) }
		for i := range 12 {
			p.Watching(i, id(i), here)
		}
		// Somebody who left a moment ago keeps a colour while there are others,
		// and has to give it to the thirteenth.
		p.Watching(5, "", nil)
		time.Sleep(5 * time.Second)
		p.Watching(12, id(12), here)
		p.Watching(13, id(13), here) // shares one
		want := []int{0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 5, 0}
		if got := colours(); !slices.Equal(got, want) {
			t.Errorf("the colours are %v, want %v", got, want)
		}
		p.Watching(14, id(14), here)
		if got := colours()[13]; got != 1 {
			t.Errorf("the next gets %d, want the first that one alone has", got)
		}
	})
}

func TestHands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := people.New()
		f := feed(t, p)
		woken := 0
		f.Wake(func() { woken++ })
		next := func(want string) {
			t.Helper()
			if got := says(t, f.Frames.Next(time.Now())); got != want {
				t.Errorf("the frame says %q, want %q", got, want)
			}
		}
		p.Watching(1, "ada-ada-ada", here)
		p.Watching(2, "ada-ada-ada", here)
		p.Watching(3, "bob-bob-bob", here)
		p.Watching(4, "cyd-cyd-cyd", []string{"other/people"})
		next("ada-ada-ada 0, bob-bob-bob 1")
		hand := func(browser any, x, y float64, down, want bool) {
			t.Helper()
			if got := p.Hand(browser, "model", x, y, down); got != want {
				t.Errorf("a hand of %v counts: %v, want %v", browser, got, want)
			}
		}
		before := woken
		hand(1, 0.25, 1.0/3, true, true)
		hand(1, 0.5, 1.0/3, true, true)
		hand(4, 0.5, 0.5, true, false)   // looks at another source
		hand("x", 0.5, 0.5, true, false) // looks at none
		if woken != before+1 {
			t.Errorf("the feed was woken %d times before it looked, want once", woken-before)
		}
		next("ada-ada-ada 0 [0.5 0.33333], bob-bob-bob 1")
		hand(1, 0.5, 1.0/3, true, true) // holds still
		hand(3, 0.5, 0.5, false, true)  // never pressed
		next("nothing")
		hand(3, 0, 1, true, true)
		next("ada-ada-ada 0 [0.5 0.33333], bob-bob-bob 1 [0 1]")
		// On two pages the one that pressed last counts.
		hand(2, 0.125, 0.25, true, true)
		hand(1, 0.5, 1.0/3, false, true)
		next("ada-ada-ada 0 [0.125 0.25], bob-bob-bob 1 [0 1]")
		hand(2, 0.125, 0.25, false, true)
		next("ada-ada-ada 0, bob-bob-bob 1 [0 1]")
		// Who vanishes presses no more.
		p.Watching(3, "", nil)
		next("ada-ada-ada 0, bob-bob-bob 1")
		hand(2, 1, 1, true, true)
		p.Watching(2, "", nil) // the other page is still there
		next("ada-ada-ada 0, bob-bob-bob 1")
	})
}

// Of many people those who press are told, and how many there are.
func TestMoreThanAreListed(t *testing.T) {
	p := people.New()
	f := feed(t, p)
	for i := range 1000 {
		p.Watching(i, fmt.Sprintf("person-%04d", i), here)
	}
	p.Hand(900, "model", 0.5, 0.25, true)
	var got frame
	if err := json.Unmarshal(f.Frames.Next(time.Now()), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.People) != 64 || got.More != 936 || p.Count("model") != 1000 {
		t.Fatalf("of %d people %d are told and %d more, want 64 and 936", p.Count("model"), len(got.People), got.More)
	}
	if first, last := got.People[0], got.People[63]; first.ID != "person-0000" || last.ID != "person-0900" || !slices.Equal(last.Hand, []float64{0.5, 0.25}) {
		t.Errorf("the first is %v and the last %v", first, last)
	}
	for i := range 1000 {
		p.Hand(i, "model", 0.5, 0.25, true)
	}
	if err := json.Unmarshal(f.Frames.Next(time.Now()), &got); err != nil || len(got.People) != 64 || got.People[63].ID != "person-0063" {
		t.Errorf("of those who press %d are told, %v", len(got.People), err)
	}
}

// Whatever comes at the same time, what is told is a list of different people
// who are there.
func TestPeopleUnderRace(t *testing.T) {
	p := people.New()
	f := feed(t, p)
	f.Wake(func() {})
	var crowd sync.WaitGroup
	for i := range 8 {
		crowd.Go(func() {
			for range 300 {
				switch rand.IntN(4) {
				case 0:
					p.Watching(i, fmt.Sprintf("person-%d", rand.IntN(4)), here)
				case 1:
					p.Watching(i, "", nil)
				case 2:
					p.Hand(i, "model", rand.Float64(), rand.Float64(), rand.IntN(2) == 0)
				default:
					p.Count("model")
				}
			}
			p.Watching(i, fmt.Sprintf("person-%d", i/2), here)
		})
	}
	done := make(chan struct{})
	go func() { crowd.Wait(); close(done) }()
	for {
		if b := f.Frames.Next(time.Now()); b != nil {
			var got frame
			if err := json.Unmarshal(b, &got); err != nil {
				t.Fatalf("%v: %s", err, b)
			}
			seen := map[string]bool{}
			for _, who := range got.People {
				if seen[who.ID] || who.Colour < 0 || who.Colour >= people.Colours {
					t.Fatalf("told of %+v", got.People)
				}
				seen[who.ID] = true
			}
		}
		select {
		case <-done:
			if n := p.Count("model"); n != 4 {
				t.Errorf("%d people are left, want 4", n)
			}
			return
		default:
		}
	}
}

// BenchmarkTick is what a frame costs while ten of a thousand people press, and
// how much of it there is for each: hands come in, and one frame is made.
func BenchmarkTick(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := people.New()
			f := feed(b, p)
			for i := range n {
				p.Watching(i, fmt.Sprintf("person-%04d", i), here)
			}
			now := time.Now()
			f.Frames.Next(now)
			b.ReportAllocs()
			x := 0.0
			for b.Loop() {
				x += 1e-6
				for i := range 10 {
					p.Hand(i, "model", x, 0.5, true)
				}
				if f.Frames.Next(now) == nil {
					b.Fatal("nothing is told")
				}
			}
		})
	}
}

// A room is told apart from sources, has what was said in it last, and takes what is pointed at
// as it is.
func TestRooms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := people.New()
		p.Rooms = []string{"-/maps/"}
		const room = "-/maps/a/people"
		f, err := p.Room(tab.Place{Topic: room})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Room(tab.Place{Topic: "model/people"}); err == nil {
			t.Error("the people of a source are a room")
		}
		start := time.Now()
		next := func(want string) {
			t.Helper()
			got := string(f.Frames.Next(start))
			if _, after, ok := strings.Cut(got, `"people":`); ok {
				got = after
			}
			if got != want {
				t.Errorf("the frame says %s, want %s", got, want)
			}
		}
		f.Wake(func() {})
		if p.Say(1, room, []byte("1")) || p.Point(1, room, []byte("1")) {
			t.Error("somebody who is not there is heard")
		}
		p.Watching(1, "ada-ada-ada", []string{room, "model/people"})
		p.Watching(2, "bob-bob-bob", []string{room})
		p.Watching(3, "eve-eve-eve", []string{"-/maps/b"})
		if a, b, c := p.Count(room), p.Count("model"), p.Count("-/maps/b"); a != 2 || b != 1 || c != 1 {
			t.Errorf("there are %d, %d and %d people, want 2, 1 and 1", a, b, c)
		}
		next(`[{"id":"ada-ada-ada","colour":0,"hand":null},{"id":"bob-bob-bob","colour":1,"hand":null}]}`)
		p.Point(2, room, []byte(`{"x":1}`))
		p.Say(1, room, []byte(`{"run":3}`))
		p.Say(3, room, []byte(`{"run":4}`))
		n := p.SaidN(room)
		next(fmt.Sprintf(`[{"id":"ada-ada-ada","colour":0,"hand":null},{"id":"bob-bob-bob","colour":1,"hand":{"x":1}}],"said":{"n":%d,"by":"ada-ada-ada","what":{"run":3}}}`, n))
		next("")
		p.Point(2, room, []byte(`{"x":1}`)) // where it is already
		next("")
		if p.Say(1, room, make([]byte, people.MaxSaid+1)) || p.Point(1, room, make([]byte, people.MaxSaid+1)) {
			t.Error("more is said than may be")
		}
		p.Say(2, room, []byte(`{"run":3}`)) // the same is new all the same: somebody else leads
		if after := p.SaidN(room); after <= n {
			t.Errorf("what is said later has the number %d, after %d", after, n)
		}
		p.Watching(2, "", nil) // gone, and its hand with it; what was said stays
		next(fmt.Sprintf(`[{"id":"ada-ada-ada","colour":0,"hand":null},{"id":"bob-bob-bob","colour":1,"hand":null}],"said":{"n":%d,"by":"bob-bob-bob","what":{"run":3}}}`, p.SaidN(room)))
		p.Watching(1, "", nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := string(f.Frames.Snapshot(start)); strings.Contains(got, "said") {
			t.Errorf("an empty room still says %s", got)
		}
	})
}

// Who is at a browser is told as the frames tell it, and of nobody who is not there.
func TestWho(t *testing.T) {
	p := people.New()
	p.Name = func(browser any) string { return map[any]string{2: "Bob"}[browser] }
	p.Feeds = []string{"canvas-people"}
	p.Watching(1, "ada-ada-ada", []string{"napari/canvas-people", "napari/canvas/64x64", "napari/people"})
	p.Watching(2, "bob-bob-bob", []string{"napari/people", "model/people"})
	for _, test := range []struct {
		browser any
		src     string
		want    people.Who
		ok      bool
	}{
		{1, "napari", people.Who{ID: "ada-ada-ada"}, true},
		{2, "napari", people.Who{ID: "bob-bob-bob", Name: "Bob", Colour: 1}, true},
		{2, "model", people.Who{ID: "bob-bob-bob", Name: "Bob"}, true},
		{1, "model", people.Who{}, false}, {3, "napari", people.Who{}, false}, {1, "", people.Who{}, false},
	} {
		if who, ok := p.Who(test.browser, test.src); who != test.want || ok != test.ok {
			t.Errorf("%v at %q is %+v, %v", test.browser, test.src, who, ok)
		}
	}
	p.Watching(1, "ada-ada-ada", []string{"napari/canvas-people"})
	if _, ok := p.Who(1, "napari"); !ok || p.Count("napari") != 2 {
		t.Error("who looks at another feed of the people is gone")
	}
	p.Watching(1, "ada-ada-ada", []string{"napari/canvas/64x64"})
	if _, ok := p.Who(1, "napari"); ok {
		t.Error("who looks at no feed of the people is there")
	}
}
