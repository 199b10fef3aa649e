package process

import (
	"strconv"
	"strings"
	"testing"

	"webmon/shm"
	"webmon/shm/pickle"
)

func TestDecodeBoards(t *testing.T) {
	text := `{"webmon":"board"}`
	for _, c := range []struct {
		name  string
		v     pickle.Value
		want  string // names
		notes int
	}{
		{"none", nil, "", 0},
		{"no dict", int64(3), "", 1},
		{"two, in order", pickle.NewDict("b", text, "a", text), "a b", 0},
		{"a name that is none", pickle.NewDict("A", text, "../b", text, "c", text), "c", 1},
		{"no text", pickle.NewDict("a", int64(1), "b", text), "b", 1},
		{"no UTF-8", pickle.NewDict("a", "\xff"), "", 1},
		{"too long", pickle.NewDict("a", strings.Repeat("x", shm.MaxBoardText+1), "b", strings.Repeat("x", shm.MaxBoardText)), "b", 1},
	} {
		boards, notes := decodeBoards(c.v)
		var names []string
		for _, b := range boards {
			names = append(names, b.Name)
		}
		if got := strings.Join(names, " "); got != c.want || len(notes) != c.notes {
			t.Errorf("%s: %q with %d notes %v, want %q with %d", c.name, got, len(notes), notes, c.want, c.notes)
		}
	}
	many := pickle.NewDict()
	for i := range 2 * shm.MaxBoards {
		if err := many.Set("b"+strconv.Itoa(i), text); err != nil {
			t.Fatal(err)
		}
	}
	if boards, notes := decodeBoards(many); len(boards) != shm.MaxBoards || len(notes) != 1 {
		t.Errorf("%d boards, %v", len(boards), notes)
	}
}
