// Package acmetest is a small ACME authority (RFC 8555) for tests. It checks every
// signature and nonce, proves names by TLS-ALPN-01 (RFC 8737) as a public authority does,
// and issues certificates that only tests trust.
//
//	ca := acmetest.Start(t, func(name string) string { return "127.0.0.1:5050" })
//	... webmon --acme lab.example.org --acme-directory ca.Directory()
package acmetest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// CA is a running authority.
type CA struct {
	// Pool trusts its certificates.
	Pool *x509.CertPool
	// Life is how long its certificates last. Default: 90 days.
	Life time.Duration

	server *httptest.Server
	lookup func(name string) string
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey

	mu       sync.Mutex // guards all below
	nonces   map[string]bool
	accounts map[string]*jwk
	orders   []*order
	refusals []error
}

type jwk struct {
	Crv string `json:"crv"`
	Kty string `json:"kty"`
	X   string `json:"x"`
	Y   string `json:"y"`
}

type order struct {
	account string
	name    string
	token   string
	proved  bool
	failed  bool
	chain   []byte
}

// Start runs an authority until the test ends. lookup stands for the name service: it returns
// where a name is reached at its port 443.
func Start(t testing.TB, lookup func(name string) string) *CA {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "the authority of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	ca := &CA{
		Pool: x509.NewCertPool(), Life: 90 * 24 * time.Hour, lookup: lookup, cert: cert, key: key,
		nonces: map[string]bool{}, accounts: map[string]*jwk{},
	}
	ca.Pool.AddCert(cert)
	ca.server = httptest.NewServer(ca)
	t.Cleanup(ca.server.Close)
	return ca
}

// Directory is the address of the authority's directory.
func (ca *CA) Directory() string { return ca.server.URL + "/directory" }

// Issued is how many certificates the authority has issued.
func (ca *CA) Issued() (n int) {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	for _, o := range ca.orders {
		if o.chain != nil {
			n++
		}
	}
	return n
}

// Refusals are the reasons for which names were not proved.
func (ca *CA) Refusals() []error {
	ca.mu.Lock()
	defer ca.mu.Unlock()
	return append([]error(nil), ca.refusals...)
}

var b64 = base64.RawURLEncoding

func (ca *CA) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ca.mu.Lock()
	nonce := rand.Text()
	ca.nonces[nonce] = true
	ca.mu.Unlock()
	w.Header().Set("Replay-Nonce", nonce)
	switch r.URL.Path {
	case "/directory":
		answer(w, 200, map[string]string{
			"newNonce": ca.server.URL + "/nonce", "newAccount": ca.server.URL + "/account", "newOrder": ca.server.URL + "/order",
			"revokeCert": ca.server.URL + "/revoke", "keyChange": ca.server.URL + "/key",
		})
		return
	case "/nonce":
		w.WriteHeader(200)
		return
	}
	payload, account, key, err := ca.verify(r)
	if err != nil {
		answer(w, 400, map[string]string{"type": "urn:ietf:params:acme:error:malformed", "detail": err.Error()})
		return
	}
	ca.mu.Lock()
	defer ca.mu.Unlock()
	kind, number, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if kind == "account" {
		at := ca.server.URL + "/account/" + thumbprint(key)
		ca.accounts[at] = key
		w.Header().Set("Location", at)
		answer(w, 201, map[string]any{"status": "valid"})
		return
	}
	if kind == "order" && number == "" {
		var asked struct {
			Identifiers []struct{ Type, Value string }
		}
		if json.Unmarshal(payload, &asked) != nil || len(asked.Identifiers) != 1 || asked.Identifiers[0].Type != "dns" {
			answer(w, 400, map[string]string{"type": "urn:ietf:params:acme:error:malformed", "detail": "one name, please"})
			return
		}
		ca.orders = append(ca.orders, &order{account: account, name: asked.Identifiers[0].Value, token: rand.Text()})
		number = strconv.Itoa(len(ca.orders) - 1)
		w.Header().Set("Location", ca.server.URL+"/order/"+number)
		answer(w, 201, ca.order(number))
		return
	}
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(ca.orders) || ca.orders[i].account != account {
		answer(w, 404, map[string]string{"type": "urn:ietf:params:acme:error:malformed", "detail": "there is none"})
		return
	}
	o := ca.orders[i]
	switch kind {
	case "order":
		w.Header().Set("Location", ca.server.URL+"/order/"+number)
		answer(w, 200, ca.order(number))
	case "authz":
		answer(w, 200, ca.authz(number))
	case "challenge":
		err := ca.prove(o, ca.accounts[account])
		if o.proved, o.failed = err == nil, err != nil; err != nil {
			ca.refusals = append(ca.refusals, err)
		}
		answer(w, 200, ca.challenge(number))
	case "finalize":
		if err := ca.issue(o, payload); err != nil {
			answer(w, 403, map[string]string{"type": "urn:ietf:params:acme:error:badCSR", "detail": err.Error()})
			return
		}
		w.Header().Set("Location", ca.server.URL+"/order/"+number)
		answer(w, 200, ca.order(number))
	case "certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(o.chain)
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (o *order) status() string {
	switch {
	case o.failed:
		return "invalid"
	case o.chain != nil:
		return "valid"
	case o.proved:
		return "ready"
	}
	return "pending"
}

func (ca *CA) order(number string) map[string]any {
	i, _ := strconv.Atoi(number)
	o := ca.orders[i]
	out := map[string]any{
		"status": o.status(), "identifiers": []map[string]string{{"type": "dns", "value": o.name}},
		"authorizations": []string{ca.server.URL + "/authz/" + number}, "finalize": ca.server.URL + "/finalize/" + number,
	}
	if o.chain != nil {
		out["certificate"] = ca.server.URL + "/certificate/" + number
	}
	return out
}

func (ca *CA) authz(number string) map[string]any {
	i, _ := strconv.Atoi(number)
	o := ca.orders[i]
	status := o.status()
	if o.proved {
		status = "valid"
	}
	return map[string]any{
		"status": status, "identifier": map[string]string{"type": "dns", "value": o.name},
		"challenges": []any{ca.challenge(number)},
	}
}

func (ca *CA) challenge(number string) map[string]any {
	i, _ := strconv.Atoi(number)
	o := ca.orders[i]
	status := "pending"
	if o.proved {
		status = "valid"
	} else if o.failed {
		status = "invalid"
	}
	return map[string]any{"type": "tls-alpn-01", "url": ca.server.URL + "/challenge/" + number, "token": o.token, "status": status}
}

// verify checks the signature of a request and returns what it holds.
func (ca *CA) verify(r *http.Request) (payload []byte, account string, key *jwk, err error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, "", nil, err
	}
	var jws struct{ Protected, Payload, Signature string }
	if err := json.Unmarshal(body, &jws); err != nil {
		return nil, "", nil, err
	}
	head, err := b64.DecodeString(jws.Protected)
	if err != nil {
		return nil, "", nil, err
	}
	var protected struct {
		Alg, Nonce, URL, KID string
		JWK                  *jwk
	}
	if err := json.Unmarshal(head, &protected); err != nil {
		return nil, "", nil, err
	}
	ca.mu.Lock()
	known := ca.nonces[protected.Nonce]
	delete(ca.nonces, protected.Nonce)
	key = ca.accounts[protected.KID]
	ca.mu.Unlock()
	if protected.KID == "" {
		key = protected.JWK
	}
	switch {
	case !known:
		return nil, "", nil, errors.New("the nonce is not one of mine")
	case protected.URL != ca.server.URL+r.URL.Path:
		return nil, "", nil, errors.New("it is signed for another address")
	case protected.Alg != "ES256" || key == nil || key.Crv != "P-256":
		return nil, "", nil, errors.New("its key is not known")
	}
	x, err1 := b64.DecodeString(key.X)
	y, err2 := b64.DecodeString(key.Y)
	signature, err3 := b64.DecodeString(jws.Signature)
	if err := errors.Join(err1, err2, err3); err != nil || len(signature) != 64 {
		return nil, "", nil, fmt.Errorf("its key or signature cannot be read: %w", err)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err != nil {
		return nil, "", nil, err
	}
	sum := sha256.Sum256([]byte(jws.Protected + "." + jws.Payload))
	if !ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return nil, "", nil, errors.New("its signature is wrong")
	}
	payload, err = b64.DecodeString(jws.Payload)
	return payload, protected.KID, key, err
}

