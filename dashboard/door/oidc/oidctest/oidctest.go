// Package oidctest is an OpenID Connect provider for tests.
package oidctest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// key signs what the provider of the tests says. Making one takes a while.
var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// Object is one of JSON.
type Object = map[string]any

// Provider is a small OpenID Connect provider. Whoever comes is signed in, as one person.
// Its fields are set before somebody comes, or by Change.
type Provider struct {
	*httptest.Server
	t testing.TB

	Claims  Object                                   // of the ID token, beside the usual ones; nil removes one
	Info    Object                                   // that the endpoint of users tells; nil: there is none
	Token   func(claims Object) (idToken string)     // nil: signed as it should be; returns "" for none
	Form    func(form url.Values, secret string) int // looks at the exchange; a status that is not 0 is the answer
	Refuses string                                   // the error that the sign-in ends with
	Slash   string                                   // at the end of what the provider calls itself
	Leads   string                                   // the issuer that it says it is when it leads back; "" for none
	Methods []string                                 // of sending the secret; nil: not said
	Scopes  []string                                 // nil: not said
	Page    bool                                     // people press a button to sign in

	Down  atomic.Bool  // answers nothing
	Asked atomic.Int64 // how often it said what it is

	changing sync.Mutex // held while a request is answered

	mu       sync.Mutex            // guards attempts
	attempts map[string]url.Values // by code
}

// New starts a provider, which ends with the test.
func New(t testing.TB) *Provider {
	p := &Provider{t: t, Claims: Object{"email": "ada@lab.org", "email_verified": true}, attempts: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		p.Asked.Add(1)
		about := Object{
			"issuer": p.URL + p.Slash, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
		}
		if p.Info != nil {
			about["userinfo_endpoint"] = p.URL + "/userinfo"
		}
		if p.Methods != nil {
			about["token_endpoint_auth_methods_supported"] = p.Methods
		}
		if p.Scopes != nil {
			about["scopes_supported"] = p.Scopes
		}
		answer(w, about)
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, Object{"keys": []Object{{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
			"n": encode(key().N.Bytes()), "e": encode(big.NewInt(int64(key().E)).Bytes()),
		}}})
	})
	mux.HandleFunc("/authorize", p.authorize)
	mux.HandleFunc("/token", p.exchange)
	mux.HandleFunc("/userinfo", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer access" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(w, p.Info)
	})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.Down.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		p.changing.Lock()
		defer p.changing.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// Change runs f, which may set fields, while no request is being answered.
func (p *Provider) Change(f func()) {
	p.changing.Lock()
	defer p.changing.Unlock()
	f()
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if p.Page && r.Method == http.MethodGet {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, `<title>Provider</title><link rel="icon" href="data:,"><form method="post"><button id="sign-in">Sign in</button></form>`)
		return
	}
	if q.Get("response_type") != "code" || q.Get("client_id") != "webmon" || q.Get("code_challenge_method") != "S256" || q.Get("state") == "" || q.Get("nonce") == "" {
		p.t.Errorf("the sign-in asks for %v", q)
	}
	code := rand.Text()
	p.mu.Lock()
	p.attempts[code] = q
	p.mu.Unlock()
	to, err := url.Parse(q.Get("redirect_uri"))
	if err != nil {
		p.t.Error(err)
		return
	}
	back := url.Values{"code": {code}, "state": {q.Get("state")}}
	if p.Refuses != "" {
		back = url.Values{"error": {p.Refuses}, "state": {q.Get("state")}}
	}
	if p.Leads != "" {
		back.Set("iss", p.Leads)
	}
	to.RawQuery = back.Encode()
	http.Redirect(w, r, to.String(), http.StatusFound)
}

func (p *Provider) exchange(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	p.mu.Lock()
	q, ok := p.attempts[r.PostForm.Get("code")]
	delete(p.attempts, r.PostForm.Get("code")) // a code is good for one try
	p.mu.Unlock()
	challenge := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	if !ok || q.Get("code_challenge") != encode(challenge[:]) || q.Get("redirect_uri") != r.PostForm.Get("redirect_uri") {
		w.WriteHeader(http.StatusBadRequest)
		answer(w, Object{"error": "invalid_grant"})
		return
	}
	_, secret, _ := r.BasicAuth()
	if p.Form != nil {
		if status := p.Form(r.PostForm, secret); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	claims := Object{
		"iss": p.URL + p.Slash, "sub": "1", "aud": "webmon", "nonce": q.Get("nonce"),
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	for name, v := range p.Claims {
		claims[name] = v
		if v == nil {
			delete(claims, name)
		}
	}
	reply := Object{"access_token": "access", "token_type": "Bearer"}
	if p.Token == nil {
		reply["id_token"] = Signed("RS256", claims, RS256)
	} else if token := p.Token(claims); token != "" {
		reply["id_token"] = token
	}
	answer(w, reply)
}

// Signed is an ID token.
func Signed(alg string, claims Object, sign func([]byte) []byte) string {
	head, _ := json.Marshal(Object{"alg": alg, "kid": "1", "typ": "JWT"})
	body, _ := json.Marshal(claims)
	text := encode(head) + "." + encode(body)
	return text + "." + encode(sign([]byte(text)))
}

// RS256 signs with the key of the provider.
func RS256(b []byte) []byte { return RSA(key(), b) }

// RSA signs with a key.
func RSA(k *rsa.PrivateKey, b []byte) []byte {
	sum := sha256.Sum256(b)
	sig, err := rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return sig
}
