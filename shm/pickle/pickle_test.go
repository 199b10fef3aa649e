package pickle

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// fixture is one line of the files that testdata/generate.py writes.
type fixture struct {
	Name     string `json:"name"`
	Protocol int    `json:"protocol"`
	Pickle   []byte `json:"pickle"`
	Want     any    `json:"want"`
	file     string
}

func fixtures(t testing.TB) []fixture {
	t.Helper()
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(files) < 3 {
		t.Fatalf("fixtures: %v %v", files, err)
	}
	var all []fixture
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		s := bufio.NewScanner(f)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			x := fixture{file: strings.TrimSuffix(filepath.Base(name), ".jsonl")}
			if err := json.Unmarshal(s.Bytes(), &x); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			all = append(all, x)
		}
		if err := s.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// jsonForm makes a plain value look as if it had come through JSON, with
// generate.py's way to write what JSON lacks.
func jsonForm(v any) any {
	switch v := v.(type) {
	case int64:
		if v > 1<<53 || v < -1<<53 { // the fixtures have them as texts, with all digits
			return strconv.FormatInt(v, 10)
		}
		return float64(v)
	case *big.Int:
		return v.String()
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return map[string]any{"float": strings.ToLower(strings.TrimPrefix(fmt.Sprint(v), "+"))}
		}
		return v
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = jsonForm(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = jsonForm(v[k])
		}
		return out
	}
	return v
}

func checkPlain(t *testing.T, v Value, want any) {
	t.Helper()
	p, err := Plain(v, PlainOptions{})
	if err != nil {
		t.Fatalf("plain: %v", err)
	}
	if got := jsonForm(p); !reflect.DeepEqual(got, want) {
		g, _ := json.Marshal(got)
		w, _ := json.Marshal(want)
		t.Errorf("got  %.600s\nwant %.600s", g, w)
	}
}

