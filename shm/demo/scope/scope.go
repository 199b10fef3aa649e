package scope

import (
	"fmt"
	"math"
	"sync"
	"time"

	"webmon/fault"
	"webmon/shm"
	"webmon/shm/demo/wire"
	"webmon/shm/pickle"
)

// stageEnd is how far the stage goes from the middle along each axis, in um.
const stageEnd = (side-frameSide)/2*pixel - 4

const (
	focusEnd   = 25.0  // um that the objective goes from the middle
	stageSpeed = 420.0 // um/s
	focusSpeed = 60.0  // um/s
	blurPerUM  = 1.5   // pixels of blur a um out of focus
	maxMarks   = 64
	maxFired   = 16
)

// place is where the stage stands, in um; z is the objective's.
type place struct{ x, y, z float64 }

// mark is what somebody has written down about a place.
type mark struct {
	x, y        float64
	text, color string
	at          time.Time
}

// Scope is the microscope. It is a part of the demo, whose loop owns it.
type Scope struct {
	seed uint64
	p    *wire.Process

	// What there is only once somebody has looked: it takes a good part of a second to make.
	specimen *specimen
	camera   *camera
	making   chan made // nil: nobody has looked
	work     sync.WaitGroup

	began time.Time // the time 0 of the specimen
	turned,
	shot,
	told,
	heard time.Time // when this was done last: a turn, a frame of the camera, what is told ten times a second, once a second

	at, goal place
	exposure float64 // ms
	gain     float64
	power    float64 // %
	channel  int
	activity float64
	cooling  float64 // C
	sensor   float64 // C
	live     bool
	hot      bool // hot pixels are corrected
	lock     bool // the focus is held
	lid      bool // it is open
	sample   string
	tints    [3]string // of the channels in the overview

	fired    []spotBleached
	shots    int // of the laser
	frames   uint64
	snaps    int
	marks    []mark
	searches *search // an autofocus that is under way
	takes    *taking // a stack that is being taken

	snapLater []wire.Call // those that wait for the specimen

	stackPlan stackPlan // of the stack that there is

	arrays struct{ camera, snapshot, segmentation, cells, profile, trace, overview, stack *wire.Array }
	made   products
}

// New returns the microscope of a seed.
func New(seed uint64) *Scope {
	return &Scope{
		seed: seed, exposure: 15, gain: 1, power: 40, channel: actin, activity: 1, cooling: -10, sensor: -9.6, live: true, hot: true, lid: true,
		sample: "HeLa, passage 12", tints: [3]string{"#3b82f6", "#ef4444", "#22c55e"},
		stackPlan: stackPlan{planes: 15, step: 0.5, times: 3},
	}
}

// Declare implements a part of the demo.
func (s *Scope) Declare(p *wire.Process) {
	s.p = p
	s.began = p.Now()
	s.at.z = s.plane(0)
	s.goal = s.at
	s.declareTopics()
	s.declareArrays()
	s.declareControls()
	s.declareActions()
	p.Board(shm.BoardText{Name: "microscope", Text: board})
}

// board is what somebody at the microscope would put side by side.
const board = `{"webmon": "board", "version": 1, "title": "Microscope", "cards": [
	{"kind": "array", "name": "camera", "width": 3, "height": 5},
	{"kind": "control", "name": "exposure", "width": 2, "height": 1},
	{"kind": "number", "name": "focus.sharpness", "title": "Sharpness", "width": 1, "height": 1},
	{"kind": "control", "name": "channel", "width": 2, "height": 1},
	{"kind": "number", "name": "temperature.sensor", "title": "Sensor", "width": 1, "height": 1},
	{"kind": "control", "name": "stage_z", "width": 3, "height": 1},
	{"kind": "command", "name": "snap", "width": 3, "height": 1},
	{"kind": "chart", "name": "exposure.mean", "title": "Mean of the picture", "width": 3, "height": 3},
	{"kind": "chart", "name": "frame_time", "width": 3, "height": 3},
	{"kind": "array", "name": "cells", "title": "Cells", "width": 6, "height": 3}
]}`

