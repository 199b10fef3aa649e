package scope

import (
	"errors"
	"fmt"
	"math"
	"time"

	"webmon/shm"
	"webmon/shm/demo/wire"
)

// search is an autofocus that is under way.
type search struct {
	call      wire.Call
	from      float64 // um
	step      float64
	planes, k int
	fine      bool
	best      float64
	sharpest  float64
	next      time.Time
}

// planeEvery is how long an autofocus looks at a plane.
const planeEvery = 60 * time.Millisecond

func (s *Scope) declareActions() {
	p := s.p
	p.Action(shm.Action{
		Name: "snap", Title: "Snap", Group: groupCamera, Help: "Takes a picture. It is below Arrays as Snapshot.",
		Args: []shm.Control{
			{Name: "name", Title: "Name", Type: shm.Text, Default: "cells", Help: "What to call it."},
			{Name: "frames", Title: "Frames", Type: shm.Int, Default: int64(4), Min: ptr(1), Max: ptr(16), Help: "How many frames to average, against noise."},
		},
	}, s.snap)
	p.Action(shm.Action{
		Name: "acquire_stack", Title: "Acquire stack", Group: groupCamera, Help: "Takes planes in three channels where the stage stands. They are below Arrays as Stack.",
		Args: []shm.Control{
			{Name: "planes", Title: "Planes", Type: shm.Int, Default: int64(15), Min: ptr(3), Max: ptr(61)},
			{Name: "step", Title: "Step", Type: shm.Float, Default: 0.5, Min: ptr(0.1), Max: ptr(5), Unit: "um"},
			{Name: "times", Title: "Times", Type: shm.Int, Default: int64(3), Min: ptr(1), Max: ptr(8)},
		},
	}, s.acquire)
	p.Action(shm.Action{
		Name: "move_stage", Title: "Move stage", Group: groupStage, Help: "Sends the stage to a place, or so far from where it stands.",
		Args: []shm.Control{
			{Name: "x", Title: "x", Type: shm.Float, Default: 60.0, Unit: "um"},
			{Name: "y", Title: "y", Type: shm.Float, Default: 0.0, Unit: "um"},
			{Name: "relative", Title: "From where it stands", Type: shm.Bool, Default: true},
		},
	}, func(c wire.Call) error {
		x, y := c.Float("x"), c.Float("y")
		if c.Bool("relative") {
			x, y = s.goal.x+x, s.goal.y+y
		}
		return s.moveTo(x, y)
	})
	p.Action(shm.Action{
		Name: "autofocus", Title: "Autofocus", Group: groupStage, Help: "Looks at planes one after the other, and stays where it is sharpest.",
		Args: []shm.Control{
			{Name: "range", Title: "Range", Type: shm.Float, Default: 12.0, Min: ptr(1), Max: ptr(40), Unit: "um"},
			{Name: "planes", Title: "Planes", Type: shm.Int, Default: int64(21), Min: ptr(5), Max: ptr(41)},
			{Name: "accuracy", Title: "Accuracy", Type: shm.Choice, Default: "fine", Choices: []string{"coarse", "fine"}, Labels: []string{"Coarse: a plane", "Fine: between planes"}},
		},
	}, s.autofocus)
	p.Action(shm.Action{
		Name: "mark", Title: "Mark this place", Group: groupSample, Help: "Puts a dot into the overview, where the stage stands.",
		Args: []shm.Control{
			{Name: "text", Title: "Text", Type: shm.Text, Default: "look here again"},
			{Name: "color", Title: "Colour", Type: shm.Color, Default: "#facc15"},
		},
	}, func(c wire.Call) error {
		if len(s.marks) == maxMarks {
			return fmt.Errorf("there are %d marks already: the command Forget marks removes them", maxMarks)
		}
		s.marks = append(s.marks, mark{x: s.at.x, y: s.at.y, text: c.Text("text"), color: c.Text("color"), at: s.p.Now()})
		s.log("Marked x = %.1f, y = %.1f um: %s", s.at.x, s.at.y, c.Text("text"))
		s.tellMarks()
		return nil
	})
	p.Action(shm.Action{Name: "forget_marks", Title: "Forget marks", Group: groupSample, Help: "Removes all dots from the overview."}, func(wire.Call) error {
		if len(s.marks) == 0 {
			return errors.New("there are no marks: the command Mark this place makes one")
		}
		s.marks = nil
		s.tellMarks()
		return nil
	})
	p.Action(shm.Action{
		Name: "fire_laser", Title: "Fire laser", Group: groupLaser, Help: "Bleaches a spot in the middle of the picture. It recovers within minutes.",
		Args: []shm.Control{
			{Name: "power", Title: "Power", Type: shm.Int, Default: int64(80), Min: ptr(1), Max: ptr(100), Unit: "%"},
			{Name: "radius", Title: "Radius", Type: shm.Float, Default: 6.0, Min: ptr(1), Max: ptr(30), Unit: "um"},
		},
	}, s.fire)
}

