package certs_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"webmon/dashboard/certs"
	"webmon/dashboard/certs/acmetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that a test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) pass(d time.Duration) { c.ahead.Add(int64(d)) }
func (c *clock) config(roots *x509.CertPool, name string, protos ...string) *tls.Config {
	return &tls.Config{RootCAs: roots, ServerName: name, NextProtos: protos, Time: c.now}
}

func open(t *testing.T, o certs.Options) *certs.Certs {
	t.Helper()
	c, err := certs.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// serve answers every request by https until the test ends.
func serve(t *testing.T, c *certs.Certs) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) }),
		ReadHeaderTimeout: time.Minute,
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(c.Listen(l, func(host string) bool { return strings.HasPrefix(host, "127.0.0.1:") }))
	}()
	t.Cleanup(func() { server.Close(); <-done })
	return l.Addr().String()
}

// seen shakes hands and returns the certificate, which the roots must vouch for at the name.
func seen(t *testing.T, address string, config *tls.Config) (*x509.Certificate, error) {
	t.Helper()
	conn, err := tls.Dial("tcp", address, config)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0], nil
}

func roots(t *testing.T, c *certs.Certs) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(c.Authority().PEM()) {
		t.Fatal("the authority is no PEM")
	}
	return pool
}

func TestOwnAuthority(t *testing.T) {
	var now clock
	folder := filepath.Join(t.TempDir(), "state")
	c := open(t, certs.Options{Folder: folder, Names: []string{"Lab.Example.org.", "192.0.2.7"}, Now: now.now})
	if !c.Own() || len(c.Notes()) != 0 {
		t.Errorf("own is %v, notes %q", c.Own(), c.Notes())
	}
	address := serve(t, c)
	pool := roots(t, c)
	host, _ := os.Hostname()
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "192.0.2.7", "lab.example.org", strings.ToLower(host), "webmon-5050.localhost", "a.b.localhost"} {
		leaf, err := seen(t, address, now.config(pool, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if life := leaf.NotAfter.Sub(leaf.NotBefore); life >= 398*24*time.Hour {
			t.Errorf("%s: a certificate of %v, which browsers refuse", name, life)
		}
	}
	if _, err := seen(t, address, now.config(pool, "elsewhere.example.org")); err == nil {
		t.Error("a certificate for a machine that this is not")
	}
	// It is renewed while webmon runs.
	before, err := seen(t, address, now.config(pool, "localhost"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := seen(t, address, now.config(pool, "localhost"))
	if err != nil || again.SerialNumber.Cmp(before.SerialNumber) != 0 {
		t.Errorf("another certificate for each connection (%v)", err)
	}
	now.pass(before.NotAfter.Sub(now.now()) - time.Hour)
	after, err := seen(t, address, now.config(pool, "localhost"))
	if err != nil || !after.NotAfter.After(before.NotAfter.Add(24*time.Hour)) {
		t.Errorf("an hour before its end the certificate is not renewed (%v)", err)
	}
}

func TestTheAuthorityIsMadeOnce(t *testing.T) {
	var now clock
	folder := t.TempDir()
	options := certs.Options{Folder: folder, Now: now.now}
	first := open(t, options)
	if again := open(t, options); again.Authority().Fingerprint() != first.Authority().Fingerprint() {
		t.Error("the second start has made another authority")
	}
	files, err := filepath.Glob(filepath.Join(folder, "authority", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("kept %v, %v", files, err)
	}
	if info, err := os.Stat(files[0]); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("its key has the mode %v, %v", info.Mode(), err)
	}
	for _, test := range []struct {
		name  string
		spoil func() error
		says  string
	}{
		{"readable by others", func() error { return os.Chmod(files[0], 0o644) }, "others have access"},
		{"garbage", func() error { return os.WriteFile(files[0], []byte("garbage"), 0o600) }, "does not hold an authority"},
		{"a certificate without a key", func() error { return os.WriteFile(files[0], first.Authority().PEM(), 0o600) }, "does not hold an authority"},
		{"a link", func() error {
			elsewhere := filepath.Join(t.TempDir(), "elsewhere.pem")
			return errorsJoin(os.Rename(files[0], elsewhere), os.Symlink(elsewhere, files[0]))
		}, "link"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := open(t, options)
			if runtime.GOOS == "windows" && (test.name == "readable by others" || test.name == "a link") {
				t.Skip("folders of a user are closed to others there, and links are for administrators")
			}
			if err := test.spoil(); err != nil {
				t.Fatal(err)
			}
			other := open(t, options)
			if other.Authority().Fingerprint() == before.Authority().Fingerprint() {
				t.Error("it was believed")
			}
			if notes := strings.Join(other.Notes(), " "); !strings.Contains(notes, test.says) || !strings.Contains(notes, "trust again") {
				t.Errorf("says %q", notes)
			}
			if third := open(t, options); third.Authority().Fingerprint() != other.Authority().Fingerprint() || len(third.Notes()) != 0 {
				t.Errorf("the new one did not take its place: %q", third.Notes())
			}
		})
	}
	t.Run("at its end", func(t *testing.T) {
		before := open(t, options)
		now.pass(10 * 365 * 24 * time.Hour)
		if after := open(t, options); after.Authority().Fingerprint() == before.Authority().Fingerprint() {
			t.Error("an authority that is past its end goes on")
		}
	})
}

func errorsJoin(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestTheAuthorityIsForThisMachineAlone(t *testing.T) {
	c := open(t, certs.Options{Folder: t.TempDir(), Names: []string{"lab.example.org"}})
	block, _ := pem.Decode(c.Authority().PEM())
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !cert.PermittedDNSDomainsCritical || !slices.Contains(cert.PermittedDNSDomains, "localhost") || !slices.Contains(cert.PermittedDNSDomains, "lab.example.org") {
		t.Errorf("it may sign for %v", cert.PermittedDNSDomains)
	}
	if slices.Contains(cert.PermittedDNSDomains, "") || slices.Contains(cert.PermittedDNSDomains, "org") {
		t.Errorf("it may sign for %v", cert.PermittedDNSDomains)
	}
}

func TestANameThatCameLater(t *testing.T) {
	folder := t.TempDir()
	open(t, certs.Options{Folder: folder})
	c := open(t, certs.Options{Folder: folder, Names: []string{"other.example.org"}})
	if notes := strings.Join(c.Notes(), " "); !strings.Contains(notes, "other.example.org") || !strings.Contains(notes, "Remove "+folder) {
		t.Errorf("says %q", notes)
	}
	var now clock
	if _, err := seen(t, serve(t, c), now.config(roots(t, c), "localhost")); err != nil {
		t.Errorf("the name spoils the others: %v", err)
	}
}

func TestAnAuthorityThatCannotBeKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"", filepath.Join(file, "state")} {
		c := open(t, certs.Options{Folder: folder})
		if notes := strings.Join(c.Notes(), " "); !strings.Contains(notes, "of this run") {
			t.Errorf("says %q", notes)
		}
		var now clock
		if _, err := seen(t, serve(t, c), now.config(roots(t, c), "localhost")); err != nil {
			t.Error(err)
		}
	}
}

// pair writes a certificate that vouches for itself.
func pair(t *testing.T, folder, name string) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name, "*." + name},
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
	certFile, keyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for path, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		hidden := path + ".new"
		if err := os.WriteFile(hidden, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(hidden, path); err != nil {
			t.Fatal(err)
		}
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return certFile, keyFile, pool
}

