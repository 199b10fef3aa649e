package pickle

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"webmon/natural"
)

// Value is a decoded value: one of the Go types listed in the package comment.
type Value = any

// Errors that callers tell apart. What Decode returns wraps one of them.
var (
	ErrTruncated = errors.New("pickle ends early")
	ErrInvalid   = errors.New("not a valid pickle")
	ErrRefused   = errors.New("pickle asks for something that is never done")
	ErrLimit     = errors.New("pickle is larger than allowed")
)

// DefaultNodes is the default of Limits.MaxNodes.
const DefaultNodes = 4_000_000

// Limits bounds what decoding may cost. Zeros stand for the defaults.
type Limits struct {
	MaxBytes int // length of the input, bytes; default 64 MiB
	MaxNodes int // values pushed, memoised or stored; default 4,000,000
	MaxLong  int // bytes of one big integer; default 4096
	MaxDims  int // dimensions of an array; default 64, as NumPy 2
	MaxDepth int // open marks, and nesting of dtypes; default 256
}

func (l Limits) withDefaults() Limits {
	def := func(p *int, v int) {
		if *p <= 0 {
			*p = v
		}
	}
	def(&l.MaxBytes, 64<<20)
	def(&l.MaxNodes, DefaultNodes)
	def(&l.MaxLong, 4096)
	def(&l.MaxDims, 64)
	def(&l.MaxDepth, 256)
	return l
}

// List is a Python list.
type List struct{ Items []Value }

// NewList returns a list of the given items.
func NewList(items ...Value) *List { return &List{Items: items} }

// Tuple is a Python tuple.
type Tuple []Value

// Set is a Python set or frozenset, in the order of the pickle.
type Set struct {
	Items  []Value
	Frozen bool
}

// Global is the name of a class or function. Nothing is imported.
type Global struct{ Module, Name string }

// String returns the dotted name, such as "builtins.ValueError".
func (g *Global) String() string {
	if g.Module == "" {
		return g.Name
	}
	return g.Module + "." + g.Name
}

// Is reports whether g is module.name.
func (g *Global) Is(module, name string) bool { return g.Name == name && g.Module == module }

// Object is an instance of a class that this package does not know. It says what
// Python would call, with which arguments, and which state it would set. Nothing was
// called.
type Object struct {
	Class *Global
	Args  Tuple // constructor arguments
	Kwds  *Dict // constructor keyword arguments; nil: none
	State Value // argument of __setstate__, or __dict__; nil: none
	Items *List // appended, if the class is a kind of list
	Dict  *Dict // stored, if the class is a kind of dict
}

// Entry is one item of a Dict.
type Entry struct{ Key, Value Value }

// Dict is a Python dict: ordered, with any hashable key. As in Python 1, 1.0
// and True are the same key. The zero value is empty and ready to use.
type Dict struct {
	Entries []Entry // in order of insertion; change it through Set and Delete only
	index   map[any]int
}

// smallDict is up to how many entries a linear search beats a map.
const smallDict = 16

// NewDict returns a dict of alternating keys and values. It panics if a key is not
// hashable or has no value, so it is for literals in code, not for foreign data.
func NewDict(pairs ...Value) *Dict {
	if len(pairs)%2 != 0 {
		panic("pickle: NewDict wants pairs")
	}
	d := &Dict{Entries: make([]Entry, 0, len(pairs)/2)}
	for i := 0; i < len(pairs); i += 2 {
		if err := d.Set(pairs[i], pairs[i+1]); err != nil {
			panic(err)
		}
	}
	return d
}

// Len returns the number of entries; 0 for a nil dict.
func (d *Dict) Len() int {
	if d == nil {
		return 0
	}
	return len(d.Entries)
}

// Get returns the value of a key.
func (d *Dict) Get(key Value) (Value, bool) {
	if d == nil {
		return nil, false
	}
	if s, ok := key.(string); ok && d.index == nil {
		if i := d.findString(s); i >= 0 {
			return d.Entries[i].Value, true
		}
		return nil, false
	}
	k, err := hashKey(key)
	if err != nil {
		return nil, false
	}
	if i := d.find(k); i >= 0 {
		return d.Entries[i].Value, true
	}
	return nil, false
}

// Dict returns the value of key if that is a dict, otherwise nil. A nil dict has no
// entries, so look-ups can be chained.
func (d *Dict) Dict(key Value) *Dict {
	v, _ := d.Get(key)
	sub, _ := v.(*Dict)
	return sub
}

