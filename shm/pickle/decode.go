package pickle

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"webmon/natural"
)

// Decode decodes one pickle. Byte strings and arrays in the result are aliases of
// data, see the package comment. Bytes after the end of the pickle are an error.
func Decode(data []byte, l Limits) (Value, error) { return NewDecoder(l).Decode(data) }

// Decoder decodes one pickle after the other. It keeps its working memory and the
// short strings that it has met, which halves the cost of a small message. A Decoder
// is not safe for concurrent use.
type Decoder struct {
	limits  Limits
	strings map[string]Value // short strings met before, boxed
	globals map[Global]*Global

	// The machine, for one pickle.
	in      []byte
	pos     int
	nodes   int // left of Limits.MaxNodes
	aliased bool
	stack   []Value
	marks   []int         // heights of the stack
	memo    []Value       // the memo, as far as its keys are dense, as picklers keep them
	sparse  map[int]Value // the rest
}

const (
	maxInterned   = 1024 // strings a Decoder remembers
	maxInternSize = 32   // bytes of the longest of them
	maxGlobals    = 256
	keepStack     = 4096 // working memory kept for the next pickle, values
)

// NewDecoder returns a Decoder with the given limits.
func NewDecoder(l Limits) *Decoder {
	return &Decoder{
		limits:  l.withDefaults(),
		strings: make(map[string]Value),
		globals: make(map[Global]*Global),
	}
}

// Aliased reports whether the value that Decode returned last may hold an alias of
// its input. If not, the caller may overwrite the input at once.
func (d *Decoder) Aliased() bool { return d.aliased }

// Decode decodes one pickle, like the function of the same name.
func (d *Decoder) Decode(data []byte) (Value, error) {
	if len(data) > d.limits.MaxBytes {
		return nil, fmt.Errorf("pickle of %d bytes, %d are allowed: %w", len(data), d.limits.MaxBytes, ErrLimit)
	}
	d.in, d.pos, d.nodes, d.aliased = data, 0, d.limits.MaxNodes, false
	v, err := d.run()
	if err != nil {
		err = fmt.Errorf("pickle, byte %d of %d: %w", d.pos, len(data), err)
		v = nil
	} else if d.pos != len(data) {
		v, err = nil, fmt.Errorf("pickle: %d bytes follow its end: %w", len(data)-d.pos, ErrInvalid)
	}
	d.reset()
	return v, err
}

func (d *Decoder) reset() {
	d.in, d.sparse = nil, nil
	if cap(d.stack) > keepStack {
		d.stack = nil
	}
	if cap(d.memo) > keepStack {
		d.memo = nil
	}
	// Values that stayed behind would keep whole messages alive.
	clear(d.stack[:cap(d.stack)])
	clear(d.memo[:cap(d.memo)])
	d.stack, d.memo, d.marks = d.stack[:0], d.memo[:0], d.marks[:0]
}

// The opcodes of protocol 0 to 5.
const (
	opMark           = '('
	opStop           = '.'
	opPop            = '0'
	opPopMark        = '1'
	opDup            = '2'
	opFloat          = 'F'
	opInt            = 'I'
	opBinInt         = 'J'
	opBinInt1        = 'K'
	opLong           = 'L'
	opBinInt2        = 'M'
	opNone           = 'N'
	opPersID         = 'P'
	opBinPersID      = 'Q'
	opReduce         = 'R'
	opString         = 'S'
	opBinString      = 'T'
	opShortBinString = 'U'
	opUnicode        = 'V'
	opBinUnicode     = 'X'
	opAppend         = 'a'
	opBuild          = 'b'
	opGlobal         = 'c'
	opDict           = 'd'
	opEmptyDict      = '}'
	opAppends        = 'e'
	opGet            = 'g'
	opBinGet         = 'h'
	opInst           = 'i'
	opLongBinGet     = 'j'
	opList           = 'l'
	opEmptyList      = ']'
	opObj            = 'o'
	opPut            = 'p'
	opBinPut         = 'q'
	opLongBinPut     = 'r'
	opSetItem        = 's'
	opTuple          = 't'
	opEmptyTuple     = ')'
	opSetItems       = 'u'
	opBinFloat       = 'G'

	opProto    = 0x80
	opNewObj   = 0x81
	opExt1     = 0x82
	opExt2     = 0x83
	opExt4     = 0x84
	opTuple1   = 0x85
	opTuple2   = 0x86
	opTuple3   = 0x87
	opNewTrue  = 0x88
	opNewFalse = 0x89
	opLong1    = 0x8a
	opLong4    = 0x8b

	opBinBytes      = 'B'
	opShortBinBytes = 'C'

	opShortBinUnicode = 0x8c
	opBinUnicode8     = 0x8d
	opBinBytes8       = 0x8e
	opEmptySet        = 0x8f
	opAddItems        = 0x90
	opFrozenSet       = 0x91
	opNewObjEx        = 0x92
	opStackGlobal     = 0x93
	opMemoize         = 0x94
	opFrame           = 0x95

	opByteArray8     = 0x96
	opNextBuffer     = 0x97
	opReadOnlyBuffer = 0x98
)

