package components

import (
	"strconv"
	"time"

	"webmon/components/ui"
)

// VolumesID and VolumePanelID are the ids of the live regions of the list of volumes and of
// the panel beside a volume.
const (
	VolumesID     = "live-volumes"
	VolumePanelID = "live-volume"
)

// VolumesState says what there is to show.
type VolumesState int

// The states of the list of volumes.
const (
	VolumesNone    VolumesState = iota // there is no source at all
	VolumesWaiting                     // the process has not said yet which volumes it has
	VolumesEmpty                       // the process has no volume
	VolumesLive                        // a list of volumes
)

// Volumes is the list of the volumes of a source.
type Volumes struct {
	Source    string // its id
	Name      string // of the source
	Link      ui.State
	LiveTopic string // hub topic of VolumesFrame
	State     VolumesState
	List      []VolumeCard
	Views     []VolumeView // that scripts have made
}

// VolumeView is a view that a script has made.
type VolumeView struct {
	Key, Title, Href string
	Looking          int  // browsers
	Ended            bool // the script has
}

// VolumeCard is a volume in the list.
type VolumeCard struct {
	Name, Title, Href string
	Picture           string // URL of a small picture; "" for none
	Kind              string // "image", "labels", "points", ...
	Shape, Axes       string // such as "64 × 512 × 512" and "z, y, x"
	DType             string
	Voxel             string // the size of a voxel, such as "1 × 0.25 × 0.25 µm"; "" if it is not known
	Bytes             int64  // of the full resolution; 0 if it is not known
	From              string // where it is from, such as "a shared array"
	Looking           int    // browsers
	Problem           string // why it cannot be shown, a sentence
	Note              string
}

// Volume is the page of a volume.
type Volume struct {
	Title  string
	List   string // URL of the list
	Client string // URL of Neuroglancer's client, for the frame
	Name   string // of what the others see, for the note of an own view
	Own    bool   // the view is the person's own copy
	// Other is the URL of the shared view for who has an own one, and of an own one for who
	// shares. "" where there is no choice.
	Other   string
	Problem string // why there is nothing to show, a sentence
	Panel   VolumePanel
	// Elsewhere is how the volume is used in other programs; nil if it cannot be.
	Elsewhere *Elsewhere
}

// VolumePanel is what stands beside a volume.
type VolumePanel struct {
	LiveTopic string // hub topic of VolumePanelFrame
	Action    string // URL that the forms of the layers post to
	CSRF      string
	Layers    []VolumeLayer
	Position  []ui.Pair
	Looking   int    // browsers
	Script    string // what is to be said of the script that made the view; ""
	State     string // what is to be said of the process, such as that it has ended; ""
	Problems  []VolumeProblem
	Drawn     int    // annotations that people have drawn
	DrawnAt   string // URL of them without the .csv or .json at its end; "" for none
	Reopen    string // URL that opens the view as it is now; "" if it is too long for one
	Company   VolumeCompany
}

// VolumeCompany is whether a view and where napari looks go together.
type VolumeCompany struct {
	Action  string // URL that the form posts to
	Ways    []VolumeWay
	Problem string // why they do not, a sentence; "" if they do
}

// VolumeWay is a way in which they can.
type VolumeWay struct {
	Value, Label string
	Current      bool
	Why          string // why it cannot be chosen, a sentence; "" if it can
}

// help says what the way that is chosen does.
func (c VolumeCompany) help() string {
	for _, w := range c.Ways {
		switch {
		case !w.Current:
		case w.Value == "napari":
			return "Where napari looks, this view looks too: its position, its zoom, and in 3-D how it is turned."
		case w.Value == "view":
			return "Where this view looks, napari looks too: its sliders, its centre and its zoom. In 3-D it keeps its angles."
		}
	}
	return "Neither moves the other."
}

// whyNot lists why ways cannot be chosen.
func (c VolumeCompany) whyNot() (out []string) {
	for _, w := range c.Ways {
		if w.Why != "" {
			out = append(out, w.Why)
		}
	}
	return out
}

