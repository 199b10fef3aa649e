package tiff

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"webmon/shm/stack/plane"
)

// isOME reports whether a description is OME's XML.
func isOME(text string) bool {
	return strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(text, "\ufeff")), "<") && strings.Contains(text, "<OME") || strings.Contains(text, ":OME ")
}

// block is a TiffData element: planes from those numbers on are the pages from ifd on.
type block struct {
	c, t, z, ifd, count int // ifd and count are -1 where they are not said
	uuid, file          string
}

// omeImage is what is needed of the first Image of the XML.
type omeImage struct {
	uuid, order         string
	sizeC, sizeT, sizeZ int
	x, y, z, interval   float64
	names               []string
	blocks              []block
	images              int
	pixels              bool // whether there is any
}

// parseOME reads the XML as it comes, so that no tree of it is in memory.
func parseOME(text string) (*omeImage, error) {
	im := &omeImage{}
	d := xml.NewDecoder(strings.NewReader(text))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // names alone could differ
	inUUID, depth := false, 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("its OME-XML cannot be read: %w", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			depth++
			at := func(name string) string {
				for _, a := range e.Attr {
					if a.Name.Local == name {
						return a.Value
					}
				}
				return ""
			}
			number := func(name string, otherwise int) int {
				if n, err := strconv.Atoi(at(name)); err == nil && n >= 0 {
					return n
				}
				return otherwise
			}
			switch e.Name.Local {
			case "OME":
				im.uuid = at("UUID")
			case "BinaryOnly":
				return nil, fmt.Errorf("it is one of several files of an OME-TIFF, whose metadata are in %q; webmon reads those that are one file", at("MetadataFile"))
			case "Image":
				im.images++
			case "Pixels":
				if im.images > 1 {
					break
				}
				im.pixels = true
				im.order = at("DimensionOrder")
				im.sizeC, im.sizeT, im.sizeZ = number("SizeC", 0), number("SizeT", 0), number("SizeZ", 0)
				length := func(name string) float64 {
					unit := at(name + "Unit")
					if unit == "" {
						unit = "um"
					}
					return positive(at(name)) * micrometres(unit)
				}
				im.x, im.y, im.z = length("PhysicalSizeX"), length("PhysicalSizeY"), length("PhysicalSizeZ")
				im.interval = positive(at("TimeIncrement")) * seconds(at("TimeIncrementUnit"))
			case "Channel":
				if im.images == 1 && len(im.names) < plane.MostChannels {
					im.names = append(im.names, at("Name"))
				}
			case "TiffData":
				if im.images == 1 {
					// Each block is a plane at least.
					if len(im.blocks) >= 1 && len(im.blocks) >= min(im.sizeC, plane.MostPlanes)*min(im.sizeT, plane.MostPlanes)*min(im.sizeZ, plane.MostPlanes) {
						return nil, fmt.Errorf("its OME-XML gives pages to more planes than the %d x %d x %d that there are", im.sizeC, im.sizeT, im.sizeZ)
					}
					im.blocks = append(im.blocks, block{c: number("FirstC", 0), t: number("FirstT", 0), z: number("FirstZ", 0),
						ifd: number("IFD", -1), count: number("PlaneCount", -1)})
				}
			case "UUID":
				if im.images == 1 && len(im.blocks) > 0 {
					im.blocks[len(im.blocks)-1].file = at("FileName")
					inUUID = true
				}
			}
		case xml.EndElement:
			inUUID = false
			depth--
		case xml.CharData:
			if inUUID && len(im.blocks[len(im.blocks)-1].uuid) < 256 {
				im.blocks[len(im.blocks)-1].uuid += strings.TrimSpace(string(e[:min(len(e), 256)]))
			}
		}
	}
	if depth != 0 || !im.pixels {
		return nil, errors.New("its OME-XML describes no image")
	}
	return im, nil
}