const highestProtocol = 5

// charge takes n values off the budget. It is called for everything that costs memory
// or time beyond the reading of its own bytes. References to one large value
// therefore cannot multiply it.
func (d *Decoder) charge(n int) error {
	if d.nodes -= n; d.nodes < 0 {
		return fmt.Errorf("more than %d values: %w", d.limits.MaxNodes, ErrLimit)
	}
	return nil
}

// chargeBytes charges a copy of n bytes.
func (d *Decoder) chargeBytes(n int) error { return d.charge(n / 16) }

func (d *Decoder) push(v Value) error {
	d.stack = append(d.stack, v)
	if d.nodes--; d.nodes < 0 {
		return d.charge(0)
	}
	return nil
}

var (
	errStack = fmt.Errorf("an opcode finds too little on the stack: %w", ErrInvalid)
	errMark  = fmt.Errorf("an opcode finds no mark on the stack: %w", ErrInvalid)
)

// floor is the lowest stack index that an opcode may touch.
func (d *Decoder) floor() int {
	if n := len(d.marks); n > 0 {
		return d.marks[n-1]
	}
	return 0
}

func (d *Decoder) pop() (Value, error) {
	n := len(d.stack) - 1
	if n < d.floor() {
		return nil, errStack
	}
	v := d.stack[n]
	d.stack = d.stack[:n]
	return v, nil
}

func (d *Decoder) top() (Value, error) {
	n := len(d.stack) - 1
	if n < d.floor() {
		return nil, errStack
	}
	return d.stack[n], nil
}

// popMark returns what was pushed since the last mark, valid until the next
// push.
func (d *Decoder) popMark() ([]Value, error) {
	n := len(d.marks) - 1
	if n < 0 {
		return nil, errMark
	}
	at := d.marks[n]
	d.marks = d.marks[:n]
	items := d.stack[at:]
	d.stack = d.stack[:at]
	return items, nil
}

func (d *Decoder) take(n uint64) ([]byte, error) {
	if n > uint64(len(d.in)-d.pos) {
		return nil, fmt.Errorf("%d bytes wanted, %d left: %w", n, len(d.in)-d.pos, ErrTruncated)
	}
	b := d.in[d.pos : d.pos+int(n) : d.pos+int(n)]
	d.pos += int(n)
	return b, nil
}

// counted takes a little-endian length of size bytes and as many bytes.
func (d *Decoder) counted(size int) ([]byte, error) {
	b, err := d.take(uint64(size))
	if err != nil {
		return nil, err
	}
	var n uint64
	for i := size - 1; i >= 0; i-- {
		n = n<<8 | uint64(b[i])
	}
	return d.take(n)
}

// line takes up to a newline, which is not returned.
func (d *Decoder) line() ([]byte, error) {
	for i := d.pos; i < len(d.in); i++ {
		if d.in[i] == '\n' {
			b := d.in[d.pos:i]
			d.pos = i + 1
			return b, nil
		}
	}
	return nil, fmt.Errorf("a line without end: %w", ErrTruncated)
}

func (d *Decoder) run() (Value, error) {
	for {
		if d.pos >= len(d.in) {
			return nil, fmt.Errorf("no end: %w", ErrTruncated)
		}
		op := d.in[d.pos]
		d.pos++
		if op == opStop {
			v, err := d.pop()
			if err == nil && (len(d.stack) > 0 || len(d.marks) > 0) {
				err = fmt.Errorf("%d values left over at the end: %w", len(d.stack), ErrInvalid)
			}
			return v, err
		}
		if err := d.step(op); err != nil {
			return nil, err
		}
	}
}

