// Package volumes is the tab of the volumes: what of a process's data has three dimensions or
// more, shown by Neuroglancer's client. It has the list of them and their pages, the views that
// people share, and what the client asks for: chunks of voxels in any resolution, meshes, skeletons
// and the states of views. The client's source python:// is spoken, as Neuroglancer's own Python
// server does.
//
//	volumes := volumes.New(volumes.Options{Source: registry.Get, Budget: all})
//	for _, route := range volumes.Routes() { ... }
//
// How the content of a volume reaches a browser: the process counts its changes while somebody looks
// (shm.VolumeTopic, or the frames of an array). A goroutine a source sees that, and tells the views
// by a generation in their configuration. The client then asks for all chunks that it shows
// again. That is no more than twice a second, and not before the last time is over.
package volumes

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"

	"webmon/dashboard/budget"
	"webmon/dashboard/prefix"
	"webmon/dashboard/source"
	"webmon/dashboard/steer"
	"webmon/dashboard/volumes/elsewhere"
	"webmon/dashboard/volumes/view"
	"webmon/fault"
)

const slug = "volumes"

// Options are what the volumes are made of.
type Options struct {
	Source func(id string) *source.Source // nil if there is none
	Prefix *prefix.Prefix                 // of every address; nil: none
	Budget *budget.Budget                 // nil: one of 1 GiB
	Logger *slog.Logger                   // nil: slog.Default()
	Faults *fault.Ledger                  // told of what panics; may be nil
	// Client serves the files of Neuroglancer's client, by their names below /.
	Client http.Handler
	// Desk is where a view that leads sends what napari has to become; nil: none can lead.
	Desk *steer.Desk
	// Events is the URL of a script that the client's page loads before all others, so that events
	// come over a socket; nil: none.
	Events func() string
}

// Volumes has the views and what is kept of volumes. Its methods are safe for concurrent use.
type Volumes struct {
	opts    Options
	views   *view.Store
	bricks  *budget.Cache
	flights *flights
	sets    *sets
	frames  *budget.Account // copies of frames
	boxes   *budget.Account // of labels
	secret  []byte          // of the tokens of people's own views
	// What other programs read waits for itself, so that it holds up no page.
	elsewhere        *elsewhere.Elsewhere
	elsewhereFlights *flights

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	wg   sync.WaitGroup

	generations atomic.Uint64 // the last one that was given to any volume
	counts      struct{ chunks, refreshes atomic.Uint64 }
	traffic     [trafficKinds]traffic

	mu     sync.Mutex // guards all below
	lives  map[string]*live
	names  map[string]map[string]string // of volumes, by source and key
	panels map[panel]func()             // that want to know when their view has changed
}

// New returns the volumes. Close must be called.
func New(opts Options) *Volumes {
	if opts.Budget == nil {
		opts.Budget = budget.New(1 << 30)
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	all := opts.Budget.Volumes
	v := &Volumes{
		opts:   opts,
		bricks: budget.NewCache(all.Part("bricks", all.Limit()/4)),
		frames: all.Part("frames", all.Limit()/4),
		boxes:  all.Part("labels", all.Limit()/8),
		secret: make([]byte, 32),
		lives:  map[string]*live{}, names: map[string]map[string]string{}, panels: map[panel]func(){},
	}
	v.views = view.New(view.Options{Account: all.Part("views", all.Limit()/4), Queues: opts.Budget.Browsers, Changed: v.told})
	v.flights = newFlights(opts.Budget.Answers, max(2, runtime.GOMAXPROCS(0)), func(err error) { opts.Faults.Note("volumes", "chunk", err) })
	v.sets = newSets(all.Part("points", all.Limit()/4))
	answers := opts.Budget.Answers
	v.elsewhere = elsewhere.New(elsewhere.Options{Open: v.openElsewhere})
	v.elsewhereFlights = newFlights(answers.Part("other programs", answers.Limit()/4), 2, func(err error) { opts.Faults.Note("volumes", "elsewhere", err) })
	_, _ = rand.Read(v.secret) // it never fails
	v.ctx, v.stop = context.WithCancel(context.Background())
	return v
}

// Close ends all streams and what looks at sources.
func (v *Volumes) Close() {
	v.stop()
	v.wg.Wait()
	v.flights.wg.Wait()
	v.elsewhereFlights.wg.Wait()
}

// Forget forgets the views of a source that is forgotten.
func (v *Volumes) Forget(src *source.Source) {
	v.views.Forget(src.ID())
	v.elsewhere.Forget(src.ID())
	v.mu.Lock()
	defer v.mu.Unlock()
	for p := range v.panels {
		if p.view.Source == src.ID() {
			delete(v.panels, p)
		}
	}
	if l := v.lives[src.ID()]; l != nil && l.src == src {
		delete(v.lives, src.ID())
		delete(v.names, src.ID())
	}
}

// Stats are counts since webmon began, and what is kept now.
type Stats struct {
	Views, Streams       int
	Chunks, ChunkBytes   uint64 // that were sent
	Refreshes            uint64 // times that a volume's content was said to be new
	Shared, Given        uint64 // requests that got what others had asked for, and that were given up
	BrickHits, BrickMiss uint64 // of coarser levels
	Traffic              []Traffic
	Exports              int // volumes that are offered to other programs now
	Uses                 []budget.Use
}

// Stats returns them.
func (v *Volumes) Stats() Stats {
	s := Stats{
		Chunks: v.counts.chunks.Load(), ChunkBytes: v.traffic[trafficChunks].bytes.Load(), Refreshes: v.counts.refreshes.Load(),
		Uses: []budget.Use{v.views.Use(), v.bricks.Use(), v.frames.Use(), v.boxes.Use(), v.sets.account.Use(), v.elsewhereFlights.account.Use()},
	}
	s.Views, s.Streams = v.views.Count()
	for i := range v.traffic {
		s.Traffic = append(s.Traffic, v.traffic[i].now(trafficNames[i]))
	}
	exports := v.elsewhere.Stats()
	s.Exports = exports.Offers
	s.Traffic = append(s.Traffic, Traffic{"other programs", exports.Requests, exports.Bytes, exports.Refused})
	s.BrickHits, s.BrickMiss = v.bricks.Counts()
	v.flights.mu.Lock()
	s.Shared, s.Given = v.flights.shared, v.flights.given
	v.flights.mu.Unlock()
	return s
}

// token is the token of the view that a page shows: always the same, so that a page that is open
// finds it again when webmon has been started again.
func token(source, what string) string {
	sum := sha256.Sum256([]byte("view\x00" + source + "\x00" + what))
	return hex.EncodeToString(sum[:20])
}

// ownToken is the token of somebody's own copy of a view.
func (v *Volumes) ownToken(owner, source, of string) string {
	mac := hmac.New(sha256.New, v.secret)
	mac.Write([]byte(owner + "\x00" + source + "\x00" + of))
	return hex.EncodeToString(mac.Sum(nil)[:20])
}

// remember notes which volume has a key, so that a view can follow it to the next one.
func (v *Volumes) remember(source string, list []volume) {
	v.mu.Lock()
	defer v.mu.Unlock()
	names := v.names[source]
	if names == nil {
		names = map[string]string{}
		v.names[source] = names
	}
	for i := range list {
		if len(names) >= 4*maxVolumes {
			clear(names)
		}
		names[list[i].Key] = list[i].Name
	}
}

// nameOf is the name of the volume that has, or had, a key.
func (v *Volumes) nameOf(source, key string) (name string, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	name, ok = v.names[source][key]
	return name, ok
}
