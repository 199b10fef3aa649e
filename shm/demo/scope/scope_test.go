package scope

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"webmon/shm"
	"webmon/shm/demo/wire"
	"webmon/shm/manager"
	"webmon/shm/pickle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// specimenOf keeps the specimen of seed 0, which takes a while to make and never changes.
var specimenOf = sync.OnceValue(func() *specimen { return newSpecimen(0) })

// rig is a microscope whose rounds the test turns, in synctest's time.
type rig struct {
	*Scope
	t    *testing.T
	told map[string][]*pickle.Dict
}

// on runs f with a microscope that has its specimen.
func on(t *testing.T, f func(r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		p := wire.New(wire.Options{Name: "demo"})
		defer p.Release()
		r := &rig{Scope: New(0), t: t, told: map[string][]*pickle.Dict{}}
		r.Declare(p)
		defer r.Close()
		r.specimen, r.camera = specimenOf(), newCamera(0)
		r.run(time.Second)
		f(r)
	})
}

// run turns rounds for a while.
func (r *rig) run(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(16 * time.Millisecond) {
		r.p.Round(func() { r.Turn(r.p) })
	}
	messages := r.p.Resources()["napari_messages"].(*manager.Queue)
	for {
		v, err := messages.TryGet()
		if err != nil {
			return
		}
		for _, e := range v.(*pickle.Dict).Entries {
			topic := e.Key.(string)
			switch v := e.Value.(type) {
			case *pickle.Dict:
				r.told[topic] = append(r.told[topic], v)
			case *pickle.List:
				for _, item := range v.Items {
					r.told[topic] = append(r.told[topic], item.(*pickle.Dict))
				}
			}
		}
	}
}

// want says that somebody wants topics, twenty times a second.
func (r *rig) want(topics ...string) {
	all := pickle.NewDict()
	for _, name := range topics {
		_ = all.Set(name, 20.0)
	}
	_, _ = r.p.Resources()["client_data"].Call(r.t.Context(), manager.Call{Method: "update", Args: pickle.Tuple{
		pickle.NewDict("want:test", pickle.NewDict("topics", all)),
	}})
}

