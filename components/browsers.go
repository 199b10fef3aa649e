package components

import (
	"strconv"
	"time"

	"webmon/components/ui"
)

// Browser is one page that is connected, and how its pictures come to it.
type Browser struct {
	Key     string // tells connections apart: letters and digits
	Who     string
	Agent   string // such as "Firefox on Linux"; "" if not known
	Address string // IP address
	Since   time.Time
	Sent    float64       // bytes a second, of late
	Rate    float64       // bytes a second that its line carries; 0: not known
	RTT     time.Duration // of its line; 0: not known
	Exact   bool          // somebody asked for exact pictures there
	Limit   float64       // bytes a second that somebody allows there; 0: as the line carries

	Pictures []BrowserPicture
}

// BrowserPicture is one picture of a page.
type BrowserPicture struct {
	Topic string        // tells the pictures of a page apart
	Title string        // what it shows, in words
	As    string        // how it is written; see WrittenAs
	Ratio float64       // bytes of the exact picture for one that was sent
	FPS   float64       // pictures a second
	Lag   time.Duration // from sending it to the paint; 0: not known
	Why   string        // it is written so: a sentence without its full stop
}

// WrittenAs is a way of writing a picture in words. kind is "exact", "packed", "bytes" or "jpeg", quality that of a JPEG, and scale
// how many pixels of the exact picture one that is sent stands for, along a side.
func WrittenAs(kind string, quality, scale int) string {
	text := map[string]string{"exact": "exact", "packed": "exact, compressed", "bytes": "8 bits"}[kind]
	if kind == "jpeg" {
		text = "JPEG " + strconv.Itoa(quality)
	}
	if scale > 1 {
		text += ", 1/" + strconv.Itoa(scale) + " size"
	}
	return text
}

// Rows of the tables about browsers, at most. The API tells of all.
const (
	maxBrowsers        = 100
	maxBrowserPictures = 200
)

// MegabitText writes bytes a second as bits a second, as lines are sold: "5.2 Mbit/s".
func MegabitText(bytesPerSec float64) string {
	mbit := bytesPerSec * 8 / 1e6
	switch {
	case mbit >= 100:
		return ui.Fixed(mbit, 0) + " Mbit/s"
	case mbit >= 0.1:
		return ui.Fixed(mbit, 1) + " Mbit/s"
	}
	return ui.Fixed(mbit*1000, 0) + " kbit/s"
}

// wish is how the browser's pictures are wanted.
func (b Browser) wish() string {
	switch {
	case b.Exact && b.Limit > 0:
		return "exact, at most " + MegabitText(b.Limit)
	case b.Exact:
		return "exact"
	case b.Limit > 0:
		return "at most " + MegabitText(b.Limit)
	}
	return "auto"
}

// browserTable is the table of the connected pages.
func browserTable(all []Browser) ui.TableProps {
	t := ui.TableProps{
		Caption: "Table of the browsers",
		Columns: []ui.Column{
			{Title: "who"}, {Title: "browser"}, {Title: "from"}, {Title: "since"}, {Title: "sent", Unit: "per s", Numeric: true},
			{Title: "line", Numeric: true}, {Title: "round trip", Unit: "ms", Numeric: true}, {Title: "pictures wanted"},
		},
		Empty: "No browser is connected.",
	}
	for _, b := range all[:min(len(all), maxBrowsers)] {
		line, trip := "not measured", ui.None
		if b.Rate > 0 {
			line = MegabitText(b.Rate)
		}
		if b.RTT > 0 {
			trip = ui.Millis(b.RTT)
		}
		t.Rows = append(t.Rows, ui.Row{Key: b.Key, Cells: ui.Text(b.Who, b.Agent, b.Address, day(b.Since), ui.BytesText(b.Sent), line, trip, b.wish())})
	}
	if more := len(all) - maxBrowsers; more > 0 {
		t.More = ui.Count(more) + " " + ui.Plural(more, "more browser is", "more browsers are") + " connected."
	}
	return t
}

// pictureTable is the table of their pictures.
func pictureTable(all []Browser) ui.TableProps {
	t := ui.TableProps{
		Caption: "Table of the pictures that browsers are sent",
		Columns: []ui.Column{
			{Title: "picture"}, {Title: "sent to"}, {Title: "as"}, {Title: "smaller", Numeric: true}, {Title: "pictures", Unit: "per s", Numeric: true},
			{Title: "lag", Unit: "ms", Numeric: true}, {Title: "why so"},
		},
		Empty: "No browser is sent a picture now.",
	}
	more := 0
	for _, b := range all {
		for _, p := range b.Pictures {
			if len(t.Rows) == maxBrowserPictures {
				more++
				continue
			}
			ratio, lag := ui.None, ui.None
			if p.Ratio > 0 {
				ratio = "1 : " + ratioText(p.Ratio)
			}
			if p.Lag > 0 {
				lag = ui.Millis(p.Lag)
			}
			t.Rows = append(t.Rows, ui.Row{Key: b.Key + " " + p.Topic, Cells: ui.Text(p.Title, b.Who, p.As, ratio, ui.Rate(p.FPS), lag, p.Why)})
		}
	}
	if more > 0 {
		t.More = ui.Count(more) + " " + ui.Plural(more, "more picture is", "more pictures are") + " sent."
	}
	return t
}

func ratioText(ratio float64) string {
	if ratio < 9.95 {
		return ui.Fixed(ratio, 1)
	}
	return ui.Fixed(ratio, 0)
}
