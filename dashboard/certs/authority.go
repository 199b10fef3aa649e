package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"webmon/private"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	// leafLife is well below the 398 days that browsers accept at most.
	leafLife = 90 * 24 * time.Hour
	// renewBefore is how long before its end a certificate is followed by the next.
	renewBefore = leafLife / 3
	// maxLeaves bounds the certificates that are made for a name while webmon runs.
	maxLeaves = 64
	// maxAddresses bounds the addresses in a certificate: a machine may have hundreds.
	maxAddresses = 64
	maxPEM       = 64 << 10
)

// Authority signs the certificates of one machine. Its own certificate is limited to the
// names of this machine, so that whoever steals its key cannot pretend to be any other.
type Authority struct {
	opts  Options
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	path  string // of its file, "" if it is one of this run
	names []string

	leafKey *ecdsa.PrivateKey // of this process, never written

	mu     sync.Mutex                  // guards leaves
	leaves map[string]*tls.Certificate // by the name that the others do not have, "" for none
}

// PEM is the certificate that people tell their browsers to trust.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// Title is the name under which browsers list the authority.
func (a *Authority) Title() string { return a.cert.Subject.CommonName }

// Fingerprint is the SHA-256 of its certificate, in pairs of hex digits, as browsers show it.
func (a *Authority) Fingerprint() string {
	sum := sha256.Sum256(a.cert.Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}

// openAuthority reads the authority of this machine, or makes it. notes are sentences that
// people should read.
func openAuthority(o Options) (a *Authority, notes []string, err error) {
	a = &Authority{opts: o, leaves: map[string]*tls.Certificate{}}
	if a.leafKey, err = newKey(); err != nil {
		return nil, nil, err
	}
	a.names = MachineNames()
	for _, name := range o.Names {
		a.names = append(a.names, lowered(name))
	}
	if o.Folder != "" {
		a.path = filepath.Join(o.Folder, "authority", fileName(hostname())+".pem")
		err = a.read(o.Now())
		switch {
		case err == nil:
		case errors.Is(err, fs.ErrNotExist):
			err = a.create(o.Now())
		default:
			notes = append(notes, fmt.Sprintf("webmon has made a new authority, which browsers have to trust again: %v.", err))
			err = a.create(o.Now())
		}
	}
	if o.Folder == "" || err != nil {
		why := ""
		if err != nil {
			why = fmt.Sprintf(" (%v)", err)
		}
		a.path = ""
		if err := a.create(o.Now()); err != nil {
			return nil, nil, err
		}
		notes = append(notes, "The authority of webmon could not be kept"+why+". It is one of this run: browsers warn again after the next start.")
	}
	var left []string
	for _, name := range a.names {
		if !a.permits(name) {
			left = append(left, name)
		}
	}
	if len(left) > 0 {
		notes = append(notes, fmt.Sprintf("Browsers warn at %s, which the authority of webmon was not made for. "+
			"Remove %s, and trust the one that the next start makes.", strings.Join(left, ", "), a.path))
	}
	if _, err = a.certificate("", nil); err != nil {
		return nil, nil, err
	}
	return a, notes, nil
}

// read takes the authority from its file. Its error is the reason why that cannot be used.
func (a *Authority) read(now time.Time) error {
	b, err := private.Read(a.path, maxPEM)
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(b, b)
	if err != nil {
		return fmt.Errorf("%s does not hold an authority: %w", a.path, err)
	}
	cert, err := x509.ParseCertificate(pair.Certificate[0])
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	switch {
	case err != nil:
		return fmt.Errorf("%s does not hold an authority: %w", a.path, err)
	case !ok || !cert.IsCA:
		return fmt.Errorf("%s does not hold an authority", a.path)
	case now.Add(leafLife).After(cert.NotAfter):
		return fmt.Errorf("the one in %s ends on %s", a.path, cert.NotAfter.Format("2 January 2006"))
	}
	a.cert, a.key = cert, key
	return nil
}

// create makes the authority and keeps it, if it has a file.
func (a *Authority) create(now time.Time) error {
	key, err := newKey()
	if err != nil {
		return err
	}
	owner := hostname()
	if u, err := user.Current(); err == nil && u.Username != "" {
		owner = u.Username + " on " + owner
	}
	var permitted []string
	for _, name := range append([]string{"local"}, a.names...) {
		if _, err := netip.ParseAddr(name); err != nil && isDNSName(name) && !slices.Contains(permitted, name) {
			permitted = append(permitted, name)
		}
	}
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: "webmon of " + owner, Organization: []string{"webmon"}},
		NotBefore:             now.Add(-skew),
		NotAfter:              now.Add(authorityLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: permitted,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return fmt.Errorf("making the authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("making the authority: %w", err)
	}
	if a.path != "" {
		secret, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return fmt.Errorf("keeping the authority: %w", err)
		}
		var b bytes.Buffer
		pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der})
		pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: secret})
		if err := private.Write(a.path, b.Bytes()); err != nil {
			return fmt.Errorf("keeping the authority: %w", err)
		}
	}
	a.cert, a.key = cert, key
	return nil
}

