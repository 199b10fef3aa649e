package maps

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"webmon/components"
	"webmon/dashboard/door"
	"webmon/dashboard/tab"
	"webmon/shm/maps"
	"webmon/shm/maps/edit"
	"webmon/shm/maps/library"
)

// Editor edits the maps: an [edit.Desk].
type Editor interface {
	Do(ctx context.Context, key string, by edit.By, edition string, what edit.Edit) (edit.Done, error)
	Undo(ctx context.Context, key string, by edit.By) (edit.Done, error)
	Redo(ctx context.Context, key string, by edit.By) (edit.Done, error)
	Save(ctx context.Context, key string, keep bool) ([]string, error)
	Reload(ctx context.Context, key string) error
	State(ctx context.Context, key string, by edit.By, most int) (edit.State, []edit.Record, error)
	Follow(ctx context.Context, key, edition string, session, row int) (now int, at string, err error)
}

// maxEdit bounds the body of an edit, in bytes.
const maxEdit = 64 << 10

// maxEdits is how many edits GET .../edits lists at most, the newest.
const maxEdits = 1000

// by is who sends a request.
func by(r *http.Request) edit.By {
	p := door.Of(r.Context())
	return edit.By{Who: p.Title(), Key: p.Session}
}

// editRoutes are the addresses of edits.
func (m *Maps) editRoutes() []Route {
	const at = "/api/v1/maps/:map"
	return []Route{
		{"GET", at + "/edits", m.getEdits},
		{"GET", at + "/object", m.getObject},
		{"POST", at + "/edits", m.postEdit},
		{"POST", at + "/undo", m.postUndo},
		{"POST", at + "/redo", m.postRedo},
		{"POST", at + "/save", m.postSave},
		{"POST", at + "/reload", m.postReload},
	}
}

// answerEdit is the answer to an edit that was made.
type answerEdit struct {
	N       int          `json:"n"`
	Edition string       `json:"edition"`
	Did     string       `json:"did"`
	Session int          `json:"session"`
	Row     *int         `json:"row"`   // in the new edition; null: the object is gone
	Value   *edit.Object `json:"value"` // likewise
	Unsaved int          `json:"unsaved"`
}

// answerConflict is the answer to an edit of what somebody else has changed since.
type answerConflict struct {
	Error string       `json:"error"`
	By    string       `json:"by,omitempty"`
	Did   string       `json:"did,omitempty"`
	Time  *time.Time   `json:"time,omitempty"`
	Value *edit.Object `json:"value"` // null: the object is gone
	Files []string     `json:"files,omitempty"`
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
	return nil
}

// editable says why the map of a request cannot be edited at all.
func (m *Maps) editable(r *http.Request) (string, error) {
	key := r.PathValue("map")
	if m.opts.Editor == nil {
		return key, &Failure{Status: http.StatusNotFound, Text: "The maps of this webmon are not edited."}
	}
	if _, ok := m.entry(key); !ok {
		return key, missing("There is no map %.80q.", key)
	}
	return key, nil
}

// told is the answer to what was refused. The record of changes has it.
func (m *Maps) told(w http.ResponseWriter, r *http.Request, name, to string, err error) error {
	m.noted(r, name, to, err)
	var conflict *edit.Conflict
	var changed *edit.Changed
	switch {
	case errors.As(err, &conflict):
		a := answerConflict{Error: conflict.Text, By: conflict.By, Did: conflict.Did, Value: conflict.Value}
		if !conflict.Time.IsZero() {
			a.Time = &conflict.Time
		}
		return writeJSON(w, http.StatusConflict, a)
	case errors.As(err, &changed):
		return writeJSON(w, http.StatusConflict, answerConflict{Error: changed.Error(), Files: changed.Files})
	}
	return m.refused(r, err)
}

// refused is the answer to what cannot be done, whoever asks.
func (m *Maps) refused(r *http.Request, err error) error {
	var refused *edit.Refused
	switch {
	case errors.As(err, &refused):
		return refuse(refused.Field, "%s", refused.Text)
	case r.Context().Err() != nil:
		return r.Context().Err()
	}
	return &Failure{Status: http.StatusUnprocessableEntity, Text: err.Error()}
}

// noted puts what somebody did to a map into the record of changes.
func (m *Maps) noted(r *http.Request, name, to string, err error) {
	if m.opts.Changed != nil {
		m.opts.Changed(r.Context(), name, to, err)
	}
}

