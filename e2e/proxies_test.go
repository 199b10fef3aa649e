//go:build linux

package e2e

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"webmon/e2e/webmontest"
	"webmon/lacking"
	"webmon/shm/process/naparitest"
)

// proxy is one of the proxies of packaging/, with how it is started on an example file.
type proxy struct {
	name, program, file string
	// config makes the configuration of a proxy of its own in a folder, which serves what the example says.
	config func(example, folder string) string
	args   func(config, folder string) []string
}

var proxies = []proxy{
	{
		"nginx", "nginx", "nginx.conf",
		func(example, folder string) string {
			return fmt.Sprintf(`daemon off;
pid %[1]s/nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
%[2]s
}
`, folder, example)
		},
		func(config, folder string) []string { return []string{"-p", folder, "-e", "stderr", "-c", config} },
	},
	{
		"caddy", "caddy", "Caddyfile",
		func(example, _ string) string {
			return "{\n\tadmin off\n\tauto_https off\n}\n" + example
		},
		func(config, _ string) []string { return []string{"run", "--adapter", "caddyfile", "--config", config} },
	},
}

// certificate makes one for lab.example.org, and returns it with the options of a browser that knows it.
func certificate(t *testing.T, folder string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "lab.example.org"}, DNSNames: []string{"lab.example.org"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"fullchain.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "EC PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// example is the file of packaging/ with the ports and paths of this test, without the lines that have one of these texts.
func (x proxy) example(t *testing.T, upstream, plain, port, folder string, without ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(webmontest.Root(), "packaging", x.file))
	if err != nil {
		t.Fatal(err)
	}
	out := string(text)
	for _, line := range without {
		shorter := regexp.MustCompile(`(?m)^.*`+regexp.QuoteMeta(line)+`.*\n`).ReplaceAllString(out, "")
		if shorter == out {
			t.Fatalf("%s has no line with %q", x.file, line)
		}
		out = shorter
	}
	for from, to := range map[string]string{
		"127.0.0.1:5050": upstream, "/etc/ssl/lab.example.org": folder,
		"listen 443": "listen 127.0.0.1:" + port, "listen 80": "listen 127.0.0.1:" + plain, "\nlab.example.org {": "\nhttps://lab.example.org:" + port + " {\n\tbind 127.0.0.1",
	} {
		out = strings.ReplaceAll(out, from, to)
	}
	return out
}

// start runs the proxy until the test ends.
func (x proxy) start(t *testing.T, example, folder, port string) {
	t.Helper()
	path, err := exec.LookPath(x.program)
	if err != nil {
		if path = "/usr/sbin/" + x.program; x.program == "nginx" {
			_, err = os.Stat(path)
		}
	}
	if err != nil {
		lacking.Skip(t, "%s is not installed: .ci/system.sh says what to install", x.program)
	}
	config := filepath.Join(folder, x.file)
	if err := os.WriteFile(config, []byte(x.config(example, folder)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, x.args(config, folder)...)
	cmd.Env = append(os.Environ(), "HOME="+folder, "XDG_DATA_HOME="+folder, "XDG_CONFIG_HOME="+folder)
	said := new(naparitest.Buffer)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s says:\n%s", x.name, said)
		}
	})
	until(t, x.name+" serves", func() string {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			return err.Error()
		}
		conn.Close()
		return ""
	})
}

// everything fails: webmon refuses all that comes.
const everything = "everything"

// visitor is a program that comes through a proxy as a browser does: by its name, over TLS, with a cookie.
type visitor struct {
	t      *testing.T
	client *http.Client
	origin string // https://lab.example.org:port
	cookie string
}

func (v *visitor) ask(method, path string, body io.Reader, header ...string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.origin+path, body)
	if err != nil {
		return nil, err
	}
	if v.cookie != "" {
		req.Header.Set("Cookie", v.cookie)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return v.client.Do(req)
}

