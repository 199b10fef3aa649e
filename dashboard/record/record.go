// Package record keeps what people have changed: who, what, from which value to
// which, when, and what has become of it. It keeps a week across restarts, in files
// of JSON lines that only the user can read.
//
//	changes := record.Open(record.Options{Dir: dir})
//	defer changes.Close()
//	change := changes.Add(record.Entry{
//		Author: record.Author{Who: "ada"}, Source: "scope", Name: "exposure", From: "10 ms", To: "12.5 ms", Status: record.Queued,
//	})
//	...
//	change.Became(record.Applied, "")
//
// Whoever moves a slider makes one change and not sixty a second: the values that the
// same person gives the same thing within three seconds belong together, from the first
// to the last. So do calls of one action that do not differ.
//
// Nothing waits for a disk. What has changed is in memory at once, and a goroutine
// writes it a moment later. If the files cannot be written, the record goes on in
// memory, says so once, and tries again.
package record

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"webmon/fault"
)

// Bounds of the record.
const (
	// Keep is how long a change is kept.
	Keep = 7 * 24 * time.Hour
	// maxBytes bounds the changes in memory, and the files, each by itself.
	maxBytes = 16 << 20
	// maxPart bounds one file. The oldest file goes first.
	maxPart = 1 << 20
	// overhead is what a change takes in memory beside its texts.
	overhead = 320

	// together is the longest pause between two changes of one thing by one person
	// that are one entry, and longest is how long such an entry may go on.
	together = 3 * time.Second
	longest  = time.Minute

	// perMinute is how many entries a minute one person may add. Further changes are
	// counted in one entry, so that nobody can push out what others have changed.
	perMinute = 60

	maxName = 120 // bytes of a name
	maxText = 240 // bytes of a value or a reason
)

// more is the name of the entry that counts the changes beyond perMinute.
const more = "more"

// The statuses of a change. Those of a command are the statuses of the command.
const (
	Sent      = "sent" // nobody waits for what becomes of it
	Queued    = "queued"
	Applied   = "applied"
	Refused   = "refused"
	Overtaken = "overtaken" // not sent, because somebody else had changed it since
)

// Author is who changes something, and from where.
type Author struct {
	Who     string `json:"who"`
	Address string `json:"address,omitempty"` // IP address; "" if there is none
}

type authorKey struct{}

// With returns a context that says who changes what is asked for under it.
func With(ctx context.Context, by Author) context.Context {
	return context.WithValue(ctx, authorKey{}, by)
}

// By returns who changes what is asked for under the context, the zero value if
// nothing says so.
func By(ctx context.Context) Author {
	by, _ := ctx.Value(authorKey{}).(Author)
	return by
}

// Entry is a change, or what somebody did to one thing without a pause.
type Entry struct {
	ID    string    `json:"id"`
	Time  time.Time `json:"time"`  // of the first
	Until time.Time `json:"until"` // of the last; equal to Time for one alone
	Author
	Source string `json:"source"` // id; "" for webmon itself
	Name   string `json:"name"`   // of the control, the action or what else was asked for
	From   string `json:"from"`   // value before the first, for people; "" for none
	To     string `json:"to"`     // value of the last, or its arguments; "" for none
	Count  int    `json:"count"`  // how many there were
	Status string `json:"status"` // of the last
	Reason string `json:"reason"` // one sentence; "" for none
}

// Options configure a Log.
type Options struct {
	// Dir is the folder of the files. It is made if it does not exist. "": the record
	// lasts as long as webmon.
	Dir    string
	Logger *slog.Logger  // nil: slog.Default()
	Faults *fault.Ledger // told of what panics; may be nil
}

// Log is the record. Its methods are safe for concurrent use. Those of a nil Log do
// nothing.
type Log struct {
	opts Options
	file file // of the goroutine

	mu     sync.Mutex // guards all below
	list   []*node    // oldest first
	bytes  int
	recent map[key]*node // what a further change may belong to
	minute map[Author]*minute
	swept  time.Time
	failed string // why the files cannot be written, one sentence; "" if they can

	wake chan struct{} // capacity one: there is something to write
	stop chan struct{}
	done chan struct{}
	once sync.Once
}

// node is an entry in the list. Its entry is replaced, never changed, so that
// readers need no copies of them.
type node struct {
	entry *Entry
	turn  int  // of the last change in it
	dirty bool // to be written
}

// minute is how much somebody has changed since it began.
type minute struct {
	began time.Time
	n     int
	more  *node // counts the changes beyond perMinute; nil: there are none yet
}

// key tells what somebody does to one thing from everything else.
type key struct {
	Author
	source, name string
	refused      bool
}

