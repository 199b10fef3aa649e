package steer

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"webmon/dashboard/record"
	"webmon/dashboard/refusal"
	"webmon/dashboard/source"
	"webmon/shm"
)

// ActionSetView is napari's command that restores a part of a view, or a list of parts.
const ActionSetView = "set_view"

// maxPart is how long the text of a command may be, in bytes.
const maxPart = 4096

// Restores reports whether a source can go back to a view.
func Restores(src *source.Source) bool {
	return slices.ContainsFunc(src.Actions(), func(a shm.Action) bool { return a.Name == ActionSetView })
}

// Restore sends a source the parts of a view, in their order. done is told once what
// could not be restored, a sentence each, when the process has answered all or is gone.
// In the record that is one change, called by the name of the view.
func (d *Desk) Restore(by record.Author, src *source.Source, name string, parts []json.RawMessage, done func(problems []string)) *refusal.Error {
	no := running(src)
	if no == nil && !Restores(src) {
		no = &refusal.Error{Text: src.ID() + " has no command that restores views."}
	}
	if no != nil {
		d.refused(by, src, "go to a view", name, no)
		return no
	}
	change := d.changes.Add(record.Entry{Author: by, Source: src.ID(), Name: "go to a view", To: name, Status: record.Queued})
	var mu sync.Mutex
	var problems []string
	texts := join(parts)
	left := len(texts)
	over := func(reason string) {
		mu.Lock()
		defer mu.Unlock()
		if reason != "" {
			problems = append(problems, reason)
		}
		if left--; left > 0 {
			return
		}
		status := record.Applied
		if len(problems) > 0 {
			status = record.Refused
		}
		change.Became(status, strings.Join(problems, "; "))
		done(problems)
	}
	for _, text := range texts {
		var once sync.Once
		src.Command(shm.Command{ID: rand.Text(), Name: ActionSetView, Args: map[string]shm.Value{"part": text}}, func(s shm.Status, reason string) {
			switch s {
			case shm.Applied:
				once.Do(func() { over("") })
			case shm.Refused, shm.Gone:
				if reason == "" {
					reason = "the process is gone"
				}
				once.Do(func() { over(reason) })
			}
		})
	}
	return nil
}

// join makes as few lists of the parts as fit the text of a command.
func join(parts []json.RawMessage) []string {
	var out []string
	var list []string
	size := 2
	for _, part := range parts {
		if len(list) > 0 && size+len(part)+1 > maxPart {
			out, list, size = append(out, "["+strings.Join(list, ",")+"]"), nil, 2
		}
		list, size = append(list, string(part)), size+len(part)+1
	}
	return append(out, "["+strings.Join(list, ",")+"]")
}
