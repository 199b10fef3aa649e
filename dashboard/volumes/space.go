package volumes

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"webmon/shm"
)

// axis is an axis of a volume as the client knows it.
type axis struct {
	Name  string                 // unique; it ends with ^ for channels
	Scale float64                // of a voxel, in Unit
	Unit  string                 // "m", "s", "Hz", "rad/s" or ""
	From  int                    // the axis of the volume
	Names *shm.VolumeCoordinates // of positions; nil for most axes
}

// prefixes are those of the SI.
var prefixes = map[string]float64{
	"": 1, "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "m": 1e-3, "c": 1e-2, "k": 1e3, "M": 1e6, "G": 1e9,
}

// words are units that are written out, as OME and pint do.
var words = map[string]string{
	"meter": "m", "metre": "m", "second": "s", "hertz": "Hz", "sec": "s",
}

var wordPrefixes = map[string]string{
	"femto": "f", "pico": "p", "nano": "n", "micro": "u", "milli": "m", "centi": "c", "kilo": "k", "mega": "M", "giga": "G",
}

// other are units that are no power of ten of those that the client knows.
var other = map[string]struct {
	scale float64
	unit  string
}{
	"angstrom": {1e-10, "m"}, "Å": {1e-10, "m"}, "Ao": {1e-10, "m"}, "inch": {0.0254, "m"}, "min": {60, "s"}, "minute": {60, "s"}, "hour": {3600, "s"},
	"h": {3600, "s"}, "day": {86400, "s"}, "d": {86400, "s"}, "micron": {1e-6, "m"}, "rad/s": {1, "rad/s"},
}

// unitOf is what one of a unit is in a unit that the client knows. What it does not know has none.
func unitOf(text string) (scale float64, unit string) {
	text = strings.TrimSpace(text)
	if o, ok := other[strings.TrimSuffix(text, "s")]; ok && len(text) > 2 {
		return o.scale, o.unit
	}
	if o, ok := other[text]; ok {
		return o.scale, o.unit
	}
	for _, base := range []string{"Hz", "m", "s"} {
		if prefix, ok := strings.CutSuffix(text, base); ok {
			if p, ok := prefixes[prefix]; ok {
				return p, base
			}
		}
	}
	word := strings.ToLower(text)
	for long, short := range wordPrefixes {
		if rest, ok := strings.CutPrefix(word, long); ok {
			if base := words[strings.TrimSuffix(rest, "s")]; base != "" {
				return prefixes[short], base
			}
		}
	}
	if base := words[strings.TrimSuffix(word, "s")]; base != "" {
		return 1, base
	}
	return 1, ""
}

// names of axes that the client takes.
var axisName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*$`)

// spatial are the names of the last axes of a volume whose axes have none.
var spatial = []string{"x", "y", "z", "t"}

// space lists the axes of a volume in the order in which they go out: the last one, which runs
// fastest in memory, first. Those of a script's own volume stay in its order, since its first one
// runs fastest on the wire.
func (v *volume) space() []axis {
	rank := len(v.Shape)
	out := make([]axis, rank)
	used := map[string]bool{}
	for _, name := range v.Axes {
		if axisName.MatchString(name) || v.Client != nil {
			used[name] = true
		}
	}
	free := func() string {
		for _, name := range spatial {
			if !used[name] {
				return name
			}
		}
		for n := 0; ; n++ {
			if name := fmt.Sprintf("d%d", n); !used[name] {
				return name
			}
		}
	}
	for i := rank - 1; i >= 0; i-- {
		a := axis{Name: v.Axes[i], Scale: v.scale(i), From: i}
		if !axisName.MatchString(a.Name) && v.Client == nil {
			a.Name = free()
			used[a.Name] = true
		}
		if i < len(v.Units) {
			by, unit := unitOf(v.Units[i])
			if a.Unit = unit; by != 1 {
				a.Scale = rounded(a.Scale * by)
			}
		}
		if i == v.Channels && v.Client == nil {
			a.Name, a.Scale, a.Unit = a.Name+"^", 1, ""
		}
		if v.Client != nil && len(v.Client.Coordinates) == rank {
			a.Names = v.Client.Coordinates[i]
		}
		out[rank-1-i] = a
	}
	if v.Client != nil {
		slices.Reverse(out)
	}
	return out
}

// rounded is a scale without what multiplying has added to its last digits, so that axes that are the
// same look the same.
func rounded(x float64) float64 {
	x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 12, 64), 64)
	return x
}

// dimensions is the space as it is on the wire.
func dimensions(axes []axis) object {
	var o object
	for _, a := range axes {
		if a.Names != nil {
			o = append(o, field{a.Name, a.Names}) // in place of a scale
			continue
		}
		o = append(o, field{a.Name, []any{a.Scale, a.Unit}})
	}
	return o
}

// offset is where the first voxel lies, in whole voxels of the wire's order. exact is false if it lies
// elsewhere, which a transform then says.
func (v *volume) offset(axes []axis) (at []int, exact bool) {
	at, exact = make([]int, len(axes)), v.Matrix == nil
	for i, a := range axes {
		switch {
		case v.Client != nil && v.Client.VoxelOffset != nil:
			at[i] = v.Client.VoxelOffset[a.From]
		case v.Corner != nil && v.Matrix == nil:
			x := v.Corner[a.From] / v.scale(a.From)
			whole := math.Round(x)
			if math.Abs(x-whole) > 1e-6 || math.Abs(whole) > 1<<31 {
				exact = false
			}
			at[i] = int(whole)
		}
	}
	if !exact {
		clear(at)
	}
	return at, exact
}

// transform is how the voxels lie in the space where an offset cannot say it, nil where it can: a row
// for each axis of the wire, in its voxels.
func (v *volume) transform(axes []axis) [][]float64 {
	if _, exact := v.offset(axes); exact {
		return nil
	}
	rank := len(axes)
	out := make([][]float64, rank)
	for i, a := range axes {
		out[i] = make([]float64, rank+1)
		if v.Matrix == nil {
			out[i][i] = 1
			out[i][rank] = v.Corner[a.From] / v.scale(a.From)
			continue
		}
		row := v.Matrix[a.From]
		for j, b := range axes {
			out[i][j] = row[b.From] / v.scale(a.From)
		}
		out[i][rank] = row[rank] / v.scale(a.From)
	}
	return out
}
