//go:build linux

package hosted

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"webmon/shm"
	"webmon/shm/process/naparitest"
	"webmon/shm/sourcetest"
)

func TestConformance(t *testing.T) {
	python := naparitest.Python(t, "numpy2")
	file := New(Options{File: "testdata/wrong.py", Python: python})
	sourcetest.Run(t, func(t *testing.T) sourcetest.Process {
		src, err := file.Open(context.Background(), "wrong")
		if err != nil {
			t.Fatal(err)
		}
		return sourcetest.Process{
			Source: src, State: shm.ArrayTopic(shm.ArrayDensity), Answers: true,
			Command: shm.Command{ID: "c", Name: "value", Args: map[string]shm.Value{"value": 0.25}},
		}
	})
}

// TestExample runs what newcomers copy, with the oldest and the newest of what it
// must run with.
func TestExample(t *testing.T) {
	t.Parallel()
	for _, env := range []string{"numpy1", "numpy2"} {
		t.Run(env, func(t *testing.T) {
			t.Parallel()
			file := New(Options{File: example, Python: naparitest.Python(t, env)})
			var keys []string
			for _, info := range file.List(context.Background()) {
				keys = append(keys, info.Key)
				if info.Problem != "" || info.Detail != "" || info.Kind != shm.KindModel || len(info.About) < 100 || !strings.HasSuffix(info.Origin, "/models.py") {
					t.Errorf("%+v", info)
				}
			}
			if want := []string{"grayscott", "wavetank", "ising"}; !slices.Equal(keys, want) {
				t.Fatalf("keys %v, want %v", keys, want)
			}
			if env == "numpy1" {
				keys = []string{"wavetank"}
			}
			for _, key := range keys {
				t.Run(key, func(t *testing.T) { testExample(t, env, key) })
			}
		})
	}
}

func testExample(t *testing.T, env, key string) {
	r := run(t, Options{File: example, Python: naparitest.Python(t, env), Params: shm.ModelParams{Nx: 96, Ny: 64, Steps: 2}}, key)
	r.sink.Want(shm.ArrayTopic(shm.ArrayTracers), 60)
	r.phase(shm.ModelRunning)
	r.wait("a picture", func() bool { return r.frame(shm.ArrayDensity) != nil })
	f := r.frame(shm.ArrayDensity)
	if !slices.Equal(f.Shape, []int{96, 64}) || !slices.Equal(f.Info.Axes, []string{"x", "y"}) || f.Info.Limits == nil {
		t.Errorf("density: shape %v, %+v", f.Shape, f.Info)
	}
	r.pictures(5)
	s := r.state()
	if s.Steps != 2*s.Frame || s.Time != float64(s.Steps) || s.StepMS <= 0 || s.Finger == nil || s.Problem != "" {
		t.Errorf("state %+v", s)
	}
	r.wait("the numbers", func() bool { return r.sink.Count(shm.TopicPhysics) > 0 })
	e := r.sink.Events(shm.TopicPhysics)[0]
	for _, o := range s.Observables {
		if x, ok := e.Value.(map[string]shm.Value)[o.Name].(float64); !ok || math.IsNaN(x) || o.Title == "" {
			t.Errorf("%s is %v in %v", o.Name, x, e.Value)
		}
	}
	if e.Stamp == 0 {
		t.Error("numbers without a time")
	}

	r.wait("the controls", func() bool { return r.control("finger_x").Name != "" })
	r.must("finger_x", 0.25)
	r.wait("the finger", func() bool { return r.state().Finger.X == 0.25 && r.control("finger_x").Value == 0.25 })
	if status, text := r.do("finger_x", 1.5); status != shm.Refused || !strings.Contains(text, "at most 1") {
		t.Errorf("out of range: %s %q", status, text)
	}

	r.must(shm.ActionPause)
	paused := r.phase(shm.ModelPaused)
	r.must(shm.ActionStep)
	r.wait("one step", func() bool { return r.state().Steps == paused.Steps+2 && r.state().Phase == shm.ModelPaused })
	r.must("finger_y", 0.75) // shown although it stands
	r.wait("the finger", func() bool { return r.state().Finger.Y == 0.75 })
	r.must(shm.ActionReset)
	r.wait("the start", func() bool {
		return r.state().Steps == 0 && r.state().Phase == shm.ModelPaused && r.control("finger_x").Value == r.control("finger_x").Default
	})
	r.must(shm.ActionStart)
	r.phase(shm.ModelRunning)
	r.pictures(2)

	if key == "wavetank" {
		r.wait("tracers", func() bool { return r.frame(shm.ArrayTracers) != nil })
		if f := r.frame(shm.ArrayTracers); !slices.Equal(f.Shape, []int{2, 150}) {
			t.Errorf("tracers: %v", f.Shape)
		}
		r.must(shm.ActionResetTracers)
		if c := r.control("damping"); c.Scale != "log" || math.Abs(*c.Min-1e-4) > 1e-12 || math.Abs(*c.Max-0.1) > 1e-12 || c.Type != shm.Float {
			t.Errorf("damping: %+v", c)
		}
		if c := r.control("slits"); c.Type != shm.Bool || c.Value != true {
			t.Errorf("slits: %+v", c)
		}
		if c := r.control("frequency"); c.Unit != "per step" {
			t.Errorf("frequency: %+v", c)
		}
	}
	info := r.src.Info()
	if info.Kind != shm.KindModel || info.Name == "" || info.PID == 0 || !strings.HasPrefix(info.Python, "3.") {
		t.Errorf("%+v", info)
	}
}

