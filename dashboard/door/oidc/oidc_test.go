package oidc_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"webmon/dashboard/door"
	"webmon/dashboard/door/oidc"
	"webmon/dashboard/door/oidc/oidctest"
	"webmon/dashboard/prefix"
)

// site is a webmon that signs people in at the provider, below the prefix /lab.
type site struct {
	*httptest.Server
	opts oidc.Options
	log  *bytes.Buffer
}

func rules(t *testing.T, list ...string) []oidc.Rule {
	t.Helper()
	var out []oidc.Rule
	for _, s := range list {
		rule, err := oidc.ParseRule(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, rule)
	}
	return out
}

func newSite(t *testing.T, p *oidctest.Provider, change func(*oidc.Options)) *site {
	t.Helper()
	s := &site{log: &bytes.Buffer{}}
	s.opts = oidc.Options{
		Issuer: p.URL, ClientID: "webmon", ClientSecret: "a+b/c", Rules: rules(t, "steer=email:ada@lab.org"),
		Prefix: "/lab", Logger: slog.New(slog.NewTextHandler(s.log, nil)),
	}
	if change != nil {
		change(&s.opts)
	}
	in, err := oidc.New(s.opts)
	if err != nil {
		t.Fatal(err)
	}
	d, err := door.New(door.Options{
		Token: "the-token-of-webmon", Prefix: prefix.Of("/lab"), Keepers: []door.Keeper{in}, Logger: slog.New(slog.DiscardHandler),
		Fail: func(w http.ResponseWriter, _ *http.Request, status int, text string) {
			w.WriteHeader(status)
			io.WriteString(w, text)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for route, handler := range d.Routes() {
		mux.HandleFunc(route, handler)
	}
	// Every other page says who asks for it.
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		person, answered, err := d.Admit(w, r)
		if !answered {
			fmt.Fprintf(w, "%s, %v at %s", person.Name, person.Role, r.URL)
		}
		if err != nil {
			fmt.Fprint(w, ": ", err)
		}
	})
	s.Server = httptest.NewServer(http.StripPrefix("/lab", mux))
	t.Cleanup(func() {
		s.Close()
		d.Close()
	})
	return s
}

// jar keeps the cookies of a browser, also of paths.
type jar map[string]*http.Cookie

func (j jar) SetCookies(_ *url.URL, cookies []*http.Cookie) {
	for _, c := range cookies {
		j[c.Name] = c
		if c.MaxAge < 0 {
			delete(j, c.Name)
		}
	}
}

func (j jar) Cookies(u *url.URL) []*http.Cookie {
	var out []*http.Cookie
	for _, c := range j {
		if strings.HasPrefix(u.Path, c.Path) && (!c.Secure || u.Scheme == "https") {
			out = append(out, &http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	return out
}

// signIn signs in with a new browser, and returns what it is told, with the status. The
// log says why something was refused.
func (s *site) signIn(t *testing.T, j jar) (int, string) {
	t.Helper()
	if j == nil {
		j = jar{}
	}
	return get(t, &http.Client{Jar: j}, s.URL+"/lab/login/oidc?next="+url.QueryEscape("/layers?a=b"))
}

// get gets a page, and follows it to where it leads.
func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if to, leads := strings.CutPrefix(resp.Header.Get("Refresh"), "0; url="); leads {
		next, err := resp.Request.URL.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		return get(t, client, next.String())
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, b.String()
}

func TestSignIn(t *testing.T) {
	p := oidctest.New(t)
	p.Form = func(form url.Values, secret string) int {
		if secret != url.QueryEscape("a+b/c") || form.Has("client_secret") {
			t.Errorf("the secret is sent as %q, %v", secret, form)
		}
		return 0
	}
	s := newSite(t, p, nil)
	j := jar{}
	if status, got := s.signIn(t, j); status != 200 || got != "ada@lab.org, steer at /layers?a=b" {
		t.Errorf("got %d %q", status, got)
	}
	if len(j) != 1 {
		t.Errorf("the browser keeps %v, want its session alone", j)
	}
	if status, got := get(t, &http.Client{Jar: j}, s.URL+"/lab/viewer"); status != 200 || got != "ada@lab.org, steer at /viewer" {
		t.Errorf("afterwards: %d %q", status, got)
	}
	if status, got := get(t, http.DefaultClient, s.URL+"/lab/viewer"); got != ", nobody at /viewer" {
		t.Errorf("another browser: %d %q", status, got)
	}
	// A code is good once, and so is what the browser kept.
	if status, got := get(t, &http.Client{Jar: j}, s.URL+"/lab/login/oidc/callback?code=x&state=y"); status != 400 {
		t.Errorf("a second time: %d %q", status, got)
	}
}

func TestTheSecretInTheForm(t *testing.T) {
	for _, test := range []struct {
		secret  string
		methods []string
	}{{"s3cret", []string{"client_secret_post"}}, {"", nil}, {"", []string{"none"}}} {
		p := oidctest.New(t)
		p.Methods = test.methods
		p.Form = func(form url.Values, basic string) int {
			if basic != "" || form.Get("client_secret") != test.secret || form.Get("client_id") != "webmon" {
				t.Errorf("%+v: sent %q and %v", test, basic, form)
			}
			return 0
		}
		s := newSite(t, p, func(o *oidc.Options) { o.ClientSecret = test.secret })
		if status, got := s.signIn(t, nil); status != 200 {
			t.Errorf("%+v: %d %q", test, status, got)
		}
	}
}

// TestFalseTokens has a provider, or somebody in its place, that says what it must not.
func TestFalseTokens(t *testing.T) {
	hmac := func(claims oidctest.Object) string {
		return oidctest.Signed("HS256", claims, func(b []byte) []byte { s := sha256.Sum256(b); return s[:] })
	}
	for _, test := range []struct {
		name  string
		set   oidctest.Object
		token func(oidctest.Object) string
		want  string // of the cause
	}{
		{"the nonce of another", oidctest.Object{"nonce": "x"}, nil, "nonce"},
		{"no nonce", oidctest.Object{"nonce": nil}, nil, "nonce"},
		{"for another client", oidctest.Object{"aud": "other"}, nil, "audience"},
		{"given to another client", oidctest.Object{"aud": []string{"webmon", "other"}, "azp": "other"}, nil, "another client"},
		{"from elsewhere", oidctest.Object{"iss": "https://evil.example"}, nil, "issued by"},
		{"expired", oidctest.Object{"exp": time.Now().Add(-time.Minute).Unix()}, nil, "expired"},
		{"without an end", oidctest.Object{"exp": nil}, nil, "expired"},
		{"not good yet", oidctest.Object{"nbf": time.Now().Add(time.Hour).Unix()}, nil, "nbf"},
		{"unsigned", nil, func(c oidctest.Object) string { return oidctest.Signed("none", c, func([]byte) []byte { return nil }) }, "signature"},
		{"signed with a hash", nil, hmac, "signature"},
		{"signed with another key", nil, func(c oidctest.Object) string {
			other, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				panic(err)
			}
			return oidctest.Signed("RS256", c, func(b []byte) []byte { return oidctest.RSA(other, b) })
		}, "signature"},
		{"changed on the way", nil, func(c oidctest.Object) string {
			parts := strings.Split(oidctest.Signed("RS256", c, oidctest.RS256), ".")
			c["email"] = "eve@lab.org"
			body, _ := json.Marshal(c)
			return parts[0] + "." + base64.RawURLEncoding.EncodeToString(body) + "." + parts[2]
		}, "signature"},
		{"none at all", nil, func(oidctest.Object) string { return "" }, "no ID token"},
		{"no token", nil, func(oidctest.Object) string { return "a.b" }, "ID token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := oidctest.New(t)
			p.Token = test.token
			for name, v := range test.set {
				p.Claims[name] = v
			}
			s := newSite(t, p, func(o *oidc.Options) { o.Rules = rules(t, "manage=*") })
			j := jar{}
			status, got := s.signIn(t, j)
			if status != 403 || !strings.HasPrefix(got, "The identity provider did not confirm who you are") || !strings.Contains(s.log.String(), test.want) || len(j) != 0 {
				t.Errorf("got %d %q and %v, want a refusal because of %q: %s", status, got, j, test.want, s.log)
			}
		})
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	lab := rules(t, "look=group:students", "steer=group:lab", "manage=email:ada@lab.org", "steer=email:@physics.lab.org", "look=realm_access.roles:viewer", "look=https://lab.org/role:urn:x")
	const nobody, unnamed = "403 You are signed in as", "403 The identity provider does not say that your e-mail address is verified"
	for _, test := range []struct {
		name   string
		claims oidctest.Object
		info   oidctest.Object
		want   string
	}{
		{"by address", nil, nil, "200 ada@lab.org, manage at "},
		{"in other letters", oidctest.Object{"email": "Ada@Lab.org"}, nil, "200 Ada@Lab.org, manage"},
		{"verified as a text", oidctest.Object{"email_verified": "true"}, nil, "200 ada@lab.org, manage at "},
		{"not verified", oidctest.Object{"email_verified": false}, nil, unnamed},
		{"not said to be verified", oidctest.Object{"email_verified": nil}, nil, unnamed},
		{"verified as something else", oidctest.Object{"email_verified": 1}, nil, unnamed},
		{"no address", oidctest.Object{"email": nil}, nil, unnamed},
		{"another address", oidctest.Object{"email": "bob@lab.org"}, nil, nobody},
		{"an address that looks the same", oidctest.Object{"email": "ada@lab.or\u0262"}, nil, nobody},
		{"of the domain", oidctest.Object{"email": "bob@physics.lab.org"}, nil, "200 bob@physics.lab.org, steer"},
		{"of a domain that ends the same", oidctest.Object{"email": "bob@astrophysics.lab.org"}, nil, nobody},
		{"of a domain below", oidctest.Object{"email": "bob@x.physics.lab.org"}, nil, nobody},
		{"by one of the groups", oidctest.Object{"email": "bob@x.org", "groups": []any{"all", 7, "students"}}, nil, "200 bob@x.org, look"},
		{"by the greater of two", oidctest.Object{"email": "bob@x.org", "groups": []string{"students", "lab"}}, nil, "200 bob@x.org, steer"},
		{"by the group as a text", oidctest.Object{"email": "bob@x.org", "groups": "lab"}, nil, "200 bob@x.org, steer"},
		{"a group that begins the same", oidctest.Object{"email": "bob@x.org", "groups": []string{"lab2", "LAB", " lab"}}, nil, nobody},
		{"a role inside", oidctest.Object{"email": "bob@x.org", "realm_access": oidctest.Object{"roles": []string{"viewer"}}}, nil, "200 bob@x.org, look"},
		{"a claim with an address as its name", oidctest.Object{"email": "bob@x.org", "https://lab.org/role:urn": "x"}, nil, "200 bob@x.org, look"},
		{"groups that the other endpoint tells", oidctest.Object{"email": "bob@x.org"}, oidctest.Object{"sub": "1", "groups": []string{"lab"}}, "200 bob@x.org, steer"},
		{"all that the other endpoint tells", oidctest.Object{"email": nil, "email_verified": nil}, oidctest.Object{"sub": "1", "email": "ada@lab.org", "email_verified": true}, "200 ada@lab.org, manage at "},
		{"verified at the other endpoint", oidctest.Object{"email_verified": nil}, oidctest.Object{"sub": "1", "email": "ada@lab.org", "email_verified": true}, "200 ada@lab.org, manage at "},
		{"another address verified there", oidctest.Object{"email_verified": nil}, oidctest.Object{"sub": "1", "email": "bob@lab.org", "email_verified": true}, unnamed},
		{"denied here, verified there", oidctest.Object{"email_verified": false}, oidctest.Object{"sub": "1", "email": "ada@lab.org", "email_verified": true}, unnamed},
		{"groups here and others there", oidctest.Object{"email": "bob@x.org", "groups": []string{"students"}}, oidctest.Object{"sub": "1", "groups": []string{"lab"}}, "200 bob@x.org, look"},
		{"another person there", oidctest.Object{"email": "bob@x.org"}, oidctest.Object{"sub": "2", "groups": []string{"lab"}}, "403 The identity provider did not confirm"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := oidctest.New(t)
			p.Info = test.info
			for name, v := range test.claims {
				p.Claims[name] = v
			}
			status, got := newSite(t, p, func(o *oidc.Options) { o.Rules = lab }).signIn(t, nil)
			if got := fmt.Sprint(status, " ", got); !strings.HasPrefix(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for _, test := range []struct {
		claim string
		value any
		want  string
	}{
		{"preferred_username", "ada", "200 ada, look at "},
		{"name", " Ada Lovelace ", "200 Ada Lovelace, look at "},
		{"name", nil, "403 The identity provider does not say what you are called: the claim name is missing"},
		{"name", 7, "403 The identity provider does not say what you are called"},
		{"name", "the owner", "403 What the identity provider calls you cannot be shown"},
		{"name", "ad\u202ea", "403 What the identity provider calls you cannot be shown"},
	} {
		p := oidctest.New(t)
		p.Claims = oidctest.Object{test.claim: test.value}
		status, got := newSite(t, p, func(o *oidc.Options) { o.Name, o.Rules = test.claim, rules(t, "look=*") }).signIn(t, nil)
		if got := fmt.Sprint(status, " ", got); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s %v: got %q, want %q", test.claim, test.value, got, test.want)
		}
	}
}

func TestAnotherBrowser(t *testing.T) {
	p := oidctest.New(t)
	s := newSite(t, p, nil)
	// begin signs in up to where the provider leads back.
	begin := func(j jar) (back string) {
		t.Helper()
		client := &http.Client{Jar: j, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			if r.URL.Path == "/lab/login/oidc/callback" {
				back = r.URL.String()
				return http.ErrUseLastResponse
			}
			return nil
		}}
		get(t, client, s.URL+"/lab/login/oidc")
		if back == "" || len(j) != 1 {
			t.Fatalf("led back to %q with %v", back, j)
		}
		return back
	}
	mine, theirs := jar{}, jar{}
	begin(mine)
	back := begin(theirs)
	// Somebody leads my browser to where they have signed in: I would act as them.
	for _, j := range []jar{mine, {}} {
		if status, got := get(t, &http.Client{Jar: j}, back); status != 400 {
			t.Errorf("signed in as somebody else: %d %q", status, got)
		}
	}
	// What they keep is no use to another webmon, or when it was changed.
	other := newSite(t, p, nil)
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	if status, got := get(t, &http.Client{Jar: jar{"": kept(theirs)}}, other.URL+u.RequestURI()); status != 400 {
		t.Errorf("at another webmon: %d %q", status, got)
	}
	changed := *kept(theirs)
	changed.Value = strings.ToUpper(changed.Value)
	if status, got := get(t, &http.Client{Jar: jar{"": &changed}}, back); status != 400 {
		t.Errorf("with a changed cookie: %d %q", status, got)
	}
	if status, got := get(t, &http.Client{Jar: theirs}, back); status != 200 {
		t.Errorf("where it was begun: %d %q", status, got)
	}
}

// kept is the only cookie that a browser keeps.
func kept(j jar) *http.Cookie {
	for _, c := range j {
		return c
	}
	return nil
}

func TestTheProviderRefuses(t *testing.T) {
	for said, want := range map[string]string{
		"access_denied": "The identity provider refused: access_denied.", "call +1 555 now": "The identity provider refused: it gave no reason that can be shown.",
	} {
		p := oidctest.New(t)
		p.Refuses = said
		if status, got := newSite(t, p, nil).signIn(t, nil); status != 403 || got != want {
			t.Errorf("got %d %q, want %q", status, got, want)
		}
	}
}

// What a provider calls itself ends with a slash or does not, and people do not know.
func TestTheSlashOfTheIssuer(t *testing.T) {
	for _, slash := range []string{"", "/"} {
		for _, given := range []string{"", "/"} {
			p := oidctest.New(t)
			p.Slash = slash
			p.Leads = p.URL + slash
			if status, got := newSite(t, p, func(o *oidc.Options) { o.Issuer += given }).signIn(t, nil); status != 200 {
				t.Errorf("it ends with %q, and %q is given: %d %q", slash, given, status, got)
			}
		}
	}
	p := oidctest.New(t)
	p.Slash = "/other"
	if status, got := newSite(t, p, nil).signIn(t, nil); status != 503 {
		t.Errorf("another name: %d %q", status, got)
	}
}

func TestWhoLeadsBack(t *testing.T) {
	p := oidctest.New(t)
	p.Leads = p.URL
	if status, got := newSite(t, p, nil).signIn(t, nil); status != 200 {
		t.Errorf("the provider: %d %q", status, got)
	}
	p.Leads = "https://evil.example"
	if status, got := newSite(t, p, nil).signIn(t, nil); status != 400 {
		t.Errorf("another: %d %q", status, got)
	}
}

func TestTheProviderIsDown(t *testing.T) {
	p := oidctest.New(t)
	p.Down.Store(true)
	s := newSite(t, p, nil)
	for range 2 {
		if status, got := s.signIn(t, nil); status != 503 || !strings.Contains(got, "does not answer") {
			t.Errorf("got %d %q", status, got)
		}
	}
	if n := strings.Count(s.log.String(), "level=WARN"); n != 1 {
		t.Errorf("said %d times: %s", n, s.log)
	}
	p.Down.Store(false)
	if status, got := s.signIn(t, nil); status != 200 {
		t.Errorf("once it answers: %d %q", status, got)
	}
	// It is asked what it is once.
	p.Down.Store(true)
	if status, got := s.signIn(t, nil); status != 502 {
		t.Errorf("led to the provider: %d %q", status, got)
	}
}

// Run asks again by itself, and ends with what it was begun with.
func TestRun(t *testing.T) {
	p := oidctest.New(t)
	in, err := oidc.New(newSite(t, p, nil).opts)
	if err != nil {
		t.Fatal(err)
	}
	in.Run(t.Context()) // returns once the provider has answered
	asked := p.Asked.Load()
	if asked == 0 {
		t.Error("the provider was not asked")
	}
	in.Run(t.Context())
	if p.Asked.Load() != asked {
		t.Error("the provider was asked again although it had answered")
	}
	p.Down.Store(true)
	if in, err = oidc.New(newSite(t, p, nil).opts); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		in.Run(ctx)
	}()
	cancel()
	<-over
}

func TestStart(t *testing.T) {
	p := oidctest.New(t)
	p.Scopes = []string{"openid", "groups"}
	s := newSite(t, p, nil)
	for _, test := range []struct {
		proto, scheme, prefix string
		secure                bool
	}{{"", "http", "webmon_oidc_", false}, {"https", "https", "__Secure-webmon_oidc_", true}} {
		r, err := http.NewRequest("GET", s.URL+"/lab/login/oidc?next="+strings.Repeat("x", 4<<10), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "webmon.lab:5050"
		if test.proto != "" {
			r.Header.Set("X-Forwarded-Proto", test.proto)
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		u, err := resp.Location()
		if err != nil {
			t.Fatal(err)
		}
		if got := u.Query().Get("redirect_uri"); got != test.scheme+"://webmon.lab:5050/lab/login/oidc/callback" {
			t.Errorf("%s: leads back to %q", test.scheme, got)
		}
		if got := u.Query().Get("scope"); got != "openid email profile groups" {
			t.Errorf("asks for %q", got)
		}
		c := resp.Cookies()
		if len(c) != 1 || !strings.HasPrefix(c[0].Name, test.prefix) || c[0].Secure != test.secure || !c[0].HttpOnly ||
			c[0].SameSite != http.SameSiteLaxMode || c[0].Path != "/lab/login/oidc" || len(c[0].Value) > 1024 {
			t.Errorf("%s: the cookies are %v", test.scheme, c)
		}
	}
}

func TestOptions(t *testing.T) {
	good := oidc.Options{Issuer: "https://login.example.org", ClientID: "webmon", Rules: []oidc.Rule{{Role: door.Look}}}
	if _, err := oidc.New(good); err != nil {
		t.Error(err)
	}
	for _, change := range []func(*oidc.Options){
		func(o *oidc.Options) { o.Issuer = "" },
		func(o *oidc.Options) { o.Issuer = "login.example.org" },
		func(o *oidc.Options) { o.Issuer = "http://login.example.org" },
		func(o *oidc.Options) { o.Issuer = "https://a:b@login.example.org" },
		func(o *oidc.Options) { o.Issuer = "file:///etc/passwd" },
		func(o *oidc.Options) { o.ClientID = "" },
		func(o *oidc.Options) { o.Rules = nil },
	} {
		opts := good
		change(&opts)
		if _, err := oidc.New(opts); err == nil {
			t.Errorf("%+v is accepted", opts)
		}
	}
	for _, s := range []string{"", "look", "look=", "look=group", "look=group:", "look=:lab", "admin=group:lab", "nobody=*", "look=https://lab.org", "look=https://lab.org/x:"} {
		if got, err := oidc.ParseRule(s); err == nil {
			t.Errorf("%q is read as %+v", s, got)
		}
	}
	for s, want := range map[string]oidc.Rule{
		"steer=group:lab":             {door.Steer, "groups", "lab"},
		"manage=email:a@b":            {door.Manage, "email", "a@b"},
		"look=*":                      {door.Look, "", ""},
		"look=roles:urn:x:y":          {door.Look, "roles", "urn:x:y"},
		"look=https://lab.org/r:lab":  {door.Look, "https://lab.org/r", "lab"},
		"look=realm_access.roles:lab": {door.Look, "realm_access.roles", "lab"},
	} {
		if got, err := oidc.ParseRule(s); err != nil || got != want {
			t.Errorf("%q is read as %+v, %v; want %+v", s, got, err, want)
		}
	}
}
