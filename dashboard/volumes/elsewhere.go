package volumes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"webmon/components"
	"webmon/components/ui"
	"webmon/dashboard/door"
	"webmon/dashboard/pixels"
	"webmon/dashboard/source"
	"webmon/dashboard/tab"
	"webmon/dashboard/volumes/elsewhere"
	"webmon/dashboard/volumes/level"
	"webmon/dashboard/volumes/omezarr"
	"webmon/natural"
	"webmon/shm"
)

const (
	versionWait = time.Second // that a process may take to say how often its volume has changed
	// elsewhereVoxels is how many voxels are read at once to make coarser ones for other programs.
	elsewhereVoxels = 1 << 21
)

// offered is a volume as other programs read it.
type offered struct {
	v   *Volumes
	l   *live
	vol *volume
	s   *shown
}

// openElsewhere finds a volume for other programs.
func (v *Volumes) openElsewhere(source, name string) (elsewhere.Volume, error) {
	src := v.opts.Source(source)
	if src == nil {
		return nil, elsewhere.Gone(fmt.Sprintf("The process %s is not there any more.", source))
	}
	vol := named(src, name)
	switch {
	case vol == nil:
		return nil, elsewhere.Gone(fmt.Sprintf("%s has no volume %s any more.", source, name))
	case vol.Problem != "":
		return nil, elsewhere.Gone(vol.title() + ": " + sentence(errors.New(vol.Problem)))
	case !vol.Kind.IsVoxels():
		return nil, elsewhere.Gone(vol.title() + " has no voxels.")
	}
	l := v.live(src)
	s := l.show(vol, time.Now())
	if s == nil {
		return nil, elsewhere.Busy("Too many volumes are looked at at the same time.")
	}
	return &offered{v, l, vol, s}, nil
}

// Content implements [elsewhere.Volume].
func (o *offered) Content(ctx context.Context) (string, error) {
	if o.vol.Array != nil {
		h, err := o.l.heldFrame(ctx, o.vol, o.s)
		if err != nil {
			return "", o.failed(err)
		}
		return fmt.Sprintf("%s/%d", o.vol.Key, h.frame.Seq), nil
	}
	o.l.mu.Lock()
	fresh := !o.s.told
	o.s.told = true
	o.l.mu.Unlock()
	if fresh {
		// Nobody has looked for a while: what the process said last may be old.
		ctx, cancel := context.WithTimeout(ctx, versionWait)
		defer cancel()
		o.l.src.Refresh(ctx, []string{o.s.topic})
	}
	version, _ := o.l.version(o.s)
	return fmt.Sprintf("%s/%d", o.vol.Key, max(version, 1)), nil
}

// failed is an error as other programs are told it.
func (o *offered) failed(err error) error {
	f := why(err)
	switch f.Status {
	case 404:
		return elsewhere.Gone(f.Text)
	case 503:
		return elsewhere.Busy(f.Text)
	}
	return err
}

// resolution is a level as it goes out: how it is made of one that the process has.
type resolution struct {
	level   int   // of the process
	factors []int // of its voxels that become one
}

// resolutions lists the levels of a volume: those that the process has, then coarser ones, until all of the
// volume fits into a chunk.
func (v *volume) resolutions() (out []resolution) {
	rank := len(v.Shape)
	ones := make([]int, rank)
	for i := range ones {
		ones[i] = 1
	}
	for k := range len(v.Levels) + 1 {
		out = append(out, resolution{k, ones})
	}
	d, _ := level.ParseDType(v.Descr)
	if d.Kind == 'c' {
		return out // the mean of complex numbers would be of their magnitudes
	}
	last := len(v.Levels)
	shape := v.levelShape(last)
	size := make([]float64, rank) // of a voxel
	for i, by := range v.levelFactors(last) {
		size[i] = v.scale(i) * float64(by)
	}
	most := maxBlock
	if !v.mapped() {
		most = mostAsked
	}
	factors := ones
	for {
		// The axes with the smallest voxels first, so that voxels come to be as long as they are wide.
		least := math.Inf(1)
		longest, block := 0, 1
		kinds := v.kinds()
		for i, n := range shape {
			side := (n + factors[i] - 1) / factors[i]
			block *= factors[i]
			if kinds[i] == omezarr.Space {
				longest = max(longest, side)
				if side > 1 {
					least = min(least, size[i])
				}
			}
		}
		if longest <= coarsest {
			return out
		}
		next := slices.Clone(factors)
		for i, n := range shape {
			if kinds[i] == omezarr.Space && (n+factors[i]-1)/factors[i] > 1 && size[i] < 2*least {
				next[i] *= 2
				size[i] *= 2
				block *= 2
			}
		}
		if block > most {
			return out
		}
		factors = next
		out = append(out, resolution{last, factors})
	}
}

