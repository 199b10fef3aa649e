package manager

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"webmon/shm/pickle"
)

// Exception is an error that becomes an exception of the class Class in Python.
type Exception struct {
	Class pickle.Global // such as {"builtins", "KeyError"}
	Args  pickle.Tuple
}

// Error returns the class and the arguments, as the last line of a traceback has
// them.
func (e *Exception) Error() string {
	name := e.Class.String()
	if e.Class.Module == "builtins" {
		name = e.Class.Name
	}
	switch len(e.Args) {
	case 0:
		return name
	case 1:
		if s, ok := e.Args[0].(string); ok && name != "KeyError" {
			return name + ": " + s
		}
		return fmt.Sprintf("%s: %s", name, pickle.Repr(e.Args[0]))
	}
	return fmt.Sprintf("%s: %s", name, e.Args)
}

// Is makes errors.Is(err, ErrEmpty) and ErrFull true for Python's exceptions
// of that name.
func (e *Exception) Is(target error) bool {
	return target == ErrEmpty && isClass(e.Class.String(), "Empty") ||
		target == ErrFull && isClass(e.Class.String(), "Full")
}

func builtin(class string, args ...pickle.Value) *Exception {
	return &Exception{pickle.Global{Module: "builtins", Name: class}, args}
}

func typeError(format string, args ...any) *Exception {
	return builtin("TypeError", fmt.Sprintf(format, args...))
}

func empty() error { return &Exception{Class: pickle.Global{Module: "_queue", Name: "Empty"}} }
func full() error  { return &Exception{Class: pickle.Global{Module: "queue", Name: "Full"}} }

// arguments are bound to parameters by position, then by name, as Python does.
// Missing ones stay unset.
type arguments struct {
	values []pickle.Value
	set    []bool
}

// bind binds the arguments of c to names. The first names, as many as required says,
// must be given.
func bind(c Call, required int, names ...string) (arguments, error) {
	a := arguments{make([]pickle.Value, len(names)), make([]bool, len(names))}
	if len(c.Args) > len(names) {
		return a, typeError("%s() takes at most %d arguments (%d given)", c.Method, len(names), len(c.Args))
	}
	for i, v := range c.Args {
		a.values[i], a.set[i] = v, true
	}
	if c.Kwds != nil {
	next:
		for _, e := range c.Kwds.Entries {
			for i, name := range names {
				if e.Key != name {
					continue
				}
				if a.set[i] {
					return a, typeError("%s() got multiple values for argument '%s'", c.Method, name)
				}
				a.values[i], a.set[i] = e.Value, true
				continue next
			}
			return a, typeError("%s() got an unexpected keyword argument %s", c.Method, pickle.Repr(e.Key))
		}
	}
	for i := range required {
		if !a.set[i] {
			return a, typeError("%s() missing required argument: '%s'", c.Method, names[i])
		}
	}
	return a, nil
}

// wait reads the block and timeout arguments at i and i+1.
func (a arguments) wait(i int) (waiting, error) {
	w := waiting{block: true, forever: true}
	if a.set[i] {
		w.block = truth(a.values[i])
	}
	return w.timeout(a.values[i+1])
}

// waiting is how long a call may wait.
type waiting struct {
	block, forever bool
	d              time.Duration
}

func (w waiting) timeout(v pickle.Value) (waiting, error) {
	if v == nil {
		return w, nil
	}
	s, ok := seconds(v)
	if !ok {
		return w, typeError("'timeout' must be a number")
	}
	if s < 0 && w.block {
		return w, builtin("ValueError", "'timeout' must be a non-negative number")
	}
	w.forever, w.d = false, duration(s)
	return w, nil
}

func seconds(v pickle.Value) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, !math.IsNaN(v)
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

func duration(s float64) time.Duration {
	const longest = 100 * 365 * 24 * time.Hour
	if s <= 0 {
		return 0
	}
	if s > longest.Seconds() {
		return longest
	}
	return time.Duration(s * float64(time.Second))
}

func truth(v pickle.Value) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	}
	return true
}

