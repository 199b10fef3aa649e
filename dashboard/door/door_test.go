package door

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"webmon/dashboard/prefix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "0123456789abcdef0123456789abcdef01234567"

// memory is a store that a later door can read.
type memory struct {
	mu   sync.Mutex
	b    []byte
	fail error
}

func (m *memory) Load() ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.b, nil
}

func (m *memory) Save(b []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail == nil {
		m.b = bytes.Clone(b)
	}
	return m.fail
}

func newDoor(t *testing.T, opts Options) *Door {
	t.Helper()
	opts.Port, opts.Logger = 5050, slog.New(slog.DiscardHandler)
	d, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// request is one of a browser window that opens an address which a person has typed.
func request(target string, header ...string) *http.Request {
	r := httptest.NewRequest("GET", target, nil)
	r.Header.Set("Accept", "text/html")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// sign opens an address with a secret and returns the header Cookie that the browser has
// then.
func sign(t *testing.T, d *Door, r *http.Request) string {
	t.Helper()
	w := httptest.NewRecorder()
	_, answered, err := d.Admit(w, r)
	cookies := w.Result().Cookies()
	if err != nil || !answered || len(cookies) != 1 {
		t.Fatalf("%s: answered %v, %v, cookies %v", r.URL, answered, err, cookies)
	}
	return cookies[0].Name + "=" + cookies[0].Value
}

func who(d *Door, cookie string) (Person, error) {
	p, _, err := d.Admit(httptest.NewRecorder(), request("/viewer", "Cookie", cookie))
	return p, err
}

func over(p Person) bool {
	select {
	case <-p.Gone:
		return true
	default:
		return false
	}
}

func TestTheCookieIsNoToken(t *testing.T) {
	d := newDoor(t, Options{Token: token, Prefix: prefix.Of("/lab")})
	for name, test := range map[string]struct {
		header []string
		secure bool
	}{
		"plain":          {nil, false},
		"behind https":   {[]string{"X-Forwarded-Proto", "https"}, true},
		"two proxies":    {[]string{"X-Forwarded-Proto", "https, http"}, true},
		"the last plain": {[]string{"X-Forwarded-Proto", "http"}, false},
	} {
		w := httptest.NewRecorder()
		_, answered, err := d.Admit(w, request("/viewer?source=a&token="+token, test.header...))
		resp := w.Result()
		if !answered || err != nil || resp.StatusCode != 303 || resp.Header.Get("Location") != "/lab/viewer?source=a" {
			t.Fatalf("%s: %d %v %v", name, resp.StatusCode, resp.Header, err)
		}
		c := resp.Cookies()[0]
		if c.Name != map[bool]string{true: SecurePrefix}[test.secure]+"webmon_5050" || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure != test.secure || c.Path != "/lab/" || c.MaxAge <= 0 {
			t.Errorf("%s: the cookie is %v", name, c)
		}
		if len(c.Value) != 40 || strings.Contains(w.Header().Get("Set-Cookie"), token) || c.Value == token {
			t.Errorf("%s: the cookie holds %q", name, c.Value)
		}
		if strings.Contains(fmt.Sprint(d.Sessions()), c.Value) {
			t.Errorf("%s: the list of sessions holds the cookie's value", name)
		}
		if p, _ := who(d, c.Name+"="+token); p.Role != Nobody {
			t.Errorf("%s: the token opens as a cookie", name)
		}
	}
}

func TestSessionsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, Options{Token: token})
		idle := sign(t, d, request("/?token="+token))
		if p, _ := who(d, idle); p.Role != Manage {
			t.Fatalf("a new session is %+v", p)
		}
		busy := sign(t, d, request("/?token="+token))
		who(d, busy)
		open := sign(t, d, request("/?token="+token))
		p, _ := who(d, open)
		release := d.Hold(p)
		unused := sign(t, d, request("/?token="+token))
		time.Sleep(unusedFor + time.Second)
		if p, err := who(d, unused); p.Role != Nobody || !strings.Contains(fmt.Sprint(err), "expired") {
			t.Errorf("a session that nothing was sent with: %v, %v", p, err)
		}
		for range 8 {
			time.Sleep(IdleFor / 8)
			if p, err := who(d, busy); p.Role != Manage {
				t.Fatalf("a session that is used is %v, %v", p, err)
			}
		}
		if p, _ := who(d, idle); p.Role != Nobody {
			t.Error("a session that is idle goes on")
		}
		if over(p) {
			t.Error("a session of which a page is open has ended as idle")
		}
		time.Sleep(LastsFor)
		synctest.Wait()
		if !over(p) {
			t.Error("a session lasts for ever while a page of it is open")
		}
		release()
		if n := len(d.Sessions()); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
	})
}

