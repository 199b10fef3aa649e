// Package edit changes maps: edits are values, each is one line in a journal beside the
// map before anybody is told that it was made, and a save writes them into the files of
// the map, all or none.
//
//	desk := edit.NewDesk(edit.Options{})
//	shelf := library.New(library.Options{Dirs: dirs, Loaded: desk.Loaded})
//	desk.Use(shelf)
//	done, err := desk.Do(ctx, "rr30a", "ada", edition, edit.Edit{Do: edit.Bad, Session: 0, Row: 150, Bad: &yes})
//
// An edit names an object by session and row, and the edition of the map in which it had
// that row. Rows are found again in newer editions; an edit of an object that somebody has
// changed since is refused with a [Conflict], which says what was made of it.
//
// What an edit does is written down as operations on lines and cells of the files
// ([Op]), so that a journal means the same to every version of webmon, and each has an
// inverse. A map whose edits were all undone has the bytes that it had before.
package edit
