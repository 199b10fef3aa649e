package slide

import (
	"math"
	"math/rand/v2"
)

// The kinds of layers.
const (
	kindImage   = "image"
	kindLabels  = "labels"
	kindPoints  = "points"
	kindShapes  = "shapes"
	kindVectors = "vectors"
)

// look is a layer as far as it can be changed. Nothing that it refers to is written to again: a
// copy of it can be drawn by another goroutine.
type look struct {
	id, kind, name    string
	visible, selected bool
	opacity           float64
	blending, mode    string

	// Of images.
	plane         plane
	low, high     float64
	rangeLow      float64
	rangeHigh     float64
	gamma         float64
	colormap      string
	interpolation string

	// Of labels.
	contour    int
	label      uint32 // the one that is selected
	labelAlone bool

	// Of images and labels.
	locked int // the level that people have chosen, -1 for none
	bias   int // how much coarser a level than fits the screen is chosen, less than 0: finer

	// Of points.
	points          []point
	allChosen       bool
	size            float64 // um
	symbol          string
	face, border    string
	borderWidth     float64
	relative        bool
	leastPx, mostPx float64

	// Of shapes.
	shapes                 []shape
	edgeWidth              float64 // um
	edgeColour, faceColour string

	// Of vectors.
	vectors  []vector
	width    float64 // um
	length   float64
	style    string
	colourBy string // "direct" or "colormap"
	direct   string
	feature  string
}

func (l *look) isPicture() bool { return l.kind == kindImage || l.kind == kindLabels }

// point is one of a layer of points, in um.
type point struct {
	x, y         float64
	size         float64
	symbol       string
	face, border string
	width        float64 // of the border
}

// shape is one of a layer of shapes: its outline in um.
type shape struct {
	outline    [][2]float64 // x, y
	open       bool         // a path: it is not filled
	width      float64
	edge, face string
}

// vector begins at a place and has a direction, in um.
type vector struct{ x, y, dx, dy float64 }

const chosenShapes = 48 // corners of an ellipse

// defaults are the layers that the demo begins with, bottom first.
func defaults(seed uint64) []look {
	rng := rand.New(rand.NewPCG(seed, 31))
	base := look{visible: true, opacity: 1, gamma: 1, locked: -1, mode: "pan_zoom", blending: "translucent", interpolation: "linear"}

	stain := base
	stain.kind, stain.name, stain.plane = kindImage, "Nuclei", nuclei
	stain.blending, stain.colormap = "additive", "cyan"
	stain.low, stain.high, stain.rangeHigh = 200, 3000, 4095

	skin := base
	skin.kind, skin.name, skin.plane, skin.bias = kindImage, "Membranes", membranes, -1
	skin.blending, skin.colormap = "additive", "magenta"
	skin.low, skin.high, skin.rangeHigh = 8, 190, 255

	found := base
	found.kind, found.name, found.plane, found.bias = kindLabels, "Cells", cells, 1
	found.opacity, found.contour, found.label = 0.75, 1, 1

	marks := base
	marks.kind, marks.name = kindPoints, "Mitoses"
	marks.size, marks.symbol, marks.face, marks.border = 14, "disc", "#ffd84a30", "#ffd84a"
	marks.borderWidth, marks.relative, marks.leastPx, marks.mostPx, marks.allChosen = 0.12, true, 3, 10_000, true
	for i := range regions {
		r := &regions[i]
		for range 16 {
			// At a nucleus.
			x, y := float64(r.x)+float64(r.w)*(rng.Float64()-0.5)*0.94, float64(r.y)+float64(r.h)*(rng.Float64()-0.5)*0.94
			n, ok := nucleusAt(int32(x/cellSpacing), int32(y/cellSpacing), middlePlane, func(x, y float32) tissue { return tissueAt(x, y, 1) })
			if ok && n.sharp {
				marks.points = append(marks.points, point{float64(n.x), float64(n.y), marks.size, marks.symbol, marks.face, marks.border, marks.borderWidth})
			}
		}
	}

	areas := base
	areas.kind, areas.name = kindShapes, "Regions"
	areas.edgeWidth, areas.edgeColour, areas.faceColour, areas.allChosen = 3, "#ffffff", "#ffffff0c", true
	areas.opacity = 0.8
	for i := range regions {
		r := &regions[i]
		x, y, w, h := float64(r.x), float64(r.y), float64(r.w)/2, float64(r.h)/2
		box := [][2]float64{{x - w, y - h}, {x + w, y - h}, {x + w, y + h}, {x - w, y + h}}
		areas.shapes = append(areas.shapes, areas.shapeOf(box, false))
		switch i % 3 {
		case 0:
			var round [][2]float64
			for k := range chosenShapes {
				sin, cos := math.Sincos(2 * math.Pi * float64(k) / chosenShapes)
				round = append(round, [2]float64{x + 0.42*w*cos - 0.2*w, y + 0.3*h*sin + 0.1*h})
			}
			areas.shapes = append(areas.shapes, areas.shapeOf(round, false))
		case 1:
			var corners [][2]float64
			for k := range 7 {
				sin, cos := math.Sincos(2 * math.Pi * (float64(k) + 0.5*rng.Float64()) / 7)
				far := 0.25 + 0.2*rng.Float64()
				corners = append(corners, [2]float64{x + far*w*cos + 0.3*w, y + far*h*sin - 0.2*h})
			}
			areas.shapes = append(areas.shapes, areas.shapeOf(corners, false))
		default:
			var path [][2]float64
			for k := range 9 {
				path = append(path, [2]float64{x - 0.8*w + 0.2*w*float64(k), y + 0.5*h*math.Sin(float64(k)*0.9)})
			}
			areas.shapes = append(areas.shapes, areas.shapeOf(path, true))
		}
	}

	drift := base
	drift.kind, drift.name = kindVectors, "Drift"
	drift.width, drift.length, drift.style, drift.colourBy, drift.direct, drift.feature = 2.5, 1, "arrow", "colormap", "#5ad1ff", "angle"
	drift.colormap, drift.opacity, drift.visible = "hsv", 0.85, true
	for i := range regions {
		r := &regions[i]
		for row := range 9 {
			for col := range 12 {
				x := float64(r.x) + float64(r.w)*((float64(col)+0.5)/12-0.5)
				y := float64(r.y) + float64(r.h)*((float64(row)+0.5)/9-0.5)
				// Round the middle of the region, and outwards.
				dx, dy := (x-float64(r.x))/float64(r.w), (y-float64(r.y))/float64(r.h)
				drift.vectors = append(drift.vectors, vector{x, y, 70*dx - 110*dy + 6*rng.NormFloat64(), 70*dy + 110*dx + 6*rng.NormFloat64()})
			}
		}
	}
	return []look{stain, skin, found, areas, drift, marks}
}

func (l *look) shapeOf(outline [][2]float64, open bool) shape {
	return shape{outline: outline, open: open, width: l.edgeWidth, edge: l.edgeColour, face: l.faceColour}
}
