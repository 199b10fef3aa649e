package volumes

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"webmon/dashboard/budget"
	"webmon/dashboard/door"
	"webmon/dashboard/source"
	"webmon/dashboard/volumes/level"
	"webmon/dashboard/volumes/view"
	"webmon/shm"
)

// Times of the wire.
const (
	keepAlive = 15 * time.Second // between two signs of life in a stream: proxies cut what says nothing
	sendWait  = 30 * time.Second // that a browser may take to receive what it is sent
	chunkTime = 25 * time.Second // that a chunk may take
	// that a process may take to declare a volume which a view of its script shows already
	declareWait = 5 * time.Second
)

// Route is an address below /volumes, as the dashboard's own routes are written.
type Route struct {
	Method, Path string
	// Serve answers a request. Its path values are those of the path. Its error is a *Failure, or
	// a fault of webmon's own.
	Serve func(w http.ResponseWriter, r *http.Request) error
}

// Routes are all addresses but those of the pages.
func (v *Volumes) Routes() []Route {
	const at = "/volumes/:source"
	return []Route{
		{"GET", at + "/v/:token/*", v.getClient},
		{"GET", at + "/events/:token", v.getEvents},
		{"POST", at + "/state/:token", v.postState},
		{"POST", at + "/config/:token", v.postConfig},
		{"POST", at + "/changed/:token", v.postChanged},
		{"POST", at + "/action/:token", v.postAction},
		{"POST", at + "/volume_response/:token/:id/:part", v.postResponse},
		{"POST", at + "/credentials/:token", v.postCredentials},
		{"POST", at + "/layer/:token", v.postLayer},
		{"POST", at + "/company/:token", v.postCompany},
		{"GET", at + "/picture/:key", v.getPicture},
		{"PUT", at + "/views/:token", v.putView},
		{"DELETE", at + "/views/:token", v.deleteView},
		{"GET", at + "/points/:key/:generation/*", v.traffic[trafficPoints].counted(v.getPoints)},
		{"GET", at + "/segments/:key/*", v.traffic[trafficMeshes].counted(v.getSegments)},
		{"GET", at + "/annotations/:file", v.getAnnotations},
		{"GET", at + "/neuroglancer/info/:key", v.getInfo},
		{"GET", at + "/neuroglancer/mesh/:key/:id", v.traffic[trafficMeshes].counted(v.getMesh)},
		{"GET", at + "/neuroglancer/skeletoninfo/:key", v.getSkeletonInfo},
		{"GET", at + "/neuroglancer/skeleton/:key/:id", v.traffic[trafficMeshes].counted(v.getSkeleton)},
		{"GET", at + "/neuroglancer/:format/:key/:factors/:start/:end", v.traffic[trafficChunks].counted(v.getChunk)},
	}
}

// source is the source that a request names.
func (v *Volumes) source(r *http.Request) (*source.Source, error) {
	id := r.PathValue("source")
	src := v.opts.Source(id)
	if src == nil || id == source.Nobody {
		return nil, &Failure{404, fmt.Sprintf("There is no source %.60q.", id)}
	}
	return src, nil
}

// view is the view that a request names. Those of pages are made when they are asked for.
func (v *Volumes) view(r *http.Request) (*source.Source, *view.View, error) {
	src, err := v.source(r)
	if err != nil {
		return nil, nil, err
	}
	t := r.PathValue("token")
	if w := v.views.Get(src.ID(), t); w != nil {
		return src, w, nil
	}
	if w, err := v.known(r.Context(), src, t); w != nil || err != nil {
		return src, w, err
	}
	return nil, nil, &Failure{404, "There is no such view any more: open the volume again, from the tab Volumes."}
}

// owner tells people apart, as far as webmon can.
func owner(p door.Person) string {
	if p.Session != "" {
		return "session " + p.Session
	}
	return "program " + p.Name
}

