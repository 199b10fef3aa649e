package components

import (
	"context"

	"github.com/a-h/templ"

	"webmon/components/ui"
)

// MapEditsID is the id of the live region of a map's edits.
const MapEditsID = "live-map-edits"

// MapEdits is how it stands with the edits of a map.
type MapEdits struct {
	LiveTopic string
	Version   string // of the map: a page of another one is out of date
	API       string // address below which are edits, undo, redo, save, reload
	Unsaved   int
	Changed   bool // another program has changed its files since
	CanSave   bool
	Gone      string // the map is not there any more, a sentence; nothing else is known then
}

// MapObjectID is the id of the bar with the selected object.
const MapObjectID = "map-object"

// maxUserType is the last of the classes that an object can have.
const maxUserType = 10

// titled are the attributes of what says in its title what it does, or why it is disabled.
func titled(ctx context.Context, title string) templ.Attributes {
	if off := ui.Off(ctx); off != nil {
		return off
	}
	return templ.Attributes{"title": title, "data-title": title}
}

// mapDoing is a button for the selected object.
type mapDoing struct{ do, label, key, help string }

// title is what the button does, with its key.
func (d mapDoing) title() string {
	if d.key == "" {
		return d.help
	}
	return d.help + " (" + d.key + ")"
}

var mapDoings = []mapDoing{
	{"bad", "Bad", "b", "It is unusable, or is not"},
	{"link", "Join", "p", "It is the same as the one that was selected before, in the session beside"},
	{"added", "Cut before", "a", "It was added here: it is not the same as that of the session before"},
	{"subtracted", "Cut after", "s", "It was subtracted after: it is not the same as that of the next session"},
	{"move", "Move", "m", "By the arrow keys or a click in its image"},
	{"pivot", "Pivot", "v", "Move the landmark from which positions on its segment are counted"},
	{"measure", "Measure", "", "Measure its intensities again in the images"},
	{"delete", "Delete", "Delete", "Delete it"},
	{"add", "New point", "e", "A new object, by the arrow keys or a click in an image; or shift+click in one"},
}

// keys says which keys there are in the list.
func (p MapFind) keys() string {
	switch {
	case len(p.Table.Rows) == 0:
		return ""
	case p.Edits != nil && p.Pairs:
		return "Keys: ↑ and ↓ go along the rows, p joins, delete removes the proposal, ctrl+Z takes either back, enter shows the object in the map."
	}
	return "Keys: ↑ and ↓ go along the rows, enter shows the object in the map."
}
