package remote

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"webmon/shm"
)

func TestLayout(t *testing.T) {
	for _, tt := range []struct{ name, text, want, unknown string }{
		{"sliders", `VBox(children=(FloatSlider(value=0.1, description='bump size', max=0.5, name='bump_h', step=0.01), FloatSlider(value=0.0, description="Target's number", min=-100.0, name='N_vortex')))`,
			`[{"name":"bump_h","title":"bump size","type":"float","value":0.1,"default":0.1,"min":0,"max":0.5,"step":0.01},` +
				`{"name":"N_vortex","title":"Target's number","type":"float","value":0,"default":0,"min":-100,"max":100,"step":0.1}]`, ""},
		{"whole numbers", `IntSlider(value=1, name='bump_N')`, `[{"name":"bump_N","type":"int","value":1,"default":1,"min":0,"max":100,"step":1}]`, ""},
		{"logarithmic", `FloatLogSlider(value=0.01, max=1.0, min=-10.0, name='cooling', step=0.2)`,
			`[{"name":"cooling","type":"float","value":0.01,"default":0.01,"min":1e-10,"max":10,"scale":"log"}]`, ""},
		{"logarithmic by default", `FloatLogSlider(value=1.0, name='c', base=2.0)`, `[{"name":"c","type":"float","value":1,"default":1,"min":1,"max":16,"scale":"log"}]`, ""},
		{"logarithmic, off its scale", `FloatLogSlider(value=0.0, name='c')`, `[{"name":"c","type":"float","min":1,"max":10000,"scale":"log"}]`, ""},
		{"switches", `HBox(children=[Checkbox(value=True, description='Trap', name='cylinder'), ToggleButton(name='on')])`,
			`[{"name":"cylinder","title":"Trap","type":"bool","value":true,"default":true},{"name":"on","type":"bool","value":false,"default":false}]`, ""},
		{"choices", `Tab(children=(Dropdown(options=('a', 'b'), value='b', name='d'), ToggleButtons(options=(('one', 1), ('half', 0.5)), value=1, name='e'), Select(options={'x': 3}, name='f')))`,
			`[{"name":"d","type":"choice","value":"b","default":"b","choices":["a","b"]},{"name":"e","type":"choice","value":"one","default":"one","choices":["one","half"]},` +
				`{"name":"f","type":"choice","choices":["x"]}]`, ""},
		{"texts and boxes of numbers", `VBox((Text(value='a', name='t'), BoundedFloatText(value=1.0, name='b', max=2.0), IntText(value=3, name='i')))`,
			`[{"name":"t","type":"text","value":"a","default":"a"},{"name":"b","type":"float","value":1,"default":1,"min":0,"max":2},{"name":"i","type":"int","value":3,"default":3}]`, ""},
		{"what is nobody's parameter", `VBox(children=(Canvas(name='density'), Button(name='reset'), IntSlider(value=20, max=60, name='fps'), FloatSlider(name='_'), FloatSlider(), ` +
			`FloatSlider(name='Nx'), FloatSlider(name='a b'), FloatSlider(name='twice'), FloatSlider(name='twice')))`,
			`[{"name":"twice","type":"float","value":0,"default":0,"min":0,"max":100,"step":0.1}]`, ""},
		{"unknown kinds", `VBox(children=(ColorPicker(value='red', name='tint'), FloatRangeSlider(value=(0.0, 1.0), name='range'), Box(children=(), name='box'), Checkbox(name='no', disabled=True)))`,
			`null`, "ColorPicker tint, FloatRangeSlider range, Checkbox no"},
		{"what a repr may have", `super_hydro.widgets.VBox(children=(FloatSlider(value=1e-3, name='a', layout=Layout(width='5em'), style=SliderStyle(description_width=''), tooltip=None, ` +
			`callback=<function f at 0x7f>, when=datetime.date(2020, 1, 1), z=(1+2j), description=r'$\mu$' 'x', max=inf, min=nan),), box_style='')`,
			`[{"name":"a","title":"$\\mu$x","type":"float","value":0.001,"default":0.001,"min":0,"max":100,"step":0.1}]`, ""},
		{"limits the wrong way round", `FloatSlider(name='a', min=5.0, max=-5.0, step=-1.0)`, `[{"name":"a","type":"float","value":0,"default":0}]`, ""},
		{"escapes", `Checkbox(name='a', description='it\'s \u03bc \x41 \\ "q"')`, `[{"name":"a","title":"it's μ A \\ \"q\"","type":"bool","value":false,"default":false}]`, ""},
		{"nothing", `None`, `null`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := parseLayout(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			var controls []shm.Control
			for _, w := range l.widgets {
				controls = append(controls, w.control)
			}
			if b, _ := json.Marshal(controls); string(b) != tt.want {
				t.Errorf("got  %s\nwant %s", b, tt.want)
			}
			if got := strings.Join(l.unknown, ", "); got != tt.unknown {
				t.Errorf("unknown are %q, want %q", got, tt.unknown)
			}
		})
	}
}