// levelShape is the shape of a level of the process.
func (v *volume) levelShape(k int) []int {
	if k == 0 {
		return v.Shape
	}
	return v.Levels[k-1].Shape
}

// levelFactors is how many voxels of level 0 one of a level of the process stands for, by axis.
func (v *volume) levelFactors(k int) []int {
	out := make([]int, len(v.Shape))
	for i, n := range v.levelShape(k) {
		out[i] = level.Factor(v.Shape[i], n)
	}
	return out
}

// kinds says what the axes of a volume are: the last three that are neither time nor channels are space.
func (v *volume) kinds() []omezarr.Kind {
	out := make([]omezarr.Kind, len(v.Shape))
	space := 0
	for i := len(out) - 1; i >= 0; i-- {
		switch {
		case i == v.Channels:
			out[i] = omezarr.Channels
		case pixels.IsTime(v.Axes[i]):
			out[i] = omezarr.Time
		case space < 3:
			out[i] = omezarr.Space
			space++
		}
	}
	return out
}

// units of OME by those that the client knows.
var omeUnits = []struct {
	name, base string
	scale      float64
}{
	{"meter", "m", 1}, {"kilometer", "m", 1e3}, {"centimeter", "m", 1e-2}, {"millimeter", "m", 1e-3}, {"micrometer", "m", 1e-6},
	{"nanometer", "m", 1e-9}, {"angstrom", "m", 1e-10}, {"picometer", "m", 1e-12}, {"femtometer", "m", 1e-15}, {"inch", "m", 0.0254},
	{"second", "s", 1}, {"millisecond", "s", 1e-3}, {"microsecond", "s", 1e-6}, {"nanosecond", "s", 1e-9}, {"picosecond", "s", 1e-12},
	{"femtosecond", "s", 1e-15}, {"minute", "s", 60}, {"hour", "s", 3600}, {"day", "s", 86400},
}

// omeUnit is what OME calls a unit, "" if it does not know it.
func omeUnit(text string) string {
	scale, base := unitOf(text)
	for _, u := range omeUnits {
		if u.base == base && math.Abs(u.scale/scale-1) < 1e-9 {
			return u.name
		}
	}
	return ""
}

// straight is the size of a voxel and the outer corner of the first one. What is turned or sheared lies straight
// here, with voxels as long as they are.
func (v *volume) straight() (scale, corner []float64) {
	rank := len(v.Shape)
	scale, corner = make([]float64, rank), make([]float64, rank)
	for i := range rank {
		scale[i] = v.scale(i)
		if v.Corner != nil {
			corner[i] = v.Corner[i]
		}
		if v.Matrix == nil {
			continue
		}
		sum := 0.0
		for _, row := range v.Matrix {
			sum += row[i] * row[i]
		}
		if scale[i] = math.Sqrt(sum); !(scale[i] > 0) || math.IsInf(scale[i], 0) {
			scale[i] = 1
		}
		corner[i] = v.Matrix[i][rank]
	}
	return scale, corner
}

// turnedHere says that a volume lies elsewhere than the addresses for other programs say.
const turnedHere = "The volume is turned, sheared or mirrored in space, and OME-Zarr has no word for that. At these addresses it lies straight, along its own axes, with voxels as long as they are. " +
	"The code for napari puts it where it is; other programs find the matrix in the attributes, as webmon.affine."

// turned reports whether a size of voxels and a corner cannot say how a volume lies.
func (v *volume) turned() bool {
	for i, row := range v.Matrix {
		for j, x := range row[:len(v.Matrix)] {
			if i == j && !(x > 0) || i != j && math.Abs(x) > 1e-9*math.Abs(v.Matrix[j][j]) {
				return true
			}
		}
	}
	return false
}

