// Package proxied knows people by a header of a proxy that has asked them who they
// are, such as nginx or Caddy with oauth2-proxy or Authelia.
//
//	p, err := proxied.New(proxied.Options{User: "Remote-User", From: from, Role: door.Look})
//	person, known, err := p.Know(request)
//
// Anybody can send a header. It is believed only where the connection itself comes
// from one of the addresses given; what other headers say about where a request comes
// from counts for nothing.
package proxied

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	"golang.org/x/net/http/httpguts"

	"webmon/dashboard/door"
)

// Options configure a Proxied.
type Options struct {
	User string         // the header that names the person
	From []netip.Prefix // where the proxy's connections come from
	// Role is what everybody may do. [door.Nobody]: what RoleHeader says.
	Role door.Role
	// RoleHeader is the header that says what the person may do: look, steer or
	// manage, or a list of groups of which webmon-look, webmon-steer and webmon-manage
	// count.
	RoleHeader string
	Logger     *slog.Logger
}

// Proxied knows people by a header of a proxy. It is safe for concurrent use.
type Proxied struct {
	opts Options
	told atomic.Bool // that somebody else has sent the header
}

// New checks the options.
func New(opts Options) (*Proxied, error) {
	for _, header := range []string{opts.User, opts.RoleHeader} {
		if header != "" && !httpguts.ValidHeaderFieldName(header) {
			return nil, fmt.Errorf("%q is no name of a header", header)
		}
	}
	switch {
	case opts.User == "":
		return nil, errors.New("no header names the person")
	case len(opts.From) == 0:
		return nil, errors.New("no address is given from which the header is believed")
	case (opts.Role == door.Nobody) == (opts.RoleHeader == ""):
		return nil, errors.New("what people may do is either one role or in one header")
	}
	opts.User, opts.RoleHeader = http.CanonicalHeaderKey(opts.User), http.CanonicalHeaderKey(opts.RoleHeader)
	return &Proxied{opts: opts}, nil
}

// Know tells who sends a request by the header of the proxy; see [door.Keeper].
func (p *Proxied) Know(r *http.Request) (door.Person, bool, error) {
	names := r.Header.Values(p.opts.User)
	if len(names) == 0 {
		return door.Person{}, false, nil
	}
	if !p.trusted(r.RemoteAddr) {
		if p.told.CompareAndSwap(false, true) {
			p.opts.Logger.Error("somebody who is not the proxy sends its header, which is not believed; this is said once",
				"header", p.opts.User, "from", r.RemoteAddr)
		}
		return door.Person{}, false, nil
	}
	// Of two values the proxy has written one, and nobody can tell which.
	if len(names) > 1 {
		return door.Person{}, false, refused("The proxy names more than one person in the header %s. It must replace what it is sent.", p.opts.User)
	}
	name := strings.TrimSpace(names[0])
	if name == "" {
		return door.Person{}, false, nil
	}
	if err := door.CheckName(name); err != nil {
		return door.Person{}, false, refused("The proxy's header %s holds no name: %v.", p.opts.User, err)
	}
	role := p.opts.Role
	if p.opts.RoleHeader != "" {
		values := r.Header.Values(p.opts.RoleHeader)
		if len(values) == 1 {
			role = roleIn(values[0])
		}
		if role == door.Nobody {
			return door.Person{}, false, refused("You are signed in as %s, who may not open this webmon. The header %s of the proxy would have to hold look, steer or manage, or one of the groups webmon-look, webmon-steer and webmon-manage.",
				name, p.opts.RoleHeader)
		}
	}
	return door.Person{Name: name, Role: role}, true, nil
}

// refused is one sentence for people; see [door.Keeper].
func refused(format string, args ...any) error { return door.Wrong(fmt.Sprintf(format, args...)) }

// trusted reports whether a connection comes from the proxy.
func (p *Proxied) trusted(remote string) bool {
	peer, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	addr := peer.Addr().Unmap().WithZone("")
	for _, from := range p.opts.From {
		if from.Contains(addr) {
			return true
		}
	}
	return false
}

// groupPrefix begins the names of groups that stand for roles.
const groupPrefix = "webmon-"

// roleIn reads a header that says what somebody may do. The greatest role counts. In a
// list the plain names of the roles do not: a group may be called "manage" for other
// reasons.
func roleIn(value string) door.Role {
	if role, is := door.ParseRole(strings.TrimSpace(value)); is {
		return role
	}
	greatest := door.Nobody
	for _, group := range strings.FieldsFunc(value, func(c rune) bool { return strings.ContainsRune(",;| ", c) }) {
		if name, is := strings.CutPrefix(group, groupPrefix); is {
			if role, is := door.ParseRole(name); is {
				greatest = max(greatest, role)
			}
		}
	}
	return greatest
}

// ParseFrom reads addresses and networks: 10.0.0.1, 10.0.0.0/8, ::1.
func ParseFrom(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		prefix, err := netip.ParsePrefix(s)
		if addr, single := netip.ParseAddr(s); single == nil {
			addr = addr.Unmap()
			prefix, err = netip.PrefixFrom(addr.WithZone(""), addr.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address such as 10.0.0.1 nor a network such as 10.0.0.0/8", s)
		}
		if prefix.Bits() == 0 {
			return nil, fmt.Errorf("%s is the whole world: name the proxy alone, or anybody could say who they are", s)
		}
		out = append(out, prefix.Masked())
	}
	return out, nil
}