// body reads the JSON of a request; an empty one is left as it is.
func body(r *http.Request, to any) error {
	data, err := io.ReadAll(io.LimitReader(r.Body, maxEdit+1))
	switch {
	case err != nil:
		return &Failure{Status: http.StatusBadRequest, Text: "The request did not arrive whole."}
	case len(data) > maxEdit:
		return &Failure{Status: http.StatusRequestEntityTooLarge, Text: fmt.Sprintf("An edit may have %d KiB.", maxEdit>>10)}
	case len(strings.TrimSpace(string(data))) == 0:
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	err = d.Decode(to)
	if _, more := d.Token(); err == nil && (more != io.EOF || strings.TrimSpace(string(data)) == "null") {
		err = errors.New("it must be one object")
	}
	if err != nil {
		return &Failure{Status: http.StatusBadRequest, Text: fmt.Sprintf("The body is no JSON of an edit: %v.", err)}
	}
	return nil
}

// postEdit answers POST /api/v1/maps/<map>/edits.
func (m *Maps) postEdit(w http.ResponseWriter, r *http.Request) error {
	key, err := m.editable(r)
	if err != nil {
		return err
	}
	var asked struct {
		Edition string `json:"edition"`
		Session *int   `json:"session"` // these two in the place of those of the edit: 0 is a row, and none is a mistake
		Row     *int   `json:"row"`
		edit.Edit
	}
	if err := body(r, &asked); err != nil {
		return err
	}
	if asked.Edition == "" {
		return refuse("edition", "Say from which edition of the map the edit was made: GET %s has it, and rows are those of an edition.", m.api(key, "", nil))
	}
	what := asked.Edit
	switch {
	case asked.Session == nil:
		return refuse("session", "session must be named: a whole number, counted from 0")
	case asked.Row == nil && what.Do != edit.Add:
		return refuse("row", "row must be named: a whole number, counted from 0")
	case asked.Row != nil:
		what.Row = *asked.Row
	}
	what.Session = *asked.Session
	name, to := "edit map "+key, describe(&what)
	done, err := m.opts.Editor.Do(r.Context(), key, by(r), asked.Edition, what)
	if err != nil {
		return m.told(w, r, name, to, err)
	}
	m.noted(r, name, to, nil)
	return writeJSON(w, http.StatusOK, answerOf(&done))
}

func answerOf(done *edit.Done) answerEdit {
	a := answerEdit{N: done.N, Edition: done.Edition, Did: done.Edit.Do, Session: done.Session, Value: done.Value, Unsaved: done.Unsaved}
	if done.Row != maps.None {
		a.Row = &done.Row
	}
	return a
}

// describe says what an edit is, for the record of changes.
func describe(e *edit.Edit) string {
	words := fmt.Sprintf("%s session %d", e.Do, e.Session)
	if e.Do != edit.Add {
		words += fmt.Sprintf(" row %d", e.Row)
	}
	number := func(v *float64) string {
		if v == nil {
			return "?"
		}
		return strconv.FormatFloat(*v, 'g', 6, 64)
	}
	switch {
	case e.Bad != nil:
		words += ": " + strconv.FormatBool(*e.Bad)
	case e.Note != nil:
		words += ": " + *e.Note
	case e.UserType != nil:
		words += ": " + strconv.Itoa(*e.UserType)
	case e.To != nil:
		words += " to row " + strconv.Itoa(*e.To)
	case e.X != nil:
		words += fmt.Sprintf(" to %s, %s, %s", number(e.X), number(e.Y), number(e.Z))
	}
	return words
}

func (m *Maps) postUndo(w http.ResponseWriter, r *http.Request) error {
	return m.postTake(w, r, "undo", Editor.Undo)
}

func (m *Maps) postRedo(w http.ResponseWriter, r *http.Request) error {
	return m.postTake(w, r, "redo", Editor.Redo)
}

// postTake answers POST /api/v1/maps/<map>/undo and /redo.
func (m *Maps) postTake(w http.ResponseWriter, r *http.Request, what string, take func(Editor, context.Context, string, edit.By) (edit.Done, error)) error {
	key, err := m.editable(r)
	if err != nil {
		return err
	}
	name := what + " in map " + key
	done, err := take(m.opts.Editor, r.Context(), key, by(r))
	if err != nil {
		return m.told(w, r, name, "", err)
	}
	m.noted(r, name, done.Edit.Do, nil)
	return writeJSON(w, http.StatusOK, answerOf(&done))
}

// postSave answers POST /api/v1/maps/<map>/save.
func (m *Maps) postSave(w http.ResponseWriter, r *http.Request) error {
	key, err := m.editable(r)
	if err != nil {
		return err
	}
	var asked struct {
		// Keep writes the edits over what another program has changed meanwhile.
		Keep bool `json:"keep"`
	}
	if err := body(r, &asked); err != nil {
		return err
	}
	files, err := m.opts.Editor.Save(r.Context(), key, asked.Keep)
	if err != nil {
		return m.told(w, r, "save map "+key, "", err)
	}
	m.noted(r, "save map "+key, fmt.Sprintf("%d files", len(files)), nil)
	if files == nil {
		files = []string{}
	}
	return writeJSON(w, http.StatusOK, map[string]any{"files": files, "unsaved": 0})
}

// postReload answers POST /api/v1/maps/<map>/reload: the edits that are not saved are dropped.
func (m *Maps) postReload(w http.ResponseWriter, r *http.Request) error {
	key, err := m.editable(r)
	if err != nil {
		return err
	}
	if err := m.opts.Editor.Reload(r.Context(), key); err != nil {
		return m.told(w, r, "reload map "+key, "", err)
	}
	m.noted(r, "reload map "+key, "the edits that were not saved are dropped", nil)
	return writeJSON(w, http.StatusOK, map[string]any{"unsaved": 0})
}

// getEdits answers GET /api/v1/maps/<map>/edits: how it stands with the edits, and those that are
// not saved.
func (m *Maps) getEdits(w http.ResponseWriter, r *http.Request) error {
	key, err := m.editable(r)
	if err != nil {
		return err
	}
	if _, err := m.open(r.Context(), key); err != nil {
		return err
	}
	state, records, err := m.opts.Editor.State(r.Context(), key, by(r), maxEdits)
	if err != nil {
		return err
	}
	type entry struct {
		N    int        `json:"n"`
		Time time.Time  `json:"time"`
		By   string     `json:"by"`
		Edit *edit.Edit `json:"edit,omitempty"`
		Undo int        `json:"undo,omitempty"`
		Redo int        `json:"redo,omitempty"`
		// Measured says that webmon has measured what was edited.
		Measured bool `json:"measured,omitempty"`
	}
	list := []entry{}
	for _, e := range records {
		list = append(list, entry{e.N, e.Time, e.Who, e.Edit, e.Undo, e.Redo, e.Measured})
	}
	return writeJSON(w, http.StatusOK, map[string]any{
		"edition": state.Edition, "unsaved": state.Unsaved, "changed": state.Foreign, "problem": state.Stuck, "saves": state.CanSave,
		"undo": state.Undo, "redo": state.Redo, "measuring": state.Measuring, "lacks": state.Lacks, "edits": list,
	})
}

// answerObject is an object as it is, for who edits it.
type answerObject struct {
	Edition string       `json:"edition"`
	Session int          `json:"session"`
	Row     *int         `json:"row"`             // in that edition; null: the object is gone
	Run     *int         `json:"run"`             // null: it is in none, as what is no object of the map's type
	Error   string       `json:"error,omitempty"` // why it is gone, a sentence
	Value   *edit.Object `json:"value"`
	// Stale are the channels whose intensities were measured before it was changed.
	Stale []int `json:"stale"`
	// Pivot is the landmark of its segment in the session, else of the session; null: there is none.
	Pivot *answerPivot `json:"pivot"`
	// Cannot says by kind of edit why that cannot be done to it, a sentence.
	Cannot map[string]string `json:"cannot"`
	// Proposed is the object of the next session that it may be; null: none, or it is linked.
	Proposed *answerProposed `json:"proposed"`
}

type answerPivot struct {
	Row  int       `json:"row"`
	Type maps.Type `json:"type"`
	X    *float64  `json:"x"`
	Y    *float64  `json:"y"`
	Z    *float64  `json:"z"`
}

type answerProposed struct {
	Row      int     `json:"row"`
	Run      int     `json:"run"`
	Distance float64 `json:"distance"` // micrometres
}

// maxFollow is how often an object is looked for again because the map was edited meanwhile, each time
// after a followPause: three seconds in all.
const (
	maxFollow   = 100
	followPause = 30 * time.Millisecond
)

// getObject answers GET /api/v1/maps/<map>/object?session=&row=&edition=: an object that had the row in
// the edition (of now if it is left out), as it is now.
func (m *Maps) getObject(w http.ResponseWriter, r *http.Request) error {
	key, err := m.editable(r)
	if err != nil {
		return err
	}
	q := ask(r)
	for range maxFollow {
		o, err := m.open(r.Context(), key)
		if err != nil {
			return err
		}
		session, err := q.number("session", "session", len(o.Sessions))
		if err != nil {
			return err
		}
		if session < 0 {
			return refuse("session", "session must be named")
		}
		row, err := strconv.Atoi(q.Get("row"))
		if err != nil || row < 0 {
			return refuse("row", "row must be named: a whole number, counted from 0")
		}
		edition := cmp.Or(q.Get("edition"), o.Edition)
		a := answerObject{Edition: o.Edition, Session: session, Stale: []int{}, Cannot: map[string]string{}}
		if edition != o.Edition {
			now, at, err := m.opts.Editor.Follow(r.Context(), key, edition, session, row)
			if at != "" && at != o.Edition {
				// It is being edited: the map with that edit is there in a moment.
				select {
				case <-r.Context().Done():
					return r.Context().Err()
				case <-time.After(followPause):
					continue
				}
			}
			var gone *edit.Conflict
			if errors.As(err, &gone) {
				a.Error = gone.Text
				return writeJSON(w, http.StatusOK, a)
			} else if err != nil {
				return m.refused(r, err)
			}
			row = now
		}
		if row >= o.Sessions[session].Len() {
			return refuse("row", "there is no row %d in session %d; it has %d", row, session, o.Sessions[session].Len())
		}
		a.tell(o.Map, row)
		state, _, err := m.opts.Editor.State(r.Context(), key, by(r), 0)
		if err == nil && state.Stuck != "" {
			a.Cannot["edit"] = state.Stuck
		}
		return writeJSON(w, http.StatusOK, a)
	}
	return &Failure{Status: http.StatusServiceUnavailable, Text: "The map is edited all the time: try again."}
}

// tell says what there is to say of a row.
func (a *answerObject) tell(o *maps.Map, row int) {
	s := o.Sessions[a.Session]
	a.Row, a.Value = &row, edit.ObjectOf(o, a.Session, row)
	runs := o.Runs("")
	if run := runs.Run(a.Session, row); run != maps.None {
		a.Run = &run
	}
	for c, t := range s.Int {
		if t != nil && row < t.Len() && t.Value(row, "isDirty") > 0 {
			a.Stale = append(a.Stale, c+1)
		}
	}
	a.Cannot = edit.Refusals(o, a.Session, row)
	kind, segment := maps.GlobalPivot, s.Segment(row)
	if segment != maps.None {
		kind = maps.Pivot
	}
	for at, t := range s.Types() {
		if t == kind && (kind == maps.GlobalPivot || s.Segment(at) == segment) {
			p := edit.ObjectOf(o, a.Session, at)
			a.Pivot = &answerPivot{Row: at, Type: t, X: p.X, Y: p.Y, Z: p.Z}
			break
		}
	}
	if a.Run == nil || a.Value.Next != nil || a.Session+1 >= len(o.Sessions) {
		return
	}
	pairs, err := o.Pairs("", a.Session, maps.All, nearEnough, false)
	if err != nil {
		return
	}
	for i := range pairs {
		if p := &pairs[i]; p.Row == row && p.Partner != maps.None {
			a.Proposed = &answerProposed{Row: p.Partner, Run: runs.Run(a.Session+1, p.Partner), Distance: p.Distance}
		}
	}
}

// editsFeed is the name of the feed with the edits of a map; its detail is the key.
const editsFeed = "map-edits"

// newEdits opens the feed "<source>/map-edits/<key>": how it stands with the edits of a map, and which
// version of it there is now.
func (m *Maps) newEdits(at tab.Place) (tab.Feed, error) {
	if m.opts.Editor == nil || !isName(at.Detail) {
		return tab.Feed{}, fmt.Errorf("there are no edits of a map %.40q", at.Detail)
	}
	return tab.NewFragment(nil, func(now time.Time) templ.Component {
		e := m.editing(at.At(now), at.Detail)
		if e == nil {
			return nil
		}
		return components.MapEditsFrame(*e)
	}), nil
}

// editing is how it stands with the edits of a map; nil if there is no such map, or it is not edited.
func (m *Maps) editing(mo tab.Moment, key string) *components.MapEdits {
	e, ok := m.entry(key)
	if text := m.opts.Library.Gone(key); !ok && text != "" {
		return &components.MapEdits{LiveTopic: mo.Topic(editsFeed + "/" + key), Gone: text}
	}
	if !ok || m.opts.Editor == nil {
		return nil
	}
	return &components.MapEdits{
		LiveTopic: mo.Topic(editsFeed + "/" + key), Version: cmp.Or(e.Edition, e.Version), API: m.api(key, "", nil), Unsaved: e.Unsaved, Changed: e.Changed,
		CanSave: e.Kind == library.Folder || e.Kind == library.Alone || e.Kind == library.Loose,
	}
}