// Bounds of what clients may make an object hold. A process that forgets to empty
// its queue gets an exception, and does not fill the memory of webmon.
const (
	maxStoredBytes = 256 << 20 // bytes of pickles
	maxStoredKeys  = 1 << 20
	defaultQueue   = 1 << 16 // items of a queue of no given length
)

func tooMuch() *Exception {
	return builtin("MemoryError", fmt.Sprintf("more than %d MiB in one object", maxStoredBytes>>20))
}

// Dict is a dict that Python clients and Go code share. Values must not be
// changed after they were stored. It is safe for concurrent use.
type Dict struct {
	mu    sync.Mutex  // guards all below
	d     pickle.Dict // of stored
	bytes int
}

type stored struct {
	v    pickle.Value
	size int // bytes, where a client stored it
}

// NewDict returns an empty dict.
func NewDict() *Dict { return &Dict{} }

// Set stores a value.
func (d *Dict) Set(key string, v pickle.Value) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = d.set(key, v, 0) // no client's bytes and a string as key: cannot fail
}

// Get returns a value.
func (d *Dict) Get(key string) (pickle.Value, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.d.Get(key)
	if !ok {
		return nil, false
	}
	return v.(stored).v, true
}

// Delete removes a key.
func (d *Dict) Delete(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.remove(key)
}

// Keys returns the keys that are strings, in order of insertion.
func (d *Dict) Keys() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var keys []string
	for _, e := range d.d.Entries {
		if s, ok := e.Key.(string); ok {
			keys = append(keys, s)
		}
	}
	return keys
}

// Len returns the number of keys.
func (d *Dict) Len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.d.Len()
}

// set needs mu.
func (d *Dict) set(key, v pickle.Value, size int) error {
	if old, ok := d.d.Get(key); ok {
		if d.bytes+size-old.(stored).size > maxStoredBytes {
			return tooMuch()
		}
		d.bytes -= old.(stored).size
	} else if size > 0 && (d.bytes+size > maxStoredBytes || d.d.Len() >= maxStoredKeys) {
		return tooMuch()
	}
	if err := d.d.Set(key, stored{v, size}); err != nil {
		return typeError("unhashable type: %s", pickle.Repr(key))
	}
	d.bytes += size
	return nil
}

// remove needs mu.
func (d *Dict) remove(key pickle.Value) (pickle.Value, bool) {
	v, ok := d.d.Delete(key)
	if !ok {
		return nil, false
	}
	d.bytes -= v.(stored).size
	return v.(stored).v, true
}

// copy needs mu.
func (d *Dict) copy() *pickle.Dict {
	c := &pickle.Dict{Entries: make([]pickle.Entry, 0, d.d.Len())}
	for _, e := range d.d.Entries {
		_ = c.Set(e.Key, e.Value.(stored).v) // was a key before
	}
	return c
}

// Exposed implements Resource.
func (d *Dict) Exposed() []string {
	return []string{"clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"}
}