// A browser that comes without its cookie cannot be told why its session has ended.
func TestTheCookieOutlivesItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, Options{Token: token})
		_, secret, err := d.NewLink(Person{Role: Manage}, Look, "", time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		if _, answered, err := d.Admit(w, request("/?link="+secret)); !answered || err != nil {
			t.Fatalf("the link opens nothing: %v, %v", answered, err)
		}
		cookie := w.Result().Cookies()[0]
		if age := time.Duration(cookie.MaxAge) * time.Second; age <= time.Hour {
			t.Errorf("the cookie ends with its session, after %v", age)
		}
		for range 3 { // so that it is not idle before
			time.Sleep(20 * time.Minute)
			who(d, cookie.Name+"="+cookie.Value)
		}
		for _, when := range []string{"at once", "once the timers have run"} {
			if p, err := who(d, cookie.Name+"="+cookie.Value); p.Role != Nobody || fmt.Sprint(err) != linkExpired {
				t.Errorf("after the end of the link, %s: %v, %v", when, p, err)
			}
			synctest.Wait()
		}
	})
}

// After its last page is closed a session is idle as any other.
func TestASessionIsIdleOnceItsPagesAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t, Options{Token: token})
		p, _ := who(d, sign(t, d, request("/?token="+token)))
		release := d.Hold(p)
		time.Sleep(2 * IdleFor)
		release()
		time.Sleep(IdleFor - time.Second)
		if over(p) {
			t.Error("it ended early")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !over(p) {
			t.Error("it goes on")
		}
	})
}

