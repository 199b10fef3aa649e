package fault

import (
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
)

// maxKnown bounds how many different faults are told from each other.
const maxKnown = 256

// Ledger knows the faults that have come up. Each is written to the log once, with its
// stack; what comes up again is counted, and written without it when its count has grown
// tenfold. The methods are safe for concurrent use. A nil Ledger keeps nothing, and
// writes to slog.Default().
type Ledger struct {
	logger *slog.Logger

	mu    sync.Mutex // guards all below
	known map[known]uint64
	parts map[string]uint64
}

// known tells one fault from another: what part of webmon it came up in, and where.
type known struct{ part, place string }

// NewLedger returns an empty ledger that writes to the logger; nil: to slog.Default().
func NewLedger(logger *slog.Logger) *Ledger {
	if logger == nil {
		logger = slog.Default()
	}
	return &Ledger{logger: logger, known: map[known]uint64{}, parts: map[string]uint64{}}
}

// Note takes a fault. part is the kind of thing that has ended, out of a few words that
// the program is made of, such as "feed"; about is which of them it was, such as its
// topic. Note reports whether err is a fault at all: of any other it takes no notice.
func (l *Ledger) Note(part, about string, err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	logger, times := slog.Default(), uint64(1)
	if l != nil {
		logger, times = l.logger, l.count(part, e.place)
	}
	switch {
	case times == 1:
		logger.Error("panicked", "part", part, "of", about, "error", e.Error(), "place", e.place, "stack", strings.TrimSpace(string(e.Stack)))
	case isPowerOfTen(times):
		logger.Error("panicked again", "part", part, "of", about, "error", e.Error(), "place", e.place, "times", times)
	}
	return true
}

// count counts a fault, and returns how often it has come up.
func (l *Ledger) count(part, place string) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := known{part, place}
	if _, ok := l.known[key]; !ok && len(l.known) >= maxKnown {
		key.place = ""
	}
	l.known[key]++
	l.parts[part]++
	return l.known[key]
}

func isPowerOfTen(n uint64) bool {
	for n%10 == 0 && n > 0 {
		n /= 10
	}
	return n == 1
}

// Count is how often a part of webmon has panicked.
type Count struct {
	Part  string
	Times uint64
}

// Counts returns how often each part has panicked that ever did, in the order of names.
func (l *Ledger) Counts() []Count {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Count, 0, len(l.parts))
	for _, part := range slices.Sorted(maps.Keys(l.parts)) {
		out = append(out, Count{part, l.parts[part]})
	}
	return out
}

// Noted returns what Func and Go take as failed where nothing else is to be done.
func (l *Ledger) Noted(part, about string) func(error) {
	return func(err error) { l.Note(part, about, err) }
}