// do sends a command, waits for its answer, and returns why it was refused, "" if it was not.
func (r *rig) do(name string, args ...pickle.Value) string {
	r.t.Helper()
	r.told["command"] = nil
	_, err := r.p.Resources()["client_messages"].Call(r.t.Context(), manager.Call{Method: "put", Args: pickle.Tuple{
		pickle.NewDict("webmon", pickle.NewDict("id", "1", "name", name, "args", pickle.NewDict(args...))),
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	for range 20 {
		r.run(500 * time.Millisecond)
		for _, said := range r.told["command"] {
			reason, _ := said.Get("reason")
			text, _ := reason.(string)
			if status, _ := said.Get("status"); (status == "refused") != (text != "") {
				r.t.Errorf("%s was %v, with the reason %q", name, status, text)
			}
			return text
		}
	}
	r.t.Fatalf("%s was never answered", name)
	return ""
}

// control returns the value of a control as it is declared.
func (r *rig) control(name string) pickle.Value {
	v, _ := r.p.Resources()["napari_data"].(*manager.Dict).Get(shm.TopicControls)
	value, _ := v.(*pickle.Dict).Dict(name).Get("value")
	return value
}

// note returns the note of an array as it is declared, and its segment.
func (r *rig) array(name string) *pickle.Dict {
	v, _ := r.p.Resources()["napari_data"].(*manager.Dict).Get(shm.TopicArrays)
	return v.(*pickle.Dict).Dict(name)
}

func (r *rig) applied(name string, args ...pickle.Value) {
	r.t.Helper()
	if why := r.do(name, args...); why != "" {
		r.t.Errorf("%s was refused: %s", name, why)
	}
}

func (r *rig) refused(reason, name string, args ...pickle.Value) {
	r.t.Helper()
	if why := r.do(name, args...); !strings.Contains(why, reason) {
		r.t.Errorf("%s: %q, want a refusal that says %q", name, why, reason)
	}
}

func TestTheSameSeedIsTheSameSpecimen(t *testing.T) {
	one, again, other := specimenOf(), newSpecimen(0), newSpecimen(1)
	if !slices.Equal(one.labels, again.labels) || !slices.Equal(one.mito, again.mito) || !slices.Equal(one.cells, again.cells) || !slices.Equal(one.spots, again.spots) {
		t.Error("the same seed gives two specimens")
	}
	if slices.Equal(one.labels, other.labels) {
		t.Error("two seeds give one specimen")
	}
	if n := len(one.cells); n < 300 || n > 700 {
		t.Errorf("%d cells", n)
	}
	seen := map[uint8]int{}
	for _, c := range one.cells {
		seen[c.class]++
		if c.area == 0 {
			t.Errorf("a cell at %v, %v has no pixels", c.y, c.x)
		}
	}
	if len(seen) != len(classes) {
		t.Errorf("the classes are %v, want some of each", seen)
	}
}

func base() setting {
	return setting{y: 700, x: 800, channel: actin, power: 0.4, exposure: 15, gain: 1, activity: 1, warm: 0.002}
}

func pixelsOf(frame []byte) []float64 {
	out := make([]float64, len(frame)/2)
	for i := range out {
		out[i] = float64(binary.LittleEndian.Uint16(frame[2*i:]))
	}
	return out
}

func meanOf(list []float64) float64 {
	sum := 0.0
	for _, x := range list {
		sum += x
	}
	return sum / float64(len(list))
}

func spreadOf(list []float64) float64 {
	m, sum := meanOf(list), 0.0
	for _, x := range list {
		sum += (x - m) * (x - m)
	}
	return math.Sqrt(sum / float64(len(list)))
}

// What the camera does with light: it counts it, until its pixels are full, and with shot noise.
func TestCamera(t *testing.T) {
	c := newCamera(0)
	shoot := func(change func(*setting)) []float64 {
		set := base()
		change(&set)
		c.expect(specimenOf(), set, nil, 3)
		return pixelsOf(c.shoot())
	}
	normal := shoot(func(*setting) {})
	light := meanOf(normal) - pedestal
	for _, tt := range []struct {
		name   string
		change func(*setting)
		times  float64
	}{
		{"twice the exposure", func(s *setting) { s.exposure *= 2 }, 2},
		{"half the power", func(s *setting) { s.power /= 2 }, 0.5},
		{"four times the gain", func(s *setting) { s.gain *= 4 }, 4},
		{"no light", func(s *setting) { s.power = 0 }, 0},
		{"out of focus", func(s *setting) { s.blur = 6 }, 1},
	} {
		if got := (meanOf(shoot(tt.change)) - pedestal) / light; math.Abs(got-tt.times) > 0.03*max(tt.times, 0.3) {
			t.Errorf("%s: %.3f times the light, want %v", tt.name, got, tt.times)
		}
	}
	full := shoot(func(s *setting) { s.exposure = 500 })
	if top := slices.Max(full); top != pedestal+fullWell {
		t.Errorf("a long exposure counts up to %v, want a full well", top)
	}
	if n := slices.Max(normal); n >= pedestal+fullWell/2 {
		t.Errorf("a normal exposure counts up to %v", n)
	}
	if sharp, soft := spreadOf(normal), spreadOf(shoot(func(s *setting) { s.blur = 6 })); soft > 0.7*sharp {
		t.Errorf("the contrast is %v in focus and %v out of it", sharp, soft)
	}
	// Shot noise: the variance of a pixel is its light.
	c.expect(specimenOf(), base(), nil, 3)
	one, other := pixelsOf(c.shoot()), pixelsOf(c.shoot())
	noise, expected := 0.0, 0.0
	for i := range one {
		noise += (one[i] - other[i]) * (one[i] - other[i]) / 2
		expected += float64(c.spread[i]) * float64(c.spread[i])
	}
	if got := noise / expected; math.Abs(got-1) > 0.05 {
		t.Errorf("the variance is %.3f of what shot noise has", got)
	}
	// A warm sensor sees what is not there, and hot pixels glow if they are not corrected.
	if warm := meanOf(shoot(func(s *setting) { s.power, s.warm, s.exposure = 0, 0.2, 100 })); warm < pedestal+15 {
		t.Errorf("a warm sensor counts %v in the dark", warm)
	}
	glow := 0
	for _, v := range shoot(func(s *setting) { s.power, s.hot = 0, true }) {
		if v > pedestal+60 {
			glow++
		}
	}
	if glow < hotPixels/2 || glow > hotPixels {
		t.Errorf("%d hot pixels glow", glow)
	}
	// The specimen moves by as many pixels as the stage.
	c.expect(specimenOf(), base(), nil, 3)
	before := slices.Clone(c.light)
	moved := base()
	moved.x, moved.y = moved.x+40, moved.y+7
	c.expect(specimenOf(), moved, nil, 3)
	for _, at := range [][2]int{{10, 10}, {200, 300}, {400, 100}} {
		if got, want := c.light[at[0]*frameSide+at[1]], before[(at[0]+7)*frameSide+at[1]+40]; got != want {
			t.Errorf("after a move of 40 pixels %v is %v, want %v", at, got, want)
		}
	}
}

// A frame at 60 Hz must not make work for the collector.
func TestAFrameAllocatesNothing(t *testing.T) {
	c := newCamera(0)
	set := base()
	for _, set.channel = range []int{nuclei, mito, calcium} {
		set.blur = float64(set.channel)
		c.expect(specimenOf(), set, nil, 1)
		if n := testing.AllocsPerRun(5, func() {
			c.expect(specimenOf(), set, nil, 1)
			c.shoot()
			c.sparkle(specimenOf(), 1)
		}); n != 0 {
			t.Errorf("%v allocations in the channel %s", n, channels[set.channel].name)
		}
	}
}

// While nobody looks there is no specimen, and no frame is copied; the history goes on.
func TestNobodyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := wire.New(wire.Options{Name: "demo"})
		defer p.Release()
		r := &rig{Scope: New(0), t: t, told: map[string][]*pickle.Dict{}}
		r.Declare(p)
		defer r.Close()
		for range 240 {
			r.p.Round(func() { r.Turn(p) })
			time.Sleep(250 * time.Millisecond)
		}
		r.run(time.Second)
		if r.specimen != nil || r.making != nil || r.arrays.camera.Drawn() {
			t.Error("somebody was at work although nobody looks")
		}
		if n := r.frames; n < 3500 || n > 3700 {
			t.Errorf("%d frames in a minute, want 60 a second", n)
		}
		for topic, least := range map[string]int{"stage": 240, "focus": 240, "exposure": 59, "temperature": 59} {
			if n := len(r.told[topic]); n < least {
				t.Errorf("%d events of %s, want %d", n, topic, least)
			}
		}
		r.want("array/camera")
		r.run(time.Second)
		synctest.Wait()
		r.run(time.Second)
		if !r.arrays.camera.Drawn() && r.array("camera").Entries[0].Value != "" {
			t.Error("there is no frame once somebody looks")
		}
	})
}