func (s *Scope) declareTopics() {
	for _, t := range []wire.Topic{
		{Name: "stage", Event: true, Title: "Stage", Fields: []wire.Field{{Path: "x", Title: "Stage x", Unit: "um"}, {Path: "y", Title: "Stage y", Unit: "um"}, {Path: "z", Title: "Focus z", Unit: "um"}}},
		{Name: "exposure", Event: true, Title: "Exposure", Fields: []wire.Field{{Path: "ms", Title: "Exposure", Unit: "ms"}, {Path: "mean", Title: "Mean of the picture", Unit: "counts"}}},
		{Name: "temperature", Event: true, Title: "Temperature", Fields: []wire.Field{{Path: "sensor", Title: "Sensor", Unit: "°C"}, {Path: "stage", Title: "Stage", Unit: "°C"}}},
		{Name: "focus", Event: true, Title: "Focus", Fields: []wire.Field{{Path: "sharpness", Title: "Sharpness"}, {Path: "off", Title: "Out of focus", Unit: "um"}}},
		{Name: "log", Event: true, Title: "What the microscope has done"},
		{Name: "microscope", Title: "Microscope"},
		{Name: "marks", Title: "Marks"},
	} {
		s.p.Topic(t)
	}
	s.tellState()
	s.tellMarks()
}

// seconds is the time of the specimen.
func (s *Scope) seconds() float64 { return s.p.Now().Sub(s.began).Seconds() }

// plane returns the z at which the specimen is sharp where the stage stands: it lies a little
// askew, and drifts as the room warms up.
func (s *Scope) plane(t float64) float64 {
	return 1.2 + 0.006*s.at.x - 0.004*s.at.y + 0.4*math.Sin(t/97) + 0.12*math.Sin(t/31)
}

// Turn implements a part of the demo.
func (s *Scope) Turn(*wire.Process) {
	now := s.p.Now()
	dt := now.Sub(s.turned).Seconds()
	if s.turned.IsZero() || dt > 1 {
		dt = 0.25
	}
	s.turned = now
	if s.p.Watched() {
		s.look() // so that there is a picture by the time that somebody opens the camera
	}
	s.advance(dt)
	s.shoot()
	s.products()
	if every(&s.told, now, 100*time.Millisecond) {
		s.tellStage()
	}
	if every(&s.heard, now, time.Second) {
		s.tellSlow()
	}
}

// every reports whether something is due that is done once a period, and notes that it is done.
func every(last *time.Time, now time.Time, period time.Duration) bool {
	if now.Sub(*last) < period-4*time.Millisecond {
		return false
	}
	*last = now
	return true
}

// advance moves what moves.
func (s *Scope) advance(dt float64) {
	step := func(at *float64, goal, most float64) { *at += min(max(goal-*at, -most), most) }
	step(&s.at.x, s.goal.x, stageSpeed*dt)
	step(&s.at.y, s.goal.y, stageSpeed*dt)
	if s.lock && s.searches == nil {
		s.goal.z = s.plane(s.seconds())
	}
	s.search()
	step(&s.at.z, s.goal.z, focusSpeed*dt)
	s.take()
	if len(s.snapLater) > 0 && s.look() {
		for _, c := range s.snapLater {
			c.Answer(s.snap(c))
		}
		s.snapLater = nil
	}
	s.sensor += (s.cooling - s.sensor) * (1 - math.Exp(-dt/8))
	for len(s.fired) > 0 && s.seconds()-s.fired[0].at > 4*recovers {
		s.fired = s.fired[1:]
	}
}

// moving reports whether the stage is on its way.
func (s *Scope) moving() bool { return s.at.x != s.goal.x || s.at.y != s.goal.y }

// setting is how a picture would be taken now.
func (s *Scope) setting() setting {
	origin := func(um float64) int {
		return min(max(int(math.Round(um/pixel))+(side-frameSide)/2, 0), side-frameSide)
	}
	power := s.power / 100
	return setting{
		y: origin(s.at.y), x: origin(s.at.x), blur: math.Round(math.Abs(s.at.z-s.plane(s.seconds()))*blurPerUM*20) / 20,
		channel: s.channel, power: power, exposure: s.exposure, gain: s.gain, activity: s.activity,
		warm: math.Round(1e5*0.002*math.Exp2((s.sensor+10)/7)) / 1e5, hot: !s.hot, bleached: s.shots,
	}
}

// made is a specimen with the camera that looks at it.
type made struct {
	specimen *specimen
	camera   *camera
}