// affine is where the centres of voxels lie, by their indices: a row for each axis, with a last column that is
// added. nil for a volume that lies straight.
func (v *volume) affine() [][]float64 {
	if !v.turned() {
		return nil
	}
	rank := len(v.Shape)
	kinds := v.kinds()
	somewhere := func(i int) bool { return kinds[i] == omezarr.Space || kinds[i] == omezarr.Time }
	out := make([][]float64, rank)
	for i := range out {
		out[i] = make([]float64, rank+1)
		if !somewhere(i) {
			out[i][i] = 1 // a place on it is a number
			continue
		}
		at := v.Matrix[i][rank]
		for j := range rank {
			at += v.Matrix[i][j] / 2
			if somewhere(j) {
				out[i][j] = v.Matrix[i][j]
			}
		}
		out[i][rank] = rounded(at)
	}
	return out
}

// exported is the dtype in which voxels go out: little-endian, and one that Zarr has.
func (o *offered) exported(ctx context.Context, shown bool) (string, error) {
	labels := o.vol.Kind == shm.VolumeLabels
	if shown {
		w, ok := level.WireOf(o.vol.Descr, labels, o.l.limits(ctx, o.vol, o.s))
		if !ok {
			return "", fmt.Errorf("voxels of the dtype %s cannot be shown", o.vol.Descr)
		}
		return w.Descr, nil
	}
	t, ok := level.ParseDType(o.vol.Descr)
	if !ok {
		return "", fmt.Errorf("voxels of the dtype %s are none that Zarr has", o.vol.Descr)
	}
	if t.Size > 8 && t.Kind == 'f' {
		return "<f8", nil
	}
	order := "<"
	if t.Size == 1 {
		order = "|"
	}
	return order + o.vol.Descr[1:], nil
}

// Image implements [elsewhere.Volume].
func (o *offered) Image(ctx context.Context, shown bool) (*omezarr.Image, error) {
	descr, err := o.exported(ctx, shown)
	if err != nil {
		return nil, err
	}
	return o.describe(descr, o.l.histogram(ctx, o.vol, o.s))
}

// describe describes the volume with voxels of a dtype. h may be nil.
func (o *offered) describe(descr string, h *histogram) (*omezarr.Image, error) {
	v := o.vol
	out := omezarr.Volume{Title: v.title(), Descr: descr, Labels: v.Kind == shm.VolumeLabels, RGB: v.RGB, Range: v.Limits, Affine: v.affine()}
	kinds := v.kinds()
	for _, a := range v.space() {
		out.Axes = append(out.Axes, omezarr.Axis{Name: strings.TrimSuffix(a.Name, "^"), Kind: kinds[a.From]})
	}
	// In the order of the volume, which that of the wire is the reverse of unless a script's options say otherwise.
	if v.Client == nil {
		slices.Reverse(out.Axes)
	}
	for i := range out.Axes {
		if k := out.Axes[i].Kind; k == omezarr.Space || k == omezarr.Time {
			out.Axes[i].Unit = omeUnit(axisOf(v.Units, i))
		}
		out.Axes[i].Name = strings.TrimSuffix(out.Axes[i].Name, "'")
	}
	scale, corner := v.straight()
	for _, r := range v.resolutions() {
		by := v.levelFactors(r.level)
		l := omezarr.Level{Shape: level.Shape(v.levelShape(r.level), r.factors), Scale: make([]float64, len(scale)), Origin: make([]float64, len(scale))}
		for i := range scale {
			l.Scale[i] = scale[i] * float64(by[i]*r.factors[i])
			l.Origin[i] = rounded(corner[i] + l.Scale[i]/2)
			if k := kinds[i]; k == omezarr.Channels || k == omezarr.Other {
				l.Scale[i], l.Origin[i] = 1, 0 // they lie nowhere: a place is a number
			}
		}
		out.Levels = append(out.Levels, l)
	}
	if !out.Labels && h != nil {
		out.Window = &[2]float64{h.Min, h.Max}
		if out.Range == nil {
			out.Range = &[2]float64{h.Low, h.High}
		}
	}
	return omezarr.New(out)
}

