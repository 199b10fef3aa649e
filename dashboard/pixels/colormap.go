package pixels

import (
	"encoding/hex"
	"fmt"
	"image/color"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
)

// points are the control points of the colour tables, as the page has them
// (public/js/viewer/lut.js, which says where they come from); linear in between.
var points = map[string]string{
	"gray":       "000000ffffff",
	"green":      "00000000ff00",
	"magenta":    "000000ff00ff",
	"red":        "000000ff0000",
	"blue":       "0000000000ff",
	"cyan":       "00000000ffff",
	"yellow":     "000000ffff00",
	"gray_r":     "ffffff000000",
	"bop_blue":   "00000020adf8",
	"bop_orange": "000000f8ad20",
	"bop_purple": "000000942094",
	"i_blue":     "ffffff0033cc",
	"i_bordeaux": "ffffffcc0033",
	"i_forest":   "ffffff009900",
	"i_orange":   "ffffffff7500",
	"i_purple":   "ffffff7500ff",
	"ice":        "0000ffffffff",
	"hilo":       "000000ffffff",
	"fire":       "ffffffffffbfffff80ffff40ffff00ffbf00ff8000ff4000ff0000",
	"viridis": "440154470d6048186a482374472d7b4536814240863f49893b528b375a8d33638d2f6a8e2c728e297a8e26818e23898e" +
		"21908c1f988b1f9f8821a68528ae8031b57b3ebc744cc26c5dc9636ece5882d34c96d83fabdc32c0df24d5e21aeae51a" +
		"fde725",
	"magma": "0000040303110a0822130d331d114628115a36106a430f7650127c5d177f691c817621818226818f2a819c2e7fa9327d" +
		"b63779c33b75cf4170db486ae65163ee5c5ef5695cf9785dfb8761fd9668fea571feb47bfec387fed194fde0a2fceeb0" +
		"fcfdbf",
	"inferno": "0000040403120b0724150b37210c4a2e0a5a3c09654a0c6b57106d63146e70196e7d1e6d89226a962766a32b61af315c" +
		"bb3755c63e4dd14644db4f3be35932eb6528f1711ef67f14f98d0afb9c06fcab0ffbba1ff9ca32f5d949f2e865f3f586" +
		"fcffa4",
	"plasma": "0d08872206903105963f049c4c02a15901a56600a77201a87e03a88909a69511a29f1a9ca92396b22c8ebb3587c33e80" +
		"cb4778d25071d9596ae06263e66c5ceb7555f07f4ff48a48f89441fb9f3afdab33feb72dfdc328fcd025f9dd25f5eb27" +
		"f0f921",
	"turbo": "30123b392a734040a14456c7466be3467ff64293ff37a7fa29bbec1dcdd818dcc31ee8b031f2994cf97e6bfd648aff4d" +
		"a3fd3cb8f735cced34dee037edd03af8c03afdae35fe982cfb8022f56817ec520fe04009d23105c02302ac1701950d01" +
		"7a0403",
	"twilight": "e2d9e2d6d7ddc2ced4aac2cc94b4c781a6c37296c16886be6275ba5f63b55e50ac5d3da0592a8f511b7745135c381145" +
		"3014373a113a4b134260184a751e4f882850993550a74550b25752bc6958c37d63c89073cca489d2b6a3d9c7bfdfd4d6" +
		"e2d9e2",
	"gist_earth": "0000000502740b15751027771538781b497a20587b25667d2a737e30808034847637896c3b8e633f925943974f4b9b46" +
		"5da04b6ea4507ea8538bab5698af58a5b25bb3b65db9b260bdab62c0a565c8a677d0ad8ad9b59ee2c2b3ebd1cbf4e4e3" +
		"fdfbfb",
	"PiYG": "8e01529f095fb0116dc2197acb3289d34f99db6ba8e283b6e796c4edaad2f2bbddf6c8e3fad5eafde1f0fbe9f2f9f0f5" +
		"f7f7f7f2f6ebecf6dfe7f5d2dbf0becceaa6bee48fadda799ccf648ac34e79b73d69aa335a9d294b8f213f811e33721b" +
		"276419",
	"hsv": "ff0000ff2f00ff5e00ff8d00ffbc00ffeb00e4ff00b5ff0085ff0056ff0027ff0003ff0a00ff3700ff6600ff9500ffc4" +
		"00fff300dcff00adff007eff004fff0020ff0f00ff3f00ff6e00ff9d00ffcc00fff800fdff00d4ff00a5ff0076ff0047" +
		"ff0018",
}

