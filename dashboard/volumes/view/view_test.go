package view_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"webmon/dashboard/budget"
	"webmon/dashboard/volumes/view"
)

func store(t *testing.T, most int) (*view.Store, *budget.Account) {
	t.Helper()
	account := budget.New(budget.Least).Whole.Part("views", 1<<20)
	var seconds atomic.Int64
	return view.New(view.Options{Account: account, Most: most, Now: func() time.Time {
		return time.Unix(1000+seconds.Add(1), 0)
	}}), account
}

func made(t *testing.T, s *view.Store, token string, with view.With) *view.View {
	t.Helper()
	v, _, err := s.Make("src", token, with)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func told(w *view.Watcher) (out []string) {
	for _, e := range w.Next() {
		out = append(out, string(e.JSON()))
	}
	return out
}

func watch(t *testing.T, v *view.View, as view.Watching) *view.Watcher {
	t.Helper()
	w, err := v.Watch(as)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s:\ngot  %v\nwant %v", what, got, want)
	}
}

func TestWhoComesSecondIsToldOfTheConflict(t *testing.T) {
	s, _ := store(t, 0)
	v := made(t, s, "a", view.With{State: json.RawMessage("{\"x\":\n 1}")})
	a, b := watch(t, v, view.Watching{Client: "ca"}), watch(t, v, view.Watching{Client: "cb"})
	want(t, "the first events", told(a), []string{`{"k":"c","s":{},"g":"webmon/1"}`, `{"k":"s","s":{"x":1},"g":"webmon/1"}`})
	told(b)
	first := v.State().Generation
	g, err := v.SetState(json.RawMessage(`{"x":2}`), view.Change{Client: "ca", N: 1, Previous: first})
	want(t, "the first change", []any{g.Generation, g.N, err}, []any{"ca/1", uint64(2), nil})
	_, err = v.SetState(json.RawMessage(`{"x":3}`), view.Change{Client: "cb", N: 1, Previous: first})
	want(t, "the second change", err, view.ErrConflict)
	want(t, "who made the change", told(a), []string{})
	want(t, "the other one", told(b), []string{`{"k":"s","s":{"x":2},"g":"ca/1"}`})
	want(t, "nothing is told twice", told(b), []string{})
	want(t, "who knows it already", told(watch(t, v, view.Watching{Client: "cc", State: "ca/1", Config: "webmon/1"})), []string{})
	want(t, "a page with a state of its own", told(watch(t, v, view.Watching{Client: "cd", NoState: true})), []string{`{"k":"c","s":{},"g":"webmon/1"}`})
}

func TestWebmonsOwnChangesAreNoConflict(t *testing.T) {
	s, _ := store(t, 0)
	v := made(t, s, "a", view.With{Config: json.RawMessage(`{"statusMessages":{"mine":"hi"},"actions":["act"]}`)})
	w := watch(t, v, view.Watching{})
	told(w)
	before := v.Config().Generation
	v.Refreshed(map[string]uint64{"k.1": 3})
	v.Say("webmon.stale", "Gone.")
	want(t, "both in one event", told(w), []string{
		`{"k":"c","s":{"actions":["act"],"sourceGenerations":{"k.1":3},"statusMessages":{"mine":"hi","webmon.stale":"Gone."}},"g":"webmon/3"}`})
	v.Refreshed(map[string]uint64{"k.1": 3})
	v.Say("webmon.stale", "Gone.")
	want(t, "the same again", told(w), []string{})

	_, err := v.SetConfig(json.RawMessage(`{"sourceGenerations":{"k.1":1,"own.2":7}}`), view.Change{Client: "py", N: 1, Previous: before})
	want(t, "a script that has not heard of webmon's changes", err, nil)
	want(t, "its change", told(w), []string{
		`{"k":"c","s":{"sourceGenerations":{"k.1":3,"own.2":7},"statusMessages":{"webmon.stale":"Gone."}},"g":"py/1"}`})
	_, err = v.SetConfig(json.RawMessage(`{}`), view.Change{Client: "other", N: 1, Previous: before})
	want(t, "another script", err, view.ErrConflict)
	v.Say("webmon.stale", "")
	want(t, "taken back", strings.Contains(string(v.Config().JSON), "Gone"), false)
}

func TestACopyHasAStateOfItsOwn(t *testing.T) {
	s, _ := store(t, 0)
	v := made(t, s, "a", view.With{State: json.RawMessage(`{"x":1}`), Config: json.RawMessage(`{"screenshot":"s","showUIControls":false}`)})
	c := made(t, s, "b", view.With{Of: v, Owner: "session"})
	w := watch(t, c, view.Watching{Client: "cc"})
	want(t, "how it begins", told(w), []string{
		`{"k":"c","s":{"showUIControls":false},"g":"webmon/2"}`, `{"k":"s","s":{"x":1},"g":"webmon/1"}`})
	if _, err := c.SetState(json.RawMessage(`{"x":2}`), view.Change{Client: "other", N: 1, Previous: c.State().Generation}); err != nil {
		t.Error(err)
	}
	want(t, "the shared state", string(v.State().JSON), `{"x":1}`)
	told(w)
	if _, err := v.SetConfig(json.RawMessage(`{"volumeRequests":[1],"scaleBarOptions":{}}`), view.Change{Client: "py", N: 1, Previous: v.Config().Generation}); err != nil {
		t.Error(err)
	}
	want(t, "it follows the configuration", told(w), []string{`{"k":"c","s":{"scaleBarOptions":{}},"g":"webmon/3"}`})
	want(t, "what was asked of the browsers of the other", []any{v.Asked(), c.Asked()}, []any{true, false})
}