// Read implements [elsewhere.Volume].
func (o *offered) Read(ctx context.Context, shown bool, f omezarr.File) (voxels []byte, release func(), err error) {
	list := o.vol.resolutions()
	if f.Level >= len(list) {
		return nil, nil, shm.ErrBox
	}
	r := list[f.Level]
	how, size, err := o.maker(ctx, shown)
	if err != nil {
		return nil, nil, err
	}
	for i := range f.From {
		size *= f.To[i] - f.From[i]
	}
	o.l.begin(o.s)
	defer func() { o.l.end(o.s, "chunks for other programs", "", len(voxels), err) }()
	name := fmt.Sprintf("elsewhere/%s/%t/%d/%v/%v", o.l.epoch(o.s), shown, f.Level, f.From, f.To)
	coarse := product(r.factors) > 1
	if coarse {
		if data, ok := o.v.bricks.Get(name); ok {
			return data, func() {}, nil
		}
	}
	voxels, release, err = o.v.elsewhereFlights.make(ctx, name, 2*int64(size), func(ctx context.Context) ([]byte, error) {
		data, err := o.box(ctx, r, f.From, f.To, how)
		if err == nil && coarse {
			o.v.bricks.Put(name, data)
		}
		return data, err
	})
	if err != nil {
		return nil, nil, o.failed(err)
	}
	return voxels, release, nil
}

// box makes the voxels of a box of a level. What would take too many voxels at once is made in parts along the first
// axis that has more than one: these lie one after the other.
func (o *offered) box(ctx context.Context, r resolution, from, to []int, how appender) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	fine, err := level.Finer(from, to, r.factors, o.vol.levelShape(r.level))
	if err != nil {
		return nil, err
	}
	fine.Level = r.level
	sides := (chunk{from: fine.From, to: fine.To}).shape()
	if product(sides) > elsewhereVoxels {
		for i := range from {
			if to[i]-from[i] < 2 {
				continue
			}
			middle := slices.Clone(from)
			middle[i] += (to[i] - from[i]) / 2
			end := slices.Clone(to)
			end[i] = middle[i]
			first, err := o.box(ctx, r, from, end, how)
			if err != nil {
				return nil, err
			}
			second, err := o.box(ctx, r, middle, to, how)
			return append(first, second...), err
		}
	}
	raw, err := o.l.read(ctx, o.vol, o.s, fine, nil)
	if err != nil {
		return nil, err
	}
	return how(nil, raw, sides, r.factors)
}

// appender appends voxels as they go out, made coarser by factors.
type appender func(dst, src []byte, shape, factors []int) ([]byte, error)

// maker returns what makes voxels as they go out, and how many bytes each of them has.
func (o *offered) maker(ctx context.Context, shown bool) (appender, int, error) {
	labels := o.vol.Kind == shm.VolumeLabels
	if shown {
		w, ok := level.WireOf(o.vol.Descr, labels, o.l.limits(ctx, o.vol, o.s))
		if !ok {
			return nil, 0, fmt.Errorf("voxels of the dtype %s cannot be shown", o.vol.Descr)
		}
		return w.Append, w.Size, nil
	}
	t, ok := level.ParseDType(o.vol.Descr)
	if !ok {
		return nil, 0, fmt.Errorf("voxels of the dtype %s are none that Zarr has", o.vol.Descr)
	}
	reduce := level.Mean
	if labels {
		reduce = level.Mode
	}
	native := t.Native()
	return func(dst, src []byte, shape, factors []int) ([]byte, error) {
		switch {
		case product(factors) == 1 && !t.Big && t.Size == native.Size && t.Kind != 'b':
			return append(dst, src...), nil
		case t.Kind == 'f' && t.Size == 2, t.Kind == 'c':
			if product(factors) == 1 {
				return appendSwapped(dst, src, t), nil
			}
			mean, err := level.Mean(nil, src, t, shape, factors)
			return appendHalves(dst, mean), err
		}
		return reduce(dst, src, t, shape, factors)
	}, min(t.Size, 16), nil
}

// appendSwapped appends voxels little-endian; each part of a complex number is swapped by itself.
func appendSwapped(dst, src []byte, t level.DType) []byte {
	at := len(dst)
	dst = append(dst, src...)
	if !t.Big {
		return dst
	}
	size := t.Size
	if t.Kind == 'c' {
		size /= 2
	}
	for b := dst[at:]; len(b) >= size; b = b[size:] {
		slices.Reverse(b[:size])
	}
	return dst
}

// appendHalves appends float32 as float16, rounded to the nearest one, ties to even.
func appendHalves(dst, src []byte) []byte {
	for ; len(src) >= 4; src = src[4:] {
		bits := uint32(src[0]) | uint32(src[1])<<8 | uint32(src[2])<<16 | uint32(src[3])<<24
		h := halfOf(math.Float32frombits(bits))
		dst = append(dst, byte(h), byte(h>>8))
	}
	return dst
}

