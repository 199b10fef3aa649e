package components

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"webmon/components/ui"
)

// Layers is the page of napari's layers, camera, dims and canvas.
type Layers struct {
	Source    string   // id; "" for none
	Name      string   // of the process, as people know it
	Link      ui.State // state of the source
	State     LayersState
	LiveTopic string // hub topic of LayersFrame, and of frames of the parts that change
	// ValuesTopic is the hub topic of the controls' values; see Controls.
	ValuesTopic string
	HowTo       string // how napari gets the plugin, as commands to copy

	Rows []LayerRow // as napari lists them: the top layer first
	Open *LayerDetail
	// Do are the actions of the list as a whole, such as adding a layer.
	Do []ui.ActionProps
	// Views are the views that people have saved; nil: the process cannot go back to one.
	Views *SavedViews
	// Asked is the view that the address of the page names; nil: none.
	Asked *SavedView
	// Cards are the camera, the dims and the canvas.
	Cards []LayersCard
}

// LayersState says what there is to show.
type LayersState string

// The states of the page.
const (
	LayersNone    LayersState = "none"    // no process
	LayersForeign LayersState = "foreign" // the process is not a napari with the plugin
	LayersModel   LayersState = "model"   // the process is a simulation
	LayersWaiting LayersState = "waiting" // a napari with the plugin that has not sent its layers yet
	LayersEmpty   LayersState = "empty"   // napari has no layers
	LayersLive    LayersState = "live"
)

// LayerRow is a layer in the list.
type LayerRow struct {
	ID       string
	Name     string
	Kind     string // image, labels, points and so on
	Href     string // opens it
	Open     bool
	Selected bool             // in napari
	Eye      *ui.ControlProps // its visibility; nil: napari has no control for it
	Pick     *ui.ControlProps // whether it is selected; nil: napari has no control for it
	Thumb    string           // base64 of a PNG; "": napari has sent none
	Linked   string           // names of the layers that it is linked with; "": none
	Order    *LayerOrder      // its place in the list; nil: napari has no control for it
	Life     ui.CommandLife   // of the last command of this row, if that has failed
}

// LayerOrder is the control that moves a layer up and down in the list.
type LayerOrder struct {
	Action   string // URL
	CSRF     string
	Name     string // of the control
	Up, Down string // values that move the layer up and down; "" at the end of the list
	Why      string // why it cannot be used now; "" if it can
}

// LayerDetail is the layer that is open.
type LayerDetail struct {
	ID        string
	Name      string
	Kind      string
	Controls  []ui.ControlProps
	Contrast  []ui.ControlProps // low and high, below the histogram
	Histogram *Histogram        // nil: napari sends none for this layer
	Auto      *ui.ActionProps   // sets the contrast limits automatically
	Facts     []ui.Pair
	Levels    []LayerLevel
	Volume    string // URL of the layer's page as a volume, "" if it is none
	// Do are the actions with the layer, as buttons; Remove asks before it does.
	Do     []ui.ActionProps
	Remove *ui.ConfirmProps
}

// SavedViews are the views of a source, and what saves another one.
type SavedViews struct {
	Save, Go, Delete string // URLs that the name of a view is posted to
	CSRF             string
	Why              string // why none can be saved or gone to now; "" if they can
	List             []SavedView
	Said             string // what became of the last one that somebody went to; "" for nothing
	Wrong            string // why the views could not be read; "" if they could
}

// SavedView is a view that somebody has saved.
type SavedView struct {
	Name  string
	About string // what it shows, in a few words
	By    string
	Time  time.Time
	Link  string // address of the page that offers to go to it
	Gone  bool   // there is none of this name
}

// LayerLevel is one level of a multiscale layer.
type LayerLevel struct {
	N     int
	Shape string
	Used  bool // napari draws this level
	Ideal bool // this level would fit the screen
}

// Histogram is how often each value occurs in the visible slice of a layer.
type Histogram struct {
	Low, High float64 // lower edge of the first bin, upper edge of the last
	Counts    []int64 // values in each bin; all bins have the same width
	// ContrastLow and ContrastHigh are the contrast limits. The page updates them
	// from the controls LowName and HighName.
	ContrastLow, ContrastHigh float64
	LowName, HighName         string

	// Exact says that Least and Greatest are the lowest and the highest value.
	// Whole says that all values are whole numbers.
	Exact, Whole    bool
	Least, Greatest float64
}

// LayersCard is a card of controls beside the layers.
type LayersCard struct {
	ID       string
	Title    string
	Help     string
	Controls []ui.ControlProps
	Actions  []ui.ActionProps
	// Shots is the card with the screenshot.
	Shots bool
	Shot  *Screenshot // nil: none has been taken
}

// Screenshot is a picture of napari's window.
type Screenshot struct {
	URL        string
	Time       time.Time
	Rows, Cols int
}

// The ids of the live regions of the layers.
const (
	LayersID         = "live-layers"
	LayerHistogramID = "live-layer-histogram"
	LayerFactsID     = "live-layer-facts"
	LayerHeadID      = "live-layer-head"
	ScreenshotID     = "live-screenshot"
	LayerViewsID     = "live-layer-views"
)

// ElementID is the id of the layer's element in the list.
func (r LayerRow) ElementID() string { return ui.ID("layer", r.ID) }

func (r LayerRow) rowClass() string {
	class := "layer-row"
	if r.Open {
		class += " layer-open"
	}
	if r.Selected {
		class += " layer-selected"
	}
	return class
}

