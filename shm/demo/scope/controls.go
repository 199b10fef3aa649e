package scope

import (
	"errors"
	"fmt"

	"webmon/shm"
)

func ptr(x float64) *float64 { return &x }

// The groups of the controls and commands, in the order in which a page has them.
const (
	groupCamera = "Imaging"
	groupLight  = "Light"
	groupStage  = "Stage"
	groupSample = "Sample"
	groupLaser  = "Laser"
)

// changes wraps a setter of a float.
func changes(f func(x float64) error) func(shm.Value) error {
	return func(v shm.Value) error {
		x, _ := shm.Number(v)
		return f(x)
	}
}

// sets is a setter that takes every value.
func sets[T any](into *T, then func()) func(shm.Value) error {
	return func(v shm.Value) error {
		*into, _ = v.(T)
		if then != nil {
			then()
		}
		return nil
	}
}

func (s *Scope) declareControls() {
	p := s.p
	number := func(c shm.Control, into *float64) {
		c.Type, c.Value = shm.Float, *into
		if c.Default == nil {
			c.Default = *into
		}
		p.Control(c, changes(func(x float64) error { *into = x; return nil }))
	}
	number(shm.Control{
		Name: "exposure", Title: "Exposure", Min: ptr(1), Max: ptr(500), Scale: "log", Unit: "ms", Group: groupCamera,
		Help: "How long each frame is lit. Beyond 16 ms the camera becomes slower, and beyond some 150 ms its pixels are full.",
	}, &s.exposure)
	number(shm.Control{
		Name: "gain", Title: "Gain", Min: ptr(0.25), Max: ptr(8), Scale: "log", Group: groupCamera,
		Help: "Counts for each electron.",
	}, &s.gain)
	p.Control(shm.Control{
		Name: "live", Title: "Live", Type: shm.Bool, Value: s.live, Default: true, Group: groupCamera,
		Help: "Whether the camera takes pictures.",
	}, sets(&s.live, nil))
	number(shm.Control{
		Name: "cooling", Title: "Cooling", Min: ptr(-25), Max: ptr(20), Step: 1, Unit: "°C", Group: groupCamera, Section: "Sensor",
		Help: "The temperature that the sensor is kept at. A warm one sees more that is not there.",
	}, &s.cooling)
	p.Control(shm.Control{
		Name: "hot_pixels", Title: "Correct hot pixels", Type: shm.Bool, Value: s.hot, Default: true, Group: groupCamera, Section: "Sensor",
	}, sets(&s.hot, nil))

	channel := shm.Control{
		Name: "channel", Title: "Channel", Type: shm.Choice, Value: channels[s.channel].name, Default: channels[s.channel].name, Group: groupLight,
		Help: "What is lit, and with which wavelength.",
	}
	for _, c := range channels {
		channel.Choices = append(channel.Choices, c.name)
		channel.Labels = append(channel.Labels, c.label)
	}
	p.Control(channel, func(v shm.Value) error { s.setChannel(v); return nil })
	p.Control(shm.Control{
		Name: "lamp", Title: "Lamp", Type: shm.Int, Value: int64(s.power), Default: int64(s.power), Min: ptr(0), Max: ptr(100), Unit: "%", Group: groupLight,
		Help: "Power of the lamp. At 0 the camera sees its own noise.",
	}, changes(func(x float64) error { s.power = x; return nil }))
	for i := range s.tints {
		p.Control(shm.Control{
			Name: "tint." + channels[i].name, Title: []string{"Nuclei", "Actin", "Mitochondria"}[i], Type: shm.Color, Value: s.tints[i], Default: s.tints[i],
			Group: groupLight, Section: "Colours of the overview",
		}, sets(&s.tints[i], nil))
	}

	axis := func(name, title string, into *float64, end float64) {
		p.Control(shm.Control{
			Name: name, Title: title, Type: shm.Float, Value: round(*into, 2), Default: 0.0, Min: ptr(-end), Max: ptr(end), Step: 0.1, Unit: "um", Group: groupStage,
		}, changes(func(x float64) error { *into = x; return nil }))
	}
	end := round(stageEnd, 0)
	axis("stage_x", "Stage x", &s.goal.x, end)
	axis("stage_y", "Stage y", &s.goal.y, end)
	p.Control(shm.Control{
		Name: "stage_z", Title: "Focus z", Type: shm.Float, Value: round(s.goal.z, 2), Min: ptr(-focusEnd), Max: ptr(focusEnd), Step: 0.05, Unit: "um", Group: groupStage,
		Help: "The command Autofocus finds where the specimen is sharp. Whoever moves z by hand lets go of the focus lock.",
	}, changes(func(x float64) error { s.setFocus(x); return nil }))
	p.Control(shm.Control{
		Name: "focus_lock", Title: "Focus lock", Type: shm.Bool, Value: s.lock, Default: false, Group: groupStage, Section: "Focus",
		Help: "Holds the plane, which drifts within minutes and lies a little askew, so that it is lost where the stage goes far.",
	}, sets(&s.lock, nil))

	number(shm.Control{
		Name: "activity", Title: "Activity", Min: ptr(0), Max: ptr(3), Step: 0.1, Group: groupSample,
		Help: "How brightly the cells flash with calcium. The channel Calcium shows it.",
	}, &s.activity)
	p.Control(shm.Control{
		Name: "sample", Title: "Sample", Type: shm.Text, Value: s.sample, Default: s.sample, Group: groupSample, Help: "What is written on the slide.",
	}, func(v shm.Value) error {
		name, _ := v.(string)
		if len(name) > 80 {
			return fmt.Errorf("the label of a slide has room for 80 letters, and these are %d", len(name))
		}
		s.sample = name
		return nil
	})
	p.Control(shm.Control{
		Name: "lid", Title: "Lid open", Type: shm.Bool, Value: s.lid, Default: true, Group: groupLaser,
		Help: "While the lid is open the interlock holds the laser back.",
	}, sets(&s.lid, func() { s.log("The lid was %s", map[bool]string{true: "opened", false: "closed"}[s.lid]) }))
}

func (s *Scope) setChannel(v shm.Value) {
	for i, c := range channels {
		if c.name == v {
			s.channel = i
			s.arrays.camera.Describe(func(info *shm.ArrayInfo) { info.Colormap = c.colormap })
		}
	}
}

// setFocus moves z by hand.
func (s *Scope) setFocus(z float64) {
	s.goal.z = z
	if s.lock {
		s.lock = false
		s.p.SetControl("focus_lock", false)
	}
}

// moveTo sends the stage to a place. It returns why it cannot go there.
func (s *Scope) moveTo(x, y float64) error {
	end := round(stageEnd, 0)
	for _, a := range []struct {
		name string
		um   float64
	}{{"x", x}, {"y", y}} {
		if a.um < -end || a.um > end {
			return fmt.Errorf("the stage ends at %g um, and %s would be %g um", end, a.name, round(a.um, 2))
		}
	}
	s.goal.x, s.goal.y = x, y
	s.p.SetControl("stage_x", round(x, 2))
	s.p.SetControl("stage_y", round(y, 2))
	return nil
}

var errOff = errors.New("the camera is off: switch on Live (group Imaging) first")