// Every value that real Pythons and NumPys pickled decodes to what Python says
// it is; survives a copy; and comes back the same from our own encoder, in every
// protocol and for both NumPys.
func TestCaptured(t *testing.T) {
	reused := NewDecoder(Limits{})
	for _, x := range fixtures(t) {
		t.Run(fmt.Sprintf("%s/%s/%d", x.file, x.Name, x.Protocol), func(t *testing.T) {
			v, err := Decode(x.Pickle, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if x.Want == nil {
				return
			}
			checkPlain(t, v, x.Want)
			again, err := reused.Decode(x.Pickle)
			if err != nil {
				t.Fatalf("reused decoder: %v", err)
			}
			checkPlain(t, again, x.Want)

			input := slices.Clone(x.Pickle)
			v, _ = Decode(input, Limits{})
			v, err = deepCopy(v)
			if err != nil {
				t.Fatalf("clone: %v", err)
			}
			clear(input)
			checkPlain(t, v, x.Want)

			for protocol := 2; protocol <= 5; protocol++ {
				for numpy := 1; numpy <= 2; numpy++ {
					b, err := Encoder{Protocol: protocol, NumPy: numpy}.Append(nil, v)
					if err != nil {
						t.Fatalf("encode: %v", err)
					}
					w, err := Decode(b, Limits{})
					if err != nil {
						t.Fatalf("decode what protocol %d encoded: %v", protocol, err)
					}
					checkPlain(t, w, x.Want)
				}
			}
		})
	}
}

// No prefix of a pickle decodes, and none panics. Of long ones some are tried.
func TestTruncated(t *testing.T) {
	d := NewDecoder(Limits{})
	for _, x := range fixtures(t) {
		if len(x.Pickle) > 600 {
			continue
		}
		for n := 0; n < len(x.Pickle); n += 1 + len(x.Pickle)/100 {
			if _, err := d.Decode(x.Pickle[:n]); err == nil {
				t.Errorf("%s/%s/%d: the first %d bytes decode", x.file, x.Name, x.Protocol, n)
			}
		}
		if _, err := Decode(append(slices.Clone(x.Pickle), 'N'), Limits{}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s/%s/%d: a byte too many: %v", x.file, x.Name, x.Protocol, err)
		}
	}
}

func TestTypes(t *testing.T) {
	for _, x := range fixtures(t) {
		v, err := Decode(x.Pickle, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		switch x.Name {
		case "fortran":
			a := v.(*Array)
			if !a.Fortran || a.Type.Descr() != "<i8" || !slices.Equal(a.Shape, []int{3, 4}) || !slices.Equal(a.Strides, []int{8, 24}) {
				t.Errorf("%s/%d: fortran %v %s %v %v", x.file, x.Protocol, a.Fortran, a.Type.Descr(), a.Shape, a.Strides)
			}
			if col, err := a.AppendColumn(nil, 1); err != nil || !slices.Equal(col, []int64{1, 5, 9}) {
				t.Errorf("column: %v %v", col, err)
			}
			if all, err := a.AppendInt64s(nil); err != nil || !slices.Equal(all, []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}) {
				t.Errorf("values: %v %v", all, err)
			}
			if i, ok := a.Int64(2, 3); !ok || i != 11 {
				t.Errorf("item: %v %v", i, ok)
			}
			if _, ok := a.Int64(3, 0); ok {
				t.Error("an item outside the array")
			}
		case "structured":
			a := v.(*Array)
			want := "[('x', '<i4'), ('y', '>f8'), ('name', '<U3'), ('sub', '<i2', (2, 2)), ('in', [('a', '|u1'), ('b', '<f4')])]"
			if got := a.Type.Descr(); got != want {
				t.Errorf("%s/%d: descr %s, want %s", x.file, x.Protocol, got, want)
			}
			sub, ok := a.Field("sub")
			if !ok || !slices.Equal(sub.Shape, []int{3, 2, 2}) {
				t.Fatalf("field: %v", sub)
			}
			if all, err := sub.AppendInt64s(nil); err != nil || !slices.Equal(all, []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}) {
				t.Errorf("field: %v %v", all, err)
			}
		case "structured titles":
			if f := v.(*Array).Type.Fields[0]; f.Name != "n" || f.Title != "the title" {
				t.Errorf("field %+v", f)
			}
		case "recarray":
			if !v.(*Array).Type.Record {
				t.Errorf("%s/%d: not a record", x.file, x.Protocol)
			}
		case "shared":
			l := v.(*List)
			if l.Items[0] != l.Items[1] {
				t.Error("a list that was shared is not")
			}
		}
	}
}