// Call implements Resource.
func (d *Dict) Call(_ context.Context, c Call) (pickle.Value, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch c.Method {
	case "get":
		a, err := bind(c, 1, "key", "default")
		if err != nil {
			return nil, err
		}
		if v, ok := d.d.Get(a.values[0]); ok {
			return v.(stored).v, nil
		}
		return a.values[1], nil
	case "pop":
		a, err := bind(c, 1, "key", "default")
		if err != nil {
			return nil, err
		}
		if v, ok := d.remove(a.values[0]); ok {
			return v, nil
		}
		if !a.set[1] {
			return nil, builtin("KeyError", a.values[0])
		}
		return a.values[1], nil
	case "setdefault":
		a, err := bind(c, 1, "key", "default")
		if err != nil {
			return nil, err
		}
		if v, ok := d.d.Get(a.values[0]); ok {
			return v.(stored).v, nil
		}
		return a.values[1], d.set(a.values[0], a.values[1], c.Size)
	case "fromkeys":
		a, err := bind(c, 1, "iterable", "value")
		if err != nil {
			return nil, err
		}
		out := &pickle.Dict{}
		items, ok := iterate(a.values[0])
		if !ok {
			return nil, typeError("object is not iterable")
		}
		for _, k := range items {
			if err := out.Set(k, a.values[1]); err != nil {
				return nil, typeError("unhashable type: %s", pickle.Repr(k))
			}
		}
		return out, nil
	case "update":
		return nil, d.update(c)
	}
	if _, err := bind(c, 0); err != nil {
		return nil, err
	}
	switch c.Method {
	case "clear":
		d.d, d.bytes = pickle.Dict{}, 0
		return nil, nil
	case "copy", "#GETVALUE":
		return d.copy(), nil
	case "popitem":
		n := d.d.Len()
		if n == 0 {
			return nil, builtin("KeyError", "popitem(): dictionary is empty")
		}
		key := d.d.Entries[n-1].Key
		v, _ := d.remove(key)
		return pickle.Tuple{key, v}, nil
	case "items", "keys", "values", "__repr__", "__str__":
		all := d.copy()
		list := &pickle.List{}
		switch c.Method {
		case "__repr__", "__str__":
			return pickle.Repr(all), nil
		case "items":
			for _, e := range all.Entries {
				list.Items = append(list.Items, pickle.Tuple{e.Key, e.Value})
			}
		case "keys":
			for _, e := range all.Entries {
				list.Items = append(list.Items, e.Key)
			}
		case "values":
			for _, e := range all.Entries {
				list.Items = append(list.Items, e.Value)
			}
		}
		return list, nil
	}
	return nil, noMethod("dict", c.Method)
}

func noMethod(object, method string) error {
	return builtin("AttributeError", fmt.Sprintf("'%s' object has no attribute '%s'", object, method))
}

func iterate(v pickle.Value) ([]pickle.Value, bool) {
	switch v := v.(type) {
	case *pickle.List:
		return v.Items, true
	case pickle.Tuple:
		return v, true
	case *pickle.Set:
		return v.Items, true
	case *pickle.Dict:
		keys := make([]pickle.Value, 0, v.Len())
		for _, e := range v.Entries {
			keys = append(keys, e.Key)
		}
		return keys, true
	}
	return nil, false
}

// update needs mu.
func (d *Dict) update(c Call) error {
	var entries []pickle.Entry
	switch len(c.Args) {
	case 0:
	case 1:
		if m, ok := c.Args[0].(*pickle.Dict); ok {
			entries = m.Entries
			break
		}
		pairs, ok := iterate(c.Args[0])
		if !ok {
			return typeError("object is not iterable")
		}
		for i, p := range pairs {
			kv, _ := iterate(p)
			if len(kv) != 2 {
				return builtin("ValueError", fmt.Sprintf("dictionary update sequence element #%d has length %d; 2 is required", i, len(kv)))
			}
			entries = append(entries, pickle.Entry{Key: kv[0], Value: kv[1]})
		}
	default:
		return typeError("update expected at most 1 argument, got %d", len(c.Args))
	}
	n := len(entries) + c.Kwds.Len()
	if n == 0 {
		return nil
	}
	size := c.Size/n + 1
	for _, e := range entries {
		if err := d.set(e.Key, e.Value, size); err != nil {
			return err
		}
	}
	if c.Kwds != nil {
		for _, e := range c.Kwds.Entries {
			if err := d.set(e.Key, e.Value, size); err != nil {
				return err
			}
		}
	}
	return nil
}

// Queue is a queue.Queue that Python clients and Go code share. Values must
// not be changed after they were put. A Queue is safe for concurrent use.
type Queue struct {
	max int

	mu         sync.Mutex // guards all below
	items      []stored
	first      int // how many of items, from the oldest on, came by PutFirst
	bytes      int
	unfinished int           // put and not yet followed by task_done
	changed    chan struct{} // closed at the next change; nil while nobody waits
}

// NewQueue returns a queue for up to max values. 0 stands for 65,536: unlike a queue
// of Python, this one is never unbounded.
func NewQueue(max int) *Queue {
	if max <= 0 {
		max = defaultQueue
	}
	return &Queue{max: max}
}