// ome takes in the metadata of an OME-TIFF: the first of its images.
func (m *Image) ome(p *page, text string) error {
	im, err := parseOME(text)
	if err != nil {
		return err
	}
	others, own := map[string]bool{}, im.uuid
	for _, b := range im.blocks {
		if b.uuid != "" && b.uuid != own {
			if own == "" {
				own = b.uuid // all blocks of one file name the same
				continue
			}
			others[b.file] = true
		}
		if len(others) > 8 {
			break
		}
	}
	if len(others) > 0 {
		for name := range others {
			return fmt.Errorf("it is an OME-TIFF in several files (%q is another); webmon reads those that are one file", name)
		}
	}
	i := &m.info
	i.Times, i.Channels, i.Slices = im.sizeT, im.sizeC, im.sizeZ
	i.Rows, i.Cols, i.Type = 1, 1, "u1"
	if err := i.Valid(); err != nil {
		return fmt.Errorf("its OME-XML: %w", err)
	}
	if err := m.omePlanes(im); err != nil {
		return err
	}
	first := m.page(0)
	for n := 0; first < 0 && n < len(m.planes); n++ {
		first = m.page(n)
	}
	if first < 0 {
		return errors.New("its OME-XML names no page of the file")
	}
	if first > 0 {
		if p, err = m.in.directory(m.pages[first].at); err != nil {
			return fmt.Errorf("page %d: %w", first+1, err)
		}
	}
	if err := m.pixels(p); err != nil {
		return err
	}
	m.format("OME-TIFF", p)
	i.Voxel, i.Interval = plane.Voxel{X: im.x, Y: im.y, Z: im.z}, im.interval
	for k, name := range im.names {
		if name != "" && k < i.Channels {
			if i.Names == nil {
				i.Names = make([]string, i.Channels)
			}
			i.Names[k] = name
		}
	}
	return i.Valid()
}

// omePlanes says which page each plane is.
func (m *Image) omePlanes(im *omeImage) error {
	i := &m.info
	// DimensionOrder begins with XY, and the axis that runs fastest comes first.
	order := strings.TrimPrefix(im.order, "XY")
	if len(order) != 3 || !strings.Contains(order, "Z") || !strings.Contains(order, "C") || !strings.Contains(order, "T") {
		return fmt.Errorf("its OME-XML gives the order of dimensions as %q", im.order)
	}
	const axes = "ZCT"
	sizes := [3]int{i.Slices, i.Channels, i.Times}
	var axis [3]int // which of axes each of the order is
	for k := range axis {
		axis[k] = strings.IndexByte(axes, order[k])
	}
	fast, middle, slow := axis[0], axis[1], axis[2]
	all := i.Times * i.Channels * i.Slices
	m.planes = make([]int32, all)
	for n := range m.planes {
		m.planes[n] = -1
	}
	blocks := im.blocks
	if len(blocks) == 0 {
		blocks = []block{{ifd: -1, count: -1}}
	}
	given := 0
	for _, b := range blocks {
		from := [3]int{b.z, b.c, b.t}
		for k, n := range from {
			if n >= sizes[k] {
				return fmt.Errorf("its OME-XML names the plane %d of the %d of the axis %c", n, sizes[k], axes[k])
			}
		}
		// The number of the block's first plane in the order of the pages.
		linear := (from[slow]*sizes[middle]+from[middle])*sizes[fast] + from[fast]
		count := b.count
		switch {
		case count < 0 && b.ifd >= 0:
			count = 1
		case count < 0:
			count = all - linear
		}
		ifd := max(b.ifd, 0)
		if ifd >= len(m.pages) || count > len(m.pages)-ifd {
			return fmt.Errorf("its OME-XML names page %d, and the file has %d", ifd+count, len(m.pages))
		}
		if given += min(count, all+1); count > all-linear || given > all {
			return fmt.Errorf("its OME-XML gives pages to more planes than the %d that there are", all)
		}
		for k := range count {
			n := linear + k
			var at [3]int
			at[fast], at[middle], at[slow] = n%sizes[fast], n/sizes[fast]%sizes[middle], n/sizes[fast]/sizes[middle]
			m.planes[(at[2]*i.Channels+at[1])*i.Slices+at[0]] = int32(ifd + k)
		}
	}
	return nil
}