// Pickles that no pickler writes, each with what must be said to it.
func TestHostile(t *testing.T) {
	long := func(op byte, n int) string {
		return string([]byte{op, byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
	}
	i8 := "\x8c\x05numpy\x8c\x05dtype\x93\x8c\x02i8\x89\x88\x87R"
	recon := "\x8c\x15numpy.core.multiarray\x8c\x0c_reconstruct\x93\x8c\x05numpy\x8c\x07ndarray\x93K\x00\x85C\x01b\x87R"
	for _, tt := range []struct {
		name, in string
		want     error
	}{
		{"nothing", "", ErrTruncated},
		{"only protocol", "\x80\x04", ErrTruncated},
		{"protocol 6", "\x80\x06N.", ErrInvalid},
		{"frame bomb", "\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f", ErrTruncated},
		{"frame too long", "\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00.", ErrTruncated},
		{"bytes bomb", "\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xffx.", ErrTruncated},
		{"bytearray bomb", "\x80\x05\x96\x00\x00\x00\x00\x00\x01\x00\x00x.", ErrTruncated},
		{"text bomb", "\x80\x04X\xff\xff\xff\xffx.", ErrTruncated},
		{"long bomb", "\x80\x04\x8b\xff\xff\xff\xff.", ErrTruncated},
		{"long too large", "\x80\x04" + long(0x8b, 5000) + strings.Repeat("x", 5000) + ".", ErrLimit},
		{"memo bomb", "\x80\x04Nr\xff\xff\xff\xffj\xfe\xff\xff\xff.", ErrInvalid},
		{"empty stack", ".", ErrInvalid},
		{"no mark", "t.", ErrInvalid},
		{"below the mark", "N(\x85.", ErrInvalid},
		{"left over", "NN.", ErrInvalid},
		{"marks", strings.Repeat("(", 1000) + ".", ErrLimit},
		{"extension 1", "\x82\x01.", ErrRefused},
		{"extension 4", "\x84\x01\x00\x00\x00.", ErrRefused},
		{"persistent id", "Pfoo\n.", ErrRefused},
		{"binary persistent id", "NQ.", ErrRefused},
		{"inst", "(ios\nsystem\n.", ErrRefused},
		{"obj", "(cos\nsystem\no.", ErrRefused},
		{"next buffer", "\x97.", ErrRefused},
		{"call of a result", "cos\ngetenv\n)R)R.", ErrRefused},
		{"call of a string", "\x8c\x02os)R.", ErrRefused},
		{"instance of a number", "K\x01)\x81.", ErrRefused},
		{"append to a tuple", ")Na.", ErrInvalid},
		{"odd dict", "}(Nu.", ErrInvalid},
		{"list as key", "}]Ns.", ErrInvalid},
		{"array as key", "}" + recon + "Ns.", ErrInvalid},
		{"state for a number", "K\x01Nb.", ErrInvalid},
		{"object dtype", "\x8c\x05numpy\x8c\x05dtype\x93\x8c\x02O8\x89\x88\x87R.", ErrRefused},
		{"dtype of a class", "\x8c\x05numpy\x8c\x05dtype\x93cos\nsystem\n\x89\x88\x87R.", ErrRefused},
		{"dtype i7", "\x8c\x05numpy\x8c\x05dtype\x93\x8c\x02i7\x89\x88\x87R.", ErrInvalid},
		{"dtype with objects", i8 + "(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x01tb.", ErrRefused},
		{"dtype of other size", i8 + "(K\x03\x8c\x01<NNNK\x04J\xff\xff\xff\xffK\x00tb.", ErrInvalid},
		{"array of lists", recon + "(K\x01K\x01\x85" + i8 + "\x89](Netb.", ErrRefused},
		{"array too short", recon + "(K\x01K\x02\x85" + i8 + "\x89C\x08abcdefghtb.", ErrInvalid},
		{"array overflow", recon + "(K\x01(J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7ft" + i8 + "\x89C\x08abcdefghtb.", ErrLimit},
		{"array negative", recon + "(K\x01J\xff\xff\xff\xff\x85" + i8 + "\x89C\x08abcdefghtb.", ErrInvalid},
		{"array of 65 dimensions", recon + "(K\x01(" + strings.Repeat("K\x01", 65) + "t" + i8 + "\x89C\x08abcdefghtb.", ErrLimit},
		{"array set twice", recon + "(K\x01K\x01\x85" + i8 + "\x89C\x08abcdefghtb(K\x01K\x01\x85" + i8 + "\x89C\x08abcdefghtb.", ErrInvalid},
		{"scalar too short", "\x8c\x15numpy.core.multiarray\x8c\x06scalar\x93" + i8 + "C\x01a\x86R.", ErrInvalid},
		{"no such opcode", "\xff.", ErrInvalid},
		{"int text", "Ix\n.", ErrInvalid},
		{"int of many digits", "L" + strings.Repeat("9", 20000) + "L\n.", ErrLimit},
		{"line without end", "I1", ErrTruncated},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := Decode([]byte(tt.in), Limits{})
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, %v; want %v", v, err, tt.want)
			}
		})
	}
}