// halfOf is a number as a float16.
func halfOf(x float32) uint16 {
	bits := math.Float32bits(x)
	sign := uint16(bits >> 16 & 0x8000)
	abs := math.Abs(float64(x))
	switch {
	case x != x:
		return sign | 0x7e00
	case abs >= 65520: // which rounds to more than the largest float16
		return sign | 0x7c00
	case abs < 1.0/(1<<14): // without an exponent
		return sign | uint16(math.RoundToEven(abs*(1<<24)))
	}
	fraction, exponent := math.Frexp(abs) // from 0.5 to 1
	n := uint16(math.RoundToEven(fraction * (1 << 11)))
	// A fraction that is rounded up to 1 carries into the exponent by itself.
	return sign | uint16(exponent+13)<<10 + n
}

// Elsewhere answers what other programs ask for, below /zarr/.
func (v *Volumes) Elsewhere() http.Handler { return v.elsewhere }

// Offer offers a volume to other programs. Its error is a *Failure.
func (v *Volumes) Offer(src *source.Source, name string, lasts time.Duration, by string) (elsewhere.Offer, error) {
	vol := named(src, name)
	if vol == nil {
		return elsewhere.Offer{}, &Failure{http.StatusNotFound, fmt.Sprintf("%s has no volume %.80q.", src.ID(), name)}
	}
	if no := v.whyNever(vol); no != "" {
		return elsewhere.Offer{}, &Failure{http.StatusConflict, no}
	}
	offer, err := v.elsewhere.Offer(src.ID(), name, lasts, by)
	if err != nil {
		return offer, &Failure{http.StatusConflict, sentence(err)}
	}
	return offer, nil
}

// Withdraw takes an offer back. It reports false if there is none.
func (v *Volumes) Withdraw(id string) (elsewhere.Offer, bool) { return v.elsewhere.Revoke(id) }

// whyNever says why a volume cannot be offered to other programs, "" if it can.
func (v *Volumes) whyNever(vol *volume) string {
	if !vol.Kind.IsVoxels() {
		return "Points, lines and surfaces are none of what OME-Zarr is for."
	}
	if _, err := (&offered{vol: vol}).describe("|u1", nil); err != nil {
		return sentence(err)
	}
	return ""
}

// UseElsewhere is the part of a volume's page about other programs. base is webmon's own address as the person
// knows it, with a slash at its end.
func (v *Volumes) UseElsewhere(w tab.View, name, base string) *components.Elsewhere {
	src := w.Source
	vol := named(src, name)
	if vol == nil || vol.Problem != "" {
		return nil
	}
	at := v.opts.Prefix.String() + "/" + slug + "/" + url.PathEscape(src.ID()) + "/offers"
	out := &components.Elsewhere{Action: at, CSRF: w.CSRF, Volume: name, Never: v.whyNever(vol)}
	if vol.turned() {
		out.Note = turnedHere
	}
	if door.Of(w.Request.Context()).Role < door.Steer {
		out.Closed = "Only people who may steer can offer the volume to other programs."
		return out
	}
	for _, o := range v.elsewhere.List(src.ID(), name) {
		entry := components.ElsewhereOffer{
			ID: o.ID, Address: base + o.Path(0, false), By: o.By, Until: o.Until.Local(), Bytes: o.Bytes, Revoke: at + "/" + o.ID + "/revoke",
			Snippets: vol.snippets(base + o.Path(0, false)), Exact: base + o.Path(max(o.Generation, 1), false),
		}
		if !o.Used.IsZero() {
			entry.Used = ui.Age(max(0, w.Now.Sub(o.Used)))
		}
		entry.Public = v.publicClient(w.Request.Context(), src, vol, base+o.Path(max(o.Generation, 1), true))
		out.Offers = append(out.Offers, entry)
	}
	return out
}

