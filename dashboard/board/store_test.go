package board_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"webmon/dashboard/board"
	"webmon/dashboard/board/file"
)

func made(title string, names ...string) file.Board {
	b := file.Board{Title: title, Window: 60}
	for _, name := range names {
		b.Cards = append(b.Cards, file.Card{Kind: file.Chart, Source: "scope", Name: name}.Sized())
	}
	return b
}

func order(b file.Board) string {
	var out []string
	for _, c := range b.Cards {
		out = append(out, c.Name)
	}
	return strings.Join(out, "")
}

func TestBoardsOutliveTheStore(t *testing.T) {
	for _, dir := range []string{"", filepath.Join(t.TempDir(), "boards")} {
		s := board.NewStore(dir)
		for _, title := range []string{"Night run", "Night run", "…", "Überblick 2"} {
			if _, err := s.Create(made(title, "a")); err != nil {
				t.Fatal(err)
			}
		}
		if dir != "" {
			s = board.NewStore(dir)
			files, err := os.ReadDir(dir)
			if err != nil || len(files) != 4 {
				t.Fatal(files, err)
			}
			for _, f := range files {
				if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
					t.Error(info.Mode(), err)
				}
			}
		}
		var got []string
		list, err := s.List()
		for _, i := range list {
			got = append(got, i.Name)
		}
		if want := "night-run night-run-2 berblick-2 board"; err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %v, %v, want %s", dir, got, err, want)
		}
		if err := s.Delete("night-run", "*"); err != nil {
			t.Error(err)
		}
		if _, _, err := s.Get("night-run"); !errors.Is(err, board.ErrNone) {
			t.Error(err)
		}
		if err := s.Delete("night-run", "*"); !errors.Is(err, board.ErrNone) {
			t.Error(err)
		}
	}
}

