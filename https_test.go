package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"webmon/dashboard/certs/acmetest"
	"webmon/dashboard/instance"
)

// trusting returns a client that trusts the roots.
func trusting(t *testing.T, roots *x509.CertPool) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// authority is that of a webmon, as its folder keeps it.
func authority(t *testing.T) *x509.CertPool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(os.Getenv("XDG_STATE_HOME"), "webmon", "authority", "*.pem"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the state folder holds the authorities %v, %v", files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		t.Fatal("no certificate in " + files[0])
	}
	return pool
}

func get(t *testing.T, client *http.Client, address string) (int, string) {
	t.Helper()
	resp, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestHTTPS(t *testing.T) {
	env := newEnvironment(t)
	first := launch(t, env, "--port", "0", "--tls")
	if !strings.HasPrefix(first.url, "https://127.0.0.1:") {
		t.Fatalf("printed %q", first.url)
	}
	client := trusting(t, authority(t))
	if status, body := get(t, client, strings.Replace(first.url, "/?", "/health?", 1)); status != 200 || body != "ok\n" {
		t.Errorf("/health: %d %q", status, body)
	}
	// A second one hands over by https, without asking anybody whether to trust.
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"--model", "tcp://127.0.0.1:1"}, env.get, &stdout, &stderr); status != 0 ||
		!strings.HasPrefix(stdout.String(), "https://127.0.0.1:") {
		t.Errorf("the second ended with %d and printed %q: %s", status, stdout.String(), stderr.String())
	}
	if _, body := get(t, client, strings.Replace(first.url, "/?", "/api/v1/models?", 1)); !strings.Contains(body, "tcp://127.0.0.1:1") {
		t.Errorf("the first has not got the model: %s", body)
	}
	// Another program at the address of the record gets nothing.
	path := filepath.Join(runtimeDir(), "webmon.json")
	var record map[string]any
	b, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(b, &record) != nil {
		t.Fatal("the record: ", err)
	}
	record["certificate"] = strings.Repeat("0", 64)
	b, _ = json.Marshal(record)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	stderr.Reset()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := instance.HandOver(ctx, runtimeDir(), instance.Source{}); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("a certificate that is not the record's: %v", err)
	}
	first.stop()
	status := <-first.status
	first.status <- status
	if !strings.Contains(first.stderr.String(), "fingerprint") || !strings.Contains(first.stderr.String(), "/webmon-ca says how") {
		t.Errorf("says %q", first.stderr)
	}
}

func TestHTTPSByEnvironment(t *testing.T) {
	env := newEnvironment(t)
	env["WEBMON_TLS"] = "1"
	if p := launch(t, env, "--port", "0"); !strings.HasPrefix(p.url, "https://") {
		t.Errorf("printed %q", p.url)
	}
	other := newEnvironment(t)
	other["WEBMON_TLS"], other["WEBMON_TLS_CERT"], other["WEBMON_ACME"] = "1", "/no/such/file", "lab.example.org"
	if p := launch(t, other, "--port", "0", "--tls=false"); !strings.HasPrefix(p.url, "http://") {
		t.Errorf("--tls=false printed %q", p.url)
	}
}

func TestACME(t *testing.T) {
	address := acmetest.Unreachable(t) // nobody is there yet
	_, port, _ := net.SplitHostPort(address)
	ca := acmetest.Start(t, func(string) string { return address })
	env := newEnvironment(t)
	p := launch(t, env, "--port", port, "--acme", "Webmon.Example.test", "--acme-directory", ca.Directory())
	client := trusting(t, ca.Pool)
	client.Transport.(*http.Transport).TLSClientConfig.ServerName = "webmon.example.test"
	eventually(t, "there is a certificate", func() bool {
		req, err := http.NewRequest("GET", strings.Replace(p.url, "/?", "/health?", 1), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "webmon.example.test"
		resp, err := client.Do(req)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == 200
	})
}

func TestBadHTTPSArguments(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		says string
	}{
		{[]string{"--tls-cert", file}, "belong together"},
		{[]string{"--tls", "--tls-key", file}, "belong together"},
		{[]string{"--tls-cert", file, "--tls-key", file}, "--tls-cert: the certificate cannot be used"},
		{[]string{"--tls-cert", "/no/such/file", "--tls-key", file}, "/no/such/file"},
		{[]string{"--acme", "localhost"}, "not a public name"},
		{[]string{"--acme", "*.example.org"}, "not a public name"},
		{[]string{"--acme", "192.0.2.7"}, "not a public name"},
		{[]string{"--acme", "[2001:db8::1]"}, "not a public name"},
		{[]string{"--acme", "example.org:443"}, "not a public name"},
		{[]string{"--acme", "example.org", "--tls-cert", file, "--tls-key", file}, "contradict"},
		{[]string{"--acme-directory", "https://ca.example.org/directory"}, "with --acme only"},
		{[]string{"--acme", "example.org", "--acme-directory", "ca.example.org"}, "not an address"},
		{[]string{"--acme", "example.org", "--acme-directory", "http://ca.example.org/directory"}, "not an address"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			newEnvironment(t)
			var stderr bytes.Buffer
			if status := run(t.Context(), test.args, environment{}.get, io.Discard, &stderr); status != 2 {
				t.Errorf("status %d, want 2", status)
			}
			if got := stderr.String(); !strings.Contains(got, test.says) || strings.Count(strings.TrimSpace(got), "\n") > 0 {
				t.Errorf("says %q, want one line with %q", got, test.says)
			}
		})
	}
}