func TestAScriptThatEndsIsSaid(t *testing.T) {
	s, account := store(t, 0)
	v := made(t, s, "a", view.With{Script: true})
	c := made(t, s, "b", view.With{Of: v})
	script := watch(t, v, view.Watching{Client: "py", Script: true})
	told(script)
	want(t, "scripts that lose an action", v.Tell(json.RawMessage(`{"k":"a","action":"go"}`)), 0)
	want(t, "scripts that lose what there is no room for", v.Tell(make(json.RawMessage, 1<<20)), 1)
	want(t, "the action", told(script), []string{`{"k":"a","action":"go"}`})
	v.Tell(json.RawMessage(`{"k":"a","action":"` + strings.Repeat("x", 10000) + `"}`))
	used := account.Used()
	script.Close()
	want(t, "what it did not take is given back", account.Used() < used, true)
	for _, v := range []*view.View{v, c} {
		want(t, "it is said in the client", strings.Contains(string(v.Config().JSON), "has ended"), true)
	}
	if _, ended := v.Script(); ended.IsZero() {
		t.Error("the script has not ended")
	}
	script = watch(t, v, view.Watching{Client: "py", Script: true})
	defer script.Close()
	is, ended := v.Script()
	want(t, "it is there again", []any{is, ended.IsZero(), string(v.Config().JSON), string(c.Config().JSON)}, []any{true, true, "{}", "{}"})
}

func TestViewsAreBounded(t *testing.T) {
	s, account := store(t, 3)
	watched := watch(t, made(t, s, "a", view.With{}), view.Watching{})
	made(t, s, "b", view.With{})
	made(t, s, "c", view.With{})
	s.Get("src", "b")
	made(t, s, "d", view.With{})
	var left []string
	for _, v := range s.List("src") {
		left = append(left, v.Token)
	}
	want(t, "the one that nobody looks at and used least recently is forgotten", left, []string{"a", "b", "d"})
	var too view.Too
	big := json.RawMessage(`{"x":"` + strings.Repeat("y", 1<<20) + `"}`)
	if _, _, err := s.Make("src", "e", view.With{State: big}); !errors.As(err, &too) {
		t.Errorf("a view that is larger than the account: %v", err)
	}
	v := s.Get("src", "a")
	if _, err := v.SetState(big, view.Change{Client: "c", Previous: v.State().Generation}); !errors.As(err, &too) {
		t.Errorf("a state that is larger than the account: %v", err)
	}
	if !s.Delete("src", "a") || s.Delete("src", "a") {
		t.Error("a view is deleted once")
	}
	<-watched.Done()
	watched.Close()
	s.Forget("src")
	want(t, "nothing is left", account.Used(), int64(0))
}

func TestWhatIsNoViewIsRefused(t *testing.T) {
	s, _ := store(t, 0)
	v := made(t, s, "a", view.With{})
	g := v.State().Generation
	for what, err := range map[string]error{
		"a token with a dot":   second(s.Make("src", "a.b", view.With{})),
		"a list":               second(s.Make("src", "x", view.With{State: json.RawMessage(`[1]`)})),
		"two objects":          last(v.SetState(json.RawMessage(`{}{}`), view.Change{Client: "c", Previous: g})),
		"webmon's own name":    last(v.SetState(json.RawMessage(`{}`), view.Change{Client: "webmon", Previous: g})),
		"a client with a line": last(v.SetState(json.RawMessage(`{}`), view.Change{Client: "c\n", Previous: g})),
		"a broken one":         last(v.SetConfig(json.RawMessage(`{"x":`), view.Change{Client: "c", Previous: g})),
	} {
		var no view.Refusal
		if !errors.As(err, &no) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func second(_ *view.View, _ bool, err error) error { return err }
func last(_ view.State, err error) error           { return err }

func TestAllAtOnce(t *testing.T) {
	s, account := store(t, 8)
	v := made(t, s, "v", view.With{})
	w := watch(t, v, view.Watching{Script: true})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 50 {
				c, _, err := s.Make("src", fmt.Sprintf("c%d", (i+j)%12), view.With{Of: v})
				if err != nil {
					continue
				}
				v.SetConfig(json.RawMessage(`{"a":1}`), view.Change{Client: "py", N: uint64(i), Previous: v.Config().Generation})
				v.Refreshed(map[string]uint64{"k": uint64(j)})
				if w, err := c.Watch(view.Watching{Client: "x", Script: j%2 == 0}); err == nil {
					w.Next()
					v.Tell(json.RawMessage(`{}`))
					w.Close()
				}
				c.Edit(func(m map[string]json.RawMessage) (bool, error) {
					m["n"] = json.RawMessage(fmt.Sprint(j))
					return true, nil
				})
				s.Count()
			}
		})
	}
	all.Wait()
	w.Close()
	s.Forget("src")
	want(t, "nothing is left", account.Used(), int64(0))
}

// FuzzState checks that whatever is taken goes out on one line, as an event that can be read.
func FuzzState(f *testing.F) {
	for _, text := range []string{`{}`, "{\"a\":\r\n[1,\"\\u2028\"]}", `null`, `{"a":1}{}`, "{\"\xff\":1}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, account := store(t, 0)
		v, _, err := s.Make("src", "a", view.With{State: text, Config: text})
		if err != nil {
			return
		}
		w, err := v.Watch(view.Watching{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range w.Next() {
			line := e.JSON()
			if !json.Valid(line) || strings.ContainsAny(string(line), "\r\n") {
				t.Fatalf("%q became %q", text, line)
			}
		}
		w.Close()
		s.Forget("src")
		if account.Used() != 0 {
			t.Fatalf("%d bytes are left", account.Used())
		}
	})
}
