//go:build linux || darwin

package segment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/pickle"
)

// onDisk is a store in a folder of the test's own on a disk.
func onDisk(t testing.TB) store {
	return files{dir: filepath.Join(t.TempDir(), "segments"), disk: true}
}

// whereIs says where a ring was made.
func whereIs(w *Writer) Options {
	dir := filepath.Dir(pathOf(w))
	return Options{store: files{dir: dir, disk: filepath.Base(dir) == "segments"}}
}

func pathOf(w *Writer) string {
	h := w.held
	if n, ok := h.(nameless); ok {
		h = n.held
	}
	return h.(*file).Name()
}

// names lists what a store has.
func names(s store) (out []string) {
	found, _ := os.ReadDir(s.(files).dir)
	for _, f := range found {
		out = append(out, f.Name())
	}
	return out
}

// A segment that is cut short while it is mapped must not end the program.
func TestCutShort(t *testing.T) {
	for _, dtype := range []string{"<u2", ">u2", "|u1", "<f4", "<f8"} {
		for _, crc := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s crc=%v", dtype, crc), func(t *testing.T) {
				kinds(t, func(t *testing.T, s store) { cutShort(t, s, dtype, crc) })
			})
		}
	}
	// Its own faults are not swallowed.
	defer func() {
		if recover() == nil {
			t.Error("a fault elsewhere was taken for the segment's")
		}
	}()
	r := mustOpen(t, share(t, Spec{DType: "|u1", Shape: []int{1}}))
	_ = r.guarded(func() error { var p *int; *p = 1; return nil })
}

func cutShort(t *testing.T, s store, dtype string, crc bool) {
	dt, err := pickle.ParseDType(dtype)
	if err != nil {
		t.Fatal(err)
	}
	w := share(t, Spec{DType: dtype, Shape: []int{512, 512}, CRC: crc, store: s})
	r := mustOpen(t, w)
	publish(t, w, make([]byte, 512*512*dt.Size), Frame{})
	f := mustFrame(t, r)
	whole := shm.Selection{Y: 0, X: 1, C: -1, Rows: 512, Cols: 512, Step: 1}
	if err := r.Ended(); err != nil {
		t.Fatal(err)
	}
	defer os.Truncate(pathOf(w), int64(len(w.b))) // the writer writes into it in the end
	if err := os.Truncate(pathOf(w), int64(r.m.slot(1)+pageBytes)); err != nil {
		t.Fatal(err)
	}
	for step := 1; step <= 8; step++ {
		whole.Step = step
		if _, err := r.ReadPlane(f, whole, nil); !errors.Is(err, shm.ErrNoArray) {
			t.Errorf("step %d: %v", step, err)
		}
		whole.Nearest = true
		if _, err := r.ReadPlane(f, whole, nil); !errors.Is(err, shm.ErrNoArray) {
			t.Errorf("step %d, nearest: %v", step, err)
		}
		whole.Nearest = false
	}
	if _, err := r.ReadAll(f, nil); !errors.Is(err, shm.ErrNoArray) {
		t.Errorf("all: %v", err)
	}
	if err := r.Ended(); !errors.Is(err, shm.ErrNoArray) {
		t.Errorf("ended: %v", err)
	}
	if err := os.Truncate(pathOf(w), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Frame(); !errors.Is(err, shm.ErrNoArray) {
		t.Errorf("frame: %v", err)
	}
	if r.Latest() != 0 || r.Published() != 0 {
		t.Error("numbers were read where nothing is")
	}
	if _, err := Open(w.Info(), whereIs(w)); !errors.Is(err, shm.ErrNoArray) {
		t.Errorf("open: %v", err)
	}
}

// The last frame of a process that has gone can be read for as long as anybody
// has it, and its memory goes when nobody has.
func TestFrameOutlivesItsProcess(t *testing.T) { kinds(t, frameOutlivesItsProcess) }

func frameOutlivesItsProcess(t *testing.T, s store) {
	w := share(t, Spec{store: s, DType: "|u1", Shape: []int{1 << 20}})
	publish(t, w, slices.Repeat([]byte{7}, 1<<20), Frame{})
	f := func() *shm.ArrayFrame {
		r, err := Open(w.Info(), whereIs(w))
		if err != nil {
			t.Fatal(err)
		}
		f := mustFrame(t, r)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := r.Ended(); !errors.Is(err, shm.ErrNoArray) {
			t.Errorf("of a process that has closed it: %v", err)
		}
		r.Close()
		return f
	}()
	if _, err := os.Stat(pathOf(w)); !os.IsNotExist(err) {
		t.Errorf("the segment is still there: %v", err)
	}
	runtime.GC()
	runtime.GC()
	b, err := f.Reader.ReadAll(f, nil)
	if err != nil || len(b) != 1<<20 || b[0] != 7 || b[1<<20-1] != 7 {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	name := filepath.Base(pathOf(w))
	mapped := func() bool {
		if runtime.GOOS != "linux" {
			return f != nil // no other system lists them
		}
		maps, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(maps), name)
	}
	if !mapped() {
		t.Error("it is not mapped while a frame refers to it")
	}
	f = nil
	for end := time.Now().Add(20 * time.Second); mapped(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the memory stays mapped although nobody refers to it")
		}
		runtime.GC()
	}
	_ = f
}

