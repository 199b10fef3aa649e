//go:build unix

package mesh

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"
)

// measure runs f, and reports how much CPU time it takes: other programs have no part in that.
func measure(b *testing.B, f func()) {
	b.ReportAllocs()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64((used()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// side is the length of the volumes that are measured.
const side = 512

// cells fills a volume of uint32 with the cells around random points, a label each.
func cells(points int) []byte {
	rnd := rand.New(rand.NewPCG(5, 5))
	at := make([][3]float64, points)
	for i := range at {
		at[i] = [3]float64{rnd.Float64() * side, rnd.Float64() * side, rnd.Float64() * side}
	}
	data := make([]byte, 4*side*side*side)
	const block = 16
	var near []int
	for z0 := 0; z0 < side; z0 += block {
		for y0 := 0; y0 < side; y0 += block {
			for x0 := 0; x0 < side; x0 += block {
				// Only points that are nearest to some voxel of the block are compared.
				best := math.Inf(1)
				centre := func(p [3]float64) float64 {
					return math.Sqrt(dot(sub(p, [3]float64{float64(z0) + block/2, float64(y0) + block/2, float64(x0) + block/2}),
						sub(p, [3]float64{float64(z0) + block/2, float64(y0) + block/2, float64(x0) + block/2})))
				}
				for _, p := range at {
					best = min(best, centre(p))
				}
				near = near[:0]
				for i, p := range at {
					if centre(p) <= best+2*block {
						near = append(near, i)
					}
				}
				for z := z0; z < z0+block; z++ {
					for y := y0; y < y0+block; y++ {
						for x := x0; x < x0+block; x++ {
							least, label := math.Inf(1), 0
							for _, i := range near {
								p := &at[i]
								dz, dy, dx := p[0]-float64(z), p[1]-float64(y), p[2]-float64(x)
								if d := dz*dz + dy*dy + dx*dx; d < least {
									least, label = d, i+1
								}
							}
							binary.LittleEndian.PutUint32(data[4*((z*side+y)*side+x):], uint32(label))
						}
					}
				}
			}
		}
	}
	return data
}

// inMemory is a volume of uint32 in memory.
func inMemory(data []byte) *Volume {
	return &Volume{Descr: "<u4", Shape: [3]int{side, side, side}, Read: func(_ context.Context, from, to [3]int, dst []byte) ([]byte, error) {
		for z := from[0]; z < to[0]; z++ {
			for y := from[1]; y < to[1]; y++ {
				row := 4 * ((z*side+y)*side + from[2])
				dst = append(dst, data[row:row+4*(to[2]-from[2])]...)
			}
		}
		return dst, nil
	}}
}

var touching = sync.OnceValue(func() *Volume { return inMemory(cells(352)) })

func BenchmarkScanOf352Labels(b *testing.B) {
	v := touching()
	b.SetBytes(4 * side * side * side)
	measure(b, func() {
		boxes, err := Scan(b.Context(), v, 0)
		if err != nil || boxes.Len() != 352 {
			b.Fatal(boxes.Len(), err)
		}
	})
}

// BenchmarkOneOf352Labels measures the parts of making one mesh, of a label in the middle.
func BenchmarkOneOf352Labels(b *testing.B) {
	v := touching()
	boxes, err := Scan(b.Context(), v, 0)
	if err != nil {
		b.Fatal(err)
	}
	var o Object
	for _, other := range boxes.All() { // the label with the median size would be as good as any
		if d := other.Voxels - side*side*side/352; o.Voxels == 0 || d*d < (o.Voxels-side*side*side/352)*(o.Voxels-side*side*side/352) {
			o = other
		}
	}
	surfaceBenchmarks(b, v, o)
}

func surfaceBenchmarks(b *testing.B, v *Volume, o Object) {
	b.Run("net", func(b *testing.B) {
		measure(b, func() {
			n, err := build(b.Context(), v, o.Label, o.From, o.To, 4<<20)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(len(n.triangles)/3), "triangles")
		})
	})
	b.Run("relaxed", func(b *testing.B) {
		measure(b, func() {
			n, err := build(b.Context(), v, o.Label, o.From, o.To, 4<<20)
			if err == nil {
				err = n.relax(b.Context())
			}
			if err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("simplified", func(b *testing.B) {
		measure(b, func() {
			m, err := Surface(b.Context(), only(v), o, &Options{Vertices: 4 << 20})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(len(m.Triangles)/3), "triangles")
		})
	})
}

func BenchmarkBallOf480(b *testing.B) {
	data := make([]byte, 4*side*side*side)
	for z := range side {
		for y := range side {
			for x := range side {
				dz, dy, dx := float64(z)-255.5, float64(y)-255.5, float64(x)-255.5
				if dz*dz+dy*dy+dx*dx < 240*240 {
					data[4*((z*side+y)*side+x)] = 1
				}
			}
		}
	}
	v := inMemory(data)
	boxes, err := Scan(b.Context(), v, 0)
	if err != nil {
		b.Fatal(err)
	}
	o, _ := boxes.Get(1)
	surfaceBenchmarks(b, v, o)
}

// BenchmarkSimplify simplifies a ball of some 94 thousand triangles.
func BenchmarkSimplify(b *testing.B) {
	const n = 104
	v := volume("|u1", [3]int{n, n, n}, labelled(1, ball(50, 52, 52, 52)))
	net, err := build(b.Context(), v, 1, [3]int{}, v.Shape, 1<<20)
	if err == nil {
		err = net.relax(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
	for i, d := range net.shift {
		net.at[i] += d
	}
	measure(b, func() {
		m := &Mesh{Vertices: net.at, Triangles: net.triangles} // neither is written to
		if err := m.simplify(b.Context(), &Options{Error: DefaultError, Angle: DefaultAngle}, v.Shape); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(m.Triangles)/3), "triangles")
	})
}
