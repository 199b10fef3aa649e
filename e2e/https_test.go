//go:build linux

package e2e

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// trusted gets the authority of a webmon that serves https, as a person downloads it, and
// returns its certificate and a client that trusts it.
func trusted(t testing.TB, w *webmon) (*x509.Certificate, *http.Client) {
	t.Helper()
	careless := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	resp, err := careless.Get(w.base + "/webmon-ca.crt")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		t.Fatalf("the authority is %q", b)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(cert.Raw)
	if shown := strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":"); !strings.Contains(w.stderr.String(), shown) {
		t.Errorf("webmon did not say the fingerprint %s of what it gives out: %s", shown, w.stderr)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return cert, &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

// trusting makes a browser take the key of the certificate for known: no system's store of
// authorities is changed by a test.
func trusting(cert *x509.Certificate) chromedp.ExecAllocatorOption {
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return chromedp.Flag("ignore-certificate-errors-spki-list", base64.StdEncoding.EncodeToString(sum[:]))
}

func TestE2EHTTPS(t *testing.T) {
	endToEnd(t)
	t.Parallel()
	home := t.TempDir()
	w := startProgram(t, home, "--port", "0", "--demo", "--tls")
	if !strings.HasPrefix(w.url, "https://") {
		t.Fatalf("printed %s", w.url)
	}
	cert, client := trusted(t, w)
	if resp, err := client.Get(w.base + "/health"); err != nil || resp.StatusCode != 200 {
		t.Errorf("/health to who trusts the authority: %v", err)
	}

	b := startBrowser(t, trusting(cert))
	p := b.open(t, wide)
	// The address without the s leads to it.
	p.visit("http://" + strings.TrimPrefix(w.url, "https://"))
	p.live()
	p.wait("the page came by HTTP/2, and encrypted", `isSecureContext && location.protocol === "https:" &&
		performance.getEntriesByType("navigation")[0].nextHopProtocol === "h2"`)
	p.wait("tiles come over the socket", `document.querySelector("[data-age]")?.dataset.age < 5000`)
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	cookies, err := chromedp.Call(ctx, network.GetCookies, network.GetCookiesParams{})
	if err != nil {
		t.Fatal(err)
	}
	if len(cookies.Cookies) == 0 {
		t.Error("the browser keeps no cookie")
	}
	for _, cookie := range cookies.Cookies {
		if !cookie.Secure || !strings.HasPrefix(cookie.Name, "__Secure-") {
			t.Errorf("the cookie %s is sent without encryption too", cookie.Name)
		}
	}
	// A form is posted by HTTP/2.
	p.visit(w.base + "/viewer")
	p.live()
	p.shot("https-viewer")
	p.calm()

	// Who has no token can learn how to trust it.
	for _, v := range []view{wide, wideLight, narrow, narrowLight} {
		stranger := b.open(t, v)
		stranger.visit(w.base + "/webmon-ca")
		stranger.says("h1", "Trust this webmon")
		stranger.says("main", "webmon of ")
		stranger.shot("https-trust-" + v.String())
		stranger.calm()
		stranger.close()
	}
}