func (d *Decoder) step(op byte) error {
	switch op {
	case opProto:
		b, err := d.take(1)
		if err != nil {
			return err
		}
		if b[0] > highestProtocol {
			return fmt.Errorf("protocol %d: %w", b[0], ErrInvalid)
		}
		return nil
	case opFrame:
		b, err := d.take(8)
		if err != nil {
			return err
		}
		// Frames only help readers of streams; but a length that cannot be
		// right means that the rest is not either.
		if n := binary.LittleEndian.Uint64(b); n > uint64(len(d.in)-d.pos) {
			return fmt.Errorf("a frame of %d bytes, %d left: %w", n, len(d.in)-d.pos, ErrTruncated)
		}
		return nil
	case opMark:
		if len(d.marks) >= d.limits.MaxDepth {
			return fmt.Errorf("more than %d marks open: %w", d.limits.MaxDepth, ErrLimit)
		}
		d.marks = append(d.marks, len(d.stack))
		return nil
	case opPop:
		if len(d.stack) == d.floor() && len(d.marks) > 0 {
			d.marks = d.marks[:len(d.marks)-1]
			return nil
		}
		_, err := d.pop()
		return err
	case opPopMark:
		_, err := d.popMark()
		return err
	case opDup:
		v, err := d.top()
		if err != nil {
			return err
		}
		return d.push(v)

	case opNone:
		return d.push(nil)
	case opNewTrue:
		return d.push(true)
	case opNewFalse:
		return d.push(false)

	case opBinInt1:
		b, err := d.take(1)
		if err != nil {
			return err
		}
		return d.push(int64(b[0]))
	case opBinInt2:
		b, err := d.take(2)
		if err != nil {
			return err
		}
		return d.push(int64(binary.LittleEndian.Uint16(b)))
	case opBinInt:
		b, err := d.take(4)
		if err != nil {
			return err
		}
		return d.push(int64(int32(binary.LittleEndian.Uint32(b))))
	case opLong1, opLong4:
		size := 1
		if op == opLong4 {
			size = 4
		}
		b, err := d.counted(size)
		if err != nil {
			return err
		}
		v, err := d.long(b)
		if err != nil {
			return err
		}
		return d.push(v)
	case opBinFloat:
		b, err := d.take(8)
		if err != nil {
			return err
		}
		return d.push(math.Float64frombits(binary.BigEndian.Uint64(b)))

	case opShortBinUnicode:
		return d.pushText(d.counted(1))
	case opBinUnicode:
		return d.pushText(d.counted(4))
	case opBinUnicode8:
		return d.pushText(d.counted(8))
	case opShortBinString: // Python 2's str: text or bytes, nobody knows
		return d.pushText(d.counted(1))
	case opBinString:
		return d.pushText(d.counted(4))
	case opShortBinBytes:
		return d.pushBytes(d.counted(1))
	case opBinBytes:
		return d.pushBytes(d.counted(4))
	case opBinBytes8, opByteArray8:
		return d.pushBytes(d.counted(8))

	case opMemoize:
		return d.put(len(d.memo) + len(d.sparse))
	case opBinPut:
		b, err := d.take(1)
		if err != nil {
			return err
		}
		return d.put(int(b[0]))
	case opLongBinPut:
		b, err := d.take(4)
		if err != nil {
			return err
		}
		return d.put(int(binary.LittleEndian.Uint32(b)))
	case opBinGet:
		b, err := d.take(1)
		if err != nil {
			return err
		}
		return d.get(int(b[0]))
	case opLongBinGet:
		b, err := d.take(4)
		if err != nil {
			return err
		}
		return d.get(int(binary.LittleEndian.Uint32(b)))

	case opEmptyTuple:
		return d.push(Tuple{})
	case opTuple1:
		return d.tuple(1)
	case opTuple2:
		return d.tuple(2)
	case opTuple3:
		return d.tuple(3)
	case opTuple:
		items, err := d.popMark()
		if err != nil {
			return err
		}
		return d.push(append(Tuple{}, items...))
	case opEmptyList:
		return d.push(&List{})
	case opList:
		items, err := d.popMark()
		if err != nil {
			return err
		}
		return d.push(&List{Items: slices.Clone(items)})
	case opAppend:
		v, err := d.pop()
		if err != nil {
			return err
		}
		return d.extend([]Value{v})
	case opAppends:
		items, err := d.popMark()
		if err != nil {
			return err
		}
		return d.extend(items)
	case opEmptyDict:
		return d.push(&Dict{})
	case opDict:
		items, err := d.popMark()
		if err != nil {
			return err
		}
		dict := &Dict{}
		if err := d.setItems(dict, items); err != nil {
			return err
		}
		return d.push(dict)
	case opSetItem:
		v, err := d.pop()
		if err != nil {
			return err
		}
		k, err := d.pop()
		if err != nil {
			return err
		}
		return d.store([]Value{k, v})
	case opSetItems:
		items, err := d.popMark()
		if err != nil {
			return err
		}
		return d.store(items)
	case opEmptySet:
		return d.push(&Set{})
	case opAddItems:
		items, err := d.popMark()
		if err != nil {
			return err
		}
		v, err := d.top()
		if err != nil {
			return err
		}
		set, ok := v.(*Set)
		if !ok || set.Frozen {
			return fmt.Errorf("items added to %s: %w", typeName(v), ErrInvalid)
		}
		set.Items = append(set.Items, items...)
		return nil
	case opFrozenSet:
		items, err := d.popMark()
		if err != nil {
			return err
		}
		return d.push(&Set{Items: slices.Clone(items), Frozen: true})

	case opGlobal:
		module, err := d.line()
		if err != nil {
			return err
		}
		name, err := d.line()
		if err != nil {
			return err
		}
		return d.pushGlobal(string(module), string(name))
	case opStackGlobal:
		n, err := d.pop()
		if err != nil {
			return err
		}
		m, err := d.pop()
		if err != nil {
			return err
		}
		module, ok1 := m.(string)
		name, ok2 := n.(string)
		if !ok1 || !ok2 {
			return fmt.Errorf("a class named by %s and %s: %w", typeName(m), typeName(n), ErrInvalid)
		}
		return d.pushGlobal(module, name)
	case opReduce:
		args, err := d.pop()
		if err != nil {
			return err
		}
		f, err := d.pop()
		if err != nil {
			return err
		}
		v, err := d.reduce(f, args)
		if err != nil {
			return err
		}
		return d.push(v)
	case opNewObj:
		args, err := d.pop()
		if err != nil {
			return err
		}
		class, err := d.pop()
		if err != nil {
			return err
		}
		return d.instance(class, args, nil)
	case opNewObjEx:
		kwds, err := d.pop()
		if err != nil {
			return err
		}
		args, err := d.pop()
		if err != nil {
			return err
		}
		class, err := d.pop()
		if err != nil {
			return err
		}
		k, ok := kwds.(*Dict)
		if !ok {
			return fmt.Errorf("keyword arguments in %s: %w", typeName(kwds), ErrInvalid)
		}
		return d.instance(class, args, k)
	case opBuild:
		state, err := d.pop()
		if err != nil {
			return err
		}
		v, err := d.top()
		if err != nil {
			return err
		}
		return d.build(v, state)

	case opExt1, opExt2, opExt4:
		return fmt.Errorf("a class by its number in Python's extension registry: %w", ErrRefused)
	case opPersID, opBinPersID:
		return fmt.Errorf("a persistent id: %w", ErrRefused)
	case opInst, opObj:
		return fmt.Errorf("an instance of an old-style class: %w", ErrRefused)
	case opNextBuffer, opReadOnlyBuffer:
		return fmt.Errorf("a buffer outside the pickle: %w", ErrRefused)
	}
	return d.textStep(op)
}

