package stacks

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/maps/library"
	"webmon/shm/maps/made"
	"webmon/shm/segment"
	"webmon/shm/sourcetest"
	"webmon/shm/stack/stacktest"
)

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	// As whoever replaces a file does that somebody may be reading.
	if err := os.WriteFile(path+".new", data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// shelf returns a library with the map "one" of three sessions, and its folder. Session 0 has two channels
// that are alike, session 1 two that are not, session 2 no images.
func shelf(t *testing.T) (*library.Library, string) {
	t.Helper()
	dir := t.TempDir()
	if err := made.Make(made.Plan{Name: "one", Sessions: 3, Spines: 3, Conditions: []string{"q", "", "b"}}).Write(dir); err != nil {
		t.Fatal(err)
	}
	raw := filepath.Join(dir, "one", "raw")
	write(t, filepath.Join(raw, "one_s0_ch1.tif"), stacktest.TIFF{Rows: 20, Cols: 30, Bits: 16}.Write(stacktest.Noise(1, 4, 20, 30, 16)))
	write(t, filepath.Join(raw, "one_s0_ch2.tif"), stacktest.TIFF{Rows: 20, Cols: 30, Bits: 16, Compression: 5, StripRows: 7}.Write(stacktest.Noise(2, 4, 20, 30, 16)))
	write(t, filepath.Join(raw, "one_s1_ch1.tif"), stacktest.TIFF{Rows: 12, Cols: 10, Bits: 8}.Write(stacktest.Noise(3, 3, 12, 10, 8)))
	write(t, filepath.Join(raw, "one_s1_ch2.tif"), stacktest.TIFF{Rows: 12, Cols: 10, Bits: 16, Signed: true}.Write(stacktest.Noise(4, 3, 12, 10, 16)))
	return look(t, dir), dir
}

func look(t *testing.T, dir string) *library.Library {
	t.Helper()
	l := library.New(library.Options{Dirs: []string{dir}, Cache: filepath.Join(t.TempDir(), "cache"), Failed: func(err error) { t.Error(err) }})
	l.Look()
	return l
}

// running is a source that runs.
type running struct {
	*Source
	sink   *sourcetest.Sink
	result chan error
	stop   func()
}

func run(t *testing.T, l *library.Library, key string) *running {
	t.Helper()
	src, err := Open(key, Options{Library: l})
	if err != nil {
		t.Fatal(err)
	}
	r := &running{src, sourcetest.NewSink(), make(chan error, 1), nil}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	r.stop = func() {
		cancel()
		<-over
	}
	go func() {
		defer close(over)
		r.result <- src.Run(ctx, r.sink)
	}()
	t.Cleanup(r.stop)
	r.Refresh(t.Context(), nil)
	r.sink.Wait(t, "the arrays", func() bool { _, n := r.sink.Latest(shm.TopicArrays); return n > 0 })
	return r
}

func (r *running) arrays() shm.Arrays {
	v, _ := r.sink.Latest(shm.TopicArrays)
	list, _ := v.(shm.Arrays)
	return list
}

// frame wants an array, and returns its frame.
func (r *running) frame(t *testing.T, name string) *shm.ArrayFrame {
	t.Helper()
	topic := shm.ArrayTopic(name)
	r.sink.Want(topic, 1)
	var f *shm.ArrayFrame
	r.sink.Wait(t, "a frame of "+name, func() bool {
		v, _ := r.sink.Latest(topic)
		f, _ = v.(*shm.ArrayFrame)
		return f != nil
	})
	return f
}

func TestConformance(t *testing.T) {
	l, _ := shelf(t)
	sourcetest.Run(t, func(t *testing.T) sourcetest.Process {
		src, err := Open("one", Options{Library: l})
		if err != nil {
			t.Fatal(err)
		}
		return sourcetest.Process{Source: src, Quit: src.End, State: shm.ArrayTopic("session-0"), Free: true, Still: true}
	})
}

func TestWhatIsDeclared(t *testing.T) {
	l, _ := shelf(t)
	r := run(t, l, "one")
	type declared struct {
		Name, Title, Descr string
		Shape              []int
		Axes, Units        []string
		Scale              []float64
	}
	want := []declared{
		{"session-0", "Session 0 (q), one_s0", "<u2", []int{2, 4, 20, 30}, []string{"c", "z", "y", "x"}, []string{"", "um", "um", "um"}, []float64{1, 1, 0.12, 0.12}},
		{"session-1-ch1", "Session 1, one_s1: channel 1", "|u1", []int{3, 12, 10}, []string{"z", "y", "x"}, []string{"um", "um", "um"}, []float64{1, 0.12, 0.12}},
		{"session-1-ch2", "Session 1, one_s1: channel 2", "<i2", []int{3, 12, 10}, []string{"z", "y", "x"}, []string{"um", "um", "um"}, []float64{1, 0.12, 0.12}},
	}
	var got []declared
	for _, a := range r.arrays() {
		got = append(got, declared{a.Name, a.Title, a.Descr, a.Shape, a.Axes, a.Units, a.Scale})
		if len(a.Generation) != 16 || a.Withheld() {
			t.Errorf("%s has the generation %q and the note %q", a.Name, a.Generation, a.Note)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	if _, n := r.sink.Latest(shm.ArrayTopic("session-0")); n > 0 {
		t.Error("a frame was told that nobody wants")
	}
}

// Every box and every plane is what NumPy would cut out of the files.
func TestPixels(t *testing.T) {
	l, _ := shelf(t)
	r := run(t, l, "one")
	join := func(planes ...[][]byte) []byte {
		var all []byte
		for _, p := range planes {
			all = append(all, bytes.Join(p, nil)...)
		}
		return all
	}
	// As the file has them: signed numbers in two's complement.
	for name, data := range map[string][]byte{
		"session-0":     join(stacktest.Noise(1, 4, 20, 30, 16), stacktest.Noise(2, 4, 20, 30, 16)),
		"session-1-ch1": join(stacktest.Noise(3, 3, 12, 10, 8)),
		"session-1-ch2": join(stacktest.Noise(4, 3, 12, 10, 16)),
	} {
		f := r.frame(t, name)
		all, err := f.Reader.ReadAll(f, nil)
		if err != nil || !bytes.Equal(all, data) {
			t.Fatalf("%s: the whole differs from the file: %v", name, err)
		}
		// The reader of arrays in memory is the reference for the rest.
		local, err := segment.NewLocal(segment.Spec{Name: name, DType: f.Info.Descr, Shape: f.Shape})
		if err != nil {
			t.Fatal(err)
		}
		ref, err := local.Publish(data, segment.Frame{})
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(5, 5))
		for range 300 {
			from, to := make([]int, len(f.Shape)), make([]int, len(f.Shape))
			at := make([]int, len(f.Shape))
			for i, n := range f.Shape {
				from[i] = rng.IntN(n + 1)
				to[i] = from[i] + rng.IntN(n-from[i]+1)
				at[i] = rng.IntN(n)
			}
			got, err := f.Reader.ReadBox(f, from, to, nil)
			want, werr := ref.Reader.ReadBox(ref, from, to, nil)
			if err != nil || werr != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s from %v to %v: %v, %v", name, from, to, err, werr)
			}
			axes := rng.Perm(len(f.Shape))
			sel := shm.Selection{Index: at, Y: axes[0], X: axes[1], C: -1, Row: rng.IntN(8) - 3, Col: rng.IntN(8) - 3, Rows: rng.IntN(40), Cols: rng.IntN(40), Step: 1 + rng.IntN(4)*rng.IntN(2), Nearest: rng.IntN(2) > 0}
			px, err := f.Reader.ReadPlane(f, sel, make([]byte, 0, rng.IntN(2000)))
			wpx, werr := ref.Reader.ReadPlane(ref, sel, nil)
			if err != nil || werr != nil || !bytes.Equal(px.Data, wpx.Data) {
				t.Fatalf("%s, %+v: %v, %v: the pixels differ", name, sel, err, werr)
			}
			px.Data, wpx.Data = nil, nil
			if !reflect.DeepEqual(px, wpx) {
				t.Fatalf("%s, %+v: got %+v, want %+v", name, sel, px, wpx)
			}
		}
		for _, sel := range []shm.Selection{
			{}, {Index: make([]int, len(f.Shape)), Y: 0, X: 0, C: -1, Step: 1}, {Index: make([]int, len(f.Shape)), Y: -1, X: 1, C: -1, Step: 1},
			{Index: make([]int, len(f.Shape)), Y: 1, X: 2, C: -1}, {Index: make([]int, len(f.Shape)), Y: 1, X: 9, C: -1, Step: 1},
		} {
			if _, err := f.Reader.ReadPlane(f, sel, nil); err == nil {
				t.Errorf("%s: %+v is taken", name, sel)
			}
		}
		outside := append(make([]int, len(f.Shape)-1), f.Shape[len(f.Shape)-1]+1)
		if _, err := f.Reader.ReadBox(f, make([]int, len(f.Shape)), outside, nil); !errors.Is(err, shm.ErrBox) {
			t.Errorf("%s: a box outside gives %v", name, err)
		}
		if _, err := f.Reader.ReadRecords(f, 0, 1); err == nil {
			t.Errorf("%s has records", name)
		}
	}
}

// A plane is made of bands where it is read with less resolution.
func TestBands(t *testing.T) {
	dir := t.TempDir()
	const rows, cols = 3000, 2900
	data := stacktest.Noise(1, 1, rows, cols, 16)
	write(t, filepath.Join(dir, "big.tif"), stacktest.TIFF{Rows: rows, Cols: cols, Bits: 16}.Write(data))
	r := run(t, look(t, dir), "big")
	f := r.frame(t, "session-0")
	local, err := segment.NewLocal(segment.Spec{Name: "a", DType: f.Info.Descr, Shape: f.Shape})
	if err != nil {
		t.Fatal(err)
	}
	ref, err := local.Publish(data[0], segment.Frame{})
	if err != nil {
		t.Fatal(err)
	}
	for _, nearest := range []bool{false, true} {
		for _, step := range []int{2, 3, 7, 1500} {
			sel := shm.Selection{Index: []int{0, 0, 0}, Y: 1, X: 2, C: -1, Row: 5, Col: 3, Rows: rows, Cols: cols, Step: step, Nearest: nearest}
			got, err := f.Reader.ReadPlane(f, sel, nil)
			want, werr := ref.Reader.ReadPlane(ref, sel, nil)
			if err != nil || werr != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("step %d, nearest %v: the picture differs (%v, %v)", step, nearest, err, werr)
			}
		}
	}
}

