// Package certs brings the certificates with which webmon serves https, and the
// listener that serves it. They come from one of three places:
//
//   - two files, which are read again when they change;
//   - a public authority that speaks ACME, for names that it can reach;
//   - an authority of webmon's own, made once for a machine and kept, which people
//     tell their browsers to trust.
//
// Names that the first two do not cover, such as localhost, get a certificate of webmon's
// own authority too where the certificates come by ACME.
//
//	c, err := certs.New(certs.Options{Folder: stateDir})
//	...
//	err = server.Serve(c.Listen(listener, allowed))
package certs

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
)

// Options say where the certificates come from.
type Options struct {
	// CertFile and KeyFile hold a certificate with its chain, and its key, both as PEM.
	// "" for none.
	CertFile, KeyFile string
	// ACME are the names for which to get certificates by ACME.
	ACME []string
	// Directory is the address of the ACME authority. Default: Let's Encrypt.
	Directory string
	// Client is for requests to the ACME authority. Default: http.DefaultClient.
	Client *http.Client
	// Folder keeps what must outlive the process. "" keeps nothing: the own authority
	// is then one of this run.
	Folder string
	// Names are further names and addresses of this machine that browsers use.
	Names []string
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Logger gets what goes wrong later. Default: slog.Default().
	Logger *slog.Logger
}

// Certs are the certificates. Its methods are safe for concurrent use.
type Certs struct {
	opts      Options
	files     *files     // nil: none are given
	acme      *acmeCerts // nil: no names are given
	authority *Authority // nil: files are given
	handover  *tls.Certificate
	notes     []string
}

// New returns the certificates. It reads files and makes the own authority, but asks no
// other machine for anything. Its error is one sentence.
func New(o Options) (*Certs, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	c := &Certs{opts: o}
	var err error
	if c.handover, err = newHandover(o.Now()); err != nil {
		return nil, err
	}
	if o.CertFile != "" || o.KeyFile != "" {
		c.files, err = openFiles(o.CertFile, o.KeyFile, o.Logger)
		return c, err
	}
	if c.authority, c.notes, err = openAuthority(o); err != nil {
		return nil, err
	}
	if len(o.ACME) > 0 {
		c.acme = newACME(o)
	}
	return c, nil
}

// Notes are sentences about what people should know from the start, such as names that the
// own authority does not cover.
func (c *Certs) Notes() []string { return c.notes }

// Authority is the own authority; nil if certificates are given by files.
func (c *Certs) Authority() *Authority { return c.authority }

// Own reports whether every certificate comes from the own authority, which browsers do not
// know before people tell them.
func (c *Certs) Own() bool { return c.files == nil && c.acme == nil }

// Names are the names that the certificates of files and of ACME are for, without wildcards:
// names by which browsers reach this machine.
func (c *Certs) Names() []string {
	switch {
	case c.files != nil:
		return c.files.names()
	case c.acme != nil:
		return slices.Clone(c.opts.ACME)
	}
	return nil
}

// Config returns how connections are encrypted.
func (c *Certs) Config() *tls.Config {
	protos := []string{"h2", "http/1.1"}
	if c.acme != nil {
		protos = append(protos, acme.ALPNProto)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: protos, GetCertificate: c.certificate}
}

func (c *Certs) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := lowered(hello.ServerName)
	switch {
	case name == HandoverName:
		return c.handover, nil
	case c.files != nil:
		return c.files.certificate()
	case c.acme != nil && c.acme.covers(name):
		return c.acme.manager.GetCertificate(hello)
	default:
		return c.authority.certificate(name, hello.Conn)
	}
}

// Obtain gets the certificates of the public authority until ctx is done, so that the first
// browser does not wait for them.
func (c *Certs) Obtain(ctx context.Context) {
	if c.acme != nil {
		c.acme.obtain(ctx)
	}
}

// HandoverName is the name for which webmon has a certificate that another webmon of the same
// user knows by its fingerprint. It is no name of any machine.
const HandoverName = "handover.webmon.invalid"

// Handover is the fingerprint of the certificate for [HandoverName]: SHA-256, as hex digits. It
// stays the same for the life of the process, while other certificates are renewed.
func (c *Certs) Handover() string {
	sum := sha256.Sum256(c.handover.Certificate[0])
	return hex.EncodeToString(sum[:])
}

// newHandover makes a certificate that vouches for itself. Who connects compares it with the
// record, and does not look at its dates.
func newHandover(now time.Time) (*tls.Certificate, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: HandoverName}, DNSNames: []string{HandoverName},
		NotBefore: now.Add(-skew), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("making the certificate of the handover: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// skew is how far the clock of a browser may be behind.
const skew = 24 * time.Hour

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	return key, nil
}

// serial returns a number for a certificate: random, since nobody counts them.
func serial() *big.Int {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	b[0] &= 0x7f // positive
	return new(big.Int).SetBytes(b)
}

// once logs a text that has changed, and not again.
type once struct {
	mu   sync.Mutex // guards last
	last string
}

func (o *once) changed(text string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	changed := text != o.last
	o.last = text
	return changed
}