// outcomes says of each thing that a page needs whether it works through the proxy; "" if it does.
func (v *visitor) outcomes(w *webmon, publish func()) map[string]string {
	v.t.Helper()
	out := map[string]string{}
	said := func(what string, resp *http.Response, err error, ok bool) {
		switch {
		case err != nil:
			out[what] = err.Error()
		case !ok:
			b, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
			out[what] = fmt.Sprintf("%s %s", resp.Status, b)
		default:
			out[what] = ""
		}
		if err == nil {
			resp.Body.Close()
		}
	}
	resp, err := v.ask("GET", "/lab/webmon/viewer?token="+w.token, nil, "Sec-Fetch-Mode", "navigate", "Accept", "text/html")
	secure := false
	if err == nil {
		var cookies []string
		secure = len(resp.Cookies()) > 0
		for _, c := range resp.Cookies() {
			cookies = append(cookies, c.Name+"="+c.Value)
			secure = secure && c.Secure && strings.HasPrefix(c.Path, "/lab/webmon") && strings.HasPrefix(c.Name, "__Secure-")
		}
		v.cookie = strings.Join(cookies, "; ")
	}
	said("cookie", resp, err, secure)
	if err == nil {
		out["redirect"] = ""
		if at := resp.Header.Get("Location"); resp.StatusCode/100 == 3 && !strings.HasPrefix(at, "/lab/webmon/") && !strings.HasPrefix(at, v.origin+"/lab/webmon/") {
			out["redirect"] = "leads to " + at
		}
	}
	resp, err = v.ask("GET", "/lab/webmon", nil)
	said("slash", resp, err, err == nil && resp.StatusCode == 308 && strings.HasSuffix(resp.Header.Get("Location"), "/lab/webmon/"))
	resp, err = v.ask("GET", "/lab/webmon/ws", nil, "Origin", v.origin, "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	said("socket", resp, err, err == nil && resp.StatusCode == http.StatusSwitchingProtocols)

	// More than a proxy keeps in memory. webmon itself says that it is no zip.
	resp, err = v.ask("PUT", "/lab/webmon/api/v1/maps/new.zip", bytes.NewReader(make([]byte, 8<<20)), "Authorization", "Bearer "+w.token)
	ours := err == nil && resp.StatusCode/100 == 4 && strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json")
	said("upload", resp, err, ours)

	// A frame of a film comes when it is there, not when the film ends.
	for range 50 {
		resp, err = v.ask("GET", "/lab/webmon/api/v1/sources/lab/arrays/camera/film?seconds=600&fps=30&low=0&high=255", nil, "Authorization", "Bearer "+w.token)
		if err != nil || resp.StatusCode != http.StatusNotFound {
			break
		}
		resp.Body.Close() // nothing was copied while nobody looked: the next frame is
		publish()
	}
	if err == nil && resp.StatusCode == 200 {
		_, params, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
		frames := make(chan error, 1)
		go func() {
			_, err := multipart.NewReader(resp.Body, params["boundary"]).NextRawPart()
			frames <- err
		}()
		deadline := time.After(10 * time.Second)
		got := false
		for waits := true; waits; {
			publish()
			select {
			case err = <-frames:
				got, waits = err == nil, false
			case <-deadline:
				waits = false
			case <-time.After(100 * time.Millisecond): // the film asks for frames from when it begins
			}
		}
		if !got {
			out["film"] = fmt.Sprintf("no frame comes (%v)", err)
		} else {
			out["film"] = ""
		}
		resp.Body.Close()
	} else {
		said("film", resp, err, false)
	}
	return out
}

// TestE2EProxies runs webmon behind the proxies of packaging/, with the very files that are there: once as they are, with a
// browser, and without each line that says what the proxy does not do by itself, which packaging/README.md explains.
func TestE2EProxies(t *testing.T) {
	endToEnd(t)
	home := t.TempDir()
	python := naparitest.StartPackage(t, "numpy2", home)
	python.Run(`
process = webmon.Process("lab", launch=False)
camera = process.share("camera", (32, 32), "uint8", axes="yx")
process.control("gain", "float", 1.0, min=0, max=100)
n = 0
`, nil)
	publish := func() {
		python.Run(`
n += 1
camera.publish(np.random.default_rng(n).integers(0, 255, (32, 32), "uint8"))
`, nil)
	}
	maps := filepath.Join(home, "maps")
	if err := os.Mkdir(maps, 0o700); err != nil {
		t.Fatal(err)
	}
	w := startProgram(t, home, "--port", "0", "--prefix", "/lab/webmon", "--maps", maps)
	w.source("lab", "attached", connected)
	publish()
	upstream := w.host()

	for _, x := range proxies {
		t.Run(x.name, func(t *testing.T) {
			for _, test := range []struct {
				of      string   // the proxy; "" for each
				without []string // lines
				fails   string
			}{
				{"", nil, ""},
				{"nginx", []string{"proxy_set_header Upgrade", "proxy_set_header Connection"}, "socket"},
				{"nginx", []string{"X-Forwarded-Host"}, "socket"},
				{"nginx", []string{"X-Forwarded-Proto"}, "cookie"},
				{"nginx", []string{"client_max_body_size"}, "upload"},
				{"caddy", []string{"header_up Host"}, everything},
			} {
				if test.of != "" && test.of != x.name {
					continue
				}
				name := "as it is"
				if test.without != nil {
					name = "without " + strings.Join(test.without, " and ")
				}
				t.Run(name, func(t *testing.T) {
					folder := t.TempDir()
					cert := certificate(t, folder)
					port, plain := quietPort(t), quietPort(t)
					x.start(t, x.example(t, upstream, plain, port, folder, test.without...), folder, port)
					pool := x509.NewCertPool()
					pool.AddCert(cert)
					dialer := new(net.Dialer)
					v := &visitor{t: t, origin: "https://lab.example.org:" + port, client: &http.Client{
						CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
						Transport: &http.Transport{
							DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool},
							DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
								return dialer.DialContext(ctx, network, "127.0.0.1:"+port)
							},
						},
					}}
					for what, problem := range v.outcomes(w, publish) {
						switch {
						case test.fails == everything && what != "cookie":
							// What a page that was refused would do does not matter.
						case problem != "" && what != test.fails && test.fails != everything:
							t.Errorf("%s: %s", what, problem)
						case problem == "" && (what == test.fails || test.fails == everything):
							t.Errorf("%s works all the same", what)
						case problem != "":
							t.Logf("%s, as packaging/README.md says: %s", what, problem)
						}
					}
					if test.without != nil {
						return
					}
					b := startBrowser(t, trusting(cert), chromedp.Flag("host-resolver-rules", "MAP lab.example.org 127.0.0.1"))
					p := b.open(t, view{1400, 900, "dark"})
					p.visit(v.origin + "/lab/webmon/?token=" + url.QueryEscape(w.token))
					p.visit(v.origin + "/lab/webmon/arrays?source=lab&array=camera")
					p.live()
					until(t, "a picture came over the socket", func() string {
						publish()
						if !ask[bool](p, `document.querySelector("[data-array]")?.dataset.pictures > 1`) {
							return "none has"
						}
						return ""
					})
					p.wait("the page is encrypted", `isSecureContext && location.host === "lab.example.org:`+port+`"`)
					p.visit(v.origin + "/lab/webmon/controls?source=lab")
					p.live()
					p.do(chromedp.SetValue(chromedp.CSS(`input[name="gain"][type="number"], input[name="gain"]`), "42"))
					ask[bool](p, `(document.querySelector('input[name="gain"]').form.requestSubmit(), true)`)
					until(t, "the form has set the gain", func() string {
						var state struct {
							Controls map[string]struct{ Value float64 }
						}
						w.get("/api/v1/sources/lab/state", &state)
						if got := state.Controls["gain"].Value; got != 42 {
							return fmt.Sprintf("it is %g", got)
						}
						return ""
					})
					p.shot("proxy-" + x.name)
				})
			}
		})
	}
}
