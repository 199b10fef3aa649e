package library

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	pixels "image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"webmon/shm/maps"
	"webmon/shm/maps/made"
	"webmon/shm/stack"
	"webmon/shm/stack/stacktest"
)

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// folder writes a map that is made up below dir.
func folder(t *testing.T, dir, name string) {
	t.Helper()
	if err := made.Make(made.Plan{Name: name, Sessions: 2, Spines: 4, Condition: name}).Write(dir); err != nil {
		t.Fatal(err)
	}
}

// open returns a library that has looked once.
func open(t *testing.T, o Options) *Library {
	t.Helper()
	o.Failed = func(err error) { t.Error(err) }
	l := New(o)
	t.Cleanup(l.stacks.close)
	l.Look()
	return l
}

func (l *Library) entry(t *testing.T, key string) Entry {
	t.Helper()
	for _, e := range l.List() {
		if e.Key == key {
			return e
		}
	}
	t.Fatalf("there is no %s in %v", key, l.List())
	return Entry{}
}

func zipOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatIsFound(t *testing.T) {
	dir := t.TempDir()
	folder(t, dir, "one")
	folder(t, filepath.Join(dir, "deep", "er"), "two")
	folder(t, filepath.Join(dir, "other"), "one") // of the same name
	write(t, filepath.Join(dir, "rr30a.zip"), made.RR30aZip)
	write(t, filepath.Join(dir, "one.zip"), made.RR30aZip) // beside its folder
	write(t, filepath.Join(dir, "letters.zip"), zipOf(t, map[string]string{"a.txt": "no map"}))
	write(t, filepath.Join(dir, "points.csv"), []byte("x,y\n1,2\n"))
	write(t, filepath.Join(dir, "notes.txt"), []byte("nothing"))
	write(t, filepath.Join(dir, "t", "cell.swc"), []byte("1 1 0 0 0 1 -1\n2 1 3 4 0 1 1\n"))
	alone := made.Make(made.Plan{Name: "alone", Sessions: 1, Spines: 4})
	for _, f := range alone.Files {
		if strings.Contains(f.Path, "/") {
			write(t, filepath.Join(dir, "a", "stackdb", filepath.Base(f.Path)), f.Data)
		}
	}
	write(t, filepath.Join(dir, ".hidden", "h.csv"), []byte("x,y\n1,2\n"))
	if err := os.Symlink(dir, filepath.Join(dir, "deep", "again")); err != nil {
		t.Fatal(err)
	}
	l := open(t, Options{Dirs: []string{dir}})
	var got []string
	for _, e := range l.List() {
		got = append(got, e.Key+" "+string(e.Kind))
	}
	want := []string{"alone_s0 stack", "cell points", "one folder", "one-2 folder", "points points", "rr30a zip", "two folder"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	ctx := t.Context()
	for key, objects := range map[string]int{"rr30a": 2467, "alone_s0": -1, "cell": 0} {
		o, err := l.Open(ctx, key)
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		n := 0
		for _, s := range o.Sessions {
			n += s.Len()
		}
		if objects >= 0 && n != objects || objects < 0 && n == 0 || len(o.Sessions[0].Segments()) == 0 {
			t.Errorf("%s has %d objects, %d segments", key, n, len(o.Sessions[0].Segments()))
		}
	}
	if e := l.entry(t, "rr30a"); e.Facts == nil || !reflect.DeepEqual(*e.Facts, Facts{9, 2467, 5, 313, strings.Fields("q a1 a2 b1 b2 b u d1 d2")}) || !slices.Equal(e.Condition, []string{"mc1"}) {
		t.Errorf("got %+v of rr30a", e)
	}
	if _, err := l.Open(ctx, "nobody"); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v", err)
	}

	// The keys stay, whatever comes and goes.
	if err := os.RemoveAll(filepath.Join(dir, "one")); err != nil {
		t.Fatal(err)
	}
	folder(t, filepath.Join(dir, "b"), "one")
	l.Look()
	if e := l.entry(t, "one-2"); e.Place != filepath.Join(dir, "other", "one") {
		t.Errorf("one-2 is %s now", e.Place)
	}
	if e := l.entry(t, "one-3"); e.Place != filepath.Join(dir, "b", "one") {
		t.Errorf("one-3 is %s", e.Place)
	}
	if e := l.entry(t, "rr30a-2"); e.Place != filepath.Join(dir, "one.zip") { // its folder is gone
		t.Errorf("rr30a-2 is %+v", e)
	}
}

