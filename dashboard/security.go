package dashboard

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// contentPolicy lets a page load only what this server sends. Styles that scripts
// set on elements need no permission. Style attributes in HTML would need one, and
// do not have it.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
	"connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-src 'self'; frame-ancestors 'self'"

// secureHeaders go out with every answer.
func secureHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
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

// hostCheck refuses requests that name another host. A page elsewhere can make a
// browser send such requests by pointing its own name here (DNS rebinding).
func hostCheck(allowed []string) echo.MiddlewareFunc {
	names := []string{"localhost"}
	if name, err := os.Hostname(); err == nil {
		name = strings.ToLower(name)
		short, _, _ := strings.Cut(name, ".")
		names = append(names, name, short, short+".local")
	}
	for _, name := range allowed {
		names = append(names, strings.ToLower(strings.TrimSuffix(name, ".")))
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if host := c.Request().Host; !hostAllowed(host, names) {
				return echo.NewHTTPError(http.StatusForbidden, fmt.Sprintf(
					"This webmon does not go by the name %q. Start it with --allow-host %s if it should.", hostName(host), hostName(host)))
			}
			return next(c)
		}
	}
}

func hostName(hostport string) string {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

func hostAllowed(hostport string, names []string) bool {
	host := hostName(hostport)
	if _, err := netip.ParseAddr(host); err == nil {
		return true // an IP address cannot be made to point elsewhere
	}
	return slices.Contains(names, host) || strings.HasSuffix(host, ".localhost")
}

// gate requires the token of all requests but a few.
type gate struct {
	token  string   // "" lets everybody in
	cookie string   // its name, which holds the port because cookies ignore ports
	path   string   // of the cookie
	open   []string // paths that need no token; one with a slash at its end includes all below it
}

// bearer returns the request's bearer token.
func bearer(r *http.Request) (string, bool) {
	return strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
}

func (g *gate) right(token string) bool { return sameSecret(token, g.token) }

func sameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func (g *gate) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if g.token == "" || slices.ContainsFunc(g.open, func(p string) bool {
			return r.URL.Path == p || strings.HasSuffix(p, "/") && strings.HasPrefix(r.URL.Path, p)
		}) {
			return next(c)
		}
		if token, ok := bearer(r); ok {
			if g.right(token) {
				return next(c)
			}
			return unauthorized
		}
		query := r.URL.Query()
		if token := query.Get("token"); token != "" {
			if !g.right(token) {
				return unauthorized
			}
			c.SetCookie(&http.Cookie{
				Name: g.cookie, Value: g.token, Path: g.path, MaxAge: 365 * 24 * 3600,
				HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
			})
			if r.Method == http.MethodGet && wantsPage(r) {
				// The cookie holds the token from now on. Remove it from the address.
				query.Del("token")
				to := url.URL{Path: strings.TrimSuffix(g.path, "/") + r.URL.Path, RawQuery: query.Encode()}
				return c.Redirect(http.StatusSeeOther, to.String())
			}
			return next(c)
		}
		if cookie, err := r.Cookie(g.cookie); err == nil && g.right(cookie.Value) {
			return next(c)
		}
		return unauthorized
	}
}

var unauthorized = echo.NewHTTPError(http.StatusUnauthorized,
	"This webmon asks for its token. Open the address that it printed when it started, or enter the token here.")

// wantsPage reports whether a browser window shows the answer to a person.
func wantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html") && r.Header.Get("HX-Request") == ""
}

// csrf protects requests that a browser sends with its cookie. Another site cannot
// make a browser add a bearer token, and programs other than browsers send neither
// an origin nor a cookie, so those requests need no check.
func csrf(cookie, path string) echo.MiddlewareFunc {
	return middleware.CSRFWithConfig(middleware.CSRFConfig{
		Skipper: func(c echo.Context) bool {
			r := c.Request()
			_, ok := bearer(r)
			program := r.Header.Get("Origin") == "" && r.Header.Get("Cookie") == "" && r.Header.Get("Sec-Fetch-Site") == ""
			return ok || program && r.Method == http.MethodPost
		},
		TokenLookup:    "header:X-CSRF-Token,form:csrf",
		CookieName:     cookie,
		CookiePath:     path,
		CookieHTTPOnly: true,
		CookieSameSite: http.SameSiteStrictMode,
		ErrorHandler: func(err error, c echo.Context) error {
			return echo.NewHTTPError(http.StatusForbidden, "This form is out of date, or was sent from another site. Reload the page and try again.")
		},
	})
}
