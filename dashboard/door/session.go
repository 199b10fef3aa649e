package door

import (
	"cmp"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"webmon/fault"
)

// How long a session lasts, and how many there are.
const (
	// IdleFor is how long a session lasts that no request is sent with and no page is
	// open of.
	IdleFor = 7 * 24 * time.Hour
	// LastsFor is how long a session lasts at most.
	LastsFor = 30 * 24 * time.Hour
	// unusedFor is how long a session lasts that no request was sent with at all: a
	// program that keeps no cookies leaves one with each request.
	unusedFor = time.Hour
	// cookieStays is how much longer than its session a cookie lasts: a browser that
	// comes without it cannot be told why the session has ended.
	cookieStays = 7 * 24 * time.Hour

	maxSessions       = 1024
	maxSessionsOfLink = 64
	maxCookies        = 8 // of our name that are looked at in a request
)

// SessionInfo is what others may know of a session. It is no secret.
type SessionInfo struct {
	ID    string
	Name  string // of the person; "" for the owner
	Role  Role
	Link  string    // id of the link that it came by; "" for none
	Since time.Time // when it began
	Seen  time.Time // when the last request came
	Until time.Time // when it ends at the latest
	From  string    // IP address
	Agent string    // the browser in short words, such as "Firefox on Linux"
	Open  int       // how many sockets, that is pages, are open
}

// session is a browser that was let in.
type session struct {
	info  SessionInfo
	key   digest
	gone  chan struct{} // closed when it ends
	link  *link
	used  bool // a request came with it
	timer *time.Timer
	unask func() // ends the watch over the person's Gone
}

func (s *session) person() Person {
	return Person{Name: s.info.Name, Role: s.info.Role, Session: s.info.ID, Gone: s.gone}
}

// expires is when a session ends by itself.
func (s *session) expires() time.Time {
	at := s.info.Until
	idle := IdleFor
	if !s.used {
		idle = unusedFor
	}
	if idles := s.info.Seen.Add(idle); s.info.Open == 0 && idles.Before(at) {
		at = idles
	}
	return at
}

// begin begins a session, unless the browser has one that opens as much.
func (d *Door) begin(w http.ResponseWriter, r *http.Request, g grant) Person {
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return g.person
	}
	before := d.find(r, now)
	if before != nil {
		same := before.info.Role == g.person.Role && before.info.Name == g.person.Name && before.link == g.link
		if same || before.info.Role > g.person.Role {
			before.seen(now)
			return before.person()
		}
		d.end(before, "This browser has signed in again.")
	}
	d.makeRoom(g.link)
	secret := NewSecret()
	s := &session{
		key: digestOf(secret), gone: make(chan struct{}), link: g.link,
		info: SessionInfo{
			ID: newID(), Name: g.person.Name, Role: g.person.Role,
			Since: now, Seen: now, Until: now.Add(LastsFor),
			From: from(r), Agent: Agent(r.UserAgent()),
		},
	}
	if g.link != nil {
		s.info.Link = g.link.info.ID
		if g.link.info.Until.Before(s.info.Until) {
			s.info.Until = g.link.info.Until
		}
	}
	d.sessions[s.key], d.byID[s.info.ID] = s, s
	if d.opts.Began != nil {
		d.opts.Began(s.info)
	}
	s.timer = time.AfterFunc(s.expires().Sub(now), fault.Func(func() { d.expire(s) }, d.opts.Faults.Noted("door", "session")))
	if g.link == nil && g.person.Gone != nil && g.person.Session == "" {
		d.follow(s, g.person.Gone)
	}
	d.setCookie(w, r, secret, s.info.Until.Sub(now)+cookieStays)
	return s.person()
}

// follow ends a session when the person is not known any more; mu is held. The token's
// own channel needs no watch: Rotate ends all sessions.
func (d *Door) follow(s *session, gone <-chan struct{}) {
	if gone == (<-chan struct{})(d.tokenGone) {
		return
	}
	stop := make(chan struct{})
	s.unask = func() { close(stop) }
	fault.Go(&d.following, func() {
		select {
		case <-gone:
			d.mu.Lock()
			defer d.mu.Unlock()
			d.end(s, "You are not among the people of this webmon any more.")
		case <-stop:
		}
	}, d.opts.Faults.Noted("door", "session"))
}

