package door

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"webmon/dashboard/prefix"
	"webmon/fault"
)

// The names of the secrets in an address.
const (
	tokenField  = "token"
	linkField   = "link"
	ticketField = "ticket"
)

// Options configure a Door.
type Options struct {
	// Token opens everything. "" lets everybody in, who may then do everything.
	Token string
	// Port is where the server listens. It is part of the cookie's name, because
	// cookies ignore ports.
	Port int
	// Prefix is the path under which a proxy serves webmon; nil: none.
	Prefix *prefix.Prefix
	// OwnHost leads browsers that resolve such names to a host name of this
	// webmon's own, below ".localhost", before they get a cookie. A cookie of
	// 127.0.0.1 is sent to every port there. Only for a server on a loopback address
	// that nobody else can listen beside.
	OwnHost bool
	// Links keeps the links across restarts; nil: they end with the process.
	Links Store
	// Keepers are further ways to know people, asked in this order.
	Keepers []Keeper
	// Began is called when a session has begun. It must return at once, and not call the
	// door. nil: not called.
	Began func(SessionInfo)
	// Fail shows people why a path of a keeper's own did not do what it is for: text is
	// one sentence or more. nil: it is shown as plain text.
	Fail   func(w http.ResponseWriter, r *http.Request, status int, text string)
	Logger *slog.Logger  // nil: slog.Default()
	Faults *fault.Ledger // told of what panics outside of a request; may be nil
}

// Door knows who sends a request. Its methods are safe for concurrent use.
type Door struct {
	opts   Options
	cookie string // its name
	routes map[string]http.HandlerFunc
	ways   []Way

	following sync.WaitGroup // goroutines of follow
	saving    sync.Mutex     // held while links are written, so that the newest state is written last

	mu        sync.Mutex // guards all below
	closed    bool
	open      bool // there is no token
	token     digest
	host      string        // of its own, without the port; "" for none
	tokenGone chan struct{} // closed when the token is replaced
	sessions  map[digest]*session
	byID      map[string]*session
	past      past
	links     map[digest]*link
	tickets   map[digest]ticket
}

// digest is what is kept of a secret.
type digest [sha256.Size]byte

func digestOf(secret string) digest { return sha256.Sum256([]byte(secret)) }

// same compares in constant time.
func (d digest) same(secret string) bool {
	other := digestOf(secret)
	return subtle.ConstantTimeCompare(d[:], other[:]) == 1
}

// secretBytes is the strength of every secret that is made here: 160 bits.
const secretBytes = 20

// NewSecret returns a secret that nobody can guess, 40 hex digits.
func NewSecret() string {
	raw := make([]byte, secretBytes)
	rand.Read(raw) // never fails
	return hex.EncodeToString(raw)
}

// newID returns a name that is no secret.
func newID() string { return strings.ToLower(rand.Text()[:10]) }

// New returns a door. Close must be called.
func New(opts Options) (*Door, error) {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	d := &Door{
		opts: opts, cookie: fmt.Sprintf("webmon_%d", opts.Port),
		routes:   map[string]http.HandlerFunc{},
		sessions: map[digest]*session{}, byID: map[string]*session{},
		links: map[digest]*link{}, tickets: map[digest]ticket{},
	}
	d.setToken(opts.Token)
	for _, k := range opts.Keepers {
		e, ok := k.(Entrance)
		if !ok {
			continue
		}
		for route, handler := range e.Routes(d) {
			if d.routes[route] != nil {
				return nil, fmt.Errorf("two ways to know people have the route %s", route)
			}
			d.routes[route] = handler
		}
		d.ways = append(d.ways, e.Ways()...)
	}
	if err := d.loadLinks(); err != nil {
		return nil, err
	}
	return d, nil
}

// setToken takes a token; mu is held, or nobody else knows d yet.
func (d *Door) setToken(token string) {
	d.open, d.token, d.tokenGone, d.host = token == "", digestOf(token), make(chan struct{}), ""
	if d.opts.OwnHost && token != "" {
		d.host = HostName(token)
	}
}