// VolumeLayer is a layer of a view.
type VolumeLayer struct {
	Key      string // unique; part of ids
	Name     string
	Kind     string // "image", "segmentation", ...
	Visible  bool
	Opacity  *float64    // nil: the layer has none that can be set
	Range    *[2]float64 // that is drawn from dark to bright; nil if it cannot be set
	Step     float64     // of the range
	Colormap string
	Colors   []string // names of the colour tables; nil if they cannot be set
	Render   *bool    // volume rendering; nil: there is none
	Facts    []ui.Pair
	Note     string // what is converted, and what the process says
	Changed  time.Duration
	Live     bool // Changed is known
	Loading  int  // chunks that are under way
	Segments []VolumeSegment
	More     int // segments that are not listed
}

// VolumeSegment is a label that is selected.
type VolumeSegment struct {
	ID   string
	Size string // "" if it is not known
}

func (v VolumeView) words() string {
	out := "its script is there"
	if v.Ended {
		out = "its script has ended"
	}
	if v.Looking > 0 {
		out += ", " + ui.Count(v.Looking) + " " + ui.Plural(v.Looking, "looks", "look")
	}
	return out
}

// VolumeProblem is why something of a layer is not shown.
type VolumeProblem struct {
	Layer, What string
	Label       string // whose it is, "" for none
	Text        string
	Times       int
	Age         time.Duration
}

func (w VolumeProblem) what() string {
	if w.Label == "" {
		return w.What
	}
	return w.What + " of " + w.Label
}

func (v Volumes) gone() bool { return v.Link == ui.Stale || v.Link == ui.Gone }

func (v Volumes) count() string {
	return ui.Count(len(v.List)) + " " + ui.Plural(len(v.List), "volume", "volumes")
}

// volumeCode is how a process offers a volume.
const volumeCode = `import webmon

webmon.serve(name="scope")
brain = webmon.volume("brain", shape=(64, 512, 512), dtype="uint16", axes="zyx",
                      scale=(1, 0.25, 0.25), units="um")
brain.data[:] = stack  # a NumPy array that is the shared memory
brain.changed()`

// empty is what the list shows instead of volumes, with code to copy.
func (v Volumes) empty() (props ui.EmptyProps, code string) {
	name := v.Name
	if name == "" {
		name = "The process"
	}
	switch {
	case v.State == VolumesNone:
		return ui.EmptyProps{
			Title: "No process is attached.",
			Text:  "The volumes of a Python process appear here, live, while the process runs:",
		}, volumeCode
	case v.State == VolumesWaiting:
		return ui.EmptyProps{Title: "Attached to " + name + ".", Text: "Waiting for it to say which volumes it has."}, ""
	case v.gone():
		return ui.EmptyProps{Title: name + " had no volumes.", Text: "It has ended, or has gone quiet."}, ""
	}
	return ui.EmptyProps{
		Title: name + " has no volumes.",
		Text: "A volume is an array with three axes or more: a stack, a segmentation, the field of a simulation. Shared arrays with such axes and the layers of a napari " +
			"with the package appear here by themselves. A Python process offers any other one in a few lines:",
	}, volumeCode
}

func (c VolumeCard) icon() string {
	switch c.Kind {
	case "labels", "points", "tracks", "surface":
		return "layer-" + c.Kind
	case "lines":
		return "layer-vectors"
	}
	return "layer-image"
}

func (c VolumeCard) facts() string {
	out := c.Shape
	if c.DType != "" {
		out += " " + c.DType
	}
	return out
}

func (c VolumeCard) looking() string {
	if c.Looking == 0 {
		return ""
	}
	return ui.Count(c.Looking) + " " + ui.Plural(c.Looking, "browser looks", "browsers look")
}

func (p VolumePanel) looking() string {
	if p.Looking == 0 {
		return "nobody looks"
	}
	return ui.Count(p.Looking) + " " + ui.Plural(p.Looking, "browser looks", "browsers look")
}

func (p VolumePanel) drawn() string {
	return ui.Count(p.Drawn) + " " + ui.Plural(p.Drawn, "annotation", "annotations") + " in this view"
}

func (l VolumeLayer) id(part string) string { return ui.ID("volume", l.Key, part) }

func (l VolumeLayer) age() string { return ui.Age(l.Changed) }

func (l VolumeLayer) ageMillis() string { return strconv.FormatInt(l.Changed.Milliseconds(), 10) }

func (l VolumeLayer) loading() string {
	return "loading " + ui.Count(l.Loading) + " " + ui.Plural(l.Loading, "part", "parts")
}

func (p VolumeProblem) times() string {
	if p.Times < 2 {
		return ""
	}
	return ", " + ui.Count(p.Times) + " times"
}