// mayChange refuses a person who may not change a view.
func mayChange(r *http.Request, w *view.View) error {
	p := door.Of(r.Context())
	if p.Role >= door.Steer && w.Owner == "" || w.Owner == owner(p) {
		return nil
	}
	return &Failure{http.StatusForbidden, "You may only look at this view: what you change stays in a view of your own."}
}

// failure makes an answer of an error of the views.
func failure(err error) error {
	var no view.Refusal
	var too view.Too
	switch {
	case errors.As(err, &no):
		return &Failure{http.StatusBadRequest, no.Error()}
	case errors.As(err, &too):
		return &Failure{http.StatusRequestEntityTooLarge, too.Error()}
	}
	return err
}

// body reads the body of a request. release must be called when it is no longer needed.
func (v *Volumes) body(w http.ResponseWriter, r *http.Request, most int64) (data []byte, release func(), err error) {
	size := r.ContentLength
	if size > most {
		return nil, nil, &Failure{http.StatusRequestEntityTooLarge, fmt.Sprintf("The request has %d bytes, and may have %d.", size, most)}
	}
	if size < 0 {
		size = most
	}
	account := v.opts.Budget.Answers
	ctx, cancel := context.WithTimeout(r.Context(), budget.Patience)
	defer cancel()
	if !account.Wait(ctx, size) {
		return nil, nil, &Failure{http.StatusServiceUnavailable, "There is no room for this request: try again in a moment."}
	}
	release = func() { account.Give(size) }
	var b bytes.Buffer
	if r.ContentLength > 0 {
		b.Grow(int(size) + bytes.MinRead)
	}
	_, err = b.ReadFrom(http.MaxBytesReader(w, r.Body, most))
	if err == nil {
		return b.Bytes(), release, nil
	}
	release()
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, nil, &Failure{http.StatusRequestEntityTooLarge, fmt.Sprintf("The request has more than the %d bytes that it may have.", most)}
	}
	return nil, nil, bad("The request broke off.")
}

// decode reads a JSON object out of a body.
func decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(into); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) && kind.Field != "" {
			return bad("%.80q of the body cannot be this: %.40s.", kind.Field, kind.Value)
		}
		return bad("The body must be a JSON object: %.200s.", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); err != io.EOF {
		return bad("The body must be one JSON object, and something follows it.")
	}
	return nil
}

func sendJSON(w http.ResponseWriter, status int, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b)
	return nil
}

// getClient serves the files of the client.
func (v *Volumes) getClient(w http.ResponseWriter, r *http.Request) error {
	src, at, err := v.view(r)
	if err != nil {
		return err
	}
	file := r.PathValue("*")
	if file == "" || file == "index.html" {
		p := door.Of(r.Context())
		if mayChange(r, at) != nil {
			own, err := v.own(src, at, p)
			if err != nil {
				return err
			}
			http.Redirect(w, r, v.clientAt(src, own), http.StatusFound)
			return nil
		}
		return v.index(w, r, at)
	}
	inner := r.Clone(r.Context())
	inner.URL.Path, inner.URL.RawPath = "/"+file, ""
	v.opts.Client.ServeHTTP(w, inner)
	return nil
}

// index serves the page of the client, with the script for its events and the title of the view.
func (v *Volumes) index(w http.ResponseWriter, r *http.Request, at *view.View) error {
	inner := r.Clone(r.Context())
	inner.URL.Path, inner.URL.RawPath = "/index.html", ""
	for _, name := range []string{"Accept-Encoding", "If-None-Match", "If-Modified-Since"} {
		inner.Header.Del(name)
	}
	page := &kept{header: http.Header{}, status: http.StatusOK}
	v.opts.Client.ServeHTTP(page, inner)
	if page.status != http.StatusOK {
		return fmt.Errorf("the page of the client came with the status %d", page.status)
	}
	body := page.body.String()
	if v.opts.Events != nil {
		body = strings.Replace(body, "<script", `<script src="`+html.EscapeString(v.opts.Events())+`"></script><script`, 1)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, body)
	return nil
}