// snippets is code that reads a volume at an address.
func (v *volume) snippets(address string) []components.ElsewhereSnippet {
	name := identifier(v.Name)
	quoted := strconv.Quote(address[:len(address)-1])
	levels := len(v.resolutions())
	add, scale, corner := "add_image", []float64{}, []float64{}
	if v.Kind == shm.VolumeLabels {
		add = "add_labels"
	}
	sizes, corners := v.straight()
	affine := v.affine()
	var axes []int
	channel := ""
	if im, err := (&offered{vol: v}).describe("|u1", nil); err == nil {
		for i, k := range im.Order() {
			if k == v.Channels && v.Kind == shm.VolumeImage {
				channel = fmt.Sprintf(", channel_axis=%d", i)
				continue
			}
			axes = append(axes, k)
			scale = append(scale, rounded(sizes[k]))
			corner = append(corner, rounded(corners[k]+sizes[k]/2))
		}
	}
	place := fmt.Sprintf("scale=%s, translate=%s", pythonList(scale), pythonList(corner))
	if affine != nil {
		var rows []string
		for _, i := range axes {
			row := make([]float64, 0, len(axes)+1)
			for _, j := range axes {
				row = append(row, affine[i][j])
			}
			rows = append(rows, pythonList(append(row, affine[i][len(affine)])))
		}
		last := make([]float64, len(axes)+1)
		last[len(axes)] = 1
		place = "affine=[" + strings.Join(append(rows, pythonList(last)), ",\n            ") + "]"
	}
	return []components.ElsewhereSnippet{
		{Key: "zarr", Title: "zarr", Code: fmt.Sprintf(`# pip install zarr fsspec aiohttp
import zarr

%s = zarr.open_array(%s + "/0", mode="r", zarr_format=3)
print(%s.shape, %s.dtype)
`, name, quoted, name, name)},
		{Key: "dask", Title: "dask", Code: fmt.Sprintf(`# pip install dask zarr fsspec aiohttp
import dask.array as da
import zarr

%s = da.from_zarr(zarr.open_array(%s + "/0", mode="r", zarr_format=3))
print(%s.mean().compute())
`, name, quoted, name)},
		{Key: "napari", Title: "napari", Code: fmt.Sprintf(`# pip install napari dask zarr fsspec aiohttp
import dask.array as da
import napari
import zarr

address = %s
levels = [da.from_zarr(zarr.open_array(f"{address}/{k}", mode="r", zarr_format=3)) for k in range(%d)]
viewer = napari.Viewer()
viewer.%s(levels, multiscale=True, name=%s%s,
    %s)
napari.run()
`, quoted, levels, add, strconv.Quote(v.title()), channel, place)},
	}
}

// pythonList is a list of numbers as Python writes them.
func pythonList(numbers []float64) string {
	var out []string
	for _, x := range numbers {
		out = append(out, strconv.FormatFloat(x, 'g', -1, 64))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// identifier is a name that Python takes for a variable.
func identifier(name string) string {
	out := strings.Map(func(r rune) rune {
		if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
	if out == "" || out[0] >= '0' && out[0] <= '9' {
		out = "volume_" + out
	}
	return natural.Clip(out, 40)
}

// publicAddress is Neuroglancer's own site.
const publicAddress = "https://neuroglancer-demo.appspot.com/#!"

// publicClient is a link that opens a volume in Neuroglancer on its own site.
func (v *Volumes) publicClient(ctx context.Context, src *source.Source, vol *volume, address string) string {
	l := v.live(src)
	var h *histogram
	if s := l.show(vol, time.Now()); s != nil {
		h = l.histogram(ctx, vol, s)
	}
	im, err := (&offered{vol: vol}).describe("|u1", nil)
	if err != nil {
		return ""
	}
	at := "zarr3://" + address // of both formats that are there the client wants to be told one
	from := any(at)
	if vol.Channels >= 0 {
		// OME's channels are a slider of the layer, and the shader wants them inside of the voxels.
		axes := vol.space()
		var dims object
		for _, k := range im.Order() {
			a := axes[slices.IndexFunc(axes, func(a axis) bool { return a.From == k })]
			dims = append(dims, field{a.Name, []any{a.Scale, a.Unit}})
		}
		from = object{{"url", at}, {"transform", object{{"outputDimensions", dims}}}}
	}
	layer := vol.layer(vol.title(), h)
	for i := range layer {
		if layer[i].name == "source" {
			layer[i].value = from
		}
	}
	b, err := json.Marshal(object{{"layers", []object{layer}}, {"layout", "4panel"}, {"title", vol.title()}})
	if err != nil {
		return ""
	}
	return publicAddress + strings.ReplaceAll(url.PathEscape(string(b)), "'", "%27")
}
