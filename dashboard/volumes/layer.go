package volumes

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"webmon/dashboard/pixels"
	"webmon/dashboard/volumes/level"
	"webmon/shm"
)

type rawJSON = json.RawMessage

// The scales that the client makes of a volume, if a script says nothing else: down to where all of it
// fits into a chunk, because volume rendering and the first look need few voxels.
const coarsest = 64

// most is how many voxels may become one on the way, of a volume whose process is asked for every
// box: a coarser level would have it read everything.
const mostAsked = 512

// info is the answer to a request for what a volume is.
func (v *volume) info(generation uint64, limits *[2]float64) (object, error) {
	w, ok := level.WireOf(v.Descr, v.Kind == shm.VolumeLabels, limits)
	if v.meshed() {
		w.Type, ok = "uint32", true // of the label that the surface has
	}
	if v.Problem != "" || !ok {
		return nil, &Failure{404, v.title() + " cannot be read: " + v.problem()}
	}
	axes := v.space()
	offset, _ := v.offset(axes)
	shape := make([]int, len(axes))
	for i, a := range axes {
		shape[i] = max(1, v.Shape[a.From]) // how far a surface goes need not be known
	}
	kind := "image"
	if v.Kind != shm.VolumeImage {
		kind = "segmentation"
	}
	encoding, layout, downsampling := "raw", "isotropic", any("3d")
	var most, size, scales, perChunk any = nil, coarsest, nil, 18
	if !v.mapped() {
		most = v.levelBlock() * mostAsked
	} else if pixels.Count(v.Shape) > maxBlock {
		most = maxBlock
	}
	if len(axes) < 3 {
		downsampling = "2d"
	}
	if c := v.Client; c != nil {
		number := func(n *int64) any {
			if n == nil {
				return nil
			}
			return *n
		}
		if c.Encoding == "jpeg" || c.Encoding == "npz" {
			encoding = c.Encoding
		}
		if c.ChunkLayout == "flat" {
			layout = c.ChunkLayout
		}
		if downsampling = any(c.Downsampling); c.Downsampling != "2d" && c.Downsampling != "3d" {
			downsampling = nil
		}
		most, size, scales = number(c.MaxDownsampling), number(c.MaxDownsampledSize), number(c.MaxDownsamplingScales)
		if c.MaxVoxelsPerChunkLog2 != nil {
			perChunk = min(max(*c.MaxVoxelsPerChunkLog2, 0), 24)
		}
	}
	return object{
		{"dataType", w.Type}, {"encoding", encoding}, {"generation", generation}, {"coordinateSpace", dimensions(axes)},
		{"shape", shape}, {"volumeType", kind}, {"voxelOffset", offset}, {"chunkLayout", layout}, {"downsamplingLayout", downsampling},
		{"maxDownsampling", most}, {"maxDownsampledSize", size}, {"maxDownsamplingScales", scales}, {"maxVoxelsPerChunkLog2", perChunk},
	}, nil
}

// levelBlock is how many voxels become one in the coarsest level of the process.
func (v *volume) levelBlock() int {
	if len(v.Levels) == 0 {
		return 1
	}
	return max(1, pixels.Count(v.Shape)/max(1, pixels.Count(v.Levels[len(v.Levels)-1].Shape)))
}

func (v *volume) problem() string {
	if v.Problem == "" {
		return "its dtype is unknown"
	}
	return v.Problem
}

// spaced are the axes that all layers of a view share: not the channels, which are inside a layer.
func (v *volume) spaced() []axis {
	return slices.DeleteFunc(v.space(), func(a axis) bool { return strings.HasSuffix(a.Name, "^") || strings.HasSuffix(a.Name, "'") })
}