func TestAMapIsReadOnceForAll(t *testing.T) {
	dir := t.TempDir()
	folder(t, dir, "one")
	var reads atomic.Int32
	l := open(t, Options{Dirs: []string{dir}, Loaded: func(key, at string, m *maps.Map) (*maps.Map, int, error) {
		if key != "one" || at != filepath.Join(dir, "one") {
			t.Errorf("read %s in %s", key, at)
		}
		reads.Add(1)
		return m, 0, nil
	}})
	var all sync.WaitGroup
	got := make([]*maps.Map, 8)
	for i := range got {
		all.Add(1)
		go func() {
			defer all.Done()
			o, err := l.Open(t.Context(), "one")
			if err != nil {
				t.Error(err)
			}
			got[i] = o.Map
		}()
	}
	all.Wait()
	for _, m := range got {
		if m != got[0] {
			t.Error("not all have the same map")
		}
	}
	if n := reads.Load(); n != 1 {
		t.Errorf("it was read %d times", n)
	}
	l.Look()
	if _, err := l.Open(t.Context(), "one"); err != nil || reads.Load() != 1 {
		t.Errorf("it was read %d times, %v", reads.Load(), err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	l.Reload("one")
	if _, err := l.Open(gone, "one"); !errors.Is(err, context.Canceled) {
		t.Errorf("who does not wait gets %v", err)
	}
}

func TestWhatNobodyUsesIsForgotten(t *testing.T) {
	dir := t.TempDir()
	folder(t, dir, "one")
	l := open(t, Options{Dirs: []string{dir}, Idle: time.Nanosecond})
	if _, err := l.Open(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	if n, _ := l.Size(); n == 0 {
		t.Error("a map in memory has no bytes")
	}
	l.Look()
	if n, _ := l.Size(); n != 0 {
		t.Errorf("there are still %d bytes", n)
	}
	if e := l.entry(t, "one"); e.Facts == nil || e.Facts.Sessions != 2 {
		t.Errorf("what is known is forgotten: %+v", e)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		folder(t, dir, name)
	}
	probe := open(t, Options{Dirs: []string{dir}})
	o, err := probe.Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	one := o.Map.Size()
	l := open(t, Options{Dirs: []string{dir}, Bytes: 2*one + one/2})
	for _, name := range []string{"a", "b", "a", "c"} {
		if _, err := l.Open(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if n, limit := l.Size(); n > limit {
		t.Errorf("%d bytes of %d", n, limit)
	}
	if l.all["a"].m == nil || l.all["b"].m != nil || l.all["c"].m == nil {
		t.Error("the one that was used longest ago is not the one that is forgotten")
	}
	l = open(t, Options{Dirs: []string{dir}, Bytes: one / 2})
	if _, err := l.Open(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "memory") {
		t.Errorf("got %v", err)
	}
}

func TestManyMapsNeedTheMemoryOfAFew(t *testing.T) {
	dir := t.TempDir()
	keys := []string{"a", "b", "c", "d", "nobody"}
	for _, name := range keys[:4] {
		folder(t, dir, name)
	}
	l := open(t, Options{Dirs: []string{dir}})
	if _, err := l.Open(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	var names [5]string
	errs := l.Each(t.Context(), keys, func(i int, o Opened) error {
		if names[i] = o.Name; i == 3 {
			return errors.New("enough")
		}
		return nil
	})
	if !slices.Equal(names[:4], keys[:4]) || errs[0] != nil || errs[3] == nil || !errors.Is(errs[4], ErrUnknown) {
		t.Errorf("got %v, %v", names, errs)
	}
	for _, key := range keys[:4] {
		if in := l.all[key].m != nil; in != (key == "b") {
			t.Errorf("%s is in memory: %t", key, in)
		}
	}
}

func TestChangesOnTheDisk(t *testing.T) {
	dir := t.TempDir()
	folder(t, dir, "one")
	l := open(t, Options{Dirs: []string{dir}})
	o, err := l.Open(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "one", "line", "new_l.txt"), []byte("x"))
	l.Look()
	again, err := l.Open(t.Context(), "one")
	if err != nil || again.Map == o.Map || again.Version == o.Version {
		t.Errorf("a changed map is not read again: %v", err)
	}

	edited, err := l.Replace("one", again.Version, again.With(func(*maps.Map) {}), 1)
	if err != nil || edited.Version == again.Version {
		t.Fatal(edited.Version, err)
	}
	if _, err := l.Replace("one", again.Version, again.Map, 2); !errors.Is(err, ErrOther) {
		t.Errorf("got %v for a change of an older one", err)
	}
	write(t, filepath.Join(dir, "one", "line", "new_l.txt"), []byte("xy"))
	l.Look()
	if e := l.entry(t, "one"); !e.Changed || e.Unsaved != 1 {
		t.Errorf("got %+v", e)
	}
	if kept, err := l.Open(t.Context(), "one"); err != nil || kept.Map != edited.Map {
		t.Error("an edited map was thrown away")
	}
	l.Saved("one")
	if e := l.entry(t, "one"); e.Changed || e.Unsaved != 0 {
		t.Errorf("got %+v after it was saved", e)
	}
	l.Look()
	if kept, err := l.Open(t.Context(), "one"); err != nil || kept.Map != edited.Map {
		t.Error("a saved map was read again")
	}
}

func TestZipsGoOutAndComeIn(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Options{Dirs: []string{dir}, Made: []Made{{Key: "rr30a", Name: "rr30a", Open: func() (*maps.Map, error) { return maps.Read(made.RR30a(), "rr30a") }}}})
	var b bytes.Buffer
	if err := l.Zip(t.Context(), "rr30a", &b); err != nil {
		t.Fatal(err)
	}
	if err := l.Put(t.Context(), "copy", bytes.NewReader(b.Bytes()), int64(b.Len())); err != nil {
		t.Fatal(err)
	}
	o, err := l.Open(t.Context(), "copy")
	if err != nil || o.Name != "rr30a" || o.Dir != filepath.Join(dir, "copy") {
		t.Fatal(o.Name, o.Dir, err)
	}
	for _, f := range o.Files() {
		want, err := fs.ReadFile(made.RR30a(), f.Path)
		got, err2 := os.ReadFile(filepath.Join(dir, "copy", filepath.FromSlash(f.Path)))
		if err != nil || err2 != nil || !bytes.Equal(want, got) || !bytes.Equal(want, f.Data) {
			t.Errorf("%s is not what it was: %v, %v", f.Path, err, err2)
		}
	}
	for key, want := range map[string]string{"copy": "already", "rr30a": "already", "../x": "cannot be the name", ".x": "cannot be the name", "": "cannot be the name"} {
		if err := l.Put(t.Context(), key, bytes.NewReader(b.Bytes()), int64(b.Len())); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v", key, err)
		}
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 {
		t.Errorf("the folder has %v", entries)
	}
	if err := open(t, Options{}).Put(t.Context(), "a", bytes.NewReader(nil), 0); err == nil || !strings.Contains(err.Error(), "--maps") {
		t.Errorf("got %v without a folder", err)
	}
}

// hostile are zips that must be refused, with a word of the reason.
func hostile(t *testing.T) map[string][]byte {
	t.Helper()
	link := func(mode fs.FileMode) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		h := &zip.FileHeader{Name: "m/link"}
		h.SetMode(mode | 0o777)
		w, _ := z.CreateHeader(h)
		_, _ = w.Write([]byte("/etc/passwd"))
		_ = z.Close()
		return b.Bytes()
	}
	var many bytes.Buffer
	z := zip.NewWriter(&many)
	for i := range maxEntries + 1 {
		_, _ = z.CreateRaw(&zip.FileHeader{Name: "m/" + strings.Repeat("a", 3) + string(rune('0'+i%10)) + "/" + time.Duration(i).String()})
	}
	_ = z.Close()
	var bomb bytes.Buffer
	z = zip.NewWriter(&bomb)
	w, _ := z.Create("m/m.txt")
	zeros := make([]byte, 1<<20)
	for range 80 {
		_, _ = w.Write(zeros)
	}
	_ = z.Close()
	rr30a := func(change func(name string, data []byte) []byte) []byte {
		var b bytes.Buffer
		out := zip.NewWriter(&b)
		m := made.Make(made.Plan{Name: "m", Sessions: 2})
		for _, f := range m.Files {
			w, _ := out.Create("m/" + f.Path)
			_, _ = w.Write(change(f.Path, f.Data))
		}
		_ = out.Close()
		return b.Bytes()
	}
	damaged := rr30a(func(_ string, data []byte) []byte { return data })
	damaged[100] ^= 0xff
	return map[string][]byte{
		"outside":     zipOf(t, map[string]string{"m/../../evil": "x"}),
		"no name of":  zipOf(t, map[string]string{"/etc/evil": "x"}),
		"is no name":  zipOf(t, map[string]string{`m\..\evil`: "x"}),
		"no name":     zipOf(t, map[string]string{"c:evil": "x"}),
		"link":        link(fs.ModeSymlink),
		"device":      link(fs.ModeDevice),
		"fill memory": bomb.Bytes(),
		"no map":      zipOf(t, map[string]string{"m/a.png": "x"}),
		"no zip":      []byte("PK but not really"),
		"files":       many.Bytes(),
		"damaged":     damaged,
		"sessions": rr30a(func(name string, data []byte) []byte {
			return bytes.Replace(data, []byte("\nhsStack\t"), []byte("\nhsStack\t"+strings.Repeat("a\t", 2000)), 1)
		}),
		"twice": twice(),
		"no sessions": rr30a(func(name string, data []byte) []byte {
			if name == "m.txt" {
				return []byte("\t\nhsStack\t\t\n")
			}
			return data
		}),
	}
}

func twice() []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"m/A.txt", "m/a.txt"} {
		w, _ := z.Create(name)
		_, _ = w.Write([]byte("x"))
	}
	_ = z.Close()
	return b.Bytes()
}

func TestHostileZipsAreRefused(t *testing.T) {
	for want, data := range hostile(t) {
		dir := t.TempDir()
		l := open(t, Options{Dirs: []string{dir}})
		err := l.Put(t.Context(), "m", bytes.NewReader(data), int64(len(data)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
		if entries, _ := os.ReadDir(dir); len(entries) > 0 {
			t.Errorf("%s left %v", want, entries)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "evil")); err == nil {
			t.Errorf("%s has written outside", want)
		}
	}
}

// A header that announces a thousand million rows is believed as far as rows follow it.
func TestRowsThatAreAnnounced(t *testing.T) {
	dir := t.TempDir()
	folder(t, dir, "one")
	p := filepath.Join(dir, "one", "one_objMap.txt")
	data, err := os.ReadFile(p)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(data, []byte(";"))
	write(t, p, append([]byte("rows=1000000000;"), rest...))
	o, err := open(t, Options{Dirs: []string{dir}}).Open(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(o.Problems, func(p maps.Problem) bool { return strings.Contains(p.Text, "1000000000 rows") }) {
		t.Errorf("got the problems %v", o.Problems)
	}
}

func TestColumnsAreAskedForOnce(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p.csv"), []byte("name,xx,yy,slice,volume\na,1,2,3,4\n"))
	planes := stacktest.Noise(1, 4, 20, 30, 16)
	write(t, filepath.Join(dir, "some.tif"), stacktest.TIFF{Rows: 20, Cols: 30, Bits: 16}.Write(planes))
	l := open(t, Options{Dirs: []string{dir}})
	if got := len(l.List()); got != 1 {
		t.Fatalf("got %v", l.List())
	}
	if _, err := l.Open(t.Context(), "p"); !errors.Is(err, ErrColumns) {
		t.Fatalf("got %v", err)
	}
	if e := l.entry(t, "p"); !e.Columns || e.Problem == "" {
		t.Errorf("got %+v", e)
	}
	c, err := l.Columns("p")
	if err != nil || c.Said || c.Is.Z != "slice" || c.Is.ID != "name" || c.Is.X != "" || len(c.Rows) != 1 || c.Number != 1 {
		t.Errorf("got %+v, %v", c, err)
	}
	if err := l.SetColumns("p", c.Is); err == nil {
		t.Error("columns without x were taken")
	}
	c.Is.X, c.Is.Y, c.Is.Pixels, c.Is.DX, c.Is.DY = "xx", "yy", true, 0.5, 0.5
	if err := l.SetColumns("p", c.Is); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		o, err := l.Open(t.Context(), "p")
		if err != nil || o.Sessions[0].Table.Value(0, "x") != 0.5 || o.Sessions[0].PZ != 4 || o.Sessions[0].PX != 30 {
			t.Fatalf("got %v, %v", o.Map, err)
		}
		l = open(t, Options{Dirs: []string{dir}}) // it is remembered
	}
	if _, err := l.Open(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	if got := l.Channels("p", 0); !slices.Equal(got, []int{1}) {
		t.Errorf("got the channels %v", got)
	}
	im, err := l.Image(t.Context(), "p", 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer im.Release()
	pixels, err := im.ReadPlane(t.Context(), 0, im.Channel, 3, im.Info().Whole(), nil)
	if err != nil || !bytes.Equal(pixels, planes[3]) {
		t.Errorf("the pixels are not those of the file: %v", err)
	}
}

func TestImagesOfSessions(t *testing.T) {
	dir := t.TempDir()
	folder(t, dir, "one")
	planes := stacktest.Noise(2, 3, 16, 16, 8)
	tiff := stacktest.TIFF{Rows: 16, Cols: 16, Bits: 8}.Write(planes)
	write(t, filepath.Join(dir, "one", "raw", "one_s1_ch2.tif"), tiff)
	l := open(t, Options{Dirs: []string{dir}})
	if !l.entry(t, "one").Pictured {
		t.Error("nobody says that there are images")
	}
	if _, err := l.Open(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	if a, b := l.Channels("one", 0), l.Channels("one", 1); len(a) != 0 || !slices.Equal(b, []int{2}) {
		t.Errorf("got channels %v and %v", a, b)
	}
	for _, c := range [][2]int{{0, 2}, {1, 1}, {7, 1}, {-1, 1}} {
		if _, err := l.Image(t.Context(), "one", c[0], c[1]); !errors.Is(err, ErrNoImage) {
			t.Errorf("session %d, channel %d: got %v", c[0], c[1], err)
		}
	}
	a, err := l.Image(t.Context(), "one", 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Image(t.Context(), "one", 1, 2)
	if err != nil || a.Image != b.Image || a.Tag != b.Tag {
		t.Fatal("the file is open twice", err)
	}
	// A file that changes is opened anew; who has the old one can go on.
	write(t, filepath.Join(dir, "one", "raw", "one_s1_ch2.tif.new"), append(tiff, 0))
	if err := os.Rename(filepath.Join(dir, "one", "raw", "one_s1_ch2.tif.new"), filepath.Join(dir, "one", "raw", "one_s1_ch2.tif")); err != nil {
		t.Fatal(err)
	}
	c, err := l.Image(t.Context(), "one", 1, 2)
	if err != nil || c.Image == a.Image || c.Tag == a.Tag {
		t.Fatal("the changed file was not opened", err)
	}
	for _, im := range []Image{a, b, c} {
		if _, err := im.ReadPlane(t.Context(), 0, 0, 2, im.Info().Whole(), nil); err != nil {
			t.Error(err)
		}
		im.Release()
	}
	l.stacks.idle(time.Now().Add(time.Hour))
	if _, err := c.ReadPlane(t.Context(), 0, 0, 2, c.Info().Whole(), nil); err == nil {
		t.Error("what nobody uses is still open")
	}
}

func TestImagesOutOfZips(t *testing.T) {
	dir := t.TempDir()
	planes := stacktest.Noise(2, 3, 16, 16, 8)
	m := made.Make(made.Plan{Name: "one", Sessions: 1})
	files := map[string]string{"one/raw/one_s0_ch1.tif": string(stacktest.TIFF{Rows: 16, Cols: 16, Bits: 8}.Write(planes))}
	for _, f := range m.Files {
		files["one/"+f.Path] = string(f.Data)
	}
	write(t, filepath.Join(dir, "one.zip"), zipOf(t, files))
	l := open(t, Options{Dirs: []string{dir}, Cache: filepath.Join(t.TempDir(), "cache")})
	for range 2 {
		im, err := l.Image(t.Context(), "one", 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		pixels, err := im.ReadPlane(t.Context(), 0, 0, 1, im.Info().Whole(), nil)
		if err != nil || !bytes.Equal(pixels, planes[1]) {
			t.Errorf("the pixels are not those of the file: %v", err)
		}
		im.Release()
	}
}

func TestTheListLearnsByItself(t *testing.T) {
	dir := t.TempDir()
	folder(t, dir, "one")
	write(t, filepath.Join(dir, "bad.zip"), zipOf(t, map[string]string{"m/../../evil": "x"}))
	if err := os.Chtimes(filepath.Join(dir, "bad.zip"), time.Now(), time.Now().Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	l := New(Options{Dirs: []string{dir}, Every: time.Millisecond, Failed: func(err error) { t.Error(err) }})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx) }()
	for {
		list := l.List()
		if len(list) == 2 && list[1].Facts != nil && list[0].Problem != "" {
			if n, _ := l.Size(); n == 0 { // it was not kept
				break
			}
		}
		runtime.Gosched()
	}
	cancel()
	<-done
}

var _ stack.Image = (*moment)(nil)

// Whatever a zip is, it is refused or read, and nothing is written outside of the folder.
func FuzzZip(f *testing.F) {
	m := made.Make(made.Plan{Name: "m", Sessions: 1, Segments: 1, Spines: 1})
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, file := range m.Files {
		w, _ := z.Create("m/" + file.Path)
		_, _ = w.Write(file.Data[:min(len(file.Data), 2000)])
	}
	_ = z.Close()
	f.Add(b.Bytes())
	f.Add([]byte("PK\x05\x06\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		into := filepath.Join(dir, "maps")
		if err := os.Mkdir(into, 0o755); err != nil {
			t.Fatal(err)
		}
		l := New(Options{Dirs: []string{into}})
		_ = l.Put(t.Context(), "m", bytes.NewReader(data), int64(len(data)))
		if entries, _ := os.ReadDir(dir); len(entries) != 1 {
			t.Fatalf("there is more than the folder: %v", entries)
		}
	})
}

// gray writes a PNG of one value.
func gray(t *testing.T, path string, v uint8) {
	t.Helper()
	im := pixels.NewGray(pixels.Rect(0, 0, 8, 6))
	for i := range im.Pix {
		im.Pix[i] = v
	}
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	write(t, path, b.Bytes())
}

// What the old server made of images is shown where there is no TIFF, and said to be stretched.
func TestIngestedImages(t *testing.T) {
	dir := t.TempDir()
	for _, f := range made.Make(made.Plan{Name: "rr30a", Sessions: 4, Spines: 2}).Files {
		write(t, filepath.Join(dir, "rr30a", f.Path), f.Data)
	}
	raw := filepath.Join(dir, "rr30a", "raw")
	gray(t, filepath.Join(raw, "ingested", "tp0", "rr30a_tp0_ch2_s0003.png"), 30)
	gray(t, filepath.Join(raw, "ingested", "tp0", "rr30a_tp0_ch2_s0004.png"), 40)
	gray(t, filepath.Join(raw, "ingested", "MAX_rr30a_tp0_ch2.png"), 90)
	gray(t, filepath.Join(raw, "ingested", "MAX_rr30a_tp1_ch1.png"), 91)
	gray(t, filepath.Join(raw, "ingested", "tp2", "rr30a_tp2_ch2_s0000.png"), 50)
	tiff := stacktest.TIFF{Rows: 6, Cols: 8, Bits: 16}
	write(t, filepath.Join(raw, "rr30a_s2_ch2.tif"), tiff.Write(stacktest.Noise(1, 1, 6, 8, 16)))
	l := open(t, Options{Dirs: []string{dir}})
	if _, err := l.Open(t.Context(), "rr30a"); err != nil {
		t.Fatal(err)
	}
	if !l.entry(t, "rr30a").Pictured {
		t.Error("the list does not know of the images")
	}
	for _, want := range []struct {
		session, channel, slices, slice int
		stretched                       bool
		value                           byte
	}{{0, 2, 5, 4, true, 40}, {1, 1, 1, 0, true, 91}, {2, 2, 1, 0, false, 0}} {
		if got := l.Channels("rr30a", want.session); len(got) != 1 || got[0] != want.channel {
			t.Errorf("session %d has channels %v", want.session, got)
		}
		im, err := l.Image(t.Context(), "rr30a", want.session, want.channel)
		if err != nil {
			t.Fatal(err)
		}
		i := im.Info()
		if i.Slices != want.slices || i.Stretched != want.stretched {
			t.Errorf("session %d: %+v", want.session, i)
		}
		if got, err := im.ReadPlane(t.Context(), 0, im.Channel, want.slice, stack.Rect{Rows: 1, Cols: 1}, nil); err != nil || want.stretched && got[0] != want.value {
			t.Errorf("session %d: %v, %v", want.session, got, err)
		}
		im.Release()
	}
	if _, err := l.Image(t.Context(), "rr30a", 3, 2); !errors.Is(err, ErrNoImage) {
		t.Errorf("a session without images: %v", err)
	}
}

func TestFoldersAreAdded(t *testing.T) {
	dir := t.TempDir()
	folder(t, dir, "one")
	l := open(t, Options{})
	if l.Accepts() != "" {
		t.Error("a library without folders takes uploads")
	}
	for _, bad := range []string{"", "maps", filepath.Join(dir, "none"), filepath.Join(dir, "one", "one.txt")} {
		if err := l.AddDir(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	for range 2 {
		if err := l.AddDir(dir + "/"); err != nil {
			t.Fatal(err)
		}
	}
	if l.Look(); len(l.List()) != 1 || l.Accepts() != dir || len(l.dirs()) != 1 {
		t.Errorf("%d maps in %v", len(l.List()), l.dirs())
	}
}

// What was not looked at is said, and so is what was there.
func TestWhatIsLeftOutIsSaid(t *testing.T) {
	dir := t.TempDir()
	folder(t, dir, "one")
	deep := filepath.Join(append([]string{dir}, strings.Split("a/b/c/d/e/f/g/h/i", "/")...)...)
	folder(t, deep, "deep")
	l := open(t, Options{Dirs: []string{dir, filepath.Join(dir, "none")}})
	notes := strings.Join(l.Notes(), "\n")
	for _, want := range []string{filepath.Join(dir, "none") + " cannot be looked through", "more than 8 deep"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q: %s", want, notes)
		}
	}
	if l.Gone("one") != "" || l.entry(t, "one").Problem != "" {
		t.Errorf("a map that is there is gone, or has a problem: %+v", l.entry(t, "one"))
	}
	write(t, filepath.Join(dir, "bad.zip"), []byte("no zip"))
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "bad.zip"), long, long); err != nil {
		t.Fatal(err)
	}
	l.Look()
	if l.Look(); l.entry(t, "bad").Problem != "It is no zip, or not whole." {
		t.Errorf("of a broken zip it says %q", l.entry(t, "bad").Problem)
	}
	before := l.News()
	if err := os.Rename(filepath.Join(dir, "one"), filepath.Join(dir, ".one")); err != nil {
		t.Fatal(err)
	}
	l.Look()
	if text := l.Gone("one"); !strings.Contains(text, filepath.Join(dir, "one")) || l.News() == before {
		t.Errorf("of a map that is gone it says %q", text)
	}
	if err := os.Rename(filepath.Join(dir, ".one"), filepath.Join(dir, "one")); err != nil {
		t.Fatal(err)
	}
	if l.Look(); l.Gone("one") != "" {
		t.Error("a map that is back is gone")
	}
	if os.Getuid() == 0 {
		return // who may read everything
	}
	if err := os.Mkdir(filepath.Join(dir, "closed"), 0); err != nil {
		t.Fatal(err)
	}
	if l.Look(); !strings.Contains(strings.Join(l.Notes(), "\n"), "permission") {
		t.Errorf("nothing is said of a closed folder: %v", l.Notes())
	}
}