// testdata/layout.txt is what ipywidgets 8 wrote of one widget of each kind.
func TestLayoutOfIPyWidgets(t *testing.T) {
	text, err := os.ReadFile("testdata/layout.txt")
	if err != nil {
		t.Fatal(err)
	}
	l, err := parseLayout(string(text))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, w := range l.widgets {
		c := w.control
		fmt.Fprintf(&got, "%s %q %s %v", c.Name, c.Title, c.Type, c.Value)
		if c.Min != nil {
			fmt.Fprintf(&got, " %g..%g/%g %s", *c.Min, *c.Max, c.Step, c.Scale)
		}
		if c.Choices != nil {
			fmt.Fprintf(&got, " %q %v", c.Choices, w.values)
		}
		got.WriteString("\n")
	}
	const want = `bump_h "bump size" float 0 0..0.5/0.01 
d "" float 0 0..100/0.1 
n "" int 0 -3..100/1 
c "" float 0.01 1e-10..10/0 log
c2 "" float 1 1..10000/0 log
cyl "Trap" bool true
off "" bool false
tb "" bool false
dd "" choice a ["a" "b"] [a b]
d2 "$\\mu$'s" choice two ["one" "two"] [1 2.5]
tbs "" choice x ["x" "y"] [1 2]
r "" choice 1 ["1" "2" "3"] [1 2 3]
ss "" choice p ["p" "q"] [p q]
ft "" float 3
bft "" float 3 0..7/0 
it "" int 0
bit "" int 0 0..100/1 
tx "" text hello 'x' "y"

v "" float 0 0..100/0.1 
`
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &got, want)
	}
	if want := "FloatRangeSlider fr, ColorPicker col, Play pl"; strings.Join(l.unknown, ", ") != want {
		t.Errorf("unknown are %q", l.unknown)
	}
}

func TestLayoutThatIsNone(t *testing.T) {
	for _, text := range []string{"", "VBox(", "VBox(children=(", "f(a b)", "'open", "<open", "@", strings.Repeat("(", 1000), strings.Repeat("f(x=", 1000),
		"[" + strings.Repeat("1,", maxNodes) + "]", strings.Repeat(" ", maxLayout+1)} {
		l, err := parseLayout(text)
		if err == nil {
			t.Errorf("%.20q gives %+v and no error", text, l)
		}
	}
}

// What the server answers is a number or it is nothing.
func TestAnswersThatAreNoNumbers(t *testing.T) {
	for _, typ := range []shm.ControlType{shm.Float, shm.Int} {
		w := widget{control: shm.Control{Type: typ}}
		for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			if v := w.read(x); v != nil {
				t.Errorf("%g is %v as a %s", x, v, typ)
			}
		}
	}
}