// textStep does the opcodes of protocol 0 that are written as lines of text.
func (d *Decoder) textStep(op byte) error {
	switch op {
	case opInt, opLong, opFloat, opString, opUnicode, opPut, opGet:
	default:
		return fmt.Errorf("opcode 0x%02x: %w", op, ErrInvalid)
	}
	line, err := d.line()
	if err != nil {
		return err
	}
	bad := fmt.Errorf("opcode %q with %q: %w", op, natural.Clip(string(line[:min(len(line), 100)]), maxShown), ErrInvalid)
	switch op {
	case opInt, opLong:
		if op == opInt && (string(line) == "00" || string(line) == "01") {
			return d.push(line[1] == '1')
		}
		if op == opLong && len(line) > 0 && line[len(line)-1] == 'L' {
			line = line[:len(line)-1]
		}
		if i, err := strconv.ParseInt(string(line[:min(len(line), 20)]), 10, 64); err == nil && len(line) <= 20 {
			return d.push(i)
		}
		if len(line) > d.limits.MaxLong*5/2 { // about 2.4 digits a byte
			return fmt.Errorf("an int of %d digits: %w", len(line), ErrLimit)
		}
		i, ok := new(big.Int).SetString(string(line), 10)
		if !ok {
			return bad
		}
		return d.push(i)
	case opFloat:
		f, err := strconv.ParseFloat(string(line), 64)
		if err != nil && !math.IsInf(f, 0) {
			return bad
		}
		return d.push(f)
	case opString:
		s, ok := unquote(line)
		if !ok {
			return bad
		}
		return d.push(strings.ToValidUTF8(s, "\ufffd"))
	case opUnicode:
		s, ok := rawUnicode(line)
		if !ok {
			return bad
		}
		return d.push(s)
	}
	n, err := strconv.ParseUint(string(line[:min(len(line), 11)]), 10, 31)
	if err != nil || len(line) > 10 {
		return bad
	}
	if op == opPut {
		return d.put(int(n))
	}
	return d.get(int(n))
}