// Set stores a value under a key, which must be hashable.
func (d *Dict) Set(key, value Value) error {
	var k any = key
	if s, ok := key.(string); ok && d.index == nil { // nearly every key of a message
		if i := d.findString(s); i >= 0 {
			d.Entries[i].Value = value
			return nil
		}
	} else {
		var err error
		if k, err = hashKey(key); err != nil {
			return err
		}
		if i := d.find(k); i >= 0 {
			d.Entries[i].Value = value
			return nil
		}
	}
	d.Entries = append(d.Entries, Entry{key, value})
	switch {
	case d.index != nil:
		d.index[k] = len(d.Entries) - 1
	case len(d.Entries) > smallDict:
		d.reindex()
	}
	return nil
}

// Delete removes a key and returns its value.
func (d *Dict) Delete(key Value) (Value, bool) {
	k, err := hashKey(key)
	if d == nil || err != nil {
		return nil, false
	}
	i := d.find(k)
	if i < 0 {
		return nil, false
	}
	v := d.Entries[i].Value
	d.Entries = slices.Delete(d.Entries, i, i+1)
	d.index = nil
	if len(d.Entries) > smallDict {
		d.reindex()
	}
	return v, true
}

func (d *Dict) reindex() {
	d.index = make(map[any]int, 2*len(d.Entries))
	for i := range d.Entries {
		k, _ := hashKey(d.Entries[i].Key) // was hashable when it was stored
		d.index[k] = i
	}
}

func (d *Dict) findString(s string) int {
	for i := range d.Entries {
		if k, ok := d.Entries[i].Key.(string); ok && k == s {
			return i
		}
	}
	return -1
}

func (d *Dict) find(k any) int {
	if d.index != nil {
		if i, ok := d.index[k]; ok {
			return i
		}
		return -1
	}
	for i := range d.Entries {
		// Entries holds hashable keys only, so the error cannot happen.
		if e, _ := hashKey(d.Entries[i].Key); e == k {
			return i
		}
	}
	return -1
}

// Comparable stand-ins for keys that Go cannot compare, or does not compare as Python
// does.
type (
	bytesKey   string
	bigKey     string
	tupleKey   string
	noneKey    struct{}
	complexKey complex128
)

// maxKeyBytes bounds the length of a tuple used as a key once written out: a
// tuple of shared tuples is exponentially larger than its pickle.
const maxKeyBytes = 4096

// hashKey turns a key into something comparable that is equal exactly where
// Python's keys are equal.
func hashKey(v Value) (any, error) {
	key := v
	switch v := v.(type) {
	case string, int64:
		return key, nil // as it is: boxing it again would allocate
	case nil:
		return noneKey{}, nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case int:
		return int64(v), nil
	case float64:
		if v == math.Trunc(v) && v >= -1<<63 && v < 1<<63 {
			return int64(v), nil
		}
		return v, nil
	case complex128:
		if imag(v) == 0 {
			return hashKey(real(v))
		}
		return complexKey(v), nil
	case *big.Int:
		if v.IsInt64() {
			return v.Int64(), nil
		}
		return bigKey(v.Text(62)), nil
	case []byte:
		return bytesKey(v), nil
	case Tuple:
		b, err := appendTupleKey(nil, v)
		return tupleKey(b), err
	case *Global:
		return *v, nil
	case *Object, *Set, time.Time, time.Duration:
		// By identity. An instance may hash by its value, but an entry too many is
		// better than an entry too few.
		return v, nil
	}
	return nil, fmt.Errorf("%s cannot be a key: %w", typeName(v), ErrInvalid)
}

func appendTupleKey(b []byte, t Tuple) ([]byte, error) {
	b = append(strconv.AppendInt(append(b, 'T'), int64(len(t)), 10), ':')
	for _, v := range t {
		if sub, ok := v.(Tuple); ok {
			var err error
			// The length grows with each level, so this bounds depth as well.
			if b, err = appendTupleKey(b, sub); err != nil {
				return b, err
			}
			continue
		}
		k, err := hashKey(v)
		if err != nil {
			return b, err
		}
		if _, ok := v.(float64); ok && k != k {
			k = "nan"
		}
		at := len(b)
		b = fmt.Appendf(b, "%T:%v", k, k)
		b = append(strconv.AppendInt(append(b, '#'), int64(len(b)-at), 10), ';')
		if len(b) > maxKeyBytes {
			return b, fmt.Errorf("a tuple of more than %d bytes cannot be a key: %w", maxKeyBytes, ErrLimit)
		}
	}
	if len(b) > maxKeyBytes {
		return b, fmt.Errorf("a tuple of more than %d bytes cannot be a key: %w", maxKeyBytes, ErrLimit)
	}
	return b, nil
}

// maxShown is how many bytes of a text an error or a listing shows.
const maxShown = 80