// setCookie gives the browser its session, or takes it away with a negative age.
func (d *Door) setCookie(w http.ResponseWriter, r *http.Request, value string, age time.Duration) {
	c := &http.Cookie{
		Name: d.cookieName(r), Value: value, Path: d.opts.Prefix.String() + "/", MaxAge: int(age.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: Encrypted(r),
	}
	if age < 0 {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// Encrypted reports whether the browser has sent a request by https, to this server
// or to a proxy before it.
func Encrypted(r *http.Request) bool {
	proto, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	return r.TLS != nil || strings.EqualFold(strings.TrimSpace(proto), "https")
}

// SecurePrefix begins the names of cookies that browsers send and take over https only. A page
// that comes without encryption cannot set one of such a name. And a webmon that serves plain
// http again finds its own name free: browsers let nobody replace a cookie of https without it.
const SecurePrefix = "__Secure-"

// cookieName is the name of the cookie of the browser that sends the request.
func (d *Door) cookieName(r *http.Request) string {
	if Encrypted(r) {
		return SecurePrefix + d.cookie
	}
	return d.cookie
}

// find returns the session of a request, nil for none; mu is held. A page of another
// port can add cookies of our name, so all of them are looked at.
func (d *Door) find(r *http.Request, now time.Time) *session {
	cookies := r.CookiesNamed(d.cookieName(r))
	for _, c := range cookies[:min(len(cookies), maxCookies)] {
		if s := d.sessions[digestOf(c.Value)]; s != nil && now.Before(s.expires()) {
			return s
		}
	}
	return nil
}

// present returns who has the session of a request.
func (d *Door) present(r *http.Request) (Person, bool) {
	if r.Header.Get("Cookie") == "" {
		return Person{}, false
	}
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.find(r, now)
	if s == nil {
		return Person{}, false
	}
	s.seen(now)
	return s.person(), true
}

func (s *session) seen(now time.Time) {
	s.used, s.info.Seen = true, now
	if s.link != nil {
		s.link.info.Used = now
	}
}

// expire ends a session whose time is over, and looks again later at any other.
func (d *Door) expire(s *session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if left := time.Until(s.expires()); left > 0 {
		s.timer.Reset(left)
		return
	}
	d.end(s, s.expired(time.Now()))
}

// expired says why a session has ended by itself. The timers of a link and of its sessions end
// at the same time, in any order.
func (s *session) expired(now time.Time) string {
	if s.link != nil && !now.Before(s.link.info.Until) {
		return linkExpired
	}
	return "Your session has expired."
}

// end ends a session; mu is held. why is a sentence for its browser.
func (d *Door) end(s *session, why string) {
	if d.byID[s.info.ID] != s {
		return // it has ended already
	}
	delete(d.sessions, s.key)
	delete(d.byID, s.info.ID)
	s.timer.Stop()
	if s.unask != nil {
		s.unask()
	}
	d.past.add(s.key, why)
	close(s.gone)
}

// makeRoom ends a session if there are as many as may be; mu is held. Those go first
// that nothing was sent with, then those of which no page is open, the oldest first.
// The sessions of a link have a limit of their own, so that a link cannot be used to
// end those of others.
func (d *Door) makeRoom(l *link) {
	var all []*session
	for _, s := range d.sessions {
		if l == nil || s.link == l {
			all = append(all, s)
		}
	}
	if len(d.sessions) < maxSessions && (l == nil || len(all) < maxSessionsOfLink) {
		return
	}
	if len(all) == 0 { // the sessions are those of others
		for _, s := range d.sessions {
			all = append(all, s)
		}
	}
	rank := func(s *session) int {
		switch {
		case !s.used:
			return 0
		case s.info.Open == 0:
			return 1
		}
		return 2
	}
	d.end(slices.MinFunc(all, func(a, b *session) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), a.info.Seen.Compare(b.info.Seen))
	}), "There were more sessions than webmon keeps, and yours had rested longest.")
}

// Hold notes that a page of the person's session is open until release is called. A
// session of which a page is open is not idle.
func (d *Door) Hold(p Person) (release func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.byID[p.Session]
	if s == nil {
		return func() {}
	}
	s.info.Open++
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		s.info.Open--
		s.info.Seen = time.Now()
		if s.info.Open == 0 && d.byID[s.info.ID] == s {
			s.timer.Reset(time.Until(s.expires()))
		}
	}
}

// Sessions lists the sessions, the one that was used last first.
func (d *Door) Sessions() []SessionInfo {
	d.mu.Lock()
	out := make([]SessionInfo, 0, len(d.sessions))
	for _, s := range d.sessions {
		out = append(out, s.info)
	}
	d.mu.Unlock()
	slices.SortFunc(out, func(a, b SessionInfo) int {
		return cmp.Or(b.Seen.Compare(a.Seen), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// Revoke ends a session by its id. It reports whether there was one.
func (d *Door) Revoke(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.byID[id]
	if s != nil {
		d.end(s, "Your session was ended by somebody who may manage this webmon.")
	}
	return s != nil
}

// EndSessions ends the sessions that fit, and returns how many. why is a sentence for
// their browsers.
func (d *Door) EndSessions(why string, fits func(SessionInfo) bool) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.sessions {
		if fits(s.info) {
			d.end(s, why)
			n++
		}
	}
	return n
}

// LogOut ends the session of a request and takes its cookie away. It reports whether
// there was one.
func (d *Door) LogOut(w http.ResponseWriter, r *http.Request) bool {
	d.mu.Lock()
	s := d.find(r, time.Now())
	if s != nil {
		d.end(s, "You have logged out.")
	}
	d.mu.Unlock()
	d.setCookie(w, r, "", -1)
	return s != nil
}

// why says why a request is nobody's: its session has ended. nil if it had none.
func (d *Door) why(r *http.Request) error {
	cookies := r.CookiesNamed(d.cookieName(r))
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range cookies[:min(len(cookies), maxCookies)] {
		key := digestOf(c.Value)
		if s := d.sessions[key]; s != nil { // its time is over, and its timer is late
			return Wrong(s.expired(time.Now()))
		}
		if why := d.past.why(key); why != "" {
			return Wrong(why)
		}
	}
	if len(cookies) > 0 {
		return Unknown
	}
	return nil
}

// past remembers why the last sessions have ended.
type past struct {
	entries [256]struct {
		key digest
		why string
	}
	n int
}

func (p *past) add(key digest, why string) {
	if why != "" {
		e := &p.entries[p.n%len(p.entries)]
		e.key, e.why = key, why
		p.n++
	}
}

func (p *past) why(key digest) string {
	for i := range p.entries {
		if p.entries[i].why != "" && p.entries[i].key == key {
			return p.entries[i].why
		}
	}
	return ""
}

// from is where a request comes from: an IP address, and what a proxy on this machine
// says of it.
func from(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	if behind, err := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1])); err == nil && ip.IsLoopback() {
		return behind.WithZone("").String() + " by a proxy"
	}
	return ip.WithZone("").String()
}
