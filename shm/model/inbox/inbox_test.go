package inbox_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"webmon/shm"
	"webmon/shm/model/inbox"
	"webmon/shm/sourcetest"
)

var actions = []shm.Action{{Name: shm.ActionPause}, {Name: shm.ActionRestart}}

// controls are cooling, from 0 to the most that it can be, a number of steps, and a
// finger.
func controls(cooling, most float64) shm.Controls {
	least := 0.0
	return shm.Controls{
		{Name: "cooling", Type: shm.Float, Min: &least, Max: &most, Value: cooling},
		{Name: "steps", Type: shm.Int, Value: int64(1)},
		{Name: shm.ControlFingerX, Type: shm.Float, Value: 0.5},
		{Name: shm.ControlFingerY, Type: shm.Float, Value: 0.5},
	}
}

// watched is a box, and what people see of it.
type watched struct {
	*inbox.Box
	sink *sourcetest.Sink
	ends []string // of commands, in order: what, how, why
}

func watch() *watched {
	return &watched{Box: inbox.New("model", "It is over.", actions), sink: sourcetest.NewSink()}
}

// begun is one that runs and has settled.
func begun() *watched {
	w := watch()
	w.Begin(w.sink)
	w.Settle(controls(0.1, 1))
	return w
}

// ask asks as somebody who waits for the answer.
func (w *watched) ask(name string, values ...shm.Value) {
	w.Command(shm.Command{ID: "1", Name: name, Args: args(name, values)}, func(s shm.Status, text string) {
		w.ends = append(w.ends, strings.TrimSpace(fmt.Sprint(name, values, " ", s, " ", text)))
	})
}

// drag sends a value on its way to another.
func (w *watched) drag(name string, v shm.Value) {
	w.Command(shm.Command{Name: name, Args: args(name, []shm.Value{v})}, func(s shm.Status, _ string) {
		w.ends = append(w.ends, fmt.Sprint("told of a value on its way: ", s))
	})
}

// args has the values under the name, then under others.
func args(name string, values []shm.Value) map[string]shm.Value {
	out := map[string]shm.Value{}
	for i, v := range values {
		out[name+strings.Repeat("'", i)] = v
	}
	return out
}

// take takes n commands and applies them.
func (w *watched) take(n int) {
	for _, c := range w.Take(func([]inbox.Command) int { return n }) {
		c.Done(nil)
	}
}

// waiting is what waits, in order.
func (w *watched) waiting() string {
	var out []string
	w.Take(func(waiting []inbox.Command) int {
		for _, c := range waiting {
			if c.Action {
				out = append(out, c.Name)
			} else {
				out = append(out, fmt.Sprint(c.Name, "=", c.Value))
			}
		}
		return 0
	})
	return strings.Join(out, " ")
}

// told is what people see of two of the controls.
func (w *watched) told() string {
	v, _ := w.sink.Latest(shm.TopicControls)
	list, ok := v.(shm.Controls)
	if !ok {
		return ""
	}
	cooling, _ := list.Get("cooling")
	steps, _ := list.Get("steps")
	return fmt.Sprint(cooling.Value, " ", steps.Value)
}