// Put appends a value, or returns ErrFull.
func (q *Queue) Put(v pickle.Value) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.put(stored{v, 0}) {
		return fmt.Errorf("put: %d items wait: %w", len(q.items), ErrFull)
	}
	return nil
}

// PutFirst puts a value before all that came by Put, and after those that came by PutFirst.
// It returns ErrFull if the queue is full.
func (q *Queue) PutFirst(v pickle.Value) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.put(stored{v, 0}) {
		return fmt.Errorf("put: %d items wait: %w", len(q.items), ErrFull)
	}
	n := len(q.items) - 1
	copy(q.items[q.first+1:], q.items[q.first:n])
	q.items[q.first] = stored{v, 0}
	q.first++
	return nil
}

// Forget takes the oldest value that came by Put, or returns ErrEmpty.
func (q *Queue) Forget() (pickle.Value, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.first == len(q.items) {
		return nil, ErrEmpty
	}
	s := q.items[q.first]
	q.items = slices.Delete(q.items, q.first, q.first+1)
	q.bytes -= s.size
	q.wake()
	return s.v, nil
}

// TryGet takes the oldest value, or returns ErrEmpty.
func (q *Queue) TryGet() (pickle.Value, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if v, ok := q.get(); ok {
		return v, nil
	}
	return nil, ErrEmpty
}

// Get takes the oldest value. It waits for a value until ctx ends, and then returns
// the error of ctx.
func (q *Queue) Get(ctx context.Context) (pickle.Value, error) {
	var v pickle.Value
	err := q.until(ctx, waiting{block: true, forever: true}, func() (ok bool) {
		v, ok = q.get()
		return ok
	}, ErrEmpty)
	return v, err
}

// Len returns the number of values waiting.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items)
}

// put needs mu.
func (q *Queue) put(s stored) bool {
	if len(q.items) >= q.max || s.size > 0 && len(q.items) > 0 && q.bytes+s.size > maxStoredBytes {
		return false
	}
	q.items = append(q.items, s)
	q.bytes += s.size
	q.unfinished++
	q.wake()
	return true
}

// get needs mu.
func (q *Queue) get() (pickle.Value, bool) {
	if len(q.items) == 0 {
		return nil, false
	}
	s := q.items[0]
	q.items[0] = stored{} // not kept alive by the array
	q.items = q.items[1:]
	q.first = max(q.first-1, 0)
	if len(q.items) == 0 {
		q.items = nil
	}
	q.bytes -= s.size
	q.wake()
	return s.v, true
}

// wake needs mu.
func (q *Queue) wake() {
	if q.changed != nil {
		close(q.changed)
		q.changed = nil
	}
}