func TestWidgets(t *testing.T) {
	t.Parallel()
	r := run(t, Options{File: "testdata/wrong.py"}, "wrong")
	r.phase(shm.ModelRunning)
	r.wait("the controls", func() bool { return r.control("trap").Name != "" })
	limit := func(x float64) *float64 { return &x }
	for _, want := range []shm.Control{
		{Name: "value", Title: "Value", Type: shm.Float, Value: 0.0, Default: 0.0, Min: limit(0), Max: limit(1), Step: 0.1},
		{Name: "cooling", Title: "Cooling", Type: shm.Float, Value: 0.01, Default: 0.01, Min: limit(1e-10), Max: limit(10), Scale: "log"},
		{Name: "count", Title: "Count", Type: shm.Int, Value: int64(3), Default: int64(3), Min: limit(0), Max: limit(100), Step: 1},
		{Name: "trap", Title: "Trap", Type: shm.Bool, Value: true, Default: true},
	} {
		if got := r.control(want.Name); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v\nwant %+v", got, want)
		}
	}
	if c := r.control("deed"); c.Type != shm.Choice || c.Value != "none" || len(c.Choices) < 10 {
		t.Errorf("deed: %+v", c)
	}
	r.wait("what is said of the control without a value", func() bool {
		return strings.Contains(strings.Join(r.state().Remarks, "\n"), "gone is left out") || r.control("gone").Name != ""
	})
	if status, text := r.do("value", 0.7); status != shm.Refused || text != "value is more than the coils can take" {
		t.Errorf("%s %q", status, text)
	}
	if status, text := r.do("count", 13); status != shm.Refused || !strings.Contains(text, "KeyError") {
		t.Errorf("%s %q", status, text)
	}
	r.must("count", 14)
	r.wait("the value", func() bool { return r.control("count").Value == int64(14) })
	r.pictures(2) // nothing of it has hurt
}

func TestSliders(t *testing.T) {
	t.Parallel()
	r := run(t, Options{File: "testdata/wrong.py"}, "sliders")
	r.phase(shm.ModelRunning)
	r.wait("the controls", func() bool { return r.control("number").Name != "" })
	if r.control("good").Type != shm.Float || r.control("flag").Type != shm.Bool || r.control("number").Type != shm.Int {
		t.Errorf("good %+v, flag %+v, number %+v", r.control("good"), r.control("flag"), r.control("number"))
	}
	for _, want := range []string{
		"Row 2 of sliders ('bad name!')", "Row 3 of sliders ('upside') is left out: its min, 1, is not less than its max, 0.",
		"Row 4 of sliders ('short')", "Row 5 of sliders is left out: it is 7 instead of a list", "missing is left out: get('missing') raised AttributeError",
	} {
		r.remark(want)
	}
}

