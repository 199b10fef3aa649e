//go:build pictures

package builtin

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"webmon/shm"
	"webmon/shm/model/builtin/gpe"
)

// TestPictures makes the pictures of the list of models, each from a run of its own.
// It is built only when asked for:
//
//	go test -tags pictures -run TestPictures ./shm/model/builtin
func TestPictures(t *testing.T) {
	for _, m := range gpe.Models() {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			s, err := gpe.New(m.Name, gpe.Params{Tracers: -1})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			key := keyOf(m)
			play(t, s, plays[key])
			if err := s.Err(); err != nil {
				t.Fatal(err)
			}
			nx, ny := s.Shape()
			var b bytes.Buffer
			encoder := png.Encoder{CompressionLevel: png.BestCompression}
			if err := encoder.Encode(&b, drawn(s.Density(nil), nx, ny)); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join("pictures", key+".png"), b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d x %d at t = %.4g %s, %d bytes", nx, ny, s.Time(), gpe.TimeUnit, b.Len())
		})
	}
}

// scene is what to do with a model until its picture is worth to be looked at.
type scene struct {
	set    map[string]shm.Value
	finger func(f float64) (x, y float64) // where people point, f from 0 to 1; nil: nowhere else
	until  float64                        // ħ/μ
}

var plays = map[string]scene{
	"becvortices":        {until: 300},
	"becflow":            {set: map[string]shm.Value{"v_v_c": 0.8}, until: 60},
	"becsoliton":         {until: 60},
	"becvortexring":      {until: 112},
	"becquantumfriction": {until: 12},
	"becbreather":        {set: map[string]shm.Value{"R": 0.4}, until: 10},
	"persistentcurrents": {
		set: map[string]shm.Value{"finger_V0_mu": 0.9, "cooling": 0.02},
		finger: func(f float64) (x, y float64) {
			sin, cos := math.Sincos(-2 * math.Pi * f)
			return 0.5 + 0.35*cos, 0.5 + 0.35*sin
		},
		until: 250,
	},
}

func play(t *testing.T, s *gpe.Sim, p scene) {
	set := func(name string, v shm.Value) {
		if err := s.Set(name, v); err != nil {
			t.Fatal(err)
		}
	}
	for name, v := range p.set {
		set(name, v)
	}
	for s.Time() < p.until && s.Err() == nil {
		if p.finger != nil {
			x, y := p.finger(s.Time() / p.until)
			set(shm.ControlFingerX, x)
			set(shm.ControlFingerY, y)
		}
		s.Step(10)
	}
}

const (
	width  = 240 // of a picture
	shades = 48  // fewer make stripes, more make large files
)

// drawn is a field of axes x, y as people see it, y going up.
func drawn(field []float64, nx, ny int) image.Image {
	most := 0.0
	for _, v := range field {
		most = max(most, v)
	}
	height := width * ny / nx
	img := image.NewPaletted(image.Rect(0, 0, width, height), viridis())
	at := func(i, j int) float64 { return field[(i+nx)%nx*ny+(j+ny)%ny] }
	for y := range height {
		v := (float64(height-1-y)+0.5)*float64(ny)/float64(height) - 0.5
		for x := range width {
			u := (float64(x)+0.5)*float64(nx)/width - 0.5
			i, j := math.Floor(u), math.Floor(v)
			wu, wv := spline(u-i), spline(v-j)
			sum := 0.0
			for a := range 4 {
				for b := range 4 {
					sum += wu[a] * wv[b] * at(int(i)+a-1, int(j)+b-1)
				}
			}
			img.SetColorIndex(x, y, uint8(math.Round(min(max(sum/most, 0), 1)*(shades-1))))
		}
	}
	return img
}

// spline weighs the four neighbours of a place f behind the second, as Catmull and Rom do.
func spline(f float64) [4]float64 {
	return [4]float64{
		f * (-0.5 + f*(1-f*0.5)),
		1 + f*f*(-2.5+1.5*f),
		f * (0.5 + f*(2-1.5*f)),
		f * f * (-0.5 + 0.5*f),
	}
}

// viridis goes in straight lines between nine of its colours, which at this size is
// as good as all of them.
func viridis() color.Palette {
	points := [][3]float64{
		{68, 1, 84}, {71, 45, 123}, {59, 82, 139}, {44, 114, 142}, {33, 144, 140}, {40, 174, 128}, {94, 201, 98}, {173, 220, 48}, {253, 231, 37},
	}
	out := make(color.Palette, shades)
	for i := range out {
		at := float64(i) / (shades - 1) * float64(len(points)-1)
		k := min(int(at), len(points)-2)
		mix := func(j int) uint8 {
			return uint8(math.Round(points[k][j] + (points[k+1][j]-points[k][j])*(at-float64(k))))
		}
		out[i] = color.RGBA{mix(0), mix(1), mix(2), 255}
	}
	return out
}