// Close ends all sessions, so that nothing waits for them any more.
func (d *Door) Close() {
	d.mu.Lock()
	d.closed = true
	for _, s := range d.sessions {
		d.end(s, "")
	}
	for _, l := range d.links {
		l.stop()
	}
	d.mu.Unlock()
	d.following.Wait()
}

// Rotate takes a new token in place of the old one. Every session and every link ends:
// whoever had the old token may have made them.
func (d *Door) Rotate(token string) error {
	d.saving.Lock()
	defer d.saving.Unlock()
	d.mu.Lock()
	close(d.tokenGone)
	d.setToken(token)
	for _, l := range d.links {
		d.endLink(l, "The token of this webmon was changed, which ends all links.")
	}
	for _, s := range d.sessions {
		d.end(s, "The token of this webmon was changed, which ends all sessions.")
	}
	clear(d.tickets)
	d.mu.Unlock()
	return d.saveLinks()
}

// Wrong is the error for a secret that opens nothing: one sentence for people.
type Wrong string

// Error implements error.
func (e Wrong) Error() string { return string(e) }

// Unknown is the error for a session that this webmon never had, or has forgotten. Of others it
// knows why they have ended.
const Unknown = Wrong("The session of this browser is not known: webmon has been started again since, or the session has expired long ago.")

const (
	wrongToken = Wrong("That is not this webmon's token.")
	wrongLink  = Wrong("This link opens nothing any more: it has expired or was revoked. Ask for a new one.")
)

// Routes returns the handlers of the keepers' own paths, by method and path, such as
// "GET /oidc/callback". Anybody may reach them.
func (d *Door) Routes() map[string]http.HandlerFunc { return d.routes }

// Ways returns what the page that asks for the token offers beside it.
func (d *Door) Ways() []Way { return d.ways }

// Admit says who sends a request: [Nobody], if nothing in it says so. The error is a
// [Wrong], for a secret that opens nothing, or for a session that has ended. It
// exchanges a secret in the address for a session. Admit has then written the whole
// answer, which leads the browser on, and answered is true.
func (d *Door) Admit(w http.ResponseWriter, r *http.Request) (p Person, answered bool, err error) {
	if secret, ok := bearer(r); ok {
		p, err := d.program(r, secret)
		return p, false, err
	}
	if field, secret := secretIn(r); field != "" {
		g, err := d.granted(r, field, secret)
		if err == nil {
			p, answered := d.exchange(w, r, g)
			return p, answered, nil
		}
		if p, ok := d.present(r); ok && field == ticketField {
			// It was good once, and is so no more, as in a notebook that is opened again. The browser is known.
			if r.Method != http.MethodGet || !WantsPage(r) {
				return p, false, nil
			}
			lead(w, r, Inside(d.opts.Prefix.String(), r.URL.EscapedPath()+"?"+r.URL.RawQuery), false)
			return Person{}, true, nil
		}
		if !d.isOpen() {
			return Person{}, false, err
		}
	}
	if p, ok := d.present(r); ok {
		return p, false, nil
	}
	p, ok, err := d.kept(r)
	if ok || err != nil {
		return p, false, err
	}
	if d.isOpen() {
		return Person{Role: Manage}, false, nil
	}
	return Person{}, false, d.why(r)
}

func (d *Door) isOpen() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open
}

// bearer returns the request's bearer token.
func bearer(r *http.Request) (string, bool) {
	scheme, secret, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(secret), ok && strings.EqualFold(scheme, "Bearer")
}

// Program reports whether a request proves by a header who sends it, which no page of
// another origin can add.
func Program(r *http.Request) bool {
	_, ok := bearer(r)
	return ok
}