// TestStarts puts a model back to a start that lies beyond its slider.
func TestStarts(t *testing.T) {
	t.Parallel()
	r := run(t, Options{File: "testdata/wrong.py"}, "far")
	r.phase(shm.ModelRunning)
	r.wait("the controls", func() bool { return r.control("finger").Name != "" })
	for name, start := range map[string]shm.Value{"finger": 5.0, "cooling": 0.0, "shape": "hexagon"} {
		if c := r.control(name); c.Value != start || c.Default != start {
			t.Errorf("%s: %+v", name, c)
		}
	}
	r.must("finger", 1.5)
	r.wait("the value", func() bool { return r.control("finger").Value == 1.5 })
	if status, text := r.do("finger", 4.0); status != shm.Refused || !strings.Contains(text, "at most 2") {
		t.Errorf("%s %q", status, text)
	}
	r.must("finger", "5") // as the form sends it
	r.wait("the start", func() bool { return r.control("finger").Value == 5.0 })
	r.must("finger", -1.0)
	r.must("shape", "round")
	r.must(shm.ActionReset)
	r.wait("the start", func() bool { return r.control("finger").Value == 5.0 && r.control("shape").Value == "hexagon" })
}

// TestPackages runs a file of a package, which imports what lies beside and above it.
func TestPackages(t *testing.T) {
	t.Parallel()
	r := run(t, Options{File: "testdata/hydro/physics/flow.py"}, "flow")
	r.phase(shm.ModelRunning)
	r.wait("a picture", func() bool { return r.frame(shm.ArrayDensity) != nil })
	if f := r.frame(shm.ArrayDensity); !slices.Equal(f.Shape, []int{7, 5}) {
		t.Errorf("shape %v", f.Shape)
	}
	r.remark("hydro/__init__.py does not import: line 2: RuntimeError: no licence.")
}

// TestHoles has a model whose density is not a number in some places, then in all.
func TestHoles(t *testing.T) {
	t.Parallel()
	r := run(t, Options{File: "testdata/wrong.py"}, "wrong")
	r.phase(shm.ModelRunning)
	r.must("deed", "nan")
	r.wait("a hole", func() bool {
		f := r.frame(shm.ArrayDensity)
		if f == nil {
			return false
		}
		px, err := f.Reader.ReadAll(f, nil)
		return err == nil && math.IsNaN(math.Float64frombits(binary.LittleEndian.Uint64(px[(3*16+4)*8:])))
	})
	r.must("deed", "all nan")
	r.remark("The density is NaN (not a number) in all of its 384 points after ")
	if s := r.state(); s.Phase != shm.ModelRunning {
		t.Errorf("%+v", s)
	}
	r.must("deed", "none")
	r.must(shm.ActionReset)
	r.wait("no remark", func() bool { return !strings.Contains(strings.Join(r.state().Remarks, "\n"), "NaN") })
}

// TestOlder runs a model of the form that super_hydro's have.
func TestOlder(t *testing.T) {
	t.Parallel()
	tracers := 70
	r := run(t, Options{File: "testdata/older.py", Params: shm.ModelParams{Nx: 48, Tracers: &tracers, Steps: 4}}, "superfluid")
	for _, name := range []string{shm.ArrayPhase, shm.ArrayTracers} {
		r.sink.Want(shm.ArrayTopic(name), 60)
	}
	r.phase(shm.ModelRunning)
	r.wait("all arrays", func() bool {
		return r.frame(shm.ArrayDensity) != nil && r.frame(shm.ArrayPhase) != nil && r.frame(shm.ArrayTracers) != nil
	})
	for name, want := range map[string][]int{shm.ArrayDensity: {48, 12}, shm.ArrayPhase: {48, 12}, shm.ArrayTracers: {2, 70}} {
		if f := r.frame(name); !slices.Equal(f.Shape, want) {
			t.Errorf("%s: shape %v, want %v", name, f.Shape, want)
		}
	}
	if f := r.frame(shm.ArrayTracers); f.Info.Descr != "<f4" || !slices.Equal(f.Info.Axes, []string{"xy", "particle"}) {
		t.Errorf("tracers: %+v", f.Info)
	}
	// The potential is where the model says.
	r.wait("the finger", func() bool {
		f := r.state().Finger
		return f != nil && f.X == 0.75 && math.Abs(f.PX-(0.5+4.5/48)) < 1e-9 && f.PY == 0.5
	})
	r.wait("the controls", func() bool { return r.control("finger_y").Name != "" })
	if c := r.control("cooling"); c.Value != 0.01 || c.Scale != "log" || c.Title != "Cooling" {
		t.Errorf("%+v", c)
	}
	r.must("v", -0.5)
	r.must(shm.ActionResetTracers)
	r.must("finger_x", 0.25)
	r.pictures(2)
}