// permits reports whether the authority may sign for the name or address.
func (a *Authority) permits(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true // nothing that people log in to goes by an address
	}
	return slices.ContainsFunc(a.cert.PermittedDNSDomains, func(domain string) bool {
		return name == domain || strings.HasSuffix(name, "."+domain)
	})
}

// certificate returns a certificate for a browser that asks for the name, "" if it asks for
// none because it has connected to an address. Names below localhost and addresses that the
// machine has got meanwhile are added when they are asked for: browsers accept no pattern for
// the one, and the other cannot be known before.
func (a *Authority) certificate(name string, conn net.Conn) (*tls.Certificate, error) {
	if name == "" && conn != nil {
		if addr, err := netip.ParseAddrPort(conn.LocalAddr().String()); err == nil {
			name = addr.Addr().Unmap().WithZone("").String()
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.opts.Now()
	base, err := a.leaf("", now)
	if err != nil || name == "" || base.Leaf.VerifyHostname(name) == nil {
		return base, err
	}
	if _, err := netip.ParseAddr(name); err != nil && !(strings.HasSuffix(name, ".localhost") && isDNSName(name)) {
		return base, nil // not a name of this machine: the browser says so
	}
	return a.leaf(name, now)
}

// leaf returns the certificate with one more name or address. mu must be held.
func (a *Authority) leaf(more string, now time.Time) (*tls.Certificate, error) {
	if c := a.leaves[more]; c != nil && now.Add(renewBefore).Before(c.Leaf.NotAfter) {
		return c, nil
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: "webmon", Organization: []string{"webmon"}},
		NotBefore:    now.Add(-skew), NotAfter: now.Add(leafLife),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range append([]string{more}, a.names...) {
		if ip, err := netip.ParseAddr(name); err == nil {
			template.IPAddresses = append(template.IPAddresses, ip.WithZone("").AsSlice())
		} else if isDNSName(name) && a.permits(name) && !slices.Contains(template.DNSNames, name) {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	template.IPAddresses = append(template.IPAddresses, addresses()...)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, a.leafKey.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	if len(a.leaves) >= maxLeaves {
		clear(a.leaves)
	}
	c := &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: a.leafKey, Leaf: parsed}
	a.leaves[more] = c
	return c, nil
}

// addresses are those of this machine, loopback first.
func addresses() []net.IP {
	out := []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return out
	}
	for _, addr := range all {
		if n, ok := addr.(*net.IPNet); ok && !n.IP.IsLoopback() && len(out) < maxAddresses {
			out = append(out, n.IP)
		}
	}
	return out
}

// MachineNames are the names by which browsers on this machine and beside it may reach it.
func MachineNames() []string {
	names := []string{"localhost"}
	if name := hostname(); name != "" {
		short, _, _ := strings.Cut(name, ".")
		for _, n := range []string{name, short, short + ".local"} {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return lowered(name)
}

// lowered is a name as it is compared with others: names are the same in large letters, and with
// the dot that ends them.
func lowered(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// fileName makes a file's name of a machine's. Homes that several machines share keep an
// authority for each.
func fileName(host string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, host)
	return "machine-" + name
}

// isDNSName reports whether a certificate may hold the name.
func isDNSName(name string) bool {
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_')
		}) {
			return false
		}
	}
	return true
}
