package door

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// ErrElsewhere refuses what a page of another site or of another port has sent.
var ErrElsewhere = errors.New("this request was sent by a page of another site or of another port, and webmon takes none from there")

// Changes checks a request that changes something, or opens a socket: a browser must
// have sent it for a page of this server. Another port of the same host is another
// server. Programs other than browsers do not say where a request comes from.
//
// http.CrossOriginProtection checks neither sockets, which begin with GET, nor what a
// proxy says of the host that the browser knows.
func Changes(r *http.Request) error {
	if site := r.Header.Values("Sec-Fetch-Site"); len(site) > 0 {
		for _, s := range site {
			if s != "same-origin" && s != "none" {
				return ErrElsewhere
			}
		}
		// Enough: no page can set this header, and a proxy may have changed the Host.
		return nil
	}
	for _, origin := range r.Header.Values("Origin") {
		if !own(r, origin) {
			return ErrElsewhere
		}
	}
	return nil
}

// Reads checks a request that changes nothing. A navigation may begin anywhere. What a
// page of another site or port loads into itself, or reads by a script, is refused.
func Reads(r *http.Request) error {
	if !Elsewhere(r) {
		return nil
	}
	mode, dest := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Dest")
	switch {
	case mode == "navigate" && (dest == "" || dest == "document"):
		return nil
	case len(r.Header.Values("Sec-Fetch-Site")) == 0 && r.Header.Get("Origin") == "":
		return nil // an older browser, which does not say what it is for
	}
	return ErrElsewhere
}

// Elsewhere reports whether a request that changes nothing began at a page of another
// site or of another port. Such a request must start nothing: whoever sent it has
// perhaps not meant to.
func Elsewhere(r *http.Request) bool {
	if len(r.Header.Values("Sec-Fetch-Site")) > 0 || r.Header.Get("Origin") != "" {
		return Changes(r) != nil
	}
	from := r.Header.Get("Referer")
	return from != "" && !own(r, from)
}

// own reports whether an origin, or an address, is that of this server: of the host
// to which the request is addressed, or was before a proxy. No page can set the header
// by which a proxy says so without asking first.
func own(r *http.Request, address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || r.TLS != nil && u.Scheme != "https" {
		return false
	}
	return strings.EqualFold(u.Host, r.Host) || strings.EqualFold(u.Host, ForwardedHost(r))
}