// A camera that is lit for longer than a sixtieth of a second is slower.
func TestLongExposuresAreSlow(t *testing.T) {
	on(t, func(r *rig) {
		r.applied("exposure", "exposure", 200.0)
		before := r.frames
		r.run(10 * time.Second)
		if n := r.frames - before; n < 48 || n > 52 {
			t.Errorf("%d frames of 200 ms in ten seconds", n)
		}
	})
}

func TestTheInterlock(t *testing.T) {
	on(t, func(r *rig) {
		r.refused("the lid is open, so the interlock holds the laser back: close it with the control Lid open", "fire_laser")
		r.applied("lid", "lid", false)
		r.expect()
		before := meanOf(pixelsOf(r.picture()))
		r.applied("fire_laser", "power", int64(100), "radius", 20.0)
		r.expect()
		bleached := meanOf(pixelsOf(r.picture()))
		if bleached > before-3 {
			t.Errorf("the picture has %v counts before and %v after the laser", before, bleached)
		}
		r.run(10 * time.Minute)
		r.expect()
		if len(r.fired) > 0 || meanOf(pixelsOf(r.picture())) < bleached+2 {
			t.Error("the spot does not recover")
		}
		for range maxFired + 3 {
			r.applied("fire_laser")
		}
		if len(r.fired) > maxFired {
			t.Errorf("%d spots are kept", len(r.fired))
		}
	})
}

