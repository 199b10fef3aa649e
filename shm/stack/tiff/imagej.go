package tiff

import (
	"fmt"
	"strconv"
	"strings"

	"webmon/shm/stack/plane"
)

// imageJ takes in the description that ImageJ writes, lines of key=value. The channel
// runs fastest, then the slice, then the time. Where the file is large there is one page only, and the
// planes lie behind its own.
func (m *Image) imageJ(p *page, text string) error {
	m.palette = true // ImageJ writes its colour tables so, and the pixels stay what they are
	if err := m.pixels(p); err != nil {
		return err
	}
	values := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && len(values) < 256 {
			values[key] = value
		}
	}
	count := func(key string) int {
		if n, err := strconv.Atoi(values[key]); err == nil && n > 0 {
			return n
		}
		return 1
	}
	i := &m.info
	i.Times, i.Channels, i.Slices = count("frames"), count("channels"), count("slices")
	images := count("images")
	if _, said := values["images"]; !said {
		images = len(m.pages)
	}
	if i.Times > plane.MostPlanes || i.Channels > plane.MostPlanes || i.Slices > plane.MostPlanes || images > plane.MostPlanes {
		return fmt.Errorf("ImageJ says that it has %d images: %d channels, %d slices, %d frames; webmon reads %d planes",
			images, i.Channels, i.Slices, i.Times, plane.MostPlanes)
	}
	if all := i.Times * i.Channels * i.Slices; all != images {
		if all != 1 {
			return fmt.Errorf("ImageJ says that it has %d images, and %d channels, %d slices and %d frames, which are %d",
				images, i.Channels, i.Slices, i.Times, all)
		}
		i.Slices = images
	}
	if err := i.Valid(); err != nil {
		return err
	}
	m.format("ImageJ TIFF", p)
	unit := micrometres(values["unit"])
	i.Voxel = plane.Voxel{X: perUnit(m.in.rational(p.xres), unit), Y: perUnit(m.in.rational(p.yres), unit)}
	if yunit, ok := values["yunit"]; ok {
		i.Voxel.Y = perUnit(m.in.rational(p.yres), micrometres(yunit))
	}
	if zunit, ok := values["zunit"]; ok {
		unit = micrometres(zunit)
	}
	i.Voxel.Z = positive(values["spacing"]) * unit
	i.Interval = positive(values["finterval"]) * seconds(values["tunit"])
	switch {
	case len(m.pages) == 1 && images > 1:
		return m.oneAfterAnother(p, "ImageJ")
	case len(m.pages) < images:
		return fmt.Errorf("ImageJ says that it has %d images, and there are %d pages", images, len(m.pages))
	}
	return nil
}

// oneAfterAnother makes planes of what lies behind the first page's pixels. who says that they
// are there.
func (m *Image) oneAfterAnother(p *page, who string) error {
	i := &m.info
	planes := int64(i.Times * i.Channels * i.Slices)
	if p.compression != 1 || p.tiled {
		return fmt.Errorf("%s says that it has %d images, and there is one page, in %s, %s", who, planes, p.segments(), compressions[p.compression])
	}
	down, _ := p.grid()
	// All strips but the last are equally long, so the ends tell whether they lie behind each other.
	first, err := m.in.numbers(p.offsets, 0, 1)
	if err != nil {
		return fmt.Errorf("page 1: where its strips are: %w", err)
	}
	last, err := m.in.numbers(p.offsets, down-1, 1)
	if err != nil {
		return fmt.Errorf("page 1: where its strips are: %w", err)
	}
	row := uint64(i.Cols * i.Type.Size())
	if last[0]-first[0] != uint64((down-1)*p.segRows)*row {
		return fmt.Errorf("%s says that it has %d images, and the strips of its one page do not lie behind each other", who, planes)
	}
	all := int64(row) * int64(i.Rows)
	if first[0] > uint64(m.in.size) || planes > (m.in.size-int64(first[0]))/all {
		return fmt.Errorf("%s says that it has %d images of %d bytes, and the file has %d; it may be cut short", who, planes, all, m.in.size)
	}
	m.inOne, m.begin = true, int64(first[0])
	return nil
}

func positive(text string) float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(v > 0) || v > 1e12 {
		return 0
	}
	return v
}

// units are micrometres a unit of length, as ImageJ and OME write them.
var units = map[string]float64{
	"m": 1e6, "dm": 1e5, "cm": 1e4, "mm": 1e3, "um": 1, "\u00b5m": 1, "\u03bcm": 1, "nm": 1e-3, "pm": 1e-6, "\u00c5": 1e-4, "\u212b": 1e-4,
	"micron": 1, "microns": 1, "micrometer": 1, "micrometre": 1, "micrometers": 1, "micrometres": 1,
	"nanometer": 1e-3, "millimeter": 1e3, "centimeter": 1e4, "meter": 1e6, "angstrom": 1e-4, "\u00e5ngstr\u00f6m": 1e-4,
	"in": 25400, "inch": 25400, "inches": 25400,
}

// micrometres are those of a unit of length, 0 for what is none.
func micrometres(unit string) float64 {
	if unit == "\xb5m" {
		return 1 // Latin-1, of old programs
	}
	unit = strings.TrimSpace(strings.NewReplacer(`\u00B5`, "\u00b5", `\u00b5`, "\u00b5", `\u03BC`, "\u03bc").Replace(unit))
	if v, ok := units[unit]; ok {
		return v
	}
	return units[strings.ToLower(unit)]
}

// seconds are those of a unit of time; nothing said is seconds.
func seconds(unit string) float64 {
	switch strings.TrimSpace(strings.ToLower(unit)) {
	case "", "s", "sec", "secs", "second", "seconds":
		return 1
	case "ms", "msec", "millisecond":
		return 1e-3
	case "min", "minute", "minutes":
		return 60
	case "h", "hour", "hours":
		return 3600
	}
	return 0
}