// unquote reads Python 2's repr of a str.
func unquote(b []byte) (string, bool) {
	if len(b) < 2 || b[0] != b[len(b)-1] || b[0] != '\'' && b[0] != '"' {
		return "", false
	}
	b = b[1 : len(b)-1]
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			out = append(out, b[i])
			continue
		}
		if i++; i >= len(b) {
			return "", false
		}
		switch b[i] {
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case '\\', '\'', '"':
			out = append(out, b[i])
		case 'x':
			if i+2 >= len(b) {
				return "", false
			}
			x, err := strconv.ParseUint(string(b[i+1:i+3]), 16, 8)
			if err != nil {
				return "", false
			}
			out = append(out, byte(x))
			i += 2
		default:
			return "", false
		}
	}
	return string(out), true
}

// rawUnicode reads Python's raw-unicode-escape: Latin-1, \uXXXX, \UXXXXXXXX.
func rawUnicode(b []byte) (string, bool) {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		n := 0
		if b[i] == '\\' && i+1 < len(b) {
			switch b[i+1] {
			case 'u':
				n = 4
			case 'U':
				n = 8
			}
		}
		if n == 0 {
			out = utf8.AppendRune(out, rune(b[i]))
			continue
		}
		if i+2+n > len(b) {
			return "", false
		}
		r, err := strconv.ParseUint(string(b[i+2:i+2+n]), 16, 32)
		if err != nil || r > utf8.MaxRune {
			return "", false
		}
		out = utf8.AppendRune(out, rune(r))
		i += 1 + n
	}
	return string(out), true
}

