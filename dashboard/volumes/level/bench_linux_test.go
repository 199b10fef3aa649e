//go:build linux

package level_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"webmon/dashboard/volumes/level"
)

// What a chunk of 64^3 costs.
func BenchmarkMean(b *testing.B) {
	for _, descr := range []string{"|u1", "|i1", "<u2", ">u2", "<u4", "<u8", "<f2", "<f4", "<f8", "<c8"} {
		for _, by := range []int{2, 3, 4} {
			bench(b, descr, false, by, noisy)
		}
	}
}

// The same straight from memory of 1024^3 bytes, each chunk from another place.
func BenchmarkBox(b *testing.B) {
	const side = 1024
	src, err := unix.Mmap(-1, 0, side*side*side, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		b.Skip(err)
	}
	defer func() { _ = unix.Munmap(src) }()
	r := rand.New(rand.NewPCG(1, 2))
	for i := 0; i < len(src); i += 8 {
		binary.LittleEndian.PutUint64(src[i:], r.Uint64())
	}
	w, _ := level.WireOf("|u1", false, nil)
	for _, by := range []int{2, 4} {
		b.Run(fmt.Sprint(by), func(b *testing.B) {
			n := 64 * by
			along := side / n
			places := r.Perm(along * along * along)
			var dst []byte
			i := 0
			measure(b, n*n*n, func() (err error) {
				k := places[i%len(places)]
				i++
				from := []int{k / along / along * n, k / along % along * n, k % along * n}
				to := []int{from[0] + n, from[1] + n, from[2] + n}
				dst, err = w.AppendBox(dst[:0], src, []int{side, side, side}, from, to, []int{by, by, by})
				return err
			})
		})
	}
}

func BenchmarkMode(b *testing.B) {
	for _, content := range []string{balls, noisy} {
		for _, descr := range []string{"|u1", "<u2", "<u4", "<u8"} {
			for _, by := range []int{2, 4} {
				bench(b, descr, true, by, content)
			}
		}
	}
}

// Full resolution: what is converted alone.
func BenchmarkConvert(b *testing.B) {
	for _, descr := range []string{"|u1", "|b1", ">u2", "<i8", "<f2", "<f8", ">f8", "<c8", "<c16"} {
		bench(b, descr, false, 1, noisy)
	}
}

func BenchmarkTurned(b *testing.B) {
	for _, size := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			src := make([]byte, 64*64*64*size)
			var dst []byte
			measure(b, len(src), func() (err error) {
				dst, err = level.AppendTurned(dst[:0], src, []int{64, 64, 64}, size)
				return err
			})
		})
	}
}

const (
	noisy = "noise" // every voxel differs from its neighbours
	balls = "balls" // labels of some thousand voxels each, which touch
)

func bench(b *testing.B, descr string, labels bool, by int, content string) {
	name := fmt.Sprintf("%s/%d", strings.Trim(descr, "|<"), by)
	if labels {
		name = content + "/" + name
	}
	b.Run(name, func(b *testing.B) {
		side := 64 * by
		w, ok := level.WireOf(descr, labels, nil)
		if !ok {
			b.Fatal(descr)
		}
		src := make([]byte, side*side*side*w.DType.Size)
		r := rand.New(rand.NewPCG(1, 2))
		if content == balls {
			for i := range side * side * side {
				z, y, x := i/side/side, i/side%side, i%side
				label := (z+y/3)/20*64 + (y+x/2)/16*8 + (x+z/4)/16
				var word [8]byte
				binary.LittleEndian.PutUint64(word[:], uint64(label%251))
				copy(src[i*w.DType.Size:][:w.DType.Size], word[:])
			}
		} else {
			for i := 0; i+8 <= len(src); i += 8 {
				binary.LittleEndian.PutUint64(src[i:], r.Uint64()&^0x4000_4000_4000_4000) // few floats that are not finite
			}
		}
		var dst []byte
		shape, factors := []int{side, side, side}, []int{by, by, by}
		measure(b, len(src), func() (err error) {
			dst, err = w.Append(dst[:0], src, shape, factors)
			return err
		})
	})
}

// measure also reports the processor's time, which others that are busy do not lengthen.
func measure(b *testing.B, size int, f func() error) {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	if err := f(); err != nil { // with all that is kept for the next call
		b.Fatal(err)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	before := used()
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(used()-before)/float64(b.N)/1e6, "cpu-ms/op")
}
