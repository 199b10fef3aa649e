package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
)

// files are a certificate and its key on the disk. They are looked at with each handshake,
// which costs little beside it, so that a renewed certificate counts at once.
type files struct {
	cert, key string
	logger    *slog.Logger
	said      once

	mu     sync.Mutex // guards all below
	loaded *tls.Certificate
	stamp  [2]stamp // of the files that were tried last
}

// stamp tells whether a file has changed. Names are followed, since programs that renew
// certificates often turn a link.
type stamp struct {
	at   time.Time
	size int64
	info fs.FileInfo
}

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, err
	}
	return stamp{info.ModTime(), info.Size(), info}, nil
}

func (s stamp) same(t stamp) bool {
	return s.at.Equal(t.at) && s.size == t.size && s.info != nil && t.info != nil && os.SameFile(s.info, t.info)
}

func openFiles(cert, key string, logger *slog.Logger) (*files, error) {
	f := &files{cert: cert, key: key, logger: logger}
	stamps, err := f.look()
	if err == nil {
		f.stamp = stamps
		f.loaded, err = f.load()
	}
	if err != nil {
		return nil, fmt.Errorf("the certificate cannot be used: %w", err)
	}
	return f, nil
}

func (f *files) look() (out [2]stamp, err error) {
	for i, path := range []string{f.cert, f.key} {
		if out[i], err = stampOf(path); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (f *files) load() (*tls.Certificate, error) {
	c, err := tls.LoadX509KeyPair(f.cert, f.key)
	var path *fs.PathError
	if err != nil && !errors.As(err, &path) {
		err = fmt.Errorf("%s with %s: %w", f.cert, f.key, err)
	}
	return &c, err
}

// certificate returns the certificate that the files hold. While they cannot be used, as
// between the writing of one and of the other, it is the one before.
func (f *files) certificate() (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := f.look()
	if err == nil && now[0].same(f.stamp[0]) && now[1].same(f.stamp[1]) {
		return f.loaded, nil
	}
	var c *tls.Certificate
	if err == nil {
		c, err = f.load()
	}
	if err != nil {
		if f.said.changed(err.Error()) {
			f.logger.Warn("the changed certificate cannot be used; the one before serves on", "error", err)
		}
		return f.loaded, nil
	}
	f.loaded, f.stamp = c, now
	f.said.changed("")
	f.logger.Info("certificate read again", "file", f.cert)
	return c, nil
}

// names are the names of the certificate that are no patterns.
func (f *files) names() (out []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	leaf := f.loaded.Leaf
	if leaf == nil {
		var err error
		if leaf, err = x509.ParseCertificate(f.loaded.Certificate[0]); err != nil {
			return nil
		}
	}
	for _, name := range leaf.DNSNames {
		if !strings.Contains(name, "*") {
			out = append(out, strings.ToLower(name))
		}
	}
	return out
}