func TestTheStage(t *testing.T) {
	on(t, func(r *rig) {
		r.applied("move_stage", "x", 100.0, "y", -50.0, "relative", false)
		r.applied("move_stage", "x", -30.0, "y", 10.0, "relative", true)
		r.run(time.Second)
		if r.at.x != 70 || r.at.y != -40 || r.control("stage_x") != 70.0 || r.control("stage_y") != -40.0 {
			t.Errorf("the stage stands at %v, its controls say %v, %v", r.at, r.control("stage_x"), r.control("stage_y"))
		}
		r.refused("the stage ends at 246 um, and x would be 300 um", "move_stage", "x", 300.0, "y", 0.0, "relative", false)
		r.refused("y would be -290 um", "move_stage", "x", 0.0, "y", -250.0)
		r.refused("at most 246 um", "stage_x", "stage_x", 400.0)
		r.applied("stage_x", "stage_x", -246.0)
		r.applied("stage_y", "stage_y", 246.0)
		r.run(3 * time.Second)
		if set := r.setting(); set.x < 0 || set.y+frameSide > side {
			t.Errorf("at the end of the stage the camera sees %+v, beyond the slide", set)
		}
		last := r.told["stage"][len(r.told["stage"])-1]
		if x, _ := last.Get("x"); math.Abs(x.(float64)+246) > 0.1 {
			t.Errorf("the stage says that x is %v", x)
		}
	})
}

func TestAutofocus(t *testing.T) {
	on(t, func(r *rig) {
		r.applied("stage_z", "stage_z", 4.0)
		r.applied("autofocus", "range", 12.0, "planes", int64(21), "accuracy", "coarse")
		if off := math.Abs(r.goal.z - r.plane(r.seconds())); off > 0.4 {
			t.Errorf("a coarse autofocus is %v um off", off)
		}
		r.applied("stage_z", "stage_z", 4.0)
		r.applied("autofocus")
		r.run(time.Second)
		if off := math.Abs(r.at.z - r.plane(r.seconds())); off > 0.1 {
			t.Errorf("a fine autofocus is %v um off", off)
		}
		if z := r.control("stage_z"); math.Abs(z.(float64)-r.goal.z) > 0.01 {
			t.Errorf("the control says %v, z is %v", z, r.goal.z)
		}
		r.applied("stage_z", "stage_z", 20.0)
		r.refused("the sharpest plane lies at the end of the range", "autofocus", "range", 5.0)
		r.applied("lamp", "lamp", int64(0))
		r.refused("it is dark", "autofocus")
		r.applied("focus_lock", "focus_lock", true)
		r.run(time.Second)
		if off := math.Abs(r.at.z - r.plane(r.seconds())); off > 0.05 {
			t.Errorf("the lock is %v um off", off)
		}
		r.applied("stage_z", "stage_z", 1.0)
		if r.control("focus_lock") != false {
			t.Error("the lock holds although somebody has moved z")
		}
	})
}

func TestSnap(t *testing.T) {
	on(t, func(r *rig) {
		if v, _ := r.array("snapshot").Get("note"); !strings.Contains(v.(string), "the command Snap") {
			t.Errorf("before the first one it says %q", v)
		}
		r.applied("snap", "name", "first", "frames", int64(16))
		if v, _ := r.array("snapshot").Get("note"); !strings.Contains(v.(string), "first: number 1, 16 frames of 15 ms") {
			t.Errorf("the snapshot says %q", v)
		}
		r.applied("live", "live", false)
		r.refused("the camera is off", "snap")
		r.refused("the camera is off", "acquire_stack")
		if v, _ := r.array("camera").Get("note"); !strings.Contains(v.(string), "Live switches it on") {
			t.Errorf("the camera that is off says %q", v)
		}
		if v, _ := r.array("camera").Get("shm"); v != "" {
			t.Error("the camera that is off has a segment")
		}
		r.want("array/camera")
		r.applied("live", "live", true)
		if v, _ := r.array("camera").Get("note"); strings.Contains(v.(string), "is off") {
			t.Errorf("the camera that is on again says %q", v)
		}
	})
}

