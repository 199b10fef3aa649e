package components

import "webmon/components/ui"

// ArraysState says what there is to show.
type ArraysState int

// The states of the Arrays page.
const (
	ArraysNone    ArraysState = iota // there is no source at all
	ArraysWaiting                    // the process has not said yet which arrays it shares
	ArraysEmpty                      // the process shares no arrays
	ArraysLive                       // a list of arrays
)

// Arrays is the page of the arrays in shared memory of one source.
type Arrays struct {
	Prefix string // of every link, "" or like "/lab"
	Source string // id of the source
	Name   string // of the source
	Link   ui.State
	// LiveTopic is the hub topic that renders ArraysFrame: the list, and the
	// numbers of the array that is open.
	LiveTopic string
	State     ArraysState
	List      []ArrayRow
	Open      *ArrayView // nil: none is open
	// Of is the map whose image stacks the arrays are, nil for those of a process.
	Of *ArraysOrigin
}

// ArraysOrigin is the map whose image stacks the arrays of a page are.
type ArraysOrigin struct {
	Name string
	Href string // of its page; "" where there is none any more
}

// NotOfMap is what a tab shows of a map of which it has nothing to show.
type NotOfMap struct {
	Title  string // of the tab
	Name   string // of the map
	Map    string // URL of the map's page, "" for none
	Arrays string // URL of its image stacks
}

// ArrayRow is one array in the list.
type ArrayRow struct {
	Name, Title, Href  string
	Current            bool    // the array is open
	Shape, DType, Axes string  // such as "2048 × 2048", "uint16", "y, x"
	Rate               float64 // frames a second that the process offers
	Published, Missed  uint64  // frames offered; frames overwritten before webmon read them
	Bytes              int64   // of a whole frame
	Problem            string  // why the array cannot be read, one sentence
	Note               string  // what the process says about its frames, one sentence
	Table              bool    // the array holds records, shown as a table and not as a picture
}

// ArrayView is the array that is open.
type ArrayView struct {
	Name, Title string
	// Config is what the picture's script needs to know, for the JSON in the
	// page: {"source", "name", "topic": "<source>/array/<name>", "shape",
	// "axes", "units", "scale", "dtype", "role", "colormap", "limits", "unit",
	// "layer", "pixels": "u1", "u2" or "f4"}.
	Config any
	// PNG, NPY and Plane are the URLs of the picture, of the whole frame as .npy,
	// and of what is shown: a plane as .npy, or records as CSV. "" for none.
	PNG, NPY, Plane string
	Volume          string        // URL of the array's page as a volume, "" if it is none
	Records         *ArrayRecords // of an array of records, nil for any other array
}

// ArrayRecords are the records of a structured array.
type ArrayRecords struct {
	Topic   string // hub topic that renders ArrayRecordsFrame
	Columns []ui.Column
	Rows    []ui.Row
	More    string // what is left out, one sentence
	Total   int    // records of the frame
}

// Pin is the URL that puts the open array on a board, "" for none.
func (a Arrays) Pin() string {
	if a.Open == nil || a.Source == "" {
		return ""
	}
	return ui.PinHref(a.Prefix, "array", a.Source, a.Open.Name)
}
