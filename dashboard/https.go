package dashboard

import (
	"net"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"webmon/components"
)

const (
	trustPath     = "/webmon-ca"     // the page that says how to trust the own authority
	authorityPath = "/webmon-ca.crt" // its certificate
)

// strict reports whether browsers should from now on use https alone with the host of the
// request. Only a certificate that they know already is a reason: with an authority of webmon's
// own they would let nobody go on who does not trust it yet. And they make no difference between
// ports, so that localhost stays open to all that serves there.
func (s *Server) strict(r *http.Request) bool {
	if s.opts.Certs == nil || s.opts.Certs.Own() || r.TLS == nil {
		return false
	}
	host := hostName(r.Host)
	return host != "localhost" && !strings.HasSuffix(host, ".localhost")
}

// listener is what the server accepts connections from.
func (s *Server) listener() net.Listener {
	if s.opts.Certs == nil {
		return s.opts.Listener
	}
	return s.opts.Certs.Listen(s.opts.Listener, func(host string) bool { return s.names.allow(host) })
}

// authority gives out the certificate of the own authority, which everybody may have: it is
// sent in every handshake too.
func (s *Server) authority(c echo.Context) error {
	c.Response().Header().Set("Content-Disposition", `attachment; filename="webmon-ca.crt"`)
	return c.Blob(http.StatusOK, "application/x-x509-ca-cert", s.opts.Certs.Authority().PEM())
}

// trust says how to trust the own authority.
func (s *Server) trust(c echo.Context) error {
	a := s.opts.Certs.Authority()
	return s.render(c, http.StatusOK, components.TrustPage(components.Trust{
		Page: s.plain(), Title: a.Title(), Fingerprint: a.Fingerprint(),
		Download: s.prefix.String() + authorityPath, Home: s.prefix.String() + "/",
	}))
}
