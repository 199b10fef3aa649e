package public

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"
)

// themes are the values of the colours in css/src/theme.css, by variable.
func themes(t *testing.T) map[string]map[string][3]float64 {
	t.Helper()
	data, err := os.ReadFile("css/src/theme.css")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string][3]float64{"dark": {}, "light": {}}
	theme := "dark"
	line := regexp.MustCompile(`(?m)@variant (light)|--([a-z0-9-]+): rgb\((\d+) (\d+) (\d+)\);`)
	for _, m := range line.FindAllStringSubmatch(string(data), -1) {
		if m[1] != "" {
			theme = m[1]
			continue
		}
		var c [3]float64
		for i := range c {
			c[i], _ = strconv.ParseFloat(m[3+i], 64)
		}
		out[theme][m[2]] = c
	}
	return out
}

// luminance and contrast are those of WCAG 2.
func luminance(c [3]float64) float64 {
	var l float64
	for i, weight := range [3]float64{0.2126, 0.7152, 0.0722} {
		v := c[i] / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		l += weight * v
	}
	return l
}

func contrast(a, b [3]float64) float64 {
	x, y := luminance(a)+0.05, luminance(b)+0.05
	return max(x, y) / min(x, y)
}

func TestContrast(t *testing.T) {
	if got := contrast([3]float64{}, [3]float64{255, 255, 255}); math.Abs(got-21) > 1e-9 {
		t.Fatalf("black on white has contrast %v, want 21", got)
	}
	const text, graphics = 4.5, 3
	pairs := []struct {
		front string
		backs []string
		want  float64
	}{
		{"text", []string{"background", "panel", "control", "hover", "canvas"}, text},
		{"icon", []string{"background", "panel", "control", "canvas"}, text},
		{"muted", []string{"background", "panel"}, text},
		{"link", []string{"background", "panel", "control"}, text},
		{"on-current", []string{"current"}, text},
		{"warning-text", []string{"background", "panel"}, text},
		{"error-text", []string{"background", "panel"}, text},
		{"good", []string{"background", "panel"}, text},
		{"focus", []string{"background", "panel", "control", "canvas"}, graphics},
		{"series-1", []string{"panel"}, graphics},
		{"series-2", []string{"panel"}, graphics},
		{"series-3", []string{"panel"}, graphics},
		{"series-4", []string{"panel"}, graphics},
		{"series-5", []string{"panel"}, graphics},
		{"series-6", []string{"panel"}, graphics},
		{"series-7", []string{"panel"}, graphics},
		{"series-8", []string{"panel"}, graphics},
	}
	for theme, colours := range themes(t) {
		for _, pair := range pairs {
			for _, back := range pair.backs {
				t.Run(fmt.Sprintf("%s/%s on %s", theme, pair.front, back), func(t *testing.T) {
					front, ok := colours[pair.front]
					behind, ok2 := colours[back]
					if !ok || !ok2 {
						t.Fatal("the theme lacks one of them")
					}
					if got := contrast(front, behind); got < pair.want {
						t.Errorf("contrast %.2f, want at least %v", got, pair.want)
					}
				})
			}
		}
	}
}

// Both looks are those of napari's default themes, so that the two stand
// beside each other as one instrument.
func TestNapariColours(t *testing.T) {
	want := map[string]map[string][3]float64{
		"dark": {
			"background": {35, 36, 43}, "panel": {46, 51, 62}, "control": {66, 74, 84}, "hover": {86, 95, 108}, "highlight": {97, 105, 110},
			"text": {240, 241, 242}, "icon": {209, 210, 212}, "current": {69, 96, 196}, "warning": {227, 182, 23}, "error": {153, 18, 31}, "canvas": {0, 0, 0},
			"tile-off": {163, 162, 160}, "tile-seen": {225, 19, 19}, "tile-view": {245, 197, 66},
		},
		"light": {
			"background": {235, 231, 230}, "panel": {221, 218, 216}, "control": {197, 195, 193}, "hover": {180, 178, 175}, "highlight": {175, 172, 170},
			"text": {30, 30, 33}, "icon": {62, 63, 65}, "current": {160, 184, 255}, "warning": {227, 182, 23}, "error": {255, 18, 31}, "canvas": {255, 255, 255},
		},
	}
	got := themes(t)
	for theme, colours := range want {
		for name, value := range colours {
			if got[theme][name] != value {
				t.Errorf("%s %s is %v, want %v", theme, name, got[theme][name], value)
			}
		}
	}
}
