// Package oidc signs people in at an OpenID Connect provider, such as Keycloak,
// Authentik, Dex or the one of a university: the code flow, with PKCE, state and
// nonce.
//
//	p, err := oidc.New(oidc.Options{Issuer: issuer, ClientID: id, ClientSecret: secret, Name: "email", Rules: rules})
//	go p.Run(ctx)
//	door.New(door.Options{Keepers: []door.Keeper{p}})
//
// A provider that does not answer is no reason not to serve: it is asked again, by Run
// and whenever somebody wants to sign in.
package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"webmon/dashboard/door"
)

const (
	// attemptLasts is how long somebody may take to sign in at the provider.
	attemptLasts = 10 * time.Minute
	// maxNext bounds the address of the page that was asked for, which goes into a cookie.
	maxNext = 1 << 10
	// maxAnswer bounds what the provider may say at once, in bytes.
	maxAnswer = 1 << 20
	// answerWithin bounds how long the provider may take.
	answerWithin = 10 * time.Second
	// maxFinishing bounds how many people finish signing in at once, each of whom makes
	// webmon ask the provider.
	maxFinishing = 8
	// againFirst and againMost bound the time after which a provider that does not
	// answer is asked again.
	againFirst, againMost = 5 * time.Second, 2 * time.Minute
)

// Options configure a Provider.
type Options struct {
	Issuer       string // its address: https, except on this machine
	ClientID     string
	ClientSecret string // "" for a client without
	Name         string // the claim that is the person's name; "" for email
	Rules        []Rule // who may do what; somebody about whom there is none is refused
	Prefix       string // path under which a proxy serves webmon, "" or like "/lab"
	Logger       *slog.Logger
}

// The paths of the sign-in, without the prefix.
const (
	startPath    = "/login/oidc"
	callbackPath = "/login/oidc/callback"
)

// nextField is the part of an address that holds the page that was asked for.
const nextField = "next"

// Provider is an OpenID Connect provider. Its methods are safe for concurrent use.
type Provider struct {
	opts      Options
	client    *http.Client
	cookie    string // name of the cookie that a browser keeps while somebody signs in
	seal      sealer
	finishing chan struct{}

	mu    sync.Mutex // guards what follows; held while the provider is asked what it is
	found *found
	told  string // why the provider does not answer, as it was logged last
}

// found is what the provider says of itself.
type found struct {
	issuer   string // as it calls itself
	provider *oidc.Provider
	config   oauth2.Config // without the redirect
}

// New checks the options. It does not ask the provider anything.
func New(opts Options) (*Provider, error) {
	u, err := url.Parse(opts.Issuer)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, fmt.Errorf("the issuer %q is not the address of a provider, such as https://login.example.org", opts.Issuer)
	case u.Scheme == "http" && isLoopback(u.Hostname()):
	case u.Scheme != "https":
		return nil, fmt.Errorf("the issuer %q does not begin with https: whoever is on the way could say who people are", opts.Issuer)
	case opts.ClientID == "":
		return nil, errors.New("the provider needs a client id: it gives one when webmon is registered there")
	case len(opts.Rules) == 0:
		return nil, errors.New("nobody has a role: say who has which")
	}
	if opts.Name == "" {
		opts.Name = "email"
	}
	seal, err := newSealer()
	if err != nil {
		return nil, err
	}
	return &Provider{
		opts: opts, seal: seal,
		// Cookies ignore ports. With a name of its own no other webmon takes its place.
		cookie:    "webmon_oidc_" + strings.ToLower(rand.Text()[:8]),
		finishing: make(chan struct{}, maxFinishing),
		client:    &http.Client{Transport: bounded{http.DefaultTransport}, Timeout: answerWithin},
	}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// bounded bounds the answers of a transport.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}

// host is what people see of the provider's address.
func (p *Provider) host() string {
	u, err := url.Parse(p.opts.Issuer)
	if err != nil {
		return p.opts.Issuer
	}
	return u.Host
}

// Run asks the provider what it is until it has answered, or ctx is done.
func (p *Provider) Run(ctx context.Context) {
	for wait := againFirst; ; wait = min(2*wait, againMost) {
		if _, err := p.ask(ctx); err == nil || ctx.Err() != nil {
			return
		}
		again := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			again.Stop()
			return
		case <-again.C:
		}
	}
}