// source is the source of the volume's layer.
func (v *volume) source() any {
	url := "python://volume/" + v.Key
	switch v.Kind {
	case shm.VolumePoints:
		return v.pointsSource()
	case shm.VolumeImage, shm.VolumeLabels:
	default:
		if !v.meshed() {
			url = "python://skeleton/" + v.Key
		}
	}
	var more object
	if v.meshed() {
		more = object{{"subsources", object{{"meshes", true}}}, {"enableDefaultSubsources", false}}
	}
	list := []any{v.placed(url, v.space(), more)}
	if v.listed() {
		list = append(list, segmentsAt(v.Key))
	}
	// The skeletons of labels are a source of their own, in the axes that skeletons have.
	if axes := v.solid(); v.Kind == shm.VolumeLabels && v.Skeletons && axes != nil {
		list = append(list, v.placed("python://skeleton/"+v.Key, axes, nil))
	}
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// placed is a source that lies in the space as the volume does, along the axes that it has.
func (v *volume) placed(url string, axes []axis, more object) any {
	if matrix := v.transform(axes); matrix != nil {
		more = append(object{{"transform", object{{"matrix", matrix}, {"outputDimensions", dimensions(axes)}}}}, more...)
	}
	if more == nil {
		return url
	}
	return append(object{{"url", url}}, more...)
}

// meshed reports whether a volume is a surface that goes out as the mesh of a label, of a volume without voxels: the
// client has meshes of volumes with three axes alone. Other surfaces are drawn by their edges.
func (v *volume) meshed() bool { return v.Kind == shm.VolumeSurface && len(v.Shape) == 3 }

// layer is the layer of the client that shows a volume to begin with.
func (v *volume) layer(name string, h *histogram) object {
	out := object{{"type", "image"}, {"name", name}, {"source", v.source()}}
	set := func(name string, value any) { out = append(out, field{name, value}) }
	if v.Kind == shm.VolumePoints {
		out[0].value = "annotation"
		set("shader", v.pointsShader())
	} else if v.Kind != shm.VolumeImage {
		out[0].value = "segmentation"
		if !v.Kind.IsVoxels() {
			set("segments", []string{"1"})
			set("skeletonRendering", object{{"mode2d", "lines_and_points"}, {"mode3d", "lines"}})
		}
		if v.Opacity != nil {
			set("selectedAlpha", clamp(*v.Opacity))
		}
	} else {
		shader, controls := v.shader(h)
		set("shader", shader)
		if len(controls) > 0 {
			set("shaderControls", controls)
		}
		opacity := 1.0
		if v.Opacity != nil {
			opacity = clamp(*v.Opacity)
		}
		set("opacity", opacity)
		if v.Blending == "additive" {
			set("blend", "additive")
		}
		set("volumeRenderingDepthSamples", 128)
		set("tab", "rendering")
	}
	return out
}

func clamp(x float64) float64 {
	if !(x >= 0) {
		return 0
	}
	return min(x, 1)
}

// colours of channels that are blended, in the order in which they come.
var channelColors = []string{"#ff00ff", "#00ff00", "#00ffff", "#ffff00", "#ff4040", "#4080ff"}

// shader is how the client draws the voxels of an image, with the values of its controls.
func (v *volume) shader(h *histogram) (text string, controls object) {
	w, _ := level.WireOf(v.Descr, false, v.Limits)
	count := 1
	if v.Channels >= 0 && v.Client == nil {
		count = v.Shape[v.Channels]
	}
	if v.RGB && count >= 3 {
		full := 255.0
		switch d, _ := level.ParseDType(v.Descr); {
		case d.Kind == 'f', d.Kind == 'b':
			full = 1
		case d.Kind == 'u' && d.Size == 2:
			full = 65535
		}
		var parts []string
		for i := range 3 {
			parts = append(parts, fmt.Sprintf("float(toRaw(getDataValue(%d)))", i))
		}
		return fmt.Sprintf("void main() {\n  vec3 c = vec3(%s) / %.1f;\n  if (VOLUME_RENDERING) emitRGBA(vec4(c, max(c.r, max(c.g, c.b))));\n  else emitRGB(c);\n}\n",
			strings.Join(parts, ", "), full), nil
	}
	limits := v.Limits
	if limits == nil && h != nil {
		limits = &[2]float64{h.Low, h.High}
	}
	control := func() any {
		if limits == nil || !(limits[0] < limits[1]) || math.IsInf(limits[1]-limits[0], 0) {
			return nil
		}
		window := [2]float64{limits[0], limits[1]}
		if h != nil && h.Min < h.Max && !math.IsInf(h.Max-h.Min, 0) {
			window = [2]float64{min(window[0], h.Min), max(window[1], h.Max)}
		}
		return object{{"range", numbers(*limits, w)}, {"window", numbers(window, w)}}
	}()
	if count > 1 {
		var b strings.Builder
		var sum []string
		for i := range min(count, len(channelColors)) {
			fmt.Fprintf(&b, "#uicontrol invlerp channel%d(channel=%d)\n#uicontrol vec3 color%d color(default=\"%s\")\n", i, i, i, channelColors[i])
			sum = append(sum, fmt.Sprintf("color%d * channel%d()", i, i))
			if control != nil {
				controls = append(controls, field{fmt.Sprintf("channel%d", i), control})
			}
		}
		fmt.Fprintf(&b, "void main() {\n  vec3 c = %s;\n  if (VOLUME_RENDERING) emitRGBA(vec4(c, max(c.r, max(c.g, c.b))));\n  else emitRGB(c);\n}\n", strings.Join(sum, " + "))
		return b.String(), controls
	}
	if control != nil {
		controls = object{{"normalized", control}}
	}
	return colourShader(v.Colormap), controls
}

// numbers are limits as the client takes them: whole ones for whole numbers.
func numbers(limits [2]float64, w level.Wire) [2]float64 {
	if w.Type != "float32" {
		limits[0], limits[1] = math.Floor(limits[0]), math.Ceil(limits[1])
	}
	return limits
}

// stops is how many colours of a table a shader has; it mixes those between.
const stops = 17

// colourShader is a shader of one control, normalized, with the colours of a table.
func colourShader(colormap string) string {
	const head = "#uicontrol invlerp normalized\n"
	table, ok := pixels.Colors(colormap, stops)
	if !ok || colormap == "gray" {
		return head + "void main() {\n  float x = clamp(normalized(), 0.0, 1.0);\n  if (VOLUME_RENDERING) emitRGBA(vec4(x, x, x, x));\n  else emitGrayscale(x);\n}\n"
	}
	var b strings.Builder
	b.WriteString(head)
	fmt.Fprintf(&b, "const vec3 colors[%d] = vec3[%d](", stops, stops)
	for i, c := range table {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "vec3(%.3f, %.3f, %.3f)", float64(c.R)/255, float64(c.G)/255, float64(c.B)/255)
	}
	fmt.Fprintf(&b, ");\nvoid main() {\n  float x = clamp(normalized(), 0.0, 1.0);\n  int i = min(int(x * %d.0), %d);\n", stops-1, stops-2)
	fmt.Fprintf(&b, "  vec3 c = mix(colors[i], colors[i + 1], x * %d.0 - float(i));\n  if (VOLUME_RENDERING) emitRGBA(vec4(c, x));\n  else emitRGB(c);\n}\n", stops-1)
	return b.String()
}

