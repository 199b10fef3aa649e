package dashboard_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"webmon/dashboard"
	"webmon/dashboard/certs"
)

// ownCerts are those of an authority of their own, and what trusts it.
func ownCerts(t *testing.T) (*certs.Certs, *tls.Config) {
	t.Helper()
	c, err := certs.New(certs.Options{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(c.Authority().PEM())
	return c, &tls.Config{RootCAs: pool}
}

// givenCerts are those of two files, for 127.0.0.1 and localhost.
func givenCerts(t *testing.T) (*certs.Certs, *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost", "lab.example.org"}, IPAddresses: nil,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	folder, pool := t.TempDir(), x509.NewCertPool()
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool.AppendCertsFromPEM(chain)
	options := certs.Options{CertFile: filepath.Join(folder, "cert"), KeyFile: filepath.Join(folder, "key")}
	for path, b := range map[string][]byte{options.CertFile: chain, options.KeyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := certs.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return c, &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

// client is a browser: it keeps cookies, and speaks HTTP/2 where it can.
func client(t *testing.T, config *tls.Config) *http.Client {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	transport := &http.Transport{TLSClientConfig: config.Clone(), ForceAttemptHTTP2: true} // which adds to it
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport}
}

// fetch loads a page as a browser does.
func fetch(t *testing.T, c *http.Client, address string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest("GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func TestHTTPS(t *testing.T) {
	c, config := ownCerts(t)
	s := open(t, dashboard.Options{Token: token, Certs: c, Prefix: "/lab"})
	address := s.server.URL()
	if !strings.HasPrefix(address, "https://127.0.0.1:") {
		t.Fatalf("the address is %s", address)
	}
	browser := client(t, config)
	resp, _ := fetch(t, browser, address)
	if resp.StatusCode != 200 || resp.Proto != "HTTP/2.0" || resp.Request.URL.Path != "/lab/viewer" {
		t.Fatalf("the printed address led to %d %s by %s", resp.StatusCode, resp.Request.URL, resp.Proto)
	}
	if got := resp.Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("an authority that browsers do not know forbids to go past their warning: %q", got)
	}
	// The socket is HTTP/1.1, as browsers open it, with the cookie that the page has got.
	base, _ := url.Parse(address)
	dialer := websocket.Dialer{TLSClientConfig: config, Jar: browser.Jar}
	conn, _, err := dialer.Dial("wss://"+base.Host+"/lab/ws", http.Header{"Origin": {"https://" + base.Host}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, hello, err := conn.ReadMessage(); err != nil || !strings.Contains(string(hello), `"hello"`) {
		t.Errorf("the socket says %q, %v", hello, err)
	}
	// Without encryption the same port leads to the same page.
	plain := client(t, config)
	if resp, _ := fetch(t, plain, strings.Replace(address, "https:", "http:", 1)); resp.StatusCode != 200 || resp.Request.URL.Scheme != "https" {
		t.Errorf("http led to %d %s", resp.StatusCode, resp.Request.URL)
	}
	r := s.server.Record()
	if !strings.HasPrefix(r.URL, "https://") || !strings.HasPrefix(r.Handover, "https://") || r.Certificate != c.Handover() || r.ServerName == "" {
		t.Errorf("the record is %+v", r)
	}
}

// Everybody may have the certificate of the authority, before they can have anything else.
func TestTheAuthorityIsGivenOut(t *testing.T) {
	c, config := ownCerts(t)
	s := open(t, dashboard.Options{Token: token, Certs: c, Prefix: "/lab"})
	base, _, _ := strings.Cut(s.server.URL(), "?")
	browser := client(t, config)
	resp, body := fetch(t, browser, base+"webmon-ca.crt")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/x-x509-ca-cert" || body != string(c.Authority().PEM()) {
		t.Errorf("the certificate: %d %s %q", resp.StatusCode, resp.Header.Get("Content-Type"), body)
	}
	resp, body = fetch(t, browser, base+"webmon-ca")
	for _, want := range []string{"Windows", "macOS", "Firefox", "iPhone", "Android", c.Authority().Fingerprint(), `href="/lab/webmon-ca.crt"`} {
		if resp.StatusCode != 200 || !strings.Contains(body, want) {
			t.Errorf("the page that says how to trust it: %d, without %q", resp.StatusCode, want)
		}
	}
	if resp, _ := fetch(t, browser, base+"viewer"); resp.StatusCode != 401 {
		t.Errorf("a page without the token: %d", resp.StatusCode)
	}
	// Where there is none, there is none.
	given, config := givenCerts(t)
	other := open(t, dashboard.Options{Token: token, Certs: given})
	base, _, _ = strings.Cut(other.server.URL(), "?")
	if resp, _ := fetch(t, client(t, config), base+"webmon-ca.crt", "Authorization", "Bearer "+token); resp.StatusCode != 404 {
		t.Errorf("an authority that is not there: %d", resp.StatusCode)
	}
}

func TestStrictTransport(t *testing.T) {
	c, config := givenCerts(t)
	s := open(t, dashboard.Options{Token: token, Certs: c})
	for host, want := range map[string]bool{"lab.example.org": true, "127.0.0.1": true, "localhost:5050": false, "a.localhost": false} {
		resp, _ := fetch(t, client(t, config), s.server.URL(), "Host", host)
		if got := resp.Header.Get("Strict-Transport-Security") != ""; got != want {
			t.Errorf("at %s: %v, want %v", host, got, want)
		}
	}
}

func TestCookiesOfHTTPS(t *testing.T) {
	c, config := ownCerts(t)
	encrypted := open(t, dashboard.Options{Token: token, Certs: c})
	plain := open(t, dashboard.Options{Token: token})
	for _, test := range []struct {
		name, address string
		header        []string
		secure        bool
	}{
		{"https", encrypted.server.URL(), nil, true},
		{"http", plain.server.URL(), nil, false},
		{"behind a proxy that says https", plain.server.URL(), []string{"X-Forwarded-Proto", "https"}, true},
		{"behind two proxies", plain.server.URL(), []string{"X-Forwarded-Proto", "HTTPS, http"}, true},
		{"behind a proxy that says http", plain.server.URL(), []string{"X-Forwarded-Proto", "http"}, false},
		{"behind one that says http before one that says https", plain.server.URL(), []string{"X-Forwarded-Proto", "http, https"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			browser := client(t, config)
			browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			resp, _ := fetch(t, browser, test.address, test.header...)
			set := resp.Cookies()
			if resp.StatusCode != http.StatusSeeOther || len(set) == 0 {
				t.Fatalf("%d with %d cookies", resp.StatusCode, len(set))
			}
			// The page after it sets that of the forms.
			at, _ := url.Parse(test.address)
			at.RawQuery = ""
			page, _ := http.NewRequest("GET", at.JoinPath("status").String(), nil)
			page.Header.Set("Accept", "text/html")
			for _, cookie := range set {
				page.AddCookie(cookie)
			}
			for i := 0; i < len(test.header); i += 2 {
				page.Header.Set(test.header[i], test.header[i+1])
			}
			after, err := browser.Do(page)
			if err != nil {
				t.Fatal(err)
			}
			after.Body.Close()
			if after.StatusCode != 200 {
				t.Errorf("the cookie does not open the page: %d", after.StatusCode)
			}
			for _, cookie := range append(set, after.Cookies()...) {
				if cookie.Secure != test.secure || strings.HasPrefix(cookie.Name, "__Secure-") != test.secure {
					t.Errorf("the cookie %s is secure: %v, want %v", cookie.Name, cookie.Secure, test.secure)
				}
			}
		})
	}
}