// What would run code in Python is a description here.
func TestInert(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"system", "cos\nsystem\n(\x8c\x02idtR.", `os.system('id')`},
		{"eval", "\x8c\x08builtins\x8c\x04eval\x93\x8c\x031+1\x85R.", `builtins.eval('1+1')`},
		{"newobj", "csubprocess\nPopen\n\x8c\x02id\x85\x81.", `subprocess.Popen('id')`},
		{"state", "cfoo\nBar\n)\x81}\x8c\x01aK\x01sb.", `foo.Bar()`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := Decode([]byte(tt.in), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(v); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// Small pickles of huge or endless graphs decode, and are refused by whatever
// would have to walk them.
func TestGraphs(t *testing.T) {
	exponential := func(leaf, pair string) string {
		s := leaf + "\x94"
		for i := range 100 {
			get := fmt.Sprintf("h%c", i)
			s += "0" + fmt.Sprintf(pair, get, get) + "\x94"
		}
		return s + "."
	}
	for _, tt := range []struct{ name, in string }{
		{"list in itself", "]\x94h\x00a."},
		{"dict in itself", "}\x94K\x01h\x00s."},
		{"tuple in a list in itself", "]\x94h\x00\x85a."},
		{"object in itself", "cfoo\nBar\n)\x81\x94h\x00b."},
		{"exponential tuples", exponential("N", "%s%s\x86")},
		{"exponential lists", exponential("N", "](%s%se")},
		{"deep tuples", "N" + strings.Repeat("\x85", 100_000) + "."},
		{"deep lists", nested(100_000)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := Decode([]byte(tt.in), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Plain(v, PlainOptions{}); !errors.Is(err, ErrLimit) {
				t.Errorf("plain: %v", err)
			}
			if _, err := (Encoder{MaxBytes: 1 << 20}).Append(nil, v); !errors.Is(err, ErrLimit) {
				t.Errorf("encode: %v", err)
			}
			if s := fmt.Sprintf("%v %+v", v, v); len(s) > 8000 {
				t.Errorf("printed in %d bytes", len(s))
			}
			if _, err := deepCopy(v); err != nil && !errors.Is(err, ErrLimit) {
				t.Errorf("clone: %v", err)
			}
			if err := new(Dict).Set(Tuple{v}, 1); err == nil && tt.name != "object in itself" {
				t.Error("can be a key")
			}
		})
	}
}

// nested is a list in a list, n times, built from the inside: the memo holds
// the last one.
func nested(n int) string {
	return "]" + strings.Repeat("q\x000]h\x00a", n) + "."
}

func TestRepr(t *testing.T) {
	for want, v := range map[string]Value{
		"'a'": "a", `"it's"`: "it's", `'it\'s "b"'`: `it's "b"`, "'a\\n'": "a\n", "1.0": 1.0, "0.5": 0.5, "nan": math.NaN(), "-inf": math.Inf(-1), "1e+300": 1e300,
		"(1,)": Tuple{int64(1)}, "[None, True]": NewList(nil, true), "{'a': ()}": NewDict("a", Tuple{}), "b'x'": []byte("x"), "builtins.len": &Global{"builtins", "len"},
	} {
		if got := Repr(v); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestLimits(t *testing.T) {
	list := []byte("](" + strings.Repeat("N", 100) + "e.")
	if _, err := Decode(list, Limits{MaxNodes: 50}); !errors.Is(err, ErrLimit) {
		t.Errorf("nodes: %v", err)
	}
	if _, err := Decode(list, Limits{MaxBytes: 50}); !errors.Is(err, ErrLimit) {
		t.Errorf("bytes: %v", err)
	}
	if _, err := Decode(list, Limits{MaxNodes: 101, MaxBytes: 105}); err != nil {
		t.Errorf("just enough: %v", err)
	}
	v, _ := Decode(list, Limits{})
	if _, err := Plain(v, PlainOptions{MaxNodes: 100}); !errors.Is(err, ErrLimit) {
		t.Errorf("plain nodes: %v", err)
	}
	a, _ := Float64Array(make([]float64, 100), false, 10, 10)
	if _, err := Plain(a, PlainOptions{MaxNodes: 100}); !errors.Is(err, ErrLimit) {
		t.Errorf("plain array: %v", err)
	}
	got, err := Plain(NewList(a, a), PlainOptions{MaxNodes: 10, Array: func(a *Array) (any, bool) { return a.String(), true }})
	if err != nil || !reflect.DeepEqual(got, []any{"array <f8 (10, 10)", "array <f8 (10, 10)"}) {
		t.Errorf("array hook: %v %v", got, err)
	}
	wide, _ := NewArray(&DType{Kind: 'V'}, []int{1 << 30}, false, nil)
	if _, err := Plain(wide, PlainOptions{}); !errors.Is(err, ErrLimit) {
		t.Errorf("a billion items of no bytes: %v", err)
	}
}

// Reading a large value costs nothing for the array in it.
func TestZeroCopy(t *testing.T) {
	a, _ := Int64Array(make([]int64, 1<<16), true, 1<<15, 2)
	for protocol := 3; protocol <= 5; protocol++ {
		b, err := Encoder{Protocol: protocol}.Append(nil, a)
		if err != nil {
			t.Fatal(err)
		}
		d := NewDecoder(Limits{})
		v, err := d.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		got := v.(*Array)
		if !d.Aliased() || !got.Fortran {
			t.Errorf("protocol %d: aliased %v fortran %v", protocol, d.Aliased(), got.Fortran)
		}
		for i := range b {
			b[i] = 0xff
		}
		if x, _ := got.Int64(0, 0); x != -1 {
			t.Errorf("protocol %d: copied", protocol)
		}
	}
	d := NewDecoder(Limits{})
	b, _ := Encode(map[string]any{"frame_time": map[string]any{"time": 1.5}})
	if _, err := d.Decode(b); err != nil || d.Aliased() {
		t.Errorf("no array, aliased %v, %v", d.Aliased(), err)
	}
}

// A Decoder that is used on keeps nothing of the last pickle.
func TestDecoderReuse(t *testing.T) {
	d := NewDecoder(Limits{})
	if _, err := d.Decode([]byte("(((]\x94")); err == nil {
		t.Fatal("decoded")
	}
	if _, err := d.Decode([]byte("h\x00.")); !errors.Is(err, ErrInvalid) {
		t.Errorf("memo of the pickle before: %v", err)
	}
	for i := range 3 * maxInterned {
		b, _ := Encode(fmt.Sprint("key", i))
		if v, err := d.Decode(b); err != nil || v != fmt.Sprint("key", i) {
			t.Fatalf("got %v %v", v, err)
		}
	}
	if len(d.strings) > maxInterned {
		t.Errorf("%d strings remembered", len(d.strings))
	}
}

func TestDict(t *testing.T) {
	for _, n := range []int{3, 100} { // without and with an index
		d := &Dict{}
		for i := range n {
			if err := d.Set(fmt.Sprint(i), int64(i)); err != nil {
				t.Fatal(err)
			}
		}
		for _, k := range []Value{int64(1), true, 1.0, complex(1, 0), big.NewInt(1), int(1)} {
			_ = d.Set(k, k)
		}
		if d.Len() != n+1 {
			t.Errorf("%d entries, want %d: 1, True and 1.0 are one key", d.Len(), n+1)
		}
		if v, ok := d.Get("2"); !ok || v != int64(2) {
			t.Errorf("got %v %v", v, ok)
		}
		if v, ok := d.Delete("1"); !ok || v != int64(1) {
			t.Errorf("deleted %v %v", v, ok)
		}
		if _, ok := d.Get("1"); ok || d.Len() != n {
			t.Error("still there")
		}
		if v, ok := d.Get("2"); !ok || v != int64(2) {
			t.Errorf("after deleting: %v %v", v, ok)
		}
	}
	d := NewDict(Tuple{"a", int64(1)}, "x", Tuple{"a1"}, "y", []byte("b"), "z", nil, "n", 2.5, "f", Tuple{}, "e")
	for _, e := range d.Entries {
		if v, ok := d.Get(e.Key); !ok || v != e.Value {
			t.Errorf("%v: %v %v", e.Key, v, ok)
		}
	}
	if v, ok := d.Get(Tuple{"a", 1.0}); !ok || v != "x" {
		t.Errorf("(a, 1.0) is (a, 1): %v", v)
	}
	var none *Dict
	if none.Dict("a").Dict("b").Len() != 0 {
		t.Error("look-ups in a nil dict")
	}
	if err := d.Set(NewList(), 1); !errors.Is(err, ErrInvalid) {
		t.Errorf("list as key: %v", err)
	}
}

func TestParseDType(t *testing.T) {
	for _, s := range []string{"<f8", ">i2", "|b1", "|u1", "<U5", "|S3", "<M8[ns]", "<m8[25s]", "<c16", "<M8", "|V7", "<f2"} {
		dt, err := ParseDType(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
		} else if got := dt.Descr(); got != s {
			t.Errorf("%s became %s", s, got)
		}
	}
	for _, s := range []string{"", "<", "f", "f3", "O8", "<i-8", "<i99999999999", "M8[xx]", "M8[0s]", "x4", "U999999999"} {
		if dt, err := ParseDType(s); err == nil {
			t.Errorf("%q became %s", s, dt.Descr())
		}
	}
}

// Bytes become text by one rule, and no two the same.
func TestBytesText(t *testing.T) {
	seen := map[string]string{}
	for in, want := range map[string]string{
		"": "", "plain": "plain", "µm\tand\r\n": "µm\tand\r\n", "a\xffb": `a\xffb`, `a\xffb`: `a\\xffb`, "\x00\x7f": `\x00\x7f`, `C:\x`: `C:\\x`, "\xc2": `\xc2`,
	} {
		got := BytesText([]byte(in))
		if got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
		if other, twice := seen[got]; twice {
			t.Errorf("%q and %q both become %q", in, other, got)
		}
		seen[got] = in
		if v, err := Plain([]byte(in), PlainOptions{}); err != nil || v != want {
			t.Errorf("as a value %q is %v, %v", in, v, err)
		}
	}
	for in, want := range map[Value]string{int64(1<<53 + 1): "9007199254740993", int64(math.MinInt64): "-9223372036854775808"} {
		if v, err := Plain(in, PlainOptions{}); err != nil || v != in {
			t.Errorf("%v becomes %v, %v, want %s", in, v, err, want)
		}
	}
}

func TestEncodeGo(t *testing.T) {
	in := map[string]any{"i": 1, "u": uint64(math.MaxUint64), "f": float32(1.5), "l": []any{1, "x"}, "s": []string{"a"}, "n": []int64{-1, 1 << 40},
		"d": []float64{0.5}, "t": Tuple{nil, true}, "b": []byte{0, 255}, "big": new(big.Int).Lsh(big.NewInt(-1), 64), "time": time.Date(2024, 1, 2, 3, 4, 5, 6000, time.FixedZone("", 3600)),
		"zero": []any{}, "dict": map[string]any{}, "neg": big.NewInt(-128)}
	want := map[string]any{"i": 1., "u": "18446744073709551615", "f": 1.5, "l": []any{1., "x"}, "s": []any{"a"}, "n": []any{-1., float64(1 << 40)},
		"d": []any{0.5}, "t": []any{nil, true}, "b": `\x00\xff`, "big": "-18446744073709551616", "time": "2024-01-02T03:04:05.000006+01:00",
		"zero": []any{}, "dict": map[string]any{}, "neg": -128.}
	for protocol := 2; protocol <= 5; protocol++ {
		b, err := Encoder{Protocol: protocol}.Append([]byte("before"), in)
		if err != nil {
			t.Fatal(err)
		}
		v, err := Decode(b[len("before"):], Limits{})
		if err != nil {
			t.Fatal(err)
		}
		checkPlain(t, v, want)
		keys := []string{}
		for _, e := range v.(*Dict).Entries {
			keys = append(keys, e.Key.(string))
		}
		if !slices.Equal(keys, slices.Sorted(maps.Keys(in))) {
			t.Errorf("keys %v", keys)
		}
	}
	for _, v := range []any{struct{}{}, make(chan int), &Object{}, &Object{Class: &Global{"a\nb", "c"}}, &Array{}, NewList(struct{}{})} {
		if b, err := (Encoder{Protocol: 2}).Append(nil, v); err == nil {
			t.Errorf("%T became %q", v, b)
		}
	}
}
