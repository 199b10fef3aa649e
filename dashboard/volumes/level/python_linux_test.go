package level_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os/exec"
	"strings"
	"testing"

	"webmon/dashboard/volumes/level"
	"webmon/shm/process/naparitest"
)

// What NumPy of either age makes of arrays is what comes out: of boxes of any rank, dtype, byte order and
// factors, of images and of labels.
func TestAsNumPyHasIt(t *testing.T) {
	const cases = 1200
	for seed, python := range []string{"numpy1", "numpy2"} {
		t.Run(python, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(naparitest.Python(t, python), "testdata/oracle.py", fmt.Sprint(seed), fmt.Sprint(cases))
			var stderr strings.Builder
			cmd.Stderr = &stderr
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			r := bufio.NewReader(stdout)
			seen := 0
			for !t.Failed() {
				line, err := r.ReadBytes('\n')
				if err == io.EOF {
					break
				}
				var c oracle
				if err == nil {
					err = json.Unmarshal(line, &c)
				}
				for _, to := range []*[]byte{&c.src, &c.most, &c.out, &c.client, &c.turned} {
					if err == nil {
						*to, err = blob(r)
					}
				}
				if err != nil {
					t.Fatal(err, &stderr)
				}
				c.check(t)
				seen++
			}
			if t.Failed() {
				_ = cmd.Process.Kill()
			}
			if err := cmd.Wait(); !t.Failed() && (err != nil || seen != cases) {
				t.Errorf("%d cases, %v: %s", seen, err, &stderr)
			}
		})
	}
}

// oracle is a case of testdata/oracle.py.
type oracle struct {
	Descr                      string
	Shape, Factors, Start, End []int
	Labels, Limits             bool

	src, most, out, client, turned []byte
}

func blob(r io.Reader) ([]byte, error) {
	var size uint64
	if err := binary.Read(r, binary.LittleEndian, &size); err != nil {
		return nil, err
	}
	b := make([]byte, size)
	_, err := io.ReadFull(r, b)
	return b, err
}

func (c *oracle) check(t *testing.T) {
	name := fmt.Sprintf("%s %v by %v, from %v to %v, labels %v", c.Descr, c.Shape, c.Factors, c.Start, c.End, c.Labels)
	d, ok := level.ParseDType(c.Descr)
	if !ok {
		t.Fatal(name)
	}
	box, err := level.Finer(c.Start, c.End, c.Factors, c.Shape)
	if err != nil {
		t.Fatal(name, err)
	}
	sides := make([]int, len(box.From))
	for i := range sides {
		sides[i] = box.To[i] - box.From[i]
	}
	var src []byte
	walk(sides, func(at []int) {
		o := 0
		for i, k := range at {
			o = o*c.Shape[i] + box.From[i] + k
		}
		src = append(src, c.src[o*d.Size:][:d.Size]...)
	})
	fine := level.Mean
	if c.Labels {
		fine = level.Mode
	}
	got, err := fine(nil, src, d, sides, c.Factors)
	if err != nil {
		t.Fatal(name, err)
	}
	c.compare(t, name, d.Native(), got, c.out)

	var limits *[2]float64
	if c.Limits {
		limits = &[2]float64{0, 1}
	}
	w, ok := level.WireOf(c.Descr, c.Labels, limits)
	if !ok {
		t.Fatal(name)
	}
	got, err = w.Append(nil, src, sides, c.Factors)
	if err != nil {
		t.Fatal(name, err)
	}
	to, _ := level.ParseDType(w.Descr)
	c.compare(t, name+" as "+w.Type, to, got, c.client)

	turned, err := level.AppendTurned(nil, c.out, level.Shape(sides, c.Factors), d.Native().Size)
	if err != nil || !bytes.Equal(turned, c.turned) {
		t.Errorf("%s: turned, %v", name, err)
	}
}

// compare compares values: whole numbers exactly, floats as far as sums may differ.
func (c *oracle) compare(t *testing.T, name string, d level.DType, got, want []byte) {
	if len(got) != len(want) {
		t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
		return
	}
	if d.Kind != 'f' {
		if !bytes.Equal(got, want) {
			t.Errorf("%s:\n%x, want\n%x", name, got, want)
		}
		return
	}
	precision := 1e-14
	if d.Size == 4 {
		precision = 2.4e-7 // magnitudes and means are rounded
	}
	whole := c.Descr[1] == 'u' || c.Descr[1] == 'i'
	for i := range len(got) / d.Size {
		_, g := voxel(d, got[i*d.Size:])
		_, w := voxel(d, want[i*d.Size:])
		most := math.Float64frombits(binary.LittleEndian.Uint64(c.most[8*i:]))
		if whole {
			most = 0 // one rounding is left
		}
		if g != w && (g == g || w == w) && !(math.Abs(g-w) <= most*precision) {
			t.Errorf("%s: %v at %d, want %v", name, g, i, w)
			return
		}
	}
}
