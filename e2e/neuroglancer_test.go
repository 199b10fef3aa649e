//go:build linux

package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"webmon/dashboard"
	"webmon/public"
)

// side is how many voxels the test's volumes have along each axis.
const side = 8

// brightness is the image's value at a voxel: another one in each of a slice.
func brightness(x, y, z int) uint8 { return uint8(3*x + 25*y + z) }

// ids are the labels of a volume of labels, by the small number that label gives.
var ids = map[string][4]uint64{
	"u32": {0, 7, 70_000, 4_000_000_005},
	"u64": {0, 7, 1<<40 + 1, 1<<63 + 5},
}

// label is the number of the label at a voxel: all four are in each slice, and in each
// block of the client's compression.
func label(x, y, z int) int { return (x/2 + y/3 + z) % 4 }

// labelColours are what the state says of each number; the background is not drawn.
var labelColours = [4]color.RGBA{{A: 255}, {R: 255, A: 255}, {G: 255, A: 255}, {R: 255, G: 255, A: 255}}

// cube is a mesh in the wire's form: the voxels from 2 to 6, in metres.
func cube() []byte {
	const lo, hi = 2e-6, 6e-6
	corners := []float32{}
	for i := range 8 {
		for bit := range 3 {
			if i>>bit&1 == 1 {
				corners = append(corners, hi)
			} else {
				corners = append(corners, lo)
			}
		}
	}
	triangles := []uint32{
		0, 2, 1, 1, 2, 3, // low z
		4, 5, 6, 5, 7, 6, // high z
		0, 1, 4, 1, 5, 4, // low y
		2, 6, 3, 3, 6, 7, // high y
		0, 4, 2, 2, 4, 6, // low x
		1, 3, 5, 3, 7, 5, // high x
	}
	var b bytes.Buffer
	for _, part := range []any{uint32(8), corners, triangles} {
		_ = binary.Write(&b, binary.LittleEndian, part) // into memory
	}
	return b.Bytes()
}

// pythonServer speaks what the client needs of the wire of Neuroglancer's Python
// package: one state for all, and three volumes. What it does not know it refuses and
// notes, because the client does not tell.
type pythonServer struct {
	state, config any

	mu      sync.Mutex
	refused []string
	asked   map[string]int // requests for chunks, by volume
}

func (s *pythonServer) refuse(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = append(s.refused, r.Method+" "+r.URL.String())
	http.Error(w, "This is not served.", http.StatusNotFound)
}

func (s *pythonServer) serve(prefix string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(prefix+"/v/tok/", public.Neuroglancer())
	mux.HandleFunc("GET "+prefix+"/events/tok", s.events)
	mux.HandleFunc("POST "+prefix+"/state/tok", func(w http.ResponseWriter, r *http.Request) {
		var posted struct {
			G int    `json:"g"`
			C string `json:"c"`
		}
		if err := json.NewDecoder(r.Body).Decode(&posted); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, `{"g": "%s/%d"}`, posted.C, posted.G)
	})
	mux.HandleFunc("GET "+prefix+"/neuroglancer/info/{key}", s.info)
	mux.HandleFunc("GET "+prefix+"/neuroglancer/raw/{key}/{factors}/{start}/{end}", s.chunk)
	mux.HandleFunc("GET "+prefix+"/neuroglancer/mesh/{key}/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") != "7" {
			s.refuse(w, r)
			return
		}
		_, _ = w.Write(cube())
	})
	mux.HandleFunc("/", s.refuse)
	return mux
}

func (s *pythonServer) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, event := range []map[string]any{{"k": "c", "s": s.config, "g": "1"}, {"k": "s", "s": s.state, "g": "1"}} {
		line, err := json.Marshal(event)
		if err != nil {
			panic(err) // what the test itself has made
		}
		fmt.Fprintf(w, "data: %s\n\n", line)
	}
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func (s *pythonServer) info(w http.ResponseWriter, r *http.Request) {
	types := map[string][2]string{"u8": {"uint8", "image"}, "u32": {"uint32", "segmentation"}, "u64": {"uint64", "segmentation"}}
	kind, ok := types[strings.TrimPrefix(r.PathValue("key"), "tok.")]
	if !ok {
		s.refuse(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"dataType": kind[0], "volumeType": kind[1], "encoding": "raw", "generation": 0,
		"coordinateSpace": map[string]any{"x": []any{1e-6, "m"}, "y": []any{1e-6, "m"}, "z": []any{1e-6, "m"}},
		"shape":           []int{side, side, side}, "voxelOffset": []int{0, 0, 0},
		"chunkLayout": "isotropic", "downsamplingLayout": "3d",
		"maxDownsampling": nil, "maxDownsampledSize": 64, "maxDownsamplingScales": nil, "maxVoxelsPerChunkLog2": 18,
	})
}

