package segment

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkVolume copies the voxels of chunks of 64^3 out of a volume of 1024^3 of uint8 in shared memory,
// each from another place: those of a chunk of full resolution at once, and what coarser ones stand for in
// parts of 256 KB, as a reader does who makes means of them. No two chunks share a row.
func BenchmarkVolume(b *testing.B) {
	const side, part = 1024, 256 << 10
	dir, err := os.MkdirTemp(Dir, "webmon-bench-")
	if err != nil {
		b.Skip(err)
	}
	defer os.RemoveAll(dir)
	random := make([]byte, 1<<20)
	for i := 0; i < len(random); i += 8 {
		binary.LittleEndian.PutUint64(random[i:], rand.Uint64())
	}
	kept := files{dir: dir}
	w := writeVolume(b, kept, "|u1", []int{side, side, side}, nil, nil)
	for at := headerBytes; at < len(w.b); at += len(random) {
		copy(w.b[at:], random)
	}
	v, err := w.open(kept)
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	for _, by := range []int{1, 2, 4} {
		b.Run(fmt.Sprint(by), func(b *testing.B) {
			n := 64 * by
			planes := min(n, part/n/n)
			along := side / n
			places := rand.New(rand.NewPCG(1, 2)).Perm(along * along * along)
			var dst []byte
			chunk := func(i int) {
				i = places[i%len(places)]
				z, y, x := i/along/along*n, i/along%along*n, i%along*n
				for k := z; k < z+n; k += planes {
					var err error
					if dst, err = v.ReadBox([]int{k, y, x}, []int{k + planes, y + n, x + n}, dst); err != nil {
						b.Fatal(err)
					}
				}
			}
			for i := range places {
				chunk(i) // so that all pages are in the tables of this process
			}
			b.SetBytes(int64(n * n * n))
			before := processTime(b)
			i := 0
			for b.Loop() {
				chunk(i)
				i++
			}
			b.ReportMetric((processTime(b)-before).Seconds()*1e3/float64(b.N), "cpu-ms/op")
		})
	}
}

// processTime is the processor's time that the program has taken, which others that are busy do not lengthen.
func processTime(b *testing.B) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return time.Duration(t.Nano())
}
