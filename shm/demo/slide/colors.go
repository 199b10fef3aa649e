package slide

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
	"strings"
	"sync"

	"webmon/shm/pickle"
)

// rgba is a colour of four bytes: red lowest, then green, blue and opacity.
type rgba uint32

func colour(r, g, b, a float64) rgba {
	part := func(x float64) rgba { return rgba(math.Round(255 * min(max(x, 0), 1))) }
	return part(r) | part(g)<<8 | part(b)<<16 | part(a)<<24
}

// parse reads "#rrggbb" or "#rrggbbaa", as shm.ParseColor returns it.
func parse(text string) rgba {
	n, _ := strconv.ParseUint(strings.TrimPrefix(text, "#"), 16, 32)
	if len(text) == len("#rrggbb") {
		n = n<<8 | 255
	}
	return rgba(n>>24&255 | n>>16&255<<8 | n>>8&255<<16 | n&255<<24)
}

// colormaps are what an image may be drawn in, as lists of colours that lie equally far apart.
var colormaps = []struct {
	name  string
	stops string
}{
	{"gray", "000000 ffffff"},
	{"gray_r", "ffffff 000000"},
	{"red", "000000 ff0000"},
	{"green", "000000 00ff00"},
	{"blue", "000000 0000ff"},
	{"cyan", "000000 00ffff"},
	{"magenta", "000000 ff00ff"},
	{"yellow", "000000 ffff00"},
	{"bop blue", "000000 1f78b4"},
	{"bop orange", "000000 f8931f"},
	{"bop purple", "000000 932592"},
	{"viridis", "440154 482878 3e4a89 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725"},
	{"magma", "000004 180f3d 440f76 721f81 9e2f7f cd4071 f1605d fd9668 feca8d fcfdbf"},
	{"inferno", "000004 1b0c41 4a0c6b 781c6d a52c60 cf4446 ed6925 fb9b06 f7d13d fcffa4"},
	{"plasma", "0d0887 47039f 7301a8 9c179e bd3786 d8576b ed7953 fa9e3b fdc926 f0f921"},
	{"turbo", "30123b 4145ab 4675ed 39a2fc 1bcfd4 24eca6 61fc6c a4fc3b d1e834 f3c63a fe9b2d f36315 d93806 b11901 7a0403"},
	{"hsv", "ff0000 ffff00 00ff00 00ffff 0000ff ff00ff ff0000"},
}

var colormapNames = sync.OnceValue(func() []string {
	var names []string
	for _, c := range colormaps {
		names = append(names, c.name)
	}
	return names
})

// table returns the 256 colours of a colormap.
func table(name string) *[256]rgba { return tables()[name] }

var tables = sync.OnceValue(func() map[string]*[256]rgba {
	all := map[string]*[256]rgba{}
	for _, c := range colormaps {
		stops := strings.Fields(c.stops)
		var t [256]rgba
		for i := range t {
			at := float64(i) / 255 * float64(len(stops)-1)
			k := min(int(at), len(stops)-2)
			a, _ := hex.DecodeString(stops[k])
			b, _ := hex.DecodeString(stops[k+1])
			var mixed [3]float64
			for j := range mixed {
				mixed[j] = (float64(a[j]) + (float64(b[j])-float64(a[j]))*(at-float64(k))) / 255
			}
			t[i] = colour(mixed[0], mixed[1], mixed[2], 1)
		}
		all[c.name] = &t
	}
	return all
})

// labelColours are those of labels, which come round; the first is not used.
var labelColours = sync.OnceValue(func() []rgba {
	out := make([]rgba, 50)
	for i := 1; i < len(out); i++ {
		// Hues that lie far from each other for numbers that lie close.
		hue := math.Mod(float64(i)*0.61803398875, 1) * 6
		light := 0.72 + 0.28*math.Mod(float64(i)*0.381966, 1)
		strong := 0.55 + 0.4*math.Mod(float64(i)*0.7548777, 1)
		part := func(n float64) float64 {
			k := math.Mod(n+hue, 6)
			return light * (1 - strong*max(0, min(k, 4-k, 1)))
		}
		out[i] = colour(part(5), part(3), part(1), 1)
	}
	return out
})

// labelColour is the colour of a label, 0 for the background.
func labelColour(label uint32) rgba {
	all := labelColours()
	if label == 0 {
		return 0
	}
	return all[1+int(label-1)%(len(all)-1)]
}

// described is a table of colours as the state "colors" has it, and its name there.
type described struct {
	name  string
	value *pickle.Dict
}

// describe returns the tables of all colormaps and that of the labels, by colormap; "" is the labels'.
var describe = sync.OnceValue(func() map[string]described {
	all := map[string]described{}
	add := func(key, kind string, colours []rgba, more ...pickle.Value) {
		bytes := make([]byte, 0, 4*len(colours))
		for _, c := range colours {
			bytes = append(bytes, byte(c), byte(c>>8), byte(c>>16), byte(c>>24))
		}
		sum := fnv.New64a()
		sum.Write(append(bytes, kind...))
		value := pickle.NewDict(append([]pickle.Value{"kind", kind, "table", base64.StdEncoding.EncodeToString(bytes)}, more...)...)
		all[key] = described{fmt.Sprintf("%016x", sum.Sum64()), value}
	}
	for name, t := range tables() {
		add(name, "scale", t[:], "steps", false, "over", nil, "under", nil, "nan", nil)
	}
	add("", "cyclic", labelColours(), "background", int64(0))
	return all
})

// blendings are napari's ways to lay a layer over those below it.
var blendings = []string{"translucent", "translucent_no_depth", "additive", "minimum", "opaque"}

// symbols are those of points.
var symbols = []string{"cross", "diamond", "disc", "hbar", "ring", "square", "star", "triangle_down", "triangle_up", "vbar", "x"}

// over lays a colour over what is there, as blending says. The result is opaque.
func over(below, c rgba, blending string) rgba {
	a := uint32(c >> 24)
	if a == 0 && blending != "opaque" {
		return below
	}
	mix := func(f func(b, c uint32) uint32) rgba {
		out := uint32(0xff000000)
		for shift := uint(0); shift < 24; shift += 8 {
			out |= f(uint32(below)>>shift&255, uint32(c)>>shift&255) << shift
		}
		return rgba(out)
	}
	switch blending {
	case "additive":
		return mix(func(b, c uint32) uint32 { return min(255, b+(c*a+127)/255) })
	case "minimum":
		return mix(func(b, c uint32) uint32 { return min(b, c) })
	case "opaque":
		return mix(func(b, c uint32) uint32 { return (c*a + 127) / 255 })
	}
	return mix(func(b, c uint32) uint32 { return (c*a + b*(255-a) + 127) / 255 })
}
