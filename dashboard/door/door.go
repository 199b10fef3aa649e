// Package door knows who sends a request, and what they may do. It knows
// requests and nothing of pages or sources: the server asks it once for each
// request, before anything else reads it, and hands its answer on in the
// request's context.
//
//	p := door.Of(r.Context())
//	if p.Role < door.Steer { ... }
//
// A browser opens an address with a secret in it: the token of webmon, or a link that
// somebody has made. The [Door] exchanges the secret for a session: a random value in a
// cookie, which ends by itself, can be listed, revoked and logged out, and from which
// the secret cannot be had. A program sends the secret with each request. Further ways
// to know people are [Keeper]s.
package door

import "context"

// Role is what somebody may do. A greater role may do all that a lesser one may.
type Role int

const (
	// Nobody may do nothing.
	Nobody Role = iota
	// Look may see every page, and changes nothing for anybody else.
	Look
	// Steer may also set controls, call actions, and start, restart and stop simulations.
	Steer
	// Manage may also stop webmon, forget sources, make and revoke links, and end
	// the sessions of others.
	Manage
)

// String is the role in words, as people and the API read it.
func (r Role) String() string {
	switch r {
	case Look:
		return "look"
	case Steer:
		return "steer"
	case Manage:
		return "manage"
	}
	return "nobody"
}

// ParseRole returns the role that a word names, and false for any other word.
func ParseRole(word string) (Role, bool) {
	for _, r := range []Role{Look, Steer, Manage} {
		if word == r.String() {
			return r, true
		}
	}
	return Nobody, false
}

// Person is who sends a request.
type Person struct {
	// Name is what the others see and the record of changes says: of the file of
	// people, the identity provider, the proxy, or the link's own note. "" for
	// whoever has the token of webmon.
	Name string
	Role Role
	// Session tells the sessions of a browser apart. It is no secret: a session
	// cannot be had from it. "" for a program that sends a token with each request.
	Session string
	// Gone is closed when the session has expired, was revoked, or was ended by a
	// log out. What goes on after the request, such as a socket, ends then. nil:
	// never.
	Gone <-chan struct{}
}

// Title is how a person is called where the name is "".
func (p Person) Title() string {
	if p.Name == "" {
		return "the owner"
	}
	return p.Name
}

type key struct{}

// With returns a context that says who sends the request.
func With(ctx context.Context, p Person) context.Context { return context.WithValue(ctx, key{}, p) }

// Of returns who sends the request of the context, and [Nobody] if nothing says so.
func Of(ctx context.Context) Person {
	p, _ := ctx.Value(key{}).(Person)
	return p
}
