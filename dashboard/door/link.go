package door

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"webmon/fault"
)

// Limits of links.
const (
	MaxLinks    = 200
	MaxNote     = 80                   // characters of a note
	LinkLastsAt = 366 * 24 * time.Hour // at most
	maxKept     = 256 << 10            // bytes of the file of links
)

// Store keeps the links across restarts. What it keeps holds no secret from which a
// link could be had. Its methods are called one at a time.
type Store interface {
	Load() ([]byte, error) // nil, nil: nothing was kept yet
	Save([]byte) error
}

// Link lets in whoever has its address, until it expires or is revoked.
type Link struct {
	ID       string
	Role     Role // Look or Steer
	Note     string
	By       string // who made it
	Made     time.Time
	Until    time.Time
	Used     time.Time // when a request came by it last, in this run of webmon; zero: never
	Sessions int       // how many browsers it has let in and that are here still
}

type link struct {
	info  Link
	key   digest
	gone  chan struct{}
	timer *time.Timer
}

func (l *link) stop() { l.timer.Stop() }

func (l *link) person() Person { return Person{Name: l.info.Note, Role: l.info.Role, Gone: l.gone} }

// LinkError says why a link could not be made: one sentence, and the field to blame.
type LinkError struct{ Field, Text string }

// Error implements error.
func (e *LinkError) Error() string { return e.Text }

// NewLink makes a link: role is what it lets people do, less than its maker may; note
// is how they are called; until is when it ends. secret is known to whoever gets
// it and is not kept: the address is that of any page with ?link=<secret>. The error is
// a [LinkError], or says that the link could not be kept and will end with this run of
// webmon: there is a secret then.
func (d *Door) NewLink(by Person, role Role, note string, until time.Time) (made Link, secret string, err error) {
	note, now := strings.Join(strings.Fields(note), " "), time.Now()
	if note == "" {
		note = "a guest"
	}
	switch {
	case role <= Nobody || role >= Manage:
		return Link{}, "", &LinkError{"role", "A link can be for people who look or who steer."}
	case role >= by.Role:
		return Link{}, "", &LinkError{"role", "A link must let people do less than whoever makes it may do."}
	case strings.EqualFold(note, Person{}.Title()):
		return Link{}, "", &LinkError{"note", fmt.Sprintf("Whoever has the token of webmon is called %q: choose another note.", Person{}.Title())}
	case !validNote(note):
		return Link{}, "", &LinkError{"note", fmt.Sprintf("The note must have at most %d letters, without control characters.", MaxNote)}
	case !until.After(now):
		return Link{}, "", &LinkError{"until", "The link must end in the future."}
	case until.Sub(now) > LinkLastsAt:
		return Link{}, "", &LinkError{"until", "A link can last a year at most."}
	}
	secret = NewSecret()
	d.saving.Lock()
	defer d.saving.Unlock()
	d.mu.Lock()
	if len(d.links) >= MaxLinks {
		d.mu.Unlock()
		return Link{}, "", &LinkError{"", fmt.Sprintf("There are %d links, which is as many as webmon keeps: revoke one first.", MaxLinks)}
	}
	l := d.addLink(digestOf(secret), Link{
		ID: newID(), Role: role, Note: note, By: by.Title(), Made: now.Truncate(time.Second), Until: until.Truncate(time.Second),
	}, now)
	made = l.info
	d.mu.Unlock()
	return made, secret, d.saveLinks()
}

// validNote reports whether a note can be shown, and the name of whoever made the link.
func validNote(note string) bool {
	return utf8.ValidString(note) && utf8.RuneCountInString(note) <= MaxNote &&
		!strings.ContainsFunc(note, hidden)
}

// linkExpired is for the browsers that a link has let in.
const linkExpired = "The link that you came by has expired."

// addLink takes a link; mu is held, or nobody else knows d yet.
func (d *Door) addLink(key digest, info Link, now time.Time) *link {
	l := &link{info: info, key: key, gone: make(chan struct{})}
	l.timer = time.AfterFunc(info.Until.Sub(now), fault.Func(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.endLink(l, linkExpired)
	}, d.opts.Faults.Noted("door", "link")))
	d.links[key] = l
	return l
}

// endLink ends a link and its sessions; mu is held.
func (d *Door) endLink(l *link, why string) {
	if d.links[l.key] != l {
		return
	}
	delete(d.links, l.key)
	l.stop()
	close(l.gone)
	for _, s := range d.sessions {
		if s.link == l {
			d.end(s, why)
		}
	}
}

// linked returns what a link opens.
func (d *Door) linked(secret string) (grant, bool) {
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.links[digestOf(secret)]
	if l == nil || !now.Before(l.info.Until) {
		return grant{}, false
	}
	l.info.Used = now
	return grant{person: l.person(), link: l}, true
}