// program knows who sends a secret with each request.
func (d *Door) program(r *http.Request, secret string) (Person, error) {
	g, err := d.granted(r, tokenField, secret)
	if err != nil {
		if g, linked := d.linked(secret); linked {
			return g.person, nil
		}
		// A proxy that signs people in may send a token of its own with their requests.
		if p, ok, err := d.kept(r); ok || err != nil {
			return p, err
		}
		if d.isOpen() {
			return Person{Role: Manage}, nil
		}
	}
	return g.person, err
}

// kept asks the keepers.
func (d *Door) kept(r *http.Request) (Person, bool, error) {
	for _, k := range d.opts.Keepers {
		if p, ok, err := k.Know(r); ok || err != nil {
			return p, ok && err == nil, err
		}
	}
	return Person{}, false, nil
}

// grant is what a secret opens.
type grant struct {
	person Person
	link   *link // that it comes by; nil for none
	hops   int   // how often the browser was led on for it
}

// granted returns what a secret opens. The error is a [Wrong].
func (d *Door) granted(r *http.Request, field, secret string) (grant, error) {
	switch field {
	case ticketField:
		if g, ok := d.redeem(secret); ok {
			return g, nil
		}
		return grant{}, Wrong("This address was good for one moment only. Open the address of webmon again.")
	case linkField:
		if g, ok := d.linked(secret); ok {
			return g, nil
		}
		return grant{}, wrongLink
	}
	d.mu.Lock()
	right := !d.open && d.token.same(secret)
	gone := d.tokenGone
	d.mu.Unlock()
	if right {
		return grant{person: Person{Role: Manage, Gone: gone}}, nil
	}
	// A secret in the address is shown to the keepers as programs send theirs, and alone:
	// whom a keeper knows by anything else has not come by the secret, and must not get a
	// session for it.
	asked := r.Clone(r.Context())
	asked.Header = http.Header{"Authorization": {"Bearer " + secret}}
	p, ok, err := d.kept(asked)
	if err == nil && !ok {
		err = wrongToken
	}
	return grant{person: p}, err
}

// exchange gives a browser a session for a secret in the address, and leads it to the
// same address without the secret. A program has no use for a session and gets what it
// asks for.
func (d *Door) exchange(w http.ResponseWriter, r *http.Request, g grant) (p Person, answered bool) {
	if r.Method != http.MethodGet || r.Header.Get("Upgrade") != "" {
		return g.person, false
	}
	if !WantsPage(r) {
		return d.begin(w, r, g), false
	}
	to := Inside(d.opts.Prefix.String(), r.URL.EscapedPath()+"?"+r.URL.RawQuery)
	switch host := d.leads(r); {
	case host != "":
		// The secret stays behind: the address there holds a ticket that is good once.
		to = "http://" + host + d.addTicket(to, g)
		// The policy of the page that asks for the token keeps its form from being
		// redirected to another host. A page may lead there.
		lead(w, r, to, r.Header.Get("Sec-Fetch-Site") == "same-origin")
	case Elsewhere(r) && g.hops < maxHops:
		// A browser sends no cookie with a navigation that began on another site, and so
		// would come without the session that it is given, or that it has. A
		// navigation from a page of this server brings it.
		lead(w, r, d.addTicket(to, g), true)
	default:
		d.begin(w, r, g)
		// Where the browser does not say where a navigation began, it is taken to have
		// begun on another site.
		lead(w, r, to, r.Header.Get("Sec-Fetch-Site") == "" && strings.HasPrefix(r.UserAgent(), "Mozilla/"))
	}
	return Person{}, true
}

// maxHops is how often a browser is led on for one secret.
const maxHops = 3

func (d *Door) addTicket(to string, g grant) string {
	g.hops++
	return to + joint(to) + ticketField + "=" + d.newTicket(g, ticketFor)
}

// joint is what joins a query to an address.
func joint(address string) string {
	if strings.Contains(address, "?") {
		return "&"
	}
	return "?"
}