// Open returns the record with what its folder holds of the last week. It never fails:
// what cannot be read is left out, and the log says so. Close must be called.
func Open(opts Options) *Log {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	l := &Log{
		opts: opts, recent: map[key]*node{}, minute: map[Author]*minute{}, wake: make(chan struct{}, 1),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	l.file.dir = opts.Dir
	if opts.Dir == "" {
		close(l.done)
		return l
	}
	l.load()
	fault.Go(nil, l.run, opts.Faults.Noted("record", opts.Dir))
	return l
}

// Close writes what is not written yet.
func (l *Log) Close() {
	if l == nil {
		return
	}
	l.once.Do(func() { close(l.stop) })
	<-l.done
}

// Change is one change in the record. The methods of a nil Change do nothing.
type Change struct {
	log  *Log
	node *node
	turn int
	to   string
}

// Add notes a change. ID, Time, Until and Count are its own to set. If the same person
// has just changed the same value, or done the same, the change joins that entry.
func (l *Log) Add(e Entry) *Change { return l.add(e, time.Now()) }

func (l *Log) add(e Entry, now time.Time) *Change {
	if l == nil {
		return nil
	}
	now = now.Round(0) // the file has no monotonic clock either
	e.cut()
	k := key{e.Author, e.Source, e.Name, e.Status == Refused}
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.signal()
	if n := l.recent[k]; n != nil {
		if o := n.entry; now.Sub(o.Until) <= together && now.Sub(o.Time) <= longest && !now.Before(o.Until) &&
			(e.From != "" || o.To == e.To) && (!k.refused || o.Reason == e.Reason) {
			joined := *o
			joined.Until, joined.To, joined.Status, joined.Reason = now, e.To, e.Status, e.Reason
			joined.Count++
			n.turn++
			l.replace(n, &joined)
			return &Change{l, n, n.turn, e.To}
		}
	}
	l.sweep(now)
	if l.tooMany(e.Author, now) {
		return nil
	}
	n := l.begin(e, now)
	l.recent[k] = n
	return &Change{l, n, 0, e.To}
}

// begin adds an entry. mu is held, here and in all methods below that do not lock it.
func (l *Log) begin(e Entry, now time.Time) *node {
	e.ID, e.Time, e.Until, e.Count = rand.Text()[:16], now, now, 1
	n := l.insert(&e)
	n.dirty = true
	return n
}

// tooMany reports whether somebody has added as many entries as may be within a
// minute. Their change is then counted and not listed.
func (l *Log) tooMany(by Author, now time.Time) bool {
	m := l.minute[by]
	if m == nil || now.Sub(m.began) >= time.Minute || now.Before(m.began) {
		m = &minute{began: now}
		l.minute[by] = m
	}
	m.n++
	switch {
	case m.n <= perMinute:
		return false
	case m.more == nil:
		m.more = l.begin(Entry{Author: by, Name: more, Status: Sent, Reason: "Changes beyond 60 in a minute are counted and not listed."}, now)
	default:
		e := *m.more.entry
		e.Until = now
		e.Count++
		l.replace(m.more, &e)
	}
	return true
}

// Became says what has become of the change. status is one word, and reason is one
// sentence, "" for none.
func (c *Change) Became(status, reason string) {
	if c == nil {
		return
	}
	l := c.log
	l.mu.Lock()
	o := c.node.entry
	if c.turn != c.node.turn {
		// Others belong to the same entry, and come after this one. That it was
		// refused must not be lost, and is an entry of its own.
		l.mu.Unlock()
		if status == Refused {
			e := *o
			e.From, e.To, e.Status, e.Reason = "", c.to, Refused, reason
			l.Add(e)
		}
		return
	}
	defer l.mu.Unlock()
	if o.Status == status && o.Reason == reason {
		return
	}
	e := *o
	e.Status, e.Reason = status, reason
	e.cut()
	l.replace(c.node, &e)
	l.signal()
}

// Query says which changes are asked for.
type Query struct {
	From   time.Time // changes that went on after it; zero: all
	Source string    // of this source only; "" for all
	Limit  int       // the newest of them; 0: all
}

// List returns changes, oldest first. They must not be changed.
func (l *Log) List(q Query) []*Entry {
	if l == nil {
		return nil
	}
	if oldest := time.Now().Add(-Keep); q.From.Before(oldest) {
		q.From = oldest
	}
	var out []*Entry
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range slices.Backward(l.list) {
		if q.Limit > 0 && len(out) == q.Limit {
			break
		}
		if e := n.entry; !e.Until.Before(q.From) && (q.Source == "" || e.Source == q.Source) {
			out = append(out, e)
		}
	}
	slices.Reverse(out)
	return out
}

// Problem says why changes are not kept across restarts, one sentence; "" if they
// are.
func (l *Log) Problem() string {
	if l == nil {
		return ""
	}
	if l.opts.Dir == "" {
		return "There is no folder to keep it in."
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

// insert adds an entry to the list.
func (l *Log) insert(e *Entry) *node {
	n := &node{entry: e}
	l.list = append(l.list, n)
	l.bytes += e.size()
	for l.bytes > maxBytes {
		l.drop()
	}
	return n
}

// drop forgets the oldest entry.
func (l *Log) drop() {
	l.bytes -= l.list[0].entry.size()
	l.list[0] = nil
	l.list = l.list[1:]
}

func (l *Log) replace(n *node, e *Entry) {
	l.bytes += e.size() - n.entry.size()
	n.entry, n.dirty = e, true
}

// sweep forgets, now and then, what no change can belong to any more, and what is too
// old.
func (l *Log) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute {
		return
	}
	l.swept = now
	for k, n := range l.recent {
		if now.Sub(n.entry.Until) > together {
			delete(l.recent, k)
		}
	}
	for by, m := range l.minute {
		if now.Sub(m.began) >= time.Minute {
			delete(l.minute, by)
		}
	}
	for len(l.list) > 0 && now.Sub(l.list[0].entry.Until) > Keep {
		l.drop()
	}
}

// signal wakes the goroutine that writes.
func (l *Log) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (e *Entry) size() int {
	return overhead + len(e.ID) + len(e.Who) + len(e.Address) + len(e.Source) + len(e.Name) + len(e.From) + len(e.To) + len(e.Status) + len(e.Reason)
}

// cut shortens the texts of an entry to what is kept of them.
func (e *Entry) cut() {
	for _, text := range []*string{&e.ID, &e.Who, &e.Address, &e.Source, &e.Name, &e.Status} {
		*text = cut(*text, maxName)
	}
	for _, text := range []*string{&e.From, &e.To, &e.Reason} {
		*text = cut(*text, maxText)
	}
}

// cut shortens a text to so many bytes, and clones it: what is kept must not hold on
// to a request.
func cut(text string, most int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= most {
		return strings.Clone(text)
	}
	n := most - len("…")
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + "…"
}