func TestBox(t *testing.T) {
	const failed = "It has failed."
	for name, tt := range map[string]struct {
		box           *watched
		do            func(w *watched)
		waiting, told string
		ends          []string
	}{
		"values are told as they come, and wait": {begun(), func(w *watched) {
			w.ask("cooling", 0.2)
			w.ask("steps", "7") // as forms send
			w.ask(shm.ActionPause)
		}, "cooling=0.2 steps=7 pause", "0.2 7", nil},
		"of values on their way the newest waits": {begun(), func(w *watched) {
			for i := range 10 {
				w.drag("cooling", float64(i)/10)
				w.drag("steps", i)
			}
		}, "cooling=0.9 steps=9", "0.9 9", nil},
		"one that cannot be takes nobody's place": {begun(), func(w *watched) {
			w.drag("cooling", 0.3)
			w.drag("cooling", 2.0)
		}, "cooling=0.3", "0.3 1", nil},
		"what somebody waits for stays": {begun(), func(w *watched) {
			w.drag("cooling", 0.2)
			w.ask("cooling", 0.3)
			w.ask("cooling", 0.4)
			w.drag("cooling", 0.5)
			w.drag("cooling", 0.6)
		}, "cooling=0.3 cooling=0.4 cooling=0.6", "0.6 1", nil},
		"nothing can come of it": {begun(), func(w *watched) {
			w.ask("cooling", 2.0)
			w.ask("cooling")
			w.ask("cooling", 0.1, 0.2)
			w.ask("nothing", 1.0)
			w.ask(shm.ActionPause, true)
		}, "", "0.1 1", []string{
			"cooling[2] refused Cooling must be at most 1.",
			"cooling[] refused Cooling takes one value, under its own name, and got none.",
			"cooling[0.1 0.2] refused Cooling takes one value, under its own name, and got cooling, cooling'.",
			`nothing[1] refused The model has neither an action nor a parameter "nothing".`,
			"pause[true] refused Pause takes no values.",
		}},
		"taken and settled": {begun(), func(w *watched) {
			w.ask("cooling", 0.2)
			w.ask("steps", 2)
			w.take(1)
			w.Settle(controls(0.2, 1))
		}, "steps=2", "0.2 2", []string{"cooling[0.2] applied"}},
		"taken, and not yet settled": {begun(), func(w *watched) {
			w.ask("cooling", 0.2)
			w.take(1)
			w.ask("steps", 2)
		}, "steps=2", "0.2 2", []string{"cooling[0.2] applied"}},
		"values become what the simulation has made of them": {begun(), func(w *watched) {
			w.drag("cooling", 0.2)
			w.take(1)
			w.Settle(controls(0.25, 1))
		}, "", "0.25 1", nil},
		"before anything is known everything waits": {watch(), func(w *watched) {
			w.ask("cooling", 0.2)
			w.ask("nothing", 0.2)
			w.ask("later")
			w.ask(shm.ActionPause, true)
		}, "cooling=<nil> nothing=<nil> later=<nil>", "", []string{"pause[true] refused Pause takes no values."}},
		"then it is looked at": {watch(), func(w *watched) {
			w.ask("cooling", 0.2)
			w.ask("nothing", 0.2)
			w.ask("later")
			w.drag("steps", "many")
			w.Begin(w.sink)
			w.SetActions(append(slices.Clone(actions), shm.Action{Name: "later"}))
			w.Settle(controls(0.1, 1))
		}, "cooling=0.2 later", "0.2 1", []string{`nothing[0.2] refused The model has neither an action nor a parameter "nothing".`}},
		"what waits has to be allowed by other controls, too": {begun(), func(w *watched) {
			w.ask("cooling", 0.9)
			w.drag("cooling", 0.8)
			w.ask("cooling", 0.3)
			w.Settle(controls(0.1, 0.5))
		}, "cooling=0.3", "0.3 1", []string{"cooling[0.9] refused Cooling must be at most 0.5."}},
		"one that fails": {begun(), func(w *watched) {
			w.ask("cooling", 0.2)
			w.drag("steps", 2)
			w.Fail(failed)
			w.ask("cooling", 0.3)
			w.ask(shm.ActionPause)
			w.drag("steps", 3)
		}, "", "0.1 1", []string{"cooling[0.2] refused " + failed, "cooling[0.3] refused " + failed, "pause[] refused " + failed}},
		"one that fails and is made again": {begun(), func(w *watched) {
			w.Fail(failed)
			w.ask(shm.ActionPause)
			w.ask(shm.ActionRestart)
			w.ask("cooling", 0.3)
			w.take(1)
			w.ask("steps", 1)
			w.Revive()
			w.ask("steps", 2)
		}, "cooling=0.3 steps=2", "0.3 2", []string{"pause[] refused " + failed, "restart[] applied", "steps[1] refused " + failed}},
		"one that fails while somebody wants it made again": {begun(), func(w *watched) {
			w.ask("cooling", 0.2)
			w.ask(shm.ActionRestart)
			w.ask("steps", 2)
			w.Fail(failed)
		}, "restart steps=2", "0.1 2", []string{"cooling[0.2] refused " + failed}},
		"one that fails before anything is known": {watch(), func(w *watched) {
			w.Begin(w.sink)
			w.ask("cooling", 0.2)
			w.Fail(failed)
		}, "", "", []string{"cooling[0.2] refused " + failed}},
		"the end": {begun(), func(w *watched) {
			w.ask("cooling", 0.2)
			w.drag("steps", 2)
			w.End()
			w.ask("cooling", 0.3)
			w.drag("steps", 3)
		}, "", "0.2 2", []string{"cooling[0.2] gone It is over.", "cooling[0.3] gone It is over."}},
	} {
		t.Run(name, func(t *testing.T) {
			tt.do(tt.box)
			if got := tt.box.waiting(); got != tt.waiting {
				t.Errorf("what waits is %q, want %q", got, tt.waiting)
			}
			if got := tt.box.told(); got != tt.told {
				t.Errorf("told is %q, want %q", got, tt.told)
			}
			if !slices.Equal(tt.box.ends, tt.ends) {
				t.Errorf("the ends of commands are\n%s\nwant\n%s", strings.Join(tt.box.ends, "\n"), strings.Join(tt.ends, "\n"))
			}
		})
	}
}