// until calls try with mu held, after each change, until try returns true. It
// returns late if it must not wait, or has waited for long enough.
func (q *Queue) until(ctx context.Context, w waiting, try func() bool, late error) error {
	var timeout <-chan time.Time
	for {
		q.mu.Lock()
		if try() {
			q.mu.Unlock()
			return nil
		}
		if !w.block {
			q.mu.Unlock()
			return late
		}
		if q.changed == nil {
			q.changed = make(chan struct{})
		}
		changed := q.changed
		q.mu.Unlock()
		if timeout == nil && !w.forever {
			t := time.NewTimer(w.d)
			defer t.Stop()
			timeout = t.C
		}
		select {
		case <-changed:
		case <-timeout:
			return late
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Exposed implements Resource.
func (q *Queue) Exposed() []string {
	return []string{"empty", "full", "get", "get_nowait", "join", "put", "put_nowait", "qsize", "task_done"}
}

// Blocks implements Blocker.
func (q *Queue) Blocks(c Call) bool {
	return c.Method == "get" || c.Method == "put" || c.Method == "join"
}

// Call implements Resource.
func (q *Queue) Call(ctx context.Context, c Call) (pickle.Value, error) {
	switch c.Method {
	case "get", "get_nowait":
		w := waiting{}
		if c.Method == "get" {
			a, err := bind(c, 0, "block", "timeout")
			if err != nil {
				return nil, err
			}
			if w, err = a.wait(0); err != nil {
				return nil, err
			}
		} else if _, err := bind(c, 0); err != nil {
			return nil, err
		}
		var v pickle.Value
		err := q.until(ctx, w, func() (ok bool) {
			v, ok = q.get()
			return ok
		}, empty())
		return v, err
	case "put", "put_nowait":
		w := waiting{}
		names := []string{"item", "block", "timeout"}
		if c.Method == "put_nowait" {
			names = names[:1]
		}
		a, err := bind(c, 1, names...)
		if err != nil {
			return nil, err
		}
		if c.Method == "put" {
			if w, err = a.wait(1); err != nil {
				return nil, err
			}
		}
		s := stored{a.values[0], c.Size}
		return nil, q.until(ctx, w, func() bool { return q.put(s) }, full())
	}
	if _, err := bind(c, 0); err != nil {
		return nil, err
	}
	switch c.Method {
	case "join":
		return nil, q.until(ctx, waiting{block: true, forever: true}, func() bool { return q.unfinished == 0 }, nil)
	case "__repr__", "__str__":
		return "<queue.Queue object of webmon>", nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	switch c.Method {
	case "empty":
		return len(q.items) == 0, nil
	case "full":
		return len(q.items) >= q.max, nil
	case "qsize":
		return int64(len(q.items)), nil
	case "task_done":
		if q.unfinished == 0 {
			return nil, builtin("ValueError", "task_done() called too many times")
		}
		if q.unfinished--; q.unfinished == 0 {
			q.wake()
		}
		return nil, nil
	}
	return nil, noMethod("Queue", c.Method)
}

// Event is a threading.Event that Python clients and Go code share. It is safe
// for concurrent use.
type Event struct {
	mu  sync.Mutex    // guards set and the replacement of ch
	set bool          // ch is closed
	ch  chan struct{} // never nil
}

// NewEvent returns an event that is not set.
func NewEvent() *Event { return &Event{ch: make(chan struct{})} }

// Set sets the event and wakes everybody who waits for it.
func (e *Event) Set() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.set {
		e.set = true
		close(e.ch)
	}
}

// Clear resets the event.
func (e *Event) Clear() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.set {
		e.set, e.ch = false, make(chan struct{})
	}
}

// IsSet reports whether the event is set.
func (e *Event) IsSet() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.set
}

// Done returns a channel that is closed once the event is set, until Clear.
func (e *Event) Done() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ch
}

// Wait waits until the event is set or ctx ends, and reports whether it is set.
func (e *Event) Wait(ctx context.Context) bool {
	select {
	case <-e.Done():
		return true
	case <-ctx.Done():
		return e.IsSet()
	}
}

// Exposed implements Resource.
func (e *Event) Exposed() []string { return []string{"clear", "isSet", "is_set", "set", "wait"} }

// Blocks implements Blocker.
func (e *Event) Blocks(c Call) bool { return c.Method == "wait" }

// Call implements Resource.
func (e *Event) Call(ctx context.Context, c Call) (pickle.Value, error) {
	if c.Method == "wait" {
		a, err := bind(c, 0, "timeout")
		if err != nil {
			return nil, err
		}
		w, err := waiting{forever: true}.timeout(a.values[0])
		if err != nil {
			return nil, err
		}
		var timeout <-chan time.Time
		if !w.forever {
			t := time.NewTimer(w.d)
			defer t.Stop()
			timeout = t.C
		}
		select {
		case <-e.Done():
			return true, nil
		case <-timeout:
			return e.IsSet(), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if _, err := bind(c, 0); err != nil {
		return nil, err
	}
	switch c.Method {
	case "set":
		e.Set()
		return nil, nil
	case "clear":
		e.Clear()
		return nil, nil
	case "is_set", "isSet":
		return e.IsSet(), nil
	case "__repr__", "__str__":
		return "<threading.Event object of webmon>", nil
	}
	return nil, noMethod("Event", c.Method)
}