func TestStack(t *testing.T) {
	on(t, func(r *rig) {
		r.refused("take fewer", "acquire_stack", "planes", int64(61), "times", int64(8))
		r.applied("move_stage", "x", 100.0)
		r.applied("acquire_stack", "planes", int64(5), "times", int64(2), "step", 1.0)
		if v, _ := r.array("stack").Get("shape"); !slices.Equal(v.([]int64), []int64{2, 3, 5, stackSide, stackSide}) {
			t.Errorf("the stack has the shape %v", v)
		}
		r.want("array/stack")
		r.run(time.Second)
		data := r.stack()
		n := stackSide * stackSide
		planes := make([]float64, 5)
		for z := range planes {
			for _, v := range data[z*n:][:n] {
				planes[z] += float64(v) / float64(n)
			}
		}
		if planes[2] <= planes[0] || planes[2] <= planes[4] {
			t.Errorf("the planes of the nuclei have %v, want the most in the middle", planes)
		}
	})
}

// The table has a row for each cell in the picture, and another one where the stage has moved.
func TestCells(t *testing.T) {
	on(t, func(r *rig) {
		rows := func() map[uint16]float32 {
			r.expect()
			out := map[uint16]float32{}
			data := r.measure()
			for ; len(data) > 0; data = data[rowBytes:] {
				out[binary.LittleEndian.Uint16(data)] = math.Float32frombits(binary.LittleEndian.Uint32(data[14:]))
			}
			return out
		}
		here := rows()
		if len(here) < 10 {
			t.Errorf("%d cells in view", len(here))
		}
		labels := r.segment(r.setting())
		for l, light := range here {
			if light <= pedestal || !containsLabel(labels, l) {
				t.Errorf("cell %d has %v counts, in the labels: %v", l, light, containsLabel(labels, l))
			}
		}
		r.applied("exposure", "exposure", 60.0)
		for l, light := range rows() {
			if light <= here[l] {
				t.Errorf("cell %d has %v counts with four times the exposure, %v before", l, light, here[l])
			}
		}
		r.applied("move_stage", "x", -200.0)
		r.run(2 * time.Second)
		there := rows()
		common := 0
		for l := range there {
			if _, ok := here[l]; ok {
				common++
			}
		}
		if common > 2 || len(there) == 0 {
			t.Errorf("%d of %d cells are the same 200 um away", common, len(there))
		}
	})
}

func containsLabel(frame []byte, label uint16) bool {
	for i := 0; i < len(frame); i += 2 {
		if binary.LittleEndian.Uint16(frame[i:]) == label {
			return true
		}
	}
	return false
}

func TestMarks(t *testing.T) {
	on(t, func(r *rig) {
		r.refused("there are no marks", "forget_marks")
		plain := slices.Clone(r.overview(r.setting()))
		r.applied("mark", "text", "here", "color", "#00ff00")
		marked := r.overview(r.setting())
		middle := 3 * (overviewSide/2*overviewSide + overviewSide/2)
		if slices.Equal(plain, marked) || !slices.Equal(marked[middle:middle+3], []byte{0, 255, 0}) {
			t.Errorf("the middle is %v after a mark, %v before", marked[middle:middle+3], plain[middle:middle+3])
		}
		for range maxMarks - 1 {
			r.marks = append(r.marks, mark{})
		}
		r.refused("there are 64 marks already", "mark")
		r.applied("forget_marks")
		r.refused("room for 80 letters, and these are 100", "sample", "sample", strings.Repeat("x", 100))
		r.applied("tint.actin", "tint.actin", "#ffffff")
		if slices.Equal(plain, r.overview(r.setting())) {
			t.Error("another colour leaves the overview as it is")
		}
	})
}

// The trace is the same wherever it has moved to, and flashes.
func TestTrace(t *testing.T) {
	on(t, func(r *rig) {
		r.run(40 * time.Second)
		value := func(data []byte, i int) float32 {
			return math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		before := slices.Clone(r.trace())
		least, most := float32(math.Inf(1)), float32(0)
		for i := range traceLen {
			least, most = min(least, value(before, i)), max(most, value(before, i))
		}
		if most < 2*least {
			t.Errorf("the trace goes from %v to %v", least, most)
		}
		then := math.Floor(r.seconds() / traceStep)
		r.run(time.Second)
		moved := int(math.Floor(r.seconds()/traceStep) - then)
		after := r.trace()
		for i := range traceLen - moved {
			if value(after, i) != value(before, i+moved) {
				t.Fatalf("item %d was %v and is %v, %d later", i+moved, value(before, i+moved), value(after, i), moved)
			}
		}
	})
}