func TestProblemsOfFiles(t *testing.T) {
	t.Parallel()
	python := naparitest.Python(t, "numpy2")
	list := func(o Options) []shm.ModelInfo {
		if o.Python == "" {
			o.Python = python
		}
		return New(o).List(context.Background())
	}
	one := func(o Options) shm.ModelInfo {
		t.Helper()
		if l := list(o); len(l) == 1 {
			return l[0]
		}
		t.Fatalf("not one entry: %+v", list(o))
		return shm.ModelInfo{}
	}
	for _, c := range []struct{ file, problem, detail string }{
		{"syntax.py", "syntax.py does not import: line 3: ", "class Model"},
		{"missing.py", "missing.py does not import: line 1: there is no module 'surely_not_installed' in the Python", "import surely_not_installed"},
		{"raises.py", "raises.py does not import: line 5: KeyError: 'potential'.", `return {}["potential"]`},
		{"empty.py", "empty.py has no models: a model is a class with the methods get_density, ", ""},
		{"none.py", "There is no file ", ""},
	} {
		got := one(Options{File: "testdata/" + c.file})
		if !strings.Contains(got.Problem, c.problem) || !strings.Contains(got.Detail, c.detail) || got.Kind != shm.KindModel {
			t.Errorf("%s: %q\n%s", c.file, got.Problem, got.Detail)
		}
		if strings.Contains(got.Detail, "<webmon>") || strings.Contains(got.Detail, "importlib") {
			t.Errorf("%s: the traceback shows what is no part of the file:\n%s", c.file, got.Detail)
		}
	}
	var got shm.ModelInfo
	for _, file := range []string{"endless.py", "busy.py"} { // one waits, one computes
		got = one(Options{File: "testdata/" + file, importPatience: time.Second})
		if !strings.Contains(got.Problem, file+" has not been imported after ") || !strings.Contains(got.Detail, "waiting for the detector") || !strings.Contains(got.Detail, file) {
			t.Errorf("%q\n%s", got.Problem, got.Detail)
		}
	}
	// What gets on may take longer.
	if got = one(Options{File: "testdata/steady.py", importPatience: time.Second}); got.Problem != "" || got.Title != "Steady" {
		t.Errorf("%+v", got)
	}

	got = one(Options{File: example, Python: "no-such-python"})
	if want := "There is no Python no-such-python to run models.py: name one with --python that has NumPy."; got.Problem != want {
		t.Errorf("%q", got.Problem)
	}
	bare := filepath.Join(t.TempDir(), "bare")
	if err := os.WriteFile(bare, []byte("#!/bin/sh\nexec "+python+" -S \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	got = one(Options{File: example, Python: bare})
	if !strings.Contains(got.Problem, " has no NumPy: install it with ") || !strings.Contains(got.Problem, "-m pip install numpy") || !strings.Contains(got.Problem, "--python") {
		t.Errorf("%q", got.Problem)
	}
	if err := os.WriteFile(bare, []byte("#!/bin/sh\necho no python here >&2\nexit 5\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	got = one(Options{File: example, Python: bare})
	if !strings.Contains(got.Problem, "exit code 5") || !strings.Contains(got.Detail, "no python here") {
		t.Errorf("%q %q", got.Problem, got.Detail)
	}

	infos := list(Options{File: "testdata/wrong.py"})
	var names []string
	for _, info := range infos {
		names = append(names, info.Title)
		if bad := info.Title == "Incomplete"; bad != (info.Problem != "") {
			t.Errorf("%+v", info)
		} else if bad && !strings.Contains(info.Problem, "has no method step.") {
			t.Errorf("%q", info.Problem)
		}
	}
	if want := []string{"Good", "Wrong", "Sliders", "Constructor", "Wants", "Slow", "Sluggish", "Stuck", "Far", "Endless", "Incomplete"}; !slices.Equal(names, want) {
		t.Errorf("models %v, want %v", names, want)
	}
}

// TestImportsTakeTurns lists files that share what imports them: none waits for longer
// than its own import may take, however many there are.
func TestImportsTakeTurns(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	log := filepath.Join(folder, "log")
	turns := make(chan struct{}, 2)
	var all sync.WaitGroup
	for i := range 5 {
		path := filepath.Join(folder, fmt.Sprintf("heavy%d.py", i))
		text := fmt.Sprintf("import time\nlog = open(%q, 'a')\nlog.write('+')\nlog.flush()\ntime.sleep(0.3)\nlog.write('-')\nlog.close()\nclass Model:\n", log) +
			"    get_density = get = set = step = lambda *args: None\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		file := New(Options{File: path, Python: naparitest.Python(t, "numpy2"), Imports: turns})
		all.Go(func() {
			if l := file.List(context.Background()); len(l) != 1 || l[0].Problem != "" || l[0].Title != "Model" {
				t.Errorf("%+v", l)
			}
		})
	}
	all.Wait()
	said, err := os.ReadFile(log)
	depth, most := 0, 0
	for _, c := range said {
		if c == '+' {
			depth++
		} else {
			depth--
		}
		most = max(most, depth)
	}
	if err != nil || len(said) != 10 || most > 2 {
		t.Errorf("the imports were %q, %v", said, err)
	}
	// Whoever gives up waiting gives up at once.
	turns <- struct{}{}
	turns <- struct{}{}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if l := New(Options{File: filepath.Join(folder, "heavy0.py"), Imports: turns, Python: naparitest.Python(t, "numpy2")}).List(ctx); len(l) != 0 {
		t.Errorf("%+v", l)
	}
}

// TestChangedFile edits a file, as its author does.
func TestChangedFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "waves.py")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	model := "import numpy as np\nfrom part import SIZE\n\n\nclass Waves:\n    def get_density(self):\n        return np.zeros((SIZE, SIZE))\n" +
		"    def get_trace_particles(self):\n        return None\n    def get(self, name):\n        return 0\n    def set(self, name, value):\n        pass\n    def step(self):\n        pass\n"
	write("waves.py", model)
	file := New(Options{File: path, Python: naparitest.Python(t, "numpy2")})
	ctx := context.Background()
	if l := file.List(ctx); len(l) != 1 || l[0].Key != "waves" || !strings.Contains(l[0].Problem, "'part'") {
		t.Fatalf("%+v", l)
	}
	r := run(t, file.opt, "waves") // it is run all the same, and says why that does not work
	if s := r.phase(shm.ModelFailed); !strings.Contains(s.Problem, "there is no module 'part'") || !strings.Contains(s.Detail, "from part import SIZE") {
		t.Errorf("%+v", s)
	}
	if status, text := r.do(shm.ActionPause); status != shm.Refused || !strings.Contains(text, "restart it first") {
		t.Errorf("%s %q", status, text)
	}
	write("part.py", "SIZE = 7\n")
	if status, text := r.do(shm.ActionRestart); status != shm.Refused || !strings.Contains(text, "choose one of its models (Waves)") {
		t.Errorf("%s %q", status, text)
	}
	if l := file.List(ctx); len(l) != 1 || l[0].Problem == "" {
		t.Errorf("the file itself has not changed, and yet: %+v", l)
	}
	src, err := file.Open(ctx, "waves") // visiting it tries again
	if err != nil || src.Info().Name != "waves.py" {
		t.Fatalf("%v %+v", err, src)
	}
	write("waves.py", model+"\n\nclass Tides(Waves):\n    pass\n")
	if l := file.List(ctx); len(l) != 2 || l[0].Problem != "" || l[1].Key != "tides" {
		t.Fatalf("%+v", l)
	}
	write("part.py", "SIZE = 'seven'  # no number\n\nraise ValueError('what a file')\n")
	if l := file.List(ctx); len(l) != 1 || !strings.Contains(l[0].Problem, "what a file") {
		t.Errorf("%+v", l)
	}
	if _, err := file.Open(ctx, "currents"); err == nil || !strings.Contains(err.Error(), `no model "currents" in waves.py`) {
		t.Errorf("%v", err)
	}
}