func TestAFileThatChanges(t *testing.T) {
	l, dir := shelf(t)
	r := run(t, l, "one")
	f := r.frame(t, "session-0")
	planes := stacktest.Noise(9, 5, 20, 30, 16)
	for c := 1; c <= 2; c++ {
		write(t, filepath.Join(dir, "one", "raw", fmt.Sprintf("one_s0_ch%d.tif", c)), stacktest.TIFF{Rows: 20, Cols: 30, Bits: 16}.Write(planes))
	}
	if _, err := f.Reader.ReadAll(f, nil); !errors.Is(err, shm.ErrOvertaken) {
		t.Errorf("the frame before gives %v", err)
	}
	r.sink.Wait(t, "the new file", func() bool {
		info := r.arrays().Get("session-0")
		return info != nil && info.Shape[1] == 5 && info.Generation != f.Info.Generation
	})
	r.sink.Wait(t, "the new frame", func() bool {
		v, _ := r.sink.Latest(shm.ArrayTopic("session-0"))
		now, _ := v.(*shm.ArrayFrame)
		return now != nil && now.Info.Generation != f.Info.Generation
	})
	// What cannot be read says why, and the others stay.
	write(t, filepath.Join(dir, "one", "raw", "one_s0_ch2.tif"), []byte("no picture"))
	r.Refresh(t.Context(), nil)
	if info := r.arrays().Get("session-0"); info == nil || !info.Withheld() || !strings.Contains(info.Note, "one_s0_ch2.tif") {
		t.Errorf("a broken file gives %+v", info)
	}
	if len(r.arrays()) != 3 {
		t.Errorf("there are %d arrays", len(r.arrays()))
	}
}