// long reads a two's complement little-endian integer of any length.
func (d *Decoder) long(b []byte) (Value, error) {
	if len(b) > d.limits.MaxLong {
		return nil, fmt.Errorf("an int of %d bytes, %d are allowed: %w", len(b), d.limits.MaxLong, ErrLimit)
	}
	if len(b) == 0 {
		return int64(0), nil
	}
	negative := b[len(b)-1]&0x80 != 0
	if len(b) <= 8 {
		var w uint64
		if negative {
			w = math.MaxUint64
		}
		for i := len(b) - 1; i >= 0; i-- {
			w = w<<8 | uint64(b[i])
		}
		return int64(w), nil
	}
	be := slices.Clone(b)
	slices.Reverse(be)
	n := new(big.Int).SetBytes(be)
	if negative {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	if n.IsInt64() {
		return n.Int64(), nil
	}
	return n, nil
}

func (d *Decoder) pushText(b []byte, err error) error {
	if err != nil {
		return err
	}
	if len(b) <= maxInternSize {
		if v, ok := d.strings[string(b)]; ok {
			return d.push(v)
		}
	}
	s := string(b)
	if !utf8.ValidString(s) { // Python writes lone surrogates so
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	v := Value(s)
	if len(b) <= maxInternSize && len(d.strings) < maxInterned {
		d.strings[string(b)] = v
	}
	return d.push(v)
}

func (d *Decoder) pushBytes(b []byte, err error) error {
	if err != nil {
		return err
	}
	d.aliased = true
	return d.push(b)
}

func (d *Decoder) pushGlobal(module, name string) error {
	// Protocols below 3 use the names of Python 2.
	switch module {
	case "__builtin__", "exceptions":
		module = "builtins"
		switch name {
		case "long":
			name = "int"
		case "unicode":
			name = "str"
		case "xrange":
			name = "range"
		}
	case "Queue":
		module = "queue"
	case "copy_reg":
		module = "copyreg"
	}
	key := Global{module, name}
	if g := d.globals[key]; g != nil {
		return d.push(g)
	}
	g := &key
	if len(d.globals) < maxGlobals && len(module)+len(name) <= 200 {
		d.globals[key] = g
	}
	return d.push(g)
}

func (d *Decoder) put(i int) error {
	v, err := d.top()
	if err != nil {
		return err
	}
	if err := d.charge(1); err != nil {
		return err
	}
	switch {
	case i < len(d.memo):
		d.memo[i] = v
	case i == len(d.memo):
		d.memo = append(d.memo, v)
	default:
		if d.sparse == nil {
			d.sparse = make(map[int]Value)
		}
		d.sparse[i] = v
	}
	return nil
}

func (d *Decoder) get(i int) error {
	if v, ok := d.sparse[i]; ok {
		return d.push(v)
	}
	if i >= len(d.memo) {
		return fmt.Errorf("memo %d was never stored: %w", i, ErrInvalid)
	}
	return d.push(d.memo[i])
}

func (d *Decoder) tuple(n int) error {
	at := len(d.stack) - n
	if at < d.floor() {
		return errStack
	}
	t := make(Tuple, n)
	copy(t, d.stack[at:])
	d.stack = d.stack[:at]
	return d.push(t)
}

// extend appends to the list on top of the stack.
func (d *Decoder) extend(items []Value) error {
	v, err := d.top()
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case *List:
		v.Items = append(v.Items, items...)
		return nil
	case *Object:
		if v.Items == nil {
			v.Items = &List{}
		}
		v.Items.Items = append(v.Items.Items, items...)
		return nil
	}
	return fmt.Errorf("items appended to %s: %w", typeName(v), ErrInvalid)
}

// store sets keys and values in the dict on top of the stack.
func (d *Decoder) store(items []Value) error {
	v, err := d.top()
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case *Dict:
		return d.setItems(v, items)
	case *Object:
		if v.Dict == nil {
			v.Dict = &Dict{}
		}
		return d.setItems(v.Dict, items)
	}
	return fmt.Errorf("keys set in %s: %w", typeName(v), ErrInvalid)
}

func (d *Decoder) setItems(dict *Dict, items []Value) error {
	if len(items)%2 != 0 {
		return fmt.Errorf("a dict with a key and no value: %w", ErrInvalid)
	}
	if dict.Entries == nil {
		dict.Entries = make([]Entry, 0, len(items)/2)
	}
	for i := 0; i < len(items); i += 2 {
		key := items[i]
		switch key := key.(type) { // keys that cost more to compare than to read
		case []byte:
			if err := d.chargeBytes(len(key)); err != nil {
				return err
			}
		case Tuple, *big.Int:
			if err := d.charge(maxKeyBytes / 16); err != nil {
				return err
			}
		}
		if err := dict.Set(key, items[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// instance pushes an inert instance of a class.
func (d *Decoder) instance(class, args Value, kwds *Dict) error {
	g, ok := class.(*Global)
	if !ok {
		return fmt.Errorf("an instance of %s: %w", typeName(class), ErrRefused)
	}
	t, ok := args.(Tuple)
	if !ok {
		return fmt.Errorf("%s made from %s: %w", natural.Clip(g.String(), maxShown), typeName(args), ErrInvalid)
	}
	return d.push(&Object{Class: g, Args: t, Kwds: kwds})
}