// Links lists the links that open something, the newest first.
func (d *Door) Links() []Link {
	now := time.Now()
	d.mu.Lock()
	out := make([]Link, 0, len(d.links))
	for _, l := range d.links {
		if !now.Before(l.info.Until) {
			continue
		}
		info := l.info
		for _, s := range d.sessions {
			if s.link == l {
				info.Sessions++
			}
		}
		out = append(out, info)
	}
	d.mu.Unlock()
	slices.SortFunc(out, func(a, b Link) int { return cmp.Or(b.Made.Compare(a.Made), cmp.Compare(a.ID, b.ID)) })
	return out
}

// RevokeLink ends a link, and the sessions that came by it. It reports whether
// there was one. The error says that a later webmon may know the link still.
func (d *Door) RevokeLink(id string) (found bool, err error) {
	d.saving.Lock()
	defer d.saving.Unlock()
	d.mu.Lock()
	for _, l := range d.links {
		if l.info.ID == id {
			found = true
			d.endLink(l, "The link that you came by was revoked.")
		}
	}
	d.mu.Unlock()
	if !found {
		return false, nil
	}
	return true, d.saveLinks()
}

// keptLink is a link in the store. Times are seconds since 1970.
type keptLink struct {
	ID     string `json:"id"`
	SHA256 string `json:"sha256"` // of the secret, 64 hex digits
	Role   string `json:"role"`
	Note   string `json:"note"`
	By     string `json:"by"`
	Made   int64  `json:"made"`
	Until  int64  `json:"until"`
}

type keptLinks struct {
	Links []keptLink `json:"links"`
}

// saveLinks keeps the links; saving is held.
func (d *Door) saveLinks() error {
	if d.opts.Links == nil {
		return nil
	}
	kept := keptLinks{Links: []keptLink{}}
	d.mu.Lock()
	for _, l := range d.links {
		kept.Links = append(kept.Links, keptLink{
			ID: l.info.ID, SHA256: hex.EncodeToString(l.key[:]), Role: l.info.Role.String(),
			Note: l.info.Note, By: l.info.By, Made: l.info.Made.Unix(), Until: l.info.Until.Unix(),
		})
	}
	d.mu.Unlock()
	slices.SortFunc(kept.Links, func(a, b keptLink) int { return cmp.Compare(a.ID, b.ID) })
	b, err := json.MarshalIndent(kept, "", " ")
	if err == nil {
		err = d.opts.Links.Save(append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keeping the links: %w", err)
	}
	return nil
}

// loadLinks takes the links that an earlier webmon has kept. Nothing that is wrong
// with them keeps this one from starting.
func (d *Door) loadLinks() error {
	if d.opts.Links == nil {
		return nil
	}
	b, err := d.opts.Links.Load()
	if err != nil {
		d.opts.Logger.Warn("links of before not read", "error", err)
		return nil
	}
	now := time.Now()
	links, err := readLinks(b, now)
	if err != nil {
		d.opts.Logger.Warn("links of before not read", "error", err)
	}
	for key, info := range links {
		d.addLink(key, info, now)
	}
	return nil
}

// readLinks reads what was kept, without what has expired or makes no sense.
func readLinks(b []byte, now time.Time) (map[digest]Link, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if len(b) > maxKept {
		return nil, fmt.Errorf("there are %d bytes of links, and at most %d are read", len(b), maxKept)
	}
	var kept keptLinks
	if err := json.Unmarshal(b, &kept); err != nil {
		return nil, fmt.Errorf("reading the links: %w", err)
	}
	out, ids := map[digest]Link{}, map[string]bool{}
	for _, k := range kept.Links {
		raw, err := hex.DecodeString(k.SHA256)
		role, ok := ParseRole(k.Role)
		until := time.Unix(k.Until, 0)
		switch {
		case err != nil || len(raw) != len(digest{}),
			!ok || role >= Manage,
			!validID(k.ID) || ids[k.ID],
			!validNote(k.Note) || k.Note == "" || !validNote(k.By),
			k.Until <= 0 || !until.After(now) || until.Sub(now) > LinkLastsAt,
			k.Made < 0 || k.Made > k.Until,
			len(out) == MaxLinks:
			continue
		}
		ids[k.ID] = true
		out[digest(raw)] = Link{ID: k.ID, Role: role, Note: k.Note, By: k.By, Made: time.Unix(k.Made, 0), Until: until}
	}
	return out, nil
}

func validID(id string) bool {
	return id != "" && len(id) <= 32 && !strings.ContainsFunc(id, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9')
	})
}