func TestImagesInAZip(t *testing.T) {
	dir := t.TempDir()
	planes := stacktest.Noise(2, 3, 16, 16, 8)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	put := func(name string, data []byte) {
		f, err := z.Create(name)
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put("one/raw/one_s0_ch1.tif", stacktest.TIFF{Rows: 16, Cols: 16, Bits: 8}.Write(planes))
	put("one/raw/one_s1_ch1.tif", []byte("no picture"))
	for _, f := range made.Make(made.Plan{Name: "one", Sessions: 2}).Files {
		put("one/"+f.Path, f.Data)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "one.zip"), b.Bytes())
	r := run(t, look(t, dir), "one")
	for _, a := range r.arrays() {
		if !a.Withheld() || !strings.Contains(a.Note, "zip") {
			t.Errorf("before anybody looks: %+v", a)
		}
	}
	f := r.frame(t, "session-0")
	if all, err := f.Reader.ReadAll(f, nil); err != nil || !bytes.Equal(all, bytes.Join(planes, nil)) {
		t.Errorf("the pixels are not those of the file: %v", err)
	}
	r.sink.Want(shm.ArrayTopic("session-1"), 1)
	r.sink.Wait(t, "why it cannot be read", func() bool {
		info := r.arrays().Get("session-1")
		return info != nil && info.Withheld() && strings.Contains(info.Note, "neither a TIFF")
	})
}