func FuzzLayout(f *testing.F) {
	f.Add(`VBox(children=(FloatSlider(value=0.1, description='bump size', max=0.5, name='bump_h', step=0.01), Dropdown(options=(('a', 1),), name='x')))`)
	f.Add(`FloatLogSlider(value=0.01, max=1.0, min=-10.0, name='cooling', base=<x>)`)
	f.Add("IntSlider(name='\\u00e4', value=-1e400, b'', {1: 2})")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := parseLayout(text)
		if err != nil {
			return
		}
		for _, w := range l.widgets {
			c := w.control
			if c.Default != nil {
				if _, err := c.Accept(c.Default); err != nil {
					t.Errorf("%+v does not accept its default: %v", c, err)
				}
				if back := w.read(w.write(c.Default)); !same(back, c.Default) {
					t.Errorf("%+v: the default becomes %v", c, back)
				}
			}
			if len(c.Choices) != len(w.values) {
				t.Errorf("%d choices have %d values", len(c.Choices), len(w.values))
			}
			if _, err := json.Marshal(c); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestHead(t *testing.T) {
	for _, tt := range []struct {
		head string
		size int
		want string // of the error, "" for none
	}{
		{`{"dtype": "float64", "shape": [2, 3]}`, 48, ""},
		{`{"shape": [2, 3], "dtype": "<f8"}`, 48, ""},
		{`{"dtype": "float32", "shape": [4]}`, 16, ""},
		{`{"dtype": "float64", "shape": [0]}`, 0, ""},
		{`{"dtype": "float64", "shape": [2, 3]}`, 47, "has 47 bytes, which is not [2 3] of float64 (48)"},
		{`{"dtype": "float64", "shape": [4096, 4097]}`, 0, "too large"},
		{`{"dtype": "float64", "shape": [-1, 3]}`, 0, "has the shape [-1 3]"},
		{`{"dtype": "float64", "shape": [9223372036854775807, 9223372036854775807]}`, 8, "has the shape"},
		{`{"dtype": "complex128", "shape": [1]}`, 16, `has the dtype "complex128", which is no kind of numbers`},
		{`{"dtype": "O", "shape": [1]}`, 8, "no kind of numbers"},
		{`{"dtype": "float64", "shape": [1, 1, 1]}`, 8, "has 3 axes"},
		{`{"dtype": "float64"}`, 8, "has 0 axes"},
		{`ok`, 8, `has a head that is no JSON: "ok"`},
		{strings.Repeat(" ", maxHead+1), 8, "has a head of 4097 bytes"},
	} {
		_, err := parseHead([]byte(tt.head), tt.size)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.80s: %v, want %q", tt.head, err, tt.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for dtype, tt := range map[string]struct {
		bytes string
		want  float64
	}{
		"float64": {"\x00\x00\x00\x00\x00\x00\xf8\x3f", 1.5}, ">f8": {"\x3f\xf8\x00\x00\x00\x00\x00\x00", 1.5},
		"<f4": {"\x00\x00\xc0\x3f", 1.5}, ">f4": {"\x3f\xc0\x00\x00", 1.5}, "float16": {"\x00\x3e", 1.5}, ">f2": {"\xfc\x00", math.Inf(-1)},
		"int8": {"\xff", -1}, "|u1": {"\xff", 255}, "int16": {"\xfe\xff", -2}, ">i2": {"\xff\xfe", -2}, "uint16": {"\xfe\xff", 65534},
		"int32": {"\xfd\xff\xff\xff", -3}, "uint32": {"\xfd\xff\xff\xff", 1<<32 - 3}, "int64": {"\xfc\xff\xff\xff\xff\xff\xff\xff", -4}, ">u8": {"\x00\x00\x00\x00\x00\x00\x01\x00", 256},
		"bool": {"\x01", 1}, "|b1": {"\x01", 1}, "?1": {"\x01", 1},
	} {
		item, ok := parseDType(dtype)
		if !ok || item.size != len(tt.bytes) {
			t.Errorf("%s is taken for %+v", dtype, item)
			continue
		}
		h := head{item: item, shape: []int{1}, n: 1}
		if got := h.decode(nil, []byte(tt.bytes)); got[0] != tt.want {
			t.Errorf("%s: %v, want %v", dtype, got, tt.want)
		}
	}
	if x := half16(1); x != math.Ldexp(1, -24) || !math.IsNaN(half16(0x7c01)) {
		t.Errorf("the least number of 16 bits is %v", x)
	}
}

func FuzzHead(f *testing.F) {
	f.Add([]byte(`{"dtype": "float64", "shape": [2, 3]}`), make([]byte, 48))
	f.Add([]byte(`{"dtype": ">i2", "shape": [3]}`), make([]byte, 6))
	f.Fuzz(func(t *testing.T, text, data []byte) {
		h, err := parseHead(text, len(data))
		if err == nil {
			if got := h.decode(nil, data); len(got) != h.n {
				t.Errorf("%d numbers of %d", len(got), h.n)
			}
		}
	})
}

func TestJSONOfPython(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": NaN, "b": -Infinity, "c": [Infinity, -1.5], "d": "NaN \" Infinity"}`: `{"a":null,"b":null,"c":[null,-1.5],"d":"NaN \" Infinity"}`,
		`{"n": 3, "x": 3.0, "big": 123456789012345678901234567890}`:                 `{"big":1.2345678901234568e+29,"n":3,"x":3}`,
		`"ok"`: `"ok"`,
		`NaN`:  `null`,
	} {
		v, err := decodeJSON([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if b, _ := json.Marshal(v); string(b) != want {
			t.Errorf("%s gives %s, want %s", text, b, want)
		}
	}
	for _, text := range []string{"", "ok", "{} {}", "{", strings.Repeat("[", 20000)} {
		if v, err := decodeJSON([]byte(text)); err == nil {
			t.Errorf("%.20s gives %v", text, v)
		}
	}
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"a": NaN, "b": -Infinity, "do": {"start": null}, "get": {}, "set": {}, "get_array": {"density": ""}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := decodeJSON(text)
		if err != nil {
			return
		}
		if _, err := shm.AppendJSON(nil, v); err != nil {
			t.Error(err)
		}
		if c, err := parseCommands(v); err == nil {
			c.names()
			c.actions(true)
			c.describe("a", []int{1, 1}, nil)
		}
	})
}