// panelSide is how many pixels a panel is taken to be wide and high.
const panelSide = 400

// state is the state of a view of volumes to begin with. selected is the layer whose panel is open,
// "" for none.
func state(title string, list []*volume, histograms []*histogram) (rawJSON, error) {
	var axes []axis
	var position, extent []float64
	seen := map[string]bool{}
	names := map[string]bool{}
	layers := []object{}
	for i, v := range list {
		space := v.space()
		offset, exact := v.offset(space)
		matrix := v.transform(space)
		for k, a := range space {
			if strings.HasSuffix(a.Name, "^") || strings.HasSuffix(a.Name, "'") || seen[a.Name] {
				continue
			}
			seen[a.Name] = true
			n := float64(v.Shape[a.From])
			middle := n/2 + float64(offset[k])
			if pixels.IsTime(a.Name) {
				middle = 0.5
			}
			if !exact {
				middle = matrix[k][len(space)]
				for j, b := range space {
					middle += matrix[k][j] * float64(v.Shape[b.From]) / 2
				}
			}
			if matrix != nil { // what is turned reaches further
				n = 0
				for j, b := range space {
					n += math.Abs(matrix[k][j]) * float64(v.Shape[b.From])
				}
			}
			axes = append(axes, a)
			position = append(position, math.Floor(middle)+0.5)
			extent = append(extent, n)
		}
		name := v.title()
		for n := 2; names[name]; n++ {
			name = fmt.Sprintf("%s (%d)", v.title(), n)
		}
		names[name] = true
		layer := v.layer(name, histograms[i])
		if v.Hidden && len(list) > 1 { // whoever opens a volume alone wants to see it
			layer = append(layer, field{"visible", false})
		}
		layers = append(layers, layer)
	}
	shown := min(3, len(axes))
	smallest, longest := math.Inf(1), 0.0
	for i := range shown {
		smallest = min(smallest, axes[i].Scale)
	}
	for i := range shown {
		longest = max(longest, extent[i]*axes[i].Scale/smallest)
	}
	layout := "4panel"
	if shown < 3 {
		layout = "xy"
	}
	out := object{{"title", title}, {"dimensions", dimensions(axes)}, {"position", position}}
	if shown > 0 {
		// A page fits both to its panels while they are as here (public/js/start.js): it alone knows how large those are.
		section, projection := longest/panelSide, longest*1.6
		out = append(out, field{"crossSectionScale", section}, field{"projectionScale", projection},
			field{"webmonStart", object{{"crossSectionScale", section}, {"projectionScale", projection}, {"side", panelSide}}})
	}
	out = append(out, field{"layers", layers}, field{"layout", layout}, field{"showSlices", true},
		field{"gpuMemoryLimit", 1 << 30}, field{"systemMemoryLimit", 1 << 31}, field{"concurrentDownloads", 32})
	return json.Marshal(out)
}