// Fail answers a request to a path of a keeper's own that did not do what it is for.
func (d *Door) Fail(w http.ResponseWriter, r *http.Request, status int, text string) {
	if d.opts.Fail == nil {
		http.Error(w, text, status)
		return
	}
	d.opts.Fail(w, r, status, text)
}

// Begin begins a session for somebody whom a keeper knows, ends the one that the
// browser had, and sets the cookie. It returns the person with the session.
func (d *Door) Begin(w http.ResponseWriter, r *http.Request, p Person) Person {
	return d.begin(w, r, grant{person: p})
}

// Lead answers a request by leading the browser to a path of this server, which is
// given without the prefix and may come from anybody. It also brings the
// browser there with the session that has just begun, wherever the navigation began.
func (d *Door) Lead(w http.ResponseWriter, r *http.Request, next string) {
	site := r.Header.Get("Sec-Fetch-Site")
	lead(w, r, Inside(d.opts.Prefix.String(), next), site != "none" && site != "same-origin")
}

// lead leads a browser to an address: by a redirect, or by a page that does so.
func lead(w http.ResponseWriter, r *http.Request, to string, byPage bool) {
	if !byPage {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	h := w.Header()
	h.Set("Refresh", "0; url="+to)
	h.Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="dark light">`+
		`<meta name="viewport" content="width=device-width"><title>webmon</title></head>`+
		`<body><p><a href="%s">To the dashboard</a></p></body></html>`, html.EscapeString(to))
}

// WantsPage reports whether a browser window shows the answer to a person.
func WantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html") && r.Header.Get("HX-Request") == ""
}

// secretIn returns the secret in the address of a request, and the field that holds
// it; "" for none.
func secretIn(r *http.Request) (field, secret string) {
	if !strings.Contains(r.URL.RawQuery, "=") {
		return "", ""
	}
	query := r.URL.Query()
	for _, field := range []string{ticketField, tokenField, linkField} {
		if secret := query.Get(field); secret != "" {
			return field, secret
		}
	}
	return "", ""
}

// HasSecret reports whether the address of a request holds a secret.
func HasSecret(r *http.Request) bool {
	field, _ := secretIn(r)
	return field != ""
}

// Limits of tickets.
const (
	ticketFor  = time.Minute
	maxTickets = 256
	// TicketLasts is how long a ticket can be used that a program has asked for.
	TicketLasts = 10 * time.Minute
)

// ticket is a secret that is good once.
type ticket struct {
	grant
	until time.Time
}

// Ticket returns a secret that lets one browser in as a person, once, within [TicketLasts]: the
// address is that of any page with ?ticket=<secret>.
func (d *Door) Ticket(p Person) string {
	p.Session = "" // what ends that ends the new one, by Gone
	return d.newTicket(grant{person: p}, TicketLasts)
}

// newTicket returns a secret that opens the same as g does, once, as long as it lasts.
func (d *Door) newTicket(g grant, lasts time.Duration) string {
	secret, now := NewSecret(), time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	var oldest digest
	for key, t := range d.tickets {
		if now.After(t.until) {
			delete(d.tickets, key)
		} else if first, ok := d.tickets[oldest]; !ok || t.until.Before(first.until) {
			oldest = key
		}
	}
	if len(d.tickets) >= maxTickets {
		delete(d.tickets, oldest)
	}
	d.tickets[digestOf(secret)] = ticket{g, now.Add(lasts)}
	return secret
}

// redeem returns what a ticket opens, and ends it.
func (d *Door) redeem(secret string) (grant, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := digestOf(secret)
	t, ok := d.tickets[key]
	delete(d.tickets, key)
	if !ok || time.Now().After(t.until) || gone(t.person.Gone) {
		return grant{}, false
	}
	return t.grant, true
}

// gone reports whether a channel is closed; nil never is.
func gone(c <-chan struct{}) bool {
	select {
	case <-c:
		return c != nil
	default:
		return false
	}
}