func (s *pythonServer) chunk(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.PathValue("key"), "tok.")
	var box [2][3]int
	for i, name := range []string{"start", "end"} {
		for axis, text := range strings.SplitN(r.PathValue(name), ",", 3) {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 || n > side {
				s.refuse(w, r)
				return
			}
			box[i][axis] = n
		}
	}
	if r.PathValue("factors") != "1,1,1" {
		s.refuse(w, r)
		return
	}
	s.mu.Lock()
	s.asked[key]++
	s.mu.Unlock()
	var b []byte
	for z := box[0][2]; z < box[1][2]; z++ {
		for y := box[0][1]; y < box[1][1]; y++ {
			for x := box[0][0]; x < box[1][0]; x++ {
				switch key {
				case "u8":
					b = append(b, brightness(x, y, z))
				case "u32":
					b = binary.LittleEndian.AppendUint32(b, uint32(ids[key][label(x, y, z)]))
				default:
					b = binary.LittleEndian.AppendUint64(b, ids[key][label(x, y, z)])
				}
			}
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b)
}

// policyOfWebmon is the Content-Security-Policy under which webmon's pages are.
func policyOfWebmon(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := dashboard.New(dashboard.Options{Listener: l, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		l.Close()
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serving ended with %v", err)
		}
	}()
	response, err := http.Get("http://" + l.Addr().String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	policy := response.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "eval") {
		t.Fatalf("the policy of webmon is %q: this test is about one without eval", policy)
	}
	return policy
}

// closeTo reports whether two colours are the same up to rounding.
func closeTo(a color.Color, b color.RGBA) bool {
	r, g, bl, _ := a.RGBA()
	off := func(a uint32, b uint8) bool { return math.Abs(float64(a>>8)-float64(b)) > 2 }
	return !off(r, b.R) && !off(g, b.G) && !off(bl, b.B)
}