func TestMax(t *testing.T) {
	w := begun()
	for range inbox.Max {
		w.ask(shm.ActionPause)
	}
	w.ask(shm.ActionPause)
	if want := []string{"pause[] refused The model has more to do than it can: wait a moment."}; !slices.Equal(w.ends, want) {
		t.Errorf("%q, want %q", w.ends, want)
	}
}

func TestHalf(t *testing.T) {
	for name, tt := range map[string]struct {
		do   func(w *watched)
		half bool
	}{
		"nothing":               {func(*watched) {}, false},
		"half":                  {func(w *watched) { w.drag(shm.ControlFingerX, 0.1) }, true},
		"half, after others":    {func(w *watched) { w.drag("steps", 2); w.drag(shm.ControlFingerX, 0.1) }, true},
		"whole":                 {func(w *watched) { w.drag(shm.ControlFingerX, 0.1); w.drag(shm.ControlFingerY, 0.1) }, false},
		"half of the next":      {func(w *watched) { w.drag(shm.ControlFingerY, 0.1); w.drag(shm.ControlFingerX, 0.2) }, true},
		"a number for its sake": {func(w *watched) { w.ask(shm.ControlFingerX, 0.1) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := begun()
			tt.do(w)
			w.Take(func(waiting []inbox.Command) int {
				if got := !inbox.Half(waiting).IsZero(); got != tt.half {
					t.Errorf("it is half a place: %v", got)
				}
				return 0
			})
		})
	}
}

func TestTake(t *testing.T) {
	w := begun()
	select {
	case <-w.Wake():
		t.Error("nothing wakes")
	default:
	}
	w.drag("steps", 2)
	w.ask("cooling", 0.2)
	w.ask(shm.ActionPause)
	<-w.Wake()
	if !w.Waits(shm.ActionPause) || w.Waits(shm.ActionRestart) {
		t.Error("what waits is not known")
	}
	taken := w.Take(func(waiting []inbox.Command) int { return inbox.Index(waiting, shm.ActionPause) })
	if len(taken) != 2 || taken[0].Awaited() || !taken[1].Awaited() {
		t.Fatalf("taken is %+v", taken)
	}
	taken[0].Done(errors.New("nobody is told"))
	taken[1].Report(shm.Taken, "")
	taken[1].Done(errors.New("it cannot be"))
	if want := []string{"cooling[0.2] taken", "cooling[0.2] refused It cannot be."}; !slices.Equal(w.ends, want) {
		t.Errorf("%q, want %q", w.ends, want)
	}
	if got := w.waiting(); got != "pause" {
		t.Errorf("%q is left", got)
	}
}

// Who is told the end of a command may ask for the next thing at once.
func TestAnswersAskAgain(t *testing.T) {
	for name, end := range map[string]func(w *watched){
		"refused at once":    func(*watched) {},
		"refused by Settle":  func(w *watched) { w.Settle(controls(0.1, 0.1)) },
		"refused by Fail":    func(w *watched) { w.Fail("It has failed.") },
		"gone with its end":  func(w *watched) { w.End() },
		"applied by a taker": func(w *watched) { w.take(1) },
	} {
		t.Run(name, func(t *testing.T) {
			w := begun()
			value := 0.5
			if name == "refused at once" {
				value = 5
			}
			again := false
			w.Command(shm.Command{ID: "1", Name: "cooling", Args: args("cooling", []shm.Value{value})}, func(shm.Status, string) {
				w.ask(shm.ActionRestart)
				again = true
			})
			end(w)
			if !again {
				t.Error("it has no end")
			}
		})
	}
}

// Everybody asks at once, and each is answered once.
func TestManyAsk(t *testing.T) {
	w := begun()
	const each, people = 200, 4
	var mu sync.Mutex
	answers, drags := 0, 0
	var asking sync.WaitGroup
	for range people {
		asking.Go(func() {
			for i := range each {
				w.Command(shm.Command{ID: "1", Name: "cooling", Args: args("cooling", []shm.Value{float64(i) / each})}, func(shm.Status, string) {
					mu.Lock()
					answers++
					mu.Unlock()
				})
				w.drag("steps", i)
			}
		})
	}
	done := make(chan struct{})
	go func() { asking.Wait(); close(done) }()
	all := func(waiting []inbox.Command) int { return len(waiting) }
	apply := func() {
		for _, c := range w.Take(all) {
			if !c.Awaited() {
				drags++
			}
			c.Done(nil)
		}
	}
	for running := true; running; {
		select {
		case <-w.Wake():
			apply()
			w.Settle(controls(0.1, 1))
		case <-done:
			running = false
		}
	}
	apply()
	if answers != each*people || drags == 0 || drags > each*people {
		t.Errorf("%d answers and %d dragged values of %d", answers, drags, each*people)
	}
}
