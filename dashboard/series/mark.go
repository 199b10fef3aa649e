package series

import (
	"sync"
	"time"
)

// maxMarks is how many marks are kept, because a process that restarts all the
// time must not fill the memory.
const maxMarks = 64

// Mark is something that happened at a time, such as "napari ended". Marks
// belong to a source, and all of its charts show them.
type Mark struct {
	Time time.Time
	Text string // a few words
}

// Marks is a short list of marks, oldest first. The zero value is empty and
// ready to use. It is safe for concurrent use.
type Marks struct {
	mu    sync.Mutex // guards marks
	marks []Mark
}

// Add appends a mark. Only the last 64 are kept.
func (m *Marks) Add(t time.Time, text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.marks) == maxMarks {
		// A new slice: readers may still hold the old one.
		m.marks = append(make([]Mark, 0, maxMarks), m.marks[1:]...)
	}
	m.marks = append(m.marks, Mark{Time: t, Text: text})
}

// List returns the marks. The slice must not be changed.
func (m *Marks) List() []Mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.marks[:len(m.marks):len(m.marks)]
}