// kept is an answer that is kept.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header         { return k.header }
func (k *kept) WriteHeader(status int)      { k.status = status }
func (k *kept) Write(b []byte) (int, error) { return k.body.Write(b) }

// own is somebody's own copy of a view.
func (v *Volumes) own(src *source.Source, of *view.View, p door.Person) (*view.View, error) {
	own, _, err := v.views.Make(src.ID(), v.ownToken(owner(p), src.ID(), of.Token), view.With{
		Title: of.Title, Owner: owner(p), Of: of, Looks: p.Role < door.Steer,
	})
	return own, failure(err)
}

// getEvents streams the events of a view.
func (v *Volumes) getEvents(w http.ResponseWriter, r *http.Request) error {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // it would end the request
	begun := false
	return v.Stream(r, func(event []byte) error {
		if !begun {
			begun = true
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("X-Accel-Buffering", "no")
			w.WriteHeader(http.StatusOK)
		}
		_ = control.SetWriteDeadline(time.Now().Add(sendWait))
		var err error
		if event == nil {
			_, err = io.WriteString(w, ": \n\n")
		} else {
			_, err = fmt.Fprintf(w, "data: %s\n\n", event)
		}
		if err != nil {
			return err
		}
		return control.Flush()
	})
}

// Stream sends the events of the view that a request names until the context of the request is
// done, its person is signed out, or send fails. send is first called when the stream is open, with
// nil, which is a sign of life. The error is an answer if send was not called.
func (v *Volumes) Stream(r *http.Request, send func(event []byte) error) error {
	src, at, err := v.view(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	as := view.Watching{
		Client: q.Get("c"), Config: q.Get("gc"), State: q.Get("gs"), NoState: !q.Has("gs"), Script: q.Get("script") != "",
	}
	p := door.Of(r.Context())
	if as.Script && p.Role < door.Steer {
		return &Failure{http.StatusForbidden, "Only who may steer can be the script of a view."}
	}
	watcher, err := at.Watch(as)
	if err != nil {
		return failure(err)
	}
	defer watcher.Close()
	l := v.live(src)
	l.mu.Lock()
	l.wake()
	l.mu.Unlock()
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	if err := send(nil); err != nil {
		return nil
	}
	for {
		select {
		case <-watcher.Changed():
			for _, e := range watcher.Next() {
				if err := send(e.JSON()); err != nil {
					return nil
				}
			}
		case <-tick.C:
			if err := send(nil); err != nil {
				return nil
			}
		case <-watcher.Done():
			return nil
		case <-p.Gone:
			return nil
		case <-r.Context().Done():
			return nil
		case <-v.ctx.Done():
			return nil
		}
	}
}

// posted is a change of a state as the client posts it.
type posted struct {
	S  json.RawMessage `json:"s"`
	G  uint64          `json:"g"`
	PG *string         `json:"pg"` // null: whatever it is
	C  string          `json:"c"`
}

func (v *Volumes) postState(w http.ResponseWriter, r *http.Request) error {
	return v.post(w, r, view.MaxState, func(at *view.View, state json.RawMessage, c view.Change) (view.State, error) {
		now, err := at.SetState(state, c)
		if err == nil {
			v.moved(r, at)
		}
		return now, err
	})
}

func (v *Volumes) postConfig(w http.ResponseWriter, r *http.Request) error {
	return v.post(w, r, view.MaxConfig, (*view.View).SetConfig)
}

func (v *Volumes) post(w http.ResponseWriter, r *http.Request, most int64, set func(*view.View, json.RawMessage, view.Change) (view.State, error)) error {
	_, at, err := v.view(r)
	if err != nil {
		return err
	}
	if err := mayChange(r, at); err != nil {
		return err
	}
	data, release, err := v.body(w, r, most+1024)
	if err != nil {
		return err
	}
	defer release()
	var p posted
	if err := decode(data, &p); err != nil {
		return err
	}
	change := view.Change{Client: p.C, N: p.G, Any: p.PG == nil}
	if p.PG != nil {
		change.Previous = *p.PG
	}
	now, err := set(at, p.S, change)
	if errors.Is(err, view.ErrConflict) {
		w.WriteHeader(http.StatusPreconditionFailed) // the newer state is on its way
		return nil
	}
	if err != nil {
		return failure(err)
	}
	return sendJSON(w, http.StatusOK, object{{"g", now.Generation}, {"n", now.N}})
}

// postChanged takes from the script of a view how often the content of its volumes has changed, by their tokens.
// When it has answered all browsers that show them are told, or are about to be.
func (v *Volumes) postChanged(w http.ResponseWriter, r *http.Request) error {
	src, at, err := v.view(r)
	if err != nil {
		return err
	}
	if err := mayChange(r, at); err != nil {
		return err
	}
	data, release, err := v.body(w, r, maxShown*128)
	if err != nil {
		return err
	}
	defer release()
	var given struct {
		Versions map[string]uint64 `json:"versions"`
	}
	if err := decode(data, &given); err != nil {
		return err
	}
	l := v.live(src)
	for token, version := range given.Versions {
		l.changed(at.Token+"."+token, version)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// postAction hands an action of a browser to the scripts of the view.
func (v *Volumes) postAction(w http.ResponseWriter, r *http.Request) error {
	_, at, err := v.view(r)
	if err != nil {
		return err
	}
	if err := mayChange(r, at); err != nil {
		return err
	}
	most := int64(view.MaxState + view.MaxMessage) // an action comes with the state
	if at.Asked() {
		most = view.MaxAnswer
	}
	data, release, err := v.body(w, r, most)
	if err != nil {
		return err
	}
	defer release()
	var action struct {
		Action string          `json:"action"`
		State  json.RawMessage `json:"state"`
	}
	if err := decode(data, &action); err != nil {
		return err
	}
	if action.Action == "" || len(action.Action) > 256 {
		return bad("An action has a name of up to 256 bytes.")
	}
	message, err := json.Marshal(struct {
		K      string          `json:"k"`
		Action string          `json:"action"`
		State  json.RawMessage `json:"state,omitempty"`
	}{view.KindAction, action.Action, action.State})
	if err != nil {
		return err
	}
	return tell(w, at, message)
}

// tell hands a message to the scripts of a view.
func tell(w http.ResponseWriter, at *view.View, message []byte) error {
	if lost := at.Tell(message); lost > 0 {
		return &Failure{http.StatusServiceUnavailable, "The script of this view does not take what it is sent, or there is no room for more of it."}
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// postResponse hands voxels that a script has asked the browsers for to the script.
func (v *Volumes) postResponse(w http.ResponseWriter, r *http.Request) error {
	_, at, err := v.view(r)
	if err != nil {
		return err
	}
	if err := mayChange(r, at); err != nil {
		return err
	}
	part, id, parameters := r.PathValue("part"), r.PathValue("id"), r.URL.Query().Get("p")
	if part != "info" && part != "chunk" || len(id) > 128 {
		return &Failure{404, "There is nothing at this address."}
	}
	if parameters != "" && !json.Valid([]byte(parameters)) {
		return bad("The parameter p must be JSON.")
	}
	if !at.Asked() {
		return &Failure{http.StatusConflict, "Nobody has asked for this."}
	}
	data, release, err := v.body(w, r, view.MaxAnswer)
	if err != nil {
		return err
	}
	defer release()
	message, err := json.Marshal(struct {
		K    string          `json:"k"`
		ID   string          `json:"id"`
		Part string          `json:"part"`
		P    json.RawMessage `json:"p,omitempty"`
		Body string          `json:"body"`
	}{view.KindResponse, id, part, []byte(parameters), base64.StdEncoding.EncodeToString(data)})
	if err != nil {
		return err
	}
	return tell(w, at, message)
}

// postCredentials refuses: a page of webmon gets no credentials of other services.
func (v *Volumes) postCredentials(w http.ResponseWriter, r *http.Request) error {
	return &Failure{http.StatusForbidden, "webmon gives no credentials to a page."}
}

// stated is a state as a program gets it.
type stated struct {
	S json.RawMessage `json:"s"`
	G string          `json:"g"`
	N uint64          `json:"n"`
}

// putView makes a view, or takes one up that is there.
func (v *Volumes) putView(w http.ResponseWriter, r *http.Request) error {
	src, err := v.source(r)
	if err != nil {
		return err
	}
	data, release, err := v.body(w, r, view.MaxState+view.MaxConfig)
	if err != nil {
		return err
	}
	defer release()
	var given struct {
		Config json.RawMessage `json:"config"`
		State  json.RawMessage `json:"state"`
		Title  string          `json:"title"`
	}
	if len(bytes.TrimSpace(data)) > 0 {
		if err := decode(data, &given); err != nil {
			return err
		}
	}
	at, made, err := v.views.Make(src.ID(), r.PathValue("token"), view.With{
		Title: given.Title[:min(len(given.Title), 200)], State: given.State, Config: given.Config, Script: true,
	})
	if err != nil {
		return failure(err)
	}
	if err := mayChange(r, at); err != nil {
		return err
	}
	status := http.StatusOK
	if made {
		status = http.StatusCreated
	}
	config, state := at.Given(), at.State()
	return sendJSON(w, status, struct {
		Made     bool   `json:"made"`
		Config   stated `json:"config"`
		State    stated `json:"state"`
		Browsers int    `json:"browsers"` // that have it open
		Address  string `json:"address"`
	}{made, stated{config.JSON, config.Generation, config.N}, stated{state.JSON, state.Generation, state.N}, at.Browsers(),
		v.clientAt(src, at)})
}

// deleteView forgets a view.
func (v *Volumes) deleteView(w http.ResponseWriter, r *http.Request) error {
	src, at, err := v.view(r)
	if err != nil {
		return err
	}
	if err := mayChange(r, at); err != nil {
		return err
	}
	v.views.Delete(src.ID(), at.Token)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// volume is the volume that a request names, and what is known of it while somebody looks.
func (v *Volumes) volume(r *http.Request) (*live, *volume, *shown, error) {
	src, err := v.source(r)
	if err != nil {
		return nil, nil, nil, err
	}
	key := r.PathValue("key")
	look(r.Context(), src, func() *volume { return keyed(src, key) })
	list := volumesOf(src)
	is := func(o volume) bool { return o.Key == key }
	i := slices.IndexFunc(list, is)
	if token, _, ok := strings.Cut(key, "."); i < 0 && ok && v.views.Get(src.ID(), token) != nil {
		// The state of a script's view came before the declaration of the volume that it shows.
		ctx, cancel := context.WithTimeout(r.Context(), declareWait)
		src.Refresh(ctx, []string{shm.TopicVolumes})
		cancel()
		list = volumesOf(src)
		i = slices.IndexFunc(list, is)
	}
	v.remember(src.ID(), list)
	if i < 0 {
		if name, was := v.nameOf(src.ID(), key); was {
			return nil, nil, nil, &Failure{404, name + " is not there any more, or was made again."}
		}
		return nil, nil, nil, &Failure{404, "There is no such volume."}
	}
	if list[i].Problem != "" {
		return nil, nil, nil, &Failure{404, list[i].title() + ": " + sentence(errors.New(list[i].Problem))}
	}
	l := v.live(src)
	s := l.show(&list[i], time.Now())
	if s == nil {
		return nil, nil, nil, &Failure{503, "Too many volumes are looked at at the same time."}
	}
	return l, &list[i], s, nil
}

// getInfo tells what a volume is.
func (v *Volumes) getInfo(w http.ResponseWriter, r *http.Request) error {
	l, vol, s, err := v.volume(r)
	if err != nil {
		return err
	}
	if !vol.Kind.IsVoxels() && !vol.meshed() {
		return &Failure{404, vol.title() + " has no voxels."}
	}
	l.awaitVersion(r.Context(), s)
	limits := l.limits(r.Context(), vol, s)
	l.mu.Lock()
	generation := s.generation
	l.mu.Unlock()
	info, err := vol.info(generation, limits)
	if err != nil {
		return err
	}
	return sendJSON(w, http.StatusOK, info)
}

// limits are those of the values of a volume whose dtype on the wire depends on them, nil for all
// others. They stay the same as long as the volume is the same one.
func (l *live) limits(ctx context.Context, v *volume, s *shown) *[2]float64 {
	d, _ := level.ParseDType(v.Descr)
	if v.Kind == shm.VolumeLabels || d.Size != 8 || d.Kind != 'i' && d.Kind != 'u' {
		return nil
	}
	h := l.histogram(ctx, v, s)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !s.sampled {
		s.sampled = true
		if h != nil {
			// With room to grow.
			s.limits = &[2]float64{min(2*h.Min, 0), max(2*h.Max, 0)}
		}
		if v.Limits != nil && s.limits != nil {
			s.limits = &[2]float64{min(s.limits[0], v.Limits[0]), max(s.limits[1], v.Limits[1])}
		}
	}
	return s.limits
}

// histogram is that of a sample of a volume; nil if there is none.
func (l *live) histogram(ctx context.Context, v *volume, s *shown) *histogram {
	l.mu.Lock()
	h := s.histogram
	l.mu.Unlock()
	if h != nil || v.Kind != shm.VolumeImage {
		return h
	}
	w, ok := level.WireOf(v.Descr, false, nil)
	if !ok {
		return nil
	}
	h = (&reader{v: v, wire: w, read: func(ctx context.Context, box shm.Box, dst []byte) ([]byte, error) {
		return l.read(ctx, v, s, box, dst)
	}}).sample(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.histogram == nil {
		s.histogram = h
	}
	return s.histogram
}

// getChunk sends a chunk.
func (v *Volumes) getChunk(w http.ResponseWriter, r *http.Request) error {
	format := r.PathValue("format")
	if !slices.Contains([]string{"raw", "npz", "jpeg"}, format) {
		return &Failure{404, "There is nothing at this address."}
	}
	l, vol, s, err := v.volume(r)
	if err != nil {
		return err
	}
	if !vol.Kind.IsVoxels() {
		return &Failure{404, vol.title() + " has no voxels."}
	}
	c, err := vol.parseChunk(r.PathValue("factors"), r.PathValue("start"), r.PathValue("end"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), chunkTime)
	defer cancel()
	wire, ok := level.WireOf(vol.Descr, vol.Kind == shm.VolumeLabels, l.limits(ctx, vol, s))
	if !ok {
		return &Failure{404, "Voxels of the dtype " + vol.Descr + " cannot be shown."}
	}
	l.begin(s)
	sent := 0
	defer func() { l.end(s, "chunks", "", sent, err) }()
	var data []byte
	var release func()
	data, release, err = v.chunk(ctx, l, vol, s, wire, c)
	if err != nil {
		if r.Context().Err() != nil {
			err = context.Canceled
			return nil // nobody waits for the answer
		}
		f := why(err)
		err = f
		return f
	}
	defer release()
	kind := "application/octet-stream"
	switch format {
	case "npz":
		data, err = encodeNPZ(data, vol, wire, c)
	case "jpeg":
		kind = "image/jpeg"
		data, err = encodeJPEG(data, vol, wire, c)
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(data)))
	h.Set("Cache-Control", "no-store")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sendWait))
	sent, _ = w.Write(data)
	v.counts.chunks.Add(1)
	return nil
}

// chunk makes a chunk, in the wire's order: with the first axis of the wire running fastest.
func (v *Volumes) chunk(ctx context.Context, l *live, vol *volume, s *shown, wire level.Wire, c chunk) ([]byte, func(), error) {
	name := fmt.Sprintf("%s/%v/%v/%v/%s", l.epoch(s), c.factors, c.from, c.to, wire.Type)
	fine := c.fine()
	if !fine {
		if data, ok := v.bricks.Get(name); ok {
			return data, func() {}, nil
		}
	}
	read := &reader{v: vol, wire: wire, read: func(ctx context.Context, box shm.Box, dst []byte) ([]byte, error) {
		return l.read(ctx, vol, s, box, dst)
	}, view: l.view(vol)}
	return v.flights.make(ctx, name, c.room(vol.Shape, wire, vol.most(0)), func(ctx context.Context) ([]byte, error) {
		data, err := read.chunk(ctx, c, nil)
		if err != nil {
			return nil, err
		}
		if vol.Client != nil {
			if data, err = level.AppendTurned(nil, data, c.shape(), wire.Size); err != nil {
				return nil, err
			}
		}
		if !fine {
			v.bricks.Put(name, data)
		}
		return data, nil
	})
}

// wireShape is the shape of a chunk in the order of the wire.
func wireShape(v *volume, c chunk) []int {
	shape := c.shape()
	var out []int
	for _, a := range v.space() {
		out = append(out, shape[a.From])
	}
	return out
}

// encodeNPZ writes a chunk as the client's format npz: a NumPy file, deflated.
func encodeNPZ(data []byte, v *volume, wire level.Wire, c chunk) ([]byte, error) {
	var sides []string
	for _, n := range wireShape(v, c) {
		sides = append(sides, strconv.Itoa(n))
	}
	shape := strings.Join(sides, ", ")
	if len(sides) == 1 {
		shape += ","
	}
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': True, 'shape': (%s), }", wire.Descr, shape)
	total := (10 + len(head) + 1 + 63) / 64 * 64
	head += strings.Repeat(" ", total-10-len(head)-1) + "\n"
	var b bytes.Buffer
	z, err := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	if err != nil {
		return nil, err
	}
	_, _ = z.Write([]byte("\x93NUMPY\x01\x00"))
	_, _ = z.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(head))))
	_, _ = z.Write([]byte(head))
	_, _ = z.Write(data)
	err = z.Close()
	return b.Bytes(), err
}

// encodeJPEG writes a chunk of one or three channels of uint8 as a picture: the first axis to the right,
// all others downwards.
func encodeJPEG(data []byte, v *volume, wire level.Wire, c chunk) ([]byte, error) {
	shape := wireShape(v, c)
	channels := 1
	for i, a := range v.space() {
		if strings.HasSuffix(a.Name, "^") {
			channels *= shape[i]
		}
	}
	if wire.Type != "uint8" || channels != 1 && channels != 3 || len(shape) == 0 {
		return nil, bad("Only uint8 with one or three channels can be sent as jpeg.")
	}
	width := shape[0]
	height := len(data) / width / channels
	if width > 65535 || height > 65535 {
		return nil, bad("A chunk of %d by %d is too large for jpeg.", width, height)
	}
	var picture image.Image
	if channels == 1 {
		picture = &image.Gray{Pix: data, Stride: width, Rect: image.Rect(0, 0, width, height)}
	} else {
		rgba := image.NewRGBA(image.Rect(0, 0, width, height))
		n := width * height
		for i := range n {
			rgba.Set(i%width, i/width, color.RGBA{data[i], data[n+i], data[2*n+i], 255})
		}
		picture = rgba
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: 85})
	return b.Bytes(), err
}