// thumbprint is RFC 7638's.
func thumbprint(k *jwk) string {
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":%q,"kty":%q,"x":%q,"y":%q}`, k.Crv, k.Kty, k.X, k.Y))
	return b64.EncodeToString(sum[:])
}

// identifier is the extension that proves a name.
var identifier = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}

// prove connects to the name and looks whether the account's owner answers there.
func (ca *CA) prove(o *order, key *jwk) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	dialer := &tls.Dialer{Config: &tls.Config{ServerName: o.name, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true}}
	conn, err := dialer.DialContext(ctx, "tcp", ca.lookup(o.name))
	if err != nil {
		return fmt.Errorf("%s is not reached: %w", o.name, err)
	}
	defer conn.Close()
	state := conn.(*tls.Conn).ConnectionState()
	leaf := state.PeerCertificates[0]
	if state.NegotiatedProtocol != "acme-tls/1" || len(leaf.DNSNames) != 1 || leaf.DNSNames[0] != o.name {
		return fmt.Errorf("%s answers %q with a certificate for %v", o.name, state.NegotiatedProtocol, leaf.DNSNames)
	}
	want := sha256.Sum256([]byte(o.token + "." + thumbprint(key)))
	for _, e := range leaf.Extensions {
		if e.Id.Equal(identifier) && e.Critical {
			var got []byte
			if _, err := asn1.Unmarshal(e.Value, &got); err == nil && bytes.Equal(got, want[:]) {
				return nil
			}
		}
	}
	return fmt.Errorf("the certificate of %s does not hold the proof", o.name)
}

func (ca *CA) issue(o *order, payload []byte) error {
	if !o.proved {
		return errors.New("the name is not proved")
	}
	var in struct{ CSR string }
	if err := json.Unmarshal(payload, &in); err != nil {
		return err
	}
	der, err := b64.DecodeString(in.CSR)
	if err != nil {
		return err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return err
	}
	if err := csr.CheckSignature(); err != nil {
		return err
	}
	if len(csr.DNSNames) != 1 || csr.DNSNames[0] != o.name {
		return fmt.Errorf("it asks for %v", csr.DNSNames)
	}
	public, ok := csr.PublicKey.(crypto.PublicKey)
	if !ok {
		return errors.New("it has no key")
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(ca.orders)) + 1), DNSNames: csr.DNSNames,
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(ca.Life),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	leaf, err := x509.CreateCertificate(rand.Reader, template, ca.cert, public, ca.key)
	if err != nil {
		return err
	}
	for _, der := range [][]byte{leaf, ca.cert.Raw} {
		o.chain = append(o.chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return nil
}

// Unreachable is an address at which nobody answers.
func Unreachable(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
