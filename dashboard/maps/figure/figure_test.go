package figure_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"

	"webmon/dashboard/maps/figure"
)

// count reads the figure as XML and counts its elements.
func count(t *testing.T, f figure.Figure, place figure.Place) (elements map[string]int, text string) {
	t.Helper()
	var b strings.Builder
	if err := f.WriteSVG(&b, place); err != nil {
		t.Fatal(err)
	}
	elements = map[string]int{}
	d := xml.NewDecoder(strings.NewReader(b.String()))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return elements, b.String()
		}
		if err != nil {
			t.Fatalf("%v in %s", err, b.String())
		}
		if e, ok := token.(xml.StartElement); ok {
			elements[e.Name.Local]++
			for _, a := range e.Attr {
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Errorf("%s has %s=%q", e.Name.Local, a.Name.Local, a.Value)
				}
				if a.Name.Local == "style" {
					t.Error("a style, which the pages' policy forbids")
				}
			}
		}
	}
}

func TestFiguresAreSound(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, f := range map[string]figure.Figure{
		"empty":    {},
		"nothing":  {Series: []figure.Series{{Points: []figure.Point{{X: nan, Y: 1}, {X: 1, Y: inf}}}}},
		"one":      {Series: []figure.Series{{Joined: true, Points: []figure.Point{{X: 3, Y: 3}}}}},
		"tiny":     {Series: []figure.Series{{Points: []figure.Point{{X: 1e-300, Y: 1e-300}, {X: 2e-300, Y: 5e-300}}}}},
		"huge":     {Series: []figure.Series{{Bars: true, Points: []figure.Point{{X: 0, Y: -1e300, Error: nan}, {X: 1, Y: 1e300, Error: 1e299}}}}},
		"fine":     {Series: []figure.Series{{Points: []figure.Point{{X: 1e17, Y: 1e17}, {X: 1e17 + 16, Y: 1e17 + 16}}}}},
		"hostile":  {Title: "<script>", X: `"&<`, Y: "]]>", Categories: []string{`"><script>`, "b"}, Series: []figure.Series{{Name: "<x>", Points: []figure.Point{{Title: "<y>", Href: `"><z>`}}}, {}}},
		"no error": {Series: []figure.Series{{Points: []figure.Point{{X: 1, Y: 1, Error: inf}, {X: 1, Y: 2}}}}},
	} {
		var picture bytes.Buffer
		if err := f.WritePNG(&picture); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if size, err := png.DecodeConfig(&picture); err != nil || size.Width != 1920 {
			t.Errorf("%s: the picture is %v: %v", name, size, err)
		}
		for _, place := range []figure.Place{figure.Page, figure.File} {
			if elements, text := count(t, f, place); elements["svg"] != 1 || elements["script"] != 0 {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
}

func TestWhatIsDrawn(t *testing.T) {
	f := figure.Figure{
		X: "Condition", Y: "Spines", Categories: []string{"q", "a1", "a2"},
		Series: []figure.Series{
			{Name: "mean", Joined: true, Points: []figure.Point{{X: 0, Y: 1, Error: 0.5}, {X: 1, Y: math.NaN()}, {X: 2, Y: 3, Href: "/maps/a?run=3"}}, Dots: []figure.Point{{X: 0, Y: 7}}},
			{Name: "other", Points: []figure.Point{{X: 0, Y: 2}}},
		},
	}
	elements, text := count(t, f, figure.Page)
	if elements["circle"] != 2+1+1 || elements["a"] != 1 || !strings.Contains(text, `href="/maps/a?run=3"`) {
		t.Errorf("got %v", elements)
	}
	for _, want := range []string{">q<", ">a1<", ">Spines<", ">mean<", ">8<"} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q", want)
		}
	}
	if elements, text = count(t, f, figure.File); elements["a"] != 0 || !strings.Contains(text, "#0072B2") || strings.Contains(text, "class=") {
		t.Errorf("as a file: %s", text)
	}
}

// What is drawn as a picture has its colours where the drawing has its shapes.
func TestPictureIsTheDrawing(t *testing.T) {
	f := figure.Figure{X: "Condition", Y: "Spines", Categories: []string{"a"}, Series: []figure.Series{
		{Name: "one", Bars: true, Points: []figure.Point{{X: 0, Y: 3}}}, {Name: "two", Bars: true, Points: []figure.Point{{X: 0, Y: 2}}},
	}}
	var b bytes.Buffer
	if err := f.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	var svg struct {
		Groups []struct {
			Color string `xml:"color,attr"`
			Rects []struct {
				X float64 `xml:"x,attr"`
				Y float64 `xml:"y,attr"`
				W float64 `xml:"width,attr"`
				H float64 `xml:"height,attr"`
			} `xml:"g>rect"`
		} `xml:"g"`
	}
	var text strings.Builder
	if err := f.WriteSVG(&text, figure.File); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal([]byte(text.String()), &svg); err != nil {
		t.Fatal(err)
	}
	bars := 0
	at := func(x, y float64) string {
		r, g, b, _ := picture.At(int(x*3), int(y*3)).RGBA()
		return fmt.Sprintf("#%02X%02X%02X", r>>8, g>>8, b>>8)
	}
	for _, g := range svg.Groups {
		for _, r := range g.Rects {
			bars++
			middle := r.X + r.W/2
			if got := at(middle, r.Y+2); got != g.Color {
				t.Errorf("in a bar of %s the picture is %s", g.Color, got)
			}
			if got := at(middle, r.Y-2); got == g.Color {
				t.Errorf("above a bar of %s the picture is too", g.Color)
			}
		}
	}
	if bars != 2 {
		t.Errorf("%d bars, want 2", bars)
	}
}

func TestTicksAreRound(t *testing.T) {
	for _, tt := range []struct {
		span float64
		n    int
		want float64
	}{{10, 5, 2}, {1, 5, 0.2}, {0.7, 5, 0.2}, {100, 4, 50}, {0, 5, 1}, {math.Inf(1), 5, 1}} {
		if got := figure.Step(tt.span, tt.n); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("Step(%g, %d) is %g, want %g", tt.span, tt.n, got, tt.want)
		}
	}
	for _, tt := range []struct {
		v, step float64
		want    string
	}{{0.30000000000000004, 0.1, "0.3"}, {-5, 5, "−5"}, {1e-17, 0.1, "0"}, {2e7, 1e7, "2e+07"}} {
		if got := figure.Tick(tt.v, tt.step); got != tt.want {
			t.Errorf("Tick(%g, %g) is %q, want %q", tt.v, tt.step, got, tt.want)
		}
	}
}
