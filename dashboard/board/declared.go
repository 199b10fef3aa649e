package board

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"webmon/dashboard/board/file"
	"webmon/dashboard/source"
	"webmon/natural"
	"webmon/shm"
)

// declared knows the boards that processes bring, as they were read last.
type declared struct {
	mu sync.Mutex // guards all below
	by map[*source.Source]read
}

// read is what a process brings, as it was read.
type read struct {
	boards shm.Boards
	list   []ofProcess
}

// ofProcess is a board of a process.
type ofProcess struct {
	name    string
	board   file.Board
	problem string // why it cannot be shown, one sentence; "" if it can
}

// maxRead is of how many processes what was read is kept.
const maxRead = 256

// of returns the boards of a process. They are read once for each declaration.
func (d *declared) of(src *source.Source) []ofProcess {
	boards := src.Boards()
	if len(boards) == 0 {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if was, ok := d.by[src]; ok && slices.Equal(was.boards, boards) {
		return was.list
	}
	if d.by == nil || len(d.by) >= maxRead {
		d.by = map[*source.Source]read{}
	}
	list := make([]ofProcess, 0, len(boards))
	for _, b := range boards {
		is := ofProcess{name: b.Name}
		title := natural.Capital(strings.ReplaceAll(b.Name, "-", " "))
		var err error
		if is.board, err = file.Decode([]byte(b.Text), file.Options{Source: src.ID(), Title: title}); err != nil {
			is.board = file.Board{Title: cmp.Or(title, b.Name)}
			is.problem = "The board " + b.Name + " of " + src.ID() + " cannot be shown: " + err.Error() + "."
		}
		list = append(list, is)
	}
	d.by[src] = read{boards, list}
	return list
}