func TestFilesAreReadAgain(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile, first := pair(t, folder, "lab.example.org")
	c := open(t, certs.Options{CertFile: certFile, KeyFile: keyFile})
	if got := c.Names(); !slices.Equal(got, []string{"lab.example.org"}) || c.Own() || c.Authority() != nil {
		t.Errorf("names %q, own %v", got, c.Own())
	}
	address := serve(t, c)
	var now clock
	if _, err := seen(t, address, now.config(first, "lab.example.org")); err != nil {
		t.Fatal(err)
	}
	_, _, second := pair(t, folder, "lab.example.org")
	if _, err := seen(t, address, now.config(second, "lab.example.org")); err != nil {
		t.Errorf("the renewed one does not serve: %v", err)
	}
	if _, err := seen(t, address, now.config(first, "lab.example.org")); err == nil {
		t.Error("the old one serves on")
	}
	// Half written, or gone, is no reason to stop serving.
	if err := os.WriteFile(certFile, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seen(t, address, now.config(second, "lab.example.org")); err != nil {
		t.Errorf("a broken file ended https: %v", err)
	}
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	if _, err := seen(t, address, now.config(second, "lab.example.org")); err != nil {
		t.Errorf("a file that is gone ended https: %v", err)
	}
	_, _, third := pair(t, folder, "lab.example.org")
	if _, err := seen(t, address, now.config(third, "lab.example.org")); err != nil {
		t.Errorf("and the next one does not serve: %v", err)
	}
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile, _ := pair(t, folder, "lab.example.org")
	for _, test := range [][2]string{{certFile, certFile}, {keyFile, keyFile}, {filepath.Join(folder, "none"), keyFile}, {certFile, folder}} {
		if _, err := certs.New(certs.Options{CertFile: test[0], KeyFile: test[1]}); err == nil || !strings.Contains(err.Error(), folder) {
			t.Errorf("%v: %v, want the file named", test, err)
		}
	}
}

func TestHandoverIsPinned(t *testing.T) {
	c := open(t, certs.Options{Folder: t.TempDir()})
	leaf, err := seen(t, serve(t, c), &tls.Config{ServerName: certs.HandoverName, InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	if len(c.Handover()) != 64 || leaf.Subject.CommonName != certs.HandoverName {
		t.Errorf("%q of %v", c.Handover(), leaf.Subject)
	}
}

func TestHTTP2AndHTTP1(t *testing.T) {
	var now clock
	c := open(t, certs.Options{Folder: t.TempDir()})
	address := serve(t, c)
	for _, test := range []struct {
		two  bool
		want string
	}{{true, "HTTP/2.0"}, {false, "HTTP/1.1"}} {
		transport := &http.Transport{TLSClientConfig: now.config(roots(t, c), ""), ForceAttemptHTTP2: test.two}
		if !test.two {
			transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
		}
		resp, err := (&http.Client{Transport: transport}).Get("https://" + address + "/")
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		transport.CloseIdleConnections()
		if string(b) != test.want {
			t.Errorf("spoke %s, want %s", b, test.want)
		}
	}
}

// raw sends bytes without encryption and returns the whole answer.
func raw(t *testing.T, address, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil {
		t.Errorf("%.40q: %v", request, err)
	}
	return string(b)
}

func TestPlainHTTPIsToldOfHTTPS(t *testing.T) {
	address := serve(t, open(t, certs.Options{Folder: t.TempDir()}))
	host := "Host: " + address + "\r\n"
	for _, test := range []struct {
		name, request string
		want, not     []string
	}{
		{"a page", "GET /viewer?token=abc HTTP/1.1\r\n" + host + "\r\n",
			[]string{"HTTP/1.1 307 ", "Location: https://" + address + "/viewer?token=abc\r\n", "no-store", "https only"}, nil},
		{"a head", "HEAD / HTTP/1.1\r\n" + host + "\r\n", []string{"307", "Location: https://" + address + "/\r\n"}, []string{"https only"}},
		{"two slashes lead nowhere else", "GET //elsewhere.example/x HTTP/1.1\r\n" + host + "\r\n", nil, []string{"Location: https://elsewhere", "Location: //"}},
		{"an address in place of a path", "GET http://elsewhere.example/x HTTP/1.1\r\n" + host + "\r\n", nil, []string{"Location"}},
		{"a form", "POST /stop HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello", []string{"HTTP/1.1 400 ", "https://" + address + "/"}, []string{"Location"}},
		{"another name", "GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n", []string{"HTTP/1.1 400 ", "https://"}, []string{"Location", "elsewhere"}},
		{"HTTP/2 without encryption", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []string{"400"}, []string{"Location"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := raw(t, address, test.request)
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("answers %q, want %q", got, want)
				}
			}
			for _, not := range test.not {
				if strings.Contains(got, not) {
					t.Errorf("answers %q, with %q", got, not)
				}
			}
		})
	}
	if got := raw(t, address, "SSH-2.0-OpenSSH_9\r\n\r\n"); got != "" {
		t.Errorf("answers ssh %q", got)
	}
}

func TestACME(t *testing.T) {
	const name = "webmon.example.test"
	var address string
	ca := acmetest.Start(t, func(string) string { return address })
	folder := t.TempDir()
	options := certs.Options{ACME: []string{name}, Directory: ca.Directory(), Folder: folder}
	c := open(t, options)
	address = serve(t, c)
	var now clock
	c.Obtain(t.Context())
	if leaf, err := seen(t, address, now.config(ca.Pool, name, "h2", "http/1.1")); err != nil || !slices.Equal(leaf.DNSNames, []string{name}) {
		t.Fatalf("%v, %v; the authority says %v", leaf, err, ca.Refusals())
	}
	if !slices.Equal(c.Names(), []string{name}) || c.Own() {
		t.Errorf("names %v, own %v", c.Names(), c.Own())
	}
	// Other names go on by the own authority, and cost the public one nothing.
	if _, err := seen(t, address, now.config(roots(t, c), "localhost")); err != nil {
		t.Error(err)
	}
	if _, err := seen(t, address, now.config(ca.Pool, "other.example.test")); err == nil {
		t.Error("a certificate for a name that was not given")
	}
	if n := ca.Issued(); n != 1 {
		t.Errorf("the authority has issued %d certificates", n)
	}
	if info, err := os.Stat(filepath.Join(folder, "acme")); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("kept in a folder of the mode %v, %v", info.Mode(), err)
	}
	// A second start takes what the first has kept.
	again := open(t, options)
	again.Obtain(t.Context())
	if _, err := seen(t, serve(t, again), now.config(ca.Pool, name)); err != nil || ca.Issued() != 1 {
		t.Errorf("%d certificates after a second start, %v", ca.Issued(), err)
	}
	// But not what others could have read.
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Chmod(filepath.Join(folder, "acme", name), 0o644); err != nil {
		t.Fatal(err)
	}
	third := open(t, options)
	address = serve(t, third)
	third.Obtain(t.Context())
	if _, err := seen(t, address, now.config(ca.Pool, name)); err != nil || ca.Issued() != 2 {
		t.Errorf("%d certificates after the key was readable, %v", ca.Issued(), err)
	}
}

func TestACMEThatDoesNotReachUs(t *testing.T) {
	nowhere := acmetest.Unreachable(t)
	ca := acmetest.Start(t, func(string) string { return nowhere })
	c := open(t, certs.Options{ACME: []string{"webmon.example.test"}, Directory: ca.Directory(), Folder: t.TempDir()})
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { c.Obtain(ctx); close(over) }()
	address := serve(t, c)
	var now clock
	if _, err := seen(t, address, now.config(ca.Pool, "webmon.example.test")); err == nil {
		t.Error("a certificate without a proof")
	}
	if _, err := seen(t, address, now.config(roots(t, c), "localhost")); err != nil {
		t.Errorf("this machine itself is shut out: %v", err)
	}
	cancel()
	<-over
}