// look reports whether there is a specimen to look at. The first look has it made.
func (s *Scope) look() bool {
	if s.specimen != nil {
		return true
	}
	if s.making == nil {
		s.making = make(chan made, 1)
		done, seed := s.making, s.seed
		fault.Go(&s.work, func() { done <- made{newSpecimen(seed), newCamera(seed)} }, func(error) {
			close(done) // there is none
		})
	}
	select {
	case m := <-s.making:
		s.specimen, s.camera = m.specimen, m.camera
	default:
	}
	return s.specimen != nil
}

// Close waits until nothing of the microscope is at work any more.
func (s *Scope) Close() { s.work.Wait() }

// expect brings what the camera expects to see up to date. It is called after look.
func (s *Scope) expect() {
	set, t := s.setting(), s.seconds()
	changes := set.channel == calcium || len(s.fired) > 0
	if !s.camera.valid || set != s.camera.seen || changes && t-s.camera.seenAt > 1.0/12 {
		s.camera.expect(s.specimen, set, s.fired, t)
	}
}

// stamp is the time of a message.
func (s *Scope) stamp() float64 { return float64(s.p.Now().UnixMicro()) / 1e6 }

func (s *Scope) log(format string, args ...any) {
	s.p.Event("log", pickle.NewDict("time", s.stamp(), "text", fmt.Sprintf(format, args...)))
}

func round(x float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(x*scale) / scale
}

// tellStage tells what a page charts ten times a second.
func (s *Scope) tellStage() {
	t := s.seconds()
	tremor := func(k float64) float64 { return 0.02 * math.Sin(37*t*k+k) }
	s.p.Event("stage", pickle.NewDict("time", s.stamp(), "x", round(s.at.x+tremor(1), 3), "y", round(s.at.y+tremor(1.3), 3), "z", round(s.at.z+0.2*tremor(0.7), 3)))
	off := s.at.z - s.plane(t)
	s.p.Event("focus", pickle.NewDict("time", s.stamp(), "sharpness", round(sharpness(off)*(1+tremor(2.1)), 3), "off", round(off, 3)))
}

// sharpness is what an autofocus measures, 1 in focus.
func sharpness(off float64) float64 { return 1 / (1 + 0.9*off*off) }

// tellSlow tells what changes slowly.
func (s *Scope) tellSlow() {
	t := s.seconds()
	exposure := pickle.NewDict("time", s.stamp(), "ms", s.exposure)
	if s.camera != nil && s.camera.valid {
		_ = exposure.Set("mean", round(s.camera.average(), 1))
	}
	s.p.Event("exposure", exposure)
	s.p.Event("temperature", pickle.NewDict("time", s.stamp(), "sensor", round(s.sensor+0.03*math.Sin(t*3.1), 2), "stage", round(37+0.08*math.Sin(t/9)+0.02*math.Sin(t*2.3), 3)))
	s.tellState()
}

// tellState brings the state of the microscope up to date, if somebody wants it or it is new.
func (s *Scope) tellState() {
	if s.p.Wanted("microscope") == 0 && s.frames > 0 {
		return
	}
	ch := &channels[s.channel]
	closed := map[bool]string{true: "open", false: "closed"}
	s.p.State("microscope", pickle.NewDict(
		"objective", "20x/0.8", "pixel_um", pixel, "sample", s.sample,
		"channel", ch.name, "lamp_nm", int64(ch.wave), "lamp_percent", s.power,
		"lid", closed[s.lid], "laser_shots", int64(s.shots), "focus_lock", s.lock,
		"stage", pickle.NewDict("x", round(s.at.x, 2), "y", round(s.at.y, 2), "z", round(s.at.z, 2)),
		"camera", pickle.NewDict("live", s.live, "exposure_ms", s.exposure, "gain", s.gain, "sensor_c", round(s.sensor, 1), "frames", int64(s.frames), "snapshots", int64(s.snaps)),
	))
}

func (s *Scope) tellMarks() {
	list := &pickle.List{}
	for _, m := range s.marks {
		list.Items = append(list.Items, pickle.NewDict("x", round(m.x, 2), "y", round(m.y, 2), "text", m.text, "color", m.color))
	}
	s.p.State("marks", list)
}

func limits(low, high float64) *[2]float64 { return &[2]float64{low, high} }