func (l Layers) empty() ui.EmptyProps {
	switch l.State {
	case LayersNone:
		return ui.EmptyProps{
			Title: "No process is attached.",
			Text:  "The layers of napari appear here, and can be changed here, when napari runs with webmon's plugin:",
		}
	case LayersModel:
		return ui.EmptyProps{Title: l.Name + " has no layers.", Text: "It is a simulation. Its parameters are on its page, under Models."}
	case LayersWaiting:
		return ui.EmptyProps{Title: "Waiting for the layers.", Text: l.Name + " runs with webmon's plugin, but has not sent its layers yet."}
	case LayersEmpty:
		return ui.EmptyProps{Title: "No layers.", Text: "No layer is open in napari. When one is opened there, it appears here."}
	}
	if l.Link == ui.Gone {
		return ui.EmptyProps{Title: l.Name + " has ended.", Text: "It shared no layers."}
	}
	return ui.EmptyProps{
		Title: l.Name + " shares no layers.",
		Text:  "napari shares its layers, and lets people change them here, when it runs with webmon's plugin:",
	}
}

func (l Layers) showsHowTo() bool {
	return l.HowTo != "" && (l.State == LayersNone || l.State == LayersForeign && l.Link != ui.Gone)
}

// The size of the histogram in the units of its picture. The style sheet sets the
// size on the page.
const (
	histogramWidth  = 256
	histogramHeight = 64
)

// path draws the counts as an area of steps. The scale of the counts is logarithmic.
// Otherwise the many pixels of a dark background would hide everything else.
func (h *Histogram) path() string {
	most := int64(1)
	for _, n := range h.Counts {
		most = max(most, n)
	}
	b := append(make([]byte, 0, 16*len(h.Counts)), 'M', '0', ' ')
	b = strconv.AppendInt(b, histogramHeight, 10)
	width := float64(histogramWidth) / float64(max(1, len(h.Counts)))
	for i, n := range h.Counts {
		y := histogramHeight * (1 - math.Log1p(float64(max(0, n)))/math.Log1p(float64(most)))
		b = strconv.AppendFloat(append(b, 'V'), y, 'f', 1, 64)
		b = strconv.AppendFloat(append(b, 'H'), width*float64(i+1), 'f', 1, 64)
	}
	b = strconv.AppendInt(append(b, 'V'), histogramHeight, 10)
	return string(append(b, 'Z'))
}

// at is the x coordinate of a value in the picture.
func (h *Histogram) at(value float64) string {
	x := 0.0
	if h.High > h.Low {
		x = histogramWidth * min(1, max(0, (value-h.Low)/(h.High-h.Low)))
	}
	return strconv.FormatFloat(x, 'f', 1, 64)
}

// quantile is the middle of the bin that contains a quantile, part from 0 to 1.
func (h *Histogram) quantile(part float64) float64 {
	var all, sum int64
	for _, n := range h.Counts {
		all += max(0, n)
	}
	for i, n := range h.Counts {
		if sum += max(0, n); sum > 0 && float64(sum) >= part*float64(all) {
			return h.Low + (h.High-h.Low)*(float64(i)+0.5)/float64(len(h.Counts))
		}
	}
	return h.High
}

// text describes the histogram in words.
func (h *Histogram) text() string {
	if len(h.Counts) == 0 {
		return "No values in the visible slice."
	}
	if h.Exact && h.Least == h.Greatest {
		return "All values are " + ui.FieldNumber(h.Least) + "."
	}
	low, high := h.Low, h.High
	if h.Exact {
		low, high = h.Least, h.Greatest
	}
	return fmt.Sprintf("Values from %s to %s: half of them at most %s, 1 %% at most %s, 1 %% at least %s.",
		ui.FieldNumber(low), ui.FieldNumber(high), h.near(0.5), h.near(0.01), h.near(0.99))
}

// near writes a quantile as exactly as the bins allow, part from 0 to 1. It never
// writes a value that no pixel can have.
func (h *Histogram) near(part float64) string {
	x := h.quantile(part)
	if width := (h.High - h.Low) / float64(max(1, len(h.Counts))); h.Whole && width <= 2 {
		x = math.Ceil(x - 0.501*width) // the whole number in the bin, the lower one of two
	}
	if h.Exact {
		x = min(h.Greatest, max(h.Least, x))
	}
	return short(x)
}

// short writes a number with three significant digits, as exact as a bin is.
func short(x float64) string {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 3, 64), 64)
	return ui.FieldNumber(rounded)
}

func exact(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func levelTable(levels []LayerLevel) ui.TableProps {
	t := ui.TableProps{
		Caption: "Levels",
		Columns: []ui.Column{{Title: "level", Numeric: true}, {Title: "shape", Unit: "px"}, {Title: ""}},
	}
	for _, l := range levels {
		note := ""
		switch {
		case l.Used && l.Ideal:
			note = "in use, fits the screen"
		case l.Used:
			note = "in use"
		case l.Ideal:
			note = "would fit the screen"
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: strconv.Itoa(l.N)}, {Text: l.Shape}, {Text: note, Content: layerLevelNote(l, note)}}})
	}
	return t
}

// kindIcon is the icon of a kind of layer.
func kindIcon(kind string) string {
	switch kind {
	case "image", "labels", "points", "shapes", "surface", "tracks", "vectors":
		return "layer-" + kind
	}
	return "layer-other"
}

func (s *Screenshot) size() string { return ui.Shape(int64(s.Rows), int64(s.Cols)) }
