package together_test

import (
	"encoding/json"
	"strings"
	"testing"

	"webmon/dashboard/maps/together"
	"webmon/dashboard/people"
)

func TestHands(t *testing.T) {
	for _, c := range []struct{ message, key, hand, problem string }{
		{`{"type":"map-hand","map":"rr30a","hand":{"session":3,"x":1.234561234,"y":-4,"z":12}}`, "rr30a", `{"session":3,"x":1.234561,"y":-4,"z":12}`, ""},
		{`{"map":"rr30a","hand":{"plot":4294967295,"x":1e-7,"y":123456.789}}`, "rr30a", `{"plot":4294967295,"x":1e-07,"y":123456.789}`, ""},
		{`{"map":"a b","hand":null}`, "a b", "", ""},
		{`{"map":"rr30a"}`, "rr30a", "", ""},
		{`{"map":"m","hand":{"session":3,"x":1,"y":2,"z":0,"note":"<script>"}}`, "m", `{"session":3,"x":1,"y":2,"z":0}`, ""},
		{`{"map":"m","hand":{"session":3,"x":1,"y":2}}`, "m", `{"session":3,"x":1,"y":2}`, ""},
		{`{"map":"m","hand":{"session":3,"x":1,"z":2}}`, "", "", "no y"},
		{`{"map":"m","hand":{"x":1,"y":2,"z":3}}`, "", "", "no session"},
		{`{"map":"m","hand":{"session":-1,"x":1,"y":2,"z":3}}`, "", "", "session is -1"},
		{`{"map":"m","hand":{"session":1.5,"x":1,"y":2,"z":3}}`, "", "", "session is 1.5"},
		{`{"map":"m","hand":{"session":1,"x":1e13,"y":2,"z":3}}`, "", "", "x is 1e+13"},
		{`{"map":"m","hand":{"plot":4294967296,"x":1,"y":2}}`, "", "", "plot is"},
		{`{"map":"m","hand":{"plot":1,"x":"1","y":2}}`, "", "", "cannot unmarshal"},
		{`{"map":"m","hand":[1,2]}`, "", "", "cannot unmarshal"},
		{`{"map":"m","hand":{"plot":1,"x":NaN,"y":2}}`, "", "", "invalid character"},
	} {
		key, hand, err := together.ReadHand([]byte(c.message))
		if c.problem != "" {
			if err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("%s: the error is %v, want one with %q", c.message, err, c.problem)
			}
			continue
		}
		if err != nil || key != c.key || string(hand) != c.hand || (hand == nil) != (c.hand == "") {
			t.Errorf("%s: %q, %s, %v, want %q, %s", c.message, key, hand, err, c.key, c.hand)
		}
	}
}

func TestSelections(t *testing.T) {
	for _, c := range []struct{ message, what, problem string }{
		{`{"map":"m","what":{"key":7,"run":3,"session":4,"edition":"a2-b","x":1.5,"y":2,"z":30.25}}`, `{"key":7,"run":3,"session":4,"edition":"a2-b","x":1.5,"y":2,"z":30.25}`, ""},
		{`{"map":"m","what":{"key":7,"run":3,"session":4,"edition":""}}`, `{"key":7,"run":3,"session":4,"edition":""}`, ""},
		{`{"map":"m","what":{"key":7}}`, `{"key":7}`, ""},
		{`{"map":"m"}`, "", "no what"},
		{`{"map":"m","what":null}`, "", "no what"},
		{`{"map":"m","what":{"run":3,"session":4}}`, "", "no key"},
		{`{"map":"m","what":{"key":1,"run":3}}`, "", "no session"},
		{`{"map":"m","what":{"key":1,"run":3,"session":4,"x":1e300}}`, "", "x is 1e+300"},
		{`{"map":"m","what":{"key":1,"run":3,"session":4,"edition":"` + strings.Repeat("x", 129) + `"}}`, "", "is no edition"},
	} {
		key, what, err := together.ReadSelection([]byte(c.message))
		if c.problem != "" {
			if err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("%s: the error is %v, want one with %q", c.message, err, c.problem)
			}
			continue
		}
		if err != nil || key != "m" || string(what) != c.what {
			t.Errorf("%s: %q, %s, %v, want %s", c.message, key, what, err, c.what)
		}
	}
}

// FuzzMessages: whatever a page sends, what goes to the others is JSON of the fields that a hand
// or a selection has, and small.
func FuzzMessages(f *testing.F) {
	for _, s := range []string{
		`{"type":"map-hand","map":"rr30a","hand":{"session":3,"x":1.23456,"y":-4,"z":12}}`, `{"map":"m","hand":{"plot":4294967295,"x":1e-7,"y":123456.789}}`,
		`{"map":"m","what":{"key":7,"run":3,"session":4,"edition":"</script>","x":1.5,"y":2,"z":30.25}}`, `{"map":"m","what":{"key":7}}`, `{"hand":{}}`, `null`,
		`{"map":"m","what":{"key":1,"run":-0,"session":1e9,"edition":"` + strings.Repeat(`\u0001`, 128) + `"}}`,
	} {
		f.Add([]byte(s))
	}
	fields := map[string]bool{"session": true, "plot": true, "x": true, "y": true, "z": true, "key": true, "run": true, "edition": true}
	f.Fuzz(func(t *testing.T, message []byte) {
		for name, read := range map[string]func([]byte) (string, []byte, error){"hand": together.ReadHand, "selection": together.ReadSelection} {
			_, out, err := read(message)
			if err != nil || out == nil {
				continue
			}
			var got map[string]any
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("a %s goes out as %q: %v", name, out, err)
			}
			for field, v := range got {
				if _, number := v.(float64); !fields[field] || !number && field != "edition" {
					t.Errorf("a %s goes out with %s: %v", name, field, v)
				}
			}
			if len(out) > people.MaxSaid {
				t.Errorf("a %s goes out with %d bytes", name, len(out))
			}
			if strings.ContainsAny(string(out), "\n\r") {
				t.Errorf("a %s goes out with %q", name, out)
			}
		}
	})
}
