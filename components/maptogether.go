package components

// MapTogether is where people choose to look at a map together. It needs scripts, which show it.
type MapTogether struct {
	Room    string // hub topic of those who do
	Follows bool   // who looks may only look: they follow the others, and lead nobody
}
