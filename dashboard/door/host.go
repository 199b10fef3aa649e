package door

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// HostName is the host name of its own that a webmon with the token has. Browsers
// resolve names below ".localhost" to the machine that they run on. The name is the
// same after a restart, and tells nothing of the token. Who does not know the token
// cannot guess the name, and so cannot serve at another port of it.
func HostName(token string) string {
	sum := sha256.Sum256([]byte("webmon host name\x00" + token))
	return "webmon-" + hex.EncodeToString(sum[:4]) + ".localhost"
}

// leads returns the host and port to which a browser is led before it gets a
// cookie, "" if it stays where it is: its address is a name of its own already,
// comes by way of a proxy, or is not resolved by this browser.
func (d *Door) leads(r *http.Request) string {
	d.mu.Lock()
	own := d.host
	d.mu.Unlock()
	if own == "" || r.TLS != nil || !Direct(r) || !resolves(r) {
		return ""
	}
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, port = strings.Trim(r.Host, "[]"), ""
	}
	ip, err := netip.ParseAddr(host)
	if (err != nil || !ip.IsLoopback()) && !strings.EqualFold(host, "localhost") {
		return ""
	}
	// A proxy on this machine, such as Jupyter's, does not always say that it is one. It has another
	// port, and its own cookies with its own host name.
	if d.opts.Prefix.String() != "" && port != strconv.Itoa(d.opts.Port) {
		return ""
	}
	if port == "" {
		return own
	}
	return net.JoinHostPort(own, port)
}

// Direct reports whether no proxy says that it stands before webmon.
func Direct(r *http.Request) bool {
	for name := range r.Header {
		if name == "Forwarded" || name == "Via" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-") {
			return false
		}
	}
	return true
}

// resolves reports whether a browser window has sent the request that resolves every
// name below ".localhost" by itself: Chromium and Firefox do.
func resolves(r *http.Request) bool {
	agent := r.UserAgent()
	dest := r.Header.Get("Sec-Fetch-Dest")
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && (dest == "" || dest == "document") &&
		(strings.Contains(agent, "Chrome/") || strings.Contains(agent, "Firefox/"))
}

// OwnHost reports whether a host, with or without a port, is the name of its own to
// which browsers are led.
func (d *Door) OwnHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.host != "" && strings.EqualFold(host, d.host)
}

// ForwardedHost is the host and port that a proxy says the browser knows, "" if none
// says so.
func ForwardedHost(r *http.Request) string {
	before, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Host"), ",")
	return strings.TrimSpace(before)
}
