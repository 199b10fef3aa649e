package file_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"webmon/dashboard/board/file"
)

const sample = `{"webmon": "board", "version": 1, "title": "Night run", "window": 300, "cards": [
	{"kind": "chart", "source": "scope", "name": "frame_time", "width": 6, "height": 2},
	{"kind": "number", "source": "scope", "name": "stage.m/s", "title": "Speed"},
	{"kind": "array", "source": "scope", "name": "camera", "view": "z=3&colormap=viridis"}
]}`

func TestABoardIsReadAsItIsWritten(t *testing.T) {
	b, err := file.Decode([]byte(sample), file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := file.Board{Title: "Night run", Window: 300, Cards: []file.Card{
		{Kind: file.Chart, Source: "scope", Name: "frame_time", Width: 6, Height: 2},
		{Kind: file.Number, Source: "scope", Name: "stage.m/s", Title: "Speed", Width: 1, Height: 1},
		{Kind: file.Array, Source: "scope", Name: "camera", Width: 3, Height: 4, View: "z=3&colormap=viridis"},
	}}
	if !reflect.DeepEqual(b, want) {
		t.Errorf("got  %+v\nwant %+v", b, want)
	}
	text, err := file.Encode(b)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := file.Decode(text, file.Options{}); err != nil || !reflect.DeepEqual(again, b) {
		t.Errorf("%v, %+v from\n%s", err, again, text)
	}
}

func TestWhoDeclaresABoardIsItsSource(t *testing.T) {
	b, err := file.Decode([]byte(`{"webmon":"board","version":1,"cards":[{"kind":"chart","name":"x"},{"kind":"chart","source":"other","name":"x"}]}`),
		file.Options{Source: "scope", Title: "Scope"})
	if err != nil || b.Title != "Scope" || b.Cards[0].Source != "scope" || b.Cards[1].Source != "other" {
		t.Error(b, err)
	}
}

func TestErrorsNameTheField(t *testing.T) {
	card := func(fields string) string {
		return `{"webmon":"board","version":1,"title":"a","cards":[{"kind":"chart","source":"s","name":"x"},{` + fields + `}]}`
	}
	many := func(n int, kind string) string {
		var cards []string
		for i := range n {
			cards = append(cards, fmt.Sprintf(`{"kind":%q,"source":"s","name":"n%d"}`, kind, i))
		}
		return `{"webmon":"board","version":1,"title":"a","cards":[` + strings.Join(cards, ",") + `]}`
	}
	for _, c := range []struct{ text, field, says string }{
		{``, "the file", "ends too early"},
		{`[]`, "the file", "no object"},
		{`{"webmon":"board","version":1,"title":"a"`, "the file", "ends too early"},
		{`{"webmon":"board","version":1,"title":"a"} x`, "the file", "goes on"},
		{`{"version":1,"title":"a"}`, "webmon", "missing"},
		{`{"webmon":"map","version":1,"title":"a"}`, "webmon", `"map"`},
		{`{"webmon":"board","version":2,"title":"a"}`, "version", "reads version 1"},
		{`{"webmon":"board","version":"1","title":"a"}`, "version", "whole number"},
		{`{"webmon":"board","version":1}`, "title", "missing"},
		{`{"webmon":"board","version":1,"title":" a"}`, "title", "space"},
		{`{"webmon":"board","version":1,"title":"a\u202eb"}`, "title", "cannot be seen"},
		{`{"webmon":"board","version":1,"title":"` + strings.Repeat("é", 81) + `"}`, "title", "81 letters"},
		{`{"webmon":"board","version":1,"title":"a","title":"b"}`, "title", "twice"},
		{`{"webmon":"board","version":1,"title":"a","window":61}`, "window", "61"},
		{`{"webmon":"board","version":1,"title":"a","colour":1}`, "colour", "no field of a board"},
		{`{"webmon":"board","version":1,"title":"a","cards":{}}`, "cards", "a list"},
		{`{"webmon":"board","version":1,"title":"a","cards":null}`, "cards", "a list"},
		{`{"webmon":"board","version":1,"title":"a","cards":[1]}`, "cards[0]", "no object"},
		{card(`"kind":"chart","source":"s","name":"x"`), "cards[1]", "same as cards[0]"},
		{card(`"kind":"graph","source":"s","name":"y"`), "cards[1].kind", `"graph"`},
		{card(`"source":"s","name":"y"`), "cards[1].kind", "missing"},
		{card(`"kind":"chart","name":"y"`), "cards[1].source", "missing"},
		{card(`"kind":"chart","source":"../s","name":"y"`), "cards[1].source", "no source"},
		{card(`"kind":"chart","source":"s","name":""`), "cards[1].name", "1 to 150"},
		{card(`"kind":"chart","source":"s","name":"a\nb"`), "cards[1].name", "control characters"},
		{card(`"kind":"chart","source":"s","name":"y","width":0`), "cards[1].width", "6 columns"},
		{card(`"kind":"chart","source":"s","name":"y","width":1.5`), "cards[1].width", "whole number"},
		{card(`"kind":"chart","source":"s","name":"y","height":7`), "cards[1].height", "1 to 6"},
		{card(`"kind":"chart","source":"s","name":"y","view":"z=1"`), "cards[1].view", "only an array"},
		{card(`"kind":"array","source":"s","name":"y","view":"z 1"`), "cards[1].view", "a query"},
		{card(`"kind":"chart","source":"s","name":"y","colour":"red"`), "cards[1].colour", "no field of a card"},
		{many(file.MaxCards+1, "chart"), "cards", "at most 48"},
		{many(file.MaxPictures+1, "array"), "cards", "at most 12"},
		{"{\"webmon\":\"\xff\"}", "", "UTF-8"},
		{strings.Repeat(" ", file.MaxBytes+1), "", "bytes"},
	} {
		_, err := file.Decode([]byte(c.text), file.Options{})
		var e *file.Error
		if !errors.As(err, &e) {
			t.Errorf("%.80s: %v, want an error", c.text, err)
			continue
		}
		if e.Field != c.field || !strings.Contains(e.Error(), c.says) {
			t.Errorf("%.80s: field %q, %q, want field %q and %q", c.text, e.Field, e, c.field, c.says)
		}
	}
}

// What is read can be written, and what is written is read as it was.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(sample), "")
	f.Add([]byte(`{"webmon":"board","version":1,"cards":[{"kind":"command","name":"expose"}]}`), "scope")
	f.Add([]byte(`{"webmon":"board","version":1,"title":"a","cards":[{"kind":"model","source":"gpe","name":"gpe","view":"phase=1"}]}`), "")
	f.Add([]byte(`{"a":{"a":[`), "s")
	f.Fuzz(func(t *testing.T, text []byte, source string) {
		b, err := file.Decode(text, file.Options{Source: source, Title: "t"})
		if err != nil {
			var e *file.Error
			if !errors.As(err, &e) {
				t.Errorf("%v is no *file.Error", err)
			}
			return
		}
		out, err := file.Encode(b)
		var e *file.Error
		if errors.As(err, &e) && e.Field == "" {
			return // short names in many cards are longer when they are written out
		}
		if err != nil {
			t.Fatalf("%+v cannot be written: %v", b, err)
		}
		if again, err := file.Decode(out, file.Options{}); err != nil || !reflect.DeepEqual(again, b) && len(again.Cards)+len(b.Cards) > 0 {
			t.Errorf("%v: %+v, want %+v", err, again, b)
		}
	})
}