// ask returns what the provider says of itself, and asks it if it has not said so yet.
func (p *Provider) ask(ctx context.Context) (*found, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	ctx = oidc.ClientContext(ctx, p.client)
	issuer := p.opts.Issuer
	provider, err := oidc.NewProvider(ctx, issuer)
	// Some providers call themselves by their address with a slash at its end, some
	// without, and people leave it out or put it in.
	var other *oidc.IssuerMismatchError
	if errors.As(err, &other) && strings.TrimSuffix(other.Discovered, "/") == strings.TrimSuffix(issuer, "/") {
		issuer = other.Discovered
		provider, err = oidc.NewProvider(ctx, issuer)
	}
	if err != nil {
		if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			if p.told != err.Error() {
				p.told = err.Error()
				p.opts.Logger.Warn("the identity provider does not answer; it is asked again", "issuer", p.opts.Issuer, "error", err)
			}
		}
		return nil, err
	}
	var more struct {
		Scopes  []string `json:"scopes_supported"`
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, err
	}
	f := &found{issuer: issuer, provider: provider, config: oauth2.Config{
		ClientID: p.opts.ClientID, ClientSecret: p.opts.ClientSecret,
		Endpoint: provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}}
	// The library would try one way after the other, and a code is good for one try.
	// Without a word of the provider a secret goes into the head.
	f.config.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if p.opts.ClientSecret == "" || len(more.Methods) > 0 && !slices.Contains(more.Methods, "client_secret_basic") {
		f.config.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	// A provider may refuse a scope that it does not know.
	if slices.Contains(more.Scopes, "groups") {
		f.config.Scopes = append(f.config.Scopes, "groups")
	}
	p.found, p.told = f, ""
	p.opts.Logger.Info("the identity provider answers", "issuer", p.opts.Issuer)
	return f, nil
}

// failure says why somebody could not sign in.
type failure struct {
	status int    // of HTTP
	text   string // for people
	cause  error  // for the log; nil if the text says all
}

func (f *failure) Error() string { return f.text }

// Know knows nobody: whoever signs in has a session of the door.
func (p *Provider) Know(*http.Request) (door.Person, bool, error) { return door.Person{}, false, nil }

// Ways is the button that begins the sign-in; see [door.Entrance].
func (p *Provider) Ways() []door.Way {
	return []door.Way{{Title: "Sign in with " + p.host(), Path: startPath}}
}

// Routes are the two addresses of the sign-in; see [door.Entrance].
func (p *Provider) Routes(d *door.Door) map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET " + startPath: func(w http.ResponseWriter, r *http.Request) {
			to, err := p.start(w, r)
			if err != nil {
				p.fail(d, w, r, err)
				return
			}
			http.Redirect(w, r, to, http.StatusSeeOther)
		},
		"GET " + callbackPath: func(w http.ResponseWriter, r *http.Request) {
			person, next, err := p.finish(w, r)
			if err != nil {
				p.fail(d, w, r, err)
				return
			}
			d.Begin(w, r, person)
			d.Lead(w, r, next)
		},
	}
}

func (p *Provider) fail(d *door.Door, w http.ResponseWriter, r *http.Request, err error) {
	status, text := http.StatusInternalServerError, "The sign-in failed; the log of webmon says why."
	var f *failure
	if errors.As(err, &f) {
		status, text, err = f.status, f.text, f.cause
	}
	if err != nil {
		p.opts.Logger.Warn("somebody could not sign in", "reason", text, "error", err)
	}
	d.Fail(w, r, status, text)
}

// start begins to sign somebody in. It returns the address at the provider to lead the
// browser to.
func (p *Provider) start(w http.ResponseWriter, r *http.Request) (string, error) {
	f, err := p.ask(r.Context())
	if err != nil {
		return "", p.down()
	}
	a := attempt{
		State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(),
		Redirect: p.redirect(r), Ends: time.Now().Add(attemptLasts),
	}
	if next := r.URL.Query().Get(nextField); len(next) <= maxNext {
		a.Next = next
	}
	sealed, err := p.seal.seal(a)
	if err != nil {
		return "", err
	}
	p.setCookie(w, r, sealed, int(attemptLasts/time.Second))
	config := f.config
	config.RedirectURL = a.Redirect
	return config.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), nil
}

// setCookie sets the cookie of an attempt. It has to come back with a request that
// another site, the provider, has led to, so it is not strictly of the same site.
func (p *Provider) setCookie(w http.ResponseWriter, r *http.Request, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: p.cookieName(r), Value: value, Path: p.opts.Prefix + startPath, MaxAge: seconds,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: door.Encrypted(r),
	})
}

// cookieName is the name of that cookie. With the prefix a page that comes without
// encryption can neither read nor set it.
func (p *Provider) cookieName(r *http.Request) string {
	if door.Encrypted(r) {
		return door.SecurePrefix + p.cookie
	}
	return p.cookie
}

// redirect is the address that the provider leads back to: the one by which the
// browser knows webmon. Its host has been checked, like that of every request.
func (p *Provider) redirect(r *http.Request) string {
	u := url.URL{Scheme: "http", Host: r.Host, Path: p.opts.Prefix + callbackPath}
	if door.Encrypted(r) {
		u.Scheme = "https"
	}
	return u.String()
}

