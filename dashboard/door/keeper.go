package door

import "net/http"

// Keeper is a further way to know people, beside the token and the links. Its
// methods are called for many requests at the same time and return at once.
type Keeper interface {
	// Know says who sends a request: ok is false if the keeper knows nothing of it. The
	// error is one sentence for people, and refuses the request. A secret in the
	// address (?token=) is shown as if it were sent as "Authorization: Bearer", without
	// any other header. The person's Gone, if there is one, is closed when the keeper does
	// not know the person any more. A session that began with it ends then.
	Know(r *http.Request) (p Person, ok bool, err error)
}

// Entrance is a Keeper with paths of its own.
type Entrance interface {
	Keeper
	// Routes returns the handlers, by method and path without the prefix, such as
	// "GET /oidc/callback". Anybody may reach them. They call [Door.Begin] for whom
	// they know, and [Door.Lead]. Routes is called once, by [New], and the door
	// answers from then on.
	Routes(d *Door) map[string]http.HandlerFunc
	// Ways are links for the page that asks for the token.
	Ways() []Way
}

// Way is a link that the page that asks for the token offers.
type Way struct {
	Title string // such as "Sign in with ORCID"
	Path  string // without the prefix; "?next=" with the path that was asked for is added to it
}