// aliases are further names of tables, as napari, vispy and matplotlib have them.
var aliases = map[string]string{
	"grey": "gray", "grays": "gray", "greys": "gray", "twilight_shifted": "twilight", "colormap_hilo": "hilo",
}

// Colormaps are the names of the colour tables, sorted.
func Colormaps() []string {
	return slices.SortedFunc(maps.Keys(points), func(a, b string) int {
		return strings.Compare(strings.ToLower(a), strings.ToLower(b))
	})
}

var hexColor = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// colorTable returns the 256 colours of a table: by name, or "#rrggbb" for black
// to that colour. false: there is no such table.
func colorTable(name string) (table [256]color.RGBA, ok bool) {
	text := ""
	key := strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(name)))
	if to, ok := aliases[key]; ok {
		key = to
	}
	if hexColor.MatchString(name) {
		text = "000000" + name[1:]
	} else {
		for n, p := range points {
			if strings.ToLower(n) == key {
				text = p
			}
		}
	}
	if text == "" {
		return table, false
	}
	b, err := hex.DecodeString(text)
	if err != nil {
		return table, false
	}
	segments := len(b)/3 - 1
	for i := range table {
		at := float64(i) / 255 * float64(segments)
		segment := min(int(at), segments-1)
		mix := func(j int) uint8 {
			from, to := float64(b[segment*3+j]), float64(b[segment*3+3+j])
			return uint8(math.Floor(from + (to-from)*(at-float64(segment)) + 0.5))
		}
		table[i] = color.RGBA{mix(0), mix(1), mix(2), 255}
	}
	if key == "hilo" {
		table[0], table[255] = color.RGBA{0, 0, 255, 255}, color.RGBA{255, 0, 0, 255}
	}
	return table, true
}

// labelEntry is the entry of a label in the table of labels: 0 for the
// background, else 1 to 255, never the same for two labels that follow each
// other. The label is in the bits of 64, with its sign. The page spreads them
// the same way (public/js/viewer/lut.js).
func labelEntry(label uint64) uint8 {
	if label == 0 {
		return 0
	}
	n := uint32(label) + uint32(label>>32)*2246822519
	return uint8(1 + (n*2654435761>>16)%255)
}

// labelTable is the table of labels: hues by the golden angle, in three
// lightnesses. The background is transparent.
func labelTable() (table [256]color.RGBA) {
	for i := 1; i < len(table); i++ {
		hue := math.Mod(float64(i)*137.50776405, 360)
		lightness := [...]float64{0.55, 0.7, 0.42}[i%3]
		const saturation = 0.75
		f := func(n float64) uint8 {
			k := math.Mod(n+hue/30, 12)
			x := lightness - saturation*min(lightness, 1-lightness)*max(-1, min(k-3, 9-k, 1))
			return uint8(math.Floor(255*x + 0.5))
		}
		table[i] = color.RGBA{f(0), f(8), f(4), 255}
	}
	return table
}

// noTable says that there is no table of a name.
func noTable(name string) error {
	return fmt.Errorf("there is no colormap %q: use one of %s, or a colour such as #00ff00", name, strings.Join(Colormaps(), ", "))
}

// Colors are n colours of a table, evenly spread from its first to its last: by name, or "#rrggbb"
// for black to that colour. false: there is no such table, or n is less than 2.
func Colors(name string, n int) (out []color.RGBA, ok bool) {
	table, ok := colorTable(name)
	if !ok || n < 2 {
		return nil, false
	}
	for i := range n {
		out = append(out, table[i*255/(n-1)])
	}
	return out, true
}
