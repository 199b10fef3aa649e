package edit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"webmon/shm/maps"
	"webmon/shm/maps/library"
)

// childDir names the folder in which this test program edits and saves until it is killed.
const childDir = "WEBMON_EDIT_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
		return
	}
	os.Exit(m.Run())
}

// small is a map of two sessions of few objects, so that a turn is short.
func small(t testing.TB) *maps.Map {
	t.Helper()
	p := &maps.Points{Names: []string{"id", "t", "x", "y", "z"}}
	for s := range 2 {
		for i := range 12 {
			p.Rows = append(p.Rows, []string{strconv.Itoa(i), strconv.Itoa(s), strconv.Itoa(10 + 3*i), strconv.Itoa(20 + i), "4"})
		}
	}
	m, err := maps.PointsMap("small", p, maps.Columns{X: "x", Y: "y", Z: "z", Session: "t", ID: "id", DX: 0.1, DY: 0.1, DZ: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func openSmall(dir string) (*Desk, *library.Library) {
	d := NewDesk(Options{Now: func() time.Time { return noon }})
	l := library.New(library.Options{Dirs: []string{dir}, Loaded: d.Loaded})
	d.Use(l)
	l.Look()
	return d, l
}

// state names what the files of a map would be.
func state(m *maps.Map) string { return idOf(sumsOf(m.Files())) }

// child edits and saves as fast as it can. It says what a map will be before an edit is
// asked for, and that it was answered after.
func child(dir string) {
	d, l := openSmall(dir)
	ctx := context.Background()
	step = func(string) { spin(100_000) } // so that some are killed between the steps
	seed, _ := strconv.ParseUint(os.Getenv(childDir+"_SEED"), 10, 64)
	r := rand.New(rand.NewPCG(seed, 1))
	fail := func(err error) {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	for {
		o, err := l.Open(ctx, "small")
		if err != nil {
			fail(err)
		}
		n, _ := strconv.Atoi(o.Edition[strings.LastIndexByte(o.Edition, '-')+1:])
		if r.IntN(4) == 0 {
			fmt.Println("save")
			if _, err := d.Save(ctx, "small", false); err != nil {
				fail(err)
			}
			fmt.Println("saved", n)
			continue
		}
		e := random(r, o.Map)
		ops, err := e.Ops(o.Map, "ada", noon)
		if err != nil {
			continue
		}
		next, _, err := Apply(o.Map, ops)
		if err != nil {
			fail(err)
		}
		fmt.Println("will", n+1, state(next))
		if _, err := d.Do(ctx, "small", By{Who: "ada"}, o.Edition, e); err != nil {
			fail(err)
		}
		fmt.Println("did", n+1)
	}
}

// TestKilled kills a process in the middle of edits and saves, again and again: every edit
// that was answered is there, and no file is half old.
func TestKilled(t *testing.T) {
	times := 200
	if testing.Short() {
		times = 10
	}
	dir := t.TempDir()
	for _, f := range small(t).Files() {
		path := filepath.Join(dir, "small", filepath.FromSlash(f.Path))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, f.Data, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	began, err := maps.Open(filepath.Join(dir, "small"))
	if err != nil {
		t.Fatal(err)
	}
	states := map[int]string{0: state(began)}
	did, edits, saves, inSave, completed := 0, 0, 0, 0, 0
	r := rand.New(rand.NewPCG(7, 7))
	for turn := range times {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childDir+"="+dir, childDir+"_SEED="+strconv.Itoa(turn))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// It is killed some moment after a line that is chosen by chance; how far it comes
		// until then is for the machine to say.
		left, saving := 1+r.IntN(12), false
		saved := -1
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			f := strings.Fields(lines.Text())
			switch f[0] {
			case "will":
				n, _ := strconv.Atoi(f[1])
				states[n] = f[2]
			case "did":
				did, _ = strconv.Atoi(f[1])
				edits++
			case "save":
				saving = true
			case "saved":
				saving = false
				saved, _ = strconv.Atoi(f[1])
				saves++
			default:
				t.Fatalf("turn %d: the child says %s", turn, lines.Text())
			}
			if left--; left == 0 {
				spin(r.IntN(200_000))
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait()
		if saving {
			inSave++
		}
		place := filepath.Join(dir, "small", folderName, "small")
		if _, err := os.Stat(filepath.Join(place, manifestName)); err == nil {
			completed++
		}
		// What is there is looked at as the next webmon does.
		d, l := openSmall(dir)
		o, err := l.Open(context.Background(), "small")
		if err != nil {
			t.Fatalf("turn %d: %v", turn, err)
		}
		n, _ := strconv.Atoi(o.Edition[strings.LastIndexByte(o.Edition, '-')+1:])
		if n != did && (n != did+1 || states[n] == "") {
			t.Fatalf("turn %d: the map has %d edits, and %d were answered", turn, n, did)
		}
		if got := state(o.Map); got != states[n] {
			t.Fatalf("turn %d: the map of edit %d is not what was answered", turn, n)
		}
		files, err := maps.Open(filepath.Join(dir, "small"))
		if err != nil {
			t.Fatalf("turn %d: %v", turn, err)
		}
		from := 0
		if _, h, _, err := readJournal(place); err != nil {
			t.Fatalf("turn %d: %v", turn, err)
		} else if h != nil {
			from = h.From
		}
		if got := state(files); got != states[from] {
			t.Fatalf("turn %d: the files are not those of edit %d", turn, from)
		}
		if saved >= 0 && from < saved {
			t.Fatalf("turn %d: edit %d was saved, and the files are of %d", turn, saved, from)
		}
		if s, _, err := d.State(context.Background(), "small", By{}, 0); err != nil || s.Stuck != "" || s.Foreign {
			t.Fatalf("turn %d: %+v, %v", turn, s, err)
		}
		d.Close()
		did = n
	}
	t.Logf("%d edits, %d saves; killed %d times in a save, of which %d had decided", edits, saves, inSave, completed)
	if edits == 0 || !testing.Short() && (saves == 0 || inSave == 0) {
		t.Error("nothing was killed in the middle")
	}
}

// spin does something for a while.
func spin(n int) {
	x := 1.0
	for range n {
		x = x*1.0000001 + 1e-9
	}
	if x < 0 {
		panic("no")
	}
}

// TestASaveStopsAtEveryStep stops a save between all of its steps, and looks at what the next
// start makes of it: all new, or all old.
func TestASaveStopsAtEveryStep(t *testing.T) {
	defer func() { step = func(string) {} }()
	stop := errors.New("stop")
	for at := 1; ; at++ {
		dir := t.TempDir()
		for _, f := range small(t).Files() {
			path := filepath.Join(dir, "small", filepath.FromSlash(f.Path))
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, f.Data, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		d, l := openSmall(dir)
		ctx := context.Background()
		o, err := l.Open(ctx, "small")
		if err != nil {
			t.Fatal(err)
		}
		before := state(o.Map)
		if _, err := d.Do(ctx, "small", ada, o.Edition, Edit{Do: Delete, Session: 0, Row: 3}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Do(ctx, "small", ada, o.Edition, Edit{Do: Note, Session: 1, Row: 3, Note: ptr("here")}); err != nil {
			t.Fatal(err)
		}
		if o, err = l.Open(ctx, "small"); err != nil {
			t.Fatal(err)
		}
		after := state(o.Map)
		decided, n, name := false, 0, ""
		step = func(what string) {
			decided = decided || what == "decided"
			if n++; n == at {
				name = what
				panic(stop)
			}
		}
		func() {
			defer func() {
				if p := recover(); p != nil && p != any(stop) {
					panic(p)
				}
			}()
			_, err = d.Save(ctx, "small", false)
		}()
		step = func(string) {}
		if n < at {
			if err != nil {
				t.Fatal(err)
			}
			if at < 8 {
				t.Errorf("a save has %d steps only", at-1)
			}
			return
		}
		// The process is gone, and so is its lock.
		_ = d.all["small"].lock.Close()
		d, l = openSmall(dir)
		if o, err = l.Open(ctx, "small"); err != nil {
			t.Fatalf("stopped at %s: %v", name, err)
		}
		if got := state(o.Map); got != after {
			t.Errorf("stopped at %s: the edits are not there", name)
		}
		files, err := maps.Open(filepath.Join(dir, "small"))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := state(files), map[bool]string{false: before, true: after}[decided]; got != want {
			t.Errorf("stopped at %s: the files are neither", name)
		}
		if want := map[bool]int{false: 2, true: 0}[decided]; o.Unsaved != want {
			t.Errorf("stopped at %s: %d unsaved edits, want %d", name, o.Unsaved, want)
		}
		d.Close()
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"journal":1,"id":"a","from":3}` + "\n" + `{"n":4,"ops":[{"do":"line","line":{"raw":"6Q=="}}]}` + "\n" + `{"n":5`))
	f.Add([]byte(`{"journal":1,"id":"a","from":0}` + "\n\x00\x00\x00\n"))
	f.Add([]byte("\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, records, good, _, err := decodeJournal(data)
		if err != nil {
			return
		}
		if good > len(data) || good == 0 || data[good-1] != '\n' {
			t.Fatalf("%d of %d bytes are good", good, len(data))
		}
		again, more, length, damaged, err := decodeJournal(data[:good])
		if err != nil || again.From != h.From || len(more) != len(records) || length != good || damaged {
			t.Fatalf("the good part is read as %d records of %d, %v", len(more), len(records), err)
		}
		for i, r := range records {
			if r.N != h.From+1+i {
				t.Fatalf("record %d has number %d", i, r.N)
			}
		}
		_, _ = decodeManifest(data)
	})
}