// What may stand in the place of a segment, and is none of this user's.
func TestOpenRefusesFiles(t *testing.T) { kinds(t, openRefusesFiles) }

func openRefusesFiles(t *testing.T, s store) {
	w := share(t, Spec{DType: "|u1", Shape: []int{4}, store: s})
	put := func(name string, make func(path string) error) {
		t.Helper()
		if err := make(filepath.Join(s.(files).dir, name)); err != nil {
			t.Fatal(err)
		}
		info := w.Info()
		info.Shm = name
		refuses(t, w, name, info)
	}
	put("webmon-1-link", func(path string) error { return os.Symlink(pathOf(w), path) })
	put("webmon-1-folder", func(path string) error { return os.Mkdir(path, 0o700) })
	put("webmon-1-pipe", func(path string) error { return syscall.Mkfifo(path, 0o600) })
	put("webmon-1-empty", func(path string) error { return os.WriteFile(path, nil, 0o600) })
	put("webmon-1-short", func(path string) error { return os.WriteFile(path, []byte(magic), 0o600) })
	if os.Geteuid() == 0 {
		put("webmon-1-foreign", func(path string) error {
			b, err := os.ReadFile(pathOf(w))
			if err != nil {
				return err
			}
			if err := os.WriteFile(path, b, 0o644); err != nil {
				return err
			}
			return os.Chown(path, 12345, 12345)
		})
	}
}

// On a disk the folder is made for the user alone, and one that others can write to is
// not believed, whoever made it.
func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "segments")
	s := files{dir: dir, disk: true}
	if _, err := s.open("webmon-1-none"); err == nil || !strings.Contains(err.Error(), "no segment webmon-1-none") {
		t.Errorf("without a folder: %v", err)
	}
	w := share(t, Spec{DType: "|u1", Shape: []int{4}, store: s})
	for _, path := range []string{dir, pathOf(w)} {
		info, err := os.Stat(path)
		if want := map[bool]os.FileMode{true: 0o700, false: 0o600}[path == dir]; err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	refuses(t, w, "a folder of everybody's", w.Info())
	if w, err := Create(Spec{Name: "b", DType: "|u1", Shape: []int{4}, store: s}); err == nil {
		w.Close()
		t.Error("something was made in a folder of everybody's")
	}
	if w, err := Create(Spec{DType: "|u1", Shape: []int{1}, store: files{disk: true}}); err == nil || !strings.Contains(err.Error(), "HOME") {
		w.Close()
		t.Errorf("without a home: %v", err)
	}
}

