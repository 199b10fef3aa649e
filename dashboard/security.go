package dashboard

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"webmon/dashboard/door"
)

// contentPolicy lets a page load only what this server sends. Styles that scripts
// set on elements need no permission. Style attributes in HTML would need one, and
// do not have it.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-src 'self'; frame-ancestors 'self'"

// clientPolicy is the policy of the files of Neuroglancer's client, which may also load volumes from
// the origins that --allow-connect names. What such volumes are packed with is decoded by
// WebAssembly, which nothing that webmon itself sends needs.
func clientPolicy(origins []string) string {
	if len(origins) == 0 {
		return contentPolicy
	}
	policy := strings.Replace(contentPolicy, "connect-src 'self'", "connect-src 'self' "+strings.Join(origins, " "), 1)
	return strings.Replace(policy, "script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'", 1)
}

// originShape is an origin as a policy takes it: a scheme, a host, and a port, which may be any.
var originShape = regexp.MustCompile(`^https?://([a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5}|:\*)?$`)

// CheckOrigin says in a sentence why a text is no origin that the policy can name.
func CheckOrigin(text string) error {
	if !originShape.MatchString(text) {
		return fmt.Errorf("%q is no origin, such as https://data.lab.org or http://localhost:8000; the port may be *", text)
	}
	return nil
}

// secureHeaders go out with every answer.
func (s *Server) secureHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		if s.strict(c.Request()) {
			h.Set("Strict-Transport-Security", "max-age=2592000") // 30 days
		}
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "SAMEORIGIN")
		h.Set("Referrer-Policy", "same-origin") // the address may hold the token
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		return next(c)
	}
}

// hostNames are the names by which requests may call this machine, beside IP addresses and
// all names below localhost. Its methods are safe for concurrent use.
type hostNames struct {
	mu    sync.Mutex
	names []string
}

// add adds names, each once.
func (n *hostNames) add(names []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range names {
		if name = strings.ToLower(strings.TrimSuffix(name, ".")); !slices.Contains(n.names, name) {
			n.names = append(n.names, name)
		}
	}
}

// allow reports whether a request may be addressed to a host, with or without a port.
func (n *hostNames) allow(hostport string) bool {
	host := hostName(hostport)
	if _, err := netip.ParseAddr(host); err == nil {
		return true // an IP address cannot be made to point elsewhere
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Contains(n.names, host) || strings.HasSuffix(host, ".localhost")
}

// hostCheck refuses requests that name another host. A page elsewhere can make a
// browser send such requests by pointing its own name here (DNS rebinding).
func (s *Server) hostCheck(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if host := c.Request().Host; !s.names.allow(host) {
			return echo.NewHTTPError(http.StatusForbidden, fmt.Sprintf(
				"This webmon does not go by the name %q. Start it with --allow-host %s if it should.", hostName(host), hostName(host)))
		}
		return next(c)
	}
}

func hostName(hostport string) string {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

var unauthorized = echo.NewHTTPError(http.StatusUnauthorized,
	"This webmon asks for its token. Open the address that it printed when it started, or enter the token here.")

// csrf protects the forms that a browser sends with its cookie by a token of their own,
// beside the check of where they come from. Another site cannot make a browser add a
// bearer token, and programs other than browsers send neither an origin nor a
// cookie, so those requests need none.
func (s *Server) csrf(cookie string) echo.MiddlewareFunc {
	protect := func(cookie, path string, encrypted bool) echo.MiddlewareFunc {
		return middleware.CSRFWithConfig(middleware.CSRFConfig{
			Skipper: func(c echo.Context) bool {
				r := c.Request()
				program := r.Header.Get("Origin") == "" && r.Header.Get("Cookie") == "" && r.Header.Get("Sec-Fetch-Site") == ""
				return c.Path() == zarrPath || door.Program(r) || program && r.Method != http.MethodGet
			},
			TokenLookup:    "header:X-CSRF-Token,form:csrf",
			CookieName:     cookie,
			CookiePath:     path,
			CookieHTTPOnly: true,
			CookieSameSite: http.SameSiteStrictMode,
			CookieSecure:   encrypted,
			ErrorHandler: func(err error, c echo.Context) error {
				return echo.NewHTTPError(http.StatusForbidden, "This form is out of date, or was sent from another site. Reload the page and try again.")
			},
		})
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			path := s.prefix.String() + "/"
			if door.Encrypted(c.Request()) {
				return protect(door.SecurePrefix+cookie, path, true)(next)(c)
			}
			return protect(cookie, path, false)(next)(c)
		}
	}
}