// finish ends what start has begun, at the address that the provider leads back to. It
// returns who has signed in, and the page that was asked for.
func (p *Provider) finish(w http.ResponseWriter, r *http.Request) (person door.Person, next string, err error) {
	p.setCookie(w, r, "", -1) // an attempt is good for one try
	cookie, err := r.Cookie(p.cookieName(r))
	if err != nil {
		return person, "", again(err)
	}
	a, err := p.seal.open(cookie.Value, time.Now())
	if err != nil {
		return person, "", again(err)
	}
	query := r.URL.Query()
	if !same(query.Get("state"), a.State) {
		return person, "", again(errors.New("the state is that of another attempt"))
	}
	if said := query.Get("error"); said != "" {
		return person, "", &failure{status: http.StatusForbidden, text: "The identity provider refused: " + shown(said) + "."}
	}
	select {
	case p.finishing <- struct{}{}:
		defer func() { <-p.finishing }()
	default:
		return person, "", &failure{status: http.StatusServiceUnavailable, text: "Too many people are signing in at once. Try again in a moment."}
	}
	f, err := p.ask(r.Context())
	if err != nil {
		return person, "", p.down()
	}
	// Some providers say that it is they who lead back (RFC 9207).
	if issuer := query.Get("iss"); issuer != "" && issuer != f.issuer {
		return person, "", again(errors.New("another provider has led back"))
	}
	c, err := p.confirm(r.Context(), f, a, query.Get("code"))
	if err != nil {
		return person, "", &failure{status: http.StatusForbidden, cause: err,
			text: "The identity provider did not confirm who you are; the log of webmon says why. Sign in again."}
	}
	person, err = p.admit(c)
	return person, a.Next, err
}

// confirm exchanges the code for what the provider says of the person.
func (p *Provider) confirm(ctx context.Context, f *found, a attempt, code string) (claims, error) {
	ctx = oidc.ClientContext(ctx, p.client)
	config := f.config
	config.RedirectURL = a.Redirect
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return nil, fmt.Errorf("exchanging the code: %w", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, errors.New("the answer has no ID token")
	}
	id, err := f.provider.VerifierContext(ctx, &oidc.Config{ClientID: p.opts.ClientID}).Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("checking the ID token: %w", err)
	}
	if !same(id.Nonce, a.Nonce) {
		return nil, errors.New("the nonce of the ID token is that of another attempt")
	}
	var first map[string]json.RawMessage
	if err := id.Claims(&first); err != nil {
		return nil, fmt.Errorf("reading the ID token: %w", err)
	}
	var party string
	if v, ok := first["azp"]; ok && (json.Unmarshal(v, &party) != nil || party != p.opts.ClientID) {
		return nil, errors.New("the ID token was given to another client")
	}
	c := claims{first}
	if f.provider.UserInfoEndpoint() == "" || !p.lacks(c) {
		return c, nil
	}
	// Some providers tell of groups and addresses there alone.
	info, err := f.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		p.opts.Logger.Warn("the identity provider does not tell more of a person than the ID token", "error", err)
		return c, nil
	}
	if info.Subject != id.Subject {
		return nil, errors.New("the provider tells of another person than the ID token")
	}
	var second map[string]json.RawMessage
	if err := info.Claims(&second); err != nil {
		return nil, fmt.Errorf("reading what the provider tells of the person: %w", err)
	}
	return append(c, second), nil
}

// lacks reports whether a claim is missing that the name or a rule is about.
func (p *Provider) lacks(c claims) bool {
	for _, claim := range p.wanted() {
		if claim == "email" && c.email() == "" || c.get(claim) == nil {
			return true
		}
	}
	return false
}

// wanted are the claims that the name and the rules are about.
func (p *Provider) wanted() []string {
	out := []string{p.opts.Name}
	for _, r := range p.opts.Rules {
		if r.Claim != "" {
			out = append(out, r.Claim)
		}
	}
	return out
}

// admit says who somebody is to webmon, and refuses those who may do nothing.
func (p *Provider) admit(c claims) (door.Person, error) {
	name := c.name(p.opts.Name)
	if name == "" {
		text := "The identity provider does not say what you are called: the claim " + p.opts.Name + " is missing."
		if p.opts.Name == "email" {
			text = "The identity provider does not say that your e-mail address is verified, so webmon does not know who you are."
		}
		return door.Person{}, &failure{status: http.StatusForbidden, text: text + " Whoever runs webmon can choose another claim with --oidc-name."}
	}
	name = strings.TrimSpace(name)
	if err := door.CheckName(name); err != nil {
		return door.Person{}, &failure{status: http.StatusForbidden, cause: err,
			text: "What the identity provider calls you cannot be shown as a name: " + err.Error() + "."}
	}
	role := roleOf(p.opts.Rules, c)
	if role == door.Nobody {
		return door.Person{}, &failure{status: http.StatusForbidden,
			text: "You are signed in as " + name + ", who may not open this webmon. Ask whoever runs it for access."}
	}
	return door.Person{Name: name, Role: role}, nil
}

// down needs no cause: ask has logged it, once.
func (p *Provider) down() error {
	return &failure{status: http.StatusServiceUnavailable,
		text: "The identity provider " + p.host() + " does not answer. Try again in a moment, or use a token."}
}

func again(err error) error {
	return &failure{status: http.StatusBadRequest, cause: err,
		text: "This sign-in was begun elsewhere, or too long ago. Sign in again."}
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// shown is a code of the provider as it may be shown: those of the standard are short
// words.
func shown(code string) string {
	if len(code) > 64 || strings.ContainsFunc(code, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return "it gave no reason that can be shown"
	}
	return code
}
