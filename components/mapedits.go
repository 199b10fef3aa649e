package components

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
}