// Whoever replaces a board whole says which one; nobody loses what somebody else has done since.
func TestNobodyLosesAWholeBoard(t *testing.T) {
	s := board.NewStore(t.TempDir())
	first, created, err := s.Put("a", made("A", "x"), "")
	if err != nil || !created {
		t.Fatal(created, err)
	}
	outdated := func(what string, err error, now string) {
		t.Helper()
		var old *board.Outdated
		if !errors.As(err, &old) || old.Generation != now {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, _, err = s.Put("a", made("B"), "")
	outdated("one that is there already", err, first)
	_, _, err = s.Put("b", made("B"), first)
	outdated("one that is not there", err, "")
	second, created, err := s.Put("a", made("A", "x", "y"), first)
	if err != nil || created || second == first {
		t.Fatal(second, created, err)
	}
	_, _, err = s.Put("a", made("C"), first)
	outdated("one that has changed", err, second)
	outdated("deleting it", s.Delete("a", first), second)
	if b, _, _ := s.Get("a"); order(b) != "xy" {
		t.Errorf("%+v", b)
	}
	if _, _, err = s.Put("a", made("C"), "*"); err != nil {
		t.Error(err)
	}
}

func edit(t *testing.T, do, name string, fields ...string) board.Edit {
	t.Helper()
	values := map[string]string{"kind": "chart", "source": "scope", "name": name}
	for i := 0; i+1 < len(fields); i += 2 {
		values[fields[i]] = fields[i+1]
	}
	e, err := board.ReadEdit(do, func(field string) string { return values[field] })
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestCardsAreChanged(t *testing.T) {
	for _, c := range []struct {
		do, name string
		fields   []string
		want     string
	}{
		{"move", "a", []string{"at", "2"}, "bcad"},
		{"move", "d", []string{"at", "0"}, "dabc"},
		{"move", "a", []string{"at", "99"}, "bcda"},
		{"move", "b", []string{"at", "1"}, "abcd"},
		{"earlier", "a", nil, "abcd"},
		{"earlier", "c", nil, "acbd"},
		{"later", "a", nil, "bacd"},
		{"later", "d", nil, "abcd"},
		{"remove", "b", nil, "acd"},
		{"remove", "gone", nil, "abcd"},
		{"add", "e", []string{"at", "1"}, "aebcd"},
		{"add", "e", nil, "abcde"},
		{"add", "b", nil, "abcd"},
	} {
		b := made("A", "a", "b", "c", "d")
		if err := edit(t, c.do, c.name, c.fields...).Apply(&b); err != nil || order(b) != c.want || b.Check() != nil {
			t.Errorf("%s %s %v: %s, %v, want %s", c.do, c.name, c.fields, order(b), err, c.want)
		}
	}
	b := made("A", "a")
	for range 9 {
		for _, do := range []string{"wider", "taller"} {
			if err := edit(t, do, "a").Apply(&b); err != nil {
				t.Fatal(err)
			}
		}
	}
	if c := b.Cards[0]; c.Width != file.Columns || c.Height != file.MaxHeight {
		t.Error(c)
	}
	for range 9 {
		for _, do := range []string{"narrower", "shorter"} {
			if err := edit(t, do, "a").Apply(&b); err != nil {
				t.Fatal(err)
			}
		}
	}
	if c := b.Cards[0]; c.Width != 1 || c.Height != 1 {
		t.Error(c)
	}
	if err := edit(t, "size", "a", "width", "4").Apply(&b); err != nil || b.Cards[0].Width != 4 || b.Cards[0].Height != 1 {
		t.Error(b.Cards[0], err)
	}
	if err := edit(t, "wider", "gone").Apply(&b); err == nil {
		t.Error("a card that is gone was made wider")
	}
}

func TestChangesThatMakeNoSense(t *testing.T) {
	for _, c := range []struct{ do, field string }{{"", "do"}, {"turn", "do"}, {"move", "at"}, {"size", "width"}} {
		_, err := board.ReadEdit(c.do, func(name string) string {
			return map[string]string{"kind": "chart", "source": "scope", "name": "x"}[name]
		})
		var e *file.Error
		if !errors.As(err, &e) || e.Field != c.field {
			t.Errorf("%q: %v, want an error of %s", c.do, err, c.field)
		}
	}
	for field, value := range map[string]string{"at": "-1", "width": "0", "height": "x", "kind": "graph", "source": "", "name": "\n"} {
		_, err := board.ReadEdit("add", func(name string) string {
			if name == field {
				return value
			}
			return map[string]string{"kind": "chart", "source": "scope", "name": "x"}[name]
		})
		var e *file.Error
		if !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s %q: %v", field, value, err)
		}
	}
}

// Many people change one board at the same time, and each change is there.
func TestChangesAtTheSameTimeAllCount(t *testing.T) {
	s := board.NewStore(t.TempDir())
	if _, err := s.Create(made("A")); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			if _, err := s.Change("a", edit(t, "add", strconv.Itoa(i)).Apply); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if b, _, err := s.Get("a"); err != nil || len(b.Cards) != 16 {
		t.Error(len(b.Cards), err)
	}
}

func TestBoardsAreBounded(t *testing.T) {
	s := board.NewStore(t.TempDir())
	for i := range board.MaxBoards {
		if _, err := s.Create(made("b" + strconv.Itoa(i))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Create(made("one more")); err == nil || !strings.Contains(err.Error(), "delete one first") {
		t.Error(err)
	}
	if _, _, err := s.Put("one-more", made("A"), ""); err == nil || !strings.Contains(err.Error(), "delete one first") {
		t.Error(err)
	}
	for _, name := range []string{"", "-", "../x", "A", strings.Repeat("a", 41), "a:b", "@a"} {
		if _, _, err := s.Put(name, made("A"), "*"); err == nil {
			t.Errorf("a board is called %q", name)
		}
	}
	for i := range file.MaxCards {
		if _, err := s.Change("b0", edit(t, "add", fmt.Sprint("n", i)).Apply); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Change("b0", edit(t, "add", "one more").Apply); err == nil || !strings.Contains(err.Error(), "at most 48") {
		t.Error(err)
	}
	if b, _, _ := s.Get("b0"); len(b.Cards) != file.MaxCards {
		t.Error(len(b.Cards))
	}
}

func TestAFileThatMakesNoSenseStaysAsItIs(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := board.NewStore(dir).Create(made("good")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "bad.json")
	if err := os.WriteFile(path, []byte(`{"webmon":"board","version":1,"title":"bad","cards":[{"kind":"x"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := board.NewStore(dir)
	list, err := s.List()
	if err != nil || len(list) != 2 || !strings.Contains(list[0].Problem, "cards[0].source is missing") || list[1].Problem != "" {
		t.Errorf("%+v, %v", list, err)
	}
	if _, _, err := s.Put("bad", made("bad"), "*"); err == nil {
		t.Error("it was overwritten")
	}
	if _, err := s.Change("bad", func(*file.Board) error { return nil }); err == nil {
		t.Error("it was changed")
	}
	if err := s.Delete("bad", "*"); err != nil { // whoever wants it gone may say so
		t.Error(err)
	}
}

func TestChangesWakeWhoWatches(t *testing.T) {
	s := board.NewStore("")
	n := 0
	s.Wake("-/board/a", func() { n++ })
	s.Wake("-/board/a", func() { n += 10 }) // in the place of the first
	if _, err := s.Create(made("A", "x")); err != nil || n != 10 {
		t.Error(n, err)
	}
	if _, err := s.Change("a", func(*file.Board) error { return nil }); err != nil || n != 10 {
		t.Error(n, err, "nothing has changed")
	}
	if _, err := s.Change("a", func(*file.Board) error { return errors.New("no") }); err == nil || n != 10 {
		t.Error(n, err)
	}
	if err := s.Delete("a", "*"); err != nil || n != 20 {
		t.Error(n, err)
	}
}
