// Package elsewhere offers volumes to programs outside of webmon's pages, as OME-Zarr: zarr, dask and napari,
// or a Neuroglancer on another site. Each volume that somebody offers gets an address of its own with a
// secret in it, which opens this volume and nothing else, until it expires or is taken back.
//
//	e := elsewhere.New(elsewhere.Options{Open: open})
//	offer, err := e.Offer("napari", "brain", time.Hour, "Ada")
//	fmt.Println(offer.Path(generation))
//	http.Handle("/zarr/", e)
//
// The secrets are kept in memory alone: they end with webmon.
package elsewhere

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxOffers = 256
	// maxAnswers is how many requests of one offer are answered at the same time.
	maxAnswers = 32
	// Lasts is how long an offer lasts that nobody gives an end, and LastsAtMost how long one may last.
	Lasts       = 24 * time.Hour
	LastsAtMost = 30 * 24 * time.Hour
)

// ErrTooMany says that there are as many offers as there may be.
var ErrTooMany = errors.New("256 volumes are offered to other programs already: take some back first")

// Offer is a volume that is offered.
type Offer struct {
	ID     string // short, and no secret
	Source string
	Volume string // its name
	By     string // who offers it
	Made   time.Time
	Until  time.Time
	Used   time.Time // when it was last asked for; zero: never
	Bytes  uint64    // that were sent
	// Generation is the one of what was last asked for; 0: none was.
	Generation uint64
	secret     string
}

// Path is the address of the volume with a generation, below webmon's own and without a slash before it.
// Generation 0 stands for whatever is the newest one. shown asks for the dtype that Neuroglancer's client can
// show.
func (o Offer) Path(generation uint64, shown bool) string {
	out := "zarr/" + o.secret + "/"
	if generation == 0 {
		out += newest
	} else {
		out += "g" + strconv.FormatUint(generation, 10)
	}
	if shown {
		out += asShown
	}
	return out + "/"
}

// Options configure an Elsewhere.
type Options struct {
	// Open finds a volume as it is now. Its error says why it cannot be had; see [Gone].
	Open func(source, volume string) (Volume, error)
	Now  func() time.Time // nil: time.Now
}

// Elsewhere has the offers. Its methods are safe for concurrent use.
type Elsewhere struct {
	opts Options

	requests, bytes, refused atomic.Uint64

	mu     sync.Mutex // guards all below
	offers map[[sha256.Size]byte]*offer
}

// offer is an offer with what is known of its content.
type offer struct {
	Offer
	used  atomic.Int64 // when it was last asked for, ns since the epoch; 0: never
	bytes atomic.Uint64
	busy  atomic.Int64 // requests that are being answered

	mu         sync.Mutex // guards all below
	generation uint64     // counts what the volume has contained, from 1
	content    string     // which the generation names
}

// New returns what offers nothing yet.
func New(opts Options) *Elsewhere {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Elsewhere{opts: opts, offers: map[[sha256.Size]byte]*offer{}}
}

// Offer offers a volume. Its error is ErrTooMany.
func (e *Elsewhere) Offer(source, volume string, lasts time.Duration, by string) (Offer, error) {
	if lasts <= 0 {
		lasts = Lasts
	}
	now := e.opts.Now()
	secret := rand.Text()
	sum := sha256.Sum256([]byte(secret))
	o := &offer{Offer: Offer{
		ID: hex.EncodeToString(sum[:6]), Source: source, Volume: volume, By: by,
		Made: now, Until: now.Add(min(lasts, LastsAtMost)), secret: secret,
	}}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expire(now)
	if len(e.offers) >= maxOffers {
		return Offer{}, ErrTooMany
	}
	e.offers[sum] = o
	return o.Offer, nil
}

// Revoke takes an offer back. It reports false if there is none.
func (e *Elsewhere) Revoke(id string) (Offer, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for sum, o := range e.offers {
		if o.ID == id {
			delete(e.offers, sum)
			return o.now(), true
		}
	}
	return Offer{}, false
}

// Forget takes back all offers of a source.
func (e *Elsewhere) Forget(source string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for sum, o := range e.offers {
		if o.Source == source {
			delete(e.offers, sum)
		}
	}
}

// Stats are counts since webmon began, and how many offers there are.
type Stats struct {
	Offers   int
	Requests uint64
	Bytes    uint64 // that were sent
	// Refused counts the requests that were turned away: at an address that is none or none any more, of content
	// that has changed, and because too much was asked for at the same time.
	Refused uint64
}

// Stats returns them.
func (e *Elsewhere) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expire(e.opts.Now())
	return Stats{len(e.offers), e.requests.Load(), e.bytes.Load(), e.refused.Load()}
}

// List returns the offers of a volume, the oldest first.
func (e *Elsewhere) List(source, volume string) []Offer {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expire(e.opts.Now())
	var out []Offer
	for _, o := range e.offers {
		if o.Source == source && o.Volume == volume {
			out = append(out, o.now())
		}
	}
	slices.SortFunc(out, func(a, b Offer) int { return a.Made.Compare(b.Made) })
	return out
}

// now is the offer with what has become of it.
func (o *offer) now() Offer {
	out := o.Offer
	if at := o.used.Load(); at > 0 {
		out.Used = time.Unix(0, at)
	}
	out.Bytes = o.bytes.Load()
	o.mu.Lock()
	defer o.mu.Unlock()
	out.Generation = o.generation
	return out
}

// find returns the offer with a secret, nil if there is none, or none any more.
func (e *Elsewhere) find(secret string) *offer {
	e.mu.Lock()
	defer e.mu.Unlock()
	// Of a hash no time that a look-up takes tells anything.
	o := e.offers[sha256.Sum256([]byte(secret))]
	if o == nil || !o.Until.After(e.opts.Now()) {
		return nil
	}
	return o
}

// expire forgets what has expired; mu is held.
func (e *Elsewhere) expire(now time.Time) {
	for sum, o := range e.offers {
		if !o.Until.After(now) {
			delete(e.offers, sum)
		}
	}
}

// at is the generation of what a volume contains: the next one if that is something else than before.
func (o *offer) at(content string) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.generation == 0 || o.content != content {
		o.generation++
		o.content = content
	}
	return o.generation
}
