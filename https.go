package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"

	"webmon/dashboard/certs"
)

// https is what flags and environment say about encryption.
type https struct {
	on        bool
	cert, key string
	names     list // to get certificates for by ACME
	directory string
}

// targets adds where the options about encryption go.
func (h *https) targets(to map[string]any) {
	to["tls"], to["tls-cert"], to["tls-key"] = &h.on, &h.cert, &h.key
	to["acme"], to["acme-directory"] = &h.names, &h.directory
}

// check finds what contradicts itself. asked says which flags were given: --tls=false
// switches off what the environment says.
func (h *https) check(asked map[string]bool) error {
	if asked["tls"] && !h.on {
		*h = https{}
		return nil
	}
	for i, name := range h.names {
		name = strings.ToLower(strings.TrimSuffix(name, "."))
		_, notAddress := netip.ParseAddr(name)
		if h.names[i] = name; !strings.Contains(name, ".") || strings.ContainsAny(name, "*:/ ") || notAddress == nil {
			return usagef("--acme %q is not a public name such as lab.example.org", name)
		}
	}
	switch {
	case (h.cert == "") != (h.key == ""):
		return usagef("--tls-cert and --tls-key belong together: give both")
	case h.cert != "" && len(h.names) > 0:
		return usagef("--tls-cert and --acme contradict each other: a certificate is given or got")
	case h.directory != "" && len(h.names) == 0:
		return usagef("--acme-directory is of use with --acme only")
	}
	if h.directory != "" {
		u, err := url.Parse(h.directory)
		if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())) {
			return usagef("--acme-directory %q is not an address such as https://ca.example.org/acme/directory", h.directory)
		}
	}
	h.on = h.on || h.cert != "" || len(h.names) > 0
	return nil
}

// open returns the certificates, nil if webmon serves plain http.
func (h *https) open(folder string, names []string, logger *slog.Logger) (*certs.Certs, error) {
	if !h.on {
		return nil, nil
	}
	c, err := certs.New(certs.Options{
		CertFile: h.cert, KeyFile: h.key, ACME: h.names, Directory: h.directory,
		Folder: folder, Names: names, Logger: logger,
	})
	if err != nil && h.cert != "" {
		err = usagef("--tls-cert: %v", err)
	}
	return c, err
}

// introduce writes how to trust the own authority.
func introduce(c *certs.Certs, address string, stderr io.Writer) {
	if c == nil || !c.Own() {
		return
	}
	base, _, _ := strings.Cut(address, "?")
	fmt.Fprintf(stderr, "webmon: browsers warn until they trust %q; %swebmon-ca says how. Its SHA-256 fingerprint is %s\n",
		c.Authority().Title(), base, c.Authority().Fingerprint())
}