func TestSessionsAreBounded(t *testing.T) {
	d := newDoor(t, Options{Token: token})
	used := sign(t, d, request("/?token="+token))
	who(d, used)
	for range 3 * maxSessions {
		sign(t, d, request("/?token="+token)) // as a program that keeps no cookies
	}
	if n := len(d.Sessions()); n > maxSessions {
		t.Errorf("there are %d sessions, more than %d", n, maxSessions)
	}
	if p, err := who(d, used); p.Role != Manage {
		t.Errorf("a browser that is here was put out for those that are not: %v", err)
	}
	// Those of one link put out none but those of the link.
	_, secret, err := d.NewLink(Person{Role: Manage}, Look, "", time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 * maxSessionsOfLink {
		who(d, sign(t, d, request("/?link="+secret)))
	}
	if n := d.Links()[0].Sessions; n > maxSessionsOfLink {
		t.Errorf("one link has %d sessions", n)
	}
	if p, err := who(d, used); p.Role != Manage {
		t.Errorf("a link has put out the owner: %v", err)
	}
}

func TestABrowserKeepsTheSessionThatOpensMore(t *testing.T) {
	d := newDoor(t, Options{Token: token})
	_, look, _ := d.NewLink(Person{Role: Manage}, Look, "wall", time.Now().Add(time.Hour))
	owner := sign(t, d, request("/?token="+token))
	open := func(field, secret, cookie string) *http.Response {
		w := httptest.NewRecorder()
		if _, answered, err := d.Admit(w, request("/?"+field+"="+secret, "Cookie", cookie)); !answered || err != nil {
			t.Fatalf("%s: %v %v", field, answered, err)
		}
		return w.Result()
	}
	if c := open("link", look, owner).Cookies(); len(c) != 0 {
		t.Error("a link that can only look has taken the owner's session away")
	}
	if c := open("token", token, owner).Cookies(); len(c) != 0 {
		t.Error("the bookmark has made a second session")
	}
	guest := sign(t, d, request("/?link="+look))
	before, _ := who(d, guest)
	if before.Name != "wall" || before.Role != Look {
		t.Errorf("the guest is %+v", before)
	}
	if c := open("token", token, guest).Cookies(); len(c) != 1 {
		t.Error("the token does not open to who has come by a link")
	}
	if !over(before) {
		t.Error("the session that was replaced goes on")
	}
	if n := len(d.Sessions()); n != 2 {
		t.Errorf("there are %d sessions, want 2", n)
	}
}

func TestLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &memory{}
		d := newDoor(t, Options{Token: token, Links: kept})
		owner, steerer := Person{Role: Manage}, Person{Role: Steer, Name: "山田\u3000太郎"}
		now := time.Now()
		for name, test := range map[string]struct {
			by    Person
			role  Role
			note  string
			until time.Duration
			field string
		}{
			"as much as oneself":   {steerer, Steer, "", time.Hour, "role"},
			"more than oneself":    {Person{Role: Look}, Steer, "", time.Hour, "role"},
			"to manage":            {owner, Manage, "", time.Hour, "role"},
			"nothing":              {owner, Nobody, "", time.Hour, "role"},
			"of the past":          {owner, Look, "", -time.Second, "until"},
			"for ever":             {owner, Look, "", 400 * 24 * time.Hour, "until"},
			"a long note":          {owner, Look, strings.Repeat("ü", MaxNote+1), time.Hour, "note"},
			"a note that is none":  {owner, Look, "a\x1b[31mb", time.Hour, "note"},
			"a note that is bytes": {owner, Look, "a\xff", time.Hour, "note"},
			"that of the owner":    {owner, Look, "The  Owner", time.Hour, "note"},
		} {
			_, secret, err := d.NewLink(test.by, test.role, test.note, now.Add(test.until))
			var no *LinkError
			if !errors.As(err, &no) || no.Field != test.field || secret != "" {
				t.Errorf("%s: %q, %v", name, secret, err)
			}
		}
		if n := len(d.Links()); n != 0 {
			t.Fatalf("%d links were made", n)
		}
		wall, wallSecret, err := d.NewLink(owner, Look, " the  wall ", now.Add(time.Hour))
		if err != nil || wall.Note != "the wall" || wall.By != "the owner" {
			t.Fatalf("%+v, %v", wall, err)
		}
		_, longSecret, _ := d.NewLink(steerer, Look, "", now.Add(100*24*time.Hour))
		if strings.Contains(string(kept.b), wallSecret) || strings.Contains(string(kept.b), longSecret) {
			t.Error("the secret of a link is kept")
		}
		p, _ := who(d, sign(t, d, request("/?link="+wallSecret)))
		if p.Role != Look || p.Name != "the wall" {
			t.Errorf("who came by the link is %+v", p)
		}
		// A later webmon knows the links, and no session.
		later := newDoor(t, Options{Token: token, Links: kept})
		if p, _ := who(later, sign(t, later, request("/?link="+longSecret))); p.Role != Look || p.Name != "a guest" {
			t.Errorf("after a restart who comes by a link is %+v", p)
		}
		if links := later.Links(); len(links) != 2 || links[0].Until.IsZero() || links[0].By == "" {
			t.Errorf("after a restart the links are %+v", links)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if !over(p) {
			t.Error("the session outlives its link")
		}
		if _, _, err := d.Admit(httptest.NewRecorder(), request("/?link="+wallSecret)); err == nil {
			t.Error("a link that has expired opens")
		}
		if n := len(d.Links()); n != 1 {
			t.Errorf("%d links are listed, want 1", n)
		}
		p, _ = who(d, sign(t, d, request("/?link="+longSecret)))
		if found, err := d.RevokeLink(d.Links()[0].ID); !found || err != nil {
			t.Errorf("revoking: %v %v", found, err)
		}
		if !over(p) {
			t.Error("the session outlives the link that was revoked")
		}
		if last := newDoor(t, Options{Token: token, Links: kept}); len(last.Links()) != 0 {
			t.Errorf("a revoked link comes back with a restart: %+v", last.Links())
		}
		for range MaxLinks {
			if _, _, err := d.NewLink(owner, Look, "", now.Add(2*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := d.NewLink(owner, Look, "", now.Add(2*time.Hour)); err == nil {
			t.Error("there is no end of links")
		}
		if len(kept.b) > maxKept {
			t.Errorf("%d bytes are kept, which is more than is read", len(kept.b))
		}
		// A link that cannot be kept is good for this run.
		full := &memory{fail: errors.New("the disk is full")}
		d = newDoor(t, Options{Token: token, Links: full})
		if _, secret, err := d.NewLink(owner, Look, "", time.Now().Add(time.Hour)); secret == "" || err == nil {
			t.Errorf("on a full disk: %q, %v", secret, err)
		}
	})
}

func TestANewTokenEndsEverything(t *testing.T) {
	kept := &memory{}
	d := newDoor(t, Options{Token: token, Links: kept, OwnHost: true})
	_, link, _ := d.NewLink(Person{Role: Manage}, Steer, "", time.Now().Add(time.Hour))
	var all []Person
	for _, target := range []string{"/?token=" + token, "/?link=" + link} {
		p, _ := who(d, sign(t, d, request(target)))
		all = append(all, p)
	}
	for _, secret := range []string{token, link} {
		p, _, err := d.Admit(httptest.NewRecorder(), request("/", "Authorization", "Bearer "+secret))
		if err != nil || p.Role < Steer {
			t.Fatalf("a program with %s is %+v, %v", secret, p, err)
		}
		all = append(all, p)
	}
	next := strings.Repeat("8", 40)
	host := d.host
	if err := d.Rotate(next); err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if !over(p) {
			t.Errorf("%+v goes on", p)
		}
	}
	for _, secret := range []string{token, link} {
		if _, _, err := d.Admit(httptest.NewRecorder(), request("/", "Authorization", "Bearer "+secret)); err == nil {
			t.Errorf("%s still opens", secret)
		}
	}
	if p, _, _ := d.Admit(httptest.NewRecorder(), request("/", "Authorization", "Bearer "+next)); p.Role != Manage {
		t.Error("the new token does not open")
	}
	if d.host == host || d.host == "" {
		t.Errorf("the host name is %q as before", d.host)
	}
	var left keptLinks
	if err := json.Unmarshal(kept.b, &left); err != nil || len(left.Links) != 0 {
		t.Errorf("links are kept: %s", kept.b)
	}
}

func TestWithoutATokenEverybodyMayEverything(t *testing.T) {
	d := newDoor(t, Options{OwnHost: true})
	for _, r := range []*http.Request{request("/"), request("/?token=x"), request("/", "Authorization", "Bearer x"), request("/", "Cookie", "webmon_5050=x")} {
		if p, answered, err := d.Admit(httptest.NewRecorder(), r); p.Role != Manage || answered || err != nil {
			t.Errorf("%s: %+v %v %v", r.URL, p, answered, err)
		}
	}
}

// lab is a keeper of people by their own secrets, with a path of its own.
type lab struct {
	gone chan struct{}
	door *Door
}

func (l *lab) Know(r *http.Request) (Person, bool, error) {
	switch r.Header.Get("Authorization") {
	case "Bearer ada":
		return Person{Name: "Ada", Role: Steer, Gone: l.gone}, true, nil
	case "Bearer bob":
		return Person{}, false, Wrong("Bob has left.")
	}
	if name := r.Header.Get("X-Lab-User"); name != "" {
		return Person{Name: name, Role: Look}, true, nil
	}
	return Person{}, false, nil
}

func (l *lab) Routes(d *Door) map[string]http.HandlerFunc {
	l.door = d
	return map[string]http.HandlerFunc{"GET /lab/in": func(w http.ResponseWriter, r *http.Request) {
		d.Begin(w, r, Person{Name: "Cy", Role: Look})
		d.Lead(w, r, r.URL.Query().Get("next"))
	}}
}

func (l *lab) Ways() []Way { return []Way{{"Sign in", "/lab/in"}} }

func TestKeepers(t *testing.T) {
	l := &lab{gone: make(chan struct{})}
	d := newDoor(t, Options{Token: token, Keepers: []Keeper{l}})
	for _, test := range []struct {
		r    *http.Request
		name string
		role Role
	}{
		{request("/", "Authorization", "Bearer "+token), "", Manage},
		{request("/", "Authorization", "Bearer ada"), "Ada", Steer},
		{request("/", "Authorization", "Bearer bob"), "", Nobody},
		{request("/", "Authorization", "Bearer eve"), "", Nobody},
		{request("/", "X-Lab-User", "Dan"), "Dan", Look},
		{request("/"), "", Nobody},
	} {
		p, _, _ := d.Admit(httptest.NewRecorder(), test.r)
		if p.Name != test.name || p.Role != test.role {
			t.Errorf("%v: %+v", test.r.Header, p)
		}
	}
	cookie := sign(t, d, request("/?token=ada"))
	p, _ := who(d, cookie)
	if p.Name != "Ada" || p.Role != Steer || p.Session == "" {
		t.Errorf("with a secret of her own Ada is %+v", p)
	}
	close(l.gone) // she is taken out of the list
	<-p.Gone
	if p, err := who(d, cookie); p.Role != Nobody || err == nil {
		t.Errorf("then she is %+v, %v", p, err)
	}
	w := httptest.NewRecorder()
	d.Routes()["GET /lab/in"](w, request("/lab/in?next=//evil.example/", "Sec-Fetch-Site", "cross-site"))
	resp := w.Result()
	if refresh := resp.Header.Get("Refresh"); resp.StatusCode != 200 || refresh != "0; url=/evil.example/" || len(resp.Cookies()) != 1 {
		t.Errorf("back from the identity provider: %d %q %v", resp.StatusCode, refresh, resp.Cookies())
	}
	if n := d.EndSessions("", func(i SessionInfo) bool { return i.Name == "Cy" }); n != 1 {
		t.Errorf("%d sessions of Cy have ended", n)
	}
}

// The header that a browser has at each address.
var chrome = []string{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
	"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "none"}

func TestABrowserIsLedToAHostOfItsOwn(t *testing.T) {
	own := HostName(token)
	if !strings.HasPrefix(own, "webmon-") || len(own) != len("webmon-12345678.localhost") {
		t.Fatalf("the host name is %q", own)
	}
	firefox := append([]string{}, chrome...)
	firefox[1] = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
	with := func(header []string, more ...string) []string { return append(append([]string{}, header...), more...) }
	for name, test := range map[string]struct {
		opts   Options
		host   string
		header []string
		led    bool
	}{
		"Chromium":          {Options{OwnHost: true}, "127.0.0.1:5050", chrome, true},
		"Firefox":           {Options{OwnHost: true}, "localhost:5050", firefox, true},
		"IPv6":              {Options{OwnHost: true}, "[::1]:5050", chrome, true},
		"a tunnel":          {Options{OwnHost: true}, "127.0.0.1:6060", chrome, true},
		"Safari":            {Options{OwnHost: true}, "127.0.0.1:5050", with(chrome, "User-Agent", "Mozilla/5.0 (Macintosh) Version/18.0 Safari/605.1.15"), false},
		"a program":         {Options{OwnHost: true}, "127.0.0.1:5050", nil, false},
		"a frame":           {Options{OwnHost: true}, "127.0.0.1:5050", with(chrome, "Sec-Fetch-Dest", "iframe"), false},
		"by a proxy":        {Options{OwnHost: true}, "127.0.0.1:5050", with(chrome, "X-Forwarded-For", "10.0.0.1"), false},
		"by another proxy":  {Options{OwnHost: true}, "127.0.0.1:5050", with(chrome, "Forwarded", "for=10.0.0.1"), false},
		"over the network":  {Options{OwnHost: true}, "192.168.1.9:5050", chrome, false},
		"by a name":         {Options{OwnHost: true}, "scope.lab:5050", chrome, false},
		"a name of its own": {Options{OwnHost: true}, "mine.localhost:5050", chrome, false},
		"is there already":  {Options{OwnHost: true}, own + ":5050", chrome, false},
		"not on loopback":   {Options{}, "127.0.0.1:5050", chrome, false},
	} {
		test.opts.Token = token
		d := newDoor(t, test.opts)
		_, link, _ := d.NewLink(Person{Role: Manage}, Look, "", time.Now().Add(time.Hour))
		for field, secret := range map[string]string{"token": token, "link": link} {
			r := request("/viewer?source=a&"+field+"="+secret, test.header...)
			r.Host = test.host
			w := httptest.NewRecorder()
			if _, answered, err := d.Admit(w, r); !answered || err != nil {
				t.Fatalf("%s: %v %v", name, answered, err)
			}
			to, _ := url.Parse(w.Header().Get("Location"))
			if !test.led {
				if to.Host != "" || len(w.Result().Cookies()) != 1 {
					t.Errorf("%s: led to %s", name, to)
				}
				continue
			}
			_, port, _ := strings.Cut(strings.ReplaceAll(test.host, "::1", ""), ":")
			if w.Code != 303 || to.Host != own+":"+port || to.Path != "/viewer" || to.Query().Get("source") != "a" {
				t.Fatalf("%s: %d %s", name, w.Code, to)
			}
			if len(w.Result().Cookies()) != 0 || strings.Contains(to.String(), secret) {
				t.Errorf("%s: %s holds the secret, or a cookie is set before: %v", name, to, w.Result().Cookies())
			}
			there := request(to.RequestURI(), test.header...)
			there.Host = to.Host
			p, _ := who(d, sign(t, d, there))
			if want := map[string]Role{"token": Manage, "link": Look}[field]; p.Role != want {
				t.Errorf("%s: there the browser is %+v", name, p)
			}
			if _, answered, err := d.Admit(httptest.NewRecorder(), there); answered || err == nil {
				t.Errorf("%s: the address is good twice", name)
			}
		}
	}
}

// A browser sends no cookie with a navigation that began on another site, so that the
// session would seem not to be there.
func TestASecretThatIsOpenedFromAnotherSite(t *testing.T) {
	d := newDoor(t, Options{Token: token})
	header := append(append([]string{}, chrome...), "Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	d.Admit(w, request("/viewer?token="+token, header...))
	refresh := w.Header().Get("Refresh")
	to, ok := strings.CutPrefix(refresh, "0; url=")
	if w.Code != 200 || !ok || !strings.HasPrefix(to, "/viewer?ticket=") || len(w.Result().Cookies()) != 0 || strings.Contains(w.Body.String(), token) {
		t.Fatalf("%d %q %v", w.Code, refresh, w.Result().Cookies())
	}
	// The page of this server leads on, as one of its own.
	cookie := sign(t, d, request(to, append(header, "Sec-Fetch-Site", "same-origin")...))
	if p, _ := who(d, cookie); p.Role != Manage {
		t.Errorf("then the browser is %+v", p)
	}
	// A browser that always says so is not led in a circle.
	to = "/viewer?token=" + token
	for range maxHops + 1 {
		w := httptest.NewRecorder()
		d.Admit(w, request(to, header...))
		if len(w.Result().Cookies()) == 1 {
			return
		}
		to, _ = strings.CutPrefix(w.Header().Get("Refresh"), "0; url=")
	}
	t.Error("it is led on for ever")
}

func TestWhereARequestComesFrom(t *testing.T) {
	for name, test := range map[string]struct {
		header         []string
		changes, reads bool // allowed
	}{
		"a program":                        {nil, true, true},
		"a page of ours":                   {[]string{"Sec-Fetch-Site", "same-origin", "Origin", "http://here:5050"}, true, true},
		"behind a proxy that changes Host": {[]string{"Sec-Fetch-Site", "same-origin", "Origin", "https://lab.example"}, true, true},
		"typed":                            {[]string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"}, true, true},
		"another port":                     {[]string{"Sec-Fetch-Site", "same-site", "Origin", "http://here:8888"}, false, false},
		"another port, older browser":      {[]string{"Origin", "http://here:8888"}, false, false},
		"another site":                     {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, false, false},
		"what is not known":                {[]string{"Sec-Fetch-Site", "next-door"}, false, false},
		"an empty header":                  {[]string{"Sec-Fetch-Site", ""}, false, false},
		"a link on another site":           {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, false, true},
		"a frame on another site":          {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, false, false},
		"a sandbox":                        {[]string{"Origin", "null"}, false, false},
		"ours, older browser":              {[]string{"Origin", "http://HERE:5050"}, true, true},
		"ours, a proxy says":               {[]string{"Origin", "https://lab.example", "X-Forwarded-Host", "lab.example"}, true, true},
		"not the one that a proxy says":    {[]string{"Origin", "https://evil.example", "X-Forwarded-Host", "lab.example"}, false, false},
		"a name that begins alike":         {[]string{"Origin", "http://here:5050.evil.example"}, false, false},
		"no origin":                        {[]string{"Origin", "here:5050"}, false, false},
	} {
		r := httptest.NewRequest("POST", "http://here:5050/stop", nil)
		for i := 0; i < len(test.header); i += 2 {
			r.Header[test.header[i]] = []string{test.header[i+1]}
		}
		if err := Changes(r); (err == nil) != test.changes {
			t.Errorf("%s changes something: %v", name, err)
		}
		r.Method = "GET"
		if err := Reads(r); (err == nil) != test.reads {
			t.Errorf("%s reads: %v", name, err)
		}
	}
	two := httptest.NewRequest("POST", "/", nil)
	two.Header["Sec-Fetch-Site"] = []string{"same-origin", "cross-site"}
	if Changes(two) == nil {
		t.Error("a second header is overlooked")
	}
}

// inside lists what browsers would take for another place, and where it must lead.
var inside = [][2]string{
	{"/viewer?source=a&token=x", "/viewer?source=a"},
	{"/", "/"},
	{"", "/"},
	{"//elsewhere/", "/elsewhere/"},
	{"///elsewhere", "/elsewhere"},
	{`/\elsewhere`, "/elsewhere"},
	{`\\elsewhere`, "/"},
	{"/%2Felsewhere", "/elsewhere"},
	{"/%2f%2felsewhere/", "/elsewhere/"},
	{"/%5Celsewhere", "/elsewhere"},
	{"/%5c%2F/elsewhere", "/elsewhere"},
	{"/\t/elsewhere", "/"},
	{"/\n/elsewhere", "/"},
	{"/%09/elsewhere", "/"},
	{"/%00", "/"},
	{"/./elsewhere", "/elsewhere"},
	{"/..//elsewhere", "/elsewhere"},
	{"/a/../..//elsewhere", "/elsewhere"},
	{"/%2e%2e/%2E/elsewhere", "/elsewhere"},
	{"/.//elsewhere", "/elsewhere"},
	{"/%5C../elsewhere", "/elsewhere"},
	{"/%5C%2e", "/"},
	{"https://elsewhere/", "/"},
	{"javascript:alert(1)", "/"},
	{"elsewhere", "/"},
	{"?source=a", "/"},
	{"/%zz", "/"},
	{"/models/a%2Fb", "/models/a%2Fb"},
	{"/models/%E2%82%AC%20x?full=1", "/models/%E2%82%AC%20x?full=1"},
	{"/viewer?a=1#//elsewhere", "/viewer?a=1"},
	{"/viewer?link=x&ticket=y", "/viewer"},
	{"/viewer?%74oken=x", "/viewer"},
	{"/viewer?a=%zz", "/viewer"},
	{"/" + strings.Repeat("a", maxTarget), "/"},
}

func TestEveryRedirectStaysInside(t *testing.T) {
	for _, test := range inside {
		for _, prefix := range []string{"", "/lab/webmon"} {
			got := Inside(prefix, test[0])
			if want := prefix + test[1]; got != want {
				t.Errorf("Inside(%q, %.60q) = %q, want %q", prefix, test[0], got, want)
			}
			checkInside(t, prefix, got)
		}
	}
}

// checkInside resolves an address as a browser does.
func checkInside(t *testing.T, prefix, got string) {
	t.Helper()
	base, _ := url.Parse("http://here:5050/lab/page")
	u, err := base.Parse(strings.ReplaceAll(got, `\`, "/"))
	if err != nil || u.Host != "here:5050" || u.Scheme != "http" {
		t.Errorf("%q leads to %v (%v)", got, u, err)
		return
	}
	if !strings.HasPrefix(got, prefix+"/") || strings.HasPrefix(got, prefix+"//") || strings.ContainsFunc(got, control) {
		t.Errorf("%q is not inside of %q", got, prefix)
	}
	if clean := path.Clean(u.Path); !strings.HasPrefix(clean+"/", prefix+"/") {
		t.Errorf("%q leads above %q, to %q", got, prefix, clean)
	}
	for _, secret := range []string{tokenField, linkField, ticketField} {
		if u.Query().Has(secret) {
			t.Errorf("%q holds a secret", got)
		}
	}
}

func FuzzInside(f *testing.F) {
	for _, test := range inside {
		f.Add(test[0])
	}
	f.Fuzz(func(t *testing.T, target string) {
		for _, prefix := range []string{"", "/lab"} {
			got := Inside(prefix, target)
			checkInside(t, prefix, got)
			if again := Inside(prefix, Within(prefix, got)); again != got && len(got) <= maxTarget {
				t.Errorf("Inside(%q) = %q, and of that %q", target, got, again)
			}
		}
	})
}

func FuzzReadLinks(f *testing.F) {
	now := time.Unix(1_900_000_000, 0)
	f.Add([]byte(`{"links": [{"id": "a1", "sha256": "` + strings.Repeat("ab", 32) + `", "role": "look", "note": "n", "by": "b", "made": 1, "until": 1900000001}]}`))
	f.Add([]byte(`{"links": [{"id": "a1", "sha256": "ab", "role": "manage", "until": 99999999999}]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		links, _ := readLinks(b, now)
		ids := map[string]bool{}
		for _, l := range links {
			if l.Role != Look && l.Role != Steer || !l.Until.After(now) || l.Until.Sub(now) > LinkLastsAt || !validNote(l.Note) || ids[l.ID] || l.ID == "" {
				t.Errorf("read %+v", l)
			}
			ids[l.ID] = true
		}
		if len(links) > MaxLinks {
			t.Errorf("read %d links", len(links))
		}
	})
}

// A request may hold any cookies and any address: it opens nothing without a secret,
// and its answer leads nowhere else.
func FuzzAdmit(f *testing.F) {
	f.Add("/viewer?token=x", "webmon_5050=x; webmon_5050=y", "Mozilla/5.0 Chrome/1", "127.0.0.1:5050")
	f.Add("//elsewhere/?token="+token, "", "", "here")
	f.Add("/?ticket=x&link=y", "webmon_5050="+token, "curl", "[::1]")
	f.Fuzz(func(t *testing.T, target, cookie, agent, host string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || u.Host != "" || u.Scheme != "" {
			return
		}
		d, err := New(Options{Token: token, Port: 5050, OwnHost: true, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		r := httptest.NewRequest("GET", "/", nil)
		r.URL, r.Host = u, host
		r.Header = http.Header{"Cookie": {cookie}, "User-Agent": {agent}, "Accept": {"text/html"}, "Sec-Fetch-Mode": {"navigate"}}
		w := httptest.NewRecorder()
		p, answered, _ := d.Admit(w, r)
		right := false
		if query, _ := url.ParseQuery(u.RawQuery); len(query[tokenField]) > 0 {
			right = query[tokenField][0] == token && query.Get(ticketField) == ""
		}
		if !right && (p.Role != Nobody || answered) {
			t.Errorf("%q opens: %+v %v", target, p, answered)
		}
		if answered {
			to := w.Header().Get("Location")
			if to == "" {
				to, _ = strings.CutPrefix(w.Header().Get("Refresh"), "0; url=")
			}
			led, err := url.Parse(to)
			if err != nil || led.Host != "" && led.Hostname() != HostName(token) {
				t.Errorf("%q leads to %q", target, to)
			}
			if led.Host == "" {
				checkInside(t, "", to)
			}
		}
		Agent(agent)
	})
}

func TestAgent(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0": "Firefox on Linux",
		chrome[1]: "Chrome on Linux",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36":           "Chromium on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140": "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":   "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1":     "Safari on iOS",
		"curl/8.5.0":      "curl",
		"":                "an unnamed program",
		"\x1b[31m\u202e/": "[31m",
	} {
		if got := Agent(agent); got != want {
			t.Errorf("Agent(%q) = %q, want %q", agent, got, want)
		}
	}
}

func TestFromWhere(t *testing.T) {
	for _, test := range []struct{ remote, forwarded, want string }{
		{"192.168.1.9:4000", "", "192.168.1.9"},
		{"[fe80::1%eth0]:4000", "", "fe80::1"},
		{"127.0.0.1:4000", "10.0.0.1, 10.0.0.2", "10.0.0.2 by a proxy"},
		{"192.168.1.9:4000", "10.0.0.1", "192.168.1.9"},
		{"127.0.0.1:4000", "<script>", "127.0.0.1"},
		{"@", "", ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = test.remote
		if test.forwarded != "" {
			r.Header.Set("X-Forwarded-For", test.forwarded)
		}
		if got := from(r); got != test.want {
			t.Errorf("from %s, %s: %q, want %q", test.remote, test.forwarded, got, test.want)
		}
	}
}

func TestRoleWords(t *testing.T) {
	for _, role := range []Role{Look, Steer, Manage} {
		if got, ok := ParseRole(role.String()); !ok || got != role {
			t.Errorf("ParseRole(%q) = %v, %v", role, got, ok)
		}
	}
	for _, word := range []string{"", "nobody", "Look", "admin"} {
		if _, ok := ParseRole(word); ok {
			t.Errorf("%q is a role", word)
		}
	}
}