// typeName names the Python type of a value for messages.
func typeName(v Value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "a bool"
	case int64, int, *big.Int:
		return "an int"
	case float64:
		return "a float"
	case complex128:
		return "a complex"
	case string:
		return "a str"
	case []byte:
		return "bytes"
	case *List:
		return "a list"
	case Tuple:
		return "a tuple"
	case *Set:
		return "a set"
	case *Dict:
		return "a dict"
	case *Array:
		return "an array"
	case *DType:
		return "a dtype"
	case *Global:
		return "the class " + natural.Clip(v.String(), maxShown)
	case *Object:
		return "a " + natural.Clip(v.Class.String(), maxShown)
	case time.Time:
		return "a datetime"
	case time.Duration:
		return "a timedelta"
	}
	return fmt.Sprintf("a Go %T", v)
}

// String describes v in one bounded line.
func (t Tuple) String() string { return describe(t) }

// String describes the list in one bounded line.
func (l *List) String() string { return describe(l) }

// String describes the set in one bounded line.
func (s *Set) String() string { return describe(s) }

// String describes the dict in one bounded line.
func (d *Dict) String() string { return describe(d) }

// String describes the object in one bounded line.
func (o *Object) String() string { return describe(o) }

// Repr describes any value in one bounded line, much as Python's repr does.
func Repr(v Value) string { return describe(v) }

// describe writes a value much as Python's repr does, cut off after a few
// hundred bytes and a few levels. It keeps fmt from walking hostile graphs.
func describe(v Value) string {
	b, _ := appendRepr(nil, v, 4)
	return string(b)
}

const maxRepr = 400

func appendRepr(b []byte, v Value, depth int) ([]byte, bool) {
	if len(b) > maxRepr || depth < 0 {
		return append(b, "…"...), false
	}
	seq := func(open, end string, items []Value) ([]byte, bool) {
		b = append(b, open...)
		for i, e := range items {
			if i > 0 {
				b = append(b, ", "...)
			}
			var ok bool
			if b, ok = appendRepr(b, e, depth-1); !ok && len(b) > maxRepr {
				return b, false
			}
		}
		return append(b, end...), true
	}
	switch v := v.(type) {
	case nil:
		return append(b, "None"...), true
	case bool:
		if v {
			return append(b, "True"...), true
		}
		return append(b, "False"...), true
	case string:
		return appendQuoted(b, natural.Clip(v, maxShown)), true
	case float64:
		return appendFloat(b, v), true
	case []byte:
		return appendQuoted(append(b, 'b'), natural.Clip(string(v[:min(len(v), 100)]), maxShown)), true
	case Tuple:
		if len(v) == 1 {
			return seq("(", ",)", v)
		}
		return seq("(", ")", v)
	case *List:
		return seq("[", "]", v.Items)
	case *Set:
		return seq("{", "}", v.Items)
	case *Dict:
		b = append(b, '{')
		for i, e := range v.Entries {
			if i > 0 {
				b = append(b, ", "...)
			}
			var ok bool
			b, _ = appendRepr(b, e.Key, depth-1)
			b = append(b, ": "...)
			if b, ok = appendRepr(b, e.Value, depth-1); !ok && len(b) > maxRepr {
				return b, false
			}
		}
		return append(b, '}'), true
	case *Object:
		b = append(b, natural.Clip(v.Class.String(), maxShown)...)
		return seq("(", ")", v.Args)
	case *Global:
		return append(b, natural.Clip(v.String(), maxShown)...), true
	case *Array:
		return append(b, v.String()...), true
	case *DType:
		return append(b, natural.Clip(v.Descr(), maxShown)...), true
	case *big.Int:
		if v.BitLen() > 512 {
			return fmt.Appendf(b, "<int of %d bits>", v.BitLen()), true
		}
		return v.Append(b, 10), true
	}
	return fmt.Append(b, v), true
}

// appendQuoted writes a str in the quotes Python prefers.
func appendQuoted(b []byte, s string) []byte {
	q := strconv.Quote(s)
	q = strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
	if strings.Contains(q, "'") {
		if !strings.Contains(q, `"`) {
			return append(append(append(b, '"'), q...), '"')
		}
		q = strings.ReplaceAll(q, "'", `\'`)
	}
	return append(append(append(b, '\''), q...), '\'')
}

func appendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "nan"...)
	case math.IsInf(f, 1):
		return append(b, "inf"...)
	case math.IsInf(f, -1):
		return append(b, "-inf"...)
	}
	at := len(b)
	b = strconv.AppendFloat(b, f, 'g', -1, 64)
	if !strings.ContainsAny(string(b[at:]), ".e") {
		b = append(b, ".0"...)
	}
	return b
}
