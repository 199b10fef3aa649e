package process

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"webmon/shm"
	"webmon/shm/pickle"
)

var boardNames = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// decodeBoards turns what a process declares about its boards into Boards, in the order of their
// names. What makes no sense is left out, and there is a note.
func decodeBoards(v pickle.Value) (shm.Boards, []note) {
	var d declarer
	list := shm.Boards{}
	dict, ok := v.(*pickle.Dict)
	if !ok && v != nil {
		d.note("boards", "The boards are %s instead of a dict, and are left out", kindOf(v))
		return list, d.list
	}
	if dict == nil {
		return list, nil
	}
	for _, e := range dict.Entries {
		name, ok := e.Key.(string)
		v := e.Value
		switch text, isText := v.(string); {
		case !ok || !boardNames.MatchString(name):
			d.note("boards.name", "A board is left out: its name has other signs than small letters, digits and hyphens, or more than 40")
		case !isText || !utf8.ValidString(text):
			d.note("boards."+name, "The board %q is left out: it is %s instead of a text", name, kindOf(v))
		case len(text) > shm.MaxBoardText:
			d.note("boards."+name, "The board %q is left out: it has %d bytes, and at most %d are read", name, len(text), shm.MaxBoardText)
		case len(list) >= shm.MaxBoards:
			d.note("boards", "Only %d boards of a process are shown", shm.MaxBoards)
		default:
			list = append(list, shm.BoardText{Name: name, Text: text})
		}
	}
	slices.SortFunc(list, func(a, b shm.BoardText) int { return strings.Compare(a.Name, b.Name) })
	return list, d.list
}