// A disk is not filled up: what leaves too little of it is refused before it is written.
func TestNoRoomOnDisk(t *testing.T) {
	var disk syscall.Statfs_t
	dir := t.TempDir()
	if err := syscall.Statfs(dir, &disk); err != nil {
		t.Fatal(err)
	}
	free := int64(disk.Bavail) * int64(disk.Bsize)
	w, err := Create(Spec{DType: "|u1", Shape: []int{int(free / 3)}, store: files{dir: dir, disk: true}})
	if err == nil {
		w.Close()
		t.Fatal("the whole disk was taken")
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
	if err := syscall.Statfs(dir, &disk); err != nil || int64(disk.Bavail)*int64(disk.Bsize) < free/2 {
		t.Errorf("%d bytes were free, now %d blocks of %d", free, disk.Bavail, disk.Bsize)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// On a disk every byte is there from the beginning: a hole would be filled only when it
// is written to, and the disk may be full by then.
func TestNoHoles(t *testing.T) {
	w := share(t, Spec{DType: "|u1", Shape: []int{3 << 20}, store: onDisk(t)})
	var st syscall.Stat_t
	if err := syscall.Stat(pathOf(w), &st); err != nil || st.Blocks*512 < int64(len(w.b)) {
		t.Errorf("%d of %d bytes are there, %v", st.Blocks*512, len(w.b), err)
	}
}

// Whoever writes is told that somebody has removed the segment or cut it short, and does
// not end of it.
func TestWriterWithoutItsFile(t *testing.T) { kinds(t, writerWithoutItsFile) }

func writerWithoutItsFile(t *testing.T, s store) {
	for name, ruin := range map[string]func(path string) error{
		"removed": os.Remove,
		"cut":     func(path string) error { return os.Truncate(path, headerBytes) },
		"emptied": func(path string) error { return os.Truncate(path, 0) },
	} {
		w := share(t, Spec{DType: "|u1", Shape: []int{1 << 20}, store: s})
		data := make([]byte, 1<<20)
		publish(t, w, data, Frame{})
		if err := ruin(pathOf(w)); err != nil {
			t.Fatal(err)
		}
		if err := w.Publish(data, Frame{}); !errors.Is(err, shm.ErrNoArray) {
			t.Errorf("%s: %v", name, err)
		}
		// As when it happens between the look and the write.
		w.held = nameless{w.held}
		if err := w.Publish(data, Frame{}); (name != "removed") != errors.Is(err, shm.ErrNoArray) {
			t.Errorf("%s while it is written: %v", name, err)
		}
		w.Offer()
		if err := w.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left := names(s); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// What was left by a process that was killed is removed by the next, and nothing else is.
func TestSweep(t *testing.T) { kinds(t, sweeps) }

func sweeps(t *testing.T, s store) {
	w := share(t, Spec{DType: "|u1", Shape: []int{4}, store: s})
	dir := s.(files).dir
	long := time.Now().Add(-time.Hour)
	const nobody = 0x7ffffff0 // more than the system counts
	put := func(pid int, text string, at time.Time) string {
		t.Helper()
		path := filepath.Join(dir, fmt.Sprintf("webmon-%d-%s", pid, text))
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		return path
	}
	left := []string{put(nobody, "camera-0a1b2c3d", time.Now()), put(nobody, "0a1b2c3d4e5f", time.Now()), put(os.Getpid(), "old", long)}
	kept := []string{pathOf(w), put(os.Getpid(), "just-made", time.Now())}
	locked := put(nobody, "locked", long)
	f, err := os.Open(locked)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	kept = append(kept, locked)
	other := filepath.Join(dir, "webmon.json")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	kept = append(kept, other)
	if os.Geteuid() == 0 {
		foreign := put(nobody, "foreign", long)
		if err := os.Chown(foreign, 12345, 12345); err != nil {
			t.Fatal(err)
		}
		kept = append(kept, foreign)
	}
	s.sweep()
	for _, path := range left {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}
	for _, path := range kept {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	publish(t, w, make([]byte, 4), Frame{})

	// Those of one process go when that has ended, locked or not.
	s.forget(nobody)
	if _, err := os.Stat(locked); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", locked, err)
	}
	if _, err := os.Stat(pathOf(w)); err != nil {
		t.Error(err)
	}
}

// A volume that is cut short under a reader does not end the program either: also not in
// the midst of rows that are fetched ahead, or where a function looks at all of it.
func TestVolumeCutShort(t *testing.T) { kinds(t, volumeCutShort) }

func volumeCutShort(t *testing.T, s store) {
	shape := []int{6, 40, 1024}
	data := make([]byte, 6*40*1024)
	for i := range data {
		data[i] = byte(i * 7)
	}
	w := writeVolume(t, s, "|u1", shape, data, nil)
	v, err := w.open(s)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	path := w.held.(*file).Name()
	if err := os.Truncate(path, headerBytes+3*40*1024); err != nil {
		t.Fatal(err)
	}
	if b, err := v.ReadBox([]int{0, 0, 0}, []int{3, 20, 512}, nil); err != nil || !slices.Equal(b, naiveBox(data, 1, shape, []int{0, 0, 0}, []int{3, 20, 512})) {
		t.Errorf("what is left: %v", err)
	}
	if _, err := v.ReadBox([]int{0, 0, 0}, []int{6, 20, 512}, nil); !errors.Is(err, shm.ErrNoVolume) {
		t.Errorf("cut short: %v", err)
	}
	sum := 0
	if err := v.View(func(voxels []byte) error {
		for _, b := range voxels {
			sum += int(b)
		}
		return nil
	}); !errors.Is(err, shm.ErrNoVolume) {
		t.Errorf("cut short where it lies: %v, %d", err, sum)
	}
	if err := os.Truncate(path, headerBytes); err != nil {
		t.Fatal(err)
	}
	if _, err := v.ReadBox([]int{0, 0, 0}, shape, nil); !errors.Is(err, shm.ErrNoVolume) {
		t.Errorf("cut short: %v", err)
	}
	if err := v.Ended(); !errors.Is(err, shm.ErrNoVolume) {
		t.Errorf("ended: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := w.open(s); !errors.Is(err, shm.ErrNoVolume) {
		t.Errorf("removed: %v", err)
	}
}

// placeOf says where a store is, and placed finds it.
func placeOf(s store) string { return fmt.Sprintf("%v %s", s.(files).disk, s.(files).dir) }

func placed(place string) store {
	disk, dir, _ := strings.Cut(place, " ")
	return files{dir: dir, disk: disk == "true"}
}

// left reports whether there is a segment of that name.
func left(s store, name string) bool { return slices.Contains(names(s), name) }
