package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"webmon/private"
)

// obtainAgain is when a certificate that could not be had is asked for again. Authorities
// limit how often a name may fail.
const obtainAgain = time.Hour

// acmeCerts gets certificates by ACME. The authority proves the names by TLS-ALPN-01, in a
// handshake at the port that serves.
type acmeCerts struct {
	opts    Options
	manager *autocert.Manager
}

func newACME(o Options) *acmeCerts {
	m := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		HostPolicy: autocert.HostWhitelist(o.ACME...),
		Client:     &acme.Client{DirectoryURL: o.Directory, HTTPClient: o.Client, UserAgent: "webmon"},
	}
	if o.Directory == "" {
		m.Client.DirectoryURL = autocert.DefaultACMEDirectory
	}
	if o.Folder != "" {
		m.Cache = cache{filepath.Join(o.Folder, "acme"), o}
	}
	return &acmeCerts{opts: o, manager: m}
}

func (a *acmeCerts) covers(name string) bool { return slices.Contains(a.opts.ACME, name) }

// obtain gets the certificates that are not there yet, until ctx is done.
func (a *acmeCerts) obtain(ctx context.Context) {
	for {
		failed := false
		for _, name := range a.opts.ACME {
			if ctx.Err() != nil {
				return
			}
			_, err := a.manager.GetCertificate(&tls.ClientHelloInfo{
				ServerName: name, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
			})
			if err != nil {
				failed = true
				a.opts.Logger.Warn("no certificate", "name", name, "directory", a.manager.Client.DirectoryURL, "error", err)
				continue
			}
			a.opts.Logger.Info("there is a certificate", "name", name)
		}
		if !failed {
			return // the manager renews them
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(obtainAgain):
		}
	}
}

// cache keeps account and certificates in a folder of the user's.
type cache struct {
	dir  string
	opts Options
}

func (c cache) path(key string) string {
	return filepath.Join(c.dir, strings.ReplaceAll(key, "/", "_"))
}

// Get implements [autocert.Cache].
func (c cache) Get(_ context.Context, key string) ([]byte, error) {
	b, err := private.Read(c.path(key), 1<<20)
	var refused *private.Error
	if errors.As(err, &refused) {
		c.opts.Logger.Warn("a kept certificate is not used", "error", err)
		return nil, autocert.ErrCacheMiss
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, autocert.ErrCacheMiss
	}
	return b, err
}

// Put implements [autocert.Cache].
func (c cache) Put(_ context.Context, key string, b []byte) error {
	err := private.Write(c.path(key), b)
	if err != nil {
		c.opts.Logger.Warn("a certificate cannot be kept", "error", err)
	}
	return err
}

// Delete implements [autocert.Cache].
func (c cache) Delete(_ context.Context, key string) error {
	if err := os.Remove(c.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