func (s *Scope) declareArrays() {
	um := []string{"um", "um"}
	yx := []string{"y", "x"}
	step := []float64{pixel, pixel}
	a := &s.arrays
	ch := &channels[s.channel]
	a.camera = s.p.Array(shm.ArrayInfo{
		Name: "camera", Title: "Camera", Descr: "<u2", Shape: []int{frameSide, frameSide}, Axes: yx, Units: um, Scale: step,
		Limits: limits(90, 1600), Unit: "counts", Note: "Live, through a 20x objective. Exposure, stage and channel are below Controls.", Colormap: ch.colormap,
	})
	a.segmentation = s.p.Array(shm.ArrayInfo{
		Name: "segmentation", Title: "Segmentation", Descr: "<u2", Shape: []int{frameSide, frameSide}, Axes: yx, Units: um, Scale: step,
		Role: "labels", Note: "The cells that the camera sees, each with the label that it has in the table.",
	})
	a.cells = s.p.Array(shm.ArrayInfo{
		Name: "cells", Title: "Cells in view", Shape: []int{maxRows}, Axes: []string{"cell"}, Role: "table",
		Fields: []shm.ArrayField{
			{Name: "label", Descr: "<u2"}, {Name: "x", Descr: "<f4", Unit: "um"}, {Name: "y", Descr: "<f4", Unit: "um"}, {Name: "area", Descr: "<f4", Unit: "um²"},
			{Name: "intensity", Descr: "<f4", Unit: "counts"}, {Name: "calcium", Descr: "<f4"}, {Name: "class", Descr: classDescr}, {Name: "whole", Descr: "|b1"},
		},
		Note: "What is measured of each cell that the camera sees.",
	})
	a.profile = s.p.Array(shm.ArrayInfo{
		Name: "profile", Title: "Profile across the middle", Descr: "<f4", Shape: []int{frameSide}, Axes: []string{"x"}, Units: []string{"um"}, Scale: []float64{pixel},
		Unit: "counts", Note: "The mean of the nine rows in the middle of the camera's picture.",
	})
	a.trace = s.p.Array(shm.ArrayInfo{
		Name: "trace", Title: "Calcium of the cell in the middle", Descr: "<f4", Shape: []int{traceLen}, Axes: []string{"t"}, Units: []string{"s"}, Scale: []float64{traceStep},
		Unit: "F/F0", Note: "The last thirty seconds, the newest at the right.",
	})
	a.overview = s.p.Array(shm.ArrayInfo{
		Name: "overview", Title: "Overview of the slide", Descr: "|u1", Shape: []int{overviewSide, overviewSide, 3}, Axes: []string{"y", "x", "c"}, Role: "rgb",
		Units: []string{"um", "um", ""}, Scale: []float64{pixel * side / overviewSide, pixel * side / overviewSide, 1},
		Note: "The whole slide. The frame is what the camera sees, and dots are marks.",
	})
	s.arrays.stack = s.p.Array(s.stackInfo())
	a.snapshot = s.p.Array(shm.ArrayInfo{
		Name: "snapshot", Title: "Snapshot", Descr: "<u2", Shape: []int{frameSide, frameSide}, Axes: yx, Units: um, Scale: step, Unit: "counts", Colormap: ch.colormap,
	})
	a.snapshot.Withhold("Nothing has been snapped yet: the command Snap takes a picture.")
}

// shoot counts the frames of the camera, and takes one if somebody wants it.
func (s *Scope) shoot() {
	a := s.arrays.camera
	now := s.p.Now()
	if !s.live {
		a.Withhold("The camera is off: the control Live switches it on.")
		s.shot = now
		return
	}
	period := max(time.Second/60, time.Duration(s.exposure*float64(time.Millisecond)))
	if now.Sub(s.shot) > 2*time.Second { // it begins, or the machine was suspended
		s.shot = now.Add(-period)
	}
	n := int((now.Sub(s.shot) + 3*time.Millisecond) / period)
	if n < 1 {
		return
	}
	s.shot = s.shot.Add(time.Duration(n) * period)
	s.frames += uint64(n)
	if !a.Due() || !s.look() {
		a.Offer(n)
		return
	}
	a.Offer(n - 1)
	s.expect()
	s.publish(a, s.picture())
}

// picture takes a picture.
func (s *Scope) picture() []byte {
	frame := s.camera.shoot()
	s.camera.sparkle(s.specimen, s.seconds())
	return frame
}