func (s *Scope) snap(c wire.Call) error {
	if !s.live {
		return errOff
	}
	if !s.look() { // whoever snaps before anybody has looked waits a moment
		if len(s.snapLater) == maxFired {
			return errors.New("the slide is being put onto the stage: snap again in a moment")
		}
		s.snapLater = append(s.snapLater, c)
		return wire.ErrLater
	}
	s.expect()
	n := c.Int("frames")
	sum := make([]uint32, frameSide*frameSide)
	for range n {
		frame := s.picture()
		for i := range sum {
			sum[i] += uint32(frame[2*i]) | uint32(frame[2*i+1])<<8
		}
	}
	out := make([]byte, 2*len(sum))
	for i, v := range sum {
		v /= uint32(n)
		out[2*i], out[2*i+1] = byte(v), byte(v>>8)
	}
	s.snaps++
	note := fmt.Sprintf("%s: number %d, %d frames of %g ms, at x = %.1f, y = %.1f um, %s.", c.Text("name"), s.snaps, n, round(s.exposure, 1), s.at.x, s.at.y, channels[s.channel].name)
	s.arrays.snapshot.Describe(func(info *shm.ArrayInfo) {
		info.Note, info.Colormap = note, channels[s.channel].colormap
	})
	s.publish(s.arrays.snapshot, out)
	s.log("Snapped %s", note)
	return nil
}

func (s *Scope) acquire(c wire.Call) error {
	set := s.setting()
	plan := stackPlan{planes: c.Int("planes"), times: c.Int("times"), step: c.Float("step"), y: set.y, x: set.x}
	switch {
	case s.takes != nil:
		return errors.New("a stack is being taken already: wait until it is there")
	case !s.live:
		return errOff
	case plan.bytes() > maxStack:
		return fmt.Errorf("%d planes at %d times are %d MB, and the disk has room for %d: take fewer", plan.planes, plan.times, plan.bytes()>>20, maxStack>>20)
	}
	s.takes = &taking{plan: plan, call: c, end: s.p.Now().Add(time.Duration(plan.planes*plan.times) * 25 * time.Millisecond)}
	return wire.ErrLater
}

func (s *Scope) autofocus(c wire.Call) error {
	switch {
	case s.searches != nil:
		return errors.New("the autofocus is at work already")
	case !s.live:
		return errOff
	case s.power == 0:
		return errors.New("it is dark: give the lamp some power (group Light) first")
	}
	n := c.Int("planes")
	s.searches = &search{
		call: c, from: s.goal.z - c.Float("range")/2, step: c.Float("range") / float64(n-1), planes: n,
		fine: c.Text("accuracy") == "fine", next: s.p.Now(), sharpest: -1,
	}
	return wire.ErrLater
}

// search goes on with an autofocus.
func (s *Scope) search() {
	a, now := s.searches, s.p.Now()
	for a != nil && !now.Before(a.next) {
		if a.k > 0 {
			z := a.from + float64(a.k-1)*a.step
			if sharp := sharpness(z - s.plane(s.seconds())); sharp > a.sharpest {
				a.sharpest, a.best = sharp, z
			}
		}
		if a.k == a.planes {
			s.searches = nil
			s.found(a)
			return
		}
		s.goal.z = min(max(a.from+float64(a.k)*a.step, -focusEnd), focusEnd)
		a.k++
		if a.next = a.next.Add(planeEvery); now.Sub(a.next) > time.Second {
			a.next = now // the machine was suspended
		}
	}
}

// found ends an autofocus.
func (s *Scope) found(a *search) {
	last := a.from + float64(a.planes-1)*a.step
	if a.best == a.from || a.best == last {
		s.goal.z = a.from + (last-a.from)/2
		a.call.Answer(fmt.Errorf("the sharpest plane lies at the end of the range, at z = %.2f um: search a wider one", a.best))
		return
	}
	z := a.best
	if a.fine {
		z = s.plane(s.seconds())
	}
	s.goal.z = z
	s.p.SetControl("stage_z", round(z, 2))
	s.log("The autofocus has found z = %.2f um", z)
	a.call.Answer(nil)
}

func (s *Scope) fire(c wire.Call) error {
	if s.lid {
		return errors.New("the lid is open, so the interlock holds the laser back: close it with the control Lid open (group Laser) first")
	}
	if s.moving() {
		return errors.New("the stage is moving: fire when it stands still")
	}
	set := s.setting()
	s.shots++
	if len(s.fired) == maxFired {
		s.fired = s.fired[1:]
	}
	s.fired = append(s.fired, spotBleached{
		y: float64(set.y + frameSide/2), x: float64(set.x + frameSide/2), r: c.Float("radius") / pixel,
		left: math.Pow(0.02, float64(c.Int("power"))/100), at: s.seconds(),
	})
	s.log("The laser was fired at x = %.1f, y = %.1f um with %d %%", s.at.x, s.at.y, c.Int("power"))
	return nil
}
