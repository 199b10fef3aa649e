package components

import (
	"time"

	"webmon/components/ui"
)

// elsewhereID is the id of the card about other programs.
const elsewhereID = "volume-elsewhere"

// Elsewhere is how a volume is used in other programs.
type Elsewhere struct {
	Action string // URL that the form posts to
	CSRF   string
	Volume string // name
	// Closed says why the person cannot offer the volume, and Never why nobody can, sentences; "" if they can.
	Closed, Never string
	Note          string // what is different at the addresses, sentences; ""
	Offers        []ElsewhereOffer
}

// ElsewhereOffer is an address at which other programs read the volume.
type ElsewhereOffer struct {
	ID       string
	Address  string
	By       string
	Until    time.Time
	Used     string // how long ago it was last asked for; "" for never
	Bytes    uint64 // that were sent
	Revoke   string // URL that takes it back
	Snippets []ElsewhereSnippet
	Public   string // URL that opens the volume in the public client; "" for none
	Exact    string // address of what the volume contains now
}

// ElsewhereSnippet is code that reads the volume.
type ElsewhereSnippet struct{ Key, Title, Code string }

// OfferLasts are the choices of how long an offer lasts.
var OfferLasts = []struct {
	Value, Label string
	For          time.Duration
}{
	{"hour", "an hour", time.Hour},
	{"day", "a day", 24 * time.Hour},
	{"week", "a week", 7 * 24 * time.Hour},
	{"month", "30 days", 30 * 24 * time.Hour},
}

func (o ElsewhereOffer) note() string {
	used := "not used yet"
	if o.Used != "" {
		used = "used " + o.Used + " ago, " + ui.BytesText(float64(o.Bytes)) + " read"
	}
	return "Offered by " + o.By + " until " + day(o.Until) + "; " + used + "."
}