// It ends with the map: when that is forgotten and nobody looks, and when it is gone.
func TestTheEnd(t *testing.T) {
	l, dir := shelf(t)
	r := run(t, l, "one")
	r.sink.Want(shm.TopicArrays, 1)
	f := r.frame(t, "session-0")
	l.Reload("one") // as if nobody had used it for long
	r.sink.Wait(t, "two beats", func() bool { return r.sink.Lives() > 2 })
	select {
	case err := <-r.result:
		t.Fatalf("it ended while somebody looked: %v", err)
	default:
	}
	r.sink.Want(shm.TopicArrays, 0)
	r.sink.Want(shm.ArrayTopic("session-0"), 0)
	// Whoever looked may have loaded the map once more.
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for ended := false; !ended; {
		l.Reload("one")
		select {
		case err := <-r.result:
			if ended = true; !errors.Is(err, shm.ErrEnded) {
				t.Errorf("it ended with %v", err)
			}
		case <-ticker.C:
		}
	}
	if _, err := f.Reader.ReadAll(f, nil); !errors.Is(err, shm.ErrNoArray) {
		t.Errorf("after the end a frame gives %v", err)
	}
	ended, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if r.Refresh(ended, nil); ended.Err() != nil {
		t.Error("Refresh waits for what has ended")
	}

	again := run(t, l, "one")
	again.sink.Want(shm.TopicArrays, 1)
	if err := os.RemoveAll(filepath.Join(dir, "one")); err != nil {
		t.Fatal(err)
	}
	l.Look()
	if err := <-again.result; !errors.Is(err, shm.ErrGone) {
		t.Errorf("of a map that is gone Run says %v", err)
	}
	if _, err := Open("one", Options{Library: l}); !errors.Is(err, library.ErrUnknown) {
		t.Errorf("of a map that is gone Open says %v", err)
	}
}

// A map that is open and whose images nobody looks at costs no reading of its files.
func TestNothingIsReadBeforeSomebodyLooks(t *testing.T) {
	l, dir := shelf(t)
	if err := os.WriteFile(filepath.Join(dir, "one", "raw", "one_s0_ch1.tif"), []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	src, err := Open("one", Options{Library: l})
	if err != nil {
		t.Fatal(err)
	}
	sink := sourcetest.NewSink()
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- src.Run(ctx, sink) }()
	sink.Wait(t, "a beat", func() bool { return sink.Lives() > 1 })
	if v, n := sink.Latest(shm.TopicArrays); n > 0 {
		t.Errorf("nobody looked, and it told %v", v)
	}
	sink.Want(shm.ArrayTopic("session-1-ch2"), 1)
	sink.Wait(t, "the frame of the array that is wanted", func() bool { v, _ := sink.Latest(shm.ArrayTopic("session-1-ch2")); return v != nil })
	cancel()
	if err := <-result; err != nil {
		t.Error(err)
	}
}