// The vendored client shows what a server of python:// volumes has, under webmon's
// policy and below a prefix: images, labels of 32 and 64 bits, which it compresses,
// annotations with properties, and a mesh. The modules that need an eval as they are
// published fail without a word, so the pixels are looked at.
func TestNeuroglancerShowsWhatItShould(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	const prefix = "/lab/deep"
	axes := map[string]any{"x": []any{1e-6, "m"}, "y": []any{1e-6, "m"}, "z": []any{1e-6, "m"}}
	labels := func(key string) map[string]any {
		colours, segments := map[string]string{}, []string{}
		for n, id := range ids[key] {
			if n > 0 {
				c := labelColours[n]
				colours[strconv.FormatUint(id, 10)] = fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
				segments = append(segments, strconv.FormatUint(id, 10))
			}
		}
		return map[string]any{
			"type": "segmentation", "name": key, "source": "python://volume/tok." + key, "segments": segments,
			"segmentColors": colours, "selectedAlpha": 1, "notSelectedAlpha": 0,
		}
	}
	mesh := labels("u32")
	mesh["name"], mesh["segments"] = "mesh", []string{"7"}
	cells := []string{"u8", "u32", "u64", "points", "mesh"}
	var children []any
	for _, name := range cells {
		layout := "xy"
		if name == "mesh" {
			layout = "3d"
		}
		children = append(children, map[string]any{"type": "viewer", "layout": layout, "layers": []string{name}})
	}
	server := &pythonServer{
		asked:  map[string]int{},
		config: map[string]any{"showUIControls": false, "showPanelBorders": false},
		state: map[string]any{
			"dimensions": axes, "position": []float64{side / 2, side / 2, side/2 + 0.5}, "crossSectionScale": 1. / 16, "projectionScale": 2 * side,
			"title": "All kinds", "crossSectionBackgroundColor": "#000000", "showAxisLines": false, "showScaleBar": false, "showDefaultAnnotations": false, "showSlices": false,
			"layout": map[string]any{"type": "row", "children": children},
			"layers": []any{
				map[string]any{
					"type": "image", "name": "u8", "source": "python://volume/tok.u8", "opacity": 1,
					"shader": "void main() { emitGrayscale(float(toRaw(getDataValue())) / 255.0); }",
				},
				labels("u32"), labels("u64"), mesh,
				map[string]any{
					"type": "annotation", "name": "points",
					"source": map[string]any{"url": "local://annotations", "transform": map[string]any{"outputDimensions": axes}},
					"annotationProperties": []any{
						map[string]any{"id": "count", "type": "uint16", "default": 0},
						map[string]any{"id": "colour", "type": "rgb", "default": "#ffffff"},
						map[string]any{"id": "size", "type": "float32", "default": 1},
					},
					"annotations": []any{
						map[string]any{"type": "point", "id": "a", "point": []float64{1.5, 1.5, 4.5}, "props": []any{300, "#00ff80", 40}},
						map[string]any{"type": "point", "id": "b", "point": []float64{5.5, 5.5, 4.5}, "props": []any{2, "#4000ff", 10}},
					},
					"shader": "void main() { setColor(prop_colour()); setPointMarkerSize(prop_count() == 300u ? prop_size() : 10.0); setPointMarkerBorderWidth(0.0); }",
				},
			},
		},
	}
	policy := policyOfWebmon(t)
	handler := server.serve(prefix)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)

	b := startBrowser(t)
	p := b.open(t, view{1500, 300, "dark"})
	// An event stream stays open until the page is gone, and the server waits for it.
	t.Cleanup(p.close)
	p.visit(web.URL + prefix + "/v/tok/")
	p.wait("the client has all that it shows", `window.viewer?.isReady() && window.viewer.layerManager.managedLayers.length === 5`)
	p.wait("the title is that of the view", `document.title.includes("All kinds")`)

	type rect struct{ X, Y, Width, Height float64 }
	panels := ask[[]rect](p, `[...document.querySelectorAll(".neuroglancer-rendered-data-panel")].map(e => {
		const {x, y, width, height} = e.getBoundingClientRect();
		return {X: x, Y: y, Width: width, Height: height};
	})`)
	if len(panels) != len(cells) {
		t.Fatalf("the page has %d panels, want %d", len(panels), len(cells))
	}
	// place is where the page shows a place of the slice, in voxels.
	place := func(cell string, x, y float64) image.Point {
		panel := panels[slices.Index(cells, cell)]
		const scale = 16 // pixels a voxel, as the state says
		return image.Pt(int(panel.X+panel.Width/2+(x-side/2)*scale), int(panel.Y+panel.Height/2+(y-side/2)*scale))
	}
	const z = side / 2
	wrong := func(picture image.Image) string {
		for y := range side {
			for x := range side {
				grey := brightness(x, y, z)
				for cell, want := range map[string]color.RGBA{
					"u8": {grey, grey, grey, 255}, "u32": labelColours[label(x, y, z)], "u64": labelColours[label(x, y, z)],
				} {
					at := place(cell, float64(x)+0.5, float64(y)+0.5)
					if got := picture.At(at.X, at.Y); !closeTo(got, want) {
						return fmt.Sprintf("the voxel %d,%d,%d of %s is %v at %v, want %v", x, y, z, cell, got, at, want)
					}
				}
			}
		}
		// The first point has a radius of 20 pixels, the second one of 5.
		green, blue, none := color.RGBA{0, 255, 128, 255}, color.RGBA{64, 0, 255, 255}, color.RGBA{A: 255}
		for _, spot := range []struct {
			x, y float64
			want color.RGBA
		}{{1.5, 1.5, green}, {2.5, 1.5, green}, {1.5, 0.5, green}, {3.5, 1.5, none}, {5.5, 5.5, blue}, {6.5, 5.5, none}} {
			at := place("points", spot.x, spot.y)
			if got := picture.At(at.X, at.Y); !closeTo(got, spot.want) {
				return fmt.Sprintf("the place %v,%v between the annotations is %v, want %v", spot.x, spot.y, got, spot.want)
			}
		}
		// The mesh is lit, so it is some red; the ground beside it is not.
		panel := panels[slices.Index(cells, "mesh")]
		middle := image.Pt(int(panel.X+panel.Width/2), int(panel.Y+panel.Height/2))
		if r, g, bl, _ := picture.At(middle.X, middle.Y).RGBA(); r>>8 < 60 || g>>8 > 10 || bl>>8 > 10 {
			return fmt.Sprintf("the mesh is %v in the middle, want some red", picture.At(middle.X, middle.Y))
		}
		if got := picture.At(int(panel.X)+5, middle.Y); !closeTo(got, none) {
			return fmt.Sprintf("beside the mesh it is %v, want black", got)
		}
		return ""
	}
	until(t, "the pixels are right", func() string { return wrong(p.picture("neuroglancer")) })

	p.calm()
	server.mu.Lock()
	defer server.mu.Unlock()
	if len(server.refused) > 0 {
		t.Errorf("the client asked for what is not served: %v", server.refused)
	}
	for _, key := range []string{"u8", "u32", "u64"} {
		if server.asked[key] == 0 {
			t.Errorf("no chunk of %s was asked for", key)
		}
	}
	p.stayedHome(strings.TrimPrefix(web.URL, "http://"))
}
