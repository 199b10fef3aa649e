//go:build linux

package segment

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"webmon/shm"
)

const benchSide = 2048

// BenchmarkReadPlane reads a frame of 2048 x 2048 with every kernel, beside the
// plainest way to do the same.
func BenchmarkReadPlane(b *testing.B) {
	for _, dtype := range []string{"|u1", "<u2", "<f4", ">u2", "<f8"} {
		rng := rand.New(rand.NewPCG(3, 4))
		data, _ := numbersOf(rng, dtype, benchSide*benchSide)
		w := share(b, Spec{DType: dtype, Shape: []int{benchSide, benchSide}})
		r := mustOpen(b, w)
		publish(b, w, data, Frame{})
		f := mustFrame(b, r)
		var dst []byte
		for _, step := range []int{1, 2, 3, 4, 8, 16, 32} {
			b.Run(fmt.Sprintf("%s/step %d", dtype, step), func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				sel := shm.Selection{Y: 0, X: 1, C: -1, Rows: benchSide, Cols: benchSide, Step: step}
				for b.Loop() {
					p, err := r.ReadPlane(f, sel, dst)
					if err != nil {
						b.Fatal(err)
					}
					dst = p.Data
				}
			})
		}
		w.Close()
	}
}

// The alternatives to the fast ways of means, all of the same 2048 x 2048 pixels.
func BenchmarkMean(b *testing.B) {
	benchMean[uint8](b, "u1")
	benchMean[uint16](b, "u2")
	benchMean[float32](b, "f4")
}

func benchMean[T pixel](b *testing.B, name string) {
	var zero T
	src := make([]T, benchSide*benchSide)
	for i := range src {
		src[i] = T(i * 7 % 251)
	}
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(src))), len(src)*int(unsafe.Sizeof(zero)))
	for _, step := range []int{2, 4, 8} {
		out := benchSide / step
		dst := make([]T, out*out)
		run := func(way string, f func()) {
			b.Run(fmt.Sprintf("%s/step %d/%s", name, step, way), func(b *testing.B) {
				b.SetBytes(int64(len(bytes)))
				b.ReportAllocs()
				for b.Loop() {
					f()
				}
			})
		}
		p := plane{rows: benchSide, cols: benchSide, samples: 1, rowStride: len(bytes) / benchSide, colStride: int(unsafe.Sizeof(zero)),
			sampStride: int(unsafe.Sizeof(zero)), step: step, outRows: out, outCols: out}
		run("as it is", func() { readPlane(&p, bytes, dst, nil, true) })
		run("sums of columns", func() {
			m := newMeans[T](&p)
			m.fusable = 0
			for y := range out {
				m.begin(step)
				m.add(dst[y*out:(y+1)*out], unsafe.Pointer(&src[y*step*benchSide]), p.rowStride, step)
				m.end(dst[y*out : (y+1)*out])
			}
		})
		run("plain loops", func() {
			for y := range out {
				for x := range out {
					var sum float32
					for v := range step {
						for u := range step {
							sum += float32(src[(y*step+v)*benchSide+x*step+u])
						}
					}
					dst[y*out+x] = T(sum / float32(step*step))
				}
			}
		})
	}
}

// BenchmarkCopy is what step 1 is held against.
func BenchmarkCopy(b *testing.B) {
	src, dst := make([]byte, 2*benchSide*benchSide), make([]byte, 2*benchSide*benchSide)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		copy(dst, src)
	}
}
