package process

import (
	"fmt"

	"webmon/shm/pickle"
)

// What a process sends is in memory once, however often it is named in a pickle. What is
// made of it is written out: a list of choices that a thousand controls share becomes a
// thousand lists. So everything is weighed, written out, before anything is made of it.
const (
	maxDeclared = 4 << 20  // bytes of the controls, actions, topics or arrays of a process
	maxSent     = 64 << 20 // bytes of a message, or of the poll
	maxNotes    = 64       // that are made of one value
	maxKeys     = 256      // topics in one message
	maxWrong    = 100      // values of one message that cannot be shown, after which the rest is not tried
)

// heavy returns what is wrong with a value that is too heavy or too deep for what is to be
// made of it, "" for nothing. each is what an item of an array becomes, in bytes.
func heavy(v pickle.Value, most int64, each int64) string {
	_, err := pickle.Weight(v, pickle.WeightOptions{Most: most, Array: func(a *pickle.Array) int64 {
		return each * int64(a.Len())
	}})
	if err == nil {
		return ""
	}
	return fmt.Sprintf("written out it takes more than %s, or it is too deep", mebibytes(int(most)))
}

// notes collects what is wrong with a value, one note of each kind.
type notes struct {
	list []note
	said map[string]bool
}

func (n *notes) add(key, format string, args ...any) {
	if n.said[key] || len(n.list) >= maxNotes {
		return
	}
	if n.said == nil {
		n.said = map[string]bool{}
	}
	n.said[key] = true
	n.list = append(n.list, note{key, fmt.Sprintf(format, args...)})
}

// last adds a note beyond the number that there may be.
func (n *notes) last(key, text string) { n.list = append(n.list, note{key, text}) }
